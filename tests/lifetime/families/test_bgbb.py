"""BG/BB: the published donations, lifetimes as an oracle, a truth that is found, and the laws.

Sources: FHS 2010 = Fader, Hardie and Shang, Marketing Science 29(6), with Hardie's spreadsheet as quoted by the tests
of lifetimes; BTYD = the walkthrough of the R package BTYD. The donations table (11,104 donors, 6 years, 5 more years of
holdout) is a plain file of the lifetimes wheel.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import hyp2f1

from cxvalue.foundation.calendar import TimeUnit
from cxvalue.foundation.errors import CxvalueError
from cxvalue.lifetime import DISCRETE_CRITICAL_VALUE, DiscreteModel, fit_bg_bb
from cxvalue.lifetime.families import bgbb
from cxvalue.lifetime.families.family import history
from cxvalue.lifetime.fitting.lifetimes_bridge import discrete_lifetimes_fit, to_lifetimes
from tests.calibration.discrete_gate import World, simulate
from tests.lifetime.conftest import make_discrete


def exact(*values, period="year", status="ok"):
    """A model at given parameters, without uncertainty."""
    return DiscreteModel(
        name="bg_bb",
        params=dict(zip(bgbb.PARAMETERS, map(float, values), strict=True)),
        se=dict.fromkeys(bgbb.PARAMETERS, 0.0),
        covariance=np.zeros((4, 4)),
        log_likelihood=0.0,
        customers=1,
        time_unit=TimeUnit(period),
        status=status,
        reason="",
        likelihood_ratio=99.0,
    )


@pytest.fixture(scope="module")
def model(donations):
    return fit_bg_bb(donations)


def test_estimates(model, donations):
    # BTYD p. 30: 1.203528, .7497260, .6567808, 2.783796 and -33225.58; FHS 2010: 1.204, .750, .657, 2.783.
    assert donations.customers == 11_104
    assert model.status == "ok"
    assert list(model.params.values()) == pytest.approx((1.203528, 0.7497260, 0.6567808, 2.783796), rel=3e-4)
    assert model.log_likelihood == pytest.approx(-33225.581, abs=2e-3)
    assert model.aic == pytest.approx(2 * 33225.581 + 8, abs=4e-3)
    # lifetimes 0.11.3: .0694, .0294, .0510, .3208.
    assert list(model.se.values()) == pytest.approx((0.0694, 0.0294, 0.0510, 0.3208), rel=5e-3)


def test_alive(model):
    # FHS 2010, table 6: .11, .59, .93 alive in 2002, the seventh opportunity; BTYD's PAlive has .10813, .58965, .93043.
    states = make_discrete([0, 2, 6], [0, 4, 6], 6)
    assert model.p_alive(states, ahead=1) == pytest.approx([0.10813, 0.58965, 0.93043], abs=2e-5)
    assert model.p_alive(states)[2] == 1.0


def test_expected_transactions(model, donations):
    # Hardie's spreadsheet: 12,884.2 in the next five years, 13,260 happened; BTYD: E[X(10)] and CET10.
    expected = model.expected_transactions(donations, 5) * donations.count
    assert expected.sum() == pytest.approx(12_884.2, abs=0.5)
    assert model.expected_new(10)[-1] == pytest.approx(3.179805, rel=1e-4)
    ten = model.expected_transactions(make_discrete([0, 4], [0, 5], 6), 10)
    assert ten == pytest.approx([0.1302169, 3.627858], rel=1e-4)
    # By frequency in the calibration; BTYD. The actual means were .174 .433 .813 1.390 2.062 2.643 3.534.
    means = np.bincount(donations.frequency, expected) / np.bincount(donations.frequency, donations.count)
    assert means == pytest.approx([0.0729, 0.3249, 0.7089, 1.3337, 2.0312, 2.7845, 3.7525], abs=1e-4)


def test_expected_counts(model):
    # lifetimes test of Hardie's spreadsheet: 3454.9 donors with no and 1253.1 with six repeat donations.
    chance = model.p_count_new(6, np.arange(7))
    assert 11_104 * chance[[0, 6]] == pytest.approx([3454.9, 1253.1], abs=0.1)
    assert chance.sum() == pytest.approx(1.0)


def test_discounted_residual_transactions(model):
    # BTYD bgbb.DERT at 10% a year.
    states = make_discrete([6, 5, 4, 4, 2, 1, 0], [6, 6, 6, 5, 4, 1, 0], 6)
    published = [5.90975, 5.08936, 4.26896, 3.19698, 1.66556, 0.13496, 0.11475]
    assert model.dert(states, 0.1) == pytest.approx(published, rel=2e-4)
    # Trap T3: the rate is always the annual one, so the same opportunities once a month are worth more.
    monthly = replace(model, time_unit=TimeUnit.MONTH)
    assert (monthly.dert(states, 0.1) > 2 * np.array(published)).all()
    assert monthly.dert(states, 1.1**12 - 1) == pytest.approx(model.dert(states, 0.1))


def test_lifetimes_agrees(model, donations):
    theirs = discrete_lifetimes_fit(donations)
    assert list(theirs.params.values()) == pytest.approx(list(model.params.values()), rel=1e-3)
    assert theirs.log_likelihood == pytest.approx(model.log_likelihood, abs=0.01)
    fitter = to_lifetimes(model, donations)
    x, recency, n = donations.frequency, donations.recency, donations.opportunities
    found = fitter.conditional_expected_number_of_purchases_up_to_time(5, x, recency, n)
    assert np.asarray(found) == pytest.approx(model.expected_transactions(donations, 5), rel=1e-8)
    alive = np.asarray(fitter.conditional_probability_alive(1, x, recency, n))
    assert alive == pytest.approx(model.p_alive(donations, 1), rel=1e-8)
    table = fitter.expected_number_of_transactions_in_first_n_periods(6)["model"].to_numpy()
    assert table == pytest.approx(11_104 * model.p_count_new(6, np.arange(7)), rel=1e-8)
    assert dict(model.to_lifetimes().standard_errors_) == pytest.approx(model.se)


@pytest.mark.parametrize("rate", [1e-4, 0.01, 0.1, 0.9])
@pytest.mark.parametrize(("gamma", "delta"), [(0.6567, 8.78), (1.0, 3.0), (0.02, 40.0), (30.0, 400.0), (3.0, 0.1)])
def test_annuity_against_its_sum(gamma, delta, rate):
    # The published 2F1 (FHS 2010, equation 14) is nan in scipy at (30, 400) and keeps 6 digits at (3, 0.1).
    j = np.arange(int(40 / rate))
    survival = np.cumsum(np.log((delta + j) / (gamma + delta + j)) - np.log1p(rate))
    assert bgbb.annuity(np.array(gamma), np.array(delta), rate) == pytest.approx(np.exp(survival).sum(), rel=1e-9)
    if gamma < 2:
        closed = delta / (gamma + delta) / (1 + rate) * hyp2f1(1.0, delta + 1, gamma + delta + 1, 1 / (1 + rate))
        assert closed == pytest.approx(np.exp(survival).sum(), rel=1e-6)


def test_truth_is_found():
    states = simulate(World(5_000, 0.9, 1.6, 12), np.random.default_rng(8), gamma=0.8, delta=6.0)
    model = fit_bg_bb(states)
    assert model.status == "ok"
    error = np.log(list(model.params.values())) - np.log([0.9, 1.6, 0.8, 6.0])
    assert error @ np.linalg.solve(model.covariance, error) < 18.5  # 99.9% of a chi-squared with 4 degrees of freedom
    per_customer = np.repeat(np.arange(len(states)), states.count)
    one_each = make_discrete(
        *(c[per_customer] for c in (states.frequency, states.recency, states.opportunities)), period="month"
    )
    assert fit_bg_bb(one_each).params == pytest.approx(model.params, rel=1e-6)


def test_forecast_meets_what_happened():
    # The first 8 of 14 opportunities of one world; the forecast of the other 6 beside what came.
    rng = np.random.default_rng(21)
    chance, leave = rng.beta(1.0, 1.5, 8_000), rng.beta(0.7, 5.0, 8_000)
    taken = rng.random((8_000, 14)) < chance[:, None]
    taken &= np.arange(14) < (rng.geometric(leave) - 1)[:, None]
    past, future = taken[:, :8], taken[:, 8:].sum(axis=1)
    recency = np.where(past.any(axis=1), 8 - past[:, ::-1].argmax(axis=1), 0)
    states = make_discrete(past.sum(axis=1), recency, np.full(8_000, 8))
    model = fit_bg_bb(states.grouped())
    forecast = model.expected_transactions(states, 6)
    assert forecast.sum() == pytest.approx(future.sum(), abs=4 * np.sqrt((future - forecast).var() * 8_000))
    assert model.p_return(states, 6).mean() == pytest.approx((future > 0).mean(), abs=0.02)


def test_gate_fires_where_nobody_leaves():
    states = simulate(World(2_000, 0.8, 1.2, 6), np.random.default_rng(3))
    model = fit_bg_bb(states)
    assert model.status == "degenerate"
    assert model.reason.startswith("No dropout can be identified: the BG/BB describes these histories hardly better")
    assert model.likelihood_ratio < DISCRETE_CRITICAL_VALUE
    assert np.isnan(model.p_alive(states)).all()
    assert np.isnan(model.dert(states, 0.1)).all()
    assert np.isfinite(model.expected_transactions(states, 5)).all()


@st.composite
def one_state(draw):
    n = draw(st.integers(0, 60))
    recency = draw(st.integers(0, n))
    return (draw(st.integers(1, recency)) if recency else 0), recency, n


@settings(max_examples=60, deadline=None)
@given(
    theta=st.lists(st.floats(np.log(0.02), np.log(200.0)), min_size=4, max_size=4),
    states=st.lists(one_state(), min_size=1, max_size=5),
)
def test_laws(theta, states):
    theta, (x, recency, n) = np.array(theta), np.array(states, dtype=float).T
    rows = history(x, recency, n, np.arange(1, x.size + 1))
    value, gradient = bgbb.log_likelihood(theta, rows)
    assert np.isfinite(value)
    for i, slope in enumerate(gradient):
        move = np.zeros(4)
        move[i] = 1e-5
        numeric = (bgbb.log_likelihood(theta + move, rows)[0] - bgbb.log_likelihood(theta - move, rows)[0]) / 2e-5
        assert slope == pytest.approx(numeric, rel=2e-5, abs=1e-4 + 1e-9 * abs(value))
    model, held = exact(*np.exp(theta), period="month"), make_discrete(x, recency, n, period="month")
    alive = [model.p_alive(held, ahead) for ahead in range(3)]
    assert ((alive[0] >= 0) & (alive[0] <= 1)).all()
    assert (np.diff(alive, axis=0) <= 0).all()
    path = np.array([model.expected_transactions(held, m) for m in (0, 1, 6, 24)])
    assert (np.diff(path, axis=0) >= 0).all()
    chance = np.array([model.p_count(held, 6, k) for k in range(7)])
    assert chance.sum(axis=0) == pytest.approx(1.0)
    assert np.arange(7) @ chance == pytest.approx(path[2], rel=1e-8, abs=1e-12)
    assert model.p_return(held, 6) == pytest.approx(1 - chance[0])
    worth = np.array([model.dert(held, rate) for rate in (0.02, 0.1, 0.5)])
    assert (np.diff(worth, axis=0) <= 0).all()


def test_the_sum_at_gamma_equal_to_one_is_no_special_case():
    # Trap T23: the published expectation divides by gamma - 1.
    held = make_discrete([0, 3], [0, 4], 6)
    low, middle, high = (exact(1.2, 0.7, g, 2.8).expected_transactions(held, 10) for g in (1 - 1e-6, 1, 1 + 1e-6))
    assert middle == pytest.approx((low + high) / 2, rel=1e-9)


def test_likelihood_adds_up_over_all_strings():
    # P of all 2^7 strings of opportunities, each the string's own (x, t_x).
    strings = (np.arange(2**7)[:, None] >> np.arange(7)) & 1
    recency = np.where(strings.any(axis=1), 7 - strings[:, ::-1].argmax(axis=1), 0)
    theta = np.log([0.4, 2.0, 0.3, 1.1])
    each = [
        bgbb.log_likelihood(theta, history(*(np.array([v]) for v in (x, t, 7, 1))))[0]
        for x, t in zip(strings.sum(axis=1), recency, strict=True)
    ]
    assert np.exp(each).sum() == pytest.approx(1.0)


def test_presentation(model):
    for name, (low, high) in model.bounds(0.99).items():
        assert 0 < low < model.params[name] < high
    assert "BG/BB: 11,104 customers, one opportunity a year, log-likelihood −33,225.58, sound" in model._repr_html_()


def test_messages(model):
    with pytest.raises(CxvalueError, match="frequency 3, recency 2, 6 opportunities and count 1"):
        fit_bg_bb(make_discrete([3], [2], 6))
    with pytest.raises(CxvalueError, match="the states are empty"):
        fit_bg_bb(make_discrete([], [], []))
    with pytest.raises(CxvalueError, match="the first full year after an acquisition must have ended"):
        fit_bg_bb(make_discrete([0, 0], [0, 0], 0))
    with pytest.raises(CxvalueError, match="annual_discount_rate == 0, must be above 0"):
        model.dert(make_discrete([0], [0], 6), 0)
    with pytest.raises(CxvalueError, match="level == 95, must lie between 0 and 1"):
        model.bounds(95)
    with pytest.raises(CxvalueError, match=r"opportunities == 1\.5, must be a whole number"):
        model.expected_new(1.5)
    nobody = fit_bg_bb(make_discrete([0], [0], 6, [50]))
    assert nobody.reason.startswith("No customer has taken an opportunity")
