"""Dates, numbers, flags and the constraints of every table: what is bad, where it stands and what to do."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from cxvalue.study import TABLE_NAMES, ReadOptions
from cxvalue.tables.read.dates import read_dates
from cxvalue.tables.read.schema import CONTRACTS
from tests.tables.helpers import as_read, counted, ledger, load, problems, rows

SOLD = ledger("1,2025-03-05,10")


def _dates(folder: Path, *written: str, **read: str) -> list[str]:
    (folder / "d.csv").write_text(
        "customer_id;date;revenue\n" + "".join(f"{i};{day};1\n" for i, day in enumerate(written))
    )
    return [row[1] for row in rows(load(folder, {"transactions": {"path": "d.csv", "read": read}}))]


@pytest.mark.parametrize(
    "written",
    [
        "2025-03-14",
        "2025/03/14",
        "20250314",
        "14.03.2025",
        "14.3.2025",
        "14/03/2025",
        "03/14/2025",
        "14-03-2025",
        "14.03.25",
        "03/14/25",
        "14 Mar 2025",
        "14-Mar-2025",
        "March 14, 2025",
        "2025年3月14日",
        "2025-03-14 23:59:59",
        "2025-03-14T23:59:59.123Z",
        "2025-03-14T23:59:59+03:00",
        "14.03.2025 8:05",
        "03/14/2025 11:59 PM",
        "03/14/2025 11:59 p. m.",
        "Mar-14-25",
    ],
)
def test_common_dates_are_recognised_and_lose_their_time(written: str) -> None:
    con = duckdb.connect()
    con.execute("CREATE TABLE t AS SELECT ? AS d", [written])
    readings, found = read_dates(con, "t", {"d": "d"}, ReadOptions(), "tables.t")
    assert not found
    assert con.execute(f"SELECT {readings['d'].expression('d')}::TEXT FROM t").fetchall() == [("2025-03-14",)]


def test_one_value_proves_the_order_of_day_and_month(tmp_path: Path) -> None:
    assert _dates(tmp_path, "02/03/2025", "13/03/2025") == ["2025-03-02", "2025-03-13"]
    assert _dates(tmp_path, "02/03/2025", "03/13/2025") == ["2025-02-03", "2025-03-13"]


def test_dates_that_could_be_read_two_ways_are_refused_with_the_lines_to_paste(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("customer_id;date;revenue\n1;02/03/2025;1\n2;05/05/2025;1\n")
    source = {"transactions": {"path": "d.csv", "read": {"delimiter": ";"}}}
    message = problems(tmp_path, source)
    assert "tables.transactions.date: its dates could be read two ways (02/03/2025)." in message
    assert "Paste the correct line into the study file:" in message
    assert 'read: {delimiter: ";", date_format: "%d/%m/%Y"}' in message
    assert 'read: {delimiter: ";", date_format: "%m/%d/%Y"}' in message
    assert _dates(tmp_path, "02/03/2025", date_format="%d/%m/%Y") == ["2025-03-02"]
    assert _dates(tmp_path, "02/03/2025 10:30", date_format="%m/%d/%Y") == ["2025-02-03"]


def test_two_digit_years_can_be_read_several_ways(tmp_path: Path) -> None:
    message = problems(tmp_path, ledger("1,01/02/03,1"))
    assert "could be read several ways (01/02/03)." in message
    assert message.count("read: {date_format:") == 3


def test_equal_days_in_both_readings_are_no_ambiguity(tmp_path: Path) -> None:
    assert _dates(tmp_path, "05/05/2025") == ["2025-05-05"]


def test_another_date_column_of_the_table_settles_it() -> None:
    con = duckdb.connect()
    con.execute("CREATE TABLE t AS SELECT '02/03/2025' AS a, '13/03/2025' AS b")
    readings, found = read_dates(con, "t", {"a": "a", "b": "b"}, ReadOptions(), "tables.t")
    assert not found
    assert readings["a"].formats == ("%d/%m/%Y",)


def test_dates_that_do_not_parse_are_bad_rows(tmp_path: Path) -> None:
    message = problems(tmp_path, ledger("1,2025-03-05,1", "2,2025-02-30,1", "3,soon,1", "4,,1"))
    assert (
        "tables.transactions.date: 2 rows with a value of 'date' that is not a date. Correct them, or declare how"
        in message
    )
    assert "line 3: 2,2025-02-30,1\n" in message
    assert "line 4: 3,soon,1" in message
    assert "tables.transactions.date: 1 row with no date. Every row needs one; fill it in." in message
    assert "line 5: 4,,1" in message


def test_a_declared_format_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text(SOLD)
    message = problems(tmp_path, {"transactions": {"path": "d.csv", "read": {"date_format": "%Q"}}})
    assert "read.date_format: '%Q' is not a date format. Use %Y or %y for the year" in message


def test_a_declared_format_is_the_only_one_tried(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text(ledger("1,05.03.2025,1", "2,2025-03-05,1"))
    message = problems(tmp_path, {"transactions": {"path": "d.csv", "read": {"date_format": "%d.%m.%Y"}}})
    assert "1 row with a value of 'date' that is not a date." in message
    assert "line 3: 2,2025-03-05,1" in message


def test_a_date_after_today_is_bad_and_one_after_as_of_is_cut(tmp_path: Path) -> None:
    message = problems(tmp_path, ledger("1,2025-03-05,1", "2,2026-01-16,1"))
    assert (
        "1 row with a date after today in 'date'. The day of this run is 15 January 2026; correct the date." in message
    )
    result = load(tmp_path, ledger("1,2025-03-05,1", "2,2026-01-15,2"))
    assert counted(result, "cut") == {"after 31 December 2025, the last day observed": 1}
    assert rows(result) == [("1", "2025-03-05", 1.0)]


def _revenue(folder: Path, *written: str, **read: str) -> list[float]:
    (folder / "n.csv").write_text(
        "customer_id;date;revenue\n" + "".join(f"{i};2025-03-05;{n}\n" for i, n in enumerate(written))
    )
    return [row[2] for row in as_read(folder, {"transactions": {"path": "n.csv", "read": read}})]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("1234,5", {"decimal": ","}),
        ("1.234,5", {"decimal": ",", "thousands": "."}),
        ("1 234,5", {"decimal": ",", "thousands": " "}),
        ("1\u00a0234,5", {"decimal": ",", "thousands": " "}),
        ("1,234.5", {"thousands": ","}),
        ("1'234.5", {"thousands": "'"}),
        ("1_234.5", {"thousands": "_"}),
        ("1.2345e3", {}),
    ],
)
def test_numbers_are_read_as_declared(tmp_path: Path, written: str, read: dict[str, str]) -> None:
    assert _revenue(tmp_path, written, **read) == [1234.5]


@pytest.mark.parametrize(
    ("written", "read", "line"),
    [
        ("12,50", {}, 'Most look like decimal commas: if they are, write read: {decimal: ","}'),
        ("1.234,50", {}, 'write read: {decimal: ",", thousands: "."}'),
        ("1 234,50", {}, 'write read: {decimal: ",", thousands: " "}'),
        ("1,234.50", {}, 'write read: {thousands: ","}'),
        ("1 234", {}, 'write read: {thousands: " "}'),
        ("12.50", {"decimal": ","}, 'Most look like decimal points: if they are, write read: {decimal: "."}'),
    ],
)
def test_numbers_in_another_dress_say_which_line_reads_them(
    tmp_path: Path, written: str, read: dict, line: str
) -> None:
    (tmp_path / "n.csv").write_text(f"customer_id;date;revenue\n1;2025-03-05;{written}\n2;2025-03-05;7\n")
    message = problems(tmp_path, {"transactions": {"path": "n.csv", "read": read}})
    assert "tables.transactions.revenue: 1 row with a value of 'revenue' that is not a number." in message
    assert line in message


def test_a_decimal_comma_is_never_taken_for_a_thousands_sign(tmp_path: Path) -> None:
    (tmp_path / "n.csv").write_text("customer_id;date;revenue\n1;2025-03-05;12,50\n")
    message = problems(tmp_path, {"transactions": {"path": "n.csv", "read": {"thousands": ","}}})
    assert "1 row with a value of 'revenue' that is not a number." in message


@pytest.mark.parametrize("written", ["nan", "NaN", "inf", "-Infinity", "1e999"])
def test_amounts_that_are_not_finite_are_bad(tmp_path: Path, written: str) -> None:
    message = problems(tmp_path, ledger(f"1,2025-03-05,{written}"))
    assert "1 row with a value of 'revenue' that is NaN or infinite. Give an amount.\n" in message


def test_missing_ids_and_revenues_are_bad(tmp_path: Path) -> None:
    message = problems(tmp_path, ledger(" ,2025-03-05,1", "1,2025-03-05,", "2,2025-03-05,n/a"))
    assert "tables.transactions.customer_id: 1 row with no customer_id." in message
    assert "tables.transactions.revenue: 1 row with no revenue." in message
    assert "tables.transactions.revenue: 1 row with a value of 'revenue' that is not a number." in message
    assert "drop_up_to" not in message  # not when that would drop everything


def test_a_few_bad_rows_may_be_dropped_and_the_message_says_how(tmp_path: Path) -> None:
    message = problems(tmp_path, ledger(*[f"{n},2025-03-05,1" for n in range(99)], " ,2025-03-05,1"))
    assert "Or drop such rows: bad_rows: {drop_up_to: 0.01}." in message


def test_ids_are_text(tmp_path: Path) -> None:
    result = load(tmp_path, ledger("007,2025-03-05,1", "7,2025-03-05,1", "7.0,2025-03-05,1"))
    assert [row[0] for row in rows(result)] == ["007", "7", "7.0"]


def test_every_problem_of_every_table_is_told_at_once(tmp_path: Path) -> None:
    tables = {
        "transactions": ledger("1,2025-13-05,1"),
        "customers": "customer_id,size\n1,a\n1,b\n",
        "fees": {"path": "none.csv"},
    }
    message = problems(tmp_path, tables)
    assert message.startswith("3 problems found:")
    assert "a customer_id that is on more than one row. A row is a customer; keep one for each customer_id." in message


def test_the_contracts_cover_the_tables_of_the_study_file() -> None:
    assert tuple(CONTRACTS) == TABLE_NAMES


# Each table with a good row, then a bad one and what is said of it.
TABLES = {
    "customers": ("customer_id,acquired_on", "1,2025-01-01", ",2025-01-01", "no customer_id"),
    "subscriptions": ("customer_id,start,end", "1,2025-01-01,", "2,2025-02-01,2025-01-31", "'end' before 'start'"),
    "contacts": ("customer_id,date,campaign,arm", "1,2025-01-01,c,a", "2,2025-01-01,c,", "no arm"),
    "offers": (
        "customer_id,date,rung,depth,accepted",
        "1,2025-01-01,1,0.1,yes",
        "2,2025-01-01,1,10,no",
        "a value of 'depth' out of bounds. It must be between 0 and 1.",
    ),
    "interactions": (
        "customer_id,date,channel,reason,approvals",
        "1,2025-01-01,call,fee,3",
        "2,2025-01-01,call,fee,1.5",
        "a value of 'approvals' that is not a whole number",
    ),
    "surveys": (
        "customer_id,date,metric,score,invited",
        "1,2025-01-01,nps,9,1",
        "2,2025-01-01,nps,9,maybe",
        "a value of 'invited' that is not yes or no. Write true or false, yes or no, 1 or 0, or say what each word means",
    ),
    "fees": ("customer_id,date,amount", "1,2025-01-01,100", "2,2025-01-01,", "no amount"),
    "rollout": (
        "programme,unit,start",
        "p,b1,2025-01-01",
        "p,b1,",
        "a programme and unit that is on more than one row",
    ),
    "employees": (
        "employee_id,unit,hired,left",
        "1,b1,2025-01-01,",
        "2,b1,2025-01-02,2025-01-01",
        "'left' before 'hired'",
    ),
    "benchmarks": ("metric,competitor,value", "nps,x,30", "nps,x,high", "a value of 'value' that is not a number"),
}


@pytest.mark.parametrize("name", TABLES)
def test_every_table_is_held_to_its_contract(tmp_path: Path, name: str) -> None:
    header, good, bad, said = TABLES[name]
    result = load(tmp_path, {"transactions": SOLD, name: f"{header}\n{good}\n"})
    assert len(rows(result, name, "*")) == 1
    message = problems(tmp_path, {"transactions": SOLD, name: f"{header}\n{good}\n{bad}\n"})
    assert f"tables.{name}." in message
    assert said in message
    assert f"line 3: {bad}" in message


def test_rungs_start_at_one_and_are_whole(tmp_path: Path) -> None:
    text = "customer_id,date,rung,depth,accepted\n1,2025-01-01,0,0.1,да\n"
    assert "a value of 'rung' out of bounds. It must be at least 1." in problems(
        tmp_path, {"transactions": SOLD, "offers": text}
    )


def test_offers_keep_the_order_of_the_file(tmp_path: Path) -> None:
    text = "customer_id,date,rung,depth,accepted\n" + "".join(f"1,2025-01-01,{rung},0.1,no\n" for rung in (1, 2, 1))
    result = load(tmp_path, {"transactions": SOLD, "offers": text})
    assert [rung for _, rung in rows(result, "offers", "__row__, rung")] == [1, 2, 1]


def test_ends_after_as_of_had_not_come_yet(tmp_path: Path) -> None:
    text = "customer_id,start,end\n1,2025-01-01,2026-01-02\n2,2026-01-01,\n"
    result = load(tmp_path, {"transactions": SOLD, "subscriptions": text})
    assert rows(result, "subscriptions", 'customer_id, "end"') == [("1", None)]
    assert counted(result, "note", "subscriptions") == {"'end' after 31 December 2025, so still open on that day": 1}
    assert counted(result, "cut", "subscriptions") == {"after 31 December 2025, the last day observed": 1}


def test_a_declared_campaign_needs_its_control_among_the_arms(tmp_path: Path) -> None:
    contacts = "customer_id,date,campaign,arm\n1,2025-01-01,themed,mail\n2,2025-01-01,themed,held_out\n"
    tables = {"transactions": SOLD, "contacts": contacts}
    assert load(tmp_path, tables, campaigns=[{"name": "themed", "control": "held_out"}]).paths["contacts"].is_file()
    message = problems(tmp_path, tables, campaigns=[{"name": "themed", "control": "hold_out"}])
    assert (
        "campaigns.themed.control: no contact of the campaign has the arm 'hold_out'. Did you mean 'held_out'?"
        in message
    )
    message = problems(tmp_path, tables, campaigns=[{"name": "themes"}])
    assert "campaigns.themes: the table 'contacts' has no campaign 'themes'. Did you mean 'themed'?" in message
    message = problems(tmp_path, SOLD, campaigns=[{"name": "themed"}])
    assert "needs a table 'contacts', which the study lacks. Add it under 'tables: contacts:'." in message


def test_a_declared_programme_must_stand_in_the_rollout(tmp_path: Path) -> None:
    tables = {"transactions": SOLD, "rollout": "programme,unit,start\nwaiver,1,2025-01-01\n"}
    message = problems(tmp_path, tables, programmes=[{"name": "waver"}])
    assert "programmes.waver: the table 'rollout' has no programme 'waver'. Did you mean 'waiver'?" in message
    tables["rollout"] = "programme,unit,start\nwaiver,1,never\n"
    message = problems(tmp_path, tables, programmes=[{"name": "waiver"}])
    assert "programmes.waiver: the table 'rollout' has no valid row. Correct its rows first." in message
    assert "a value of 'start' that is not a date" in message
