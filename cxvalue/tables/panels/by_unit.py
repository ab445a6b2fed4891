"""Panels: what customers brought month by month, before and after their unit got a programme.

Full calendar months only. A customer counts from the first full month on or after the later of the acquisition and the
first day observed, up to the last full month, or to the last one before the contract's end; a month without a purchase
is 0. A unit is treated from the first full month on or after its start; its *base* is the last full month before the
start. Where a start falls inside a month, that month is neither. The population are the customers acquired before their
unit's start (never-treated units: before the last start); those who came later are counted apart. Units with no full
month before their start are no comparison and have none: they are counted (`Early`), and nothing is read off them. A unit
that no longer has the programme counts up to the last full month with it; where all have ended, the panel ends there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import ibis
import numpy as np
from numpy.typing import NDArray

from cxvalue.engine.buckets import bucket
from cxvalue.foundation.arrays import Floats, Ints
from cxvalue.foundation.shown import Drawn
from cxvalue.tables.ask import ask
from cxvalue.tables.labels import who_pay
from cxvalue.tables.panels.inputs import Early, PanelMonths, PanelSource
from cxvalue.tables.panels.rollouts import (
    Ended,
    check_people,
    checked_rollout,
    ended_notes,
    refuse_arms_alike,
    switched_off_on,
    without_controls,
)
from cxvalue.tables.read.schema import CUSTOMER

if TYPE_CHECKING:
    import ibis.expr.types as ir

CLUSTERS = 200
"""Groups that customers are put into where they are the units themselves: enough for a jackknife."""


@dataclass(frozen=True, eq=False, repr=False)
class UnitPanel(Drawn):
    """Customers and their outcome by cell (unit and start), bin of acquisition and month, added up by the engine.

    A row of the arrays is a cell: one unit or, where customers are the units, a random group of those who started in the
    same month. `customers` and `total` have the shape cells x bins x months; bin f holds those who count from month f on.

    Attributes:
        months: the months of the panel.
        cluster: what is left out together in a jackknife, a number for each cell.
        names: of the clusters.
        start: first treated month of a cell; -1 for never (or not within the panel).
        base: last month before the start; the number of months for never.
        later: customers acquired after their unit's start, who are left out.
        unlisted: customers whose unit is not named in the roll-out.
        outcome, unit: of what, and what was treated.
        early: who started before there was a full month, and is in none of the arrays.
        gaps: whether units miss some months, in which case they have no customers in them.
        notes: what else a reader must know of it.
        until: first month in which a cell no longer has the programme (None: every cell has it to the end). Nothing after
            it counts.
        over: whether the panel ends because the programme was switched off.
        brief: how many customers are left out because they had the programme for less than a full month.
    """

    months: PanelMonths
    cluster: Ints
    names: tuple[str, ...]
    start: Ints
    base: Ints
    customers: Floats
    total: Floats
    later: int
    unlisted: int
    outcome: str
    unit: str
    early: tuple[Early, ...] = ()
    gaps: bool = False
    notes: tuple[str, ...] = ()
    until: Ints | None = None
    over: bool = False
    brief: int = 0

    _card = "effect_card"

    @property
    def treated(self) -> NDArray[np.bool_]:
        """Cells with a treated month in the panel."""
        return self.start >= 0


def population(source: PanelSource) -> tuple[PanelMonths, ir.Table]:
    """The months of a panel and its population: customer_id, unit, arm, start, base, until, first and last (month numbers).

    Months after the end of the programme (`until`) count here as well.
    """
    found = population_and_left_out(source, while_on=False)
    return found.months, found.people


def unit_panel(source: PanelSource) -> UnitPanel:
    """Add customers and their outcome up to cells, bins and months; raises `BadInput` when the roll-out allows no panel."""
    found = population_and_left_out(source)
    months, people = found.months, found.people
    by_customer = source.unit == CUSTOMER
    cluster = bucket(people.customer_id, CLUSTERS) if by_customer else people.unit
    people = people.mutate(cluster=cluster.cast("string"))
    names, cells, customers, total = add_up(people, ("start", "base", "until"), outcome_values(source, months), months)
    return UnitPanel(
        months=months,
        cluster=cells[:, 0],
        names=names,
        start=cells[:, 1],
        base=cells[:, 2],
        customers=customers,
        total=total,
        later=found.later,
        unlisted=found.unlisted,
        outcome=source.outcome,
        unit=source.unit,
        early=found.early,
        notes=found.notes,
        until=ended(cells[:, 3], months),
        over=found.over,
        brief=found.brief,
    )


def ended(until: Ints, months: PanelMonths) -> Ints | None:
    """First months without the programme again, or None where everyone has it to the end."""
    return until if (until < months.count).any() else None


class Cells(NamedTuple):
    """Customers and their outcome by cell, bin and month; `cells` has the number of the cluster and its parts in a row."""

    names: tuple[str, ...]
    cells: Ints
    customers: Floats
    total: Floats


def add_up(people: ir.Table, parts: Sequence[str], values: ir.Table, months: PanelMonths) -> Cells:
    """Add customers and their outcome up to cells, which share a cluster and all `parts`, bins and months.

    `people` has customer_id, cluster, the parts, and the first and the last month that counts; `values` are those of
    `outcome_values`.
    """
    keys = ["cluster", *parts, "first"]
    counted = people.group_by([*keys, "last"]).agg(number=people.count()).to_pandas()
    names, number = np.unique(counted["cluster"].to_numpy(str), return_inverse=True)
    own = np.column_stack([number, counted[list(parts)].to_numpy(np.int64)])
    cells, cell = np.unique(own, axis=0, return_inverse=True)
    joined = values.inner_join(people, CUSTOMER)
    joined = joined.filter((joined.month >= joined["first"]) & (joined.month <= joined["last"]))
    summed = joined.group_by([*keys, "month"]).agg(total=joined.value.sum()).to_pandas()
    # Those who come in at `first` and leave after `last` are added once and summed over the months.
    steps, total = (np.zeros((len(cells), months.count, months.count + more)) for more in (1, 0))
    there = counted["last"].to_numpy() >= counted["first"].to_numpy()
    first, last, heads = (counted[name].to_numpy()[there] for name in ("first", "last", "number"))
    cell = cell.reshape(-1)[there]
    np.add.at(steps, (cell, first, first), heads.astype(float))
    np.add.at(steps, (cell, first, last + 1), -heads.astype(float))
    if len(summed):
        place = {tuple(one): row for row, one in enumerate(cells.tolist())}
        of = np.searchsorted(names, summed["cluster"].to_numpy(str))
        rows = [place[tuple(one)] for one in np.column_stack([of, summed[list(parts)].to_numpy(np.int64)]).tolist()]
        first, month = (summed[name].to_numpy(np.int64) for name in ("first", "month"))
        np.add.at(total, (rows, first, month), summed["total"].to_numpy(float))
    customers = np.ascontiguousarray(np.cumsum(steps, axis=2)[:, :, :-1])
    return Cells(tuple(names.tolist()), cells, customers, total)


class Population(NamedTuple):
    """Who is in a panel (`people`), and who is not; `over` says that the programme was switched off with its last month."""

    months: PanelMonths
    people: ir.Table
    later: int
    unlisted: int
    early: tuple[Early, ...]
    notes: tuple[str, ...]
    over: bool
    brief: int


def population_and_left_out(source: PanelSource, *, while_on: bool = True) -> Population:
    """Customers of the population with unit, arm, start, base, until, first and last month; and who is left out.

    Months after a unit's end do not count, unless `while_on` is false.
    """
    months = PanelMonths.between(source.observed_from, source.as_of)
    listed = without_controls(checked_rollout(source, months))
    refuse_arms_alike(listed, f"programmes.{source.programme}")
    last_start = listed.start.max().to_pyarrow().as_py()
    everyone = _everyone(source)
    known = everyone.left_join(listed, everyone.unit == listed.of_unit)
    # What follows asks several times for it: a table is put into words sooner than all that it was made of.
    known = known.select(
        *everyone.columns, "arm", "ended_on", began=listed.start, listed=listed.of_unit.notnull()
    ).cache()
    limit = known.began.fill_null(ibis.literal(last_start))
    late = known.listed & (known.acquired >= limit)
    out = ask(known.aggregate(unlisted=known.count(where=~known.listed), later=known.count(where=late)))
    known = known.filter(known.listed & (known.acquired < limit))
    inside = _numbered(known, months, source)
    ends = while_on and "ended_on" in source.rollout.columns
    last_day = switched_off_on(inside) if ends else None
    if last_day is not None:
        months = PanelMonths.between(source.observed_from, last_day)
        inside = _numbered(known, months, source)
    counts = Ended()
    notes: tuple[str, ...] = ()
    if ends:
        inside, counts = _while_on(inside.cache(), months)
        notes = ended_notes(months, last_day is not None, counts, customers=True)
    early = _early(inside.filter(inside.base < 0), months)
    people = inside.filter(inside.base >= 0)
    people = people.select("customer_id", "unit", "arm", "start", "base", "until", "first", "last").cache()
    check_people(source, months, people, early, counts)
    left_out = int(out["later"]), int(out["unlisted"]), early
    return Population(months, people, *left_out, notes, last_day is not None, counts.brief)


def _numbered(known: ir.Table, months: PanelMonths, source: PanelSource) -> ir.Table:
    """Customers with start, base, until, first and last as month numbers, who count in any month, and whether they `had` the
    programme in one of them.
    """
    number, whole = _number(known.began, months), known.began.day() == 1
    begins = ibis.greatest(known.acquired, ibis.literal(source.observed_from))
    first = _number(begins, months) + (begins.day() > 1).ifelse(1, 0)
    gone = _number(known.ended, months) - 1
    last = ibis.least(gone.fill_null(months.count - 1), ibis.literal(months.count - 1))
    start = (number + whole.ifelse(0, 1)).fill_null(-1)
    # The day of the end is the last one with the programme: its month is whole where the next day begins another.
    off = _number(known.ended_on + ibis.interval(days=1), months)
    until = known.began.isnull().ifelse(
        months.count, ibis.least(off.fill_null(months.count), ibis.literal(months.count))
    )
    inside = known.mutate(
        # A start after the last full month leaves no treated month: until then the unit is a comparison.
        start=(start >= months.count).ifelse(-1, start).cast("int64"),
        base=(number - 1).fill_null(months.count).cast("int64"),
        until=until.cast("int64"),
        first=ibis.greatest(first, ibis.literal(0)).cast("int64"),
        last=last.cast("int64"),
    )
    inside = inside.filter((inside["first"] < months.count) & (inside["last"] >= inside["first"]))
    begun = inside.began.notnull() & ((inside.start >= 0) | (inside.base < 0))
    month = ibis.greatest(inside.start, inside["first"])
    return inside.mutate(had=begun & (month <= inside["last"]) & (month < inside.until))


def _while_on(people: ir.Table, months: PanelMonths) -> tuple[ir.Table, Ended]:
    """Customers up to the last full month in which their unit had the programme, and how many that leaves out or cuts."""
    brief = (people.start >= 0) & (people.until <= people.start)
    before = ~brief & (people.until <= people["first"])
    stopped = (people.until < months.count) & ~brief & ~before
    asked = {"brief": brief, "before": before, "stopped": stopped}
    counts = ask(people.aggregate(**{name: people.count(where=rows) for name, rows in asked.items()}))
    kept = people.filter(~brief & ~before)
    kept = kept.mutate(last=ibis.least(kept["last"], kept.until - 1))
    return kept, Ended(**{name: int(number) for name, number in counts.items()})


def _early(people: ir.Table, within: PanelMonths) -> tuple[Early, ...]:
    """Count customers who have no full month before their unit's start."""
    months = people["last"] - people.start + 1
    keys = ["start", "until"]
    counted = people.group_by(keys).agg(units=people.unit.nunique(), customers=people.count(), months=months.sum())
    return tuple(
        Early(
            int(row["start"]),
            row["units"],
            row["customers"],
            int(row["months"]),
            int(row["until"]) if row["until"] < within.count else None,
        )
        for row in counted.order_by(keys).to_pyarrow().to_pylist()
    )


