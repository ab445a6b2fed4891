"""Whether a programme keeps customers or drives them away, which an effect on those who are still there does not tell."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cxvalue.effects.effect import Check, Effect, Leaving
from cxvalue.effects.estimate import estimate_effect
from cxvalue.effects.staying import RECENT_MONTHS, is_left
from cxvalue.effects.vintage import truncated
from cxvalue.findings.numbers import format_p
from cxvalue.foundation.errors import CxvalueError
from cxvalue.foundation.intervals import p_value_of
from cxvalue.language.catalogue import translatable, translate
from cxvalue.tables.panels.by_customer import CustomerPanel
from cxvalue.tables.panels.by_unit import UnitPanel

QUESTION = translatable("Do as many customers stay with the programme as without it?")


def with_leaving_checked(panel: UnitPanel | CustomerPanel, effect: Effect) -> Effect:
    """The effect with that on leaving, compared by the same design, and a check that fails where leaving differs.

    What those customers bring, whom the programme kept or drove away, is then missing in the effect. Unchanged where nobody
    leaves, for matched customers, where leaving cannot be compared, and where some units no longer have the programme while
    others do: their customers are not followed further.

    Leaving is that of a month among those who are there. The share still there of all who came would not do: where customers
    leave faster, with the programme as without it, that share falls ever further behind.
    """
    if effect.design == "matched" or panel.until is not None or not is_left(panel):
        return effect
    try:
        leaving = estimate_effect(_leaving(panel), design=effect.design, level=effect.level)
    except CxvalueError:
        return effect
    if not leaving.se > 0:
        return effect
    brings = _brings(panel)
    known = effect if brings is None else replace(effect, leaving=Leaving(leaving, brings))
    return known.with_checks([*effect.checks, _check(leaving)])


def _leaving(panel: UnitPanel | CustomerPanel) -> UnitPanel | CustomerPanel:
    """The same customers: 1 in the month at whose end they leave, 0 before. Who leaves after the last month is unknown."""
    months = panel.months.count - 1
    if isinstance(panel, CustomerPanel):
        month = np.arange(panel.months.count)
        values = np.where(np.isnan(panel.values), np.nan, month == panel.last[:, None])
        return truncated(replace(panel, values=values.astype(np.float32), past=panel.known_before), months)
    going = panel.customers[:, :, :-1] - panel.customers[:, :, 1:]
    # Bin f holds those who count from month f on: before that nobody is there who could leave.
    there = np.triu(np.ones((panel.months.count, panel.months.count)))[:, :-1]
    total = np.zeros_like(panel.customers)
    total[:, :, :-1] = going * there
    return truncated(replace(panel, total=total), months)


def _brings(panel: UnitPanel | CustomerPanel) -> float | None:
    """What a customer who had the programme and was there brought a month, over the last 12; None where nobody was there."""
    month = np.arange(panel.months.count)
    had = (panel.start >= 0)[:, None] & (month >= np.maximum(panel.start[:, None], panel.months.count - RECENT_MONTHS))
    if isinstance(panel, CustomerPanel):
        brought = panel.values[had]
        return float(np.nanmean(brought)) if np.isfinite(brought).any() else None
    there = float(panel.customers.sum(axis=1)[had].sum())
    return float(panel.total.sum(axis=1)[had].sum()) / there if there else None


def _check(leaving: Effect) -> Check:
    """A note where leaving does not differ; one that fails where it does."""
    p_value = p_value_of(leaving.estimate, leaving.se, leaving.df)
    detail = translate(
        "With the programme the share of customers who leave in a month differs by {points:+.2f} percentage points, between "
        "{low:+.2f} and {high:+.2f} ({p_value}). The effect is that on customers who are still there: what others bring, "
        "whom the programme kept or drove away, is not in it.",
        points=100 * leaving.estimate,
        low=100 * leaving.low,
        high=100 * leaving.high,
        p_value=format_p(p_value),
    )
    return Check("leaving", translate(QUESTION), None, True, detail, p_value)
