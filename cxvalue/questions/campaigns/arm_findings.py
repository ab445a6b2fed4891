"""Findings of a campaign's arms: ``reactivation.NAME.arm_ARM_margin_per_contact`` and ``.best_arm_ahead_by``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cxvalue.findings.numbers import format_p, format_range, format_value
from cxvalue.language.catalogue import translate
from cxvalue.language.words import enumerated
from cxvalue.questions.campaigns.findings import campaign_title, writer_of

if TYPE_CHECKING:
    import pandas as pd

    from cxvalue.findings.finding import Finding
    from cxvalue.questions.campaigns import ArmGap, CampaignResult


def arm_findings(
    result: CampaignResult, arms: pd.DataFrame, compared: Sequence[ArmGap], *, currency: str, level: float
) -> list[Finding]:
    """Margin per contact of each arm, and how far the best is ahead; nothing for a campaign with a single arm."""
    if len(arms) < 2:
        return []
    title, writer = campaign_title(result.name), writer_of(result.name)
    method = translate(
        "Each of {arms} arms compared with {held_out:,} customers held out by lot, as assigned, over "
        "{window} from the first contact; the ranges hold for all arms together (Bonferroni).",
        arms=len(arms),
        held_out=result.held_out,
        window=format_value(result.window_days, "days"),
    )
    method = f"{method} {result.elsewhere}".rstrip()
    writer = replace(writer, grade=result.grade, level=level, method=method, label="")
    found = [
        writer.write(
            f"{key}_margin_per_contact",
            translate("The {title} campaign, {arm}: margin per contact, net of cost", title=title, arm=row.arm),
            (row.margin_per_contact, row.margin_per_contact_low, row.margin_per_contact_high),
            currency,
            _arm_text(row, currency),
        )
        for key, row in zip(_keys(arms["arm"]), arms.itertuples(), strict=True)
        if row.margin_per_contact_high > row.margin_per_contact_low
    ]
    if compared:
        text = translate(
            "Margin per contact, net of cost, of the arm that brought the most compared with the next; the "
            "range allows for every pair of arms (Bonferroni), and so does the p-value (Holm)."
        )
        label = translate("The {title} campaign: the best version compared with the next", title=title)
        gap = compared[0].gap
        found.append(writer.write("best_arm_ahead_by", label, gap, currency, arms_sentence(compared, currency), text))
    return found


def arms_sentence(compared: Sequence[ArmGap], currency: str) -> str:
    """Which arm is better, or that it is open."""
    said, open_ = [], []
    for best, other, gap in compared:
        values = {
            "best": best,
            "other": other,
            "gap": format_value(gap.value, currency),
            "range": format_range(gap.low, gap.high, currency),
        }
        if gap.low > 0:
            said.append(
                translate(
                    "A contact by {best} brought {gap} more than one by {other} ({range}; {p_value}).",
                    p_value=format_p(gap.p_value),
                    **values,
                )
            )
        else:
            open_.append(translate("{best} or {other} (a difference of {gap} per contact, {range})", **values))
    if open_:
        said.append(translate("It is not clear which version is better: {pairs}.", pairs="; ".join(open_)))
    return " ".join(said)


def other_days_sentence(arms: Sequence[str]) -> str:
    """That arms which were sent on other days cannot be held against one another; empty without any."""
    if not arms:
        return ""
    return translate(
        "The arms {arms} were sent on different days. Each is compared with those held out on its own days, where there are "
        "any, and they are not compared with one another: the season may be what differs.",
        arms=enumerated(arms),
    )


def other_contacts_sentence(arms: Sequence[str]) -> str:
    """That other campaigns contacted the customers of some arms more; empty without any."""
    if not arms:
        return ""
    return translate(
        "Other campaigns contacted different shares of the arms {arms}. Each is compared with those held out, where "
        "that can be done, and they are not compared with one another: the other campaigns may be what differs.",
        arms=enumerated(arms),
    )


def _arm_text(row: Any, currency: str) -> str:
    value, low, high = (getattr(row, f"margin_per_contact{end}") for end in ("", "_low", "_high"))
    arm, spread = row.arm, format_range(low, high, currency)
    margin, loss = format_value(value, currency), format_value(-value, currency)
    if low > 0:
        return translate(
            "{arm}: each contact earned {margin} more than no contact ({range}).", arm=arm, margin=margin, range=spread
        )
    if high < 0:
        return translate("{arm}: each contact lost {loss} ({range}).", arm=arm, loss=loss, range=spread)
    return translate(
        "{arm}: it is not clear whether a contact earns or loses money ({margin} each, {range}).",
        arm=arm,
        margin=margin,
        range=spread,
    )


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
