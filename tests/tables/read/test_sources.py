"""Files in every common dress, and the message for each that cannot be read."""

from __future__ import annotations

import os
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import ibis
import pytest

from cxvalue.engine.embedded import connect
from cxvalue.study import ReadOptions
from cxvalue.tables.read import textfile
from cxvalue.tables.read.decode import TextFile, number_records, open_text
from tests.tables.helpers import as_read, counted, ledger, load, problems, rows

ONE = [("7", "2025-03-05", 12.5)]
CYRILLIC = ledger("Иванов,2025-03-05,12.5")


def _source(folder: Path, content: str | bytes, name: str = "t.csv", columns: object = None, **read: object) -> dict:
    data = content if isinstance(content, bytes) else content.encode()
    (folder / name).write_bytes(data)
    return {"transactions": {"path": name, "read": read, "columns": columns or {}}}


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_in_the_header(tmp_path: Path, mark: str) -> None:
    text = ledger("7,2025-03-05,12.5").replace(",", mark)
    assert rows(load(tmp_path, _source(tmp_path, text))) == ONE


def test_a_declared_delimiter_may_be_anything(tmp_path: Path) -> None:
    text = ledger("7,2025-03-05,12.5").replace(",", "^")
    assert rows(load(tmp_path, _source(tmp_path, text, delimiter="^"))) == ONE


def test_runs_of_blanks_separate_columns_when_declared(tmp_path: Path) -> None:
    text = " customer_id  date revenue\n\n  7 2025-03-05 \t 12.5\n"
    assert rows(load(tmp_path, _source(tmp_path, text, delimiter="whitespace"))) == ONE
    message = problems(tmp_path, _source(tmp_path, text))
    assert "If blanks separate the columns, write read: {delimiter: whitespace}." in message


def test_two_columns_of_one_name_are_refused_where_one_of_them_is_needed(tmp_path: Path) -> None:
    text = "customer_id,date,revenue,note, revenue ,note\n7,2025-03-05,12.5,a,99,b\n"
    message = problems(tmp_path, _source(tmp_path, text))
    assert "two columns of the file are called 'revenue'" in message
    assert "'revenue_2'" in message
    assert "note" not in message  # nobody asks for it
    (found,) = rows(load(tmp_path, _source(tmp_path, text, columns={"revenue": "revenue_2"})))
    assert found[2] == 99
    both = {"transactions": {"path": ["t.csv", "u.csv"]}}
    (tmp_path / "u.csv").write_text(text.replace("7,", "8,"))
    assert "two columns of the file are called 'revenue'" in problems(tmp_path, both)


def test_without_a_header_columns_are_numbered(tmp_path: Path) -> None:
    columns = {"customer_id": "column0", "date": "column1", "revenue": "column2"}
    assert rows(load(tmp_path, _source(tmp_path, "7,2025-03-05,12.5\n", columns=columns, header=False))) == ONE


@pytest.mark.parametrize("encoding", ["cp1251", "koi8-r", "gb18030", "utf-16-le"])
def test_a_declared_encoding_is_decoded(tmp_path: Path, encoding: str) -> None:
    found = as_read(tmp_path, _source(tmp_path, CYRILLIC.encode(encoding), encoding=encoding))
    assert found == [("Иванов", "2025-03-05", 12.5)]


@pytest.mark.parametrize(("encoding", "name"), [("gb18030", "王小明"), ("latin-1", "Müller"), ("cp1252", "Œuvre")])
def test_names_survive_their_encoding(tmp_path: Path, encoding: str, name: str) -> None:
    data = ledger(f"{name},2025-03-05,12.5").encode(encoding)
    assert as_read(tmp_path, _source(tmp_path, data, encoding=encoding))[0][0] == name


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_byte_order_marks_need_no_declaration(tmp_path: Path, encoding: str) -> None:
    assert rows(load(tmp_path, _source(tmp_path, CYRILLIC.encode(encoding))))[0][0] == "Иванов"


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_any_line_end_will_do(tmp_path: Path, end: str) -> None:
    assert rows(load(tmp_path, _source(tmp_path, ledger("7,2025-03-05,12.5").replace("\n", end)))) == ONE


