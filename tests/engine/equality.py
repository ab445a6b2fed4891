"""The table of equality: every task in every engine that is here, held against the engine in this process.

python -m tests.engine.equality    starts a PostgreSQL of its own, and Spark where pyspark and Java are; takes some minutes
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pyarrow as pa

from cxvalue.engine.opening import open_warehouse
from tests.engine.helpers import VARIABLE, AnyEngine, OnPostgres, OnSpark
from tests.engine.servers import spark_session, start_postgres, stop_postgres, why_no_postgres, why_no_spark
from tests.engine.tasks import FITS, TASKS, There, asked, canonical_tables, differing, embedded

TOLERANCES = ((TASKS, 1e-9), (FITS, 1e-6))
ENGINES = ("DuckDB through ibis", "PostgreSQL", "Spark")


def main() -> int:
    """Print the table; the exit status is 1 where an answer differs or fails."""
    with tempfile.TemporaryDirectory(prefix="cxvalue-equality-") as scratch:
        folder = Path(scratch)
        tables = canonical_tables(folder / "files")
        here = embedded(tables)
        expected = {name: asked(task, here) for tasks, _ in TOLERANCES for name, task in tasks.items()}
        columns = {}
        for engine in ENGINES:
            with _engine(engine, folder) as made:
                columns[engine] = _column(made, tables, expected) if isinstance(made, AnyEngine) else made
    known = [engine for engine in ENGINES if not isinstance(columns[engine], str)]
    print(f"| task | held to | {' | '.join(known)} |\n|---|---|{'---|' * len(known)}")
    for tasks, tolerance in TOLERANCES:
        for name in tasks:
            print(f"| {name} | {tolerance:g} | {' | '.join(columns[engine][name] for engine in known)} |")
    for engine in ENGINES:
        if engine not in known:
            print(columns[engine], file=sys.stderr)
    return int(any("same" not in said for engine in known for said in columns[engine].values()))


def _column(engine: AnyEngine, tables: dict[str, pa.Table], expected: dict[str, dict[str, object]]) -> dict[str, str]:
    os.environ[VARIABLE] = engine.address
    places = {name: engine.put(name, table) for name, table in tables.items()}
    warehouse = open_warehouse(f"${{{VARIABLE}}}")
    there = There(warehouse.con, lambda name: warehouse.table(places[name], "tables"))
    column = {}
    for tasks, tolerance in TOLERANCES:
        for name, task in tasks.items():
            try:
                wrong, largest = differing(expected[name], asked(task, there), tolerance)
                column[name] = (
                    f"differs: {', '.join(wrong)}" if wrong else f"same ({largest:.0e})" if largest else "same"
                )
            except Exception as error:
                column[name] = f"fails: {type(error).__name__}"
    warehouse.close()
    return column


@contextmanager
def _engine(name: str, folder: Path) -> Iterator[AnyEngine | str]:
    """An engine, or why there is none."""
    if name == "PostgreSQL":
        if reason := why_no_postgres():
            yield reason
            return
        made = OnPostgres.made(start_postgres(folder))
        yield made
        made.drop()
        stop_postgres(folder)
    elif name == "Spark":
        if reason := why_no_spark():
            yield reason
            return
        session = spark_session()
        yield OnSpark(next(session), folder)
        with suppress(StopIteration):
            next(session)
    else:
        yield AnyEngine(folder)


if __name__ == "__main__":
    sys.exit(main())
