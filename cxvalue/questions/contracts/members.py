"""Member-months in the engine: from members and what happens to them to cells, and from a model back to its covariance.

`Members` may be customers under contract or staff: whoever begins on one day and may end on another. The engine makes a
row of every month of every member, looks up what was known at its beginning, and adds equal rows up; only cells come back.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING

import ibis
import numpy as np
import pandas as pd

from cxvalue.engine.buckets import bucket
from cxvalue.foundation.calendar import EPOCH, day_number
from cxvalue.foundation.errors import CxvalueError
from cxvalue.lifetime.contracts.hazard import FEWEST_EVENTS, HazardModel, cell_scores, fit_hazard, robust, worth_keeping
from cxvalue.lifetime.contracts.spells import months_later, spells

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from numpy.typing import NDArray

TENURE, SEASON, TREND, RENEWAL = "tenure", "season", "trend", "renewal month"
RESERVED_DRIVERS = frozenset(
    (TENURE, SEASON, TREND, RENEWAL, "member", "cluster", "start", "end", "entry", "month", "months", "ends", "ended", "t",
     "begins", "event_key", "event_day", "event_value", "event_until", "at_risk", "n", "d", "anchor", "at_end", "part",
     "weight")
)  # fmt: skip
"""Names that no driver of a caller may have."""
TENURE_EDGES = (3, 6, 12, 24, 36, 60)
RECENT = "last 12 months"
_BACK = (RECENT, "the 12 months before", "earlier")
_MONTHS_AT_ONCE = 5_000_000
HALF_MONTH_DAYS = 15


@dataclass(frozen=True, slots=True, eq=False)
class Happening:
    """Something dated that a month may know at its beginning: the latest event of the member (or of its cluster).

    `events` has the columns key, day (number) and, where a band is asked for, value. The driver's level is `yes` or `no`:
    an event in the `days` days before; with `edges` the band of the value of the latest one in those days, else `unknown`.
    """

    name: str
    events: ir.Table
    days: int
    yes: str = "yes"
    no: str = "no"
    edges: tuple[float, float] | None = None
    bands: tuple[str, str, str] = ("low", "middle", "high")
    unknown: str = "not asked"
    by_cluster: bool = False

    @property
    def levels(self) -> tuple[str, ...]:
        """All levels, the one to compare with first: no, or the highest band."""
        return (self.no, self.yes) if self.edges is None else (*reversed(self.bands), self.unknown)

    def level(self, value: ir.Value, inside: ir.BooleanValue) -> ir.Value:
        """The level of a month from the value of the latest event and whether it is recent enough."""
        if self.edges is None:
            return inside.fill_null(False).ifelse(self.yes, self.no)
        low, high = self.edges
        band = (value <= low).ifelse(self.bands[0], (value > high).ifelse(self.bands[2], self.bands[1]))
        return inside.fill_null(False).ifelse(band, self.unknown)


@dataclass(frozen=True, slots=True, eq=False)
class Members:
    """Who is followed, up to which day, and what is known of each.

    `table` has the columns member, cluster, start, end (days as numbers, `OPEN` while there) and a text column for each of
    `fixed`, the drivers that do not change. `happenings` are those that do. With `yearly` members can leave at an
    anniversary only: the one month around it counts in each year. With `renewal_months` that month and the next are a
    driver. Bands of `tenure` change at `tenure_edges`, in months.
    """

    table: pd.DataFrame
    until: date
    observed_from: date
    fixed: tuple[str, ...] = ()
    happenings: tuple[Happening, ...] = field(default=())
    renewal_months: bool = False
    yearly: bool = False
    tenure_edges: tuple[int, ...] = TENURE_EDGES

    @property
    def grace_days(self) -> int:
        """So many days after the start the first month begins: half a month, where an anniversary is to lie inside one."""
        return HALF_MONTH_DAYS if self.yearly else 0

    def begins(self, months: NDArray[np.int64], start: NDArray[np.int64]) -> NDArray[np.int64]:
        """The day on which each month of a member begins; months count from 0."""
        return months_later(start, months) + self.grace_days

    def can_leave(self, months: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether a member can leave in each month."""
        return months % 12 == 11 if self.yearly else np.ones(months.shape, dtype=bool)

    @property
    def drivers(self) -> tuple[str, ...]:
        """All drivers, the length of stay first and the calendar last."""
        renewal = (RENEWAL,) if self.renewal_months else ()
        return (TENURE, *renewal, *(one.name for one in self.happenings), *self.fixed, SEASON, TREND)


