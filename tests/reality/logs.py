"""Purchase logs from a folder of Parquet files: customer_id, date and revenue, where that is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cxvalue.tables.purchase_log import PurchaseLog

__all__ = ["log_files", "read_log"]


def log_files(folder: Path) -> list[Path]:
    """The logs of a folder in the order of their names; raises `SystemExit` with what is wrong with the folder."""
    files = sorted(folder.glob("*.parquet")) if folder.is_dir() else []
    if not files:
        raise SystemExit(f"{folder} holds no purchase logs: NAME.parquet with customer_id, date and revenue.")
    return files


def read_log(file: Path) -> PurchaseLog:
    """A log by customer and day; where no amount is known every event brings 1, where one is missing it brings 0.

    The margin of each purchase is its revenue.
    """
    table = pq.read_table(file)
    ids = pc.cast(table["customer_id"], pa.string()).combine_chunks().dictionary_encode().indices
    rows = pa.table({"customer": ids, "day": pc.cast(pc.cast(table["date"], pa.date32()), pa.int32())})
    known = "revenue" in table.column_names and table["revenue"].null_count < table.num_rows
    amount = pc.fill_null(pc.cast(table["revenue"], pa.float64()), 0.0) if known else pa.array(np.ones(table.num_rows))
    summed = rows.append_column("revenue", amount).group_by(["customer", "day"]).aggregate([("revenue", "sum")])
    revenue = summed["revenue_sum"].to_numpy()
    return PurchaseLog.of(summed["customer"].to_numpy(), summed["day"].to_numpy(), revenue, revenue)
