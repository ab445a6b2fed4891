"""Scores of customers in Spark: a view that is the study's own, over the table of one run, whole, or of the run before.

Rows of a table cannot be replaced in one step in every catalogue of Spark. What a view shows can: so each run writes a
table of its own, and once that is whole the view is turned to it, and the table of the run before dropped.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cxvalue.engine.scores import COLUMNS, OF_RUN, WHERE, batches_of_scores, not_ours, other_columns, whose_scores
from cxvalue.foundation.errors import BadInput, Problem
from cxvalue.language.catalogue import translate

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_KINDS = {"text": "string", "bigint": "bigint", "double precision": "double", "boolean": "boolean", "date": "date"}
_TYPED = {name: _KINDS[kind] for name, kind in {**OF_RUN, **COLUMNS}.items()}
_WHOSE, _ROWS_OF = "cxvalue.scores", "cxvalue.rows"
_ROWS_AT_ONCE = 1_000_000
"""Each so many rows are a file of their own there."""


def obstacles_in_spark(session: SparkSession, named: str, study: str) -> list[tuple[str, str]]:
    """Why the scores of a study cannot be written to ``schema.table``, and what to do; nothing where they can."""
    schema = named.split(".")[0]
    if not session.catalog.databaseExists(schema):
        found = translate("there is no schema {schema!r}.", schema=schema)
        return [(found, translate("Have it made: {command}.", command=f"CREATE SCHEMA {schema}"))]
    if not session.catalog.tableExists(named):
        return []
    if _known_of(session, named).get(_WHOSE) != _as_hex(whose_scores(study)):
        return [not_ours(named)]
    columns = {field.name: field.dataType.simpleString() for field in session.table(_quoted(named)).schema}
    return [] if columns == _TYPED else [other_columns(named)]


def replace_in_spark(
    session: SparkSession, named: str, study: str, customers: Path, *, run_id: str, as_of: date
) -> int:
    """Write the customers of a run to a table of its own and turn the view ``schema.table`` to it; returns how many.

    Whatever fails before that leaves what the view shows as it was. `customers` is the parquet file with a row a
    customer. Raises `BadInput` where something stands in the way.
    """
    if obstacles := obstacles_in_spark(session, named, study):
        raise BadInput([Problem(WHERE, found, remedy) for found, remedy in obstacles])
    there, rows = f"{named}__{''.join(one if one.isalnum() else '_' for one in run_id)}", 0
    columns = ", ".join(f"{_quoted(name)} {kind}" for name, kind in _TYPED.items())
    kind = session.conf.get("spark.sql.sources.default", "parquet")
    session.sql(f"CREATE TABLE {_quoted(there)} ({columns}) USING {kind}")
    try:
        for batch in batches_of_scores(customers, run_id, as_of, _ROWS_AT_ONCE):
            session.createDataFrame(batch).write.insertInto(_quoted(there))
            rows += batch.num_rows
        before = _rows_of(session, named)
        marks = ", ".join(f"{_text(key)} = {_text(value)}" for key, value in _marks(study, there).items())
        names = ", ".join(map(_quoted, _TYPED))
        session.sql(
            f"CREATE OR REPLACE VIEW {_quoted(named)} TBLPROPERTIES ({marks}) AS SELECT {names} FROM {_quoted(there)}"
        )
    except BaseException:
        with suppress(Exception):  # in doubt the table stays: the view may be turned to it already
            if _rows_of(session, named) != there:
                session.sql(f"DROP TABLE IF EXISTS {_quoted(there)}")
        raise
    if before is not None:
        with suppress(Exception):  # the scores stand there; what is left over costs room alone
            session.sql(f"DROP TABLE IF EXISTS {_quoted(before)}")
    return rows


def _marks(study: str, there: str) -> dict[str, str]:
    return {_WHOSE: _as_hex(whose_scores(study)), _ROWS_OF: _as_hex(there)}


def _as_hex(value: str) -> str:
    # Spark shows stars in place of a property with a word such as url or token in it, and the name of a study may have one.
    return value.encode().hex()


def _rows_of(session: SparkSession, named: str) -> str | None:
    """The table that the view shows, where the view is there."""
    told = _known_of(session, named).get(_ROWS_OF) if session.catalog.tableExists(named) else None
    return None if told is None else bytes.fromhex(told).decode()


def _known_of(session: SparkSession, named: str) -> dict[str, Any]:
    return {row["key"]: row["value"] for row in session.sql(f"SHOW TBLPROPERTIES {_quoted(named)}").collect()}


def _quoted(named: str) -> str:
    return ".".join(f"`{part}`" for part in named.split("."))


def _text(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
