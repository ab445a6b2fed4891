"""Raw columns to ids, text, dates, numbers and flags, so that every value that does not parse is found.

This is the last place with the engine's own SQL; what follows are portable expressions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any

import duckdb

from cxvalue.foundation.errors import BadInput
from cxvalue.language.catalogue import translatable, translate
from cxvalue.study import ReadOptions
from cxvalue.tables.read.dates import EPOCHS, advice_on_dates, read_dates
from cxvalue.tables.read.moments import ZONED
from cxvalue.tables.read.numerals import NumberColumn, advice_on_numbers, number_sql, read_numbers
from cxvalue.tables.read.paste import read_line
from cxvalue.tables.read.schema import Column
from cxvalue.tables.read.sources import RawTable, unreadable
from cxvalue.tables.read.sql import LINE, ROW, SAME, literal, quoted

__all__ = ["FALSE_WORDS", "TRUE_WORDS", "ParsedTable", "parse_table"]

TRUE_WORDS = ("true", "t", "yes", "y", "1", "да", "так", "是")
FALSE_WORDS = ("false", "f", "no", "n", "0", "нет", "ні", "否")
_MISSING = re.compile(r"(?i)#?n/?a!?|null|\(null\)|none|nil|nan|nat|missing|unknown|\\n|[-\u2013\u2014.?]+")
_BLANKS = " \t\u00a0\ufeff"
_NUMERIC = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")
_FRACTIONAL = ("FLOAT", "DOUBLE", "DECIMAL")
_DATED = ("DATE", "TIMESTAMP")
PLACELESS = translatable(
    "{table}: '{column}' holds moments without a place; their days are those of UTC unless the study file names a time_zone."
)


@dataclass(frozen=True, slots=True)
class ParsedTable:
    """A table with typed columns in the DuckDB relation `relation`, one row for each row of the source.

    `unparsed` and `not_finite` name, for each column that can have such values, the boolean column that marks them.
    `advice` holds, for columns with values that do not parse, a sentence on what they look like; `amounts` are the
    columns in which such a value has a digit: to drop it would drop an amount that somebody can read. `notes` say what
    was assumed.
    """

    raw: RawTable
    relation: str
    columns: tuple[str, ...]
    unparsed: dict[str, str] = field(default_factory=dict)
    not_finite: dict[str, str] = field(default_factory=dict)
    advice: dict[str, str] = field(default_factory=dict)
    amounts: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()


def parse_table(
    con: duckdb.DuckDBPyConnection, raw: RawTable, currency: str | None = None, zone: str | None = None
) -> ParsedTable:
    """Type every column of a raw table; raises `BadInput` when its dates or numbers could be read two ways.

    `currency` is the study's, which no amount may contradict; in `zone` moments become days (None: as written).
    """
    contract = raw.contract
    where = f"tables.{raw.name}" if raw.fixed is None else raw.name
    known = {column.name: column for column in contract.columns if column.name in raw.types}
    texts = {name: _text(name, kind, raw.read) for name, kind in raw.types.items()}
    dated = {
        name: _identifier(name, raw.types[name], raw.read)
        for name, column in known.items()
        if column.kind == "date" and not raw.types[name].startswith(_DATED)
    }
    readings, problems = read_dates(con, raw.relation, dated, raw.read, where, zone, contract.open_ends)
    written = {
        name: NumberColumn(name, texts[name])
        for name, column in known.items()
        if column.kind in ("number", "count") and raw.types[name] == "VARCHAR"
    }
    alone = None if "currency" in raw.types else currency
    proven, more = read_numbers(con, raw.relation, list(written.values()), raw.read, where, alone)
    if problems or more:
        raise BadInput([*problems, *more])
    chosen, unparsed, not_finite = [ROW, LINE, SAME] if raw.marked else [ROW], {}, {}
    # In steps, as the engine would else work out a value anew wherever it is named: trimmed texts, then what they are
    # before anybody judges it, then what only those in another dress need, then the values.
    steps: tuple[list[str], ...] = ([], [], [])
    for name, kind in raw.types.items():
        column = known.get(name, Column(name, "id"))
        mine, text = quoted(name), quoted(f"__text_{name}")
        if column.kind in ("id", "text"):
            chosen.append(f"{_identifier(name, kind, raw.read)} AS {mine}")
            continue
        steps[0].append(f"{texts[name]} AS {text}")
        if column.kind == "date":
            value = quoted(f"__value_{name}")
            if name in readings:
                day, source = quoted(f"__day_{name}"), text if dated[name] == texts[name] else dated[name]
                steps[1].append(f"{readings[name].day(source)} AS {day}")
                steps[2].append(f"{readings[name].judged(source, day)} AS {value}")
            else:
                steps[2].append(f"{_day(name, kind, zone)} AS {value}")
        elif column.kind == "flag":
            value = quoted(f"__value_{name}")
            steps[2].append(f"{_flag(text, name, kind)} AS {value}")
        else:
            number = quoted(f"__number_{name}")
            if name in written:
                bare, one = quoted(f"__core_{name}"), replace(written[name], text=text)
                steps[1].append(f"{one.core_where_needed} AS {bare}")
                steps[2].append(f"{number_sql(one, raw.read, bare)} AS {number}")
            else:
                steps[2].append(f"{_number(name, kind, text)} AS {number}")
            if column.kind == "count":
                number = f"(CASE WHEN {number} = floor({number}) OR NOT isfinite({number}) THEN {number} END)"
            value = f"CASE WHEN isfinite({number}) THEN {number} END"
            not_finite[name] = f"__not_finite_{name}"
            chosen.append(f"coalesce(NOT isfinite({number}), false) AS {quoted(not_finite[name])}")
            value_found = f"{number} IS NULL"
        if column.kind == "count":
            value = f"CAST({value} AS BIGINT)"
        if column.kind in ("date", "flag"):
            value_found = f"{value} IS NULL"
        chosen.append(f"{value} AS {mine}")
        if _typed(column, kind):
            continue  # such a column holds nothing else
        unparsed[name] = f"__unparsed_{name}"
        chosen.append(f"({text} IS NOT NULL AND {value_found}) AS {quoted(unparsed[name])}")
    relation = f"parsed_{raw.name}"
    laid = raw.relation
    for step in filter(None, steps):
        laid = f"(SELECT *, {', '.join(step)} FROM {laid})"
    try:
        con.execute(f"CREATE OR REPLACE TEMP TABLE {relation} AS SELECT {', '.join(chosen)} FROM {laid}")
    except duckdb.IOException:
        raise
    except duckdb.Error as error:
        # The engine reads a file only now: one that is damaged in the middle is found here.
        raise BadInput([unreadable(f"tables.{raw.name}", error)]) from None
    advice: dict[str, str] = {}
    amounts: set[str] = set()
    failing = _failing(con, relation, unparsed)
    for name in unparsed:
        if name in failing:
            text = f"SELECT {ROW}, {texts[name]} AS t FROM {raw.relation}"
            failed = f"SELECT t FROM ({text}) JOIN {relation} USING ({ROW}) WHERE {relation}.{quoted(unparsed[name])}"
            advice[name] = _missing(con, failed, known[name], raw.read)
            if known[name].kind == "date":
                advice[name] = advice[name] or advice_on_dates(con, failed, raw.read)
            elif name in written:
                advice[name] = advice[name] or advice_on_numbers(con, failed, written[name], raw.read, proven[name])
                if _any(con, f"({failed})", r"regexp_matches(t, '\d')"):
                    amounts.add(name)
    placeless = [name for name, reading in readings.items() if reading.formats[0] in EPOCHS]
    placeless += [name for name, column in known.items() if column.kind == "date" and raw.types[name] == ZONED]
    notes = [translate(PLACELESS, table=raw.name, column=name) for name in placeless if zone is None]
    return ParsedTable(raw, relation, tuple(raw.types), unparsed, not_finite, advice, frozenset(amounts), tuple(notes))


def _typed(column: Column, kind: str) -> bool:
    """Whether the source's own type leaves nothing to parse."""
    return {
        "date": kind.startswith(_DATED),
        "flag": kind == "BOOLEAN",
        "number": kind.startswith((*_NUMERIC, *_FRACTIONAL)),
        "count": kind.startswith(_NUMERIC),
    }[column.kind]


