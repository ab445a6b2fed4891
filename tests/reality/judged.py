"""Which days of a log are judged, and for which horizons: enough behind them, enough to come, and spread over the log."""

from __future__ import annotations

import numpy as np

from cxvalue.foundation.calendar import DAYS_PER_MONTH
from cxvalue.lifetime.evidence.attempts import step_days
from cxvalue.tables.purchase_log import PurchaseLog

__all__ = ["HORIZONS", "judged_days", "judged_horizons"]

HORIZONS = (14, *(round(months * DAYS_PER_MONTH) for months in (1, 3, 6, 12, 24)))
MOST_DAYS = 6
BEHIND_DAYS = 182
FEWEST_CUSTOMERS = 30
FEWEST_PURCHASES = 10
_SHORT_DAYS = 438


def judged_horizons(log: PurchaseLog) -> tuple[int, ...]:
    """Horizons in days; two weeks as well for a log of a few months."""
    return HORIZONS if int(log.day.max()) - log.first_day < 150 else HORIZONS[1:]


def judged_days(log: PurchaseLog, horizon: int) -> list[int]:
    """Up to six days from which a horizon is judged, evenly spread over those that could be.

    There are half a horizon and 26 weeks behind them (a quarter of a log shorter than 1.2 years), 30 customers known, and
    10 purchases of theirs to come.
    """
    last = int(log.day.max())
    span = last - log.first_day
    behind = max(span / 4 if span < _SHORT_DAYS else BEHIND_DAYS, horizon / 2)
    step = step_days(span)
    possible = []
    for day in range(last - step * -(-horizon // step), log.first_day, -step):
        if day - log.first_day < behind:
            break
        known = (log.first_of <= day)[log.customer]
        to_come = int((known & (log.day > day) & (log.day <= day + horizon)).sum())
        if int((log.first_of <= day).sum()) >= FEWEST_CUSTOMERS and to_come >= FEWEST_PURCHASES:
            possible.append(day)
    possible.reverse()
    places = np.unique(np.rint(np.linspace(0, len(possible) - 1, min(MOST_DAYS, len(possible)))).astype(int))
    return [possible[place] for place in places]
