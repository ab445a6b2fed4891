"""The same tables in files and in an engine, and what came of both held against one another."""

from __future__ import annotations

import io
import itertools
import os
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from pyarrow import csv, parquet

from cxvalue.study import StudyFile
from cxvalue.tables.counts import TableSet
from cxvalue.tables.load import load_tables
from tests.tables.helpers import reconciles

VARIABLE = "CXVALUE_TEST_ENGINE"
TODAY = date(2026, 11, 1)
Tables = dict[str, pa.Table]
_NUMBERS = itertools.count()
_TYPES = {
    pa.string(): "text",
    pa.large_string(): "text",
    pa.int64(): "bigint",
    pa.int32(): "integer",
    pa.float64(): "double precision",
    pa.date32(): "date",
    pa.bool_(): "boolean",
    pa.timestamp("us"): "timestamp",
    pa.timestamp("us", tz="UTC"): "timestamptz",
}


class AnyEngine:
    """An engine that only ibis knows: a DuckDB file, taken on the path of engines that have no module here."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "warehouse.ddb"
        self.address = f"duckdb://{self.file}"

    def put(self, name: str, table: pa.Table) -> str:
        """Lay a table there; returns the name under which a study finds it."""
        with duckdb.connect(self.file) as con:
            con.register("given", table)
            con.execute(f'CREATE OR REPLACE TABLE "{name}" AS SELECT * FROM given')
        return name

    def drop(self) -> None:
        """Take everything away again."""


class OnPostgres(AnyEngine):
    """A schema of PostgreSQL."""

    def __init__(self, address: str, schema: str) -> None:
        self.address, self.schema = address, schema

    @classmethod
    def made(cls, address: str) -> OnPostgres:
        made = cls(address, f"shop_{os.getpid()}_{next(_NUMBERS)}")
        made.run(f"CREATE SCHEMA {made.schema}")
        return made

    def run(self, *statements: str) -> list[Any]:
        """Run statements as the owner; the rows of the last one."""
        import psycopg

        with psycopg.connect(self.address, autocommit=True) as con:
            for statement in statements:
                cursor = con.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def put(self, name: str, table: pa.Table) -> str:
        import psycopg

        kinds = {
            one.name: "numeric(38, 10)" if pa.types.is_decimal(one.type) else _TYPES[one.type] for one in table.schema
        }
        columns = ", ".join(f'"{column}" {kind}' for column, kind in kinds.items())
        written = io.BytesIO()
        csv.write_csv(table, written, csv.WriteOptions(include_header=False))
        with psycopg.connect(self.address, autocommit=True) as con:
            con.execute(f'DROP TABLE IF EXISTS {self.schema}."{name}"')
            con.execute(f'CREATE TABLE {self.schema}."{name}" ({columns})')
            with con.cursor() as cursor, cursor.copy(f'COPY {self.schema}."{name}" FROM STDIN (FORMAT csv)') as copy:
                copy.write(written.getvalue())
        return f"{self.schema}.{name}"

    def drop(self) -> None:
        self.run(f"DROP SCHEMA {self.schema} CASCADE")


class OnSpark(AnyEngine):
    """Views of a session of Spark."""

    def __init__(self, session: Any, folder: Path) -> None:
        self.session, self.folder, self.address = session, folder, "spark"

    def put(self, name: str, table: pa.Table) -> str:
        path = self.folder / f"{name}.spark.parquet"
        # No table of Spark has two columns that differ by capitals alone.
        both = {
            one.lower() for one in table.column_names if table.column_names.count(one.lower()) and one != one.lower()
        }
        table = table.rename_columns([f"{one}_2" if one in both else one for one in table.column_names])
        parquet.write_table(table, path)
        self.session.read.parquet(str(path)).createOrReplaceTempView(name)
        return name


def study_of(folder: Path, sources: dict[str, Any], **settings: Any) -> StudyFile:
    """A study of table sources in a folder."""
    folder.mkdir(exist_ok=True)
    made = StudyFile(name="test", tables=sources, **{"currency": "EUR", "gross_margin": 0.5, **settings})
    made._path = folder / "study.yml"
    return made


def in_files(folder: Path, tables: Tables, columns: dict[str, Any] | None = None, **settings: Any) -> StudyFile:
    """The study whose tables are parquet files."""
    folder.mkdir(exist_ok=True)
    for name, table in tables.items():
        parquet.write_table(table, folder / f"{name}.parquet")
    return study_of(folder, {one: {"path": f"{one}.parquet", **_mapped(columns, one)} for one in tables}, **settings)


def in_engine(
    engine: AnyEngine, folder: Path, tables: Tables, columns: dict[str, Any] | None = None, **settings: Any
) -> StudyFile:
    """The study of the same tables in an engine."""
    sources = {one: {"table": engine.put(one, table), **_mapped(columns, one)} for one, table in tables.items()}
    return study_of(folder, sources, engine=f"${{{VARIABLE}}}", **settings)


def _mapped(columns: dict[str, Any] | None, name: str) -> dict[str, Any]:
    return {"columns": columns[name]} if columns and name in columns else {}


def loaded(study: StudyFile, as_of: Any = None) -> TableSet:
    """Load a study, and hold that the rows of every table reconcile."""
    if as_of is None and not isinstance(study.as_of, date):
        as_of = date(2025, 12, 31)
    found = load_tables(study, as_of, TODAY, study.folder / "out")
    for name in study.tables:
        assert reconciles(found.counts, name), name
    return found


def rows(found: TableSet, name: str = "purchases", columns: str = "*") -> list[Any]:
    """The rows of a canonical table."""
    return duckdb.sql(f"SELECT {columns} FROM '{found.paths[name]}' ORDER BY ALL").fetchall()


def held_equal(files: TableSet, there: TableSet) -> None:
    """Hold that an engine said of the same tables what files say: rows to 1e-9, counts, amounts, cautions, notes, days."""
    assert set(files.paths) == set(there.paths)
    for name, path in files.paths.items():
        ours, theirs = (duckdb.sql(f"SELECT * FROM '{one}'") for one in (path, there.paths[name]))
        lines_stay = name == "transactions" and "product" not in theirs.columns
        if name == "transactions":
            assert set(theirs.columns) == set(ours.columns) - {"order_id", "channel"}
        else:
            # A parquet reader that knows no capitals calls the second of two such columns otherwise.
            ours, theirs = (
                one.select(", ".join(f'"{name}" AS "{name.replace("region_1", "region_2")}"' for name in one.columns))
                for one in (ours, theirs)
            )
            assert dict(zip(ours.columns, ours.types, strict=True)) == dict(
                zip(theirs.columns, theirs.types, strict=True)
            )
        if lines_stay:
            continue  # the purchases stand for them, and are held below
        kinds = dict(zip(theirs.columns, theirs.types, strict=True))
        names = [one for one in theirs.columns if one != "__row__"]
        exact = [f'"{one}"' for one in names if kinds[one] != "DOUBLE"]
        order = ", ".join([*exact, *(f'round("{one}", 6)' for one in names if kinds[one] == "DOUBLE")])
        pairs = [one.select(", ".join(f'"{n}"' for n in names)).order(order).fetchall() for one in (ours, theirs)]
        assert len(pairs[0]) == len(pairs[1]), name
        for mine, yours in zip(*pairs, strict=True):
            assert [_near(a, b) for a, b in zip(mine, yours, strict=True)] == [True] * len(names), (name, mine, yours)
    assert [_count(one) for one in files.counts] == [_count(one) for one in there.counts]
    assert _told(one.text for one in files.cautions) == _told(one.text for one in there.cautions)
    assert (files.as_of, files.observed_from, files.same_until) == (there.as_of, there.observed_from, there.same_until)
    assert sorted(_told(files.read_notes)) == sorted(_told(there.read_notes))


def _told(texts: Iterable[str]) -> list[str]:
    """Texts but that on moments of an engine, whose zone a parquet file states; columns as an engine names them."""
    texts = [one.replace("region_1", "region_2").replace(", region_2 = region", "") for one in texts]
    return [one for one in texts if "moments in universal time" not in one]


def _near(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) <= 1e-9 * max(1.0, abs(one), abs(other))
    return one == other


def _count(one: Any) -> tuple[Any, ...]:
    return one.table, one.what, one.rows, None if one.amount is None else round(one.amount, 6), one.kind, one.reason