def _text(name: str, kind: str, read: ReadOptions) -> str:
    """A value as trimmed text, NULL when empty or when it is one of the texts declared as missing."""
    if kind.startswith(_NUMERIC):
        return f"CAST({quoted(name)} AS VARCHAR)"
    value = quoted(name) if kind == "VARCHAR" else f"CAST({quoted(name)} AS VARCHAR)"
    text = f"nullif(trim({value}, {literal(_BLANKS)}), '')"
    if kind == "VARCHAR":
        # Few values have blanks around them, and to take four kinds of them off costs three times as much as to look.
        text = (
            f"CASE WHEN {value}[1] BETWEEN '!' AND '~' AND {value}[-1] BETWEEN '!' AND '~' THEN {value} ELSE {text} END"
        )
    for missing in read.missing:
        text = f"nullif({text}, {literal(missing)})"
    return text


def _identifier(name: str, kind: str, read: ReadOptions) -> str:
    """An id as text: a whole number that the source holds as a float is written without its '.0'."""
    mine, text = quoted(name), _text(name, kind, read)
    if not kind.startswith(_FRACTIONAL):
        return text
    whole = f"TRY_CAST({mine} AS HUGEINT)"
    known = "" if kind.startswith("DECIMAL") else f"WHEN isnan({mine}) THEN NULL "
    return f"CASE {known}WHEN {whole} = {mine} THEN CAST({whole} AS VARCHAR) ELSE {text} END"


