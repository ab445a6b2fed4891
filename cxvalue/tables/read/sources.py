"""Where a table comes from: a file, an installed package, a query over files, or a database.

`read_table` finds the source and lays its columns, under our names and unparsed, into a DuckDB relation. Nothing here
judges a value; what does not exist (a file, a package, a column) raises `BadInput` and names the nearest that does.
"""

from __future__ import annotations

import csv
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

import duckdb
import ibis
import psutil
import sqlglot
from sqlglot import exp

from cxvalue.foundation.errors import BadInput, Problem, nearest
from cxvalue.study import ReadOptions, TableSource
from cxvalue.study.places import source_folder
from cxvalue.tables.read.aside import BESIDE, columns_aside
from cxvalue.tables.read.decode import TextFile
from cxvalue.tables.read.files import FILE_STRIDE, Found, matching
from cxvalue.tables.read.formats import chosen_sql, files_of, open_files
from cxvalue.tables.read.schema import CONTRACTS, TableContract
from cxvalue.tables.read.shape import MADE, shape
from cxvalue.tables.read.sql import LINE, ROW, SAME, literal, quoted, row_marks

__all__ = ["RawTable", "connect", "map_columns", "read_table", "unreadable"]

LEAST_MEMORY_MB = 600
"""What 12 million purchases needed; with less, the engine spills."""

DAY_S = 24 * 3600

_SPILLS = count()
_AMOUNTS = ("revenue", "margin", "discount")


@dataclass(frozen=True, slots=True)
class RawTable:
    """A table as the source has it: our columns, unparsed, in the DuckDB relation `relation`.

    `types` maps each column to its DuckDB type (VARCHAR for everything in a text file) and `theirs` to its name in the
    source; `extra` are the columns outside the contract. The column ``__row__`` is the line of a text file, else the
    number of the row; those of a further file go on at the next multiple of `FILE_STRIDE`. `malformed` are the lines
    that could not be split into the columns. `texts` and `files` are the files as text, where they are text, and by name.
    Where `marked` the columns ``__line__`` and ``__same__`` tell which rows are equal in every column of the source, mapped
    or not, and in all of them but the amounts. `left_out` are rows of the source that the study's keys leave aside (a key
    of `shape.REASONS`, words, how many), `made` the refunds that were made of rows, `notes` what else was done. `every` are
    all columns of the source, unless a query chose them; `watched` says that the study wrote its mapping by hand, and then
    `beside` names columns that it left aside (see `aside`), which stand in the relation by their roles.
    """

    name: str
    relation: str
    types: dict[str, str]
    theirs: dict[str, str]
    extra: tuple[str, ...] = ()
    malformed: tuple[tuple[int, str], ...] = ()
    texts: tuple[TextFile, ...] = ()
    files: tuple[str, ...] = ()
    read: ReadOptions = field(default_factory=ReadOptions)
    fixed: TableContract | None = None  # for a table that is none of a study's own
    marked: bool = False
    left_out: tuple[tuple[str, str, int], ...] = ()
    made: int = 0
    notes: tuple[str, ...] = ()
    every: tuple[str, ...] = ()
    beside: dict[str, str] = field(default_factory=dict)
    watched: bool = False

    @property
    def contract(self) -> TableContract:
        """What the columns are held to."""
        return self.fixed or CONTRACTS[self.name]

    def place(self, row: int) -> str:
        """Where a row stands, in words: its line or its number, with the file where there are several."""
        file, number = divmod(row, FILE_STRIDE)
        named = f"{self.files[file]} " if len(self.files) > 1 else ""
        made = "the refund in " if number >= MADE else ""
        return f"{made}{named}{'line' if self.texts else 'row'} {number % MADE}"

    def shown(self, con: duckdb.DuckDBPyConnection, rows: tuple[int, ...]) -> tuple[str, ...]:
        """Some rows as the source has them, each after its place: the line of a text file, else the columns of ours."""
        if self.texts:
            said = []
            for row in rows:
                file, number = divmod(row, FILE_STRIDE)
                line = self.texts[file].lines({number % MADE}).get(number % MADE, "").strip()
                said.append(f"{self.place(row)}: {line[:160]}")
            return tuple(said)
        names = [name for name in self.types if name not in self.extra]
        chosen = ", ".join(f"CAST({quoted(name)} AS VARCHAR)" for name in names)
        found = con.execute(
            f"SELECT {ROW}, {chosen} FROM {self.relation} WHERE {ROW} IN ({', '.join(map(str, rows))}) ORDER BY {ROW}"
        ).fetchall()
        return tuple(
            f"{self.place(values[0])}: "
            + ", ".join(
                f"{name}={'' if value is None else value}" for name, value in zip(names, values[1:], strict=True)
            )
            for values in found
        )


