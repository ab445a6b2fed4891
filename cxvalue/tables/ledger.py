"""Transactions to purchases: cut at `as_of`, duplicates merged, refunds netted, one purchase a customer and day.

Portable expressions throughout, so that the same ledger runs in DuckDB, Postgres or Spark.

A refund (revenue below 0) nets the order whose id it carries, where that order is the same customer's, not later, and
still large enough. Any other refund nets the customer's latest purchase day, not later than the refund, whose remaining
amount is at least as large; where none is, the latest days, newest first, until it is used up; such refunds of a customer
are taken in order of date, in large ledgers one a round. Days that a refund uses up give back the margin that they had
left, and the last one the rest of the refund's margin, so that no margin is lost or made on the way. An order or a day
that is refunded in full is no purchase; one of zero revenue that was never refunded is.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import ibis
import ibis.expr.types as ir

from cxvalue.tables.ask import ask
from cxvalue.tables.netting import FEW_PURCHASES, TOLERANCE, Matching, net
from cxvalue.tables.read.sql import LINE, ROW

FEW_REFUNDS = 5_000
"""Refunds up to this number, of customers with `FEW_PURCHASES` at most, are matched out of the engine, in one go."""


@dataclass(frozen=True)
class Purchases:
    """What a customer bought on a day, and how the rows became that.

    `table` has customer_id, date, revenue, margin (net of refunds) and lines; `lines` are the rows it was made of,
    refunds included, cut and free of duplicates. `unmatched` are the refund rows for which no purchase was found
    (refund, customer_id, order_id, date, amount above 0, margin), `missed` their numbers, where the lines lie. Counts
    are of rows: `refunds` those that netted a purchase with their `refunded` sum, `void_lines` the lines of orders and
    days refunded in full with their gross `void_amount` and the margin left on them, `merged_lines` the lines beyond
    the first of a purchase.
    """

    table: ir.Table
    lines: ir.Table
    unmatched: ir.Table | None = None
    missed: ir.Table | None = None
    rows: int = 0
    cut: int = 0
    duplicates: int = 0
    refunds: int = 0
    refunded: float = 0.0
    unmatched_refunds: int = 0
    void_lines: int = 0
    void_amount: float = 0.0
    void_margin: float = 0.0
    merged_lines: int = 0
    purchases: int = 0
    revenue: float = 0.0
    held: tuple[ir.Table, ...] = field(default=(), repr=False)  # temporary tables live as long as these

    @property
    def measures(self) -> ir.Table:
        """What is to be asked for `measured`."""
        made = self.table
        return made.aggregate(
            purchases=made.count(), lines_of_purchases=made.lines.sum(), revenue_of_purchases=made.revenue.sum()
        )

    def measured(self, found: dict[str, Any]) -> Purchases:
        """The same with the number of purchases, their lines beyond the first and their revenue, as they were found."""
        count, merged = found["purchases"], int(found["lines_of_purchases"] or 0) - found["purchases"]
        return replace(self, purchases=count, merged_lines=merged, revenue=found["revenue_of_purchases"] or 0.0)


def canonical_transactions(rows: ir.Table, gross_margin: float | None) -> ir.Table:
    """Transactions with a margin: their own, else gross_margin × (revenue + discount) − discount.

    Raises ValueError when there is neither. A discount on a refund is taken back whatever its sign in the source.
    """
    if "margin" in rows.columns:
        return rows
    if gross_margin is None:
        raise ValueError("transactions have no margin column, so gross_margin is needed")
    discount: Any = ibis.literal(0.0)
    if "discount" in rows.columns:
        given = rows.discount.fill_null(0.0)
        discount = (rows.revenue < 0).ifelse(-given.abs(), given)
    return rows.mutate(margin=(rows.revenue + discount) * gross_margin - discount)


def merge_duplicates(rows: ir.Table) -> ir.Table:
    """Make one of lines of an order that are equal in every column of the source. Rows without an order stay.

    Where the source has more columns than the table, `LINE` tells which of its rows are equal.
    """
    if "order_id" not in rows.columns:
        return rows
    keys = ["order_id", LINE] if LINE in rows.columns else [name for name in rows.columns if name != ROW]
    others = {name: rows[name].min() for name in rows.columns if name not in keys}
    alone = rows.order_id.isnull().ifelse(rows[ROW], 0).name("__alone__")
    return rows.group_by([*keys, alone]).agg(**others).select(*rows.columns)


def purchases(transactions: ir.Table, as_of: date) -> Purchases:
    """Net, merge and cut a ledger of customer_id, date, revenue [, margin, order_id, product, …] into purchases.

    Nothing may be missing in the first three columns. Refunds that match no purchase are left out and reported in
    `unmatched`; whoever calls decides what they mean.
    """
    made = net_and_merge(transactions, as_of)
    return made.measured(ask(made.measures))


def net_and_merge(transactions: ir.Table, as_of: date, here: Any = None) -> Purchases:
    """The same before the purchases are counted, which may be asked together with more.

    `here` is a connection of the embedded engine where the ledger lies in another one: few refunds, with what their
    customers bought, are fetched in one question and netted there.
    """
    rows = transactions if ROW in transactions.columns else _numbered(transactions).cache()
    if "margin" not in rows.columns:
        rows = rows.mutate(margin=ibis.null("float64"))
    inside = rows.date <= ibis.literal(as_of)
    before = rows.filter(inside)
    # Without order ids the lines are the rows themselves: a copy would hold them twice.
    lines = merge_duplicates(before).cache() if "order_id" in rows.columns else before
    found = ask(rows.aggregate(rows=rows.count(), kept=rows.count(where=inside)), _of_refunds(lines))
    made = _purchases(lines, found, here)
    return replace(
        made,
        held=(*made.held, rows, lines),
        rows=found["rows"],
        cut=found["rows"] - found["kept"],
        duplicates=found["kept"] - found["lines"],
    )


def is_plain(transactions: ir.Table, as_of: date) -> bool:
    """Whether a ledger has no order ids and no refunds: then a purchase is a sum by day, `by_day`.

    Without refunds nothing is netted, and without order ids nothing is a duplicate.
    """
    if "order_id" in transactions.columns:
        return False
    return not count_rows(transactions.filter((transactions.date <= ibis.literal(as_of)) & (transactions.revenue < 0)))


def by_day(transactions: ir.Table, as_of: date) -> ir.Table:
    """Purchases of a plain ledger, as an expression that holds nothing."""
    rows = transactions.filter(transactions.date <= ibis.literal(as_of))
    return _by_day(rows if "margin" in rows.columns else rows.mutate(margin=ibis.null("float64")))


def _of_refunds(lines: ir.Table) -> ir.Table:
    """How many lines there are, how many are refunds and how many of those have an order id, to be asked."""
    back = lines.revenue < 0
    ordered = lines.count(where=back & lines.order_id.notnull()) if "order_id" in lines.columns else ibis.literal(0)
    return lines.aggregate(lines=lines.count(), refunds=lines.count(where=back), with_order=ordered)


def _purchases(lines: ir.Table, found: dict[str, Any], here: Any) -> Purchases:
    sold, back = lines.filter(lines.revenue >= 0), lines.filter(lines.revenue < 0)
    if not found["refunds"]:
        table = _by_day(sold).cache()
        return Purchases(table, lines, held=(table,))
    if "order_id" not in lines.columns:
        sold, back = (part.mutate(order_id=ibis.null("string")) for part in (sold, back))
    refunds, few = _refunds(back), found["refunds"] <= FEW_REFUNDS
    fetched = _fetched(refunds, _units(sold, refunds), here) if few and here is not None else None
    if fetched is None:
        refunds = refunds.cache()
        units = _units(sold, refunds).cache()
    else:
        refunds, units = fetched
    rest, held = refunds, [refunds, units]
    if found["with_order"]:
        ordered = refunds.filter(refunds.order_id.notnull()), units.filter(units.order_id.notnull())
        orders = Matching(*ordered, ("customer_id", "order_id"), few)
        rest = refunds.anti_join(orders.table, "refund").cache()
        held += [units, rest, *orders.held]
        units = net(units, orders.table, ("customer_id", "order_id", "date")).cache()
    else:
        units = units.mutate(void=False)
    days = _days_of(units.filter(~units.void)).cache()
    latest = Matching(rest, days, ("customer_id",), few, several=True)
    netted = net(days, latest.table, ("customer_id", "date")).cache()
    kept = netted.filter(~netted.void).select(
        "customer_id", "date", revenue=netted.left, margin=netted.margin, lines=netted.lines
    )
    unmatched = rest.anti_join(latest.table, "refund").cache()
    held += [units, days, netted, unmatched, *latest.held]
    counted = ask(*_of_netting(refunds, unmatched, units, netted))
    numbers = unmatched.select(**{ROW: unmatched.refund})
    if fetched is not None:
        kept, numbers = (ibis.memtable(table.to_pyarrow()) for table in (kept, numbers))
    table = _by_day(sold.anti_join(back, "customer_id")).union(kept).cache()
    return Purchases(
        table,
        lines,
        unmatched=unmatched,
        missed=numbers,
        refunds=found["refunds"] - counted["unmatched"],
        refunded=(counted["asked"] or 0.0) - (counted["missed"] or 0.0),
        unmatched_refunds=counted["unmatched"],
        void_lines=int(counted["void_lines"] or 0),
        void_amount=counted["gross"] or 0.0,
        void_margin=counted["left"] or 0.0,
        held=(*held, table),
    )


def _days_of(units: ir.Table) -> ir.Table:
    """What is left of a customer's orders, by day."""
    left = units.left.sum()
    return units.group_by(["customer_id", "date"]).agg(
        gross=left, left=left, margin=units.margin.sum(), lines=units.lines.sum()
    )


