"""Bad rows and notes of every table, as portable expressions, and what must agree across tables.

A bad row has a missing id, a value that does not parse, an amount that is not finite or out of bounds, a date after the
day of the run, or contradicts another row. Bad rows are collected, never raised here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import reduce
from operator import or_
from typing import Any

import ibis
import ibis.expr.types as ir

from cxvalue.language.catalogue import translatable, translate
from cxvalue.language.words import enumerated
from cxvalue.tables.ask import ask
from cxvalue.tables.read.parse import ParsedTable
from cxvalue.tables.read.schema import CONTRACTS, Column, TableContract
from cxvalue.tables.read.sql import LINE, ROW, SAME

EXAMPLES = 3
LARGEST_AMOUNT = 1e15
"""Larger ones are no money, and their squares and sums overflow."""
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(9999, 12, 31)
NO_DAYS = (date(1900, 1, 1), date(1904, 1, 1), date(1970, 1, 1))
"""Days on which calendars of computers begin, and which many systems write where they know none."""
FEWEST_DOUBLED_DAYS, FEWEST_DOUBLED_ROWS = 5, 20
NOT_DOUBLED = 0.05
"""Share of a day's rows that may stand once where the rest was appended twice."""
_NOT_A_NUMBER = translatable("a value of '{column}' that is not a number")
_NOT_A = {
    "date": translatable("a value of '{column}' that is not a date"),
    "flag": translatable("a value of '{column}' that is not yes or no"),
    "count": translatable("a value of '{column}' that is not a whole number"),
}