def test_undecodable_text_shows_how_each_encoding_reads_it(tmp_path: Path) -> None:
    message = problems(
        tmp_path, _source(tmp_path, ledger("1,2025-03-05,1").encode() + "Иванов,2025-03-05,1".encode("cp1251"))
    )
    assert "tables.transactions: t.csv: line 3 is not utf-8 text." in message
    assert "Paste the line under which it reads correctly into the study file:" in message
    assert "read: {encoding: cp1251}  would read it as: Иванов,2025-03-05,1" in message
    assert "read: {encoding: cp1252}  would read it as: Èâàíîâ,2025-03-05,1" in message


def test_undecodable_chinese_suggests_gb18030_first(tmp_path: Path) -> None:
    message = problems(tmp_path, _source(tmp_path, ledger("王小明,2025-03-05,1").encode("gb18030")))
    assert "read: {encoding: gb18030}  would read it as: 王小明" in message


def test_a_wrong_declared_encoding_is_refused_too(tmp_path: Path) -> None:
    source = _source(tmp_path, ledger("Müller,2025-03-05,1").encode("latin-1"), encoding="ascii", delimiter=",")
    assert 'read: {delimiter: ",", encoding: cp1252}  would read it as: Müller' in problems(tmp_path, source)


def test_an_unknown_encoding_names_the_nearest(tmp_path: Path) -> None:
    message = problems(tmp_path, _source(tmp_path, "x", encoding="gb1830"))
    assert "'gb1830' is not a known encoding. Did you mean 'gb18030'?" in message


def test_empty_files_are_refused(tmp_path: Path) -> None:
    assert "t.csv: is empty. It needs a header line and rows." in problems(tmp_path, _source(tmp_path, "\n\n"))
    assert "tables.transactions: has no rows." in problems(tmp_path, _source(tmp_path, ledger()))


def test_quotes_hold_delimiters_line_ends_and_quotes(tmp_path: Path) -> None:
    text = 'customer_id,date,revenue,product\n"a,b",2025-03-05,1,"two\nlines"\n"say ""x""",2025-03-06,"2",plain\nz,bad,1,\n'
    message = problems(tmp_path, _source(tmp_path, text))
    assert "line 5: z,bad,1," in message
    result = load(tmp_path, _source(tmp_path, text.replace("z,bad,1,\n", "")))
    assert rows(result, "transactions", "customer_id, product") == [("a,b", "two\nlines"), ('say "x"', "plain")]


def test_lines_that_do_not_split_are_counted_with_their_numbers(tmp_path: Path) -> None:
    text = ledger("1,2025-03-05,1", "2,2025-03-05", "", "3,2025-03-05,1,9", "4,2025-03-05,1")
    message = problems(tmp_path, _source(tmp_path, text))
    assert "2 rows with a line that does not split into the columns (2 fields where there are 3 columns" in message
    assert "Check the delimiter and the quotes of these lines." in message
    assert "line 3: 2,2025-03-05\n" in message
    assert "line 5: 3,2025-03-05,1,9" in message
    result = load(tmp_path, _source(tmp_path, text), bad_rows={"drop_up_to": 0.5})
    assert (len(rows(result)), sum(counted(result, "dropped").values())) == (2, 2)


def test_broken_quotes_are_lines_that_do_not_split(tmp_path: Path) -> None:
    text = ledger('"1",2025-03-05,1', '"2,2025-03-05,1', '"3"x,2025-03-05,1', "4,2025-03-05", '5" pipe,2025-03-05,1')
    message = problems(tmp_path, _source(tmp_path, text))
    assert "3 rows with a line that does not split" in message
    assert 'line 3: "2,2025-03-05,1' in message
    assert 'line 4: "3"x,2025-03-05,1' in message
    assert "line 5: 4,2025-03-05" in message
    result = load(tmp_path, _source(tmp_path, text), bad_rows={"drop_up_to": 0.7})
    assert [row[0] for row in rows(result)] == ["1", '5" pipe']


REGULAR = ['"a,b",2,"x ""y"" z"', 'a,"",', ',"2",5" pipe', '"","",""']
FAULTY = [
    '"two\nlines",2,3',
    "a,b",
    "a,b,c,",
    '"a"b,2,3',
    '"a" ,2,3',
    '"a,2,3',
    "",
]


