"""From who answers, when and with what expectation to the findings ``experience.survey.*``."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cxvalue.findings.numbers import format_number, format_range, format_range_of_size, format_value
from cxvalue.findings.writer import FindingWriter, range_of
from cxvalue.language.catalogue import translatable, translate
from cxvalue.language.words import sentences

if TYPE_CHECKING:
    from cxvalue.findings.finding import Finding
    from cxvalue.foundation.intervals import Interval
    from cxvalue.questions.survey_truth.asked_late import Expectation, Lateness
    from cxvalue.questions.survey_truth.invited import Invited
    from cxvalue.questions.survey_truth.weighting import Reweighted

WRITER = FindingWriter("62_scores", "experience.survey.", case="C13")
NEEDS = translatable(
    "Left out: it needs to know who was invited and did not answer: rows with an empty score, and the column invited or "
    "invited_on; at least 100 invited and 30 answers in 12 months."
)
ALL_ANSWERED = translatable(
    "every invitation in 12 months has a score. Either those without an answer are not in the file, or a number such as 0 "
    "stands for no answer: add them with an empty score."
)
NEEDS_DATES = translatable(
    "Left out: the answers have neither event_date and invited_on nor expected_best and expected_worst."
)
GAP_LABELS = {
    "margin": translatable("gap in margin before"),
    "purchases": translatable("gap in purchases before"),
    "silence": translatable("gap in silence before"),
    "complaints": translatable("gap in complaints before"),
}
"""By `KNOWN_BEFORE`."""
MORE = {
    "margin": translatable(
        "Those who answer had more margin before than those who do not, by {gap} standard deviations ({range})."
    ),
    "purchases": translatable(
        "Those who answer had more purchases before than those who do not, by {gap} standard deviations ({range})."
    ),
    "silence": translatable(
        "Those who answer had been silent longer before than those who do not, by {gap} standard deviations ({range})."
    ),
    "complaints": translatable(
        "Those who answer had more complaints before than those who do not, by {gap} standard deviations ({range})."
    ),
}
LESS = {
    "margin": translatable(
        "Those who answer had less margin before than those who do not, by {gap} standard deviations ({range})."
    ),
    "purchases": translatable(
        "Those who answer had fewer purchases before than those who do not, by {gap} standard deviations ({range})."
    ),
    "silence": translatable(
        "Those who answer had been silent for less time before than those who do not, by {gap} standard "
        "deviations ({range})."
    ),
    "complaints": translatable(
        "Those who answer had fewer complaints before than those who do not, by {gap} standard deviations ({range})."
    ),
}


def _writer(level: float | None = None) -> FindingWriter:
    return replace(WRITER, label=translate("Survey: "), level=level)


def response_findings_of(found: Reweighted, frame: Invited, *, main: str, level: float) -> list[Finding]:
    """Who answers, the score as published and of all invited, and its bounds without assumptions.

    Where every invitation has a score nobody can tell who answers: all but the score as published is withheld.
    """
    method = translate(
        "{invited:,} customers invited in 12 months, the latest invitation of each; {answers:,} answered.",
        invited=frame.score.size,
        answers=found.answers,
    )
    writer = replace(_writer(level), method=method, grade="C")
    rate, raw, score = found.rate, found.raw, found.score
    labels = {
        "response_rate": translate("share that answers"),
        "raw": translate("{main} as published", main=main),
        "reweighted": translate("{main} of all invited", main=main),
        "bounds": translate("{main} without assumptions", main=main),
    }
    text = translate("Among those who answered, {main} is {score}.", main=main, score=format_number(raw.value))
    published = writer.write("raw", labels["raw"], raw, "", text)
    if frame.answered.all():
        told = (("response_rate", "share"), ("reweighted", ""), ("bounds", ""))
        return [published, *(writer.withhold(key, labels[key], translate(ALL_ANSWERED), unit) for key, unit in told)]
    text = translate(
        "Of those invited {share} answer ({range}).",
        share=format_value(rate.value, "share"),
        range=format_range(rate.low, rate.high, "share"),
    )
    out = [writer.write("response_rate", labels["response_rate"], range_of(*rate), "share", text)]
    for name, gap in found.gaps.items():
        more = gap.value >= 0
        text = translate(
            (MORE if more else LESS)[name],
            gap=format_number(abs(gap.value)),
            range=format_range_of_size(*gap, ""),
        )
        out.append(writer.write(f"gap.{name}", translate(GAP_LABELS[name]), gap, "", text))
    out.append(published)
    text = translate(
        "Published {main} is {published}; of all invited, reweighted, it is {score} ({range}); without assumptions it is "
        "{bounds}.",
        main=main,
        published=format_number(raw.value),
        score=format_number(score.value),
        range=format_range(score.low, score.high, ""),
        bounds=format_range(*found.bounded, ""),
    )
    how = f"{method} {_weighting(found)}"
    out.append(writer.write("reweighted", labels["reweighted"], score, "", text, how))
    centre, (low, high) = sum(found.bounds) / 2, found.bounded
    bounds = range_of(centre, min(low, centre), max(high, centre))
    text = _bounds_text(found, frame, main)
    out.append(
        writer.write("bounds", labels["bounds"], bounds, "", text, f"{method} " + translate("Imbens and Manski."))
    )
    return out


def _weighting(found: Reweighted) -> str:
    how = translate(
        "Weighted by 1 / P(answer), a logit on margin, purchases, silence, complaints and segments "
        "before; {effective:,.0f} effective answers; doubly robust {robust}. It assumes that among "
        "customers alike before, those who answer are like those who do not.",
        effective=found.effective,
        robust=format_number(found.doubly_robust),
    )
    if not found.trimmed:
        return how
    return f"{how} " + translate(
        "Weights were cut, because fewer than a third of the answers would have been effective."
    )


def _bounds_text(found: Reweighted, frame: Invited, main: str) -> str:
    text = translate(
        "If nothing is assumed about those who did not answer, {main} of all is {bounds}.",
        main=main,
        bounds=format_range(*found.bounded, ""),
    )
    middle, silent = (frame.low + frame.high) / 2, 1 - found.rate.value
    if silent <= 0 or found.score.value <= middle:
        return text
    return f"{text} " + translate(
        "It falls to the middle of the scale, {middle}, if they are less satisfied by {points} than others like them.",
        middle=format_number(middle),
        points=format_number((found.score.value - middle) / silent),
    )


def timing_findings(late: Lateness | None, expected: Expectation | None, *, main: str, level: float) -> list[Finding]:
    """What a day of delay costs, and expectation against what was told."""
    writer = replace(_writer(level), grade="D")
    out = []
    if late is not None:
        slope: Interval = late.per_day
        text = translate(
            "On a scale from 0 to 100, a week between the event and the question goes with {week} points of {main} "
            "({range}); asked at once it would be {at_once} instead of {told}.",
            week=format_number(7 * slope.value),
            main=main,
            range=format_range(7 * slope.low, 7 * slope.high, ""),
            at_once=format_number(late.at_once),
            told=format_number(late.told),
        )
        how = translate(
            "{answers:,} answers, invited {days:.1f} days after the event on average; within touchpoint and month.",
            answers=late.answers,
            days=late.mean_days,
        )
        out.append(writer.write("delay", translate("points per day of delay"), slope, "points", text, how))
    if expected is not None:
        text = translate(
            "{below} of the answers are below the worst that was expected ({range}), {between} between, {above} above the "
            "best.",
            below=format_value(expected.below.value, "share"),
            range=format_range(expected.below.low, expected.below.high, "share"),
            between=format_value(expected.between, "share"),
            above=format_value(expected.above, "share"),
        )
        if expected.pull is not None:
            text += " " + translate(
                "With each day of delay a point of expectation pulls the answer by {pull} ({range}).",
                pull=format_number(expected.pull.value),
                range=format_range(expected.pull.low, expected.pull.high, ""),
            )
        how = translate("{answers:,} answers with both expectations.", answers=expected.answers)
        label = translate("answers below the worst expected")
        out.append(writer.write("expectation", label, range_of(*expected.below), "share", text, how))
    return out


def minimum_finding(least: int, detect: float, *, main: str, a_point: str = "") -> Finding:
    """How many answers a group needs so that a difference is seen."""
    text = translate(
        "To see a difference of {points} points of {main} between two groups, each group needs "
        "{answers:,} answers; smaller differences, or smaller groups, are noise.",
        points=format_number(detect),
        main=main,
        answers=least,
    )
    how = translate("2 (z.975 + z.80)² v / δ²: found in four of five cases, at 95%.")
    text, label = sentences(text, a_point), translate("answers per group")
    return _writer().write("minimum_n", label, least, "answers", text, how, kind="count")