def _day(name: str, kind: str, zone: str | None) -> str:
    """The day of a column that the source holds as dates or moments; a moment whose zone nobody knows is one of UTC."""
    if kind == ZONED:
        return f"CAST(timezone({literal(zone or 'UTC')}, {quoted(name)}) AS DATE)"
    return f"TRY_CAST({quoted(name)} AS DATE)"


def _number(name: str, kind: str, text: str) -> str:
    if kind.startswith((*_NUMERIC, *_FRACTIONAL)):
        return f"CAST({quoted(name)} AS DOUBLE)"
    return f"TRY_CAST({text} AS DOUBLE)"


def _flag(text: str, name: str, kind: str) -> str:
    if kind == "BOOLEAN":
        return quoted(name)
    word = f"regexp_replace(lower({text}), '\\.0+$', '')"
    yes, no = (", ".join(literal(item) for item in words) for words in (TRUE_WORDS, FALSE_WORDS))
    return f"CASE WHEN {word} IN ({yes}) THEN true WHEN {word} IN ({no}) THEN false END"


def _failing(con: duckdb.DuckDBPyConnection, relation: str, unparsed: dict[str, str]) -> set[str]:
    """The columns of a parsed table that hold a value which does not parse."""
    if not unparsed:
        return set()
    asked = ", ".join(f"bool_or({quoted(flag)})" for flag in unparsed.values())
    row: Any = con.execute(f"SELECT {asked} FROM {relation}").fetchone()
    return {name for name, some in zip(unparsed, row, strict=True) if some}


def _any(con: duckdb.DuckDBPyConnection, relation: str, test: str) -> bool:
    row: Any = con.execute(f"SELECT coalesce(bool_or({test}), false) FROM {relation}").fetchone()
    return bool(row[0])


def _missing(con: duckdb.DuckDBPyConnection, failed: str, column: Column, read: ReadOptions) -> str:
    """The line that makes texts such as NULL and N/A empty, where they are all that fails and may be empty."""
    if column.must_hold:
        return ""
    found = [row[0] for row in con.execute(f"SELECT DISTINCT t FROM ({failed}) ORDER BY 1 LIMIT 11").fetchall()]
    if len(found) > 10 or not all(_MISSING.fullmatch(text) for text in found):
        return ""
    line = read_line(read, missing=(*read.missing, *found))
    return translate("They look like texts for 'no value': if they are, write {line}", line=line)
