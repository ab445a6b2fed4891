"""From the journey to the findings ``experience.journey.*`` and ``experience.privacy.suppressed``."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from cxvalue.findings.numbers import format_number, format_range, format_range_of_size, format_value
from cxvalue.findings.writer import FindingWriter
from cxvalue.language.catalogue import translatable, translate, translate_count
from cxvalue.language.words import sentences
from cxvalue.questions.experience.names import id_parts

if TYPE_CHECKING:
    from cxvalue.findings.finding import Finding
    from cxvalue.questions.journey.joined import ChannelGap
    from cxvalue.questions.journey.steps import Step

WRITER = FindingWriter("60_experience", "experience.journey.", case="C18")
NEEDS_STEPS = translatable(
    "Left out: it needs 'experience: {journey: [a, b]}' in the study file, and these touchpoints in the interactions."
)


def step_findings(steps: Sequence[Step], *, least: int, level: float) -> tuple[list[Finding], int]:
    """Drop-off and days of each step, and how many cells were too small to be shown."""
    writer = replace(WRITER, label=translate("Journey: "), level=level, grade="C")
    out, hidden = [], 0
    parts = id_parts([one.name for one in steps])
    for one in steps:
        key, way = parts[one.name], {"step": one.name, "next": one.following}
        label = translate("lost from {step} to {next}", **way)
        if one.drop_off is None:
            reason = translate("nobody reached it 30 days ago or more.")
            out.append(writer.withhold(f"{key}.drop_off", label, reason, "share"))
            continue
        if any(0 < number < least for number in (one.dropped, one.reached - one.dropped)):
            hidden += 1
            small = translate("fewer than {least} customers are behind it.", least=least)
            out.append(writer.withhold(f"{key}.drop_off", label, small, "share", word="withheld"))
        else:
            share = one.drop_off
            text = translate(
                "Of {customers:,} customers who reached {step}, {share} did not reach {next} within 30 days ({range}).",
                customers=one.reached,
                share=format_value(share.value, "share"),
                range=format_range(share.low, share.high, "share"),
                **way,
            )
            out.append(writer.write(f"{key}.drop_off", label, share, "share", text))
        label = translate("days from {step} to {next}", **way)
        if one.days is None:
            reason = translate("fewer than half of those who reached {step} ever reached {next}.", **way)
            out.append(writer.withhold(f"{key}.days", label, reason, "days"))
            continue
        days = one.days
        opened, low = math.isinf(days.high), days.value if math.isinf(days.low) else days.low
        value = days.value if not opened and low == days.high else (days.value, low, None if opened else days.high)
        said = translate("Half of them get from {step} to {next} by day {day:g}.", day=days.value, **way)
        out.append(writer.write(f"{key}.days", label, value, "days", said))
    return out, hidden


def match_findings(rates: Mapping[str, tuple[int, int]]) -> list[Finding]:
    """The share of rows of each table that find their customer; exact."""
    writer = replace(WRITER, label=translate("Journey: "))
    return [
        writer.write(
            f"match_rate.{name}",
            translate("rows of {table} that match a customer", table=name),
            inside / every,
            "share",
            translate(
                "{share} of the {rows:,} rows of {table} match a customer.",
                share=format_value(inside / every, "share"),
                rows=every,
                table=name,
            ),
            kind="count",
        )
        for name, (inside, every) in rates.items()
    ]


def channel_findings(gaps: Sequence[ChannelGap], *, main: str, level: float, a_point: str = "") -> list[Finding]:
    """How far the same customers score apart between channels."""
    writer = replace(WRITER, label=translate("Journey: "), level=level, grade="D")
    parts = id_parts([name for one in gaps for name in (one.one, one.other)])
    out = []
    for one in gaps:
        message = (
            translatable(
                "The same {customers:,} customers score {metric} {points} points higher by {channel} than by "
                "{other} ({range}). A link: channels were not assigned by lot."
            )
            if one.gap.value >= 0
            else translatable(
                "The same {customers:,} customers score {metric} {points} points lower by {channel} than by "
                "{other} ({range}). A link: channels were not assigned by lot."
            )
        )
        text = translate(
            message,
            customers=one.customers,
            metric=main,
            points=format_number(abs(one.gap.value)),
            channel=one.one,
            other=one.other,
            range=format_range_of_size(*one.gap, ""),
        )
        key = f"channel_gap.{parts[one.one]}.{parts[one.other]}"
        label = translate("{channel} compared with {other}", channel=one.one, other=one.other)
        out.append(writer.write(key, label, one.gap, "points", sentences(text, a_point)))
    return out


def suppressed_finding(cells: int, least: int) -> Finding:
    """How many cells this notebook withholds."""
    text = translate_count(
        "{count:,} cell with fewer than {least} customers, or that would reveal one, is withheld in this notebook.",
        "{count:,} cells with fewer than {least} customers, or that would reveal one, are withheld in this notebook.",
        cells,
        least=least,
    )
    writer = replace(WRITER, prefix="experience.privacy.", label=translate("Privacy: "), kind="count")
    return writer.write("suppressed", translate("cells withheld"), cells, "cells", text)
