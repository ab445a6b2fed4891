"""Customers of each unit and month who do not come back in the next three, beside the staff that left."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from cxvalue.foundation.arrays import Floats, Ints
from cxvalue.questions.staff.head_count import HeadCount

if TYPE_CHECKING:
    import ibis.expr.types as ir

AROUND = 3
"""Months in which a customer bought, and in which they come back or not."""

APART = 3
"""Months between the two halves that say whether units differ: what happened at a unit by chance lasts a while."""
_NEVER = 2 * AROUND
"""Months to the next purchase from which on it is all the same."""


@dataclass(frozen=True, slots=True)
class ShopMonths:
    """Units x months: turnover, share of customers lost and their number (0 where the months after are not over).

    By unit: `margin` is what customers of the last three months brought in the last 12, `rate` turnover a year over all
    months, `people` the mean head count; `halves` turnover a year in the earlier and in the later months, a row each.
    """

    units: tuple[str, ...]
    turnover: Floats
    lost: Floats
    customers: Floats
    margin: Floats
    rate: Floats
    people: Floats
    halves: Floats


def units_of_customers(
    customers: ir.Table | None, surveys: ir.Table | None, interactions: ir.Table | None
) -> ir.Table | None:
    """customer_id and unit of each customer: the column unit of the customers, else where they were seen most."""
    if customers is not None and "unit" in customers.columns:
        rows = customers.filter(customers.unit.notnull())
        return rows.group_by("customer_id").agg(unit=rows.unit.cast("string").max())
    for table in (interactions, surveys):
        if table is not None and "unit" in table.columns:
            seen = table.filter(table.unit.notnull()).group_by("customer_id", "unit").agg(n=lambda t: t.count())
            most = seen.group_by("customer_id").agg(most=seen.n.max())
            best = seen.join(most, "customer_id")
            best = best.filter(best.n == best.most)
            return best.group_by("customer_id").agg(unit=best.unit.max())
    return None


def shop_months(purchases: ir.Table, homes: ir.Table, staff: HeadCount, *, as_of: date) -> ShopMonths | None:
    """The panel of units with staff and customers; None with fewer than two of them.

    Of customers with a purchase in the three months up to a month, the share with none in the three months after.
    """
    months = staff.mean.shape[1]
    since = purchases.date.year() * 12 + purchases.date.month() - 1 - staff.first_month
    rows = purchases.mutate(month=since).filter(lambda t: (t.month >= 0) & (t.month < months))
    bought = rows.join(homes, "customer_id").select("unit", "customer_id", "month").distinct()
    place = {name: k for k, name in enumerate(staff.units)}
    counted = _by_gap(bought).to_pandas()
    counted = counted[counted["unit"].isin(place)]
    if counted["unit"].nunique() < 2:
        return None
    month, gap, number = (counted[name].to_numpy(np.int64) for name in ("month", "gap", "customers"))
    unit = counted["unit"].map(place).to_numpy(np.int64)
    customers, lost = _active_and_lost(unit, month, gap, number, (len(place), months))
    sums = _margin_of_active(bought, purchases, months - AROUND, as_of).to_pandas()
    sums = sums[sums["unit"].isin(place)]
    margin = np.bincount(
        sums["unit"].map(place).to_numpy(np.int64), np.nan_to_num(sums["margin"].to_numpy(float)), len(place)
    ).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        turnover = np.where(staff.mean > 0, staff.chose / staff.mean, np.nan)
        share = np.where(customers > 0, lost / customers, np.nan)
    middle = (months - APART) // 2
    parts = (slice(None), slice(middle), slice(middle + APART, None))
    rate, *halves = (yearly_rate(staff.leavers[:, part], staff.mean[:, part]) for part in parts)
    return ShopMonths(staff.units, turnover, share, customers, margin, rate, staff.mean.mean(axis=1), np.array(halves))


def yearly_rate(leavers: Floats, people: Floats) -> Floats:
    """12 × leavers by person-months of each unit (rows); NaN without a person.

    >>> yearly_rate(np.array([[1.0, 0.0]]), np.array([[4.0, 4.0]])).tolist()
    [1.5]
    """
    exposure = people.sum(axis=1)
    return np.divide(12 * leavers.sum(axis=1), exposure, out=np.full(len(people), np.nan), where=exposure > 0)


def _by_gap(bought: ir.Table) -> ir.Table:
    """Customers by unit, month with a purchase and months to the next one; `_NEVER` stands for a longer time or none.

    `bought` has a row a customer and month. What leaves the engine has a few rows a unit and month.
    """
    import ibis

    order = ibis.window(group_by="customer_id", order_by="month")
    dated = bought.mutate(gap=bought.month.lead().over(order) - bought.month)
    gap = ibis.least(dated.gap.fill_null(_NEVER), _NEVER)
    return dated.group_by("unit", "month", gap=gap).agg(customers=dated.count())


def _active_and_lost(unit: Ints, month: Ints, gap: Ints, number: Ints, shape: tuple[int, int]) -> tuple[Floats, Floats]:
    """Units x months: customers with a purchase in the three months up to each, and those with none in the three after.

    A customer is active up to two months after a purchase that no other one follows by then.
    """
    customers, lost = np.zeros(shape), np.zeros(shape)
    for later in range(AROUND):
        at = month + later
        here = (gap > later) & (at >= AROUND - 1) & (at + AROUND < shape[1])
        np.add.at(customers, (unit[here], at[here]), number[here])
        gone = here & (gap > later + AROUND)
        np.add.at(lost, (unit[gone], at[gone]), number[gone])
    return customers, lost


def _margin_of_active(bought: ir.Table, purchases: ir.Table, first: int, as_of: date) -> ir.Table:
    """Margin of the last 12 months by unit, of customers with a purchase from a month on."""
    import ibis

    active = bought.filter(bought.month >= first).select("unit", "customer_id").distinct()
    year = purchases.filter(purchases.date > ibis.literal(as_of - timedelta(days=365)))
    sums = year.group_by("customer_id").agg(margin=year.margin.sum())
    joined = active.left_join(sums, "customer_id")
    return joined.group_by("unit").agg(margin=joined.margin.sum())
