"""Regular timing: k = 1 is the BG/NBD and MBG/NBD, CDNOW is irregular, and a regular world is recognised."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import gammaln

from cxvalue.foundation.errors import CxvalueError
from cxvalue.lifetime import fit_regular
from cxvalue.lifetime.families.family import history
from cxvalue.lifetime.families.regular_family import REGULAR_CRITICAL_VALUE, log_likelihood
from cxvalue.tables.states import purchase_states
from tests.calibration.dropout_gate import World
from tests.calibration.regular_gate import simulate_regular
from tests.lifetime.conftest import CALIBRATION_END, make_states, merged_days

PAIRS = [("bg_cnbd_k", "bg_nbd"), ("mbg_cnbd_k", "mbg_nbd")]


@pytest.fixture(scope="module")
def bought():
    customer, days, dollars, _ = merged_days()
    return pd.DataFrame({"customer_id": customer.astype(str), "date": days.astype("datetime64[D]"), "revenue": dollars})


@pytest.fixture(scope="module")
def states(bought):
    return purchase_states(bought, as_of=CALIBRATION_END, log_gaps=True)


@pytest.fixture(scope="module")
def regular(states):
    return {name: fit_regular(states, name) for name, _ in PAIRS}


@pytest.fixture(scope="module")
def world():
    """A window of a year with Erlang-2 times and dropout, and the 26 weeks after it."""
    rng = np.random.default_rng(17)
    return simulate_regular(World(2_000, 0.9, 8.0, 364), rng, leave=(0.8, 4.0), later=182)


def test_log_gaps_are_those_of_the_days(bought, states):
    one = purchase_states(bought, as_of=CALIBRATION_END, per_customer=True, log_gaps=True)
    known = bought[bought.date <= pd.Timestamp(CALIBRATION_END)].sort_values(["customer_id", "date"])
    gap = known.groupby("customer_id").date.diff().dt.days
    expected = np.log(gap).groupby(known.customer_id).sum().sort_index()
    assert one.customer_id.tolist() == expected.index.tolist()
    assert one.sum_log_gaps == pytest.approx(expected.to_numpy())
    assert one.grouped().sum_log_gaps == pytest.approx(states.sum_log_gaps)
    assert states.customers == 2357
    assert purchase_states(bought, as_of=date(1997, 2, 1)).sum_log_gaps is None


@pytest.mark.parametrize(("name", "plain"), PAIRS)
def test_cdnow_is_irregular_and_the_plain_model(regular, fitted, cdnow, name, plain):
    # BTYDplus, demo/cdnow.R: k = 1 for both.
    ours, theirs = regular[name], fitted[plain]
    assert ours.k == 1
    assert ours.status == "ok"
    assert list(ours.log_likelihood_by_k) == [1, 2, 3, 4]
    assert (np.diff(list(ours.log_likelihood_by_k.values())) < 0).all()
    assert ours.log_likelihood == pytest.approx(theirs.log_likelihood, abs=1e-7)
    assert ours.params == pytest.approx(theirs.params, rel=1e-5)
    same = replace(ours, params=dict(theirs.params))
    assert same.p_alive(cdnow) == pytest.approx(theirs.p_alive(cdnow), rel=1e-10)
    assert same.expected_transactions(cdnow, 39.0) == pytest.approx(theirs.expected_transactions(cdnow, 39.0), rel=1e-9)
    assert same.p_return(cdnow, 39.0) == pytest.approx(theirs.p_return(cdnow, 39.0), rel=1e-9, abs=1e-12)
    assert same.p_count(cdnow, 39.0, 3) == pytest.approx(theirs.p_count(cdnow, 39.0, 3), rel=1e-8, abs=1e-13)
    times = np.array([0.0, 1.0, 52.0])
    assert same.expected_new(times) == pytest.approx(theirs.expected_new(times), rel=1e-9)
    assert same.p_count_new(times, 1) == pytest.approx(theirs.p_count_new(times, 1), rel=1e-9)


def test_a_regular_world_is_recognised(world):
    model = fit_regular(world.states.grouped())
    assert model.k == 2
    assert model.status == "ok"
    truth = np.log([0.9, 0.9 * 52 / (2 * 8.0), 0.8, 4.0])
    error = np.log(list(model.params.values())) - truth
    assert error @ np.linalg.solve(model.covariance, error) < 18.5  # 99.9% of a chi-squared with 4 degrees of freedom
    irregular = fit_regular(world.states.grouped(), k=1)
    n = np.minimum(world.later, 300)
    score = [np.log(np.maximum(m.p_count(world.states, 26.0, n), 1e-12)).mean() for m in (model, irregular)]
    assert score[0] > score[1] + 0.005
    forecast = model.expected_transactions(world.states, 26.0)
    spread = (world.later - forecast).std() * np.sqrt(n.size)
    assert forecast.sum() == pytest.approx(world.later.sum(), abs=4 * spread)
    assert model.p_return(world.states, 26.0).mean() == pytest.approx((world.later > 0).mean(), abs=0.02)


def test_gate_fires_where_nobody_leaves():
    states = simulate_regular(World(400, 0.8, 4.0, 365), np.random.default_rng(6)).states.grouped()
    model = fit_regular(states, k=2)
    assert model.status == "degenerate"
    assert model.reason.startswith("No dropout can be identified: the BG/CNBD-2 describes these purchases hardly")
    assert model.likelihood_ratio < REGULAR_CRITICAL_VALUE
    assert np.isnan(model.p_alive(states)).all()
    assert np.isfinite(model.expected_transactions(states, 10.0)).all()


def test_likelihood_of_one_customer_written_out():
    # k = 2, BG: two purchases at 3 and 7, silent to 10; the Gamma integral by hand over the three ways of being silent.
    r, alpha, a, b = 0.7, 5.0, 0.6, 2.0
    shape = r + 4
    stays, goes = b * (b + 1) / ((a + b) * (a + b + 1)), a * b / ((a + b) * (a + b + 1))
    silent = (alpha + 10) ** -shape + 3 * shape * (alpha + 10) ** -(shape + 1)
    head = gammaln(shape) - gammaln(r) + r * np.log(alpha)
    expected = head + np.log(stays * silent + goes * (alpha + 7) ** -shape)
    rows = history(*(np.array([v]) for v in (2, 7.0, 10.0, 1)))
    assert log_likelihood(np.log([r, alpha, a, b]), rows, 2, 0)[0] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", ["bg_cnbd_k", "mbg_cnbd_k"])
@settings(max_examples=15, deadline=None)
@given(
    theta=st.lists(st.floats(np.log(0.05), np.log(50.0)), min_size=4, max_size=4),
    k=st.integers(1, 4),
    state=st.sampled_from([(0, 0, 272), (2, 213, 272), (26, 216, 217), (3, 272, 272), (0, 0, 0), (900, 3000, 3650)]),
)
def test_laws(regular, name, theta, k, state):
    first = int(name == "mbg_cnbd_k")
    theta = np.array(theta)
    x, recency, age = state
    rows = history(*(np.array([v], dtype=float) for v in (x, recency / 7, age / 7, 2)))
    value, gradient = log_likelihood(theta, rows, k, first)
    assert np.isfinite(value)
    for i, slope in enumerate(gradient):
        move = np.where(np.arange(4) == i, 1e-5, 0.0)
        ends = [log_likelihood(theta + sign * move, rows, k, first)[0] for sign in (1, -1)]
        assert slope == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=2e-5, abs=1e-4 + 1e-9 * abs(value))
    values = dict(zip(("r", "alpha", "a", "b"), np.exp(theta).tolist(), strict=True))
    model = replace(regular[name], k=k, params=values)
    n = np.arange(600)
    many = make_states(*([v] * n.size for v in state))
    chance = model.p_count(many, 8.0, n)
    one = make_states([x], [recency], [age])
    path = np.array([model.expected_transactions(one, t)[0] for t in (0.0, 1.0, 8.0, 52.0)])
    assert path[0] == 0
    assert (np.diff(path) >= -1e-12 * path[-1]).all()
    assert ((chance >= -1e-12) & (chance <= 1 + 1e-12)).all()
    assert 0 <= model.p_alive(one)[0] <= 1
    if chance[-1] < 1e-14:
        assert chance.sum() == pytest.approx(1.0, abs=1e-8)
        assert chance @ n == pytest.approx(path[2], rel=1e-6, abs=1e-12)


def test_messages(cdnow, states):
    with pytest.raises(CxvalueError, match=r"no model of regular timing 'cnbd'\. Allowed: 'bg_cnbd_k', 'mbg_cnbd_k'"):
        fit_regular(states, "cnbd")
    with pytest.raises(CxvalueError, match=r"Count them again with purchase_states\(\.\.\., log_gaps=True\)"):
        fit_regular(cdnow)
    with pytest.raises(CxvalueError, match="k == 0, must be a whole number of at least 1"):
        fit_regular(states, k=0)


def test_customers_who_leave_alike_are_forecast_as_well():
    """Everybody leaves with probability 0.2 after a purchase: a limit of the model, and no lack of evidence."""
    for rng in np.random.default_rng(8).spawn(3):
        world = simulate_regular(World(2_000, 2.0, 12.0, 730), rng, k=2, leave=(2_000.0, 8_000.0), later=365)
        model = fit_regular(world.states.grouped(), "bg_cnbd_k", 2)
        assert model.status == "ok"
        assert model.params["a"] / (model.params["a"] + model.params["b"]) == pytest.approx(0.2, abs=0.02)
        expected = model.plain.expected_transactions(world.states, 365 / 7).sum()
        assert expected == pytest.approx(world.later.sum(), rel=0.15)
