"""All purchases of a study as a few arrays, so that any past day can be looked at without asking the engine again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

if TYPE_CHECKING:
    import ibis.expr.types as ir

__all__ = ["Known", "PurchaseLog", "purchase_log"]

Floats = NDArray[np.float64]


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
        changed = np.diff(customer, prepend=customer[:1] - 1) != 0
        start = np.append(np.flatnonzero(changed), customer.size).astype(np.int64)
        known = np.isfinite(margin)
        return cls(
            np.cumsum(changed, dtype=np.int32) - np.int32(1),
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
        seen = self.day <= day
        return PurchaseLog.of(self.customer[seen], self.day[seen], self.revenue[seen], self._margins()[seen])

    def of_customers(self, chosen: NDArray[np.intp]) -> PurchaseLog:
        """The log of some customers, by number."""
        keep = np.zeros(len(self), dtype=bool)
        keep[chosen] = True
        rows = keep[self.customer]
        return PurchaseLog.of(self.customer[rows], self.day[rows], self.revenue[rows], self._margins()[rows])

    def counts(self, day: int) -> NDArray[np.int64]:
        """Days with a purchase up to the end of `day`, of every customer of the log."""
        return np.bincount(self.customer[self.day <= day], minlength=len(self)).astype(np.int64)

    def known(self, day: int) -> Known:
        """Everybody who had bought by the end of a day, and what was known of them then."""
        seen = self.day <= day
        whose = self.customer[seen]
        counts = np.bincount(whose, minlength=len(self)).astype(np.int64)
        customer = np.flatnonzero(counts)
        start, bought = self.start[customer], counts[customer]
        end = start + bought

        def summed(column: NDArray[Any]) -> Floats:
            # Each customer's own sum: differences of a running total lose the digits of small customers behind large ones.
            return np.asarray(np.bincount(whose, column[seen], minlength=len(self))[customer], dtype=float)

        paid = self.revenue > 0
        return Known(
            day=day,
            customer=customer,
            bought=bought,
            first=self.day[start].astype(np.int64),
            last=self.day[end - 1].astype(np.int64),
            revenue=summed(self.revenue),
            first_revenue=self.revenue[start],
            margin=summed(self.margin),
            paid=summed(paid).astype(np.int64) - paid[start],
        )

    def between(
        self, known: Known, after: int, until: int, factors: Floats, month_days: float
    ) -> tuple[Floats, Floats]:
        """Days with a purchase after the end of `after` up to `until`, and their margin, of each known customer.

        A purchase in the k-th month after `after` counts `factors[k - 1]` of its margin. `known` may be that of this log as
        it stood earlier (`until`), which numbers the customers otherwise: they are found again by having bought by its day.
        """
        mine = np.flatnonzero(self.counts(known.day))
        if mine.size != len(known):
            raise ValueError("These are not the customers whom this log knows by that day.")
        inside = (self.day > after) & (self.day <= until)
        customer, since = self.customer[inside], self.day[inside].astype(np.int64) - after
        month = np.minimum(np.ceil(since / month_days).astype(np.int64) - 1, factors.size - 1)
        count = np.bincount(customer, minlength=len(self))[mine]
        worth = np.bincount(customer, self.margin[inside] * factors[month], minlength=len(self))
        return count.astype(float), np.asarray(worth[mine], dtype=float)

    def _margins(self) -> Floats:
        return np.where(self.known_margin, self.margin, np.nan)


def _order_of(customer: NDArray[Any], day: NDArray[Any]) -> NDArray[np.intp] | None:
    """What sorts rows by customer and day; None where they are sorted.

    One number a row is sorted several times as fast as two columns.
    """
    if not customer.size:
        return None
    low, high = int(day.min()), int(day.max())
    key = np.asarray(customer, dtype=np.int64) * (high - low + 1)
    key += day
    key -= low
    return None if (key[1:] >= key[:-1]).all() else np.argsort(key, kind="stable")


def purchase_log(purchases: ir.Table, as_of: date) -> PurchaseLog:
    """The purchases up to a day (customer_id, date, revenue, margin; a row a customer and day) as arrays.

    Customers are numbered in the order of `cxvalue.tables.states.PurchaseStates` of the same purchases. A number as
    customer_id stands for itself.
    """
    import ibis

    rows = purchases.filter(purchases.date <= ibis.literal(as_of)).select("customer_id", "date", "revenue", "margin")
    found = rows.to_pyarrow()
    customer = _numbers_of(found.column("customer_id"))
    found = found.drop_columns("customer_id")
    day = found.column("date").cast(pa.date32()).combine_chunks().cast(pa.int32()).to_numpy(zero_copy_only=False)

    def numbers(name: str) -> Floats:
        return np.asarray(found.column(name).cast(pa.float64()).to_numpy(zero_copy_only=False), dtype=float)

    return PurchaseLog.of(customer, day, numbers("revenue"), numbers("margin"))


def _numbers_of(ids: pa.ChunkedArray) -> NDArray[np.int32]:
    """The number of each customer, in the order of their ids."""
    if pa.types.is_integer(ids.type):
        return np.asarray(ids.to_numpy(), dtype=np.int32)
    # A part at a time: all ids as one text would be held twice, and above 2 GB cannot be.
    coded = ids.dictionary_encode().combine_chunks()
    order = np.asarray(pc.sort_indices(coded.dictionary).to_numpy(), dtype=np.int64)
    place = np.empty(order.size, dtype=np.int32)
    place[order] = np.arange(order.size, dtype=np.int32)
    return np.asarray(place[coded.indices.to_numpy(zero_copy_only=False)])
