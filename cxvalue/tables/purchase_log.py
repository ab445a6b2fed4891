"""All purchases of a study as a few arrays, so that any past day can be looked at without asking the engine again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from cxvalue.engine.sums import sums_of_groups
from cxvalue.foundation.arrays import Floats

if TYPE_CHECKING:
    import ibis.expr.types as ir

_ROWS_AT_ONCE = 1_000_000
"""Rows whose ids are held as text at once."""
_CUSTOMERS_AT_ONCE = 250_000
"""Customers whose purchases are added up at once: what that takes on the way is not held for all of them."""


@dataclass(frozen=True, eq=False)
class Known:
    """What is known of each customer at the end of a day: an element for everybody who had bought by then.

    `customer` numbers them as the log does; `bought` counts days with a purchase, `repeats` those after the first;
    `first` and `last` are days since 1970; `revenue` and `margin` are sums over all purchases, `first_revenue` is that of
    the first; `paid` counts the repeats that brought money.
    """

    day: int
    customer: NDArray[np.intp]
    bought: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    revenue: Floats
    first_revenue: Floats
    margin: Floats
    paid: NDArray[np.int64]

    def __len__(self) -> int:
        """Number of customers."""
        return self.customer.size

    @property
    def repeats(self) -> NDArray[np.int64]:
        """Days with a purchase after the first."""
        return self.bought - 1


@dataclass(frozen=True, eq=False)
class PurchaseLog:
    """Purchases by day, sorted by customer and day: an element for each day on which a customer bought.

    `customer` numbers the customers from 0 in the order of their ids, `day` counts from 1970-01-01, `start` is where the
    purchases of each customer begin (one more element at the end). A purchase whose margin is not known has 0 and is
    false in `known_margin`.
    """

    customer: NDArray[np.int32]
    day: NDArray[np.int32]
    revenue: Floats
    margin: Floats
    known_margin: NDArray[np.bool_]
    start: NDArray[np.int64]

    @classmethod
    def of(cls, customer: NDArray[Any], day: NDArray[Any], revenue: Floats, margin: Floats) -> PurchaseLog:
        """A log of rows in any order, at most one a customer and day; customers without a row do not count."""
        if not np.issubdtype(customer.dtype, np.integer):
            customer = np.unique(customer, return_inverse=True)[1].reshape(-1)
        order = _order_of(customer, day)
        if order is not None:
            customer, day, revenue, margin = (column[order] for column in (customer, day, revenue, margin))
        number, start = _numbered(customer)
        known = np.isfinite(margin)
        return cls(
            number,
            np.asarray(day, dtype=np.int32),
            np.nan_to_num(np.asarray(revenue, dtype=float)),
            np.where(known, margin, 0.0),
            known,
            start,
        )

    def __len__(self) -> int:
        """Number of customers."""
        return self.start.size - 1

    @property
    def first_day(self) -> int:
        """The first day with a purchase."""
        return int(self.day.min())

    @property
    def first_of(self) -> NDArray[np.int64]:
        """The day of each customer's first purchase."""
        return self.day[self.start[:-1]].astype(np.int64)

    def until(self, day: int) -> PurchaseLog:
        """The log as it stood at the end of a day; its customers are numbered anew, in the same order."""
        return self._rows(self.day <= day)

    def of_customers(self, chosen: NDArray[np.intp]) -> PurchaseLog:
        """The log of some customers, by number."""
        keep = np.zeros(len(self), dtype=bool)
        keep[chosen] = True
        return self._rows(keep[self.customer])

    def split(self) -> Iterator[PurchaseLog]:
        """The logs of a part of the customers after another, numbered anew from 0; together they are this log."""
        for some, rows in self.parts():
            start = self.start[some.start : some.stop + 1] - rows.start
            columns = self.day[rows], self.revenue[rows], self.margin[rows], self.known_margin[rows]
            yield PurchaseLog(self.customer[rows] - np.int32(some.start), *columns, start)

    def counts(self, day: int) -> NDArray[np.int64]:
        """Days with a purchase up to the end of `day`, of every customer of the log."""
        found = np.empty(len(self), dtype=np.int64)
        for some, rows in self.parts():
            found[some] = self._counted(some, rows, day)
        return found

    def came(self, after: int, until: int) -> NDArray[np.int64]:
        """Days with a purchase after the end of `after` up to `until`, of each customer known by the end of `after`."""
        before = self.counts(after)
        known = before > 0
        return self.counts(until)[known] - before[known]

    def _counted(self, some: slice, rows: slice, day: int) -> NDArray[np.int64]:
        """The same of some customers, whose rows these are."""
        return np.asarray(np.add.reduceat(self.day[rows] <= day, self.start[some] - rows.start, dtype=np.int64))

    def known(self, day: int) -> Known:
        """Everybody who had bought by the end of a day, and what was known of them then."""
        counts = self.counts(day)
        customer = np.flatnonzero(counts)
        bought = counts[customer]
        del counts  # of everybody, known or not: past days know few
        revenue, first_revenue, margin = np.empty((3, customer.size))
        first, last, paid = np.empty((3, customer.size), dtype=np.int64)
        for some, whose, seen in self._span(None, day):
            mine = slice(*np.searchsorted(customer, (some.start, some.stop)).tolist())
            number, start, money = some.stop - some.start, self.start[customer[mine]], self.revenue[seen]
            which = customer[mine] - some.start
            # Each customer's own sum: differences of a running total lose the digits of small customers behind large ones.
            revenue[mine] = np.bincount(whose, money, number)[which]
            margin[mine] = np.bincount(whose, self.margin[seen], number)[which]
            first_revenue[mine] = self.revenue[start]
            paid[mine] = np.bincount(whose, money > 0, number)[which] - (first_revenue[mine] > 0)
            first[mine] = self.day[start]
            last[mine] = self.day[start + bought[mine] - 1]
        return Known(day, customer, bought, first, last, revenue, first_revenue, margin, paid)

    def added_up(self, known: Known) -> Known:
        """What `known` says, revenue and margin to the last bit as the engine adds them up."""
        found = np.empty((2, len(self)))
        for some, whose, seen in self._span(None, known.day):
            for own, values in zip(found, (self.revenue, self.margin), strict=True):
                own[some] = sums_of_groups(whose, values[seen], some.stop - some.start)
        revenue, margin = (own[known.customer] for own in found)
        return replace(known, revenue=revenue, margin=margin)

    def between(
        self, known: Known, after: int, until: int, factors: Floats, month_days: float
    ) -> tuple[Floats, Floats]:
        """Days with a purchase after the end of `after` up to `until`, and their margin, of each known customer.

        A purchase in the k-th month after `after` counts `factors[k - 1]` of its margin. `known` may be that of this log as
        it stood earlier (`until`), which numbers the customers otherwise: they are found again by having bought by its day.
        """
        count, worth = np.empty((2, len(known)))
        begin = 0
        for (some, rows), (_, whose, inside) in zip(self.parts(), self._span(after, until), strict=True):
            which = np.flatnonzero(self._counted(some, rows, known.day))
            mine = slice(begin, begin + which.size)
            begin = mine.stop
            if begin > len(known):
                break
            since = self.day[inside].astype(np.int64) - after
            month = np.minimum(np.ceil(since / month_days).astype(np.int64) - 1, factors.size - 1)
            number = some.stop - some.start
            count[mine] = np.bincount(whose, minlength=number)[which]
            worth[mine] = np.bincount(whose, self.margin[inside] * factors[month], minlength=number)[which]
        if begin != len(known):
            raise ValueError("These are not the customers whom this log knows by that day.")
        return count, worth

    def margins(self, after: int, until: int) -> Floats:
        """Margin after the end of `after` up to `until`, of every customer of the log."""
        found = np.empty(len(self))
        for some, whose, inside in self._span(after, until):
            found[some] = np.bincount(whose, self.margin[inside], some.stop - some.start)
        return found

    def parts(self) -> Iterator[tuple[slice, slice]]:
        """Customers a part at a time, and the rows that are theirs."""
        for begin in range(0, len(self), _CUSTOMERS_AT_ONCE):
            end = min(begin + _CUSTOMERS_AT_ONCE, len(self))
            yield slice(begin, end), slice(int(self.start[begin]), int(self.start[end]))

    def _span(self, after: int | None, until: int) -> Iterator[tuple[slice, NDArray[np.int32], NDArray[np.int64]]]:
        """Customers a part at a time, with the rows after the end of `after` up to `until`: whose, by place, and which."""
        for some, rows in self.parts():
            day = self.day[rows]
            inside = day <= until if after is None else (day > after) & (day <= until)
            which = np.flatnonzero(inside) + rows.start
            yield some, self.customer[which] - np.int32(some.start), which

    def _rows(self, chosen: NDArray[np.bool_]) -> PurchaseLog:
        """The log of some rows, given by a mask."""
        number, start = _numbered(self.customer[chosen])
        return PurchaseLog(
            number, self.day[chosen], self.revenue[chosen], self.margin[chosen], self.known_margin[chosen], start
        )


