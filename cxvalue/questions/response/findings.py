"""From answers to complaints to the findings ``experience.response.*`` and their sentences."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from cxvalue.findings.numbers import format_number, format_range, format_value
from cxvalue.findings.writer import FindingWriter, range_of
from cxvalue.foundation.intervals import Interval

if TYPE_CHECKING:
    from cxvalue.findings.finding import Finding
    from cxvalue.questions.response.recovery import Instrument, Recovery, Speed
    from cxvalue.study.experience import ExperienceRules

__all__ = ["NEEDS", "response_findings"]

WRITER = FindingWriter("60_experience", "experience.response.", "Complaints: ", case="C9")
FEW = "fewer than 100 complaints can be followed to the end of the window, or fewer than 30 were answered fast, or slowly."
THIN = 0.05
NEEDS = (
    "Left out: the interactions name no complaints that were answered (columns complaint, responded_on or resolved_on)."
)


def response_findings(
    speed: Speed | None,
    found: Recovery | None,
    rules: ExperienceRules,
    *,
    answered_by: str,
    currency: str,
    level: float,
) -> list[Finding]:
    """How long answers take, what a fast one changes, what the target would bring, and what would undo it."""
    out: list[Finding] = []
    writer = replace(WRITER, level=level)
    target = f"{rules.target_days} {'day' if rules.target_days == 1 else 'days'}"
    if speed is not None:
        out += _speed_findings(replace(writer, method=_counted(speed, answered_by)), speed, target)
    if found is None:
        empty = (
            ("retained", "stay after a fast answer", "share"),
            ("margin", "margin of a fast answer", currency),
            ("value_of_target", "value of the target", currency),
            ("robustness", "what would undo it", "share"),
        )
        return out + [writer.withhold(key, label, FEW, unit, grade="C") for key, label, unit in empty]
    how = (
        f"{found.complaints:,} complaints, each the first of its customer after 180 days without one, {found.fast:,} "
        f"answered within {target}. Both arms count from day {rules.landmark_days} to day "
        f"{rules.landmark_days + rules.follow_days}; doubly robust, cross-fitted, given margin, purchases, silence, tenure, "
        "earlier complaints, reason, channel, touchpoint, unit, weekday and month."
    )
    if found.thin > THIN:
        how += f" For {format_value(found.thin, 'share')} of them hardly any were answered otherwise."
    grade = "D" if found.thin > THIN else "C"
    writer = replace(writer, grade=grade, method=how)
    kept = found.retained
    per_100 = Interval(*(100 * end for end in kept))
    shown = kept.low > 0 or kept.high < 0
    effect = (
        f"Answering within {target} keeps {format_number(per_100.value)} more of 100 complainers "
        f"({format_range(per_100.low, per_100.high, '')})"
        if shown
        else f"That an answer within {target} keeps complainers is not shown: {format_number(per_100.value)} of 100 "
        f"({format_range(per_100.low, per_100.high, '')})"
    )
    undo = (
        f"A hidden cause that explains {format_value(found.robustness, 'share')} of what is left of both speed and staying "
        "would undo it."
    )
    compared = f"; compared as they are, it looks like {format_number(100 * found.naive)}."
    out.append(writer.write("retained", "stay after a fast answer", kept, "share", f"{effect}{compared} {undo}"))
    money = found.margin
    text = (
        f"A fast answer goes with {format_value(money.value, currency)} of margin in the {rules.follow_days} days after "
        f"({format_range(money.low, money.high, currency)}). {undo}"
    )
    out.append(writer.write("margin", "margin of a fast answer", money, currency, text))
    out.append(_target_finding(writer, speed, found, target, currency))
    out.append(writer.write("robustness", "what would undo it", found.robustness, "share", undo))
    if found.instrument is not None:
        out.append(_instrument_finding(writer, found.instrument, level))
    return out


def _counted(speed: Speed, answered_by: str) -> str:
    return (
        f"{speed.complaints:,} complaints of the last 12 months, {speed.open:,} of them still open and censored; closed by "
        f"{answered_by}; whole days."
    )


def _speed_findings(writer: FindingWriter, speed: Speed, target: str) -> list[Finding]:
    share = speed.closed_loop
    text = (
        f"Of the complaints of the last 12 months {format_value(share.value, 'share')} were answered within {target} "
        f"({format_range(share.low, share.high, 'share')})."
    )
    closed = writer.write("closed_loop", "answered within the target", range_of(*share), "share", text, grade="C")
    if speed.days is None:
        reason = "fewer than half of the complaints of the last 12 months were answered."
        return [writer.withhold("days", "days to the answer", reason, "days", grade="C"), closed]
    days = speed.days
    opened = math.isinf(days.high)
    told = f"at least {days.low:g}" if opened else format_range(int(days.low), int(days.high), "days")
    said = f"Half of them were answered by day {days.value:g} ({told})."
    low = days.value if math.isinf(days.low) else days.low
    value = (days.value, low, None if opened else days.high)
    same = not opened and low == days.high
    return [writer.write("days", "days to the answer", days.value if same else value, "days", said, grade="C"), closed]


def _target_finding(writer: FindingWriter, speed: Speed | None, found: Recovery, target: str, currency: str) -> Finding:
    label = "value of the target"
    if speed is None or not speed.slow:
        reason = "no complaint of the last 12 months was answered later than the target."
        return writer.withhold("value_of_target", label, reason, currency)
    worth = Interval(*(end * speed.slow for end in found.margin_of_slow))
    text = (
        f"Doing so for last year's {speed.slow:,} slow ones is worth {format_value(worth.value, currency)} "
        f"({format_range(worth.low, worth.high, currency)}), before what faster answers cost."
    )
    return writer.write("value_of_target", label, worth, currency, text)


def _instrument_finding(writer: FindingWriter, found: Instrument, level: float) -> Finding:
    label = "stay after a fast answer, by backlog"
    how = (
        "Two-stage least squares: other complaints open at the unit that day move the speed, given unit, weekday and month; "
        f"first-stage F {found.first_stage_f:.1f}. It holds for complaints that a backlog moves, and only if a backlog "
        "worsens nothing but speed, which no table shows."
    )
    alpha = 1 - level
    grade = "C" if found.balance_p > alpha else "D"
    if found.effect is None:
        reason = "the backlog of a unit hardly moves how fast it answers, so it bounds nothing."
        return writer.withhold("instrument", label, reason, "share", how, grade=grade)
    per_100 = [100 * end for end in found.effect]
    text = (
        f"Where a backlog decides the speed, a fast answer keeps {format_number(per_100[0])} more of 100 "
        f"({format_range(per_100[1], per_100[2], '')})."
    )
    if grade == "D":
        text += " But on busy days other customers complain, so this is no more than a link."
    return writer.write("instrument", label, found.effect, "share", text, how, grade=grade)
