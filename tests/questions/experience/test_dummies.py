"""Least squares within groups, clustered: against statsmodels with dummies of its own."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

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