def contract_days(subscriptions: ir.Table) -> ir.Table:
    """The days on which each customer's contracts began and ended (null: one is open), without the users of accounts."""
    held = who_pay(subscriptions)
    closed = held.end.isnull().ifelse(0, 1)
    return held.group_by("customer_id").agg(
        began=held.start.min(), ended=(closed.min() == 1).ifelse(held.end.max(), ibis.null("date"))
    )


def _everyone(source: PanelSource) -> ir.Table:
    """Every customer with the unit, the day of acquisition and the day of the contract's end (null: none)."""
    seen = []
    if source.purchases is not None:
        bought = source.purchases
        seen.append(bought.group_by("customer_id").agg(began=bought.date.min(), ended=ibis.null("date")))
    if source.subscriptions is not None:
        seen.append(contract_days(source.subscriptions))
    people = seen[0] if len(seen) == 1 else ibis.union(*seen)
    if len(seen) > 1:
        people = people.group_by("customer_id").agg(began=people.began.min(), ended=people.ended.max())
    table = source.customers
    if table is None:
        return people.select("customer_id", unit=people.customer_id, acquired=people.began, ended=people.ended)
    unit = table.customer_id if source.unit == CUSTOMER else table[source.unit].cast("string")
    joined_on = table.acquired_on if "acquired_on" in table.columns else ibis.null("date")
    about = table.select(who=table.customer_id, its_unit=unit, joined_on=joined_on)
    both = people.outer_join(about, people.customer_id == about.who)
    name = both.customer_id.fill_null(both.who)
    everyone = both.select(
        customer_id=name,
        unit=name if source.unit == CUSTOMER else both.its_unit,
        acquired=both.joined_on.fill_null(both.began),
        ended=both.ended,
    )
    return everyone.filter(everyone.acquired.notnull() & (everyone.acquired <= ibis.literal(source.as_of)))


