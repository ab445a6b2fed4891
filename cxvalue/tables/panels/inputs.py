"""Where a panel comes from, its full calendar months, and units that had started before there was one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from cxvalue.foundation.calendar import month_after, months_apart

if TYPE_CHECKING:
    import ibis.expr.types as ir


@dataclass(frozen=True, slots=True)
class PanelMonths:
    """The full calendar months of a panel: the first day of the first of them, and how many there are."""

    first: date
    count: int

    @classmethod
    def between(cls, observed_from: date, as_of: date) -> PanelMonths:
        """The full months from one day to another, both inclusive.

        >>> PanelMonths.between(date(2025, 1, 15), date(2025, 6, 30))
        PanelMonths(first=datetime.date(2025, 2, 1), count=5)
        """
        first = observed_from if observed_from.day == 1 else month_after(observed_from, 1)
        after = as_of + timedelta(days=1)
        return cls(first, max(months_apart(first, after), 0))

    @property
    def base(self) -> int:
        """Year x 12 + month of the first month, from which months are numbered."""
        return self.first.year * 12 + self.first.month

    def day(self, number: int) -> date:
        """First day of the month with a number, which may lie outside the panel."""
        return month_after(self.first, number)


@dataclass(frozen=True, slots=True)
class PanelSource:
    """Where a panel comes from: ibis tables of a study, and the names of one programme.

    `purchases` has a row a customer and day (None in a study that knows contracts only); `rollout` only the rows of the
    programme. `margin_share` turns the value of a contract into margin.
    """

    rollout: ir.Table
    unit: str
    outcome: str
    as_of: date
    observed_from: date
    purchases: ir.Table | None = None
    customers: ir.Table | None = None
    subscriptions: ir.Table | None = None
    interactions: ir.Table | None = None
    fees: ir.Table | None = None
    margin_share: float | None = None
    programme: str = "programme"


@dataclass(frozen=True, slots=True)
class Early:
    """Units without a full month before their start: the number of the month of that start (below 0: before the panel).

    `customer_months` are treated ones from the start to the last month that counts; `until` is the first month without the
    programme again (None: it goes on).
    """

    start: int
    units: int
    customers: int
    customer_months: int
    until: int | None = None
