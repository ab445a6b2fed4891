"""The tables in the files that somebody exported: opened, laid out as text, and looked at column by column."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb

from cxvalue.firstmile.encodings import encoding_of
from cxvalue.foundation.errors import BadInput, Problem
from cxvalue.language.catalogue import translate
from cxvalue.language.words import enumerated
from cxvalue.study import TableSource
from cxvalue.study.currencies import SIGNS
from cxvalue.tables.read.database_file import attach_duckdb, is_duckdb, is_sqlite, sqlite_tables
from cxvalue.tables.read.formats import files_of, open_files, read_start
from cxvalue.tables.read.roles import RETURNED, said
from cxvalue.tables.read.sql import ROW, described, literal, quoted
from cxvalue.tables.read.workbook import is_workbook, open_workbook

_GAP = r"[\s\x{00A0}\x{202F}]*"
_UNIT = f"(?:[A-Z]{{3}}|(?i:{'|'.join(re.escape(sign) for sign in sorted(SIGNS, key=len, reverse=True))}))"
NUMBER = rf"[-+(−]?{_GAP}{_UNIT}?{_GAP}[-−]?{_GAP}[0-9][0-9.,'’\s\x{{00A0}}\x{{202F}}]*(?:%|{_UNIT})?\)?-?"
_LETTERS = "[A-Za-zÀ-ſЀ-ӿ]"
_WORDED = (
    rf"({_LETTERS}+,? )?\d{{1,2}}((\.|er|st|nd|rd|th|º|°)[ /-]?|[ /-])(de |of )?{_LETTERS}{{3,10}}\.?,?[ /-](del? )?"
)
_EAST = "((令和|平成|昭和)([0-9]{1,2}|元)|[0-9]{4})[年년] ?[0-9]{1,2}[月월] ?[0-9]{1,2}[日일]?([(（].[)）])?"
_WIDE = "[０-９]{4}[-/.－／．年][０-９]{1,2}[-/.－／．月][０-９]{1,2}日?"
_MONTH = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
DAY = (
    r"(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](\d{4}|\d{2})|(19|20)\d{6}|[A-Za-z]{3,9} \d{1,2}, \d{4}|"
    rf"{_EAST}|{_WIDE}|{_WORDED}(\d{{4}}|\d{{2}})( ?(года|року|г|р)\.?)?,?|"
    rf"(?i:{_MONTH})-\d{{1,2}}-(\d{{4}}|\d{{2}})|"
    r"[A-Z][a-z]{2} [A-Z][a-z]{2} \d{1,2} \d{4})([T ].*)?"
)
_VALUE = re.compile(re.sub(r"\\x\{(....)\}", r"\\u\1", f"{NUMBER}|{DAY}"))  # the engine writes \x{00A0} for \u00A0
_MOST_SAMPLES = 3
_HEADER_ROWS = 30


@dataclass(frozen=True, slots=True)
class Look:
    """What a column holds: filled cells, different ones, the share of numbers and days, of the commonest, and samples."""

    name: str
    kind: str
    filled: int
    different: int
    numbers: float
    days: float
    whole: float
    commonest: float
    samples: tuple[str, ...]
    longest: int = 0

    @property
    def is_day(self) -> bool:
        """Whether nearly every cell is a day or a moment."""
        return self.filled > 0 and (self.kind.startswith(("DATE", "TIMESTAMP")) or self.days >= 0.99)

    @property
    def is_number(self) -> bool:
        """Whether nearly every cell is a number, and not a day."""
        return self.filled > 0 and not self.is_day and self.numbers >= 0.99


@dataclass
class Export:
    """One table of the files: where it is, the study's words for that, and the relation with all of its columns."""

    label: str
    paths: tuple[Path, ...]
    spec: dict[str, Any]
    con: duckdb.DuckDBPyConnection
    relation: str
    rows: int
    names: tuple[str, ...]
    malformed: tuple[tuple[int, str], ...] = ()
    notes: list[str] = field(default_factory=list)
    renamed: dict[str, str] = field(default_factory=dict)
    copies: tuple[str, ...] = ()
    faults: tuple[Problem, ...] = ()
    looks: dict[str, Look] = field(default_factory=dict)
    told: dict[tuple[str, str, str], Any] = field(default_factory=dict)

    @cached_property
    def kinds(self) -> dict[str, str]:
        """Each column with the engine's type."""
        return described(self.con, self.relation)

    def text(self, name: str) -> str:
        """The SQL of a column as trimmed text, whole numbers without their '.0'."""
        text = f"CAST({quoted(name)} AS VARCHAR)"
        text = f"regexp_replace({text}, '\\.0$', '')" if self.kinds[name] in ("DOUBLE", "FLOAT") else text
        return f"nullif(trim({text}), '')"

    def narrowed(self, condition: str) -> None:
        """Go on with the rows for which a condition holds, and look at the columns again."""
        narrower = f"{self.relation}_n"
        self.con.execute(f"CREATE OR REPLACE TEMP TABLE {narrower} AS SELECT * FROM {self.relation} WHERE {condition}")
        self.relation = narrower
        self.rows = int(self.one("count(*)"))
        self.looks = look_at(self)

    def values(self, name: str, most: int = 50) -> list[tuple[str, int]]:
        """The commonest values of a column with their rows; an empty text for empty cells."""
        found = self.con.execute(
            f"SELECT coalesce({self.text(name)}, ''), count(*) FROM {self.relation} GROUP BY 1 "
            f"ORDER BY 2 DESC, 1 LIMIT {most}"
        ).fetchall()
        return [(str(value), int(rows)) for value, rows in found]

    def one(self, sql: str) -> Any:
        """The first value of a query over the relation."""
        row = self.con.execute(f"SELECT {sql} FROM {self.relation}").fetchone()
        return row[0] if row else None


