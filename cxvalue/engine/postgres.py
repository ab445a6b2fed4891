"""PostgreSQL: what its user may do, snapshots that the planner knows, tables brought over and sent up by COPY."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa
from pyarrow import csv, parquet

from cxvalue.engine.failures import refused
from cxvalue.engine.scores import obstacles_to_scores, replace_scores
from cxvalue.engine.warehouse import BLANKS, WHERE, Warehouse
from cxvalue.foundation.errors import BadInput, Problem
from cxvalue.language.catalogue import translate

if TYPE_CHECKING:
    from psycopg import Connection

SECONDS_TO_CONNECT = 10
LONGEST_STATEMENT = "3h"
"""Where neither the address nor the server sets a statement_timeout."""
_BLOCK = 1 << 22


def open_postgres(address: str) -> Postgres:
    """Connect to PostgreSQL; what the address leaves out comes from libpq's own variables and files."""
    try:
        import psycopg
    except ImportError:
        found = translate("the address is for PostgreSQL, and its driver is not installed.")
        remedy = translate("Install it: {command}.", command="python -m pip install 'cxvalue[postgres]'")
        raise BadInput([Problem(WHERE, found, remedy)]) from None
    failed: Exception | None = None
    try:
        con = psycopg.connect(address, autocommit=True, connect_timeout=SECONDS_TO_CONNECT, application_name="cxvalue")
        with con.cursor() as cursor:
            row: Any = cursor.execute("SHOW statement_timeout").fetchone()
            if row[0] == "0":
                cursor.execute(f"SET statement_timeout = '{LONGEST_STATEMENT}'")
            cursor.execute("SET DateStyle = ISO")
            cursor.execute("SET client_min_messages = warning")
        return Postgres(con)
    except Exception as error:
        failed = error
    raise refused(WHERE, failed)


class Postgres(Warehouse):
    """PostgreSQL on a connection of its driver."""

    tested = True

    def __init__(self, native: Connection) -> None:
        version = native.info.server_version
        super().__init__(_backend().from_connection(native), f"PostgreSQL {version // 10000}.{version % 10000}")
        self.native = native

    def _leave(self) -> None:
        self.native.close()

    def obstacles(self, tables: Iterable[str]) -> list[str]:
        named = sorted(set(tables))
        with self.native.cursor() as cursor:
            row: Any = cursor.execute(
                "SELECT pg_is_in_recovery(), has_database_privilege(current_database(), 'TEMPORARY'), "
                "current_setting('transaction_read_only') = 'on'"
            ).fetchone()
            replica, temporary, reads = row
            said = []
            if replica or reads:
                said.append(
                    translate(
                        "it is read-only (a replica or a read-only session), and temporary tables are needed for a run."
                    )
                )
            elif not temporary:
                command = "GRANT TEMPORARY ON DATABASE … TO …"
                said.append(translate("the user may not create temporary tables: {command}.", command=command))
            for name in named:
                *_, schema, table = [None, *name.split(".")]
                found: Any = cursor.execute(
                    "SELECT has_table_privilege(c.oid, 'SELECT') AND has_schema_privilege(n.oid, 'USAGE') FROM pg_class c "
                    "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relname = %(table)s AND "
                    "(n.nspname = %(schema)s OR (%(schema)s::text IS NULL AND pg_table_is_visible(c.oid)))",
                    {"schema": schema, "table": table},
                ).fetchone()
                if found is not None and not found[0]:
                    command = f"GRANT SELECT ON {name} TO …"
                    said.append(translate("the user may not read {table!r}: {command}.", table=name, command=command))
        return said

    def obstacles_to_scores(self, named: str, study: str) -> list[tuple[str, str]]:
        return obstacles_to_scores(self.native, named, study)

    def write_scores(self, named: str, study: str, customers: Path, *, run_id: str, as_of: date) -> int:
        return replace_scores(self.native, named, study, customers, run_id=run_id, as_of=as_of)

    def trimmed(self, text: ir.StringValue) -> ir.StringValue:
        return _btrim(text, BLANKS)

    def local(self, moment: Any, zone: str) -> Any:
        return _timezone(zone, moment)

    def whole(self, number: Any) -> Any:
        return number.cast("decimal(38, 0)").cast("string")

    def mark(self, text: Any) -> Any:
        return _hashtextextended(text, 0)

    def _sent(self, rows: pa.Table) -> ir.Table:
        name = ibis.util.gen_name("sent")
        table = self.con.create_table(name, schema=ibis.Schema.from_pyarrow(rows.schema), temp=True)
        columns = ", ".join(_quoted(column) for column in rows.column_names)
        written = io.BytesIO()
        # The quotes of a text tell an empty one from a missing one.
        csv.write_csv(rows, written, csv.WriteOptions(include_header=False, quoting_style="needed"))
        with (
            self.native.cursor() as cursor,
            cursor.copy(f"COPY {_quoted(name)} ({columns}) FROM STDIN (FORMAT csv)") as copy,
        ):
            copy.write(written.getvalue())
        return table

    def _bring(self, table: ir.Table, path: Path, rows: int | None) -> None:
        schema = table.schema().to_pyarrow()
        texts = [_quoted(field.name) for field in schema if pa.types.is_string(field.type)]
        force = f", FORCE_QUOTE ({', '.join(texts)})" if texts else ""
        self.con._run_pre_execute_hooks(table)
        asked = f"COPY ({self.con.compile(table)}) TO STDOUT (FORMAT csv{force})"
        with self.native.cursor() as cursor, cursor.copy(asked) as copy:
            _write_csv(iter(copy), schema, path)


