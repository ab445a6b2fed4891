"""Tables of a SQLite or DuckDB file, opened to read only."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote

import duckdb

from cxvalue.foundation.errors import BadInput, nearest
from cxvalue.language.catalogue import translate
from cxvalue.language.words import enumerated
from cxvalue.tables.read.sql import literal, quoted

_ATTACHED = count()


def is_sqlite(start: bytes) -> bool:
    """Whether a file begins as SQLite's do."""
    return start.startswith(b"SQLite format 3\x00")


def is_duckdb(start: bytes) -> bool:
    """Whether a file begins as DuckDB's do."""
    return start[8:12] == b"DUCK"


def choose_table(names: list[str], wanted: str | None, where: str) -> str:
    """The table that the study names, or the only one; raises `BadInput` with those there are."""
    listed = enumerated(repr(name) for name in names[:12]) or translate("none")
    if wanted is not None and wanted not in names:
        tables = translate("Tables in it: {names}.", names=listed)
        found = translate("has no table {table!r}.", table=wanted)
        raise BadInput.at(where, found, f"{nearest(wanted, names)} {tables}")
    if wanted is None and len(names) != 1:
        found = translate("contains {tables:,} tables.", tables=len(names))
        raise BadInput.at(where, found, translate("Write 'table:' with one of them: {names}.", names=listed))
    return wanted or names[0]


def sqlite_tables(path: Path, where: str) -> dict[str, tuple[str, ...]]:
    """The tables and views of a SQLite file with their columns, in order of name."""
    journal = path.with_name(f"{path.name}-wal")
    if journal.is_file() and journal.stat().st_size:
        busy = translate("is open in another program, with changes not yet saved in it.")
        raise BadInput.at(where, busy, translate("Close that program, or copy the file and name the copy."))
    with closing(_opened(path)) as con:
        try:
            found = con.execute(
                "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%' ORDER BY 1"
            ).fetchall()
            return {
                str(name): tuple(row[1] for row in con.execute(f"PRAGMA table_info({quoted(name)})"))
                for (name,) in found
            }
        except sqlite3.Error as error:
            broken = translate("is a SQLite file that cannot be read: {error}.", error=error)
            raise BadInput.at(where, broken, translate("Export it again.")) from None


def sqlite_rows(path: Path, table: str) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """The rows of a table of a SQLite file, numbered."""
    with closing(_opened(path)) as con:
        for number, row in enumerate(con.execute(f"SELECT * FROM {quoted(table)}"), start=1):
            yield number, tuple(cell.hex() if isinstance(cell, bytes) else cell for cell in row)


def attach_duckdb(con: duckdb.DuckDBPyConnection, path: Path, where: str) -> tuple[str, list[str]]:
    """Attach a DuckDB file to read only: the name it goes by, and its tables."""
    name = f"attached_{next(_ATTACHED)}"
    try:
        con.execute(f"ATTACH {literal(str(path))} AS {name} (READ_ONLY)")
    except duckdb.Error:
        remedy = translate("It may be open elsewhere, or written by another version: export the table as parquet.")
        raise BadInput.at(where, translate("is a DuckDB file that cannot be opened."), remedy) from None
    found = con.execute(
        f"SELECT table_name FROM duckdb_tables() WHERE database_name = '{name}' "
        f"UNION SELECT view_name FROM duckdb_views() WHERE database_name = '{name}' AND NOT internal ORDER BY 1"
    ).fetchall()
    return name, [str(row[0]) for row in found]


def _opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(path.resolve()))}?mode=ro&immutable=1", uri=True)
