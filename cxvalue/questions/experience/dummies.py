"""Texts as columns of zeros and ones, columns centred within groups, and least squares clustered by customer."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cxvalue.foundation.arrays import Bools, Floats, Places
from cxvalue.foundation.rounding import LEAST_LEFT, independent


def codes_of(values: NDArray[Any]) -> Places:
    """The number of each distinct value, from 0; missing ones are a value of their own."""
    import pandas as pd

    codes, _ = pd.factorize(values, use_na_sentinel=False)
    return np.asarray(codes, dtype=np.intp)


def dummies(values: NDArray[Any], least: int = 1) -> Floats:
    """A column for each value but the most frequent one; values on fewer than `least` rows share that one's place.

    >>> dummies(np.array(["a", "a", "b"], dtype=object)).tolist()
    [[0.0], [0.0], [1.0]]
    """
    codes = codes_of(values)
    counts = np.bincount(codes)
    kept = [code for code in np.argsort(-counts, kind="stable")[1:] if counts[code] >= least]
    return np.asarray((codes[:, None] == np.array(kept, dtype=np.intp)[None, :]).astype(float))


def centred(columns: Floats, group: Places) -> Floats:
    """Columns less their mean within each group."""
    count = np.maximum(np.bincount(group), 1)
    table = columns.reshape(len(group), -1)
    mean = np.column_stack([np.bincount(group, table[:, j]) / count for j in range(table.shape[1])])
    out: Floats = table - mean[group]
    return out if columns.ndim > 1 else out[:, 0]


def cluster_sums(influence: Floats, cluster: Places) -> Floats:
    """Influences added up within clusters: clusters x columns."""
    table = influence.reshape(len(cluster), -1)
    return np.column_stack([np.bincount(cluster, table[:, j]) for j in range(table.shape[1])])


class Slopes(NamedTuple):
    """Coefficients, each row's influence on them (rows x coefficients) and which columns were kept.

    A column that the others explain has the coefficient NaN.
    """

    beta: Floats
    influence: Floats
    kept: Bools

    def covariance(self, cluster: Places) -> Floats:
        """Covariance of the coefficients, rows going together within clusters: CR1 without a correction for columns."""
        sums = cluster_sums(self.influence, cluster)
        groups = int(np.count_nonzero(np.bincount(cluster)))
        return np.asarray(sums.T @ sums * groups / max(groups - 1, 1))


def slopes_clustered(y: Floats, x: Floats, group: Places | None = None) -> Slopes:
    """Least squares of y on the columns of x, both centred within `group` (over all rows where there is none).

    >>> x = np.array([[0.0], [1.0], [0.0], [1.0]])
    >>> slopes_clustered(np.array([0.0, 2.0, 5.0, 7.0]), x, np.array([0, 0, 1, 1])).beta.tolist()
    [2.0]
    """
    within = np.zeros(len(y), dtype=np.intp) if group is None else group
    design, outcome = centred(x, within), centred(y, within)
    gram = design.T @ design
    kept = independent(gram) & (np.diag(gram) > LEAST_LEFT * (x**2).sum(axis=0))
    scale = np.sqrt(np.where(kept, np.diag(gram), 1.0))
    unit = design / scale
    chosen = unit[:, kept]
    bread = np.linalg.inv(chosen.T @ chosen) if kept.any() else np.zeros((0, 0))
    coefficients = bread @ (chosen.T @ outcome)
    residual = outcome - chosen @ coefficients
    beta = np.full(x.shape[1], np.nan)
    beta[kept] = coefficients / scale[kept]
    influence = np.full((len(y), x.shape[1]), np.nan)
    influence[:, kept] = (residual[:, None] * (chosen @ bread)) / scale[kept]
    return Slopes(beta, influence, kept)
