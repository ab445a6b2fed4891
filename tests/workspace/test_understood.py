"""Orders are counted by their ids, and what came back in full is none."""

from __future__ import annotations

from pathlib import Path

import ibis
import pytest

from cxvalue.workspace.understood import understand
from tests.tables.helpers import load


@pytest.mark.parametrize(
    ("lines", "orders"),
    [
        (["1,a,2025-03-01,5", "1,a,2025-03-01,6", "2,a,2025-03-01,7"], 2),
        (["1,a,2025-03-01,5", "1,a,2025-03-04,-5", "2,a,2025-03-01,7"], 1),
        (["1,a,2025-03-01,5", "1,a,2025-03-04,-4"], 1),
        (["1,a,2025-03-01,5", "C1,a,2025-03-04,-5", "2,b,2025-03-01,7"], 1),
        (["1,a,2025-03-01,0", "2,a,2025-03-02,1"], 2),
        ([",a,2025-03-01,5", ",a,2025-03-01,6", ",a,2025-03-02,7"], 2),
    ],
)
def test_orders(tmp_path: Path, lines: list[str], orders: int) -> None:
    tables = load(tmp_path, "\n".join(["order_id,customer_id,date,revenue", *lines]) + "\n")
    con = ibis.duckdb.connect()
    found = {name: con.read_parquet(path) for name, path in tables.paths.items()}
    one = understand(tables, found, "EUR")[0]
    assert one.orders == orders
    assert one.rows == one.kept == len(lines)
