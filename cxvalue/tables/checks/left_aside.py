"""Purchases whose other columns say that rows or amounts may mean something else than the study takes them for."""

from __future__ import annotations

import re
from typing import Any

import duckdb

from cxvalue.language.catalogue import translate
from cxvalue.language.words import enumerated
from cxvalue.study.currencies import SIGNS
from cxvalue.tables.cautions import Caution
from cxvalue.tables.read.aside import BESIDE
from cxvalue.tables.read.roles import KEY, NO_SALE, THOUSANDS, UNMARKED, currency_in, returns_among, role_of, said
from cxvalue.tables.read.sources import RawTable
from cxvalue.tables.read.sql import literal, quoted

_PLACE = re.compile(r"\b(zip|postal|postcode|plz|city|town|country|region|ort|ville|ciudad)\b")
_CENTS = re.compile(r"\bcents?\b|\bpence\b|\bminor\b|kopek|копе")
_MOST_WORDS, _LONGEST_WORD = 15, 40
_KIND = "left_aside"


def left_aside(con: duckdb.DuckDBPyConnection, raw: RawTable, currency: str) -> list[Caution]:
    """A caution for each column beside those that were mapped, or name of one mapped, that puts the money into doubt.

    `currency` is the study's.
    """
    if raw.name != "transactions" or not raw.watched:
        return []
    revenue, customer = raw.theirs.get("revenue", ""), raw.theirs.get("customer_id", "")
    plain = not revenue.startswith("=")
    cents = plain and _CENTS.search(said(revenue)) is not None
    count = role_of(customer, "order") and not role_of(customer, "customer") and not re.search(KEY, said(customer))
    nobody = bool(customer) and (count or _PLACE.search(said(customer)) is not None)
    told = currency_in(revenue) if plain and "currency" not in raw.theirs else ""
    foreign = bool(told) and currency not in SIGNS.get(told, (told,))
    thousands = plain and THOUSANDS.search(said(revenue)) is not None
    if not (raw.beside or cents or nobody or foreign or thousands):
        return []
    found = _asked(con, raw)
    rows, made = found["rows"], list[Caution]()

    def say(column: str, number: int, text: str) -> None:
        made.append(Caution(_KIND, raw.name, column, number, number / rows if rows else None, text))

    for role, theirs in raw.beside.items():
        number = found[role]
        if role == "status":
            words = _no_sales(con, raw)
            if words:
                listed = enumerated(f"{word} {count:,}" for word, count in words)
                text = translate(
                    "Rows count whatever {column} says, among them {words}. Name those that are purchases: {line}.",
                    column=repr(theirs),
                    words=listed,
                    line=f"keep_rows: {{{theirs}: [...]}}",
                )
                say("", sum(count for _, count in words), text)
        elif role in ("void", "test") and 0 < 2 * number < rows:
            text = translate(
                "{column} marks {rows:,} rows, and they count. If they are no purchases, name the other values: {line}.",
                column=repr(theirs),
                rows=number,
                line=f"keep_rows: {{{theirs}: [...]}}",
            )
            say("", number, text)
        elif role == "type":
            words = _returns(con, raw)
            if words:
                text = translate(
                    (
                        "{column} says {words} in rows with amounts above zero, which are added up. If these are "
                        "returns: {line}."
                    ),
                    column=repr(theirs),
                    words=enumerated(f"{word} {count:,}" for word, count in words),
                    line=f"refund: {{rows: {{{theirs}: [{', '.join(word for word, _ in words)}]}}}}",
                )
                say("revenue", sum(count for _, count in words), text)
        elif role == "currency" and number > 1:
            text = translate(
                "Amounts are added up although {column} contains {number} currencies. Map it ({line}), and give "
                "the value of one of each under exchange_rates.",
                column=repr(theirs),
                number=number,
                line=f"currency: {theirs}",
            )
            say("revenue", rows, text)
        elif role == "refund" and number:
            text = translate(
                "{column} is filled in {rows:,} rows and is deducted nowhere. If that was refunded: {line}.",
                column=repr(theirs),
                rows=number,
                line=f'refund: {{amount: "{theirs}"}}',
            )
            say("revenue", number, text)
        elif role == "net" and plain and not role_of(revenue, "net"):
            text = translate(
                "Revenue is {revenue}, and there is a column {column} beside it: revenue is without tax.",
                revenue=repr(revenue),
                column=repr(theirs),
            )
            say("revenue", rows, text)
        elif role == "tax" and plain and number and "net" not in raw.beside and not role_of(revenue, "net"):
            text = translate(
                (
                    "Revenue is {revenue}, and there is a column {column} beside it, filled in {rows:,} rows. If tax"
                    " is included: {line}."
                ),
                revenue=repr(revenue),
                column=repr(theirs),
                rows=number,
                line=f'revenue: "=[{revenue}] - [{theirs}]"',
            )
            say("revenue", number, text)
        elif role == "quantity" and plain and number and (role_of(revenue, "piece") or said(revenue) == "price"):
            text = translate(
                "Revenue is {revenue}, the price of one piece, and {column} is not 1 in {rows:,} rows: {line}.",
                revenue=repr(revenue),
                column=repr(theirs),
                rows=number,
                line=f'revenue: "=[{theirs}] * [{revenue}]"',
            )
            say("revenue", number, text)
    if cents and found["whole"] == rows:
        text = translate(
            "Revenue is {revenue}, always in whole numbers. If they are cents: {line}.",
            revenue=repr(revenue),
            line=f'revenue: "=[{revenue}] / 100"',
        )
        say("revenue", rows, text)
    if thousands:
        text = translate(
            "Revenue is {revenue}, in thousands by its name. If it is: {line}.",
            revenue=repr(revenue),
            line=f'revenue: "=[{revenue}] * 1000"',
        )
        say("revenue", rows, text)
    if foreign:
        text = translate(
            "Revenue is {revenue}, and the study's currency is {currency}.", revenue=repr(revenue), currency=currency
        )
        say("revenue", rows, text)
    if nobody:
        text = translate("The customer is {column}, which by its name is not a customer.", column=repr(customer))
        say("customer_id", rows, text)
    return made


