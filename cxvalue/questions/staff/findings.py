"""From staff turnover to the findings ``experience.staff.*``."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cxvalue.findings.numbers import format_number, format_range, format_value
from cxvalue.findings.writer import FindingWriter, range_of
from cxvalue.foundation.intervals import Interval

if TYPE_CHECKING:
    from cxvalue.findings.finding import Finding
    from cxvalue.questions.staff.head_count import HeadCount, Turnover
    from cxvalue.questions.staff.turnover_link import TurnoverLink

__all__ = ["NEEDS_UNITS", "link_of_staff_findings", "replacement_finding", "turnover_findings"]

WRITER = FindingWriter("63_staff", "experience.staff.", "Staff: ", case="C15")
NEEDS_UNITS = (
    "Left out: the link needs the unit of customers (column unit of 'customers', 'interactions' or 'surveys') and five "
    "units "
    "with staff, customers and some months in common."
)


def turnover_findings(staff: HeadCount, found: Turnover | None, *, level: float) -> list[Finding]:
    """Leavers a year, and who is still there after 12 months."""
    writer = replace(WRITER, level=level, grade="C")
    if found is None:
        return [writer.withhold("turnover", "turnover a year", "nobody was employed in a whole month.", "share")]
    rate, still = found.rate, found.survival
    how = f"{found.leavers:,} leavers in {found.person_months:,.0f} person-months at {len(staff.units):,} units."
    text = (
        f"Staff turnover is {format_value(rate.value, 'share')} a year ({format_range(rate.low, rate.high, 'share')})."
    )
    out = [writer.write("turnover", "turnover a year", rate, "share", text, how)]
    text = (
        f"{format_value(still.value, 'share')} are still there after 12 months "
        f"({format_range(still.low, still.high, 'share')})."
    )
    how = f"Kaplan-Meier over {staff.people:,} people, each seen from the later of the first day and the first one observed."
    out.append(writer.write("survival", "still there after 12 months", range_of(*still), "share", text, how))
    return out


def link_of_staff_findings(found: TurnoverLink | None, *, currency: str, level: float) -> list[Finding]:
    """Customers lost after staff was lost, and margin a year that goes along with it."""
    writer = replace(WRITER, level=level)
    if found is None:
        return []
    ten = Interval(*(10 * end for end in found.link))
    how = (
        f"{found.cells:,} unit-months of {found.units:,} units; customers who do not come back within three months on "
        "turnover of "
        "the month and the three before, with units, months and customers as weights; jackknife over units. "
        f"Leads of two months: p = {found.leads_p:.3f}."
    )
    if found.wild_p is not None:
        how += f" Few units: the wild bootstrap gives p = {found.wild_p:.3f}."
    grade = "D" if found.loud else "C"
    if found.loud:
        text = (
            "Staff and customers leave together; which comes first the data does not say: customers moved before staff did. "
            f"Ten points more turnover go with {format_number(ten.value)} points more lost customers "
            f"({format_range(ten.low, ten.high, '')})."
        )
    elif found.link.low <= 0 <= found.link.high:
        text = (
            "That customers follow staff is not shown: ten points more turnover of a month go with "
            f"{format_number(ten.value)} "
            f"points more lost customers within three months ({format_range(ten.low, ten.high, '')})."
        )
    else:
        text = (
            f"Ten points more turnover of a month are followed by {format_number(ten.value)} points more lost "
            "customers within "
            f"three months ({format_range(ten.low, ten.high, '')})."
        )
    money = found.money
    cost = (
        f"Turnover above that of the best quarter of units goes with {format_value(money.value, currency)} of margin a year "
        f"({format_range(money.low, money.high, currency)}){', which comes first is not known' if found.loud else ''}."
    )
    return [
        writer.write("link", "customers lost per staff lost", found.link, "", text, how, grade=grade),
        writer.write(
            "cost_customers", "margin that goes with turnover", range_of(*money), currency, cost, how, grade=grade
        ),
    ]


def replacement_finding(staff: HeadCount, months: float, *, currency: str) -> Finding | None:
    """What replacing last year's leavers cost; None where nobody says what people cost."""
    if staff.monthly_cost is None:
        return None
    value = staff.leavers_year * months * staff.monthly_cost
    text = f"Replacing the {staff.leavers_year:,} who left in 12 months costs {format_value(value, currency)}."
    how = f"{months:g} months of the mean cost of a month, {format_value(staff.monthly_cost, currency)}: an assumption."
    return WRITER.write("replacement", "cost to replace those who left", value, currency, text, how, grade="D")
