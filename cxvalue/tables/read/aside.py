"""Columns that a study leaves aside and that may change what its amounts mean: a status, tax, refunds, a currency."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from cxvalue.study import TableSource
from cxvalue.tables.read.roles import KEY, role_of, said
from cxvalue.tables.read.schema import CONTRACTS

BESIDE = "__beside_"
"""Before the role of such a column in a raw relation."""

_BRACKETED = re.compile(r"\[([^\]]+)\]")
_WATCHED = ("status", "void", "test", "done", "type", "refund", "tax", "net", "currency", "quantity", "product")
_NO_AMOUNT = re.compile(
    r"rate|satz|taux|ставк|税率|percent|pct|exempt|class|region|country|zone|date|day|reason|method|type|provider|label|%"
)


def columns_used(source: TableSource) -> set[str]:
    """Every column of its source that a study names, wherever it does.

    >>> sorted(columns_used(TableSource(path="x", columns={"revenue": "=[a] - [b]"}, keep_rows={"c": ["x"]})))
    ['a', 'b', 'c']
    """
    refund = source.refund
    mapped: Iterable[str] = [*source.columns.values(), *(refund.columns.values() if refund else ())]
    mapped = [*mapped, *(one for one in (refund.amount, refund.date) if one)] if refund else mapped
    named = {name for theirs in mapped for name in (_BRACKETED.findall(theirs) if theirs.startswith("=") else [theirs])}
    named |= {*source.keep_rows, *source.leave_out_rows, *source.once_per, *source.values}
    return named | set(refund.rows or ()) if refund else named


def columns_aside(names: Sequence[str], source: TableSource) -> dict[str, str]:
    """By role, the columns of purchases that a study leaves aside and that may change what they mean.

    Nothing where the study says who wrote the table (`layout`), or chose its rows and columns by a query.
    """
    if source.layout is not None or source.query is not None or source.database is not None:
        return {}
    used = columns_used(source) | set(CONTRACTS["transactions"].names)
    found: dict[str, str] = {}
    for name in names:
        for role in _WATCHED:
            if role not in found and name not in used and _may_be(name, role):
                found[role] = name
                break
    return found


def _may_be(name: str, role: str) -> bool:
    words = said(name)
    if role in ("refund", "tax", "net", "quantity") and (re.search(KEY, words) or _NO_AMOUNT.search(words)):
        return False
    if role == "net" and not (role_of(name, "amount") or re.fullmatch(r"net\w*", words)):
        return False
    if role == "tax" and role_of(name, "net"):
        return False
    return role_of(name, role)
