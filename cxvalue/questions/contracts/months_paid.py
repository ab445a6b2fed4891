"""Discounted months that customers under contract pay for, from the chances at which they can leave."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cxvalue.foundation.arrays import Floats


def paid_by(factors: Floats) -> Floats:
    """Discounted months that who stays for 0, 1, 2, … months has paid by then."""
    return np.concatenate([[0.0], np.cumsum(factors)])


def reach_of_chances(horizon: int, step: int) -> NDArray[np.int64]:
    """Numbers of chances to leave, from none to as many as the horizon can hold."""
    return np.arange(math.ceil(horizon / step) + 2)


def discounted_months(stays: Floats, first: NDArray[np.int64], paid: Floats, step: int) -> Floats:
    """Expected discounted months of who can leave first after `first` months and then every `step` months.

    `stays` has in its last axis the probability to stay at so many chances.
    """
    months = np.minimum(first[..., None] + step * np.arange(stays.shape[-1]), paid.size - 1)
    return np.asarray(paid[months[..., 0]] + (stays[..., 1:] * np.diff(paid[months], axis=-1)).sum(axis=-1))


def paid_after(chances: NDArray[np.intp], begun: NDArray[np.intp], rest: Floats, paid: Floats, step: int) -> Floats:
    """Discounted months of who stays at so many chances to leave and leaves at the next."""
    horizon = paid.size - 1
    whole = np.minimum(begun + step * np.minimum(chances, horizon), horizon)
    more = np.append(np.diff(paid), 0.0)
    return paid[whole] + rest * more[whole]


def months_at_end(
    stays: Floats,
    share: float,
    begun: NDArray[np.int64],
    which: NDArray[np.intp],
    rest: Floats,
    paid: Floats,
    step: int,
) -> Floats:
    """Discounted months at one end of the interval of each customer, from the distribution of when they leave."""
    before = ((1 - stays[:, 1:]) < share).sum(axis=1)[which]
    return paid_after(before, begun[which], rest, paid, step)
