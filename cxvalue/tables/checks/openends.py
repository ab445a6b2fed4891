"""Dates to come and contracts of no length: what is open on the last day observed, and what never was.

A contract with a known end, a roll-out planned for next year, a leaving that is announced, a complaint to be resolved next
week: such dates had not come on `as_of`, so the row is open on that day. Dates far ahead (2099-12-31, 9999-12-31) are how
many systems write "no end".
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import ibis
import ibis.expr.types as ir

from cxvalue.tables.cautions import Caution
from cxvalue.tables.counts import CountKind
from cxvalue.tables.read.schema import TableContract

__all__ = ["OpenEnds", "empty_dates_to_come"]

AHEAD_MONTHS = 12
FEW = 0.05


class OpenEnds(NamedTuple):
    """The table with its open ends emptied, what became of which rows (words, number, kind), and what to look at."""

    table: ir.Table
    counts: tuple[tuple[str, int, CountKind], ...]
    cautions: tuple[Caution, ...]


def empty_dates_to_come(contract: TableContract, table: ir.Table, as_of: date) -> OpenEnds:
    """Empty the dates that had not come by `as_of`, and take out contracts that ended on the day on which they began.

    Ends of contracts that are known for the 12 months after `as_of` are a caution where they are a twentieth of the open
    contracts or more: the forecast does not use them.
    """
    counts: list[tuple[str, int, CountKind]] = []
    cautions: list[Caution] = []
    for name in (column for column in contract.open_ends if column in table.columns):
        to_come = (table[name] > ibis.literal(as_of)).fill_null(False)
        soon = to_come & (table[name] <= ibis.literal(as_of) + ibis.interval(months=AHEAD_MONTHS)).fill_null(False)
        found = {"to_come": to_come, "soon": soon, "open": to_come | table[name].isnull()}
        n = table.aggregate(**{key: test.ifelse(1, 0).sum() for key, test in found.items()}).to_pyarrow().to_pylist()[0]
        if n["to_come"]:
            counts.append((f"'{name}' after {as_of}, so still open on that day", int(n["to_come"]), "note"))
        if contract.name == "subscriptions" and n["soon"] and n["soon"] >= FEW * n["open"]:
            share = n["soon"] / n["open"]
            cautions.append(
                Caution(
                    "open_end",
                    contract.name,
                    name,
                    int(n["soon"]),
                    share,
                    f"{n['soon']:,} of the {n['open']:,} contracts that run on {as_of} ({share:.0%}) have an end entered in "
                    "the 12 months after it. The forecast does not use such an end: it takes them to be renewed as often "
                    "as earlier contracts were. If those are notices given, more will leave than it says.",
                )
            )
        table = table.mutate(**{name: to_come.ifelse(ibis.null("date"), table[name])})
    if contract.spell is not None and set(contract.spell) <= set(table.columns):
        begins, ends = contract.spell
        never = (table[begins] == table[ends]).fill_null(False)
        n = table.aggregate(rows=table.count(), never=never.ifelse(1, 0).sum()).to_pyarrow().to_pylist()[0]
        if n["never"]:
            share = n["never"] / n["rows"]
            counts.append((f"'{begins}' equal to '{ends}': never active", int(n["never"]), "cut"))
            cautions.append(
                Caution(
                    "never_active",
                    contract.name,
                    ends,
                    int(n["never"]),
                    share,
                    f"{n['never']:,} of the {n['rows']:,} rows of '{contract.name}' ({share:.0%}) have '{ends}' on the day "
                    f"of '{begins}': never active. They are left out of every count, rate and value.",
                )
            )
            table = table.filter(~never)
    return OpenEnds(table, tuple(counts), tuple(cautions))
