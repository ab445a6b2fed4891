"""Several programmes on the same customers: who was under which programme in which month, added up by the engine.

Customers with the same starts in every programme and the same first and last month are one row, so that what comes over
from the engine does not grow with the number of months, and hardly with the number of customers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

import ibis
import numpy as np
from numpy.typing import NDArray

from cxvalue.engine.buckets import bucket
from cxvalue.foundation.arrays import Floats, Ints
from cxvalue.foundation.errors import BadInput, Problem, nearest
from cxvalue.language.catalogue import translate
from cxvalue.tables.held_out import in_held_out_arm
from cxvalue.tables.panels.by_unit import UnitPanel, add_up, ended, outcome_values, population, unit_panel
from cxvalue.tables.panels.inputs import PanelMonths, PanelSource
from cxvalue.tables.read.schema import CUSTOMER

if TYPE_CHECKING:
    import ibis.expr.types as ir

ABSENT = -2
"""Start of a programme for customers outside its population, such as those who found it in place when they joined."""
HASHED_CLUSTERS = 40
MOST_CELLS = 8_000


@dataclass(frozen=True, eq=False)
class PathCounts:
    """Customers by what they went through: `customers` of each row, its `first` and `last` month that counts.

    `start`, `base` and `until` are rows x programmes, as in a panel: first month under a programme (-1: never; -2: not of
    its population), last month before it, and first month without it again (None: nobody's has ended).
    """

    months: PanelMonths
    programmes: tuple[str, ...]
    customers: Floats
    start: Ints
    base: Ints
    first: Ints
    last: Ints
    until: Ints | None = None

    @property
    def ends(self) -> bool:
        """Whether any programme has ended for anybody."""
        return self.until is not None and bool((self.until < self.months.count).any())

    def treated(self, programme: int) -> NDArray[np.bool_]:
        """Rows x months: whether the row's customers are there and under a programme."""
        month = np.arange(self.months.count)
        there = (month >= self.first[:, None]) & (month <= self.last[:, None])
        start = self.start[:, programme][:, None]
        inside: NDArray[np.bool_] = there & (start >= 0) & (month >= start)
        if self.until is not None:
            inside &= month < self.until[:, programme][:, None]
        return inside

    def by_state(self, programmes: Sequence[int]) -> dict[tuple[int, ...], Floats]:
        """Customer-months by calendar month, for each set of programmes that customers were under at the same time."""
        code = np.zeros((len(self.customers), self.months.count), dtype=np.int64)
        for bit, programme in enumerate(programmes):
            code += self.treated(programme).astype(np.int64) << bit
        found = {}
        for value in np.unique(code[code > 0]):
            state = tuple(one for bit, one in enumerate(programmes) if value >> bit & 1)
            found[state] = self.customers @ (code == value)
        return found

    def exposure_panel(self, programme: int, other: int) -> UnitPanel:
        """The panel of one programme whose outcome is the other programme: 1 for each customer-month under it.

        As in the programme's own panel, months after a unit's end do not count, nor any month once all units have ended.
        """
        start = self.start[:, programme]
        until = np.full(len(start), self.months.count) if self.until is None else self.until[:, programme]
        begun = (start >= 0) & (until > start)
        inside = begun | (start == -1)
        size = int(until[begun].max(initial=0)) or self.months.count
        keys = np.column_stack([start, self.base[:, programme], until])[inside]
        cells, cell = np.unique(keys, axis=0, return_inverse=True)
        there = np.zeros((len(cells), size, size))
        under = np.zeros_like(there)
        month = np.arange(size)
        first, last, heads = self.first[inside], self.last[inside], self.customers[inside, None]
        present = (month >= first[:, None]) & (month <= last[:, None]) & (month < until[inside, None])
        cell = cell.reshape(-1)
        able = first < size
        np.add.at(there, (cell[able], first[able]), (present * heads)[able])
        np.add.at(under, (cell[able], first[able]), (present & self.treated(other)[inside, :size])[able] * heads[able])
        number = np.arange(len(cells))
        names = (self.programmes[programme], self.programmes[other])
        return UnitPanel(
            replace(self.months, count=size),
            number,
            tuple(map(str, number)),
            cells[:, 0],
            cells[:, 1],
            there,
            under,
            0,
            0,
            names[1],
            names[0],
            until=ended(cells[:, 2], replace(self.months, count=size)),
        )


@dataclass(frozen=True, eq=False)
class PathPanel:
    """A panel of several programmes at once: a cell starts with its first programme, and `path` tells the cells apart.

    `starts` has a row for each path and a column for each programme (-1: never).
    """

    panel: UnitPanel
    path: Ints
    starts: Ints


def programme_paths(sources: Sequence[PanelSource]) -> PathCounts:
    """Count customers by their starts in several programmes; raises `BadInput` as a panel does."""
    months, people = _joined(sources, together=False)
    keys = [column for column in people.columns if column != CUSTOMER and not column.startswith("unit_")]
    rows = people.group_by(keys).agg(customers=people.count()).order_by(keys).to_pandas()
    size = len(sources)

    def column(name: str) -> Ints:
        return rows[name].to_numpy(dtype=np.int64)

    return PathCounts(
        months=months,
        programmes=tuple(source.programme for source in sources),
        customers=rows["customers"].to_numpy(float),
        start=np.column_stack([column(f"start_{k}") for k in range(size)]),
        base=np.column_stack([column(f"base_{k}") for k in range(size)]),
        until=np.column_stack([column(f"until_{k}") for k in range(size)]),
        first=column("first"),
        last=column("last"),
    )


def path_panel(sources: Sequence[PanelSource], outcome: str) -> PathPanel | None:
    """One panel for several programmes, of the customers who belong to the population of each; None where it is too large.

    What is left out together in a jackknife are the coarsest units of the programmes.
    """
    months, people = _joined([replace(source, outcome=outcome) for source in sources], together=True)
    size = len(sources)
    people = people.mutate(cluster=_cluster(sources, people)).cache()
    parts = [f"{kind}_{k}" for kind in ("start", "base") for k in range(size)]
    if not 0 < people.select("cluster", *parts).distinct().count().to_pyarrow().as_py() <= MOST_CELLS:
        return None
    values = outcome_values(replace(sources[0], outcome=outcome), months)
    names, cells, customers, total = add_up(people, parts, values, months)
    starts, path = np.unique(cells[:, 1 : 1 + size], axis=0, return_inverse=True)
    each = cells[:, 1 : 1 + size]
    panel = UnitPanel(
        months=months,
        cluster=cells[:, 0],
        names=names,
        start=np.where((each >= 0).any(axis=1), np.where(each >= 0, each, months.count).min(axis=1), -1),
        base=cells[:, 1 + size :].min(axis=1),
        customers=customers,
        total=total,
        later=0,
        unlisted=0,
        outcome=outcome,
        unit="unit",
    )
    return PathPanel(panel, path.reshape(-1).astype(np.int64), starts)


def holdout_problems(customers: ir.Table | None, column: str, value: str) -> list[Problem]:
    """What is wrong with a universal holdout: no table, no such column, nobody held out."""
    where = "universal_holdout"
    if customers is None:
        return [Problem(where, translate("needs the table 'customers', which the study lacks."), translate("Add it."))]
    if column not in customers.columns:
        found = translate("the column {column!r} is not in the table 'customers'.", column=column)
        return [Problem(f"{where}.column", found, nearest(column, list(customers.columns)))]
    held = (customers[column].cast("string") == value).fill_null(False)
    if int(held.sum().fill_null(0).to_pyarrow().as_py()):
        return []
    found = translate("no customer has {column} = {value!r}.", column=column, value=value)
    return [Problem(f"{where}.value", found, translate("Give the value as the table does."))]


def holdout_panel(source: PanelSource, column: str, value: str, started: date) -> UnitPanel:
    """The panel of everything that the company did since a day, against the customers held out of all of it.

    Raises `BadInput` when the customers table lacks the column or the value.
    """
    table = source.customers
    problems = holdout_problems(table, column, value)
    if problems or table is None:
        raise BadInput(problems)
    held = (table[column].cast("string") == value).fill_null(False)
    start = held.ifelse(ibis.null("date"), ibis.literal(started))
    rollout = table.select(programme=ibis.literal("all programmes"), unit=table.customer_id, start=start)
    return unit_panel(replace(source, rollout=rollout, unit=CUSTOMER, programme="all programmes"))


def contacted_under(
    contacts: ir.Table, campaign: str, control: str | None, sources: Sequence[PanelSource]
) -> list[int]:
    """Customers contacted by a campaign, then those of them under each programme in the month of the first contact."""
    rows = contacts.filter(contacts.campaign == campaign)
    held = in_held_out_arm(rows.arm) if control is None else (rows.arm.lower() == control.lower()).fill_null(False)
    rows = rows.filter(~held)
    first = rows.group_by(CUSTOMER).agg(day=rows.date.min())
    months, people = _joined(sources, together=False)
    number = first.day.year() * 12 + first.day.month() - months.base
    both = first.mutate(at=number).left_join(people, CUSTOMER)
    parts: dict[str, Any] = {"contacted": both.count()}
    for k in range(len(sources)):
        start = both[f"start_{k}"]
        on = (start >= 0) & (both.at >= start) & (both.at < both[f"until_{k}"])
        parts[f"under_{k}"] = on.fill_null(False).sum()
    found = both.aggregate(**parts).to_pyarrow().to_pylist()[0]
    return [int(found[name] or 0) for name in parts]


def _joined(sources: Sequence[PanelSource], *, together: bool) -> tuple[PanelMonths, ir.Table]:
    """Customers with unit, start and base in each programme, and the months that count; of all programmes, or of any."""
    months: PanelMonths | None = None
    found: ir.Table | None = None
    for k, source in enumerate(sources):
        months, people = population(source)
        own = people.select(
            CUSTOMER, "first", "last", **{f"{name}_{k}": people[name] for name in ("unit", "start", "base", "until")}
        )
        if found is None:
            found = own
        elif together:
            found = found.inner_join(own.drop("first", "last"), CUSTOMER)
        else:
            both = found.outer_join(own, CUSTOMER)
            shared = {name: ibis.coalesce(both[name], both[f"{name}_right"]) for name in (CUSTOMER, "first", "last")}
            rest = [name for name in both.columns if name not in shared and not name.endswith("_right")]
            found = both.select(*rest, **shared)
    assert found is not None  # the caller has at least one programme
    assert months is not None
    filled = {
        name: found[name].fill_null(ABSENT if name.startswith("start_") else months.count).cast("int64")
        for name in found.columns
        if name.startswith(("start_", "base_", "until_"))
    }
    return months, found.mutate(**filled)


def _cluster(sources: Sequence[PanelSource], people: ir.Table) -> Any:
    """The units that are left out together: the coarsest of the programmes' units, or random groups of customers."""
    kinds = {source.unit: k for k, source in enumerate(sources) if source.unit != CUSTOMER}
    if not kinds:
        return bucket(people.customer_id, HASHED_CLUSTERS).cast("string")
    counts = people.aggregate(**{unit: people[f"unit_{k}"].nunique() for unit, k in kinds.items()}).to_pyarrow()
    fewest = min(kinds, key=lambda unit: counts.to_pylist()[0][unit])
    return people[f"unit_{kinds[fewest]}"]
