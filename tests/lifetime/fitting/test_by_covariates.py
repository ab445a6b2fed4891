"""Covariates: against a direct likelihood, a simulated truth, and the model without covariates."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import betaln, gammaln

from cxvalue.foundation.errors import CxvalueError
from cxvalue.lifetime import fit, fit_with_covariates
from tests.lifetime.conftest import make_states
from tests.lifetime.worlds import bg_world


def two_segments(customers, rng, *, rate=2.0, leaving=1.0):
    """Customers of a segment "b" who buy `rate` times as often and leave with `leaving` times the odds, beside "a"."""
    one = bg_world(customers, rng).states
    other = bg_world(customers, rng, alpha=6.0 / rate, a=0.8 * leaving).states
    names = ("frequency", "recency_days", "age_days", "count")
    both = {name: np.concatenate([getattr(one, name), getattr(other, name)]) for name in names}
    return replace(one, **both, customer_id=None, mean_spend=None), ["a"] * customers + ["b"] * customers


def bg_by_hand(theta, x, recency, age, second):
    """The BG/NBD likelihood of Fader, Hardie and Lee (2005), equation 6, each customer with own alpha and a."""
    r, b = np.exp(theta[0]), np.exp(theta[3])
    alpha, a = np.exp(theta[1] - theta[4] * second), np.exp(theta[2] + theta[5] * second)
    rate = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    stay = betaln(a, b + x) - betaln(a, b) - (r + x) * np.log(alpha + age)
    with np.errstate(divide="ignore", invalid="ignore"):
        last = betaln(a + 1, b + x - 1) - betaln(a, b) - (r + x) * np.log(alpha + recency)
    last = np.where(x > 0, last, -np.inf)
    return float((rate + np.logaddexp(stay, last)).sum())


def test_the_optimum_is_that_of_a_likelihood_written_out_by_hand():
    states, segment = two_segments(400, np.random.default_rng(1), leaving=0.5)
    found = fit_with_covariates(states, {"segment": segment})
    x, recency, age = states.frequency.astype(float), states.recency_days / 7, states.age_days / 7
    second = np.array([label == found.coefficients[0].level for label in segment], dtype=float)
    base = [one.estimate for one in found.coefficients]
    first = next(
        m for m, group in zip(found.models, found.labels, strict=True) if group[0] != found.coefficients[0].level
    )
    at = np.array([*np.log(list(first.params.values())), *base])
    by_hand = (x, recency, age, second)
    assert found.log_likelihood == pytest.approx(bg_by_hand(at, *by_hand), abs=1e-6)
    searched = minimize(lambda v: -bg_by_hand(v, *by_hand), at + 0.05, method="Nelder-Mead", options={"maxiter": 4000})
    assert -searched.fun <= found.log_likelihood + 1e-4
    assert -searched.fun == pytest.approx(found.log_likelihood, abs=0.05)


@pytest.mark.parametrize("model", ["bg_nbd", "mbg_nbd", "pareto_nbd"])
def test_labels_that_say_nothing_change_nothing(model):
    states = bg_world(500, np.random.default_rng(2)).states
    found = fit_with_covariates(states, {"half": ["x", "y"] * 250}, model)
    assert found.plain.log_likelihood == pytest.approx(fit(states, model).log_likelihood)
    assert found.log_likelihood >= found.plain.log_likelihood - 1e-6
    assert found.p_value > 0.01
    assert all(one.low < 1 < one.high for one in found.coefficients)


@pytest.mark.parametrize(("worlds", "least"), [(5, 7), (20, 33)])
def test_true_ratios_are_covered_and_a_real_difference_is_seen(worlds, least):
    inside = []
    for seed in range(worlds):
        states, segment = two_segments(300, np.random.default_rng(seed), rate=2.0, leaving=1.8)
        found = fit_with_covariates(states, {"segment": segment})
        sign = 1 if found.coefficients[0].level == "b" else -1
        truths = (sign * np.log(2.0), sign * np.log(1.8))
        inside += [np.log(c.low) <= t <= np.log(c.high) for c, t in zip(found.coefficients, truths, strict=True)]
        assert found.p_value < 0.05
    # 40 intervals of 95%: fewer than 33 inside would have a probability below 0.1%, and so have fewer than 7 of 10.
    assert sum(inside) >= least


def test_each_group_predicts_with_its_own_model():
    states, segment = two_segments(600, np.random.default_rng(3), rate=4.0)
    found = fit_with_covariates(states, {"segment": segment})
    expected = found.expected_transactions(states, 26.0)
    rows = np.array(segment) == "b"
    own = fit(
        replace(states, **{n: getattr(states, n)[rows] for n in ("frequency", "recency_days", "age_days", "count")})
    )
    assert expected[rows].sum() == pytest.approx(own.expected_transactions(
        replace(states, **{n: getattr(states, n)[rows] for n in ("frequency", "recency_days", "age_days", "count")}), 26.0
    ).sum(), rel=0.15)  # fmt: skip
    alive = found.p_alive(states)
    assert ((alive >= 0) & (alive <= 1)).all()
    assert len(found.table()) == 2
    assert found.aic < found.plain.aic


def test_what_cannot_be_fitted_is_said():
    states = make_states([1, 0, 2], [3, 0, 5], [9, 9, 9])
    with pytest.raises(CxvalueError, match="not with nbd"):
        fit_with_covariates(states, {"s": ["a", "b", "a"]}, "nbd")
    with pytest.raises(CxvalueError, match="2 labels for 3"):
        fit_with_covariates(states, {"s": ["a", "b"]})
    with pytest.raises(CxvalueError, match="only one level"):
        fit_with_covariates(states, {"s": ["a", "a", "a"]})
    with pytest.raises(CxvalueError, match="No covariate"):
        fit_with_covariates(states, {})
