from __future__ import annotations

import gc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import ibis
import pyarrow.parquet as pq
import pytest
from duckdb import DuckDBPyConnection
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from cxvalue.engine import embedded
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


@pytest.mark.parametrize(
    ("free_gb", "most_mb", "limit"), [(100, 4_000, "3.7 GiB"), (100, 2_000, "1.8 GiB"), (2, 4_000, "976.5 MiB")]
)
def test_it_takes_half_of_the_free_memory_and_no_more_than_it_may(
    free_gb: int, most_mb: int, limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = SimpleNamespace(available=free_gb * 2**30)
    monkeypatch.setattr(embedded.psutil, "virtual_memory", lambda: free)
    assert connect(most_mb).con.execute("SELECT current_setting('memory_limit')").fetchone() == (limit,)


def test_a_table_that_is_kept_has_the_types_of_its_expression_and_goes_when_nobody_holds_it() -> None:
    con = connect()
    table = con.create_table("t", ibis.memtable({'a "b"': ["x", "y", "y"], "n": [3, 1, 2]}), temp=True)
    asked = table.group_by('a "b"').agg(total=table.n.sum(), share=table.n.mean()).order_by('a "b"')
    kept = asked.cache()
    name = kept.op().name
    assert kept.schema() == asked.schema() == con.table(name, database=("temp", "main")).schema()
    assert kept.to_pyarrow().to_pydict() == {'a "b"': ["x", "y"], "total": [3, 3], "share": [3.0, 1.5]}
    there = "SELECT count(*) FROM duckdb_tables() WHERE table_name = ?"
    assert con.con.execute(there, [name]).fetchone() == (1,)
    del kept
    assert con.con.execute(there, [name]).fetchone() == (0,)


def test_threads_that_share_one_get_their_own_answers() -> None:
    con = connect()
    table = con.create_table("t", ibis.memtable({"n": list(range(40))}), temp=True)

    def ask(below: int) -> set[int]:
        return {table.filter(table.n < below).count().to_pyarrow().as_py() for _ in range(15)}

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(ask, (10, 20, 30, 40))) == [{10}, {20}, {30}, {40}]


def test_rows_that_are_only_picked_are_not_laid_out_a_second_time() -> None:
    con = connect()
    con.con.execute("CREATE TEMP TABLE many AS SELECT range AS n, 'a' || range % 7 AS who FROM range(1_000)")
    many = con.table("many")
    picked = many.filter((many.n >= 500) & (many.who != "a3")).select("n")
    worked_out = many.filter(many.who.upper() == "A3")
    grouped = many.group_by("who").agg(n=many.count())
    for rows, kept in ((picked, False), (worked_out, True), (grouped, True)):
        asked = rows.aggregate(rows=rows.count()).cross_join(rows.aggregate(most=rows.n.max()))
        sql = con.compile(asked)
        assert sql.startswith("WITH")
        assert ("AS NOT MATERIALIZED (" in sql) != kept
        alone = {"rows": rows.count().to_pyarrow().as_py(), "most": rows.n.max().to_pyarrow().as_py()}
        assert asked.to_pyarrow().to_pylist() == [alone]


class Asking:
    """Part of a circle, and asks its engine something as it is collected, as a table that was kept may do."""

    def __init__(self, con: DuckDBPyConnection) -> None:
        self.con, self.circle = con, self

    def __del__(self) -> None:
        self.con.execute("SELECT 1")


def test_rows_that_come_in_batches_are_all_there_whatever_is_collected_meanwhile() -> None:
    con = connect()
    con.con.execute("CREATE TEMP TABLE many AS SELECT range AS n FROM range(1_000_000)")
    rows, before = 0, gc.get_threshold()
    gc.set_threshold(10)
    try:
        for batch in con.table("many").to_pyarrow_batches(chunk_size=50_000):
            rows += len(batch)
            Asking(con.con)
            assert len([[one] for one in range(1_000)]) == 1_000
    finally:
        gc.set_threshold(*before)
    assert rows == 1_000_000


def test_a_kernel_opens_one_without_anything_to_draw_a_bar_with() -> None:
    """The engine that is first imported in a kernel refuses to be told of its bar where Jupyter's widgets are missing."""
    code = (
        "import sys; sys.modules['ipywidgets'] = None\n"
        "from cxvalue.engine.embedded import connect\n"
        "connect().con.execute(\"SELECT current_setting('enable_progress_bar')\").fetchone()"
    )
    notebook = new_notebook(cells=[new_code_cell(code)])
    NotebookClient(notebook, kernel_name="python3").execute()
    assert notebook.cells[0].outputs[-1]["data"]["text/plain"] == "(False,)"