def connect() -> ibis.backends.duckdb.Backend:
    """An engine in this process that never fetches an extension and works in UTC.

    It takes half of the memory that is free now, 600 MB at least, and spills what needs more into a folder that only this
    user can open and that goes with the connection.
    """
    engine = ibis.duckdb.connect(autoinstall_known_extensions=False, autoload_known_extensions=False)
    engine.con.execute("SET TimeZone = 'UTC'")
    engine.con.execute("SET enable_progress_bar = false")  # it would be drawn over what other programs read
    limit = max(LEAST_MEMORY_MB, psutil.virtual_memory().available // 2**21)
    engine.con.execute(f"SET memory_limit = '{limit}MB'")
    engine.con.execute(f"SET temp_directory = {literal(_spill_folder())}")
    # What a query needed is given back at once, and not kept for the next one: it would count twice in the peak.
    engine.con.execute("SET allocator_flush_threshold = '1MB'")
    return engine


def _spill_folder() -> str:
    """A folder for one connection, below one that only this user can open; the engine makes it and takes it away.

    What a process that was killed left behind goes a day later.
    """
    private = Path(tempfile.gettempdir()) / f"cxvalue-{os.getuid()}"
    with suppress(FileExistsError):
        private.mkdir(mode=0o700)
    about = private.lstat()
    if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.getuid() or about.st_mode & 0o077:
        private = Path(tempfile.mkdtemp(prefix="cxvalue-"))
    for left in private.glob("spill-*"):
        if time.time() - left.stat().st_mtime > DAY_S and not psutil.pid_exists(int(left.name.split("-")[1])):
            shutil.rmtree(left, ignore_errors=True)
    return str(private / f"spill-{os.getpid()}-{next(_SPILLS)}")


def read_table(
    con: duckdb.DuckDBPyConnection,
    name: str,
    source: TableSource,
    folder: Path,
    scratch: Path,
    zone: str | None = None,
    contract: TableContract | None = None,
    currency: str | None = None,
) -> RawTable:
    """Lay a table's columns, unparsed and under our names, into the relation ``raw_<name>``.

    `folder` is where relative paths start; `scratch` an existing folder for transcoded copies, which must outlive the
    relation. Moments of a parquet file become local ones, in `zone` or else in the zone that its column states. `contract`
    stands for that of the name, `currency` is the study's. Raises `BadInput` for what does not exist or cannot be opened.
    """
    where = f"tables.{name}" if contract is None else name
    try:
        if source.database is not None:
            found = _database(con, source, where)
        elif source.query is not None:
            found = _query(con, name, source, folder, scratch, where, zone)
        else:
            base = source_folder(source, folder, where)
            found = _file(con, base, source.paths, source, scratch, where, zone)
        every = () if source.query is not None else tuple(found.types)
        watched = name == "transactions" and contract is None and source.path is not None and source.layout is None
        beside = columns_aside([one for one in every if one not in found.faults], source) if watched else {}
        if source.is_shaped:
            found, source = shape(con, name, found, source, where, currency)
    except (csv.Error, duckdb.Error, OSError) as error:
        raise BadInput([unreadable(where, error)]) from None
    columns, extra = map_columns(contract or CONTRACTS[name], source, tuple(found.types), where, found.single)
    if nested := [
        _nested(where, theirs, found.types[theirs]) for theirs in columns.values() if _is_nested(found.types[theirs])
    ]:
        raise BadInput(nested)
    relation, marked = f"raw_{name}", name == "transactions"
    amounts = frozenset(columns[ours] for ours in _AMOUNTS if ours in columns) if marked else None
    try:
        malformed = found.build(relation, {**columns, **{BESIDE + role: one for role, one in beside.items()}}, amounts)
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
        found.texts,
        found.names,
        source.read,
        contract,
        marked,
        tuple(found.left_out),
        found.made,
        found.notes,
        every,
        beside,
        watched,
    )


def unreadable(where: str, error: Exception) -> Problem:
    """The problem of a source that cannot be opened or read, by what the reader said of it."""
    if isinstance(error, csv.Error):
        told = "is no table of text: " + str(error).replace("field larger than field limit", "a field is longer than")
        return Problem(where, f"{told}.", "Look at what the file is, and export the table again.")
    if isinstance(error, OSError):
        told = (error.strerror or "it cannot be opened").lower()
        return Problem(where, f"could not be opened: {told}.", "Look at the path, at rights and at free space.")
    return Problem(where, f"could not be read: {_first_line(error)}", "The file may be damaged: export it again.")


def _is_nested(kind: str) -> bool:
    return kind.endswith("]") or kind.upper().startswith(("STRUCT", "MAP", "UNION", "LIST"))


def _nested(where: str, column: str, kind: str) -> Problem:
    found = f"the column {column!r} holds lists or structures ({kind}), and one value a row is needed."
    return Problem(where, found, "Map another column, or take the value out of it with a query.")


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


def _file(
    con: duckdb.DuckDBPyConnection,
    base: Path,
    listed: tuple[str, ...],
    source: TableSource,
    scratch: Path,
    where: str,
    zone: str | None,
) -> Found:
    """The file of a path, all that fit a pattern or lie in a folder, or all of a list, as one source."""
    paths: dict[Path, str] = {}
    for shown in listed:
        found = matching(base, shown, f"{where}.path")
        paths |= {path: shown if path == base / shown else path.name for path in found if path not in paths}
    names = list(paths.values())
    if len(set(names)) < len(names):
        names = [f"{path.parent.name}/{path.name}" for path in paths]
    files = [
        one for path, name in zip(paths, names, strict=True) for one in files_of(path, name, source, scratch, where)
    ]
    return open_files(con, files, source, scratch, where if len(files) == 1 else f"{where}.path", zone)


