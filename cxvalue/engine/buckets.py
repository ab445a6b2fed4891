"""Groups that are the same whatever engine makes them: a number from the digits of a value's MD5."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ibis.expr.types as ir

_DIGITS = 6  # 16 million numbers, so that the remainder spreads evenly
_HEX = "0123456789abcdef"


def bucket(column: ir.Column, parts: int) -> Any:
    """The number of the group, 0 to `parts` - 1, of each value: the first six hexadecimal digits of its MD5, modulo `parts`.

    `column` counts as text; a missing value has no group.

    >>> import ibis
    >>> table = ibis.memtable({"customer_id": ["a", "b"]})
    >>> table.select(group=bucket(table.customer_id, 10)).to_pyarrow().column("group").to_pylist()
    [7, 1]
    """
    import ibis

    digits = md5_of(column.cast("string"))
    number: Any = ibis.literal(0)
    for place in range(_DIGITS):
        number = number * 16 + ibis.literal(_HEX).find(digits.substr(place, 1))
    return number % parts


def md5_of(text: Any) -> Any:
    """The MD5 of a text, as 32 hexadecimal digits."""
    return _md5()(text)


@cache
def _md5() -> Callable[[Any], Any]:
    import ibis

    # The one name for it that DuckDB, PostgreSQL and Spark share; the digest of ibis itself is unknown to PostgreSQL.
    @ibis.udf.scalar.builtin  # type: ignore[untyped-decorator]
    def md5(text: str) -> str: ...  # type: ignore[empty-body]

    return md5
