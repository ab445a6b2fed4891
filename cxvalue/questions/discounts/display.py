"""The tables of the discount notebook: as published and as shown."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pandas as pd

from cxvalue.findings.display import styled
from cxvalue.findings.finding import opening
from cxvalue.findings.numbers import format_range, format_value
from cxvalue.language.catalogue import translate, written
from cxvalue.questions.discounts.given import ALL_OTHERS
from cxvalue.questions.discounts.policies import NO_RANGE

if TYPE_CHECKING:
    from pandas.io.formats.style import Styler

    from cxvalue.questions.discounts import DiscountResult, Occasions
    from cxvalue.questions.discounts.policies import Figure
    from cxvalue.questions.discounts.walkaways import Afterwards, PolicyOutcome


def misfit_sentence(found: DiscountResult) -> str:
    """That no shape fits perfectly, where none does."""
    if found.overdispersion <= 1.5:
        return ""
    return translate(
        "No shape fits perfectly (misfit {misfit:.1f} times what chance would cause): ranges are widened.",
        misfit=found.overdispersion,
    )


def no_curve_sentence(found: DiscountResult) -> str:
    """Why there is no best depth."""
    return opening("not_available") + (found.missing or translate(NO_RANGE))


def curve_table(found: DiscountResult) -> pd.DataFrame:
    """Share that buys and margin an occasion at each flat depth, with their bounds, in steps of half a point."""
    from cxvalue.questions.discounts import DEPTHS

    rows = slice(None, None, 10)
    names = ("", "_low", "_high")
    columns = {f"buys{name}": found.acceptance[i][rows] for i, name in enumerate(names)}
    columns |= {f"margin{name}": found.curve[i][rows] for i, name in enumerate(names)}
    return pd.DataFrame({"depth": DEPTHS[rows], **columns})


def families_table(found: DiscountResult) -> pd.DataFrame:
    """The families that were fitted: how likely each makes the data, and how much it counts."""
    rows = [
        (fit.family, fit.parameters, fit.log_likelihood, fit.aic, float(weight))
        for fit, weight in zip(found.fits, found.weights, strict=True)
    ]
    return pd.DataFrame(rows, columns=["family", "parameters", "log_likelihood", "aic", "weight"])


def families_display(found: DiscountResult) -> Styler:
    """The families in words."""
    best = min(fit.aic for fit in found.fits)
    return styled(
        {
            translate("shape"): translate(fit.family),
            translate("behind the best (AIC)"): written(fit.aic - best, ",.1f"),
            translate("weight"): format_value(float(weight), "share"),
        }
        for fit, weight in sorted(zip(found.fits, found.weights, strict=True), key=lambda pair: -pair[1])
    )


def segments_table(found: DiscountResult) -> pd.DataFrame:
    """The best flat depth of each segment and the margin an occasion at it."""
    return pd.DataFrame(found.by_segment, columns=["segment", "share_of_occasions", "best_depth", "margin"])


def segments_display(found: DiscountResult, currency: str) -> Styler:
    """The segments in words."""
    return styled(
        {
            translate("segment"): name,
            translate("share of the visits"): format_value(share, "share"),
            translate("best flat discount"): format_value(depth, "share"),
            translate("margin per visit then"): format_value(margin, currency),
        }
        for name, share, depth, margin in found.by_segment
    )


def learning_sentence(data: Occasions, currency: str, margin: float | None) -> str:
    """Do customers refuse the first rung more often the more often they have come?"""
    rows = [(visit, number, refused) for visit, number, refused in data.first_refusals if number >= 30]
    if len(rows) < 3:
        return translate("Too few customers came three times or more to say whether they learn to wait.")
    last = rows[-1][0]
    shares = [refused / number for _, number, refused in rows]
    weight = [number for _, number, _ in rows]
    visits = [visit for visit, _, _ in rows]
    total = sum(weight)
    mean_v = sum(v * w for v, w in zip(visits, weight, strict=True)) / total
    mean_s = sum(s * w for s, w in zip(shares, weight, strict=True)) / total
    spread = sum(w * (v - mean_v) ** 2 for v, w in zip(visits, weight, strict=True))
    slope = sum(w * (v - mean_v) * (s - mean_s) for v, s, w in zip(visits, shares, weight, strict=True)) / spread
    error = (mean_s * (1 - mean_s) / spread) ** 0.5
    said = translate(
        "On the first visit {first} refuse the first discount, on visit {visit} {last} do.",
        first=format_value(shares[0], "share"),
        visit=last,
        last=format_value(shares[-1], "share"),
    )
    if slope <= 2 * error:
        return f"{said} " + translate("There is no sign that customers learn to wait.")
    said += " " + translate(
        "Customers learn to wait: each visit adds {share} of refusals.", share=format_value(slope, "share")
    )
    if margin is None:
        return said
    step = float(data.ladder[1] - data.ladder[0]) if data.ladder.size > 1 else float(data.ladder[0])
    lost = (shares[-1] - shares[0]) * step * float(data.value.sum() / data.total)
    return f"{said} " + translate(
        "One more rung for those who have learnt it costs about {loss} per visit.", loss=format_value(lost, currency)
    )


def lost_sentence(
    counts: Afterwards, lost: Figure | None, worth: tuple[float, float, float] | None, months: int, currency: str
) -> str:
    """How many of those who walk away do not come back because of it, and what one of them is worth."""
    window = format_value(counts.days, "days")
    if lost is None and not counts.few:
        return translate(
            "Of {walked:,.0f} who left without buying {walked_back:,.0f} were seen again within {window}, of {bought:,.0f} "
            "who bought {bought_back:,.0f}. Shares of none or all have no range, so no statement about lost customers is "
            "possible. Check that offers and purchases use the same customer ids.",
            walked=counts.walked.sum(),
            walked_back=counts.walked_back.sum(),
            window=window,
            bought=counts.bought.sum(),
            bought_back=counts.bought_back.sum(),
        )
    if lost is None:
        return translate(
            "Too few customers left without buying, or bought at the last discount, at least {window} before the end of the "
            "data to say whether leaving once means leaving for good.",
            window=window,
        )
    found = {"share": format_value(lost.value, "share"), "range": format_range(lost.low, lost.high, "share")}
    if worth is None:
        return f"{_seen_again(counts)} {_lost_without_price(lost, found)}"
    priced = {**found, "worth": format_value(worth[0], currency), "horizon": format_value(months, "months")}
    if lost.low > 0:
        gone = translate(
            "So about {share} of the walk-aways seem to be lost for good ({range}); a customer who buys will still bring "
            "{worth} over {horizon}.",
            **priced,
        )
    else:
        gone = translate(
            "So about {share} of the walk-aways seem to be lost for good ({range}), which could be chance; a"
            " customer who buys will still bring {worth} over {horizon}.",
            **priced,
        )
    apart = translate(
        "Those who walk away may differ in other ways too, so this is shown apart from the margins above."
    )
    return f"{_seen_again(counts)} {gone} {apart}"


def _seen_again(counts: Afterwards) -> str:
    """Which shares of those who walked away and of those who bought came back."""
    walked, bought = (
        format_value(float(n.sum() / d.sum()), "share")
        for n, d in ((counts.walked_back, counts.walked), (counts.bought_back, counts.bought))
    )
    seen = {"walked": walked, "bought": bought, "window": format_value(counts.days, "days")}
    if counts.all_rungs:
        return translate(
            "Of those who walked away {walked} were seen again within {window}, of those who bought {bought}.", **seen
        )
    return translate(
        "Of those who walked away {walked} were seen again within {window}, of those who bought at the deepest discount "
        "{bought}.",
        **seen,
    )


def _lost_without_price(lost: Figure, found: dict[str, str]) -> str:
    if lost.low > 0:
        return translate(
            "So about {share} of the walk-aways seem to be lost for good ({range}). What a customer is worth is not known "
            "here, so the loss has no price.",
            **found,
        )
    return translate(
        "So about {share} of the walk-aways seem to be lost for good ({range}), which could be chance. "
        "What a customer is worth is not known here, so the loss has no price.",
        **found,
    )


def outcomes_table(outcomes: Iterable[PolicyOutcome]) -> pd.DataFrame:
    """An occasion under each policy: margin now, share that walks away, future margin lost with them."""
    rows = [
        (one.policy, one.margin, one.walked_away)
        + ((one.future_lost.value, one.future_lost.low, one.future_lost.high) if one.future_lost else (None,) * 3)
        for one in outcomes
    ]
    columns = ["policy", "margin", "walked_away", "future_lost", "future_lost_low", "future_lost_high"]
    return pd.DataFrame(rows, columns=columns)


def outcomes_display(outcomes: Iterable[PolicyOutcome], currency: str) -> Styler:
    """The policies in words: margin lost against customers lost."""
    rows = []
    for one in outcomes:
        row = {
            translate("policy"): translate(one.policy),
            translate("margin per visit"): format_value(one.margin, currency),
            translate("walk away"): format_value(one.walked_away, "share"),
        }
        if one.future_lost is not None:
            lost = one.future_lost
            row[translate("future margin lost with them")] = (
                f"{format_value(lost.value, currency)} ({format_range(lost.low, lost.high, currency)})"
            )
            row[translate("both together")] = format_value(one.margin - lost.value, currency)
        rows.append(row)
    return styled(rows)


def depths_display(depths: pd.DataFrame, currency: str) -> Styler:
    """What was given away by product, in words."""
    return styled(
        {
            translate("product"): translate(row.product) if row.product == ALL_OTHERS else row.product,
            translate("sales before discount"): format_value(float(row.full_price), currency),
            translate("given away"): format_value(float(row.discount), currency),
            translate("mean depth"): format_value(float(row.depth), "share"),
            translate("sold with a discount"): format_value(float(row.with_discount), "share"),
            translate("depth when given"): format_value(float(row.depth_when_given), "share"),
        }
        for row in depths.itertuples()
    )
