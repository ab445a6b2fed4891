"""From levels of experience to the findings ``experience.level.*``, ``.transition.*``, ``.step.*``, ``.habituation.*``."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from cxvalue.findings.numbers import format_number, format_range, format_value
from cxvalue.findings.writer import FindingWriter
from cxvalue.questions.experience.names import id_parts
from cxvalue.questions.levels.customer_quarters import LEVELS

if TYPE_CHECKING:
    from cxvalue.findings.finding import Finding
    from cxvalue.foundation.intervals import Interval
    from cxvalue.questions.levels.customer_quarters import CustomerQuarters
    from cxvalue.questions.levels.habituation import Habituation
    from cxvalue.questions.levels.worth import LevelWorth

__all__ = ["NEEDS", "habituation_findings", "level_findings"]

WRITER = FindingWriter("60_experience", "experience.", "Experience: ", case="C11", grade="D")
NEEDS = "Left out: no whole quarter has a score in the surveys, or a complaint with resolved_on in the interactions."
FEW = "fewer than ten customers were at this level."
LINK = "A link: who has a better experience may differ in other ways."


def level_findings(found: LevelWorth, rows: CustomerQuarters, *, currency: str, level: float) -> list[Finding]:
    """Shares, margin, churn and value by level; moves between quarters; steps among customers with an equal past."""
    how = (
        f"{rows.level.size:,} customer-quarters with a level in {rows.quarters.count} whole quarters; what counts as strong "
        f"and as active ({rows.active_from:g} days a quarter) is fixed in the first four. "
        + ("Active days count purchases and contacts that the customer began." if rows.contacts_count else
           "Active days count purchases: the interactions do not say who began them.")
    )  # fmt: skip
    writer = replace(WRITER, level=level, method=how)
    out: list[Finding] = []
    for name in LEVELS:
        if not rows.surveyed and name != "negative":
            continue
        out += [_share_finding(writer, found, rows, name), *_worth_findings(writer, found, rows, name, currency)]
    for (name, into), value in found.moves.items():
        moved = f"Of {found.moved[name]:,} customer-quarters at the level {name}, {format_value(value.value, 'share')} were "
        text = f"{moved}{_place(into)} a quarter later ({format_range(value.low, value.high, 'share')})."
        out.append(writer.write(f"transition.{name}.{into}", f"from {name} to {into}", value, "share", text))
    below = dict(zip(LEVELS[1:], LEVELS, strict=False))
    for name, value in found.steps.items():
        text = (
            f"Among customers with an equal past, in the same unit and quarter, the level {name} goes with "
            f"{_more(value, currency)} margin in the year after than the level {below[name]} "
            f"({format_range(value.low, value.high, currency)}). {LINK}"
        )
        out.append(writer.write(f"step.{name}.margin", f"{name} against {below[name]}", value, currency, text))
    return out


def _more(value: Interval, currency: str) -> str:
    side = "more" if value.value >= 0 else "less"
    return f"{format_value(abs(value.value), currency)} {side}"


def _place(into: str) -> str:
    return {"unknown": "not asked or did not answer", "gone": "gone, silent for long"}.get(into, f"at the level {into}")


def _share_finding(writer: FindingWriter, found: LevelWorth, rows: CustomerQuarters, name: str) -> Finding:
    label, key = f"customers at the level {name}", f"level.{name}.share"
    if name not in found.share:
        reason = (
            "without surveys only customers with an unresolved complaint have a level."
            if not rows.surveyed
            else "too few customers stand behind it, or it would give away another level that they do."
        )
        return writer.withhold(key, label, reason, "share")
    value = found.share[name]
    words = {"negative": "had a bad experience", "high": "had a high one and took an active part"}
    text = (
        f"Of {found.classified:,} customers who answered in the last quarter, {format_value(value.value, 'share')} "
        f"{words.get(name, f'were at the level {name}')} ({format_range(value.low, value.high, 'share')})."
    )
    return writer.write(key, label, value, "share", text)


def _worth_findings(
    writer: FindingWriter, found: LevelWorth, rows: CustomerQuarters, name: str, currency: str
) -> list[Finding]:
    parts: tuple[tuple[str, str, Mapping[str, Interval], str, str], ...] = (
        ("margin", "margin in the year after", found.margin, currency, "bring {value} of margin in the year after"),
        (
            "churn",
            "without a purchase in the year after",
            found.churn,
            "share",
            "buy nothing in the year after in {value}",
        ),
        ("cltv", "value still to come", found.cltv, currency, "are still worth {value} each"),
    )
    out = []
    for key, label, values, unit, words in parts:
        full = f"{label} at the level {name}"
        value = values.get(name)
        if value is not None:
            said = words.format(value=format_value(value.value, unit))
            text = f"Customers at the level {name} {said} ({format_range(value.low, value.high, unit)}). {LINK}"
            out.append(writer.write(f"level.{name}.{key}", full, value, unit, text))
        elif key != "cltv":
            reason = FEW if found.customers[name] < 10 else "too few customers were followed for a year after it."
            out.append(writer.withhold(f"level.{name}.{key}", full, reason, unit))
    return out


def habituation_findings(fits: Mapping[str, Habituation | None], *, currency: str, level: float) -> list[Finding]:
    """How fast each experience wears off: its half-life in repeats and in months."""
    writer = replace(WRITER, grade="C", level=level)
    parts, out = id_parts(fits), []
    for name, fit in fits.items():
        key, label = f"habituation.{parts[name]}", f"{name} loses half of its effect"
        if fit is None:
            reason = "no curve can be fitted: too few customers had it more than once, or it changes margin too little."
            out += [writer.withhold(f"{key}.{end}", label, reason, unit) for end, unit in _ENDS]
            continue
        how = (
            f"{fit.windows:,} windows of {fit.window_days} days of {fit.customers:,} customers, each compared with "
            f"themselves; months taken out; median gap {fit.gap_days:g} days. A rest restores the effect, so it holds for "
            "such gaps."
        )
        if fit.drawn_from > fit.customers:
            how += f" They were drawn by lot from {fit.drawn_from:,}."
        sure = fit.shown
        life, months = fit.half_life, fit.half_life_months
        if not sure or life is None or months is None:
            reason = (
                f"{name} changes margin too little to say "
                f"({format_range(fit.first.low, fit.first.high, currency)} the first time)."
                if not sure
                else f"the effect of {name} does not fall with repeats; it lasts at least "
                f"{format_number(fit.at_least)} of them."
            )
            out += [writer.withhold(f"{key}.{end}", label, reason, unit, how) for end, unit in _ENDS]
            continue
        opened = not math.isfinite(life.high)
        told = f"at least {format_number(life.low)}" if opened else format_range(life.low, life.high, "")
        text = (
            f"The first {name} brings {format_value(fit.first.value, currency)} of margin within {fit.window_days} days; "
            f"the effect halves after {format_number(life.value)} repeats ({told})."
        )
        both = ((life, text), (months, f"That is {format_number(months.value)} months at the usual gap of {fit.gap_days:g} "
                                       "days between repeats."))  # fmt: skip
        for (end, unit), (value, said) in zip(_ENDS, both, strict=True):
            ends = (value.value, value.low, None if opened else value.high)
            out.append(writer.write(f"{key}.{end}", label, ends, unit, said, how))
    return out


_ENDS = (("half_life", "repeats"), ("half_life_months", "months"))
