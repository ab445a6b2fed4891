"""Workbooks: cells as they were typed, the sheet and its header, and what a spreadsheet can hide."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.otherbooks import write_ods, write_xls, write_xlsb
from tests.tables.helpers import load, problems, rows
from tests.workbooks import ERROR, FORMULA, write_workbook

HEADER = ["customer_id", "date", "revenue"]
SOLD = [HEADER, ["007", date(2025, 3, 1), 12.5], ["b", date(2025, 3, 2), 7], ["007", date(2025, 4, 1), 1.588]]


def _source(folder: Path, cells: Any = None, **settings: Any) -> dict[str, Any]:
    write_workbook(folder / "orders.xlsx", {"Orders": cells or SOLD})
    return {"transactions": {"path": "orders.xlsx", **settings}}


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    head, *lines = SOLD
    message = problems(tmp_path, _source(tmp_path, [[*head, head[-1]], *([*line, 1] for line in lines)]))
    assert f"two columns of the file are called {head[-1]!r}" in message


def test_cells_keep_what_they_are(tmp_path: Path) -> None:
    """An id that is text keeps its zeros, and an amount that is a number is in no doubt: 1.588 is 1.588."""
    found = rows(load(tmp_path, _source(tmp_path)))
    assert found == [("007", "2025-03-01", 12.5), ("007", "2025-04-01", 1.588), ("b", "2025-03-02", 7.0)]


def test_a_workbook_is_known_by_its_content(tmp_path: Path) -> None:
    write_workbook(tmp_path / "orders.csv", {"Orders": SOLD})
    assert len(rows(load(tmp_path, {"transactions": {"path": "orders.csv"}}))) == 3
    (tmp_path / "text.xls").write_text("customer_id,date,revenue\na,2025-03-01,3\n", encoding="utf-8")
    assert rows(load(tmp_path, {"transactions": {"path": "text.xls"}})) == [("a", "2025-03-01", 3.0)]
    (tmp_path / "web.xls").write_text("<html><table></table></html>", encoding="utf-8")
    assert "is a web page or XML" in problems(tmp_path, {"transactions": {"path": "web.xls"}})


def test_a_moment_just_before_midnight_stays_on_its_day(tmp_path: Path) -> None:
    cells = [HEADER, ["a", datetime(2025, 2, 28, 23, 59, 59, 700_000), 1.0], ["b", datetime(2025, 3, 1), 2.0]]
    found = rows(load(tmp_path, _source(tmp_path, cells)))
    assert found == [("a", "2025-02-28", 1.0), ("b", "2025-03-01", 2.0)]


def test_a_number_in_a_column_of_dates_is_refused(tmp_path: Path) -> None:
    message = problems(tmp_path, _source(tmp_path, [*SOLD, ["c", 45351, 2.0]]))
    assert "1 looks like serial days of a spreadsheet (45351 would be 29 February 2024)" in message


def test_the_sheet_and_its_header(tmp_path: Path) -> None:
    titled = [["A report", None, None], [None], *SOLD]
    write_workbook(tmp_path / "w.xlsx", {"Read me": [["x"]], "Orders": titled, "old": SOLD}, hidden=["old"])
    source: dict[str, Any] = {"path": "w.xlsx"}
    message = problems(tmp_path, {"transactions": source})
    assert "has 2 sheets with cells. Write 'sheet:' with one of them: 'Read me', 'Orders'." in message
    assert "has no sheet 'Order'. Did you mean 'Orders'?" in problems(
        tmp_path, {"transactions": source | {"sheet": "Order"}}
    )
    found = load(tmp_path, {"transactions": source | {"sheet": "Orders", "header_row": 3}})
    assert len(rows(found)) == 3


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        (ERROR, "column 'revenue' has 1 cell with an error such as #N/A (the first is C5)."),
        (FORMULA, "column 'revenue' has 1 formula without a stored result (the first is C5)."),
    ],
)
def test_what_only_looks_empty_is_refused_where_it_is_used(tmp_path: Path, cell: str, words: str) -> None:
    spoilt = [*SOLD, ["c", date(2025, 5, 1), cell]]
    assert words in problems(tmp_path, _source(tmp_path, spoilt))
    noted = [[*row, "note" if place == 0 else cell] for place, row in enumerate(SOLD)]
    assert len(rows(load(tmp_path, _source(tmp_path, noted)))) == 3


def test_values_are_filled_down_inside_merged_cells_only(tmp_path: Path) -> None:
    cells = [HEADER, ["a", date(2025, 3, 1), 1.0], [None, date(2025, 3, 2), 2.0], [None, date(2025, 3, 3), 4.0]]
    write_workbook(tmp_path / "w.xlsx", {"S": cells}, merged={"S": ["A2:A3"]})
    source = {"transactions": {"path": "w.xlsx", "rows_without_customer": "count"}}
    assert rows(load(tmp_path, source), columns="customer_id, revenue") == [("a", 1.0), ("a", 2.0)]


def test_rows_are_named_by_the_numbers_that_a_spreadsheet_shows(tmp_path: Path) -> None:
    cells = [[None], ["Title"], [None], *SOLD, [None], [None, date(2025, 6, 1), 3.0]]
    message = problems(tmp_path, _source(tmp_path, cells, header_row=4))
    assert "row 9: customer_id=, date=2025-06-01, revenue=3" in message


def test_a_damaged_workbook_is_refused_in_a_sentence(tmp_path: Path) -> None:
    whole = write_workbook(tmp_path / "w.xlsx", {"S": SOLD}).read_bytes()
    (tmp_path / "cut.xlsx").write_bytes(whole[: len(whole) // 2])
    assert "1 problem found" in problems(tmp_path, {"transactions": {"path": "cut.xlsx"}})
    (tmp_path / "ole.xls").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600)
    assert "1 problem found" in problems(tmp_path, {"transactions": {"path": "ole.xls"}})


@pytest.mark.parametrize("write", [write_xls, write_xlsb, lambda path, title, rows: write_ods(path, {title: rows})])
def test_workbooks_of_other_programs_are_read_as_xlsx_is(tmp_path: Path, write: Callable[..., Path]) -> None:
    write(tmp_path / "orders.dat", "Orders", SOLD)
    found = rows(load(tmp_path, {"transactions": {"path": "orders.dat"}}))
    assert found == [("007", "2025-03-01", 12.5), ("007", "2025-04-01", 1.588), ("b", "2025-03-02", 7.0)]


def test_hidden_rows_are_read_and_said(tmp_path: Path) -> None:
    source = _source(tmp_path)
    assert not [one for one in load(tmp_path, source).read_notes if "hidden" in one]
    with zipfile.ZipFile(tmp_path / "orders.xlsx") as book:
        parts = {name: book.read(name) for name in book.namelist()}
    with zipfile.ZipFile(tmp_path / "orders.xlsx", "w") as book:
        for name, part in parts.items():  # the header is no row of the table
            book.writestr(name, re.sub(rb'<row (?=[^>]*r="[13]")', b'<row hidden="1" ', part))
    found = load(tmp_path, source)
    assert len(rows(found)) == 3
    (said,) = [one for one in found.read_notes if "hidden" in one]
    assert said.startswith("Sheet 'Orders' has 1 hidden row, which is read like all others.")


def test_several_sheets_are_one_table_and_rows_say_where_they_stand(tmp_path: Path) -> None:
    write_workbook(tmp_path / "w.xlsx", {"Jan": SOLD, "Feb": [HEADER, ["c", date(2025, 5, 1), 4.0]]})
    source = {"path": "w.xlsx", "sheet": ["Jan", "Feb"]}
    assert len(rows(load(tmp_path, {"transactions": source}))) == 4
    write_workbook(tmp_path / "w.xlsx", {"Jan": SOLD, "Feb": [HEADER, ["c", "soon", 4.0]]})
    assert "w.xlsx, Feb row 2" in problems(tmp_path, {"transactions": source})
    write_workbook(tmp_path / "w.xlsx", {"Jan": SOLD, "Feb": [["customer_id", "date", "total"], ["c", None, 4.0]]})
    assert "'w.xlsx, Feb' has no column 'revenue', which 'w.xlsx, Jan' has." in problems(
        tmp_path, {"transactions": source}
    )