def outcome_values(source: PanelSource, months: PanelMonths) -> ir.Table:
    """The outcome by customer and month number, where it is not zero."""
    if source.outcome in ("interactions", "fees"):
        touched = source.interactions if source.outcome == "interactions" else source.fees
        assert touched is not None
        rows = touched.mutate(month=_number(touched.date, months))
        inside = _within(rows, months)
        return inside.group_by(["customer_id", "month"]).agg(value=inside.count().cast("float64"))
    if source.purchases is None:
        return _contract_values(source, months)
    bought = source.purchases
    amount = {"margin": "margin", "revenue": "revenue"}.get(source.outcome)
    rows = bought.mutate(month=_number(bought.date, months))
    inside = _within(rows, months)
    value = inside.count().cast("float64") if amount is None else inside[amount].sum()
    return inside.group_by(["customer_id", "month"]).agg(value=value)


def _contract_values(source: PanelSource, months: PanelMonths) -> ir.Table:
    """Value of contracts by month, each day under contract its part of the month."""
    held = source.subscriptions
    assert held is not None
    share = (source.margin_share or 1.0) if source.outcome == "margin" else 1.0
    calendar = ibis.memtable(
        {
            "month": list(range(months.count)),
            "from_day": [months.day(i) for i in range(months.count)],
            "to_day": [months.day(i + 1) for i in range(months.count)],
        }
    )
    last = held.end.fill_null(ibis.literal(source.as_of + timedelta(days=1)))
    rows = held.mutate(last=last).cross_join(calendar)
    days = ibis.least(rows["last"], rows.to_day).delta(ibis.greatest(rows.start, rows.from_day), unit="day")
    rows = rows.mutate(part=days / rows.to_day.delta(rows.from_day, unit="day"))
    rows = rows.filter(rows.part > 0)
    return rows.group_by(["customer_id", "month"]).agg(value=(rows.part * rows.value_per_month * share).sum())


def _within(rows: ir.Table, months: PanelMonths) -> ir.Table:
    return rows.filter((rows.month >= 0) & (rows.month < months.count))


def _number(day: Any, months: PanelMonths) -> Any:
    """Number of the month of a day."""
    return day.year() * 12 + day.month() - months.base
