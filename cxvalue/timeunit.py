"""The unit in which a lifetime model counts time, carried by the model so that nobody has to remember it."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["DAYS_PER_MONTH", "DAYS_PER_YEAR", "TimeUnit"]

DAYS_PER_YEAR = 365.25
DAYS_PER_MONTH = DAYS_PER_YEAR / 12


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
