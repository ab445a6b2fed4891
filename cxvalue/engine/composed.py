"""SQL of expressions, composed once for all of one shape: equal but for the names of tables that were made on the way."""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Hashable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from itertools import count
from typing import TYPE_CHECKING, Any

import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
import ibis.expr.schema as sch
from ibis.common.collections import FrozenDict, FrozenOrderedDict
from ibis.common.graph import Node

if TYPE_CHECKING:
    import ibis.expr.types as ir

MOST_NODES = 100_000
"""So many different parts of expressions are remembered, some 50 MB; then it begins anew."""

_MADE = re.compile(r"ibis_\w+_[a-z2-7]{26}")  # a name that ibis drew for one table, and that stands for nothing else


class Composed:
    """What was composed so far, in one dialect.

    Putting an expression into SQL takes longer than the engine needs to answer, as long as tables are small; and a load
    asks the same of every table of one layout.

    >>> import ibis
    >>> composed, asked = Composed(), []
    >>> def compose(expression):
    ...     asked.append(expression)
    ...     return ibis.to_sql(expression, dialect="duckdb")
    >>> a, b = (ibis.memtable({"n": [1]}).count() for _ in range(2))
    >>> composed.sql(a, compose) == compose(a), composed.sql(b, compose) == compose(b), len(asked)
    (True, True, 3)
    """

    def __init__(self) -> None:
        self._shapes = _Shapes()

    def sql(self, expression: ir.Expr, compose: Callable[[ir.Expr], str]) -> str:
        """The SQL that `compose` gives for an expression, by which it is asked once for every shape."""
        if len(self._shapes.parts) > MOST_NODES:
            self._shapes = _Shapes()
        known, names = self._shapes, dict[str, int]()
        shape = known.of(expression.op(), names)
        if shape is None:
            return compose(expression)
        pieces = known.composed.get(shape)
        if pieces is None:
            sql = compose(expression)
            known.composed[shape] = tuple(names.get(piece, piece) for piece in _split(sql, names))
            return sql
        drawn = list(names)
        return "".join(piece if isinstance(piece, str) else drawn[piece] for piece in pieces)


def _split(sql: str, names: dict[str, int]) -> list[str]:
    return re.split(f"({'|'.join(names)})", sql) if names else [sql]


class _Unknown(Exception):
    """An expression holds something of which two that are equal may yet be put differently."""


class _Shapes:
    """Shapes as numbers: two expressions have the same where all but the names of their tables is equal."""

    def __init__(self) -> None:
        self.parts: dict[Hashable, int] = {}
        self.composed: dict[int, tuple[str | int, ...]] = {}
        self._numbers = count()

    def of(self, root: Node, names: dict[str, int]) -> int | None:
        """The shape of an expression, None where it has none; `names` gets the tables, in the order they come in."""
        try:
            return self._number(root, names, {}, {})
        except (_Unknown, RecursionError):
            return None

    def _number(self, node: Node, names: dict[str, int], seen: dict[int, int], selves: dict[int, int]) -> int:
        known = seen.get(id(node))
        if known is not None:
            return known

        def told(value: Any) -> Hashable:
            how = _way(value.__class__)
            if how == "itself":
                return value
            if how == "node":
                return self._number(value, names, seen, selves)
            if how == "exactly":
                return type(value), repr(value)  # 1, 1.0 and True are equal, and so are 0.0 and -0.0
            if how == "tuple":
                return tuple(map(told, value))
            if how == "mapping":
                return tuple((told(key), told(one)) for key, one in value.items())
            if how == "names" and all(isinstance(one, str) for one in value):
                return value  # of columns that are left out, in no order
            raise _Unknown

        kind = type(node)
        if kind in _TABLES:
            name: str | int = node.name
            if _MADE.fullmatch(node.name):
                name = names.setdefault(node.name, len(names))
            part: Hashable = (kind, name, tuple(node.schema.items()), getattr(node, "namespace", None))
        elif kind is ops.SelfReference:
            # Which of several copies of one table is meant, by a number that is drawn.
            parent = self._number(node.parent, names, seen, selves)
            part = (kind, parent, selves.setdefault(node.identifier, len(selves)))
        else:
            part = (kind, *map(told, node.__args__))
        number = seen[id(node)] = self.parts.setdefault(part, next(self._numbers))
        return number


_TABLES = {ops.DatabaseTable, ops.InMemoryTable, ops.UnboundTable}
_EXACTLY = {bool, int, float, bytes, Decimal, date, datetime, time, timedelta}


@cache
def _way(kind: type) -> str:
    """How a value of this type is told apart from others."""
    if issubclass(kind, (ops.Namespace, dt.DataType, str, type(None), enum.Enum)):
        return "itself"
    if issubclass(kind, sch.Schema | FrozenDict | FrozenOrderedDict):
        return "mapping"  # in its order, which equal schemas need not share
    if issubclass(kind, Node):
        return "node"
    if kind is tuple:
        return "tuple"
    if kind is frozenset:
        return "names"
    return "exactly" if kind in _EXACTLY else ""
