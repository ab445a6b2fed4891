"""The card of purchase histories."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cxvalue.figures.histories import repeat_purchases
from cxvalue.findings.numbers import format_date
from cxvalue.foundation.shown import Summary
from cxvalue.language.catalogue import translatable, translate, translate_count
from cxvalue.objects.amounts import amount

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from matplotlib.figure import Figure

    from cxvalue.tables.states import PurchaseStates

COUNTED = {
    "day": translatable("days"),
    "week": translatable("weeks"),
    "month": translatable("months"),
    "quarter": translatable("quarters"),
}


def describe(shown: PurchaseStates, currency: str) -> Summary:
    """How many customers there are, how often they bought again and how long they have been seen."""
    customers = shown.customers
    told = {"customers": customers, "day": format_date(shown.as_of), "states": len(shown)}
    line = (
        translate("PurchaseStates: {customers:,} customers to {day}, {states:,} states (one for each customer)", **told)
        if shown.customer_id is not None
        else translate(
            "PurchaseStates: {customers:,} customers to {day}, {states:,} states (distinct, with counts)", **told
        )
    )
    if not customers:
        return Summary(line)
    weight = shown.count / customers
    again = float(weight[shown.frequency > 0].sum())
    returned, most = int(shown.count[shown.frequency > 0].sum()), int(shown.frequency.max())
    rows = [
        (
            translate("bought again"),
            amount(again, "share"),
            translate_count("{count:,} customer", "{count:,} customers", returned),
        ),
        (
            translate("further purchase days per customer"),
            amount(float(weight @ shown.frequency)),
            translate("at most {number:,}", number=most),
        ),
        (
            translate("days since the first purchase"),
            amount(float(weight @ shown.age_days)),
            translate("at most {number:,}", number=int(shown.age_days.max())),
        ),
        (translate("days since the last purchase"), amount(float(weight @ shown.days_silent)), ""),
        (translate("revenue"), amount(shown.total_revenue, currency), ""),
        (translate("margin for each unit of revenue"), amount(shown.margin_rate), ""),
        (translate("counted in"), translate(COUNTED[shown.time_unit.value]), ""),
    ]
    return Summary(line, tuple(rows))


def frame_of(shown: PurchaseStates) -> pd.DataFrame:
    """A row a state."""
    names = ("customer_id", "frequency", "recency_days", "age_days", "count", "mean_spend")
    held = {name: getattr(shown, name) for name in names}
    return pd.DataFrame({name: np.asarray(column) for name, column in held.items() if column is not None})


def pictures_of(shown: PurchaseStates) -> Mapping[str, Callable[..., Figure]]:
    """The pictures of purchase histories by their names."""
    return {"repeat": lambda currency: repeat_purchases(shown.frequency, shown.count)}
