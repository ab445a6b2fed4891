"""Cross-selling: which products do customers take up next, and what does a new buyer of one bring?

Description from sales, not cause: customers who take up a product were often on the rise anyway. Two guards keep the figure
sober. What the new product replaces is taken off (the change of a new buyer's other margin against customers who had bought
as often and for as much), and what grows beside it is not credited to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import ibis
import numpy as np
import pandas as pd

from cxvalue.foundation.chance import is_a_point
from cxvalue.foundation.intervals import reach_of, share_interval
from cxvalue.tables.labels import product_group

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from numpy.typing import NDArray

MOST_PRODUCTS = 12
"""So many products are looked at, those with the most buyers."""
LONGEST_WINDOW_DAYS = 365
SHORTEST_WINDOW_DAYS = 90
FEWEST_BUYERS = 10
FIFTHS = 5


@dataclass(frozen=True, eq=False)
class CrossSelling:
    """Products that active customers had not bought yet, and what happened in the window after `start`.

    Attributes:
        start, until: the window; who was active on the day before it and had not bought a product could take it up.
        customers: how many were active then.
        products: a row a product, the surest gain (the largest `point_low`) first: product, eligible, new_buyers,
            attach_rate with attach_low and attach_high, margin_per_new_buyer with margin_low and margin_high (of the product
            itself in the window), other_change with other_low and other_high (how a new buyer's other margin moved against
            similar customers), extra_per_new_buyer with extra_low and extra_high (the product's margin less what it
            replaced), point_value with point_low and point_high (one in a hundred eligible customers more). Missing where
            the data do not tell: no similar customers to compare with, or the same amount from every new buyer.
        pairs: of customers who had one product and not another, how many took that up: has, next, eligible, new_buyers,
            attach_rate, lift (against everybody eligible for it); the largest lift first.
        level: of every interval.
    """

    start: date
    until: date
    customers: int
    products: pd.DataFrame
    pairs: pd.DataFrame
    level: float

    @property
    def proven(self) -> bool:
        """Whether the surest gain is one: its range lies above zero."""
        return bool(self.products["point_low"].iloc[0] > 0)

    @property
    def days(self) -> int:
        """Length of the window."""
        return (self.until - self.start).days + 1


def cross_selling(
    transactions: ir.Table,
    *,
    as_of: date,
    observed_from: date,
    dormancy_days: int,
    fewest: int = FEWEST_BUYERS,
    level: float = 0.95,
) -> CrossSelling | None:
    """Attach rates and margin of products that customers had not bought yet; None without a product column or history.

    Args:
        transactions: canonical lines with customer_id, date, revenue, margin and product.
        as_of, observed_from: the history; the window is its last half, 12 months at most.
        dormancy_days: who had been silent as long before the window is not counted as a customer then.
        fewest: products and pairs with fewer new buyers are left out, as are those with fewer than 10.
        level: of the intervals: Wilson's for shares, Student's t for margin.
    """
    if "product" not in transactions.columns:
        return None
    fewest = max(fewest, FEWEST_BUYERS)
    days = min(((as_of - observed_from).days + 1) // 2, LONGEST_WINDOW_DAYS)
    if days < SHORTEST_WINDOW_DAYS:
        return None
    start = as_of - timedelta(days=days - 1)
    customers, rows = _customer_products(transactions, as_of, start, days, dormancy_days)
    if not len(customers) or not len(rows):
        return None
    cells = _strata(customers)
    products = [_product(str(name), part, customers, cells, fewest, level) for name, part in rows.groupby("product")]
    known = [row for row in products if row is not None]
    if not known:
        return None
    table = pd.DataFrame(known)
    order = ["point_low", "point_value", "product"]
    table = table.sort_values(order, ascending=[False, False, True], ignore_index=True)
    return CrossSelling(
        start, as_of, len(customers), table, _pairs(rows, len(customers), list(table["product"]), fewest), level
    )


def _customer_products(
    transactions: ir.Table, as_of: date, start: date, days: int, dormancy_days: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Customers who were active at the start, with their margin before and after, and their rows by product.

    Rows by customer and product hold: had (bought before), took (bought in the window), margin (of it in the window).
    """
    lines: Any = transactions.filter((transactions.revenue >= 0) & (transactions.date <= ibis.literal(as_of)))
    lines = lines.mutate(product=product_group(lines), late=lines.date >= ibis.literal(start))
    recent = lines.date >= ibis.literal(start - timedelta(days=days))
    active = (~lines.late) & (lines.date > ibis.literal(start - timedelta(days=1 + dormancy_days)))
    people = (
        lines.mutate(recent=recent & ~lines.late, active=active)
        .group_by("customer_id")
        .agg(
            active=lambda t: t.active.max(),
            before=lambda t: t.margin.sum(where=t.recent),
            after=lambda t: t.margin.sum(where=t.late),
            visits=lambda t: t.date.nunique(where=t.recent),
        )
        .filter(lambda t: t.active)
        .drop("active")
    )
    popular = lines.group_by("product").agg(buyers=lines.customer_id.nunique())
    popular = (
        popular.filter(popular["product"].notnull()).order_by([ibis.desc("buyers"), "product"]).limit(MOST_PRODUCTS)
    )
    rows = (
        lines.semi_join(popular, "product")
        .semi_join(people, "customer_id")
        .group_by(["customer_id", "product"])
        .agg(
            had=lambda t: (~t.late).max(),
            took=lambda t: t.late.max(),
            margin=lambda t: t.margin.sum(where=t.late),
        )
    )
    customers = people.to_pandas().fillna({"before": 0.0, "after": 0.0}).sort_values("customer_id", ignore_index=True)
    return customers, rows.to_pandas().fillna({"margin": 0.0})


