"""Tables held against one another: which ids of one table another one knows, and what would make more of them agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from cxvalue.foundation.errors import Problem
from cxvalue.language.catalogue import translate
from cxvalue.language.words import enumerated
from cxvalue.study import IdRules, Programme
from cxvalue.tables.ask import ask
from cxvalue.tables.cautions import Caution
from cxvalue.tables.checks.ids import choices, repaired, repairs_in_words, repairs_line
from cxvalue.tables.labels import who_pay
from cxvalue.tables.read.schema import CUSTOMER

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
        return translate(
            "of {ids:,} different ids in '{column}', found in {others}",
            ids=self.ids,
            column=self.column,
            others=self.others,
        )


@dataclass(frozen=True, slots=True)
class Held:
    """What came of holding tables against one another."""

    relations: tuple[Relation, ...]
    problems: tuple[Problem, ...]
    cautions: tuple[Caution, ...]


@dataclass(frozen=True, slots=True)
class _Pair:
    """Ids of one side that others should know: the table and the column they stand in, and how they are judged.

    `few` is the share below which a caution is due; `either` lets the smaller side decide; `refused_elsewhere` leaves a
    table of which hardly any id is known to whoever uses it, unless a repair helps.
    """

    table: str
    mine: str
    others: str
    known: tuple[str, ...]
    column: str = CUSTOMER
    few: float = 0.0
    either: bool = False
    refused_elsewhere: bool = False


def hold_against(tables: Mapping[str, ir.Table], rules: IdRules, programmes: Sequence[Programme] = ()) -> Held:
    """Hold every pair of tables of a study that shares an id against one another.

    `tables` are sound rows by the name of their table. Nearly none found is a problem with an id of each side; a part found
    is a caution that lowers the evidence; a harmless repair that would find more is named with its line.
    """
    sides, pairs = _pairs(tables, programmes)
    shared = _shared(sides) if pairs else []
    relations, problems, cautions = [], [], []
    for pair in pairs:
        ids = sum(n for among, n in shared if pair.mine in among)
        known = sum(n for among, n in shared if among & set(pair.known))
        found = sum(n for among, n in shared if pair.mine in among and among & set(pair.known))
        relation = Relation(pair.table, pair.column, pair.others, ids, found)
        relations.append(relation)
        said = _judge(pair, relation, min(ids, known) if pair.either else ids, sides, rules) if found < ids else None
        if isinstance(said, Problem):
            problems.append(said)
        elif said is not None:
            cautions.append(said)
    return Held(tuple(relations), tuple(problems), tuple(cautions))


def _pairs(tables: Mapping[str, ir.Table], programmes: Sequence[Programme]) -> tuple[dict[str, ir.Table], list[_Pair]]:
    """The sides, ids by a name, and which of them should know which."""
    customers = [name for name in ("transactions", "customers") if name in tables]
    with_contracts = [name for name in (*customers, "subscriptions") if name in tables]
    sides = {name: _ids(table) for name, table in tables.items() if CUSTOMER in table.columns}
    pairs: list[_Pair] = []
    if len(customers) == 2:
        pairs.append(
            _Pair("transactions", "transactions", translate("the customers table"), ("customers",), either=True)
        )
    for name in [one for one in sides if one not in customers]:
        among, mine = with_contracts, name
        if name == "subscriptions":
            among, table = customers, tables[name]
            if "role" in table.columns:
                # Who uses a contract that somebody else pays is no customer.
                mine = "payers"
                sides[mine] = _ids(who_pay(table))
        if among:
            few = FEW_KNOWN.get(name, FEW_KNOWN_ELSEWHERE)
            pairs.append(_Pair(name, mine, _or(among), tuple(among), few=few))
    rollout = tables.get("rollout")
    for programme in programmes:
        if rollout is None:
            break
        listed, unit = translate("roll-out of {programme}", programme=programme.name), programme.unit
        sides[listed] = _ids(rollout.filter(rollout.programme == programme.name), "unit")
        if unit == CUSTOMER and customers:
            others, known = _or(customers), tuple(customers)
        elif "customers" in tables and unit in tables["customers"].columns:
            others, known = f"customers.{unit}", (f"customers.{unit}",)
            sides[others] = _ids(tables["customers"], unit)
        else:
            continue
        pairs.append(_Pair("rollout", listed, others, known, "unit", FEW_KNOWN_ELSEWHERE, refused_elsewhere=True))
        if unit != CUSTOMER:
            pairs.append(
                _Pair(
                    "customers",
                    others,
                    translate("the roll-out of {programme}", programme=programme.name),
                    (listed,),
                    unit,
                    refused_elsewhere=True,
                )
            )
    return sides, pairs


def _judge(
    pair: _Pair, relation: Relation, smaller: int, sides: Mapping[str, ir.Table], rules: IdRules
) -> Problem | Caution | None:
    """What to say of a side some of whose ids are not known; `smaller` ids decide whether hardly any is."""
    # Kept: whatever the tables are like, the questions that follow are then of one shape, and the engine answers from these.
    known = _distinct([sides[one] for one in pair.known]).cache()
    unknown = _distinct([sides[pair.mine]]).anti_join(known, "id").cache()
    missing, column, others = relation.ids - relation.found, pair.column, pair.others
    repairs, gained = _best(unknown, missing, known, rules) if missing >= WORTH_A_REPAIR * relation.ids else ((), 0)
    helps = gained >= WORTH_A_REPAIR * relation.ids
    if relation.found < REFUSED_BELOW * smaller:
        if pair.refused_elsewhere and not helps:
            return None
        return _refusal(
            pair, relation, (_first(unknown), _first(known)), (repairs, gained) if helps else ((), 0), rules
        )
    where = {
        "table": pair.table,
        "found": relation.found,
        "ids": relation.ids,
        "column": column,
        "others": others,
        "share": relation.share,
    }
    if helps:
        text = translate(
            "In '{table}' {found:,} of its {ids:,} different {column}s are known to {others} ({share:.0%}); without "
            "{repair} {more:,} more would be. If they are the same, write {line} in the study file.",
            **where,
            repair=repairs_in_words(repairs),
            more=gained,
            line=repairs_line(repairs, rules),
        )
    elif relation.share < pair.few:
        text = translate(
            "In '{table}' only {found:,} of its {ids:,} different {column}s are known to {others} ({share:.0%}). The others "
            "count as having done nothing: check that both tables number them in the same way and cover the same time.",
            **where,
        )
    else:
        return None
    return Caution("ids_do_not_match", pair.table, column, missing, missing / relation.ids, text, True)


def _refusal(
    pair: _Pair, relation: Relation, firsts: tuple[str, str], repair: tuple[tuple[str, ...], int], rules: IdRules
) -> Problem:
    """The problem that hardly any id is known, with the first id of each side and the repair that would help, if any."""
    (here, there), (repairs, gained) = firsts, repair
    sides_say = {"ids": relation.ids, "column": pair.column, "others": pair.others, "here": here, "there": there}
    found = (
        translate(
            "{found:,} of its {ids:,} different {column}s are known to {others}: it writes {here!r} where the other "
            "side writes {there!r}.",
            found=relation.found,
            **sides_say,
        )
        if relation.found
        else translate(
            "none of its {ids:,} different {column}s are known to {others}: it writes {here!r} where the other "
            "side writes {there!r}.",
            **sides_say,
        )
    )
    remedy = (
        translate(
            "Without {repair} {agree:,} of them agree: if they are the same, write this line into the study file:",
            repair=repairs_in_words(repairs),
            agree=relation.found + gained,
        )
        if repairs
        else translate(
            "Both must number the same things in the same way: map the column that does, or repair one export."
        )
    )
    lines = (repairs_line(repairs, rules),) if repairs else ()
    return Problem(f"tables.{pair.table}.{pair.column}", found, remedy, relation.ids - relation.found, lines)


def _best(unknown: ir.Table, missing: int, known: ir.Table, rules: IdRules) -> tuple[tuple[str, ...], int]:
    """The repair that finds most of the `missing` ids that are unknown, the smallest first, and how many it finds."""
    best: tuple[tuple[str, ...], int] = ((), 0)
    for repairs in choices(rules):
        here = unknown.select(id=repaired(unknown.id, repairs), here=1, there=0)
        both = here.union(known.select(id=repaired(known.id, repairs), here=0, there=1))
        each = both.group_by("id").agg(here=both.here.sum(), there=both.there.max())
        gained = int(ask(each.aggregate(n=each.here.sum(where=each.there > 0)))["n"] or 0)
        if gained > best[1]:
            best = (repairs, gained)
        if gained == missing:
            break  # no other finds more
    return best


def _ids(table: ir.Table, column: str = CUSTOMER) -> ir.Table:
    rows = table.select(id=table[column].cast("string"))
    return rows.filter(rows.id.notnull())


def _distinct(sides: list[ir.Table]) -> ir.Table:
    return ibis.union(*sides, distinct=True) if sides[1:] else sides[0].distinct()


def _shared(sides: Mapping[str, ir.Table]) -> list[tuple[set[str], int]]:
    """How many different ids stand on the same sides, for each set of sides that have some in common."""
    marked = [ids.mutate(side=ibis.literal(1 << place, "int64")) for place, ids in enumerate(sides.values())]
    every = ibis.union(*marked) if marked[1:] else marked[0]
    once = every.distinct()  # of different powers of two the sum is what joins their bits, and every engine has it
    each = once.group_by("id").agg(sides=once.side.sum().cast("int64"))
    counted = each.group_by("sides").agg(n=each.count()).to_pyarrow().to_pylist()
    return [({name for place, name in enumerate(sides) if row["sides"] >> place & 1}, row["n"]) for row in counted]


def _first(ids: ir.Table) -> str:
    found = ids.order_by("id").limit(1).to_pyarrow().to_pylist()
    return str(found[0]["id"]) if found else ""


def _or(names: list[str]) -> str:
    words = {
        "transactions": translate("purchases"),
        "customers": translate("customers"),
        "subscriptions": translate("contracts"),
    }
    said = [words[name] for name in names]
    return said[0] if not said[1:] else translate("{some} or {last}", some=enumerated(said[:-1]), last=said[-1])
