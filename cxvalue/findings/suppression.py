"""Small cells that must not be shown, and others that must go with them so that nobody can work them out.

A cell of fewer than k people is withheld. Totals give it back unless others are withheld too: cells are added until no
withheld one can be proven to be below k from everything that is published.
"""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import ArrayLike, NDArray

Mask = NDArray[np.bool_]

MOST_SETS = 200


def dominated(contributions: ArrayLike) -> bool:
    """Whether a sum of money gives away its largest part: what remains after the two largest is below 10% of the largest.

    >>> dominated([700, 250, 40, 10]), dominated([500, 300, 150, 50])
    (True, False)
    """
    sizes = np.sort(np.abs(np.asarray(contributions, dtype=float)))[::-1]
    return bool(sizes.size < 3 or sizes[2:].sum() < 0.1 * sizes[0])


def withheld_in_row(counts: ArrayLike, least: int) -> Mask:
    """Which of the counts must not be shown where their sum is known.

    Those above 0 and below `least`, and as many of the next smallest as it takes that what is left could be `least`.

    >>> withheld_in_row([3, 50, 12, 40], 10).tolist()
    [True, False, True, False]
    >>> withheld_in_row([3, 50, 9, 40], 10).tolist()
    [True, False, True, False]
    >>> withheld_in_row([0, 50, 40], 10).tolist()
    [False, False, False]
    """
    values = np.asarray(counts, dtype=float)
    hidden = (values > 0) & (values < least)
    for place in np.argsort(values, kind="stable"):
        if not hidden.any() or (hidden.sum() >= 2 and values[hidden].sum() >= least):
            break
        if values[place] > 0:
            hidden[place] = True
    return np.asarray(hidden)


def feasible(counts: ArrayLike, hidden: Mask) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The smallest and the largest that each withheld cell can be, from the shown ones and the totals of rows and columns.

    Shown cells are what they are. Nothing is assumed but that counts are not below 0.
    """
    table = np.asarray(counts, dtype=float)
    low, high = table.copy(), table.copy()
    for place in map(tuple, np.argwhere(hidden)):
        low[place], high[place] = (_end(table, hidden, place, sign) for sign in (1.0, -1.0))
    return low, high


def _end(table: NDArray[np.float64], hidden: Mask, place: tuple[int, ...], sign: float) -> float:
    """The smallest (sign 1) or largest (−1) value of a withheld cell."""
    from scipy.optimize import linprog

    places = np.argwhere(hidden)
    left = np.vstack(
        [places[:, 0] == i for i in range(table.shape[0])] + [places[:, 1] == j for j in range(table.shape[1])]
    )
    own = np.where(hidden, table, 0.0)
    right = np.concatenate([own.sum(axis=1), own.sum(axis=0)])
    goal = sign * (places == place).all(axis=1)
    return sign * float(linprog(goal, A_eq=left.astype(float), b_eq=right, bounds=(0, None), method="highs").fun)


def withheld_in_table(counts: ArrayLike, least: int) -> Mask:
    """Which cells of a table must not be shown where the totals of its rows and columns are.

    The small ones, and with them the fewest others that hold the smallest counts (all sets are tried while they are few,
    else one cell after another is added), until no small one can be proven to be below `least`.
    """
    table = np.asarray(counts, dtype=float)
    small = (table > 0) & (table < least)
    if not small.any() or _safe(table, small, small, least):
        return np.asarray(small)
    others = [tuple(place) for place in np.argwhere(~small & (table > 0))]
    others.sort(key=lambda place: table[place])
    tried = 0
    for size in range(1, len(others) + 1):
        tried += comb(len(others), size)
        if tried > MOST_SETS:
            break
        sets = sorted(combinations(others, size), key=lambda places: sum(table[place] for place in places))
        for places in sets:
            hidden = small.copy()
            for place in places:
                hidden[place] = True
            if _safe(table, hidden, small, least):
                return np.asarray(hidden)
    hidden = small.copy()
    for place in others:
        hidden[place] = True
        if _safe(table, hidden, small, least):
            break
    return np.asarray(hidden)


def _safe(table: NDArray[np.float64], hidden: Mask, small: Mask, least: int) -> bool:
    # A row or column with one withheld cell gives it back: no need to ask the programme.
    for axis in (0, 1):
        alone = (hidden.sum(axis=axis) == 1) & ((hidden & small).sum(axis=axis) == 1)
        if alone.any():
            return False
    return all(_end(table, hidden, place, -1.0) >= least - 1e-9 for place in map(tuple, np.argwhere(small)))
