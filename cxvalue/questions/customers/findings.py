"""The findings ``base.*``: how many customers there are, how many were won and lost, in the sentences of an executive."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from cxvalue.findings.finding import Finding
from cxvalue.findings.numbers import format_date, format_value
from cxvalue.foundation.calendar import months_before

if TYPE_CHECKING:
    from cxvalue.questions.customers.audit import BaseCounts, Waterfall

__all__ = ["base_findings"]
BASE_NOTEBOOK = "10_customer_base"


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
    findings = [
        Finding(
            "base.customers",
            "Customers ever seen",
            counts.customers,
            unit="customers",
            text=f"{counts.customers:,} customers have bought at least once up to {format_date(as_of)}.",
            method="Count of customers with a purchase that was not fully refunded.",
            case="C4",
            notebook=BASE_NOTEBOOK,
        ),
        Finding(
            "base.active",
            "Active customers",
            counts.active,
            unit="customers",
            text=f"{counts.active:,} of them ({format_value(share, 'share')}) bought within the last "
            f"{dormancy_days} days and count as active.",
            method=f"A customer silent for {dormancy_days} days or more is dormant, everybody else is active.",
            case="C4",
            notebook=BASE_NOTEBOOK,
        ),
        Finding(
            "base.repeat_rate",
            "Customers who bought again",
            rate,
            low=low,
            high=high,
            level=None if rate is None else level,
            unit="share",
            text=(
                f"{format_value(rate, 'share')} of the customers who first bought at least 12 months ago have bought again: "
                f"{counts.repeated:,} of {counts.aged_12_months:,}."
                if rate is not None
                else "Nobody has been a customer for 12 months yet, so no repeat rate can be given."
            ),
            method=f"Among the {counts.aged_12_months:,} customers whose first purchase was on or before "
            f"{format_date(year_ago)}: share with a purchase on a second day. Wilson's interval.",
            case="C4",
            notebook=BASE_NOTEBOOK,
        ),
    ]
    return findings + _lost(bridge, year_ago, observed_from, dormancy_days, currency)


def _lost(
    bridge: Waterfall | None, start: date, observed_from: date, dormancy_days: int, currency: str
) -> list[Finding]:
    too_short = (
        f"Not available: the data begins on {format_date(observed_from)}, which is too late to know who was active on "
        f"{format_date(start)} (active means a purchase within {dormancy_days} days)."
    )
    no_value = (
        f"Not available: the margin of the 12 months before {format_date(start)} would be needed, "
        f"and the data begins on {format_date(observed_from)}."
    )
    customers, value = (bridge.lost, bridge.lost_margin) if bridge else (None, None)
    share = f" ({format_value(bridge.lost / bridge.opening, 'share')})" if bridge and bridge.opening else ""
    return [
        Finding(
            "base.lost_customers",
            "Customers lost in 12 months",
            customers,
            unit="customers",
            text=(
                f"{bridge.lost:,} of the {bridge.opening:,} customers active on {format_date(start)}{share} "
                "have fallen silent since."
                if bridge
                else too_short
            ),
            method="Active 12 months ago and dormant now, by the same rule at both dates.",
            case="C4",
            notebook=BASE_NOTEBOOK,
        ),
        Finding(
            "base.lost_value",
            "Margin the lost customers had brought",
            value,
            unit=currency,
            text=(
                f"In the 12 months before {format_date(start)} the customers lost since had brought "
                f"{format_value(value, currency)} of margin."
                if value is not None
                else no_value
            ),
            method="Contribution margin of the lost customers in the 12 months before the opening date.",
            case="C4",
            notebook=BASE_NOTEBOOK,
        ),
    ]