def _asked(con: duckdb.DuckDBPyConnection, raw: RawTable) -> dict[str, Any]:
    """How many rows there are, and how many in which each column says something."""
    asked = {"rows": "count(*)"}
    if "revenue" in raw.types:
        whole = f"regexp_full_match(trim(CAST({quoted('revenue')} AS VARCHAR)), '-?[0-9]+(\\.0)?')"
        asked["whole"] = f"count(*) FILTER (WHERE {whole})"
    for role in raw.beside:
        text = f"trim(CAST({quoted(BESIDE + role)} AS VARCHAR))"
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


def _words(con: duckdb.DuckDBPyConnection, raw: RawTable, role: str, counted: str = "true") -> list[tuple[str, int]]:
    """The values of a column beside with the rows for which a test holds; none where it has no few words."""
    text = f"trim(CAST({quoted(BESIDE + role)} AS VARCHAR))"
    rows = con.execute(
        f"SELECT {text} AS t, count(*) FILTER (WHERE {counted}) FROM {raw.relation} WHERE {text} <> '' GROUP BY 1 "
        f"ORDER BY 2 DESC, 1 LIMIT {_MOST_WORDS + 1}"
    ).fetchall()
    if not 2 <= len(rows) <= _MOST_WORDS or any(len(str(word)) > _LONGEST_WORD for word, _ in rows):
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


def _no_sales(con: duckdb.DuckDBPyConnection, raw: RawTable) -> list[tuple[str, int]]:
    """The values of a status that stand for no sale; none where the column is no status by its values."""
    return [
        (word, count)
        for word, count in _words(con, raw, "status")
        if NO_SALE.search(word.casefold()) or role_of(word, "refund")
    ]
