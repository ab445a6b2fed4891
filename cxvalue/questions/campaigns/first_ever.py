"""Who bought a campaign's product, and how many of them had never bought before the campaign."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import ibis
import numpy as np

from cxvalue.foundation.errors import BadInput
from cxvalue.tables.checks.campaign_rows import product_problems

if TYPE_CHECKING:
    import ibis.expr.types as ir


def first_ever_buyers(
    contacts: ir.Table,
    purchases: ir.Table,
    transactions: ir.Table,
    *,
    name: str,
    product: str,
    window_days: int,
    as_of: date,
    control: str | None = None,
) -> tuple[int, int]:
    """Customers who had never bought before the campaign, among all who bought its product, and how many those are.

    Bought from the campaign's first contact to its last one plus the window; a row of the `control` arm is no contact, and
    a fully refunded purchase is none. Raises `BadInput` when no transaction has the product.
    """
    rows = contacts.filter(contacts.campaign == name)
    if control is not None:
        rows = rows.filter(rows.arm != control)
    span = rows.aggregate(first=rows.date.min(), last=rows.date.max()).to_pyarrow().to_pylist()[0]
    problems = product_problems(product, transactions, name)
    if problems:
        raise BadInput(problems)
    lines = transactions.filter(transactions["product"] == product)
    until = min(np.datetime64(span["last"]) + np.timedelta64(window_days, "D"), np.datetime64(as_of)).astype(object)
    inside = (lines.date >= ibis.literal(span["first"])) & (lines.date <= ibis.literal(until))
    bought = lines.filter(inside & (lines.revenue >= 0)).select("customer_id", "date").distinct()
    buyers = bought.semi_join(purchases, ["customer_id", "date"]).select("customer_id").distinct()
    began = purchases.group_by("customer_id").agg(began=purchases.date.min())
    both = buyers.inner_join(began, "customer_id")
    row = both.aggregate(every=both.count(), new=(both.began >= ibis.literal(span["first"])).ifelse(1, 0).sum())
    counted = row.to_pyarrow().to_pylist()[0]
    return int(counted["new"] or 0), int(counted["every"])
