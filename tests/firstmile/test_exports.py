"""Exports opened: encodings, first lines, sheets and tables, and what columns hold."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from cxvalue.engine.embedded import connect
from cxvalue.firstmile.exports import open_exports
from cxvalue.foundation.errors import BadInput
from cxvalue.tables.read.dates import CANDIDATES
from tests.workbooks import ERROR, write_workbook


@pytest.fixture
def engine() -> Any:
    return connect()


def test_encodings_are_tried(tmp_path: Path, engine: Any) -> None:
    for name, text in (
        ("cp1252", "id;Käufer\n1;Müller €\n"),
        ("cp1251", "id;Клиент\n1;Иван Петров\n"),
        ("utf-16", "id;Kund\n1;é\n"),
    ):
        (tmp_path / f"{name}.csv").write_text(text, encoding=name)
        export = open_exports(engine.con, [tmp_path / f"{name}.csv"], tmp_path)[0]
        assert export.names == tuple(text.split("\n")[0].split(";"))


def test_lines_above_the_header_are_passed_over(tmp_path: Path, engine: Any) -> None:
    (tmp_path / "x.csv").write_text("A report\n\nid,day,amount\n1,2025-01-01,5\n2,2025-01-02,6\n", encoding="utf-8")
    export = open_exports(engine.con, [tmp_path / "x.csv"], tmp_path)[0]
    assert export.spec == {"header_row": 3}
    assert (export.names, export.rows) == (("id", "day", "amount"), 2)


@pytest.mark.parametrize("style", sorted({*CANDIDATES} - {"%d%m%Y", "%m%d%Y"}))  # eight digits may be any number
def test_every_day_that_is_read_looks_like_one(tmp_path: Path, engine: Any, style: str) -> None:
    days = [date(2024, 12, 3), date(2025, 1, 31)]
    write_workbook(tmp_path / "w.xlsx", {"Data": [["id", "day"], *(["x", day.strftime(style)] for day in days)]})
    assert open_exports(engine.con, [tmp_path / "w.xlsx"], tmp_path)[0].looks["day"].is_day


@pytest.mark.parametrize(
    "amount", ["5,00 zł", "R$ 1.266,88", "1,281円", "12 TL", "1,281원", "kr 5", "-5.00 EUR", "CHF 1'266.88"]
)
def test_every_currency_that_is_read_may_stand_beside_an_amount(tmp_path: Path, engine: Any, amount: str) -> None:
    write_workbook(tmp_path / "w.xlsx", {"Data": [["id", "paid"], ["x", amount], ["y", amount]]})
    assert open_exports(engine.con, [tmp_path / "w.xlsx"], tmp_path)[0].looks["paid"].is_number


def test_ten_pieces_are_no_amount(tmp_path: Path, engine: Any) -> None:
    write_workbook(tmp_path / "w.xlsx", {"Data": [["id", "size"], ["x", "10 pcs"], ["y", "12 pcs"]]})
    assert not open_exports(engine.con, [tmp_path / "w.xlsx"], tmp_path)[0].looks["size"].is_number


def test_names_of_groups_above_the_header_are_passed_over(tmp_path: Path, engine: Any) -> None:
    rows = [["Customer", None, "Order", None], ["No", "Name", "Day", "Amount"], ["7", "A", date(2025, 1, 1), 5]]
    write_workbook(tmp_path / "w.xlsx", {"Data": rows})
    export = open_exports(engine.con, [tmp_path / "w.xlsx"], tmp_path)[0]
    assert export.names == ("No", "Name", "Day", "Amount")


def test_a_column_without_a_name_does_not_cost_the_header(tmp_path: Path, engine: Any) -> None:
    rows = [["Customer", "Date", "Amount", None], *([f"C{n}", f"2024-01-0{n + 1}", "10.50", "ok"] for n in range(3))]
    write_workbook(tmp_path / "w.xlsx", {"Data": rows})
    (export,) = open_exports(engine.con, [tmp_path / "w.xlsx"], tmp_path)
    assert (export.names[:3], export.rows) == (("Customer", "Date", "Amount"), 3)


@pytest.mark.parametrize(
    ("cell", "is_day"),
    [("ORD-10-1000", False), ("CUS-10-10", False), ("Mar-14-250", False), ("MAR-14-25", True), ("mar-4-2025", True)],
)
def test_an_id_with_dashes_is_no_day(tmp_path: Path, engine: Any, cell: str, is_day: bool) -> None:
    (tmp_path / "x.csv").write_text(f"id,when\n1,{cell}\n", encoding="utf-8")
    assert open_exports(engine.con, [tmp_path / "x.csv"], tmp_path)[0].looks["when"].is_day is is_day


def test_sheets_hidden_ones_and_faulty_columns(tmp_path: Path, engine: Any) -> None:
    rows = [["Title"], [None], ["id", "day", "note"], ["007", date(2025, 1, 1), ERROR], ["8", date(2025, 1, 2), "x"]]
    write_workbook(tmp_path / "w.xlsx", {"Read me": [["about"]], "Data": rows, "old": rows}, hidden=["old"])
    export = open_exports(engine.con, [tmp_path / "w.xlsx"], tmp_path)[0]
    assert export.spec == {"sheet": "Data", "header_row": 3}
    assert export.names == ("id", "day")
    assert "hidden, and not read: old" in export.notes
    assert any("'note' has errors" in note for note in export.notes)


def test_tables_of_a_database_file(tmp_path: Path, engine: Any) -> None:
    with closing(sqlite3.connect(tmp_path / "s.db")) as con:
        con.execute("CREATE TABLE a (x, y)")
        con.execute("CREATE TABLE b (x, y)")
        con.execute("INSERT INTO a VALUES (1, 2)")
        con.commit()
    exports = open_exports(engine.con, [tmp_path / "s.db"], tmp_path)
    assert [(one.spec, one.rows) for one in exports] == [({"table": "a"}, 1), ({"table": "b"}, 0)]


def test_files_with_the_same_columns_are_one_table(tmp_path: Path, engine: Any) -> None:
    for n in (1, 2):
        (tmp_path / f"{n}.csv").write_text(f"id,v\n{n},5\n", encoding="utf-8")
    exports = open_exports(engine.con, [tmp_path / "1.csv", tmp_path / "2.csv"], tmp_path)
    assert [(one.rows, len(one.paths)) for one in exports] == [(2, 2)]


def test_what_columns_hold(tmp_path: Path, engine: Any) -> None:
    lines = ["who,day,sum,empty", *(f"c{n % 3},2025-01-0{n},{n}.50 €," for n in range(1, 7))]
    (tmp_path / "x.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    looks = open_exports(engine.con, [tmp_path / "x.csv"], tmp_path)[0].looks
    assert (looks["who"].different, looks["who"].is_number, looks["who"].samples) == (3, False, ("c1", "c2", "c0"))
    assert looks["day"].is_day
    assert looks["sum"].is_number
    assert looks["empty"].filled == 0


def test_everything_that_is_wrong_is_said_at_once(tmp_path: Path, engine: Any) -> None:
    with pytest.raises(BadInput) as caught:
        open_exports(engine.con, [tmp_path / "no.csv", tmp_path], tmp_path)
    assert len(caught.value.problems) == 2


@pytest.mark.parametrize(("back", "refused"), [("5.50", True), ("-5.50", False)])
def test_a_file_of_returns_above_zero_is_not_added_to_the_sales(
    tmp_path: Path, engine: Any, back: str, refused: bool
) -> None:
    header = "customer,date,total\n"
    (tmp_path / "sales.csv").write_text(f"{header}a,2025-01-05,5.50\nb,2025-01-06,7.25\n", "utf-8")
    (tmp_path / "returns_2025.csv").write_text(f"{header}a,2025-01-09,{back}\n", "utf-8")
    files = [tmp_path / "sales.csv", tmp_path / "returns_2025.csv"]
    if refused:
        with pytest.raises(BadInput, match="would count as sales"):
            open_exports(engine.con, files, tmp_path)
    else:
        assert [one.rows for one in open_exports(engine.con, files, tmp_path)] == [3]


def test_the_line_that_tells_a_spreadsheet_the_delimiter_is_no_header(tmp_path: Path, engine: Any) -> None:
    (tmp_path / "x.csv").write_text("sep=;\ncustomer;date;total\na;2025-01-05;5,50\nb;2025-01-06;7,25\n", "utf-8")
    (one,) = open_exports(engine.con, [tmp_path / "x.csv"], tmp_path)
    assert (one.names, one.rows) == (("customer", "date", "total"), 2)
