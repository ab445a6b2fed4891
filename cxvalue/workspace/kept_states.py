"""The histories of all customers kept beside the fits, so that no notebook counts them again."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from cxvalue.foundation.calendar import TimeUnit
from cxvalue.tables.states import PurchaseStates

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["read_states", "write_states"]

_EACH = ("frequency", "recency_days", "age_days", "customer_id", "mean_spend", "since_bought", "paid", "first_paid")
_TOGETHER = ("total_margin", "total_revenue", "first_margin_mean", "first_margin_se")
_ROWS_AT_ONCE = 250_000


def write_states(states: PurchaseStates, folder: Path) -> None:
    """Write histories, one a customer, as ``states.parquet``; what is not a customer's own stands in its metadata."""
    import pyarrow as pa
    from pyarrow import parquet

    told = {name: float(getattr(states, name)).hex() for name in _TOGETHER}
    told |= {"as_of": states.as_of.isoformat(), "time_unit": states.time_unit.value}
    columns = {name: column for name in _EACH if (column := getattr(states, name)) is not None}
    kinds = {
        name: pa.string() if name == "customer_id" else pa.from_numpy_dtype(c.dtype) for name, c in columns.items()
    }
    schema = pa.schema(list(kinds.items()), metadata={"states": json.dumps(told)})
    with parquet.ParquetWriter(folder / "states.parquet", schema, compression="lz4") as writer:
        for start in range(0, len(states), _ROWS_AT_ONCE):
            part = slice(start, start + _ROWS_AT_ONCE)
            arrays = [pa.array(column[part], kinds[name]) for name, column in columns.items()]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))


def read_states(folder: Path, as_of: date) -> PurchaseStates | None:
    """The histories that `write_states` wrote, to the last bit; None where none are kept that stand on that day."""
    from pyarrow import parquet

    path = folder / "states.parquet"
    if not path.is_file():
        return None
    found = parquet.read_table(path)
    told = json.loads(found.schema.metadata[b"states"])
    if told["as_of"] != as_of.isoformat():
        return None
    columns: dict[str, Any] = {name: found.column(name).to_numpy() for name in found.column_names}
    columns |= {name: float.fromhex(told[name]) for name in _TOGETHER}
    count = np.broadcast_to(np.int64(1), len(found))
    return PurchaseStates(**columns, count=count, time_unit=TimeUnit(told["time_unit"]), as_of=as_of)