def _of_netting(refunds: ir.Table, unmatched: ir.Table, units: ir.Table, days: ir.Table) -> tuple[ir.Table, ...]:
    """What refunds ask for, what of it finds no purchase, and what orders and days refunded in full held, to be asked."""
    voids = ibis.union(*(sold.filter(sold.void).select("lines", "gross", "margin") for sold in (units, days)))
    return (
        refunds.aggregate(asked=refunds.amount.sum()),
        unmatched.aggregate(unmatched=unmatched.count(), missed=unmatched.amount.sum()),
        voids.aggregate(void_lines=voids.lines.sum(), gross=voids.gross.sum(), left=voids.margin.sum()),
    )


def _refunds(back: ir.Table) -> ir.Table:
    return back.select(
        refund=back[ROW],
        customer_id="customer_id",
        date="date",
        order_id="order_id",
        amount=-back.revenue,
        margin="margin",
    )


def _units(sold: ir.Table, refunds: ir.Table) -> ir.Table:
    """What customers with refunds bought, by day and order."""
    concerned = sold.semi_join(refunds, "customer_id")
    units = concerned.group_by(["customer_id", "date", "order_id"]).agg(
        gross=concerned.revenue.sum(), margin=concerned.margin.sum(), lines=concerned.count()
    )
    return units.mutate(left=lambda t: t.gross)


