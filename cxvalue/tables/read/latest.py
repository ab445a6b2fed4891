"""Versions of one row: which is the last, by a column of numbers or of moments."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from cxvalue.foundation.errors import BadInput
from cxvalue.language.catalogue import translate
from cxvalue.study import TableSource
from cxvalue.tables.read.sql import literal

_CLOCKS = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%g", " %I:%M %p", " %I:%M:%S %p")
_DAY_FIRST = ("%d.%m.%Y", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%y", "%d/%m/%y")
_MONTH_FIRST = ("%m/%d/%Y", "%m-%d-%Y", "%m/%d/%y")


def rank_sql(con: duckdb.DuckDBPyConnection, relation: str, text: str, where: str, source: TableSource) -> str:
    """The SQL of what is larger the later a version is, where the column of versions is the SQL `text`.

    Numbers and moments with the year in front are taken as they are, other moments where they can be read one way only.
    Raises `BadInput` for a column that holds anything else, and for days that could be read two ways.
    """
    ways = {
        "number": f"TRY_CAST({text} AS DOUBLE)",
        "moment": f"TRY_CAST(regexp_replace({text}, ' UTC$', 'Z') AS TIMESTAMPTZ)",
        "day": _moment(text, _DAY_FIRST),
        "month": _moment(text, _MONTH_FIRST),
    }
    if source.read.date_format and "%" in source.read.date_format:
        ways["declared"] = _moment(text, [source.read.date_format])
    asked = ", ".join(f"count({way})" for way in ways.values())
    row = con.execute(f"SELECT count({text}), {asked} FROM {relation}").fetchone() or (0,)
    whole = [name for name, count in zip(ways, row[1:], strict=True) if count == row[0] > 0]
    for name in ("number", "moment", "declared"):
        if name in whole:
            return ways[name]
    if len(whole) == 1:
        return ways[whole[0]]
    found = translate("{column!r} does not say which version is the last.", column=source.latest)
    if whole:
        found = translate("{column!r} could be read day first or month first.", column=source.latest)
    remedy = translate(
        "Name a column of numbers, or of moments with the year in front, or give {line}.", line="read: {date_format: …}"
    )
    raise BadInput.at(f"{where}.latest", found, remedy)


def _moment(text: str, days: Sequence[str]) -> str:
    formats = [day + clock for day in days for clock in ("", *_CLOCKS[1:])]
    return f"try_strptime({text}, [{', '.join(map(literal, formats))}])"
