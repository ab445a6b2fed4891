"""Statuses of a fit: the dropout gate, limits, refusals; and that grouping and start values change nothing."""

from __future__ import annotations

import numpy as np
import pytest

from cxvalue.foundation.errors import CxvalueError
from cxvalue.lifetime import DROPOUT_CRITICAL_VALUE, customer_value, fit, fit_all, fit_spend
from cxvalue.lifetime.families.family import history
from cxvalue.lifetime.models.optimise import coarsen, invert
from tests.calibration import coverage
from tests.calibration.dropout_gate import World, simulate_nbd
from tests.lifetime.conftest import CALIBRATION_END, make_states, states_until
from tests.lifetime.worlds import bg_world


def test_gate_fires_where_nobody_drops_out():
    states = simulate_nbd(World(2_000, 0.6, 2.0, 365), np.random.default_rng(11)).grouped()
    nbd, *others = fit_all(states)
    assert nbd.status == "ok"
    assert list(nbd.params.values()) == pytest.approx([0.6, 0.6 * 365 / 7 / 2.0], rel=0.15)
    for model in others:
        assert model.status == "degenerate"
        assert model.reason.startswith("No dropout can be identified: the ")
        assert model.likelihood_ratio < DROPOUT_CRITICAL_VALUE
        assert np.isnan(model.p_alive(states)).all()
        assert np.isfinite(model.expected_transactions(states, 10.0)).all()


def test_gate_is_quiet_on_cdnow(fitted):
    for name in ("bg_nbd", "mbg_nbd", "pareto_nbd"):
        assert fitted[name].status == "ok"
        assert fitted[name].reason == ""
        # -9582.43, -9582.14 and -9594.98 against -9763.66
        assert fitted[name].likelihood_ratio > 330


@pytest.mark.parametrize(("worlds", "most"), [(8, 3), (30, 5)])
def test_gate_holds_its_rate_over_worlds(worlds, most):
    ratios = []
    for rng in np.random.default_rng(5).spawn(worlds):
        states = simulate_nbd(World(500, 0.6, 2.0, 365), rng).grouped()
        ratios += [model.likelihood_ratio for model in fit_all(states, ("bg_nbd", "mbg_nbd"))]
    # 1% of 60 are expected above it; 5 or more have a probability below 0.001.
    assert (np.array(ratios) >= DROPOUT_CRITICAL_VALUE).sum() < most
    assert min(ratios) > -1e-2


def test_truth_is_found():
    states = bg_world(4000, np.random.default_rng(2)).states
    model = fit(states, "bg_nbd")
    truth = np.log([0.6, 6.0, 0.8, 2.5])
    error = np.log(list(model.params.values())) - truth
    assert error @ np.linalg.solve(model.covariance, error) < 18.5  # 99.9% of a chi-squared with 4 degrees of freedom
    assert model.status == "ok"


def test_grouped_and_per_customer_agree(cdnow, fitted):
    grouped = fit(cdnow.grouped(), "pareto_nbd")
    assert grouped.customers == 2357
    assert grouped.to_dict() == fitted["pareto_nbd"].to_dict()


def test_other_unit_same_fit(cdnow, fitted):
    daily = fit(cdnow.with_time_unit("day"), "bg_nbd")
    weekly = fitted["bg_nbd"]
    assert daily.params["alpha"] == pytest.approx(7 * weekly.params["alpha"], rel=1e-4)
    # A density per day instead of per week, for each of 2,457 repeat purchases.
    assert daily.log_likelihood == pytest.approx(weekly.log_likelihood - 2457 * np.log(7), abs=1e-3)


def test_full_cdnow_finds_the_higher_hill():
    # All 23,570 customers to 1997-09-30: the other hill, with one dropout rate for everybody, ends 81 below.
    model = fit(states_until(CALIBRATION_END, "CDNOW_master.txt").grouped(), "pareto_nbd")
    assert model.status == "ok"
    assert model.customers == 23570
    assert model.log_likelihood == pytest.approx(-95415.12, abs=0.01)


def test_one_dropout_rate_for_everybody_is_a_limit():
    rng = np.random.default_rng(4)
    age = rng.integers(300, 700, 3000)
    rate, life = rng.gamma(2.0, 0.05, age.size), rng.exponential(150.0, age.size)
    x, recency = np.zeros(age.size, np.int64), np.zeros(age.size, np.int64)
    for i in range(age.size):
        end = min(age[i], life[i])
        days = np.unique(np.ceil(np.sort(rng.random(rng.poisson(rate[i] * end))) * end))
        x[i], recency[i] = days.size, days[-1] if days.size else 0
    model = fit(make_states(x, recency, age).grouped(), "pareto_nbd")
    assert model.likelihood_ratio > 100
    assert (model.status, model.reason) == ("ok", "")
    assert model.params["s"] / model.params["beta"] == pytest.approx(7 / 150, rel=0.2)


