"""What is legal in transactions and may yet make a number wrong: rows twice, versions of orders, refunds left out."""

from __future__ import annotations

import ibis.expr.types as ir

from cxvalue.language.catalogue import translate, translate_count
from cxvalue.tables.cautions import Caution
from cxvalue.tables.checks.rules import same_but_amounts
from cxvalue.tables.ledger import Purchases

NOTABLE = 0.01
"""Share of rows, or of revenue, from which a caution lowers the evidence."""
MANY_REPEATS = 0.20


def cautions_of(
    rows: ir.Table, made: Purchases, repeats: int, doubled: int, versions_told: bool = False
) -> list[Caution]:
    """Cautions about the transactions up to the last day observed, and the purchases made of them.

    `repeats` is how many rows without an order id repeat another one in every column, `doubled` how many lie on runs of
    days on which nearly every row does; versions of orders may have been told already.
    """
    total = made.rows - made.cut
    return [*_repeated(repeats, doubled, total), *([] if versions_told else _versions(rows, total)), *_refunds(made)]


def _repeated(repeats: int, doubled: int, total: int) -> list[Caution]:
    """Rows without an order id that stand twice where a whole stretch of days does, or very many of them."""
    if not repeats:
        return []
    share = repeats / total
    if doubled:
        text = translate(
            "{rows:,} rows are on days on which nearly every row appears twice or more, one such day after another: a file "
            "that was appended twice looks like that. Remove the repeated rows, or map an order_id.",
            rows=doubled,
        )
        return [Caution("repeated_rows", "transactions", "", doubled, doubled / total, text, share >= NOTABLE)]
    if share < MANY_REPEATS:
        return []
    text = translate_count(
        "{count:,} row repeats another one in every column. It is counted, as a customer may buy the same "
        "thing twice a day: remove it if it is no purchase, or map an order_id.",
        "{count:,} rows repeat another one in every column. All are counted, as a customer may buy the same "
        "thing twice a day: remove them if they are not purchases, or map an order_id.",
        repeats,
    )
    return [Caution("repeated_rows", "transactions", "", repeats, share, text, True)]


def _versions(rows: ir.Table, total: int) -> list[Caution]:
    """Rows of one order that nothing but the amounts tells apart: lines of the order, or versions of it."""
    found, orders = same_but_amounts(rows)
    if not found:
        return []
    share = found / total
    text = translate_count(
        "{rows:,} rows of {count:,} order differ in nothing but amounts or a state. They are added up, as lines of their "
        "order; if they are versions of it, keep the last of each.",
        "{rows:,} rows of {count:,} orders differ in nothing but amounts or a state. They are added up, as lines of their "
        "order; if they are versions of it, keep the last of each.",
        orders,
        rows=found,
    )
    return [Caution("repeated_rows", "transactions", "order_id", found, share, text, share >= NOTABLE)]


def _refunds(made: Purchases) -> list[Caution]:
    """Refunds that were left out because no earlier purchases cover them: revenue may be too high by as much."""
    if not made.unmatched_refunds or made.unmatched is None:
        return []
    amount = float(made.unmatched.amount.sum().to_pyarrow().as_py() or 0.0)
    share = amount / made.revenue if made.revenue > 0 else None
    text = translate_count(
        "{count:,} refund of {amount:,.2f} in all is left out, as the earlier purchases of the customers do not cover "
        "them: revenue is too high by that much unless they belong to purchases before the first row.",
        "{count:,} refunds of {amount:,.2f} in all are left out, as the earlier purchases of the customers do not cover "
        "them: revenue is too high by that much unless they belong to purchases before the first row.",
        made.unmatched_refunds,
        amount=amount,
    )
    lowers = share is None or share >= NOTABLE
    return [Caution("refunds", "transactions", "revenue", made.unmatched_refunds, share, text, lowers)]
