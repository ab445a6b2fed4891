"""The files that a path names: one, or all that fit a pattern such as ``orders_*.csv``, read as one table."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from cxvalue.foundation.errors import BadInput, Problem, meant
from cxvalue.language.catalogue import translate
from cxvalue.language.words import enumerated
from cxvalue.study.places import named_files
from cxvalue.tables.read.decode import TextFile
from cxvalue.tables.read.sql import LINE, ROW, SAME, chosen_sql, described, quoted

FILE_STRIDE = 10**10
"""Between the row numbers of two files: more lines than any file has."""
_FEW = 5
_NUMBERS = tuple(
    "TINYINT SMALLINT INTEGER BIGINT HUGEINT UTINYINT USMALLINT UINTEGER UBIGINT FLOAT DOUBLE DECIMAL".split()
)


_Build = Callable[[str, dict[str, str], frozenset[str] | None], tuple[tuple[int, str], ...]]


@dataclass(frozen=True, slots=True)
class Found:
    """A source that exists: its columns with their types, and how to lay some of them (ours: theirs) into a relation.

    Rows are marked as equal or not where the source's columns with amounts are given.

    `texts` and `names` are its files as text, where they are text, and as the study names them. `cells` says that its types
    come from the cells of one file, so that another file of the table may have others. `left_out` says which rows were left
    aside before the table begins: a key, words and how many; `made` how many were made of others, and `notes` what was done.
    Columns among the `faults` cannot be built; names among the `repeated` stand in the header more than once.
    """

    types: dict[str, str]
    build: _Build
    texts: tuple[TextFile, ...] = ()
    names: tuple[str, ...] = ()
    single: bool = False  # a text file that looks like one column only
    cells: bool = False
    left_out: list[tuple[str, str, int]] = field(default_factory=list)
    made: int = 0
    notes: tuple[str, ...] = ()
    faults: frozenset[str] = frozenset()
    repeated: frozenset[str] = frozenset()


def laid_as(
    con: duckdb.DuckDBPyConnection, target: str, every: Iterable[str], malformed: tuple[tuple[int, str], ...] = ()
) -> _Build:
    """How to lay columns of a relation that is there, with numbered rows and `every` column of its source."""

    def build(relation: str, columns: dict[str, str], amounts: frozenset[str] | None) -> tuple[tuple[int, str], ...]:
        chosen = chosen_sql(columns, every, amounts)
        con.execute(f"CREATE OR REPLACE TEMP VIEW {relation} AS SELECT {ROW}{chosen} FROM {target}")
        return malformed

    return build


def few_names(wanted: str, names: Sequence[str]) -> str:
    """At most five names, those nearest to what was wanted first, and how many more there are.

    >>> few_names("orders_*.csv", [f"order_{n}.csv" for n in range(1, 8)])
    "'order_1.csv', 'order_2.csv', 'order_3.csv', 'order_4.csv', 'order_5.csv' and 2 more"
    >>> few_names("b.csv", ["a.csv"])
    "'a.csv'"
    """
    near = {name: difflib.SequenceMatcher(None, wanted.lower(), name.lower()).ratio() for name in names}
    shown = sorted(sorted(names), key=lambda name: -near[name])[:_FEW]
    listed = enumerated(map(repr, shown))
    more = len(names) - _FEW
    return translate("{some} and {more:,} more", some=listed, more=more) if more > 0 else listed


def matching(base: Path, shown: str, where: str) -> list[Path]:
    """The same, or `BadInput` with the nearest names when there is no such file."""
    paths = named_files(base, shown)
    path = paths[0]
    if path.is_file():
        return paths
    if path.is_dir():
        remedy = translate("Put the files there, or name them: {pattern}.", pattern=f"{shown.rstrip('/')}/*.csv")
        raise BadInput.at(where, translate("{path!r} is a folder without files.", path=shown), remedy)
    parent = path.parent
    if not parent.is_dir():
        found = translate("there is no folder for {path!r}.", path=shown)
        raise BadInput.at(where, found, translate("Paths start from the study file."))
    names = sorted(item.name for item in parent.iterdir() if item.is_file() and not item.name.startswith("."))
    remedy = "" if "*" in shown else meant(path.name, names)
    if not remedy and names:
        remedy = translate("Files there: {names}.", names=few_names(path.name, names))
    found = (
        translate("no file fits {path!r}.", path=shown)
        if "*" in shown or "?" in shown
        else translate("there is no file {path!r}.", path=shown)
    )
    raise BadInput.at(where, found, remedy or translate("Its folder contains no files."))


def together(con: duckdb.DuckDBPyConnection, parts: Sequence[Found], where: str) -> Found:
    """Several files as one source; raises `BadInput` when they disagree in their columns."""
    first, types = parts[0], _common_types(parts, where)

    def build(relation: str, columns: dict[str, str], amounts: frozenset[str] | None) -> tuple[tuple[int, str], ...]:
        malformed: list[tuple[int, str]] = []
        selected = []
        for place, part in enumerate(parts):
            offset = place * FILE_STRIDE
            laid = part.build(f"{relation}_{place}", columns, amounts)
            malformed += [(number + offset, fault) for number, fault in laid]
            texts = {ours for ours, theirs in columns.items() if part.cells and types[theirs] == "VARCHAR"}
            chosen = "".join(
                f", {_as_text(ours)} AS {quoted(ours)}" if ours in texts else f", {quoted(ours)}"
                for ours in (*columns, *(() if amounts is None else (LINE, SAME)))
            )
            selected.append(f"SELECT {ROW} + {offset} AS {ROW}{chosen} FROM {relation}_{place}")
        con.execute(f"CREATE OR REPLACE TEMP VIEW {relation} AS {' UNION ALL '.join(selected)}")
        found = described(con, relation)
        types.update({theirs: found[ours] for ours, theirs in columns.items()})
        return tuple(malformed)

    return Found(
        types,
        build,
        tuple(text for part in parts for text in part.texts),
        tuple(name for part in parts for name in part.names),
        single=first.single,
        cells=all(part.cells for part in parts),
        notes=tuple(note for part in parts for note in part.notes),
        faults=frozenset(name for part in parts for name in part.faults),
        repeated=frozenset(name for part in parts for name in part.repeated),
    )


def _common_types(parts: Sequence[Found], where: str) -> dict[str, str]:
    """The type of each column that holds what every file has in it."""
    first, problems = parts[0], []
    types = dict(first.types)
    for part in parts[1:]:
        one, other = first.names[0], part.names[0]
        lacking = [(name, other, one) for name in first.types if name not in part.types]
        lacking += [(name, one, other) for name in part.types if name not in first.types]
        for name, file, model in lacking:
            found = translate(
                "{file!r} has no column {column!r}, which {other!r} has.", file=file, column=name, other=model
            )
            remedy = translate("All files of a table must have the same columns; correct it, or narrow the pattern.")
            problems.append(Problem(where, found, remedy))
        for name, kind in part.types.items():
            mine = types.get(name, kind)
            if mine != kind and mine.startswith(_NUMBERS) and kind.startswith(_NUMBERS):
                types[name] = "DOUBLE" if "DOUBLE" in (mine, kind) or "FLOAT" in (mine, kind) else mine
            elif mine != kind and part.cells and first.cells:
                types[name] = "TIMESTAMP" if {mine, kind} == {"DATE", "TIMESTAMP"} else "VARCHAR"
            elif mine != kind:
                found = translate(
                    "the column {column!r} is {mine} in {file!r} and {theirs} in {other!r}.",
                    column=name,
                    mine=mine,
                    file=one,
                    theirs=kind,
                    other=other,
                )
                problems.append(Problem(where, found, translate("Use one type in all files.")))
    if problems:
        more = len(problems) - _FEW
        rest = [Problem(where, translate("and {more:,} more of the kind.", more=more))] if more > 0 else []
        raise BadInput([*problems[:_FEW], *rest])
    return types


def _as_text(column: str) -> str:
    """A column of cells as text, whole numbers without their '.0'."""
    return f"regexp_replace(CAST({quoted(column)} AS VARCHAR), '\\.0$', '')"
