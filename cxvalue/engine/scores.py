"""Scores of customers in a table of PostgreSQL that is the study's own: those of one run, whole, or of the run before.

What a score is, whose table it is, and how what stands in the way is told holds for other engines too.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cxvalue.foundation.errors import BadInput, Problem
from cxvalue.language.catalogue import translate

if TYPE_CHECKING:
    import pyarrow as pa
    from psycopg import Connection, Cursor

WHERE = "study.work.write_back"
COLUMNS = {
    "customer_id": "text",
    "frequency": "bigint",
    "recency_days": "bigint",
    "age_days": "bigint",
    "mean_spend": "double precision",
    "p_alive": "double precision",
    "expected_transactions": "double precision",
    "cltv": "double precision",
    "cltv_low": "double precision",
    "cltv_high": "double precision",
    "days_silent": "bigint",
    "dormant": "boolean",
    "rhythm_broken": "boolean",
    "p_return_90d": "double precision",
}
"""What is written of a customer, as in ``customers.parquet``; the run and its last day observed stand beside it."""
OF_RUN = {"run_id": "text", "as_of": "date"}
_ROWS_AT_ONCE = 100_000

_FOUND = """
    SELECT c.oid IS NOT NULL, c.relkind = 'r' AND obj_description(c.oid, 'pg_class') = %(mark)s,
        has_table_privilege(c.oid, 'INSERT') AND has_table_privilege(c.oid, 'DELETE'),
        ARRAY(SELECT attname || ' ' || format_type(atttypid, atttypmod) FROM pg_attribute
              WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped ORDER BY attnum),
        has_schema_privilege(n.oid, 'CREATE') AND has_schema_privilege(n.oid, 'USAGE'),
        has_schema_privilege(n.oid, 'USAGE')
    FROM pg_namespace n LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = %(table)s
    WHERE n.nspname = %(schema)s
"""


def obstacles_to_scores(con: Connection, named: str, study: str) -> list[tuple[str, str]]:
    """Why the scores of a study cannot be written to ``schema.table``, and what to do; nothing where they can."""
    with con.cursor() as cursor:
        return _looked_at(cursor, named, study)[1]


def replace_scores(con: Connection, named: str, study: str, customers: Path, *, run_id: str, as_of: date) -> int:
    """Write the customers of a run in place of those of the run before, in one transaction; returns how many.

    The table is made where there is none, and carries a comment that says whose it is; any other table of that name stays
    as it is. `customers` is the parquet file with a row a customer. Raises `BadInput` where something stands in the way.
    """
    from psycopg import sql

    table = sql.Identifier(*named.split("."))
    columns = {**OF_RUN, **COLUMNS}
    rows = 0
    with con.transaction(), con.cursor() as cursor:
        # One run at a time: the next one waits here until this one is whole.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"cxvalue {named}",))
        there, obstacles = _looked_at(cursor, named, study)
        if obstacles:
            raise BadInput([Problem(WHERE, found, remedy) for found, remedy in obstacles])
        if there:
            cursor.execute(sql.SQL("DELETE FROM {}").format(table))
        else:
            kinds = [sql.SQL("{} ").format(sql.Identifier(name)) + sql.SQL(kind) for name, kind in columns.items()]
            made = sql.SQL("CREATE TABLE {} ({}, PRIMARY KEY (customer_id))").format(table, sql.SQL(", ").join(kinds))
            cursor.execute(made)
            cursor.execute(sql.SQL("COMMENT ON TABLE {} IS {}").format(table, sql.Literal(whose_scores(study))))
        names = sql.SQL(", ").join(map(sql.Identifier, columns))
        written = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv)").format(table, names)
        with cursor.copy(written) as copy:
            for batch in batches_of_scores(customers, run_id, as_of):
                rows += batch.num_rows
                copy.write(_as_csv(batch))
    return rows


def whose_scores(study: str) -> str:
    """What marks a table as that of a study's scores."""
    return f"cxvalue:scores:{study}"  # compared, and so in no language


def not_ours(named: str) -> tuple[str, str]:
    """What is said of a table that is none of the study's scores, and what to do."""
    found = translate("{table!r} was not made by reports of this study, so it is left as it is.", table=named)
    return found, translate("Name another table, one that does not exist yet.")


def other_columns(named: str) -> tuple[str, str]:
    """The same for one that another version of this package made."""
    found = translate("{table!r} has different columns from those this version writes.", table=named)
    return found, translate("Drop it, and the next report creates it again.")


def _looked_at(cursor: Cursor[Any], named: str, study: str) -> tuple[bool, list[tuple[str, str]]]:
    """Whether there is such a table, and what stands in the way of writing to it."""
    schema, table = named.split(".")
    cursor.execute(_FOUND, {"mark": whose_scores(study), "table": table, "schema": schema})
    row: Any = cursor.fetchone()
    ask = translate("Ask the administrator of the engine for it.")
    if row is None:
        found = translate("there is no schema {schema!r}.", schema=schema)
        return False, [(found, translate("Have it made: {command}.", command=f"CREATE SCHEMA {schema}"))]
    there, ours, may_write, columns, may_make, may_look = row
    if not there and not may_make:
        command = f"GRANT USAGE, CREATE ON SCHEMA {schema} TO …"
        return False, [
            (translate("the user may not create tables in {schema!r}: {command}.", schema=schema, command=command), ask)
        ]
    if not there:
        return False, []
    if not ours:
        return True, [not_ours(named)]
    if not may_write or not may_look:
        command = f"GRANT USAGE ON SCHEMA {schema} TO …; GRANT INSERT, DELETE ON {named} TO …"
        return True, [(translate("the user may not write to {table!r}: {command}.", table=named, command=command), ask)]
    if columns != [f"{name} {kind}" for name, kind in {**OF_RUN, **COLUMNS}.items()]:
        return True, [other_columns(named)]
    return True, []


def batches_of_scores(customers: Path, run_id: str, as_of: date, rows: int = _ROWS_AT_ONCE) -> Iterator[pa.Table]:
    """The rows of a parquet file of customers, so many at a time, and their run; what is not known is missing."""
    import pyarrow as pa
    import pyarrow.compute as pc
    from pyarrow import parquet

    kinds = {"text": pa.string(), "bigint": pa.int64(), "double precision": pa.float64(), "boolean": pa.bool_()}
    with parquet.ParquetFile(customers) as file:
        for batch in file.iter_batches(rows, columns=list(COLUMNS)):
            columns = {name: batch.column(name).cast(kinds[kind]) for name, kind in COLUMNS.items()}
            for name, column in columns.items():
                if pa.types.is_floating(column.type):
                    columns[name] = pc.if_else(pc.is_nan(column), None, column)
            of_run = {"run_id": pa.array([run_id] * len(batch)), "as_of": pa.array([as_of] * len(batch), pa.date32())}
            yield pa.table({**of_run, **columns})


def _as_csv(rows: pa.Table) -> bytes:
    """Rows as COPY reads them; the quotes of a text tell an empty one from a missing one."""
    from pyarrow import csv

    written = io.BytesIO()
    csv.write_csv(rows, written, csv.WriteOptions(include_header=False, quoting_style="needed"))
    return written.getvalue()
