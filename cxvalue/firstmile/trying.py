"""A table of an export read as a study would read it: what it comes to, and whether its arithmetic holds."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from itertools import count
from typing import Any, Concatenate, ParamSpec, TypeVar

import duckdb

from cxvalue.firstmile.exports import Export
from cxvalue.foundation.errors import BadInput
from cxvalue.study import TableSource
from cxvalue.tables.read.files import Found, laid_as
from cxvalue.tables.read.numerals import NumberColumn, number_sql
from cxvalue.tables.read.shape import shape
from cxvalue.tables.read.sql import described, literal, quoted

Asked = ParamSpec("Asked")
Told = TypeVar("Told")

LIKE_ALL = 0.99
"""The share of rows in which arithmetic must hold to settle a question."""

_TRIED = count()
_ELSEWHERE = ("header_row", "member", "sheet", "table", "copies", "same", "guest_ids")


def told_once(ask: Callable[Concatenate[Export, Asked], Told]) -> Callable[Concatenate[Export, Asked], Told]:
    """Let what is asked of an export be worked out once: the rows of a relation stay as they are.

    A question with two answers, the one that counts until it is answered among them, asks for what the next one asks too;
    and so does whatever shows or writes what was understood.
    """

    @wraps(ask)
    def asked(export: Export, /, *given: Asked.args, **named: Asked.kwargs) -> Told:
        key = (ask.__name__, export.relation, repr((given, named)))
        if key not in export.told:
            export.told[key] = ask(export, *given, **named)
        found: Told = export.told[key]
        return found

    return asked


def shaped(export: Export, spec: dict[str, Any]) -> tuple[str, Found, TableSource]:
    """The rows of an export that count under a table's keys, as a relation with its columns."""
    types = described(export.con, export.relation)
    build = laid_as(export.con, export.relation, types, export.malformed)
    ours = {key: value for key, value in spec.items() if key not in _ELSEWHERE}
    source = TableSource(path="tried", **ours)
    name = f"tried_{next(_TRIED)}"
    found, source = shape(export.con, name, Found(types, build), source, export.label)
    return f"source_{name}", found, source


@told_once
def total(export: Export, spec: dict[str, Any]) -> float | None:
    """The revenue of the rows that count, refunds taken off; None where it cannot be told yet."""
    try:
        relation, found, source = shaped(export, spec)
        name = source.columns["revenue"]
        value = f"CAST({quoted(name)} AS DOUBLE)"
        if found.types[name] == "VARCHAR":
            text = f"nullif(trim({quoted(name)}), '')"
            column = NumberColumn("revenue", text)
            value = number_sql(column, source.read, f"({column.core_where_needed})")
        customer = source.columns.get("customer_id", "")
        known = (
            f"nullif(trim(CAST({quoted(customer)} AS VARCHAR)), '') IS NOT NULL" if customer in found.types else "true"
        )
        guests = ", ".join(literal(str(one)) for one in spec.get("guest_ids", ()) if spec["guest_ids"] != "ASK")
        known += f" AND CAST({quoted(customer)} AS VARCHAR) NOT IN ({guests})" if guests else ""
        row: Any = export.con.execute(f"SELECT sum({value}) FROM {relation} WHERE {known}").fetchone()
        export.con.execute(f"DROP TABLE {relation}")
        return None if row[0] is None else round(float(row[0]), 2)
    except (BadInput, duckdb.Error, KeyError, ValueError):
        return None


@told_once
def holds(export: Export, spec: dict[str, Any], arithmetic: str, where: str) -> float | None:
    """The share of rows that count, those with `where` not 0, in which an expression is 0 to the cent; None without."""
    tried = {key: value for key, value in spec.items() if key not in ("refund", "columns")}
    tried["columns"] = {"revenue": f"={arithmetic}", "discount": f"=[{where}] * 1"}
    try:
        relation, _, source = shaped(export, tried)
    except BadInput:
        return None
    left, tax = quoted(source.columns["revenue"]), quoted(source.columns["discount"])
    row: Any = export.con.execute(
        f"SELECT count(*), count(*) FILTER (WHERE abs({left}) < 0.0151) FROM {relation} "
        f"WHERE {left} IS NOT NULL AND abs({tax}) > 0"
    ).fetchone()
    return int(row[1]) / int(row[0]) if row[0] else None


@told_once
def kept_values(export: Export, spec: dict[str, Any], theirs: str) -> list[tuple[str, int]]:
    """The values of an expression in the rows that count, with how many rows each has; empty cells as an empty text."""
    plain = {key: value for key, value in spec.items() if key not in ("refund", "columns")}
    name = f"={theirs}"
    relation, _, _ = shaped(export, {**plain, "columns": {"product": name}})
    text = f"CAST({quoted(name)} AS VARCHAR)"
    found = export.con.execute(
        f"SELECT coalesce(trim({text}), ''), count(*) FROM {relation} GROUP BY 1 ORDER BY 2 DESC, 1"
    ).fetchall()
    export.con.execute(f"DROP TABLE {relation}")
    return [(str(value), int(rows)) for value, rows in found]
