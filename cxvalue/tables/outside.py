"""A ledger held in memory or in an engine, as typed columns: the door for people who bring their own table."""

from __future__ import annotations

from sys import float_info
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from cxvalue.engine.embedded import connect
from cxvalue.foundation.errors import BadInput, Problem, nearest
from cxvalue.language.catalogue import translatable, translate, translate_count
from cxvalue.language.words import enumerated
from cxvalue.tables.checks.ids import SPOILT
from cxvalue.tables.checks.rules import conflicting_orders
from cxvalue.tables.ledger import count_rows
from cxvalue.tables.read.moments import local_moment
from cxvalue.tables.read.sql import LINE

_REQUIRED = ("customer_id", "date", "revenue")
_AMOUNTS = ("revenue", "margin", "discount")
_NUMBER = r"^\s*[+-]?([0-9]{1,200}\.?[0-9]{0,200}|\.[0-9]{1,200})([eE][+-]?[0-9]{1,2})?\s*$"
"""A text that every engine can take for a number; some of them stop at any other, and some make 0 of it."""
_NO_AMOUNT = ("nan", "inf", "+inf", "-inf", "infinity", "+infinity", "-infinity")
"""Texts that are a number in floating point and no amount: they are missing."""
_ROUNDED, _ROWS = "__rounded__", "__rows__"
_DIGITS_KEPT = 17
"""From so many digits on a whole number in floating point may stand for several."""
_OPTIONAL = ("margin", "order_id", "product", "discount", "channel")
_LACKING = {
    "customer_id": translatable("{rows:,} row(s) with no customer."),
    "date": translatable("{rows:,} row(s) with no date."),
    "revenue": translatable("{rows:,} row(s) with no finite amount."),
    "margin": translatable("{rows:,} row(s) with no finite amount."),
}
"""What is said of rows that lack what they need, by the column."""


def ledger_of(transactions: Any) -> ir.Table:
    """Make a typed ledger of a pandas, polars, arrow or ibis table; raises `BadInput` with all that is wrong in it.

    Ids become text (a whole number held as a float loses its '.0'), dates lose their time of day, NaN becomes missing. A
    moment with a time zone is the day of that zone.
    """
    table = transactions if isinstance(transactions, ir.Table) else _in_engine(transactions)
    problems = [
        Problem("transactions", translate("has no column {column!r}.", column=name), nearest(name, table.columns))
        for name in _REQUIRED
        if name not in table.columns
    ]
    if problems:
        raise BadInput(problems)
    kept = [name for name in (*_REQUIRED, *_OPTIONAL) if name in table.columns]
    if "currency" in table.columns:
        codes = table.select("currency").distinct().order_by("currency").limit(6).to_pyarrow().column("currency")
        if len(codes) > 1:
            some = enumerated(str(code) for code in codes.to_pylist()[:5])
            found = translate("contains several currencies: {codes}.", codes=some)
            raise BadInput.at("transactions.currency", found, translate("Convert the amounts to one first."))
    if "order_id" in kept and set(table.columns) > set(kept):
        # Lines of an order are one only when they are equal in every column, whether it is used or not.
        ordered = table.filter(table.order_id.notnull()).distinct()
        table = ordered.union(table.filter(table.order_id.isnull())).mutate(ibis.row_number().name(LINE))
    if not (table.date.type().is_date() or table.date.type().is_timestamp()):
        found = translate("contains {kind} values, not dates.", kind=str(table.date.type()))
        remedy = translate("Convert it first, for example with pandas.to_datetime(…, format=…).")
        raise BadInput.at("transactions.date", found, remedy)
    amounts = [name for name in _AMOUNTS if name in kept]
    problems = [problem for name in amounts if (problem := _no_amount(table, name))]
    if problems:
        raise BadInput(problems)
    marks = [LINE] if LINE in table.columns else []
    typed = table.select(*marks, **{name: _typed(table[name], name) for name in kept})
    ledger = typed.mutate(**{name: _finite(typed[name]) for name in amounts})
    problems = _lacking(table, ledger)
    if not problems and "order_id" in kept:
        problems = _conflicts(ledger)
    if problems:
        raise BadInput(problems)
    return ledger


