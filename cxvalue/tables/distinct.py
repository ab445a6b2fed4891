"""Equal rows of whole-number columns, found by one sort of one packed number a row."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["distinct_rows"]

_PACKED = 2**62


def distinct_rows(*columns: NDArray[Any]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """A row of each distinct combination, in ascending order of the columns, and which combination each row has.

    >>> rows, which = distinct_rows(np.array([1, 0, 1]), np.array([5, 7, 5]))
    >>> rows.tolist(), which.tolist()
    ([1, 0], [1, 0, 1])
    """
    whole = [np.asarray(column, dtype=np.int64) for column in columns]
    size = whole[0].size
    if not size:
        return np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.intp)
    key, room = np.zeros(size, dtype=np.int64), 1
    for column in whole:
        low, high = int(column.min()), int(column.max())
        span = high - low + 1
        if room * span >= _PACKED:
            # Too wide to pack: number the combinations so far, which takes no more room than there are rows.
            key = np.unique(key, return_inverse=True)[1].reshape(-1).astype(np.int64)
            column, room = np.unique(column, return_inverse=True)[1].reshape(-1), size
            low, span = 0, int(column.max()) + 1
        key *= span
        key += column - low
        room *= span
    order = np.argsort(key)
    ordered = key[order]
    changed = np.ones(size, dtype=bool)
    np.not_equal(ordered[1:], ordered[:-1], out=changed[1:])
    del ordered
    which = np.empty(size, dtype=np.intp)
    which[order] = np.cumsum(changed) - 1
    # The earliest row of each combination, whatever the sort did with equal ones.
    starts = np.flatnonzero(changed)
    return np.minimum.reduceat(order, starts), which
