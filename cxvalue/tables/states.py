"""Purchase histories as sufficient statistics: frequency x, recency t_x and age T.

The engine does the counting; what enters Python is a row per distinct state, or a row per customer when asked for.
Recency is the age at the last purchase, as in the literature, not the time since it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from ibis.expr.operations import PhysicalTable
from numpy.typing import NDArray

from cxvalue.foundation.calendar import TimeUnit, unit_of_time
from cxvalue.foundation.days import as_day
from cxvalue.foundation.errors import BadInput, Problem
from cxvalue.foundation.sensible import check_kind
from cxvalue.foundation.shown import Drawn
from cxvalue.language.catalogue import translate
from cxvalue.tables.distinct import distinct_rows
from cxvalue.tables.ledger import Purchases, by_day, count_rows, is_plain
from cxvalue.tables.ledger import purchases as purchases_of
from cxvalue.tables.outside import ledger_of

_ROWS_AT_ONCE, _MOST_PARTS = 1_000_000, 4
_COUNTED: dict[str, int] = {}


@dataclass(frozen=True, repr=False)
class PurchaseStates(Drawn):
    """The purchase histories that a lifetime model needs, distinct with counts or one per customer.

    Every array has one element per state. `frequency` is x, the number of repeat purchase days; `recency_days` is t_x,
    the age at the last purchase (0 when x = 0); `age_days` is T, from the first purchase to `as_of`; `count` is how
    many customers are in the state (1 each when per customer). Only per customer: `customer_id`, sorted, and
    `mean_spend`, the mean revenue of the repeat purchase days (nan when x = 0).

    `total_margin` and `total_revenue` are sums over all purchases up to `as_of`; `first_margin_mean` and
    `first_margin_se` are the mean margin of first purchases and its standard error (nan with fewer than two customers).
    `sum_log_gaps`, when asked for, adds up the logarithms of the days between neighbouring purchases over the customers
    of the state: how regularly they buy.

    Counted by calendar period (`cxvalue.tables.periods.by_period`), x is the number of later periods with a purchase, and
    times run from the end of one period to the end of another; `since_bought` has the days since the last purchase itself.

    Only per customer, and only where some purchase brought no money: `paid`, how many of the repeat purchases did, and
    `first_paid`, 1 where the first one did.
    """

    frequency: NDArray[np.int64]
    recency_days: NDArray[np.int64]
    age_days: NDArray[np.int64]
    count: NDArray[np.int64]
    time_unit: TimeUnit
    as_of: date
    customer_id: NDArray[np.object_] | None = None
    mean_spend: NDArray[np.float64] | None = None
    total_margin: float = float("nan")
    total_revenue: float = float("nan")
    first_margin_mean: float = float("nan")
    first_margin_se: float = float("nan")
    sum_log_gaps: NDArray[np.float64] | None = None
    since_bought: NDArray[np.int64] | None = None
    paid: NDArray[np.int64] | None = None
    first_paid: NDArray[np.int64] | None = None

    _card = "states_card"

    @cached_property
    def histories(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """A state of each distinct (x, t_x, T), in ascending order, and which of them each state has."""
        return distinct_rows(self.frequency, self.recency_days, self.age_days)

    @property
    def margin_rate(self) -> float:
        """Margin for one unit of revenue, over all purchases; nan without revenue."""
        return self.total_margin / self.total_revenue if self.total_revenue > 0 else float("nan")

    @property
    def days_silent(self) -> NDArray[np.int64]:
        """Days from the last purchase to `as_of`."""
        return self.age_days - self.recency_days if self.since_bought is None else self.since_bought

    @property
    def recency(self) -> NDArray[np.float64]:
        """t_x in the time unit."""
        return self.recency_days / self.time_unit.days

    @property
    def T(self) -> NDArray[np.float64]:
        """Age in the time unit."""
        return self.age_days / self.time_unit.days

    @property
    def customers(self) -> int:
        """Number of customers over all states."""
        return int(self.count.sum())

    def __len__(self) -> int:
        """Number of states."""
        return len(self.frequency)

    def grouped(self) -> PurchaseStates:
        """Distinct states with counts, in ascending order of (x, t_x, T); ids and spend are dropped."""
        first, which = self.histories
        count = np.bincount(which, self.count, first.size).astype(np.int64)
        return replace(
            self,
            frequency=self.frequency[first],
            recency_days=self.recency_days[first],
            age_days=self.age_days[first],
            count=count,
            customer_id=None,
            mean_spend=None,
            since_bought=None,
            paid=None,
            first_paid=None,
            sum_log_gaps=None
            if self.sum_log_gaps is None
            else np.bincount(which, self.sum_log_gaps, first.size).astype(float),
        )

    def take(self, rows: NDArray[Any]) -> PurchaseStates:
        """The states of some rows, by number or as a mask; the sums over all customers stay as they are."""
        names = ["frequency", "recency_days", "age_days", "count", "customer_id", "mean_spend"]
        names += ["sum_log_gaps", "since_bought", "paid", "first_paid"]
        taken: dict[str, Any] = {name: getattr(self, name) for name in names}
        taken = {name: None if column is None else column[rows] for name, column in taken.items()}
        return replace(self, **taken)

    def with_time_unit(self, unit: TimeUnit | str) -> PurchaseStates:
        """The same histories counted in another unit of time."""
        return replace(self, time_unit=unit_of_time(unit))


@dataclass(frozen=True)
class HoldoutCounts:
    """Purchase days in a holdout of the customers acquired before it, sorted by id; zeros included.

    `first_seen_in_holdout` is how many were first seen in the holdout: they are left out.
    """

    customer_id: NDArray[np.object_]
    count: NDArray[np.int64]
    first_seen_in_holdout: int


def purchase_states(
    transactions: Any,
    *,
    as_of: date | str,
    time_unit: TimeUnit | str = "week",
    per_customer: bool = False,
    until: date | str | None = None,
    log_gaps: bool = False,
) -> PurchaseStates:
    """Count purchase histories up to `as_of`, the last day observed, from a pandas, polars, arrow or ibis table.

    A day may be a date, a text or a moment.

    The table has customer_id, date and revenue, and may have margin, order_id and product. Purchases of a customer on
    one day are one; a refund (revenue below 0) is taken off the order whose id it carries, else off the customer's
    latest earlier purchase that is at least as large, else off the latest earlier ones, newest first, until used up;
    what was refunded in full is no purchase. Customers acquired after `as_of` are absent. With
    `until`, refunds up to `as_of` are netted and the states are those that stood on that earlier day. With `log_gaps` the
    states carry `sum_log_gaps`, which models of regular timing need.

    Raises `BadInput` when a column lacks or holds a value that cannot be, and when a refund is larger than all earlier
    purchases.

    >>> import pandas as pd
    >>> days = pd.to_datetime(["2025-01-01", "2025-01-15", "2025-01-15", "2025-01-08"])
    >>> bought = pd.DataFrame({"customer_id": ["a", "a", "a", "b"], "date": days, "revenue": [10.0, 5.0, 7.0, 3.0]})
    >>> states = purchase_states(bought, as_of=date(2025, 1, 29), per_customer=True)
    >>> [column.tolist() for column in (states.frequency, states.recency, states.T, states.mean_spend)]
    [[1, 0], [2.0, 0.0], [4.0, 3.0], [12.0, nan]]
    """
    as_of, time_unit = as_day(as_of), unit_of_time(time_unit)
    day = as_day(until, "until") if until is not None else as_of
    if day > as_of:
        found = translate("{until} is later than as_of, {as_of}.", until=day, as_of=as_of)
        raise BadInput.at(
            "until", found, translate("Purchases are known up to as_of; ask for that day or an earlier one.")
        )
    ledger = ledger_of(transactions)
    if is_plain(ledger, as_of):
        columns = _part_by_part(ledger, _parts(ledger), lambda part: _customers(by_day(part, as_of), day, log_gaps))
        return _states(columns, day, time_unit, per_customer)
    # What was settled must live as long as its table is used.
    settled = _settled(ledger, as_of)
    return purchase_states_from_purchases(
        settled.table, as_of=day, time_unit=time_unit, per_customer=per_customer, log_gaps=log_gaps
    )


def check_states(states: Any) -> None:
    """Refuse what is no `PurchaseStates`, such as the table itself, and say how they are made."""
    check_kind("states", states, PurchaseStates, "purchase_states(table, as_of=...)")


def first_seen_from(purchases: ir.Table, day: date) -> ir.Table:
    """The purchases of customers whose first one is on or after a day."""
    before = purchases.filter(purchases.date < ibis.literal(day))
    return purchases.anti_join(before, "customer_id")


def purchases_until(transactions: Any, as_of: date | str) -> Purchases:
    """Purchases up to `as_of` from a ledger that somebody brought along; raises `BadInput` as `purchase_states` does.

    The result must be kept for as long as its table is used.
    """
    return _settled(ledger_of(transactions), as_day(as_of))


def _settled(ledger: ir.Table, as_of: date) -> Purchases:
    made = purchases_of(ledger, as_of)
    if made.unmatched_refunds and made.unmatched is not None:
        first = made.unmatched.order_by("refund").limit(3).to_pyarrow().to_pylist()
        examples = tuple(
            translate(
                "customer {customer}, {day}: {amount:g}",
                customer=row["customer_id"],
                day=row["date"],
                amount=-row["amount"],
            )
            for row in first
        )
        found = translate(
            "{refunds:,} refund(s) larger than the customer's earlier purchases together.",
            refunds=made.unmatched_refunds,
        )
        remedy = translate("Add the purchases they belong to, or correct their customer.")
        raise BadInput([Problem("transactions.revenue", found, remedy, made.unmatched_refunds, examples)])
    return made


def purchase_states_from_purchases(
    purchases: ir.Table,
    *,
    as_of: date,
    time_unit: TimeUnit | str = "week",
    per_customer: bool = False,
    log_gaps: bool = False,
    new_from: date | None = None,
) -> PurchaseStates:
    """Count histories from purchases: customer_id, date, revenue, margin, one row a customer and day.

    With `new_from` the margins of first purchases are those of customers first seen from that day on.
    """
    # Counting the rows of a stored table costs nothing, of a query as much as running it.
    parts = _parts(purchases) if isinstance(purchases.op(), PhysicalTable) else 1
    columns = _part_by_part(purchases, parts, lambda part: _customers(part, as_of, log_gaps))
    return _states(columns, as_of, time_unit, per_customer, new_from)


def _parts(table: ir.Table) -> int:
    return min(_MOST_PARTS, -(-_rows_of(table) // _ROWS_AT_ONCE))


def _rows_of(table: ir.Table) -> int:
    """Rows of a table, of a stored one asked for once: they say in how many parts it is read, and move no number."""
    stored = table.op()
    if not isinstance(stored, PhysicalTable):
        return count_rows(table)
    if stored.name not in _COUNTED:
        _COUNTED[stored.name] = count_rows(table)
    return _COUNTED[stored.name]


def _part_by_part(source: ir.Table, parts: int, customers: Callable[[ir.Table], ir.Table]) -> dict[str, Any]:
    """Columns of a query of a table, asked for a part of the customers at a time: less is held at once."""
    if parts <= 1:
        found = customers(source).to_pyarrow()
    else:
        # Which part a customer is in moves no number, and the hash of the engine is four times as fast as `bucket`.
        group = (source.customer_id.hash() % parts).abs()
        found = pa.concat_tables([customers(source.filter(group == part)).to_pyarrow() for part in range(parts)])
    return dict(zip(found.column_names, found.columns, strict=True))


def _customers(purchases: ir.Table, as_of: date, log_gaps: bool) -> ir.Table:
    rows = purchases.filter(purchases.date <= ibis.literal(as_of))
    seen = rows.group_by("customer_id").agg(
        first=rows.date.min(),
        last=rows.date.max(),
        days=rows.count(),
        revenue=rows.revenue.sum(),
        margin=rows.margin.sum(),
        first_revenue=rows.revenue.argmin(rows.date),
        first_margin=rows.margin.cast("float64").argmin(rows.date),
        margin_from=rows.date.min(where=rows.margin.notnull()),
        paying=rows.count(where=rows.revenue > 0),
    )
    # A row per customer leaves the engine: the rest is arithmetic on its columns.
    customers = seen.select(
        "customer_id",
        "revenue",
        "margin",
        "first_revenue",
        "paying",
        # An engine's "value at the smallest date" may pass over missing values: then it is not the first one.
        first_margin=(seen.margin_from == seen["first"]).ifelse(seen.first_margin, ibis.null("float64")),
        frequency=seen.days - 1,
        recency_days=seen["last"].delta(seen["first"], unit="day"),
        age_days=ibis.literal(as_of).delta(seen["first"], unit="day"),
    )
    if log_gaps:
        customers = _with_log_gaps(customers, rows)
    if "last_bought" in rows.columns:
        last = rows.group_by("customer_id").agg(
            since_bought=ibis.literal(as_of).delta(rows.last_bought.max(), unit="day")
        )
        customers = customers.join(last, "customer_id").select(*customers.columns, "since_bought")
    return customers


def _states(
    columns: dict[str, Any],
    as_of: date,
    time_unit: TimeUnit | str,
    per_customer: bool,
    new_from: date | None = None,
) -> PurchaseStates:
    """States from the columns of `_customers`, which are used up: each is let go as soon as it has been read."""
    names, order = columns.pop("customer_id"), None
    if per_customer:
        # Sorted here and not in the engine, whose alphabet may be another one.
        names = names.combine_chunks()
        order = np.asarray(pc.sort_indices(names).to_numpy(), dtype=np.intp)

    def column(name: str, kind: type) -> NDArray[Any]:
        values: NDArray[Any] = np.asarray(columns.pop(name).to_numpy(zero_copy_only=False), dtype=kind)
        return values if order is None else values[order]

    frequency, recency_days, age_days = (column(name, np.int64) for name in ("frequency", "recency_days", "age_days"))
    margins, firsts = column("margin", np.float64), column("first_margin", np.float64)
    new = age_days <= (as_of - new_from).days if new_from else True
    # Customers come in any order, and what is added up in another one differs in its last digits.
    margins, firsts = np.sort(margins[~np.isnan(margins)]), np.sort(firsts[~np.isnan(firsts) & new])
    revenue = column("revenue", np.float64)
    states = PurchaseStates(
        frequency,
        recency_days,
        age_days,
        np.broadcast_to(np.int64(1), frequency.shape),
        time_unit=TimeUnit(time_unit),
        as_of=as_of,
        total_margin=float(margins.sum()) if margins.size else float("nan"),
        total_revenue=float(np.sort(revenue).sum()),
        first_margin_mean=float(firsts.mean()) if firsts.size else float("nan"),
        first_margin_se=float(firsts.std(ddof=1) / np.sqrt(firsts.size)) if firsts.size > 1 else float("nan"),
        sum_log_gaps=column("sum_log_gaps", np.float64) if "sum_log_gaps" in columns else None,
        since_bought=column("since_bought", np.int64) if "since_bought" in columns else None,
    )
    if order is None:
        return states.grouped()
    del margins, firsts
    first_revenue, paying = column("first_revenue", np.float64), column("paying", np.int64)
    repeats, first_paid = revenue - first_revenue, (first_revenue > 0).astype(np.int64)
    some_free = bool((paying < frequency + 1).any())
    ids = names.take(pa.array(order)).to_numpy(zero_copy_only=False).astype(object, copy=False)
    del names
    pa.default_memory_pool().release_unused()
    return replace(
        states,
        customer_id=ids,
        mean_spend=np.where(frequency > 0, repeats / np.maximum(frequency, 1), np.nan),
        paid=paying - first_paid if some_free else None,
        first_paid=first_paid if some_free else None,
    )


def _with_log_gaps(customers: ir.Table, rows: ir.Table) -> ir.Table:
    window = ibis.window(group_by="customer_id", order_by="date")
    dated = rows.select("customer_id", "date", before=rows.date.lag().over(window))
    dated = dated.filter(dated.before.notnull())
    gaps = dated.select("customer_id", log_gap=dated.date.delta(dated.before, unit="day").cast("float64").ln())
    summed = gaps.group_by("customer_id").agg(gaps=gaps.log_gap.sum())
    joined = customers.left_join(summed, "customer_id")
    return joined.select(*customers.columns, sum_log_gaps=joined.gaps.fill_null(0.0))


def holdout_counts(purchases: ir.Table, holdout_start: date, as_of: date) -> HoldoutCounts:
    """Purchase days from `holdout_start` to `as_of` of every customer seen before it.

    The order is that of the calibration states, `purchase_states_from_purchases` per customer as of the day before
    `holdout_start`, so the arrays can be compared element by element.
    """
    rows = purchases.filter(purchases.date <= ibis.literal(as_of))
    inside = (rows.date >= ibis.literal(holdout_start)).ifelse(1, 0)
    counted = rows.group_by("customer_id").agg(first=rows.date.min(), count=inside.sum())
    known = counted.filter(counted["first"] < ibis.literal(holdout_start))
    # Customers first seen later come as one row without an id: one question to the engine for both.
    later = counted.filter(counted["first"] >= ibis.literal(holdout_start)).aggregate(count=lambda t: t.count())
    found = (
        known.select("customer_id", count=known["count"].cast("int64"))
        .union(later.select(customer_id=ibis.null(counted.customer_id.type()), count="count"))
        .to_pyarrow()
    )
    known_rows, new = found.drop_null(), int(found.filter(found["customer_id"].is_null())["count"][0].as_py())
    ids = known_rows.column("customer_id").to_numpy(zero_copy_only=False).astype(object)
    order = np.argsort(ids, kind="stable")
    return HoldoutCounts(ids[order], integers_of(known_rows, "count")[order], new)


def integers_of(table: Any, name: str) -> NDArray[np.int64]:
    """A column of whole numbers of an Arrow table."""
    return np.asarray(table.column(name).to_numpy(zero_copy_only=False), dtype=np.int64)
