"""How a column writes its dates, found over the whole column, and the refusal when it could be read two ways."""

from __future__ import annotations

from dataclasses import dataclass, replace

import duckdb

from cxvalue.errors import Problem
from cxvalue.study import ReadOptions
from cxvalue.tables.paste import read_line
from cxvalue.tables.sql import literal

__all__ = ["CANDIDATES", "DateReading", "TIME_OF_DAY", "read_dates"]

CANDIDATES = (
    "%Y-%m-%d",
    "%d.%m.%Y",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%Y%m%d",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%m.%d.%Y",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%d.%m.%y",
    "%m.%d.%y",
    "%d/%m/%y",
    "%m/%d/%y",
    "%y/%m/%d",
    "%d-%m-%y",
    "%m-%d-%y",
    "%y-%m-%d",
    "%d%m%Y",
    "%m%d%Y",
    "%d %b %Y",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%d %B %Y",
    "%b %d, %Y",
    "%B %d, %Y",
    "%Y年%m月%d日",
)
# A time of day after the date, with or without an offset: the day is the one that is written.
TIME_OF_DAY = r"[T ]+\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?( ?[AaPp][Mm])?( ?(Z|UTC|[+-]\d{2}:?\d{2}|[+-]\d{2}))?$"
_PLAUSIBLE = "BETWEEN DATE '1900-01-01' AND DATE '2199-12-31'"
_OR_NO_END = "BETWEEN DATE '1900-01-01' AND DATE '9999-12-31'"  # how many systems write that something is open


@dataclass(frozen=True, slots=True)
class DateReading:
    """How one column is read: the formats that tie for the most values, and a value on which they disagree."""

    formats: tuple[str, ...]
    example: str = ""
    open_end: bool = False

    @property
    def ambiguous(self) -> bool:
        """Whether several readings fit equally well and give different days."""
        return len(self.formats) > 1

    def expression(self, text: str) -> str:
        """The SQL that turns the text expression into a date, NULL where it is none."""
        return _parsed(text, self.formats[0], _OR_NO_END if self.open_end else _PLAUSIBLE)


def _parsed(text: str, style: str, plausible: str) -> str:
    day = f"TRY_CAST(try_strptime({text}, {literal(style)}) AS DATE)"
    if not any(mark in style for mark in ("%H", "%I", "%T", "%X", "%c")):
        bare = f"regexp_replace({text}, {literal(TIME_OF_DAY)}, '')"
        day = f"TRY_CAST(try_strptime({bare}, {literal(style)}) AS DATE)"
    return f"CASE WHEN {day} {plausible} THEN {day} END"


def read_dates(
    con: duckdb.DuckDBPyConnection,
    relation: str,
    columns: dict[str, str],
    read: ReadOptions,
    where: str,
    open_ends: tuple[str, ...] = (),
) -> tuple[dict[str, DateReading], list[Problem]]:
    """Say how each date column of a relation is written; `columns` maps a column to the SQL of its trimmed text.

    The reading that parses the most values is used. Two that parse equally many and give different days are a problem,
    unless another column of the table settles it. With a declared `date_format` that one is used and none is tried.
    In the columns `open_ends` a day as far ahead as 9999-12-31 is a date.
    """
    if read.date_format is not None:
        try:
            con.execute(f"SELECT try_strptime('', {literal(read.date_format)})")
        except duckdb.Error:
            found = f"{read.date_format!r} is no date format."
            remedy = "Use %Y or %y for the year, %m for the month, %d for the day, such as '%d.%m.%Y'."
            return {}, [Problem(f"{where}: read.date_format", found, remedy)]
        return {name: DateReading((read.date_format,), open_end=name in open_ends) for name in columns}, []
    readings = {name: _detect(con, relation, text, name in open_ends) for name, text in columns.items()}
    settled = {reading.formats[0] for reading in readings.values() if not reading.ambiguous}
    problems: list[Problem] = []
    for name, reading in readings.items():
        agreed = [style for style in reading.formats if style in settled]
        if reading.ambiguous and len(agreed) == 1:
            readings[name] = replace(reading, formats=(agreed[0],))
        elif reading.ambiguous:
            problems.append(_two_ways(reading, read, f"{where}.{name}"))
    return readings, problems


def _two_ways(reading: DateReading, read: ReadOptions, where: str) -> Problem:
    found = f"its dates could be read {'two' if len(reading.formats) == 2 else 'several'} ways ({reading.example})."
    lines = tuple(read_line(read, date_format=style) for style in reading.formats)
    return Problem(where, found, "Paste the line that is right into the study file:", examples=lines)


def _detect(con: duckdb.DuckDBPyConnection, relation: str, text: str, open_end: bool) -> DateReading:
    plausible = _OR_NO_END if open_end else _PLAUSIBLE
    con.execute(
        "CREATE OR REPLACE TEMP TABLE date_texts AS "
        f"SELECT regexp_replace({text}, {literal(TIME_OF_DAY)}, '') AS t, count(*) AS n, min({text}) AS written "
        f"FROM {relation} WHERE {text} IS NOT NULL GROUP BY 1"
    )
    counted = ", ".join(
        f"coalesce(sum(n) FILTER (WHERE TRY_CAST(try_strptime(t, {literal(style)}) AS DATE) {plausible}), 0)"
        for style in CANDIDATES
    )
    row = con.execute(f"SELECT {counted} FROM date_texts").fetchone()
    counts = dict(zip(CANDIDATES, [int(value) for value in row], strict=True)) if row else {}
    most = max(counts.values(), default=0)
    if most == 0:
        return DateReading(CANDIDATES[:1], open_end=open_end)
    tied = [style for style in CANDIDATES if counts[style] == most]
    formats, example = tied[:1], ""
    for style in tied[1:]:
        one, other = (f"try_strptime(t, {literal(item)})" for item in (tied[0], style))
        differing = con.execute(
            f"SELECT written FROM date_texts WHERE {one} IS DISTINCT FROM {other} ORDER BY written LIMIT 1"
        ).fetchone()
        if differing:
            formats.append(style)
            example = example or str(differing[0])
    return DateReading(tuple(formats), example, open_end)
