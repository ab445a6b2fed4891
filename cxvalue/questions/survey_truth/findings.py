"""From who answers, when and with what expectation to the findings ``experience.survey.*``."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cxvalue.findings.numbers import format_number, format_range, format_value
from cxvalue.findings.writer import FindingWriter, range_of

if TYPE_CHECKING:
    from cxvalue.findings.finding import Finding
    from cxvalue.foundation.intervals import Interval
    from cxvalue.questions.survey_truth.asked_late import Expectation, Lateness
    from cxvalue.questions.survey_truth.invited import Invited
    from cxvalue.questions.survey_truth.weighting import Reweighted

__all__ = ["NEEDS", "minimum_finding", "response_findings_of", "timing_findings"]

WRITER = FindingWriter("62_scores", "experience.survey.", "Survey: ", case="C13")
NEEDS = (
    "Left out: it needs to know who was invited and did not answer: rows with an empty score, and the column invited or "
    "invited_on; at least 100 invited and 30 answers in 12 months."
)


def response_findings_of(found: Reweighted, frame: Invited, *, main: str, level: float) -> list[Finding]:
    """Who answers, the score as published and of all invited, and its bounds without assumptions."""
    writer = replace(
        WRITER,
        level=level,
        method=f"{frame.score.size:,} customers invited in 12 months, the latest invitation of each; "
        f"{found.answers:,} answered.",
    )
    rate = found.rate
    out = [
        writer.write("response_rate", "share that answers", range_of(*rate), "share",
                     f"Of those invited {format_value(rate.value, 'share')} answer "
                     f"({format_range(rate.low, rate.high, 'share')}).", grade="C")
    ]  # fmt: skip
    for name, gap in found.gaps.items():
        side = "more" if gap.value >= 0 else "less"
        text = (
            f"Those who answer had {side} {name} before than those who do not, by {format_number(abs(gap.value))} standard "
            f"deviations ({format_range(gap.low, gap.high, '')})."
        )
        out.append(writer.write(f"gap.{name}", f"gap in {name} before", gap, "", text, grade="C"))
    how = (
        f"{writer.method} Weighted by 1 / P(answer), a logit on margin, purchases, silence, complaints and segments before; "
        f"{found.effective:,.0f} effective answers; doubly robust {format_number(found.doubly_robust)}. It assumes that of "
        "customers alike before, those who answer are like those who do not."
    )
    if found.trimmed:
        how += " Weights were cut, because fewer than a third of the answers would have been effective."
    raw, score = found.raw, found.score
    out.append(writer.write("raw", f"{main} as published", raw, "",
                            f"{main} of those who answered is {format_number(raw.value)}.", grade="C"))  # fmt: skip
    low, high = found.bounded
    text = (
        f"Published {main} is {format_number(raw.value)}; of all invited, reweighted, it is {format_number(score.value)} "
        f"({format_range(score.low, score.high, '')}); without assumptions it is {format_range(low, high, '')}."
    )
    out.append(writer.write("reweighted", f"{main} of all invited", score, "", text, how, grade="C"))
    middle = (frame.low + frame.high) / 2
    silent = 1 - rate.value
    text = f"If nothing is assumed of those who did not answer, {main} of all is {format_range(low, high, '')}."
    if silent > 0 and score.value > middle:
        breaks = (score.value - middle) / silent
        text += (
            f" It falls to the middle of the scale, {format_number(middle)}, if they are less content by "
            f"{format_number(breaks)} than others like them."
        )
    centre = (found.bounds[0] + found.bounds[1]) / 2
    bounds = range_of(centre, min(low, centre), max(high, centre))
    out.append(writer.write("bounds", f"{main} without assumptions", bounds, "", text, f"{writer.method} Imbens and Manski.",
                            grade="C"))  # fmt: skip
    return out


def timing_findings(late: Lateness | None, expected: Expectation | None, *, main: str, level: float) -> list[Finding]:
    """What a day of delay costs, and expectation against what was told."""
    writer = replace(WRITER, level=level, grade="D")
    out = []
    if late is not None:
        slope: Interval = late.per_day
        week = format_number(7 * slope.value)
        text = (
            f"A week between the event and the question goes with {week} points of {main} "
            f"({format_range(7 * slope.low, 7 * slope.high, '')}); asked at once it would be {format_number(late.at_once)} "
            f"instead of {format_number(late.told)} points."
        )
        how = f"{late.answers:,} answers, invited {late.mean_days:.1f} days after on average; within touchpoint and month."
        out.append(writer.write("delay", "points a day of delay", slope, "points", text, how))
    if expected is not None:
        text = (
            f"{format_value(expected.below.value, 'share')} of the answers are below the worst that was expected "
            f"({format_range(expected.below.low, expected.below.high, 'share')}), "
            f"{format_value(expected.between, 'share')} between, {format_value(expected.above, 'share')} above the best."
        )
        if expected.pull is not None:
            text += (
                f" With each day of delay a point of expectation pulls the answer by {format_number(expected.pull.value)} "
                f"({format_range(expected.pull.low, expected.pull.high, '')})."
            )
        how = f"{expected.answers:,} answers with both expectations."
        out.append(
            writer.write(
                "expectation", "answers below the worst expected", range_of(*expected.below), "share", text, how
            )
        )
    return out


def minimum_finding(least: int, detect: float, *, main: str) -> Finding:
    """How many answers a group needs so that a difference is seen."""
    text = (
        f"To see a difference of {format_number(detect)} points of {main} between two groups, each needs {least:,} answers; "
        "smaller differences of smaller groups are noise."
    )
    how = "2 (z.975 + z.80)² v / δ²: found in four of five cases, at 95%."
    return WRITER.write("minimum_n", "answers a group", least, "answers", text, how, kind="count")
