"""Rows that find their customer, and scores of the same customers in two channels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from cxvalue.foundation.intervals import Interval

if TYPE_CHECKING:
    import ibis.expr.types as ir

TABLES = ("transactions", "interactions", "surveys", "subscriptions", "contacts", "offers", "fees")
FEWEST = 10
MOST_CHANNELS = 6


@dataclass(frozen=True, slots=True)
class ChannelGap:
    """Points of the same customers in one channel less those in another."""

    one: str
    other: str
    gap: Interval
    customers: int


def match_rates(customers: ir.Table, table: Callable[[str], ir.Table | None]) -> dict[str, tuple[int, int]]:
    """Of each table with a customer_id, the rows whose customer is in `customers`, and all rows."""
    known = customers.select("customer_id").distinct()
    found = {}
    for name in TABLES:
        rows = table(name)
        if rows is not None:
            every = int(rows.count().to_pyarrow().as_py())
            inside = int(rows.semi_join(known, "customer_id").count().to_pyarrow().as_py())
            if every:
                found[name] = (inside, every)
    return found


def channel_gaps(answers: ir.Table, main: str, *, level: float = 0.95) -> tuple[ChannelGap, ...]:
    """Paired differences of the main score between the channels with most answers (see `answered`); t intervals.

    Pairs of channels with fewer than ten customers in both are left out.
    """
    if "channel" not in answers.columns:
        return ()
    own = answers.filter((answers.metric == main) & answers.channel.notnull())
    means = own.group_by("customer_id", "channel").agg(points=own.points.mean()).to_pandas()
    if means.empty:
        return ()
    wide = means.pivot(index="customer_id", columns="channel", values="points")
    often = sorted(wide.count().sort_values(ascending=False, kind="stable").index[:MOST_CHANNELS])
    found = []
    for one, other in combinations(often, 2):
        left = (wide[one] - wide[other]).dropna().to_numpy(float)
        if left.size >= FEWEST:
            error = float(left.std(ddof=1) / np.sqrt(left.size))
            gap = Interval.of_error(float(left.mean()), error, level, left.size - 1)
            found.append(ChannelGap(str(one), str(other), gap, left.size))
    return tuple(found)
