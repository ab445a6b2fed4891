"""What was given away, product by product: how deep discounts were and how much was sold with one.

This is description, from sales alone: it says what discounts cost, not what would have been sold without them. For that
the discounts offered and refused are needed (`occasions`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from cxvalue.language.catalogue import translatable
from cxvalue.tables.labels import NOT_KNOWN, product_group

if TYPE_CHECKING:
    import ibis.expr.types as ir

ALL_OTHERS = translatable("all others")
"""What products beyond the largest are counted as."""


def depth_by_product(transactions: ir.Table, *, most: int = 25) -> pd.DataFrame | None:
    """Discounts by product group, largest first; None without the columns `product` and `discount`, or without discounts.

    Columns: product, full_price (revenue before discount), discount, depth (discount / full price), with_discount (share of
    the full price that was sold with one), depth_when_given. Refunds are left out; beyond `most` groups: "all others".
    """
    if not {"product", "discount"} <= set(transactions.columns):
        return None
    lines: Any = transactions.filter(transactions.revenue >= 0)
    group = product_group(lines).fill_null(NOT_KNOWN)
    given = lines.discount.fill_null(0.0)
    full = lines.revenue + given
    rows = lines.mutate(group=group, given=given, full=full, cut=(given > 0).ifelse(full, 0.0))
    table = rows.group_by("group").agg(full=rows.full.sum(), given=rows.given.sum(), cut=rows.cut.sum()).to_pandas()
    table = table[table["full"] > 0].sort_values(["given", "group"], ascending=[False, True], ignore_index=True)
    if not len(table) or table["given"].sum() <= 0:
        return None
    if len(table) > most:
        rest = table.iloc[most - 1 :][["full", "given", "cut"]].sum()
        table = pd.concat([table.iloc[: most - 1], pd.DataFrame([{"group": ALL_OTHERS, **rest}])], ignore_index=True)
    return pd.DataFrame(
        {
            "product": table["group"],
            "full_price": table["full"],
            "discount": table["given"],
            "depth": table["given"] / table["full"],
            "with_discount": table["cut"] / table["full"],
            "depth_when_given": (table["given"] / table["cut"].where(table["cut"] > 0)).fillna(0.0),
        }
    )