def _fetched(refunds: ir.Table, units: ir.Table, here: Any) -> tuple[ir.Table, ir.Table] | None:
    """Refunds and units as tables of another connection; None where they are more than a few."""
    number = refunds.refund.cast("int64")  # engines number rows in other widths
    given = refunds.select(
        "customer_id", "date", "order_id", "margin", refund=number, gross="amount", lines=ibis.null("int64")
    )
    bought = units.select("customer_id", "date", "order_id", "margin", "gross", "lines", refund=ibis.null("int64"))
    both = given.union(bought.select(given.columns)).limit(FEW_REFUNDS + FEW_PURCHASES + 1).to_pyarrow()
    if len(both) > FEW_REFUNDS + FEW_PURCHASES:
        return None
    rows = here.create_table(ibis.util.gen_name("netting"), both, temp=True)
    given, bought = rows.filter(rows.refund.notnull()), rows.filter(rows.refund.isnull())
    return (
        given.select("refund", "customer_id", "date", "order_id", amount="gross", margin="margin"),
        bought.select("customer_id", "date", "order_id", "gross", "margin", "lines", left="gross"),
    )


def _by_day(lines: ir.Table) -> ir.Table:
    return lines.group_by(["customer_id", "date"]).agg(
        revenue=lines.revenue.sum(), margin=lines.margin.sum(), lines=lines.count()
    )


def _numbered(rows: ir.Table) -> ir.Table:
    """Number the rows of a ledger by their content, so that the numbers do not depend on the engine."""
    content = [name for name in rows.columns if name != LINE]
    return rows.mutate(ibis.row_number().over(order_by=content).name(ROW))


def count_rows(table: ir.Table) -> int:
    """How many rows a table has."""
    return int(table.count().to_pyarrow().as_py())


def count_orders(lines: ir.Table, purchases: ir.Table) -> ir.Table:
    """How many orders were not refunded in full, to be asked: `orders`.

    A line without an order id is an order with others of its day.
    """
    named = lines.mutate(order=lines.order_id.fill_null(ibis.literal("day ") + lines.date.cast("string")))
    sold = named.filter(named.revenue >= 0)
    units = sold.group_by(["customer_id", "order"]).agg(day=sold.date.max(), gross=sold.revenue.sum())
    back = named.filter((named.revenue < 0) & named.order_id.notnull())
    given = back.group_by(["customer_id", "order"]).agg(back=-back.revenue.sum())
    units = units.left_join(given, ["customer_id", "order"])
    left = units.filter(units.back.isnull() | (units.back < units.gross * (1 - TOLERANCE) - TOLERANCE))
    left = left.semi_join(purchases, [left.customer_id == purchases.customer_id, left.day == purchases.date])
    return left.aggregate(orders=left.count())
