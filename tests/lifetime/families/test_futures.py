"""Simulated futures against the analytic distribution of the same models; the discount curve against its sum."""

from __future__ import annotations

import numpy as np
import pytest

from cxvalue.foundation.calendar import TimeUnit
from cxvalue.lifetime.families.discounting import DiscountCurve
from cxvalue.lifetime.families.registry import FAMILIES
from cxvalue.lifetime.prediction.predictive import alive_in_draws
from tests.lifetime.conftest import exact_model, make_states
from tests.lifetime.models.test_model import DEMO


def test_discount_curve():
    curve = DiscountCurve.of(0.12, 24, TimeUnit.WEEK)
    # Month m is worth 1.12^(-m / 12); a month has 365.25 / 12 days.
    assert curve.factors[[0, 11, 23]] == pytest.approx([1.12 ** (-1 / 12), 1 / 1.12, 1.12**-2])
    assert curve.horizon == pytest.approx(2 * 365.25 / 7)
    assert curve.mean_until(np.array([curve.horizon])) == pytest.approx(curve.factors.mean())
    assert curve.mean_until(np.array([0.0, 1.5 * curve.month])) == pytest.approx(
        [curve.factors[0], (curve.factors[0] + 0.5 * curve.factors[1]) / 1.5]
    )
    assert curve.at(np.array([0.1, 1.01, 24.0]) * curve.month) == pytest.approx(curve.factors[[0, 1, 23]])


@pytest.mark.parametrize("name", list(FAMILIES))
def test_futures_have_the_analytic_distribution(name):
    model = exact_model(name, *DEMO[name])
    x, age = np.array([3.0]), np.array([40.0])
    size = 200_000
    future = model.family.posterior(model.values, x, age)
    curve = DiscountCurve.of(0.3, 24, TimeUnit.WEEK)
    year = TimeUnit.WEEK.from_months(12)
    flat = tuple(np.full(size, value[0]) for value in np.broadcast_arrays(*future))
    drawn = model.family.draw_futures(flat, curve, year, np.random.default_rng(7))

    path = model.family.expected(future, curve.ends[None, :])[0]
    worth = np.diff(path, prepend=0.0) @ curve.factors
    counts = np.zeros(size)
    counts[drawn.cell] = drawn.purchases
    assert counts.mean() == pytest.approx(path[-1], abs=4 * counts.std() / size**0.5)
    assert drawn.early.sum() / size == pytest.approx(path[11], rel=0.02)
    # Equal split of spend over purchases makes the expected worth that of the months.
    assert (drawn.purchases * drawn.worth).sum() / size == pytest.approx(worth, rel=0.02)
    n = np.arange(6.0)
    chance = model.family.count(future, np.full(6, curve.horizon), n)
    assert np.bincount(counts.astype(int))[:6] / size == pytest.approx(chance, abs=4 / size**0.5 / 2)


def test_alive_in_draws_of_the_pareto_follows_the_exact_values(cdnow, fitted):
    model = fitted["pareto_nbd"]
    x, recency, age = model.history_of(cdnow.grouped())
    draws = model.draw(60, np.random.default_rng(1))
    quick = alive_in_draws(model, draws, x, recency, age)
    exact = model.family.alive(tuple(draws.T), x[:, None], recency[:, None], age[:, None])
    assert np.abs(quick - exact).max() < 0.02
    assert np.abs(quick - exact).mean() < 0.001


def test_alive_in_draws_right_after_a_purchase(fitted):
    model = fitted["pareto_nbd"]
    x, recency, age = model.history_of(make_states([3], [70], [70]))
    assert (alive_in_draws(model, model.draw(5, np.random.default_rng(1)), x, recency, age) == 1).all()
