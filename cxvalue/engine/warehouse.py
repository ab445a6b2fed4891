"""An engine behind an address, reached through ibis: what holds for all of them, and for those that have no module here."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, suppress
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa
from pyarrow import parquet

from cxvalue.engine.buckets import bucket, md5_of
from cxvalue.engine.embedded import connect
from cxvalue.engine.failures import guarded, said_of
from cxvalue.engine.place import Place
from cxvalue.engine.scores import WHERE as SCORES
from cxvalue.engine.sums import order_free
from cxvalue.foundation.errors import BadInput, Problem, meant, quoted
from cxvalue.language.catalogue import translate

if TYPE_CHECKING:
    from cxvalue.study import TableSource

SMALL_ROWS = 100_000
"""Rows of a file that may be sent up to a warehouse."""
ROWS_AT_ONCE = 100_000
BLANKS = " \t\u00a0\ufeff"
"""What is taken off both ends of a text, in a warehouse as in a file."""
WHERE = "study.engine"
_BETWEEN, _MISSING = "\x1f", "\x1e"


class Warehouse(Place):
    """A warehouse by its connection; `tested` says whether this very engine is part of the tests."""

    tested = False

    def __init__(self, con: Any, words: str) -> None:
        self.con, self.words = order_free(con), words

    def holds(self, source: TableSource) -> bool:
        return source.in_engine

    @cached_property
    def files(self) -> Any:
        return connect()

    def guarded(self) -> AbstractContextManager[None]:
        return guarded(self.words)

    def close(self) -> None:
        for entry in self.con._cache_name_to_entry.values():
            entry.finalizer.detach()  # what is kept goes with the connection, and nobody need ask for it later
        self._leave()

    def _leave(self) -> None:
        with suppress(Exception):
            self.con.disconnect()

    def table(self, named: str, where: str) -> ir.Table:
        """A table by its name, ``schema.table`` or ``catalog.schema.table``; raises `BadInput` with the nearest there is."""
        *schema, name = named.split(".")
        failed: Exception | None = None
        try:
            return self.con.table(name, database=tuple(schema) or None)
        except Exception as error:
            failed = error
        try:
            names = sorted(self.con.list_tables(database=tuple(schema) or None))
        except Exception:
            names = []
        if type(failed).__name__ != "TableNotFound" and name in names:
            told, remedy = said_of(failed)
            found = translate("{table!r} cannot be read: {said}", table=named, said=told)
            raise BadInput.at(f"{where}.table", found, remedy)
        remedy = (
            meant(name, names) or translate("Tables there: {names}.", names=quoted(names))
            if names
            else translate("Check its name and its schema.")
        )
        raise BadInput.at(f"{where}.table", translate("there is no table {table!r}.", table=named), remedy)

    def obstacles(self, tables: Iterable[str]) -> list[str]:
        """What the user of this connection may not do and would have to, a sentence each; nothing where nobody can tell."""
        return []

    def obstacles_to_scores(self, named: str, study: str) -> list[tuple[str, str]]:
        """Why the scores of a study cannot be written to a table, and what to do."""
        found = translate(
            "{engine} cannot receive scores in this version; PostgreSQL and Spark can.", engine=self.words
        )
        return [(found, translate("Leave it out."))]

    def write_scores(self, named: str, study: str, customers: Path, *, run_id: str, as_of: date) -> int:
        """Write the customers of a run in place of those of the run before, and say how many."""
        raise BadInput([Problem(SCORES, *one) for one in self.obstacles_to_scores(named, study)])

    def ask_for_rights(self, tables: Iterable[str], scores: str | None = None, study: str = "") -> None:
        remedy = translate("Ask the administrator of the engine for it.")
        problems = [Problem(WHERE, one, remedy) for one in self.obstacles(tables)]
        if scores is not None:
            problems += [Problem(SCORES, *one) for one in self.obstacles_to_scores(scores, study)]
        if problems:
            raise BadInput(problems)

    def keep(self, table: ir.Table) -> ir.Table:
        """A table as it is now, held by the engine until this connection ends."""
        return table.cache()

    def trimmed(self, text: ir.StringValue) -> ir.StringValue:
        """A text without the blanks at both ends."""
        return text.re_replace(f"^[{BLANKS}]+", "").re_replace(f"[{BLANKS}]+$", "")

    def local(self, moment: Any, zone: str) -> Any:
        """A moment with a zone as the clock in another one shows it."""
        if zone in ("UTC", "Etc/UTC"):
            return moment
        remedy = translate("Make a view with the days of that zone, and name the view as the table.")
        found = translate("{engine} cannot convert timestamps to {zone} here.", engine=self.words, zone=zone)
        raise BadInput([Problem("study.time_zone", found, remedy)])

    def whole(self, number: Any) -> Any:
        """A whole number that is held as another kind of number, as text without a decimal point."""
        return number.cast("int64").cast("string")

    def digest(self, text: Any) -> Any:
        """A short text that is equal for equal texts only."""
        return md5_of(text)

    def mark(self, text: Any) -> Any:
        """A whole number that texts share by chance alone; sums of it tell tables apart."""
        return bucket(text, 1 << 24).cast("int64")

    def send(self, table: ir.Table, where: str) -> ir.Table:
        rows = table.limit(SMALL_ROWS + 1).to_pyarrow()
        if rows.num_rows > SMALL_ROWS:
            found = translate("has more than {rows:,} rows in a file, while the study has an engine.", rows=SMALL_ROWS)
            raise BadInput.at(where, found, translate("Load it into the engine and name it with 'table:'."))
        return self._sent(rows)

    def _sent(self, rows: pa.Table) -> ir.Table:
        return self.con.create_table(ibis.util.gen_name("sent"), rows, temp=True)

    def bring(
        self, table: ir.Table, path: Path, order: Sequence[str], columns: Sequence[str], rows: int | None = None
    ) -> None:
        wanted = list(dict.fromkeys([*columns, *order]))
        raw = path.with_suffix(".unsorted")
        try:
            with guarded(translate("{engine}, bringing over {table!r}", engine=self.words, table=path.stem)):
                self._bring(table.select(*wanted), raw, rows)
            # Sorted here: collations differ between engines, the order of the files of a study does not.
            self.files.read_parquet(_files(raw)).order_by(list(order)).select(*columns).to_parquet(path)
        finally:
            _remove(raw)

    def _bring(self, table: ir.Table, path: Path, rows: int | None) -> None:
        schema = table.schema().to_pyarrow()
        with parquet.ParquetWriter(path, schema) as writer:
            for batch in table.to_pyarrow_batches(chunk_size=ROWS_AT_ONCE):
                writer.write_batch(batch.cast(schema))


def row_text(columns: Iterable[Any]) -> Any:
    """The values of a row as one text that differs where a value does."""
    parts = [column.cast("string").fill_null(_MISSING) for column in columns]
    text = parts[0]
    for part in parts[1:]:
        text = text + ibis.literal(_BETWEEN) + part
    return text


def _files(path: Path) -> Any:
    return sorted(path.glob("*.parquet")) if path.is_dir() else path


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
