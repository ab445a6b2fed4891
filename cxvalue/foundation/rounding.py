"""What is left of zero when floats are added up: a spread, an error or a pivot that is rounding counts as exactly zero.

The mean of 3,000 equal numbers need not be that number, so their spread is 1e-16 instead of 0. Compared with 0 it passes as
a spread, and what is divided by it becomes a difference of several standard deviations. Every such question is asked here,
against the size of the numbers that were added up.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from cxvalue.foundation.arrays import Bools, Floats

ROUNDING = 1e-9
"""Share of a number's own size below which a difference is rounding: sums of a million floats stay well within it."""

LEAST_LEFT = 1e-10
"""Share of a column's sum of squares that others must leave unexplained, else it says nothing of its own."""


def settled(value: float, scale: float) -> float:
    """The value, or exactly 0 where it is no more than rounding of numbers as large as `scale`.

    >>> settled(0.1 + 0.2 - 0.3, 0.3), settled(1e-6, 0.3)
    (0.0, 1e-06)
    """
    return 0.0 if abs(value) <= ROUNDING * abs(scale) else float(value)


def spread_of(columns: ArrayLike) -> Floats:
    """Standard deviation of each column (over all its values, `ddof` 0); exactly 0 where they differ by rounding only.

    >>> spread_of(np.column_stack([np.full(3000, np.log1p(1.0)), np.arange(3000.0)])).round(1).tolist()
    [0.0, 866.0]
    """
    values = np.asarray(columns, dtype=float)
    if not len(values):
        return np.zeros(values.shape[1:])
    found = values.std(axis=0)
    return np.asarray(np.where(found <= ROUNDING * np.abs(values).max(axis=0), 0.0, found), dtype=np.float64)


def independent(*grams: Floats) -> Bools:
    """Which columns add something to those before them, in every one of several groups.

    A gram holds the sums of squares and products of the columns of one group, their means taken off. A column that is the
    same for everybody, or a sum of multiples of earlier ones, is False.

    >>> x = np.array([[1.0, 2.0, 0.0], [2.0, 4.0, 1.0], [4.0, 8.0, 0.0]])
    >>> off = x - x.mean(axis=0)
    >>> independent(off.T @ off).tolist()
    [True, False, True]
    """
    left = [np.array(gram, dtype=float) for gram in grams]
    whole = [np.diag(gram).copy() for gram in left]
    kept = np.zeros(len(whole[0]), dtype=bool)
    for k in range(kept.size):
        kept[k] = all(gram[k, k] > max(LEAST_LEFT * size[k], 0.0) for gram, size in zip(left, whole, strict=True))
        if kept[k]:
            left = [gram - np.outer(gram[:, k], gram[k]) / gram[k, k] for gram in left]
    return kept
