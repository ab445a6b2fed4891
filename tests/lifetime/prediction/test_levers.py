"""Value levers: against customers simulated with a known pace and dropout, and the parts they must add up to."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cxvalue.foundation.errors import CxvalueError
from cxvalue.lifetime import customer_value, value_levers
from tests.lifetime.conftest import exact_model, make_states, states_until

YEAR = 365.25 / 7
ENDS = np.arange(25) * YEAR / 12
FACTORS = 1.1 ** (-np.arange(1, 25) / 12)


def levers_of(model, spend, states, **changes):
    settings = {"dormancy_days": 180, "horizon_months": 24, "annual_discount_rate": 0.1, "draws": 2000}
    return value_levers(model, spend, states, **{**settings, **changes})


def by_name(result):
    return {lever.name if lever.name != "erosion" else f"erosion {lever.change:g}": lever for lever in result.levers}


@pytest.mark.parametrize("name", ["nbd", "bg_nbd", "mbg_nbd", "pareto_nbd"])
def test_the_parts_agree_with_the_value(fitted, spend, cdnow, name):
    model = fitted[name]
    result = levers_of(model, spend, cdnow)
    value = customer_value(model, spend, cdnow, horizon_months=24, annual_discount_rate=0.1, draws=20)
    assert result.equity.value == pytest.approx(value.equity.value, rel=1e-8)
    assert result.equity.low < result.equity.value < result.equity.high
    found = by_name(result)
    path = np.array([model.expected_transactions(cdnow, t).sum() for t in ENDS])
    assert found["margin"].gain.value == pytest.approx(np.diff(path) @ FACTORS, rel=1e-8)
    losses = [found[f"erosion {share:g}"].gain.value for share in (0.05, 0.1, 0.2)]
    assert 0 > losses[0] > losses[1] > losses[2] > -0.4 * result.equity.value
    assert result.active == int((cdnow.age_days - cdnow.recency_days < 180).sum())
    for lever in result.levers:
        assert lever.withheld or lever.gain.low <= lever.gain.value <= lever.gain.high


def test_the_same_customers_give_the_same_levers_to_the_last_digit(fitted, spend, cdnow):
    model = fitted["bg_nbd"]
    first, again = (by_name(levers_of(model, spend, cdnow, draws=20)) for _ in range(2))
    for name, lever in first.items():
        gain, same = lever.gain, again[name].gain
        assert (gain.value, gain.low, gain.high) == (same.value, same.low, same.high)


@pytest.mark.parametrize(
    ("name", "parameters"), [("bg_nbd", (0.8, 6.0, 0.9, 3.0)), ("mbg_nbd", (0.8, 6.0, 0.9, 3.0)),
                             ("pareto_nbd", (0.8, 6.0, 0.7, 20.0))]
)  # fmt: skip
def test_levers_are_the_means_over_known_paces_and_dropouts(spend, name, parameters):
    # Customers alive with history (3, 140 days, 200 days): draw each one's pace and dropout, change them, and average
    # the exact expectation given both: (1 - exp(-lambda p t)) / p, or lambda (1 - exp(-mu t)) / mu.
    states = make_states(
        [3] * 10, [140] * 10, [200] * 10, mean_spend=np.full(10, 40.0), total_revenue=1.0, total_margin=0.3
    )
    model, rng = exact_model(name, *parameters), np.random.default_rng(8)
    found = by_name(levers_of(model, spend, states))
    x, recency, age = model.history_of(states)
    alive = float(model.family.alive(model.values, x, recency, age)[0])
    posterior = [float(v[0]) for v in model.family.posterior(model.values, x[:1], age[:1])]
    pace = rng.gamma(posterior[0], 1 / posterior[1], 200_000)
    if name == "pareto_nbd":
        leaving = rng.gamma(posterior[2], 1 / posterior[3], pace.size)
        hazard = leaving
    else:
        leaving = rng.beta(posterior[2], posterior[3], pace.size)
        hazard = pace * leaving

    def purchases(pace, leaving, hazard, ends=ENDS):
        rate = pace / hazard
        return np.diff([(rate * -np.expm1(-hazard * t)).mean() for t in ends])

    worth = 10 * alive * 0.3 * float(spend.expected_spend(states)[0])
    plain = purchases(pace, leaving, hazard)
    stay = np.exp(-hazard * YEAR).mean()
    assert found["retention"].before == pytest.approx(stay, abs=3e-3)
    future = tuple(np.array([value]) for value in posterior)
    assert model.family.survival(future, np.array([YEAR]))[0, 0] == pytest.approx(stay, abs=3e-3)

    low, high = 0.0, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if np.exp(-middle * hazard * YEAR).mean() > stay + 0.01 else (low, middle)
    calmer = purchases(pace, low * leaving, low * hazard)
    assert found["retention"].gain.value == pytest.approx(worth * (calmer - plain) @ FACTORS, rel=0.02)

    factor = 1 + 1 / (posterior[0] / posterior[1] * YEAR)
    assert found["purchase"].before == pytest.approx(1 / (factor - 1))
    quicker = purchases(factor * pace, leaving, hazard if name == "pareto_nbd" else factor * hazard)
    assert found["purchase"].gain.value == pytest.approx(worth * (quicker - plain) @ FACTORS, rel=0.02)

    slower = 0.8 ** ((np.arange(24) + 0.5) / 12)
    if name == "pareto_nbd":
        eroded = plain * slower
    else:  # the clock of purchases runs slower
        eroded = purchases(pace, leaving, hazard, np.concatenate([[0.0], np.cumsum(slower) * YEAR / 12]))
    assert found["erosion 0.2"].gain.value == pytest.approx(worth * (eroded - plain) @ FACTORS, rel=0.02)


@pytest.mark.parametrize("name", ["bg_nbd", "pareto_nbd"])
def test_intervals_are_those_of_the_parameter_draws(fitted, spend, name):
    # 120 draws of all parameters, each valued exactly for 30 customers; the expansion must give the same spread within
    # the noise of that number (a standard error of 6%).
    few = states_until("1997-09-30")
    few = make_states(
        few.frequency[::80], few.recency_days[::80], few.age_days[::80], mean_spend=few.mean_spend[::80],
        total_revenue=1.0, total_margin=0.3,
    )  # fmt: skip
    model, rng = fitted[name], np.random.default_rng(5)
    found = levers_of(model, spend, few)
    exact = []
    for theta, phi in zip(model.draw(120, rng), spend.draw(120, rng), strict=True):
        other = replace(spend, params=dict(zip(("p", "q", "gamma"), phi.tolist(), strict=True)))
        drawn = levers_of(_certain(model.with_params(theta)), _certain(other), few, draws=20)
        exact.append([lever.gain.value for lever in drawn.levers])
    ours = [(lever.gain.high - lever.gain.low) / 3.92 for lever in found.levers]
    assert ours == pytest.approx(np.std(exact, axis=0), rel=0.25)


def _certain(model):
    return replace(model, covariance=np.zeros_like(model.covariance))


def test_what_cannot_be_moved_is_withheld(fitted, spend, cdnow):
    found = by_name(levers_of(fitted["nbd"], spend, cdnow))
    assert "nobody ever leaves" in found["retention"].withheld
    assert np.isnan(found["retention"].gain).all()
    loyal = by_name(levers_of(exact_model("bg_nbd", 0.3, 60.0, 0.01, 9.0), spend, cdnow))
    assert "there is no point to gain" in loyal["retention"].withheld
    nobody = by_name(levers_of(fitted["bg_nbd"], spend, cdnow, dormancy_days=0))
    assert nobody["purchase"].withheld == "none of 2,357 customers is active."
    assert not nobody["margin"].withheld


def test_a_mean_instead_of_a_spend_model_and_no_uncertainty(fitted, spend, cdnow):
    plain = replace(spend, status="degenerate")
    result = levers_of(fitted["bg_nbd"], plain, cdnow)
    assert result.equity.low < result.equity.value < result.equity.high
    certain = levers_of(_certain(fitted["bg_nbd"]), _certain(spend), cdnow, erosion=(0.0,))
    assert certain.levers[-1].gain == pytest.approx((0.0, 0.0, 0.0), abs=1e-4)
    assert certain.equity.low == pytest.approx(certain.equity.high)


def test_messages(fitted, spend, cdnow):
    with pytest.raises(CxvalueError, match="per_customer=True"):
        levers_of(fitted["bg_nbd"], spend, cdnow.grouped())
    with pytest.raises(CxvalueError, match=r"cannot forecast: Nothing. Pass fit\(states, 'nbd'\) instead"):
        levers_of(replace(fitted["bg_nbd"], status="degenerate", reason="Nothing."), spend, cdnow)
    with pytest.raises(CxvalueError, match="The margin rate is not known"):
        levers_of(fitted["bg_nbd"], spend, replace(cdnow, total_revenue=0.0))