def _numbered(customer: NDArray[Any]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Customers of sorted rows numbered from 0, and where the rows of each begin (one more element at the end)."""
    changed = np.diff(customer, prepend=customer[:1] - 1) != 0
    start = np.append(np.flatnonzero(changed), customer.size).astype(np.int64)
    return np.cumsum(changed, dtype=np.int32) - np.int32(1), start


def _order_of(customer: NDArray[Any], day: NDArray[Any]) -> NDArray[np.intp] | None:
    """What sorts rows by customer and day; None where they are sorted."""
    same = customer[1:] == customer[:-1]
    if ((customer[1:] > customer[:-1]) | same & (day[1:] >= day[:-1])).all():
        return None
    # One number a row is sorted several times as fast as two columns.
    low, high = int(day.min()), int(day.max())
    key = np.asarray(customer, dtype=np.int64) * (high - low + 1)
    key += day
    key -= low
    return np.argsort(key, kind="stable")


def purchase_log(purchases: ir.Table, as_of: date) -> PurchaseLog:
    """The purchases up to a day (customer_id, date, revenue, margin; a row a customer and day) as arrays.

    Customers are numbered in the order of `cxvalue.tables.states.PurchaseStates` of the same purchases. A number as
    customer_id stands for itself.
    """
    import ibis

    rows = purchases.filter(purchases.date <= ibis.literal(as_of)).select("customer_id", "date", "revenue", "margin")
    # The purchases of a study lie in this order; those of other tables seldom do.
    found = _in_order(rows.to_pyarrow_batches(chunk_size=_ROWS_AT_ONCE))
    return _put_in_order(rows.to_pyarrow()) if found is None else found


def _in_order(batches: Iterable[pa.RecordBatch]) -> PurchaseLog | None:
    """The log of rows that come with ascending ids, which are let go as they come; None where they do not."""
    parts: list[tuple[NDArray[Any], ...]] = []
    last: str | int | None = None
    for batch in batches:
        ids = batch.column("customer_id")
        if not len(ids):
            continue
        first = ids[0].as_py()
        later, earlier = ids.slice(1), ids.slice(0, len(ids) - 1)
        if (last is not None and first < last) or pc.any(pc.less(later, earlier)).as_py():
            return None
        new = np.append(last is None or first > last, pc.greater(later, earlier).to_numpy(zero_copy_only=False))
        parts.append((new, *_numbers(batch)))
        last = ids[len(ids) - 1].as_py()
    new, day, revenue, margin = map(np.concatenate, zip(*parts, strict=True)) if parts else [np.zeros(0)] * 4
    parts.clear()
    return PurchaseLog.of(np.cumsum(new, dtype=np.int32), day, revenue, margin)


def _put_in_order(found: pa.Table) -> PurchaseLog:
    """The log of rows in any order."""
    # Numbers a part at a time: all ids as one text would be held twice, and above 2 GB cannot be.
    ids = found.column("customer_id").dictionary_encode().combine_chunks()
    order = np.asarray(pc.sort_indices(ids.dictionary).to_numpy(), dtype=np.int64)
    place = np.empty(order.size, dtype=np.int32)
    place[order] = np.arange(order.size, dtype=np.int32)
    customer = place[ids.indices.to_numpy(zero_copy_only=False)]
    found = found.drop_columns("customer_id")
    del ids, order, place
    return PurchaseLog.of(customer, *_numbers(found.combine_chunks()))


def _numbers(rows: pa.RecordBatch | pa.Table) -> tuple[NDArray[np.int32], Floats, Floats]:
    """Day, revenue and margin of rows."""
    day = rows.column("date").cast(pa.date32()).cast(pa.int32()).to_numpy(zero_copy_only=False)
    revenue, margin = (
        np.asarray(rows.column(name).cast(pa.float64()).to_numpy(zero_copy_only=False), dtype=float)
        for name in ("revenue", "margin")
    )
    return day, revenue, margin
