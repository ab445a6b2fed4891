"""What a campaign's claim, its curve, its segments and its next contacts say, in words."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cxvalue.findings.numbers import format_date, format_range, format_value
from cxvalue.language.catalogue import translatable, translate, translate_count
from cxvalue.language.words import enumerated
from cxvalue.questions.campaigns.findings import writer_of

if TYPE_CHECKING:
    import pandas as pd

    from cxvalue.effects.estimators.abtest import Estimate
    from cxvalue.findings.finding import Finding
    from cxvalue.questions.campaigns import CampaignResult
    from cxvalue.questions.campaigns.dormancy import Recovery
    from cxvalue.questions.campaigns.next_contacts import NextContacts

DIFFERS_BELOW = 0.05
ENDS = {
    "budget": translatable("The budget ends the list here."),
    "minimum profit": translatable("A shorter list would not be expected to earn the minimum profit."),
}
"""What ended a list of next contacts before its last customer."""


def recovery_sentence(found: Recovery | None, silent_days: int, window_days: int, currency: str) -> str:
    """What the selection rule promises by itself."""
    if found is None:
        return translate(
            "The history before the campaign is too short to say how many customers come back without any campaign."
        )
    return translate(
        "Customers silent for {silence} or more, looked at on {dates} earlier dates (from {first}): {share} came back "
        "within {window} with no campaign, and brought an average of {margin} over all of them. A report that compares "
        "before and after would claim all of that as its success, since by definition they brought nothing before.",
        silence=format_value(silent_days, "days"),
        dates=len(found.dates),
        first=format_date(min(found.dates)),
        share=format_value(found.share, "share"),
        window=format_value(window_days, "days"),
        margin=format_value(found.margin, currency),
    )


def claim_finding(result: CampaignResult, expected: Recovery | None, *, currency: str) -> Finding:
    """What counting every sale would claim, beside what the campaign did and what the selection rule alone promises."""
    writer, label = replace(writer_of(result.name), grade="E"), translate("claim if every sale were counted")
    found = result.margin_per_contact
    if found is None or result.claimed is None:
        return writer.withhold("claimed_margin", label, result.note, currency)
    values = {
        "window": format_value(result.window_days, "days"),
        "claimed": format_value(result.claimed, currency),
        "changed": format_value(found.value, currency),
        "range": format_range(found.low, found.high, currency),
    }
    if result.claimed > 0 and found.value > 0:
        text = translate(
            "Counting every sale to the contacted within {window} would claim {claimed} per contact; the "
            "campaign changed {changed} ({range}), {share} of that claim.",
            share=format_value(found.value / result.claimed, "share"),
            **values,
        )
    else:
        text = translate(
            "Counting every sale to the contacted within {window} would claim {claimed} per contact; the "
            "campaign changed {changed} ({range}).",
            **values,
        )
    if expected is not None:
        text += " " + translate(
            "Customers chosen by this rule bring {margin} each with no campaign at all.",
            margin=format_value(expected.margin, currency),
        )
    method = translate(
        "Margin of all contacted in the window less the cost of contacting, nothing else deducted; a claim, not an effect."
    )
    return writer.write("claimed_margin", label, result.claimed, currency, text, method)


def adjustment_sentence(result: CampaignResult) -> str:
    """Whether allowing for what customers did before makes the range narrower."""
    plain, found = result.unadjusted, result.margin_per_contact
    if plain is None or found is None or plain.se <= 0:
        return ""
    saved = 1 - found.se / plain.se
    if saved < 0.01:
        return translate(
            "Adjusting for what customers had brought before does not narrow the range of the margin here."
        )
    return translate(
        "Adjusting for what customers had brought before narrows the range of the margin by {narrower}, "
        "as much as {more} more customers in the test would.",
        narrower=format_value(saved, "share"),
        more=format_value(1 / (1 - saved) ** 2 - 1, "share"),
    )


def break_even_sentence(result: CampaignResult, currency: str) -> str:
    """How many must be woken for the campaign to pay, were a return worth what it was."""
    needed, back = result.break_even_uplift, result.return_uplift
    if not result.priced:
        return translate("The contacts give no cost, so it is not known how many must buy for the campaign to pay.")
    if needed is None or back is None:
        return ""
    values = {
        "cost": format_value(result.cost_per_contact, currency),
        "needed": format_value(needed, "share"),
        "found": format_value(back.value, "share"),
        "range": format_range(back.low, back.high, "share"),
    }
    if not result.dormant:
        return translate(
            "A contact costs {cost}: the campaign pays as soon as {needed} of the contacted buy because of "
            "it, if their purchases are worth what they were here. Measured: {found} ({range}).",
            **values,
        )
    return translate(
        "A contact costs {cost}: the campaign pays as soon as it wins back {needed} of the contacted, if they are worth "
        "what they were here. It won back {found} ({range}).",
        **values,
    )


def pull_forward_sentence(windows: pd.DataFrame, currency: str) -> str:
    """Whether the margin added falls back after its peak, which is what purchases brought forward look like."""
    if len(windows) < 2:
        return translate("Only one window can be seen, so it is not known whether purchases were only brought forward.")
    top = windows.loc[windows["margin"].idxmax()]
    last = windows.iloc[-1]
    day = int(last["days"])
    if top["margin"] <= 0 or int(top["days"]) == day:
        return translate(
            "By day {day} the added margin has not fallen back: no sign that purchases were only brought "
            "forward. A later dip cannot be seen yet.",
            day=day,
        )
    lost = float(top["margin"] - last["margin"])
    if format_value(float(top["margin"]), currency) == format_value(float(last["margin"]), currency):
        return translate(
            "Since day {day} the added margin has stayed where it was: no sign that purchases were only brought forward.",
            day=int(top["days"]),
        )
    return translate(
        "The added margin is largest after {peak} ({margin} per contact); by day {day} {lost} of it has gone again: up to "
        "that much may have been brought forward. Compare the ranges: a small fall may be chance.",
        peak=format_value(int(top["days"]), "days"),
        margin=format_value(float(top["margin"]), currency),
        day=day,
        lost=format_value(lost, currency),
    )


def segments_sentence(table: pd.DataFrame) -> str:
    """Whether segments differ, with the number of looks allowed for."""
    if not len(table):
        return translate("No segment has twenty customers in both groups, so no segments are compared.")
    p_values = table.groupby("column", sort=False)["p_differs"].first()
    differ = [str(name) for name, value in p_values.items() if value < DIFFERS_BELOW]
    if differ:
        return translate_count(
            "{segments} segments of {count} column were compared, and the ranges allow for that: what a "
            "contact earns differs by {columns}.",
            "{segments} segments of {count} columns were compared, and the ranges allow for that: what a "
            "contact earns differs by {columns}.",
            len(p_values),
            segments=len(table),
            columns=enumerated(differ),
        )
    return translate_count(
        "{segments} segments of {count} column were compared: what a contact earns differs between them "
        "no more than by chance. Do not pick the best one.",
        "{segments} segments of {count} columns were compared: what a contact earns differs between them"
        " no more than by chance. Do not pick the best one.",
        len(p_values),
        segments=len(table),
    )


def risk_sentence(gap: Estimate, share: float, currency: str) -> str:
    """Ranking by what a contact adds against ranking by who is most likely to stay away."""
    values = {"share": format_value(share, "share"), "range": format_range(gap.low, gap.high, currency)}
    if gap.low > 0:
        return translate(
            "Contacting {share} of the customers, chosen by what a contact adds instead of by who is most "
            "likely to stay away, earns {more} more ({range} per customer of the base): those at the highest"
            " risk are not the best to contact.",
            more=format_value(gap.value, currency),
            **values,
        )
    if gap.high < 0:
        return translate(
            "Contacting {share} of the customers, chosen by what a contact adds instead of by who is most likely to stay "
            "away, earns {less} less ({range} per customer of the base): here the risk is the better guide.",
            less=format_value(-gap.value, currency),
            **values,
        )
    return translate(
        "Contacting {share} of the customers, chosen by what a contact adds instead of by who is most likely to stay away, "
        "earns about the same in this test (the difference is {range} per customer of the base).",
        **values,
    )


def next_contacts_finding(
    found: NextContacts, name: str, *, currency: str, level: float, grade: str, differs: bool, days: int
) -> Finding:
    """Whom to contact next: how many of the sleeping, from the top of the list, and what they should earn."""
    method = translate(
        "Ranked by the margin a contact should add, as learnt from the test; the range is what customers ranked like them "
        "added in the test, and assumes that a contact does today what it did then. The list is in private/."
    )
    writer, label = replace(writer_of(name), grade=grade), translate("whom to contact next")
    text = _next_contacts_text(found, currency, differs=differs, days=days)
    return writer.write("next_contacts", label, found.chosen, "customers", text, method, level=level)


def _next_contacts_text(found: NextContacts, currency: str, *, differs: bool, days: int) -> str:
    value, low, high = found.profit
    counts = {"chosen": found.chosen, "asleep": found.asleep}
    if not found.chosen and found.table["worth_contacting"].any():
        return translate("Contact nobody now: the budget does not pay for a single contact.")
    if not found.chosen:
        return translate(
            "Contact nobody now: according to the test, none of the {asleep:,} inactive customers would "
            "bring more than a contact costs.",
            asleep=found.asleep,
        )
    some = found.chosen < found.asleep
    if differs and some:
        said = [translate("Contact the {chosen:,} best-ranked of the {asleep:,} inactive customers.", **counts)]
    elif some:
        said = [translate("Contact any {chosen:,} of the {asleep:,} inactive customers.", **counts)]
    else:
        said = [translate("Contact all {asleep:,} inactive customers.", asleep=found.asleep)]
    values = {
        "margin": format_value(value, currency),
        "window": format_value(days, "days"),
        "range": format_range(low, high, currency),
    }
    if found.cost > 0:
        said.append(
            translate(
                "It costs {cost} and should earn {margin} of margin within {window} ({range}), after that cost.",
                cost=format_value(found.cost, currency),
                **values,
            )
        )
    else:
        said.append(
            translate(
                "That should earn {margin} of margin within {window} ({range}); the contacts give no cost, so "
                "none is deducted.",
                **values,
            )
        )
    if not differs and some:
        said.append(translate("The test shows no difference between customers, so a ranking is not worth paying for."))
    if low <= 0:
        said.append(translate("It may earn nothing: hold some customers out again."))
    if found.rule in ENDS:
        said.append(translate(ENDS[found.rule]))
    if not found.reached:
        said.append(translate("The minimum profit is out of reach, even if everybody who pays off is contacted."))
    return " ".join(said)
