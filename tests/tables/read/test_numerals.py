"""Numbers as people write them: dressed amounts, currencies, percent signs, and what could be read two ways."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from cxvalue.study import ReadOptions
from cxvalue.tables.read.numerals import NumberColumn, number_sql, sign_sql
from tests.tables.helpers import as_read, ledger, load, problems, rows


def _read(text: str, column: str = "revenue", **read: Any) -> tuple[float | None, str]:
    one = NumberColumn(column, "t")
    sql = f"SELECT {number_sql(one, ReadOptions(**read))}, {sign_sql(one)} FROM (SELECT ?::VARCHAR AS t)"
    value, sign = duckdb.connect().execute(sql, [text]).fetchall()[0]
    return value, sign


@pytest.mark.parametrize(
    ("text", "value", "sign"),
    [
        ("(12.27)", -12.27, ""),
        ("( 12.27 )", -12.27, ""),
        ("\\1200", 1200.0, "\\"),
        ("12.27-", -12.27, ""),
        ("- 12.27", -12.27, ""),
        ("\u221212.27", -12.27, ""),
        ("\u201312.27", -12.27, ""),
        ("+5", 5.0, ""),
        ("$1", 1.0, "$"),
        ("-$1.50", -1.5, "$"),
        ("$-1.50", -1.5, "$"),
        ("($1.50)", -1.5, "$"),
        ("$(1.50)", -1.5, "$"),
        ("1.00 \u20ac", 1.0, "\u20ac"),
        ("1.00\u00a0\u20ac", 1.0, "\u20ac"),
        ("(1.50) \u20ac", -1.5, "\u20ac"),
        ("1.50- EUR", -1.5, "EUR"),
        ("1.50 EUR-", -1.5, "EUR"),
        ("EUR 12.50", 12.5, "EUR"),
        ("\u00a33", 3.0, "\u00a3"),
        ("\u00a5 1588", 1588.0, "\u00a5"),
        ("US$ 7", 7.0, "US$"),
        ("5 KRW", 5.0, "KRW"),
        ("5 kr", 5.0, "KR"),
        ("5 руб.", 5.0, "РУБ."),
        ("5 грн", 5.0, "ГРН"),
        ("1e3", 1000.0, ""),
    ],
)
def test_dressed_amounts_are_read(text: str, value: float, sign: str) -> None:
    assert _read(text) == (value, sign)


@pytest.mark.parametrize(
    "text", ["12,-", "12.-", "(-12)", "-(12)", "--5", "+-5", "(12", "12)", "12 pcs", "$5 EUR", "1-2"]
)
def test_what_only_looks_like_a_dressed_amount_is_none(text: str) -> None:
    assert _read(text)[0] is None


def test_dress_goes_with_the_declared_signs() -> None:
    assert _read("1.234,56 \u20ac", decimal=",", thousands=".") == (1234.56, "\u20ac")
    assert _read("(1,234.56)", thousands=",")[0] == -1234.56
    assert _read("1\u2019234.50", thousands="'")[0] == 1234.5
    assert _read("-1\u202f234,50", decimal=",", thousands=" ")[0] == -1234.5


def test_only_money_carries_a_currency_and_only_a_share_a_percent_sign() -> None:
    assert _read("10%", "depth")[0] == pytest.approx(0.1)
    assert _read("7,5 %", "offer_depth", decimal=",")[0] == pytest.approx(0.075)
    assert _read("0.1", "depth")[0] == 0.1
    assert _read("10%", "revenue")[0] is None
    assert _read("$5", "score")[0] is None
    assert _read("(5)", "score")[0] is None
    assert _read("\u22125", "score")[0] == -5.0


def test_negative_amounts_in_parentheses_are_refunds(tmp_path: Path) -> None:
    written = ["1,2025-01-05,40.00", "1,2025-01-09,(40.00)", "2,2025-01-05,30.00", "2,2025-02-05,12.50-"]
    assert rows(load(tmp_path, ledger(*written))) == [("2", "2025-01-05", 17.5)]


def _lines(message: str) -> list[dict[str, Any]]:
    """The `read:` lines of a message as a study file would hold them, comments and all."""
    return [yaml.safe_load(line)["read"] for line in message.splitlines() if line.strip().startswith("read:")]


def _source(folder: Path, header: str, *lines: str, read: dict[str, Any] | None = None) -> dict[str, Any]:
    (folder / "n.csv").write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return {"transactions": {"path": "n.csv", "read": read or {}}}


HEAD = "customer_id;date;revenue"


def test_thousands_or_decimals_is_asked_with_a_line_for_each(tmp_path: Path) -> None:
    lines = ["1;2025-01-05;1,588", "2;2025-01-06;950"]
    message = problems(tmp_path, _source(tmp_path, HEAD, *lines))
    assert "tables.transactions.revenue: its numbers could be read two ways (1,588)." in message
    assert 'read: {thousands: ","}  # 1,588 is 1588' in message
    assert 'read: {decimal: ","}  # 1,588 is 1.588' in message
    grouped, plain = _lines(message)
    assert [row[2] for row in as_read(tmp_path, _source(tmp_path, HEAD, *lines, read=grouped))] == [1588.0, 950.0]
    assert [row[2] for row in as_read(tmp_path, _source(tmp_path, HEAD, *lines, read=plain))] == [1.588, 950.0]


@pytest.mark.parametrize("first", ["1.588", "$1.588", "(1.588)"])
def test_points_before_three_digits_are_asked_too(tmp_path: Path, first: str) -> None:
    lines = [f"1;2025-01-05;{first}", "2;2025-01-06;950"]
    settings = {"currency": "USD"} if "$" in first else {}
    message = problems(tmp_path, _source(tmp_path, HEAD, *lines), **settings)
    assert f"its numbers could be read two ways ({first})." in message
    grouped, plain = _lines(message)
    assert grouped == {"decimal": ",", "thousands": "."}
    assert plain == {"decimal": "."}
    assert _read(first, **grouped)[0] in (1588.0, -1588.0)
    assert _read(first, **plain)[0] in (1.588, -1.588)
    assert "could be read" not in str(_refusal(tmp_path, _source(tmp_path, HEAD, *lines, read=plain), **settings))


def _refusal(folder: Path, tables: dict[str, Any], **settings: Any) -> str:
    """What is said, or an empty text where the study is sound."""
    from cxvalue.foundation.errors import BadInput

    try:
        load(folder, tables, **settings)
    except BadInput as error:
        return str(error)
    return ""


@pytest.mark.parametrize("other", ["1.5", "12.34", "0.588", "1.58800", "1588", "1588.250", "1,588.20", "1,588,000"])
def test_one_value_proves_that_a_point_stands_before_decimals(tmp_path: Path, other: str) -> None:
    message = _refusal(tmp_path, _source(tmp_path, HEAD, "1;2025-01-05;1.588", f"2;2025-01-06;{other}"))
    assert "two ways" not in message
    if "," not in other:
        assert message == ""


@pytest.mark.parametrize(
    ("other", "line"),
    [
        ("12,34", 'read: {decimal: ","}'),
        ("0,588", 'read: {decimal: ","}'),
        ("1,588.20", 'read: {thousands: ","}'),
        ("1,588,000", 'read: {thousands: ","}'),
        ("12.34", 'read: {thousands: ","}'),
    ],
)
def test_another_value_settles_what_a_comma_is(tmp_path: Path, other: str, line: str) -> None:
    lines = ["1;2025-01-05;1,588", f"2;2025-01-06;{other}"]
    message = problems(tmp_path, _source(tmp_path, HEAD, *lines))
    assert "two ways" not in message
    assert f"if they are, write {line}" in message
    read = yaml.safe_load(line)["read"]
    first = as_read(tmp_path, _source(tmp_path, HEAD, *lines, read=read))[0][2]
    assert first == (1588.0 if "thousands" in read else 1.588)


def test_another_column_settles_it(tmp_path: Path) -> None:
    table = _source(tmp_path, HEAD + ";discount", "1;2025-01-05;1.588;0.25", "2;2025-01-06;950;0")
    assert rows(load(tmp_path, table))[0][2] == 1.588
    table = _source(tmp_path, HEAD + ";discount", "1;2025-01-05;1,588;0.25", "2;2025-01-06;950;0")
    assert 'Most look like thousands commas: if they are, write read: {thousands: ","}' in problems(tmp_path, table)


def test_thousands_points_are_never_decimals_because_the_rest_was_dropped(tmp_path: Path) -> None:
    lines = ["1;2025-01-05;1.588", "2;2025-01-06;1.588,20", *[f"{n};2025-01-06;9" for n in range(3, 60)]]
    message = problems(tmp_path, _source(tmp_path, HEAD, *lines), bad_rows={"drop_up_to": 0.05})
    assert "1 row with points between thousands (1.588). Paste this line into the study file:" in message
    assert _lines(message) == [{"decimal": ",", "thousands": "."}]
    read = _lines(message)[0]
    assert (
        sum(row[2] for row in rows(load(tmp_path, _source(tmp_path, HEAD, *lines, read=read)))) == 1588 + 1588.2 + 513
    )


def test_what_is_declared_is_taken_as_declared(tmp_path: Path) -> None:
    for read, value in (({"decimal": "."}, 1.588), ({"thousands": ","}, 1.588)):
        table = _source(tmp_path, HEAD, "1;2025-01-05;1.588", read=read)
        assert [row[2] for row in rows(load(tmp_path, table))] == [value]
    message = problems(tmp_path, _source(tmp_path, HEAD, "1;2025-01-05;1.588", read={"decimal": ","}))
    assert _lines(message) == [{"decimal": ",", "thousands": "."}, {"decimal": "."}]


@pytest.mark.parametrize(
    ("written", "line"),
    [
        ("1'234.50", 'read: {thousands: "\'"}'),
        ("1\u2019234", 'read: {thousands: "\'"}'),
        ("12,34,567.80", 'read: {thousands: ","}'),
        ("1_234", 'read: {thousands: "_"}'),
        ("1.234,56 \u20ac", 'read: {decimal: ",", thousands: "."}'),
        ("(1,234.50)", 'read: {thousands: ","}'),
    ],
)
def test_other_dress_has_a_line_that_works(tmp_path: Path, written: str, line: str) -> None:
    lines = [f"1;2025-01-05;{written}", "2;2025-01-05;7"]
    assert f"write {line}" in problems(tmp_path, _source(tmp_path, HEAD, *lines))
    value, _ = _read(written, **yaml.safe_load(line)["read"])
    assert value is not None
    assert abs(value) in (1234.5, 1234.0, 1234567.8, 1234.56)


def test_small_and_large_amounts_of_one_column_need_one_line(tmp_path: Path) -> None:
    lines = ["1;2025-01-05;1.234,50", "2;2025-01-05;7,20", "3;2025-01-05;9,90", "4;2025-01-05;8,10"]
    assert 'write read: {decimal: ",", thousands: "."}' in problems(tmp_path, _source(tmp_path, HEAD, *lines))


def test_rows_of_another_currency_are_refused(tmp_path: Path) -> None:
    message = problems(tmp_path, _source(tmp_path, HEAD, "1;2025-01-05;$12.50", "2;2025-01-05;3"))
    assert "1 row is written in $ (USD, CAD, AUD, NZD \u2026), the study's currency is EUR." in message
    assert "Write currency: USD in the study file if that is what they are" in message
    table = _source(tmp_path, HEAD, "1;2025-01-05;$12.50", "2;2025-01-05;3")
    for code in ("USD", "CAD"):
        assert sum(row[2] for row in rows(load(tmp_path, table, currency=code))) == 15.5
    message = problems(tmp_path, _source(tmp_path, HEAD, "1;2025-01-05;$12.50", "2;2025-01-05;3 \u20ac"))
    assert "its amounts are in several currencies ($ in 1, \u20ac in 1 rows)." in message
    assert "exchange_rates" in message


def test_every_table_with_amounts_is_held_against_the_currency(tmp_path: Path) -> None:
    sold = ledger("1,2025-01-05,10")
    tables = {
        "fees": "customer_id,date,amount\n1,2025-01-01,\u00a35.00\n",
        "contacts": "customer_id,date,campaign,arm,cost\n1,2025-01-01,c,a,GBP 2.50\n",
        "subscriptions": "customer_id,start,end,value_per_month\n1,2025-01-01,,\u00a39.50\n",
        "offers": "customer_id,date,rung,depth,accepted,basket_value\n1,2025-01-01,1,10%,yes,\u00a39.50\n",
        "customers": "customer_id,acquisition_cost\n1,\u00a39.50\n",
    }
    message = problems(tmp_path, {"transactions": sold, **tables})
    assert message.count("the study's currency is EUR") == 5


def test_shares_with_and_without_a_percent_sign_are_not_mixed(tmp_path: Path) -> None:
    head = "customer_id,date,rung,depth,accepted"
    tables = {"transactions": ledger("1,2025-01-05,10")}
    sound = f"{head}\n1,2025-01-01,1,10%,yes\n1,2025-01-02,1,0,yes\n"
    result = load(tmp_path, {**tables, "offers": sound})
    assert [row[0] for row in rows(result, "offers", "depth")] == [0.0, 0.1]
    message = problems(tmp_path, {**tables, "offers": f"{sound}1,2025-01-03,1,0.2,yes\n"})
    assert "tables.offers.depth: values with a percent sign (1) and without one (1)." in message


def test_texts_for_no_value_have_a_line_that_makes_them_empty(tmp_path: Path) -> None:
    lines = ["1;2025-01-05;5;N/A", "2;2025-01-05;5;NULL", "3;2025-01-05;5;2"]
    message = problems(tmp_path, _source(tmp_path, HEAD + ";discount", *lines))
    assert 'They look like texts for \'no value\': if they are, write read: {missing: ["N/A", "NULL"]}' in message
    table = _source(tmp_path, HEAD + ";discount", *lines, read={"missing": ["N/A", "NULL"]})
    assert [row[0] for row in rows(load(tmp_path, table), "transactions", "discount")] == [2.0, None, None]


def test_amounts_that_a_spreadsheet_shortened_are_refused(tmp_path: Path) -> None:
    message = problems(tmp_path, _source(tmp_path, HEAD, "1;2025-01-05;1.23E+05", "2;2025-01-05;3"))
    assert "tables.transactions.revenue: 1 amount is in scientific notation (1.23E+05); digits may be lost." in message
    assert rows(load(tmp_path, _source(tmp_path, HEAD, "1;2025-01-05;1.234567e+05")))[0][2] == 123456.7


def test_amounts_that_can_be_read_and_refunds_are_never_advised_to_be_dropped(tmp_path: Path) -> None:
    sold = [f"{n},2025-01-05,10" for n in range(99)]
    assert "drop_up_to" in problems(tmp_path, ledger(*sold, "7,2025-01-05,soon"))
    for written in ("-12.x", "12.27 CR", "12,-"):
        assert "drop_up_to" not in problems(tmp_path, ledger(*sold, f'7,2025-01-05,"{written}"'))
    assert "drop_up_to" not in problems(tmp_path, ledger(*sold, ",2025-01-06,-10"))  # a refund without a customer
    assert "drop_up_to" in problems(tmp_path, ledger(*sold, ",2025-01-06,10"))
    message = problems(tmp_path, ledger(*sold, "1,2025-01-06,-5000"))
    assert "drop" not in message.lower()
