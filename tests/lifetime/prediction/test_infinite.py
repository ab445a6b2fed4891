"""Values without an end: the published DERT of CDNOW, closed forms, limits, and a simulation."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from scipy.special import expn

from cxvalue.foundation.errors import CxvalueError
from cxvalue.lifetime import dert, residual_value
from cxvalue.lifetime.families.quadrature import discounted_tail
from tests.lifetime.conftest import exact_model, make_states

DELTA = 0.0027  # per week, as in the published grid
FIVE = make_states([0, 1, 2, 7, 26], [0, 12, 213, 206, 216], [272, 272, 272, 272, 217])


@pytest.mark.parametrize(
    ("rate", "published"),
    [
        (0.15, (0.47845, 0.76459, 6.50269, 16.58805, 86.28354)),
        (0.10, (0.60037, 0.95942, 8.15969, 20.81497, 107.77696)),
    ],
)
def test_pareto_dert_of_five_customers(rate, published):
    # BTYD 2.4.3 `pnbd.DERT`, cross-checked with CLVTools 0.12.1; they count 52 weeks a year, this package 365.25 / 7.
    as_52_weeks = (1 + rate) ** (365.25 / 7 / 52) - 1
    theirs = exact_model("pareto_nbd", 0.553270, 10.577801, 0.606020, 11.663915)
    assert dert(theirs, FIVE, as_52_weeks) == pytest.approx(published, rel=2e-4)


def test_sums_over_cdnow(fitted, spend, cdnow):
    # CLVTools 0.12.1 at its own parameters: 7,207.84, and 261,615 of revenue times the expected spend; BTYD 7,208.06.
    as_52_weeks = 1.15 ** (365.25 / 7 / 52) - 1
    theirs = exact_model("pareto_nbd", 0.553270, 10.577801, 0.606020, 11.663915)
    assert dert(theirs, cdnow, as_52_weeks).sum() == pytest.approx(7207.84, abs=0.01)
    assert residual_value(theirs, spend, cdnow, as_52_weeks, margin_rate=1.0).sum() == pytest.approx(261_615, abs=10)
    # The likelihood is flat in beta, and so the fit here may differ from theirs in the fourth digit.
    assert dert(fitted["pareto_nbd"], cdnow, as_52_weeks).sum() == pytest.approx(7208.06, rel=5e-4)
    ours = residual_value(fitted["pareto_nbd"], spend, cdnow, as_52_weeks)
    assert ours.sum() == pytest.approx(0.3 * 261_615, rel=5e-4)


def test_pareto_dert_grid():
    # Fader, Hardie and Lee (2005) with rounded parameters, T = 77.86 weeks, delta = 0.0027 a week (BTYD, re-run).
    model = exact_model("pareto_nbd", 0.553, 10.578, 0.606, 11.669)
    rate = np.expm1(DELTA * 365.25 / 7)
    grid = {
        0: ((0.0, 0.1815),),
        1: ((10, 0.4515), (30, 1.4263), (60, 2.6709), (70, 2.9524), (77.86, 3.1344)),
        5: ((10, 0.0153), (30, 0.8970), (60, 8.6751), (70, 10.4241), (77.86, 11.2075)),
        14: ((10, 0.0000), (30, 0.0056), (60, 13.5792), (70, 26.1721), (77.86, 29.3721)),
    }
    for x, cells in grid.items():
        recency = [round(t * 100) for t, _ in cells]
        # Recency in hundredths of a week, which no whole number of days would hit.
        states = make_states([x] * len(cells), recency, [7786] * len(cells), unit="day")
        scaled = exact_model("pareto_nbd", 0.553, 1057.8, 0.606, 1166.9, unit="day")
        found = dert(scaled, states, np.expm1(DELTA / 100 * 365.25))
        assert found == pytest.approx([value for _, value in cells], abs=6e-5)
    assert dert(model, make_states([0], [0], [545]), rate) == pytest.approx(0.1815, abs=2e-4)


@pytest.mark.parametrize("s", [1, 2, 3, 40])
def test_the_special_function_is_the_exponential_integral(s):
    z = np.array([1e-8, 1e-3, 0.1, 1.0, 7.0, 50.0])
    assert discounted_tail(np.array(float(s)), z) == pytest.approx(np.exp(z) * expn(s, z), rel=1e-10)


@pytest.mark.parametrize(("s", "z"), [(0.05, 1e-5), (0.606, 0.031), (0.999999, 2.0), (0.4, 30.0), (700.0, 1e-4)])
def test_the_special_function_is_its_integral(s, z):
    # Another integral for the same function, with another variable and another rule (adaptive, scipy).
    from scipy.integrate import quad

    ends = np.concatenate([[0.0], np.geomspace(1e-3 / (s + z), 60 / z, 40)])
    pieces = list(pairwise(ends))
    known = sum(quad(lambda u: np.exp(-z * u) * (1 + u) ** -s, *p, epsabs=1e-300, epsrel=1e-10)[0] for p in pieces)
    assert float(discounted_tail(np.array(s), np.array(z))) == pytest.approx(known, rel=1e-8)


@pytest.mark.parametrize("name", ["bg_nbd", "mbg_nbd", "pareto_nbd"])
def test_a_long_finite_horizon_comes_near(fitted, name):
    # delta x the integral of exp(-delta t) E[X(t)], by parts, on a fine grid to 600 years at 30% a year.
    model, rate = fitted[name], 0.30
    delta = np.log1p(rate) / (365.25 / 7)
    u = (np.arange(1500) + 0.5) / 1500 * 45  # delta t
    alive = model.family.alive(model.values, *model.history_of(FIVE))
    x, _, age = model.history_of(FIVE)
    future = tuple(np.broadcast_to(v, x.shape) for v in model.family.posterior(model.values, x, age))
    path = model.family.expected(future, (u / delta)[None, :])
    limit = alive * (path @ np.exp(-u)) * (45 / 1500)
    assert dert(model, FIVE, rate) == pytest.approx(limit, rel=3e-4)


@pytest.mark.parametrize("name", ["bg_nbd", "mbg_nbd", "pareto_nbd"])
def test_dert_falls_in_the_rate_to_nothing(fitted, cdnow, name):
    totals = [dert(fitted[name], cdnow, rate) for rate in (0.01, 0.1, 0.15, 1.0, 9.9)]
    assert all((low < high).all() for high, low in pairwise(totals))
    delta = np.log1p(9.9) / (365.25 / 7)
    x, _, age = fitted[name].history_of(cdnow)
    r, alpha = fitted[name].values[:2]
    # At a large rate only the first purchases count: at most the present pace / delta.
    assert (totals[-1] <= (r + x) / (alpha + age) / delta).all()
    assert totals[-1].sum() < 0.15 * totals[1].sum()
    # And as delta grows without bounds, nothing: h(s, z) goes to 1 / z.
    s = np.array([0.05, 0.6, 1.0, 30.0])
    assert discounted_tail(s, np.array(1e9)) * 1e9 == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("name", ["bg_nbd", "mbg_nbd", "pareto_nbd"])
def test_days_and_weeks_agree(fitted, name):
    model = fitted[name]
    scale = {"alpha": 7.0, "beta": 7.0}
    daily = exact_model(name, *(value * scale.get(key, 1.0) for key, value in model.params.items()), unit="day")
    assert dert(daily, FIVE, 0.15) == pytest.approx(dert(model, FIVE, 0.15), rel=1e-9)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [("bg_nbd", (0.6, 6.0, 0.8, 3.0)), ("bg_nbd", (2.0, 1e-2, 2e-3, 5.0)), ("mbg_nbd", (0.3, 40.0, 1.0, 1e-2))],
)
def test_dert_is_the_mean_over_rates_and_dropouts(name, parameters):
    # Given lambda and p the discounted sum is lambda / (delta + lambda p); the mean over two million draws of both.
    model, rng = exact_model(name, *parameters), np.random.default_rng(3)
    states = make_states([2], [60], [70])
    r, alpha, a, b = (float(v[0]) for v in model.family.posterior(model.values, np.array([2.0]), np.array([10.0])))
    rates, leaving = rng.gamma(r, 1 / alpha, 2_000_000), rng.beta(a, b, 2_000_000)
    delta = np.log(1.12) / (365.25 / 7)
    drawn = rates / (delta + rates * leaving)
    found = dert(model, states, 0.12) / model.p_alive(states)
    assert found == pytest.approx(drawn.mean(), abs=4 * drawn.std() / drawn.size**0.5)


def test_extreme_parameters_stay_finite():
    states = make_states([0, 1, 3000, 50], [0, 1, 3650, 10], [0, 3650, 3650, 3650], unit="day")
    for name, parameters in (
        ("bg_nbd", (1e-3, 1e4, 1e-3, 1e-3)),
        ("bg_nbd", (5.0, 1e-4, 1.0, 900.0)),
        ("mbg_nbd", (0.5, 5.0, 3e-3, 900.0)),
        ("pareto_nbd", (1e-3, 1e4, 1.0, 1e-3)),
        ("pareto_nbd", (20.0, 0.1, 60.0, 7700.0)),
    ):
        found = dert(exact_model(name, *parameters, unit="day"), states, 0.1)
        assert np.isfinite(found).all(), name
        assert (found >= 0).all(), name


def test_what_cannot_be_told_is_withheld(fitted, spend, cdnow):
    with pytest.raises(
        CxvalueError, match=r"withheld: in the NBD nobody ever leaves. Use customer_value with a horizon"
    ):
        dert(fitted["nbd"], cdnow, 0.1)
    lost = replace(fitted["bg_nbd"], status="degenerate", reason="No dropout can be identified.")
    with pytest.raises(CxvalueError, match="withheld: No dropout can be identified"):
        residual_value(lost, spend, cdnow, 0.1)
    with pytest.raises(CxvalueError, match="must be an effective annual rate above 0"):
        dert(fitted["bg_nbd"], cdnow, 0.0)
    with pytest.raises(CxvalueError, match="The margin rate is not known"):
        residual_value(fitted["bg_nbd"], spend, make_states([0], [0], [9], mean_spend=np.array([np.nan])), 0.1)
