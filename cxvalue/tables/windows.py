"""What customers bought in windows of days around moments of theirs: added up by the engine, a row a moment comes back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cxvalue.foundation.arrays import Floats

if TYPE_CHECKING:
    import ibis.expr.types as ir

AFTER, BEFORE, EARLIER = (1, 365), (-365, -1), (-730, -366)
"""The year after a day, the year before it and the year before that one, in days from it."""


def moments_of(ids: NDArray[Any], day: NDArray[np.datetime64]) -> ir.Table:
    """The moments of `sums_around`, one each row: of customers, by id or by number, on days."""
    import ibis
    import pyarrow as pa

    whose = pa.array(ids, pa.string()) if ids.dtype == object else pa.array(ids)
    days = pa.array(day.astype("datetime64[D]"))
    return ibis.memtable(pa.table({"row": np.arange(len(ids)), "customer_id": whose, "day": days}))


def sums_around(
    moments: ir.Table, purchases: ir.Table, windows: Mapping[str, tuple[int, int]], rows: int
) -> dict[str, Floats]:
    """Margin and purchases of the moment's customer in windows of days from it, and how long they had been there.

    Args:
        moments: columns row (0 to `rows` − 1, each once), customer_id, day.
        purchases: a row per customer and day: customer_id, date, margin.
        windows: first and last day of each, counted from the moment, both inside.
        rows: number of moments.

    Returns:
        ``NAME_margin`` and ``NAME_orders`` of each window; ``silence``, days since the latest purchase before the day, and
        ``tenure``, days since the first one up to the day; both NaN for those who had not bought.
    """
    import ibis

    both = moments.join(purchases.select("customer_id", "date", "margin"), "customer_id")
    apart = both.date.delta(both.day, unit="day").cast("int64")
    sums: dict[str, Any] = {}
    for name, (first, last) in windows.items():
        inside = (apart >= first) & (apart <= last)
        sums[f"{name}_margin"] = both.margin.sum(where=inside)
        sums[f"{name}_orders"] = both.count(where=inside)
    nothing = ibis.null("int64")
    sums["silence"] = -((apart < 0).ifelse(apart, nothing)).max()
    sums["tenure"] = -((apart <= 0).ifelse(apart, nothing)).min()
    found = both.group_by("row").agg(**sums).to_pyarrow()
    place = found["row"].to_numpy()
    columns: dict[str, Floats] = {}
    for name in sums:
        column = np.full(rows, np.nan if name in ("silence", "tenure") else 0.0)
        values = found[name].to_numpy(zero_copy_only=False).astype(float)
        column[place] = values if name in ("silence", "tenure") else np.nan_to_num(values)
        columns[name] = column
    return columns
