"""From gaps to competitors to the findings ``experience.market.*``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from cxvalue.findings.numbers import format_number, format_range, format_value
from cxvalue.findings.writer import FindingWriter
from cxvalue.foundation.intervals import Interval
from cxvalue.questions.experience.answers import rules_of
from cxvalue.questions.experience.names import id_parts

if TYPE_CHECKING:
    from cxvalue.findings.finding import Finding
    from cxvalue.questions.market.gaps import Gap
    from cxvalue.study.experience import MetricRules

__all__ = ["NEEDS", "do_nothing_finding", "gap_findings"]

WRITER = FindingWriter("62_scores", "experience.market.", "Market: ", case="C17", grade="D")
NEEDS = "Left out: no competitor in 'benchmarks' has own answers to the same metric within 45 days."
AHEAD_YEARS = 2
FEW_DATES = "a trend needs 8 dates with own answers within 45 days."


def gap_findings(gaps: Sequence[Gap], *, level: float) -> list[Finding]:
    """Where we stand against each competitor, and how that moves."""
    writer = replace(WRITER, level=level)
    metrics, rivals = id_parts([one.metric for one in gaps]), id_parts([one.competitor for one in gaps])
    out = []
    for one in gaps:
        key = f"{metrics[one.metric]}.{rivals[one.competitor]}"
        name = f"{one.metric} against {one.competitor}"
        side = "behind" if one.latest < 0 else "ahead of"
        text = f"{format_number(abs(one.latest))} points {side} {one.competitor} in {one.metric}"
        how = (
            f"Own answers within 45 days of the competitor's figure of {len(one.days)} dates; own {format_number(one.own)}, "
            f"theirs {format_number(one.theirs)}. A figure from another way of asking is no gap."
        )
        if one.interval is None:
            text += "; the benchmark names no error, so there is no range."
        else:
            text += f" ({format_range(one.interval.low, one.interval.high, '')})."
        out.append(writer.write(f"{key}.gap", f"gap in {name}", one.interval or one.latest, "points", text, how))
        if one.trend is None:
            out.append(writer.withhold(f"{key}.gap_trend", f"trend of {name}", FEW_DATES, "points a year", how))
        else:
            text = (
                f"The gap to {one.competitor} in {one.metric} moves by {format_number(one.trend.value)} a year "
                f"({format_range(one.trend.low, one.trend.high, '')})."
            )
            out.append(writer.write(f"{key}.gap_trend", f"trend of {name}", one.trend, "points a year", text, how))
    return out


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
    text = (
        f"Unchanged, the gap to {worst.competitor} puts {format_value(value, currency)} of margin a year at stake in "
        "two years "
        f"({format_range(value - half, value + half, currency)}). A scenario on a link, no forecast."
    )
    how = f"Trend × 24 months × margin per point × {active:,} active customers."
    writer = replace(WRITER, level=level)
    return writer.write(
        "do_nothing", "if nothing is done", Interval(value, value - half, value + half), currency, text, how
    )
