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
from cxvalue.tables.read.sql import LINE, ROW, SAME, literal, quoted, row_marks

MOST_COLUMNS = 5_000
_MOST_IN_A_PATTERN = 100
_DELIMITERS = (",", ";", "\t", "|")
_TOLD = re.compile(r"sep=(.)$", re.IGNORECASE)
_DIALECT = "auto_detect = false, header = false, new_line = '\\n', max_line_size = 33554432, buffer_size = 33554432"
"""With a buffer as long as the longest line: the engine's own choice is 16 times that, half a gigabyte a file."""


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
        if said := _TOLD.match(line):  # what spreadsheets write before the header
            number, delimiter = number + 1, read.delimiter or said[1]
            line = text.lines({number}).get(number, "")
            if not line:
                return None
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
    # Without quotes a line is a row: the engine reads whole lines and splits them.
    if layout.delimiter is None:
        split = r"string_split_regex(trim(line, E' \t'), '[ \t]+')"
    else:
        split = f"string_split(line, {literal(layout.delimiter)})"
    width = len(layout.names)
    # To take the blanks off a line costs more than all the rest: what begins with a sign of ASCII is not blank.
    fields = "CASE WHEN line BETWEEN '!' AND '~' THEN len(f) WHEN trim(line, E' \\t') <> '' THEN len(f) ELSE 0 END"
    chosen = "".join(f", f[{position + 1}] AS c{position}" for position in sorted(set(wanted.values())))
    chosen += _marks(layout, "f[{}]", 1, amounts)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {relation}_lines AS SELECT {fields}::INTEGER AS __width__{chosen} FROM "
        f"(SELECT line, {split} AS f FROM {_lines(text)})"
    )
    others = con.execute(
        f"SELECT rowid + 1, __width__ FROM {relation}_lines WHERE __width__ <> {width} AND rowid >= {layout.header} "
        "ORDER BY 1"
    ).fetchall()
    kept = f"rowid >= {layout.header}" + (f" AND __width__ = {width}" if others else "")
    _view_lines(con, relation, "rowid + 1", wanted, amounts, kept)
    return tuple((int(number), width_fault(int(found), width)) for number, found in others if found)


def _lines(text: TextFile) -> str:
    """The lines of a file, blank ones among them, as SQL."""
    return (
        f"read_csv({literal(str(text.path))}, {_DIALECT}, delim = '\x1f', quote = '', escape = '', "
        "columns = {'line': 'VARCHAR'})"
    )


def _view_lines(
    con: duckdb.DuckDBPyConnection,
    relation: str,
    number: str,
    wanted: dict[str, int],
    amounts: frozenset[str] | None,
    kept: str,
) -> None:
    """Create `relation` of the rows kept of the table ``<relation>_lines``, whose columns are called c0, c1 and so on.

    Where its rows are the lines of a file, the engine keeps them in order and numbers them by itself, from 0, as `rowid`.
    To number them with a window takes twice as long.
    """
    columns = "".join(f", c{position} AS {quoted(ours)}" for ours, position in wanted.items())
    columns += "" if amounts is None else f", {LINE}, {SAME}"
    con.execute(
        f"CREATE OR REPLACE TEMP VIEW {relation} AS SELECT {ROW}{columns} FROM "
        f"(SELECT {number} AS {ROW}, * FROM {relation}_lines WHERE {kept})"
    )


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
    chosen = ", ".join(f"c{position}" for position in sorted({0, *wanted.values()})) + _marks(layout, "c{}", 0, amounts)
    names = [f"'c{position}': 'VARCHAR'" for position in range(len(layout.names))]
    dialect = f"{_DIALECT}, delim = {literal(delimiter)}, quote = '\"', escape = '\"'"
    if lines := _lines_of_records(con, text, layout, delimiter):
        try:
            con.execute(
                f"CREATE OR REPLACE TEMP TABLE {relation}_lines AS SELECT {chosen} FROM "
                f"read_csv({literal(str(text.path))}, {dialect}, columns = {{{', '.join(names)}}})"
            )
        except duckdb.IOException:
            raise
        except duckdb.Error:  # which line it is, and what is wrong with it, is found below
            pass
        else:
            if con.execute(f"SELECT count(*) FROM {relation}_lines").fetchone() == (lines,):
                _view_lines(con, relation, "rowid + 1", wanted, amounts, f"rowid >= {layout.header}")
                return ()
    numbered = scratch / f"{relation}.txt"
    malformed = number_records(text, delimiter, len(layout.names), numbered)
    names.insert(0, "'line': 'BIGINT'")
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {relation}_lines AS SELECT line, {chosen} FROM "
        f"read_csv({literal(str(numbered))}, {dialect}, columns = {{{', '.join(names)}}})"
    )
    _view_lines(con, relation, "line", wanted, amounts, f"line > {layout.header}")
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
        f"SELECT count(*), count(*) FILTER (WHERE regexp_full_match(line, {literal(record)})) FROM {_lines(text)}"
    ).fetchone() or (0, 1)
    return int(lines) if lines == records else 0


def _marks(layout: TextLayout, column: str, first: int, amounts: frozenset[str] | None) -> str:
    if amounts is None:
        return ""
    cells = {name: column.format(position) for position, name in enumerate(layout.names, first)}
    return row_marks(cells.values(), [cells[name] for name in amounts])
