"""What came back to customers: in a column beside the purchase, or in rows of its own that look like sales."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from cxvalue.firstmile.asking import Option
from cxvalue.firstmile.drafts import Draft, columns_in
from cxvalue.firstmile.exports import Look
from cxvalue.language.catalogue import translate, translate_count
from cxvalue.language.words import enumerated
from cxvalue.tables.read.roles import KEY, returns_among, role_of, said
from cxvalue.tables.read.sql import literal

_MOST_WORDS, _LONGEST_WORD = 15, 30


def ask_for_refunds(draft: Draft, looks: Sequence[Look]) -> None:
    """Ask whether what came back, in a column of the purchase or in rows of its own, is still in revenue."""
    export = draft.export
    for look in looks:
        if not role_of(look.name, "refund") or not look.is_number or re.search(KEY, said(look.name)):
            continue
        filled = int(export.one(f"count(*) FILTER (WHERE regexp_matches({export.text(look.name)}, '[1-9]'))"))
        if filled:
            options = (
                _taken_off({"amount": look.name}),
                Option("leave", translate("no: revenue is without it already"), {}),
            )
            ask = translate_count(
                ("{column!r} is filled in {count:,} row. Was that refunded to customers, and is it still in revenue?"),
                ("{column!r} is filled in {count:,} rows. Was that refunded to customers, and is it still in revenue?"),
                filled,
                column=look.name,
            )
            draft.asks("refund", ask, "refund.amount", options, "take_off")
            return
    _refunds_in_rows(draft, looks)


def _refunds_in_rows(draft: Draft, looks: Sequence[Look]) -> None:
    """Rows that are called returns, whose amounts are above zero all the same."""
    export, revenue = draft.export, draft.spec["columns"]["revenue"]
    amount = export.text(columns_in(revenue)[-1])
    for look in looks:
        pieces = look.is_number and role_of(look.name, "quantity") and f"[{look.name}]" not in revenue
        if look.is_day or not 2 <= look.different <= _MOST_WORDS or role_of(look.name, "status"):
            continue
        if look.is_number and not pieces:
            continue
        words = [value for value, _ in export.values(look.name) if len(value) <= _LONGEST_WORD]
        words = [word for word in words if word[:1] in "-−("] if pieces else returns_among(look.name, words)
        listed = ", ".join(literal(one) for one in words)
        above = f"regexp_matches({amount}, '^[^-−(]*[1-9][^-]*$') AND {export.text(look.name)} IN ({listed or 'NULL'})"
        count = int(export.one(f"count(*) FILTER (WHERE {above})"))
        if not count or look.name in draft.spec["columns"].values():
            continue
        options = (
            _taken_off({"rows": {look.name: words}}),
            Option("leave", translate("no: these rows are sales"), {}),
        )
        ask = translate_count(
            ("{column!r} says {words} in {count:,} row with an amount above zero. Was that returned by customers?"),
            "{column!r} says {words} in {count:,} rows with amounts above zero. Was that returned by customers?",
            count,
            column=look.name,
            words=enumerated(words),
        )
        draft.asks("refund", ask, "refund.rows", options, "take_off")
        return


def _taken_off(refund: dict[str, Any]) -> Option:
    return Option("take_off", translate("yes: it is deducted, as a separate refund"), {"refund": refund})