@pytest.mark.parametrize("quote", ["", '"'])
def test_columns_may_be_called_as_the_engine_calls_its_own(tmp_path: Path, quote: str) -> None:
    text = f"customer_id,rowid,c0,__width__\n7,a,b,{quote}c{quote}\n\n8,d,e,f\n"
    (tmp_path / "people.csv").write_text(text)
    sources = _source(tmp_path, ledger("7,2025-03-05,1")) | {"customers": {"path": "people.csv"}}
    found = rows(load(tmp_path, sources), "customers", "customer_id, rowid, c0, __width__")
    assert found == [("7", "a", "b", "c"), ("8", "d", "e", "f")]


@pytest.mark.parametrize("line", [None, *FAULTY])
def test_records_are_the_same_read_as_they_are_or_numbered_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str | None
) -> None:
    (tmp_path / "t.csv").write_text("\n".join(["a,b,c", *REGULAR, *([line] if line is not None else []), *REGULAR, ""]))
    con, looked = connect().con, []

    def numbered(*given: Any) -> list[tuple[int, str]]:
        looked.append(0)
        return number_records(*given)

    monkeypatch.setattr(textfile, "number_records", numbered)

    def read() -> tuple[object, list[tuple[object, ...]]]:
        text = open_text(tmp_path / "t.csv", None, tmp_path, "t", None)
        assert isinstance(text, TextFile)
        layout = textfile.TextLayout.of(text, ReadOptions())
        assert layout is not None
        faults = textfile.load_text(
            con, text, layout, "laid", {name: name for name in "abc"}, tmp_path, frozenset({"c"})
        )
        return faults, con.execute("SELECT * FROM laid ORDER BY 1").fetchall()

    found = read()
    assert bool(looked) == (line is not None)
    monkeypatch.setattr(textfile, "_lines_of_records", lambda *given: 0)
    assert read() == found
    assert looked


@pytest.mark.parametrize("blank", [" ", "\t", "\u00a0", "\ufeff"])
@pytest.mark.parametrize("name", ["7", "ab c", "é"])
def test_blanks_around_a_value_are_no_part_of_it(tmp_path: Path, blank: str, name: str) -> None:
    text = ledger(*(f"{one},2025-03-05,1" for one in (f"{blank}{name}", f"{name}{blank}", f"{blank}{name}{blank}")))
    assert as_read(tmp_path, _source(tmp_path, text), "customer_id, revenue") == [(name, 1.0)] * 3


def test_a_missing_file_names_the_nearest(tmp_path: Path) -> None:
    _source(tmp_path, "x", name="orders.csv")
    message = problems(tmp_path, {"transactions": {"path": "order.csv"}})
    assert "tables.transactions.path: there is no file 'order.csv'. Did you mean 'orders.csv'?" in message
    message = problems(tmp_path, {"transactions": {"path": "zzzzz.dat"}})
    assert "Files there: 'orders.csv'." in message
    assert "there is no folder for 'no/x.csv'." in problems(tmp_path, {"transactions": {"path": "no/x.csv"}})
    (tmp_path / "sub").mkdir()
    assert "'sub' is a folder without files. Put the files there, or name them: sub/*.csv." in problems(
        tmp_path, {"transactions": {"path": "sub"}}
    )


def test_a_missing_package_names_the_nearest(tmp_path: Path) -> None:
    message = problems(tmp_path, {"transactions": {"package": "lifetime", "path": "x.csv"}})
    assert (
        "no package 'lifetime' is installed. Did you mean 'lifetimes'? Or install it: pip install lifetime." in message
    )
    message = problems(tmp_path, {"transactions": {"package": "lifetimes", "path": "datasets/CDNOW_maste.txt"}})
    assert "Did you mean 'CDNOW_master.txt'?" in message or "Files there" in message


def test_columns_are_ours_to_theirs(tmp_path: Path) -> None:
    text = "id;ordered_at;total\n7;2025-03-05;12.5\n"
    columns = {"customer_id": "id", "date": "ordered_at", "revenue": "total"}
    result = load(tmp_path, _source(tmp_path, text, columns=columns))
    assert rows(result) == ONE
    assert result.read_notes == ("transactions: customer_id = id, date = ordered_at, revenue = total.",)