def _query(
    con: duckdb.DuckDBPyConnection,
    name: str,
    source: TableSource,
    folder: Path,
    scratch: Path,
    where: str,
    zone: str | None,
) -> Found:
    """Run the one SELECT of a source over views of its named files, and nothing else."""
    files: Mapping[str, str] = source.files or {}
    query = str(source.query)
    problems = _query_problems(con, query, tuple(files), f"{where}.query")
    views: list[str] = []
    base = source_folder(source, folder, where)
    malformed: tuple[tuple[int, str], ...] = ()
    given: list[str] = []
    for alias, shown in files.items():
        try:
            part = _file(con, base, (shown,), source, scratch, f"{where}.files.{alias}", zone)
        except BadInput as error:
            problems += [replace(problem, where=problem.where.removesuffix(".path")) for problem in error.problems]
            continue
        relation = f"part_{name}_{len(views)}"
        malformed += part.build(relation, {column: column for column in part.types}, None)
        con.execute(f"CREATE OR REPLACE TEMP VIEW {quoted(alias)} AS SELECT * EXCLUDE ({ROW}) FROM {relation}")
        views.append(alias)
        rows: Any = con.execute(f"SELECT count(*) FROM {relation}").fetchone()
        given.append(f"{rows[0]:,} rows of {shown!r}")
    if problems:
        raise BadInput(problems)
    target = f"source_{name}"
    try:
        con.execute(f"SET TimeZone = {literal(zone or 'UTC')}")  # in which the query takes the day of a moment
        con.execute(f"CREATE OR REPLACE TEMP TABLE {target} AS SELECT row_number() OVER () AS {ROW}, * FROM ({query})")
    except duckdb.Error as error:
        raise BadInput(
            [Problem(f"{where}.query", f"the engine says: {_first_line(error)}", "Correct the query.")]
        ) from None
    finally:
        con.execute("SET TimeZone = 'UTC'")
        for alias in views:
            con.execute(f"DROP VIEW IF EXISTS {quoted(alias)}")
    types = {str(row[0]): str(row[1]) for row in con.execute(f"DESCRIBE {target}").fetchall() if row[0] != ROW}

    def build(relation: str, columns: dict[str, str], amounts: frozenset[str] | None) -> tuple[tuple[int, str], ...]:
        con.execute(
            f"CREATE OR REPLACE TEMP VIEW {relation} AS "
            f"SELECT {ROW}{chosen_sql(columns, tuple(types), amounts)} FROM {target}"
        )
        return malformed

    rows = con.execute(f"SELECT count(*) FROM {target}").fetchone()
    said = f"{name}: the query was given {' and '.join(given)}, and {rows[0]:,} came out of it."
    return Found(types, build, notes=(said,) if _filters(query) else ())


def _filters(query: str) -> bool:
    """Whether a query may leave rows out by a condition."""
    return any(tree is not None and tree.find(exp.Where) is not None for tree in sqlglot.parse(query, read="duckdb"))


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


def _database(con: duckdb.DuckDBPyConnection, source: TableSource, where: str) -> Found:
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

    def build(relation: str, columns: dict[str, str], amounts: frozenset[str] | None) -> tuple[tuple[int, str], ...]:
        mapped = dict.fromkeys(columns.values())
        # Columns that only tell equal rows apart come as text, whatever they hold, and go no further than the engine.
        others = [name for name in table.columns if name not in mapped] if amounts is not None else []
        try:
            asked = table.select(*mapped, **{name: table[name].cast("string") for name in others})
            con.register("incoming", asked.to_pyarrow_batches())
            kept = "".join(f", {quoted(name)}" for name in mapped)
            marks = "" if amounts is None else row_marks(map(quoted, (*mapped, *others)), map(quoted, amounts))
            con.execute(
                f"CREATE OR REPLACE TEMP TABLE source_{relation} AS "
                f"SELECT row_number() OVER () AS {ROW}{kept}{marks} FROM incoming"
            )
            con.unregister("incoming")
        except Exception:
            problem = Problem(f"{where}.table", "its rows could not be read.", "Check the rights of the user.")
            raise BadInput([problem]) from None
        described = con.execute(f"DESCRIBE source_{relation}").fetchall()
        types.update({str(row[0]): str(row[1]) for row in described if row[0] not in (ROW, LINE, SAME)})
        marks = "" if amounts is None else f", {LINE}, {SAME}"
        con.execute(
            f"CREATE OR REPLACE TEMP VIEW {relation} AS "
            f"SELECT {ROW}{chosen_sql(columns, (), None)}{marks} FROM source_{relation}"
        )
        return ()

    return Found(types, build)


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") + "." if lines else "no reason given."