def _lacking(table: ir.Table, ledger: ir.Table) -> list[Problem]:
    """Rows of a ledger that lack what they need, and ids of the table it was made of that a number did not keep."""
    asked = [ledger[name].isnull().ifelse(1, 0).sum().name(name) for name in _REQUIRED]
    # A margin of some rows only would be divided by the revenue of all.
    margins = ledger.margin.isnull().ifelse(1, 0).sum() if "margin" in ledger.columns else ibis.literal(0)
    counts = [*asked, margins.name("margin"), ledger.count().name(_ROWS), _rounded(table, ledger).name(_ROUNDED)]
    wrong = ledger.aggregate(counts).to_pyarrow().to_pylist()[0]
    rounded = int(wrong.pop(_ROUNDED) or 0)
    if wrong["margin"] == wrong.pop(_ROWS):  # no margin at all is none, and the rate is asked for elsewhere
        wrong.pop("margin")
    remedy = translate("Fill them in or drop them.")
    problems = [
        Problem(f"transactions.{name}", translate(_LACKING[name], rows=int(count)), remedy, int(count))
        for name, count in wrong.items()
        if count
    ]
    if rounded:
        found = translate(
            "{rows:,} row(s) with an id in scientific notation or with more digits than a number keeps.", rows=rounded
        )
        remedy = translate(
            "Different customers became one: read the ids as text from the start, such as {line}.",
            line="dtype={'customer_id': str}",
        )
        problems.append(Problem("transactions.customer_id", found, remedy, rounded))
    return problems


def _conflicts(ledger: ir.Table) -> list[Problem]:
    """Orders of several customers or days."""
    orders = conflicting_orders(ledger)
    count = count_rows(orders)
    if not count:
        return []
    shown = orders.order_by("order_id").limit(3).to_pyarrow().column("order_id").to_pylist()
    found = translate("{orders:,} order(s) whose rows name different customers or days.", orders=count)
    remedy = translate("An order belongs to one customer and one day; give each order its own id.")
    return [Problem("transactions.order_id", found, remedy, count, tuple(map(str, shown)))]


def _no_amount(table: ir.Table, name: str) -> Problem | None:
    """What is wrong with a column of amounts of which some are no numbers; None for one of numbers, written or not."""
    value = table[name]
    kind = value.type()
    if kind.is_numeric() or kind.is_null():
        return None
    remedy = translate("Convert it first, for example with pandas.to_numeric(…).")
    if not kind.is_string():
        return Problem(f"transactions.{name}", translate("holds {kind} values, not amounts.", kind=str(kind)), remedy)
    bad = table.filter(value.notnull() & ~value.re_search(_NUMBER) & ~value.strip().lower().isin(_NO_AMOUNT))
    count = count_rows(bad)
    if not count:
        return None
    examples = bad.select(name).distinct().order_by(name).limit(3).to_pyarrow().column(name).to_pylist()
    found = translate_count(
        "{count:,} row with a text that is no number.", "{count:,} rows with a text that is no number.", count
    )
    return Problem(f"transactions.{name}", found, remedy, count, tuple(examples))


def _rounded(table: ir.Table, ledger: ir.Table) -> Any:
    """How many ids a spreadsheet or a floating point number has rounded."""
    if table.customer_id.type().is_floating():
        test = ledger.customer_id.length() >= _DIGITS_KEPT + ledger.customer_id.startswith("-").ifelse(1, 0)
    else:
        # Looking for a sign first is many times quicker than a pattern on every row.
        test = ledger.customer_id.contains("+") & ledger.customer_id.re_search(SPOILT)
    return test.fill_null(False).ifelse(1, 0).sum()


def _typed(value: Any, name: str) -> Any:
    kind = value.type()
    if name == "date":
        return value.date() if kind.is_timestamp() else value
    if name in _AMOUNTS:
        number = value.cast("float64")
        return number.isnan().ifelse(ibis.null("float64"), number)
    if kind.is_floating() or kind.is_decimal():
        known = value.cast("float64").isnan().ifelse(ibis.null("int64"), value.round().cast("int64"))
        whole = (known.cast("float64") == value.cast("float64")).fill_null(False)
        return whole.ifelse(known.cast("string"), value.cast("string")).nullif("nan")
    return value.cast("string").nullif("")


