"""The findings ``base.*``: how many customers there are, how many were won and lost, in the sentences of an executive."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from cxvalue.findings.numbers import format_date, format_value
from cxvalue.findings.writer import FindingWriter
from cxvalue.foundation.calendar import months_before

if TYPE_CHECKING:
    from cxvalue.findings.finding import Finding
    from cxvalue.questions.customers.audit import BaseCounts, Waterfall

__all__ = ["base_findings"]

WRITER = FindingWriter("10_customer_base", "base.", case="C4", kind="count")


def base_findings(
    counts: BaseCounts,
    bridge: Waterfall | None,
    *,
    as_of: date,
    observed_from: date,
    dormancy_days: int,
    currency: str,
    level: float = 0.95,
) -> list[Finding]:
    """The findings ``base.*``: customers ever seen, active, repeating and lost, and what the lost ones had brought."""
    share = counts.active / counts.customers if counts.customers else 0.0
    year_ago = months_before(as_of, 12)
    rate, (low, high) = counts.repeat_rate, counts.repeat_interval(level)
    again = (
        f"{format_value(rate, 'share')} of the customers who first bought at least 12 months ago have bought again: "
        f"{counts.repeated:,} of {counts.aged_12_months:,}."
        if rate is not None
        else "Nobody has been a customer for 12 months yet, so no repeat rate can be given."
    )
    known = f"{counts.customers:,} customers have bought at least once up to {format_date(as_of)}."
    active = (
        f"{counts.active:,} of them ({format_value(share, 'share')}) bought within the last {dormancy_days} days and count "
        "as active."
    )
    rule = f"A customer silent for {dormancy_days} days or more is dormant, everybody else is active."
    counted = "Count of customers with a purchase that was not fully refunded."
    followed = (
        f"Among the {counts.aged_12_months:,} customers whose first purchase was on or before {format_date(year_ago)}: "
        "share with a purchase on a second day. Wilson's interval."
    )
    repeated = None if rate is None else (rate, low, high)
    return [
        WRITER.write("customers", "Customers ever seen", counts.customers, "customers", known, counted),
        WRITER.write("active", "Active customers", counts.active, "customers", active, rule),
        WRITER.write("repeat_rate", "Customers who bought again", repeated, "share", again, followed, level=level)
        if repeated
        else WRITER.write("repeat_rate", "Customers who bought again", None, "share", again, followed),
        *_lost(bridge, year_ago, observed_from, dormancy_days, currency),
    ]


def _lost(
    bridge: Waterfall | None, start: date, observed_from: date, dormancy_days: int, currency: str
) -> list[Finding]:
    since, begun = format_date(start), format_date(observed_from)
    lost = brought = ""
    if bridge:
        share = f" ({format_value(bridge.lost / bridge.opening, 'share')})" if bridge.opening else ""
        lost = f"{bridge.lost:,} of the {bridge.opening:,} customers active on {since}{share} have fallen silent since."
        if not bridge.new:
            lost += (
                " The data hold no customer won since then, so this is how one group of customers ages and not what the "
                "company loses in a year."
            )
    value = bridge.lost_margin if bridge else None
    if value is not None:
        worth = format_value(value, currency)
        brought = f"In the 12 months before {since} the customers lost since had brought {worth} of margin."
    return [
        WRITER.write(
            "lost_customers",
            "Customers lost in 12 months",
            bridge.lost if bridge else None,
            "customers",
            lost,
            "Active 12 months ago and dormant now, by the same rule at both dates.",
            missing=f"the data begins on {begun}, which is too late to know who was active on {since} (active means a "
            f"purchase within {dormancy_days} days).",
        ),
        WRITER.write(
            "lost_value",
            "Margin the lost customers had brought",
            value,
            currency,
            brought,
            "Contribution margin of the lost customers in the 12 months before the opening date.",
            missing=f"the margin of the 12 months before {since} would be needed, and the data begins on {begun}.",
        ),
    ]
