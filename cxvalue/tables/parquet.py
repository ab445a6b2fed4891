"""A data frame as a parquet file, written a part at a time so that it is never held twice."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

ROWS_AT_ONCE = 20_000


def write_parquet(frame: pd.DataFrame, path: Path) -> None:
    """Write a frame without its index; what is read back is what `DataFrame.to_parquet` would have written."""
    import pyarrow as pa
    from pandas.api.types import is_object_dtype
    from pyarrow import parquet

    schema = pa.Schema.from_pandas(frame.iloc[:0], preserve_index=False)
    # Only columns of Python objects do not say by themselves what they hold.
    for place, name in enumerate(schema.names):
        if is_object_dtype(frame[name].dtype):
            schema = schema.set(place, pa.field(name, pa.infer_type(frame[name], from_pandas=True)))
    with parquet.ParquetWriter(path, schema, use_dictionary=repeating_columns(schema)) as writer:
        for start in range(0, max(len(frame), 1), ROWS_AT_ONCE):
            part = frame.iloc[start : start + ROWS_AT_ONCE]
            writer.write_table(pa.Table.from_pandas(part, schema=schema, preserve_index=False))
            pa.default_memory_pool().release_unused()


def repeating_columns(schema: pa.Schema) -> list[str]:
    """The columns whose values come again, and are worth a dictionary: numbers with a point seldom do.

    >>> import pyarrow
    >>> repeating_columns(pyarrow.schema({"level": pyarrow.string(), "cltv": pyarrow.float64()}))
    ['level']
    """
    import pyarrow as pa

    return [field.name for field in schema if not pa.types.is_floating(field.type)]
