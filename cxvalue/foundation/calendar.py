"""Days, months, and the unit in which a lifetime model counts time."""

from __future__ import annotations

import calendar
from datetime import date, timedelta
from enum import StrEnum

from cxvalue.foundation.errors import CxvalueError, nearest
from cxvalue.language.letters import closed_up

EPOCH = date(1970, 1, 1)

DAYS_PER_YEAR = 365.25
DAYS_PER_MONTH = DAYS_PER_YEAR / 12
WHOLE_YEAR_DAYS = 365
"""A year where days are counted whole, as in a window of the last year."""


class TimeUnit(StrEnum):
    """A unit of time with its exact length in days; a year has 365.25 days and a month a twelfth of that.

    >>> TimeUnit("week").from_days(272)
    38.857142857142854
    >>> TimeUnit("month").from_months(24)
    24.0
    >>> round(TimeUnit.DAY.per_year, 2)
    365.25
    """

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"

    @property
    def days(self) -> float:
        """Length of one unit in days."""
        months = {"month": 1, "quarter": 3, "year": 12}
        return months[self.value] * DAYS_PER_MONTH if self.value in months else {"day": 1.0, "week": 7.0}[self.value]

    @property
    def per_year(self) -> float:
        """Number of units in a year."""
        return DAYS_PER_YEAR / self.days

    def from_days(self, days: float) -> float:
        """Convert days to this unit."""
        return days / self.days

    def from_months(self, months: float) -> float:
        """Convert months of 365.25 / 12 days to this unit."""
        return months * DAYS_PER_MONTH / self.days


def unit_of_time(given: TimeUnit | str) -> TimeUnit:
    """The unit of that name; raises `CxvalueError` with the nearest one for a name that none has.

    >>> unit_of_time("week").days
    7.0
    """
    units = [unit.value for unit in TimeUnit]
    if given not in units:
        raise CxvalueError(closed_up(f"time_unit == {given!r}. {nearest(str(given), units)}"))
    return TimeUnit(given)


def months_apart(earlier: date, later: date) -> int:
    """Months from the month of one day to that of another.

    >>> months_apart(date(2023, 11, 30), date(2024, 2, 1))
    3
    """
    return (later.year - earlier.year) * 12 + later.month - earlier.month


def month_after(day: date, months: int) -> date:
    """The first day of the month so many months after that of a day.

    >>> month_after(date(2023, 11, 30), 3)
    datetime.date(2024, 2, 1)
    """
    number = day.year * 12 + day.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)


def day_number(day: date) -> int:
    """Days since 1970, as the engine counts them.

    >>> day_number(date(1970, 1, 31)), date_of(30)
    (30, datetime.date(1970, 1, 31))
    """
    return (day - EPOCH).days


def date_of(number: int) -> date:
    """The day with a number of days since 1970."""
    return EPOCH + timedelta(days=number)


def months_before(day: date, months: int) -> date:
    """The same day of the month a number of calendar months earlier, or that month's last day.

    >>> months_before(date(2026, 6, 30), 12), months_before(date(2024, 2, 29), 12)
    (datetime.date(2025, 6, 30), datetime.date(2023, 2, 28))
    """
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


SHORTEST_HOLDOUT_DAYS = 28


def default_holdout_start(as_of: date, observed_from: date) -> date | None:
    """First day of the holdout when the study names none: the last third of the history, at most 12 months of it.

    None when that third is shorter than four weeks.

    >>> default_holdout_start(date(2026, 6, 30), date(2024, 7, 1))
    datetime.date(2025, 10, 31)
    """
    days = min(((as_of - observed_from).days + 1) // 3, 365)
    return as_of - timedelta(days=days - 1) if days >= SHORTEST_HOLDOUT_DAYS else None
