"""Least squares within groups, clustered: against statsmodels with dummies of its own."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.stats import norm

from cxvalue.questions.experience.dummies import centred, codes_of, dummies, slopes_clustered


def test_slopes_and_errors_are_those_of_a_regression_with_dummies() -> None:
    rng = np.random.default_rng(1)
    group, cluster = rng.integers(0, 7, 400), rng.integers(0, 60, 400)
    x = rng.standard_normal((400, 2)) + group[:, None]
    y = x @ [1.0, -2.0] + group + rng.standard_normal(60)[cluster] + rng.standard_normal(400)
    found = slopes_clustered(y, x, group)
    full = sm.OLS(y, np.column_stack([x, np.eye(7)[group]]))
    told = full.fit(cov_type="cluster", cov_kwds={"groups": cluster, "use_correction": False})
    assert found.beta == pytest.approx(told.params[:2], rel=1e-9)
    groups = np.unique(cluster).size
    expected = told.cov_params()[:2, :2] * groups / (groups - 1)
    assert found.covariance(codes_of(cluster)) == pytest.approx(expected, rel=1e-9)


def test_a_column_that_others_explain_is_left_out() -> None:
    x = np.array([[1.0, 2.0, 5.0], [2.0, 4.0, 5.0], [4.0, 8.0, 5.0], [3.0, 6.0, 5.0]])
    found = slopes_clustered(np.array([1.0, 2.0, 4.0, 3.0]), x)
    assert found.kept.tolist() == [True, False, False]
    assert found.beta[0] == pytest.approx(1.0)
    assert np.isnan(found.beta[1:]).all()


def test_rare_values_stand_with_the_most_frequent_one() -> None:
    values = np.array(["a"] * 5 + ["b"] * 3 + ["c"], dtype=object)
    assert dummies(values, least=2).sum(axis=0).tolist() == [3.0]
    assert codes_of(np.array(["a", None, "a", None], dtype=object)).tolist() == [0, 1, 0, 1]
    assert centred(np.array([1.0, 3.0, 5.0]), np.array([0, 0, 1])).tolist() == [-1.0, 1.0, 0.0]


def test_low_scorers_rise_by_themselves_and_not_given_where_they_stood() -> None:
    """Regression to the mean: the mean below a cut c rises by (1 - rho) phi(c) / Phi(c), below -1 SD at .5 by .762568."""
    rng = np.random.default_rng(6)
    n = 400_000
    before = rng.standard_normal(n)
    for cut, rho, rise in ((-1.0, 0.5, 0.762568), (-0.5, 0.6, 0.456431)):
        assert (1 - rho) * norm.pdf(cut) / norm.cdf(cut) == pytest.approx(rise, abs=5e-7)
        after = rho * before + np.sqrt(1 - rho**2) * rng.standard_normal(n)
        low = before < cut
        assert (after - before)[low].mean() == pytest.approx(rise, abs=0.01)
        columns, one = np.column_stack([low.astype(float), before]), np.zeros(n, dtype=np.intp)
        assert slopes_clustered(after, columns, one).beta[0] == pytest.approx(0.0, abs=0.02)


def test_admissions_of_berkeley_turn_round_within_departments() -> None:
    """Bickel, Hammel and O'Connell 1975: men 44.5%, women 30.4%; Mantel and Haenszel's odds ratio is .904697."""
    told = np.array([[512, 313, 89, 19], [353, 207, 17, 8], [120, 205, 202, 391], [138, 279, 131, 244], [53, 138, 94, 299],
                     [22, 351, 24, 317]])  # fmt: skip
    man = np.concatenate([np.repeat([1.0, 1.0, 0.0, 0.0], row) for row in told])
    admitted = np.concatenate([np.repeat([1.0, 0.0, 1.0, 0.0], row) for row in told])
    department = np.repeat(np.arange(6), told.sum(axis=1))
    assert admitted[man == 1].mean() == pytest.approx(0.445188, abs=5e-7)
    assert admitted[man == 0].mean() == pytest.approx(0.303542, abs=5e-7)
    every = told.sum(axis=1)
    odds = (told[:, 0] * told[:, 3] / every).sum() / (told[:, 1] * told[:, 2] / every).sum()
    assert odds == pytest.approx(0.904697, abs=5e-7)
    men, women = told[:, :2].sum(axis=1), told[:, 2:].sum(axis=1)
    weight = men * women / every
    within = (weight * (told[:, 0] / men - told[:, 2] / women)).sum() / weight.sum()
    found = slopes_clustered(admitted, man[:, None], department.astype(np.intp)).beta[0]
    assert found == pytest.approx(within)
    assert within < 0 < slopes_clustered(admitted, man[:, None], np.zeros(man.size, dtype=np.intp)).beta[0]


@pytest.mark.parametrize(
    ("rho", "months", "units", "bias"),
    [(0.5, 6, 40_000, -0.275641), (0.5, 12, 20_000, -0.133936), (0.8, 36, 4000, -0.055142)],
)
def test_a_lagged_outcome_within_units_is_biased_by_as_much_as_nickell_says(
    rho: float, months: int, units: int, bias: float
) -> None:
    """Why no link here has yesterday's outcome beside dummies of units: .5 over 6 months comes out as .22 (Nickell 1981)."""
    rng = np.random.default_rng(1)
    level = rng.standard_normal(units)
    y = [level / (1 - rho) + rng.standard_normal(units) / np.sqrt(1 - rho**2)]
    for _ in range(months):
        y.append(level + rho * y[-1] + rng.standard_normal(units))
    path = np.column_stack(y)
    unit = np.repeat(np.arange(units), months)
    found = slopes_clustered(path[:, 1:].ravel(), path[:, :-1].reshape(-1, 1), unit)
    assert found.beta[0] - rho == pytest.approx(bias, abs=0.006)