def _write_csv(blocks: Iterator[Any], schema: pa.Schema, path: Path) -> None:
    """Comma-separated text, as COPY gives it, to a parquet file, a block at a time."""
    convert = csv.ConvertOptions(
        column_types={field.name: field.type for field in schema},
        null_values=[""],
        true_values=["t"],
        false_values=["f"],
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
    )
    parse = csv.ParseOptions(newlines_in_values=True)
    with parquet.ParquetWriter(path, schema) as writer:
        stream = io.BufferedReader(_Blocks(blocks), _BLOCK)
        if not stream.peek(1):
            return
        read = csv.ReadOptions(column_names=schema.names, block_size=_BLOCK)
        with csv.open_csv(stream, read, parse, convert) as reader:
            for batch in reader:
                writer.write_batch(batch)


class _Blocks(io.RawIOBase):
    """Blocks of bytes, one after another, as a file."""

    def __init__(self, blocks: Iterator[Any]) -> None:
        self._blocks, self._left = blocks, memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._left:
            block = next(self._blocks, None)
            if block is None:
                return 0
            self._left = memoryview(bytes(block))
        size = min(len(buffer), len(self._left))
        buffer[:size], self._left = self._left[:size], self._left[size:]
        return size


def _backend() -> Any:
    """The class of ibis for PostgreSQL, with statistics for what it keeps: without them the planner takes it for empty."""

    from ibis.backends.postgres import Backend as Plain

    class Backend(Plain):  # type: ignore[misc]
        def _create_cached_table(self, name: str, expr: ir.Table) -> ir.Table:
            kept = super()._create_cached_table(name, expr)
            with self.con.cursor() as cursor:
                cursor.execute(f"ANALYZE {_quoted(name)}")
            return kept

    return Backend


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@ibis.udf.scalar.builtin(name="btrim")  # type: ignore[untyped-decorator]
def _btrim(text: str, blanks: str) -> str: ...  # type: ignore[empty-body]


@ibis.udf.scalar.builtin(name="hashtextextended")  # type: ignore[untyped-decorator]
def _hashtextextended(text: str, seed: int) -> int: ...  # type: ignore[empty-body]


def _timezone(zone: str, moment: Any) -> Any:
    @ibis.udf.scalar.builtin(name="timezone", signature=((str, "timestamp('UTC')"), "timestamp"))
    def timezone(zone, moment): ...  # type: ignore[no-untyped-def]

    return timezone(zone, moment)