def open_exports(con: duckdb.DuckDBPyConnection, files: Sequence[Path], scratch: Path) -> list[Export]:
    """Every table in the files; files with the same columns are one. Raises `BadInput` with all that is wrong."""
    problems: list[Problem] = []
    found: list[Export] = []
    for path in [one for given in files for one in _inside(given)]:
        if not path.is_file():
            empty = path.is_dir()
            found_there = translate("is a folder without files.") if empty else translate("there is no such file.")
            problems.append(Problem(str(path), found_there))
            continue
        try:
            found += _tables_of(con, path, scratch, len(found))
        except BadInput as error:
            problems += error.problems
    if problems:
        raise BadInput(problems)
    return _alike_as_one(con, found, scratch)


def _one_or_all(names: list[str]) -> str | list[str]:
    return names[0] if len(names) == 1 else names


def _inside(path: Path) -> list[Path]:
    """A file itself; of a folder its files."""
    if not path.is_dir():
        return [path]
    return sorted(one for one in path.iterdir() if one.is_file() and not one.name.startswith(".")) or [path]


def _tables_of(con: duckdb.DuckDBPyConnection, path: Path, scratch: Path, count: int) -> list[Export]:
    start, place = read_start(path), path.name
    if is_workbook(path, start):
        book = open_workbook(path, place)
        alike: dict[tuple[Any, ...], dict[str, Any]] = {}
        for title in book.visible:
            top = book.first_rows(title, _HEADER_ROWS)
            header = _header_row(top)
            if header is not None:
                first = next((number for number, row in book.first_rows(title) if any(cell != "" for cell in row)), 1)
                place_of = {"header_row": header} if header != first else {}
                key = (*(cell for number, row in top if number == header for cell in row if cell != ""), str(place_of))
                known = alike.setdefault(key, {"sheet": [], **place_of})
                known["sheet"].append(title)
        specs = [{**spec, "sheet": _one_or_all(spec["sheet"])} for spec in alike.values()]
        if not specs:
            remedy = translate("It needs a row with names of columns, and rows below.")
            raise BadInput.at(place, translate("has no sheet with a table."), remedy)
        many, hidden = len(book.visible) > 1, book.hidden
        exports: list[Export] = []
        for spec in specs:
            sheets = spec["sheet"]
            label = (
                translate('{file}, sheet "{sheet}"', file=place, sheet=sheets)
                if isinstance(sheets, str)
                else translate('{file}, sheets "{sheets}"', file=place, sheets='", "'.join(sheets))
            )
            chosen = spec if many else {key: value for key, value in spec.items() if key != "sheet"}
            exports.append(_open(con, label, (path,), chosen, scratch, count + len(exports)))
        if hidden:
            exports[0].notes.append(translate("hidden, and not read: {sheets}", sheets=enumerated(hidden)))
        return exports
    if is_sqlite(start) or is_duckdb(start):
        if is_sqlite(start):
            tables = [name for name, columns in sqlite_tables(path, place).items() if len(columns) > 1]
        else:
            name, tables = attach_duckdb(con, path, place)
            con.execute(f"DETACH {name}")
        labels = [translate("{file}, table {table}", file=place, table=table) for table in tables]
        return [
            _open(con, label, (path,), {"table": table} if len(tables) > 1 else {}, scratch, count + i)
            for i, (table, label) in enumerate(zip(tables, labels, strict=True))
        ]
    packed = files_of(path, place, TableSource(path=place), scratch, "file")
    groups = _groups(con, packed, scratch) if len(packed) > 1 else [packed]
    if len(groups) == 1:
        return [_open(con, place, (path,), {}, scratch, count)]
    specs = [{"member": _pattern([name for name, _ in group], [name for name, _ in packed])} for group in groups]
    return [
        _open(con, f"{place}, {spec['member']}", (path,), spec, scratch, count + number)
        for number, spec in enumerate(specs)
    ]


