"""The histories of all customers kept beside the fits, so that no notebook counts them again."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from cxvalue.foundation.calendar import TimeUnit
from cxvalue.tables.states import PurchaseStates
from cxvalue.workspace.kept_arrays import read_arrays, write_arrays

if TYPE_CHECKING:
    from pathlib import Path

    import ibis.expr.types as ir
    import pyarrow as pa

_EACH = ("frequency", "recency_days", "age_days", "mean_spend", "since_bought", "paid", "first_paid")
_TOGETHER = ("total_margin", "total_revenue", "first_margin_mean", "first_margin_se")
_FOLDER, _IDS, _TOLD = "states", "ids.parquet", "together.json"
_ROWS_AT_ONCE = 250_000


def write_states(states: PurchaseStates, folder: Path, ids: ir.Table | None = None) -> None:
    """Write histories, one a customer, into the folder ``states``: ids, columns, and what is of all together.

    Of states without ids `ids` has them, a row a state.
    """
    import pyarrow as pa
    from pyarrow import parquet

    columns = {name: column for name in _EACH if (column := getattr(states, name)) is not None}
    write_arrays(folder / _FOLDER, columns)
    told: dict[str, Any] = {name: float(getattr(states, name)).hex() for name in _TOGETHER}
    told |= {"as_of": states.as_of.isoformat(), "time_unit": states.time_unit.value}
    (folder / _FOLDER / _TOLD).write_text(json.dumps(told), encoding="utf-8")
    if ids is not None:
        ids.to_parquet(folder / _FOLDER / _IDS)
        return
    assert states.customer_id is not None  # one a customer
    schema = pa.schema([("customer_id", pa.string())])
    with parquet.ParquetWriter(folder / _FOLDER / _IDS, schema, compression="lz4") as writer:
        for start in range(0, len(states), _ROWS_AT_ONCE):
            part = pa.array(states.customer_id[start : start + _ROWS_AT_ONCE], pa.string())
            writer.write_table(pa.Table.from_arrays([part], schema=schema))


def kept_customers(folder: Path) -> int:
    """How many customers `write_states` wrote; 0 where it wrote none."""
    path = folder / _FOLDER / f"{_EACH[0]}.npy"
    return int(np.load(path, mmap_mode="r", allow_pickle=False).size) if path.is_file() else 0


def read_ids(folder: Path) -> pa.ChunkedArray:
    """The ids of the customers of `read_states`, in their order, as texts that are no Python objects."""
    from pyarrow import parquet

    return parquet.read_table(folder / _FOLDER / _IDS).column("customer_id")


def read_states(folder: Path, as_of: date, *, ids: bool = True) -> PurchaseStates | None:
    """The histories that `write_states` wrote, to the last bit; None where none are kept that stand on that day.

    Ids take more memory than all else together: `ids` False leaves them out.
    """
    path = folder / _FOLDER / _TOLD
    if not path.is_file():
        return None
    told = json.loads(path.read_text(encoding="utf-8"))
    if told["as_of"] != as_of.isoformat():
        return None
    columns: dict[str, Any] = dict(read_arrays(folder / _FOLDER))
    columns |= {name: float.fromhex(told[name]) for name in _TOGETHER}
    columns["count"] = np.broadcast_to(np.int64(1), columns["frequency"].size)
    columns["customer_id"] = read_ids(folder).to_numpy() if ids else None
    return PurchaseStates(**columns, time_unit=TimeUnit(told["time_unit"]), as_of=as_of)
