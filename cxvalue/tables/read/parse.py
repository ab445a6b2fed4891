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
from cxvalue.tables.read.dates import EPOCHS, DateReading, advice_on_dates, read_dates
from cxvalue.tables.read.moments import ZONED
from cxvalue.tables.read.numerals import NumberColumn, advice_on_numbers, number_sql, read_numbers
from cxvalue.tables.read.paste import read_line
from cxvalue.tables.read.schema import Column
from cxvalue.tables.read.sources import RawTable, unreadable
from cxvalue.tables.read.sql import LINE, ROW, SAME, literal, quoted
from cxvalue.tables.read.yes_no import FALSE_WORDS, TRUE_WORDS

_MISSING = re.compile(r"(?i)#?n/?a!?|null|\(null\)|none|nil|nan|nat|missing|unknown|\\n|[-\u2013\u2014.?]+")
_BLANKS = " \t\u00a0\ufeff"
_NUMERIC = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")
_FRACTIONAL = ("FLOAT", "DOUBLE", "DECIMAL")
_DATED = ("DATE", "TIMESTAMP")
PLACELESS = translatable(
    "{table}: '{column}' contains moments in universal time; their days are those of UTC unless the "
    "study file names a time_zone."
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
    forms, proven = _forms_of(con, raw, currency, zone)
    typing = _Typing(forms, [ROW, LINE, SAME] if raw.marked else [ROW])
    for name in raw.types:
        typing.add(name)
    relation = f"parsed_{raw.name}"
    try:
        con.execute(f"CREATE OR REPLACE TEMP TABLE {relation} AS {typing.query}")
    except duckdb.IOException:
        raise
    except duckdb.Error as error:
        # The engine reads a file only now: one that is damaged in the middle is found here.
        raise BadInput([unreadable(f"tables.{raw.name}", error)]) from None
    advice, amounts = _advice(con, relation, forms, typing.unparsed, proven)
    return ParsedTable(
        raw, relation, tuple(raw.types), typing.unparsed, typing.not_finite, advice, amounts, _notes(forms)
    )


@dataclass(frozen=True, slots=True)
class _Forms:
    """How the columns of a table are written: `texts` of all, `dated` and `readings` of dates, `written` of numbers."""

    raw: RawTable
    known: dict[str, Column]
    texts: dict[str, str]
    dated: dict[str, str]
    readings: dict[str, DateReading]
    written: dict[str, NumberColumn]
    zone: str | None


def _forms_of(
    con: duckdb.DuckDBPyConnection, raw: RawTable, currency: str | None, zone: str | None
) -> tuple[_Forms, dict[str, str]]:
    """How the columns are written, and which separator proved itself in each column of numbers."""
    where = f"tables.{raw.name}" if raw.fixed is None else raw.name
    known = {column.name: column for column in raw.contract.columns if column.name in raw.types}
    texts = {name: _text(name, kind, raw.read) for name, kind in raw.types.items()}
    dated = {
        name: _identifier(name, raw.types[name], raw.read)
        for name, column in known.items()
        if column.kind == "date" and not raw.types[name].startswith(_DATED)
    }
    readings, problems = read_dates(con, raw.relation, dated, raw.read, where, zone, raw.contract.open_ends)
    written = {
        name: NumberColumn(name, texts[name])
        for name, column in known.items()
        if column.kind in ("number", "count") and raw.types[name] == "VARCHAR"
    }
    alone = None if "currency" in raw.types else currency
    proven, more = read_numbers(con, raw.relation, list(written.values()), raw.read, where, alone)
    if problems or more:
        raise BadInput([*problems, *more])
    return _Forms(raw, known, texts, dated, readings, written, zone), proven


@dataclass(frozen=True, slots=True)
class _Typing:
    """The query that types a table, column by column: what is `chosen` from `steps` laid one upon the other.

    In steps, as the engine would else work out a value anew wherever it is named: trimmed texts, then what they are
    before anybody judges it, then what only those in another dress need, then the values.
    """

    forms: _Forms
    chosen: list[str]
    steps: tuple[list[str], list[str], list[str]] = field(default_factory=lambda: ([], [], []))
    unparsed: dict[str, str] = field(default_factory=dict)
    not_finite: dict[str, str] = field(default_factory=dict)

    @property
    def query(self) -> str:
        """One row of typed values and marks for each row of the source."""
        laid = self.forms.raw.relation
        for step in filter(None, self.steps):
            laid = f"(SELECT *, {', '.join(step)} FROM {laid})"
        return f"SELECT {', '.join(self.chosen)} FROM {laid}"

    def add(self, name: str) -> None:
        """Choose a column of the source, and mark its values that do not parse where it can have such."""
        raw = self.forms.raw
        kind, mine, text = raw.types[name], quoted(name), quoted(f"__text_{name}")
        column = self.forms.known.get(name, Column(name, "id"))
        if column.kind in ("id", "text"):
            self.chosen.append(f"{_identifier(name, kind, raw.read)} AS {mine}")
            return
        self.steps[0].append(f"{self.forms.texts[name]} AS {text}")
        if column.kind in ("date", "flag"):
            parsed = value = self._day(name, text) if column.kind == "date" else self._flag(name, text)
        else:
            parsed, value = self._number(name, text, whole=column.kind == "count")
        self.chosen.append(f"{value} AS {mine}")
        if not _typed(column, kind):  # one that is holds nothing else
            self.unparsed[name] = f"__unparsed_{name}"
            self.chosen.append(f"({text} IS NOT NULL AND {parsed} IS NULL) AS {quoted(self.unparsed[name])}")

    def _day(self, name: str, text: str) -> str:
        value, forms = quoted(f"__value_{name}"), self.forms
        if name in forms.readings:
            day, source = quoted(f"__day_{name}"), text if forms.dated[name] == forms.texts[name] else forms.dated[name]
            self.steps[1].append(f"{forms.readings[name].day(source)} AS {day}")
            self.steps[2].append(f"{forms.readings[name].judged(source, day)} AS {value}")
        else:
            self.steps[2].append(f"{_day(name, forms.raw.types[name], forms.zone)} AS {value}")
        return value

    def _flag(self, name: str, text: str) -> str:
        value = quoted(f"__value_{name}")
        self.steps[2].append(f"{_flag(text, name, self.forms.raw.types[name])} AS {value}")
        return value

    def _number(self, name: str, text: str, *, whole: bool) -> tuple[str, str]:
        """What a text parses to, and the value of it, which is finite."""
        number, forms = quoted(f"__number_{name}"), self.forms
        if name in forms.written:
            bare, one = quoted(f"__core_{name}"), replace(forms.written[name], text=text)
            self.steps[1].append(f"{one.core_where_needed} AS {bare}")
            self.steps[2].append(f"{number_sql(one, forms.raw.read, bare)} AS {number}")
        else:
            self.steps[2].append(f"{_number(name, forms.raw.types[name], text)} AS {number}")
        if whole:
            number = f"(CASE WHEN {number} = floor({number}) OR NOT isfinite({number}) THEN {number} END)"
        self.not_finite[name] = f"__not_finite_{name}"
        self.chosen.append(f"coalesce(NOT isfinite({number}), false) AS {quoted(self.not_finite[name])}")
        value = f"CASE WHEN isfinite({number}) THEN {number} END"
        return number, f"CAST({value} AS BIGINT)" if whole else value


def _advice(
    con: duckdb.DuckDBPyConnection, relation: str, forms: _Forms, unparsed: dict[str, str], proven: dict[str, str]
) -> tuple[dict[str, str], frozenset[str]]:
    """What values that do not parse look like, by column, and the columns in which such a value has a digit."""
    raw, advice, amounts = forms.raw, {}, set()
    for name in _failing(con, relation, unparsed):
        text = f"SELECT {ROW}, {forms.texts[name]} AS t FROM {raw.relation}"
        failed = f"SELECT t FROM ({text}) JOIN {relation} USING ({ROW}) WHERE {relation}.{quoted(unparsed[name])}"
        advice[name] = _missing(con, failed, forms.known[name], raw.read)
        if forms.known[name].kind == "date":
            advice[name] = advice[name] or advice_on_dates(con, failed, raw.read)
        elif name in forms.written:
            advice[name] = advice[name] or advice_on_numbers(con, failed, forms.written[name], raw.read, proven[name])
            if _any(con, f"({failed})", r"regexp_matches(t, '\d')"):
                amounts.add(name)
    return advice, frozenset(amounts)


def _notes(forms: _Forms) -> tuple[str, ...]:
    """What was assumed of moments without a place."""
    placeless = [name for name, reading in forms.readings.items() if reading.formats[0] in EPOCHS]
    placeless += [
        name for name, column in forms.known.items() if column.kind == "date" and forms.raw.types[name] == ZONED
    ]
    return tuple(translate(PLACELESS, table=forms.raw.name, column=name) for name in placeless if forms.zone is None)


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
        # Few values have blanks around them, and to take four kinds of them off costs five times as much as to look. What
        # begins with a sign of ASCII stands between '!' and '~': the first bytes tell.
        blank = " OR ".join(f"ends_with({value}, {literal(one)})" for one in _BLANKS)
        text = f"CASE WHEN {value} BETWEEN '!' AND '~' AND NOT ({blank}) THEN {value} ELSE {text} END"
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


def _failing(con: duckdb.DuckDBPyConnection, relation: str, unparsed: dict[str, str]) -> list[str]:
    """The columns of a parsed table that hold a value which does not parse."""
    if not unparsed:
        return []
    asked = ", ".join(f"bool_or({quoted(flag)})" for flag in unparsed.values())
    row: Any = con.execute(f"SELECT {asked} FROM {relation}").fetchone()
    return [name for name, some in zip(unparsed, row, strict=True) if some]


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
