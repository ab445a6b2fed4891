"""Spark: a session of its own or a remote one, snapshots without a lineage, small tables sent up."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa
from pyarrow import parquet

from cxvalue.engine.buckets import bucket
from cxvalue.engine.failures import refused
from cxvalue.engine.spark_scores import obstacles_in_spark, replace_in_spark
from cxvalue.engine.warehouse import BLANKS, WHERE, Warehouse
from cxvalue.foundation.errors import BadInput, Problem
from cxvalue.language.catalogue import translate

ROWS_A_PART = 1_000_000
"""Larger tables come over in parts of about so many rows: the driver holds one of them."""
_FIXED = {"spark.sql.session.timeZone": "UTC", "spark.sql.ansi.enabled": "true"}


def open_spark(address: str) -> Spark:
    """The session that ``spark``, ``spark://local[2]``, ``spark://host:7077`` or ``sc://host`` names."""
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        found = translate("the address is for Spark, and pyspark is not installed.")
        remedy = translate("Install it: {command}; it needs Java 17.", command="python -m pip install 'cxvalue[spark]'")
        raise BadInput([Problem(WHERE, found, remedy)]) from None
    failed: Exception | None = None
    try:
        builder = SparkSession.builder.appName("cxvalue").config("spark.ui.showConsoleProgress", "false")
        if address.startswith("sc://"):
            builder = builder.remote(address)
        elif address.startswith("spark://local"):
            builder = builder.master(address.removeprefix("spark://")).config("spark.ui.enabled", "false")
        elif address.startswith("spark://"):
            builder = builder.master(address)
        session = builder.getOrCreate()
        for name, value in _FIXED.items():
            session.conf.set(name, value)
        return Spark(session)
    except Exception as error:
        failed = error
    raise refused(WHERE, failed)


class Spark(Warehouse):
    """Spark on a session."""

    tested = True

    def __init__(self, session: Any) -> None:
        from ibis.backends.pyspark import Backend

        class Kept(Backend):  # type: ignore[misc]
            """Keeps tables without the way they were made: a block that is lost is an error then, never other rows."""

            def _create_cached_table(self, name: str, expr: ir.Table) -> ir.Table:
                self._run_pre_execute_hooks(expr)  # tables in memory that it is made of
                frame = self._session.sql(self.compile(expr)).localCheckpoint(eager=True)
                frame.createOrReplaceTempView(name)
                self._cached_dataframes[name] = frame
                return self.table(name)

            def _drop_cached_table(self, name: str) -> None:
                self._session.catalog.dropTempView(name)
                self._cached_dataframes.pop(name, None)

        con = Kept()
        con.register_options()
        con.do_connect(session)
        super().__init__(con, f"Spark {session.version}")
        self.session = session

    def _leave(self) -> None:
        """The session goes on: it may be one that others use."""

    def table(self, named: str, where: str) -> ir.Table:
        """A table by its name; raises `BadInput` with the nearest there is. Its moments say that they are those of UTC."""
        from pyspark.sql.types import TimestampType

        found = super().table(named, where)
        fields = self.session.table(".".join(f"`{part}`" for part in named.split("."))).schema
        # What Spark counts from a moment on comes without a zone, as what it reads off a clock does.
        moments = [field.name for field in fields if isinstance(field.dataType, TimestampType)]
        return found.cast(dict.fromkeys(moments, "timestamp('UTC')")) if moments else found

    def obstacles_to_scores(self, named: str, study: str) -> list[tuple[str, str]]:
        return obstacles_in_spark(self.session, named, study)

    def write_scores(self, named: str, study: str, customers: Path, *, run_id: str, as_of: date) -> int:
        return replace_in_spark(self.session, named, study, customers, run_id=run_id, as_of=as_of)

    def trimmed(self, text: ir.StringValue) -> ir.StringValue:
        return _btrim(text, BLANKS)

    def local(self, moment: Any, zone: str) -> Any:
        return _from_utc_timestamp(moment.cast("timestamp('UTC')"), zone)

    def whole(self, number: Any) -> Any:
        return number.cast("decimal(38, 0)").cast("string")

    def mark(self, text: Any) -> Any:
        return bucket(text, 1 << 24).cast("int64")

    def _sent(self, rows: pa.Table) -> ir.Table:
        name = ibis.util.gen_name("sent")
        self.session.createDataFrame(rows).createOrReplaceTempView(name)
        return self.con.table(name)

    def _bring(self, table: ir.Table, path: Path, rows: int | None) -> None:
        schema = table.schema().to_pyarrow()
        self.con._run_pre_execute_hooks(table)
        parts = 1 + (table.count().to_pyarrow().as_py() if rows is None else rows) // ROWS_A_PART
        # Kept where it is asked for several times: each part is one of the same rows then.
        kept = table if parts == 1 else self.keep(table)
        groups = bucket(kept[kept.columns[0]], parts).fill_null(0) if parts > 1 else None
        with parquet.ParquetWriter(path, schema) as writer:
            for part in range(parts):
                asked = kept if groups is None else kept.filter(groups == part)
                writer.write_table(self.session.sql(self.con.compile(asked)).toArrow().cast(schema))


@ibis.udf.scalar.builtin(name="btrim")  # type: ignore[untyped-decorator]
def _btrim(text: str, blanks: str) -> str: ...  # type: ignore[empty-body]


def _from_utc_timestamp(moment: Any, zone: str) -> Any:
    @ibis.udf.scalar.builtin(signature=(("timestamp('UTC')", str), "timestamp"))
    def from_utc_timestamp(moment, zone): ...  # type: ignore[no-untyped-def]

    return from_utc_timestamp(moment, zone)
