"""Columns that a study leaves aside and that may change what it counts: a status, versions, tax, refunds, a currency."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from cxvalue.study import TableSource
from cxvalue.tables.read.billing import is_interval
from cxvalue.tables.read.roles import KEY, is_tax_rate, role_of, said
from cxvalue.tables.read.schema import CONTRACTS

BESIDE = "__beside_"
"""Before the role of such a column in a raw relation."""

_BRACKETED = re.compile(r"\[([^\]]+)\]")
_WATCHED = {
    "transactions": (
        *("status", "void", "test", "done", "type", "refund", "rate", "tax", "net", "currency", "quantity", "product"),
        *("version", "email"),
    ),
    "subscriptions": ("interval",),
}
_SUMS = ("amount", "tax", "net", "gross", "shipping", "refund")
_NO_AMOUNT = re.compile(
    r"rate|satz|taux|ставк|税率|percent|pct|exempt|class|region|country|zone|date|day|reason|method|type|provider|label|%"
)


def may_differ(names: Iterable[str], source: TableSource) -> frozenset[str]:
    """The columns in which versions of one row may differ: a status, the moment of a change, sums."""
    mapped = {theirs for ours, theirs in source.columns.items() if ours not in ("revenue", "margin", "discount")}
    return frozenset(
        name
        for name in names
        if name not in mapped | set(CONTRACTS["transactions"].names)
        and any(role_of(name, role) for role in ("status", "version", *_SUMS))
        and not re.search(KEY, said(name))
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
    named |= {source.latest} if source.latest else set()
    named |= {*source.keep_rows, *source.leave_out_rows, *source.once_per, *source.values}
    return named | set(refund.rows or ()) if refund else named


def columns_aside(names: Sequence[str], source: TableSource, table: str = "transactions") -> dict[str, str]:
    """By role, the columns of purchases, or of contracts, that a study leaves aside and that may change what they mean.

    Nothing where the study says who wrote the table (`layout`), or chose its rows and columns by a query.
    """
    if source.layout is not None or source.query is not None or source.database is not None:
        return {}
    used = columns_used(source) | set(CONTRACTS[table].names)
    found: dict[str, str] = {}
    for name in names:
        for role in _WATCHED[table]:
            if role not in found and name not in used and _may_be(name, role):
                found[role] = name
                break
    return found


def _may_be(name: str, role: str) -> bool:
    words = said(name)
    if role == "rate":
        return is_tax_rate(name)
    if role == "interval":
        return is_interval(name) or re.fullmatch(r"((subscription|price) )?(plan|period)", words) is not None
    if role in ("refund", "tax", "net", "quantity") and (re.search(KEY, words) or _NO_AMOUNT.search(words)):
        return False
    if role == "net" and not (role_of(name, "amount") or re.fullmatch(r"net\w*", words)):
        return False
    if role == "tax" and role_of(name, "net"):
        return False
    return role_of(name, role)
