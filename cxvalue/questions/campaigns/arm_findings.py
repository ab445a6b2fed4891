"""Findings of a campaign's arms: ``reactivation.NAME.arm_ARM_margin_per_contact`` and ``.best_arm_ahead_by``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cxvalue.findings.numbers import format_range, format_value
from cxvalue.foundation.chance import written_p
from cxvalue.questions.campaigns.findings import writer_of

if TYPE_CHECKING:
    import pandas as pd

    from cxvalue.findings.finding import Finding
    from cxvalue.questions.campaigns import ArmGap, CampaignResult

__all__ = ["arm_findings", "arms_sentence"]


def arm_findings(
    result: CampaignResult, arms: pd.DataFrame, compared: Sequence[ArmGap], *, currency: str, level: float
) -> list[Finding]:
    """Margin per contact of each arm, and how far the best is ahead; nothing for a campaign with a single arm."""
    if len(arms) < 2:
        return []
    title, writer = result.name.replace("_", " "), writer_of(result.name)
    method = (
        f"Each of {len(arms)} arms against {result.held_out:,} customers held out by lot, as assigned, over "
        f"{result.window_days} days from the first contact; the ranges hold for all arms together (Bonferroni)."
    )
    writer = replace(writer, grade=result.grade, level=level, method=method, label=f"The {title} campaign")
    found = [
        writer.write(
            f"{key}_margin_per_contact",
            f", {row.arm}: margin per contact, net of cost",
            (row.margin_per_contact, row.margin_per_contact_low, row.margin_per_contact_high),
            currency,
            _arm_text(row, currency),
        )
        for key, row in zip(_keys(arms["arm"]), arms.itertuples(), strict=True)
        if row.margin_per_contact_high > row.margin_per_contact_low
    ]
    if compared:
        text = (
            "Margin a contact, net of cost, of the arm that brought most against the next; the range allows for every pair "
            "of arms (Bonferroni), the p-value as well (Holm)."
        )
        label, gap = ": the best arm against the next", compared[0].gap
        found.append(writer.write("best_arm_ahead_by", label, gap, currency, arms_sentence(compared, currency), text))
    return found


def arms_sentence(compared: Sequence[ArmGap], currency: str) -> str:
    """Which arm is better, or that it is open."""
    if not compared:
        return ""
    parts, open_ = [], []
    for best, other, gap in compared:
        if gap.low > 0:
            more, spread = format_value(gap.value, currency), format_range(gap.low, gap.high, currency)
            parts.append(f"{best} brought {more} more a contact than {other} ({spread}; {written_p(gap.p_value)})")
        else:
            spread = format_range(gap.low, gap.high, currency)
            open_.append(f"{best} against {other} ({format_value(gap.value, currency)} a contact, {spread})")
    said = f"{'; '.join(parts)}." if parts else ""
    if open_:
        said += f"{' ' if said else ''}Which arm is better is open: {'; '.join(open_)}."
    return said


def _arm_text(row: Any, currency: str) -> str:
    value, low, high = (getattr(row, f"margin_per_contact{end}") for end in ("", "_low", "_high"))
    arm, spread = row.arm, format_range(low, high, currency)
    if low > 0:
        return f"{arm}: each contact earned {format_value(value, currency)} more than no contact ({spread})."
    if high < 0:
        return f"{arm}: each contact lost {format_value(-value, currency)} ({spread})."
    return f"{arm}: whether a contact earns or loses money is open ({format_value(value, currency)} each, {spread})."


def _keys(arms: Sequence[str]) -> list[str]:
    """Names of arms as a part of an id, each of its own.

    >>> _keys(["sms 10%", "sms 10 %"])
    ['arm_sms_10', 'arm_sms_10_2']
    """
    keys: list[str] = []
    for arm in arms:
        key = "arm_" + re.sub(r"[^\w-]+", "_", str(arm)).strip("_")
        same = sum(one == key or (one.startswith(f"{key}_") and one[len(key) + 1 :].isdigit()) for one in keys)
        keys.append(f"{key}_{same + 1}" if same else key)
    return keys
