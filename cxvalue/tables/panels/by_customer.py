"""A row a customer: outcome by month, for designs that compare customers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import ibis
import numpy as np
from numpy.typing import NDArray

from cxvalue.foundation.arrays import Floats, Ints
from cxvalue.tables.labels import customers_as_numbers
from cxvalue.tables.panels.by_unit import ended, outcome_values, population_and_left_out
from cxvalue.tables.panels.inputs import Early, PanelMonths, PanelSource
from cxvalue.tables.read.schema import CUSTOMER

if TYPE_CHECKING:
    import ibis.expr.types as ir


@dataclass(frozen=True, eq=False)
class CustomerPanel:
    """One row a customer of the population: `values` is customers x months of the `outcome`, nan where none counts.

    Attributes:
        months: the months of the panel.
        customer_id: in the order of the rows.
        unit_of: number of each customer's unit in `names`.
        unit: the column of the customers table that names units, or customer_id.
        start, base: as in `UnitPanel`, for each customer.
        arm: what the roll-out names for the customer's unit, "" where it names none.
        first, last: first and last month that counts.
        about: what the customers table says of each, as numbers (one column for each number, one for each level of a text).
        beside: margin in the shape of `values`, where the outcome is no amount: who is picked is often picked by what they
            bring.
        past: `values` with the gaps filled in, to describe customers by what they did before (None: `values` has none).
        notes: what else a reader must know of it.
        until, over, brief: as in `UnitPanel`, for each customer.
    """

    months: PanelMonths
    customer_id: NDArray[np.object_]
    unit_of: Ints
    names: tuple[str, ...]
    start: Ints
    base: Ints
    arm: NDArray[np.object_]
    first: Ints
    last: Ints
    values: NDArray[np.float32]
    later: int
    unlisted: int
    outcome: str
    unit: str
    about: Floats | None = None
    early: tuple[Early, ...] = ()
    beside: NDArray[np.float32] | None = None
    past: NDArray[np.float32] | None = None
    notes: tuple[str, ...] = ()
    until: Ints | None = None
    over: bool = False
    brief: int = 0

    @property
    def known_before(self) -> NDArray[np.float32]:
        """What customers are described by."""
        return self.values if self.past is None else self.past


def customer_panel(source: PanelSource) -> CustomerPanel:
    """Fetch one row a customer with the outcome of every month; raises `BadInput` as `unit_panel` does."""
    found = population_and_left_out(source)
    months = found.months
    people = found.people.mutate(row=ibis.row_number().over(order_by=found.people.customer_id)).cache()
    rows = people.order_by("row").to_pyarrow()
    first, last = (rows.column(name).to_numpy().astype(np.int64) for name in ("first", "last"))
    beside = source.outcome in ("interactions", "orders") and source.purchases is not None
    names, unit = np.unique(np.asarray(rows.column("unit").to_pylist(), dtype=str), return_inverse=True)
    return CustomerPanel(
        months=months,
        customer_id=np.array(rows.column("customer_id").to_pylist(), dtype=object),
        unit_of=unit.astype(np.int64),
        names=tuple(names.tolist()) if source.unit != CUSTOMER else (),
        start=rows.column("start").to_numpy().astype(np.int64),
        base=rows.column("base").to_numpy().astype(np.int64),
        arm=np.array([arm or "" for arm in rows.column("arm").to_pylist()], dtype=object),
        first=first,
        last=last,
        values=_matrix(outcome_values(source, months), people, first, last, months),
        later=found.later,
        unlisted=found.unlisted,
        outcome=source.outcome,
        unit=source.unit,
        about=customers_as_numbers(source.customers, people, skip=(CUSTOMER, source.unit, "acquired_on")),
        early=found.early,
        beside=_matrix(outcome_values(replace(source, outcome="margin"), months), people, first, last, months)
        if beside
        else None,
        notes=found.notes,
        until=ended(rows.column("until").to_numpy().astype(np.int64), months),
        over=found.over,
        brief=found.brief,
    )


def _matrix(values: ir.Table, people: ir.Table, first: Ints, last: Ints, months: PanelMonths) -> NDArray[np.float32]:
    """Values as customers x months: 0 where a customer counts and has none, nan where the customer does not count."""
    joined = values.inner_join(people, "customer_id")
    joined = joined.filter((joined.month >= joined["first"]) & (joined.month <= joined["last"]))
    cells = joined.select("row", "month", "value").to_pyarrow()
    number = np.arange(months.count)
    matrix = np.where((number >= first[:, None]) & (number <= last[:, None]), np.float32(0), np.float32(np.nan))
    matrix[cells.column("row").to_numpy(), cells.column("month").to_numpy()] = cells.column("value").to_numpy()
    return matrix
