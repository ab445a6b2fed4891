"""Contracts: relations, months lasted, the bridge, and forecasts whose intervals hold what simulated customers do."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

import ibis
import numpy as np
import pandas as pd
import pytest

from cxvalue.findings.numbers import format_value
from cxvalue.foundation.errors import CxvalueError
from cxvalue.lifetime.contracts.sbg import fit_renewal
from cxvalue.questions.contracts.contract_base import Contracts, base_waterfall, contracts_of
from cxvalue.questions.contracts.contract_history import following_table, monthly_contracts, survival_table
from cxvalue.questions.contracts.contract_value import renewal_value
from cxvalue.questions.contracts.findings import contract_base_findings, drift_words, renewal_findings
from cxvalue.questions.contracts.renewals import RenewalFit, fit_renewals, renewal_models_table
from cxvalue.questions.contracts.tables import renewal_customers_table
from cxvalue.simulate import insurer
from cxvalue.simulate.insurer_world import InsurerParameters
from tests.insurerworlds import by_age, of_world

AS_OF = date(2025, 12, 31)


def made(
    *rows: tuple[str, str, str | None, float | None],
    observed_from: str = "2020-01-01",
    gap_days: int = 31,
    **more: object,
) -> Contracts:
    table = pd.DataFrame(rows, columns=["customer_id", "start", "end", "value_per_month"]).assign(**more)
    for name in ("start", "end"):
        table[name] = pd.to_datetime(table[name])
    table["value_per_month"] = table["value_per_month"].astype(float)
    begun = date.fromisoformat(observed_from)
    return contracts_of(ibis.memtable(table), as_of=AS_OF, observed_from=begun, gap_days=gap_days)


def test_contracts_that_follow_are_one_relation() -> None:
    contracts = made(
        ("a", "2024-01-01", "2024-12-31", 10.0),
        ("a", "2025-01-01", None, 12.0),
        ("b", "2024-01-01", "2024-12-31", 10.0),
        ("b", "2025-03-01", None, 12.0),
        ("c", "2024-01-01", "2025-06-30", 5.0),
        ("c", "2024-02-01", "2024-03-01", 5.0),
    )
    assert contracts.relations.groupby("customer").size().tolist() == [1, 2, 1]
    assert contracts.active().tolist() == [True, True, False]
    assert contracts.monthly_value().tolist() == [12.0, 12.0, 0.0]
    assert contracts.monthly_value(date(2024, 2, 15)).tolist() == [10.0, 10.0, 10.0]
    # On the last day of a contract from which the next goes on, its customer is one.
    assert contracts.active(date(2024, 12, 31)).tolist() == [True, False, True]


def test_a_renewal_that_comes_late_goes_on_and_a_return_does_not() -> None:
    rows = (
        ("next day", "2024-01-01", "2024-12-31", 10.0), ("next day", "2025-01-01", None, 10.0),
        ("31 days", "2024-01-01", "2024-12-31", 10.0), ("31 days", "2025-01-31", None, 10.0),
        ("32 days", "2024-01-01", "2024-12-31", 10.0), ("32 days", "2025-02-01", None, 10.0),
        ("a year", "2023-01-01", "2023-12-31", 10.0), ("a year", "2025-01-01", None, 10.0),
    )  # fmt: skip
    contracts = made(*rows)
    assert contracts.customers.tolist() == ["31 days", "32 days", "a year", "next day"]
    assert contracts.relations.groupby("customer").size().tolist() == [1, 2, 2, 1]
    assert following_table(contracts)["contracts"].tolist() == [1, 1, 1, 0, 1]
    # Between two contracts of one relation its customer is active, and pays nothing.
    between = date(2025, 1, 15)
    assert contracts.active(between).tolist() == [True, False, True, True]
    assert contracts.monthly_value(between).tolist() == [0.0, 0.0, 10.0, 10.0]
    for days, relations in ((0, [2, 2, 2, 1]), (1, [2, 2, 2, 1]), (32, [1, 1, 2, 1]), (366, [1, 1, 2, 1])):
        assert made(*rows, gap_days=days).relations.groupby("customer").size().tolist() == relations
    said = contract_base_findings(contracts, None, currency="EUR")[0].text
    assert "1 contract began 2 to 31 days after the previous one had ended and counts as its renewal." in said
    assert "2 began more than 31 days later: those customers left and came back." in said


def test_gaps_of_2_to_31_days_change_nothing_about_who_leaves() -> None:
    """Yearly contracts renewed one to three times: with every renewal up to 31 days late, the forecasts are the same."""
    rng, rows, late = np.random.default_rng(5), [], []
    for number in range(400):
        start = date(2020, 1, 1) + timedelta(days=int(rng.integers(0, 1000)))
        stay = int(rng.geometric(0.04))
        ends = [*(start + timedelta(days=365 * year) for year in range(1, stay // 12 + 1))]
        last = start + timedelta(days=round(30.4375 * stay))
        if ends and (last - ends[-1]).days < 40:
            ends.pop()
        moments = [start, *(day for day in ends if day < date(2025, 10, 1)), last if last <= AS_OF else None]
        for begin, end in pairwise(moments):
            wait = int(rng.integers(2, 32)) if begin is not start else 0
            rows.append((f"c{number}", str(begin), end and str(end), 10.0))
            late.append((f"c{number}", str(begin + timedelta(days=wait)), end and str(end), 10.0))
    gapless, gaps = made(*rows), made(*late)
    assert (gaps.rows["gap"] > 1).sum() > 200
    pd.testing.assert_frame_equal(gaps.relations, gapless.relations)
    assert gaps.active(date(2024, 12, 31)).tolist() == gapless.active(date(2024, 12, 31)).tolist()
    fits = [fit_renewals(one) for one in (gapless, gaps)]
    assert fits[0].to_dict() == fits[1].to_dict()
    churns = [by_age(fit, one, 0.5, draws=30) for fit, one in zip(fits, (gapless, gaps), strict=True)]
    figures = [
        renewal_value(fit, one, churn, horizon_months=12, annual_discount_rate=0.1, gross_margin=0.5, draws=30)
        for fit, one, churn in zip(fits, (gapless, gaps), churns, strict=True)
    ]
    rates = [churn.losses.rate for churn in churns if churn.losses is not None]
    assert rates[0] == rates[1]
    assert figures[0].equity == figures[1].equity
    # Without the rule every late renewal would be a loss.
    assert fit_renewals(made(*late, gap_days=0)).full.values != fits[0].full.values


def test_contracts_that_end_by_the_year_are_tried_on_a_whole_year() -> None:
    """Members of calendar years: the 365 days up to the end of a leap year hold no end of theirs, its 366 hold all."""
    years = np.random.default_rng(3).geometric(0.4, 200)
    rows = [
        (f"m{number}-{first}", f"{first}-01-01", f"{end}-01-01" if (end := first + int(stay)) <= 2024 else None, 10.0)
        for first in (2019, 2020, 2021, 2022)
        for number, stay in enumerate(years)
    ]
    table = pd.DataFrame(rows, columns=["customer_id", "start", "end", "value_per_month"])
    table[["start", "end"]] = table[["start", "end"]].apply(pd.to_datetime)
    contracts = contracts_of(ibis.memtable(table), as_of=date(2024, 12, 31), observed_from=date(2019, 1, 1))
    fit = fit_renewals(contracts)
    assert contracts.annual
    assert fit.holdout_start == date(2024, 1, 1)
    assert fit.score is not None
    there = contracts.active(date(2023, 12, 31)).sum()
    assert fit.score.predicted == pytest.approx(0.6 * there, rel=0.1)


def test_contracts_of_no_length_are_nobody_and_equal_rows_count_once() -> None:
    rows = [("a", "2024-01-01", None, 10.0), ("b", "2024-03-01", "2025-02-01", 20.0), ("c", "2024-03-01", None, 5.0)]
    plain = made(*rows)
    more = made(*rows, ("n", "2025-05-05", "2025-05-05", 9.0), ("a", "2023-05-05", "2023-05-05", 9.0), rows[0], rows[1])
    assert more.customers.tolist() == ["a", "b", "c"]
    pd.testing.assert_frame_equal(more.rows, plain.rows)
    pd.testing.assert_frame_equal(more.relations, plain.relations)
    # Two contracts that run side by side are two, whether they differ in plan or in price.
    beside = made(rows[0], rows[0], plan=["phone", "net"])
    assert beside.monthly_value().tolist() == [20.0]


def test_every_end_counts_and_months_that_are_not_over_count_in_part() -> None:
    contracts = made(
        ("ends within the 4th month", "2025-01-01", "2025-04-15", 1.0),
        ("active", "2025-01-01", None, 1.0),
        ("ends in a month not over yet", "2025-10-10", "2025-12-25", 1.0),
        ("began before the records", "2019-11-15", "2020-06-01", 1.0),
        ("ended within the month of its entry", "2019-11-15", "2020-01-05", 1.0),
    )
    found = contracts.durations()
    rows = list(zip(found.entry.tolist(), found.renewed.tolist(), found.ended.tolist(), strict=True))
    # All ends of months were seen before the 31st day, up to which that of the active customer has come.
    assert rows == [(0, 2, True), (0, 3, True), (0, 12, False), (2, 6, True)]
    assert contracts.left_out() == 1


def test_users_of_a_contract_do_not_decide_about_it() -> None:
    rows = (("employer", "2025-01-01", None, 100.0), ("employee", "2025-01-01", None, 0.0))
    contracts = made(*rows, role=["buyer", "User"])
    assert (contracts.customers.tolist(), contracts.users) == (["employer"], 1)
    assert made(*rows, role=["user", "user"]).users == 0


def test_the_bridge_in_customers_and_in_margin() -> None:
    contracts = made(
        ("kept", "2023-01-01", None, 10.0),
        ("lost", "2023-01-01", "2025-03-31", 20.0),
        ("new", "2025-07-01", None, 30.0),
        ("back", "2023-01-01", "2023-06-30", 40.0),
        ("back", "2025-07-01", None, 40.0),
        ("came and went", "2025-02-01", "2025-08-01", 50.0),
    )
    bridge = base_waterfall(contracts, margin=0.5)
    assert bridge is not None
    counts = (bridge.opening, bridge.new, bridge.reactivated, bridge.lost, bridge.closing, bridge.new_and_lost)
    assert counts == (2, 1, 1, 1, 3, 1)
    assert bridge.lost_margin == pytest.approx(0.5 * 20 * 366 / (365.25 / 12))  # 2024 has 366 days
    assert bridge.change_of_kept == pytest.approx(0.5 * 10 * -1 / (365.25 / 12))
    assert base_waterfall(made(("a", "2025-01-01", None, 1.0), observed_from="2025-01-01"), margin=0.5) is None
    unpriced = base_waterfall(made(("a", "2023-01-01", None, None)), margin=0.5)
    assert unpriced is not None
    assert unpriced.lost_margin is None


def test_months_add_up() -> None:
    contracts = of_world(insurer(400, seed=2))
    months = monthly_contracts(contracts)
    assert months["active"].iloc[-1] == contracts.active().sum()
    steps = np.diff(months["active"]) - (months["began"] - months["ended"]).to_numpy()[1:]
    assert not steps.any()


def test_survival_agrees_with_counting_by_hand_and_with_late_entry() -> None:
    # One contract of four leaves in month 1, one of the two left under observation in month 3; another comes in at 2.
    contracts = made(
        ("a", "2025-01-01", "2025-01-20", 1.0),
        ("b", "2025-01-01", "2025-03-20", 1.0),
        ("c", "2025-11-20", None, 1.0),
        ("d", "2025-01-01", None, 1.0),
        ("e", "2019-11-05", None, 1.0),
    )
    table = survival_table(contracts)
    assert table["survival"].tolist() == pytest.approx([3 / 4, 3 / 4 * 2 / 3])
    assert table["at_risk"].tolist() == [4, 3]
    assert (table["low"] < table["survival"]).all()
    assert (table["high"] > table["survival"]).all()


def test_the_model_follows_kaplan_meier() -> None:
    contracts = of_world(insurer(6000, seed=8))
    fit = fit_renewals(contracts)
    table = survival_table(contracts, segment="plan")
    assert set(table["segment"]) == {"basic", "family", "premium"}
    everybody = survival_table(contracts).query("month <= 48")
    assert fit.full.survival(everybody["month"].to_numpy()) == pytest.approx(everybody["survival"].to_numpy(), abs=0.03)


def test_what_cannot_be_said_is_none_with_a_reason() -> None:
    contracts = made(("a", "2023-01-01", None, None), ("b", "2023-01-01", "2024-02-01", 5.0))
    fit = fit_renewals(contracts)
    churn = by_age(fit, contracts, 0.3)
    value = renewal_value(fit, contracts, churn, horizon_months=12, annual_discount_rate=0.1, gross_margin=0.3)
    assert value.missing == "1 of 2 contracts do not have a value per month (column value_per_month of subscriptions)."
    assert (value.equity, value.value_at_risk, value.new_customer) == (None, None, None)
    assert churn.losses is not None
    with pytest.raises(CxvalueError, match="No contract ended"):
        fit_renewals(made(("a", "2023-01-01", None, 1.0)))


@pytest.mark.parametrize(("worlds", "least"), [(6, 4), (24, 19)])
def test_intervals_hold_what_simulated_customers_do(worlds: int, least: int) -> None:
    held: dict[str, int] = dict.fromkeys(("cltv.equity", "churn.rate", "churn.value_at_risk", "cltv.new_customer"), 0)
    for seed in range(worlds):
        world = insurer(500, seed=seed, parameters=InsurerParameters(any_day=bool(seed % 2), drivers=False))
        contracts = of_world(world)
        model, part = fit_renewal(contracts.durations()), contracts.part_of_last_period()
        fit = RenewalFit(contracts.as_of, None, model, part, None, 1.0, None, contracts.left_out())
        churn = by_age(fit, contracts, draws=250)
        assert churn.losses is not None
        value = renewal_value(
            fit, contracts, churn, horizon_months=24, annual_discount_rate=0.1, gross_margin=0.25, draws=250
        )
        found = (value.equity, churn.losses.rate, value.value_at_risk, value.new_customer)
        for name, interval in zip(held, found, strict=True):
            assert interval is not None
            held[name] += interval.low <= world.truth[name] <= interval.high
    # 23 of 24 are expected; 18 or fewer has a probability below 0.1% for 95% intervals, 3 or fewer of 6 one of 0.2%.
    assert min(held.values()) >= least, held


def test_a_forecast_that_nothing_could_be_tried_on_is_grade_d() -> None:
    contracts = of_world(insurer(400, seed=4, parameters=InsurerParameters(drivers=False)))
    short = replace(contracts, observed_from=contracts.as_of - timedelta(days=70))
    fit = fit_renewals(short)
    assert fit.holdout_start is None
    churn = by_age(fit, short)
    value = renewal_value(fit, short, churn, horizon_months=12, annual_discount_rate=0.1, gross_margin=0.25)
    found = {one.id: one for one in renewal_findings(value, fit, churn, customers=9, currency="EUR", level=0.95)}
    assert found["cltv.equity"].grade == "D"
    assert "the history is too short to test this forecast" in found["cltv.equity"].text
    assert found["cltv.backtest"].value is None


@pytest.mark.parametrize(
    ("drift", "told"),
    [(1.0, ""), (1.004, ""), (0.997, ""), (1.12, "left faster than"), (0.8, "left more slowly than")],
)
def test_a_drift_is_told_in_its_own_direction_and_not_where_it_reads_as_none(drift: float, told: str) -> None:
    said = drift_words(drift)
    assert told in said
    assert bool(said) == bool(told)
    assert not said or f"at {format_value(drift, 'share')} of" in said


def test_tables_agree_with_the_totals_and_the_fit_survives_json() -> None:
    contracts = of_world(insurer(600, seed=3))
    fit = fit_renewals(contracts)
    assert RenewalFit.from_dict(fit.to_dict()).to_dict() == fit.to_dict()
    churn = by_age(fit, contracts)
    value = renewal_value(fit, contracts, churn, horizon_months=24, annual_discount_rate=0.1, gross_margin=0.25)
    assert value.equity is not None
    assert value.value_at_risk is not None
    customers = renewal_customers_table(value, contracts)
    assert customers["cltv"].sum() == pytest.approx(value.equity.value)
    assert np.nansum(value.p_end * value.margin) == pytest.approx(value.value_at_risk.value)
    assert (customers["cltv_low"] <= customers["cltv_high"]).all()
    assert set(renewal_models_table(fit)["window"]) == {"calibration", "full"}
    assert fit.score is not None
    assert fit.score.bias == pytest.approx(fit.score.predicted - fit.score.actual)
    dearer = renewal_value(fit, contracts, churn, horizon_months=24, annual_discount_rate=0.2, gross_margin=0.25)
    assert dearer.equity is not None
    assert dearer.equity.value < value.equity.value
