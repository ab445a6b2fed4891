"""Small cells that must not be shown, and others that must go with them so that nobody can work them out.

A cell of fewer than k people is withheld. A known sum gives it back unless others are withheld too: cells are added until
those withheld could be k people together.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Mask = NDArray[np.bool_]


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
