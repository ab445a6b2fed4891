"""Where a table comes from: a file, an installed package, a query over files, or a database.

`read_table` finds the source and lays its columns, under our names and unparsed, into a DuckDB relation. Nothing here
judges a value; what does not exist (a file, a package, a column) raises `BadInput` and names the nearest that does.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from importlib.metadata import packages_distributions
from importlib.util import find_spec
from pathlib import Path

import duckdb
import ibis
import sqlglot
from sqlglot import exp

from cxvalue.errors import BadInput, Problem, nearest
from cxvalue.study import ReadOptions, TableSource
from cxvalue.tables.contracts import CONTRACTS, TableContract
from cxvalue.tables.decode import TextFile, open_text
from cxvalue.tables.sql import ROW, literal, quoted
from cxvalue.tables.textfile import TextLayout, load_text

__all__ = ["RawTable", "connect", "map_columns", "read_table", "source_files"]


@dataclass(frozen=True, slots=True)
class RawTable:
    """A table as the source has it: our columns, unparsed, in the DuckDB relation `relation`.

    `types` maps each column to its DuckDB type (VARCHAR for everything in a text file) and `theirs` to its name in the
    source; `extra` are the columns outside the contract. The column ``__row__`` is the line of a text file, else the
    number of the row. `malformed` are the lines that could not be split into the columns.
    """

    name: str
    relation: str
    types: dict[str, str]
    theirs: dict[str, str]
    extra: tuple[str, ...] = ()
    malformed: tuple[tuple[int, str], ...] = ()
    text: TextFile | None = None
    read: ReadOptions = field(default_factory=ReadOptions)


@dataclass(frozen=True, slots=True)
class _Found:
    """A source that exists: its columns with their types, and how to lay some of them into a relation."""

    types: dict[str, str]
    build: Callable[[str, dict[str, str]], tuple[tuple[int, str], ...]]
    text: TextFile | None = None
    single: bool = False  # a text file that looks like one column only


def connect() -> ibis.backends.duckdb.Backend:
    """An engine in this process that never fetches an extension and works in UTC."""
    engine = ibis.duckdb.connect(autoinstall_known_extensions=False, autoload_known_extensions=False)
    engine.con.execute("SET TimeZone = 'UTC'")
    # What a query needed is given back at once, and not kept for the next one: it would count twice in the peak.
    engine.con.execute("SET allocator_flush_threshold = '1MB'")
    return engine


def read_table(con: duckdb.DuckDBPyConnection, name: str, source: TableSource, folder: Path, scratch: Path) -> RawTable:
    """Lay a table's columns, unparsed and under our names, into the relation ``raw_<name>``.

    `folder` is where relative paths start; `scratch` an existing folder for transcoded copies, which must outlive the
    relation. Raises `BadInput` for whatever does not exist or cannot be opened.
    """
    where = f"tables.{name}"
    if source.database is not None:
        found = _database(con, source, where)
    elif source.query is not None:
        found = _query(con, name, source, folder, scratch, where)
    else:
        base = _base(source, folder, where)
        found = _file(con, base / str(source.path), str(source.path), source.read, scratch, where)
    columns, extra = map_columns(CONTRACTS[name], source, tuple(found.types), where, found.single)
    relation = f"raw_{name}"
    try:
        malformed = found.build(relation, columns)
    except duckdb.Error as error:
        raise BadInput(
            [Problem(where, f"could not be read: {_first_line(error)}", "Check tables' read: options.")]
        ) from None
    return RawTable(
        name,
        relation,
        {ours: found.types[theirs] for ours, theirs in columns.items()},
        columns,
        extra,
        malformed,
        found.text,
        source.read,
    )


def source_files(source: TableSource, folder: Path) -> list[Path]:
    """The files that a source reads, whether they exist or not; none for a database or a package that is missing."""
    if source.database is not None:
        return []
    try:
        base = _base(source, folder, "")
    except BadInput:
        return []
    return [base / shown for shown in (source.files or {"": str(source.path)}).values()]


def map_columns(
    contract: TableContract, source: TableSource, found: tuple[str, ...], where: str, single: bool = False
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Say which of the source's columns is which of ours; raises `BadInput` for every column that is missing.

    Columns of ours that the study does not mention are picked up under their very name. Where the contract allows extra
    columns, all others of the source are kept under their own names.
    """
    problems: list[Problem] = []
    listed = f"Columns found: {', '.join(found)}."
    columns: dict[str, str] = {}
    for ours, theirs in source.columns.items():
        if ours not in contract.names and not contract.extra_columns:
            problems.append(Problem(f"{where}.columns.{ours}", "unknown column.", nearest(ours, contract.names)))
        elif theirs not in found:
            remedy = nearest(theirs, found)
            remedy = f"{remedy} {listed}" if remedy.startswith("Did") else listed
            problems.append(Problem(f"{where}.columns.{ours}", f"the source has no column {theirs!r}.", remedy))
        else:
            columns[ours] = theirs
    mentioned = set(source.columns)
    columns |= {name: name for name in contract.names if name in found and name not in mentioned}
    for name in contract.required:
        if name not in columns and name not in mentioned:
            remedy = f"Say which it is under '{where}: columns: {{{name}: …}}'. {listed}"
            if single:
                remedy += " If blanks separate the columns, write read: {delimiter: whitespace}."
            problems.append(Problem(where, f"has no column {name!r}.", remedy))
    if problems:
        raise BadInput(problems)
    extra: list[str] = [name for name in columns if name not in contract.names]
    if contract.extra_columns:
        used = set(columns.values())
        taken = {name.lower() for name in columns} | {ROW}
        for theirs in found:
            if theirs not in used:
                ours = theirs
                while ours.lower() in taken:
                    ours += "_2"
                taken.add(ours.lower())
                columns[ours] = theirs
                extra.append(ours)
    return columns, tuple(extra)


