"""A table is screened once its bad rows are out: repeats, guests and the ids of whoever and whatever it is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cxvalue.tables.checks.ids import alike_caution, counted_ids, guest_cautions, ids_to_count, repair_table
from cxvalue.tables.checks.rules import Contradiction, contradiction
from cxvalue.tables.checks.soundness import ONE_OF_EACH, repeated_rows, repeats
from cxvalue.tables.checks.sums_among_rows import WHERE, named_sums, sum_names

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from cxvalue.study import StudyFile
    from cxvalue.tables.ask import Asking
    from cxvalue.tables.cautions import Caution
    from cxvalue.tables.read.schema import TableContract

_NOT_OF_ANYBODY = ("order_id", "occasion_id")


@dataclass(frozen=True)
class Screened:
    """Rows that count, rows of guests (None where the study names none), how many repeated another, and what to look at.

    `contradictions` tell which of the rows that count contradict one another, or add up others.
    """

    good: ir.Table
    guests: ir.Table | None
    merged: int
    contradictions: tuple[Contradiction, ...]
    cautions: tuple[Caution, ...]


def repair_ids(table: ir.Table, contract: TableContract, study: StudyFile) -> ir.Table:
    """The table with every id repaired as the study file asks, units of customers among them."""
    return repair_table(table, _id_columns(contract, study), study.ids)


def screen(contract: TableContract, table: ir.Table, study: StudyFile, amount: str | None) -> Asking[Screened]:
    """Leave out what stands twice where that says nothing more, set guests apart, and look at the ids as text."""
    cautions: list[Caution] = []
    merged = 0
    looked = _LookedAt.of(contract, table, study, amount)
    if contract.name == "transactions":  # there lines are told apart by their orders
        found = yield looked.questions
    else:
        once, copies = repeats(table)
        found = yield [copies, *looked.questions]
        rows, different = int(found["rows"] or 0), int(found["different"])
        caution = repeated_rows(contract, rows, different)
        cautions += [caution] if caution else []
        if contract.name in ONE_OF_EACH and different < rows:
            looked, merged = _LookedAt.of(contract, once.cache(), study, amount), rows - different
            found |= yield looked.questions
    for name, of in looked.ids.items():
        counts = counted_ids(looked.good, contract.name, name, of, found)
        if counts is not None:
            alike = alike_caution(looked.good, counts, study.ids)
            cautions += [alike] if alike else []
            cautions += guest_cautions(counts, study.guest_ids) if name == "customer_id" else []
    against = [named_sums(looked.everybody, name) for name in WHERE if found.get(f"sums_{name}")]
    if not any(against):  # a total is of many orders and customers: what it contradicts is told once it is out
        against = [looked.against if found.get("contradicting") else None]
    some = tuple(one for one in against if one is not None)
    return Screened(looked.good, looked.guests, merged, some, tuple(cautions))


@dataclass(frozen=True)
class _LookedAt:
    """Rows with guests set apart, and what is asked of them: ids of columns (each with one of money), contradictions."""

    good: ir.Table
    guests: ir.Table | None
    ids: dict[str, str | None]
    against: Contradiction | None

    @classmethod
    def of(cls, contract: TableContract, table: ir.Table, study: StudyFile, amount: str | None) -> _LookedAt:
        guests = None
        if study.guest_ids and "customer_id" in table.columns:
            named = table.customer_id.isin(study.guest_ids)
            guests, table = table.filter(named), table.filter(~named)
        names = [one for one in _id_columns(contract, study) if one in table.columns and one not in _NOT_OF_ANYBODY]
        ids = {name: amount if name == "customer_id" else None for name in names}
        return cls(table, guests, ids, contradiction(contract, table))

    @property
    def questions(self) -> list[ir.Table]:
        asked = [ids_to_count(self.good, name, amount) for name, amount in self.ids.items()]
        if self.against is not None:
            asked.append(self.against.keys.aggregate(contradicting=self.against.keys.count()))
        rows = self.everybody
        named = [
            name for name in WHERE if name in rows.columns and (name == "customer_id" or "revenue" in rows.columns)
        ]
        if named:
            asked.append(
                rows.aggregate(**{f"sums_{name}": rows.count(where=sum_names(rows[name], name)) for name in named})
            )
        return asked

    @property
    def everybody(self) -> ir.Table:
        """The rows that count and those of guests, which a total without a customer would be one of."""
        return self.good if self.guests is None else self.good.union(self.guests)


def _id_columns(contract: TableContract, study: StudyFile) -> list[str]:
    """The columns of a table that hold ids: its own, and the units of programmes among those of customers."""
    own = [column.name for column in contract.columns if column.kind == "id"]
    units = [one.unit for one in study.programmes] if contract.name == "customers" else []
    return list(dict.fromkeys([*own, *units]))
