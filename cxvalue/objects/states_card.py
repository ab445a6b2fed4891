"""The card of purchase histories."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cxvalue.findings.numbers import format_date
from cxvalue.foundation.shown import Summary
from cxvalue.objects.amounts import amount

if TYPE_CHECKING:
    import pandas as pd

    from cxvalue.tables.states import PurchaseStates

__all__ = ["describe", "frame_of"]


def describe(shown: PurchaseStates, currency: str) -> Summary:
    """How many customers there are, how often they bought again and how long they have been seen."""
    customers, kind = shown.customers, "one a customer" if shown.customer_id is not None else "distinct, with counts"
    line = f"PurchaseStates: {customers:,} customers to {format_date(shown.as_of)}, {len(shown):,} states ({kind})"
    if not customers:
        return Summary(line)
    weight = shown.count / customers
    again = float(weight[shown.frequency > 0].sum())
    returned, most = int(shown.count[shown.frequency > 0].sum()), int(shown.frequency.max())
    rows = [
        ("bought again", amount(again, "share"), f"{returned:,} customers"),
        ("further purchase days per customer", amount(float(weight @ shown.frequency)), f"at most {most:,}"),
        ("days since the first purchase", amount(float(weight @ shown.age_days)), f"at most {shown.age_days.max():,}"),
        ("days since the last purchase", amount(float(weight @ shown.days_silent)), ""),
        ("revenue", amount(shown.total_revenue, currency), ""),
        ("margin for each unit of revenue", amount(shown.margin_rate), ""),
        ("counted in", f"{shown.time_unit.value}s", ""),
    ]
    return Summary(line, tuple(rows))


def frame_of(shown: PurchaseStates) -> pd.DataFrame:
    """A row a state."""
    import pandas as pd

    names = ("customer_id", "frequency", "recency_days", "age_days", "count", "mean_spend")
    held = {name: getattr(shown, name) for name in names}
    return pd.DataFrame({name: np.asarray(column) for name, column in held.items() if column is not None})