def _strata(customers: pd.DataFrame) -> NDArray[np.int64]:
    """Fifths of the visits and, within each, fifths of the margin of the period before the window."""
    by_visits = _fifths(customers["visits"].to_numpy(dtype=float))
    cells = np.zeros(len(customers), dtype=np.int64)
    margin = customers["before"].to_numpy(dtype=float)
    for number in np.unique(by_visits):
        inside = by_visits == number
        cells[inside] = FIFTHS * number + _fifths(margin[inside])
    return cells


def _fifths(values: NDArray[np.float64]) -> NDArray[np.int64]:
    edges = np.quantile(values, np.arange(1, FIFTHS) / FIFTHS)
    return np.searchsorted(edges, values, side="left").astype(np.int64)


def _product(
    name: str, rows: pd.DataFrame, customers: pd.DataFrame, cells: NDArray[np.int64], fewest: int, level: float
) -> dict[str, Any] | None:
    """What happened with one product; None where too few took it up."""
    place = customers["customer_id"].searchsorted(rows["customer_id"])
    had, own = np.zeros(len(customers), dtype=bool), np.zeros(len(customers))
    new = np.zeros(len(customers), dtype=bool)
    had[place] = rows["had"].to_numpy(dtype=bool)
    new[place] = rows["took"].to_numpy(dtype=bool) & ~rows["had"].to_numpy(dtype=bool)
    own[place] = rows["margin"].to_numpy(dtype=float)
    eligible, buyers = int((~had).sum()), int(new.sum())
    if buyers < fewest or buyers == eligible:
        return None
    rate = buyers / eligible
    low, high = share_interval(buyers, eligible, level)
    other = customers["after"].to_numpy(dtype=float) - own - customers["before"].to_numpy(dtype=float)
    margin, margin_se = _mean(own[new])
    change, change_se = _difference(other, new, ~had & ~new, cells)
    quantile = reach_of(level, buyers - 1)
    extra = margin + min(change, 0.0) if np.isfinite(change) else np.nan
    extra_se = _spread(float(np.hypot(margin_se, change_se if change < 0 else 0.0)), extra)
    margin_se = _spread(margin_se, margin)
    point = 0.01 * eligible
    return {
        "product": name, "eligible": eligible, "new_buyers": buyers,
        "attach_rate": rate, "attach_low": float(low), "attach_high": float(high),
        "margin_per_new_buyer": margin, "margin_low": margin - quantile * margin_se,
        "margin_high": margin + quantile * margin_se,
        "other_change": change, "other_low": change - quantile * change_se, "other_high": change + quantile * change_se,
        "extra_per_new_buyer": extra, "extra_low": extra - quantile * extra_se, "extra_high": extra + quantile * extra_se,
        "point_value": point * extra, "point_low": point * (extra - quantile * extra_se),
        "point_high": point * (extra + quantile * extra_se),
    }  # fmt: skip


