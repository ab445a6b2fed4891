"""The tables of the reactivation notebook as it shows them; none of them names a customer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from cxvalue.findings.display import styled
from cxvalue.findings.numbers import format_range, format_value
from cxvalue.foundation.intervals import Interval

if TYPE_CHECKING:
    import pandas as pd
    from pandas.io.formats.style import Styler

    from cxvalue.effects.effect import Check
    from cxvalue.questions.campaigns import CampaignResult
    from cxvalue.questions.campaigns.dormancy import Sleeping
    from cxvalue.questions.campaigns.second_life import SecondLife
    from cxvalue.questions.campaigns.targeting import Targeting

__all__ = [
    "arms_display",
    "balance_display",
    "campaign_checks_display",
    "capped_sentence",
    "groups_display",
    "qini_sentence",
    "returns_display",
    "second_lives_display",
    "segments_display",
    "sleeping_sentence",
    "windows_display",
]


SHOWN_DAYS = (30, 60, 90, 180)
JUDGED = {True: "passed", False: "FAILED", None: "could not be made"}


def returns_display(curve: pd.DataFrame) -> Styler:
    """How many of the sleeping wake by themselves."""
    return styled(
        {
            "days after falling asleep": row.days,
            "times a customer fell asleep": f"{row.customers:,}",
            "came back by then": format_value(row.share, "share"),
            "range": format_range(row.low, row.high, "share"),
        }
        for row in curve.itertuples()
    )


def windows_display(windows: pd.DataFrame, currency: str, own: int) -> Styler:
    """Contacted against held out after 30, 60, 90 and 180 days and the campaign's own window."""
    return styled(
        {
            "days": row.days,
            "contacted / held out": f"{row.contacted:,} / {row.held_out:,}",
            "bought": format_value(row.returned, "share"),
            "anyway": format_value(row.would_return, "share"),
            "because of it": f"{format_value(row.return_uplift, 'share')} "
            f"({format_range(row.return_uplift_low, row.return_uplift_high, 'share')})",
            "orders added": f"{row.orders:.2f}",
            "revenue added": format_value(row.revenue, currency),
            "margin added, net": f"{format_value(row.margin, currency)} "
            f"({format_range(row.margin_low, row.margin_high, currency)})",
        }
        for row in windows.itertuples()
        if row.days in {*SHOWN_DAYS, own}
    )


def arms_display(arms: pd.DataFrame, currency: str) -> Styler:
    """Each arm against those held out."""
    return styled(
        {
            "arm": row.arm,
            "contacted": f"{row.contacted:,}",
            "bought": format_value(row.returned, "share"),
            "because of it": format_range(row.return_uplift_low, row.return_uplift_high, "share"),
            "margin per contact": format_value(row.margin_per_contact, currency),
            "range": format_range(row.margin_per_contact_low, row.margin_per_contact_high, currency),
        }
        for row in arms.itertuples()
    )


def campaign_checks_display(checks: Sequence[Check]) -> Styler:
    """The checks in words."""
    return styled(
        {"question": one.question, "result": JUDGED[one.passed], "what was found": one.detail} for one in checks
    )


def sleeping_sentence(found: Sleeping | None, days: int, months: int, currency: str) -> str:
    """What the sleeping will still bring by themselves, and how many have broken their own rhythm."""
    if found is None:
        return "Nobody is asleep."
    value, low, high = found.value
    return (
        f"{found.customers:,} customers have bought nothing for {days} days or more. If nobody does anything, the model "
        f"expects {_by_days(found.returns)} of them to buy by themselves within "
        f"{' / '.join(str(days) for days, _ in found.returns)} days, and all of them together to bring "
        f"{format_value(value, currency)} of margin over {months} months ({format_range(low, high, currency)}). By their "
        f"own rhythm, which may be slower or faster than the rule, {found.rhythm_broken:,} customers have been silent for "
        "improbably long."
    )


