"""Amounts in several currencies, counted in the study's: at one rate each, or at the latest rate on or before the day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from cxvalue.foundation.errors import BadInput, Problem
from cxvalue.language.catalogue import translatable, translate, translate_count
from cxvalue.language.words import enumerated
from cxvalue.study import StudyFile, TableSource
from cxvalue.study.currencies import CODES, SIGNS
from cxvalue.tables.cautions import Caution
from cxvalue.tables.read.numerals import MONEY, NumberColumn, sign_sql
from cxvalue.tables.read.parse import ParsedTable, parse_table
from cxvalue.tables.read.schema import Column, TableContract
from cxvalue.tables.read.sources import read_table
from cxvalue.tables.read.sql import ROW, literal, quoted

_RATES = TableContract(
    "exchange_rates",
    translatable("the rate of a currency from a day on"),
    (
        Column("currency", "text", required=True),
        Column("date", "date", required=True),
        Column("rate", "number", required=True),
    ),
)
_FEW = 5


def in_one_currency(
    con: duckdb.DuckDBPyConnection, parsed: ParsedTable, study: StudyFile, scratch: Path
) -> tuple[ParsedTable, list[Caution]]:
    """Convert the amounts of a table that says in which currency each row is; a table that does not is left as it is.

    Raises `BadInput` where a row names no currency beside others that do, where a currency has no rate, or where an amount
    carries the sign of another one.
    """
    if "currency" not in parsed.columns:
        return parsed, []
    own, where = study.currency, f"tables.{parsed.raw.name}.currency"
    code = _code(own)
    found: dict[str | None, int] = dict(
        con.execute(f"SELECT {code}, count(*) FROM {parsed.relation} GROUP BY 1 ORDER BY 2 DESC, 1").fetchall()
    )
    foreign = {str(name): rows for name, rows in found.items() if name not in (None, own)}
    problems = _signs_that_differ(con, parsed, own, where)
    if found.get(None) and foreign:
        empty = con.execute(f"SELECT {ROW} FROM {parsed.relation} WHERE {code} IS NULL ORDER BY 1 LIMIT 3").fetchall()
        some = translate_count(
            "{count:,} row without a currency, the others have {currencies}.",
            "{count:,} rows without a currency, the others have {currencies}.",
            found[None],
            currencies=_listed(found),
        )
        shown = parsed.raw.shown(con, tuple(row[0] for row in empty))
        problems.append(Problem(where, some, translate("Fill it in for every row."), found[None], shown))
    rates = study.exchange_rates
    if foreign and not isinstance(rates, TableSource):
        problems += _without_rate(foreign, found, rates or {}, own, where)
    if problems:
        raise BadInput(problems)
    kept = parsed if parsed.raw.contract.extra_columns else _without_currency(parsed)
    if not foreign:
        return kept, []
    target = f"{parsed.relation}_converted"
    amounts = [name for name in parsed.columns if name in MONEY]
    if isinstance(rates, TableSource):
        how = _convert_by_day(con, parsed, rates, study, scratch, target, amounts)
    else:
        known = {**(rates or {}), own: 1.0}
        rate = "CASE " + " ".join(f"WHEN {code} = {literal(name)} THEN {value!r}" for name, value in known.items())
        _converted(con, target, f"(SELECT *, {rate} ELSE 1 END AS __rate__ FROM {parsed.relation})", amounts)
        each = [
            translate("{rows:,} from {currency} at {rate:g}", rows=rows, currency=name, rate=known[name])
            for name, rows in foreign.items()
        ]
        how = translate("{amounts}; one rate for the whole time", amounts=enumerated(each))
    rows, total = sum(foreign.values()), sum(found.values())
    text = translate(
        "{rows:,} of {total:,} rows of '{table}' were converted to {currency}: {how}.",
        rows=rows,
        total=total,
        table=parsed.raw.name,
        currency=own,
        how=how,
    )
    caution = Caution("currency", parsed.raw.name, "currency", rows, rows / total, text)
    return replace(kept, relation=target), [caution]


def _code(own: str) -> str:
    """The SQL of a row's currency as a code; a sign stands for its one currency, or for the study's where it may."""
    text = "upper(trim(currency))"
    signs = {
        sign: own if own in codes else codes[0] for sign, codes in SIGNS.items() if own in codes or len(codes) == 1
    }
    cases = " ".join(f"WHEN {literal(sign)} THEN {literal(code)}" for sign, code in signs.items())
    return f"(CASE {text} {cases} ELSE {text} END)"


def _without_currency(parsed: ParsedTable) -> ParsedTable:
    return replace(parsed, columns=tuple(name for name in parsed.columns if name != "currency"))


def _listed(found: Mapping[str | None, int]) -> str:
    """The currencies with their rows, the most frequent first."""
    named = {name: rows for name, rows in found.items() if name is not None}
    shown = enumerated(f"{name} ({rows:,})" for name, rows in list(named.items())[:_FEW])
    more = len(named) - _FEW
    return translate("{some} and {more:,} more", some=shown, more=more) if more > 0 else shown


def _without_rate(
    foreign: Mapping[str, int], found: Mapping[str | None, int], rates: Mapping[str, float], own: str, where: str
) -> list[Problem]:
    lacking = [name for name in foreign if name not in rates]
    if not lacking:
        return []
    wanted = ", ".join([f"{own}: 1", *(f"{name}: {rates[name]:g}" for name in foreign if name in rates)])
    wanted += "".join(f", {name}: …" for name in lacking[:_FEW])
    remedy = translate(
        "Give in the study file how many {currency} one of each is worth: {line}.",
        currency=own,
        line=f"exchange_rates: {{{wanted}}}",
    )
    rows = sum(foreign[name] for name in lacking)
    if unknown := [name for name in lacking if name not in CODES]:
        listed = enumerated(map(repr, unknown[:_FEW]))
        remedy = translate("Write the three letters of each currency instead of {signs}.", signs=listed)
    if len(found) == 1:
        if lacking[0] in CODES:
            line = f"currency: {lacking[0]}"
            remedy = translate("Write {line} in the study file. Or: {remedy}", line=line, remedy=remedy)
        said = translate("all rows are in {found}, the study's currency is {currency}.", found=lacking[0], currency=own)
        return [Problem(where, said, remedy, rows)]
    said = translate("the rows are in several currencies: {currencies}.", currencies=_listed(found))
    return [Problem(where, said, remedy, rows)]


def _signs_that_differ(con: duckdb.DuckDBPyConnection, parsed: ParsedTable, own: str, where: str) -> list[Problem]:
    """Amounts such as $5 on a row that says EUR."""
    problems = []
    for name in [name for name in parsed.columns if name in MONEY and parsed.raw.types[name] == "VARCHAR"]:
        sign = sign_sql(NumberColumn(name, quoted(name)))
        pairs = con.execute(
            f"SELECT {_code(own)} AS code, sign, count(*), list({ROW} ORDER BY {ROW})[1:3] FROM {parsed.relation} "
            f"JOIN (SELECT {ROW}, {sign} AS sign FROM {parsed.raw.relation}) USING ({ROW}) WHERE sign <> '' GROUP BY 1, 2"
        ).fetchall()
        wrong = [pair for pair in pairs if (pair[0] or own) not in SIGNS.get(pair[1], (pair[1],))]
        if wrong:
            code, written, _, places = wrong[0]
            rows = sum(pair[2] for pair in wrong)
            found = translate_count(
                "{count:,} row with another currency in '{column}' ({sign} where the row says {currency}).",
                "{count:,} rows with another currency in '{column}' ({sign} where the row says {currency}).",
                rows,
                column=name,
                sign=written,
                currency=code or own,
            )
            shown = parsed.raw.shown(con, tuple(places))
            problems.append(Problem(where, found, translate("Correct one of the two."), rows, shown))
    return problems


def _converted(con: duckdb.DuckDBPyConnection, target: str, source: str, amounts: list[str]) -> None:
    changed = ", ".join(f"{quoted(name)} * __rate__ AS {quoted(name)}" for name in amounts)
    replaced = f" REPLACE ({changed})" if amounts else ""
    con.execute(f"CREATE OR REPLACE TEMP TABLE {target} AS SELECT * EXCLUDE (__rate__){replaced} FROM {source}")


def _convert_by_day(
    con: duckdb.DuckDBPyConnection,
    parsed: ParsedTable,
    source: TableSource,
    study: StudyFile,
    scratch: Path,
    target: str,
    amounts: list[str],
) -> str:
    """Convert at the latest rate on or before each row's day; returns in words at which rates."""
    own, day = study.currency, parsed.raw.contract.event
    if day is None or day not in parsed.columns:
        found = translate("has no date, but exchange_rates of '{table}' are given by day.", table=parsed.raw.name)
        raise BadInput.at(f"tables.{parsed.raw.name}", found, translate("Give one rate for each currency."))
    rates = _rates_by_day(con, source, study, scratch)
    code = _code(own)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {target}_rated AS SELECT * EXCLUDE (rate_code, rate_day, rate), CASE WHEN "
        f"row_code IS NULL OR row_code = {literal(own)} OR {quoted(day)} IS NULL THEN 1.0 ELSE rate END AS __rate__ FROM "
        f"(SELECT *, {code} AS row_code FROM {parsed.relation}) AS t ASOF LEFT JOIN {rates} AS r ON t.row_code = "
        f"r.rate_code AND t.{quoted(day)} >= r.rate_day"
    )
    early = con.execute(
        f"SELECT row_code, count(*), min({quoted(day)}), (SELECT min(rate_day) FROM {rates} WHERE rate_code = row_code) "
        f"FROM {target}_rated WHERE __rate__ IS NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {_FEW}"
    ).fetchall()
    if early:
        raise BadInput([_no_rate(*one) for one in early])
    used = con.execute(
        f"SELECT row_code, count(*), min(__rate__), max(__rate__) FROM {target}_rated WHERE row_code <> {literal(own)} "
        "GROUP BY 1 ORDER BY 2 DESC, 1"
    ).fetchall()
    _converted(con, target, f"(SELECT * EXCLUDE (row_code) FROM {target}_rated)", amounts)
    con.execute(f"DROP TABLE {target}_rated")
    said = [
        translate("{rows:,} from {currency} at {rate:g}", rows=rows, currency=name, rate=a)
        if a == b
        else translate("{rows:,} from {currency} at {low:g} to {high:g}", rows=rows, currency=name, low=a, high=b)
        for name, rows, a, b in used
    ]
    return translate("{amounts}, each at the latest rate on or before its day", amounts=enumerated(said))


