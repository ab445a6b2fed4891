"""The tables of the reactivation notebook as it shows them; none of them names a customer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from cxvalue.findings.display import styled
from cxvalue.findings.finding import behind_a_colon
from cxvalue.findings.numbers import format_range, format_value
from cxvalue.foundation.intervals import Interval
from cxvalue.language.catalogue import translatable, translate, written
from cxvalue.language.words import enumerated
from cxvalue.questions.campaigns.findings import campaign_title
from cxvalue.questions.campaigns.next_contacts import FEWEST_LEARNED

if TYPE_CHECKING:
    import pandas as pd
    from pandas.io.formats.style import Styler

    from cxvalue.effects.effect import Check
    from cxvalue.questions.campaigns import CampaignResult
    from cxvalue.questions.campaigns.dormancy import Sleeping
    from cxvalue.questions.campaigns.second_life import SecondLife
    from cxvalue.questions.campaigns.targeting import Targeting

SHOWN_DAYS = (30, 60, 90, 180)
JUDGED = {True: translatable("passed"), False: translatable("FAILED"), None: translatable("not possible")}
CAME_BACK = {"contacted": translatable("after a contact"), "by themselves": translatable("without a contact")}
FIFTHS = (
    translatable("top fifth"),
    translatable("second"),
    translatable("third"),
    translatable("fourth"),
    translatable("last fifth"),
)


def rankings() -> tuple[str, str]:
    """The names of the two rankings whose worth is compared."""
    return translate("by what a contact adds"), translate("most likely to stay away first")


def no_model_sentence() -> str:
    """Why nothing is said of what the sleeping are worth."""
    return translate("No model of purchases could be fitted, so what inactive customers are worth is not known.")


def no_rule_sentence(campaign: str) -> str:
    """Why nothing is said of what the selection rule promises."""
    return translate(
        "{title}: this campaign did not choose customers by their silence, so there is no such rule to compare with.",
        title=campaign_title(campaign),
    )


def no_segments_sentence(campaign: str) -> str:
    """What segments need."""
    return translate(
        "{title}: segments need customers held out by lot and a table of customers with text columns.",
        title=campaign_title(campaign),
    )


def no_customers_sentence(result: CampaignResult) -> str:
    """Why nothing is said of single customers."""
    few = min(result.contacted, result.held_out) < FEWEST_LEARNED
    small = translate("fewer than {least} customers of one group were followed.", least=FEWEST_LEARNED) if few else ""
    reason = result.withheld or result.bare or small or translate("customers were not assigned one by one.")
    title = campaign_title(result.name)
    return translate("{title}: no statement about single customers is possible: {reason}", title=title, reason=reason)


def not_told(results: Iterable[CampaignResult], *, again: bool = False) -> list[str]:
    """Of campaigns without customers held out by lot: that what only these can tell is not told, each reason once.

    `again` is for the questions after the first one that had to say so: the reasons are known by then.
    """
    named: dict[str, list[str]] = {}
    for result in results:
        if not result.judged:
            named.setdefault("" if again else result.withheld or result.bare, []).append(campaign_title(result.name))
    told = []
    for reason, titles in named.items():
        title = enumerated(titles)
        if again:
            first = translate("Does it last?")
            told.append(
                translate("{title}: not shown, for the reason given at “{question}”", title=title, question=first)
            )
        elif reason:
            told.append(translate("{title}: not shown: {reason}", title=title, reason=behind_a_colon(reason)))
        else:
            told.append(translate("{title}: not shown, as no customers were held out by lot.", title=title))
    return told


def returns_display(curve: pd.DataFrame) -> Styler:
    """How many of the sleeping wake by themselves."""
    return styled(
        {
            translate("days since going silent"): row.days,
            translate("times a customer went silent"): written(row.customers, ","),
            translate("came back by then"): format_value(row.share, "share"),
            translate("range"): format_range(row.low, row.high, "share"),
        }
        for row in curve.itertuples()
    )


def windows_display(windows: pd.DataFrame, currency: str, own: int) -> Styler:
    """Contacted against held out after 30, 60, 90 and 180 days and the campaign's own window."""
    told = _returns_told(windows)
    return styled(
        {
            translate("days"): row.days,
            translate("contacted / held out"): f"{written(row.contacted, ',')} / {written(row.held_out, ',')}",
            translate("bought"): format_value(row.returned, "share"),
            **({translate("anyway"): format_value(row.would_return, "share")} if told else {}),
            **({translate("because of it"): _uplift(row)} if told else {}),
            translate("extra orders"): written(row.orders, ".2f"),
            translate("extra revenue"): format_value(row.revenue, currency),
            translate("extra margin, net"): f"{format_value(row.margin, currency)} "
            f"({format_range(row.margin_low, row.margin_high, currency)})",
        }
        for row in windows.itertuples()
        if row.days in {*SHOWN_DAYS, own}
    )


def arms_display(arms: pd.DataFrame, currency: str) -> Styler:
    """Each arm against those held out."""
    told = _returns_told(arms)
    return styled(
        {
            translate("arm"): row.arm,
            translate("contacted"): written(row.contacted, ","),
            translate("bought"): format_value(row.returned, "share"),
            **(
                {translate("because of it"): format_range(row.return_uplift_low, row.return_uplift_high, "share")}
                if told
                else {}
            ),
            translate("margin per contact"): format_value(row.margin_per_contact, currency),
            translate("range"): format_range(row.margin_per_contact_low, row.margin_per_contact_high, currency),
        }
        for row in arms.itertuples()
    )


def campaign_checks_display(checks: Sequence[Check]) -> Styler:
    """The checks in words."""
    return styled(
        {
            translate("question"): one.question,
            translate("result"): translate(JUDGED[one.passed]),
            translate("finding"): one.detail,
        }
        for one in checks
    )


