"""Units that had started before there was anything to compare with: in the case, in no comparison."""

from __future__ import annotations

from cxvalue.effects.effect import Cohort
from cxvalue.tables.panels.by_customer import CustomerPanel
from cxvalue.tables.panels.by_unit import UnitPanel

__all__ = ["early_cohorts", "early_months", "early_note"]


def early_cohorts(panel: UnitPanel | CustomerPanel) -> list[Cohort]:
    """Cohorts of a panel that had started before its first full month, in the order of their starts."""
    return [Cohort(panel.months.day(one.start), one.units, one.customers) for one in panel.early]


def early_months(panel: UnitPanel | CustomerPanel) -> int:
    """Treated customer-months of those cohorts, from their start on: no effect can be read off them."""
    return sum(one.customer_months for one in panel.early)


def early_note(panel: UnitPanel | CustomerPanel) -> list[str]:
    """The sentence that says who is left out; empty without any."""
    if not panel.early:
        return []
    people = sum(one.customers for one in panel.early)
    return [
        f"{people:,} customers had the programme before the first full month observed could be compared: they are no "
        "comparison for others, and the case counts them with the effect that was measured on the others."
    ]
