"""From the effect of a programme to the findings ``programme.NAME.*`` about it and their sentences."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from cxvalue.findings.numbers import format_level, format_range, format_value
from cxvalue.findings.writer import FindingWriter
from cxvalue.foundation.chance import is_a_point
from cxvalue.foundation.intervals import reach_of
from cxvalue.questions.programmes.declared_case import contribution_to_date
from cxvalue.tables.read.schema import CUSTOMER

if TYPE_CHECKING:
    from cxvalue.effects.effect import Effect
    from cxvalue.findings.finding import Finding
    from cxvalue.money import Case
    from cxvalue.questions.programmes.measure import ProgrammeFit

__all__ = ["effect_findings", "title_of", "writer_of"]

WRITER = FindingWriter("70_programmes", case="C6")
NO_RANGE = "nothing in it varies, neither the effect nor what is stated, so it carries no range and is no estimate."
UNITS = {"margin": None, "revenue": None, "orders": "orders", "interactions": "contacts"}


def title_of(name: str) -> str:
    """A programme's name as a reader would write it.

    >>> title_of("penalty_waiver")
    'Penalty waiver'
    """
    words = name.replace("_", " ").replace("-", " ").strip()
    return words[:1].upper() + words[1:]


def writer_of(writer: FindingWriter, programme: str, case: str | None = None) -> FindingWriter:
    """The writer of one programme's findings."""
    label = f"{title_of(programme)}: "
    return replace(writer, prefix=f"programme.{programme}.", label=label, case=case or writer.case)


def effect_findings(fit: ProgrammeFit, case: Case | None, *, currency: str) -> list[Finding]:
    """``effect``, ``naive`` and ``contribution_to_date`` of one programme; ``drift_limit`` where units got it in turn."""
    effect, title, writer = fit.effect, title_of(fit.name), writer_of(WRITER, fit.name)
    unit = UNITS[effect.outcome] or currency
    shown = format_value(effect.estimate, unit)
    spread = format_range(effect.low, effect.high, unit)
    direction = "more" if effect.estimate >= 0 else "less"
    sure = (effect.low > 0) or (effect.high < 0)
    what = {"orders": "orders", "interactions": "contacts"}.get(effect.outcome, effect.outcome)
    text = (
        f"{title}: each treated customer brought {format_value(abs(effect.estimate), unit)} of {what} a month {direction} "
        f"than without the programme ({spread} with {format_level(effect.level)} confidence)."
        if sure
        else f"{title}: the data do not show a change in {what}: {shown} per treated customer and month, but anything "
        f"{spread} fits the data."
    )
    lowered = sorted((check for check in effect.checks if check.lowers), key=lambda check: check.passed is None)
    if lowered:
        text += f" {'Doubtful:' if lowered[0].passed is False else lowered[0].question} {lowered[0].detail}"
    measured = replace(writer, grade=effect.grade, level=effect.level)
    findings = [
        measured.write(
            "effect",
            "effect per treated customer and month",
            (effect.estimate, effect.low, effect.high),
            unit,
            text,
            f"{fit.chosen} {effect.explanation} {_compared(effect)}",
        ),
        _naive(effect, writer, unit),
    ]
    if "drift_limit" in effect.extra:
        findings.append(_drift_limit(effect, measured, unit))
    key, label = "contribution_to_date", "contribution so far"
    if case is None:
        reason = f"the outcome ({what}) has no price in the study."
        return [*findings, writer.withhold(key, label, reason, currency)]
    label += ", net of cost"
    value, low, high = contribution_to_date(case)
    if is_a_point(low, high):
        return [*findings, writer.withhold(key, label, NO_RANGE, currency, word="withheld")]
    so_far = "has contributed" if value >= 0 else "has cost"
    text = (
        f"By the end of {case.effect.last_month:%B %Y} the programme {so_far} {format_value(abs(value), currency)} net of "
        f"its costs ({format_range(low, high, currency)}), nothing extrapolated."
    )
    method = "Measured effect × treated customer-months so far − costs so far; nominal and before tax."
    return [*findings, measured.write(key, label, (value, low, high), currency, text, method)]


def _compared(effect: Effect) -> str:
    """How many were compared with how many."""
    treated, others = f"{effect.treated_customers:,}", f"{effect.control_customers:,}"
    if effect.unit == CUSTOMER:
        return f"{treated} treated customers, compared with {others} others."
    return (
        f"{treated} treated customers in {effect.treated_units:,} units, compared with {others} in "
        f"{effect.control_units:,}."
    )


def _naive(effect: Effect, writer: FindingWriter, unit: str) -> Finding:
    naive, error = effect.naive, effect.naive_se
    reach = None if error is None else reach_of(0.95) * error
    value = naive if reach is None else (naive, naive - reach, naive + reach)
    text = _compared_with_before(naive, effect.estimate, unit) if not math.isnan(naive) else ""
    return replace(writer, grade="E", level=0.95).write(
        "naive",
        "before and after alone",
        None if math.isnan(naive) else value,
        unit,
        text,
        "For contrast only: season, growth and customers who recover anyway are all counted as the programme's.",
        missing="no treated customer was there before the start.",
    )


def _compared_with_before(naive: float, estimate: float, unit: str) -> str:
    """Why a simple comparison of before and after is not the effect."""
    change = "a gain" if naive > 0 else "a loss" if naive < 0 else "no change"
    seen = f"A simple comparison of before and after would show {change}"
    if naive:
        seen += f" of {format_value(abs(naive), unit)} a customer and month"
    worth = f"the effect of the programme is {format_value(estimate, unit)}"
    others = "lost" if naive < estimate else "gained"
    return f"{seen}. Customers without the programme {others} over the same time: {worth}."


def _drift_limit(effect: Effect, writer: FindingWriter, unit: str) -> Finding:
    limit = effect.extra["drift_limit"]
    most, seen, allowed = limit["still_proven"], limit["seen"], limit["allowed"]
    label = "drift that would undo the effect, a month"
    method = "The drift a month, all along, at which the range of the effect reaches zero, the drift being its bias."
    if most is None:
        reason = "the effect is not proven even if the units would have moved alike."
        return writer.withhold("drift_limit", label, reason, unit, method)
    side = "above" if effect.estimate > 0 else "below"
    text = (
        f"The effect would stay {side} zero even if the units with the programme had drifted away from the others by up to "
        f"{format_value(most, unit)} a month per customer"
    )
    if allowed is None:
        text += "; the months before the start do not say how much they did."
    else:
        towards = "towards" if (seen > 0) == (effect.estimate > 0) else "against"
        undone = "the effect outlasts that." if most >= allowed else "that much would be enough to undo it."
        text += (
            f". Before the start they drifted by {format_value(abs(seen), unit)} {towards} the effect, and those months "
            f"rule out more than {format_value(allowed, unit)}: {undone}"
        )
    return writer.write("drift_limit", label, most, unit, text, method)
