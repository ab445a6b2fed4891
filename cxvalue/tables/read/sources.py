"""Where a table comes from: a file, an installed package, a query over files, or a database.

`read_table` finds the source and lays its columns, under our names and unparsed, into a DuckDB relation. Nothing here
judges a value; what does not exist (a file, a package, a column) raises `BadInput` and names the nearest that does.
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import duckdb
import ibis

from cxvalue.engine.failures import said_of
from cxvalue.foundation.errors import BadInput, Problem, meant, nearest
from cxvalue.language.catalogue import translate
from cxvalue.language.words import enumerated
from cxvalue.study import ReadOptions, TableSource
from cxvalue.study.places import source_folder
from cxvalue.tables.read.aside import BESIDE, WATCHED, columns_aside, may_differ
from cxvalue.tables.read.decode import TextFile
from cxvalue.tables.read.files import FILE_STRIDE, Found, laid_as, matching
from cxvalue.tables.read.formats import files_of, open_files
from cxvalue.tables.read.limits import ended_in_time, filters, first_line, query_problems
from cxvalue.tables.read.schema import CONTRACTS, TableContract
from cxvalue.tables.read.shape import MADE, shape
from cxvalue.tables.read.sql import LINE, ROW, SAME, chosen_sql, described, literal, quoted, row_marks

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
        where = {
            "file": self.files[file] if self.files else "",
            "number": number % MADE,
        }  # rows of a database have none
        if len(self.files) > 1:
            place = (
                translate("{file} line {number}", **where) if self.texts else translate("{file} row {number}", **where)
            )
        else:
            place = translate("line {number}", **where) if self.texts else translate("row {number}", **where)
        return translate("the refund in {place}", place=place) if number >= MADE else place

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
        watched = name in WATCHED and contract is None and source.path is not None and source.layout is None
        beside = columns_aside([one for one in every if one not in found.faults], source, name) if watched else {}
        if source.is_shaped:
            found, source = shape(con, name, found, source, where, currency)
    except (csv.Error, duckdb.Error, OSError, UnicodeError, RecursionError) as error:
        raise BadInput([unreadable(where, error)]) from None
    columns, extra = map_columns(contract or CONTRACTS[name], source, tuple(found.types), where, found.single)
    repeated = found.repeated if source.layout is None else frozenset()
    if twice := [
        _repeated(where, theirs) for ours, theirs in columns.items() if theirs in repeated and ours not in extra
    ]:
        raise BadInput(twice)
    if nested := [
        _nested(where, theirs, found.types[theirs]) for theirs in columns.values() if _is_nested(found.types[theirs])
    ]:
        raise BadInput(nested)
    relation, marked = f"raw_{name}", name == "transactions"
    amounts = frozenset(columns[ours] for ours in _AMOUNTS if ours in columns) if marked else None
    amounts = None if amounts is None else amounts | may_differ(found.types, source)
    if "number" in beside:  # rows of one number are versions of one where they differ in nothing else
        amounts = may_differ(found.types, source, ("status", "version"))
    try:
        malformed = found.build(relation, {**columns, **{BESIDE + role: one for role, one in beside.items()}}, amounts)
    except duckdb.Error as error:
        found_broken = translate("could not be read: {said}", said=first_line(error))
        raise BadInput.at(where, found_broken, translate("Check tables' read: options.")) from None
    except (csv.Error, UnicodeError, RecursionError) as error:
        raise BadInput([unreadable(where, error)]) from None
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
        said = str(error)
        if limit := re.fullmatch(r"field larger than field limit \((\d+)\)", said):
            said = translate("a field is longer than {limit:,} characters", limit=int(limit[1]))
        found = translate("is not a table of text: {reason}.", reason=said)
        return Problem(where, found, translate("Check what kind of file it is, and export the table again."))
    if isinstance(error, OSError):
        found = (
            translate("could not be opened: {reason}.", reason=error.strerror.lower())
            if error.strerror
            else translate("could not be opened.")
        )
        return Problem(where, found, translate("Check the path, permissions and free space."))
    if isinstance(error, UnicodeError):
        return Problem(where, translate("is not UTF-8 text."), translate("Save it as UTF-8, or export it again."))
    if isinstance(error, RecursionError):
        found = translate("contains values nested too deeply.")
        return Problem(where, found, translate("Export it as a plain table."))
    found = translate("could not be read: {said}", said=first_line(error))
    return Problem(where, found, translate("The file may be damaged: export it again."))


def _repeated(where: str, column: str) -> Problem:
    found = translate(
        "two columns of the file are called {column!r}, and it is not clear which is meant.", column=column
    )
    return Problem(
        where,
        found,
        translate(
            "Rename one of them in the file, or map the second one by the name that it is read under, {second!r}.",
            second=f"{column}_2",
        ),
    )


def _is_nested(kind: str) -> bool:
    return kind.endswith("]") or kind.upper().startswith(("STRUCT", "MAP", "UNION", "LIST"))


def _nested(where: str, column: str, kind: str) -> Problem:
    found = translate(
        "the column {column!r} contains lists or structures ({kind}), and one value per row is needed.",
        column=column,
        kind=kind,
    )
    return Problem(where, found, translate("Map another column, or extract the value with a query."))


def map_columns(
    contract: TableContract, source: TableSource, found: tuple[str, ...], where: str, single: bool = False
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Say which of the source's columns is which of ours; raises `BadInput` for every column that is missing.

    Columns of ours that the study does not mention are picked up under their very name. Where the contract allows extra
    columns, all others of the source are kept under their own names.
    """
    problems: list[Problem] = []
    listed = translate("Columns found: {columns}.", columns=enumerated(found))
    columns: dict[str, str] = {}
    for ours, theirs in source.columns.items():
        if ours not in contract.names and not contract.extra_columns:
            unknown = translate("unknown column.")
            problems.append(Problem(f"{where}.columns.{ours}", unknown, nearest(ours, contract.names)))
        elif theirs not in found:
            remedy = f"{meant(theirs, found)} {listed}".lstrip()
            lacking = translate("the source has no column {column!r}.", column=theirs)
            problems.append(Problem(f"{where}.columns.{ours}", lacking, remedy))
        else:
            columns[ours] = theirs
    mentioned = set(source.columns)
    columns |= {name: name for name in contract.names if name in found and name not in mentioned}
    for name in contract.required:
        if name not in columns and name not in mentioned:
            advice = [translate("Say which it is under '{line}'.", line=f"{where}: columns: {{{name}: …}}"), listed]
            if single:
                line = "read: {delimiter: whitespace}"
                advice.append(translate("If blanks separate the columns, write {line}.", line=line))
            problems.append(Problem(where, translate("has no column {column!r}.", column=name), " ".join(advice)))
    if problems:
        if not columns and _looks_like_a_title(source, found, single):
            line = "header_row: 3"
            advice = [
                problems[0].remedy,
                translate("If the names are in a later line, say which one, for example {line}.", line=line),
            ]
            problems[0] = replace(problems[0], remedy=" ".join(advice))
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