def _base(source: TableSource, folder: Path, where: str) -> Path:
    """The folder that a source's paths start from: the study's, or an installed package's, located without import."""
    if source.package is None:
        return folder
    try:
        spec = find_spec(source.package)
    except (ModuleNotFoundError, ValueError):
        spec = None
    if spec is None or not spec.submodule_search_locations:
        close = nearest(source.package, sorted(packages_distributions()))
        remedy = (
            f"{close} Or install it: pip install {source.package}."
            if close.startswith("Did")
            else (f"Install it: pip install {source.package}.")
        )
        raise BadInput([Problem(f"{where}.package", f"no package {source.package!r} is installed.", remedy)])
    return Path(spec.submodule_search_locations[0])


def _existing(path: Path, shown: str, where: str) -> Path:
    if path.is_file():
        return path
    if path.is_dir():
        raise BadInput([Problem(where, f"{shown!r} is a folder.", "Name one file in it.")])
    parent = path.parent
    if not parent.is_dir():
        raise BadInput([Problem(where, f"there is no folder for {shown!r}.", "Paths start from the study file.")])
    names = sorted(item.name for item in parent.iterdir() if item.is_file() and not item.name.startswith("."))
    remedy = nearest(path.name, names) if names else "Its folder holds no files."
    raise BadInput([Problem(where, f"there is no file {shown!r}.", remedy.replace("Allowed", "Files there"))])


def _file(
    con: duckdb.DuckDBPyConnection, path: Path, shown: str, read: ReadOptions, scratch: Path, where: str
) -> _Found:
    path = _existing(path, shown, f"{where}.path")
    ending = path.suffix.lower()
    if (read.format or ("parquet" if ending in (".parquet", ".pq") else "text")) == "parquet":
        return _parquet(con, path, shown, where)
    text = open_text(path, read.encoding, scratch, f"{where}: {shown}", read)
    if isinstance(text, Problem):
        raise BadInput([text])
    layout = TextLayout.of(text, read)
    if layout is None:
        raise BadInput([Problem(f"{where}: {shown}", "is empty.", "It needs a header line and rows.")])

    def build(relation: str, columns: dict[str, str]) -> tuple[tuple[int, str], ...]:
        return load_text(con, text, layout, relation, columns, scratch)

    return _Found(dict.fromkeys(layout.names, "VARCHAR"), build, text, single=len(layout.names) == 1)


def _parquet(con: duckdb.DuckDBPyConnection, path: Path, shown: str, where: str) -> _Found:
    scan = f"read_parquet({literal(str(path))}, file_row_number = true)"
    try:
        types = {str(row[0]): str(row[1]) for row in con.execute(f"DESCRIBE SELECT * FROM {scan}").fetchall()}
    except duckdb.Error:
        problem = Problem(f"{where}: {shown}", "is no parquet file.", "For text write read: {format: csv}.")
        raise BadInput([problem]) from None
    del types["file_row_number"]

    def build(relation: str, columns: dict[str, str]) -> tuple[tuple[int, str], ...]:
        chosen = "".join(f", {quoted(theirs)} AS {quoted(ours)}" for ours, theirs in columns.items())
        con.execute(
            f"CREATE OR REPLACE TEMP VIEW {relation} AS SELECT file_row_number + 1 AS {ROW}{chosen} FROM {scan}"
        )
        return ()

    return _Found(types, build)