def tenure_names(edges: Sequence[int]) -> list[str]:
    """The names of the bands of months between edges.

    >>> tenure_names((1, 3, 60))
    ['month 1', 'months 2–3', 'months 4–60', 'after month 60']
    """
    bands = [f"months {low + 1}–{high}" if high > low + 1 else f"month {high}" for low, high in pairwise((0, *edges))]
    return [*bands, f"after month {edges[-1]}"]


def calendar_columns(
    months: NDArray[np.int64], start: NDArray[np.int64], members: Members
) -> dict[str, NDArray[np.object_]]:
    """The drivers that a forecast knows of months to come: tenure, renewal month and season; the trend is the latest."""
    place = np.searchsorted(members.tenure_edges, months, side="right")
    names = np.array(tenure_names(members.tenure_edges), dtype=object)
    begins = members.begins(months, start)
    quarter = (begins.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12) // 3
    return {
        TENURE: names[place],
        RENEWAL: np.where(_around_anniversary(months), "yes", "no").astype(object),
        SEASON: np.array(_QUARTERS, dtype=object)[quarter],
        TREND: np.full(months.size, RECENT, dtype=object),
    }


_QUARTERS = ("January–March", "April–June", "July–September", "October–December")


def _around_anniversary(months: NDArray[np.int64]) -> NDArray[np.bool_]:
    return (months >= 11) & ((months % 12 == 11) | (months % 12 == 0))


def member_months(members: Members, con: ibis.BaseBackend) -> ir.Table:
    """A row for every month in which a member could be seen to leave: member, cluster, ended, weight, drivers, month.

    `ended` is 0 or 1, `weight` 1, or the part of it for a month that was not over (`Spells.part`). A month knows what was
    known on the day on which it begins. Made by the engine when it is asked for.
    """
    clash = sorted(RESERVED_DRIVERS.intersection(members.fixed))
    if clash:
        raise CxvalueError(
            "A driver cannot be called {name!r}: the months of members have a column of that name.", name=clash[0]
        )
    until, begun = day_number(members.until), day_number(members.observed_from)
    table = members.table
    counted = spells(table["start"], table["end"], until=until, observed_from=begun, grace_days=members.grace_days)
    start = table["start"].to_numpy(np.int64)
    # Months from the last day of a month end the day before those that are counted from the first of the next.
    at_end = (
        (start + 1).astype("datetime64[D]").astype("datetime64[M]")
        != start.astype("datetime64[D]").astype("datetime64[M]")
    ).astype(np.int64)
    frame = table.assign(
        entry=counted.entry,
        months=counted.periods,
        ends=counted.ended.astype(np.int64),
        part=counted.part,
        anchor=(start + at_end).astype("datetime64[D]").astype("datetime64[s]"),
        at_end=at_end,
    )
    frame = frame.drop(columns="end")[counted.kept]
    try:
        rows = con.create_table(ibis.util.gen_name("members"), frame, temp=True)
    except NotImplementedError:  # an engine without temporary tables
        rows = ibis.memtable(frame)
    rows = rows.mutate(t=ibis.range(rows.entry, rows.entry + rows.months).unnest())
    last = rows.t == rows.entry + rows.months - 1
    day = (rows.anchor.cast("date") + rows.t.as_interval("M")).cast("date")
    rows = rows.mutate(
        begins=day.delta(ibis.literal(EPOCH), unit="day").cast("int64") - rows.at_end + members.grace_days,
        ended=(last & (rows.ends == 1)).ifelse(1, 0).cast("int64"),
        weight=(last & (rows.part > 0)).ifelse(rows.part, 1.0),
    )
    if members.yearly:
        rows = rows.filter(rows.t % 12 == 11)
    day = (ibis.literal(EPOCH) + rows.begins.as_interval("D")).cast("date")
    *names, latest = tenure_names(members.tenure_edges)
    tenure = ibis.literal(latest)
    for edge, name in zip(reversed(members.tenure_edges), reversed(names), strict=True):
        tenure = (rows.t < edge).ifelse(name, tenure)
    season = ibis.literal(_QUARTERS[3])
    for number in (2, 1, 0):
        season = (day.month() <= 3 * number + 3).ifelse(_QUARTERS[number], season)
    back = until - rows.begins
    trend = (back <= 365).ifelse(_BACK[0], (back <= 730).ifelse(_BACK[1], _BACK[2]))
    around = (rows.t >= 11) & ((rows.t % 12 == 11) | (rows.t % 12 == 0))
    rows = rows.mutate(**{TENURE: tenure, SEASON: season, TREND: trend, RENEWAL: around.ifelse("yes", "no")})
    for one in members.happenings:
        rows = _with(rows, one)
    return rows.select("member", "cluster", "ended", "weight", *members.drivers, month=rows.t + 1)


