"""Panels from a plain table: a row a unit (or customer) and month, with the outcome per customer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cxvalue.errors import BadInput, Problem, nearest
from cxvalue.tables.panels import CustomerPanel, Early, PanelMonths, UnitPanel

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["panel_of_frames"]

IDS = ("unit", "customer_id")


def panel_of_frames(panel: Any, rollout: Any, *, outcome: str, design: str) -> UnitPanel | CustomerPanel:
    """Make the panel of a design from two tables (pandas, polars, arrow or ibis).

    `panel` has the columns unit (or customer_id), month (any day of it) and `outcome` (per customer), and may have customers
    (how many the unit has; 1 without it). `rollout` has the same unit column and start (missing: never), and may have arm.
    A month without a row counts as 0. Raises `BadInput` with everything that is missing.
    """
    cells, starts = _frame(panel), _frame(rollout)
    unit = next((name for name in IDS if name in cells.columns), "unit")
    problems = [
        Problem("panel", f"has no column {name!r}.", nearest(name, list(map(str, cells.columns))))
        for name in (unit, "month", outcome)
        if name not in cells.columns
    ]
    problems += [
        Problem("rollout", f"has no column {name!r}.", nearest(name, list(map(str, starts.columns))))
        for name in (unit, "start")
        if name not in starts.columns
    ]
    if problems:
        raise BadInput(problems)
    import pandas as pd

    month = pd.to_datetime(cells["month"])
    number = (month.dt.year * 12 + month.dt.month).to_numpy(int)
    first = int(number.min())
    months = PanelMonths(month.min().to_pydatetime().date().replace(day=1), int(number.max()) - first + 1)
    values = cells.assign(_month=number - first).pivot_table(
        index=unit, columns="_month", values=outcome, aggfunc="sum"
    )
    values = values.reindex(columns=range(months.count)).fillna(0.0)
    begun = pd.to_datetime(starts.set_index(unit)["start"]).reindex(values.index)
    at = (begun.dt.year * 12 + begun.dt.month - first).to_numpy(float)
    whole = (begun.dt.day == 1).to_numpy()
    start = np.where(np.isnan(at), -1, np.where(whole, at, at + 1)).astype(np.int64)
    base = np.where(np.isnan(at), months.count, at - 1).astype(np.int64)
    start = np.where(start >= months.count, -1, start)
    early = _early(start[base < 0], months.count)
    values, start, base = values[base >= 0], start[base >= 0], base[base >= 0]
    names = tuple(str(name) for name in values.index)
    if unit == "customer_id" and design in ("experiment", "matched"):
        return CustomerPanel(
            months=months,
            customer_id=np.array(names, dtype=object),
            unit=np.arange(len(names)),
            names=(),
            start=start,
            base=base,
            arm=np.full(len(names), "", dtype=object),
            first=np.zeros(len(names), dtype=np.int64),
            last=np.full(len(names), months.count - 1),
            values=values.to_numpy(np.float32),
            later=0,
            unlisted=0,
            outcome=outcome,
            unit_kind=unit,
            early=early,
        )
    heads = (
        cells.groupby(unit)["customers"].max().reindex(values.index).to_numpy(float) if "customers" in cells else 1.0
    )
    shape = (len(names), months.count, months.count)
    customers, total = np.zeros(shape), np.zeros(shape)
    customers[:, 0] = np.broadcast_to(np.asarray(heads, dtype=float).reshape(-1, 1), (len(names), months.count))
    total[:, 0] = values.to_numpy(float) * customers[:, 0]
    return UnitPanel(
        months=months,
        cluster=np.arange(len(names)),
        names=names,
        start=start,
        base=base,
        customers=customers,
        total=total,
        later=0,
        unlisted=0,
        outcome=outcome,
        unit=unit,
        early=early,
    )


def _early(starts: NDArray[np.int64], count: int) -> tuple[Early, ...]:
    """Units without a month before their start."""
    numbers, units = np.unique(starts, return_counts=True)
    return tuple(
        Early(number, size, size, size * (count - number))
        for number, size in zip(numbers.tolist(), units.tolist(), strict=True)
    )


def _frame(table: Any) -> pd.DataFrame:
    import pandas as pd

    if isinstance(table, pd.DataFrame):
        return table
    for method in ("to_pandas", "execute"):
        if hasattr(table, method):
            return pd.DataFrame(getattr(table, method)())
    return pd.DataFrame(table)
