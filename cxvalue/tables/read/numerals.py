"""How a column writes its numbers, found over the whole column: signs, currency, and what its points and commas mean.

An amount may be dressed: ``(12.27)`` and ``12.27-`` are below zero, ``$1`` and ``1.00 EUR`` carry their currency, ``10%``
is a share. What could be read two ways (1,588 or 1.588) is refused, unless other values of the table settle it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

import duckdb

from cxvalue.foundation.errors import Problem
from cxvalue.language.catalogue import translatable, translate, translate_count
from cxvalue.study import ReadOptions
from cxvalue.study.currencies import CODES, SIGNS
from cxvalue.tables.read.paste import read_line
from cxvalue.tables.read.sql import literal

MONEY = frozenset(
    "revenue margin discount cost amount shortfall basket_value basket_margin value_per_month acquisition_cost "
    "monthly_cost".split()
)
"""Columns that hold money, and may therefore carry a currency."""
SHARES = frozenset({"depth", "offer_depth"})
"""Columns that hold a share, and may therefore carry a percent sign."""

_MINUS = "\u2212\u2013\u2010\u2011\uff0d\ufe63"
_BLANK = "[ \t\u00a0\u202f\u2009]*"
_CORE = "(?:[0-9]|[.,][0-9])(?:[.,'\u2019_ \u00a0\u202f\u2009]*[0-9])*(?:[eE][+-]?[0-9]+)?"
_SPACES = "[ \u00a0\u202f\u2009]"
_GROUP = "[ '\u2019\u00a0\u202f\u2009]"
_UNIT = "(?i:" + "|".join(re.escape(one) for one in sorted({*SIGNS, *CODES}, key=lambda one: (-len(one), one))) + ")"
_ANY_UNIT = "\ufdd0"
"""Stands for the currency while the dress of an amount is taken off: so the long list of them is compiled but once."""
_COMMA = r"[1-9]\d{0,2},\d{3}"
_POINT = r"[1-9]\d{0,2}\.\d{3}"


@dataclass(frozen=True, slots=True)
class NumberColumn:
    """A column of texts that should be numbers: the SQL of its trimmed text, and whether it holds money or a share."""

    name: str
    text: str

    @property
    def money(self) -> bool:
        """Whether its values may carry a currency."""
        return self.name in MONEY

    @property
    def share(self) -> bool:
        """Whether its values may carry a percent sign."""
        return self.name in SHARES

    @property
    def core(self) -> str:
        """The SQL of the text without its dress: a minus before what is below zero, no currency, no percent sign."""
        bare = f"regexp_replace({self.text}, '{_BLANK}%$', '')" if self.share else self.text
        return _undressed(bare, self.money)

    @property
    def core_where_needed(self) -> str:
        """The same, NULL where the text is a plain number: there the many patterns are not tried."""
        return f"CASE WHEN TRY_CAST({self.text} AS DOUBLE) IS NULL THEN {self.core} END"


def _undressed(text: str, money: bool) -> str:
    core, blank = f"({_CORE})", _BLANK
    above, below = rf"\+?{blank}{core}", [rf"-{blank}{core}"]
    if money:
        unit, after = f"(?:{_ANY_UNIT}{blank})", f"(?:{blank}{_ANY_UNIT})"
        above = rf"\+?{blank}(?:{unit}?\+?{blank}{core}|{core}{after})"
        below = [
            rf"-{blank}(?:{unit}?{core}|{core}{after})",
            rf"{unit}-{blank}{core}",
            rf"{unit}?{core}{blank}-",
            rf"{core}(?:{after}{blank}-|{blank}-{after})",
            rf"\({blank}(?:{unit}?{core}|{core}{after}){blank}\)",
            rf"{unit}\({blank}{core}{blank}\)",
            rf"\({blank}{core}{blank}\){after}",
        ]
    plain = f"translate({text}, {literal(_MINUS)}, {literal('-' * len(_MINUS))})"
    if money:
        plain = f"regexp_replace({plain}, {literal(_UNIT)}, {literal(_ANY_UNIT)})"
    for pattern, sign in [(above, ""), *((one, "-") for one in below)]:
        put = sign + (r"\1\2" if pattern.count(core) == 2 else r"\1")
        plain = f"regexp_replace({plain}, {literal(f'^(?:{pattern})$')}, {literal(put)})"
    return plain


def sign_sql(column: NumberColumn) -> str:
    """The SQL of the currency that a text of the column carries, in capitals; an empty text where it carries none."""
    return f"upper(regexp_extract({column.text}, {literal(_UNIT)}))"


def number_sql(column: NumberColumn, read: ReadOptions, core: str | None = None) -> str:
    """The SQL that turns a column's text into a number, NULL where it is none.

    `core` is a column that holds the text without its dress; without it the expression works that out for every row.
    """
    bare = core or column.core
    number = f"coalesce({_plain(column.text, read)}, {_plain(bare, read)})"
    if not column.share:
        return number
    return f"CASE WHEN ends_with({column.text}, '%') THEN {_plain(bare, read)} / 100 ELSE {number} END"


def _plain(text: str, read: ReadOptions) -> str:
    """A text without dress as a number, its signs as declared."""
    value = text
    if read.thousands is not None:
        mark = {" ": _SPACES, "'": "['\u2019]"}.get(read.thousands, f"[{read.thousands}]")
        grouped = rf"[+-]?\d{{1,3}}({mark}\d{{2,3}})*{mark}\d{{3}}([{read.decimal}]\d*)?"
        bare = f"regexp_replace({text}, {literal(mark)}, '', 'g')"
        value = f"CASE WHEN regexp_full_match({text}, {literal(grouped)}) THEN {bare} ELSE {text} END"
    if read.decimal != ".":
        # A point where a comma is declared is either a thousands sign or another format: never guessed.
        value = f"CASE WHEN NOT contains({value}, '.') THEN replace({value}, {literal(read.decimal)}, '.') END"
    return f"(CASE WHEN NOT contains({value}, '_') AND NOT starts_with({value}, '+-') THEN TRY_CAST({value} AS DOUBLE) END)"


# What proves that a point, or a comma, stands before the decimals; {p} is the one and {c} the other.
_PROOF = (
    r"\d*{p}(\d{{1,2}}|\d{{4,}})|\d{{4,}}{p}\d+|0+{p}\d+|\d{{1,3}}({c}\d{{2,3}})*{c}\d{{3}}{p}\d*|"
    r"\d{{1,3}}({c}\d{{2,3}})+{c}\d{{3}}|\d{{1,3}}({g}\d{{2,3}})*{g}\d{{3}}{p}\d+|\d*{p}\d+[eE].*"
)
_SHAPES = {
    "comma": _COMMA,
    "point": _POINT,
    "point_proof": _PROOF.format(p=r"\.", c=",", g=_GROUP),
    "comma_proof": _PROOF.format(p=",", c=r"\.", g=_GROUP),
    "whole_thousands": r"[1-9]\d{3,}",  # a column that separates thousands would have separated these
    "shortened": r"\d[.,]?\d{0,5}E\+\d{2,3}",  # as a spreadsheet shows what its column is too narrow for
}


@dataclass(frozen=True, slots=True)
class _Profile:
    """How often each shape occurs in a column, with an example of each, and the currencies written in it."""

    counts: dict[str, int]
    examples: dict[str, str]
    signs: dict[str, int]
    percent: int = 0  # values of a share with a percent sign, and those other than 0 without
    bare: int = 0

    @property
    def settled(self) -> str:
        """Which sign stands before the decimals, where the column proves it: a point, a comma, or an empty text."""
        point, comma = self.counts["point_proof"] > 0, self.counts["comma_proof"] > 0
        return "" if point == comma else "." if point else ","


def _profile(con: duckdb.DuckDBPyConnection, relation: str, column: NumberColumn) -> _Profile:
    mine = replace(column, text="t")
    con.execute(
        "CREATE OR REPLACE TEMP TABLE number_shapes AS "
        f"SELECT t, n, ltrim(coalesce({mine.core_where_needed}, t), '+-') AS core FROM "
        f"(SELECT {column.text} AS t, count(*) AS n FROM {relation} GROUP BY 1) WHERE t IS NOT NULL"
    )
    asked = ", ".join(
        f"coalesce(sum(n) FILTER ({test}), 0), min(t) FILTER ({test})"
        for test in (f"WHERE regexp_full_match(core, {literal(shape)})" for shape in _SHAPES.values())
    )
    dressed = "core <> ltrim(t, '+-')"
    *row, some_dressed = con.execute(f"SELECT {asked}, bool_or({dressed}) FROM number_shapes").fetchone() or ()
    signs: dict[str, int] = {}
    if column.money and some_dressed:
        found = con.execute(
            f"SELECT {sign_sql(mine)} AS sign, sum(n) FROM number_shapes "
            f"WHERE {dressed} AND regexp_full_match(core, {literal(_CORE)}) GROUP BY 1 ORDER BY 2 DESC, 1"
        ).fetchall()
        signs = {str(sign): int(rows) for sign, rows in found if sign}
    percent, bare = 0, 0
    if column.share:
        shares: Any = con.execute(
            "SELECT coalesce(sum(n) FILTER (WHERE ends_with(t, '%')), 0), coalesce(sum(n) FILTER (WHERE NOT "
            "ends_with(t, '%') AND TRY_CAST(t AS DOUBLE) IS DISTINCT FROM 0), 0) FROM number_shapes"
        ).fetchone()
        percent, bare = int(shares[0]), int(shares[1])
    return _Profile(
        dict(zip(_SHAPES, map(int, row[::2]), strict=True)),
        dict(zip(_SHAPES, [str(text or "") for text in row[1::2]], strict=True)),
        signs,
        percent,
        bare,
    )


def read_numbers(
    con: duckdb.DuckDBPyConnection,
    relation: str,
    columns: list[NumberColumn],
    read: ReadOptions,
    where: str,
    currency: str | None,
) -> tuple[dict[str, str], list[Problem]]:
    """Say which sign stands before the decimals of each column, where that is proven, and what is wrong.

    Amounts such as 1,588 that could be read two ways are a problem unless other values of the table settle them. So is a
    currency written beside the amounts that is not `currency`, the study's; None leaves that to others.
    """
    profiles = {column.name: _profile(con, relation, column) for column in columns}
    problems: list[Problem] = []
    settled: dict[str, str] = {}
    for column in columns:
        profile = profiles[column.name]
        others = {other.settled for name, other in profiles.items() if name != column.name} - {""}
        proven = profile.settled or (next(iter(others)) if len(others) == 1 else "")
        if "decimal" in read.model_fields_set or read.thousands is not None:
            proven = read.decimal
        settled[column.name] = proven
        problems += _ambiguous(column, profile, proven, read, f"{where}.{column.name}")
        if column.money and (rows := profile.counts["shortened"]):
            found = translate_count(
                "{count:,} amount is in scientific notation ({example}); digits may be lost.",
                "{count:,} amounts are in scientific notation ({example}); digits may be lost.",
                rows,
                example=profile.examples["shortened"],
            )
            remedy = translate("Widen the column or format it as 0.00 in the spreadsheet, and export it again.")
            problems.append(Problem(f"{where}.{column.name}", found, remedy, rows))
        if profile.percent and profile.bare:
            found = translate(
                "values with a percent sign ({percent:,}) and without one ({bare:,}).",
                percent=profile.percent,
                bare=profile.bare,
            )
            remedy = translate("Write all of them in the same way: 10% or 0.10.")
            problems.append(Problem(f"{where}.{column.name}", found, remedy, profile.bare))
        if currency is not None:
            problems += _foreign(profile.signs, currency, f"{where}.{column.name}")
    return settled, problems


def _ambiguous(column: NumberColumn, profile: _Profile, proven: str, read: ReadOptions, where: str) -> list[Problem]:
    """The refusal of numbers such as 1,588 and 1.588, with the line for each reading."""
    if read.thousands is not None:
        return []
    counts, declared = profile.counts, "decimal" in read.model_fields_set
    two_ways: list[tuple[str, dict[str, str], str]] = []
    commas, points = counts["comma"], counts["point"]
    if commas and not declared and not proven:
        shown = profile.examples["comma"]
        core = _written(shown)
        two_ways = [(shown, {"thousands": ","}, core.replace(",", ""))]
        two_ways.append((shown, {"decimal": ","}, core.replace(",", ".")))
    elif points and column.money and not counts["point_proof"]:
        shown = profile.examples["point"]
        core = _written(shown)
        grouped = (shown, {"decimal": ",", "thousands": "."}, core.replace(".", ""))
        plain = (shown, {"decimal": "."}, core)
        if (declared and read.decimal == ",") or (profile.settled == "," and not declared):
            two_ways = [grouped] if profile.settled == "," else [grouped, plain]
        elif not declared and proven != "." and not counts["whole_thousands"]:
            two_ways = [grouped, plain]
    if not two_ways:
        return []
    rows = commas if commas and not declared and not proven else points
    lines = tuple(
        translate("{line}  # {shown} is {value}", line=read_line(read, **options), shown=shown, value=value)
        for shown, options, value in two_ways
    )
    if len(two_ways) == 1:
        found = translate_count(
            "{count:,} row with points between thousands ({example}).",
            "{count:,} rows with points between thousands ({example}).",
            rows,
            example=two_ways[0][0],
        )
        return [Problem(where, found, translate("Paste this line into the study file:"), rows, lines)]
    found = translate("its numbers could be read two ways ({example}).", example=two_ways[0][0])
    return [Problem(where, found, translate("Paste the correct line into the study file:"), rows, lines)]


def _written(text: str) -> str:
    found = re.search(r"\d[\d.,]*", text)
    return found.group(0) if found else text


def _foreign(signs: dict[str, int], currency: str, where: str) -> list[Problem]:
    """The refusal of amounts that carry another currency than the study's, or several."""
    wrong = {sign: rows for sign, rows in signs.items() if currency not in SIGNS.get(sign, (sign,))}
    if not wrong:
        return []
    rows = sum(wrong.values())
    if len(signs) > 1:
        shown = ", ".join(
            translate("{sign} in {rows:,}", sign=sign, rows=count) for sign, count in list(signs.items())[:5]
        )
        remedy = (
            translate(
                "Add a column 'currency' to the file, and exchange_rates to the study file: how many {currency} "
                "one unit of each is worth, with {line}.",
                currency=currency,
                line=f"{currency}: 1",
            )
            if where.startswith("tables.transactions.")
            else translate("Convert them to {currency}.", currency=currency)
        )
        found = translate("its amounts are in several currencies ({signs} rows).", signs=shown)
        return [Problem(where, found, remedy, rows)]
    sign = next(iter(wrong))
    means = SIGNS.get(sign, (sign,))
    meaning = "" if means == (sign,) else f" ({', '.join(means[:4])}{' …' if len(means) > 4 else ''})"
    remedy = translate(
        "Write {line} in the study file if that is what they are, or convert them to {currency}.",
        line=f"currency: {means[0]}",
        currency=currency,
    )
    found = translate_count(
        "{count:,} row is written in {sign}, the study's currency is {currency}.",
        "{count:,} rows are written in {sign}, the study's currency is {currency}.",
        rows,
        sign=f"{sign}{meaning}",
        currency=currency,
    )
    return [Problem(where, found, remedy, rows)]


