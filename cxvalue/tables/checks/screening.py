"""A table is screened once its bad rows are out: repeats, guests and the ids of whoever and whatever it is about."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from cxvalue.tables.checks.ids import alike_caution, counted_ids, each_id, guest_cautions, ids_to_count, repair_table
from cxvalue.tables.checks.rules import Contradiction, contradiction
from cxvalue.tables.checks.soundness import ONE_OF_EACH, repeated_rows, repeats
from cxvalue.tables.checks.sums_among_rows import WHERE, are_totals, like_totals, named_sums, totals_to_count

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
    named = looked.totals(found)
    cautions += looked.like_totals(found)
    sound = looked.without(named) if named else looked
    if named:  # a total is of many orders and customers: what else is wrong shows once it is out
        found |= yield sound.questions
    for name, of in sound.ids.items():
        counts = counted_ids(sound.good, contract.name, name, of, found)
        if counts is not None:
            alike = alike_caution(sound.good, counts, study.ids)
            cautions += [alike] if alike else []
            cautions += guest_cautions(counts, study.guest_ids) if name == "customer_id" else []
    against = [sound.against] if sound.against is not None and found.get("contradicting") else []
    return Screened(looked.good, looked.guests, merged, (*named, *against), tuple(cautions))


@dataclass(frozen=True)
class _LookedAt:
    """Rows with guests set apart, and what is asked of them: ids of columns (each with one of money), contradictions."""

    contract: TableContract
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
        return cls(contract, table, guests, ids, contradiction(contract, table))

    @property
    def questions(self) -> list[ir.Table]:
        asked = [ids_to_count(self.good, name, amount) for name, amount in self.ids.items()]
        if self.against is not None:
            asked.append(self.against.keys.aggregate(contradicting=self.against.keys.count()))
        if self._may_name_totals:
            each = each_id(self.everybody, "customer_id", self.ids["customer_id"])
            asked.append(totals_to_count(self.everybody, self._may_name_totals, each))
        return asked

    @property
    def _may_name_totals(self) -> list[str]:
        rows = self.good
        return [name for name in WHERE if name in rows.columns and (name == "customer_id" or "revenue" in rows.columns)]

    def totals(self, found: dict[str, Any]) -> list[Contradiction]:
        """The rows whose name says that they are totals and whose amounts say nothing else."""
        some = [name for name in self._may_name_totals if are_totals(found, name)]
        return [one for name in some if (one := named_sums(self.everybody, name)) is not None]

    def like_totals(self, found: dict[str, Any]) -> list[Caution]:
        """A caution for each column whose names say total where amounts are those of any other row."""
        some = [name for name in self._may_name_totals if found[f"sums_{name}"] and not are_totals(found, name)]
        return [caution for name in some for caution in like_totals(self.everybody, name, self.contract.name)]

    def without(self, named: list[Contradiction]) -> _LookedAt:
        """The same without these rows."""
        good, guests = self.good, self.guests
        for one in named:
            good = good.anti_join(one.keys, list(one.by))
            guests = None if guests is None else guests.anti_join(one.keys, list(one.by))
        return replace(self, good=good, guests=guests, against=contradiction(self.contract, good))

    @property
    def everybody(self) -> ir.Table:
        """The rows that count and those of guests, which a total without a customer would be one of."""
        return self.good if self.guests is None else self.good.union(self.guests)


def _id_columns(contract: TableContract, study: StudyFile) -> list[str]:
    """The columns of a table that hold ids: its own, and the units of programmes among those of customers."""
    own = [column.name for column in contract.columns if column.kind == "id"]
    units = [one.unit for one in study.programmes] if contract.name == "customers" else []
    return list(dict.fromkeys([*own, *units]))
