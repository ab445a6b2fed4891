"""Rows of typed cells, from a workbook, JSON lines or SQLite, as a relation of the engine.

Cells come in batches, so that no more than one is held. A column in which every filled cell is a number, a date or a
moment keeps that type; any other becomes text, a date as 2024-02-29 and a whole number without its ``.0``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from itertools import islice
from typing import Any

import duckdb
import pyarrow as pa

from cxvalue.tables.read.files import Found
from cxvalue.tables.read.sql import ROW, quoted, row_marks

BATCH = 20_000
_EXACT = 2**53  # whole numbers above it are not kept by a floating point number


@dataclass
class Laid:
    """A relation of text with a row number, and which kinds of cells each column holds."""

    relation: str
    names: tuple[str, ...]
    kinds: list[set[type]] = field(default_factory=list)
    rows: int = 0

    @property
    def types(self) -> dict[str, str]:
        """Each column with the engine's type that fits all of its cells."""
        return {name: _type_of(kinds) for name, kinds in zip(self.names, self.kinds, strict=True)}


def unique_names(cells: Sequence[Any]) -> tuple[str, ...]:
    """Cells of a header as names of columns: one for those that have none, a suffix for those that come again.

    >>> unique_names(["id", "", "id", 2024.0])
    ('id', 'column1', 'id_2', '2024')
    """
    names: list[str] = []
    for position, cell in enumerate(cells):
        name = (_text(cell) or "").strip() or f"column{position}"
        while name in names:
            name += "_2"
        names.append(name)
    return tuple(names)


def repeated_names(cells: Sequence[Any]) -> frozenset[str]:
    """Names that stand in more than one cell of a header.

    >>> repeated_names(["id", "", "id", ""])
    frozenset({'id'})
    """
    counted = Counter((_text(cell) or "").strip() for cell in cells)
    return frozenset(name for name, times in counted.items() if name and times > 1)


def lay(
    con: duckdb.DuckDBPyConnection, relation: str, names: tuple[str, ...], rows: Iterable[tuple[int, Sequence[Any]]]
) -> Laid:
    """Lay numbered rows of cells into the table `relation`; rows without any filled cell are left out."""
    laid = Laid(relation, names, [set() for _ in names])
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {relation} ({ROW} BIGINT{''.join(f', {quoted(name)} VARCHAR' for name in names)})"
    )
    for batch in _batches(rows):
        columns: list[Any] = [pa.array([number for number, _ in batch], pa.int64())]
        for kinds, cells in zip(laid.kinds, _columns(batch, len(names)), strict=True):
            found = set(map(type, cells)) - {type(None)}
            if found - {str} and str in found and not any(cell for cell in cells if isinstance(cell, str)):
                found -= {str}  # an empty text among numbers is an empty cell
                cells = [None if cell == "" else cell for cell in cells]
            kinds |= found
            columns.append(_texts(cells, found))
        table = pa.table(columns, names=[ROW, *(f"c{position}" for position in range(len(names)))])
        con.register("cells_of_batch", table)
        con.execute(f"INSERT INTO {relation} SELECT * FROM cells_of_batch")
        con.unregister("cells_of_batch")
        laid.rows += len(batch)
    return laid


def laid_columns(con: duckdb.DuckDBPyConnection, laid: Laid, **about: Any) -> Found:
    """What was laid as a source, each column in its type."""
    types = laid.types

    def build(relation: str, columns: dict[str, str], amounts: frozenset[str] | None) -> tuple[tuple[int, str], ...]:
        chosen = "".join(f", {_typed(theirs, types[theirs])} AS {quoted(ours)}" for ours, theirs in columns.items())
        if amounts is not None:
            chosen += row_marks(map(quoted, laid.names), map(quoted, amounts))
        con.execute(f"CREATE OR REPLACE TEMP VIEW {relation} AS SELECT {ROW}{chosen} FROM {laid.relation}")
        return ()

    return Found(types, build, cells=True, **about)


def _batches(rows: Iterable[tuple[int, Sequence[Any]]]) -> Iterator[list[tuple[int, Sequence[Any]]]]:
    filled = ((number, row) for number, row in rows if any(cell != "" and cell is not None for cell in row))
    while batch := list(islice(filled, BATCH)):
        yield batch


def _columns(batch: list[tuple[int, Sequence[Any]]], width: int) -> Iterable[Sequence[Any]]:
    """The cells of a batch by column; a row that ends early is empty from there on."""
    rows = [row if len(row) == width else [*row[:width], *[None] * (width - len(row))] for _, row in batch]
    return zip(*rows, strict=True)


def _texts(cells: Sequence[Any], kinds: set[type]) -> Any:
    """Cells as text, in one go where all of them are of one kind."""
    if kinds <= {str}:
        return pa.array(cells, pa.string())
    if kinds == {float}:
        if all(cell is None or (cell.is_integer() and abs(cell) < _EXACT) for cell in cells):
            return pa.array([None if cell is None else int(cell) for cell in cells], pa.int64()).cast(pa.string())
        return pa.array([None if cell is None else repr(cell).removesuffix(".0") for cell in cells], pa.string())
    if kinds == {date}:
        return pa.array(cells, pa.date32()).cast(pa.string())
    return pa.array([_text(cell) for cell in cells], pa.string())


def _type_of(kinds: set[type]) -> str:
    if kinds and kinds <= {int}:
        return "BIGINT"
    if kinds and kinds <= {int, float}:
        return "DOUBLE"
    if kinds and kinds <= {date}:
        return "DATE"
    if kinds and kinds <= {date, datetime}:
        return "TIMESTAMP"
    return "VARCHAR"


def _typed(name: str, kind: str) -> str:
    text = f"nullif({quoted(name)}, '')"
    return quoted(name) if kind == "VARCHAR" else f"CAST({text} AS {kind})"


def _text(cell: Any) -> str | None:
    if cell is None or isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < _EXACT else repr(cell)
    if isinstance(cell, datetime):
        # Parts of a second are cut, never rounded: 23:59:59.7 is not the next day.
        midnight = (cell.hour, cell.minute, cell.second) == (0, 0, 0) and cell.tzinfo is None
        return cell.date().isoformat() if midnight else cell.isoformat(sep=" ", timespec="seconds")
    if isinstance(cell, date | time):
        return cell.isoformat()
    return str(cell)