def test_columns_that_do_not_exist_name_the_nearest(tmp_path: Path) -> None:
    text = "id;ordered_at;total\n7;2025-03-05;12.5\n"
    message = problems(tmp_path, _source(tmp_path, text, columns={"customer_id": "idd", "dat": "ordered_at"}))
    assert (
        "columns.customer_id: the source has no column 'idd'. Did you mean 'id'? Columns found: id, ordered_at, total."
        in message
    )
    assert "tables.transactions.columns.dat: unknown column. Did you mean 'date'?" in message
    assert "tables.transactions: has no column 'revenue'. Say which it is under" in message


def test_other_columns_of_customers_are_kept_as_text(tmp_path: Path) -> None:
    tables = {"transactions": ledger("7,2025-03-05,1"), "customers": "customer_id,Branch,size\n7,North,03\n"}
    result = load(tmp_path, tables)
    assert rows(result, "customers", "*") == [("7", "North", "03")]
    assert "customers: other columns kept as text: Branch, size." in result.read_notes


def _parquet(folder: Path, select: str, name: str = "t.parquet") -> dict:
    duckdb.sql(f"COPY ({select}) TO '{folder / name}' (FORMAT parquet)")
    return {"transactions": {"path": name}}


def test_parquet_columns_keep_their_meaning(tmp_path: Path) -> None:
    select = "SELECT 7::DOUBLE AS customer_id, TIMESTAMP '2025-03-05 23:59' AS date, 12.5::DECIMAL(9,2) AS revenue"
    assert rows(load(tmp_path, _parquet(tmp_path, select))) == ONE
    select = "SELECT 7::BIGINT AS customer_id, 20250305 AS date, '12.5' AS revenue, 8.0::FLOAT AS order_id"
    result = load(tmp_path, _parquet(tmp_path, select))
    assert rows(result) == ONE
    assert rows(result, "transactions", "order_id") == [("8",)]


def test_bad_rows_of_parquet_are_shown_with_their_values(tmp_path: Path) -> None:
    select = "SELECT NULL::BIGINT AS customer_id, DATE '2025-03-05' AS date, 'NaN'::DOUBLE AS revenue"
    message = problems(tmp_path, _parquet(tmp_path, select))
    assert "row 1: customer_id=, date=2025-03-05, revenue=nan" in message
    assert "1 row with no customer_id." in message
    assert "1 row with a value of 'revenue' that is NaN or infinite." in message
    (tmp_path / "x.parquet").write_text("text")
    assert "is not a parquet file." in problems(tmp_path, {"transactions": {"path": "x.parquet"}})


def _query(query: str, **files: str) -> dict:
    return {"transactions": {"files": files or {"sold": "t.parquet", "who": "who.csv"}, "query": query}}


def test_a_query_joins_the_named_files(tmp_path: Path) -> None:
    _parquet(tmp_path, "SELECT '7' AS id, DATE '2025-03-05' AS date, 12.5 AS revenue")
    (tmp_path / "who.csv").write_text("id,customer_id\n7,Anna\n")
    result = load(
        tmp_path, _query("with s as (select * from sold) select customer_id, date, revenue from s join who using (id)")
    )
    assert rows(result) == [("Anna", "2025-03-05", 12.5)]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("select 1; select 2", "is not one SELECT."),
        ("drop table sold", "is not one SELECT."),
        ("copy (select 1) to 'x'", "is not one SELECT."),
        ("select * from read_csv('/etc/passwd')", "reads from "),
        ("select * from '/etc/passwd'", "reads from '/etc/passwd'."),
        ("select * from solt", "reads from 'solt'. Did you mean 'sold'?"),
        ("select * from glob('*')", "reads from "),
        ("selec", "cannot be understood"),
        ("select nothing from sold", "the engine says: "),
    ],
)
def test_a_query_may_do_nothing_else(tmp_path: Path, query: str, found: str) -> None:
    _parquet(tmp_path, "SELECT '7' AS id, DATE '2025-03-05' AS date, 12.5 AS revenue")
    (tmp_path / "who.csv").write_text("id,customer_id\n7,Anna\n")
    message = problems(tmp_path, _query(query))
    assert "tables.transactions.query: " in message
    assert found in message


