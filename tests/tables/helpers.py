"""A study in a temporary folder, made of a few lines of text."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest

from cxvalue.engine.embedded import Embedded, connect
from cxvalue.foundation.errors import BadInput
from cxvalue.study import StudyFile
from cxvalue.tables.counts import RowCount, TableSet
from cxvalue.tables.load import load_tables
from cxvalue.tables.read.laid import lay_table

TODAY = date(2026, 1, 15)
HEADER = "customer_id,date,revenue"


def study(folder: Path, tables: dict[str, Any], **settings: Any) -> StudyFile:
    """A study whose tables are given as text (written as CSV) or as table sources."""
    sources = {}
    for name, given in tables.items():
        if isinstance(given, dict):
            sources[name] = given
            continue
        (folder / f"{name}.csv").write_text(given, encoding="utf-8")
        sources[name] = {"path": f"{name}.csv"}
    made = StudyFile(name="test", tables=sources, **{"currency": "EUR", "gross_margin": 0.5, **settings})
    made._path = folder / "study.yml"
    return made


def load(folder: Path, tables: dict[str, Any] | str, as_of: Any = date(2025, 12, 31), **settings: Any) -> TableSet:
    """Load a study and hold that the rows of every table reconcile; text alone stands for transactions."""
    tables = {"transactions": tables} if isinstance(tables, str) else tables
    result = load_tables(study(folder, tables, **settings), as_of, TODAY, folder / "out", _engine())
    for name in tables:
        assert reconciles(result.counts, name), name
    return result


@cache
def _engine() -> Any:
    """One engine for all of them: to open one takes a tenth of the time of a small load."""
    return connect()


def reconciles(counts: tuple[RowCount, ...], table: str) -> bool:
    """Whether every row of a table that was read is accounted for exactly once."""
    rows = {
        kind: sum(count.rows for count in counts if count.table == table and count.kind == kind)
        for kind in ("read", "made", "left_out", "dropped", "cut", "merged", "netted", "kept", "apart")
    }
    return rows.pop("read") + rows.pop("made") == sum(rows.values())


def ledger(*rows: str, header: str = HEADER) -> str:
    """Lines of a ledger with their header."""
    return "\n".join([header, *rows]) + "\n"


def problems(folder: Path, tables: dict[str, Any] | str, **settings: Any) -> str:
    """What the study is refused for."""
    with pytest.raises(BadInput) as caught:
        load(folder, tables, **settings)
    return str(caught.value)


def rows(result: TableSet, name: str = "purchases", columns: str = "customer_id, date::text, revenue") -> list[Any]:
    """The rows of a canonical table."""
    return duckdb.sql(f"SELECT {columns} FROM '{result.paths[name]}' ORDER BY ALL").fetchall()


def as_read(
    folder: Path, tables: dict[str, Any] | str, columns: str = "customer_id, date::text, revenue", **settings: Any
) -> list[Any]:
    """The rows of transactions as they are read, before they are checked and become purchases."""
    made = study(folder, {"transactions": tables} if isinstance(tables, str) else tables, **settings)
    parsed, _, _ = lay_table(Embedded(_engine()), "transactions", made, folder)
    return _engine().con.execute(f"SELECT {columns} FROM {parsed.relation} ORDER BY ALL").fetchall()


def counted(result: TableSet, kind: str, table: str = "transactions") -> dict[str, int]:
    """What was counted under one kind."""
    return {count.what: count.rows for count in result.counts if count.kind == kind and count.table == table}