def _with(rows: ir.Table, one: Happening) -> ir.Table:
    """Add the driver of a happening: the latest event up to the day on which each month begins."""
    key = "cluster" if one.by_cluster else "member"
    value = one.events["value"] if one.edges is not None else one.events["day"].cast("float64")
    events = one.events.select(event_key=one.events["key"], event_day=one.events["day"], event_value=value)
    # Not every engine joins to the latest row: each event holds until the next one, and one of several on a day is taken.
    once = events.group_by("event_key", "event_day").agg(event_value=events.event_value.max())
    after = once.event_day.lead().over(ibis.window(group_by="event_key", order_by="event_day"))
    spans = once.mutate(event_until=after)
    holds = (rows.begins >= spans.event_day) & (spans.event_until.isnull() | (rows.begins < spans.event_until))
    joined = rows.left_join(spans, [rows[key] == spans.event_key, holds])
    inside = joined.event_day > joined.begins - one.days
    known = joined.mutate(**{one.name: one.level(joined.event_value, inside)})
    return known.drop("event_key", "event_day", "event_value", "event_until")


def fit_members(
    members: Members,
    con: ibis.BaseBackend,
    *,
    order: Mapping[str, Sequence[str]] | None = None,
    fewest: int = FEWEST_EVENTS,
) -> HazardModel:
    """Fit the hazard model to members, with a covariance that lets members of one cluster go together.

    Levels with fewer than `fewest` ends are gathered. Season and trend stay in only where leaving them out makes the model
    clearly worse (likelihood ratio, 1%). Raises `CxvalueError` when too few were seen to leave.
    """
    months = member_months(members, con).cache()
    drivers = list(members.drivers)
    grouped = months.group_by(drivers).agg(at_risk=months.weight.sum(), ended=months.ended.sum())
    cells = grouped.order_by(drivers).to_pandas()
    natural: dict[str, Sequence[str]] = {
        TENURE: tenure_names(members.tenure_edges),
        SEASON: _QUARTERS,
        TREND: _BACK,
        RENEWAL: ("no", "yes"),
    }
    natural |= {one.name: one.levels for one in members.happenings} | dict(order or {})
    for name in (SEASON, TREND):
        if name in drivers and not worth_keeping(cells, drivers, name):
            drivers.remove(name)
    model = fit_hazard(cells, drivers, order=natural, fewest=max(fewest, FEWEST_EVENTS))
    return robust(model, *_meat(model, months, cells, members.drivers))


def _meat(
    model: HazardModel, months: ir.Table, cells: pd.DataFrame, drivers: Sequence[str]
) -> tuple[NDArray[np.float64], int]:
    """Sum over clusters of the outer product of their scores, and how many clusters there are.

    The engine counts each cluster's months by cell; clusters come in parts, so that memory stays bounded.
    """
    x, gone, stayed = cell_scores(model, cells)
    place = pd.MultiIndex.from_frame(cells[list(drivers)])
    parts = max(1, math.ceil(int(cells["at_risk"].sum()) / _MONTHS_AT_ONCE))
    total, clusters = np.zeros((x.shape[1], x.shape[1])), 0
    for part in range(parts):
        chosen = months.filter(bucket(months.cluster, parts) == part) if parts > 1 else months
        counted = chosen.group_by("cluster", *drivers).agg(n=chosen.weight.sum(), d=chosen.ended.sum())
        counted = counted.order_by(["cluster", *drivers]).to_pandas()
        code, names = pd.factorize(counted["cluster"])
        cell = place.get_indexer(pd.MultiIndex.from_frame(counted[list(drivers)]))
        n, d = counted["n"].to_numpy(dtype=float), counted["d"].to_numpy(dtype=float)
        weight = d * gone[cell] + (n - d) * stayed[cell]
        sums = np.column_stack([np.bincount(code, weight * x[cell, k], len(names)) for k in range(x.shape[1])])
        total += sums.T @ sums
        clusters += len(names)
    return total, clusters
