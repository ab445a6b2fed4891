"""One file, whatever it is, as a source: its content says how to read it, never the ending of its name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path

import duckdb

from cxvalue.foundation.errors import BadInput, Problem
from cxvalue.language.catalogue import translate
from cxvalue.study import TableSource
from cxvalue.study.fingerprints import hash_of_file
from cxvalue.tables.read.cells import laid_columns, lay
from cxvalue.tables.read.database_file import (
    attach_duckdb,
    choose_table,
    is_duckdb,
    is_sqlite,
    sqlite_rows,
    sqlite_tables,
)
from cxvalue.tables.read.decode import open_text
from cxvalue.tables.read.files import Found, laid_as, together
from cxvalue.tables.read.json_lines import is_json, json_columns, json_rows
from cxvalue.tables.read.moments import ZONED, local_moment, local_moments
from cxvalue.tables.read.sql import ROW, described, literal, quoted, row_marks
from cxvalue.tables.read.textfile import TextLayout, load_text
from cxvalue.tables.read.unpack import unpack_stream, unpack_zip
from cxvalue.tables.read.workbook import is_workbook, open_workbook

_LAID = count()
_WEB = (b"<html", b"<!doc", b"<tabl", b"<?xml", b"<meta")


def read_start(path: Path) -> bytes:
    """The first bytes of a file, which tell what it is."""
    with path.open("rb") as file:
        return file.read(16)


def compression(start: bytes) -> str | None:
    """How a file is compressed by its first bytes; None where it is not."""
    return "gzip" if start.startswith(b"\x1f\x8b") else "zstd" if start.startswith(b"\x28\xb5\x2f\xfd") else None


def files_of(path: Path, shown: str, source: TableSource, scratch: Path, where: str) -> list[tuple[str, Path]]:
    """A file by name, or what is packed in it, unpacked into `scratch`."""
    start = read_start(path)
    packed = compression(start)
    if packed is not None:
        return [(shown, unpack_stream(path, packed, scratch, f"{where}: {shown}"))]
    if start.startswith(b"PK") and not is_workbook(path, start):
        return unpack_zip(path, source.member, scratch, f"{where}: {shown}")
    return [(shown, path)]


def open_files(
    con: duckdb.DuckDBPyConnection,
    files: Sequence[tuple[str, Path]],
    source: TableSource,
    scratch: Path,
    where: str,
    zone: str | None,
) -> Found:
    """Files by name as one source; raises `BadInput` when one cannot be read, is a copy of another, or they disagree."""
    files, copies = _without_copies(files, source, where)
    parts = [
        _renamed(_open(con, path, name, one, scratch, where, zone), source.same)
        for shown, path in files
        for name, one in _sheets(shown, source)
    ]
    found = parts[0] if len(parts) == 1 else together(con, parts, where)
    for shown, path in copies:
        rows = sum(
            _count(con, _open(con, path, name, one, scratch, where, zone)) for name, one in _sheets(shown, source)
        )
        found.left_out.append(("copy", translate("rows of {file}, a copy of another file", file=repr(shown)), rows))
    return found


def _sheets(shown: str, source: TableSource) -> list[tuple[str, TableSource]]:
    """A source for each of several sheets that make one table, by name; else the source itself."""
    if len(source.sheets) < 2:
        return [(shown, source)]
    return [(f"{shown}, {title}", source.model_copy(update={"sheet": title})) for title in source.sheets]


def _without_copies(
    files: Sequence[tuple[str, Path]], source: TableSource, where: str
) -> tuple[list[tuple[str, Path]], list[tuple[str, Path]]]:
    """Files of which each content stands once, and the others."""
    kept: list[tuple[str, Path]] = []
    copies: list[tuple[str, Path]] = []
    problems: list[Problem] = []
    first: dict[tuple[int, str], str] = {}
    sizes = [path.stat().st_size for _, path in files]
    for (shown, path), size in zip(files, sizes, strict=True):
        key = (size, "" if sizes.count(size) == 1 else hash_of_file(path))
        if key not in first:
            first[key] = shown
            kept.append((shown, path))
            continue
        copies.append((shown, path))
        found = translate("{file!r} is a copy of {other!r}.", file=shown, other=first[key])
        remedy = translate("Remove one of them, or write 'copies: leave_out' below the path.")
        problems.append(Problem(where, found, remedy))
    if problems and source.copies == "refuse":
        raise BadInput(problems)
    return kept, copies


def _renamed(found: Found, same: dict[str, str]) -> Found:
    """A source whose columns have the names that the study gives them."""
    back = {new: old for old, new in same.items() if old in found.types and new not in found.types}
    if not back:
        return found
    types = {same.get(name, name) if same.get(name) in back else name: kind for name, kind in found.types.items()}

    def build(relation: str, columns: dict[str, str], amounts: frozenset[str] | None) -> tuple[tuple[int, str], ...]:
        theirs = {ours: back.get(name, name) for ours, name in columns.items()}
        money = None if amounts is None else frozenset(back.get(name, name) for name in amounts if name in types)
        return found.build(relation, theirs, money)

    return replace(found, types=types, build=build)


def _count(con: duckdb.DuckDBPyConnection, found: Found) -> int:
    relation = f"counted_{next(_LAID)}"
    malformed = found.build(relation, {}, None)
    row = con.execute(f"SELECT count(*) FROM {relation}").fetchone() or (0,)
    return int(row[0]) + len(malformed)


def _open(
    con: duckdb.DuckDBPyConnection,
    path: Path,
    shown: str,
    source: TableSource,
    scratch: Path,
    where: str,
    zone: str | None,
) -> Found:
    place, start = f"{where}: {shown}", read_start(path)
    ending = path.suffix.lower()
    columnar = start.startswith(b"PAR1") or ending in (".parquet", ".pq")
    if source.read.format == "parquet" or (columnar and source.read.format is None):
        return _parquet(con, path, shown, where, zone)
    if is_workbook(path, start):
        return _workbook(con, path, shown, source, place)
    if is_sqlite(start):
        tables = sqlite_tables(path, place)
        table = choose_table(list(tables), source.table, place)
        laid = lay(con, f"laid_{next(_LAID)}", tables[table], sqlite_rows(path, table))
        return laid_columns(con, laid, names=(shown,))
    if is_duckdb(start):
        return _duckdb(con, path, shown, source, place, zone)
    if start.lstrip().lower().startswith(_WEB):
        found = translate("is a web page or XML, whatever its name says.")
        raise BadInput.at(place, found, translate("Open it in a spreadsheet program and save it as xlsx or CSV."))
    if source.read.format is None and is_json(path):
        names = json_columns(path, place)
        laid = lay(con, f"laid_{next(_LAID)}", names, json_rows(path, names, place))
        return laid_columns(con, laid, names=(shown,))
    if source.table is not None or source.sheet is not None:
        key = "table" if source.table is not None else "sheet"
        raise BadInput.at(place, translate("is text, one table."), translate("Leave out '{key}:'.", key=key))
    return _text(con, path, shown, source, scratch, place)


def _text(
    con: duckdb.DuckDBPyConnection, path: Path, shown: str, source: TableSource, scratch: Path, place: str
) -> Found:
    text = open_text(path, source.read.encoding, scratch, place, source.read)
    if isinstance(text, Problem):
        raise BadInput([text])
    layout = TextLayout.of(text, source.read, source.header_row)
    if layout is None:
        found = (
            translate("has no line {line}.", line=source.header_row) if source.header_row else translate("is empty.")
        )
        raise BadInput.at(place, found, translate("It needs a header line and rows."))

    def build(relation: str, columns: dict[str, str], amounts: frozenset[str] | None) -> tuple[tuple[int, str], ...]:
        return load_text(con, text, layout, relation, columns, scratch, amounts)

    types = dict.fromkeys(layout.names, "VARCHAR")
    return Found(types, build, (text,), (shown,), single=len(layout.names) == 1, repeated=layout.repeated)


def _workbook(con: duckdb.DuckDBPyConnection, path: Path, shown: str, source: TableSource, place: str) -> Found:
    title = source.sheets[0] if source.sheets else None
    sheet = open_workbook(path, place).sheet(title, source.header_row, place)
    laid = lay(con, f"laid_{next(_LAID)}", sheet.names, sheet.rows())
    found = laid_columns(con, laid, names=(shown,))
    names, faults, repeated, notes = sheet.names, sheet.faults, sheet.repeated, sheet.notes
    del sheet  # its cells are many, and no longer needed

    def build(relation: str, columns: dict[str, str], amounts: frozenset[str] | None) -> tuple[tuple[int, str], ...]:
        wrong = [faults.said(names.index(theirs), theirs) for theirs in columns.values()]
        problems = [Problem(place, *said) for said in wrong if said is not None]
        if problems:
            raise BadInput(problems)
        return found.build(relation, columns, amounts)

    wrong = frozenset(name for column, name in enumerate(names) if faults.said(column, name) is not None)
    return Found(found.types, build, names=(shown,), cells=True, notes=notes, faults=wrong, repeated=repeated)


def _duckdb(
    con: duckdb.DuckDBPyConnection, path: Path, shown: str, source: TableSource, place: str, zone: str | None
) -> Found:
    name, tables = attach_duckdb(con, path, place)
    laid = f"laid_{next(_LAID)}"
    try:
        table = f"{name}.{quoted(choose_table(tables, source.table, place))}"
        con.execute(f"CREATE OR REPLACE TEMP TABLE {laid} AS SELECT row_number() OVER () AS {ROW}, * FROM {table}")
    finally:
        con.execute(f"DETACH {name}")
    types = described(con, laid)
    if zone is not None:
        local = {column for column, kind in types.items() if kind == ZONED}
        moved = ", ".join(f"{local_moment(quoted(column), zone)} AS {quoted(column)}" for column in local)
        if moved:
            con.execute(f"CREATE OR REPLACE TEMP TABLE {laid} AS SELECT * REPLACE ({moved}) FROM {laid}")
            types |= dict.fromkeys(local, "TIMESTAMP")
    return Found(types, laid_as(con, laid, types), names=(shown,))


def _parquet(con: duckdb.DuckDBPyConnection, path: Path, shown: str, where: str, zone: str | None) -> Found:
    scan = f"read_parquet({literal(str(path))}, file_row_number = true)"
    try:
        types = described(con, f"SELECT * FROM {scan}")
    except duckdb.Error:
        remedy = translate("For text write {line}.", line="read: {format: csv}")
        raise BadInput.at(f"{where}: {shown}", translate("is not a parquet file."), remedy) from None
    del types["file_row_number"]
    moments = local_moments(path, [name for name, kind in types.items() if kind == ZONED], zone)
    types.update(dict.fromkeys(moments, "TIMESTAMP"))

    def build(relation: str, columns: dict[str, str], amounts: frozenset[str] | None) -> tuple[tuple[int, str], ...]:
        chosen = "".join(
            f", {moments.get(theirs, quoted(theirs))} AS {quoted(ours)}" for ours, theirs in columns.items()
        )
        chosen += "" if amounts is None else row_marks(map(quoted, types), map(quoted, amounts))
        con.execute(
            f"CREATE OR REPLACE TEMP VIEW {relation} AS SELECT file_row_number + 1 AS {ROW}{chosen} FROM {scan}"
        )
        return ()

    return Found(types, build, names=(shown,))