def _groups(
    con: duckdb.DuckDBPyConnection, files: Sequence[tuple[str, Path]], scratch: Path
) -> list[list[tuple[str, Path]]]:
    """The files of an archive by their columns; files that differ in one name at one place are of one kind."""
    groups: list[tuple[list[str], list[tuple[str, Path]]]] = []
    for shown, path in files:
        spec = _text_options([(shown, path)], {})
        columns = list(open_files(con, [(shown, path)], TableSource(path=shown, **spec), scratch, shown, None).types)
        for known, group in groups:
            lacking, new = set(known) - set(columns), set(columns) - set(known)
            if len(known) == len(columns) and len(lacking) == len(new) <= 1:
                group.append((shown, path))
                break
        else:
            groups.append((columns, [(shown, path)]))
    return [group for _, group in groups]


def _pattern(names: Sequence[str], every: Sequence[str]) -> str:
    """A pattern that fits some names of an archive and no others."""
    start = names[0]
    while not all(name.startswith(start) for name in names):
        start = start[:-1]
    pattern = names[0] if len(names) == 1 else f"{start}*"
    if [name for name in every if fnmatch(name, pattern)] != list(names):
        found = translate(
            "contains several tables whose files cannot be told apart by their names ({names}).",
            names=enumerated(every[:6]),
        )
        raise BadInput.at("--from", found, translate("Unpack it and name the files of one table."))
    return pattern


def _header_row(rows: Sequence[tuple[int, Sequence[Any]]]) -> int | None:
    """The first row with at least two names and something below most of them."""
    for place, (number, row) in enumerate(rows[:-1]):
        named = [column for column, cell in enumerate(row) if isinstance(cell, str) and cell.strip()]
        filled = [column for column, cell in enumerate(row) if cell != ""]
        below = [cells for _, cells in rows[place + 1 :] if any(cell != "" for cell in cells)][:1]
        if len(named) >= 2 and len(named) == len(filled) and below:
            words = [cell for cell in below[0] if cell != ""]
            if len(words) > len(named) and all(
                isinstance(cell, str) and not _VALUE.fullmatch(cell.strip()) for cell in words
            ):
                continue  # names of groups of columns, above their own
            under = sum(column < len(below[0]) and below[0][column] != "" for column in named)
            if 2 * under >= len(named):
                return number
    return None


def _open(
    con: duckdb.DuckDBPyConnection, label: str, paths: tuple[Path, ...], spec: dict[str, Any], scratch: Path, place: int
) -> Export:
    """Lay a table out, trying encodings and delimiters where it is text, and look at its columns."""
    given = {"path": paths[0].name, **spec}
    files = [one for path in paths for one in files_of(path, path.name, TableSource(**given), scratch, "file")]
    same: dict[str, str] = {}
    spec = _text_options(files, spec)
    if len(files) > 1:
        same, spec = _renames(con, files, spec, scratch)
    source = TableSource(path=paths[0].name, copies="leave_out", same=same, **spec)
    found = open_files(con, files, source, scratch, label, None)
    relation = f"export_{place}"
    names = tuple(name for name in found.types if name not in found.faults)
    malformed = found.build(relation, {name: name for name in names}, None)
    rows = int((con.execute(f"SELECT count(*) FROM {relation}").fetchone() or (0,))[0])
    copies = tuple(what for reason, what, _ in found.left_out if reason == "copy")
    export = Export(label, paths, spec, con, relation, rows, names, malformed, renamed=same, copies=copies)
    export.notes += found.notes
    for name in sorted(found.faults):
        told = translate(
            "column {column!r} has errors or formulas without results in its cells, and is not used", column=name
        )
        export.notes.append(told)
        try:
            found.build(f"{relation}_fault", {name: name}, None)
        except BadInput as error:
            export.faults += error.problems
    export.looks = look_at(export)
    return export


