"""What goes with a level of experience: margin and churn in the year after, moves to other levels, and steps.

Customers are the sample and may stand in several quarters: a ratio Σy / Σ1 is linearised and its errors are added up within
customers (Woodruff 1971). Steps compare customers with an equal past; neither is an effect.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from cxvalue.foundation.arrays import Bools, Floats, Ints
from cxvalue.foundation.intervals import Interval, share_interval, share_of_error
from cxvalue.questions.experience.dummies import cluster_sums, codes_of, slopes_clustered
from cxvalue.questions.levels.customer_quarters import LEVELS, CustomerQuarters

if TYPE_CHECKING:
    import ibis.expr.types as ir

MOVES = (*LEVELS, "unknown", "gone")
FEWEST = 10
"""Customers below whom a figure of a level is withheld."""


@dataclass(frozen=True, slots=True)
class LevelWorth:
    """Figures by level; what rests on fewer than ten customers is missing.

    Attributes:
        counts: customers at each level in the last quarter, `classified` all of them.
        share, margin, churn, cltv: by level.
        moves: by (from, to).
        steps: margin after against the level below, by level.
        customers: distinct customers at each level in all quarters.
        of_all: the share by level of all who were invited, reweighted by who answers; empty where that is not known.
    """

    counts: dict[str, int]
    classified: int
    share: dict[str, Interval]
    margin: dict[str, Interval]
    churn: dict[str, Interval]
    cltv: dict[str, Interval]
    moves: dict[tuple[str, str], Interval]
    moved: dict[str, int]
    steps: dict[str, Interval]
    customers: dict[str, int]
    of_all: dict[str, Interval] = field(default_factory=dict)


def values_of(rows: CustomerQuarters, customers: ir.Table | None) -> Floats | None:
    """The cltv of each customer of `rows.names` in a table with customer_id and cltv, NaN where it has none."""
    if customers is None:
        return None
    frame = customers.select("customer_id", "cltv").to_pandas()
    found = frame.set_index("customer_id")["cltv"].reindex(rows.names)
    return np.asarray(found.to_numpy(float))


def ratio_by_customer(y: Floats, customer: Ints, level: float) -> Interval:
    """Mean of rows of which customers have several, its error clustered by customer.

    >>> ratio_by_customer(np.array([1.0, 3.0]), np.array([0, 1]), 0.95).value
    2.0
    """
    return Interval.of_error(*_mean_of_customers(y, customer), level)


def _mean_of_customers(y: Floats, customer: Ints) -> tuple[float, float]:
    """The mean of rows of which customers have several, and its error."""
    mean = float(y.mean())
    sums = cluster_sums((y - mean) / y.size, codes_of(customer))[:, 0]
    return mean, float(np.sqrt(sums @ sums * sums.size / max(sums.size - 1, 1)))


def level_worth(
    rows: CustomerQuarters,
    *,
    level: float = 0.95,
    cltv: Floats | None = None,
    of_all: Mapping[str, Interval] | None = None,
) -> LevelWorth:
    """Figures by level from customer-quarters; `cltv` is that of each customer of `rows.names`, NaN where unknown.

    `of_all` are the shares of `levels.shares_of_all`, which stand beside those of the customers who answered.
    """
    now = rows.quarter == rows.latest
    classified = int(now.sum())
    counts = {name: int((rows.level[now] == k).sum()) for k, name in enumerate(LEVELS)}
    share: dict[str, Interval] = {}
    margin: dict[str, Interval] = {}
    churn: dict[str, Interval] = {}
    valued: dict[str, Interval] = {}
    moves: dict[tuple[str, str], Interval] = {}
    moved: dict[str, int] = {}
    customers: dict[str, int] = {}
    latest = _latest_level(rows)
    for k, name in enumerate(LEVELS):
        if classified >= FEWEST and rows.surveyed:
            share[name] = Interval(counts[name] / classified, *share_interval(counts[name], classified, level))
        here = (rows.level == k) & rows.known
        customers[name] = _distinct(rows, rows.level == k)
        if _distinct(rows, here) >= FEWEST:
            margin[name] = ratio_by_customer(rows.after[here], rows.customer[here], level)
            lost = (rows.bought_after[here] == 0).astype(float)
            churn[name] = _share(lost, rows.customer[here], level)
        if cltv is not None:
            own = cltv[(latest == k) & np.isfinite(cltv)]
            if own.size >= FEWEST:
                valued[name] = Interval.of_error(float(own.mean()), float(own.std(ddof=1) / np.sqrt(own.size)), level)
        left = (rows.level == k) & (rows.next_level >= 0)
        moved[name] = int(left.sum())
        if _distinct(rows, left) >= FEWEST:
            for j, into in enumerate(MOVES):
                moves[name, into] = _share((rows.next_level[left] == j).astype(float), rows.customer[left], level)
    return LevelWorth(
        counts, classified, share, margin, churn, valued, moves, moved, level_steps(rows, level=level), customers,
        {name: value for name, value in (of_all or {}).items() if name in share},
    )  # fmt: skip


def _distinct(rows: CustomerQuarters, chosen: Bools) -> int:
    """How many customers the chosen rows are of."""
    return int(np.count_nonzero(np.bincount(rows.customer[chosen])))


def _share(hit: Floats, customer: Ints, level: float) -> Interval:
    """A share by Wilson's rule, its error clustered by customer."""
    return share_of_error(*_mean_of_customers(hit, customer), hit.size, level)


def _latest_level(rows: CustomerQuarters) -> Ints:
    latest = np.full(rows.names.size, -1)
    latest[rows.customer] = rows.level  # rows are in order of quarters within customers: the last one stays
    return latest


def level_steps(rows: CustomerQuarters, *, level: float = 0.95) -> dict[str, Interval]:
    """Margin of the year after at each level against the one below, among customers with an equal past.

    Least squares on levels, margin of the year before, active days, tenure and unit × quarter; clustered by customer.
    """
    kept = rows.known & rows.past
    if not rows.surveyed or _distinct(rows, kept) < 10 * FEWEST:
        return {}
    at = rows.level[kept]
    cell = codes_of(rows.unit[kept] * rows.quarters.count + rows.quarter[kept])
    columns = np.column_stack(
        [*((at >= k).astype(float) for k in range(1, len(LEVELS))), rows.before[kept], rows.active_days[kept],
         rows.tenure[kept]]
    )  # fmt: skip
    found = slopes_clustered(rows.after[kept], columns, cell)
    variance = np.diag(found.covariance(codes_of(rows.customer[kept])))
    steps = {}
    for k in range(1, len(LEVELS)):
        enough = min((at == k).sum(), (at == k - 1).sum()) >= FEWEST
        if found.kept[k - 1] and enough:
            steps[LEVELS[k]] = Interval.of_error(float(found.beta[k - 1]), float(np.sqrt(variance[k - 1])), level)
    return steps
