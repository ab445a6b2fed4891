"""From staff turnover to the findings ``experience.staff.*``."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cxvalue.findings.numbers import format_number, format_range, format_value
from cxvalue.findings.writer import FindingWriter, range_of
from cxvalue.foundation.intervals import Interval
from cxvalue.language.catalogue import translatable, translate, translate_count

if TYPE_CHECKING:
    from cxvalue.findings.finding import Finding
    from cxvalue.questions.staff.head_count import HeadCount, Turnover
    from cxvalue.questions.staff.turnover_link import TurnoverLink

WRITER = FindingWriter("63_staff", "experience.staff.", case="C15")
NEEDS_UNITS = translatable(
    "Left out: the link needs the unit of customers (column unit of 'customers', 'interactions' or 'surveys') and five "
    "units with staff, customers and some months in common."
)
LOUD = translatable(
    "Staff and customers leave together; which comes first the data does not say: customers moved before staff did. Ten "
    "points more turnover go with {points} points more lost customers ({range})."
)
NOT_SHOWN = translatable(
    "The data do not show that customers leave after staff: ten points more turnover in a month go with "
    "{points} points more lost customers within three months ({range})."
)
FOLLOWED = translatable(
    "Ten points more turnover of a month are followed by {points} points more lost customers within three months ({range})."
)
COST = translatable("Turnover above that of the best quarter of units goes with {margin} of margin a year ({range}).")
COST_OF_LOUD = translatable(
    "Turnover above that of the best quarter of units goes with {margin} of margin a year ({range});"
    " which comes first is not known."
)
COST_NOT_SHOWN = translatable(
    "It is not shown that turnover above that of the best quarter of units costs margin: {margin} a year ({range})."
)
BY_CHANCE = translatable(
    "Units may differ in turnover by chance alone: those with low turnover in one half of the months"
    " need not have low turnover in the other."
)


def turnover_findings(staff: HeadCount, found: Turnover | None, *, level: float) -> list[Finding]:
    """Leavers a year, and who is still there after 12 months."""
    writer = replace(WRITER, label=translate("Staff: "), level=level, grade="C")
    label = translate("turnover per year")
    if found is None:
        return [writer.withhold("turnover", label, translate("nobody was employed in a full month."), "share")]
    rate, still = found.rate, found.survival
    how = translate(
        "{leavers:,} leavers in {months:,.0f} person-months at {units:,} units.",
        leavers=found.leavers,
        months=found.person_months,
        units=len(staff.units),
    )
    sent = int(staff.leavers.sum() - staff.chose.sum())
    if sent:
        how += " " + translate(
            "{sent:,} of them did not choose to leave, by the reason given, and are left out of the link with customers.",
            sent=sent,
        )
    if staff.moved:
        how += " " + translate_count(
            "{count:,} person moved on within a month, to another unit or a new contract, and is no leaver.",
            "{count:,} people moved on within a month, to another unit or a new contract, and are no leavers.",
            staff.moved,
        )
    text = translate(
        "Staff turnover is {share} a year ({range}).",
        share=format_value(rate.value, "share"),
        range=format_range(rate.low, rate.high, "share"),
    )
    out = [writer.write("turnover", label, rate, "share", text, how)]
    label = translate("still there after 12 months")
    if still is None:
        reason = translate("too few people were seen in their first 12 months.")
        return [*out, writer.withhold("survival", label, reason, "share")]
    text = translate(
        "{share} are still there after 12 months ({range}).",
        share=format_value(still.value, "share"),
        range=format_range(still.low, still.high, "share"),
    )
    how = translate(
        "Kaplan-Meier over {people:,} people, each seen from the later of the first day and the first one observed.",
        people=staff.people,
    )
    out.append(writer.write("survival", label, range_of(*still), "share", text, how))
    return out


def link_of_staff_findings(found: TurnoverLink | None, *, currency: str, level: float) -> list[Finding]:
    """Customers lost after staff was lost, and margin a year that goes along with it."""
    writer = replace(WRITER, label=translate("Staff: "), level=level)
    if found is None:
        return []
    ten = Interval(*(10 * end for end in found.link))
    how = translate(
        "{cells:,} unit-months of {units:,} units; customers who do not come back within three months on turnover of the "
        "month and the three before, with units, months and customers as weights; jackknife over units. Leads of two "
        "months: p = {p:.3f}.",
        cells=found.cells,
        units=found.units,
        p=found.leads_p,
    )
    if found.wild_p is not None:
        how += " " + translate("Few units: the wild bootstrap gives p = {p:.3f}.", p=found.wild_p)
    writer = replace(writer, method=how, grade="D" if found.loud else "C")
    unclear = found.link.low <= 0 <= found.link.high
    text = translate(
        LOUD if found.loud else NOT_SHOWN if unclear else FOLLOWED,
        points=format_number(ten.value),
        range=format_range(ten.low, ten.high, ""),
    )
    money = found.money
    proven = not (found.by_chance or money.low <= 0 <= money.high)
    cost = translate(
        (COST_OF_LOUD if found.loud else COST) if proven else COST_NOT_SHOWN,
        margin=format_value(money.value, currency),
        range=format_range(money.low, money.high, currency),
    )
    label = translate("margin that goes with turnover")
    linked = writer.write("link", translate("customers lost per staff lost"), found.link, "", text)
    if found.by_chance:
        cost, writer = f"{cost} {translate(BY_CHANCE)}", replace(writer, grade="D")
    return [linked, writer.write("cost_customers", label, range_of(*money), currency, cost)]


def replacement_finding(staff: HeadCount, months: float, *, currency: str) -> Finding | None:
    """What replacing last year's leavers cost; None where nobody says what people cost."""
    if staff.monthly_cost is None:
        return None
    value = staff.leavers_year * months * staff.monthly_cost
    text = translate(
        "Replacing the {leavers:,} who left in 12 months costs {money}.",
        leavers=staff.leavers_year,
        money=format_value(value, currency),
    )
    told = {"months": months, "money": format_value(staff.monthly_cost, currency)}
    if staff.cost_of_leavers:
        how = translate(
            "{months:g} times what those who left cost per month on average, {money}: an assumption.", **told
        )
    else:
        how = translate("{months:g} times the mean cost of a month, {money}: an assumption.", **told)
    writer = replace(WRITER, label=translate("Staff: "), method=how)
    return writer.write("replacement", translate("cost to replace those who left"), value, currency, text, grade="D")
