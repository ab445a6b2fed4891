"""A table is screened once its bad rows are out: repeats, guests and the ids of whoever and whatever it is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cxvalue.tables.checks.ids import alike_caution, count_ids, guest_cautions, repair_table
from cxvalue.tables.checks.soundness import ONE_OF_EACH, drop_repeats, repeated_rows

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from cxvalue.study import StudyFile
    from cxvalue.tables.cautions import Caution
    from cxvalue.tables.read.schema import TableContract

__all__ = ["Screened", "repair_ids", "screen"]

_NOT_OF_ANYBODY = ("order_id", "occasion_id")


@dataclass(frozen=True)
class Screened:
    """Rows that count, rows of guests (None where the study names none), how many repeated another, and what to look at."""

    good: ir.Table
    guests: ir.Table | None
    merged: int
    cautions: tuple[Caution, ...]


def repair_ids(table: ir.Table, contract: TableContract, study: StudyFile) -> ir.Table:
    """The table with every id repaired as the study file asks, units of customers among them."""
    return repair_table(table, _id_columns(contract, study), study.ids)


def screen(contract: TableContract, table: ir.Table, study: StudyFile, amount: str | None) -> Screened:
    """Leave out what stands twice where that says nothing more, set guests apart, and look at the ids as text."""
    cautions: list[Caution] = []
    merged = 0
    if contract.name != "transactions":  # there lines are told apart by their orders
        distinct, rows, different = drop_repeats(contract, table)
        caution = repeated_rows(contract, rows, different)
        cautions += [caution] if caution else []
        if contract.name in ONE_OF_EACH and different < rows:
            table, merged = distinct.cache(), rows - different
    guests = None
    if study.guest_ids and "customer_id" in table.columns:
        named = table.customer_id.isin(study.guest_ids)
        guests, table = table.filter(named), table.filter(~named)
    for name in _id_columns(contract, study):
        if name not in table.columns or name in _NOT_OF_ANYBODY:
            continue
        counts = count_ids(table, contract.name, name, amount if name == "customer_id" else None)
        if counts is not None:
            alike = alike_caution(table, counts, study.ids)
            cautions += [alike] if alike else []
            cautions += guest_cautions(counts, study.guest_ids) if name == "customer_id" else []
    return Screened(table, guests, merged, tuple(cautions))


def _id_columns(contract: TableContract, study: StudyFile) -> list[str]:
    """The columns of a table that hold ids: its own, and the units of programmes among those of customers."""
    own = [column.name for column in contract.columns if column.kind == "id"]
    units = [one.unit for one in study.programmes] if contract.name == "customers" else []
    return list(dict.fromkeys([*own, *units]))