def _no_rate(name: str, rows: int, first: date, begins: date | None) -> Problem:
    """The refusal of rows of a currency before its first rate; `begins` is the day of that, None where there is none."""
    found = (
        translate_count(
            "{count:,} row in {currency} from {day} on without a rate: the first is of {begins}.",
            "{count:,} rows in {currency} from {day} on without a rate: the first is of {begins}.",
            rows,
            currency=name,
            day=first,
            begins=begins,
        )
        if begins
        else translate_count(
            "{count:,} row in {currency} from {day} on without a rate: it is not among the rates.",
            "{count:,} rows in {currency} from {day} on without a rate: it is not among the rates.",
            rows,
            currency=name,
            day=first,
        )
    )
    remedy = translate("Add a rate of {currency} for {day} or before.", currency=name, day=first)
    return Problem("exchange_rates", found, remedy, rows)


def _rates_by_day(con: duckdb.DuckDBPyConnection, source: TableSource, study: StudyFile, scratch: Path) -> str:
    """The relation of the rates: rate_code, rate_day and rate; raises `BadInput` for all that is wrong in them."""
    raw = read_table(con, _RATES.name, source, study.folder, scratch, study.time_zone, _RATES)
    parsed = parse_table(con, raw, None, study.time_zone)
    bad = [f"{quoted(flag)}" for flag in (*parsed.unparsed.values(), *parsed.not_finite.values())]
    wrong = " OR ".join([*bad, "currency IS NULL", "date IS NULL", "rate IS NULL", "rate <= 0"])
    rows = con.execute(f"SELECT {ROW} FROM {parsed.relation} WHERE {wrong} ORDER BY 1").fetchall()
    problems = []
    if rows:
        found = translate_count(
            "{count:,} row without a currency, a date or a rate above 0.",
            "{count:,} rows without a currency, a date or a rate above 0.",
            len(rows),
        )
        remedy = "; ".join(sorted({text for text in parsed.advice.values() if text})) or translate("Correct them.")
        shown = raw.shown(con, tuple(row[0] for row in rows[:3]))
        problems.append(Problem(_RATES.name, found, remedy, len(rows), shown))
    relation = "rates_by_day"
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {relation} AS SELECT {_code(study.currency)} AS rate_code, date AS rate_day, "
        f"min(rate) AS rate, max(rate) AS highest FROM {parsed.relation} GROUP BY 1, 2"
    )
    twice: Any = con.execute(
        f"SELECT count(*), min(rate_code || ' ' || rate_day) FROM {relation} WHERE rate <> highest"
    ).fetchone()
    if twice[0]:
        code, _, day = str(twice[1]).partition(" ")
        found = translate_count(
            "two rates of one currency on one day, {count:,} time ({currency} on {day}).",
            "two rates of one currency on one day, {count:,} times (such as {currency} on {day}).",
            int(twice[0]),
            currency=code,
            day=day,
        )
        problems.append(Problem(_RATES.name, found, translate("Keep one a day."), int(twice[0])))
    if problems:
        raise BadInput(problems)
    con.execute(f"ALTER TABLE {relation} DROP COLUMN highest")
    return relation
