"""Raw columns to ids, text, dates, numbers and flags, so that every value that does not parse is found.

This is the last place with the engine's own SQL; what follows are portable expressions.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import duckdb

from cxvalue.errors import BadInput
from cxvalue.study import ReadOptions
from cxvalue.tables.contracts import CONTRACTS, Column
from cxvalue.tables.dates import read_dates
from cxvalue.tables.paste import read_line
from cxvalue.tables.sources import RawTable
from cxvalue.tables.sql import ROW, literal, quoted

__all__ = ["FALSE_WORDS", "ParsedTable", "TRUE_WORDS", "parse_table"]

TRUE_WORDS = ("true", "t", "yes", "y", "1", "да", "так", "是")
FALSE_WORDS = ("false", "f", "no", "n", "0", "нет", "ні", "否")
_BLANKS = " \t\u00a0\ufeff"
_NUMERIC = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")
_FRACTIONAL = ("FLOAT", "DOUBLE", "DECIMAL")
_DATED = ("DATE", "TIMESTAMP")


@dataclass(frozen=True, slots=True)
class ParsedTable:
    """A table with typed columns in the DuckDB relation `relation`, one row for each row of the source.

    `unparsed` and `not_finite` name, for each column that can have such values, the boolean column that marks them.
    `advice` holds, for columns with values that do not parse, a sentence on what they look like.
    """

    raw: RawTable
    relation: str
    columns: tuple[str, ...]
    unparsed: dict[str, str] = field(default_factory=dict)
    not_finite: dict[str, str] = field(default_factory=dict)
    advice: dict[str, str] = field(default_factory=dict)


def parse_table(con: duckdb.DuckDBPyConnection, raw: RawTable) -> ParsedTable:
    """Type every column of a raw table; raises `BadInput` when its dates could be read two ways."""
    contract = CONTRACTS[raw.name]
    known = {column.name: column for column in contract.columns if column.name in raw.types}
    dated = {
        name: _text(name, raw.types[name])
        for name, column in known.items()
        if column.kind == "date" and not raw.types[name].startswith(_DATED)
    }
    readings, problems = read_dates(con, raw.relation, dated, raw.read, f"tables.{raw.name}", contract.open_ends)
    if problems:
        raise BadInput(problems)
    chosen, unparsed, not_finite = [ROW], {}, {}
    for name, kind in raw.types.items():
        column = known.get(name, Column(name, "id"))
        mine, text = quoted(name), _text(name, kind)
        if column.kind in ("id", "text"):
            chosen.append(f"{_identifier(name, kind)} AS {mine}")
            continue
        if column.kind == "date":
            value = readings[name].expression(text) if name in readings else f"TRY_CAST({mine} AS DATE)"
        elif column.kind == "flag":
            value = _flag(name, kind)
        else:
            number = _number(name, kind, raw.read)
            if column.kind == "count":
                number = f"(CASE WHEN {number} = floor({number}) OR NOT isfinite({number}) THEN {number} END)"
            value = f"CASE WHEN isfinite({number}) THEN {number} END"
            not_finite[name] = f"__not_finite_{name}"
            chosen.append(f"coalesce(NOT isfinite({number}), false) AS {quoted(not_finite[name])}")
            value_found = f"{number} IS NULL"
        if column.kind == "count":
            value = f"CAST({value} AS BIGINT)"
        if column.kind in ("date", "flag"):
            value_found = f"({value}) IS NULL"
        chosen.append(f"{value} AS {mine}")
        if _typed(column, kind):
            continue  # such a column holds nothing else
        unparsed[name] = f"__unparsed_{name}"
        chosen.append(f"({text} IS NOT NULL AND {value_found}) AS {quoted(unparsed[name])}")
    relation = f"parsed_{raw.name}"
    con.execute(f"CREATE OR REPLACE TEMP TABLE {relation} AS SELECT {', '.join(chosen)} FROM {raw.relation}")
    advice = {
        name: _advice(con, raw, relation, name)
        for name in unparsed
        if known[name].kind in ("number", "count") and _any(con, relation, unparsed[name])
    }
    return ParsedTable(raw, relation, tuple(raw.types), unparsed, not_finite, advice)


def _typed(column: Column, kind: str) -> bool:
    """Whether the source's own type leaves nothing to parse."""
    return {
        "date": kind.startswith(_DATED),
        "flag": kind == "BOOLEAN",
        "number": kind.startswith((*_NUMERIC, *_FRACTIONAL)),
        "count": kind.startswith(_NUMERIC),
    }[column.kind]


def _text(name: str, kind: str) -> str:
    """A value as trimmed text, NULL when empty."""
    if kind.startswith(_NUMERIC):
        return f"CAST({quoted(name)} AS VARCHAR)"
    value = quoted(name) if kind == "VARCHAR" else f"CAST({quoted(name)} AS VARCHAR)"
    return f"nullif(trim({value}, {literal(_BLANKS)}), '')"


