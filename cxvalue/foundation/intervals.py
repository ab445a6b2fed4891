"""Ends of an interval from draws, at ranks that are right for however few draws there are."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["interval_ends"]


def interval_ends(
    draws: ArrayLike, level: float = 0.95, axis: int = 0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lower and upper end of the interval that holds a further draw with probability `level`.

    A further draw falls below the k-th smallest of n with probability k / (n + 1) (Weibull 1939), so the ends stand at
    the ranks p (n + 1). The usual interpolation, at 1 + p (n - 1), holds only 94.1% for 200 draws and 94.5% for 400.

    >>> [round(float(end), 9) for end in interval_ends(np.arange(1, 200))]
    [5.0, 195.0]
    """
    tail = (1 - level) / 2
    ends = np.quantile(np.asarray(draws, dtype=float), [tail, 1 - tail], axis=axis, method="weibull")
    return ends[0], ends[1]
