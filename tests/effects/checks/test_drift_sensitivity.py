"""Ranges that allow for drifts: the published table of HonestDiD, another optimiser, coverage under the worst drift."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.optimize import minimize

from cxvalue.effects.checks.drift_sensitivity import (
    bent_drift_breakdown,
    bent_drift_interval,
    plain_covariance,
    steady_drift_breakdown,
    steady_drift_interval,
)
from cxvalue.effects.checks.what_if import mean_distance
from cxvalue.effects.estimators.group_time import group_time
from tests.effects.data import mpdta

MEDICAID = np.array([-6, -5, -4, -3, -2, 0, 1])


def medicaid() -> tuple[np.ndarray, np.ndarray]:
    """Event study of the 2014 expansion by two-way fixed effects, with its covariance clustered by state as fixest has it.

    The sample of HonestDiD's README: until 2015, states that expanded in 2014 against those that had not by 2015.
    """
    import moderndid

    data = moderndid.load_ehec().to_pandas()
    data = data[(data["year"] < 2016) & (data["yexp2"].isna() | (data["yexp2"] != 2015))]
    assert (len(data), data["stfips"].nunique()) == (344, 43)
    y, early = data["dins"].to_numpy(float), (data["yexp2"] == 2014).to_numpy(float)
    years = [year for year in sorted(data["year"].unique()) if year != 2013]
    others = np.column_stack([pd.get_dummies(data["stfips"]), pd.get_dummies(data["year"], drop_first=True)]).astype(
        float
    )
    x = np.column_stack([early * (data["year"] == year) for year in years])
    x, y = (values - others @ np.linalg.lstsq(others, values, rcond=None)[0] for values in (x, y))
    bread = np.linalg.inv(x.T @ x)
    beta = bread @ x.T @ y
    state = pd.factorize(data["stfips"])[0]
    scores = np.zeros((43, 7))
    np.add.at(scores, state, x * (y - x @ beta)[:, None])
    # The state effects lie within the clusters and are not counted: 7 coefficients and 8 years.
    return beta, 43 / 42 * 343 / (344 - 15) * bread @ scores.T @ scores @ bread


def test_the_published_ranges_of_medicaid_are_reproduced() -> None:
    """R HonestDiD, Δ^SD, effect in the first year (README of asheshrambachan/HonestDiD, Mixtape-Sessions Advanced-DID)."""
    beta, covariance = medicaid()
    assert beta == pytest.approx([-0.005285, -0.011297, -0.002676, -0.001419, 0.000340, 0.046447, 0.069206], abs=1e-6)
    published = {0.0: (0.0259, 0.0607), 0.01: (0.0132, 0.0787), 0.02: (0.00286, 0.0907), 0.03: (-0.00714, 0.101)}
    for bend, (low, high) in published.items():
        found = bent_drift_interval(MEDICAID, beta, covariance, [1.0, 0.0], bend)
        assert found.low == pytest.approx(low, abs=1e-4)
        assert found.high == pytest.approx(high, abs=4e-4)  # printed with three digits
        assert found.proven == (bend < 0.03)
    breakdown = bent_drift_breakdown(MEDICAID, beta, covariance, [1.0, 0.0])
    assert 0.02 < breakdown < 0.03
    assert bent_drift_interval(MEDICAID, beta, covariance, [1.0, 0.0], breakdown).low == pytest.approx(0.0, abs=1e-8)


@pytest.mark.parametrize("bend", [0.0, 0.05, 0.3, 2.0])
def test_no_other_estimator_has_a_shorter_range(bend: float) -> None:
    """The half length minimised over all weights before the start by a general optimiser (Nelder and Mead)."""
    rng = np.random.default_rng(4)
    months = np.array([-5, -4, -3, -2, 0, 1, 2])
    root = rng.standard_normal((7, 9))
    covariance, share = root @ root.T, np.array([0.5, 0.3, 0.2])

    def half(free: np.ndarray) -> float:
        pre = np.append(free, 0.0)
        # No straight drift may move it: the last weight takes what the others leave of the lever.
        pre[-1] = share @ (months[4:] + 1.0) - pre[:-1] @ (-1.0 - months[:3])
        v = np.concatenate([pre, share])
        bends = np.arange(-4, 2)
        moved = [
            v @ np.where(s >= -1, np.maximum(months - s, 0), np.maximum(s - months, 0) * (months < s)) for s in bends
        ]
        bias, se = bend * np.abs(moved).sum(), np.sqrt(v @ covariance @ v)
        return float(se * np.sqrt(stats.ncx2.ppf(0.95, 1, (bias / se) ** 2)) if bias else 1.959964 * se)

    best = min(
        minimize(half, start, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-11, "maxiter": 6000}).fun
        for start in rng.standard_normal((3, 3))
    )
    found = bent_drift_interval(months, np.zeros(7), covariance, share, bend)
    assert found.high == pytest.approx(best, rel=1e-5)


def test_ranges_cover_the_worst_drift_and_no_more() -> None:
    """A straight drift of any size, with the bends that move the estimator most: 95% of 200 draws."""
    rng = np.random.default_rng(6)
    months = np.array([-6, -5, -4, -3, -2, 0, 1, 2])
    covariance = 0.04 * (np.eye(8) + 1.0)
    share, bend = np.ones(3), 0.05
    slope = bent_drift_interval(months, months + 1.0, covariance, share, bend).value
    assert slope == pytest.approx(0.0, abs=1e-9)
    curves = [np.maximum(months - s, 0.0) if s >= -1 else np.maximum(s - months, 0.0) for s in range(-5, 2)]
    moved = [bent_drift_interval(months, curve, covariance, share, bend).value for curve in curves]
    for straight, worst in ((0.7, 1.0), (-3.0, -1.0)):
        drift = straight * (months + 1) + worst * bend * sum(
            np.sign(by) * curve for by, curve in zip(moved, curves, strict=True)
        )
        # The effect is 2 in every month; what the mean of the drift adds to it is no part of it.
        draws = rng.multivariate_normal(2.0 * (months >= 0) + drift, covariance, 200)
        ranges = [bent_drift_interval(months, draw, covariance, share, bend) for draw in draws]
        inside = [found.low <= 2.0 <= found.high for found in ranges]
        assert 0.89 < np.mean(inside) < 0.99


def test_a_steady_drift_is_the_plain_case() -> None:
    assert steady_drift_breakdown(1.0, 1.0, 5.0) is None
    found = steady_drift_breakdown(-8.0, 1.0, 4.0, df=20)
    at_it = steady_drift_interval(-8.0, 1.0, 4.0, found, df=20)
    assert at_it.high == pytest.approx(0.0, abs=1e-7)
    assert (at_it.low, at_it.worst_bias) == (pytest.approx(-16.0), pytest.approx(4 * found))
    narrow = steady_drift_interval(3.0, 1.0, 4.0, 0.0)
    assert (narrow.low, narrow.high) == (pytest.approx(3 - 1.959964), pytest.approx(3 + 1.959964))


def test_the_distance_is_what_a_drift_of_one_adds() -> None:
    counties = mpdta()
    number = np.arange(counties.months.count)
    risen = replace(
        counties, total=counties.total + counties.customers * (counties.treated[:, None] * number)[:, None, :]
    )
    for months in (1, 12):
        plain, drifted = (group_time(panel, base_months=months, never_only=True) for panel in (counties, risen))
        assert drifted.overall - plain.overall == pytest.approx(mean_distance(plain, months), abs=1e-9)


def test_a_simple_covariance_is_found_again_and_few_units_do_not_pass_for_certainty() -> None:
    rng = np.random.default_rng(2)
    months = np.delete(np.arange(-20, 20), 19)
    weight = np.ones(len(months))
    true = 0.5 * (np.eye(len(months)) + 1.0)
    assert plain_covariance(months, true, weight) == pytest.approx(true, rel=0.01, abs=0.01)
    off = rng.multivariate_normal(np.zeros(len(months)), true, 12)
    rough = off.T @ off / 12  # of 12 units: 27 directions look free of error
    found = bent_drift_interval(
        months, weight, rough, np.ones(20), 0.0, working=plain_covariance(months, rough, weight)
    )
    honest = bent_drift_interval(months, weight, true, np.ones(20), 0.0)
    assert 0.4 * honest.se < found.se < 2.5 * honest.se


def test_two_years_of_months_take_less_than_two_seconds() -> None:
    months = np.delete(np.arange(-25, 24), 24)
    rng = np.random.default_rng(1)
    root = rng.standard_normal((48, 80))
    covariance = 0.01 * root @ root.T + np.eye(48)
    began = time.process_time()
    assert bent_drift_breakdown(months, 6.0 * (months >= 0), covariance, np.ones(24)) is not None
    assert time.process_time() - began < 2.0


def test_what_can_not_be_asked_is_refused() -> None:
    assert bent_drift_interval(np.array([0, 1]), [1.0, 1.0], np.eye(2), [1.0, 1.0], 0.0) is None
    with pytest.raises(ValueError, match="consecutive"):
        bent_drift_interval(np.array([-4, -2, 0]), [0.0, 0.0, 1.0], np.eye(3), [1.0], 0.0)
