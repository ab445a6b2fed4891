"""How much of what was sold at these visits customers kept: offers end at the till, and refunds come later."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from cxvalue.tables.ask import ask

if TYPE_CHECKING:
    import ibis.expr.types as ir

FEWEST_KNOWN = 30
"""Days with an accepted offer that the transactions must know."""


def kept_share(occasions: ir.Table, purchases: ir.Table | None, transactions: ir.Table | None) -> float:
    """Share of the revenue of days with an accepted offer that was not refunded later.

    1 where that is not known, or where nothing was kept. `occasions` has customer_id, date and taken (null: nobody bought);
    `purchases` are net of refunds and lack a day that was refunded in full, `transactions` are the lines.
    """
    if purchases is None or transactions is None:
        return 1.0
    taken = occasions.filter(occasions.taken.notnull())
    days = taken.select("customer_id", date=taken.date.cast("date")).distinct()
    lines = transactions.mutate(date=transactions.date.cast("date")).semi_join(days, ["customer_id", "date"])
    # Lines below zero on the day itself are part of the sale, such as a discount on a line of its own.
    order = lines.order_id.fill_null("") if "order_id" in lines.columns else ibis.literal("")
    lines, receipt = lines.mutate(order=order), ["customer_id", "date", "order"]
    lines, sales = lines.select(*receipt, "revenue"), lines.filter(lines.revenue > 0)
    sold = lines.semi_join(sales.select(*receipt).distinct(), receipt)
    left = purchases.select("customer_id", net="revenue", date=purchases.date.cast("date"))
    gross = sold.group_by(["customer_id", "date"]).agg(gross=sold.revenue.sum()).filter(lambda t: t.gross > 0)
    both = gross.left_join(left, ["customer_id", "date"])
    found = ask(both.aggregate(days=both.count(), gross=both.gross.sum(), net=both.net.fill_null(0.0).sum()))
    if (found["days"] or 0) < FEWEST_KNOWN:
        return 1.0
    share = float(found["net"]) / float(found["gross"])
    return share if 0 < share < 1 - 1e-9 else 1.0
