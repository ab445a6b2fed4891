"""Purchase histories where time comes in opportunities: one a calendar period, taken or not.

For customers who can buy, give or renew once a period, and for ledgers that only say in which period something
happened. Recency is the number of the last opportunity taken, as in the literature, not the time since it. The engine
is imported when it is first used, because the models that take these states do without it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cxvalue.foundation.calendar import DAYS_PER_YEAR
from cxvalue.foundation.days import as_day
from cxvalue.foundation.errors import CxvalueError
from cxvalue.language.words import enumerated

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from cxvalue.tables.states import PurchaseStates

_MONDAY = date(1900, 1, 1)


class Period(StrEnum):
    """A calendar period that holds one opportunity; weeks begin on Monday.

    >>> Period("quarter").number(date(2025, 6, 30)) - Period("quarter").number(date(2024, 12, 31))
    2
    """

    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"

    @property
    def per_year(self) -> float:
        """Number of periods in a year."""
        return {"week": DAYS_PER_YEAR / 7, "month": 12.0, "quarter": 4.0, "year": 1.0}[self.value]

    @property
    def months(self) -> int:
        """Number of months in the period; 0 for a week."""
        return {"week": 0, "month": 1, "quarter": 3, "year": 12}[self.value]

    def number(self, day: date) -> int:
        """Running number of the period that a day lies in."""
        if self is Period.WEEK:
            return (day - _MONDAY).days // 7
        return (day.year * 12 + day.month - 1) // self.months

    def last_complete(self, as_of: date) -> int:
        """Running number of the last period that has ended by the end of that day."""
        return self.number(as_of + timedelta(days=1)) - 1

    def first_day(self, number: int) -> date:
        """First day of the period with a running number.

        >>> Period("quarter").first_day(Period("quarter").number(date(2025, 6, 30)))
        datetime.date(2025, 4, 1)
        """
        if self is Period.WEEK:
            return _MONDAY + timedelta(days=7 * number)
        years, month = divmod(number * self.months, 12)
        return date(years, month + 1, 1)

    def last_day(self, number: int) -> date:
        """Last day of the period with a running number."""
        return self.first_day(number + 1) - timedelta(days=1)

    def last_days(self, numbers: Any) -> Any:
        """`last_day` of a column of running numbers, as an expression of the engine."""
        import ibis

        if self is Period.WEEK:
            return (ibis.literal(_MONDAY) + ((numbers + 1) * 7 - 1).as_interval("D")).cast("date")
        months = (numbers + 1) * self.months
        first = ibis.date((months / 12).floor().cast("int64"), (months % 12 + 1).cast("int64"), 1)
        return (first - ibis.interval(days=1)).cast("date")

    def numbers(self, days: Any) -> Any:
        """`number` of a column of dates, as an expression of the engine."""
        import ibis

        if self is Period.WEEK:
            return (days.delta(ibis.literal(_MONDAY), unit="day") / 7).floor().cast("int64")
        return ((days.year() * 12 + days.month() - 1) / self.months).floor().cast("int64")


@dataclass(frozen=True)
class DiscreteStates:
    """Histories of opportunities taken, distinct with counts or one per customer.

    Every array has one element per state. `frequency` is x, the opportunities taken; `recency` is t_x, the number of
    the last one taken (0 when x = 0); `opportunities` is n, how many there were since the period of acquisition, which
    is itself none; `count` is how many customers are in the state. Only per customer: `customer_id`, sorted.
    """

    frequency: NDArray[np.int64]
    recency: NDArray[np.int64]
    opportunities: NDArray[np.int64]
    count: NDArray[np.int64]
    period: Period
    customer_id: NDArray[np.object_] | None = None

    @property
    def customers(self) -> int:
        """Number of customers over all states."""
        return int(self.count.sum())

    def __len__(self) -> int:
        """Number of states."""
        return len(self.frequency)

    def grouped(self) -> DiscreteStates:
        """Distinct states with counts, in ascending order of (x, t_x, n); ids are dropped."""
        states = np.column_stack([self.frequency, self.recency, self.opportunities])
        distinct, position = np.unique(states, axis=0, return_inverse=True)
        count = np.zeros(len(distinct), dtype=np.int64)
        np.add.at(count, position.reshape(-1), self.count)
        x, recency, opportunities = distinct.T
        return replace(self, frequency=x, recency=recency, opportunities=opportunities, count=count, customer_id=None)


def discrete_states(
    transactions: Any, *, as_of: date | str, period: Period | str = "month", per_customer: bool = False
) -> DiscreteStates:
    """Count opportunities taken up to `as_of`, the last day observed, from a pandas, polars, arrow or ibis table.

    The table and its refunds are read as by `purchase_states`. A period counts once however often a customer buys in
    it; the period of the first purchase is the acquisition; a period that has not ended by `as_of` does not count, and
    a customer acquired in it is absent.

    Raises `BadInput` when a column lacks or holds a value that cannot be, and when a refund is larger than all earlier
    purchases.

    >>> import pandas as pd
    >>> days = pd.to_datetime(["2025-01-30", "2025-02-01", "2025-02-27", "2025-05-02", "2025-02-03"])
    >>> bought = pd.DataFrame({"customer_id": ["a", "a", "a", "a", "b"], "date": days, "revenue": 10.0})
    >>> states = discrete_states(bought, as_of=date(2025, 6, 29), per_customer=True)
    >>> [column.tolist() for column in (states.frequency, states.recency, states.opportunities)]
    [[2, 0], [4, 0], [4, 3]]
    """
    from cxvalue.tables.states import purchases_until

    as_of = as_day(as_of)
    made = purchases_until(transactions, as_of)
    return discrete_states_from_purchases(made.table, as_of=as_of, period=period, per_customer=per_customer)


def discrete_states_from_purchases(
    purchases: ir.Table, *, as_of: date, period: Period | str = "month", per_customer: bool = False
) -> DiscreteStates:
    """Count opportunities taken from purchases: customer_id and date, as `purchase_states_from_purchases` takes them."""
    import ibis

    from cxvalue.tables.states import integers_of

    unit = Period(period)
    last = unit.last_complete(as_of)
    taken = purchases.select("customer_id", period=unit.numbers(purchases.date)).distinct()
    taken = taken.filter(taken.period <= last)
    seen = taken.group_by("customer_id").agg(first=taken.period.min(), latest=taken.period.max(), periods=taken.count())
    customers = seen.select(
        "customer_id",
        frequency=seen.periods - 1,
        recency=seen.latest - seen["first"],
        opportunities=ibis.literal(last) - seen["first"],
    )
    state = ["frequency", "recency", "opportunities"]
    if not per_customer:
        grouped = customers.group_by(state).agg(count=customers.count()).order_by(state).to_pyarrow()
        x, recency, opportunities, count = (integers_of(grouped, name) for name in (*state, "count"))
        return DiscreteStates(x, recency, opportunities, count, unit)
    table = customers.to_pyarrow()
    ids = table.column("customer_id").to_numpy(zero_copy_only=False).astype(object)
    order = np.argsort(ids, kind="stable")
    x, recency, opportunities = (integers_of(table, name)[order] for name in state)
    return DiscreteStates(x, recency, opportunities, np.ones(len(ids), dtype=np.int64), unit, ids[order])


def by_period(purchases: ir.Table, *, as_of: date, period: Period | str = "month") -> ir.Table:
    """Purchases as a model of opportunities counts them: one row a customer and calendar period with a purchase.

    `purchases` has customer_id, date, revenue and margin, one row a customer and day, and so has the result. `date` is
    then the last day of the period, so that times between rows, and up to the end of any period, are whole periods to
    within three days; `last_bought` is the day of the last purchase in it. A period that has not ended by `as_of` is left
    out.
    """
    unit = Period(period)
    rows = purchases.mutate(period=unit.numbers(purchases.date))
    rows = rows.filter(rows.period <= unit.last_complete(as_of))
    summed = rows.group_by("customer_id", "period").agg(
        revenue=rows.revenue.sum(), margin=rows.margin.sum(), last_bought=rows.date.max()
    )
    return summed.select("customer_id", "revenue", "margin", "last_bought", date=unit.last_days(summed.period))


def period_states(purchases: ir.Table, *, as_of: date, period: Period | str = "month") -> PurchaseStates:
    """Histories per customer counted by calendar period, as they stood when the last whole period ended by `as_of`.

    `purchases` are as in `by_period`; frequency is the number of later periods with a purchase.

    >>> import ibis, pandas as pd
    >>> days = pd.to_datetime(["2025-01-30", "2025-02-01", "2025-02-27", "2025-05-02", "2025-06-03"]).date
    >>> bought = pd.DataFrame({"customer_id": "a", "date": days, "revenue": 10.0, "margin": 4.0})
    >>> states = period_states(ibis.memtable(bought), as_of=date(2025, 6, 29))
    >>> states.as_of.isoformat(), states.frequency.tolist(), states.recency.round().tolist(), states.T.round().tolist()
    ('2025-05-31', [2], [4.0], [4.0])
    >>> states.mean_spend.tolist(), states.days_silent.tolist()
    ([15.0], [29])
    """
    from cxvalue.tables.states import purchase_states_from_purchases

    unit = Period(period)
    counted = by_period(purchases, as_of=as_of, period=unit)
    last = unit.last_day(unit.last_complete(as_of))
    return purchase_states_from_purchases(counted, as_of=last, time_unit=unit.value, per_customer=True)


def opportunities_of(states: PurchaseStates) -> DiscreteStates:
    """Histories counted by calendar period (`by_period`) in whole opportunities.

    Raises:
        CxvalueError: a unit of time that is no period; histories with more purchases than periods.
    """
    unit = states.time_unit.value
    if unit not in list(Period):
        raise CxvalueError(
            "The BG/BB counts calendar periods, and a {unit} is not one. Allowed: {allowed}.",
            unit=unit,
            allowed=enumerated(Period),
        )
    recency, age = (np.rint(column).astype(np.int64) for column in (states.recency, states.T))
    if (states.frequency > recency).any():
        raise CxvalueError(
            "Some customers bought more than once a {unit}: the BG/BB takes histories counted by period. Count the "
            "purchases with cxvalue.tables.periods.by_period first.",
            unit=unit,
        )
    return DiscreteStates(states.frequency, recency, age, np.asarray(states.count), Period(unit), states.customer_id)
