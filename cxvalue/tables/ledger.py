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

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import accumulate
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from cxvalue.tables.ask import ask
from cxvalue.tables.read.sql import LINE, ROW

TOLERANCE = 1e-9  # relative; sums of money in floating point
ROUNDS = 20
FEW_REFUNDS, FEW_PURCHASES = 5_000, 50_000
"""Refunds up to this number, of customers with purchases up to that one, are matched out of the engine, in one go."""


@dataclass(frozen=True)
class Purchases:
    """What a customer bought on a day, and how the rows became that.

    `table` has customer_id, date, revenue, margin (net of refunds) and lines; `lines` are the rows it was made of,
    refunds included, cut and free of duplicates. `unmatched` are the refund rows for which no purchase was found
    (refund, customer_id, order_id, date, amount above 0, margin). Counts are of rows: `refunds` those that netted a
    purchase with their `refunded` sum, `void_lines` the lines of orders and days refunded in full with their gross
    `void_amount` and the margin left on them, `merged_lines` the lines beyond the first of a purchase.
    """

    table: ir.Table
    lines: ir.Table
    unmatched: ir.Table | None = None
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
    rows = transactions if ROW in transactions.columns else _numbered(transactions).cache()
    if "margin" not in rows.columns:
        rows = rows.mutate(margin=ibis.null("float64"))
    inside = rows.date <= ibis.literal(as_of)
    before = rows.filter(inside)
    # Without order ids the lines are the rows themselves: a copy would hold them twice.
    lines = merge_duplicates(before).cache() if "order_id" in rows.columns else before
    found = ask(rows.aggregate(rows=rows.count(), kept=rows.count(where=inside)), _of_refunds(lines))
    made = _purchases(lines, found)
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


def _purchases(lines: ir.Table, found: dict[str, Any]) -> Purchases:
    sold, back = lines.filter(lines.revenue >= 0), lines.filter(lines.revenue < 0)
    if not found["refunds"]:
        table = _by_day(sold).cache()
        return _described(table, lines, held=(table,))
    if "order_id" not in lines.columns:
        sold, back = (part.mutate(order_id=ibis.null("string")) for part in (sold, back))
    refunds = back.select(
        refund=back[ROW],
        customer_id="customer_id",
        date="date",
        order_id="order_id",
        amount=-back.revenue,
        margin="margin",
    ).cache()
    concerned = sold.semi_join(refunds, "customer_id")
    units = (
        concerned.group_by(["customer_id", "date", "order_id"])
        .agg(gross=concerned.revenue.sum(), margin=concerned.margin.sum(), lines=concerned.count())
        .mutate(left=lambda t: t.gross)
        .cache()
    )
    rest, held, few = refunds, [refunds, units], found["refunds"] <= FEW_REFUNDS
    if found["with_order"]:
        ordered = refunds.filter(refunds.order_id.notnull()), units.filter(units.order_id.notnull())
        orders = _Matching(*ordered, ("customer_id", "order_id"), few)
        rest = refunds.anti_join(orders.table, "refund").cache()
        held += [units, rest, *orders.held]
        units = _net(units, orders.table, ("customer_id", "order_id", "date")).cache()
    else:
        units = units.mutate(void=False)
    open_units = units.filter(~units.void)
    days = (
        open_units.group_by(["customer_id", "date"])
        .agg(
            gross=open_units.left.sum(),
            left=open_units.left.sum(),
            margin=open_units.margin.sum(),
            lines=open_units.lines.sum(),
        )
        .cache()
    )
    latest = _Matching(rest, days, ("customer_id",), few, several=True)
    netted = _net(days, latest.table, ("customer_id", "date")).cache()
    kept = netted.filter(~netted.void).select(
        "customer_id", "date", revenue=netted.left, margin=netted.margin, lines=netted.lines
    )
    untouched = _by_day(sold.anti_join(refunds, "customer_id"))
    table = untouched.union(kept).cache()
    unmatched = rest.anti_join(latest.table, "refund").cache()
    held += [units, days, netted, table, unmatched, *latest.held]
    void_units, void_days = units.filter(units.void), netted.filter(netted.void)
    voids = void_units.select("lines", "gross", "margin").union(void_days.select("lines", "gross", "margin"))
    every = refunds.aggregate(asked=refunds.amount.sum())
    missed = unmatched.aggregate(unmatched=unmatched.count(), missed=unmatched.amount.sum())
    void = voids.aggregate(void_lines=voids.lines.sum(), gross=voids.gross.sum(), left=voids.margin.sum())
    counted = ask(every, missed, void)
    return _described(
        table,
        lines,
        unmatched=unmatched,
        refunds=found["refunds"] - counted["unmatched"],
        refunded=(counted["asked"] or 0.0) - (counted["missed"] or 0.0),
        unmatched_refunds=counted["unmatched"],
        void_lines=int(counted["void_lines"] or 0),
        void_amount=counted["gross"] or 0.0,
        void_margin=counted["left"] or 0.0,
        held=tuple(held),
    )


