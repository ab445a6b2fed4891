"""How a card writes numbers: money with its currency where that is known, a range that may have no end, no 0.0%."""

from __future__ import annotations

import math

from cxvalue.findings.numbers import format_number, format_range, format_value
from cxvalue.foundation.intervals import Interval
from cxvalue.language.catalogue import translate


def amount(value: float | None, unit: str = "") -> str:
    """One number; what is not known is a dash, and what never comes is said so.

    >>> amount(1234.0, "EUR"), amount(None), amount(float("inf"), "months")
    ('EUR 1,230', '—', 'never')
    """
    if value is None or math.isnan(value):
        return "—"
    if math.isinf(value):
        return translate("never") if unit == "months" else translate("without limit")
    return format_value(value, unit) if unit else format_number(value)


def number(count: float) -> str:
    """A whole number of things.

    >>> number(1234)
    '1,234'
    """
    return translate("{number:,.0f}", number=count)


def reach(low: float, high: float, unit: str = "") -> str:
    """A range, empty where it is not known.

    >>> reach(1.0, 2.0, "EUR"), reach(11.0, float("inf"), "months"), reach(float("nan"), 1.0)
    ('between EUR 1.00 and 2.00', '11 months to never', '')
    """
    if math.isnan(low) or math.isnan(high):
        return ""
    if math.isinf(low) or math.isinf(high):
        return translate("{low} to {high}", low=amount(low, unit), high=amount(high, unit))
    return format_range(low, high, unit)


def row(what: str, interval: Interval | None, unit: str = "") -> tuple[str, str, str]:
    """A row of a card from a value with its range."""
    if interval is None:
        return what, "—", ""
    return what, amount(interval.value, unit), reach(interval.low, interval.high, unit)
