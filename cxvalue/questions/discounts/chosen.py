"""Whether the depth named first hangs on who the customer is: then depths compare customers, not discounts.

What a customer had done is taken within a calendar month, so that a ladder that changed for everybody tells nothing. Of what
a depth may itself have changed, only what cannot come from a lot counts: what was spent before the first offer, how often a
customer had come, and whether the last visit ended in a purchase, among those who were named the same depth then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import numpy as np
import pandas as pd
from scipy import special

from cxvalue.foundation.arrays import Floats, Ints

if TYPE_CHECKING:
    import ibis.expr.types as ir

CHANCE = 0.001
"""Below this probability groups that were named different depths first do not differ by chance."""
ROUNDING = 1e-20
"""Share of the squares that lies between groups where adding up equal values leaves no more than what is rounded off."""


def explained(
    number: Floats,
    mean: Floats,
    spread: Floats,
    customers: int,
    stratum: Ints | None = None,
    *,
    chance: float = CHANCE,
) -> float:
    """Share of the variance of groups taken together that lies between them; 0 where chance would make as much.

    `number`, `mean` and `spread` (population variance) are those of each group; with a `stratum` of each, groups are
    compared within it. Visits of one customer are alike, so that customers count and not visits (F test at `chance`).

    >>> some = np.array([100.0, 100.0])
    >>> explained(some, np.array([1.0, 2.0]), np.array([0.25, 0.25]), 200), explained(some, 0 * some, some, 200)
    (0.5, 0.0)
    """
    known = number > 0
    strata = np.zeros(number.size, dtype=np.int64) if stratum is None else stratum
    number, mean, spread = (one[known] for one in (number, mean, spread))
    if not number.size:
        return 0.0
    _, place = np.unique(strata[known], return_inverse=True)
    middle = np.bincount(place, number * mean) / np.bincount(place, number)
    between = float(number @ (mean - middle[place]) ** 2)
    within = float(number @ spread)
    apart = number.size - middle.size
    left = min(float(number.sum()), customers) - number.size
    if apart < 1 or left < 1 or between <= ROUNDING * float(number @ mean**2):
        return 0.0
    f = between / apart / max(within / left, 1e-12 * between)
    return between / (between + within) if special.fdtrc(apart, left, f) < chance else 0.0


def by_history(occasions: ir.Table, purchases: ir.Table | None, customers: int) -> float:
    """Share of the differences between customers' histories that goes with the depth named first, the most of three.

    `occasions` has a row each with customer_id, occasion, date, first (the depth named first) and taken (null: not bought).
    """
    order, each = (
        ibis.window(group_by="customer_id", order_by=["date", "occasion"]),
        ibis.window(group_by="customer_id"),
    )
    rows = occasions.select(
        "customer_id",
        "date",
        "first",
        visits=ibis.row_number().over(order).cast("float64"),
        then=occasions["first"].lag().over(order),
        bought=occasions.taken.notnull().ifelse(1.0, 0.0).lag().over(order),
    )
    rows = rows.mutate(month=rows.date.year() * 12 + rows.date.month())
    # Of one week, and of customers with several depths: a change for everybody tells nothing, and a lasting depth, by lot as
    # well, makes customers come oftener or more rarely.
    several = rows.mutate(most=rows["first"].max().over(each), least=rows["first"].min().over(each))
    several = several.filter(several.most > several.least)
    came = several.mutate(
        value=(several.visits + 1).log(), month=several.date.epoch_days() // 7, then=ibis.literal(0.0)
    )
    asked = [came, rows.filter(rows.then.notnull()).mutate(value=lambda t: t.bought)]
    if purchases is not None:
        begun = rows.filter(rows.visits == 0)
        joined = begun.select("customer_id", since="date").inner_join(purchases, "customer_id")
        spent = joined.filter(joined.date.cast("date") < joined.since.cast("date")).group_by("customer_id")
        known = begun.left_join(spent.agg(spent=lambda t: ibis.greatest(t.revenue.sum(), 0.0)), "customer_id")
        asked.append(known.mutate(value=(known.spent.fill_null(0.0) + 1).log(), then=ibis.literal(0.0)))
    return max(_between(one, customers) for one in asked)


def _between(rows: ir.Table, customers: int) -> float:
    """How much of the differences in `value` lies between first depths, within month and `then`."""
    summed = rows.group_by(["month", "then", "first"]).agg(
        number=rows.count(), total=rows["value"].sum(), squares=(rows["value"] * rows["value"]).sum()
    )
    table: pd.DataFrame = summed.order_by(["month", "then", "first"]).to_pandas()
    number, total, squares = (table[name].to_numpy(float) for name in ("number", "total", "squares"))
    mean = total / np.maximum(number, 1.0)
    stratum = table.groupby(["month", "then"]).ngroup().to_numpy(np.int64)
    return explained(number, mean, np.maximum(squares / np.maximum(number, 1.0) - mean**2, 0.0), customers, stratum)
