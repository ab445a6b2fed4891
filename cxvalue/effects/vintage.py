"""The same effect as it would have been measured earlier: what was promised then can be held against what came."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, overload

import numpy as np

from cxvalue.effects.designs.staggered import measured
from cxvalue.effects.effect import Effect
from cxvalue.effects.estimate import estimate_effect
from cxvalue.effects.estimators.group_time import BASE_MONTHS, group_time, jackknife
from cxvalue.foundation.errors import CxvalueError
from cxvalue.tables.panels.by_customer import CustomerPanel
from cxvalue.tables.panels.by_unit import UnitPanel
from cxvalue.tables.panels.inputs import PanelMonths

EVERY_MONTHS, MOST_VINTAGES = 3, 4
LEAST_TREATED_MONTHS = 3
MOST_CUSTOMERS = 300_000
"""Customers one by one are estimated anew for earlier dates up to this number."""


@overload
def truncated(panel: UnitPanel, months: int) -> UnitPanel: ...
@overload
def truncated(panel: CustomerPanel, months: int) -> CustomerPanel: ...
def truncated(panel: UnitPanel | CustomerPanel, months: int) -> UnitPanel | CustomerPanel:
    """The panel as it was at the end of its first `months` months: later starts had not happened yet."""
    span = PanelMonths(panel.months.first, months)
    start = np.where(panel.start >= months, -1, panel.start)
    until = None if panel.until is None or (panel.until >= months).all() else np.minimum(panel.until, months)
    over = panel.over and months == panel.months.count
    if isinstance(panel, UnitPanel):
        parts = (part[:, :months, :months].copy() for part in (panel.customers, panel.total))
        people, total = parts
        return replace(panel, months=span, start=start, customers=people, total=total, until=until, over=over)
    kept = panel.first < months
    rows: dict[str, Any] = {
        name: getattr(panel, name)[kept] for name in ("customer_id", "unit_of", "base", "arm", "first")
    }
    return replace(
        panel,
        **rows,
        months=span,
        start=start[kept],
        until=None if until is None else until[kept],
        over=over,
        last=np.minimum(panel.last[kept], months - 1),
        values=panel.values[kept, :months],
        past=None if panel.past is None else panel.past[kept, :months],
        about=None if panel.about is None else panel.about[kept],
        beside=None if panel.beside is None else panel.beside[kept, :months],
    )


def earlier_effects(panel: UnitPanel | CustomerPanel, effect: Effect) -> tuple[Effect, ...]:
    """The effect as the same estimator saw it 3, 6, 9 and 12 months before the end of the panel, the oldest first.

    Dates with fewer than three treated months are left out, and so are those at which nothing could be estimated.
    """
    if isinstance(panel, CustomerPanel) and len(panel.first) > MOST_CUSTOMERS:
        return ()
    first = int(panel.start[panel.start >= 0].min())
    found = []
    for number in range(MOST_VINTAGES, 0, -1):
        months = panel.months.count - EVERY_MONTHS * number
        if months < first + LEAST_TREATED_MONTHS:
            continue
        try:
            found.append(_earlier(truncated(panel, months), effect))
        except CxvalueError:
            continue
    return tuple(found)


def _earlier(panel: UnitPanel | CustomerPanel, effect: Effect) -> Effect:
    if isinstance(panel, CustomerPanel) or effect.design == "single_unit":
        return estimate_effect(panel, design=effect.design, level=effect.level)
    found, knife = group_time(panel, base_months=BASE_MONTHS), jackknife(panel, base_months=BASE_MONTHS)
    if not found.identified:
        raise CxvalueError("Nothing could be compared at that date.")
    return replace(
        effect,
        **measured(panel, found, knife, effect.level),
        unidentified_customer_months=round(found.unidentified),
        checks=(),
        alternatives=(),
        notes=(),
        extra={},
    )