def sleeping_sentence(found: Sleeping | None, days: int, months: int, currency: str) -> str:
    """What the sleeping will still bring by themselves, and how many have broken their own rhythm."""
    if found is None:
        return translate("Nobody is inactive.")
    value, low, high = found.value
    return translate(
        "{customers:,} customers have bought nothing for {silence} or more. If nothing is done, the model expects {shares} "
        "of them to buy without a contact within {waits} days, and all of them together to bring {margin} of margin over "
        "{horizon} ({range}). Judged by their own rhythm, which may be slower or faster than the rule, {broken:,} "
        "customers have been silent for improbably long.",
        customers=found.customers,
        silence=format_value(days, "days"),
        shares=_by_days(found.returns),
        waits=" / ".join(str(days) for days, _ in found.returns),
        margin=format_value(value, currency),
        horizon=format_value(months, "months"),
        range=format_range(low, high, currency),
        broken=found.rhythm_broken,
    )


def capped_sentence(result: CampaignResult, currency: str) -> str:
    """Whether a few very large orders make the result: the same figure with the largest 1% of margins capped."""
    found, whole = result.capped, result.margin_per_contact
    if found is None or whole is None:
        return ""
    if found == whole:
        return translate("No margin is so large that capping the largest 1% of them would change anything.")
    values = {
        "capped": format_value(found.value, currency),
        "range": format_range(found.low, found.high, currency),
        "margin": format_value(whole.value, currency),
    }
    if (found.low > 0, found.high < 0) == (whole.low > 0, whole.high < 0):
        return translate(
            "With the largest 1% of margins capped, a contact earned {capped} ({range}) instead of {margin}:"
            " the result does not depend on a few large orders.",
            **values,
        )
    return translate(
        "With the largest 1% of margins capped, a contact earned {capped} ({range}) instead of {margin}:"
        " THE RESULT DEPENDS ON A FEW LARGE ORDERS.",
        **values,
    )


def second_lives_display(lives: Sequence[SecondLife], currency: str) -> Styler:
    """Second lifetimes, contacted and by themselves."""
    return styled(
        {
            translate("came back"): translate(CAME_BACK[life.kind]),
            translate("customers"): written(life.returners, ","),
            translate("silent again"): translate("too early to say")
            if life.lapse_share is None or life.lapse_range is None
            else f"{format_value(life.lapse_share, 'share')} ({format_range(*life.lapse_range, 'share')})",
            translate("margin so far"): format_value(life.margin_so_far, currency)
            + (f" ({format_range(*life.margin_range, currency)})" if life.margin_range else ""),
            translate("margin in 12 months"): life.reason
            if life.margin_12m is None
            else format_value(life.margin_12m, currency),
        }
        for life in lives
    )


def groups_display(found: Targeting, currency: str) -> Styler:
    """What a contact added for five groups by ranking."""
    return styled(
        {
            translate("rank"): translate(name),
            translate("a contact added, net of cost"): format_value(value, currency),
            translate("range"): format_range(*Interval.of_error(value, se)[1:], currency),
        }
        for name, (value, se) in zip(FIFTHS, found.groups, strict=True)
    )


def qini_sentence(found: tuple[float, float, float], contacted: int) -> str:
    """What the ranking is worth in returns, against contacting as many by lot."""
    value, low, high = (100 * one / max(contacted, 1) for one in found)
    said = translate(
        "Qini coefficient of the ranking, in returns per contacted customer: {value:+.2f} points ({low:+.2f} to "
        "{high:+.2f}).",
        value=value,
        low=low,
        high=high,
    )
    if low > 0:
        return f"{said} " + translate(
            "Contacting by this ranking brings more customers to buy than contacting as many at random; what"
            " that earns is shown above."
        )
    return f"{said} " + translate(
        "In this test the ranking brings no more customers to buy than contacting as many at random."
    )


def segments_display(table: pd.DataFrame, currency: str) -> Styler:
    """The effect in each segment."""
    told = _returns_told(table)
    return styled(
        {
            translate("by"): row.column,
            translate("segment"): row.segment,
            translate("contacted / held out"): f"{written(row.contacted, ',')} / {written(row.held_out, ',')}",
            **({translate("bought because of it"): _uplift(row)} if told else {}),
            translate("margin per contact"): f"{format_value(row.margin_per_contact, currency)} "
            f"({format_range(row.margin_per_contact_low, row.margin_per_contact_high, currency)})",
        }
        for row in table.itertuples()
    )


def balance_display(table: pd.DataFrame) -> Styler:
    """The contacted beside the others, as they are and as weighted."""
    return styled(
        {
            translate("what was known before"): translate(row.what),
            translate("contacted"): written(row.contacted, ",.1f"),
            translate("others"): written(row.others, ",.1f"),
            translate("others, weighted"): written(row.others_weighted, ",.1f"),
            translate("difference before, in standard deviations"): written(row.difference_before, "+.2f"),
            translate("after weighting"): written(row.difference_after, "+.2f"),
        }
        for row in table.itertuples()
    )


def _returns_told(table: pd.DataFrame) -> bool:
    """Whether a table says who bought because of the contact: it does not where the groups were unlike from the start."""
    return table.empty or bool(table["return_uplift"].notna().any())


def _uplift(row: Any) -> str:
    spread = format_range(row.return_uplift_low, row.return_uplift_high, "share")
    return f"{format_value(row.return_uplift, 'share')} ({spread})"


def _by_days(returns: Iterable[tuple[int, float]]) -> str:
    return " / ".join(format_value(share, "share") for _, share in returns)
