"""Dates to come and contracts of no length: what is open on the last day observed, and what never was.

A contract with a known end, a roll-out planned for next year, a leaving that is announced, a complaint to be resolved next
week: such dates had not come on `as_of`, so the row is open on that day. Dates far ahead (2099-12-31, 9999-12-31) are how
many systems write "no end".
"""

from __future__ import annotations

from datetime import date
from typing import Any

import ibis
import ibis.expr.types as ir

from cxvalue.language.catalogue import translate, translate_count
from cxvalue.tables.cautions import Caution
from cxvalue.tables.counts import CountKind
from cxvalue.tables.read.schema import TableContract

AHEAD_MONTHS = 12
FEW = 0.05
HANDED_OVER_DAYS = 31
"""For how long two rows of a person in one unit may overlap, as where one begins on the first and one ends on the second."""
_NEXT = "__next__"
"""The day on which the next row of the same person in the same unit begins."""


def empty_dates_to_come(contract: TableContract, table: ir.Table, as_of: date) -> tuple[ir.Table, ir.Table]:
    """Empty the dates that had not come by `as_of`, and take out contracts that ended on the day on which they began.

    Returns the table, and what `dates_to_come` is to be told of it.
    """
    if contract.name == "employees":
        in_turn = ibis.window(group_by=["employee_id", "unit"], order_by=["hired", "left"])
        table = table.mutate(**{_NEXT: table.hired.lead().over(in_turn)})
    before, emptied, asked = table, {}, {"contracts": table.count()}
    if contract.name == "employees":
        handed_over = table[_NEXT] + ibis.interval(days=HANDED_OVER_DAYS)
        runs_on = (table.left > handed_over).fill_null(table.left.isnull())
        asked["at_once"] = before.count(where=table[_NEXT].notnull() & runs_on)
    for name in (column for column in contract.open_ends if column in table.columns):
        to_come = (table[name] > ibis.literal(as_of)).fill_null(False)
        soon = to_come & (table[name] <= ibis.literal(as_of) + ibis.interval(months=AHEAD_MONTHS))
        asked[f"{name}_to_come"] = before.count(where=to_come)
        asked[f"{name}_soon"] = before.count(where=soon)
        asked[f"{name}_open"] = before.count(where=to_come | table[name].isnull())
        emptied[name] = to_come.ifelse(ibis.null("date"), table[name])
    table = table.mutate(**emptied) if emptied else table
    if contract.spell is not None and set(contract.spell) <= set(table.columns):
        begins, ends = contract.spell
        never = (emptied.get(begins, before[begins]) == emptied.get(ends, before[ends])).fill_null(False)
        asked["never"] = before.count(where=never)
        table = table.filter(~(table[begins] == table[ends]).fill_null(False))
    return table.drop(_NEXT) if _NEXT in table.columns else table, before.aggregate(**asked)


def dates_to_come(
    contract: TableContract, found: dict[str, Any], as_of: date
) -> tuple[list[tuple[str, int, CountKind]], list[Caution]]:
    """What became of which rows of `empty_dates_to_come` (words, number, kind), and what to look at.

    Ends of contracts that are known for the 12 months after `as_of` are a caution where they are a twentieth of the open
    contracts or more: the forecast does not use them.
    """
    counts: list[tuple[str, int, CountKind]] = []
    cautions: list[Caution] = []
    for name in (column for column in contract.open_ends if f"{column}_open" in found):
        to_come, soon, still = (found[f"{name}_{what}"] for what in ("to_come", "soon", "open"))
        if to_come:
            what = translate("'{name}' after {day}, so still open on that day", name=name, day=as_of)
            counts.append((what, to_come, "note"))
        if contract.name == "subscriptions" and soon and soon >= FEW * still:
            share = soon / still
            text = translate(
                "{soon:,} of the {still:,} contracts that run on {day} ({share:.0%}) have an end entered in the 12 months "
                "after it. The forecast does not use such an end: it assumes that they are renewed as often as earlier "
                "contracts were. If they are notices already given, more customers will leave than forecast.",
                soon=soon,
                still=still,
                day=as_of,
                share=share,
            )
            cautions.append(Caution("open_end", contract.name, name, soon, share, text))
    if twice := found.get("at_once"):
        text = translate_count(
            "{count:,} row of '{table}' is followed by one of the same employee_id and unit that begins before it ends: "
            "that person counts twice at a time. If rows are monthly states or changes of a person, keep the last: {line} "
            "(with your names of the columns; the latter says which row is the last).",
            "{count:,} rows of '{table}' are followed by one of the same employee_id and unit that begins before they end: "
            "those people count twice at a time. If rows are monthly states or changes of a person, keep the last: {line} "
            "(with your names of the columns; the latter says which row is the last).",
            twice,
            table=contract.name,
            line=translate(
                "{once_per} and, on a line of its own, {latest}",
                once_per="once_per: [employee_id, unit]",
                latest="latest: hired",
            ),
        )
        share = twice / found["contracts"]
        cautions.append(Caution("repeated_rows", contract.name, "employee_id", twice, share, text, share >= FEW))
    if never := found.get("never"):
        (begins, ends), rows = contract.spell or ("", ""), found["contracts"]
        share = never / rows
        what = translate("'{begins}' equal to '{ends}': never active", begins=begins, ends=ends)
        counts.append((what, never, "cut"))
        text = translate_count(
            "{count:,} of the {rows:,} rows of '{table}' ({share:.0%}) has '{ends}' on the day of '{begins}': "
            "never active. It is left out of every count, rate and value.",
            "{count:,} of the {rows:,} rows of '{table}' ({share:.0%}) have '{ends}' on the day of "
            "'{begins}': never active. They are left out of every count, rate and value.",
            never,
            rows=rows,
            table=contract.name,
            share=share,
            ends=ends,
            begins=begins,
        )
        cautions.append(Caution("never_active", contract.name, ends, never, share, text))
    return counts, cautions
