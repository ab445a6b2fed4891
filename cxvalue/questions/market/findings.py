"""From gaps to competitors to the findings ``experience.market.*``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from cxvalue.findings.numbers import format_number, format_range, format_range_of_size, format_value
from cxvalue.findings.writer import FindingWriter
from cxvalue.foundation.intervals import Interval
from cxvalue.language.catalogue import translatable, translate
from cxvalue.questions.experience.answers import rules_of
from cxvalue.questions.experience.names import id_parts
from cxvalue.questions.market.gaps import TREND_UNIT

if TYPE_CHECKING:
    from cxvalue.findings.finding import Finding
    from cxvalue.questions.market.gaps import Gap
    from cxvalue.study.experience import MetricRules

WRITER = FindingWriter("62_scores", "experience.market.", case="C17", grade="D")
NEEDS = translatable(
    "Left out: there are no own answers within 45 days of a competitor's figure in 'benchmarks' for the same metric."
)
AHEAD_YEARS = 2
SEVERAL = translatable(
    "Where the competitor has several figures on one day, such as those of regions, their mean is taken, weighted by "
    "their answers where these are known."
)
FEW_DATES = translatable("a trend needs 8 dates with own answers within 45 days.")


def gap_findings(gaps: Sequence[Gap], *, level: float) -> list[Finding]:
    """Where we stand against each competitor, and how that moves."""
    writer = replace(WRITER, label=translate("Market: "), level=level)
    metrics, rivals = id_parts([one.metric for one in gaps]), id_parts([one.competitor for one in gaps])
    out = []
    for one in gaps:
        key = f"{metrics[one.metric]}.{rivals[one.competitor]}"
        names = {"metric": one.metric, "competitor": one.competitor}
        how = translate(
            "Own answers within 45 days of the competitor's figure (dates: {dates}); own {own}, theirs {theirs}. "
            "A figure from a different survey method is not a gap.",
            dates=len(one.days),
            own=format_number(one.own),
            theirs=format_number(one.theirs),
        )
        if one.figures > 1:
            how += " " + translate(SEVERAL)
        label = translate("gap in {metric} against {competitor}", **names)
        out.append(writer.write(f"{key}.gap", label, one.interval or one.latest, "points", _gap_text(one), how))
        label = translate("trend of {metric} against {competitor}", **names)
        if one.trend is None:
            out.append(writer.withhold(f"{key}.gap_trend", label, translate(FEW_DATES), TREND_UNIT, how))
        else:
            text = translate(
                "Each year the gap to {competitor} in {metric} changes by {points} points ({range}).",
                points=format_number(one.trend.value),
                range=format_range(one.trend.low, one.trend.high, ""),
                **names,
            )
            out.append(writer.write(f"{key}.gap_trend", label, one.trend, TREND_UNIT, text, how))
    return out


def _gap_text(one: Gap) -> str:
    values = {"points": format_number(abs(one.latest)), "metric": one.metric, "competitor": one.competitor}
    if one.interval is None:
        if one.latest < 0:
            return translate(
                "We are {points} points behind {competitor} in {metric}; the benchmark states no margin of error, so "
                "there is no range.",
                **values,
            )
        return translate(
            (
                "We are {points} points ahead of {competitor} in {metric}; the benchmark states no margin of error, "
                "so there is no range."
            ),
            **values,
        )
    values["range"] = format_range_of_size(one.latest, one.interval.low, one.interval.high, "")
    if one.latest < 0:
        return translate("We are {points} points behind {competitor} in {metric} ({range}).", **values)
    return translate("We are {points} points ahead of {competitor} in {metric} ({range}).", **values)


def do_nothing_finding(
    gaps: Sequence[Gap], link: Interval | None, *, main: str, metrics: Mapping[str, MetricRules], active: int, currency: str,
    level: float,
) -> Finding | None:  # fmt: skip
    """Margin a year at stake in two years if the gap to the competitor that gains most moves on: a scenario."""
    moving = [one for one in gaps if one.metric == main and one.trend is not None]
    if not moving or link is None:
        return None
    worst = min(moving, key=lambda one: one.trend.value if one.trend is not None else 0.0)
    assert worst.trend is not None
    rules = rules_of(main, metrics)
    low, high = rules.scale
    per = 1.0 if rules.kind == "nps" else 100 / (high - low)
    size = AHEAD_YEARS * per * active
    value = worst.trend.value * link.value * size
    # Two independent errors: the variance of a product.
    errors = [(one.high - one.low) / 2 for one in (worst.trend, link)]
    half = (
        size
        * float((worst.trend.value * errors[1]) ** 2 + (link.value * errors[0]) ** 2 + (errors[0] * errors[1]) ** 2)
        ** 0.5
    )
    found = Interval(value, value - half, value + half)
    told = {"competitor": worst.competitor, "margin": format_value(abs(value), currency)}
    told["range"] = format_range_of_size(value, found.low, found.high, currency)
    if value < 0:
        text = translate(
            "If nothing is done, the gap to {competitor} goes with {margin} less margin a year in two years ({range}). "
            "This is a scenario based on a link, not a forecast.",
            **told,
        )
    else:
        text = translate(
            "If nothing is done, the gap to {competitor} goes with {margin} more margin a year in two years ({range}). "
            "This is a scenario based on a link, not a forecast.",
            **told,
        )
    how = translate("Trend × 24 months × margin per point × {customers:,} active customers.", customers=active)
    writer, label = replace(WRITER, label=translate("Market: "), level=level), translate("if nothing is done")
    return writer.write("do_nothing", label, found, currency, text, how)
