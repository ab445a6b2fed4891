"""Programmes of one study together: when they are measured at once, when the largest claim counts, when they just add."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import yaml

from cxvalue.foundation.errors import BadInput
from cxvalue.questions.programmes.effect_findings import title_of
from cxvalue.questions.programmes.joint import Claims, count_once
from cxvalue.questions.programmes.measure import ProgrammeFit
from cxvalue.questions.programmes.portfolio_findings import (
    credits_display,
    luck_sentence,
    overlap_table,
    portfolio_findings,
)
from cxvalue.simulate import bank, write_world
from cxvalue.simulate.bank_draw import BankParameters
from cxvalue.study import load_study_file
from cxvalue.tables.panels.overlap import PathPanel
from tests.effects.test_together import MONTHS, a_panel
from tests.money.test_money import an_effect
from tests.money.test_portfolio import a_case, a_portfolio


def a_fit(name: str, value: float, months: int, design: str = "staggered", se: float = 0.1) -> ProgrammeFit:
    effect = replace(
        an_effect([value] * 3), design=design, estimate=value, se=se, treated_customer_months=months, unit="branch"
    )
    return ProgrammeFit(name, effect, 1.0, 0, "")


def counted(starts: np.ndarray, rates: dict[tuple[int, ...], float], claims: list[float], design: str = "staggered"):
    """Two programmes on units of 50 customers with these starts; `rates` is what each set of them really adds."""

    def state(unit: int, month: int) -> tuple[int, ...]:
        return tuple(k for k in (0, 1) if 0 <= starts[unit, k] <= month)

    panel = a_panel(starts, lambda unit, month: 7 + unit + month + rates[state(unit, month)])
    months: dict[tuple[int, ...], np.ndarray] = {}
    for unit in range(len(starts)):
        for month in range(MONTHS):
            if state(unit, month):
                months.setdefault(state(unit, month), np.zeros(MONTHS))[month] += 50.0
    treated = [int(sum(by.sum() for one, by in months.items() if k in one)) for k in (0, 1)]
    fits = [a_fit(name, value, n, design) for name, value, n in zip("ab", claims, treated, strict=True)]
    paths, path = np.unique(starts, axis=0, return_inverse=True)
    found = count_once(Claims.of(fits, 0.95), months, np.eye(2), lambda: PathPanel(panel, path.reshape(-1), paths))
    return found, months


ALIKE = np.array([[5, 5], [6, 6], [7, 7], [8, 8], [-1, -1], [-1, -1], [-1, -1], [-1, -1]])
CROSSED = np.array([[5, -1], [5, 7], [6, 9], [-1, 6], [-1, 8], [7, 5], [-1, -1], [-1, -1], [-1, -1]])
APART = np.array([[5, -1], [6, -1], [-1, 5], [-1, 7], [-1, -1], [-1, -1]])


def test_programmes_that_ran_alike_count_once_and_share_equally():
    found, months = counted(ALIKE, {(): 0.0, (0, 1): 5.0}, [5.0, 5.0])
    whole = sum(by.sum() for by in months.values())
    assert found.way == "joint"
    assert found.margin == pytest.approx(5.0 * whole)  # the claims add up to twice as much
    assert [one.credited for one in found.credits] == pytest.approx([2.5 * whole, 2.5 * whole])


@pytest.mark.parametrize("together", [5.0, 3.0, 8.0])
def test_what_they_add_together_is_counted_as_it_was_measured(together):
    rates = {(): 0.0, (0,): 2.0, (1,): 3.0, (0, 1): together}
    found, months = counted(CROSSED, rates, [2.4, 3.6])
    assert found.way == "joint"
    truth = sum(by.sum() * rates[state] for state, by in months.items())
    assert found.margin == pytest.approx(truth)
    half = (together - 5.0) / 2
    both = months[(0, 1)].sum()
    assert found.credits[0].credited == pytest.approx(2.0 * months[(0,)].sum() + (2.0 + half) * both)
    assert found.rates == pytest.approx({state: rates[state] for state in months})


def test_matched_programmes_count_for_the_largest_claim_and_reach_up_to_the_sum():
    rates = {(): 0.0, (0,): 2.0, (1,): 3.0, (0, 1): 5.0}
    found, months = counted(CROSSED, rates, [2.0, 3.0], "matched")
    amounts = {state: by.sum() for state, by in months.items()}
    assert found.way == "bounded"
    assert found.margin == pytest.approx(2 * amounts[(0,)] + 3 * (amounts[(1,)] + amounts[(0, 1)]))
    plain = 2 * (amounts[(0,)] + amounts[(0, 1)]) + 3 * (amounts[(1,)] + amounts[(0, 1)])
    assert found.low < found.margin < plain < found.high


def test_programmes_that_do_not_meet_simply_add():
    found, months = counted(APART, {(): 0.0, (0,): 2.0, (1,): 3.0}, [2.1, 3.1])
    assert found.way == "sum"
    assert found.margin == pytest.approx(2.1 * months[(0,)].sum() + 3.1 * months[(1,)].sum())


def test_errors_of_two_programmes_go_together_as_their_units_say():
    units = [str(number) for number in range(20)]
    rng = np.random.default_rng(1)
    common, own = rng.standard_normal((2, 20))
    left = [dict(zip(units, 2 + part, strict=True)) for part in (common, 0.6 * common + 0.8 * own)]
    fits = [
        replace(one, effect=replace(one.effect, extra={"left_out": part}))
        for one, part in zip((a_fit("a", 2.0, 10), a_fit("b", 2.0, 10)), left, strict=True)
    ]
    expected = (common @ (0.6 * common + 0.8 * own)) / np.sqrt(
        (common @ common) * ((0.6 * common + 0.8 * own) @ (0.6 * common + 0.8 * own))
    )
    assert Claims.of(fits, 0.95).correlation[0, 1] == pytest.approx(expected)
    assert Claims.of([a_fit("a", 2.0, 10), a_fit("b", 2.0, 10)], 0.95).correlation[0, 1] == 1.0


def test_the_findings_say_what_was_counted_once():
    cases = {name: a_case() for name in "ab"}
    fits = [a_fit(name, 2.0, 120) for name in "ab"]
    together = replace(a_portfolio(360.0, 480.0), contacted=[("wake", [200, 50, 0])])
    found = {one.id: one for one in portfolio_findings(together, fits, cases, currency="EUR", level=0.95)}
    assert set(found) == {"programmes.overlap_share", "programmes.total_to_date", "programmes.total_npv"}
    assert found["programmes.total_to_date"].value == pytest.approx(360.0)
    assert "more than once" in found["programmes.total_to_date"].text
    assert "25.0% were already in A" in found["programmes.overlap_share"].text
    assert len(credits_display(together, "EUR").data) == 3
    table = overlap_table(together)
    assert table[table["kind"] == "campaign"]["share"].tolist() == [0.25, 0.0]
    assert "fewer than three" in luck_sentence(together, cases, "EUR")
    nothing = replace(together, margin=0.0, low=0.0, high=0.0)
    *_, last = portfolio_findings(nothing, fits, cases, currency="EUR", level=0.95)
    assert (last.id, last.value) == ("programmes.total_to_date", None)
    three = {name: a_case(level) for name, level in zip("abc", (2.0, 4.0, 1.0), strict=True)}
    assert "James-Stein" in luck_sentence(a_portfolio(1.0, 1.0, programmes="abc"), three, "EUR")
    assert portfolio_findings(a_portfolio(1.0, 1.0, programmes="a"), fits, cases, currency="EUR", level=0.95) == []
    assert title_of("a") == "A"


def a_study(folder, change):
    world = bank(200, 1, BankParameters(branches=8, months=18))
    change(world)
    return write_world(world, folder / "mybank")


def test_customers_who_stay_are_not_counted_through_a_benefit_as_well(tmp_path):
    benefit = {"name": "Higher CLTV of customers kept", "class": "cash", "monthly": 100}
    path = a_study(tmp_path, lambda world: world.study["programmes"][0].update(benefits=[benefit]))
    with pytest.raises(BadInput, match=r"never both.*") as caught:
        load_study_file(path)
    assert "a customer who left counts as 0" in str(caught.value)
    benefit["name"] = "calls about fines saved"
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), "programmes": [
        {**yaml.safe_load(path.read_text())["programmes"][0], "benefits": [benefit]}]}))  # fmt: skip
    assert load_study_file(path).programmes[0].benefits[0].name == "calls about fines saved"


def test_a_unit_listed_twice_is_refused_in_words(tmp_path):
    from cxvalue.workspace.check import check

    def twice(world):
        rollout = world.tables["rollout"]
        world.tables["rollout"] = pd.concat([rollout, rollout.head(1)], ignore_index=True)

    with pytest.raises(BadInput, match="a programme and unit that is on more than one row"):
        check(a_study(tmp_path, twice))


def test_a_customer_in_two_units_is_refused_in_words(tmp_path):
    from cxvalue.workspace.check import check

    def moved(world):
        people = world.tables["customers"]
        again = people.head(1).assign(branch=people["branch"].iloc[-1])
        world.tables["customers"] = pd.concat([people, again], ignore_index=True)

    with pytest.raises(BadInput, match="a customer_id that is on more than one row"):
        check(a_study(tmp_path, moved))


def test_a_holdout_that_nobody_is_in_is_refused_before_any_notebook(tmp_path):
    from cxvalue.workspace.check import check

    path = a_study(tmp_path, lambda world: world.study.update(universal_holdout={"column": "branch", "value": "moon"}))
    with pytest.raises(BadInput, match="no customer has branch = 'moon'"):
        check(path)
