"""The four likelihoods, their gradients and predictions, against independent computations and as laws."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import gammaln, hyp2f1

from cxvalue.foundation.errors import CxvalueError
from cxvalue.lifetime import LifetimeModel
from cxvalue.lifetime.families.family import history
from cxvalue.lifetime.families.registry import FAMILIES, family_of
from tests.lifetime.conftest import exact_model, make_states

NAMES = list(FAMILIES)
WITH_DROPOUT = NAMES[1:]
DEMO = {
    "nbd": (0.385, 12.07),
    "bg_nbd": (0.243, 4.414, 0.793, 2.426),
    "mbg_nbd": (0.525, 6.183, 0.891, 1.614),
    "pareto_nbd": (0.553, 10.578, 0.606, 11.669),
}


@st.composite
def states_days(draw):
    """One reachable state: (x, t_x, T) in days, purchases in the thousands and t_x = T included."""
    age = draw(st.integers(0, 3000))
    x = 0 if age == 0 else draw(st.one_of(st.integers(0, 20), st.integers(0, min(age, 3000))))
    recency = 0 if x == 0 else draw(st.integers(x if x <= age else age, age))
    return x, recency, age


def log_params(size):
    return st.lists(st.floats(math.log(0.02), math.log(200.0)), min_size=size, max_size=size)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_gradient_is_the_slope(name, data):
    family = family_of(name)
    theta = np.array(data.draw(log_params(len(family.parameters))))
    x, recency, age = np.array(data.draw(st.lists(states_days(), min_size=1, max_size=5)), dtype=float).T
    rows = history(x, recency / 7, age / 7, np.arange(1, x.size + 1))
    value, gradient = family.log_likelihood(theta, rows)
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()
    step = 1e-5
    for i, slope in enumerate(gradient):
        move = np.zeros_like(theta)
        move[i] = step
        numeric = (family.log_likelihood(theta + move, rows)[0] - family.log_likelihood(theta - move, rows)[0]) / 2e-5
        # The tolerance is that of the difference: rounding of the value over the step, and its curvature.
        assert slope == pytest.approx(numeric, rel=2e-5, abs=1e-4 + 1e-9 * abs(value))


@pytest.mark.parametrize("name", [name for name in NAMES if family_of(name).curvature is not None])
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_curvature_is_the_slope_of_the_gradient(name, data):
    family = family_of(name)
    assert family.curvature is not None
    theta = np.array(data.draw(log_params(len(family.parameters))))
    x, recency, age = np.array(data.draw(st.lists(states_days(), min_size=1, max_size=5)), dtype=float).T
    rows = history(x, recency / 7, age / 7, np.arange(1, x.size + 1))
    value, gradient = family.log_likelihood(theta, rows)
    exact = family.curvature(theta, rows, gradient)
    moves = 1e-4 * np.eye(theta.size)
    numeric = [
        (family.log_likelihood(theta + m, rows)[1] - family.log_likelihood(theta - m, rows)[1]) / 2e-4 for m in moves
    ]
    # The difference is off by its step squared and by the rounding of the gradient over the step.
    assert exact == pytest.approx(np.array(numeric), rel=1e-5, abs=1e-5 * (1 + np.abs(exact).max()) + 1e-9 * abs(value))
    assert exact == pytest.approx(exact.T)


@pytest.mark.parametrize(
    ("params", "state"),
    [
        ((0.553, 10.578, 0.606, 11.669), (2, 30.43, 38.86)),
        ((0.553, 10.578, 0.606, 11.669), (0, 0.0, 38.86)),
        ((0.5, 0.01, 2.0, 30.0), (0, 0.0, 40.0)),
        ((2.0, 40.0, 0.3, 0.02), (0, 0.0, 60.0)),
        ((0.3, 5.0, 60.0, 7700.0), (9, 50.0, 50.0)),
        ((1.0, 8.0, 0.8, 8.0), (1, 0.2, 500.0)),
        ((0.4, 3.0, 0.5, 90.0), (800, 150.0, 156.0)),
    ],
)
def test_pareto_likelihood_against_adaptive_integration(params, state):
    r, alpha, s, beta = params
    x, recency, age = state

    def log_integrand(t):
        return -(r + x) * np.log(alpha + t) - (s + 1) * np.log(beta + t)

    scale = log_integrand(recency)
    # The split helps the oracle where the integrand falls steeply right after the last purchase.
    near = min(age, recency + 30 * (min(alpha, beta) + recency) / (r + x + s))
    parts = [(recency, near), (near, age)]
    dead = sum(
        quad(lambda t: np.exp(log_integrand(t) - scale), *p, epsabs=0, epsrel=1e-11, limit=400)[0] for p in parts
    )
    still = -(r + x) * np.log(alpha + age) - s * np.log(beta + age)
    with np.errstate(divide="ignore"):
        whole = np.logaddexp(still, np.log(dead * s) + scale)
    expected = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + s * np.log(beta) + whole
    rows = history(*(np.array([value]) for value in (*state, 1)))
    assert family_of("pareto_nbd").log_likelihood(np.log(params), rows)[0] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("x", "recency", "age"), [(0, 0, 272), (2, 213, 272), (40, 270, 272), (7, 100, 700)])
@pytest.mark.parametrize(
    "params", [DEMO["bg_nbd"], (2.0, 30.0, 3.5, 1.2), (0.4, 1.0, 0.02, 0.3), (1.5, 9.0, 20.0, 60.0)]
)
def test_bg_expectation_against_its_closed_form(params, x, recency, age):
    # Equation (10) of Fader, Hardie and Lee (2005).
    r, alpha, a, b = params
    t, weeks = 39.0, age / 7
    z = t / (alpha + weeks + t)
    closed = (a + b + x - 1) / (a - 1) * (1 - (1 - z) ** (r + x) * hyp2f1(r + x, b + x, a + b + x - 1, z))
    model = exact_model("bg_nbd", *params)
    states = make_states([x], [recency], [age])
    assert model.expected_transactions(states, t) == pytest.approx(closed * model.p_alive(states), rel=1e-8)


def test_bg_expectation_is_smooth_at_a_equal_to_one():
    # Trap T23: the closed form is 0 / 0 at a = 1 and keeps three digits beside it.
    states = make_states([0, 2, 30], [0, 213, 260], [272, 272, 272])
    around = [
        exact_model("bg_nbd", 0.3, 5.0, a, 2.0).expected_transactions(states, 39.0) for a in (1 - 1e-6, 1, 1 + 1e-6)
    ]
    assert np.isfinite(around[1]).all()
    assert around[1] == pytest.approx((around[0] + around[2]) / 2, rel=1e-9)
    assert around[1] == pytest.approx(around[0], rel=1e-5)


def test_pareto_expectation_is_smooth_at_s_equal_to_one():
    times = np.array([1.0, 39.0, 500.0])
    low, middle, high = (
        exact_model("pareto_nbd", 0.5, 10.0, s, 12.0).expected_new(times) for s in (1 - 1e-6, 1, 1 + 1e-6)
    )
    assert middle == pytest.approx((low + high) / 2, rel=1e-9)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_predictions_are_possible(name, data):
    theta = np.array(data.draw(log_params(len(family_of(name).parameters))))
    model = exact_model(name, *np.exp(theta))
    x, recency, age = np.array(data.draw(st.lists(states_days(), min_size=1, max_size=5))).T
    states = make_states(x, recency, age)
    probabilities = [model.p_return(states, 13.0), model.p_silence(states), model.p_count(states, 13.0, 2)]
    if name != "nbd":
        probabilities.append(model.p_alive(states))
    for probability in probabilities:
        assert ((probability >= 0) & (probability <= 1 + 1e-12)).all()
    path = np.array([model.expected_transactions(states, t) for t in (0.0, 1.0, 13.0, 52.0)])
    assert (path[0] == 0).all()
    assert (np.diff(path, axis=0) >= -1e-8 * path[1:]).all()
    assert (model.p_return(states, 13.0) <= path[2] * (1 + 1e-9) + 1e-12).all()


@pytest.mark.parametrize("name", NAMES)
def test_counts_sum_to_one_and_to_their_mean(name):
    model = exact_model(name, *DEMO[name])
    n = np.arange(400)
    for state in [(0, 0, 272), (2, 213, 272), (26, 216, 217), (3, 272, 272)]:
        states = make_states(*([value] * n.size for value in state))
        chance = model.p_count(states, 26.0, n)
        assert chance.sum() == pytest.approx(1.0, abs=1e-6)
        assert chance @ n == pytest.approx(model.expected_transactions(states, 26.0)[0], rel=1e-5)
        assert 1 - chance[0] == pytest.approx(model.p_return(states, 26.0)[0], rel=1e-9)
    chance = model.p_count_new(52.0, n)
    assert chance.sum() == pytest.approx(1.0, abs=1e-5)
    assert chance @ n == pytest.approx(model.expected_new(52.0), rel=1e-3)


def test_pareto_counts_of_a_very_frequent_buyer():
    model = exact_model("pareto_nbd", 0.5, 3.0, 0.6, 12.0)
    n = np.arange(3000)
    states = make_states([2000] * n.size, [3000] * n.size, [3000] * n.size, unit="day")
    chance = model.p_count(states, 300.0 / 7, n)
    assert chance.sum() == pytest.approx(1.0, abs=1e-6)
    assert chance @ n == pytest.approx(model.expected_transactions(states, 300.0 / 7)[0], rel=1e-6)


def test_one_time_buyers_are_alive_for_certain_in_bg_only():
    # Trap T17; .295 for the Pareto/NBD is BTYD's figure at the CDNOW estimates.
    states = make_states([0], [0], [272])
    assert exact_model("bg_nbd", *DEMO["bg_nbd"]).p_alive(states) == 1.0
    assert exact_model("mbg_nbd", *DEMO["mbg_nbd"]).p_alive(states) < 0.7
    assert exact_model("pareto_nbd", *DEMO["pareto_nbd"]).p_alive(states) == pytest.approx([0.295], abs=1e-3)


@pytest.mark.parametrize("name", WITH_DROPOUT)
def test_the_unit_of_time_changes_nothing(name):
    weekly = exact_model(name, *DEMO[name])
    days = [v * (7 if i in weekly.family.timed else 1) for i, v in enumerate(DEMO[name])]
    daily = exact_model(name, *days, unit="day")
    states = make_states([0, 3, 9], [0, 200, 270], [272, 272, 272])
    assert daily.expected_transactions(states, 70.0) == pytest.approx(weekly.expected_transactions(states, 10.0))
    assert daily.p_alive(states) == pytest.approx(weekly.p_alive(states))


def test_silence_needs_no_dropout():
    # ((alpha + t_x) / (alpha + T))^(r + x)
    model = exact_model("nbd", 2.0, 10.0)
    assert model.p_silence(make_states([3], [70], [140])) == pytest.approx([(20 / 30) ** 5])


@pytest.mark.parametrize("name", NAMES)
def test_dictionary_round_trip(fitted, name):
    model = fitted[name]
    again = LifetimeModel.from_dict(json.loads(json.dumps(model.to_dict(), allow_nan=False)))
    assert again.to_dict() == model.to_dict()
    assert again.time_unit is model.time_unit
    assert again.aic == model.aic


def test_bounds_are_positive_and_hold_the_estimate(fitted):
    # Trap T22: Wald bounds on the natural scale would reach below 0 for beta.
    for model in fitted.values():
        for name, (low, high) in model.bounds(0.99).items():
            assert 0 < low < model.params[name] < high


def test_draws_have_the_stated_spread(fitted):
    model = fitted["bg_nbd"]
    draws = np.log(model.draw(20_000, np.random.default_rng(3)))
    assert np.cov(draws.T) == pytest.approx(model.covariance, rel=0.15, abs=2e-4)


def test_html_names_model_and_parameters(fitted):
    html = fitted["pareto_nbd"]._repr_html_()
    assert "Pareto/NBD" in html
    assert all(f"<td>{name}</td>" in html for name in ("r", "alpha", "s", "beta"))


def test_messages():
    model = exact_model("nbd", 1.0, 2.0)
    with pytest.raises(CxvalueError, match=r"no lifetime model 'bgnbd'\. Did you mean 'bg_nbd'\?"):
        family_of("bgnbd")
    with pytest.raises(CxvalueError, match="nbd needs 2 positive parameters"):
        model.with_params([1.0, -1.0])
    with pytest.raises(CxvalueError, match="t must be a time of at least 0 weeks"):
        model.expected_transactions(make_states([0], [0], [7]), -1.0)
    with pytest.raises(CxvalueError, match="level == 95, must lie between 0 and 1"):
        model.bounds(95)