def _identifier(name: str, kind: str) -> str:
    """An id as text: a whole number that the source holds as a float is written without its '.0'."""
    mine, text = quoted(name), _text(name, kind)
    if not kind.startswith(_FRACTIONAL):
        return text
    whole = f"TRY_CAST({mine} AS HUGEINT)"
    known = "" if kind.startswith("DECIMAL") else f"WHEN isnan({mine}) THEN NULL "
    return f"CASE {known}WHEN {whole} = {mine} THEN CAST({whole} AS VARCHAR) ELSE {text} END"


def _number(name: str, kind: str, read: ReadOptions) -> str:
    if kind.startswith((*_NUMERIC, *_FRACTIONAL)):
        return f"CAST({quoted(name)} AS DOUBLE)"
    value = _text(name, kind)
    if kind != "VARCHAR":
        return f"TRY_CAST({value} AS DOUBLE)"
    point = literal(read.decimal)
    if read.thousands is not None:
        spaces = "[ \u00a0\u202f]"
        mark = spaces if read.thousands == " " else f"[{read.thousands}]"
        grouped = rf"[+-]?\d{{1,3}}({mark}\d{{2,3}})*{mark}\d{{3}}([{read.decimal}]\d*)?"
        bare = f"regexp_replace({value}, '{mark}', '', 'g')" if read.thousands != "'" else f"replace({value}, '''', '')"
        if read.thousands == "'":
            grouped = grouped.replace("'", "''")
        value = f"CASE WHEN regexp_full_match({value}, '{grouped}') THEN {bare} ELSE {value} END"
    if read.decimal != ".":
        # A point where a comma is declared is either a thousands sign or another format: never guessed.
        value = f"CASE WHEN NOT contains({value}, '.') THEN replace({value}, {point}, '.') END"
    return f"(CASE WHEN NOT contains({value}, '_') THEN TRY_CAST({value} AS DOUBLE) END)"


def _flag(name: str, kind: str) -> str:
    if kind == "BOOLEAN":
        return quoted(name)
    word = f"regexp_replace(lower({_text(name, kind)}), '\\.0+$', '')"
    yes, no = (", ".join(literal(item) for item in words) for words in (TRUE_WORDS, FALSE_WORDS))
    return f"CASE WHEN {word} IN ({yes}) THEN true WHEN {word} IN ({no}) THEN false END"


def _any(con: duckdb.DuckDBPyConnection, relation: str, flag: str) -> bool:
    row: Any = con.execute(f"SELECT coalesce(bool_or({quoted(flag)}), false) FROM {relation}").fetchone()
    return bool(row[0])


# What a number that failed may look like, and the options that would read it.
_LOOKS: tuple[tuple[str, str, dict[str, str]], ...] = (
    (r"[+-]?\d{1,3}(,\d{3})+\.\d+|[+-]?\d{1,3}(,\d{3}){2,}", "thousands commas", {"thousands": ",", "decimal": "."}),
    (r"[+-]?\d{1,3}(\.\d{3})+,\d+", "decimal commas with points between thousands", {"decimal": ",", "thousands": "."}),
    (
        "[+-]?\\d{1,3}([ \u00a0\u202f]\\d{3})+,\\d+",
        "decimal commas with blanks between thousands",
        {"decimal": ",", "thousands": " "},
    ),
    ("[+-]?\\d{1,3}([ \u00a0\u202f]\\d{3})+(\\.\\d+)?", "blanks between thousands", {"thousands": " "}),
    (r"[+-]?\d+,\d+", "decimal commas", {"decimal": ","}),
    (r"[+-]?\d+\.\d+", "decimal points", {"decimal": "."}),
)


def _advice(con: duckdb.DuckDBPyConnection, raw: RawTable, relation: str, name: str) -> str:
    """What most of the values that fail look like, with the `read:` line that reads them; empty when nothing common."""
    text = _text(name, raw.types[name])
    counts = ", ".join(f"count(*) FILTER (WHERE regexp_full_match(t, {literal(look)}))" for look, _, _ in _LOOKS)
    row: Any = con.execute(
        f"SELECT count(*), min(t), {counts} FROM (SELECT {text} AS t FROM {raw.relation} JOIN {relation} USING ({ROW}) "
        f"WHERE {relation}.{quoted(f'__unparsed_{name}')})".replace(quoted(name), f"{raw.relation}.{quoted(name)}", 1)
    ).fetchone()
    for count, (_, words, options) in zip(row[2:], _LOOKS, strict=True):
        if 2 * count > row[0]:
            return f"Most look like {words}: if they are, write {read_line(raw.read, **options)}"
    return ""
