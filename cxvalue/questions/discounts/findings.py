"""From reservation discounts to the findings ``discounts.*`` and their sentences."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cxvalue.findings.numbers import format_range, format_value
from cxvalue.findings.writer import FindingWriter, range_of
from cxvalue.language.catalogue import translate, translate_count
from cxvalue.language.words import enumerated
from cxvalue.questions.discounts.policies import NO_PRICE, NO_RANGE

if TYPE_CHECKING:
    from cxvalue.findings.finding import Finding
    from cxvalue.questions.discounts import DiscountResult, Occasions
    from cxvalue.questions.discounts.at_once import AtOnce

WRITER = FindingWriter("50_discounts", "discounts.", case="C2")
FEWEST_VISITS = 50
"""Visits from which on it is odd that nobody left without buying."""
POORLY = 3.0
"""Overdispersion above which no family describes the refusals well."""
CHOSEN = 0.02
"""Share of the differences between baskets or histories that goes with the first depth, above which depths were chosen."""
MEASURED = 0.02
"""Share of the occasions that begin with no discount, above which what happens without one was seen."""


def discount_findings(found: DiscountResult, data: Occasions, *, currency: str, level: float) -> list[Finding]:
    """What an occasion earns without a discount, at the best flat depth and with the ladder as run; the best depth."""
    chosen, nobody_left = _depths_were_chosen(data), found.walked_away == 0 and data.total >= FEWEST_VISITS
    method, ran = _methods(found, data)
    none, flat = (
        translate("margin per visit without a discount"),
        translate("margin per visit at the best flat discount"),
    )
    ladder, best = translate("margin per visit with the ladder as run"), translate("best flat discount")
    parts = (
        ("none_profit", none, currency, found.none, _none_text, method),
        ("flat_profit", flat, currency, found.flat, _flat_text, method),
        ("ladder_profit", ladder, currency, found.ladder, _ladder_text, ran),
        ("optimal_depth", best, "share", found.optimal_depth, _depth_text, method),
    )
    rarely = data.at_once is not None and data.at_once.few
    left = translate(
        "No visit ended without a purchase. If visits without one were not recorded, this covers buyers "
        "only and says nothing about those who leave."
    )
    grade = "D" if found.overdispersion > POORLY or nobody_left or chosen else "C"
    writer = replace(WRITER, label=translate("Discounts: "), grade=grade, level=level)
    findings = []
    for key, label, unit, figure, say, made in parts:
        if figure is None:
            # The ladder as run needs no curve: where baskets have a price, only customers who are all alike hide it.
            untold = found.missing if key != "ladder_profit" else ""
            reason = untold or translate(NO_RANGE if data.priced else NO_PRICE)
            findings.append(writer.withhold(key, label, reason, unit))
            continue
        # A depth that is the best in all draws has no range; a grid of depths has no other way to be sure.
        value = range_of(figure.value, figure.low, figure.high)
        doubts = [left] * nobody_left
        if key != "ladder_profit":
            doubts += [_chosen_sentence(data)] * chosen
            doubts += [_at_once_sentence(data.at_once)] if data.at_once is not None and rarely else []
        graded = "D" if rarely and key != "ladder_profit" else grade
        text = " ".join([say(found, currency), *doubts])
        findings.append(writer.write(key, label, value, unit, text, made, grade=graded))
    return findings


def _depths_were_chosen(data: Occasions) -> bool:
    return max(data.depth_by_basket, data.depth_by_history) > CHOSEN


def _methods(found: DiscountResult, data: Occasions) -> tuple[str, str]:
    """How the policies were computed, and how the ladder as run was."""
    method = translate(
        "{occasions:,.0f} visits of {customers:,} customers. Reservation discounts fitted to the depths refused and "
        "accepted; the shape ({family}) was chosen by the data among {families}. Immediate margin only, and reservation "
        "discounts are assumed to stay as they are under another policy.",
        occasions=data.total,
        customers=data.customers,
        family=translate(found.best.family),
        families=len(found.fits),
    )
    if len(data.first_depths) > 1 and not _depths_were_chosen(data) and data.at_once is None:
        alike = translate(
            "Customers who were named different depths first are taken to be alike, as if chance had decided."
        )
        method = f"{method} {alike}"
    if data.at_once is not None and not data.at_once.few:
        method = f"{method} {_at_once_sentence(data.at_once)}"
    ran = translate("Actual result at the till; the range is for other customers like these.")
    if data.assumed_margin is not None:
        assumed = translate(
            "The offers give no margin, so {share} of the basket's value before discount is used, the study's gross margin.",
            share=format_value(data.assumed_margin, "share"),
        )
        method, ran = f"{method} {assumed}", f"{ran} {assumed}"
    if data.kept < 1:
        returned = translate(
            "{share} of what was sold at these visits was refunded later, so every amount is reduced by that share, as if "
            "it did not depend on the discount.",
            share=format_value(1 - data.kept, "share"),
        )
        method, ran = f"{method} {returned}", f"{ran} {returned}"
    return method, ran


def _at_once_sentence(found: AtOnce) -> str:
    """That many customers were named the same depth at once, and what that does to the figures."""
    if found.few:
        number = max(round(found.rarest), 1)
        told = (
            translate_count(
                "Everybody of one unit ({unit}) was named the same depth at the same time, and one of the depths had in "
                "effect only {count} stretch of days: whatever else differed between units counts as the work of the "
                "discount.",
                "Everybody of one unit ({unit}) was named the same depth at the same time, and one of the depths had in "
                "effect only {count} stretches of days: whatever else differed between units counts as the work of the "
                "discount.",
                number,
                unit=found.unit,
            )
            if found.unit
            else translate_count(
                "Everybody was named the same depth at the same time, and one of the depths had in effect only {count} "
                "stretch of days: whatever else differed between those days counts as the work of the discount.",
                "Everybody was named the same depth at the same time, and one of the depths had in effect only {count} "
                "stretches of days: whatever else differed between those days counts as the work of the discount.",
                number,
            )
        )
        held = [] if found.drawn else [translate("The range holds little of that.")]
        return " ".join([told, *held, translate("Name depths by lot, or name each in at least ten stretches of days.")])
    if found.unit:
        return translate(
            "Everybody of one unit ({unit}) was named the same depth first at the same time, in {stretches:,} stretches of "
            "days: the ranges count a stretch, not a visit, as one draw.",
            unit=found.unit,
            stretches=found.stretches,
        )
    return translate(
        "Everybody was named the same depth first at the same time, in {stretches:,} stretches of days: the ranges count a "
        "stretch, not a visit, as one draw.",
        stretches=found.stretches,
    )


def _chosen_sentence(data: Occasions) -> str:
    """That customers who differ were named different depths first."""
    if data.depth_by_basket > CHOSEN:
        return translate(
            "Larger and smaller baskets were named different depths first ({share} of the differences between baskets go "
            "with it). Whoever was offered more is another customer than who was offered less, and the range does not hold "
            "what that may do. Name depths by lot to a part of the customers.",
            share=format_value(data.depth_by_basket, "share"),
        )
    return translate(
        "Customers with another history were named different depths first ({share} of the differences in what they had done "
        "before go with it). Whoever was offered more is another customer than who was offered less, and the range does not "
        "hold what that may do. Name depths by lot to a part of the customers.",
        share=format_value(data.depth_by_history, "share"),
    )


def extrapolation_sentence(found: DiscountResult, data: Occasions) -> str:
    """Whether what happens without a discount was ever seen."""
    if found.offered_nothing > MEASURED:
        return translate(
            "In {share} of the visits no discount was offered first, so what happens without one is measured.",
            share=format_value(found.offered_nothing, "share"),
        )
    return translate(
        "Every customer was offered some discount: the first one offered was {depth} or more. How many "
        "would have bought at full price is therefore an estimate beyond the data, and its range allows "
        "for that. Offering no discount first in one visit out of twenty would settle it.",
        depth=format_value(float(data.ladder[0]), "share"),
    )


def _none_text(found: DiscountResult, currency: str) -> str:
    if found.none is None:
        return ""
    text = translate(
        "Without any discount {share} of the visits would end in a purchase and each visit would bring {margin} of margin "
        "({range}).",
        share=format_value(float(found.acceptance[0, 0]), "share"),
        margin=format_value(found.none.value, currency),
        range=format_range(found.none.low, found.none.high, currency),
    )
    if found.offered_nothing > MEASURED:
        return text
    return f"{text} " + translate(
        "Every customer was offered some discount, so the no-discount figure is an estimate beyond the data."
    )


def _flat_text(found: DiscountResult, currency: str) -> str:
    if found.flat is None or found.optimal_depth is None:
        return ""
    depth, margin = found.optimal_depth.value, format_value(found.flat.value, currency)
    if depth == 0:
        return translate(
            "No flat discount pays: full price for everybody brings the most, {margin} per visit.",
            margin=margin,
        )
    return translate(
        "The best single discount for everybody is {depth}: it would bring {margin} of margin per visit ({range}).",
        depth=format_value(depth, "share"),
        margin=margin,
        range=format_range(found.flat.low, found.flat.high, currency),
    )


def _ladder_text(found: DiscountResult, currency: str) -> str:
    if found.ladder is None:
        return ""
    values = {
        "margin": format_value(found.ladder.value, currency),
        "range": format_range(found.ladder.low, found.ladder.high, currency),
    }
    if found.flat is None:
        text = translate("The ladder as run brings {margin} of margin per visit ({range}).", **values)
    else:
        gain = found.ladder.value - found.flat.value
        values["gain"] = format_value(abs(gain), currency)
        text = (
            translate(
                "The ladder as run brings {margin} of margin per visit ({range}), {gain} more than the best "
                "single discount.",
                **values,
            )
            if gain >= 0
            else translate(
                "The ladder as run brings {margin} of margin per visit ({range}), {gain} less than the best "
                "single discount.",
                **values,
            )
        )
    text += " " + translate(
        "{share} of the visits end without a purchase.", share=format_value(found.walked_away, "share")
    )
    if found.short_ladder is not None and found.short_ladder[1] > found.ladder.value:
        rungs, worth = found.short_ladder
        text += " " + translate(
            "A ladder of {steps} would bring about {margin}, if customers do not learn to wait for the next rung.",
            steps=enumerated(format_value(rung, "share") for rung in rungs),
            margin=format_value(worth, currency),
        )
    return text


def _depth_text(found: DiscountResult, currency: str) -> str:
    if found.optimal_depth is None:
        return ""
    depth = found.optimal_depth
    return translate(
        "If everybody got the same discount, {depth} would bring the most ({range}).",
        depth=format_value(depth.value, "share"),
        range=format_range(depth.low, depth.high, "share"),
    )
