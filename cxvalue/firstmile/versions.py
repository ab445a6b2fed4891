"""Versions of one order: rows that only a state, an amount or the moment of a change tells apart."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cxvalue.firstmile.asking import Option
from cxvalue.firstmile.drafts import Draft
from cxvalue.firstmile.exports import Look
from cxvalue.language.catalogue import translate, translate_count
from cxvalue.language.words import enumerated
from cxvalue.tables.read.roles import KEY, role_of, said

_NEARLY_ALL = 0.95
_MAY_DIFFER = ("status", "amount", "tax", "net", "gross", "shipping", "refund", "discount")


def ask_for_versions(draft: Draft, looks: Sequence[Look]) -> None:
    """Ask which of the rows of one order count, where a column says when each was changed and little else differs.

    What differs beside it in the rows of an order, such as a product, tells lines apart: versions are then those of a line.
    """
    export, order = draft.export, draft.spec["columns"].get("order_id", "")
    if not order or export.looks[order].different == export.looks[order].filled:
        return
    for moment in looks:
        if not role_of(moment.name, "version") or moment.name in (order, draft.spec["columns"]["date"]):
            continue
        others = [
            look for look in looks if look.filled and look is not moment and look.name != order and not _free(look)
        ]
        lines = [look.name for look in others if _differs(draft, order, look.name)]
        if any(export.looks[name].different == export.rows for name in lines):
            continue
        keys = ", ".join(export.text(name) for name in (order, *lines))
        when = export.text(moment.name)
        rows, keys_twice, apart = export.con.execute(
            f"SELECT coalesce(sum(n), 0), count(*), count(*) FILTER (WHERE whens = n) FROM (SELECT count(*) AS n, "
            f"count(DISTINCT {when}) AS whens FROM {export.relation} WHERE {export.text(order)} IS NOT NULL "
            f"GROUP BY {keys} HAVING count(*) > 1)"
        ).fetchone() or (0, 0, 0)
        if not keys_twice or apart < _NEARLY_ALL * keys_twice:
            continue
        once = (order, *lines)
        last = {"once_per": order if not lines else list(once), "latest": moment.name}
        options = (
            Option("last", translate("versions of one row: the last one counts"), last),
            Option("all", translate("rows of their own: they are added up"), {}),
        )
        ask = translate_count(
            "{count:,} row has the same {columns} as another one, and another {moment!r}. What are such rows?",
            "{count:,} rows have the same {columns} as others, and another {moment!r}. What are such rows?",
            int(rows),
            columns=enumerated(repr(one) for one in once),
            moment=moment.name,
        )
        draft.asks("versions", ask, "once_per", options, "last", first=True)
        return


def _free(look: Look) -> bool:
    """Whether the versions of one row may differ in a column."""
    return not re.search(KEY, said(look.name)) and any(role_of(look.name, role) for role in ("version", *_MAY_DIFFER))


def _differs(draft: Draft, order: str, name: str) -> bool:
    """Whether the rows of one order differ in a column, in a part of the orders worth a word."""
    export = draft.export
    number, text = export.text(order), export.text(name)
    more, apart = export.con.execute(
        f"SELECT count(*), count(*) FILTER (WHERE d > 1) FROM (SELECT count(DISTINCT coalesce({text}, '')) AS d "
        f"FROM {export.relation} WHERE {number} IS NOT NULL GROUP BY {number} HAVING count(*) > 1)"
    ).fetchone() or (0, 0)
    return bool(apart > (1 - _NEARLY_ALL) * more)
