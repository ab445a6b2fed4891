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
    "budget": translatable("The budget ends the list there."),
    "minimum profit": translatable("Fewer would not be expected to earn the minimum profit."),
}
"""What ended a list of next contacts before its last customer."""


def recovery_sentence(found: Recovery | None, silent_days: int, window_days: int, currency: str) -> str:
    """What the selection rule promises by itself."""
    if found is None:
        return translate("The history before the campaign is too short to say what the rule promises by itself.")
    return translate(
        "Customers silent for {silence} or more, taken at {dates} earlier dates (from {first}): {share} came back within "
        "{window} with no campaign, and all of them together brought {margin} each. A report that compares before and "
        "after would call all of that its success: before, by the rule, it was nothing.",
        silence=format_value(silent_days, "days"),
        dates=len(found.dates),
        first=format_date(min(found.dates)),
        share=format_value(found.share, "share"),
        window=format_value(window_days, "days"),
        margin=format_value(found.margin, currency),
    )


def claim_finding(result: CampaignResult, expected: Recovery | None, *, currency: str, level: float) -> Finding:
    """What counting every sale would claim, beside what the campaign did and what the selection rule alone promises."""
    writer, label = replace(writer_of(result.name), grade="E"), translate("claimed if every sale were counted")
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
            "Counting every sale to the contacted within {window} would claim {claimed} a contact; {changed} ({range}) is "
            "what the campaign changed, {share} of the claim.",
            share=format_value(found.value / result.claimed, "share"),
            **values,
        )
    else:
        text = translate(
            "Counting every sale to the contacted within {window} would claim {claimed} a contact; {changed} ({range}) is "
            "what the campaign changed.",
            **values,
        )
    if expected is not None:
        text += " " + translate(
            "The rule by which they were chosen promised {margin} each with no campaign at all.",
            margin=format_value(expected.margin, currency),
        )
    method = translate(
        "Margin of all contacted in the window less the cost of contacting, nothing taken off; a claim, no effect."
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
            "Allowing for what customers had brought before makes the range of the margin no narrower here."
        )
    return translate(
        "Allowing for what customers had brought before makes the range of the margin {narrower} narrower, as {more} more "
        "customers in the test would.",
        narrower=format_value(saved, "share"),
        more=format_value(1 / (1 - saved) ** 2 - 1, "share"),
    )


def break_even_sentence(result: CampaignResult, currency: str) -> str:
    """How many must be woken for the campaign to pay, were a return worth what it was."""
    needed, back = result.break_even_uplift, result.return_uplift
    if not result.priced:
        return translate(
            "The contacts give no cost, so nothing is said about how many must buy for the campaign to pay."
        )
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
            "A contact costs {cost}: the campaign pays as soon as {needed} of the contacted buy because of it, if their "
            "purchases are worth what they were here. {found} did ({range}).",
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
        return translate("Only one window can be seen, so whether purchases were only brought forward cannot be told.")
    top = windows.loc[windows["margin"].idxmax()]
    last = windows.iloc[-1]
    day = int(last["days"])
    if top["margin"] <= 0 or int(top["days"]) == day:
        return translate(
            "By day {day} the margin added has not fallen back: no sign that purchases were only brought forward. A dip "
            "later than that cannot be seen yet.",
            day=day,
        )
    lost = float(top["margin"] - last["margin"])
    if format_value(float(top["margin"]), currency) == format_value(float(last["margin"]), currency):
        return translate(
            "Since day {day} the margin added has stayed where it was: no sign that purchases were only brought forward.",
            day=int(top["days"]),
        )
    return translate(
        "The margin added is largest after {peak} ({margin} a contact); by day {day} {lost} of it is gone again: as much "
        "may have been brought forward from later. Compare the ranges: a small fall may be chance.",
        peak=format_value(int(top["days"]), "days"),
        margin=format_value(float(top["margin"]), currency),
        day=day,
        lost=format_value(lost, currency),
    )


def segments_sentence(table: pd.DataFrame) -> str:
    """Whether segments differ, with the number of looks allowed for."""
    if not len(table):
        return translate("No segment has twenty customers in both groups, so nothing is said about segments.")
    p_values = table.groupby("column", sort=False)["p_differs"].first()
    differ = [str(name) for name, value in p_values.items() if value < DIFFERS_BELOW]
    if differ:
        return translate_count(
            "{segments} segments of {count} column were compared, and that is allowed for: what a contact earns differs by "
            "{columns}.",
            "{segments} segments of {count} columns were compared, and that is allowed for: what a contact earns differs by "
            "{columns}.",
            len(p_values),
            segments=len(table),
            columns=enumerated(differ),
        )
    return translate_count(
        "{segments} segments of {count} column were compared: what a contact earns does not differ between them by more "
        "than chance. Do not pick the best one.",
        "{segments} segments of {count} columns were compared: what a contact earns does not differ between them by more "
        "than chance. Do not pick the best one.",
        len(p_values),
        segments=len(table),
    )


def risk_sentence(gap: Estimate, share: float, currency: str) -> str:
    """Ranking by what a contact adds against ranking by who is most likely to stay away."""
    values = {"share": format_value(share, "share"), "range": format_range(gap.low, gap.high, currency)}
    if gap.low > 0:
        return translate(
            "Contacting {share} of the customers by what a contact adds, instead of those most likely to stay away, earns "
            "{more} more ({range} for every customer of the base): those at the highest risk are not the best to contact.",
            more=format_value(gap.value, currency),
            **values,
        )
    if gap.high < 0:
        return translate(
            "Contacting {share} of the customers by what a contact adds, instead of those most likely to stay away, earns "
            "{less} less ({range} for every customer of the base): here the risk is the better guide.",
            less=format_value(-gap.value, currency),
            **values,
        )
    return translate(
        "Contacting {share} of the customers by what a contact adds, instead of those most likely to stay away, earns about "
        "the same in this test (the difference is {range} for every customer of the base).",
        **values,
    )


def next_contacts_finding(
    found: NextContacts, name: str, *, currency: str, level: float, grade: str, differs: bool, days: int
) -> Finding:
    """Whom to contact next: how many of the sleeping, from the top of the list, and what they should earn."""
    method = translate(
        "Ranked by the margin a contact should add, learnt from the test; the range is of what customers ranked like them "
        "added in the test, and supposes that a contact does today what it did then. The list is in private/."
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
            "Contact nobody now: by the test, none of the {asleep:,} customers who are asleep would bring more than a "
            "contact costs.",
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
                "That should earn {margin} of margin within {window} ({range}); the contacts give no cost, so none is taken "
                "off.",
                **values,
            )
        )
    if not differs and some:
        said.append(translate("The test shows no difference between customers, so no ranking is worth its price."))
    if low <= 0:
        said.append(translate("It may earn nothing: hold some out again."))
    if found.rule in ENDS:
        said.append(translate(ENDS[found.rule]))
    if not found.reached:
        said.append(translate("The minimum profit is not within reach, even with everybody who pays."))
    return " ".join(said)