def _spread(se: float, value: float) -> float:
    """A standard error; missing where it is nothing beside the value, since then no range can be given."""
    return np.nan if is_a_point(value - se, value + se) else se


def _mean(values: NDArray[np.float64]) -> tuple[float, float]:
    return float(values.mean()), float(values.std(ddof=1) / np.sqrt(values.size))


def _difference(
    values: NDArray[np.float64], new: NDArray[np.bool_], others: NDArray[np.bool_], cells: NDArray[np.int64]
) -> tuple[float, float]:
    """Mean of the new buyers less that of the others, within strata weighted as the new buyers are, with its error.

    New buyers of a stratum without two others are left out; missing where that leaves nobody.
    """
    size = int(cells.max()) + 1
    n, sums, squares = (
        [np.bincount(cells[side], weight[side], size) for side in (new, others)]
        for weight in (np.ones(values.size), values, values**2)
    )
    usable = (n[0] > 0) & (n[1] > 1)
    if not usable.any():
        return float("nan"), float("nan")
    share = np.where(usable, n[0], 0.0) / n[0][usable].sum()
    with np.errstate(invalid="ignore", divide="ignore"):
        means = [np.where(count > 0, total / count, 0.0) for count, total in zip(n, sums, strict=True)]
        spread = [
            np.where(count > 1, (square - count * mean**2) / np.maximum(count - 1, 1), np.nan) / count
            for count, square, mean in zip(n, squares, means, strict=True)
        ]
    # A stratum with a single new buyer takes the spread of the others in it.
    alone = np.where(np.isnan(spread[0]), spread[1] * n[1] / np.maximum(n[0], 1), spread[0])
    variance = np.where(usable, share**2 * (alone + spread[1]), 0.0).sum()
    return float((share * np.where(usable, means[0] - means[1], 0.0)).sum()), float(np.sqrt(max(variance, 0.0)))


def _pairs(rows: pd.DataFrame, customers: int, products: list[str], fewest: int) -> pd.DataFrame:
    """Take-up of one product among those who had another; pairs with few new buyers are left out."""
    kept = rows[rows["product"].isin(products)]
    codes, names = pd.factorize(kept["customer_id"])
    columns = kept["product"].map({name: place for place, name in enumerate(products)}).to_numpy()
    had, took = (np.zeros((len(names), len(products))) for _ in range(2))
    had[codes, columns] = kept["had"].to_numpy(dtype=float)
    took[codes, columns] = kept["took"].to_numpy(dtype=float)
    new = took * (1 - had)
    # Customers without any of the products are eligible for all of them and have taken up none.
    eligible, buyers = customers - had.sum(axis=0), new.sum(axis=0)
    both, joint = had.T @ (1 - had), had.T @ new
    found = [
        {
            "has": products[i],
            "next": products[j],
            "eligible": int(both[i, j]),
            "new_buyers": int(joint[i, j]),
            "attach_rate": joint[i, j] / both[i, j],
            "lift": (joint[i, j] / both[i, j]) / (buyers[j] / eligible[j]),
        }
        for i in range(len(products))
        for j in range(len(products))
        if i != j and joint[i, j] >= fewest
    ]
    columns_wanted = ["has", "next", "eligible", "new_buyers", "attach_rate", "lift"]
    table = pd.DataFrame(found, columns=columns_wanted)
    return table.sort_values(["lift", "has", "next"], ascending=[False, True, True], ignore_index=True)
