"""The card of an opened study."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from cxvalue.figures.base import monthly_purchases
from cxvalue.figures.renewal import contract_flow
from cxvalue.findings.numbers import format_date, format_level, format_value
from cxvalue.foundation.shown import Summary
from cxvalue.language.catalogue import translate
from cxvalue.language.words import enumerated
from cxvalue.questions.contracts.contract_history import monthly_contracts
from cxvalue.questions.customers.audit import monthly_activity
from cxvalue.workspace.notebooks import NOTEBOOKS, declared_in

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from cxvalue.workspace.opened import Study


def describe(shown: Study, currency: str) -> Summary:
    """What the study asks, of which tables and which days, and which notebooks it can have."""
    file = shown.file
    held = sorted(set(shown.tables.paths) - {"purchases"})
    fitting = [one.name for one in NOTEBOOKS if not one.obstacle(file.contract, held, declared_in(file))]
    rows = (
        (
            translate("observed"),
            format_date(shown.observed_from),
            translate("to {day}", day=format_date(shown.as_of)),
        ),
        (
            translate("amounts in"),
            file.currency,
            translate("discounted at {rate} a year", rate=format_level(file.annual_discount_rate)),
        ),
        (
            translate("horizon"),
            format_value(file.horizon_months, "months"),
            translate("ranges hold {level}", level=format_level(file.level)),
        ),
        (translate("tables"), enumerated(held), ""),
        (translate("notebooks"), enumerated(fitting), ""),
    )
    line = translate("Study {name}: {heading}", name=shown.name, heading=file.heading)
    simulated = (translate("Simulated: this company does not exist."),) if file.simulated is not None else ()
    return Summary(line, rows, simulated)


def frame_of(shown: Study) -> pd.DataFrame:
    """What was read of each table, kept and left out, a row a count."""
    from cxvalue.questions.data_check.display import counts_table

    return counts_table(shown.tables)


def pictures_of(shown: Study) -> Mapping[str, Callable[..., Figure]]:
    """The study month by month: purchases, or contracts where there are no purchases."""

    def by_month(currency: str) -> Figure:
        if "transactions" in shown.tables.paths:
            months = monthly_activity(shown.purchases, as_of=shown.as_of)
            return monthly_purchases(months[months["complete"]], currency or shown.file.currency)
        months = monthly_contracts(shown.contracts)
        return contract_flow(months[months["complete"]])

    return {"months": by_month}