# What a number that failed may look like, and the options that would read it.
_LOOKS: tuple[tuple[str, str, dict[str, str]], ...] = (
    (
        r"\d{1,3}(,\d{2,3})*,\d{3}\.\d+|\d{1,3}(,\d{2,3})+,\d{3}",
        translatable("Most look like thousands commas: if they are, write {line}"),
        {"thousands": ",", "decimal": "."},
    ),
    (
        r"\d{1,3}(\.\d{3})+,\d+|\d{1,3}(\.\d{3}){2,}",
        translatable("Most look like decimal commas with points between thousands: if they are, write {line}"),
        {"decimal": ",", "thousands": "."},
    ),
    (
        rf"\d{{1,3}}({_SPACES}\d{{3}})+,\d+",
        translatable("Most look like decimal commas with blanks between thousands: if they are, write {line}"),
        {"decimal": ",", "thousands": " "},
    ),
    (
        r"\d{1,3}(['’]\d{3})+,\d+",
        translatable("Most look like decimal commas with apostrophes between thousands: if they are, write {line}"),
        {"decimal": ",", "thousands": "'"},
    ),
    (
        rf"\d{{1,3}}({_SPACES}\d{{3}})+(\.\d+)?",
        translatable("Most look like blanks between thousands: if they are, write {line}"),
        {"thousands": " "},
    ),
    (
        r"\d{1,3}(['’]\d{3})+(\.\d+)?",
        translatable("Most look like apostrophes between thousands: if they are, write {line}"),
        {"thousands": "'"},
    ),
    (
        r"\d{1,3}(_\d{3})+(\.\d+)?",
        translatable("Most look like underscores between thousands: if they are, write {line}"),
        {"thousands": "_"},
    ),
    (
        r"\d+,\d+",
        translatable("Most look like decimal commas: if they are, write {line}"),
        {"decimal": ","},
    ),
    (
        r"\d+\.\d+",
        translatable("Most look like decimal points: if they are, write {line}"),
        {"decimal": "."},
    ),
)


