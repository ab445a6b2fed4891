"""Large customer bases: the quick intervals against the simulation of everybody, and against a known future."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cxvalue.lifetime import customer_value, fit, fit_spend
from cxvalue.lifetime.families.discounting import DiscountCurve
from cxvalue.lifetime.models.by_age import AGES, ByAge, shortest_scale
from cxvalue.lifetime.prediction import large, living
from cxvalue.lifetime.prediction.living import path
from tests.bench.world import simulate
from tests.lifetime.conftest import exact_model, make_states
from tests.lifetime.models.test_model import DEMO

SIZE, SEEN, MONTHS = 12_000, 365, 12


@pytest.fixture(scope="module")
def world():
    """States of the benchmark's customers after one year, and what each of them then bought within another."""
    made = simulate(SIZE, seed=7)
    before = made.day < SEEN
    key = np.unique(made.customer[before] * 1000 + made.day[before])
    who, day = key // 1000, key % 1000
    starts = np.flatnonzero(np.diff(who, prepend=-1))
    visits = np.diff(np.append(starts, who.size))
    first, last = day[starts], day[starts + visits - 1]
    spent = np.bincount(made.customer[before], made.revenue[before], SIZE)
    opening = before & (made.day == first[np.searchsorted(who[starts], made.customer).clip(max=starts.size - 1)])
    repeat = spent - np.bincount(made.customer[opening], made.revenue[opening], SIZE)
    x = visits - 1
    states = make_states(
        x,
        last - first,
        SEEN - 1 - first,
        mean_spend=np.where(x > 0, repeat[who[starts]] / np.maximum(x, 1), np.nan),
        total_revenue=1.0,
        total_margin=0.35,
        first_margin_mean=10.0,
        first_margin_se=0.1,
    )
    month = np.minimum((made.day - SEEN) // (365.25 / 12) + 1, 12)
    later = ~before
    worth = 0.35 * made.revenue[later] * 1.1 ** (-month[later] / 12)
    return states, np.bincount(made.customer[later], worth, SIZE)[who[starts]]


@pytest.fixture(scope="module")
def fitted_world(world):
    return fit(world[0], "bg_nbd"), fit_spend(world[0])


def valued(fitted_world, world, draws=400):
    model, spend = fitted_world
    return customer_value(model, spend, world[0], horizon_months=MONTHS, annual_discount_rate=0.1, draws=draws)


@pytest.fixture(scope="module")
def both(fitted_world, world):
    slow = valued(fitted_world, world)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(large, "SMALLEST", 1000)
        patch.setattr(living, "SMALLEST", 1000)
        return slow, valued(fitted_world, world)


def test_expectations_are_the_same(both):
    slow, quick = both
    for name in ("cltv", "expected_transactions", "p_alive", "p_return_90d"):
        assert getattr(quick, name) == pytest.approx(getattr(slow, name), rel=1e-6, abs=1e-12)
    assert quick.equity.value == pytest.approx(slow.equity.value, rel=1e-9)
    assert quick.expected_purchases_12m.value == pytest.approx(slow.expected_purchases_12m.value, rel=1e-9)


def test_totals_have_the_same_intervals(both):
    # A 2.5% quantile of 400 draws has a standard error of 3.4% of the interval's width; two of them differ by 4.8%.
    slow, quick = both
    for name in ("equity", "expected_purchases", "expected_purchases_12m"):
        one, other = getattr(slow, name), getattr(quick, name)
        width = one.high - one.low
        assert other.low == pytest.approx(one.low, abs=0.15 * width)
        assert other.high == pytest.approx(one.high, abs=0.15 * width)
        assert other.high - other.low == pytest.approx(width, rel=0.17)


def test_customers_have_the_same_bounds(both):
    slow, quick = both
    either = (slow.cltv_high > 0) | (quick.cltv_high > 0)
    assert (quick.cltv_high[either] > 0).mean() > 0.97
    ratio = np.log(quick.cltv_high[either] + 1) - np.log(slow.cltv_high[either] + 1)
    # The table of fates has 6,000 customers a point, of whom about a quarter buy: their high quantiles are known to
    # some 4%, and neighbours share a point.
    assert abs(np.median(ratio)) < 0.05
    assert np.quantile(np.abs(ratio), 0.9) < 0.3
    # Hardly anybody is sure to buy again: nearly all lower bounds are 0 in both.
    assert ((quick.cltv_low > 0) == (slow.cltv_low > 0)).mean() > 0.99
    assert quick.cltv_low.mean() == pytest.approx(slow.cltv_low.mean(), abs=0.001 * slow.cltv.mean())
    assert (quick.cltv_low <= quick.cltv_high).all()


def test_bounds_hold_what_really_comes_in(both, world):
    _, quick = both
    came = world[1]
    inside = (came >= quick.cltv_low * (1 - 1e-9)) & (came <= quick.cltv_high * (1 + 1e-9))
    assert inside.mean() >= 0.925
    assert (came > quick.cltv_high).mean() < 0.04
    assert quick.equity.low < came.sum() < quick.equity.high


@pytest.mark.parametrize("name", list(DEMO))
def test_interpolation_over_ages(name):
    model = exact_model(name, *DEMO[name])
    rng = np.random.default_rng(3)
    x, age = rng.integers(0, 40, 3000).astype(float), rng.integers(1, 730, 3000) / 7
    table = ByAge(x, age, shortest_scale(model.family, model.values), AGES)
    ends = np.array([5.0, 52.0, 156.0])
    rough = model.family.expected(model.family.posterior(model.values, table.node_x, table.node_age), ends[None, :])
    exact = model.family.expected(model.family.posterior(model.values, x, age), ends[None, :])
    for column in range(3):
        assert table(rough[:, column]) == pytest.approx(exact[:, column], rel=1e-8)


@pytest.mark.parametrize("name", list(DEMO))
def test_interpolation_over_the_time_ahead(name):
    model = exact_model(name, *DEMO[name])
    rng = np.random.default_rng(4)
    x, age = rng.integers(0, 40, 300).astype(float), rng.integers(1, 730, 300) / 7
    future = tuple(np.broadcast_to(v, x.shape) for v in model.family.posterior(model.values, x, age))
    months = DiscountCurve.of(0.1, 60, model.time_unit).ends
    exact = model.family.expected(future, months[None, :])
    assert path(model, future, months) == pytest.approx(exact, rel=1e-9)
    assert path(model, future, months, 1e-7) == pytest.approx(exact, rel=1e-5)
    assert path(model, future, months[:2]) == pytest.approx(exact[:, :2], rel=1e-15)


def test_a_spend_without_a_third_moment_is_simulated(fitted_world):
    spend = fitted_world[1]
    assert large.can_interpolate(30_000, spend)
    assert not large.can_interpolate(2_000, spend)
    assert not large.can_interpolate(30_000, replace(spend, params={**spend.params, "q": 2.5}))
    assert large.can_interpolate(30_000, replace(spend, status="degenerate"))


def test_every_model_and_a_loss_making_margin(world):
    states = world[0]
    spend = replace(fit_spend(states), status="degenerate")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(large, "SMALLEST", 1000)
        patch.setattr(living, "SMALLEST", 1000)
        for name in ("nbd", "mbg_nbd"):
            result = customer_value(
                fit(states, name),
                spend,
                states,
                horizon_months=6,
                annual_discount_rate=0.1,
                margin_rate=-0.1,
                draws=100,
            )
            assert result.equity.low < result.equity.value < result.equity.high < 0
            assert (result.cltv_low <= result.cltv_high).all()
            assert result.expected_purchases.high < result.expected_purchases_12m.low
