"""How many whole periods members were there: contracts, staff, or whoever begins on one day and may end on another.

A *member* is followed from the day on which the data begins, or from the own beginning where that is later (late entry),
to the own end or to the last day observed. What ended before it could be seen is left out, so that those who
stay are not counted without those who left.

Periods are calendar months, or years of twelve, from the day of the beginning. A month from the 15th ends on the 15th of the
next one; where the next month is shorter, on its last day; and what begins on the last day of a month ends each of its
months on a last day. An end on the day on which a month ends belongs to that month, and so does one on the day before: from
1 July, both 31 August (the last day under contract) and 1 September (the first day without) are the end of the second month.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from cxvalue.foundation.arrays import Bools, Floats, Ints

OPEN = int(np.iinfo(np.int64).max // 4)
"""The last day of what has not ended, in days."""


def months_later(day: ArrayLike, months: ArrayLike) -> Ints:
    """The day a number of calendar months after a day (numbers since 1970), by the rule of this module.

    >>> from datetime import date
    >>> start = (date(2025, 1, 31) - date(1970, 1, 1)).days
    >>> months_later(start, [1, 2]).astype("datetime64[D]").tolist()
    [datetime.date(2025, 2, 28), datetime.date(2025, 3, 31)]
    """
    begun = np.asarray(day, dtype=np.int64).astype("datetime64[D]")
    month = begun.astype("datetime64[M]")
    at_end = (begun + 1).astype("datetime64[M]") != month
    target = month + np.asarray(months, dtype=np.int64)
    first = target.astype("datetime64[D]").astype(np.int64)
    last = (target + 1).astype("datetime64[D]").astype(np.int64) - 1
    place = (begun - month.astype("datetime64[D]")).astype(np.int64)
    return np.asarray(np.where(at_end, last, np.minimum(first + place, last)), dtype=np.int64)


def age_in_periods(start: ArrayLike, day: ArrayLike, months: int = 1) -> Floats:
    """Periods of so many calendar months from a start to a day: whole ones, and the part of the present one by its days.

    >>> age_in_periods(0, [31, 45]).tolist()  # from 1 January 1970 to 1 February and to 15 February
    [1.0, 1.5]
    """
    first, now = np.asarray(start, dtype=np.int64), np.asarray(day, dtype=np.int64)
    apart = (_month(now) - _month(first)).astype(np.int64)
    whole = np.floor_divide(apart - (months_later(first, apart) > now), months)
    low, high = (months_later(first, months * (whole + more)) for more in (0, 1))
    return np.asarray(whole + (now - low) / (high - low), dtype=np.float64)


def _month(day: Ints) -> Ints:
    return np.asarray(day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64))


@dataclass(frozen=True, slots=True, eq=False)
class Spells:
    """Whole periods of each member: observed from the age `entry` on, there for `renewed` of them, then `ended` or not.

    `part` is how much of the period that was not over yet counts for who has not ended: the share of those who end in a
    period that do so up to that point of it. `lasted` is the part of its last period for which who ended was there (nan
    for the others). `kept` marks the members whose observation says something; the others hold no information.
    """

    kept: Bools
    entry: Ints
    renewed: Ints
    ended: Bools
    part: Floats
    lasted: Floats

    @property
    def periods(self) -> Ints:
        """Periods in which each member could be seen to end; the last of who has not ended may count in part."""
        return np.asarray(self.renewed - self.entry + (self.ended | (self.part > 0)), dtype=np.int64)


def spells(
    start: ArrayLike,
    end: ArrayLike,
    *,
    until: int,
    observed_from: int,
    months: int = 1,
    grace_days: int = 0,
) -> Spells:
    """Count whole periods of so many months up to the end of the day `until`; `OPEN` for who has not ended.

    What ended within its t-th period was there for t - 1 of them, whether or not that period was over on the last day: no
    end is left out. Who has not ended counts the period that is not over in part, by where in a period ends fall (the
    product-limit estimate for what is cut off on the right: Lynden-Bell, Monthly Notices of the Royal Astronomical
    Society 155, 1971). So ends that come at the end of a period only say nothing about those whose period is not over, and
    ends that are spread over it count beside the share of the stayers that could have been seen to end. With `grace_days`
    every period after the first begins so much later: an end a few days after an anniversary belongs to it.

    >>> found = spells([0, 0], [45, OPEN], until=89, observed_from=0)  # 1 January to 15 February; until 31 March
    >>> found.renewed.tolist(), found.ended.tolist(), found.part.tolist()
    ([1, 2], [True, False], [0.0, 1.0])
    """
    first, last_day = np.asarray(start, dtype=np.int64), np.asarray(end, dtype=np.int64)

    def age(day: Ints | int) -> Floats:
        return age_in_periods(first, np.asarray(day, dtype=np.int64) - grace_days, months)

    at_end, now = age(np.minimum(last_day, until + 1)), np.maximum(age(until), 0.0)
    seen = np.floor(now).astype(np.int64)
    last = np.maximum(np.ceil(at_end), 1).astype(np.int64)
    ended = last_day <= until
    entry = np.maximum(np.ceil(age(observed_from)), 0).astype(np.int64)
    renewed = np.where(ended, last - 1, seen)
    there = (first <= until) & (renewed >= entry)
    lasted = np.where(ended, np.maximum(at_end - (last - 1), 0.0), np.nan)
    told = there & ended
    cut: Floats = np.clip(now - (last - 1), lasted, 1.0)
    open_part: Floats = np.asarray(now - seen, dtype=np.float64)
    share = _share_ended_by(np.asarray(lasted[told], dtype=np.float64), cut[told], open_part)
    part = np.where(there & ~ended, share, 0.0)
    kept = there & (ended | (renewed > entry) | (part > 0))
    return Spells(kept, entry, renewed, ended, part, lasted)


def _share_ended_by(lasted: Floats, cut: Floats, at: Floats) -> Floats:
    """Share of the ends of a period that come up to some points of it, from ends seen only up to `cut`, a point for each."""
    if not lasted.size:
        return np.zeros(at.shape)
    lasted, cut, at = (np.round(part, 9) for part in (lasted, cut, at))  # parts of a month, whatever the months before
    places, count = np.unique(lasted, return_counts=True)
    beside = np.searchsorted(np.sort(lasted), places, side="right") - np.searchsorted(np.sort(cut), places, side="left")
    later = np.append(np.cumprod((1 - count / beside)[::-1])[::-1], 1.0)
    return np.asarray(later[np.searchsorted(places, at, side="right")] * (at > 0), dtype=np.float64)
