"""Customers of each unit and month who do not come back in the next three, beside the staff that left."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cxvalue.questions.staff.head_count import HeadCount

if TYPE_CHECKING:
    import ibis.expr.types as ir

__all__ = ["ShopMonths", "shop_months", "units_of_customers"]

Floats = NDArray[np.float64]

AROUND = 3
"""Months in which a customer bought, and in which they come back or not."""


@dataclass(frozen=True, slots=True)
class ShopMonths:
    """Units x months: turnover, share of customers lost and their number (0 where the months after are not over).

    By unit: `margin` is what customers of the last three months brought in the last 12, `rate` turnover a year over all
    months, `people` the mean head count.
    """

    units: tuple[str, ...]
    turnover: Floats
    lost: Floats
    customers: Floats
    margin: Floats
    rate: Floats
    people: Floats


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
    import ibis

    months = staff.mean.shape[1]
    number = purchases.date.year() * 12 + purchases.date.month() - 1 - staff.first_month
    rows = purchases.mutate(month=number).filter(lambda t: (t.month >= 0) & (t.month < months))
    bought = rows.join(homes, "customer_id").group_by("unit", "customer_id", "month").agg(n=lambda t: t.count())
    frame = bought.order_by("unit", "customer_id", "month").to_pandas()
    place = {name: k for k, name in enumerate(staff.units)}
    frame = frame[frame["unit"].isin(place)]
    if frame["unit"].nunique() < 2:
        return None
    unit = frame["unit"].map(place).to_numpy(np.int64)
    who, customer = np.unique(frame["customer_id"].to_numpy(object).astype(str), return_inverse=True)
    came = np.zeros((who.size, months), dtype=bool)
    home = np.zeros(who.size, dtype=np.int64)
    came[customer, frame["month"].to_numpy(np.int64)] = True
    home[customer] = unit
    lost, customers = np.zeros((len(place), months)), np.zeros((len(place), months))
    last = np.zeros(who.size, dtype=bool)
    for m in range(AROUND - 1, months):
        before = np.asarray(came[:, m - AROUND + 1 : m + 1].any(axis=1))
        if m + AROUND < months:
            gone = before & ~came[:, m + 1 : m + AROUND + 1].any(axis=1)
            customers[:, m] = np.bincount(home[before], minlength=len(place))
            lost[:, m] = np.bincount(home[gone], minlength=len(place))
        last = before
    year = purchases.filter(purchases.date > ibis.literal(as_of - timedelta(days=365)))
    sums = year.group_by("customer_id").agg(margin=year.margin.sum()).to_pandas().set_index("customer_id")["margin"]
    own = np.nan_to_num(sums.reindex(who[last]).to_numpy(float))
    margin = np.bincount(home[last], own, len(place)).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        turnover = np.where(staff.mean > 0, staff.chose / staff.mean, np.nan)
        share = np.where(customers > 0, lost / customers, np.nan)
    exposure = staff.mean.sum(axis=1)
    rate = np.divide(12 * staff.leavers.sum(axis=1), exposure, out=np.full(len(place), np.nan), where=exposure > 0)
    return ShopMonths(staff.units, turnover, share, customers, margin, rate, staff.mean.mean(axis=1))