def capped_sentence(result: CampaignResult, currency: str) -> str:
    """Whether a few very large orders make the result: the same figure with the largest 1% of margins capped."""
    found, whole = result.capped, result.margin_per_contact
    if found is None or whole is None:
        return ""
    same = (found.low > 0, found.high < 0) == (whole.low > 0, whole.high < 0)
    if found == whole:
        return "No margin is so large that capping the largest 1% of them would change anything."
    return (
        f"With the largest 1% of margins capped, a contact earned {format_value(found.value, currency)} "
        f"({format_range(found.low, found.high, currency)}) instead of {format_value(whole.value, currency)}: "
        + ("the result does not hang on a few large orders." if same else "THE RESULT HANGS ON A FEW LARGE ORDERS.")
    )


def second_lives_display(lives: Sequence[SecondLife], currency: str) -> Styler:
    """Second lifetimes, contacted and by themselves."""
    return styled(
        {
            "came back": life.kind if life.kind != "contacted" else "after a contact",
            "customers": f"{life.returners:,}",
            "asleep again": "too early"
            if life.lapse_share is None or life.lapse_range is None
            else f"{format_value(life.lapse_share, 'share')} ({format_range(*life.lapse_range, 'share')})",
            "margin so far": format_value(life.margin_so_far, currency)
            + (f" ({format_range(*life.margin_range, currency)})" if life.margin_range else ""),
            "margin in 12 months": life.reason if life.margin_12m is None else format_value(life.margin_12m, currency),
        }
        for life in lives
    )


def groups_display(found: Targeting, currency: str) -> Styler:
    """What a contact added for five groups by ranking."""
    names = ("top fifth", "second", "third", "fourth", "last fifth")
    return styled(
        {
            "ranked": name,
            "a contact added, net of cost": format_value(value, currency),
            "range": format_range(*Interval.of_error(value, se)[1:], currency),
        }
        for name, (value, se) in zip(names, found.groups, strict=True)
    )


def qini_sentence(found: tuple[float, float, float], contacted: int) -> str:
    """What the ranking is worth in returns, against contacting as many by lot."""
    value, low, high = (one / max(contacted, 1) for one in found)
    said = (
        f"Qini coefficient of the ranking, in returns per contacted customer: {100 * value:+.2f} points "
        f"({100 * low:+.2f} to {100 * high:+.2f})."
    )
    if low > 0:
        return (
            f"{said} Contacting by it brings more customers to buy than contacting as many by lot; what that earns stands "
            "above."
        )
    return f"{said} By this test the ranking brings no more customers to buy than contacting as many by lot."


def segments_display(table: pd.DataFrame, currency: str) -> Styler:
    """The effect in each segment."""
    return styled(
        {
            "by": row.column,
            "segment": row.segment,
            "contacted / held out": f"{row.contacted:,} / {row.held_out:,}",
            "bought because of it": f"{format_value(row.return_uplift, 'share')} "
            f"({format_range(row.return_uplift_low, row.return_uplift_high, 'share')})",
            "margin per contact": f"{format_value(row.margin_per_contact, currency)} "
            f"({format_range(row.margin_per_contact_low, row.margin_per_contact_high, currency)})",
        }
        for row in table.itertuples()
    )


def balance_display(table: pd.DataFrame) -> Styler:
    """The contacted beside the others, as they are and as weighted."""
    return styled(
        {
            "what was known before": row.what,
            "contacted": f"{row.contacted:,.1f}",
            "others": f"{row.others:,.1f}",
            "others, weighted": f"{row.others_weighted:,.1f}",
            "difference before, in standard deviations": f"{row.difference_before:+.2f}",
            "after weighting": f"{row.difference_after:+.2f}",
        }
        for row in table.itertuples()
    )


def _by_days(returns: Iterable[tuple[int, float]]) -> str:
    return " / ".join(format_value(share, "share") for _, share in returns)