class _Matching:
    """Refunds matched to purchases within groups: `table` has a row for each purchase that a matched refund nets.

    With `several` a refund that no purchase is large enough for nets several. Of its margin those that it uses up take
    back what they had left, and the last one the rest.
    """

    def __init__(
        self, refunds: ir.Table, targets: ir.Table, by: tuple[str, ...], few: bool, several: bool = False
    ) -> None:
        self.held: list[ir.Table] = []
        left = targets.select(*by, "date", "left", "margin")
        if few:
            # Each round in the engine is three expressions to put into its words: more work than all of these rows.
            fetched = left.semi_join(refunds, list(by)).order_by("date").limit(FEW_PURCHASES + 1).to_pyarrow()
            if len(fetched) <= FEW_PURCHASES:
                self.table = self._keep(self._one_by_one(refunds, fetched, by, several))
                return
        # Most refunds concern a group with one purchase that covers them all: no order matters there.
        found = [self._keep(self._whole(refunds, left, by))]
        rest = refunds.anti_join(found[0], "refund")
        turn = ibis.row_number().over(group_by=list(by), order_by=["date", "refund"])
        waiting = self._keep(rest.mutate(turn=turn))
        left = left.semi_join(waiting, list(by))
        rounds = waiting.aggregate(n=waiting.turn.max()).to_pyarrow().to_pylist()[0]["n"]
        rounds = 0 if rounds is None else int(rounds) + 1
        for number in range(min(rounds, ROUNDS)):
            now = waiting.filter(waiting.turn == number)
            hit = self._keep(self._hits(now, left, by))
            if several:
                spread = self._spread(now.anti_join(hit, "refund"), left, by)
                hit = self._keep(hit.union(spread.select(*hit.columns)))
            found.append(hit)
            if number + 1 == rounds:
                break  # nobody asks what is left after the last one
            later = waiting.filter(waiting.turn > number)
            taken = hit.select(*by, date="bought", taken="amount", back="margin")
            remaining = left.semi_join(later, list(by)).left_join(taken, [*by, "date"])
            remaining = remaining.mutate(
                left=remaining.left - remaining.taken.fill_null(0.0),
                margin=remaining.margin + remaining.back.fill_null(0.0),
            )
            left = self._keep(remaining.select(*by, "date", "left", "margin"))
        if rounds > ROUNDS:
            still = left.order_by("date").to_pyarrow()
            found.append(self._keep(self._one_by_one(waiting.filter(waiting.turn >= ROUNDS), still, by, several)))
        self.table = self._keep(ibis.union(*found)) if len(found) > 1 else found[0]

    def _keep(self, table: ir.Table) -> ir.Table:
        kept = table.cache()
        self.held.append(kept)
        return kept

    @staticmethod
    def _whole(refunds: ir.Table, left: ir.Table, by: tuple[str, ...]) -> ir.Table:
        single = left.group_by(list(by)).agg(days=left.count(), bought=left.date.min(), left=left.left.sum())
        asked = refunds.group_by(list(by)).agg(total=refunds.amount.sum(), earliest=refunds.date.min())
        both = single.inner_join(asked, list(by))
        covered = both.filter(
            (both.days == 1) & (both.bought <= both.earliest) & (both.total <= both.left * (1 + TOLERANCE))
        )
        return refunds.inner_join(covered.select(*by, "bought"), list(by)).select(
            "refund", *by, "bought", "amount", "margin"
        )

    @staticmethod
    def _one_by_one(refunds: ir.Table, left: pa.Table, by: tuple[str, ...], several: bool) -> ir.Table:
        # Only few refunds come here, or the few customers with very many (an id shared by all guests, say): a round for
        # each of their refunds would cost more than taking their rows out of the engine. `left` is in order of date.
        days: dict[tuple[Any, ...], list[list[Any]]] = {}
        for row in left.to_pylist():
            days.setdefault(tuple(row[name] for name in by), []).append([row["date"], row["left"], row["margin"]])
        netted: list[tuple[int, date, float, float | None]] = []
        for row in refunds.order_by(["date", "refund"]).to_pyarrow().to_pylist():
            candidates = days.get(tuple(row[name] for name in by), [])
            earlier = candidates[: bisect_right(candidates, row["date"], key=lambda item: item[0])][::-1]
            amount, margin, enough = row["amount"], row["margin"], row["amount"] * (1 - TOLERANCE)
            chosen = next(([day] for day in earlier if day[1] >= enough), [])
            if not chosen:
                sums = list(accumulate(day[1] for day in earlier)) if several else []
                last = bisect_left(sums, enough)
                if last == len(sums):
                    continue
                chosen = [day for day in earlier[: last + 1] if day[1] > 0]
            for day in chosen:
                whole = day is not chosen[-1]
                part, back = (day[1], -(day[2] or 0.0)) if whole else (amount, margin)
                netted.append((row["refund"], day[0], part, back))
                day[1] -= part
                if margin is not None:
                    day[2] = (day[2] or 0.0) + back
                    margin -= back
                amount -= part
        names = ("refund", "bought", "amount", "margin")
        types = (pa.int64(), pa.date32(), pa.float64(), pa.float64())
        columns = list(zip(*netted, strict=True)) or [()] * 4
        arrays = [pa.array(column, kind) for column, kind in zip(columns, types, strict=True)]
        pairs = ibis.memtable(pa.table(dict(zip(names, arrays, strict=True))))
        asked = refunds.select("refund", *by)
        return asked.inner_join(pairs, "refund").select("refund", *by, "bought", "amount", "margin")

    @staticmethod
    def _hits(refunds: ir.Table, left: ir.Table, by: tuple[str, ...]) -> ir.Table:
        targets = left.select(*by, "left", bought="date")
        enough = refunds.join(targets, list(by))
        enough = enough.filter((enough.bought <= enough.date) & (enough.left >= enough.amount * (1 - TOLERANCE)))
        latest = enough.group_by("refund").agg(bought=enough.bought.max())
        return refunds.inner_join(latest, "refund").select("refund", *by, "bought", "amount", "margin")

    @staticmethod
    def _spread(refunds: ir.Table, left: ir.Table, by: tuple[str, ...]) -> ir.Table:
        """The latest purchases, newest first, until each refund is used up; none where they are too small together."""
        targets = left.select(*by, "left", bought="date", had=left.margin.fill_null(0.0))
        earlier = refunds.join(targets, list(by))
        earlier = earlier.filter((earlier.bought <= earlier.date) & (earlier.left > 0))
        newest = ibis.cumulative_window(group_by="refund", order_by=ibis.desc("bought"))
        upto = earlier.mutate(upto=earlier.left.sum().over(newest), had_upto=earlier.had.sum().over(newest))
        enough = upto.amount * (1 - TOLERANCE)
        upto = upto.mutate(last=upto.upto >= enough, newer=upto.upto - upto.left)
        covered = upto.filter(upto["last"]).select("refund").distinct()
        used = upto.filter(upto.newer < enough).semi_join(covered, "refund")
        # Of the refund's own margin (below 0 as a rule) the last purchase gets what the newer ones did not take.
        return used.select(
            "refund",
            *by,
            "bought",
            amount=used["last"].ifelse(used.amount - used.newer, used.left),
            margin=used["last"].ifelse(used.margin + (used.had_upto - used.had), -used.had),
        )


def _net(targets: ir.Table, hits: ir.Table, keys: tuple[str, ...]) -> ir.Table:
    """Take matched refunds off their purchases; `void` marks those refunded in full."""
    renamed = hits.rename(date="bought")
    taken = renamed.group_by(list(keys)).agg(taken=renamed.amount.sum(), taken_margin=renamed.margin.sum())
    # An empty order id never equals another, so lines without one keep their amounts.
    joined = targets.left_join(taken, list(keys))
    refunded, rest = joined.taken.fill_null(0.0), joined.left - joined.taken.fill_null(0.0)
    return joined.select(
        *[name for name in targets.columns if name not in ("left", "margin")],
        left=rest,
        margin=joined.margin + joined.taken_margin.fill_null(0.0),
        void=(refunded > 0) & (rest <= joined.gross * TOLERANCE),
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


def _described(table: ir.Table, lines: ir.Table, **fields: Any) -> Purchases:
    found = ask(table.aggregate(n=table.count(), lines=table.lines.sum(), revenue=table.revenue.sum()))
    count, merged = found["n"], int(found["lines"] or 0) - found["n"]
    return Purchases(table, lines, purchases=count, merged_lines=merged, revenue=found["revenue"] or 0.0, **fields)


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
