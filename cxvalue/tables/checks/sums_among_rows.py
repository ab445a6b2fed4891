"""Rows that add up others: totals and subtotals of a report that stand among its data and would count twice."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Any

import ibis.expr.types as ir

from cxvalue.language.catalogue import translate, translate_count
from cxvalue.study.bounded_yaml import words_of_yaml
from cxvalue.tables.cautions import Caution
from cxvalue.tables.checks.rules import Contradiction

_WORDS = (
    "sub-?total|grand total|total général|sous-total|totals?|sums?|summe|zwischensumme|gesamt(?:summe|ergebnis)?|ergebnis|"
    "somme|suma|итого|итог|всего|общий итог|усього|разом|підсумок|小计|合计|总计"
)
_ALONE = f"^(?:{_WORDS})[ :.]*$"
_IN_FRONT, _BEHIND = f"^(?:{_WORDS})[ :]+", f"[ :]+(?:{_WORDS})[ :.]*$"
_NAMED = f"{_ALONE}|{_IN_FRONT}|{_BEHIND}"
_PERIOD = r"q[1-4]|(q[1-4][ /-]?)?(19|20)\d\d([ /.-]?q?\d{1,2})?|\d{1,2}[/.-](19|20)\d\d"
"""What a total may be one of beside an id: a year, a quarter, a month."""
MOST_ROWS = 2**20
"""Rows of a sheet: totals among data are a thing of spreadsheets, and larger tables are spared the count."""
FEWEST_IN_GROUP, FEWEST_GROUPS, SHARE = 3, 5, 0.5
FEWEST_ROWS = 20
ADDS_UP, MUCH_LARGER = 0.8, 5.0
"""Share of all other amounts, and times the usual amount, from which rows called totals are no goods or orders."""
_CENT = 0.0051
NOBODY = "(no customer)"
"""The customer of sales without one, where a study counts them."""


WHERE = {"customer_id": _NAMED, "order_id": _NAMED, "product": _ALONE}
"""The columns of purchases that may name a total, each with what it says then: many a product has a brand Total."""


def sum_names(ids: Any, column: str = "customer_id") -> Any:
    """The test of an expression of ids: does its name say that it is a sum, alone or beside another id?"""
    return ids.lower().re_search(WHERE[column])


def totals_to_count(rows: ir.Table, columns: list[str], customers: ir.Table) -> ir.Table:
    """What `are_totals` is to be asked of these columns of `WHERE`: the rows so named, their revenue, and all revenue.

    `customers` has the `id` of each customer of the rows once, with `n` of them: each name is looked at once.
    """
    asked = {"sums_rows": rows.count()}
    if "revenue" in rows.columns:
        asked["sums_revenue"] = rows.revenue.sum()
    for name in [one for one in columns if one != "customer_id"]:
        called = sum_names(rows[name], name)
        asked[f"sums_{name}"] = rows.count(where=called)
        asked[f"sums_{name}_revenue"] = rows.revenue.sum(where=called)
        asked[f"sums_{name}_nobody"] = rows.count(where=called & (rows.customer_id == NOBODY))
    named = customers.n.sum(where=sum_names(customers.id))
    return rows.aggregate(**asked).cross_join(customers.aggregate(sums_customer_id=named))


def are_totals(found: dict[str, Any], column: str) -> bool:
    """Whether rows whose name says so are totals: nobody is called that, but goods and orders of ordinary amounts are.

    >>> asked = {"sums_rows": 110, "sums_revenue": 2000.0, "sums_product": 10, "sums_product_nobody": 0}
    >>> are_totals(asked | {"sums_product_revenue": 1000.0}, "product")  # all other rows together
    True
    >>> are_totals(asked | {"sums_product_revenue": 190.0}, "product")
    False
    """
    number = int(found.get(f"sums_{column}") or 0)
    if not number or column == "customer_id":
        return number > 0
    money = float(found[f"sums_{column}_revenue"] or 0.0)
    others, usual = int(found["sums_rows"]) - number, float(found["sums_revenue"] or 0.0) - money
    adds_up = usual > 0 and number < others and money >= ADDS_UP * usual
    larger = usual > 0 and money * others >= MUCH_LARGER * usual * number
    return adds_up or larger or int(found[f"sums_{column}_nobody"]) > 0


def like_totals(rows: ir.Table, column: str, table: str) -> list[Caution]:
    """The caution that rows are called totals and count as what they are: sales of ordinary amounts."""
    called = named_sums(rows, column)
    if called is None:
        return []
    number = int(rows.semi_join(called.keys, [column]).count().to_pyarrow().as_py())
    text = translate_count(
        "{count:,} row has {what}. Its amount is like those of other rows, so it counts as a sale. If it is a total, "
        "leave it out with leave_out_rows.",
        "{count:,} rows have {what}. Their amounts are like those of other rows, so they count as sales. If they are "
        "totals, leave them out with leave_out_rows.",
        number,
        what=called.what,
    )
    return [Caution("sums_among_rows", table, column, number, None, text)]


def _bare(names: Iterable[str]) -> dict[str, str]:
    return {one: re.sub(f"{_IN_FRONT}|{_BEHIND}", "", one, flags=re.IGNORECASE) for one in names}


def sums_in(values: Collection[str], column: str) -> list[str]:
    """Those of the values of a column that name a sum: alone, or one of another value that is there too.

    >>> sums_in(["K1", "K1 Total", "Grand total", "Total 2024-05", "Total Ltd"], "customer_id")
    ['K1 Total', 'Grand total', 'Total 2024-05']
    >>> sums_in(["Total Care", "Sum"], "product")
    ['Sum']
    """
    known, orders = set(values), column == "order_id"
    return [
        one
        for one, of in _bare(one for one in values if re.search(WHERE[column], one.lower())).items()
        if (of != one and (orders or of in known or re.fullmatch(_PERIOD, of.lower())))
        or re.search(_ALONE, one.lower())
    ]


def named_sums(table: ir.Table, column: str) -> Contradiction | None:
    """The rows of whoever is called a total, or a total of somebody who is there too; None where nobody is.

    An order called a total is one whatever it is a total of, and so is the total of a year or a month.

    >>> import ibis
    >>> table = ibis.memtable({"customer_id": ["K1", "K2", "K1 Total", "Grand total", "Total Ltd"]})
    >>> found = named_sums(table, "customer_id")
    >>> sorted(found.keys.customer_id.to_pyarrow().to_pylist())
    ['Grand total', 'K1 Total']
    >>> found = named_sums(ibis.memtable({"order_id": ["1", "Subtotal May", "Summe"]}), "order_id")
    >>> sorted(found.keys.order_id.to_pyarrow().to_pylist())
    ['Subtotal May', 'Summe']
    """
    ids = table.select(column).distinct()
    some = ids.filter(sum_names(ids[column], column))[column].to_pyarrow().to_pylist()
    bare = list(_bare(some).values())
    known = ids.filter(ids[column].isin(bare))[column].to_pyarrow().to_pylist() if some else []
    sums = sums_in([*some, *known], column)
    if not sums:
        return None
    named = ids.filter(ids[column].isin(sums))
    what = translate("'{column}' that names a total, such as {name}", column=column, name=repr(min(sums)))
    line = f"leave_out_rows: {{…: [{words_of_yaml(*sorted(sums)[:3])}{', …' if len(sums) > 3 else ''}]}}"
    remedy = (
        translate(
            "Totals of other rows are not customers and would count twice: leave them out ({line}), or "
            "export the rows alone.",
            line=line,
        )
        if column == "customer_id"
        else translate(
            "Totals of other rows are not purchases and would count twice: leave them out ({line}), or "
            "export the rows alone.",
            line=line,
        )
    )
    return Contradiction(named, (column,), what, remedy)


def sums_to_count(rows: ir.Table) -> ir.Table:
    """What `sums_caution` is to be asked: in how many groups of rows the largest amount is the sum of all others."""
    month = rows.mutate(month=rows.date.truncate("M"))
    asked = []
    for name, table, by in (("customers", rows, "customer_id"), ("months", month, "month"), ("whole", rows, None)):
        measures = {"n": table.count(), "most": table.revenue.max(), "all": table.revenue.sum()}
        groups = table.group_by(by).agg(**measures) if by else table.aggregate(**measures)
        fewest = FEWEST_IN_GROUP if by else FEWEST_ROWS
        large = (groups.n >= fewest) & (groups.most > 0)
        twice = large & ((2 * groups.most - groups["all"]).abs() < _CENT)
        asked.append(
            groups.aggregate(
                **{
                    f"{name}_large": groups.count(where=large),
                    f"{name}_sums": groups.count(where=twice),
                    f"{name}_added": groups.most.sum(where=twice),
                }
            )
        )
    return asked[0].cross_join(*asked[1:])


def sums_caution(found: dict[str, Any], rows: int) -> list[Caution]:
    """The caution where in most groups one amount is the sum of all others, to the cent.

    >>> some = {"customers_large": 40, "customers_sums": 40, "customers_added": 900.0, "months_large": 9, "months_sums": 0}
    >>> [one.rows for one in sums_caution(some, 280)]
    [40]
    """
    for name in ("customers", "months", "whole"):
        large, sums = int(found.get(f"{name}_large") or 0), int(found.get(f"{name}_sums") or 0)
        if sums < (1 if name == "whole" else FEWEST_GROUPS) or sums < SHARE * large:
            continue
        where = {"sums": sums, "large": large, "amount": float(found.get(f"{name}_added") or 0.0)}
        text = {
            "customers": translate(
                "For {sums:,} of {large:,} customers one row is the sum of all others, to the cent ({amount:,.2f} in all): "
                "subtotals of a report look like that, and count twice. Leave them out, or export the rows alone.",
                **where,
            ),
            "months": translate(
                "In {sums:,} of {large:,} months one row is the sum of all others, to the cent ({amount:,.2f} in all): "
                "subtotals of a report look like that, and count twice. Leave them out, or export the rows alone.",
                **where,
            ),
            "whole": translate(
                "One row is the sum of all others, to the cent ({amount:,.2f}): the total of a report looks like that, and "
                "counts twice. Leave it out.",
                **where,
            ),
        }[name]
        return [Caution("sums_among_rows", "transactions", "revenue", sums, sums / rows, text, lowers=True)]
    return []
