"""From the effect of a programme to the findings ``programme.NAME.*`` about it and their sentences."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from cxvalue.findings.finding import Finding
from cxvalue.findings.numbers import format_level, format_range, format_value
from cxvalue.foundation.chance import is_a_point
from cxvalue.foundation.intervals import reach_of
from cxvalue.questions.programmes.declared_case import contribution_to_date
from cxvalue.tables.read.schema import CUSTOMER

if TYPE_CHECKING:
    from cxvalue.effects.effect import Effect
    from cxvalue.money import Case
    from cxvalue.questions.programmes.measure import ProgrammeFit

__all__ = ["effect_findings"]

EFFECT_NOTEBOOK = "70_programmes"
NO_RANGE = "nothing in it varies, neither the effect nor what is stated, so it carries no range and is no estimate."
UNITS = {"margin": None, "revenue": None, "orders": "orders", "interactions": "contacts"}


def title_of(name: str) -> str:
    """A programme's name as a reader would write it.

    >>> title_of("penalty_waiver")
    'Penalty waiver'
    """
    words = name.replace("_", " ").replace("-", " ").strip()
    return words[:1].upper() + words[1:]


def effect_findings(fit: ProgrammeFit, case: Case | None, *, currency: str, case_id: str = "C6") -> list[Finding]:
    """``effect``, ``naive`` and ``contribution_to_date`` of one programme; ``drift_limit`` where units got it in turn."""
    effect, name, title = fit.effect, fit.name, title_of(fit.name)
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
    findings = [
        Finding(
            f"programme.{name}.effect",
            f"{title}: effect per treated customer and month",
            effect.estimate,
            effect.low,
            effect.high,
            effect.level,
            unit,
            effect.grade,
            text,
            f"{fit.chosen} {effect.explanation} {_compared(effect)}",
            case_id,
            EFFECT_NOTEBOOK,
        ),
        _naive(effect, name, title, unit, case_id),
    ]
    if "drift_limit" in effect.extra:
        findings.append(_drift_limit(effect, name, title, unit, case_id))
    if case is None:
        reason = f"Not available: the outcome ({what}) has no price in the study."
        findings.append(
            Finding(
                f"programme.{name}.contribution_to_date", f"{title}: contribution so far", None, unit=currency, text=reason,
                case=case_id, notebook=EFFECT_NOTEBOOK,
            )
        )  # fmt: skip
        return findings
    value, low, high = contribution_to_date(case)
    if is_a_point(low, high):
        label, reason = f"{title}: contribution so far, net of cost", f"Withheld: {NO_RANGE}"
        findings.append(
            Finding(
                f"programme.{name}.contribution_to_date", label, None, unit=currency, text=reason, case=case_id,
                notebook=EFFECT_NOTEBOOK,
            )
        )  # fmt: skip
        return findings
    so_far = "has contributed" if value >= 0 else "has cost"
    findings.append(
        Finding(
            f"programme.{name}.contribution_to_date",
            f"{title}: contribution so far, net of cost",
            value,
            low,
            high,
            effect.level,
            currency,
            effect.grade,
            f"By the end of {case.effect.last_month:%B %Y} the programme {so_far} {format_value(abs(value), currency)} net "
            f"of its costs ({format_range(low, high, currency)}), nothing extrapolated.",
            "Measured effect × treated customer-months so far − costs so far; nominal and before tax.",
            case_id,
            EFFECT_NOTEBOOK,
        )
    )
    return findings


def _compared(effect: Effect) -> str:
    """How many were compared with how many."""
    treated, others = f"{effect.treated_customers:,}", f"{effect.control_customers:,}"
    if effect.unit == CUSTOMER:
        return f"{treated} treated customers, compared with {others} others."
    return (
        f"{treated} treated customers in {effect.treated_units:,} units, compared with {others} in "
        f"{effect.control_units:,}."
    )


def _naive(effect: Effect, name: str, title: str, unit: str, case_id: str) -> Finding:
    missing = math.isnan(effect.naive)
    error = effect.naive_se
    reach = None if missing or error is None else reach_of(0.95) * error
    return Finding(
        f"programme.{name}.naive",
        f"{title}: before and after alone",
        None if missing else effect.naive,
        None if reach is None else effect.naive - reach,
        None if reach is None else effect.naive + reach,
        None if reach is None else 0.95,
        unit,
        "E",
        "Not available: no treated customer was there before the start."
        if missing
        else f"Before and after on the treated alone would show {format_value(effect.naive, unit)}; compared with those "
        f"without the programme, the effect is {format_value(effect.estimate, unit)}.",
        "For contrast only: season, growth and customers who recover anyway are all counted as the programme's.",
        case_id,
        EFFECT_NOTEBOOK,
    )


def _drift_limit(effect: Effect, name: str, title: str, unit: str, case_id: str) -> Finding:
    limit = effect.extra["drift_limit"]
    most, seen, allowed = limit["still_proven"], limit["seen"], limit["allowed"]
    if most is None:
        text = "Not available: the effect is not proven even if the units would have moved alike."
    else:
        side = "above" if effect.estimate > 0 else "below"
        text = (
            f"The effect would stay {side} zero even if the units with the programme had drifted away from the others by up "
            f"to {format_value(most, unit)} a month per customer"
        )
        if allowed is None:
            text += "; the months before the start do not say how much they did."
        else:
            text += (
                f". Before the start they drifted by {format_value(abs(seen), unit)} "
                f"{'towards' if (seen > 0) == (effect.estimate > 0) else 'against'} the effect, and those months rule out "
                f"more than {format_value(allowed, unit)}: "
                + ("the effect outlasts that." if most >= allowed else "that much would be enough to undo it.")
            )
    return Finding(
        f"programme.{name}.drift_limit",
        f"{title}: drift that would undo the effect, a month",
        most,
        unit=unit,
        grade=effect.grade,
        text=text,
        method="The drift a month, all along, at which the range of the effect reaches zero, the drift being its bias.",
        case=case_id,
        notebook=EFFECT_NOTEBOOK,
    )
