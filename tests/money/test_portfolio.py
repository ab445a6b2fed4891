"""Programmes together: fair shares, shrinkage with published numbers, sums whose errors go together, capped totals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cxvalue.foundation.errors import CxvalueError
from cxvalue.money import CashBenefit, ProgrammeCosts, business_case
from cxvalue.money.allocation import allocate, bounded_claims, coupled_sum, shrink
from cxvalue.money.portfolio import Credit, Holdout, Portfolio, drawn_in, portfolio_totals
from tests.money.test_money import an_effect

BASEBALL_HITS = [18, 17, 16, 15, 14, 14, 13, 12, 11, 11, 10, 10, 10, 10, 10, 9, 8, 7]


def test_shrinkage_of_the_baseball_averages_as_published():
    # Efron and Morris, "Stein's paradox in statistics", Scientific American 236 (1977): hits of 18 players in their first
    # 45 at-bats of 1970; grand average .265, shrinking factor .212, Clemente's .400 becomes .294.
    average = np.array(BASEBALL_HITS) / 45
    middle = average.mean()
    error = np.sqrt(middle * (1 - middle) / 45)
    drawn = shrink(average - middle, np.full(18, error), given_up=3)
    assert middle == pytest.approx(0.265, abs=0.0005)
    assert drawn[0] / (average[0] - middle) == pytest.approx(0.212, abs=0.0005)
    assert middle + drawn[0] == pytest.approx(0.294, abs=0.0005)


@pytest.mark.parametrize("error", [0.1, 2.0, 5.0, 20.0])
@pytest.mark.parametrize("count", [3, 5, 12])
def test_with_equal_errors_it_is_the_positive_part_james_stein_estimator(count, error):
    y = np.random.default_rng(count).normal(1.0, 5.0, count)
    factor = max(1 - (y.size - 2) * error**2 / max(float(y @ y), 1e-300), 0.0)
    assert shrink(y, np.full(y.size, error)) == pytest.approx(factor * y, abs=1e-7)


def test_shrinking_takes_the_winners_curse_out():
    # Effects N(0, 1), errors of different size; the programmes that look good are picked, and their sum is claimed.
    rng = np.random.default_rng(1)
    error = np.tile([0.5, 1.0, 2.0, 3.0], 10)
    raw = drawn = truth = risk = risk_raw = 0.0
    for _ in range(300):
        true = rng.standard_normal(error.size)
        seen = true + error * rng.standard_normal(error.size)
        small = shrink(seen, error)
        picked = seen > 0
        raw, drawn, truth = raw + seen[picked].sum(), drawn + small[picked].sum(), truth + true[picked].sum()
        risk, risk_raw = risk + ((small - true) ** 2).sum(), risk_raw + ((seen - true) ** 2).sum()
    assert raw / truth > 2
    assert drawn / truth == pytest.approx(1.0, abs=0.1)
    assert risk < 0.3 * risk_raw


def test_too_few_or_exact_estimates_are_not_drawn_in():
    with pytest.raises(CxvalueError, match="3 are needed"):
        shrink([1.0, 2.0], [1.0, 1.0])
    with pytest.raises(CxvalueError, match="without an error"):
        shrink([1.0, 2.0, 3.0], [1.0, 0.0, 1.0])
    assert shrink([0.1, 0.1, 0.1], [1.0, 1.0, 1.0]).tolist() == [0.0, 0.0, 0.0]


def test_two_programmes_get_their_shapley_values():
    # v(A) = 2, v(B) = 3, v(AB) = 4: the mean over both orders of what each adds: (2 + (4 - 3)) / 2 and (3 + (4 - 2)) / 2.
    found = allocate({(0, 1): 1}, [(0,), (1,), (0, 1)], [1, 1, 1], 2)
    assert (found.shares @ [2.0, 3.0, 4.0]).tolist() == [1.5, 2.5]
    everywhere = allocate({(0,): 10, (1,): 20, (0, 1): 30}, [(0,), (1,), (0, 1)], [1, 1, 1], 2)
    assert (everywhere.shares @ [2.0, 3.0, 4.0]).tolist() == [10 * 2 + 45, 20 * 3 + 75]


@pytest.mark.parametrize("seed", range(8))
def test_the_shares_add_up_to_what_was_measured_whatever_was_measured(seed):
    rng = np.random.default_rng(seed)
    rates, months = rng.normal(0, 5, 7), rng.uniform(0, 100, 7)
    states = [(0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2)]
    found = allocate(dict(zip(states, months, strict=True)), states, np.ones(7), 3)
    total = float(np.dot(rates, months))
    assert (found.shares @ rates).sum() == pytest.approx(total, abs=1e-8)
    assert found.total @ rates == pytest.approx(total, abs=1e-8)


def test_a_programme_never_seen_alone_is_credited_with_what_comes_on_top():
    found = allocate({(0,): 1, (0, 1): 1, (1,): 1}, [(0,), (0, 1)], [1, 1], 2)
    assert (found.shares @ [2.0, 3.5]).tolist() == pytest.approx([4.0, 3.0])
    assert found.filled == ((1,),)
    with pytest.raises(CxvalueError, match="alone or with others"):
        allocate({(0,): 1, (1,): 1}, [(0,)], [1], 2)


def test_the_largest_claim_counts_and_a_loss_counts_as_well():
    months = {(0,): 10.0, (1,): 10.0, (0, 1): 5.0}
    assert bounded_claims(months, [3.0, 2.0]).tolist() == [15, 10]
    assert bounded_claims(months, [3.0, -2.0]).tolist() == [15, 15]
    assert bounded_claims({(0,): 7.0, (1,): 4.0}, [1.0, 1.0]).tolist() == [7, 4]


@pytest.mark.parametrize("together", [0.0, 0.5, 1.0])
def test_a_sum_has_the_spread_of_its_correlation(together):
    rng = np.random.default_rng(2)
    draws = [10 + 3 * rng.standard_normal(40_000), -4 + 4 * rng.standard_normal(40_000)]
    total = coupled_sum(draws, [[1.0, together], [together, 1.0]])
    assert total.mean() == pytest.approx(6.0, abs=0.1)
    assert total.std() == pytest.approx(np.sqrt(9 + 16 + 2 * together * 12), rel=0.02)


def a_case(level=2.0, se=0.5, **settings):
    effect = an_effect([level] * 12, np.full((12, 12), se**2), customers=10)
    return business_case(replace(effect, se=se), horizon_months=12, annual_discount_rate=0.0, **settings)


def a_portfolio(margin, claimed, way="joint", holdout=None, se=60.0, programmes=("a", "b")):
    names = tuple(programmes)
    credits = tuple(Credit(name, claimed / len(names), margin / len(names), 0.0, 1.0) for name in names)
    size = len(names)
    return Portfolio(
        names, names, [[1.0] * size] * size, [[1.0] * size] * size, 0.5, way, margin, margin - 120, margin + 120, se, np.inf,
        60.0, np.eye(size).tolist(), credits, (), [], holdout,
    )  # fmt: skip


def test_disjoint_programmes_simply_add():
    cases = {"a": a_case(costs=ProgrammeCosts(50)), "b": a_case(3.0, costs=ProgrammeCosts(20))}
    claimed = (2.0 + 3.0) * 120
    found = portfolio_totals(a_portfolio(claimed, claimed, "sum"), cases, {"a": 50.0, "b": 20.0})
    assert found.to_date == found.plain_to_date == pytest.approx(claimed - 70)
    assert found.npv == pytest.approx(sum(case.npv.value for case in cases.values()))
    spread = np.sqrt(sum(case.npv_draws.var() for case in cases.values()))
    assert (found.npv_high - found.npv_low) / 3.92 == pytest.approx(spread, rel=0.05)
    assert (found.factor, found.capped) == (1.0, False)


def test_one_programme_alone_has_the_range_of_its_case():
    case = a_case(costs=ProgrammeCosts(50, ranges={"one_off": (50.0, 200.0)}))
    found = portfolio_totals(a_portfolio(240.0, 240.0, "sum", programmes=("a",)), {"a": case}, {"a": 50.0})
    assert found.npv == pytest.approx(case.npv.value)
    assert [found.npv_low, found.npv_high] == pytest.approx([case.npv.low, case.npv.high], abs=4.0)


def test_what_is_counted_twice_leaves_the_net_present_value_as_well():
    cases = {"a": a_case(), "b": a_case()}
    found = portfolio_totals(a_portfolio(360.0, 480.0), cases, {"a": 0.0, "b": 0.0})
    # 240 customer-months to date and over the horizon: half a unit of margin is taken off each.
    assert found.plain_npv - found.npv == pytest.approx(120.0)
    assert found.factor == pytest.approx(0.75)


def test_a_holdout_caps_the_sum_and_does_not_raise_it():
    cases, spent = {"a": a_case(), "b": a_case()}, {"a": 10.0, "b": 10.0}
    low = portfolio_totals(a_portfolio(400.0, 480.0, holdout=Holdout(300.0, 100.0, 500.0, 90, 10)), cases, spent)
    assert (low.capped, low.margin, low.to_date, low.to_date_low) == (True, 300.0, 280.0, 80.0)
    assert low.factor == pytest.approx(300 / 480)
    high = portfolio_totals(a_portfolio(400.0, 480.0, holdout=Holdout(900.0, 700.0, 1100.0, 90, 10)), cases, spent)
    assert (high.capped, high.margin) == (False, 400.0)


def test_a_benefit_of_one_name_counts_once():
    calls = [CashBenefit("Calls avoided", 5.0, 4.0, 6.0), CashBenefit("calls avoided", 3.0, 2.0, 4.0)]
    cases = {name: a_case(benefits=[one]) for name, one in zip("ab", calls, strict=True)}
    found = portfolio_totals(a_portfolio(480.0, 480.0), cases, {"a": 0.0, "b": 0.0})
    assert found.benefits_twice == pytest.approx(36.0)


def test_the_winners_curse_needs_three_programmes():
    cases = {"a": a_case(), "b": a_case(4.0), "c": a_case(1.0, 2.0)}
    found = drawn_in(a_portfolio(1.0, 1.0, programmes="abc"), cases)
    assert found.raw == pytest.approx(7.0 * 120)
    assert found.drawn < found.raw
    assert found.effects == pytest.approx(shrink([2.0, 4.0, 1.0], [0.5, 0.5, 2.0]).tolist())
    assert drawn_in(a_portfolio(1.0, 1.0), cases) is None


def test_a_portfolio_survives_the_cache():
    kept = a_portfolio(400.0, 480.0, holdout=Holdout(900.0, 700.0, 1100.0, 90, 10))
    assert Portfolio.from_dict(kept.to_dict()) == kept
