"""What was understood of the tables of a study: rows, customers, orders, net revenue, days, and rows left out by reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import ibis.expr.types as ir

from cxvalue.tables.ask import ask
from cxvalue.tables.counts import TableSet
from cxvalue.tables.ledger import count_orders
from cxvalue.tables.read.schema import CONTRACTS, CUSTOMER


@dataclass(frozen=True, slots=True)
class Understood:
    """One table in a few figures; what it does not have is None.

    `rows` are those of the source, `kept` those that count before lines are merged and refunds netted; `left_out` says why
    the others do not. `orders` are those not wholly refunded: order ids, else days on which a customer bought. `revenue` is
    that of transactions, net of refunds; `first` and `last` are days of kept rows.
    """

    table: str
    rows: int
    kept: int
    left_out: dict[str, int]
    reasons: tuple[tuple[str, int], ...] = ()
    customers: int | None = None
    orders: int | None = None
    revenue: float | None = None
    currency: str | None = None
    first: str | None = None
    last: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """The same as JSON holds it."""
        return {key: value for key, value in asdict(self).items() if key not in ("table", "reasons")}


def understand(tables: TableSet, found: Mapping[str, ir.Table], currency: str | None) -> list[Understood]:
    """Every table of a study in a few figures, from its counts and its canonical form."""
    understood = []
    for name in [name for name in tables.paths if name != "purchases"]:
        counts = [count for count in tables.counts if count.table == name]
        rows = sum(count.rows for count in counts if count.kind == "read")
        away = [(count.reason, count.what, count.rows) for count in counts if count.reason]
        left_out: dict[str, int] = {}
        for reason, _, number in away:
            left_out[reason] = left_out.get(reason, 0) + number
        kept = rows - sum(left_out.values())
        reasons = tuple((what, number) for _, what, number in away)
        figures = _figures(name, found, currency, tables.orders)
        understood.append(Understood(name, rows, kept, left_out, reasons, **figures))
    return understood


def _figures(name: str, found: Mapping[str, ir.Table], currency: str | None, there: int | None) -> dict[str, Any]:
    table, contract = found[name], CONTRACTS[name]
    asked: dict[str, Any] = {"some": table.count()}
    if contract.event in table.columns:
        asked |= {"first": table[str(contract.event)].min(), "last": table[str(contract.event)].max()}
    if name == "transactions":
        bought = found["purchases"]
        known = ask(
            bought.aggregate(customers=bought.customer_id.nunique(), revenue=bought.revenue.sum(), days=bought.count()),
            table.aggregate(**asked),
            *([count_orders(table, bought)] if "order_id" in table.columns else []),
        )
        orders = known.get("orders", known["days"] if there is None else there)
        amounts = {"customers": known["customers"], "orders": orders, "revenue": round(known["revenue"] or 0.0, 2)}
        return {**amounts, "currency": currency, **_days(known)}
    if CUSTOMER in table.columns:
        asked["customers"] = table.customer_id.nunique()
    known = ask(table.aggregate(**asked))
    return {"customers": known.get("customers"), **_days(known)}


def _days(known: dict[str, Any]) -> dict[str, str | None]:
    return {name: None if known.get(name) is None else str(known[name])[:10] for name in ("first", "last")}
