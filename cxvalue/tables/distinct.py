"""Equal rows of whole-number columns, found by counting or sorting one packed number a row."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_PACKED = 2**62
_TABLE = 8
"""Numbers a row for which a table is made."""


def distinct_numbers(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """The distinct ones of many whole numbers, ascending: NumPy looks them up one by one, which takes fifty times as long.

    >>> distinct_numbers(np.array([3, -1, 3])).tolist()
    [-1, 3]
    """
    ordered = np.sort(numbers, kind="stable")  # takes next to nothing where they are in order already
    changed = np.ones(ordered.size, dtype=bool)
    np.not_equal(ordered[1:], ordered[:-1], out=changed[1:])
    return ordered[changed]


def distinct_rows(*columns: NDArray[Any]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """A row of each distinct combination, in ascending order of the columns, and which combination each row has.

    >>> rows, which = distinct_rows(np.array([1, 0, 1]), np.array([5, 7, 5]))
    >>> rows.tolist(), which.tolist()
    ([1, 0], [1, 0, 1])
    """
    size = np.asarray(columns[0]).size
    if not size:
        return np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.intp)
    key, room, _ = _packed(columns)
    if room <= _TABLE * size:
        # A table of the numbers that may occur spares the sort.
        kind: Any = np.int32 if size < 2**31 else np.intp  # the table is what takes memory
        first = np.full(room, size, dtype=kind)
        first[key[::-1]] = np.arange(
            size - 1, -1, -1, dtype=kind
        )  # of equal rows the last one assigned stays, the earliest
        there = first < size
        rows = first[there].astype(np.intp)
        del first
        which = np.cumsum(there, dtype=kind)[key].astype(np.intp)
        which -= 1
        return rows, which
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


def distinct_counts(
    columns: tuple[NDArray[np.intp], ...], weight: NDArray[np.float64]
) -> tuple[tuple[NDArray[np.intp], ...], NDArray[np.float64]]:
    """The distinct combinations of columns of numbers from 0, in ascending order, and the sum of the weights of each.

    >>> distinct, total = distinct_counts((np.array([1, 0, 1]), np.array([5, 7, 5])), np.ones(3))
    >>> [column.tolist() for column in distinct], total.tolist()
    ([[0, 1], [7, 5]], [1.0, 2.0])
    """
    if weight.size and (weight == weight[0]).all():
        key, _, spans = _packed(columns)
        if spans:
            # Equal weights: a plain sort, which is several times faster than one that remembers the order.
            key.sort()
            starts = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]]))
            total = np.diff(np.append(starts, key.size)) * weight[0]
            rest, found = key[starts], []
            for low, span in reversed(spans):
                rest, part = np.divmod(rest, span)
                found.append(part + low)
            return tuple(reversed(found)), total
    rows, which = distinct_rows(*columns)
    return tuple(column[rows] for column in columns), np.bincount(which, weight, rows.size).astype(np.float64)


def _packed(columns: tuple[NDArray[Any], ...]) -> tuple[NDArray[np.int64], int, list[tuple[int, int]]]:
    """One number a row, how many such numbers there may be, and (lowest value, span) of each column to unpack it.

    The last are none where that cannot be done.
    """
    whole = [np.asarray(column, dtype=np.int64) for column in columns]
    size = whole[0].size
    key, room, spans = np.zeros(size, dtype=np.int64), 1, []
    unpacks = True
    for column in whole:
        low, high = int(column.min()), int(column.max())
        span = high - low + 1
        if room * span >= _PACKED:
            # Too wide to pack: number the combinations so far, which takes no more room than there are rows.
            key = np.unique(key, return_inverse=True)[1].reshape(-1).astype(np.int64)
            column, room = np.unique(column, return_inverse=True)[1].reshape(-1), size
            low, span, unpacks = 0, int(column.max()) + 1, False
        key *= span
        key += column - low
        room *= span
        spans.append((low, span))
    return key, room, spans if unpacks else []
