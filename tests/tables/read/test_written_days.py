"""Days in the words of a language, of an era of Japan or in wide digits: read as they are meant, or not at all."""

from __future__ import annotations

from datetime import date
from typing import Any

import duckdb
import pytest

from cxvalue.foundation.errors import Problem
from cxvalue.study import ReadOptions
from cxvalue.tables.read.dates import read_dates
from cxvalue.tables.read.written_days import _NAMES, _SHORT, in_figures


def _read(*texts: str, **read: Any) -> tuple[list[date | None], list[Problem]]:
    con = duckdb.connect()
    con.execute("CREATE TABLE t AS SELECT unnest(?) AS d", [list(texts)])
    readings, problems = read_dates(con, "t", {"d": "d"}, ReadOptions(**read), "t")
    sql = readings["d"].expression("d")
    return [row[0] for row in con.execute(f"SELECT {sql} FROM t").fetchall()], problems


@pytest.mark.parametrize(
    "texts",
    [
        ("3. März 2025", "28. Dezember 2024"),
        ("3. Mär. 2025", "Samstag, 28. Dez. 2024"),
        ("3 марта 2025 г.", "28 дек. 2024"),
        ("3 березня 2025 р.", "28 грудня 2024"),
        ("3 de marzo de 2025", "28 de diciembre del 2024"),
        ("3 mars 2025", "28 déc. 2024"),
        ("3rd March 2025", "28th of December 2024"),
        ("Mar 3rd, 2025", "December 28, 2024"),
        ("03/Mar/25 11:30 PM", "28/Dec/24 1:02 AM"),
        ("令和7年3月3日", "令和6年12月28日"),
        ("2025年3月3日(月)", "2024年12月28日(土) 10:15"),
        ("2025년 3월 3일", "2024년 12월 28일"),
        ("２０２５/０３/０３", "２０２４/１２/２８"),
        ("3 марта 2025, 23:59", "28 декабря 2024, 00:01"),
    ],
)
def test_a_day_in_words_is_the_day_that_is_meant(texts: tuple[str, ...]) -> None:
    assert _read(*texts) == ([date(2025, 3, 3), date(2024, 12, 28)], [])


def test_an_era_begins_with_its_first_year() -> None:
    assert _read("令和元年5月1日", "平成31年4月30日", "昭和64年1月7日")[0] == [
        date(2019, 5, 1),
        date(2019, 4, 30),
        date(1989, 1, 7),
    ]


def test_figures_read_what_they_can_and_words_nothing_that_is_no_day() -> None:
    assert _read("2025-03-03", "März 2025", "3 Stück 2025", "7年1月5日")[0] == [date(2025, 3, 3), None, None, None]
    assert _read("3. März 2025", "31. April 2025", "3. Brumaire 2025")[0] == [date(2025, 3, 3), None, None]


def test_wide_digits_that_could_be_read_two_ways_are_asked_and_read_as_answered() -> None:
    assert [problem.where for problem in _read("０３/０４/２０２５")[1]] == ["t.d"]
    assert _read("０３/０４/２０２５", date_format="%d/%m/%Y") == ([date(2025, 4, 3)], [])


def test_no_name_is_that_of_two_months() -> None:
    names = [name for names in _NAMES for name in names.split()]
    assert len(names) == len(set(names))
    given = [
        (f"5 {name.upper()} 2025", f"5-{short}-2025")
        for names, short in zip(_NAMES, _SHORT, strict=True)
        for name in names.split()
    ]
    made = duckdb.sql(f"SELECT {in_figures('t')} FROM (SELECT unnest({[text for text, _ in given]}) AS t)").fetchall()
    assert [row[0] for row in made] == [figures for _, figures in given]


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2025/03/03 11:30:00 PM GMT+3", date(2025, 3, 3)),
        ("2025/03/03 02:30:00 AM GMT+3", date(2025, 3, 2)),
        ("2025-03-03 05:15 GMT+5:30", date(2025, 3, 2)),
        ("2025-03-03 05:45 UTC+0530", date(2025, 3, 3)),
        ("2025-03-03 22:00 GMT-3", date(2025, 3, 4)),
        ("2025-03-03 23:59 GMT", date(2025, 3, 3)),
        ("2025-03-03 00:15+02:00", date(2025, 3, 2)),
        ("2025-03-03T23:30-0800", date(2025, 3, 4)),
    ],
)
def test_an_offset_from_greenwich_is_one_however_it_is_written(text: str, utc: date) -> None:
    con = duckdb.connect()
    con.execute("CREATE TABLE t AS SELECT ? AS d", [text])
    for zone, day in ((None, date(2025, 3, 3)), ("UTC", utc)):
        readings, _ = read_dates(con, "t", {"d": "d"}, ReadOptions(), "t", zone)
        assert con.execute(f"SELECT {readings['d'].expression('d')} FROM t").fetchall() == [(day,)]
