"""What of Spark differs: small tables beside what is kept, snapshots, numbers that are none."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import ibis
import pyarrow as pa
import pytest
from pyarrow import parquet

from cxvalue.engine.opening import open_warehouse
from tests.engine.helpers import VARIABLE, OnSpark

pytestmark = pytest.mark.spark


def test_what_is_kept_holds_tables_of_memory_and_comes_over_as_it_is(
    spark: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = OnSpark(spark, tmp_path)
    monkeypatch.setenv(VARIABLE, engine.address)
    place = engine.put(
        "given", pa.table({"a": ["x", None, ""], "d": pa.array([date(2025, 1, 31)] * 3, pa.date32()), "n": [1, 2, 3]})
    )
    warehouse = open_warehouse(f"${{{VARIABLE}}}")
    more = ibis.memtable(pa.table({"a": ["y"], "d": pa.array([date(2025, 2, 28)], pa.date32()), "n": [4]}))
    kept = warehouse.keep(warehouse.table(place, "").union(more))
    expected = {"a": ["x", None, "", "y"], "d": [date(2025, 1, 31)] * 3 + [date(2025, 2, 28)]}
    for rows_a_part, rows in ((1_000_000, 4), (1_000_000, None), (2, None)):  # in one go, and in three parts
        monkeypatch.setattr("cxvalue.engine.spark.ROWS_A_PART", rows_a_part)
        warehouse.bring(kept, tmp_path / "kept.parquet", ["n"], ["a", "d"], rows)
        assert parquet.read_table(tmp_path / "kept.parquet").to_pydict() == expected
    warehouse.close()
    assert spark.sql("SELECT 1").collect()[0][0] == 1  # type: ignore[attr-defined]