@dataclass(frozen=True, slots=True)
class Rule:
    """One way for a row to be bad: the column it is about, what is wrong in words, what to do, and the test.

    Rows that break a rule which is not `droppable` are never left out: what is wrong with them is not confined to them.
    Rows that are `to_come` break it until their day has passed.
    """

    column: str
    what: str
    remedy: str
    test: ir.BooleanValue
    droppable: bool = True
    to_come: bool = False


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule that some rows break: how many do, how many of them break no rule before it, and the first few rows."""

    column: str
    what: str
    remedy: str
    rows: int
    first: int
    amount: float | None
    examples: tuple[int, ...]
    droppable: bool = True
    to_come: bool = False


def row_rules(parsed: ParsedTable, table: ir.Table, today: date) -> list[Rule]:
    """What makes a single row of a table bad, in the order in which a row is charged with it."""
    contract = CONTRACTS[parsed.raw.name]
    columns = [column for column in contract.columns if column.name in parsed.columns]
    rules: list[Rule] = []
    for column in columns:
        rules += _value_rules(parsed, table, contract, column)
    for column in columns:
        rules += _no_day(table, contract, column)
        if column.kind == "date" and column.name not in (*contract.open_ends, *contract.planned):
            late = table[column.name] > ibis.literal(today)
            what = translate("a date after today in '{column}'", column=column.name)
            remedy = translate("The day of this run is {today}; correct the date.", today=today)
            rules.append(Rule(column.name, what, remedy, late, to_come=True))
        if column.not_before in parsed.columns:
            early = table[column.name] < table[str(column.not_before)]
            what = translate("'{column}' before '{other}'", column=column.name, other=column.not_before)
            remedy = translate("Swap or correct the two dates.")
            if column.name in contract.open_ends:
                far = translate(
                    "Where there is no '{column}' yet, leave it empty or write a day far ahead (9999-12-31).",
                    column=column.name,
                )
                remedy = f"{remedy} {far}"
            rules.append(Rule(column.name, what, remedy, early))
    return rules


def _no_day(table: ir.Table, contract: TableContract, column: Column) -> Iterable[Rule]:
    """A day that stands where none was known: it would make a programme from ever, a question asked a century late.

    Who became a customer on it is an old customer, which is what is known of such a one.
    """
    if column.kind != "date" or column.not_before or contract.name == "customers":
        return
    days: tuple[date, ...] = NO_DAYS
    if column.must_hold:
        if contract.planned:  # contracts and employments may well have begun on 1 January 1970
            days = NO_DAYS[:2]
        remedy = translate("Give the day, or leave the row out.")
    elif contract.name == "rollout":
        remedy = translate(
            "Give the day, or leave it empty where the programme never began. For units that always had it give another day "
            "before the tables begin, such as 2000-01-01: they are counted, and no effect is read off them."
        )
    else:
        remedy = translate("Give the day, or leave it empty where it is not known.")
    years = ", ".join(str(day.year) for day in days)
    what = translate("1 January of {years}, which is often entered where no day was known", years=years)
    yield Rule(column.name, what, remedy, table[column.name].isin([ibis.literal(day) for day in days]))


def _value_rules(parsed: ParsedTable, table: ir.Table, contract: TableContract, column: Column) -> Iterable[Rule]:
    name, value = column.name, table[column.name]
    unparsed = table[parsed.unparsed[name]] if name in parsed.unparsed else ibis.literal(False)
    not_finite = table[parsed.not_finite[name]] if name in parsed.not_finite else ibis.literal(False)
    if column.must_hold or (contract.name == "transactions" and name == "margin"):
        remedy = translate("Every row needs one; fill it in.")
        if name == "margin":
            remedy = translate("Fill it in, or leave the margin column out and give gross_margin in the study file.")
        yield Rule(name, translate("no {column}", column=name), remedy, value.isnull() & ~unparsed & ~not_finite)
    if name in parsed.unparsed:
        what = translate(_NOT_A.get(column.kind, _NOT_A_NUMBER), column=name)
        yield Rule(name, what, parsed.advice.get(name) or _how_written(column), unparsed)
    if name in parsed.not_finite:
        remedy = translate("Give an amount.") if column.must_hold else translate("Give an amount or leave it empty.")
        yield Rule(name, translate("a value of '{column}' that is NaN or infinite", column=name), remedy, not_finite)
        beyond = (value > LARGEST_AMOUNT) | (value < -LARGEST_AMOUNT)
        remedy = translate("At most {limit} is read.", limit=f"{LARGEST_AMOUNT:.0e}")
        yield Rule(name, translate("a value of '{column}' that is far too large", column=name), remedy, beyond)
    if column.kind == "date" and name not in parsed.unparsed:  # what a text may say is limited where it is read
        outside = (value < ibis.literal(FIRST_DAY)) | (value > ibis.literal(LAST_DAY))
        what = translate("a day of '{column}' before {year} or after 9999", column=name, year=FIRST_DAY.year)
        yield Rule(name, what, translate("Correct the date."), outside)
    if column.low is not None or column.high is not None:
        low, high = column.low, column.high
        outside = [value < low] if low is not None else []
        outside += [value > high] if high is not None else []
        remedy = (
            translate("It must be at least {low:g}.", low=low)
            if high is None
            else translate("It must be between {low:g} and {high:g}.", low=low, high=high)
        )
        yield Rule(name, translate("a value of '{column}' out of bounds", column=name), remedy, reduce(or_, outside))


def _how_written(column: Column) -> str:
    """What to do where a text does not say what its column needs."""
    if column.kind == "flag":
        line = "values: {COLUMN: {WORD: 1, OTHER_WORD: 0}}"
        return translate("Write true or false, yes or no, 1 or 0, or say what each word means with {line}.", line=line)
    if column.kind == "date":
        return translate("Correct them, or declare how dates are written with {line}.", line="read: {date_format: …}")
    line = "read: {decimal: …, thousands: …}"
    return translate("Correct them, or declare how numbers are written with {line}.", line=line)


def count_broken(table: ir.Table, rules: list[Rule]) -> dict[str, Any]:
    """What is to be asked of the table: how many rows break each rule."""
    return {f"broken_{i}": table.count(where=rule.test) for i, rule in enumerate(rules)}


def split_rows(
    table: ir.Table, rules: list[Rule], amount: str | None, counts: list[int]
) -> tuple[ir.Table, list[Broken]]:
    """The rows that break no rule, and the rules that are broken; `counts` are the rows that break each."""
    if not any(counts):
        return table, []
    charged = ibis.cases(*((rule.test, i) for i, rule in enumerate(rules)), else_=-1)
    marked = table.mutate(__charge__=charged)
    money = marked[amount].sum() if amount else ibis.null("float64")
    charges = {
        row["__charge__"]: (int(row["rows"]), row["amount"])
        for row in marked.group_by("__charge__").agg(rows=marked.count(), amount=money).to_pyarrow().to_pylist()
    }
    broken = []
    for i, rule in enumerate(rules):
        if counts[i]:
            first, total = charges.get(i, (0, None))
            examples = _first_rows(table.filter(rule.test))
            told = (rule.column, rule.what, rule.remedy)
            broken.append(Broken(*told, counts[i], first, total, examples, rule.droppable, rule.to_come))
    return marked.filter(marked["__charge__"] == -1).drop("__charge__"), broken


def _first_rows(table: ir.Table) -> tuple[int, ...]:
    rows = table.select(ROW).order_by(ROW).limit(EXAMPLES).to_pyarrow().column(ROW).to_pylist()
    return tuple(int(row) for row in rows)


def broken_rows(table: ir.Table, column: str, what: str, remedy: str, amount: str | None) -> list[Broken]:
    """Describe rows that contradict others; none gives an empty list."""
    money = table[amount].sum() if amount else ibis.null("float64")
    row = ask(table.aggregate(rows=table.count(), amount=money))
    if not row["rows"]:
        return []
    return [Broken(column, what, remedy, int(row["rows"]), int(row["rows"]), row["amount"], _first_rows(table))]


@dataclass(frozen=True, slots=True)
class Contradiction:
    """The values of some columns whose rows contradict one another, with what is wrong with them and what to do."""

    keys: ir.Table
    by: tuple[str, ...]
    what: str
    remedy: str


def contradiction(contract: TableContract, table: ir.Table) -> Contradiction | None:
    """How the rows of a table may contradict one another: an order in two versions, a key given twice."""
    if contract.name == "transactions" and "order_id" in table.columns:
        what = translate("one order_id with conflicting content (different customers or days)")
        remedy = translate("An order belongs to one customer and one day; give each order its own id.")
        return Contradiction(conflicting_orders(table), ("order_id",), what, remedy)
    if not contract.key:
        return None
    named = contract.key[0]
    if contract.key[1:]:
        named = translate("{some} and {last}", some=enumerated(contract.key[:-1]), last=contract.key[-1])
    what = translate("a {key} that is on more than one row", key=named)
    remedy = translate("A row is {row}; keep one for each {key}.", row=translate(contract.row), key=named)
    return Contradiction(_repeated_keys(table, contract.key), contract.key, what, remedy)


def conflicting_orders(table: ir.Table) -> ir.Table:
    """The ids of orders whose rows name different customers or days; refunds (revenue below 0) are left aside.

    Different amounts make lines of an order.
    """
    rows = table.filter(table.order_id.notnull() & (table.revenue >= 0))
    grouped = rows.group_by("order_id").agg(
        customer=rows.customer_id.min(),
        other_customer=rows.customer_id.max(),
        day=rows.date.min(),
        other_day=rows.date.max(),
    )
    return grouped.filter((grouped.customer != grouped.other_customer) | (grouped.day != grouped.other_day)).select(
        "order_id"
    )


def same_but_amounts(table: ir.Table) -> tuple[int, int]:
    """Rows that differ from another one of their order in nothing but the amounts, and the orders that have some.

    They may be lines of the order or versions of it; where a product is mapped they are lines. Refunds are left aside.
    """
    if "order_id" not in table.columns or "product" in table.columns:
        return 0, 0
    rows = table.filter(table.order_id.notnull() & (table.revenue >= 0))
    alike = rows.group_by("order_id", SAME).agg(rows=rows[LINE].nunique())
    alike = alike.filter(alike["rows"] > 1)
    found = ask(alike.aggregate(rows=alike["rows"].sum(), orders=alike.order_id.nunique()))
    return int(found["rows"] or 0), int(found["orders"] or 0)


def _repeated_keys(table: ir.Table, key: tuple[str, ...]) -> ir.Table:
    """The keys that stand on more than one row."""
    counted = table.group_by(list(key)).agg(rows=table.count())
    return counted.filter(counted["rows"] > 1).select(*key)


def exact_duplicates(table: ir.Table) -> ir.Table:
    """Rows without an order id that repeat another one in every column, and those on doubled days, to be asked of one row.

    `repeats` is how many rows repeat another one of the source. `doubled` is how many rows lie on runs of days on which all
    rows but a few stand twice or more, as in a file appended twice: a customer may well buy the same thing twice a day;
    that all do, for days on end, is no chance. A run has at least `FEWEST_DOUBLED_DAYS` days with rows, one after another,
    and `FEWEST_DOUBLED_ROWS` rows. Both are null where no row is without an order id.
    """
    if "order_id" in table.columns:
        table = table.filter(table.order_id.isnull())
    keys = ["date", LINE] if LINE in table.columns else [name for name in table.columns if name != ROW]
    distinct = table.group_by(keys).agg(rows=table.count())
    days = distinct.group_by("date").agg(
        rows=distinct["rows"].sum(),
        repeats=(distinct["rows"] - 1).sum(),
        alone=(distinct["rows"] == 1).ifelse(1, 0).sum(),
    )
    few_alone = days["alone"].cast("float64") <= NOT_DOUBLED * days["rows"].cast("float64")
    days = days.mutate(doubled=few_alone.ifelse(1, 0))
    # A run and the day before it have the same number of days behind them that are not doubled.
    until_then = ibis.cumulative_window(order_by=days.date)
    days = days.mutate(run=(1 - days.doubled).sum().over(until_then))
    runs = days.group_by("run").agg(
        repeats=days.repeats.sum(), days=days.doubled.sum(), rows=(days.doubled * days["rows"]).sum()
    )
    long = (runs.days >= FEWEST_DOUBLED_DAYS) & (runs["rows"] >= FEWEST_DOUBLED_ROWS)
    return runs.aggregate(repeats=runs.repeats.sum(), doubled=long.ifelse(runs["rows"], 0).sum())
