"""Counts and sums asked of the engine together: each question is a round trip, and an expression to put into its words."""

from __future__ import annotations

from typing import Any

import ibis
import ibis.expr.types as ir

__all__ = ["ask", "in_order", "measures", "parts"]


def ask(*rows: ir.Table) -> dict[str, Any]:
    """The values of tables of one row each, such as aggregates give, by their names, which must all differ.

    >>> import ibis
    >>> table = ibis.memtable({"a": [1, 2, 3]})
    >>> ask(table.aggregate(n=table.count()), table.filter(table.a > 1).aggregate(least=lambda t: t.a.min()))
    {'n': 3, 'least': 2}
    """
    if not rows:
        return {}
    together = rows[0].cross_join(*rows[1:]) if rows[1:] else rows[0]
    row: dict[str, Any] = together.to_pyarrow().to_pylist()[0]
    return row


def in_order(table: ir.Table) -> ir.Table:
    """The rows of a table in the one order that their own values give: what adds them up then finds the same last digits.

    >>> import ibis
    >>> table = ibis.memtable({"who": ["b", "a", "b"], "points": [1.0, 2.0, 0.5]})
    >>> in_order(table).points.to_pyarrow().to_pylist()
    [2.0, 0.5, 1.0]
    """
    return table.order_by(table.columns)


def measures(table: ir.Table, amount: str | None) -> dict[str, Any]:
    """The rows of a table and the sum of an amount over them, to be asked."""
    return {"rows": table.count(), "amount": table[amount].sum() if amount in table.columns else ibis.null("float64")}


def parts(table: ir.Table, amount: str | None, **tests: Any) -> ir.Table:
    """The rows for which each test holds (`n_NAME`) and the sum of an amount over them (`NAME`), to be asked."""
    asked: dict[str, Any] = {}
    for name, test in tests.items():
        asked[f"n_{name}"] = table.count(where=test)
        asked[name] = table[amount].sum(where=test) if amount in table.columns else ibis.null("float64")
    return table.aggregate(**asked)
