"""Delimited text into columns of text, with the line number of every row and every line that does not fit."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path

import duckdb

from cxvalue.language.catalogue import translate
from cxvalue.study import ReadOptions
from cxvalue.tables.read.cells import repeated_names, unique_names
from cxvalue.tables.read.decode import TextFile, number_records, width_fault
from cxvalue.tables.read.sql import ROW, literal, quoted, row_marks

__all__ = ["TextLayout", "load_text"]

MOST_COLUMNS = 5_000
_MOST_IN_A_PATTERN = 100
_DELIMITERS = (",", ";", "\t", "|")
_DIALECT = "auto_detect = false, header = false, new_line = '\\n', max_line_size = 33554432"


@dataclass(frozen=True, slots=True)
class TextLayout:
    """How a text file is laid out; `delimiter` is None for runs of blanks, `repeated` are names that come again."""

    names: tuple[str, ...]
    delimiter: str | None
    header: int  # the line of the header, 0 without one
    repeated: frozenset[str] = frozenset()

    @classmethod
    def of(cls, text: TextFile, read: ReadOptions, header: int | None = None) -> TextLayout | None:
        """Read the layout off the first line with text, or off line `header`; None when there is none.

        Raises:
            csv.Error: a line that is no header, because a field or the number of them is beyond all measure.
        """
        number, line = (header, text.lines({header}).get(header, "")) if header else text.head()
        if not line:
            return None
        delimiter = read.delimiter or max(_DELIMITERS, key=line.count)
        if delimiter == "whitespace":
            fields = line.split()
        else:
            fields = next(csv.reader([line], delimiter=delimiter)) if len(delimiter) == 1 else line.split(delimiter)
        if len(fields) > MOST_COLUMNS:
            told = translate(
                "its first line has {columns:,} columns, and at most {most:,} are read",
                columns=len(fields),
                most=MOST_COLUMNS,
            )
            raise csv.Error(told)
        apart = None if delimiter == "whitespace" else delimiter
        if not read.header:
            return cls(tuple(f"column{position}" for position in range(len(fields))), apart, 0)
        return cls(unique_names(fields), apart, number, repeated_names(fields))


def load_text(
    con: duckdb.DuckDBPyConnection,
    text: TextFile,
    layout: TextLayout,
    relation: str,
    columns: dict[str, str],
    scratch: Path,
    amounts: frozenset[str] | None = None,
) -> tuple[tuple[int, str], ...]:
    """Create `relation` with the columns asked for (ours: theirs) as text; return the lines that could not be split.

    Each such line comes as its number and what is wrong with it. Blank lines are no rows. With `amounts`, the columns of
    the file that hold some, equal rows are marked.
    """
    wanted = {ours: layout.names.index(theirs) for ours, theirs in columns.items()}
    if text.quoted and layout.delimiter is not None:
        return _load_quoted(con, text, layout, layout.delimiter, relation, wanted, scratch, amounts)
    # Without quotes a line is a row: the engine reads whole lines, whose numbers are then exact, and splits them.
    lines = (
        f"SELECT row_number() OVER () AS n, line FROM read_csv({literal(str(text.path))}, {_DIALECT}, delim = '\x1f', "
        "quote = '', escape = '', columns = {'line': 'VARCHAR'})"
    )
    if layout.delimiter is None:
        split = r"string_split_regex(trim(line, E' \t'), '[ \t]+')"
    else:
        split = f"string_split(line, {literal(layout.delimiter)})"
    filled = "trim(line, E' \\t') <> ''"
    width = len(layout.names)
    rows = f"SELECT n, {split} AS f FROM ({lines}) WHERE n > {layout.header} AND {filled}"
    chosen = "".join(f", f[{position + 1}] AS {quoted(ours)}" for ours, position in wanted.items())
    chosen += _marks(layout, "f[{}]", 1, amounts)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {relation} AS SELECT n AS {ROW}, len(f) AS __width__{chosen} FROM ({rows})"
    )
    bad = con.execute(f"SELECT {ROW}, __width__ FROM {relation} WHERE __width__ <> {width} ORDER BY 1").fetchall()
    if bad:
        con.execute(f"DELETE FROM {relation} WHERE __width__ <> {width}")
    con.execute(f"ALTER TABLE {relation} DROP COLUMN __width__")
    return tuple((int(number), width_fault(int(fields), width)) for number, fields in bad)


def _load_quoted(
    con: duckdb.DuckDBPyConnection,
    text: TextFile,
    layout: TextLayout,
    delimiter: str,
    relation: str,
    wanted: dict[str, int],
    scratch: Path,
    amounts: frozenset[str] | None,
) -> tuple[tuple[int, str], ...]:
    chosen = "".join(f", c{position} AS {quoted(ours)}" for ours, position in wanted.items())
    chosen += _marks(layout, "c{}", 0, amounts)
    names = [f"'c{position}': 'VARCHAR'" for position in range(len(layout.names))]

    def lay(path: Path, columns: list[str], number: str) -> None:
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE {relation} AS SELECT {ROW}{chosen} FROM (SELECT {number} AS {ROW}, * FROM "
            f"read_csv({literal(str(path))}, {_DIALECT}, delim = {literal(delimiter)}, quote = '\"', escape = '\"', "
            f"columns = {{{', '.join(columns)}}})) WHERE {ROW} > {layout.header}"
        )

    if lines := _lines_of_records(con, text, layout, delimiter):
        try:
            lay(text.path, names, "row_number() OVER ()")
        except duckdb.IOException:
            raise
        except duckdb.Error:  # which line it is, and what is wrong with it, is found below
            pass
        else:
            if con.execute(f"SELECT count(*) FROM {relation}").fetchone() == (lines - layout.header,):
                return ()
    numbered = scratch / f"{relation}.txt"
    malformed = number_records(text, delimiter, len(layout.names), numbered)
    lay(numbered, ["'line': 'BIGINT'", *names], "line")
    return tuple((number, fault) for number, fault in malformed if number > layout.header)


def _lines_of_records(con: duckdb.DuckDBPyConnection, text: TextFile, layout: TextLayout, delimiter: str) -> int:
    """How many lines a file with quotes has where each of them is a record by itself, as nearly always; else 0.

    The engine then reads it as it is, and row and line are one. Where a quote holds a line end, is never closed or has text
    after it, or a line has more or fewer fields, `number_records` looks at every line.
    """
    further = len(layout.names) - 1
    if not 0 < further < _MOST_IN_A_PATTERN or len(delimiter) != 1:
        return 0
    edge = re.escape(delimiter)
    field = rf'(?:[^"{edge}][^{edge}]*|"[^"]*(?:""[^"]*)*")?'
    record = f"{field}(?:{edge}{field}){{{further}}}"
    lines, records = con.execute(
        f"SELECT count(*), count(*) FILTER (WHERE regexp_full_match(line, {literal(record)})) FROM "
        f"read_csv({literal(str(text.path))}, {_DIALECT}, delim = '\x1f', quote = '', escape = '', "
        "columns = {'line': 'VARCHAR'})"
    ).fetchone() or (0, 1)
    return int(lines) if lines == records else 0


def _marks(layout: TextLayout, column: str, first: int, amounts: frozenset[str] | None) -> str:
    if amounts is None:
        return ""
    cells = {name: column.format(position) for position, name in enumerate(layout.names, first)}
    return row_marks(cells.values(), [cells[name] for name in amounts])
