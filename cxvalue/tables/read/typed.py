"""Tables of an engine: its own types are taken as they are, nothing is parsed, and what comes out is what a file gives.

Ids become text, decimals floating-point numbers, moments days in the study's zone, NaN an empty value that is counted as
not finite. A day or a number that is held as text is refused, with the cast to write into a view.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from sys import float_info
from typing import TYPE_CHECKING, Any

import ibis
import ibis.expr.types as ir

from cxvalue.engine.buckets import bucket
from cxvalue.engine.warehouse import row_text
from cxvalue.foundation.errors import BadInput, Problem
from cxvalue.language.catalogue import translatable, translate, translate_count
from cxvalue.language.words import enumerated
from cxvalue.tables.ask import ask
from cxvalue.tables.read.parse import PLACELESS, ParsedTable
from cxvalue.tables.read.schema import CONTRACTS, Column, TableContract
from cxvalue.tables.read.sources import RawTable, map_columns
from cxvalue.tables.read.sql import LINE, ROW, SAME
from cxvalue.tables.read.yes_no import FALSE_WORDS, TRUE_WORDS

if TYPE_CHECKING:
    from cxvalue.engine.warehouse import Warehouse
    from cxvalue.study import StudyFile

FIRST, LAST = date(1, 1, 1), date(9999, 12, 31)
_AMOUNTS = ("revenue", "margin", "discount")
_BUCKETS = 10_000
_NO_NUMBER = translatable("the column {column!r} has the type {type} in the engine, and a number type is needed there.")
_NO_VALUE = translatable("the column {column!r} has the type {type} in the engine, and one value per row is needed.")
_UNFIT = {
    "date": translatable(
        "the column {column!r} has the type {type} in the engine, and a date or timestamp is needed there."
    ),
    "flag": translatable("the column {column!r} has the type {type} in the engine, and it must say yes or no."),
    "id": _NO_VALUE,
    "text": _NO_VALUE,
}


@dataclass(frozen=True, slots=True)
class _TypedSource(RawTable):
    """A table of an engine; its rows have no order there, and are numbered by what they hold."""

    rows: ir.Table | None = None

    def shown(self, con: Any, rows: tuple[int, ...]) -> tuple[str, ...]:
        assert self.rows is not None
        names = [name for name in self.types if name not in self.extra]
        chosen = self.rows.filter(self.rows[ROW].isin(rows)).order_by(ROW).select(*names).to_pyarrow().to_pylist()
        return tuple(
            translate(
                "a row: {values}",
                values=enumerated(f"{name}={'' if row[name] is None else row[name]}" for name in names),
            )
            for row in chosen
        )


def typed_table(
    warehouse: Warehouse, name: str, study: StudyFile, sample: float | None = None
) -> tuple[ParsedTable, ir.Table]:
    """A table of a study's engine under our names, typed, and kept there as it is now.

    With `sample` only the customers of that share of the buckets. Raises `BadInput` for columns that are missing or of a
    type that would have to be parsed, and for amounts in another currency.
    """
    source, contract, where = study.tables[name], CONTRACTS[name], f"tables.{name}"
    found = warehouse.table(str(source.table), where)
    theirs, extra = map_columns(contract, source, tuple(found.columns), where)
    chosen, unparsed, not_finite, notes = _typed_columns(warehouse, found, theirs, study, name)
    marks = {}
    if name == "transactions":
        amounts = {theirs[ours] for ours in _AMOUNTS if ours in theirs}
        others = [found[column] for column in found.columns if column not in amounts] or [ibis.literal("")]
        every = [found[column] for column in found.columns]
        marks = {LINE: warehouse.digest(row_text(every)), SAME: warehouse.digest(row_text(others))}
    flags = {f"__unparsed_{key}": value for key, value in unparsed.items()}
    flags |= {f"__not_finite_{key}": value for key, value in not_finite.items()}
    rows = found.select(**chosen, **flags, **marks)
    if sample is not None and "customer_id" in rows.columns:
        rows = rows.filter(bucket(rows.customer_id, _BUCKETS) < round(sample * _BUCKETS))
    order = [*chosen, *([LINE] if marks else [])]
    numbered = ibis.row_number().over(order_by=[rows[column] for column in order]).cast("int64") + 1
    kept = warehouse.keep(rows.mutate(numbered.name(ROW)))
    raw = _TypedSource(
        name,
        "",
        {ours: _kind(found[column].type()) for ours, column in theirs.items()},
        theirs,
        extra,
        marked=bool(marks),
        rows=kept,
    )
    parsed = ParsedTable(
        raw,
        "",
        tuple(chosen),
        {key: f"__unparsed_{key}" for key in unparsed},
        {key: f"__not_finite_{key}" for key in not_finite},
        notes=notes,
    )
    if name == "offers" and "occasion_id" not in chosen:
        _rungs_once_a_day(kept)
    return _in_the_currency(parsed, kept, study), kept


def _typed_columns(
    warehouse: Warehouse, found: ir.Table, theirs: Mapping[str, str], study: StudyFile, table: str
) -> tuple[dict[str, ir.Value], dict[str, ir.Value], dict[str, ir.Value], tuple[str, ...]]:
    """The columns under our names, where values could not be parsed, where they are not finite, and what is to be said."""
    known = {column.name: column for column in CONTRACTS[table].columns}
    chosen: dict[str, ir.Value] = {}
    unparsed: dict[str, ir.Value] = {}
    not_finite: dict[str, ir.Value] = {}
    problems, notes = [], []
    for ours, column_name in theirs.items():
        column, value = known.get(ours, Column(ours, "id")), found[column_name]
        if (problem := _unfit(column, value, f"tables.{table}.{ours}", column_name)) is not None:
            problems.append(problem)
            continue
        if column.kind in ("id", "text"):
            chosen[ours] = _text(warehouse, value)
        elif column.kind == "date":
            zoned = value.type().is_timestamp() and value.type().timezone is not None
            if zoned and study.time_zone is None:
                notes.append(translate(PLACELESS, table=table, column=ours))
            chosen[ours] = _day(warehouse.local(value, study.time_zone or "UTC") if zoned else value)
        elif column.kind == "flag":
            flag = _flag(warehouse, value)
            chosen[ours], unparsed[ours] = flag, flag.isnull() & value.notnull()
        else:
            number, broken = _number(value)
            not_finite[ours] = broken
            if column.kind == "count":
                fraction = (number != number.floor()).fill_null(False)
                unparsed[ours] = fraction
                number = fraction.ifelse(ibis.null("float64"), number).cast("int64")
            chosen[ours] = number
    if problems:
        raise BadInput(problems)
    return chosen, unparsed, not_finite, tuple(notes)


def _unfit(column: Column, value: Any, where: str, theirs: str) -> Problem | None:
    """A column whose type would have to be parsed."""
    kind = value.type()
    fits = {
        "date": kind.is_date() or kind.is_timestamp(),
        "number": kind.is_numeric(),
        "count": kind.is_numeric(),
        "flag": kind.is_boolean() or kind.is_integer() or kind.is_string(),
    }.get(column.kind, not (kind.is_nested() or kind.is_binary()))
    if fits:
        return None
    found = translate(_UNFIT.get(column.kind, _NO_NUMBER), column=theirs, type=_kind(kind).lower())
    if column.kind in ("id", "text"):
        remedy = translate("Make a view with a part of {column}, and name the view as the table.", column=theirs)
    elif column.kind == "date":
        remedy = translate(
            "Make a view with {cast}, or {other}, and name the view as the table.",
            cast=f"CAST({theirs} AS DATE)",
            other=f"to_date({theirs}, 'YYYY-MM-DD')",
        )
    else:
        cast = f"CAST({theirs} AS {'BOOLEAN' if column.kind == 'flag' else 'NUMERIC'})"
        remedy = translate("Make a view with {cast}, and name the view as the table.", cast=cast)
    return Problem(where, found, remedy)


def _text(warehouse: Warehouse, value: Any) -> Any:
    """A value as trimmed text, empty text as none; a whole number is written without its '.0'."""
    kind = value.type()
    if kind.is_floating() or kind.is_decimal():
        known, _ = _number(value)
        whole = (known == known.floor()) & (known.abs() < 1e18)
        return known.isnull().ifelse(
            ibis.null("string"), ibis.cases((whole, _whole(warehouse, value, whole)), else_=value.cast("string"))
        )
    text = warehouse.trimmed(value.cast("string"))
    return text.nullif("")


def _whole(warehouse: Warehouse, value: Any, whole: Any) -> Any:
    return warehouse.whole(whole.ifelse(value, ibis.null(value.type())))


def _day(value: Any) -> Any:
    """The day of a date or a moment; what lies beyond the calendar (an infinite one) is its first or last day."""
    day = value.cast("date")
    late, early = ibis.literal(LAST), ibis.literal(FIRST)
    return ibis.cases((day > late, late), (day < early, early), else_=day)


def _number(value: Any) -> tuple[Any, Any]:
    """A number without NaN and infinity, and whether it was one of them."""
    number = value.cast("float64")
    if value.type().is_integer():
        return number, ibis.literal(False)
    # Put as a comparison: what ibis makes of isinf for Spark is never true.
    broken = (number.isnan() | (number.abs() > float_info.max)).fill_null(False)
    return broken.ifelse(ibis.null("float64"), number), broken


def _flag(warehouse: Warehouse, value: Any) -> Any:
    if value.type().is_boolean():
        return value
    word = warehouse.trimmed(value.cast("string")).lower()
    return ibis.cases((word.isin(TRUE_WORDS), True), (word.isin(FALSE_WORDS), False), else_=ibis.null("boolean"))


def _kind(kind: Any) -> str:
    """A type as the embedded engine names it."""
    for test, name in (
        (kind.is_floating(), "DOUBLE"),
        (kind.is_decimal(), "DECIMAL"),
        (kind.is_integer(), "BIGINT"),
        (kind.is_boolean(), "BOOLEAN"),
        (kind.is_date(), "DATE"),
        (kind.is_timestamp(), "TIMESTAMP"),
        (kind.is_string(), "VARCHAR"),
    ):
        if test:
            return name
    return str(kind).upper()


def _rungs_once_a_day(offers: ir.Table) -> None:
    """Refuse offers whose order would have to tell the occasions of a day apart: rows have none in an engine."""
    each = offers.group_by(["customer_id", "date", "rung"]).agg(n=offers.count())
    twice = ask(each.aggregate(twice=each.count(where=each.n > 1)))["twice"]
    if twice:
        found = translate_count(
            "{count:,} rung was offered twice to one customer on one day, and rows have no order in an engine.",
            "{count:,} rungs were offered twice to one customer on one day, and rows have no order in an engine.",
            twice,
        )
        remedy = translate("Map an occasion_id, which says which offers belong together.")
        raise BadInput([Problem("tables.offers", found, remedy, twice)])


def _in_the_currency(parsed: ParsedTable, rows: ir.Table, study: StudyFile) -> ParsedTable:
    """The table without its currency, which must be the study's in every row."""
    contract: TableContract = parsed.raw.contract
    if "currency" not in parsed.columns:
        return parsed
    code = rows.currency.upper()
    asked = ask(
        rows.aggregate(
            foreign=rows.count(where=(code != study.currency).fill_null(False)),
            empty=rows.count(where=code.isnull()),
            some=code.max(where=code != study.currency),
        )
    )
    if asked["foreign"]:
        found = translate_count(
            "{count:,} row is in {found!r}, the study's currency is {currency}.",
            "{count:,} rows are in {found!r} or others, the study's currency is {currency}.",
            asked["foreign"],
            found=asked["some"],
            currency=study.currency,
        )
        remedy = translate("Make a view with the amounts in one currency, and name the view as the table.")
        raise BadInput([Problem(f"tables.{parsed.raw.name}.currency", found, remedy, asked["foreign"])])
    if contract.extra_columns:
        return parsed
    return replace(parsed, columns=tuple(name for name in parsed.columns if name != "currency"))
