"""How a column writes its dates, found over the whole column, and the refusal when it could be read two ways.

The day is the one that is written, whatever its offset says. With a time zone, moments that carry a zone or an offset
(and epochs, which always do) are days there; what carries none stays as it is written. Days in the words of a language
are tried where figures do not read a whole column.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import duckdb

from cxvalue.foundation.errors import Problem
from cxvalue.language.catalogue import translatable, translate, translate_count
from cxvalue.study import ReadOptions
from cxvalue.tables.read.paste import read_line
from cxvalue.tables.read.sql import literal
from cxvalue.tables.read.written_days import MAY_BE_WRITTEN, WIDE, in_figures, once

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
    "%b-%d-%y",
    "%b-%d-%Y",
    "%a, %d %b %Y",
    "%a %b %d %Y",
)
# A time of day after the date, with or without an offset: the day is the one that is written.
TIME_OF_DAY = (
    r"[T ]+\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?([ \x{00A0}]?[AaPp]\.?[ \x{00A0}]?[Mm]\.?)?"
    r"( ?(Z|UTC|[A-Z]{1,4}T|[+-]\d{2}:?\d{2}|[+-]\d{2}|(GMT|UTC)[+-]\d{1,2}(:?\d{2})?))?$"
)
_PLAUSIBLE = "BETWEEN DATE '1900-01-01' AND DATE '2199-12-31'"
_OR_NO_END = "BETWEEN DATE '1900-01-01' AND DATE '9999-12-31'"  # how many systems write that something is open
_CLOCK = (
    r"[T ]+(\d{1,2}):(\d{2})(?::\d{2}(?:[.,]\d+)?)?( ?[AaPp][Mm])? ?"
    r"(Z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2}|(?:GMT|UTC)[+-]\d{1,2}(?::?\d{2})?)$"
)
_ZONE_AT_END = r"[ ]?(Z|UTC|[+-]\d{2}:?\d{2}|[+-]\d{2}|[A-Za-z_]+(/[A-Za-z_]+)*)$"
_EXCEL = "excel"
EPOCHS = {
    "epoch_seconds": 1,
    "epoch_milliseconds": 10**3,
    "epoch_microseconds": 10**6,
    "epoch_nanoseconds": 10**9,
}
"""Words for moments counted from 1 January 1970 in UTC, with how many of their units make a second."""
_MEANINGS = {
    _EXCEL: translatable("serial days of a spreadsheet ({example} would be {day})"),
    "epoch_seconds": translatable("seconds since 1970 ({example} would be {day})"),
    "epoch_milliseconds": translatable("milliseconds since 1970 ({example} would be {day})"),
    "epoch_microseconds": translatable("microseconds since 1970 ({example} would be {day})"),
    "epoch_nanoseconds": translatable("nanoseconds since 1970 ({example} would be {day})"),
}
SERIALS = (_EXCEL, *EPOCHS)
"""Words for dates that are written as numbers; `excel` counts days as spreadsheets do (45292 is 1 January 2024)."""
# The years in which a number is believed to be a day or a moment: a wrong unit lands outside them.
_FIRST_SERIAL, _LAST_SERIAL = 18264, 73050  # 1950 to 2099
_FIRST_SECOND, _LAST_SECOND = 315_532_800, 4_102_444_799  # 1980 to 2099


@dataclass(frozen=True, slots=True)
class DateReading:
    """How one column is read: the formats that tie for the most values, and a value on which they disagree.

    `zone` is the time zone in which moments become days; None takes the day that is written. `rows` is how many texts it
    reads where that was counted; with `written` they are rewritten in figures first.
    """

    formats: tuple[str, ...]
    example: str = ""
    zone: str | None = None
    open_end: bool = False
    rows: int = 0
    written: bool = False

    @property
    def ambiguous(self) -> bool:
        """Whether several readings fit equally well and give different days."""
        return len(self.formats) > 1

    def expression(self, text: str) -> str:
        """The SQL that turns the text expression into a date, NULL where it is none."""
        return self.judged(text, self.day(text))

    def day(self, text: str) -> str:
        """The SQL of the day that a text expression tells, plausible or not."""
        day = _day_of("figures" if self.written else text, self.formats[0], self.zone)
        return once(in_figures(text), "figures", day) if self.written else day

    def judged(self, text: str, day: str) -> str:
        """The SQL of a date, NULL where the text is none; `day` is a column that holds what `day` makes of the text."""
        plausible = _OR_NO_END if self.open_end else _PLAUSIBLE
        return f"CASE WHEN {day} {plausible} AND {_is_no_word(text)} THEN {day} END"


def _day_of(text: str, style: str, zone: str | None) -> str:
    if style in SERIALS:
        return _serial(text, style, zone)
    if any(mark in style for mark in ("%z", "%Z")):
        return _with_zone(text, style, zone)
    if any(mark in style for mark in ("%H", "%I", "%T", "%X", "%c")):
        moment = f"try_strptime({text}, {literal(style)})"
        return _local(moment, zone) if zone and style.endswith("Z") else f"TRY_CAST({moment} AS DATE)"
    day = f"TRY_CAST(try_strptime({_without_clock(text)}, {literal(style)}) AS DATE)"
    if zone:
        moved = _local(f"({day} + to_minutes({_minutes(text)}))", zone)
        return f"CASE WHEN regexp_matches({text}, {literal(_CLOCK)}) THEN {moved} ELSE {day} END"
    return day


def _without_clock(text: str) -> str:
    """A text without the time of day at its end; the pattern is tried only where a colon stands: it costs most."""
    return f"CASE WHEN contains({text}, ':') THEN regexp_replace({text}, {literal(TIME_OF_DAY)}, '') ELSE {text} END"


def _is_no_word(text: str) -> str:
    """The engine reads some words as moments in every format, and makes 1 January 1900 of them."""
    return f"lower({text}) NOT IN ('infinity', '-infinity', 'epoch')"


def _local(moment: str, zone: str) -> str:
    """The day in a zone of a moment that is written in UTC."""
    return f"CAST(timezone({literal(zone)}, timezone('UTC', {moment})) AS DATE)"


def _minutes(text: str) -> str:
    """The minutes after midnight in UTC of a text with a time of day and an offset."""
    hour, minute, half, offset = (f"regexp_extract({text}, {literal(_CLOCK)}, {group})" for group in (1, 2, 3, 4))
    hours = f"CAST({hour} AS BIGINT)"
    hours = f"CASE lower(trim({half})) WHEN 'pm' THEN {hours} % 12 + 12 WHEN 'am' THEN {hours} % 12 ELSE {hours} END"
    apart, minutes = (rf"regexp_extract({offset}, '(\d{{1,2}}):?(\d{{2}})?$', {group})" for group in (1, 2))
    ahead = (
        f"CASE WHEN {offset} IN ('Z', 'UTC', 'GMT') THEN 0 ELSE (CASE WHEN contains({offset}, '-') THEN -1 ELSE 1 END) * "
        f"(CAST({apart} AS BIGINT) * 60 + coalesce(TRY_CAST({minutes} AS BIGINT), 0)) END"
    )
    return f"({hours}) * 60 + CAST({minute} AS BIGINT) - ({ahead})"


def _with_zone(text: str, style: str, zone: str | None) -> str:
    """A declared format with %z or %Z: the engine makes a moment of it, and the written day is what is left without."""
    if zone:
        return f"CAST(timezone({literal(zone)}, try_strptime({text}, {literal(style)})) AS DATE)"
    bare = re.sub(r" ?%[zZ]$", "", style)
    if bare == style:
        return f"TRY_CAST(try_strptime({text}, {literal(style)}) AS DATE)"
    known = f"try_strptime({text}, {literal(style)}) IS NOT NULL"
    return (
        f"CASE WHEN {known} THEN TRY_CAST(try_strptime(regexp_replace({text}, {literal(_ZONE_AT_END)}, ''), "
        f"{literal(bare)}) AS DATE) END"
    )


def _serial(text: str, word: str, zone: str | None) -> str:
    whole = rf"TRY_CAST(regexp_extract({text}, '^(\d+)(\.\d+)?$', 1) AS BIGINT)"
    if word == _EXCEL:
        inside = f"{whole} BETWEEN {_FIRST_SERIAL} AND {_LAST_SERIAL}"
        return f"(CASE WHEN {inside} THEN DATE '1899-12-30' + CAST({whole} AS INTEGER) END)"
    seconds = f"({whole} // {EPOCHS[word]})"
    moment = f"make_timestamp({seconds} * 1000000)"
    inside = f"{seconds} BETWEEN {_FIRST_SECOND} AND {_LAST_SECOND}"
    return f"(CASE WHEN {inside} THEN {_local(moment, zone or 'UTC')} END)"


def read_dates(
    con: duckdb.DuckDBPyConnection,
    relation: str,
    columns: dict[str, str],
    read: ReadOptions,
    where: str,
    zone: str | None = None,
    open_ends: tuple[str, ...] = (),
) -> tuple[dict[str, DateReading], list[Problem]]:
    """Say how each date column of a relation is written; `columns` maps a column to the SQL of its trimmed text.

    The reading that parses the most values is used. Two that parse equally many and give different days are a problem,
    unless another column of the table settles it. So are columns of numbers (serial days, epochs) until the study says
    what they count. With a declared `date_format` that one is used and none is tried; a word of `SERIALS` stands for the
    columns that are written so.
    In the columns `open_ends` a day as far ahead as 9999-12-31 is a date.
    """
    declared = read.date_format
    readings: dict[str, DateReading] = {}
    problems: list[Problem] = []
    if declared in SERIALS:
        fits = {
            name: serial_words(con, relation, text).get(str(declared), ("", 0))[1] for name, text in columns.items()
        }
        readings = {name: DateReading((str(declared),)) for name, rows in fits.items() if rows}
    elif declared is not None:
        try:
            con.execute(f"SELECT try_strptime('', {literal(declared)})")
        except duckdb.Error:
            found = translate("{format!r} is not a date format.", format=declared)
            remedy = translate("Use %Y or %y for the year, %m for the month, %d for the day, such as '%d.%m.%Y'.")
            return {}, [Problem(f"{where}: read.date_format", found, remedy)]
        return {
            name: DateReading((declared,), zone=zone, open_end=name in open_ends, written=_is_wide(con, relation, text))
            for name, text in columns.items()
        }, []
    for name, text in columns.items():
        if name not in readings:
            found_as = _detect(con, relation, text, name in open_ends)
            readings[name] = found_as or DateReading(CANDIDATES[:1], open_end=name in open_ends)
            problems += [] if found_as else _numbers(con, relation, text, read, f"{where}.{name}")
    settled = {reading.formats[0] for reading in readings.values() if not reading.ambiguous}
    for name, reading in readings.items():
        agreed = [style for style in reading.formats if style in settled]
        if reading.ambiguous and len(agreed) == 1:
            readings[name] = replace(reading, formats=(agreed[0],))
        elif reading.ambiguous:
            problems.append(_two_ways(reading, read, f"{where}.{name}"))
    return {name: replace(reading, zone=zone) for name, reading in readings.items()}, problems


def _is_wide(con: duckdb.DuckDBPyConnection, relation: str, text: str) -> bool:
    """Whether the first text of a column has wide digits, which no declared format reads."""
    row: Any = con.execute(f"SELECT {text} AS t FROM {relation} WHERE t IS NOT NULL LIMIT 1").fetchone()
    return row is not None and re.search(f"[{WIDE}]", str(row[0])) is not None


def serial_words(con: duckdb.DuckDBPyConnection, relation: str, text: str) -> dict[str, tuple[str, int]]:
    """How many texts each word of `SERIALS` reads, with the least of them; the words that read none are left out."""
    asked = ", ".join(
        f"min(t) FILTER ({test}), count(*) FILTER ({test})"
        for test in (f"WHERE {_serial('t', word, None)} IS NOT NULL" for word in SERIALS)
    )
    row: Any = con.execute(f"SELECT {asked} FROM (SELECT {text} AS t FROM {relation})").fetchone()
    found = zip(SERIALS, row[::2], row[1::2], strict=True)
    return {word: (str(example), int(rows)) for word, example, rows in found if rows}


def _meaning(con: duckdb.DuckDBPyConnection, word: str, example: str) -> str:
    """What the numbers look like, in words, with what one of them would be."""
    row: Any = con.execute(f"SELECT {_serial(literal(example), word, None)}").fetchone()
    return translate(_MEANINGS[word], example=example, day=row[0])


def _numbers(con: duckdb.DuckDBPyConnection, relation: str, text: str, read: ReadOptions, where: str) -> list[Problem]:
    """The refusal of a column in which no text is a date but most are numbers that count days or moments."""
    total: Any = con.execute(f"SELECT count({text}) FROM {relation}").fetchone()
    for word, (example, rows) in serial_words(con, relation, text).items():
        if 2 * rows > int(total[0]):
            found = translate("its values look like {meaning}.", meaning=_meaning(con, word, example))
            lines = (read_line(read, date_format=word),)
            remedy = translate("If they are, paste this line into the study file:")
            return [Problem(where, found, remedy, rows, lines)]
    return []


def advice_on_dates(con: duckdb.DuckDBPyConnection, failed: str, read: ReadOptions) -> str:
    """What to do about texts that are no date although others of the column are; empty when unknown.

    `failed` is a query whose column ``t`` holds these texts.
    """
    for word, (example, rows) in serial_words(con, f"({failed})", "t").items():
        meaning = _meaning(con, word, example)
        if read.date_format is not None and read.date_format not in SERIALS:
            return translate_count(
                "{count:,} looks like {meaning}; if all are, write {line}",
                "{count:,} look like {meaning}; if all are, write {line}",
                rows,
                meaning=meaning,
                line=read_line(read, date_format=word),
            )
        return translate_count(
            "{count:,} looks like {meaning}, the others do not: a column must be written in one way, so export it again as "
            "dates.",
            "{count:,} look like {meaning}, the others do not: a column must be written in one way, so export it again as "
            "dates.",
            rows,
            meaning=meaning,
        )
    return ""


def _two_ways(reading: DateReading, read: ReadOptions, where: str) -> Problem:
    found = (
        translate("its dates could be read two ways ({example}).", example=reading.example)
        if len(reading.formats) == 2
        else translate("its dates could be read several ways ({example}).", example=reading.example)
    )
    lines = tuple(read_line(read, date_format=style) for style in reading.formats)
    remedy = translate("Paste the correct line into the study file:")
    return Problem(where, found, remedy, examples=lines)


def _detect(con: duckdb.DuckDBPyConnection, relation: str, text: str, open_end: bool) -> DateReading | None:
    """The reading of most texts of a column, with those that tie with it; None where no format reads any."""
    con.execute(
        "CREATE OR REPLACE TEMP TABLE date_texts AS "
        f"SELECT {_without_clock('written')} AS t, sum(n) AS n, min(written) AS written FROM "
        f"(SELECT {text} AS written, count(*) AS n FROM {relation} GROUP BY 1) WHERE written IS NOT NULL GROUP BY 1"
    )
    first: Any = con.execute("SELECT min(t), sum(n) FROM date_texts").fetchone()
    if first[0] is None:
        return None
    found = _best(con, "date_texts", first[0], int(first[1]), open_end)
    if found is None or found.rows < first[1]:
        some = f"FROM date_texts WHERE regexp_matches(t, {literal(MAY_BE_WRITTEN)})"
        if con.execute(f"SELECT 1 {some} LIMIT 1").fetchone() is None:
            return found
        con.execute(
            "CREATE OR REPLACE TEMP TABLE figures AS "
            f"SELECT {once(in_figures('t'), 'f', _without_clock('f'))} AS t, n, written FROM date_texts"
        )
        written = _best(con, "figures", "", int(first[1]), open_end)
        if written is not None and written.rows > (found.rows if found else 0):
            return replace(written, written=True)
    return found


def _best(con: duckdb.DuckDBPyConnection, texts: str, first: str, rows: int, open_end: bool) -> DateReading | None:
    """The reading of most of the texts in a table; where a format fits them all, its signs are those of the `first`."""
    counts = _fitting(con, texts, [style for style in CANDIDATES if _signs(style) == _signs(first)], open_end)
    if max(counts.values(), default=0) < rows:
        counts = _fitting(con, texts, CANDIDATES, open_end)
    most = max(counts.values())
    if most == 0:
        return None
    tied = [style for style in CANDIDATES if counts.get(style) == most]
    formats, example = tied[:1], ""
    for style in tied[1:]:
        one, other = (f"try_strptime(t, {literal(item)})" for item in (tied[0], style))
        differing = con.execute(
            f"SELECT written FROM {texts} WHERE {one} IS DISTINCT FROM {other} ORDER BY written LIMIT 1"
        ).fetchone()
        if differing:
            formats.append(style)
            example = example or str(differing[0])
    return DateReading(tuple(formats), example, open_end=open_end, rows=most)


def _signs(text: str) -> str:
    """What stands in a date, or in a format, beside digits, letters and blanks."""
    return re.sub(r"%[a-zA-Z]|[0-9A-Za-z\s]", "", text)


def _fitting(con: duckdb.DuckDBPyConnection, texts: str, styles: Sequence[str], open_end: bool) -> dict[str, int]:
    """How many of the texts in a table each format reads."""
    if not styles:
        return {}
    plausible = _OR_NO_END if open_end else _PLAUSIBLE
    counted = ", ".join(
        f"coalesce(sum(n) FILTER (WHERE TRY_CAST(try_strptime(t, {literal(style)}) AS DATE) {plausible}), 0)"
        for style in styles
    )
    row: Any = con.execute(f"SELECT {counted} FROM {texts}").fetchone()
    return dict(zip(styles, map(int, row), strict=True))
