"""How many whole periods members were there: contracts, staff, or whoever begins on one day and may end on another.

A *member* is followed from the day on which the data begins, or from the own beginning where that is later (late entry),
to the own end or to the last day observed. What ended before it could be seen is left out, so that those who
stay are not counted without those who left.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cxvalue.timeunit import DAYS_PER_MONTH

__all__ = ["OPEN", "Spells", "spells"]

OPEN = int(np.iinfo(np.int64).max // 4)
"""The last day of what has not ended, in days."""

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Spells:
    """Whole periods of each member: observed from the age `entry` on, there for `renewed` of them, then `ended` or not.

    `kept` marks the members that at least one whole period of observation covers; the others hold no information.
    """

    kept: NDArray[np.bool_]
    entry: Ints
    renewed: Ints
    ended: NDArray[np.bool_]

    @property
    def periods(self) -> Ints:
        """Periods in which each member could be seen to end."""
        return self.renewed - self.entry + self.ended


def spells(
    start: ArrayLike,
    end: ArrayLike,
    *,
    until: int,
    observed_from: int,
    period_days: float = DAYS_PER_MONTH,
    grace_days: float = 0.0,
) -> Spells:
    """Count whole periods up to the end of the day `until`; days are numbers, `OPEN` for who has not ended.

    What ended within its t-th period was there for t - 1 of them. What has not ended, or ended in a period that was not
    over on that day, counts up to its last whole period, so that nobody is counted as leaving in a period for which
    those who stay are not yet counted. With `grace_days` every period after the first begins so much later: an end a few
    days after an anniversary belongs to it.

    >>> found = spells([0, 0], [45, OPEN], until=100, observed_from=0)
    >>> found.renewed.tolist(), found.ended.tolist()
    ([1, 3], [True, False])
    """
    first, last_day = np.asarray(start, dtype=np.int64), np.asarray(end, dtype=np.int64)

    def age(day: NDArray[np.int64] | int) -> NDArray[np.float64]:
        return np.asarray((day - first - grace_days) / period_days)

    seen = np.maximum(np.floor(age(until)), 0).astype(np.int64)
    last = np.maximum(np.ceil(age(np.minimum(last_day, until + 1))), 1).astype(np.int64)
    ended = (last_day <= until) & (last <= seen)
    entry = np.maximum(np.ceil(age(observed_from)), 0).astype(np.int64)
    renewed = np.where(ended, last - 1, np.minimum(seen, np.where(last_day <= until, last - 1, seen)))
    kept = (first <= until) & (renewed >= entry) & (ended | (renewed > entry))
    return Spells(kept, entry, renewed, ended)
