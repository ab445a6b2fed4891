"""Tables held against one another: which ids of one table another one knows, and what would make more of them agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ibis
import ibis.expr.types as ir

from cxvalue.foundation.errors import Problem
from cxvalue.study import Campaign, IdRules, Programme
from cxvalue.tables.cautions import Caution
from cxvalue.tables.checks.ids import REPAIRS, choices, repaired, repairs_line
from cxvalue.tables.read.schema import CUSTOMER

__all__ = ["Held", "Relation", "hold_against"]

REFUSED_BELOW, WORTH_A_REPAIR = 0.05, 0.01
FEW_KNOWN = {"contacts": 0.80, "offers": 0.80}
"""Prospects stand in these tables, so fewer of their ids must be known than elsewhere."""
FEW_KNOWN_ELSEWHERE = 0.95


@dataclass(frozen=True, slots=True)
class Relation:
    """How many of the different ids in a column another table knows; `others` names it in words."""

    table: str
    column: str
    others: str
    ids: int
    found: int

    @property
    def share(self) -> float:
        """The share that is found on the other side."""
        return self.found / self.ids if self.ids else 1.0

    @property
    def words(self) -> str:
        """What is counted, as a line of the data check says it."""
        return f"of {self.ids:,} different ids in '{self.column}', found in {self.others}"


@dataclass(frozen=True, slots=True)
class Held:
    """What came of holding tables against one another."""

    relations: tuple[Relation, ...]
    problems: tuple[Problem, ...]
    cautions: tuple[Caution, ...]


def hold_against(
    tables: Mapping[str, ir.Table],
    rules: IdRules,
    campaigns: Sequence[Campaign] = (),
    programmes: Sequence[Programme] = (),
) -> Held:
    """Hold every pair of tables of a study that shares an id against one another.

    `tables` are sound rows by the name of their table. Nearly none found is a problem with an id of each side; a part found
    is a caution that lowers the evidence; a harmless repair that would find more is named with its line.
    """
    pairing = _Pairing(rules)
    customers = [name for name in ("transactions", "customers") if name in tables]
    with_contracts = [name for name in (*customers, "subscriptions") if name in tables]
    if len(customers) == 2:
        pairing.compare(
            "transactions", _ids(tables["transactions"]), "the customers table", _ids(tables["customers"]), either=True
        )
    for name, table in tables.items():
        if name in customers or CUSTOMER not in table.columns:
            continue
        among = customers if name == "subscriptions" else with_contracts
        if name == "subscriptions" and "role" in table.columns:
            # Who uses a contract that somebody else pays is no customer.
            table = table.filter(table.role.fill_null("").strip().lower() != "user")
        if among:
            known = (
                ibis.union(*(_ids(tables[one]) for one in among), distinct=True)
                if among[1:]
                else _ids(tables[among[0]])
            )
            few = FEW_KNOWN.get(name, FEW_KNOWN_ELSEWHERE)
            pairing.compare(name, _ids(table), _or(among), known, few=few)
    for programme in programmes:
        _units(pairing, tables, programme, customers)
    for campaign in campaigns:
        if "contacts" in tables:
            pairing.spelling(tables["contacts"], campaign)
    return Held(tuple(pairing.relations), tuple(pairing.problems), tuple(pairing.cautions))


def _units(pairing: _Pairing, tables: Mapping[str, ir.Table], programme: Programme, customers: list[str]) -> None:
    rollout = tables.get("rollout")
    if rollout is None:
        return
    listed = _ids(rollout.filter(rollout.programme == programme.name), "unit")
    if programme.unit == CUSTOMER and customers:
        known = (
            ibis.union(*(_ids(tables[one]) for one in customers), distinct=True)
            if customers[1:]
            else _ids(tables[customers[0]])
        )
        pairing.compare(
            "rollout", listed, _or(customers), known, column="unit", few=FEW_KNOWN_ELSEWHERE, refused_elsewhere=True
        )
    elif "customers" in tables and programme.unit in tables["customers"].columns:
        of_customers = _ids(tables["customers"], programme.unit)
        pairing.compare(
            "rollout",
            listed,
            f"customers.{programme.unit}",
            of_customers,
            column="unit",
            few=FEW_KNOWN_ELSEWHERE,
            refused_elsewhere=True,
        )
        whose = f"the roll-out of {programme.name}"
        pairing.compare("customers", of_customers, whose, listed, column=programme.unit, refused_elsewhere=True)


class _Pairing:
    def __init__(self, rules: IdRules) -> None:
        self.rules = rules
        self.relations: list[Relation] = []
        self.problems: list[Problem] = []
        self.cautions: list[Caution] = []

    def compare(
        self,
        table: str,
        ids: ir.Table,
        others: str,
        known: ir.Table,
        *,
        column: str = CUSTOMER,
        few: float = 0.0,
        either: bool = False,
        refused_elsewhere: bool = False,
    ) -> None:
        """Count the ids found; `few` is the share below which a caution is due, `either` lets the smaller side decide.

        `refused_elsewhere` leaves a table of which hardly any id is known to whoever uses it, unless a repair helps.
        """
        counted = _overlap(ids.id, known.id)
        relation = Relation(table, column, others, counted["ids"], counted["found"])
        self.relations.append(relation)
        missing = relation.ids - relation.found
        if not missing:
            return
        smaller = min(relation.ids, counted["known"]) if either else relation.ids
        unknown = ids.anti_join(known, "id")
        repairs, gained = self._best(unknown, known) if missing >= WORTH_A_REPAIR * relation.ids else ((), 0)
        helps = gained >= WORTH_A_REPAIR * relation.ids
        where = f"tables.{table}.{column}"
        said = f"{relation.found:,} of its {relation.ids:,} different {column}s are known to {others}"
        if relation.found < REFUSED_BELOW * smaller:
            if refused_elsewhere and not helps:
                return
            here, there = _first(unknown), _first(known)
            said = said.replace("0 of its", "none of its", 1) if not relation.found else said
            found = f"{said}: it writes {here!r} where the other side writes {there!r}."
            remedy = "Both must number the same things in the same way: map the column that does, or repair one export."
            if helps:
                remedy = (
                    f"Without {_words(repairs)} {relation.found + gained:,} of them agree: if they are the same, write this "
                    "line into the study file:"
                )
            self.problems.append(
                Problem(where, found, remedy, missing, (repairs_line(repairs, self.rules),) if helps else ())
            )
            return
        share = missing / relation.ids
        if helps:
            text = (
                f"In '{table}' {said} ({relation.share:.0%}); without {_words(repairs)} {gained:,} more would be. If they "
                f"are the same, write {repairs_line(repairs, self.rules)} in the study file."
            )
            self.cautions.append(Caution("ids_do_not_match", table, column, missing, share, text, True))
        elif relation.share < few:
            text = (
                f"In '{table}' only {said} ({relation.share:.0%}). The others count as having done nothing: check that both "
                "tables number them in the same way and cover the same time."
            )
            self.cautions.append(Caution("ids_do_not_match", table, column, missing, share, text, True))

    def _best(self, unknown: ir.Table, known: ir.Table) -> tuple[tuple[str, ...], int]:
        """The repair that finds most of what is unknown, the smallest first, and how many it finds."""
        best: tuple[tuple[str, ...], int] = ((), 0)
        for repairs in choices(self.rules):
            gained = _overlap(repaired(unknown.id, repairs), repaired(known.id, repairs))["found"]
            if gained > best[1]:
                best = (repairs, gained)
        return best

    def spelling(self, contacts: ir.Table, campaign: Campaign) -> None:
        """A campaign or a control arm written in several ways is several campaigns or arms: refused."""
        for column, wanted in (("campaign", campaign.name), ("arm", campaign.control)):
            if wanted is None:
                continue
            rows = contacts if column == "campaign" else contacts.filter(contacts.campaign == campaign.name)
            value = rows[column]
            alike = (value.strip().lower() == wanted.strip().lower()) & (value != wanted)
            found = rows.filter(alike).group_by(column).agg(n=lambda t: t.count()).order_by(column).limit(5)
            listed = found.to_pyarrow().to_pylist()
            if listed:
                many = sum(int(one["n"]) for one in listed)
                forms = ", ".join(repr(one[column]) for one in listed)
                said = f"{many:,} contacts write the {column} {wanted!r} as {forms}, which makes it another {column}."
                remedy = "Write it in one way in the table, or put it right with a 'query:' over the file."
                self.problems.append(Problem(f"tables.contacts.{column}", said, remedy, many))


def _ids(table: ir.Table, column: str = CUSTOMER) -> ir.Table:
    rows = table.select(id=table[column].cast("string"))
    return rows.filter(rows.id.notnull()).distinct()


def _overlap(ids: Any, known: Any) -> dict[str, int]:
    """How many ids there are, how many are known, and how many of the ids are among the known."""
    sides = ids.name("id").as_table().mutate(here=1, there=0).union(known.name("id").as_table().mutate(here=0, there=1))
    each = sides.group_by("id").agg(here=sides.here.sum(), there=sides.there.max())
    row = each.aggregate(ids=each.here.sum(), known=each.there.sum(), found=(each.here * each.there).sum())
    return {name: int(value or 0) for name, value in row.to_pyarrow().to_pylist()[0].items()}


def _known(tables: Mapping[str, ir.Table], names: list[str]) -> ir.Table:
    found = [_ids(tables[name]) for name in names]
    return ibis.union(*found, distinct=True) if found[1:] else found[0]


def _first(ids: ir.Table) -> str:
    found = ids.order_by("id").limit(1).to_pyarrow().to_pylist()
    return str(found[0]["id"]) if found else ""


def _or(names: list[str]) -> str:
    words = {"transactions": "purchases", "customers": "customers", "subscriptions": "contracts"}
    said = [words[name] for name in names]
    return said[0] if not said[1:] else f"{', '.join(said[:-1])} or {said[-1]}"


def _words(repairs: tuple[str, ...]) -> str:
    return " and ".join(REPAIRS[name] for name in repairs)
