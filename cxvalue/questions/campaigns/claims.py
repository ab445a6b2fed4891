"""What a campaign's claim, its curve, its segments and its next contacts say, in words."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cxvalue.findings.numbers import format_date, format_range, format_value
from cxvalue.questions.campaigns.findings import writer_of

if TYPE_CHECKING:
    import pandas as pd

    from cxvalue.effects.estimators.abtest import Estimate
    from cxvalue.findings.finding import Finding
    from cxvalue.questions.campaigns import CampaignResult
    from cxvalue.questions.campaigns.dormancy import Recovery
    from cxvalue.questions.campaigns.next_contacts import NextContacts

__all__ = [
    "adjustment_sentence",
    "break_even_sentence",
    "claim_finding",
    "next_contacts_finding",
    "pull_forward_sentence",
    "recovery_sentence",
    "risk_sentence",
    "segments_sentence",
]

DIFFERS_BELOW = 0.05


def recovery_sentence(found: Recovery | None, silent_days: int, window_days: int, currency: str) -> str:
    """What the selection rule promises by itself."""
    if found is None:
        return "The history before the campaign is too short to say what the rule promises by itself."
    return (
        f"Customers silent for {silent_days} days or more, taken at {len(found.dates)} earlier dates (from "
        f"{format_date(min(found.dates))}): {format_value(found.share, 'share')} came back within {window_days} days "
        f"with no campaign, and all of them together brought {format_value(found.margin, currency)} each. A report that "
        "compares before and after would call all of that its success: before, by the rule, it was nothing."
    )


def claim_finding(result: CampaignResult, expected: Recovery | None, *, currency: str, level: float) -> Finding:
    """What counting every sale would claim, beside what the campaign did and what the selection rule alone promises."""
    writer, label = replace(writer_of(result.name), grade="E"), "claimed if every sale were counted"
    found = result.margin_per_contact
    if found is None or result.claimed is None:
        return writer.withhold("claimed_margin", label, result.note, currency)
    text = (
        f"Counting every sale to the contacted within {result.window_days} days would claim "
        f"{format_value(result.claimed, currency)} a contact; {format_value(found.value, currency)} "
        f"({format_range(found.low, found.high, currency)}) is what the campaign changed"
    )
    if result.claimed > 0 and found.value > 0:
        text += f", {format_value(found.value / result.claimed, 'share')} of the claim"
    text += "."
    if expected is not None:
        text += (
            f" The rule by which they were chosen promised {format_value(expected.margin, currency)} each with no campaign "
            "at all."
        )
    method = "Margin of all contacted in the window less the cost of contacting, nothing taken off; a claim, no effect."
    return writer.write("claimed_margin", label, result.claimed, currency, text, method)


def adjustment_sentence(result: CampaignResult) -> str:
    """Whether allowing for what customers did before makes the range narrower."""
    plain, found = result.unadjusted, result.margin_per_contact
    if plain is None or found is None or plain.se <= 0:
        return ""
    saved = 1 - found.se / plain.se
    if saved < 0.01:
        return "Allowing for what customers had brought before makes the range of the margin no narrower here."
    more = 1 / (1 - saved) ** 2 - 1
    return (
        f"Allowing for what customers had brought before makes the range of the margin {format_value(saved, 'share')} "
        f"narrower, as {format_value(more, 'share')} more customers in the test would."
    )


def break_even_sentence(result: CampaignResult, currency: str) -> str:
    """How many must be woken for the campaign to pay, were a return worth what it was."""
    needed, back = result.break_even_uplift, result.return_uplift
    if not result.priced:
        return "The contacts give no cost, so nothing is said about how many must buy for the campaign to pay."
    if needed is None or back is None:
        return ""
    if not result.dormant:
        return (
            f"A contact costs {format_value(result.cost_per_contact, currency)}: the campaign pays as soon as "
            f"{format_value(needed, 'share')} of the contacted buy because of it, if their purchases are worth what they "
            f"were here. {format_value(back.value, 'share')} did ({format_range(back.low, back.high, 'share')})."
        )
    return (
        f"A contact costs {format_value(result.cost_per_contact, currency)}: the campaign pays as soon as it wins back "
        f"{format_value(needed, 'share')} of the contacted, if they are worth what they were here. It won back "
        f"{format_value(back.value, 'share')} ({format_range(back.low, back.high, 'share')})."
    )


def pull_forward_sentence(windows: pd.DataFrame, currency: str) -> str:
    """Whether the margin added falls back after its peak, which is what purchases brought forward look like."""
    if len(windows) < 2:
        return "Only one window can be seen, so whether purchases were only brought forward cannot be told."
    top = windows.loc[windows["margin"].idxmax()]
    last = windows.iloc[-1]
    if top["margin"] <= 0 or int(top["days"]) == int(last["days"]):
        return (
            f"By day {int(last['days'])} the margin added has not fallen back: no sign that purchases were only brought "
            "forward. A dip later than that cannot be seen yet."
        )
    lost = float(top["margin"] - last["margin"])
    if format_value(float(top["margin"]), currency) == format_value(float(last["margin"]), currency):
        return (
            f"Since day {int(top['days'])} the margin added has stayed where it was: no sign that purchases were only "
            "brought forward."
        )
    return (
        f"The margin added is largest after {int(top['days'])} days ({format_value(float(top['margin']), currency)} a "
        f"contact); by day {int(last['days'])} {format_value(lost, currency)} of it is gone again: as much may have been "
        "brought forward from later. Compare the ranges: a small fall may be chance."
    )


def segments_sentence(table: pd.DataFrame) -> str:
    """Whether segments differ, with the number of looks allowed for."""
    if not len(table):
        return "No segment has twenty customers in both groups, so nothing is said about segments."
    p_values = table.groupby("column", sort=False)["p_differs"].first()
    differ = [str(name) for name, value in p_values.items() if value < DIFFERS_BELOW]
    looked = f"{len(table)} segments of {len(p_values)} {'columns' if len(p_values) > 1 else 'column'} were compared"
    if differ:
        return f"{looked}, and that is allowed for: what a contact earns differs by {' and by '.join(differ)}."
    return f"{looked}: what a contact earns does not differ between them by more than chance. Do not pick the best one."


def risk_sentence(gap: Estimate, share: float, currency: str) -> str:
    """Ranking by what a contact adds against ranking by who is most likely to stay away."""
    spread = f"{format_range(gap.low, gap.high, currency)} for every customer of the base"
    head = (
        f"Contacting {format_value(share, 'share')} of the customers by what a contact adds, instead of those most likely "
        "to stay away,"
    )
    if gap.low > 0:
        more = format_value(gap.value, currency)
        return f"{head} earns {more} more ({spread}): those at the highest risk are not the best to contact."
    if gap.high < 0:
        return f"{head} earns {format_value(-gap.value, currency)} less ({spread}): here the risk is the better guide."
    return f"{head} earns about the same in this test (the difference is {spread})."


def next_contacts_finding(
    found: NextContacts, name: str, *, currency: str, level: float, grade: str, differs: bool, days: int
) -> Finding:
    """Whom to contact next: how many of the sleeping, from the top of the list, and what they should earn."""
    value, low, high = found.profit
    whom = (
        f"the {found.chosen:,} best-ranked of the {found.asleep:,} inactive customers"
        if differs and found.chosen < found.asleep
        else f"all {found.asleep:,} inactive customers"
        if found.chosen == found.asleep
        else f"any {found.chosen:,} of the {found.asleep:,} inactive customers"
    )
    if not found.chosen:
        text = (
            f"Contact nobody now: by the test, none of the {found.asleep:,} customers who are asleep would bring more than "
            "a contact costs."
            if not found.table["worth_contacting"].any()
            else "Contact nobody now: the budget does not pay for a single contact."
        )
    else:
        text = (
            f"Contact {whom}. It costs {format_value(found.cost, currency)} and should earn {format_value(value, currency)} "
            f"of margin within {days} days ({format_range(low, high, currency)}), after that cost."
            if found.cost > 0
            else f"Contact {whom}. That should earn {format_value(value, currency)} of margin within {days} days "
            f"({format_range(low, high, currency)}); the contacts give no cost, so none is taken off."
        )
        if not differs and found.chosen < found.asleep:
            text += " The test shows no difference between customers, so no ranking is worth its price."
        if low <= 0:
            text += " It may earn nothing: hold some out again."
        text += {
            "budget": " The budget ends the list there.",
            "minimum profit": " Fewer would not be expected to earn the minimum profit.",
        }.get(found.rule, "")
        if not found.reached:
            text += " The minimum profit is not within reach, even with everybody who pays."
    method = (
        "Ranked by the margin a contact should add, learnt from the test; the range is of what customers ranked like them "
        "added in the test, and supposes that a contact does today what it did then. The list is in private/."
    )
    writer, label = replace(writer_of(name), grade=grade), "whom to contact next"
    return writer.write("next_contacts", label, found.chosen, "customers", text, method, level=level)
