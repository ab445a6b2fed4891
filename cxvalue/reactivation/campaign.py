"""A campaign's customers, one row each: when and how they were contacted, what they had done, and what they then did.

All of it is added up by the engine. A customer's days count from the first contact; a purchase on day 1 to w after it falls
into the window of w days. Who was observed for less than a window is left out of it, in every arm, and counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cxvalue.errors import BadInput, Problem, nearest

if TYPE_CHECKING:
    import ibis.expr.types as ir

__all__ = ["WINDOWS", "CampaignData", "Window", "campaign_data", "first_ever_buyers", "history_on"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

WINDOWS = (7, 14, 30, 45, 60, 90, 120, 150, 180)
NOBODY = "not contacted"
SHORTEST_RULE_DAYS = 14


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """What each customer did within a window of days, and who was observed for all of it."""

    days: int
    observed: NDArray[np.bool_]
    orders: Floats
    revenue: Floats
    margin: Floats
    discount: Floats

    @property
    def returned(self) -> NDArray[np.bool_]:
        """Who bought."""
        bought: NDArray[np.bool_] = self.orders > 0
        return bought


@dataclass(frozen=True, slots=True, eq=False)
class CampaignData:
    """Contacted and held-out customers of one campaign, in the order of their ids.

    Attributes:
        name: of the campaign.
        customer_id, arm: whose row it is, and the arm of the first contact.
        control: which of them were held out.
        contacted_on: day of the first contact, in days since 1970.
        cost: of all contacts within the window.
        days_silent, frequency, tenure_days, revenue_before, margin_before, orders_before: on the day of the contact; the
            last three over the 365 days up to it.
        windows: outcomes by window length.
        window_days: the campaign's own window.
        as_of: last day observed.
    """

    name: str
    customer_id: NDArray[np.object_]
    arm: NDArray[np.object_]
    control: NDArray[np.bool_]
    contacted_on: Ints
    cost: Floats
    days_silent: Floats
    frequency: Floats
    tenure_days: Floats
    revenue_before: Floats
    margin_before: Floats
    orders_before: Floats
    windows: dict[int, Window]
    window_days: int
    as_of: date

    @property
    def main(self) -> Window:
        """The campaign's own window."""
        return self.windows[self.window_days]

    @property
    def began(self) -> date:
        """Day of the first contact of anybody."""
        return date.fromordinal(date(1970, 1, 1).toordinal() + int(self.contacted_on[~self.control].min()))

    @property
    def silent_rule_days(self) -> int | None:
        """How long everybody contacted had been silent; None below two weeks: then silence was not the rule."""
        silent = self.days_silent[~self.control]
        least = int(np.nanmin(silent)) if np.isfinite(silent).any() else 0
        return least if least >= SHORTEST_RULE_DAYS else None

    @property
    def before(self) -> Floats:
        """What is known of each customer before the contact, one column each, for adjustment."""
        columns = (self.margin_before, self.orders_before, np.log1p(self.days_silent), np.log1p(self.frequency))
        return np.column_stack([np.nan_to_num(column) for column in columns])


