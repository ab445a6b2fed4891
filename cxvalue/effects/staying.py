"""Customers who leave while a programme runs: how many of each cohort are still there, month by month.

Where customers have contracts, a contract that has ended brings nothing and costs nothing, with the programme or without it.
Who left before the start never had the programme.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cxvalue.effects.effect import Cohort
from cxvalue.foundation.arrays import Bools, Floats
from cxvalue.tables.panels.by_customer import CustomerPanel
from cxvalue.tables.panels.by_unit import UnitPanel

RECENT_MONTHS = 12
"""Months whose leaving goes on: contracts that end once a year are all in them."""


def present(panel: UnitPanel | CustomerPanel, inside: Bools) -> tuple[Floats, Floats]:
    """Of some cells or customers, those who count in each month, and those of them who counted the month before as well."""
    if isinstance(panel, UnitPanel):
        people = panel.customers[inside].sum(axis=0)
        # Bin f holds those who count from month f on.
        return np.asarray(people.sum(axis=0)), np.asarray(np.triu(people, k=1).sum(axis=0))
    first, last = panel.first[inside][:, None], panel.last[inside][:, None]
    month = np.arange(panel.months.count)
    there = (first <= month) & (month <= last)
    return there.sum(axis=0).astype(float), (there & (first < month)).sum(axis=0).astype(float)


def is_left(panel: UnitPanel | CustomerPanel) -> bool:
    """Whether customers leave the panel before its end; units that miss months have no customers in them and do not.

    Who no longer has the programme has not left.
    """
    if isinstance(panel, UnitPanel) and panel.gaps:
        return False
    everyone, stayed = present(panel, _goes_on(panel))
    return bool((stayed[1:] < everyone[:-1] - 1e-9).any())


def _goes_on(panel: UnitPanel | CustomerPanel) -> Bools:
    """Cells or customers without an end of the programme within the panel."""
    count = panel.months.count
    return np.ones(len(panel.start), dtype=bool) if panel.until is None else panel.until >= count


def with_leavers(panel: UnitPanel | CustomerPanel, cohorts: list[Cohort]) -> tuple[Cohort, ...]:
    """The cohorts with those who are still there, and still have it, in each month; unchanged where nobody leaves.

    Beyond the data a cohort goes on to lose customers as all that have the programme did over the last 12 months.
    """
    if not is_left(panel) and panel.until is None:
        return tuple(cohorts)
    count, treated = panel.months.count, panel.start >= 0
    everyone, stayed = present(panel, treated & _goes_on(panel))
    recent = max(count - RECENT_MONTHS, 1)
    before = float(everyone[recent - 1 : -1].sum())
    stay = float(stayed[recent:].sum()) / before if before > 0 else 1.0
    found = []
    for place, cohort in enumerate(cohorts):  # those that started before the panel stand first
        number = cohort.start.year * 12 + cohort.start.month - panel.months.base
        inside = treated & (panel.start == number)
        if place >= len(panel.early) and inside.any():
            still = present(panel, inside)[0][number:]
        else:  # started before the first full month: seen when the panel began
            still = cohort.customers * stay ** np.maximum(np.arange(number, count), 0.0)
            until = panel.early[place].until if place < len(panel.early) else None
            if until is not None:
                still[until - number :] = 0.0
        found.append(replace(cohort, customers=round(still[0]), still=tuple(still.tolist()), stay_per_month=stay))
    return tuple(found)