def test_every_missing_file_of_a_query_is_named(tmp_path: Path) -> None:
    message = problems(tmp_path, _query("select * from a, b", a="a.csv", b="b.parquet"))
    assert "tables.transactions.files.a: there is no file 'a.csv'." in message
    assert "tables.transactions.files.b: there is no file 'b.parquet'." in message


def test_a_database_is_read_through_ibis(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    warehouse = ibis.duckdb.connect(tmp_path / "secret-word.ddb")
    warehouse.raw_sql(
        "CREATE SCHEMA crm; CREATE TABLE crm.sold AS SELECT 7 AS who, DATE '2025-03-05' AS date, 12.5 AS revenue"
    )
    warehouse.disconnect()
    monkeypatch.setenv("TEST_WAREHOUSE", f"duckdb://{tmp_path / 'secret-word.ddb'}?read_only=1")

    def table(name: str, **columns: str) -> dict:
        return {"transactions": {"database": "${TEST_WAREHOUSE}", "table": name, "columns": columns}}

    assert rows(load(tmp_path, table("crm.sold", customer_id="who"))) == ONE
    message = problems(tmp_path, table("crm.solt"))
    assert "tables.transactions.table: there is no table 'crm.solt'. Did you mean 'sold'?" in message
    monkeypatch.setenv("TEST_WAREHOUSE", "nonsense://secret-word@host")
    message = problems(tmp_path, table("crm.sold"))
    assert "the address in 'TEST_WAREHOUSE' cannot be opened." in message
    assert "secret-word" not in message
    monkeypatch.delenv("TEST_WAREHOUSE")
    message = problems(tmp_path, table("crm.sold"))
    assert "the environment has no variable 'TEST_WAREHOUSE'. Set it before the run: export TEST_WAREHOUSE=…" in message


def test_a_million_cells_of_text_keep_their_line_numbers(tmp_path: Path) -> None:
    lines = [f"{i},2025-03-05,1" for i in range(100_000)]
    lines[77_777] = "x,,1"
    message = problems(tmp_path, _source(tmp_path, ledger(*lines)))
    assert "line 77779: x,,1" in message
    assert date(2025, 3, 5).isoformat() not in message


def test_the_engine_draws_no_bar_into_a_notebook() -> None:
    assert connect().con.sql("SELECT current_setting('enable_progress_bar')").fetchall() == [(False,)]


def test_the_engine_spills_into_a_private_folder_of_its_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    con, other = connect().con, connect().con
    con.execute("SET memory_limit = '60MB'; SET threads = 1; SET enable_progress_bar = false")
    folder = Path(con.sql("SELECT current_setting('temp_directory')").fetchall()[0][0])
    many = con.execute("SELECT DISTINCT range, md5(range::VARCHAR) AS a FROM range(2_000_000) ORDER BY a")
    assert many.fetchmany(1)
    assert folder.is_dir()
    assert folder.parent.stat().st_mode & 0o777 == 0o700
    assert folder != Path(other.sql("SELECT current_setting('temp_directory')").fetchall()[0][0])
    con.close()
    assert list(folder.parent.iterdir()) == []


def test_what_a_killed_process_left_behind_goes_a_day_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    connect()
    (private,) = tmp_path.iterdir()
    old, young, alive = (private / f"spill-{pid}-0" for pid in (2**22 + 1, 2**22 + 2, os.getpid()))
    for folder in (old, young, alive):
        folder.mkdir()
    for folder in (old, alive):
        os.utime(folder, (0, 0))
    connect()
    assert {path.name for path in private.iterdir()} == {young.name, alive.name}


def test_a_folder_that_others_can_open_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / f"cxvalue-{os.getuid()}").mkdir(mode=0o755)
    folder = Path(connect().con.sql("SELECT current_setting('temp_directory')").fetchall()[0][0])
    assert folder.parent.stat().st_mode & 0o777 == 0o700


def test_the_engine_draws_nothing_over_what_is_printed() -> None:
    assert connect().con.execute("SELECT current_setting('enable_progress_bar')").fetchone() == (False,)
