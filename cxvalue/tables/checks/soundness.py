"""What every table is looked at for once its values are parsed: contradicting signs, rows that stand twice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ibis.expr.types as ir

from cxvalue.language.catalogue import translate, translate_count
from cxvalue.tables.cautions import Caution
from cxvalue.tables.checks.rules import Rule
from cxvalue.tables.read.schema import TableContract
from cxvalue.tables.read.sql import ROW

_EITHER_SIGN = ("fees.amount",)
"""Amounts that may be taken back: a sign against the others is noted there and refused elsewhere."""
ONE_OF_EACH = ("contacts", "subscriptions", "surveys", "employees", "benchmarks")
"""Tables without a key in which a second row that says the same says nothing more."""
CAUTION_FROM, LOWERS_FROM = 0.05, 0.20
MOST_PERCENT, FEW_RATES = 100, 20
"""Discounts in whole numbers up to the one, and of no more different values than the other, may be percentages."""
FEWEST_SALES, DIFFERENT, SMALL_SHARE = 20, 1.5, 0.05
"""Sales from which on the ends of their margins tell something, how far sales differ, and the margin of a thin trade."""


def _unsigned(contract: TableContract, table: ir.Table) -> list[str]:
    return [column.name for column in contract.columns if column.unsigned and column.name in table.columns]


def _with_sign(contract: TableContract, table: ir.Table, name: str, below: bool) -> Any:
    """Whether an amount has this sign. A discount on a refund is left out: it is taken back whatever its sign."""
    signed = table[name] < 0 if below else table[name] > 0
    return signed & (table.revenue >= 0).fill_null(True) if contract.name == "transactions" else signed


def count_signs(contract: TableContract, table: ir.Table) -> dict[str, Any]:
    """What `judge_signs` asks of the table: how many of each amount that can only be positive lie below and above 0."""
    counted = {
        f"{side}_{name}": table.count(where=_with_sign(contract, table, name, side == "below"))
        for name in _unsigned(contract, table)
        for side in ("below", "above")
    }
    if contract.name == "offers" and {"basket_value", "basket_margin"} <= {*table.columns}:
        ends = {"basket_margin": table.basket_margin, "basket_value": table.basket_value}
        counted |= {f"{end}_{name}": getattr(one, end)() for name, one in ends.items() for end in ("min", "max")}
    return counted


def judge_signs(
    contract: TableContract, table: ir.Table, counted: dict[str, Any]
) -> tuple[ir.Table, list[Rule], list[Caution]]:
    """Amounts that can only be positive: turned round where all are negative, refused where only some are.

    `counted` holds the `rows` of the table and its `count_signs`. Returns the table with the amounts as they are meant
    (the same one where nothing is turned), the rules for rows that contradict the others, and what was done.
    """
    rules, cautions, turned = [], [], {}
    for name in _unsigned(contract, table):
        below, above = counted[f"below_{name}"], counted[f"above_{name}"]
        share = below / counted["rows"] if counted["rows"] else 0.0
        if not below:
            continue
        if not above:
            turned[name] = table[name].abs() if contract.name == "transactions" else -table[name]
            text = translate_count(
                "Every '{name}' in '{table}' has a minus sign ({count:,} row). It is read as an amount.",
                "Every '{name}' in '{table}' has a minus sign ({count:,} rows). It is read as an amount.",
                below,
                name=name,
                table=contract.name,
            )
            cautions.append(Caution("sign", contract.name, name, below, share, text))
        elif f"{contract.name}.{name}" in _EITHER_SIGN:
            text = translate(
                "{below:,} of the amounts in '{place}' are negative and {above:,} are not. They are added up as "
                "they are: check that these are refunds.",
                below=below,
                above=above,
                place=f"{contract.name}.{name}",
            )
            cautions.append(Caution("sign", contract.name, name, below, share, text))
        else:
            what = translate("a negative '{column}' where others are positive", column=name)
            remedy = translate(
                "'{column}' is an amount of at least 0. Correct the signs, or leave the column out of 'columns'.",
                column=name,
            )
            rules.append(Rule(name, what, remedy, _with_sign(contract, table, name, True), droppable=False))
    if "min_basket_margin" in counted and (percent := _percent_of_baskets(counted)):
        cautions.append(percent)
    return (table.mutate(**turned) if turned else table), rules, cautions


def _percent_of_baskets(counted: dict[str, Any]) -> Caution | None:
    """A basket margin that is one whole number whatever the basket: a percentage as well as an amount of money."""
    margin, most, least_sale, most_sale = (
        float(counted[f"{end}_{name}"] or 0.0) for name in ("basket_margin", "basket_value") for end in ("min", "max")
    )
    whole = margin == most and 1 < margin <= 100 and margin.is_integer()
    if counted["rows"] < FEWEST_SALES or not whole or most_sale < DIFFERENT * max(least_sale, 0.0):
        return None
    text = translate(
        "The basket margin in 'offers' is {margin:g} whatever the value of the basket, and is read as money. If it is a "
        "percentage, leave the column out and write gross_margin: {share:g}. If every basket earns that much, all is well.",
        margin=margin,
        share=margin / 100,
    )
    return Caution("sign", "offers", "basket_margin", counted["rows"], 1.0, text, lowers=True)


def margin_of_sales(rows: ir.Table) -> ir.Table:
    """What `implausible_margin` asks of rows: the sales with a margin, their revenue and margin, the ends of both."""
    sold = rows.filter((rows.revenue > 0) & rows.margin.notnull())
    share = sold.margin / sold.revenue
    return sold.aggregate(
        sales=sold.count(),
        sold=sold.revenue.sum(),
        earned=sold.margin.sum(),
        best_margin=sold.margin.max(),
        least_margin=sold.margin.min(),
        best_sale=sold.revenue.max(),
        least_sale=sold.revenue.min(),
        best_share=share.max(),
        least_share=share.min(),
    )


def is_no_amount(ends: Sequence[float], shares: Sequence[float], share: float) -> bool:
    """Whether margins are a share or a percentage rather than money: `ends` are theirs and those of the sales.

    The same margin on sales that differ is none in money; nor are margins up to 1 that are a small `share` of the revenue,
    unless they grow with the sale as those of a thin trade do: `shares` are the least and the largest share of a sale.

    >>> is_no_amount((0.4, 0.4, 5.0, 80.0), (0.005, 0.08), 0.01), is_no_amount((0.2, 0.6, 0.4, 1.5), (0.4, 0.5), 0.4)
    (True, False)
    >>> is_no_amount((0.3, 0.9, 18.0, 75.0), (0.012, 0.017), 0.013)  # fuel
    False
    """
    least, most, least_sale, most_sale = ends
    if most == least != 0:
        return most_sale >= DIFFERENT * least_sale
    grows = shares[1] * least_sale < shares[0] * most_sale
    return 0 <= least < most <= 1 and share < SMALL_SHARE and most_sale >= 20 and not grows


def implausible_margin(found: dict[str, Any]) -> Caution | None:
    """A margin column that cannot be one: above the revenue in all, below zero on every sale, or no money."""
    if not found["sales"]:
        return None
    if found["best_margin"] < 0:
        text = translate(
            "The margin in 'transactions' is below zero on every sale: check that the column contains a "
            "margin in money, not a cost or a percentage."
        )
    elif found["earned"] > found["sold"] * (1 + 1e-9):
        text = translate(
            "The margin in 'transactions' adds up to more than the revenue: check that the column contains a"
            " margin in money, not a cost or a percentage."
        )
    elif found["sales"] >= FEWEST_SALES and is_no_amount(
        [float(found[name]) for name in ("least_margin", "best_margin", "least_sale", "best_sale")],
        [float(found[name]) for name in ("least_share", "best_share")],
        found["earned"] / found["sold"],
    ):
        text = translate(
            "The margin in 'transactions' is {least:g} to {most:g} whatever the revenue of the sale: check "
            "that the column contains a margin in money, not a share or a percentage.",
            least=found["least_margin"],
            most=found["best_margin"],
        )
    else:
        return None
    # The same amount with cents may be a fee for each sale, which is money: that is said and lowers nothing.
    least = float(found["least_margin"])
    a_fee = least == found["best_margin"] and least > 1 and not least.is_integer() and found["earned"] <= found["sold"]
    return Caution("sign", "transactions", "margin", found["sales"], 1.0, text, not a_fee)


def discount_of_sales(rows: ir.Table) -> ir.Table:
    """What `implausible_discount` asks of rows: the sales with a discount, what they brought, and the values of it."""
    given = rows.filter((rows.revenue > 0) & (rows.discount > 0))
    return given.aggregate(
        discounted=given.count(),
        discounted_sold=given.revenue.sum(),
        given=given.discount.sum(),
        most_given=given.discount.max(),
        rates=given.discount.nunique(),
        whole_given=given.count(where=given.discount == given.discount.round()),
    )


def implausible_discount(found: dict[str, Any]) -> Caution | None:
    """A discount that is a share, or may be a percentage, and is taken for money.

    >>> some = {"discounted": 90, "discounted_sold": 3600.0, "most_given": 0.2, "rates": 2, "whole_given": 0}
    >>> implausible_discount(some | {"given": 13.5}).lowers
    True
    >>> percent = some | {"given": 1350.0, "most_given": 20.0, "whole_given": 90}
    >>> implausible_discount(percent).lowers, implausible_discount(percent | {"rates": 60})
    (False, None)
    """
    sales = int(found["discounted"] or 0)
    if sales < FEWEST_SALES:
        return None
    most, rates, sold = float(found["most_given"]), int(found["rates"]), float(found["discounted_sold"])
    if most <= 1 and float(found["given"]) < SMALL_SHARE * sold and sold >= FEWEST_SALES * sales:
        text = translate(
            "The discount in 'transactions' is never above {most:g}, and is read as money: check that it is no share of the "
            "price. If it is, leave the column out of 'columns', or calculate the amount.",
            most=most,
        )
        return Caution("sign", "transactions", "discount", sales, None, text, True)
    if found["whole_given"] == sales and most <= MOST_PERCENT and rates <= FEW_RATES:
        text = translate_count(
            "The discount in 'transactions' is {count} whole number up to {most:g}, and is read as money: check that it is "
            "no percentage. If it is, leave the column out of 'columns', or calculate the amount.",
            "The discount in 'transactions' is one of {count} whole numbers up to {most:g}, and is read as money: check "
            "that it is no percentage. If it is, leave the column out of 'columns', or calculate the amount.",
            rates,
            most=most,
        )
        return Caution("sign", "transactions", "discount", sales, None, text)
    return None


def repeats(table: ir.Table) -> tuple[ir.Table, ir.Table]:
    """Rows that say the same in every column once only, and how many rows there are and how many differ, to be asked."""
    names = [name for name in table.columns if name != ROW]
    each = table.group_by(names).agg(**{ROW: table[ROW].min()}, copies=table.count())
    return each.select(ROW, *names), each.aggregate(rows=each.copies.sum(), different=each.count())


def repeated_rows(contract: TableContract, rows: int, distinct: int) -> Caution | None:
    """Say that rows repeat others in every column; None where it is too few to matter."""
    repeated, merged = rows - distinct, contract.name in ONE_OF_EACH
    share = repeated / rows if rows else 0.0
    if share < CAUTION_FROM:
        return None
    done = (
        translate("Each is counted once.")
        if merged
        else translate("Each is counted as a case of its own: check that the file was not put together twice.")
    )
    found = translate_count(
        "{count:,} of {rows:,} rows of '{table}' ({share:.0%}) repeats another one in every column.",
        "{count:,} of {rows:,} rows of '{table}' ({share:.0%}) repeat another one in every column.",
        repeated,
        rows=rows,
        table=contract.name,
        share=share,
    )
    text = f"{found} {done}"
    return Caution("repeated_rows", contract.name, "", repeated, share, text, not merged and share >= LOWERS_FROM)
