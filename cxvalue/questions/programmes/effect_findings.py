"""From the effect of a programme to the findings ``programme.NAME.*`` about it and their sentences."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from cxvalue.effects.effect import outcome_word
from cxvalue.findings.numbers import format_level, format_month, format_range, format_value
from cxvalue.findings.writer import FindingWriter
from cxvalue.foundation.chance import is_a_point
from cxvalue.foundation.intervals import reach_of
from cxvalue.language.catalogue import translatable, translate
from cxvalue.language.letters import begun
from cxvalue.language.words import named, sentences, spoken_words
from cxvalue.questions.programmes.declared_case import contribution_to_date
from cxvalue.tables.read.schema import CUSTOMER

if TYPE_CHECKING:
    from cxvalue.effects.effect import Effect
    from cxvalue.findings.finding import Finding
    from cxvalue.money import Case
    from cxvalue.questions.programmes.measure import ProgrammeFit

WRITER = FindingWriter("70_programmes", case="C6")
NO_RANGE = translatable(
    "nothing in it varies, neither the effect nor the stated figures, so it has no range and is not an estimate."
)
DRIFTED = {
    (True, True): translatable(
        "Before the start they drifted by {drift} towards the effect, and those months rule out more "
        "than {allowed}: the effect would survive that."
    ),
    (True, False): translatable(
        "Before the start they drifted by {drift} towards the effect, and those months rule out more than {allowed}: that "
        "much would be enough to undo it."
    ),
    (False, True): translatable(
        "Before the start they drifted by {drift} against the effect, and those months rule out more "
        "than {allowed}: the effect would survive that."
    ),
    (False, False): translatable(
        "Before the start they drifted by {drift} against the effect, and those months rule out more than {allowed}: that "
        "much would be enough to undo it."
    ),
}
"""By whether units drifted towards the effect before the start, and whether the effect outlasts the most they may have."""
UNITS = {"margin": None, "revenue": None, "orders": "orders", "interactions": "contacts"}


def title_of(name: str) -> str:
    """A programme's name as a reader would write it.

    >>> title_of("penalty_waiver")
    'Penalty waiver'
    """
    words = name.replace("_", " ").replace("-", " ").strip()
    return begun(words)


def writer_of(writer: FindingWriter, programme: str, case: str | None = None) -> FindingWriter:
    """The writer of one programme's findings."""
    label = named(title_of(programme), "", spoken_words())
    return replace(writer, prefix=f"programme.{programme}.", label=label, case=case or writer.case)


def effect_findings(fit: ProgrammeFit, case: Case | None, *, currency: str) -> list[Finding]:
    """``effect``, ``naive`` and ``contribution_to_date`` of one programme; ``drift_limit`` where units got it in turn."""
    effect, title, writer = fit.effect, title_of(fit.name), writer_of(WRITER, fit.name)
    unit = UNITS[effect.outcome] or currency
    text = f"{_effect_text(effect, title, unit)}{_doubt(effect)}"
    measured = replace(writer, grade=effect.grade, level=effect.level)
    findings = [
        measured.write(
            "effect",
            translate("effect per treated customer and month"),
            (effect.estimate, effect.low, effect.high),
            unit,
            text,
            f"{fit.chosen} {effect.explanation} {_compared(effect)}",
        ),
        _naive(effect, writer, unit),
    ]
    if "drift_limit" in effect.extra:
        findings.append(_drift_limit(effect, measured, unit))
    return [*findings, _contribution(measured, writer, effect, case, currency)]


def no_price(effect: Effect) -> str:
    """Why nothing is said in money of an outcome."""
    return translate("the outcome ({outcome}) has no price in the study.", outcome=outcome_word(effect.outcome))


def _effect_text(effect: Effect, title: str, unit: str) -> str:
    """What each treated customer brought more or less, or that no change is shown."""
    what, spread = outcome_word(effect.outcome), format_range(effect.low, effect.high, unit)
    if effect.low <= 0 <= effect.high:
        return translate(
            "{title}: the data do not show a change in {outcome}: {effect} per treated customer and month, but anything "
            "{range} fits the data.",
            title=title,
            outcome=what,
            effect=format_value(effect.estimate, unit),
            range=spread,
        )
    told = {"title": title, "outcome": what, "range": spread, "level": format_level(effect.level)}
    much = format_value(abs(effect.estimate), unit)
    if effect.estimate > 0:
        return translate(
            "{title}: each treated customer brought {effect} of {outcome} a month more than without the programme ({range} "
            "with {level} confidence).",
            effect=much,
            **told,
        )
    return translate(
        "{title}: each treated customer brought {effect} of {outcome} a month less than without the programme ({range} with "
        "{level} confidence).",
        effect=much,
        **told,
    )


def _doubt(effect: Effect) -> str:
    """The first check that lowers the evidence, one that failed before one that could not be made."""
    lowered = sorted((check for check in effect.checks if check.lowers), key=lambda check: check.passed is None)
    if not lowered:
        return ""
    first = lowered[0]
    if first.passed is False:
        return " " + translate("Doubtful: {finding}", finding=first.detail)
    return f" {first.question} {first.detail}"