def advice_on_numbers(
    con: duckdb.DuckDBPyConnection, failed: str, column: NumberColumn, read: ReadOptions, proven: str
) -> str:
    """What most of the texts that are no number look like, with the `read:` line that reads them; empty when unknown.

    `failed` is a query whose column ``t`` holds these texts.
    """
    looks = list(_LOOKS)
    if proven == ".":
        looks[0] = (f"{_COMMA}|{looks[0][0]}", *looks[0][1:])
    elif proven == ",":
        looks[1] = (f"{_POINT}|{looks[1][0]}", *looks[1][1:])
    core = f"ltrim({NumberColumn(column.name, 't').core}, '+-')"
    asked = []
    for look, _, options in looks:
        # Smaller amounts of the same column need no sign between thousands, but the same one before the decimals.
        smaller = rf"\d+[{options.get('decimal', '.')}]\d+"
        asked += [look, f"{look}|{smaller}"]
    counts = ", ".join(f"count(*) FILTER (WHERE regexp_full_match(c, {literal(shape)}))" for shape in asked)
    row: Any = con.execute(f"SELECT count(*), {counts} FROM (SELECT {core} AS c FROM ({failed}))").fetchone()
    for some, all_of_kind, (_, words, options) in zip(row[1::2], row[2::2], looks, strict=True):
        if some and 2 * all_of_kind > row[0]:
            return translate(words, line=read_line(read, **options))
    return ""
