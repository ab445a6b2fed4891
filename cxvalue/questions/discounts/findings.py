"""From reservation discounts to the findings ``discounts.*`` and their sentences."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cxvalue.findings.numbers import format_range, format_value
from cxvalue.findings.writer import FindingWriter, range_of
from cxvalue.questions.discounts.policies import NO_PRICE, NO_RANGE

if TYPE_CHECKING:
    from cxvalue.findings.finding import Finding
    from cxvalue.questions.discounts import DiscountResult, Occasions

__all__ = ["discount_findings", "extrapolation_sentence"]

WRITER = FindingWriter("50_discounts", "discounts.", "Discounts: ", case="C2")
POORLY = 3.0
"""Overdispersion above which no family describes the refusals well."""
MEASURED = 0.02
"""Share of the occasions that begin with no discount, above which what happens without one was seen."""


def discount_findings(found: DiscountResult, data: Occasions, *, currency: str, level: float) -> list[Finding]:
    """What an occasion earns without a discount, at the best flat depth and with the ladder as run; the best depth."""
    method = (
        f"{data.total:,.0f} occasions of {data.customers:,} customers. Reservation discounts fitted to the depths refused "
        f"and accepted; the shape ({found.best.family}) was chosen by the data among {len(found.fits)}. Immediate margin "
        "only, and reservation discounts are assumed to stay as they are under another policy."
    )
    assumed = ""
    if data.assumed_margin is not None:
        assumed = (
            f" The offers name no margin: {format_value(data.assumed_margin, 'share')} of the basket's value before "
            "discount is taken, the study's gross margin."
        )
    method += assumed
    ran = f"What the till really brought; the range is for other customers like these.{assumed}"
    a_visit, flat, ladder = "margin per visit", "at the best flat discount", "with the ladder as run"
    parts = (
        ("none_profit", f"{a_visit} without a discount", currency, found.none, _none_text, method),
        ("flat_profit", f"{a_visit} {flat}", currency, found.flat, _flat_text, method),
        ("ladder_profit", f"{a_visit} {ladder}", currency, found.ladder, _ladder_text, ran),
        ("optimal_depth", "best flat discount", "share", found.optimal_depth, _depth_text, method),
    )
    writer = replace(WRITER, grade="D" if found.overdispersion > POORLY else "C", level=level)
    findings = []
    for key, label, unit, figure, say, made in parts:
        if figure is None:
            # The ladder as run needs no curve: where baskets have a price, only customers who are all alike hide it.
            untold = found.missing if key != "ladder_profit" else ""
            findings.append(writer.withhold(key, label, untold or (NO_RANGE if data.priced else NO_PRICE), unit))
            continue
        # A depth that is the best in all draws has no range; a grid of depths has no other way to be sure.
        value = range_of(figure.value, figure.low, figure.high)
        findings.append(writer.write(key, label, value, unit, say(found, currency), made))
    return findings


def extrapolation_sentence(found: DiscountResult, data: Occasions) -> str:
    """Whether what happens without a discount was ever seen."""
    if found.offered_nothing > MEASURED:
        return (
            f"In {format_value(found.offered_nothing, 'share')} of the visits no discount was named first, so what "
            "happens without one is measured."
        )
    return (
        f"Every customer was offered some discount: the first one named was "
        f"{format_value(float(data.ladder[0]), 'share')} or more. How many would have bought at full price is therefore "
        "an estimate beyond the data, and its range allows for that. Naming no discount first in one visit out of twenty "
        "would settle it."
    )


def _none_text(found: DiscountResult, currency: str) -> str:
    if found.none is None:
        return ""
    share = found.acceptance[:, 0]
    seen = (
        ""
        if found.offered_nothing > MEASURED
        else " Every customer was offered some discount, so the no-discount figure is an estimate beyond the data."
    )
    return (
        f"Without any discount {format_value(float(share[0]), 'share')} of the visits would end in a purchase and "
        f"each visit would bring {format_value(found.none.value, currency)} of margin "
        f"({format_range(found.none.low, found.none.high, currency)}).{seen}"
    )


def _flat_text(found: DiscountResult, currency: str) -> str:
    if found.flat is None or found.optimal_depth is None:
        return ""
    depth = found.optimal_depth.value
    if depth == 0:
        return (
            f"No flat discount pays: full price for everybody brings most, {format_value(found.flat.value, currency)} "
            "a visit."
        )
    return (
        f"The best single discount for everybody is {format_value(depth, 'share')}: it would bring "
        f"{format_value(found.flat.value, currency)} of margin a visit "
        f"({format_range(found.flat.low, found.flat.high, currency)})."
    )


def _ladder_text(found: DiscountResult, currency: str) -> str:
    if found.ladder is None:
        return ""
    text = (
        f"The ladder as run brings {format_value(found.ladder.value, currency)} of margin a visit "
        f"({format_range(found.ladder.low, found.ladder.high, currency)})"
    )
    if found.flat is not None:
        gain = found.ladder.value - found.flat.value
        compared = "more" if gain >= 0 else "less"
        text += f", {format_value(abs(gain), currency)} {compared} than the best single discount"
    text += f". {format_value(found.walked_away, 'share')} of the visits end without a purchase."
    if found.short_ladder is not None:
        rungs, worth = found.short_ladder
        if worth > found.ladder.value:
            steps = ", ".join(format_value(rung, "share") for rung in rungs)
            text += (
                f" A ladder of {steps} would bring about {format_value(worth, currency)}, if customers do not learn "
                "to wait for the next rung."
            )
    return text


def _depth_text(found: DiscountResult, currency: str) -> str:
    if found.optimal_depth is None:
        return ""
    depth = found.optimal_depth
    return (
        f"If everybody got the same discount, {format_value(depth.value, 'share')} would bring most "
        f"({format_range(depth.low, depth.high, 'share')})."
    )
