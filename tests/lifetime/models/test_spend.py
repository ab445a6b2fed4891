"""Gamma-Gamma: published figures, slopes, shrinkage, and what happens when it cannot be fitted."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxvalue.foundation.errors import CxvalueError
from cxvalue.lifetime import SpendModel, fit_spend
from cxvalue.lifetime.models.spend import log_likelihood
from tests.lifetime.conftest import make_states


def test_cdnow_estimates(spend):
    # Fader and Hardie (2013) via the CLVTools test: 6.25, 3.74, 15.44, LL -4055.9177; errors re-run with CLVTools.
    assert spend.status == "ok"
    assert list(spend.params.values()) == pytest.approx((6.2493492, 3.7442563, 15.4443067), rel=1e-3)
    assert spend.log_likelihood == pytest.approx(-4055.9177, abs=0.01)
    assert list(spend.se.values()) == pytest.approx((1.18997, 0.29014, 4.15953), rel=1e-3)
    assert spend.population_mean() == pytest.approx(35.1704, rel=1e-4)
    assert spend.customers == 946
    # Computed with lifetimes on the same customers.
    assert spend.pearson == pytest.approx(0.113884, abs=1e-4)


def test_conditional_means_of_ten_customers(cdnow, spend):
    # Hardie's spreadsheet via lifetimes.
    published = [24.65, 18.91, 35.17, 35.17, 35.17, 71.46, 18.91, 35.17, 27.28, 35.17]
    assert spend.expected_spend(cdnow)[:10] == pytest.approx(published, abs=0.01)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.floats(math.log(0.05), math.log(50)), min_size=3, max_size=3),
    st.lists(st.tuples(st.integers(1, 2000), st.floats(0.01, 1e5)), min_size=1, max_size=5),
)
def test_gradient_is_the_slope(theta, customers):
    x, m = np.array(customers, dtype=float).T
    values, which = np.unique(x, return_inverse=True)
    point = np.array(theta)
    value, gradient = log_likelihood(point, x, m, values, which)
    assert np.isfinite(value)
    for i in range(3):
        move = np.zeros(3)
        move[i] = 1e-5
        up, down = (log_likelihood(point + sign * move, x, m, values, which)[0] for sign in (1, -1))
        assert gradient[i] == pytest.approx((up - down) / 2e-5, rel=1e-4, abs=1e-4 + 1e-8 * abs(value))


def test_expected_spend_lies_between_the_population_and_the_customer(spend):
    x, m = np.array([1, 1, 5, 50]), np.array([5.0, 200.0, 5.0, 200.0])
    expected = spend.expected_given(x, m)
    mean = spend.population_mean()
    assert ((np.minimum(m, mean) < expected) & (expected < np.maximum(m, mean))).all()
    # Trap T14: weight p x / (p x + q - 1) on the customer's own mean.
    p, q, _ = spend.params.values()
    weight = p * x / (p * x + q - 1)
    assert expected == pytest.approx(weight * m + (1 - weight) * mean)


def test_without_repeat_purchases_the_population_mean(spend):
    assert spend.expected_given([0, 0], [np.nan, np.nan]) == pytest.approx(spend.population_mean())


def test_truth_is_found():
    rng = np.random.default_rng(8)
    x = rng.integers(1, 12, 4000)
    m = rng.gamma(4.0 * x) / rng.gamma(5.0, 1 / 60.0, x.size) / x
    spend = fit_spend(make_states(x, x, x + 10, mean_spend=m))
    error = np.log(list(spend.params.values())) - np.log([4.0, 5.0, 60.0])
    assert error @ np.linalg.solve(spend.covariance, error) < 16.3  # 99.9% of a chi-squared with 3 degrees of freedom
    assert spend.population_mean() == pytest.approx(60.0, rel=0.03)


def test_no_mean_for_q_below_one():
    # lifetimes issues 146, 211, 362: with q < 1 the population mean comes out negative.
    rng = np.random.default_rng(9)
    x = rng.integers(1, 6, 3000)
    m = rng.gamma(2.0 * x) / rng.gamma(0.6, 1 / 20.0, x.size) / x
    spend = fit_spend(make_states(x, x, x + 10, mean_spend=m))
    assert spend.status == "degenerate"
    assert "its Gamma-Gamma mean does not exist" in spend.reason
    assert "expected to bring the mean of all repeat purchases" in spend.reason
    assert spend.population_mean() == pytest.approx((x * m).sum() / x.sum())
    assert spend.expected_given([0, 3], [np.nan, 5.0]) == pytest.approx([spend.mean] * 2)


def test_equal_spend_is_no_trouble():
    states = make_states([3] * 50, [10] * 50, [20] * 50, mean_spend=np.full(50, 9.9))
    spend = fit_spend(states)
    assert spend.population_mean() == pytest.approx(9.9, rel=0.01)
    assert math.isnan(spend.pearson)


def test_zero_means_are_left_out_of_the_fit_only():
    states = make_states([2, 2, 2, 2, 0], [5] * 4 + [0], [20] * 5, mean_spend=np.array([0.0, 10, 20, 40, np.nan]))
    spend = fit_spend(states)
    assert spend.customers == 3
    assert spend.mean == pytest.approx(17.5)
    assert np.isfinite(spend.expected_spend(states)).all()


def test_draws_keep_q_above_one(spend):
    wide = replace(spend, params={"p": 6.0, "q": 1.2, "gamma": 15.0}, covariance=np.eye(3))
    assert (wide.draw(2000, np.random.default_rng(1))[:, 1] > 1).all()


def test_dictionary_round_trip(spend):
    again = SpendModel.from_dict(json.loads(json.dumps(spend.to_dict(), allow_nan=False)))
    assert again.to_dict() == spend.to_dict()
    assert again.bounds() == spend.bounds()
    few = fit_spend(make_states([1], [5], [20], mean_spend=np.array([10.0])))
    assert SpendModel.from_dict(json.loads(json.dumps(few.to_dict()))).population_mean() == 10.0
    assert "too few for a Gamma-Gamma model" in few._repr_html_()


def test_messages(cdnow):
    with pytest.raises(CxvalueError, match="per_customer=True"):
        fit_spend(cdnow.grouped())
    with pytest.raises(CxvalueError, match="no customer has a repeat purchase with positive revenue"):
        fit_spend(make_states([0], [0], [5], mean_spend=np.array([np.nan])))
