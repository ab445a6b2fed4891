"""The findings ``base.*``: how many customers there are, how many were won and lost, in the sentences of an executive."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from cxvalue.findings.numbers import format_date, format_value
from cxvalue.findings.writer import FindingWriter
from cxvalue.foundation.calendar import months_before
from cxvalue.language.catalogue import translate

if TYPE_CHECKING:
    from cxvalue.findings.finding import Finding
    from cxvalue.questions.customers.audit import BaseCounts, Waterfall

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
        translate(
            "{share} of the customers who first bought at least 12 months ago have bought again: {repeated:,} of {aged:,}.",
            share=format_value(rate, "share"),
            repeated=counts.repeated,
            aged=counts.aged_12_months,
        )
        if rate is not None
        else translate("Nobody has been a customer for 12 months yet, so no repeat rate can be given.")
    )
    known = translate(
        "{customers:,} customers have bought at least once up to {day}.",
        customers=counts.customers,
        day=format_date(as_of),
    )
    active = translate(
        "{active:,} of them ({share}) bought within the last {days} days and count as active.",
        active=counts.active,
        share=format_value(share, "share"),
        days=dormancy_days,
    )
    rule = translate("A customer silent for {days} days or more is dormant; all others are active.", days=dormancy_days)
    counted = translate("Count of customers with a purchase that was not fully refunded.")
    followed = translate(
        "Among the {customers:,} customers whose first purchase was on or before {day}: share with a purchase on a second "
        "day. Wilson's interval.",
        customers=counts.aged_12_months,
        day=format_date(year_ago),
    )
    repeated, label = None if rate is None else (rate, low, high), translate("Customers who bought again")
    return [
        WRITER.write("customers", translate("Customers ever seen"), counts.customers, "customers", known, counted),
        WRITER.write("active", translate("Active customers"), counts.active, "customers", active, rule),
        WRITER.write("repeat_rate", label, repeated, "share", again, followed, level=level)
        if repeated
        else WRITER.write("repeat_rate", label, None, "share", again, followed),
        *_lost(bridge, year_ago, observed_from, dormancy_days, currency),
    ]


def _lost_sentence(bridge: Waterfall, since: str) -> str:
    numbers = {"lost": bridge.lost, "opening": bridge.opening, "day": since}
    if not bridge.opening:
        return translate("{lost:,} of the {opening:,} customers active on {day} have gone silent since.", **numbers)
    return translate(
        "{lost:,} of the {opening:,} customers active on {day} ({share}) have gone silent since.",
        **numbers,
        share=format_value(bridge.lost / bridge.opening, "share"),
    )


def _lost(
    bridge: Waterfall | None, start: date, observed_from: date, dormancy_days: int, currency: str
) -> list[Finding]:
    since, begun = format_date(start), format_date(observed_from)
    lost = brought = ""
    if bridge:
        lost = _lost_sentence(bridge, since)
        if not bridge.new:
            aging = translate(
                "The data contain no customers won since then, so this shows how one group of customers ages, "
                "not what the company loses in a year."
            )
            lost = f"{lost} {aging}"
    value = bridge.lost_margin if bridge else None
    if value is not None:
        brought = translate(
            "In the 12 months before {day} the customers lost since had brought {worth} of margin.",
            day=since,
            worth=format_value(value, currency),
        )
    return [
        WRITER.write(
            "lost_customers",
            translate("Customers lost in 12 months"),
            bridge.lost if bridge else None,
            "customers",
            lost,
            translate("Active 12 months ago and dormant now, by the same rule at both dates."),
            missing=translate(
                "the data begins on {begun}, which is too late to know who was active on {day} (active means a purchase "
                "within {days} days).",
                begun=begun,
                day=since,
                days=dormancy_days,
            ),
        ),
        WRITER.write(
            "lost_value",
            translate("Margin from customers since lost"),
            value,
            currency,
            brought,
            translate("Contribution margin of the lost customers in the 12 months before the opening date."),
            missing=translate(
                "the margin of the 12 months before {day} would be needed, and the data begins on {begun}.",
                day=since,
                begun=begun,
            ),
        ),
    ]
