from __future__ import annotations

from pathlib import Path

import ibis
import pyarrow.parquet as pq

from cxvalue.engine.embedded import Embedded, connect


def test_a_table_is_written_in_order_and_without_the_columns_that_order_it(tmp_path: Path) -> None:
    place = Embedded()
    table = place.con.create_table("t", ibis.memtable({"a": ["x", "y", "z"], "n": [3, 1, 2]}), temp=True)
    place.bring(table, tmp_path / "t.parquet", ["n"], ["a"])
    assert pq.read_table(tmp_path / "t.parquet").to_pydict() == {"a": ["y", "z", "x"]}


def test_it_works_in_utc_and_fetches_no_extension() -> None:
    native = connect().con
    names = "('TimeZone', 'autoinstall_known_extensions', 'autoload_known_extensions')"
    found = native.execute(f"SELECT name, value FROM duckdb_settings() WHERE name IN {names}").fetchall()
    assert dict(found) == {
        "TimeZone": "UTC",
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
    }