def campaign_data(
    contacts: ir.Table,
    purchases: ir.Table,
    *,
    name: str,
    control: str | None,
    window_days: int,
    as_of: date,
    transactions: ir.Table | None = None,
    windows: Sequence[int] = WINDOWS,
    seed: int = 1,
) -> CampaignData:
    """One row a customer of a campaign; without a control arm, customers who were not contacted stand in for one.

    Those get a day drawn from the campaign's own contact days, and are marked as control.

    Raises `BadInput` when a customer is in two arms, when an arm is empty, or when nobody was observed long enough.
    """
    where = f"campaigns.{name}"
    rows = contacts.filter(contacts.campaign == name)
    arms = rows.group_by("customer_id").agg(arms=rows.arm.nunique())
    twice = int(arms.filter(arms.arms > 1).count().to_pyarrow().as_py())
    if twice and control is not None:
        found = f"{twice:,} customers stand in more than one arm of the campaign."
        raise BadInput([Problem(where, found, "Give each customer the arm of the first assignment, in every row.")])
    cost = rows.cost.fill_null(0.0) if "cost" in rows.columns else rows.date.isnull().ifelse(1.0, 0.0)
    rows = rows.mutate(cost=cost)
    first = rows.group_by("customer_id").agg(first=rows.date.min(), arm=rows.arm.argmin(rows.date))
    spent = rows.inner_join(first.select("customer_id", "first"), "customer_id")
    spent = spent.filter(spent.date.delta(spent["first"], unit="day") <= window_days)
    first = first.left_join(spent.group_by("customer_id").agg(cost=spent.cost.sum()), "customer_id")
    first = first.select("customer_id", "first", "arm", cost=first.cost.fill_null(0.0))
    if control is None:
        first = first.union(_stand_ins(first, purchases, seed))
    lengths = sorted({*windows, window_days})
    table = _outcomes(first, purchases, transactions, lengths).order_by("customer_id").to_pyarrow()

    def column(label: str) -> Floats:
        return np.nan_to_num(table.column(label).to_numpy(zero_copy_only=False).astype(float))

    arm = np.array(table.column("arm").to_pylist(), dtype=object)
    day = np.array(table.column("first").to_numpy(zero_copy_only=False), dtype="datetime64[D]").astype(np.int64)
    held = arm == (NOBODY if control is None else control)
    seen = (as_of - date(1970, 1, 1)).days - day
    data = CampaignData(
        name=name,
        customer_id=np.array(table.column("customer_id").to_pylist(), dtype=object),
        arm=arm,
        control=held,
        contacted_on=day,
        cost=np.where(held, 0.0, column("cost")),
        days_silent=table.column("days_silent").to_numpy(zero_copy_only=False).astype(float),
        frequency=column("frequency"),
        tenure_days=column("tenure_days"),
        revenue_before=column("revenue_before"),
        margin_before=column("margin_before"),
        orders_before=column("orders_before"),
        windows={
            days: Window(
                days, seen >= days, *(column(f"{what}_{days}") for what in ("orders", "revenue", "margin", "discount"))
            )
            for days in lengths
        },
        window_days=window_days,
        as_of=as_of,
    )
    _check(data, control, where)
    return data


def _check(data: CampaignData, control: str | None, where: str) -> None:
    if not (~data.control).any():
        raise BadInput(
            [Problem(where, "nobody was contacted: every row is of the control arm.", "Check campaigns.control.")]
        )
    if not data.control.any():
        arms = sorted({str(arm) for arm in data.arm})
        found = (
            "nobody was held out." if control else "every customer was contacted, so there is nobody to compare with."
        )
        raise BadInput([Problem(where, found, nearest(control or "", arms))])
    if not (data.main.observed & ~data.control).any() or not (data.main.observed & data.control).any():
        found = f"no arm was observed for {data.window_days} days after its contact: the data end on {data.as_of}."
        raise BadInput([Problem(f"{where}.window_days", found, "Wait, or choose a shorter window.")])


def _stand_ins(first: ir.Table, purchases: ir.Table, seed: int) -> ir.Table:
    """Customers who were not contacted, each with a day drawn from the contact days; only those who had bought by then."""
    import ibis

    bought = purchases.group_by("customer_id").agg(began=purchases.date.min())
    others = bought.anti_join(first, "customer_id").order_by("customer_id").to_pyarrow()
    days = first.order_by("customer_id").select("first").to_pyarrow().column("first").to_numpy(zero_copy_only=False)
    drawn = np.random.default_rng(seed).choice(np.asarray(days, dtype="datetime64[D]"), others.num_rows)
    began = np.asarray(others.column("began").to_numpy(zero_copy_only=False), dtype="datetime64[D]")
    kept = began < drawn
    names = np.array(others.column("customer_id").to_pylist(), dtype=object)[kept]
    import pyarrow as pa

    table = pa.table(
        {"customer_id": pa.array(names.tolist(), pa.string()), "first": pa.array(drawn[kept], pa.date32())}
    )
    rows = ibis.memtable(table)
    return rows.select("customer_id", "first", arm=ibis.literal(NOBODY), cost=ibis.literal(0.0))