def _finite(value: Any) -> Any:
    # Put as a comparison: what ibis makes of isinf for Spark is never true.
    return (value.abs() > float_info.max).ifelse(ibis.null("float64"), value)


def _arrow_of(frame: Any) -> Any:
    """A pandas table as arrow: the columns that are used, and where there are orders the others, which tell lines apart."""
    _named_once(frame.columns, "transactions")
    used = [name for name in (*_REQUIRED, *_OPTIONAL, "currency") if name in frame.columns] or list(frame.columns)
    others = [name for name in frame.columns if "order_id" in used and name not in used]
    return pa.table({str(name): _column_of(frame[name]) for name in [*used, *others]})


def _named_once(names: Any, where: str) -> None:
    """Refuse a table of which several columns have one name: none of them is more the one that is meant."""
    names = [str(name) for name in names]
    doubled = list(dict.fromkeys(name for name in names if names.count(name) > 1))
    if doubled:
        found = translate("has several columns of the same name: {columns}.", columns=enumerated(map(repr, doubled)))
        raise BadInput.at(where, found, translate("Give each column its own name."))


def _column_of(values: Any) -> Any:
    """A pandas column as arrow: periods as the day on which they begin, values of several types as text."""
    if getattr(values.dtype, "name", "").startswith("period"):
        values = values.dt.to_timestamp()
    try:
        column = pa.array(values, from_pandas=True)
    except pa.ArrowException:
        column = None
    if column is None or isinstance(column.type, pa.ExtensionType) or pa.types.is_duration(column.type):
        missing = values.isna()
        column = pa.array(
            [None if none else str(value) for value, none in zip(values, missing, strict=True)], pa.string()
        )
    return column


def _in_engine(frame: Any) -> ir.Table:
    if hasattr(frame, "to_arrow"):  # polars
        frame = frame.to_arrow()
    elif not isinstance(frame, (pa.Table, pa.RecordBatch)) and hasattr(frame, "columns") and hasattr(frame, "iloc"):
        frame = _arrow_of(_as_written(frame))
    if not isinstance(frame, (pa.Table, pa.RecordBatch)):
        found = translate("is a {kind}.", kind=type(frame).__name__)
        raise BadInput.at("transactions", found, translate("Give a pandas, polars, arrow or ibis table."))
    _named_once(frame.schema.names, "transactions")
    if not frame.num_columns:
        raise BadInput.at("transactions", translate("has no rows."))
    columns, zone = {}, None
    for name, column in zip(frame.schema.names, frame.columns, strict=True):
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        elif pa.types.is_null(column.type):
            column = column.cast(pa.string())
        columns[name] = column
        if name == "date" and pa.types.is_timestamp(column.type):
            zone = column.type.tz
    engine = connect()
    table = engine.create_table("transactions", pa.table(columns), temp=True)
    if zone is None:
        return table
    return engine.sql(f'SELECT * REPLACE ({local_moment("date", zone)} AS "date") FROM transactions')


def _as_written(frame: Any) -> Any:
    """A pandas frame whose dates, where they are objects of several time zones, are what each of them shows."""
    if "date" not in frame.columns or frame["date"].dtype != object:
        return frame
    shown = [one.replace(tzinfo=None) if getattr(one, "tzinfo", None) is not None else one for one in frame["date"]]
    return frame.assign(date=shown)


def arrow_of(frame: Any, where: str) -> Any:
    """A pandas, polars or arrow table as arrow, columns of several types as text; None where it is no table.

    Raises `BadInput` at `where` for columns of the same name.
    """
    if hasattr(frame, "to_arrow"):
        return frame.to_arrow()
    if isinstance(frame, pa.RecordBatch):
        frame = pa.Table.from_batches([frame])
    if isinstance(frame, pa.Table):
        _named_once(frame.column_names, where)
        return frame
    if not (hasattr(frame, "columns") and hasattr(frame, "iloc")):
        return None
    _named_once(frame.columns, where)
    return pa.table({str(name): _column_of(frame[name]) for name in frame.columns})
