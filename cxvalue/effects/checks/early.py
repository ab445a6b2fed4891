"""Units that had started before there was anything to compare with: in the case, in no comparison."""

from __future__ import annotations

from cxvalue.effects.effect import Cohort
from cxvalue.language.catalogue import translate_count
from cxvalue.tables.panels.by_customer import CustomerPanel
from cxvalue.tables.panels.by_unit import UnitPanel


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
    return [
        translate_count(
            "{count:,} customer had the programme before the first full month that could be compared: they are not used as "
            "a comparison, and the case counts them with the effect that was measured on the others.",
            "{count:,} customers had the programme before the first full month that could be compared: they are not used "
            "as a comparison, and the case counts them with the effect that was measured on the others.",
            sum(one.customers for one in panel.early),
        )
    ]


def later_note(panel: UnitPanel | CustomerPanel) -> tuple[str, ...]:
    """The sentence that says who came after the start; empty without any."""
    if not panel.later:
        return ()
    return (
        translate_count(
            "{count:,} customer joined after the start and is not part of the comparison.",
            "{count:,} customers joined after the start and are not part of the comparison.",
            panel.later,
        ),
    )