def _outcomes(first: ir.Table, purchases: ir.Table, transactions: ir.Table | None, lengths: Sequence[int]) -> ir.Table:
    bought = purchases.select("customer_id", "date", "revenue", "margin")
    if transactions is not None and "discount" in transactions.columns:
        given = transactions.group_by(["customer_id", "date"]).agg(discount=transactions.discount.fill_null(0.0).sum())
        bought = bought.left_join(given, ["customer_id", "date"]).select(
            "customer_id", "date", "revenue", "margin", "discount"
        )
    else:
        bought = bought.mutate(discount=bought.revenue * 0.0)
    joined = first.left_join(bought, "customer_id")
    since: Any = joined.date.delta(joined["first"], unit="day")
    before, year = since <= 0, (since <= 0) & (since > -365)
    sums: dict[str, Any] = {
        "days_silent": -since.max(where=before),
        "tenure_days": -since.min(where=before),
        "frequency": joined.date.count(where=before),
        "orders_before": joined.date.count(where=year),
        "revenue_before": joined.revenue.sum(where=year),
        "margin_before": joined.margin.sum(where=year),
    }
    for days in lengths:
        inside = (since >= 1) & (since <= days)
        sums[f"orders_{days}"] = joined.date.count(where=inside)
        for what in ("revenue", "margin", "discount"):
            sums[f"{what}_{days}"] = joined[what].sum(where=inside)
    return joined.group_by(["customer_id", "arm", "first", "cost"]).agg(**sums)


def history_on(purchases: ir.Table, day: date, *, silent_days: int) -> tuple[NDArray[np.object_], Floats]:
    """Customers silent for `silent_days` or more on a day, and what `CampaignData.before` holds of them."""
    import ibis

    bought = purchases.group_by("customer_id").agg(began=purchases.date.min())
    first = bought.filter(bought.began <= ibis.literal(day)).select(
        "customer_id", first=ibis.literal(day), arm=ibis.literal(NOBODY), cost=ibis.literal(0.0)
    )
    table = _outcomes(first, purchases, None, ()).order_by("customer_id").to_pyarrow()
    columns = [
        np.nan_to_num(table.column(name).to_numpy(zero_copy_only=False).astype(float))
        for name in ("margin_before", "orders_before", "days_silent", "frequency")
    ]
    rows = columns[2] >= silent_days
    names = np.array(table.column("customer_id").to_pylist(), dtype=object)
    return names[rows], np.column_stack([columns[0], columns[1], np.log1p(columns[2]), np.log1p(columns[3])])[rows]


def first_ever_buyers(
    contacts: ir.Table,
    purchases: ir.Table,
    transactions: ir.Table,
    *,
    name: str,
    product: str,
    window_days: int,
    as_of: date,
) -> tuple[int, int]:
    """Customers who had never bought before the campaign, among all who bought its product, and how many those are.

    Bought from the campaign's first contact to its last one plus the window; a fully refunded purchase is none. Raises
    `BadInput` when no transaction has the product.
    """
    import ibis

    rows = contacts.filter(contacts.campaign == name)
    span = rows.aggregate(first=rows.date.min(), last=rows.date.max()).to_pyarrow().to_pylist()[0]
    if "product" not in transactions.columns:
        found = "is given, but the transactions have no column 'product'."
        raise BadInput([Problem(f"campaigns.{name}.product", found, "Map a product column, or leave it out.")])
    lines = transactions.filter(transactions["product"] == product)
    if not lines.count().to_pyarrow().as_py():
        known = transactions.select("product").distinct().limit(200).to_pyarrow().column("product").to_pylist()
        found = f"no transaction has the product {product!r}."
        raise BadInput(
            [Problem(f"campaigns.{name}.product", found, nearest(product, [str(one) for one in known if one]))]
        )
    until = min(np.datetime64(span["last"]) + np.timedelta64(window_days, "D"), np.datetime64(as_of)).astype(object)
    inside = (lines.date >= ibis.literal(span["first"])) & (lines.date <= ibis.literal(until))
    bought = lines.filter(inside & (lines.revenue >= 0)).select("customer_id", "date").distinct()
    buyers = bought.semi_join(purchases, ["customer_id", "date"]).select("customer_id").distinct()
    began = purchases.group_by("customer_id").agg(began=purchases.date.min())
    both = buyers.inner_join(began, "customer_id")
    row = both.aggregate(every=both.count(), new=(both.began >= ibis.literal(span["first"])).ifelse(1, 0).sum())
    counted = row.to_pyarrow().to_pylist()[0]
    return int(counted["new"] or 0), int(counted["every"])