def _query(
    con: duckdb.DuckDBPyConnection, name: str, source: TableSource, folder: Path, scratch: Path, where: str
) -> _Found:
    """Run the one SELECT of a source over views of its named files, and nothing else."""
    files: Mapping[str, str] = source.files or {}
    query = str(source.query)
    problems = _query_problems(con, query, tuple(files), f"{where}.query")
    views: list[str] = []
    base = _base(source, folder, where)
    malformed: tuple[tuple[int, str], ...] = ()
    for alias, shown in files.items():
        try:
            part = _file(con, base / shown, shown, source.read, scratch, f"{where}.files.{alias}")
        except BadInput as error:
            problems += [replace(problem, where=problem.where.removesuffix(".path")) for problem in error.problems]
            continue
        relation = f"part_{name}_{len(views)}"
        malformed += part.build(relation, {column: column for column in part.types})
        con.execute(f"CREATE OR REPLACE TEMP VIEW {quoted(alias)} AS SELECT * EXCLUDE ({ROW}) FROM {relation}")
        views.append(alias)
    if problems:
        raise BadInput(problems)
    target = f"source_{name}"
    try:
        con.execute(f"CREATE OR REPLACE TEMP TABLE {target} AS SELECT row_number() OVER () AS {ROW}, * FROM ({query})")
    except duckdb.Error as error:
        raise BadInput(
            [Problem(f"{where}.query", f"the engine says: {_first_line(error)}", "Correct the query.")]
        ) from None
    finally:
        for alias in views:
            con.execute(f"DROP VIEW IF EXISTS {quoted(alias)}")
    types = {str(row[0]): str(row[1]) for row in con.execute(f"DESCRIBE {target}").fetchall() if row[0] != ROW}

    def build(relation: str, columns: dict[str, str]) -> tuple[tuple[int, str], ...]:
        _select(con, relation, target, columns)
        return malformed

    return _Found(types, build)


def _query_problems(con: duckdb.DuckDBPyConnection, query: str, files: tuple[str, ...], where: str) -> list[Problem]:
    """Refuse everything but one SELECT that reads the named files only."""
    allowed = f"A query is one SELECT over the files named: {', '.join(files)}."
    try:
        statements = con.extract_statements(query)
        trees = sqlglot.parse(query, read="duckdb")
    except (duckdb.Error, sqlglot.errors.SqlglotError) as error:
        return [Problem(where, f"cannot be understood: {_first_line(error)}", allowed)]
    tree = trees[0] if trees else None
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT or not isinstance(tree, exp.Query):
        return [Problem(where, "is not one SELECT.", allowed)]
    known = {*files, *(cte.alias for cte in tree.find_all(exp.CTE))}
    for table in tree.find_all(exp.Table):
        plain = isinstance(table.this, exp.Identifier) and not table.db
        if not plain:
            return [Problem(where, f"reads from {table.sql(dialect='duckdb')!r}.", allowed)]
        if table.name.lower() not in {item.lower() for item in known}:
            return [Problem(where, f"reads from {table.name!r}.", f"{nearest(table.name, files)} {allowed}")]
    return []


def _database(con: duckdb.DuckDBPyConnection, source: TableSource, where: str) -> _Found:
    """A table of any database that ibis can reach; its address is only ever in the environment and never shown."""
    variable = str(source.database)[2:-1]
    url = os.environ.get(variable)
    if not url:
        remedy = f"Set it before the run: export {variable}=…"
        raise BadInput([Problem(f"{where}.database", f"the environment has no variable {variable!r}.", remedy)])
    *schema, table_name = str(source.table).split(".")
    try:
        warehouse = ibis.connect(url)
    except Exception:  # its text may hold the address, which holds the password
        remedy = "Check the address, and that its driver is installed."
        raise BadInput(
            [Problem(f"{where}.database", f"the address in {variable!r} cannot be opened.", remedy)]
        ) from None
    try:
        table = warehouse.table(table_name, database=tuple(schema) or None)
        types = dict.fromkeys(table.columns, "")
    except Exception:
        try:
            names = sorted(warehouse.list_tables(database=tuple(schema) or None))
        except Exception:
            names = []
        remedy = nearest(table_name, names).replace("Allowed", "Tables there") if names else "Check its name."
        raise BadInput([Problem(f"{where}.table", f"there is no table {source.table!r}.", remedy)]) from None

    def build(relation: str, columns: dict[str, str]) -> tuple[tuple[int, str], ...]:
        try:
            batches = table.select(*dict.fromkeys(columns.values())).to_pyarrow_batches()
            con.register("incoming", batches)
            con.execute(
                f"CREATE OR REPLACE TEMP TABLE source_{relation} AS "
                f"SELECT row_number() OVER () AS {ROW}, * FROM incoming"
            )
            con.unregister("incoming")
        except Exception:
            problem = Problem(f"{where}.table", "its rows could not be read.", "Check the rights of the user.")
            raise BadInput([problem]) from None
        described = con.execute(f"DESCRIBE source_{relation}").fetchall()
        types.update({str(row[0]): str(row[1]) for row in described if row[0] != ROW})
        _select(con, relation, f"source_{relation}", columns)
        return ()

    return _Found(types, build)


def _select(con: duckdb.DuckDBPyConnection, relation: str, source: str, columns: dict[str, str]) -> None:
    chosen = "".join(f", {quoted(theirs)} AS {quoted(ours)}" for ours, theirs in columns.items())
    con.execute(f"CREATE OR REPLACE TEMP VIEW {relation} AS SELECT {ROW}{chosen} FROM {source}")


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") + "." if lines else "no reason given."
