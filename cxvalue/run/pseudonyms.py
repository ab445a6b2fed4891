"""Pseudonyms for published customer ids: a keyed hash that cannot be turned back without the key.

With ``CXVALUE_PSEUDONYM_KEY`` in the environment a customer keeps one pseudonym from run to run; without it every run
makes its own key and forgets it. The key is never written.
"""

from __future__ import annotations

import csv
import hmac
import os
import secrets
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from cxvalue.foundation.errors import CxvalueError
from cxvalue.foundation.inert import inert_text
from cxvalue.tables.parquet import repeating_columns

if TYPE_CHECKING:
    import pyarrow as pa

KEY_VARIABLE = "CXVALUE_PSEUDONYM_KEY"
FROM_ENVIRONMENT = "environment"
ID_COLUMN = "customer_id"
LENGTH = 16
ROWS_OF_A_SMALL_TABLE = 100_000


@dataclass(frozen=True)
class Pseudonyms:
    """Turns ids into pseudonyms: the first 16 hexadecimal digits of HMAC-SHA256.

    >>> Pseudonyms(b"key", "environment")("C-17")
    '9c0d70d479790a8f'
    """

    key: bytes = field(repr=False)
    origin: str

    @classmethod
    def from_environment(cls) -> Pseudonyms:
        """Use the key in the environment, else make one for this run."""
        given = os.environ.get(KEY_VARIABLE)
        if given:
            return cls(given.encode(), FROM_ENVIRONMENT)
        return cls(secrets.token_bytes(32), "made for this run")

    def __call__(self, identifier: str) -> str:
        return hmac.digest(self.key, identifier.encode(), "sha256").hex()[:LENGTH]

    @property
    def identity(self) -> str:
        """What tells this key from another without giving it away; keys that runs make for themselves are all alike."""
        return self("cxvalue") if self.origin == FROM_ENVIRONMENT else self.origin

    def column(self, ids: pa.Array) -> pa.Array:
        """Replace every id of a column; nulls stay null."""
        import pyarrow as pa

        coded = ids.cast(pa.string()).dictionary_encode()
        # Keyed once: to look for the hash by its name and to mix in the key for each id takes as long again.
        keyed, names = hmac.new(self.key, digestmod="sha256"), []
        for identifier in coded.dictionary.to_pylist():
            own = keyed.copy()
            own.update(identifier.encode())
            names.append(own.hexdigest()[:LENGTH])
        return pa.array(names, pa.string()).take(coded.indices)


def publish_table(path: Path, folder: Path, key: Pseudonyms | None, *, csv_beside: bool = True) -> None:
    """Copy a table into a folder with pseudonyms for its `customer_id`; a small parquet gets a csv beside it.

    Tables are passed on in batches, so their size does not matter. `key` None leaves the ids as they are.
    Other kinds of files are a `CxvalueError`, since their ids could not be replaced.
    """
    if path.suffix == ".parquet":
        _publish_parquet(path, folder, key, csv_beside=csv_beside)
    elif path.suffix == ".csv":
        _publish_csv(path, folder / path.name, key)
    else:
        raise CxvalueError("The table {name} cannot be published. Allowed: '.parquet', '.csv'.", name=path.name)


def _publish_parquet(path: Path, folder: Path, key: Pseudonyms | None, *, csv_beside: bool) -> None:
    import pyarrow as pa
    import pyarrow.csv as pa_csv
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as source:
        schema = source.schema_arrow
        place = schema.get_field_index(ID_COLUMN)
        if key is not None and place >= 0:
            schema = schema.set(place, pa.field(ID_COLUMN, pa.string()))
        schema = schema.remove_metadata()
        small = source.metadata.num_rows <= ROWS_OF_A_SMALL_TABLE
        named = pa.schema([field.with_name(inert_text(field.name)) for field in schema])
        text = pa_csv.CSVWriter(folder / f"{path.stem}.csv", named) if csv_beside and small else None
        few = repeating_columns(schema)
        with pq.ParquetWriter(folder / path.name, schema, compression="zstd", use_dictionary=few) as target:
            for batch in source.iter_batches():
                columns = list(batch.columns)
                if key is not None and place >= 0:
                    columns[place] = key.column(columns[place])
                published = pa.record_batch(columns, schema=schema)
                target.write_batch(published)
                if text is not None:
                    text.write_batch(pa.record_batch([_inert(column) for column in columns], schema=named))
        if text is not None:
            text.close()


def _inert(column: pa.Array) -> pa.Array:
    """A column as a spreadsheet may open it."""
    import pyarrow as pa

    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return column
    texts = [inert_text(value) if value is not None else None for value in column.to_pylist()]
    return pa.array(texts, column.type)


def _publish_csv(path: Path, target: Path, key: Pseudonyms | None) -> None:
    with path.open(encoding="utf-8-sig", newline="") as source:
        rows = csv.reader(source)
        header = next(rows, [])
        if key is None or ID_COLUMN not in header:
            shutil.copyfile(path, target)
            return
        place = header.index(ID_COLUMN)
        with target.open("w", encoding="utf-8", newline="") as written:
            writer = csv.writer(written, lineterminator="\n")
            writer.writerow(header)
            for row in rows:
                row[place] = key(row[place]) if row[place] else ""
                writer.writerow(row)
