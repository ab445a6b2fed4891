"""Rows of typed cells: a column keeps its type where all of its cells have it."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import duckdb
import pytest

from cxvalue.tables.read.cells import BATCH, lay, unique_names
from tests.tables.helpers import load, rows
from tests.workbooks import write_workbook


@pytest.mark.parametrize(
    ("cells", "kind", "texts"),
    [
        ([1, 2**60 + 1], "BIGINT", ["1", str(2**60 + 1)]),
        ([1.0, 2.5, None, ""], "DOUBLE", ["1", "2.5", None, None]),
        ([date(2025, 3, 1)], "DATE", ["2025-03-01"]),
        ([datetime(2025, 3, 1, 9), date(2025, 3, 2)], "TIMESTAMP", ["2025-03-01 09:00:00", "2025-03-02"]),
        ([1.0, "x"], "VARCHAR", ["1", "x"]),
        ([True, False], "VARCHAR", ["true", "false"]),
        (["007", 8.0], "VARCHAR", ["007", "8"]),
    ],
)
def test_types(cells: list[object], kind: str, texts: list[str | None]) -> None:
    con = duckdb.connect()
    laid = lay(con, "t", ("a", "b"), ((place, [cell, "x"]) for place, cell in enumerate(cells, start=1)))
    assert laid.types == {"a": kind, "b": "VARCHAR"}
    assert [row[0] for row in con.execute("SELECT nullif(a, '') FROM t ORDER BY __row__").fetchall()] == texts


def test_a_text_in_a_later_batch_makes_the_column_text() -> None:
    con = duckdb.connect()
    rows_of = ((place, [1.0 if place <= BATCH else "x"]) for place in range(1, BATCH + 2))
    laid = lay(con, "t", ("a",), rows_of)
    assert laid.types == {"a": "VARCHAR"}
    assert laid.rows == BATCH + 1
    assert con.execute("SELECT count(*) FROM t WHERE a = '1'").fetchone() == (BATCH,)


def test_names_are_unique() -> None:
    assert unique_names(["a", None, "a", 7.0]) == ("a", "column1", "a_2", "7")


def test_files_whose_cells_differ_in_type_are_one_table(tmp_path: Path) -> None:
    header = ["customer_id", "date", "revenue", "note"]
    write_workbook(tmp_path / "o1.xlsx", {"S": [header, [7, date(2025, 3, 1), 2.0, None]]})
    write_workbook(tmp_path / "o2.xlsx", {"S": [header, ["007", date(2025, 3, 2), 3.0, "x"]]})
    found = rows(load(tmp_path, {"transactions": {"path": "o*.xlsx"}}))
    assert found == [("007", "2025-03-02", 3.0), ("7", "2025-03-01", 2.0)]
