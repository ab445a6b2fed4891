"""Purchases whose other columns say that rows or amounts may mean something else than the study takes them for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import duckdb

from cxvalue.language.catalogue import translate, translate_count
from cxvalue.language.words import enumerated
from cxvalue.study.bounded_yaml import once_per_lines, words_of_yaml
from cxvalue.study.currencies import SIGNS
from cxvalue.tables.cautions import Caution
from cxvalue.tables.checks.purchase_cautions import NOTABLE
from cxvalue.tables.read.aside import BESIDE
from cxvalue.tables.read.billing import months_of, periods_named
from cxvalue.tables.read.roles import (
    BESIDE_GOODS,
    KEY,
    NO_SALE,
    TEST_MAIL,
    THOUSANDS,
    UNMARKED,
    currency_in,
    is_tax_rate,
    like_rates,
    returns_among,
    role_of,
    said,
    says_no,
    tax_rate,
)
from cxvalue.tables.read.sources import RawTable
from cxvalue.tables.read.sql import SAME, literal, quoted, trimmed

_PLACE = re.compile(r"\b(zip|postal|postcode|plz|city|town|country|region|ort|ville|ciudad)\b")
_CENTS = re.compile(r"\bcents?\b|\bpence\b|\bminor\b|kopek|копе")
_MOST_WORDS, _LONGEST_WORD, _MOST_PRODUCTS = 15, 40, 1_000
_MOST_RATES, _FEW_TESTS = 8, 0.2
_TAXES = ("rate", "tax")
_KIND = "left_aside"
_Doubt = tuple[str, int, str]
"""Our column, the rows that are in doubt, and the sentence."""


def left_aside(con: duckdb.DuckDBPyConnection, raw: RawTable, currency: str) -> list[Caution]:
    """A caution for each column beside those that were mapped, or name of one mapped, that puts the money into doubt.

    `currency` is the study's.
    """
    if raw.name == "subscriptions":
        return _periods_beside(con, raw)
    if raw.name != "transactions" or not raw.watched:
        return []
    cents = _plain(raw) and _CENTS.search(said(_revenue(raw))) is not None
    names = _names_in_doubt(raw, currency)
    if not (raw.beside or cents or names or "product" in raw.theirs):
        return []
    found = _asked(con, raw)
    rows = found["rows"]
    doubts = [
        (_rate_beside(con, raw, role, rows) if role in _TAXES else None)
        or _rows_beside(con, raw, role, found)
        or _amounts_beside(raw, role, found)
        for role in raw.beside
    ]
    if cents and found["whole"] == rows:
        text = translate(
            "Revenue is {revenue}, always in whole numbers. If they are cents: {line}.",
            revenue=repr(_revenue(raw)),
            line=f'revenue: "=[{_revenue(raw)}] / 100"',
        )
        doubts.append(("revenue", rows, text))
    doubts += [(column, rows, text) for column, text in names]
    doubts += [_lines_beside(con, raw), _tests_beside(con, raw)]
    return _versions_beside(con, raw, rows) + [
        Caution(_KIND, raw.name, column, number, number / rows if rows else None, text)
        for column, number, text in filter(None, doubts)
    ]


def _revenue(raw: RawTable) -> str:
    return raw.theirs.get("revenue", "")


def _plain(raw: RawTable) -> bool:
    """Whether revenue is a column as it stands, no formula."""
    return not _revenue(raw).startswith("=")


def _rows_beside(con: duckdb.DuckDBPyConnection, raw: RawTable, role: str, found: Mapping[str, int]) -> _Doubt | None:
    """The doubt whether all rows are purchases that a column beside raises: a status, a mark, a type."""
    theirs, number = raw.beside[role], found[role]
    if role == "status" and (words := _no_sales(con, raw)):
        text = translate(
            "Rows count whatever {column} says, among them {words}. Name those that are purchases: {line}.",
            column=repr(theirs),
            words=enumerated(f"{word} {count:,}" for word, count in words),
            line=f"keep_rows: {{{words_of_yaml(theirs)}: [...]}}",
        )
        return "", sum(count for _, count in words), text
    if role in ("void", "test") and 0 < 2 * number < found["rows"]:
        text = translate_count(
            "{column} marks {count:,} row, and it counts. If it is no purchase, name the other values: {line}.",
            "{column} marks {count:,} rows, and they count. If they are no purchases, name the other values: {line}.",
            number,
            column=repr(theirs),
            line=f"keep_rows: {{{words_of_yaml(theirs)}: [...]}}",
        )
        return "", number, text
    if (
        role == "done"
        and (words := _not_done(con, raw))
        and 2 * (no := sum(count for _, count in words)) < found["rows"]
    ):
        yes = [word for word, _ in _words(con, raw, role) if word not in dict(words)]
        text = translate_count(
            "{column} says no in {count:,} row, and it counts. If it is no purchase: {line}.",
            "{column} says no in {count:,} rows, and they count. If they are no purchases: {line}.",
            no,
            column=repr(theirs),
            line=f"keep_rows: {{{words_of_yaml(theirs)}: [{words_of_yaml(*yes)}]}}",
        )
        return "", no, text
    if role == "type" and (words := _returns(con, raw)):
        text = translate(
            "{column} says {words} in rows with amounts above zero, which are added up. If these are returns: {line}.",
            column=repr(theirs),
            words=enumerated(f"{word} {count:,}" for word, count in words),
            line=f"refund: {{rows: {{{words_of_yaml(theirs)}: [{words_of_yaml(*(word for word, _ in words))}]}}}}",
        )
        return "revenue", sum(count for _, count in words), text
    return None


def _amounts_beside(raw: RawTable, role: str, found: Mapping[str, int]) -> _Doubt | None:
    """The doubt what revenue is that a column beside raises: a currency, a refund, a tax, a number of pieces."""
    theirs, revenue, number = raw.beside[role], _revenue(raw), found[role]
    if role == "currency" and number > 1:
        text = translate(
            "Amounts are added up although {column} contains {number} currencies. Map it ({line}), and give "
            "the value of one of each under exchange_rates.",
            column=repr(theirs),
            number=number,
            line=f"currency: {theirs}",
        )
        return "revenue", found["rows"], text
    if role == "refund" and number:
        text = translate_count(
            "{column} is filled in {count:,} row and is deducted nowhere. If that was refunded: {line}.",
            "{column} is filled in {count:,} rows and is deducted nowhere. If that was refunded: {line}.",
            number,
            column=repr(theirs),
            line=f'refund: {{amount: "{theirs}"}}',
        )
        return "revenue", number, text
    if not _plain(raw):
        return None
    if role == "net" and not role_of(revenue, "net"):
        text = translate(
            "Revenue is {revenue}, and there is a column {column} beside it: revenue is without tax.",
            revenue=repr(revenue),
            column=repr(theirs),
        )
        return "revenue", found["rows"], text
    if role == "tax" and number and "net" not in raw.beside and not role_of(revenue, "net"):
        text = translate_count(
            "Revenue is {revenue}, and there is a column {column} beside it, filled in {count:,} row. If tax "
            "is included: {line}.",
            "Revenue is {revenue}, and there is a column {column} beside it, filled in {count:,} rows. If tax "
            "is included: {line}.",
            number,
            revenue=repr(revenue),
            column=repr(theirs),
            line=f'revenue: "=[{revenue}] - [{theirs}]"',
        )
        return "revenue", number, text
    if role == "quantity" and number and (role_of(revenue, "piece") or said(revenue) == "price"):
        text = translate_count(
            "Revenue is {revenue}, the price of one piece, and {column} is not 1 in {count:,} row: {line}.",
            "Revenue is {revenue}, the price of one piece, and {column} is not 1 in {count:,} rows: {line}.",
            number,
            revenue=repr(revenue),
            column=repr(theirs),
            line=f'revenue: "=[{theirs}] * [{revenue}]"',
        )
        return "revenue", number, text
    return None


def _rate_beside(con: duckdb.DuckDBPyConnection, raw: RawTable, role: str, rows: int) -> _Doubt | None:
    """The doubt whether tax is in the amounts, where a column says its rate: that is nothing to take off."""
    revenue, theirs = _revenue(raw), raw.beside[role]
    if not _plain(raw) or "net" in raw.beside or role_of(revenue, "net"):
        return None
    text = trimmed(BESIDE + role)
    found = con.execute(
        f"SELECT {text}, count(*) FROM {raw.relation} WHERE {text} <> '' GROUP BY 1 ORDER BY 2 DESC, 1 "
        f"LIMIT {_MOST_RATES + 1}"
    ).fetchall()
    rates = {str(word): tax_rate(str(word)) for word, _ in found}
    amounts = con.execute(f"SELECT count(DISTINCT revenue) FROM {raw.relation}").fetchone() or (0,)
    known = [rate for rate in rates.values() if rate is not None]
    sure = is_tax_rate(theirs) or any("%" in one for one in rates) or like_rates(known, rows, int(amounts[0]))
    if len(rates) > _MOST_RATES or None in rates.values() or not any(rates.values()) or not sure:
        return None
    words = ", ".join(f"{words_of_yaml(word)}: {1 + (rate or 0.0):.6g}" for word, rate in rates.items())
    said_so = translate(
        "Revenue is {revenue}, and {column} beside it is a rate of tax. If tax is included: {line}.",
        revenue=repr(revenue),
        column=repr(theirs),
        line=f'values: {{{words_of_yaml(theirs)}: {{{words}}}}}, revenue: "=[{revenue}] / ([{theirs}] else 1)"',
    )
    return "revenue", sum(int(count) for word, count in found if rates[str(word)]), said_so


def _tests_beside(con: duckdb.DuckDBPyConnection, raw: RawTable) -> _Doubt | None:
    """The doubt whether rows with the mail of somebody who tries the shop are purchases."""
    if "email" not in raw.beside:
        return None
    text = trimmed(BESIDE + "email")
    found = con.execute(
        f"SELECT {text} AS t, count(*), (SELECT count(*) FROM {raw.relation}) FROM {raw.relation} "
        f"WHERE regexp_full_match(lower({text}), {literal(TEST_MAIL)}) GROUP BY 1 ORDER BY 2 DESC, 1"
    ).fetchall()
    rows = sum(int(count) for _, count, _ in found)
    if not rows or rows > _FEW_TESTS * found[0][2]:
        return None
    theirs = raw.beside["email"]
    said_so = translate_count(
        "{column} has an address for tests in {count:,} row, and it counts. If it is no purchase: {line}.",
        "{column} has addresses for tests in {count:,} rows, and they count. If they are no purchases: {line}.",
        rows,
        column=repr(theirs),
        line=f"leave_out_rows: {{{words_of_yaml(theirs)}: [...]}}",
    )
    return "", rows, said_so


def _versions_beside(con: duckdb.DuckDBPyConnection, raw: RawTable, rows: int) -> list[Caution]:
    """The caution where rows of one order differ in nothing but the moment of a change, a state and amounts."""
    if "version" not in raw.beside or "order_id" not in raw.theirs or not raw.marked:
        return []
    order, when = quoted("order_id"), quoted(BESIDE + "version")
    found, orders = con.execute(
        f"SELECT coalesce(sum(n), 0), count(DISTINCT o) FROM (SELECT {order} AS o, count(*) AS n FROM {raw.relation} "
        f"WHERE {order} IS NOT NULL GROUP BY {order}, {SAME} HAVING count(DISTINCT {when}) = count(*) AND count(*) > 1)"
    ).fetchone() or (0, 0)
    if not found:
        return []
    number, theirs = raw.theirs["order_id"], raw.beside["version"]
    text = translate_count(
        "{rows:,} rows of {count:,} order look like versions of it, as {column} differs and little else. They are added "
        "up; if only the last one counts: {line}.",
        "{rows:,} rows of {count:,} orders look like versions of them, as {column} differs and little else. They are "
        "added up; if only the last of each counts: {line}.",
        int(orders),
        rows=int(found),
        column=repr(theirs),
        line=once_per_lines(number, theirs),
    )
    return [Caution("repeated_rows", raw.name, "order_id", int(found), found / rows, text, found >= NOTABLE * rows)]


def _periods_beside(con: duckdb.DuckDBPyConnection, raw: RawTable) -> list[Caution]:
    """The caution where what is called a monthly value is paid for longer, by its name or by a column beside it."""
    value = raw.theirs.get("value_per_month", "")
    named = periods_named(value)
    if not raw.watched or not value or value.startswith("=") or named == (1,):
        return []
    words = _words(con, raw, "interval", fewest=1) if "interval" in raw.beside else []
    months = {word: months_of(word) for word, _ in words}
    longer = sum(count for word, count in words if months[word] != "1")
    if words and longer and all(months.values()):
        theirs = raw.beside["interval"]
        listed = ", ".join(f"{words_of_yaml(word)}: {number}" for word, number in months.items())
        text = translate(
            "The value per month is {value}, and {column} says {words}. If it is paid for so long: {line}.",
            value=repr(value),
            column=repr(theirs),
            words=enumerated(f"{word} {count:,}" for word, count in words),
            line=f'values: {{{words_of_yaml(theirs)}: {{{listed}}}}}, value_per_month: "=[{value}] / [{theirs}]"',
        )
        return [Caution(_KIND, raw.name, "value_per_month", longer, longer / sum(n for _, n in words), text)]
    if named == (12,):
        text = translate(
            "The value per month is {value}, which by its name is for a year. If it is: {line}.",
            value=repr(value),
            line=f'value_per_month: "=[{value}] / 12"',
        )
        row = con.execute(f"SELECT count(*) FROM {raw.relation}").fetchone() or (0,)
        return [Caution(_KIND, raw.name, "value_per_month", int(row[0]), 1.0, text)]
    return []


def _lines_beside(con: duckdb.DuckDBPyConnection, raw: RawTable) -> _Doubt | None:
    """The doubt whether lines of orders that say shipping or tax are revenue."""
    mapped = "product" in raw.theirs
    theirs = raw.theirs["product"] if mapped else raw.beside.get("product", "")
    if not theirs or theirs.startswith("="):
        return None
    text = trimmed("product" if mapped else BESIDE + "product")
    rows = con.execute(
        f"SELECT {text} AS t, count(*) FROM {raw.relation} WHERE length({text}) BETWEEN 1 AND {_LONGEST_WORD} GROUP BY 1 "
        f"ORDER BY 2 DESC, 1 LIMIT {_MOST_PRODUCTS}"
    ).fetchall()
    words = [(str(word), int(count)) for word, count in rows if BESIDE_GOODS.fullmatch(said(str(word)))][:_MOST_WORDS]
    if not words or len(words) == len(rows):
        return None
    found = translate(
        "{column} says {words}, and these rows count as revenue. If they are not what was paid for goods: {line}.",
        column=repr(theirs),
        words=enumerated(f"{word} {count:,}" for word, count in words),
        line=f"leave_out_rows: {{{words_of_yaml(theirs)}: [{words_of_yaml(*(word for word, _ in words))}]}}",
    )
    return "revenue", sum(count for _, count in words), found


def _names_in_doubt(raw: RawTable, currency: str) -> list[tuple[str, str]]:
    """Our columns whose name in the file says something else than the study, each with the sentence about it."""
    revenue, customer, made = _revenue(raw), raw.theirs.get("customer_id", ""), []
    if _plain(raw) and THOUSANDS.search(said(revenue)):
        text = translate(
            "Revenue is {revenue}, in thousands by its name. If it is: {line}.",
            revenue=repr(revenue),
            line=f'revenue: "=[{revenue}] * 1000"',
        )
        made.append(("revenue", text))
    told = currency_in(revenue) if _plain(raw) and "currency" not in raw.theirs else ""
    if told and currency not in SIGNS.get(told, (told,)):
        text = translate(
            "Revenue is {revenue}, and the study's currency is {currency}.", revenue=repr(revenue), currency=currency
        )
        made.append(("revenue", text))
    order = role_of(customer, "order") and not role_of(customer, "customer") and not re.search(KEY, said(customer))
    if customer and (order or _PLACE.search(said(customer))):
        text = translate("The customer is {column}, which by its name is not a customer.", column=repr(customer))
        made.append(("customer_id", text))
    return made


def _asked(con: duckdb.DuckDBPyConnection, raw: RawTable) -> dict[str, Any]:
    """How many rows there are, and how many in which each column says something."""
    asked = {"rows": "count(*)"}
    if "revenue" in raw.types:
        whole = f"regexp_full_match({trimmed('revenue')}, '-?[0-9]+(\\.0)?')"
        asked["whole"] = f"count(*) FILTER (WHERE {whole})"
    for role in raw.beside:
        text = trimmed(BESIDE + role)
        if role == "currency":
            asked[role] = f"count(DISTINCT upper({text})) FILTER (WHERE regexp_full_match({text}, '[A-Za-z]{{3}}'))"
        elif role in ("void", "test"):
            asked[role] = f"count(*) FILTER (WHERE NOT regexp_full_match(lower({text}), {literal(UNMARKED)}))"
        elif role == "quantity":
            asked[role] = f"count(*) FILTER (WHERE TRY_CAST({text} AS DOUBLE) <> 1)"
        else:
            asked[role] = f"count(*) FILTER (WHERE regexp_full_match({text}, '[^A-Za-z]*[1-9][^A-Za-z]*([A-Z]{{3}})?'))"
    chosen = ", ".join(f"{sql} AS {quoted(name)}" for name, sql in asked.items())
    row = con.execute(f"SELECT {chosen} FROM {raw.relation}").fetchone() or ()
    return dict(zip(asked, row, strict=True))


def _words(
    con: duckdb.DuckDBPyConnection, raw: RawTable, role: str, counted: str = "true", fewest: int = 2
) -> list[tuple[str, int]]:
    """The values of a column beside with the rows for which a test holds; none where it has no few words."""
    text = trimmed(BESIDE + role)
    rows = con.execute(
        f"SELECT {text} AS t, count(*) FILTER (WHERE {counted}) FROM {raw.relation} WHERE {text} <> '' GROUP BY 1 "
        f"ORDER BY 2 DESC, 1 LIMIT {_MOST_WORDS + 1}"
    ).fetchall()
    if not fewest <= len(rows) <= _MOST_WORDS or any(len(str(word)) > _LONGEST_WORD for word, _ in rows):
        return []
    return [(str(word), int(count)) for word, count in rows]


def _returns(con: duckdb.DuckDBPyConnection, raw: RawTable) -> list[tuple[str, int]]:
    """The words of a type for what came back, with the rows of it whose amount is above zero."""
    if "revenue" not in raw.types:
        return []
    above = f"regexp_matches(CAST({quoted('revenue')} AS VARCHAR), '^[^-−(]*[1-9][^-]*$')"
    words = _words(con, raw, "type", above)
    back = returns_among(raw.beside["type"], (word for word, _ in words))
    return [(word, n) for word, n in words if n and word in back]


def _not_done(con: duckdb.DuckDBPyConnection, raw: RawTable) -> list[tuple[str, int]]:
    """The words of a column such as paid or posted that say no, with their rows."""
    words = _words(con, raw, "done")
    no = says_no(word for word, _ in words)
    return [(word, count) for word, count in words if word in no]


def _no_sales(con: duckdb.DuckDBPyConnection, raw: RawTable) -> list[tuple[str, int]]:
    """The values of a status that stand for no sale; none where the column is no status by its values."""
    return [
        (word, count)
        for word, count in _words(con, raw, "status")
        if NO_SALE.search(word.casefold()) or role_of(word, "refund")
    ]
