"""From the journey to the findings ``experience.journey.*`` and ``experience.privacy.suppressed``."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from cxvalue.findings.numbers import format_number, format_range, format_value
from cxvalue.findings.writer import FindingWriter
from cxvalue.questions.experience.names import id_parts

if TYPE_CHECKING:
    from cxvalue.findings.finding import Finding
    from cxvalue.questions.journey.joined import ChannelGap
    from cxvalue.questions.journey.steps import Step

__all__ = ["NEEDS_STEPS", "channel_findings", "match_findings", "step_findings", "suppressed_finding"]

WRITER = FindingWriter("60_experience", "experience.journey.", "Journey: ", case="C18")
NEEDS_STEPS = (
    "Left out: it needs 'experience: {journey: [a, b]}' in the study file, and these touchpoints in the interactions."
)


def step_findings(steps: Sequence[Step], *, least: int, level: float) -> tuple[list[Finding], int]:
    """Drop-off and days of each step, and how many cells were too small to be shown."""
    writer, out, hidden = replace(WRITER, level=level, grade="C"), [], 0
    parts = id_parts([one.name for one in steps])
    for one in steps:
        key, way = parts[one.name], f"from {one.name} to {one.following}"
        if one.drop_off is None:
            out.append(
                writer.withhold(f"{key}.drop_off", f"lost {way}", "nobody reached it 30 days ago or more.", "share")
            )
            continue
        if any(0 < number < least for number in (one.dropped, one.reached - one.dropped)):
            hidden += 1
            small = f"fewer than {least} customers stand behind it."
            out.append(writer.withhold(f"{key}.drop_off", f"lost {way}", small, "share", word="withheld"))
        else:
            share = one.drop_off
            text = (
                f"Of {one.reached:,} customers who reached {one.name}, {format_value(share.value, 'share')} did not reach "
                f"{one.following} within 30 days ({format_range(share.low, share.high, 'share')})."
            )
            out.append(writer.write(f"{key}.drop_off", f"lost {way}", share, "share", text))
        if one.days is None:
            reason = f"fewer than half of those who reached {one.name} ever reached {one.following}."
            out.append(writer.withhold(f"{key}.days", f"days {way}", reason, "days"))
            continue
        days = one.days
        opened, low = math.isinf(days.high), days.value if math.isinf(days.low) else days.low
        value = days.value if not opened and low == days.high else (days.value, low, None if opened else days.high)
        said = f"Half of them get {way} by day {days.value:g}."
        out.append(writer.write(f"{key}.days", f"days {way}", value, "days", said))
    return out, hidden


def match_findings(rates: Mapping[str, tuple[int, int]]) -> list[Finding]:
    """The share of rows of each table that find their customer; exact."""
    return [
        WRITER.write(
            f"match_rate.{name}",
            f"rows of {name} that find their customer",
            inside / every,
            "share",
            f"{format_value(inside / every, 'share')} of the {every:,} rows of {name} find their customer.",
            kind="count",
        )
        for name, (inside, every) in rates.items()
    ]


def channel_findings(gaps: Sequence[ChannelGap], *, main: str, level: float) -> list[Finding]:
    """How far the same customers score apart between channels."""
    writer = replace(WRITER, level=level, grade="D")
    parts = id_parts([name for one in gaps for name in (one.one, one.other)])
    out = []
    for one in gaps:
        side = "higher" if one.gap.value >= 0 else "lower"
        text = (
            f"The same {one.customers:,} customers score {main} {format_number(abs(one.gap.value))} points {side} by "
            f"{one.one} than "
            f"by {one.other} ({format_range(one.gap.low, one.gap.high, '')}). A link: they did not choose the channel "
            "by lot."
        )
        key = f"channel_gap.{parts[one.one]}.{parts[one.other]}"
        out.append(writer.write(key, f"{one.one} against {one.other}", one.gap, "points", text))
    return out


def suppressed_finding(cells: int, least: int) -> Finding:
    """How many cells this notebook withholds."""
    text = f"{cells:,} cells with fewer than {least} customers, or that would give one away, are withheld in this notebook."
    writer = replace(WRITER, prefix="experience.privacy.", label="Privacy: ", kind="count")
    return writer.write("suppressed", "cells withheld", cells, "cells", text)
