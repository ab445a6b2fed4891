"""Moments with a time zone as local ones: in the zone that the study names, else in the one that the column states."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from zoneinfo import available_timezones

from cxvalue.tables.read.sql import literal, quoted

ZONED = "TIMESTAMP WITH TIME ZONE"
_OFFSET = re.compile(r"([+-])(\d{2}):?(\d{2})")


def local_moment(column: str, zone: str) -> str:
    """The SQL of a column of moments as the clock in a zone shows them; the zone is a name or an offset.

    >>> local_moment("m", "Europe/Kyiv")
    "timezone('Europe/Kyiv', m)"
    >>> local_moment("m", "-03:30")
    "timezone('UTC', m) + INTERVAL (-210) MINUTE"
    """
    offset = _OFFSET.fullmatch(zone)
    if offset:
        minutes = int(offset[2]) * 60 + int(offset[3])
        return f"timezone('UTC', {column}) + INTERVAL ({'-' if offset[1] == '-' else ''}{minutes}) MINUTE"
    return f"timezone({literal(zone if zone in available_timezones() else 'UTC')}, {column})"


def local_moments(path: Path, columns: Sequence[str], zone: str | None) -> dict[str, str]:
    """The SQL of each of some columns of a parquet file as local moments: in `zone`, else in the zone of the column."""
    if not columns:
        return {}
    if zone is not None:
        return {name: local_moment(quoted(name), zone) for name in columns}
    from pyarrow import parquet

    schema = parquet.read_schema(path)
    return {name: local_moment(quoted(name), schema.field(name).type.tz or "UTC") for name in columns}
