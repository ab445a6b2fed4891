"""From answers to complaints to the findings ``experience.response.*`` and their sentences."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from cxvalue.findings.numbers import SHARE_POINTS, format_number, format_range, format_range_of_size, format_value
from cxvalue.findings.writer import FindingWriter, range_of
from cxvalue.foundation.intervals import Interval
from cxvalue.language.catalogue import translatable, translate, translate_count, written
from cxvalue.language.words import spoken_words

if TYPE_CHECKING:
    from cxvalue.findings.finding import Finding
    from cxvalue.questions.response.recovery import Instrument, Recovery, Speed
    from cxvalue.study.experience import ExperienceRules

WRITER = FindingWriter("60_experience", "experience.response.", case="C9")
FEW = translatable(
    "fewer than 100 complaints can be followed to the end of the window, or fewer than 30 were answered fast, or slowly."
)
THIN = 0.05
NEEDS = translatable(
    "Left out: the interactions contain no complaints that were answered (columns complaint, responded_on or resolved_on)."
)
LABELS = {
    "retained": translatable("extra customers kept by a fast answer"),
    "margin": translatable("margin of a fast answer"),
    "value_of_target": translatable("worth of answering in time"),
    "robustness": translatable("what would undo it"),
}
KEEPS = translatable(
    "Of 100 complainers, {kept} more stayed if answered within {target} ({range}); a simple comparison would say {naive}."
)
LOSES = translatable(
    "Of 100 complainers, {kept} fewer stayed if answered within {target} ({range}); a simple comparison would say {naive}."
)
NOT_SHOWN = translatable(
    "It is not shown that an answer within {target} keeps complainers: {kept} of 100 ({range}); a "
    "simple comparison would say {naive}."
)


WORTH_NOT_SHOWN = translatable(
    "It is not shown that doing so for last year's slow answers ({slow:,}) would pay: {margin} ({range}), before what "
    "faster answers cost."
)
BY_BACKLOG = translatable("Where a backlog decides the speed, a fast answer keeps {kept} more of 100 ({range}).")
BY_BACKLOG_FEWER = translatable("Where a backlog decides the speed, a fast answer keeps {kept} fewer of 100 ({range}).")
BY_BACKLOG_NOT_SHOWN = translatable(
    "Where a backlog decides the speed, it is not shown that a fast answer keeps complainers: {kept} of 100 ({range})."
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
    writer = replace(WRITER, label=translate("Complaints: "), level=level)
    target = format_value(rules.target_days, "days")
    if speed is not None:
        out += _speed_findings(replace(writer, method=_counted(speed, answered_by)), speed, target)
    if found is None:
        units = {"retained": SHARE_POINTS, "margin": currency, "value_of_target": currency, "robustness": "share"}
        empty = [
            writer.withhold(key, translate(LABELS[key]), translate(FEW), unit, grade="C") for key, unit in units.items()
        ]
        return out + empty
    grade = "D" if found.thin > THIN else "C"
    writer = replace(writer, grade=grade, method=_followed(found, rules, target))
    kept = found.retained
    turned = -100.0 if kept.high < 0 else 100.0
    low, high = sorted((turned * kept.low, turned * kept.high))
    effect = translate(
        KEEPS if kept.low > 0 else LOSES if kept.high < 0 else NOT_SHOWN,
        target=target,
        kept=_tenths(turned * kept.value),
        range=spoken_words()["interval"].format(low=_tenths(low), high=_tenths(high)),
        naive=_tenths(turned * found.naive),
    )
    undo = translate(
        (
            "A cause that the data do not show would undo it, if it explains {share} of what is left open both "
            "in who gets a fast answer and in who stays."
        ),
        share=format_value(found.robustness, "share"),
    )
    out.append(writer.write("retained", translate(LABELS["retained"]), kept, SHARE_POINTS, f"{effect} {undo}"))
    money = found.margin
    text = translate(
        "A fast answer goes with {margin} of margin in the {window} after ({range}).",
        margin=format_value(money.value, currency),
        window=format_value(rules.follow_days, "days"),
        range=format_range(money.low, money.high, currency),
    )
    out.append(writer.write("margin", translate(LABELS["margin"]), money, currency, f"{text} {undo}"))
    out.append(_target_finding(writer, speed, found, currency))
    out.append(writer.write("robustness", translate(LABELS["robustness"]), found.robustness, "share", undo))
    if found.instrument is not None:
        out.append(_instrument_finding(writer, found.instrument, level))
    return out


def _tenths(per_100: float) -> str:
    """Of a hundred customers, with one decimal: more would be read as a precision that nobody has."""
    return written(round(per_100, 1) + 0.0, ".1f").replace("-", spoken_words()["minus"])


def _followed(found: Recovery, rules: ExperienceRules, target: str) -> str:
    how = translate(
        "{complaints:,} complaints, each the first of its customer after 180 days without one, {fast:,} answered within "
        "{target}. Both groups count from day {start} to day {end}; doubly robust, cross-fitted, given margin, purchases, "
        "silence, tenure, earlier complaints, reason, channel, touchpoint, unit, weekday and month.",
        complaints=found.complaints,
        fast=found.fast,
        target=target,
        start=rules.landmark_days,
        end=rules.landmark_days + rules.follow_days,
    )
    if found.thin <= THIN:
        return how
    thin = format_value(found.thin, "share")
    unlike = translate("For {share} of them hardly any similar complaint was answered at the other speed.", share=thin)
    return f"{how} {unlike}"


def _counted(speed: Speed, answered_by: str) -> str:
    return translate(
        "{complaints:,} complaints of the last 12 months, {open:,} of them still open and censored; closed by {column}; "
        "whole days.",
        complaints=speed.complaints,
        open=speed.open,
        column=answered_by,
    )


def _speed_findings(writer: FindingWriter, speed: Speed, target: str) -> list[Finding]:
    share = speed.closed_loop
    text = translate(
        "Of the complaints of the last 12 months {share} were answered within {target} ({range}).",
        share=format_value(share.value, "share"),
        target=target,
        range=format_range(share.low, share.high, "share"),
    )
    within = translate("answered within the target")
    closed = writer.write("closed_loop", within, range_of(*share), "share", text, grade="C")
    label = translate("days to the answer")
    if speed.days is None:
        reason = translate("fewer than half of the complaints of the last 12 months were answered.")
        return [writer.withhold("days", label, reason, "days", grade="C"), closed]
    days = speed.days
    opened = math.isinf(days.high)
    if opened:
        said = translate(
            "Half of them were answered by day {day:g} (at least {least:g}).", day=days.value, least=days.low
        )
    elif days.low == days.high:
        said = translate("Half of them were answered by day {day:g}.", day=days.value)
    else:
        said = translate(
            "Half of them were answered by day {day:g} ({range}).",
            day=days.value,
            range=format_range(int(days.low), int(days.high), "days"),
        )
    low = days.value if math.isinf(days.low) else days.low
    value = (days.value, low, None if opened else days.high)
    same = not opened and low == days.high
    return [writer.write("days", label, days.value if same else value, "days", said, grade="C"), closed]


def _target_finding(writer: FindingWriter, speed: Speed | None, found: Recovery, currency: str) -> Finding:
    label = translate(LABELS["value_of_target"])
    if speed is None or not speed.slow:
        reason = translate("no complaint of the last 12 months was answered later than the target.")
        return writer.withhold("value_of_target", label, reason, currency)
    worth = Interval(*(end * speed.slow for end in found.margin_of_slow))
    told = {"margin": format_value(worth.value, currency), "range": format_range(worth.low, worth.high, currency)}
    if worth.low <= 0 <= worth.high:
        text = translate(WORTH_NOT_SHOWN, slow=speed.slow, **told)
    else:
        text = translate_count(
            "Answering last year's {count:,} slow complaint in time would be worth {margin} ({range}), before "
            "what faster answers cost.",
            "Answering last year's {count:,} slow complaints in time would be worth {margin} ({range}), before "
            "what faster answers cost.",
            speed.slow,
            **told,
        )
    return writer.write("value_of_target", label, worth, currency, text)


def _instrument_finding(writer: FindingWriter, found: Instrument, level: float) -> Finding:
    label = translate("extra customers kept by a fast answer, judged by backlog")
    how = translate(
        "Two-stage least squares: other complaints open at the unit that day change the speed, given "
        "unit, weekday and month; first-stage F {strength:.1f}. It applies to complaints whose speed "
        "depends on a backlog, and only if a backlog harms nothing but speed, which no table shows.",
        strength=found.first_stage_f,
    )
    alpha = 1 - level
    grade = "C" if found.balance_p > alpha else "D"
    if found.effect is None:
        reason = translate("the backlog of a unit hardly changes how fast it answers, so it sets no bounds.")
        return writer.withhold("instrument", label, reason, SHARE_POINTS, how, grade=grade)
    value, low, high = (100 * end for end in found.effect)
    told = low > 0 or high < 0
    text = translate(
        BY_BACKLOG_NOT_SHOWN if not told else BY_BACKLOG if low > 0 else BY_BACKLOG_FEWER,
        kept=format_number(abs(value) if told else value),
        range=format_range_of_size(value if told else 1.0, low, high, ""),
    )
    if grade == "D":
        text += " " + translate("But on busy days other customers complain, so this is only a link.")
    return writer.write("instrument", label, found.effect, SHARE_POINTS, text, how, grade=grade)