def _contribution(
    measured: FindingWriter, writer: FindingWriter, effect: Effect, case: Case | None, currency: str
) -> Finding:
    key = "contribution_to_date"
    if case is None:
        return writer.withhold(key, translate("contribution so far"), no_price(effect), currency)
    label = translate("contribution so far, net of cost")
    value, low, high = contribution_to_date(case)
    if is_a_point(low, high):
        return writer.withhold(key, label, translate(NO_RANGE), currency, word="withheld")
    told = {
        "month": format_month(case.effect.last_month),
        "amount": format_value(abs(value), currency),
        "range": format_range(low, high, currency),
    }
    text = (
        translate(
            "By the end of {month} the programme has contributed {amount} net of its costs ({range}); "
            "nothing is extrapolated.",
            **told,
        )
        if value >= 0
        else translate(
            "By the end of {month} the programme has lost {amount} net of its costs ({range}); nothing is extrapolated.",
            **told,
        )
    )
    method = translate("Measured effect × treated customer-months so far − costs so far; nominal and before tax.")
    return measured.write(key, label, (value, low, high), currency, text, method)


def _compared(effect: Effect) -> str:
    """How many were compared with how many."""
    told = {"treated": effect.treated_customers, "others": effect.control_customers}
    if effect.unit == CUSTOMER:
        return translate("{treated:,} treated customers, compared with {others:,} others.", **told)
    return translate(
        "{treated:,} treated customers (units: {units:,}), compared with {others:,} others (units: {other_units:,}).",
        units=effect.treated_units,
        other_units=effect.control_units,
        **told,
    )


def _naive(effect: Effect, writer: FindingWriter, unit: str) -> Finding:
    naive, error = effect.naive, effect.naive_se
    reach = None if error is None else reach_of(0.95) * error
    value = naive if reach is None else (naive, naive - reach, naive + reach)
    text = _compared_with_before(naive, effect.estimate, unit) if not math.isnan(naive) else ""
    return replace(writer, grade="E", level=0.95).write(
        "naive",
        translate("before and after alone"),
        None if math.isnan(naive) else value,
        unit,
        text,
        translate(
            "For contrast only: season, growth and customers who recover anyway are all credited to the programme."
        ),
        missing=translate("no treated customer existed before the start."),
    )


def _compared_with_before(naive: float, estimate: float, unit: str) -> str:
    """Why a simple comparison of before and after is not the effect."""
    much = format_value(abs(naive), unit)
    seen = (
        translate(
            "A simple comparison of before and after would show a gain of {gain} per customer and month.", gain=much
        )
        if naive > 0
        else translate(
            "A simple comparison of before and after would show a loss of {loss} per customer and month.", loss=much
        )
        if naive < 0
        else translate("A simple comparison of before and after would show no change.")
    )
    worth = format_value(estimate, unit)
    others = (
        translate(
            "Customers without the programme lost over the same time: the effect of the programme is {effect}.",
            effect=worth,
        )
        if naive < estimate
        else translate(
            "Customers without the programme gained over the same time: the effect of the programme is {effect}.",
            effect=worth,
        )
    )
    return f"{seen} {others}"


def _drift_limit(effect: Effect, writer: FindingWriter, unit: str) -> Finding:
    limit = effect.extra["drift_limit"]
    label = translate("monthly drift that would undo the effect")
    method = translate(
        "The monthly drift, lasting throughout, at which the range of the effect reaches zero if that drift is its bias."
    )
    most = limit["still_proven"]
    if most is None:
        reason = translate("the effect is not proven even if the units would have moved alike.")
        return writer.withhold("drift_limit", label, reason, unit, method)
    stays, seen = _drift_texts(effect, format_value(most, unit), unit)
    return writer.write("drift_limit", label, most, unit, sentences(stays, seen), method)


def _drift_texts(effect: Effect, most: str, unit: str) -> tuple[str, str]:
    """How far the units could have drifted apart, and what the months before the start say of that."""
    limit, above = effect.extra["drift_limit"], effect.estimate > 0
    if limit["allowed"] is None:
        unknown = (
            translate(
                "The effect would stay above zero even if the units with the programme had drifted away from the others by "
                "up to {drift} a month per customer; the months before the start do not say how much they did.",
                drift=most,
            )
            if above
            else translate(
                "The effect would stay below zero even if the units with the programme had drifted away from the others by "
                "up to {drift} a month per customer; the months before the start do not say how much they did.",
                drift=most,
            )
        )
        return unknown, ""
    stays = (
        translate(
            "The effect would stay above zero even if the units with the programme had drifted away from the others by up "
            "to {drift} a month per customer.",
            drift=most,
        )
        if above
        else translate(
            "The effect would stay below zero even if the units with the programme had drifted away from the others by up "
            "to {drift} a month per customer.",
            drift=most,
        )
    )
    told = {"drift": format_value(abs(limit["seen"]), unit), "allowed": format_value(limit["allowed"], unit)}
    return stays, translate(DRIFTED[(limit["seen"] > 0) == above, limit["still_proven"] >= limit["allowed"]], **told)
