"""The range of what contracts will bring, at least as wide as past misses demand."""

from __future__ import annotations

from datetime import date

import numpy as np

from cxvalue.foundation.calendar import DAYS_PER_MONTH, day_number
from cxvalue.foundation.intervals import Interval
from cxvalue.lifetime.evidence.attempts import Attempts, Floats
from cxvalue.lifetime.evidence.blend import blend
from cxvalue.lifetime.evidence.reference import Reference
from cxvalue.questions.lifetime_value.base_forecast import PastRecord, record_from

__all__ = ["CONTRACTS", "range_demanded"]

CONTRACTS = Reference(floor=0.0004, by_length=0.002)
"""How far the margin of contracts missed elsewhere: variances of the logarithm, from two real bases (life policies, a
lending library), whose misses a year ahead were 1% and 5%."""


def range_demanded(
    equity: Interval, drawn: Floats, past: Attempts, as_of: date, months: int, level: float
) -> tuple[Interval, PastRecord | None]:
    """The range of equity, at least as wide as past misses demand, and how far these were.

    Args:
        equity: by the model, with the range of parameters and chance.
        drawn: totals behind that range.
        past: forecasts made again from past days, in margin.
        as_of: the last day known.
        months: the horizon.
        level: of the range.
    """
    certain = equity.value > 0 and bool((drawn > 0).all())
    row = Attempts(
        origin=np.array([day_number(as_of)]),
        days=np.array([round(months * DAYS_PER_MONTH)]),
        history=np.array([float(day_number(as_of) - past.origin.min() + past.history.min())]),
        growth=np.zeros(1),
        chance=np.array([float(np.var(np.log(drawn))) if certain else 0.0]),
        actual=np.array([np.nan]),
        made=np.array([[equity.value if certain else np.nan]]),
        names=past.names,
    )
    rows = past.with_row(row)
    said = blend(rows, CONTRACTS, fixed=rows.made[:, 0])
    record = record_from(rows, said, level)
    if not certain:
        return equity, record
    demanded = said.interval(len(rows) - 1, level)
    return Interval(equity.value, min(equity.low, demanded.low), max(equity.high, demanded.high)), record
