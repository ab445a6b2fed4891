"""Purchases as a study holds them, from the lines of a simulated shop."""

from __future__ import annotations

import ibis
import pandas as pd


def purchases_of(transactions: pd.DataFrame, margin: float = 0.35) -> ibis.Table:
    """Revenue by customer and day, with `margin` of it as what is earned."""
    daily = transactions.groupby(["customer_id", "date"], as_index=False)["revenue"].sum()
    table = ibis.duckdb.connect().create_table("purchases", daily.assign(margin=margin * daily["revenue"]))
    return table.mutate(date=table.date.date())
