"""Rows in several currencies: refused without rates, converted with them, and said."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from cxvalue.foundation.errors import BadInput
from cxvalue.study import StudyFile, TableSource, load_study_file
from cxvalue.tables.outside import ledger_of
from tests.tables.helpers import ledger, load, problems, rows

HEAD = "customer_id,date,revenue,margin,discount,currency"
MIXED = ledger(
    "1,2025-01-05,100,50,10,EUR",
    "2,2025-02-05,100,50,10,USD",
    "3,2025-03-05,10,5,0, usd ",
    "4,2025-03-05,1000,500,0,GBP",
    header=HEAD,
)


def test_one_currency_that_is_the_studys_needs_nothing(tmp_path: Path) -> None:
    result = load(
        tmp_path, ledger("1,2025-01-05,100,eur", "2,2025-01-05,5,", header="customer_id,date,revenue,currency")
    )
    assert [row[2] for row in rows(result)] == [100.0, 5.0]
    assert not result.cautions
    assert "currency" not in duckdb.read_parquet(str(result.paths["transactions"])).columns


def test_one_other_currency_is_refused(tmp_path: Path) -> None:
    text = ledger("1,2025-01-05,100,USD", "2,2025-01-05,5,USD", header="customer_id,date,revenue,currency")
    message = problems(tmp_path, text)
    assert "tables.transactions.currency: all rows are in USD, the study's currency is EUR." in message
    assert (
        "Write currency: USD in the study file. Or: Give in the study file how many EUR one of each is worth" in message
    )
    assert [row[2] for row in rows(load(tmp_path, text, currency="USD"))] == [100.0, 5.0]
    converted = load(tmp_path, text, exchange_rates={"EUR": 1, "USD": 0.92})
    assert [row[2] for row in rows(converted)] == [pytest.approx(92.0), pytest.approx(4.6)]


def test_several_currencies_are_refused_until_each_has_a_rate(tmp_path: Path) -> None:
    message = problems(tmp_path, MIXED)
    assert "the rows are in several currencies: USD (2), EUR (1), GBP (1)." in message
    assert "exchange_rates: {EUR: 1, USD: …, GBP: …}." in message
    message = problems(tmp_path, MIXED, exchange_rates={"EUR": 1, "USD": 0.92})
    assert "exchange_rates: {EUR: 1, USD: 0.92, GBP: …}." in message


def test_revenue_margin_and_discount_are_converted_and_said(tmp_path: Path) -> None:
    result = load(tmp_path, MIXED, exchange_rates={"EUR": 1, "USD": 0.92, "GBP": 1.2})
    found = rows(result, "transactions", "customer_id, revenue, margin, discount")
    assert found == [
        ("1", 100.0, 50.0, 10.0),
        ("2", pytest.approx(92.0), pytest.approx(46.0), pytest.approx(9.2)),
        ("3", pytest.approx(9.2), pytest.approx(4.6), 0.0),
        ("4", pytest.approx(1200.0), pytest.approx(600.0), 0.0),
    ]
    (caution,) = [one for one in result.cautions if one.kind == "currency"]
    assert (caution.table, caution.rows, caution.share, caution.lowers) == ("transactions", 3, 0.75, False)
    assert caution.text == (
        "3 of 4 rows of 'transactions' were converted to EUR: 2 from USD at 0.92, 1 from GBP at 1.2; one rate for the "
        "whole time."
    )


def test_rows_without_a_currency_beside_others_are_refused(tmp_path: Path) -> None:
    text = ledger(
        "1,2025-01-05,100,EUR", "2,2025-01-05,5,USD", "3,2025-01-05,5,", header="customer_id,date,revenue,currency"
    )
    message = problems(tmp_path, text, exchange_rates={"EUR": 1, "USD": 0.92}, bad_rows={"drop_up_to": 0.5})
    assert "1 row without a currency, the others have EUR (1), USD (1). Fill it in for every row." in message
    assert "line 4: 3,2025-01-05,5," in message


def test_a_sign_that_contradicts_its_row_is_refused(tmp_path: Path) -> None:
    head = "customer_id,date,revenue,currency"
    rates = {"EUR": 1, "USD": 0.5}
    sound = ledger("1,2025-01-05,$100,USD", "2,2025-01-05,5 €,EUR", "3,2025-01-05,7,€", header=head)
    assert [row[2] for row in rows(load(tmp_path, sound, exchange_rates=rates))] == [50.0, 5.0, 7.0]
    message = problems(
        tmp_path, ledger("1,2025-01-05,$100,EUR", "2,2025-01-05,5,USD", header=head), exchange_rates=rates
    )
    assert "1 row with another currency in 'revenue' ($ where the row says EUR). Correct one of the two." in message
    assert "line 2: 1,2025-01-05,$100,EUR" in message


def test_other_tables_with_amounts_are_converted_too(tmp_path: Path) -> None:
    tables = {
        "transactions": ledger("1,2025-01-05,10"),
        "fees": "customer_id,date,amount,shortfall,currency\n1,2025-01-01,100,10,USD\n",
        "subscriptions": "customer_id,start,end,value_per_month,currency\n1,2025-01-01,,10,USD\n",
        "contacts": "customer_id,date,campaign,arm,cost,currency\n1,2025-01-01,c,a,2,USD\n",
        "customers": "customer_id,acquisition_cost,currency\n1,20,USD\n",
    }
    assert problems(tmp_path, tables).count("all rows are in USD") == 4
    result = load(tmp_path, tables, exchange_rates={"EUR": 1, "USD": 0.5})
    assert rows(result, "fees", "amount, shortfall") == [(50.0, 5.0)]
    assert rows(result, "subscriptions", "value_per_month") == [(5.0,)]
    assert rows(result, "contacts", "cost") == [(1.0,)]
    assert rows(result, "customers", "acquisition_cost, currency") == [(10.0, "USD")]
    assert {one.table for one in result.cautions if one.kind == "currency"} == set(tables) - {"transactions"}


def _rates(folder: Path, *lines: str) -> TableSource:
    (folder / "rates.csv").write_text("\n".join(["code,from,worth", *lines]) + "\n")
    return TableSource(path="rates.csv", columns={"currency": "code", "date": "from", "rate": "worth"})


def test_the_latest_rate_on_or_before_the_day_counts(tmp_path: Path) -> None:
    text = ledger(
        "1,2025-01-05,100,EUR",
        "2,2025-01-31,100,USD",
        "3,2025-02-01,100,USD",
        "4,2025-12-05,100,USD",
        header="customer_id,date,revenue,currency",
    )
    rates = _rates(tmp_path, "USD,2025-02-01,0.8", "USD,2025-01-01,0.9")
    result = load(tmp_path, text, exchange_rates=rates)
    assert [row[2] for row in rows(result)] == [100.0, 90.0, 80.0, 80.0]
    (caution,) = [one for one in result.cautions if one.kind == "currency"]
    assert "3 from USD at 0.8 to 0.9, each at the latest rate on or before its day" in caution.text


def test_what_is_wrong_with_rates_by_day_is_said(tmp_path: Path) -> None:
    text = ledger("1,2025-01-05,100,EUR", "2,2025-01-31,100,USD", header="customer_id,date,revenue,currency")
    message = problems(tmp_path, text, exchange_rates=_rates(tmp_path, "USD,2025-02-01,0.8"))
    assert "1 row in USD from 31 January 2025 on without a rate: the first is of 1 February 2025." in message
    message = problems(tmp_path, text, exchange_rates=_rates(tmp_path, "GBP,2025-01-01,1.2"))
    assert "1 row in USD from 31 January 2025 on without a rate: it is not among the rates." in message
    message = problems(tmp_path, text, exchange_rates=_rates(tmp_path, 'USD,2025-01-01,"1,085"'))
    assert "exchange_rates.rate: its numbers could be read two ways (1,085)." in message
    twice = ("USD,2025-01-01,0.8", "USD,2025-01-01,0.9", "USD,2025-03-01,-1")
    message = problems(tmp_path, text, exchange_rates=_rates(tmp_path, *twice))
    assert "1 row without a currency, a date or a rate above 0." in message
    assert "line 4: USD,2025-03-01,-1" in message
    assert "two rates of one currency on one day, 1 time (USD on 2025-01-01)." in message


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("exchange_rates: {USD: 0.92}", "lacks the study's own currency, EUR. Add EUR: 1"),
        ("exchange_rates: {EUR: 1, USD: 0}", "exchange_rates.USD: 0 is not a rate. Give how many EUR one USD is worth"),
        ("exchange_rates: {EUR: 1, USD: -2}", "exchange_rates.USD: -2 is not a rate."),
        ("exchange_rates: {EUR: 1, XXQ: 1}", "exchange_rates.XXQ: is not a known currency."),
        ("exchange_rates: {EUR: 2}", "2, but EUR is the study's own currency."),
        ("exchange_rates: {EUR: 1, USD: much}", "'much' is not a number that is possible here."),
        ("time_zone: Europe/Kyev", "time_zone: 'Europe/Kyev' is not a known time zone. Did you mean 'Europe/Kyiv'?"),
        ("time_zone: New York", "Did you mean 'America/New_York'?"),
        ("time_zone: '+02:00'", "Names look like 'Europe/Kyiv'."),
    ],
)
def test_rates_and_zones_that_cannot_be_are_said(tmp_path: Path, given: str, said: str) -> None:
    path = tmp_path / "study.yml"
    path.write_text(f"name: x\ncurrency: EUR\ntables: {{transactions: {{path: a.csv}}}}\n{given}\n")
    with pytest.raises(BadInput) as caught:
        load_study_file(path)
    assert said in str(caught.value)


def test_rates_may_be_a_mapping_or_a_table(tmp_path: Path) -> None:
    path = tmp_path / "study.yml"
    head = "name: x\ncurrency: EUR\ntables: {transactions: {path: a.csv}}\n"
    path.write_text(head + "exchange_rates: {EUR: 1, USD: 0.92}\n")
    assert load_study_file(path).exchange_rates == {"EUR": 1.0, "USD": 0.92}
    path.write_text(head + "exchange_rates: {path: r.csv, columns: {currency: c, date: d, rate: r}}\n")
    found: StudyFile = load_study_file(path)
    assert isinstance(found.exchange_rates, TableSource)


def test_a_ledger_in_memory_holds_one_currency() -> None:
    frame = pd.DataFrame({"customer_id": ["1", "2"], "date": [date(2025, 1, 1)] * 2, "revenue": [1.0, 2.0]})
    assert ledger_of(frame.assign(currency="USD")).count().to_pyarrow().as_py() == 2
    with pytest.raises(BadInput, match="contains several currencies: EUR, USD"):
        ledger_of(frame.assign(currency=["EUR", "USD"]))
