"""The day of a moment: the one that is written, or the one of the study's time zone; serial days and epochs."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pytest
import yaml
from pyarrow import parquet

from cxvalue.study import ReadOptions
from cxvalue.tables.outside import ledger_of
from cxvalue.tables.read.dates import EPOCHS, read_dates
from cxvalue.tables.read.moments import local_moment
from tests.tables.helpers import as_read, ledger, load, problems, rows

KYIV = "Europe/Kyiv"
# In 2025 summer time in Kyiv runs from 30 March, 03:00 (+02:00 becomes +03:00), to 26 October, 04:00.
HAND_COUNTED = [
    ("2025-01-31T21:59:59Z", "2025-01-31"),
    ("2025-01-31T22:00:00Z", "2025-02-01"),
    ("2025-03-29T22:30:00Z", "2025-03-30"),  # 00:30, still +02:00
    ("2025-03-30T20:59:00Z", "2025-03-30"),  # 23:59, +03:00 by then
    ("2025-03-30T21:00:00Z", "2025-03-31"),
    ("2025-10-25T21:00:00Z", "2025-10-26"),  # 00:00, still +03:00
    ("2025-10-26T21:59:00Z", "2025-10-26"),  # 23:59, +02:00 again
    ("2025-10-26T22:00:00Z", "2025-10-27"),
    ("2025-07-01 00:30:00+05:00", "2025-06-30"),
    ("2025-07-01 23:30:00-0500", "2025-07-02"),
    ("2025-07-01 11:30 PM +00", "2025-07-02"),
    ("2025-07-01 12:10 AM UTC", "2025-07-01"),
    ("2025-07-01 23:30:00", "2025-07-01"),  # no zone: as it is written
    ("2025-07-01", "2025-07-01"),
]


def _day(text: str, zone: str | None = None, **read: str) -> str | None:
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    con.execute("CREATE TABLE t AS SELECT ? AS d", [text])
    readings, _ = read_dates(con, "t", {"d": "d"}, ReadOptions(**read), "tables.t", zone)
    return con.execute(f"SELECT {readings['d'].expression('d')}::TEXT FROM t").fetchall()[0][0]


@pytest.mark.parametrize(("text", "day"), HAND_COUNTED)
def test_a_text_with_an_offset_is_the_day_of_the_zone(text: str, day: str) -> None:
    assert _day(text, KYIV) == day
    assert _day(text) == text[:10]


def test_a_declared_format_with_an_offset_does_the_same() -> None:
    style = "%Y-%m-%d %H:%M:%S%z"
    assert _day("2025-07-01 00:30:00+0500", date_format=style) == "2025-07-01"
    assert _day("2025-07-01 00:30:00+0500", KYIV, date_format=style) == "2025-06-30"
    assert _day("2025-07-01 00:30:00 -03:30", KYIV, date_format="%Y-%m-%d %H:%M:%S %z") == "2025-07-01"
    assert _day("2025-01-31T23:30:00Z", KYIV, date_format="%Y-%m-%dT%H:%M:%SZ") == "2025-02-01"
    assert _day("2025-01-31T23:30:00Z", date_format="%Y-%m-%dT%H:%M:%SZ") == "2025-01-31"


def _parquet(folder: Path, moments: list[str], zone: str | None, unit: str = "us") -> dict[str, Any]:
    """A ledger whose dates are moments, in UTC, with or without a zone in their type."""
    days = pa.array([dt.datetime.fromisoformat(one) for one in moments], pa.timestamp(unit, tz=zone))
    names = pa.array([str(n) for n in range(len(moments))])
    table = pa.table({"customer_id": names, "date": days, "revenue": pa.array([1.0] * len(moments))})
    parquet.write_table(table, folder / "t.parquet")
    return {"transactions": {"path": "t.parquet"}}


MOMENTS = ["2025-01-31T22:30:00", "2025-07-31T21:30:00", "2025-07-31T20:30:00"]  # of UTC
AS_KYIV = ["2025-02-01", "2025-08-01", "2025-07-31"]
AS_UTC = ["2025-01-31", "2025-07-31", "2025-07-31"]


@pytest.mark.parametrize(
    ("stated", "wanted", "days"),
    [
        (KYIV, None, AS_KYIV),
        ("UTC", None, AS_UTC),
        ("-03:30", None, AS_UTC),
        ("+02:30", None, ["2025-02-01", "2025-08-01", "2025-07-31"]),
        ("UTC", KYIV, AS_KYIV),
        ("America/New_York", KYIV, AS_KYIV),
        (None, None, AS_UTC),
        (None, KYIV, AS_UTC),  # no zone: as it is written
    ],
)
def test_a_moment_of_a_parquet_file_is_the_day_of_its_zone(
    tmp_path: Path, stated: str | None, wanted: str | None, days: list[str]
) -> None:
    tables = _parquet(tmp_path, MOMENTS, stated)
    assert [row[1] for row in as_read(tmp_path, tables, time_zone=wanted)] == days


def test_the_same_rows_are_the_same_purchases_in_every_format(tmp_path: Path) -> None:
    """Ten at night and a quarter to midnight in Kyiv, which are two days in UTC, are one purchase."""
    written = ["2025-07-01T00:30:00+03:00", "2025-07-01T22:00:00+03:00"]
    text = ledger(*[f"1,{one},10" for one in written])
    expected = [("1", "2025-07-01", 20.0)]
    assert rows(load(tmp_path, text)) == expected
    moments = pd.to_datetime(written).tz_convert(KYIV)
    frame = pd.DataFrame({"customer_id": ["1", "1"], "date": moments, "revenue": [10.0, 10.0]})
    frame.to_parquet(tmp_path / "t.parquet")
    assert rows(load(tmp_path, {"transactions": {"path": "t.parquet"}})) == expected
    days = ledger_of(frame).select("date").distinct().to_pyarrow().column("date").to_pylist()
    assert days == [dt.date(2025, 7, 1)]
    assert len(rows(load(tmp_path, text, time_zone="UTC"))) == 2
    assert len(rows(load(tmp_path, {"transactions": {"path": "t.parquet"}}, time_zone="UTC"))) == 2


def test_a_query_takes_days_in_the_zone_too(tmp_path: Path) -> None:
    _parquet(tmp_path, MOMENTS, KYIV)
    source = {
        "files": {"t": "t.parquet"},
        "query": "SELECT customer_id, CAST(date AS DATE) AS date, revenue FROM t",
    }
    assert [row[1] for row in as_read(tmp_path, {"transactions": source})] == AS_KYIV
    assert [row[1] for row in rows(load(tmp_path, {"transactions": source}, time_zone="UTC"))] == AS_UTC
    source["query"] = "SELECT customer_id, timezone('Europe/Kyiv', date) AS date, revenue FROM t"  # a moment again
    assert [row[1] for row in rows(load(tmp_path, {"transactions": source}, time_zone=KYIV))] == AS_KYIV


def test_every_date_column_is_converted(tmp_path: Path) -> None:
    tables = {
        "transactions": ledger("1,2025-01-05,10"),
        "subscriptions": "customer_id,start,end\n1,2025-01-31T22:30:00Z,2025-07-31T21:30:00Z\n",
        "customers": "customer_id,acquired_on\n1,2025-01-31T22:30:00Z\n",
        "interactions": "customer_id,date,channel,reason,resolved_on\n1,2025-01-31,a,b,2025-01-31T22:30:00Z\n",
    }
    result = load(tmp_path, tables, time_zone=KYIV)
    assert rows(result, "subscriptions", 'start::text, "end"::text') == [("2025-02-01", "2025-08-01")]
    assert rows(result, "customers", "acquired_on::text") == [("2025-02-01",)]
    assert rows(result, "interactions", "date::text, resolved_on::text") == [("2025-01-31", "2025-02-01")]


def test_moments_of_several_zones_in_memory_keep_their_own_days() -> None:
    east, utc = dt.timezone(dt.timedelta(hours=5)), dt.UTC
    moments = [dt.datetime(2025, 1, 31, 0, 30, tzinfo=east), dt.datetime(2025, 1, 31, 23, 30, tzinfo=utc)]
    frame = pd.DataFrame({"customer_id": ["1", "2"], "date": pd.Series(moments, dtype=object), "revenue": [1.0, 2.0]})
    assert ledger_of(frame).to_pyarrow().column("date").to_pylist() == [dt.date(2025, 1, 31)] * 2


def test_an_offset_moves_the_clock() -> None:
    con = duckdb.connect()
    sql = f"SELECT ({local_moment('m', '-03:30')})::TEXT FROM (SELECT TIMESTAMPTZ '2025-01-01 03:00:00+00' AS m)"
    assert con.execute(sql).fetchall() == [("2024-12-31 23:30:00",)]


# 1 January 2024, 00:00 in UTC; a spreadsheet counts 45,292 days from 30 December 1899 to it.
NUMBERS = {
    "excel": ("45292", "45292.75"),
    "epoch_seconds": ("1704067200", "1704153599"),
    "epoch_milliseconds": ("1704067200000", "1704153599999"),
    "epoch_microseconds": ("1704067200000000", "1704153599999999"),
    "epoch_nanoseconds": ("1704067200000000000", "1704153599999999999"),
}


@pytest.mark.parametrize("word", NUMBERS)
def test_numbers_that_are_days_have_a_line_that_reads_them(tmp_path: Path, word: str) -> None:
    first, last = NUMBERS[word]
    lines = [f"1,{first},10", f"2,{last},10"]
    (tmp_path / "d.csv").write_text(ledger(*lines))
    message = problems(tmp_path, {"transactions": {"path": "d.csv"}})
    assert f"({first} would be 1 January 2024). If they are, paste this line into the study file:" in message
    (line,) = [line for line in message.splitlines() if line.strip().startswith("read:")]
    read = yaml.safe_load(line)["read"]
    assert read == {"date_format": word}
    loaded = load(tmp_path, {"transactions": {"path": "d.csv", "read": read}})
    assert rows(loaded, columns="date::text") == [("2024-01-01",), ("2024-01-01",)]
    notes = loaded.read_notes
    assert [note for note in notes if "days are those of UTC" in note] == (
        []
        if word == "excel"
        else [
            "transactions: 'date' contains moments in universal time; their days are those of UTC unless the study "
            "file names a time_zone."
        ]
    )
    for other in NUMBERS:
        if other != word:  # a wrong unit never gives a day
            assert _day(first, date_format=other) is None


def test_epochs_are_days_of_the_zone_and_serial_days_are_as_written() -> None:
    for word, per_second in EPOCHS.items():
        late = str(1704146400 * per_second)  # 1 January 2024, 22:00 in UTC
        assert _day(late, date_format=word) == "2024-01-01"
        assert _day(late, KYIV, date_format=word) == "2024-01-02"
    assert _day("45292.99", KYIV, date_format="excel") == "2024-01-01"


def test_the_word_stands_for_the_columns_that_are_written_so(tmp_path: Path) -> None:
    source = {"path": "s.csv", "read": {"date_format": "excel"}}
    (tmp_path / "s.csv").write_text("customer_id,start,end\n1,45292,2024-03-01\n")
    result = load(tmp_path, {"transactions": ledger("1,2025-01-05,10"), "subscriptions": source})
    assert rows(result, "subscriptions", 'start::text, "end"::text') == [("2024-01-01", "2024-03-01")]


def test_serial_days_among_dates_are_refused(tmp_path: Path) -> None:
    message = problems(tmp_path, ledger("1,2024-01-01,10", "2,2024-01-02,10", "3,45292,10"))
    assert (
        "1 looks like serial days of a spreadsheet (45292 would be 1 January 2024), the others do not: a column must be "
        "written in one way, so export it again as dates." in message
    )
    assert "date_format" not in message


@pytest.mark.parametrize(
    ("values", "word"),
    [
        (pa.array([45292, 45293]), "excel"),
        (pa.array([45292.5, 45293.25]), "excel"),
        (pa.array([1704067200, 1704153600]), "epoch_seconds"),
        (pa.array([1704067200000.0, 1704153600000.0]), "epoch_milliseconds"),
    ],
)
def test_numbers_of_a_parquet_file_are_days_too(tmp_path: Path, values: pa.Array, word: str) -> None:
    table = pa.table({"customer_id": ["1", "2"], "date": values, "revenue": [1.0, 2.0]})
    parquet.write_table(table, tmp_path / "n.parquet")
    assert f"read: {{date_format: {word}}}" in problems(tmp_path, {"transactions": {"path": "n.parquet"}})
    source = {"path": "n.parquet", "read": {"date_format": word}}
    assert [row[1] for row in as_read(tmp_path, {"transactions": source})] == ["2024-01-01", "2024-01-02"]
    table = pa.table({"customer_id": ["1", "2"], "date": pa.array([20240101.0, 20240102.0]), "revenue": [1.0, 2.0]})
    parquet.write_table(table, tmp_path / "n.parquet")
    assert as_read(tmp_path, {"transactions": {"path": "n.parquet"}})[0][1] == "2024-01-01"
