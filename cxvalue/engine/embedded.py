"""The engine in this process: limited memory, spills in private, never fetches an extension, works in UTC."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import count
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any

import ibis.expr.operations as ops
import psutil
import sqlglot.expressions as sge
from ibis.backends.duckdb import Backend
from ibis.backends.sql.compilers.duckdb import DuckDBCompiler

from cxvalue.engine.composed import Composed
from cxvalue.engine.place import Place
from cxvalue.engine.sums import order_free
from cxvalue.foundation.temporary import private_folder

if TYPE_CHECKING:
    import ibis.expr.datatypes as dt
    import ibis.expr.types as ir
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

LEAST_MEMORY_MB = 600
"""What 12 million purchases needed; with less, the engine spills."""

MOST_MEMORY_MB = 4_000
"""What reading 40 million purchases may take; it spills 5 GB then."""

NOTEBOOK_MEMORY_MB = 2_000
"""The most for a study that was prepared: two notebooks at a time ask of it."""

DAY_S = 24 * 3600

_SPILLS = count()
_TURN = RLock()
_COMPOSED = Composed()


class Embedded(Place):
    """The engine in this process, on a connection of `connect`."""

    words = "DuckDB"

    def __init__(self, con: Backend | None = None) -> None:
        self.con: Any = con or connect()
        self._lent = con is not None

    @property
    def files(self) -> Any:
        return self.con

    def bring(
        self, table: ir.Table, path: Path, order: Sequence[str], columns: Sequence[str], rows: int | None = None
    ) -> None:
        table.order_by(list(order)).select(*columns).to_parquet(path)

    def forget(self, name: str, *, as_read: bool = False) -> None:
        steps = ("raw", "source_raw") if as_read else ("parsed", "raw", "source_raw")
        laid = tuple(f"{step}_{name}" for step in steps)
        for (kept,) in self.con.con.execute("SELECT table_name FROM duckdb_tables() WHERE temporary").fetchall():
            if kept.startswith(laid):
                self.con.con.execute(f'DROP TABLE "{kept}"')

    def close(self) -> None:
        if self._lent:
            return
        for entry in self.con._cache_name_to_entry.values():
            entry.finalizer.detach()  # what is kept goes with the connection
        self.con.disconnect()


class _Compiler(DuckDBCompiler):  # type: ignore[misc]  # ibis comes without types
    """SQL as ibis puts it, but rows that are only picked from a table are read where they lie.

    Ibis names them wherever a query needs them twice, and the engine then lays out a copy of all their columns.
    """

    def translate(self, op: Any, *, params: Any) -> Any:
        query = super().translate(op, params=params)
        for named in query.ctes:
            if _is_pick(named.this):
                named.set("materialized", False)
        return query


def _is_pick(query: Any) -> bool:
    """Whether it chooses columns of one table, and rows by no more than comparisons."""
    if not isinstance(query, sge.Select) or set(filter(query.args.get, query.args)) - {"expressions", "from_", "where"}:
        return False
    chosen = all(isinstance(one.unalias(), sge.Column | sge.Star) for one in query.expressions)
    calls = (call for call in query.find_all(sge.Func) if not isinstance(call, sge.Connector))
    plain = not any(call.find(sge.Column, sge.Rand, sge.Anonymous) for call in calls)
    return chosen and plain and isinstance(query.args["from_"].this, sge.Table)


class _Engine(Backend):  # type: ignore[misc]  # ibis comes without types
    """The engine as ibis knows it, but with less work for each expression and each table that is kept on the way."""

    compiler = _Compiler()

    def compile(self, expr: ir.Expr, /, **kwargs: Any) -> str:
        if any(kwargs.values()):
            return str(super().compile(expr, **kwargs))
        return _COMPOSED.sql(expr, super().compile)

    def _run_pre_execute_hooks(self, expr: ir.Expr) -> None:
        # Ibis also looks for functions in Python, shapes of the earth and streams: nobody here hands it any.
        self._register_in_memory_tables(expr)

    def _to_duckdb_relation(self, expr: ir.Expr, **given: Any) -> Any:
        # A relation is planned when it is made and again when it is fetched; small tables take less than one plan.
        self._run_pre_execute_hooks(expr)
        return _Answer(self.con, self.compile(expr.as_table(), **given))

    def raw_sql(self, query: Any, **given: Any) -> Any:
        with _TURN:
            return super().raw_sql(query, **given)

    def to_pyarrow_batches(self, expr: ir.Expr, /, **given: Any) -> pa.RecordBatchReader:
        import pyarrow as pa

        def batches() -> Iterator[pa.RecordBatch]:
            with _alone():
                yield from super(_Engine, self).to_pyarrow_batches(expr, **given)

        return pa.RecordBatchReader.from_batches(expr.as_table().schema().to_pyarrow(), batches())

    def _create_cached_table(self, name: str, expr: ir.Table) -> ir.Table:
        # A load keeps up to twenty tables, and ibis has the engine name its catalogue and describe each of them.
        schema = expr.schema()
        if schema.null_fields:
            return super()._create_cached_table(name, expr)
        self._run_pre_execute_hooks(expr)
        quoted = ('"' + column.replace('"', '""') + '"' for column in schema.names)
        columns = ", ".join(map(" ".join, zip(quoted, map(_sql_of_type, schema.types), strict=True)))
        table = f'temp.main."{name}"'
        composed = self.compile(expr)
        with _TURN:
            self.con.execute(f"CREATE TEMP TABLE {table} ({columns}); INSERT INTO {table} {composed}")
        namespace = ops.Namespace(catalog="temp", database="main")
        return ops.DatabaseTable(name, schema=schema, source=self, namespace=namespace).to_expr()


@dataclass(frozen=True)
class _Answer:
    """What a query comes to, worked out when it is fetched."""

    con: DuckDBPyConnection
    sql: str

    def to_arrow_table(self) -> pa.Table:
        with _alone():
            return self.con.execute(self.sql).to_arrow_table()


@contextmanager
def _alone() -> Iterator[None]:
    # A connection holds one answer at a time. Another thread would put its own in place of it, and so would a table
    # that was kept on the way and is dropped when it is collected.
    with _TURN:
        collecting = gc.isenabled()
        gc.disable()
        try:
            yield
        finally:
            if collecting:
                gc.enable()


@cache
def _sql_of_type(kind: dt.DataType) -> str:
    return str(Backend.compiler.type_mapper.to_string(kind))


def connect(most_mb: int = MOST_MEMORY_MB) -> Backend:
    """An engine in this process that never fetches an extension and works in UTC.

    It takes half of the memory that is free now, 600 MB at least and `most_mb` at most, and spills what needs more into a
    folder that only this user can open and that goes with the connection, up to half of what is free on that disk.
    """
    engine = order_free(_Engine().connect(autoinstall_known_extensions=False, autoload_known_extensions=False))
    engine.con.execute("SET TimeZone = 'UTC'")
    # In a notebook a query of some seconds would draw a bar, which then stands in the published page. Where there are no
    # widgets to draw it with it is off, and the engine refuses to be told so.
    if engine.con.execute("SELECT current_setting('enable_progress_bar')").fetchall() != [(False,)]:
        engine.con.execute("SET enable_progress_bar = false")
    limit = max(LEAST_MEMORY_MB, min(most_mb, psutil.virtual_memory().available // 2**21))
    engine.con.execute(f"SET memory_limit = '{limit}MB'")
    folder = _spill_folder()
    engine.con.execute(f"SET temp_directory = '{folder.replace(chr(39), chr(39) * 2)}'")
    engine.con.execute(f"SET max_temp_directory_size = '{shutil.disk_usage(Path(folder).parent).free // 2**21}MB'")
    # What a query needed is given back at once, and not kept for the next one: it would count twice in the peak.
    engine.con.execute("SET allocator_flush_threshold = '1MB'")
    return engine


def _spill_folder() -> str:
    """A folder for one connection, below one that only this user can open; the engine makes it and takes it away.

    What a process that was killed left behind goes a day later.
    """
    private = private_folder() or Path(tempfile.mkdtemp(prefix="cxvalue-"))
    for left in private.glob("spill-*"):
        if time.time() - left.stat().st_mtime > DAY_S and not psutil.pid_exists(int(left.name.split("-")[1])):
            shutil.rmtree(left, ignore_errors=True)
    return str(private / f"spill-{os.getpid()}-{next(_SPILLS)}")