def _text_options(files: Sequence[tuple[str, Path]], spec: dict[str, Any]) -> dict[str, Any]:
    """`read:` and `header_row` of a text file whose encoding or first lines are not plain."""
    path = files[0][1]
    start = read_start(path)
    if is_workbook(path, start) or is_sqlite(start) or is_duckdb(start) or start[:4] == b"PAR1":
        return spec
    encoding = next((name for one in (path for _, path in files) if (name := encoding_of(one))), None)
    read = {"encoding": encoding} if encoding else {}
    with path.open(encoding=encoding or ("utf-16" if start[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")) as file:
        lines = [line.rstrip("\r\n") for _, line in zip(range(_HEADER_ROWS), file, strict=False)]
    if lines and lines[0].lstrip()[:1] in "{[":
        return spec
    first = next((place for place, line in enumerate(lines) if line.strip()), None)
    if first is None:
        return spec
    sign = max(",;\t|", key=lambda one: sum(line.count(one) for line in lines))
    reader = csv.reader(lines, delimiter=sign)
    ends = [(reader.line_num, fields) for fields in reader]
    widths = [len(fields) for _, fields in ends if fields]
    usual = max(set(widths), key=lambda one: (widths.count(one), one), default=1)
    starts = [1, *(end + 1 for end, _ in ends)]
    named = [sum(cell.strip() != "" for cell in fields) for _, fields in ends]
    header = next((start for start, names in zip(starts, named, strict=False) if 2 * names > usual), 1)
    place = first
    if header > first + 1:
        spec, place = {**spec, "header_row": header}, header - 1
    if usual > 1 and sign != max(",;\t|", key=lines[place].count):
        read["delimiter"] = sign
    return {**spec, **({"read": read} if read else {})}


def _renames(
    con: duckdb.DuckDBPyConnection, files: Sequence[tuple[str, Path]], spec: dict[str, Any], scratch: Path
) -> tuple[dict[str, str], dict[str, Any]]:
    """Columns that were renamed between files: one is missing and another is new at the same place."""
    same: dict[str, str] = {}
    first: list[str] | None = None
    for shown, path in files:
        columns = list(open_files(con, [(shown, path)], TableSource(path=shown, **spec), scratch, shown, None).types)
        if first is None:
            first = columns
            continue
        lacking, new = [one for one in first if one not in columns], [one for one in columns if one not in first]
        if len(lacking) == len(new) == 1 and first.index(lacking[0]) == columns.index(new[0]):
            same[new[0]] = lacking[0]
    return same, spec


def _alike_as_one(con: duckdb.DuckDBPyConnection, exports: list[Export], scratch: Path) -> list[Export]:
    """Files with the same columns, such as months of one export, are one table."""
    groups: dict[tuple[str, ...], list[Export]] = {}
    for export in exports:
        groups.setdefault((*sorted(export.names), str(export.spec)), []).append(export)
    joined = []
    for group in groups.values():
        if len(group) == 1 or any("sheet" in one.spec or "table" in one.spec for one in group):
            joined += group
            continue
        if told := _returned(group):
            raise told
        paths = tuple(path for one in group for path in one.paths)
        label = translate("{file} and {others} more", file=group[0].label, others=len(group) - 1)
        joined.append(_open(con, label, paths, group[0].spec, scratch, 1000 + len(joined)))
    return joined


def _returned(group: Sequence[Export]) -> BadInput | None:
    """The refusal of a file that is named after what came back, where its amounts are those of sales beside it."""
    back = [one for one in group if RETURNED.search(said(one.paths[0].stem))]
    for one in back if len(back) < len(group) else []:
        amounts = [one.text(look.name) for look in one.looks.values() if look.is_number]
        below = " OR ".join(f"regexp_matches({text}, '^[-−(]')" for text in amounts) or "false"
        if not one.one(f"count(*) FILTER (WHERE {below})"):
            other = next(export for export in group if export not in back)
            found = translate(
                (
                    "has a name that means returns, but its amounts are not below zero: with {other} they would "
                    "count as sales."
                ),
                other=other.label,
            )
            remedy = translate(
                "Write them with a minus, or put both into one file with a column that marks the returns."
            )
            return BadInput.at(one.label, found, remedy)
    return None


def look_at(export: Export) -> dict[str, Look]:
    """Look at every column of a table."""
    looks = {}
    for name, kind in export.kinds.items():
        text = export.text(name)
        row: Any = export.con.execute(
            "SELECT coalesce(sum(n), 0), count(*), "
            f"coalesce(sum(n) FILTER (WHERE regexp_full_match(t, {literal(NUMBER)})), 0), "
            f"coalesce(sum(n) FILTER (WHERE regexp_full_match(t, {literal(DAY)})), 0), coalesce(sum(n) FILTER (WHERE "
            "regexp_full_match(t, '[0-9]+')), 0), coalesce(max(n), 0), list(t ORDER BY first) FILTER (WHERE place <= "
            f"{_MOST_SAMPLES}), coalesce(max(length(t)), 0) FROM (SELECT *, row_number() OVER (ORDER BY first) AS place "
            f"FROM (SELECT {text} AS t, count(*) AS n, min({ROW}) AS first FROM {export.relation} "
            f"WHERE {text} IS NOT NULL GROUP BY 1))"
        ).fetchone()
        filled = int(row[0])
        share = [int(value) / filled if filled else 0.0 for value in row[2:6]]
        looks[name] = Look(
            name, kind, filled, int(row[1]), share[0], share[1], share[2], share[3], tuple(row[6] or ()), int(row[7])
        )
    return looks
