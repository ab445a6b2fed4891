"""Forecasts made from past days, and what came: the evidence on which a forecast of today rests."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cxvalue.foundation.arrays import Floats, Ints
from cxvalue.foundation.calendar import DAYS_PER_YEAR
from cxvalue.foundation.plain import Plain

if TYPE_CHECKING:
    from collections.abc import Sequence

FIRST_AFTER_DAYS = 28
"""History of the earliest past day from which is forecast."""
MOST_ORIGINS = 24
_COLUMNS = ("origin", "days", "history", "growth", "chance", "actual", "made")


def step_days(history_days: int) -> int:
    """Days between past origins, by the length of the history: the finer the shorter it is.

    A week up to 0.4 years, half a month up to 1.2, a month up to 2.6, a quarter above.
    """
    years = history_days / DAYS_PER_YEAR
    return next(days for longest, days in ((0.4, 7), (1.2, 15), (2.6, 30), (np.inf, 91)) if years <= longest)


def origins_before(first_day: int, day: int, shortest_horizon: int, most: int | None = MOST_ORIGINS) -> list[int]:
    """Past days from which to forecast, ascending: the latest `most`, with something to compare with.

    >>> origins_before(0, 100, 30)
    [30, 37, 44, 51, 58, 65]
    """
    step = step_days(day - first_day)
    latest = day - shortest_horizon
    found: list[int] = []
    mark = day - step * -(-shortest_horizon // step)
    while mark >= first_day + FIRST_AFTER_DAYS and (most is None or len(found) < most):
        if mark <= latest:
            found.append(mark)
        mark -= step
    return found[::-1]


@dataclass(frozen=True, eq=False)
class Attempts(Plain):
    """Forecasts of a total: a row for each origin and horizon, a column of `made` for each candidate.

    Attributes:
        origin, days: the last day known (days since 1970), and for how many days from there was forecast.
        history: days from the first purchase to the origin.
        growth: logarithm of the growth of the number of customers over the year, or half the history, before the origin.
        chance: variance of the logarithm of the total that chance and the parameters alone explain.
        actual: what came; nan where the days are not over.
        made: (rows, candidates); nan where a candidate has nothing to say.
        names: of the candidates.
    """

    origin: Ints
    days: Ints
    history: Floats
    growth: Floats
    chance: Floats
    actual: Floats
    made: Floats
    names: tuple[str, ...]

    def __len__(self) -> int:
        """Number of rows."""
        return self.origin.size

    def take(self, rows: NDArray[Any]) -> Attempts:
        """Some of the rows, by number or as a mask."""
        columns: dict[str, Any] = {name: getattr(self, name)[rows] for name in _COLUMNS}
        return replace(self, **columns)

    def with_row(self, other: Attempts) -> Attempts:
        """These rows and those of another, which has the same candidates."""
        return Attempts.joined([self, other])

    @classmethod
    def joined(cls, rows: Sequence[Attempts], names: tuple[str, ...] = ()) -> Attempts:
        """The rows of several; none of them makes an empty one for the candidates `names`."""
        if not rows:
            whole, real = np.zeros(0, dtype=np.int64), np.zeros(0)
            return cls(whole, whole, real, real, real, real, np.zeros((0, len(names))), names)
        columns: dict[str, Any] = {name: np.concatenate([getattr(one, name) for one in rows]) for name in _COLUMNS}
        return replace(rows[0], **columns)
