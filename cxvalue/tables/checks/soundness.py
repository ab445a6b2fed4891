"""What every table is looked at for once its values are parsed: contradicting signs, rows that stand twice."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from cxvalue.tables.cautions import Caution
from cxvalue.tables.checks.rules import Rule
from cxvalue.tables.read.schema import TableContract
from cxvalue.tables.read.sql import ROW

__all__ = ["ONE_OF_EACH", "drop_repeats", "implausible_margin", "judge_signs", "repeated_rows"]

_EITHER_SIGN = ("fees.amount",)
"""Amounts that may be taken back: a sign against the others is noted there and refused elsewhere."""
ONE_OF_EACH = ("contacts", "subscriptions", "surveys", "employees", "benchmarks")
"""Tables without a key in which a second row that says the same says nothing more."""
CAUTION_FROM, LOWERS_FROM = 0.05, 0.20


def judge_signs(contract: TableContract, table: ir.Table) -> tuple[ir.Table, list[Rule], list[Caution]]:
    """Amounts that can only be positive: turned round where all are negative, refused where only some are.

    Returns the table with the amounts as they are meant, the rules for rows that contradict the others, and what was done.
    A discount on a refund is left as it is: it is taken back whatever its sign.
    """
    names = [column.name for column in contract.columns if column.unsigned and column.name in table.columns]
    if not names:
        return table, [], []
    sold = (table.revenue >= 0).fill_null(True) if contract.name == "transactions" else ibis.literal(True)
    negative = {name: ((table[name] < 0) & sold).fill_null(False) for name in names}
    counts = {f"below_{name}": negative[name].ifelse(1, 0).sum() for name in names}
    counts |= {f"above_{name}": ((table[name] > 0) & sold).fill_null(False).ifelse(1, 0).sum() for name in names}
    row = table.aggregate(rows=table.count(), **counts).to_pyarrow().to_pylist()[0]
    rules, cautions, turned = [], [], {}
    for name in names:
        below, above = int(row[f"below_{name}"] or 0), int(row[f"above_{name}"] or 0)
        share = below / row["rows"] if row["rows"] else 0.0
        if not below:
            continue
        if not above:
            turned[name] = table[name].abs() if contract.name == "transactions" else -table[name]
            rows = f"{below:,} row{'s' * (below != 1)}"
            text = f"Every '{name}' in '{contract.name}' has a minus sign ({rows}). It is read as an amount."
            cautions.append(Caution("sign", contract.name, name, below, share, text))
        elif f"{contract.name}.{name}" in _EITHER_SIGN:
            text = (
                f"{below:,} of the amounts in '{contract.name}.{name}' are negative and {above:,} are not. They are added "
                "up as they stand: check that these are amounts taken back."
            )
            cautions.append(Caution("sign", contract.name, name, below, share, text))
        else:
            what = f"a negative '{name}' where others are positive"
            remedy = f"'{name}' is an amount of at least 0. Correct the signs, or leave the column out of 'columns'."
            rules.append(Rule(name, what, remedy, negative[name], droppable=False))
    return (table.mutate(**turned) if turned else table), rules, cautions


def implausible_margin(rows: ir.Table) -> Caution | None:
    """A margin column that cannot be one: above the revenue in all, or below zero on every sale."""
    if "margin" not in rows.columns:
        return None
    sold = rows.filter((rows.revenue > 0) & rows.margin.notnull())
    row = (
        sold.aggregate(n=sold.count(), revenue=sold.revenue.sum(), margin=sold.margin.sum(), highest=sold.margin.max())
        .to_pyarrow()
        .to_pylist()[0]
    )
    if not row["n"]:
        return None
    said = ""
    if row["highest"] < 0:
        said = "is below zero on every sale"
    elif row["margin"] > row["revenue"] * (1 + 1e-9):
        said = "adds up to more than the revenue"
    if not said:
        return None
    text = f"The margin in 'transactions' {said}: check that the column holds a margin in money, no cost or percentage."
    return Caution("sign", "transactions", "margin", int(row["n"]), 1.0, text, True)


def drop_repeats(contract: TableContract, table: ir.Table) -> tuple[ir.Table, int, int]:
    """Rows that say the same in every column once only, where a second one says nothing more.

    Returns the table, how many rows it had, and how many of them differ.
    """
    names = [name for name in table.columns if name != ROW]
    each = table.group_by(names).agg(**{ROW: table[ROW].min()}, copies=table.count())
    row = each.aggregate(rows=each.copies.sum(), different=each.count()).to_pyarrow().to_pylist()[0]
    distinct = each.select(ROW, *names) if contract.name in ONE_OF_EACH else table
    return distinct, int(row["rows"] or 0), int(row["different"])


def repeated_rows(contract: TableContract, rows: int, distinct: int) -> Caution | None:
    """Say that rows repeat others in every column; None where it is too few to matter."""
    repeats, merged = rows - distinct, contract.name in ONE_OF_EACH
    share = repeats / rows if rows else 0.0
    if share < CAUTION_FROM:
        return None
    done = (
        "Each is counted once."
        if merged
        else "Each is counted as a case of its own: check that the file was not put together twice."
    )
    text = f"{repeats:,} of {rows:,} rows of '{contract.name}' ({share:.0%}) repeat another one in every column. {done}"
    return Caution("repeated_rows", contract.name, "", repeats, share, text, not merged and share >= LOWERS_FROM)
