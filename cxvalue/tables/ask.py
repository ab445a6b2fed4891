"""Counts and sums asked of the engine together: each question is a round trip, and an expression to put into its words."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any, TypeVar

import ibis
import ibis.expr.types as ir

from cxvalue.foundation.errors import BadInput

T = TypeVar("T")
Asking = Generator[list[ir.Table], dict[str, Any], T]
"""Something that asks as it goes: it yields tables for `ask`, is sent their values, and returns what came of them."""


def ask(*rows: ir.Table) -> dict[str, Any]:
    """The values of tables of one row each, such as aggregates give, by their names; raises ValueError if two are equal.

    >>> import ibis
    >>> table = ibis.memtable({"a": [1, 2, 3]})
    >>> ask(table.aggregate(n=table.count()), table.filter(table.a > 1).aggregate(least=lambda t: t.a.min()))
    {'n': 3, 'least': 2}
    """
    if not rows:
        return {}
    names = [name for row in rows for name in row.columns]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"Asked twice under one name: {', '.join(twice)}.")
    together = rows[0].cross_join(*rows[1:]) if rows[1:] else rows[0]
    row: dict[str, Any] = together.to_pyarrow().to_pylist()[0]
    return row


def ask_in_rounds(askings: Mapping[str, Asking[T]]) -> dict[str, T | BadInput]:
    """What comes of askings that go side by side: what all of them yield in a round is one question to the engine.

    What one of them refuses ends that one alone, and is given in place of what it would have returned.

    >>> import ibis
    >>> def count(table):
    ...     found = yield [table.aggregate(n=table.count())]
    ...     return found["n"]
    >>> ask_in_rounds({name: count(ibis.memtable({"a": range(rows)})) for name, rows in (("one", 1), ("two", 2))})
    {'one': 1, 'two': 2}
    """
    done: dict[str, T | BadInput] = {}
    answers: dict[str, Any] = dict.fromkeys(askings)
    while answers:
        asked: dict[str, list[ir.Table]] = {}
        for name, answer in answers.items():
            try:
                asked[name] = askings[name].send(answer)
            except StopIteration as end:
                done[name] = end.value
            except BadInput as error:
                done[name] = error
        answers = _ask_each(asked)
    return {name: done[name] for name in askings}


def _ask_each(asked: Mapping[str, list[ir.Table]]) -> dict[str, dict[str, Any]]:
    """The answers to the questions of several askings, in one question: columns are numbered, for names may be equal."""
    if len(asked) == 1:
        return {name: ask(*rows) for name, rows in asked.items()}
    columns = [(name, column) for name, rows in asked.items() for row in rows for column in row.columns]
    numbers = {place: f"a{number}" for number, place in enumerate(columns)}
    rows = [row.rename({numbers[name, one]: one for one in row.columns}) for name in asked for row in asked[name]]
    found, answers = ask(*rows), {name: dict[str, Any]() for name in asked}
    for name, column in columns:
        answers[name][column] = found[numbers[name, column]]
    return answers


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
