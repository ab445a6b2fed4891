"""BG/BB as a lifetime model among the others: the published donations again, its futures, and a truth that comes true.

Sources as in `test_bgbb`. The functions of `bgbb`, which are held against them and against lifetimes there, are the
oracle of the family at many parameters.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import comb
from scipy.stats import betabinom

from cxvalue.foundation.calendar import TimeUnit
from cxvalue.foundation.errors import CxvalueError
from cxvalue.lifetime import (
    LifetimeModel,
    customer_value,
    dert,
    fit,
    fit_by_period,
    fit_spend,
    residual_value,
    value_levers,
)
from cxvalue.lifetime.families import bgbb
from cxvalue.lifetime.families.bgbb_family import BB, BG_BB
from cxvalue.lifetime.families.discounting import DiscountCurve
from cxvalue.lifetime.families.registry import PERIODIC, without_dropout
from cxvalue.lifetime.fitting.lifetimes_bridge import cross_check
from cxvalue.lifetime.fitting.robust import robust_covariance
from cxvalue.lifetime.prediction.predictive import alive_in_draws
from tests.lifetime.conftest import exact_model, make_discrete, make_states
from tests.lifetime.families.test_bgbb import exact
from tests.lifetime.opportunities import OpportunityWorld, draw_world


def counted(x, recency, n, count=None, unit="year"):
    """States whose times are whole periods, in days as a calendar has them."""
    days = TimeUnit(unit).days
    return make_states(x, np.round(np.asarray(recency) * days), np.round(np.asarray(n) * days), count, unit=unit)


@pytest.fixture(scope="module")
def donors(donations):
    """The donations counted in days, and both models fitted to them."""
    states = counted(donations.frequency, donations.recency, donations.opportunities, donations.count)
    return states, fit_by_period(states)


def test_the_donations_are_those_published(donors):
    states, (still, model) = donors
    # BTYD p. 30; lifetimes 0.11.3 for the standard errors.
    assert list(model.params.values()) == pytest.approx((1.203528, 0.7497260, 0.6567808, 2.783796), rel=3e-4)
    assert model.log_likelihood == pytest.approx(-33225.581, abs=2e-3)
    assert list(model.se.values()) == pytest.approx((0.0694, 0.0294, 0.0510, 0.3208), rel=5e-3)
    assert (model.name, model.status, model.customers, model.fallback) == ("bg_bb", "ok", 11_104, "bb")
    assert fit(states, "bg_bb").params == model.params
    # Hardie's spreadsheet: 12,884.2 in the next five years; BTYD: E[X(10)] and CET10; lifetimes: counts of 0 and 6.
    assert model.expected_transactions(states, 5) @ states.count == pytest.approx(12_884.2, abs=0.5)
    assert model.expected_new(10.0) == pytest.approx(3.179805, rel=1e-4)
    ten = model.expected_transactions(counted([0, 4], [0, 5], [6, 6]), 10)
    assert ten == pytest.approx([0.1302169, 3.627858], rel=1e-4)
    assert 11_104 * model.p_count_new(6.0, [0, 6]) == pytest.approx([3454.9, 1253.1], abs=0.1)
    # BTYD bgbb.DERT at 10% a year.
    chosen = counted([6, 5, 4, 4, 2, 1, 0], [6, 6, 6, 5, 4, 1, 0], 7 * [6])
    published = np.array([5.90975, 5.08936, 4.26896, 3.19698, 1.66556, 0.13496, 0.11475])
    assert dert(model, chosen, 0.1) == pytest.approx(published, rel=2e-4)
    # Nobody leaves: the beta-binomial likelihood of each string of opportunities.
    alpha, beta = still.params.values()
    strings = betabinom(6, alpha, beta).logpmf(states.frequency) - np.log(comb(6, states.frequency))
    assert still.log_likelihood == pytest.approx(states.count @ strings, abs=1e-4)
    assert still.p_alive_withheld
    for one in cross_check(model, states):
        assert one.difference == pytest.approx(0.0, abs=1e-3)
    assert min(robust_covariance(model, states).ratio.values()) == pytest.approx(1.0, abs=0.02)


def test_the_family_is_the_model_of_opportunities(donors):
    rng = np.random.default_rng(4)
    n = rng.integers(0, 40, 60)
    recency = np.where(rng.random(60) < 0.8, rng.integers(0, n + 1), 0)
    x = np.where(recency > 0, rng.integers(1, np.maximum(recency, 1) + 1), 0)
    states, held = counted(x, recency, n, unit="month"), make_discrete(x, recency, n, period="month")
    draws = np.exp(rng.normal(0, 1, (5, 4))) * [1.0, 2.0, 0.5, 8.0]
    alive = alive_in_draws(exact_model("bg_bb", *draws[0], unit="month"), draws, *map(np.float64, (x, recency, n)))
    for place, values in enumerate(draws):
        ours, own = exact_model("bg_bb", *values, unit="month"), tuple(np.array([value]) for value in values)
        there, future = bgbb.alive(own, x, recency, n), bgbb.posterior(own, x, n)
        away = there * bgbb.count(future, 7, np.zeros(60)) + 1 - there
        assert ours.p_alive(states) == pytest.approx(there, rel=1e-10)
        assert alive[:, place] == pytest.approx(there, rel=1e-10)
        assert ours.p_return(states, 7) == pytest.approx(1 - away, abs=1e-12)
        assert ours.p_count(states, 7, 2) == pytest.approx(there * bgbb.count(future, 7, np.full(60, 2.0)), abs=1e-12)
        expected = there * bgbb.expected(future, 7)[:, -1]
        assert ours.expected_transactions(states, 7) == pytest.approx(expected, rel=1e-10)
        alpha, beta, gamma, delta = future
        worth = there * alpha / (alpha + beta) * bgbb.annuity(gamma, delta, 1.1 ** (1 / 12) - 1)
        assert dert(ours, states, 0.1) == pytest.approx(worth, rel=1e-10)
        # The same asked in opportunities.
        asked = exact(*values, period="month")
        assert asked.p_alive(held, 1) == pytest.approx(bgbb.alive(own, x, recency, n, ahead=1), rel=1e-10)
        assert asked.p_return(held, 7) == pytest.approx(1 - away, abs=1e-12)
        assert asked.p_count(held, 7, 2) == pytest.approx(ours.p_count(states, 7, 2), abs=1e-12)
        assert asked.expected_transactions(held, 7) == pytest.approx(expected, rel=1e-10)
        assert asked.dert(held, 0.1) == pytest.approx(worth, rel=1e-10)
        assert asked.expected_new(7) == pytest.approx(bgbb.expected(own, 7)[0], rel=1e-12)
    # Between two opportunities everything is linear; P(alive) against the likelihood of all ways to have gone.
    ours = exact_model("bg_bb", 0.9, 1.4, 0.6, 5.0, unit="month")
    for what in (ours.expected_transactions, ours.p_return, lambda s, t: ours.p_count(s, t, 1)):
        assert what(states, 3.25) == pytest.approx(0.75 * what(states, 3) + 0.25 * what(states, 4), abs=1e-12)
    # A silence of three opportunities, from the prior, weighted by what was seen before it.
    chance = np.random.default_rng(1).beta(0.9, 1.4, 400_000)
    weight = chance**4 * (1 - chance) ** 2
    silent = ours.p_silence(counted([4], [6], [9], unit="month"))
    assert silent == pytest.approx((weight * (1 - chance) ** 3).sum() / weight.sum(), rel=0.01)


def test_without_dropout_it_is_the_beta_binomial():
    still = exact_model("bb", 2.0, 3.0, unit="month")
    states = counted([3, 0], [5, 0], [8, 8], unit="month")
    oracle = [betabinom(6, 2 + x, 3 + 8 - x) for x in (3, 0)]
    for n in range(7):
        assert still.p_count(states, 6, n) == pytest.approx([one.pmf(n) for one in oracle], rel=1e-10)
    assert still.expected_transactions(states, 6) == pytest.approx([one.mean() for one in oracle])
    assert still.p_return(states, 6) == pytest.approx([1 - one.pmf(0) for one in oracle])
    assert np.isnan(still.p_alive(states)).all()
    with pytest.raises(CxvalueError, match="in the beta-Bernoulli model nobody ever leaves"):
        dert(still, states, 0.1)
    assert (without_dropout(["bg_nbd"]), without_dropout(["bb", "bg_bb"])) == ("nbd", "bb")


@pytest.mark.parametrize(("unit", "months"), [("month", 24), ("week", 18), ("quarter", 30), ("month", 6), ("year", 24)])
@pytest.mark.parametrize("name", list(PERIODIC))
def test_futures_have_the_analytic_distribution(name, unit, months):
    values = {"bg_bb": (3.0, 4.0, 0.8, 12.0), "bb": (3.0, 4.0)}[name]
    family, size, period = PERIODIC[name], 200_000, TimeUnit(unit)
    curve, year = DiscountCurve.of(0.3, months, period), period.from_months(12)
    one, many = (tuple(np.full(n, value) for value in values) for n in (1, size))
    drawn = family.draw_futures(many, curve, year, np.random.default_rng(7))
    counts, early = np.zeros(size), np.zeros(size)
    counts[drawn.cell], early[drawn.cell] = drawn.purchases, drawn.early
    path = family.expected(one, curve.ends[None, :])[0]

    def law(time):
        n = np.arange(np.ceil(time) + 1)
        chance = family.count(tuple(np.full(n.size, value) for value in values), np.full(n.size, time), n)
        assert chance.sum() == pytest.approx(1.0)
        return n @ chance, n**2 @ chance - (n @ chance) ** 2, chance

    for found, time in ((counts, curve.horizon), (early, min(year, curve.horizon))):
        mean, variance, chance = law(time)
        assert found.mean() == pytest.approx(mean, abs=4 * (variance / size) ** 0.5)
        assert found.var() == pytest.approx(variance, rel=0.03)
        assert (found == 0).mean() == pytest.approx(chance[0], abs=0.004)
        assert family.none(one, np.array([time])) == pytest.approx(chance[:1])
    assert path[-1] == pytest.approx(law(curve.horizon)[0])
    worth = np.zeros(size)
    worth[drawn.cell] = drawn.purchases * drawn.worth
    expected = np.diff(path, prepend=0.0) @ curve.factors
    assert worth.mean() == pytest.approx(expected, abs=4 * worth.std() / size**0.5)


@pytest.mark.parametrize(("worlds", "least", "limit"), [(5, 3, 9.1), (20, 16, 6.5)])
def test_what_is_foreseen_comes_true(worlds, least, limit):
    """Worlds of 1,000 customers and 36 months: the margin and the months with a purchase of the next 12."""
    inside, errors = [], []
    for rng in np.random.default_rng(11).spawn(worlds):
        states, purchases, came = draw_world(OpportunityWorld(), rng)
        model = fit(states.grouped(), "bg_bb")
        assert model.status == "ok"
        value = customer_value(model, fit_spend(states), states, horizon_months=12, annual_discount_rate=0.0, draws=200)
        inside.append(
            (
                value.equity.low < came < value.equity.high,
                value.expected_purchases.low < purchases < value.expected_purchases.high,
            )
        )
        off = np.log(list(model.params.values())) - np.log([1.2, 1.5, 0.7, 8.0])
        errors.append(off @ np.linalg.solve(model.covariance, off))
    # Of 20 intervals at 95%, fewer than 16 hold with a probability of 0.3%; of 5, fewer than 3 with one of 0.1%.
    assert np.sum(inside, axis=0).min() >= least
    # Mean of 20 chi-squared with 4 degrees of freedom: 99.9% below 6.5; of 5: below 9.1.
    assert np.mean(errors) < limit


def test_values_add_up():
    world = OpportunityWorld(customers=400, seen=24, period="quarter")
    states = draw_world(world, np.random.default_rng(3)).states
    still, model = fit_by_period(states.grouped())
    spend = fit_spend(states)
    how = {"horizon_months": 24, "annual_discount_rate": 0.1}
    value = customer_value(model, spend, states, draws=100, **how)
    # 24 months are 8 quarters, each discounted by the mean of its months.
    curve = DiscountCurve.of(0.1, 24, TimeUnit.QUARTER)
    ahead = [model.expected_transactions(states, k) for k in range(9)]
    by_hand = sum((ahead[k + 1] - ahead[k]) * curve.factors[3 * k : 3 * k + 3].mean() for k in range(8))
    assert value.cltv == pytest.approx(0.4 * spend.expected_spend(states) * by_hand, rel=1e-9)
    assert value.expected_purchases_12m.value == pytest.approx(ahead[4].sum(), rel=1e-9)
    # Without an end money comes in evenly over a quarter: as over a very long horizon, but for half a month of interest.
    endless = residual_value(model, spend, states, 0.1).sum()
    long = customer_value(model, spend, states, horizon_months=600, annual_discount_rate=0.1, draws=20).equity.value
    assert endless == pytest.approx(long * 1.1 ** (0.5 / 12), rel=0.02)
    levers = {one.name: one for one in value_levers(model, spend, states, dormancy_days=120, draws=100, **how).levers}
    assert "opportunities that come once a period" in levers["retention"].withheld
    bought = levers["purchase"]
    assert bought.after == pytest.approx(bought.before + 1)
    yearly = value_levers(
        exact_model("bg_bb", *model.params.values(), unit="year"),
        spend,
        states.with_time_unit("year").take(states.frequency <= np.rint(states.recency_days / 365.25)),
        dormancy_days=900,
        draws=100,
        **how,
    )
    assert "so there is no room for one more" in {one.name: one for one in yearly.levers}["purchase"].withheld
    quiet = customer_value(still, spend, states, draws=50, withheld="Because.", **how)
    assert quiet.withheld == "Because."
    assert np.isnan(quiet.p_alive).all()
    again = LifetimeModel.from_dict(model.to_dict())
    assert again.params == model.params
    assert again.expected_transactions(states, 4) == pytest.approx(ahead[4])


def test_what_cannot_be_counted_by_period_is_refused():
    with pytest.raises(CxvalueError, match=r"a day is not one\. Allowed: week, month, quarter, year"):
        fit_by_period(counted([1], [2], [3], unit="day"))
    with pytest.raises(CxvalueError, match="Some customers bought more than once a month"):
        fit(make_states([5], [60], [90], unit="month"), "bg_bb")
    still, nobody = fit_by_period(counted(50 * [0], 50 * [0], 50 * [6]))
    assert {still.status, nobody.status} == {"degenerate"}
    assert nobody.reason.startswith("No customer has taken an opportunity")
    stays = draw_world(OpportunityWorld(gamma=0.0, seen=12), np.random.default_rng(3)).states
    leaving = fit(stays.grouped(), "bg_bb")
    assert leaving.reason.startswith("No dropout can be identified: the BG/BB describes these histories hardly better")
    with pytest.raises(CxvalueError, match=r"The BG/BB cannot forecast: .* Pass fit\(states, 'bb'\) instead"):
        customer_value(leaving, fit_spend(stays), stays, horizon_months=12, annual_discount_rate=0.0)


@pytest.mark.parametrize(
    "world",
    [
        OpportunityWorld(gamma=2e3, delta=2e4, seen=24),
        OpportunityWorld(alpha=1e6, beta=1e-3, seen=24),
    ],
    ids=["everybody is as likely to leave", "everybody buys in every period until they leave"],
)
def test_customers_who_are_alike_are_forecast_all_the_same(world):
    """A parameter at its limit, which says how little customers differ; that somebody leaves is beyond doubt."""
    states, purchases, came = draw_world(world, np.random.default_rng(1))
    still, model = fit_by_period(states.grouped())
    assert model.status == "ok"
    assert max(np.log(list(model.params.values()))) > np.log(9_000)
    how = {"horizon_months": 12, "annual_discount_rate": 0.0, "draws": 200}
    value = customer_value(model, fit_spend(states), states, **how)
    assert value.equity.low < came < value.equity.high
    assert value.expected_purchases.low < purchases < value.expected_purchases.high
    # The model in which nobody leaves would have promised far more.
    assert customer_value(still, fit_spend(states), states, **how).expected_purchases.low > 1.5 * purchases


def test_many_silent_opportunities_are_no_overflow():
    long = (np.array([400.0, 1.0]), np.array([400.0, 1.0]), np.array([3_000.0, 3_000.0]))
    alive = bgbb.alive(tuple(np.array([value]) for value in (50.0, 0.02, 0.01, 5.0)), *long)
    assert alive[0] == 0.0
    assert 0 < alive[1] < 1
    assert BG_BB.expected(tuple(np.ones(2) for _ in range(4)), np.zeros((1, 1))).tolist() == [[0.0], [0.0]]
    assert BB.none((np.ones(1), np.ones(1)), np.zeros(1)).tolist() == [1.0]