def _looks_like_a_title(source: TableSource, found: tuple[str, ...], single: bool) -> bool:
    """Whether what was taken for the names of columns may be a title above them: one cell, or cells without a name."""
    unnamed = single or any(re.fullmatch(r"column\d+", name) for name in found)
    return unnamed and source.read.header and source.header_row is None


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
    problems = query_problems(con, query, tuple(files), f"{where}.query")
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
        given.append(translate("{rows:,} rows of {file!r}", rows=rows[0], file=shown))
    if problems:
        raise BadInput(problems)
    target = f"source_{name}"
    try:
        con.execute(f"SET TimeZone = {literal(zone or 'UTC')}")  # in which the query takes the day of a moment
        made = f"CREATE OR REPLACE TEMP TABLE {target} AS SELECT row_number() OVER () AS {ROW}, * FROM ({query})"
        with ended_in_time(con, f"{where}.query"):
            con.execute(made)
    except duckdb.Error as error:
        found = translate("the engine says: {said}", said=first_line(error))
        raise BadInput.at(f"{where}.query", found, translate("Correct the query.")) from None
    finally:
        con.execute("SET TimeZone = 'UTC'")
        for alias in views:
            con.execute(f"DROP VIEW IF EXISTS {quoted(alias)}")
    types = described(con, target)
    rows = con.execute(f"SELECT count(*) FROM {target}").fetchone()
    all_given = given[0]
    if given[1:]:
        all_given = translate("{some} and {last}", some=enumerated(given[:-1]), last=given[-1])
    said = translate(
        "{table}: the query read {given}, and returned {rows:,}.", table=name, given=all_given, rows=rows[0]
    )
    return Found(types, laid_as(con, target, types, malformed), notes=(said,) if filters(query) else ())


def _database(con: duckdb.DuckDBPyConnection, source: TableSource, where: str) -> Found:
    """A table of any database that ibis can reach; its address is only ever in the environment and never shown."""
    variable = str(source.database)[2:-1]
    url = os.environ.get(variable)
    if not url:
        found = translate("the environment has no variable {variable!r}.", variable=variable)
        remedy = translate("Set it before the run: {line}", line=f"export {variable}=…")
        raise BadInput.at(f"{where}.database", found, remedy)
    *schema, table_name = str(source.table).split(".")
    try:
        warehouse = ibis.connect(url)
    except Exception:  # its text may hold the address, which holds the password
        found = translate("the address in {variable!r} cannot be opened.", variable=variable)
        remedy = translate("Check the address, and that its driver is installed.")
        raise BadInput.at(f"{where}.database", found, remedy) from None
    try:
        table = warehouse.table(table_name, database=tuple(schema) or None)
        types = dict.fromkeys(table.columns, "")
    except Exception:
        try:
            names = sorted(warehouse.list_tables(database=tuple(schema) or None))
        except Exception:
            names = []
        remedy = (
            meant(table_name, names) or translate("Tables there: {names}.", names=enumerated(map(repr, names)))
            if names
            else translate("Check its name.")
        )
        found = translate("there is no table {table!r}.", table=source.table)
        raise BadInput.at(f"{where}.table", found, remedy) from None

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
        except Exception as error:
            said, remedy = said_of(error)
            raise BadInput.at(f"{where}.table", f"{translate('its rows could not be read.')} {said}", remedy) from None
        came = described(con, f"source_{relation}")
        types.update({name: kind for name, kind in came.items() if name not in (LINE, SAME)})
        marks = "" if amounts is None else f", {LINE}, {SAME}"
        con.execute(
            f"CREATE OR REPLACE TEMP VIEW {relation} AS "
            f"SELECT {ROW}{chosen_sql(columns, (), None)}{marks} FROM source_{relation}"
        )
        return ()

    return Found(types, build)