@pytest.mark.parametrize(("worlds", "least"), [(3, 2), (6, 4)])
@pytest.mark.parametrize(
    ("name", "true"),
    [
        ("bg_nbd", (0.8, 8.0, 2_000.0, 8_000.0)),
        ("mbg_nbd", (0.8, 8.0, 2_000.0, 8_000.0)),
        ("pareto_nbd", (0.8, 8.0, 2_000.0, 120_000.0)),
    ],
)
def test_customers_who_leave_alike_are_forecast_as_well_as_others(monkeypatch, name, true, worlds, least):
    """That somebody leaves is beyond doubt; a model without dropout promises three times as much."""
    monkeypatch.setitem(coverage.TRUE, name, true)
    errors, held, at_limit = [], 0, 0
    for rng in np.random.default_rng(1).spawn(worlds):
        world = coverage.simulate(name, 2_000, rng)
        nbd, model = fit_all(world.states.grouped(), ("nbd", name))
        assert model.status == "ok"
        at_limit += model.params.get("a", 0) + model.params.get("b", 0) > 1e3 or model.params.get("beta", 0) > 1e4
        came = world.purchases.sum()
        assert nbd.expected_transactions(world.states, 365.25 / 7).sum() > 2 * came
        value = customer_value(
            model, fit_spend(world.states), world.states, horizon_months=12, annual_discount_rate=0.1, draws=100
        )
        errors.append(value.expected_purchases.value / came - 1)
        held += value.equity.low <= world.margin.sum() <= value.equity.high
    assert at_limit >= worlds // 3
    assert abs(np.mean(errors)) < 0.08 * (6 / worlds) ** 0.5
    assert held >= least  # of 6 at 95%: fewer have a probability of 0.2%


def test_equal_rates_are_a_sound_nbd():
    # Poisson purchases at one rate: r and alpha grow without bound, their ratio is the rate.
    rng = np.random.default_rng(3)
    age = rng.integers(300, 400, 400)
    x = rng.binomial(age, 0.02)
    model = fit(make_states(x, np.where(x > 0, age - 1, 0), age), "nbd")
    assert model.status == "ok"
    states = make_states([0, 20], [0, 300], [350, 350])
    assert model.expected_transactions(states, 50.0) == pytest.approx([7.0, 7.0], rel=0.1)


def test_nobody_bought_again():
    model = fit(make_states([0, 0, 0], [0, 0, 0], [100, 200, 300]), "nbd")
    assert model.status == "degenerate"
    assert model.reason == "No customer has bought a second time, so no purchase rate can be estimated."


@pytest.mark.parametrize(
    ("states", "message"),
    [
        (make_states([1], [50], [40]), "frequency 1, recency 50 days, age 40 days and count 1"),
        (make_states([0], [5], [40]), "a recency of 0 exactly when the frequency is 0"),
        (make_states(np.zeros(0), np.zeros(0), np.zeros(0)), "the purchase states are empty"),
    ],
)
def test_refusals(states, message):
    with pytest.raises(CxvalueError, match=message):
        fit(states, "bg_nbd")


def test_coarse_data_keep_everybody():
    rng = np.random.default_rng(1)
    x = rng.integers(0, 5, 9000)
    age = rng.integers(200, 300, 9000).astype(float)
    recency = np.where(x > 0, np.floor(rng.random(9000) * age) + 1, 0)
    data = history(x, recency, age, np.ones(9000))
    small = coarsen(data)
    assert small.x.size <= 1500
    assert small.customers == 9000
    assert small.purchases == pytest.approx(data.purchases, rel=0.02)


def test_a_flat_direction_gets_a_wide_variance():
    covariance = invert(np.array([[4.0, 0.0], [0.0, -1e-9]]))
    assert covariance == pytest.approx(np.diag([0.25, 9.0]))


@pytest.mark.parametrize("name", ["bg_nbd", "mbg_nbd"])
def test_customers_who_all_buy_at_one_rate_are_fitted_at_the_bound(name):
    rng = np.random.default_rng(12)
    size, rate, end = 3_000, 1 / 7, 730
    leaves = rng.beta(1.0, 30.0, size)
    days = np.ceil(np.cumsum(rng.exponential(1 / rate, (size, 260)), axis=1)).astype(int)
    stays = np.cumsum(rng.random(days.shape) < leaves[:, None], axis=1) - 1 < 0
    bought = (days <= end) & np.concatenate([np.ones((size, 1), bool), stays[:, :-1]], axis=1)
    days = np.where(bought, days, 0)
    frequency = np.array([np.unique(row[row > 0]).size for row in days])
    states = make_states(frequency, days.max(axis=1), np.full(size, end))
    model = fit(states, name)
    assert model.status == "ok"
    assert model.params["r"] > 1e4
    # The mean rate is what is left of r and alpha, in weeks; a day hides a second purchase.
    assert model.params["r"] / model.params["alpha"] == pytest.approx(1.0, abs=0.1)
