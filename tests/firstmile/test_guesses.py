"""Tables that no record knows: guessed from names and values, asked where that is not enough."""

from __future__ import annotations

from pathlib import Path

import pytest

from cxvalue.firstmile.found import Recognised, recognise
from cxvalue.foundation.errors import BadInput
from cxvalue.workspace.check import examine
from tests.exports import as_csv


def _found(folder: Path, header: str, *rows: str) -> Recognised:
    (folder / "x.csv").write_text(as_csv(header, *rows), encoding="utf-8")
    return recognise(folder / "x.csv")


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        ("client_id|ordered_at|amount", ("client_id", "ordered_at", "amount")),
        ("Kundennummer|Bestelldatum|Nettobetrag netto", ("Kundennummer", "Bestelldatum", "Nettobetrag netto")),
        ("id_client|date_commande|montant", ("id_client", "date_commande", "montant")),
        ("código cliente|fecha|importe", ("código cliente", "fecha", "importe")),
        ("код клиента|дата|сумма", ("код клиента", "дата", "сумма")),
        ("Auftraggeber|Fakturadatum|Nettowert", ("Auftraggeber", "Fakturadatum", "Nettowert")),
        ("Codice cliente|Data ordine|Imponibile", ("Codice cliente", "Data ordine", "Imponibile")),
        ("Klantnummer|Orderdatum|Bedrag", ("Klantnummer", "Orderdatum", "Bedrag")),
        ("Numer klienta|Data zamówienia|Wartość", ("Numer klienta", "Data zamówienia", "Wartość")),
        ("客户编码|单据日期|金额", ("客户编码", "单据日期", "金额")),
        ("会員ID|注文日|金額", ("会員ID", "注文日", "金額")),
        ("고객번호|주문일자|결제금액", ("고객번호", "주문일자", "결제금액")),
    ],
)
def test_a_plain_table_is_mapped(tmp_path: Path, header: str, columns: tuple[str, ...]) -> None:
    found = _found(tmp_path, header, "7|2025-03-19|5.50", "8|2025-03-20|6.25", "7|2025-04-21|7.10")
    mapped = found.understanding.drafts[0].spec["columns"]
    assert tuple(mapped[name] for name in ("customer_id", "date", "revenue")) == columns


def test_what_must_not_be_guessed_is_asked(tmp_path: Path) -> None:
    header = "order_id|customer_id|created_at|ordered_at|total_cents|tax_cents|status|person"
    rows = [
        f"{n}|c{n % 3}|2025-03-{n + 10}|2025-03-{n + 10}|{n}200|{n}00|{'paid' if n % 2 else 'void'}|x"
        for n in range(1, 9)
    ]
    found = _found(tmp_path, header, *rows)
    assert {question.key for question in found.questions} == {"tax", "amounts", "statuses", "currency", "margin"}
    answered = found.answer(currency="EUR", margin=0.4, tax="inside", amounts="cents", statuses="paid")
    spec, _, _ = answered.understanding.settled["transactions"]
    assert spec["columns"]["revenue"] == "=([total_cents] - ([tax_cents] else 0)) / 100"
    assert spec["keep_rows"] == {"status": ["paid"]}
    assert spec["columns"]["date"] == "ordered_at"


def test_the_costliest_question_comes_first_with_its_effect(tmp_path: Path) -> None:
    rows = [f"{n}|c{n % 3}|2025-03-{n + 10}|100|20|{'paid' if n < 8 else 'void'}" for n in range(1, 9)]
    found = _found(tmp_path, "order_id|customer_id|ordered_at|total|tax|status", *rows)
    first = found.questions[0]
    assert first.key == "tax"
    assert first.effects == {"inside": 560.0, "on_top": 700.0}
    assert "--answer tax=inside   yes: 'tax' taken off   net revenue 560.00" in "\n".join(first.lines())


def test_two_ways_to_read_days_and_amounts_are_asked(tmp_path: Path) -> None:
    found = _found(tmp_path, "customer_id|date|net", "a|02/03/2025|1,588", "b|03/04/2025|2,100", "a|05/06/2025|3,250")
    assert {"dates", "numbers"} <= {question.key for question in found.questions}
    answered = found.answer(dates="day_first", numbers="decimals")
    spec, _, _ = answered.understanding.settled["transactions"]
    assert spec["read"] == {"date_format": "%d/%m/%Y", "decimal": ","}


def test_the_amount_of_an_order_on_each_of_its_lines_is_asked(tmp_path: Path) -> None:
    rows = [f"{n // 2}|c{n // 2 % 3}|2025-03-{n // 2 + 10}|{n // 2}9.00|sku{n}" for n in range(2, 12)]
    found = _found(tmp_path, "order_id|customer_id|date|net_total|sku", *rows)
    question = next(one for one in found.questions if one.key == "lines")
    assert question.effects["line"] == 2 * question.effects["order"]


def test_a_persons_name_is_asked_about(tmp_path: Path) -> None:
    found = _found(
        tmp_path, "Customer name|date|net", "Ann Lee|2025-03-19|5", "Bo Ray|2025-03-20|6", "Ann Lee|2025-04-21|7"
    )
    assert "names" in {question.key for question in found.questions}


def test_pieces_times_price(tmp_path: Path) -> None:
    rows = [f"{n}|{n % 3}|2025-03-{n + 10}|{n}|2.50" for n in range(1, 9)]
    found = _found(tmp_path, "invoice_no|customer_no|invoice_date|quantity|unit_price", *rows)
    assert found.understanding.drafts[0].spec["columns"]["revenue"] == "=[quantity] * [unit_price]"


def test_a_total_per_customer_is_no_purchase(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="a total per customer or per day is not enough"):
        _found(tmp_path, "customer_id|total_spent|orders", "a|5.50|1", "b|6.25|2", "c|7.10|3")


def test_what_is_taken_off_is_taken_off_the_amount_that_was_chosen(tmp_path: Path) -> None:
    rows = [f"{n}|{n % 3}|2025-03-{n + 10}|100|90|20" for n in range(1, 9)]
    found = _found(tmp_path, "order_id|customer_id|ordered_at|total|paid_amount|tax", *rows)
    assert {"revenue", "tax"} <= {question.key for question in found.questions}
    answered = found.answer(revenue="paid_amount", tax="inside")
    assert answered.understanding.settled["transactions"][0]["columns"]["revenue"] == "=[paid_amount] - ([tax] else 0)"
    half = found.answer(tax="inside")  # what is not answered stays a question, whatever else is
    assert half.understanding.settled["transactions"][0]["columns"]["revenue"] == "ASK"


def test_an_id_for_all_guests_is_asked_about(tmp_path: Path) -> None:
    rows = [f"{n}|{n % 3}|2025-03-{n + 10}|{n}.50" for n in range(1, 9)]
    found = _found(tmp_path, "order_id|customer_id|ordered_at|net_total", *rows)
    question = next(one for one in found.questions if one.key == "guests")
    text = found.answer(currency="EUR", margin=0.4, guests="count").write(tmp_path / "s").read_text(encoding="utf-8")
    assert "guest_ids: ['0']" in text
    assert examine(tmp_path / "s" / "study.yml").to_dict()["tables"]["transactions"]["left_out"] == {"guest": 2}
    assert question.effects["count"] == question.effects["customer"] - 3.5 - 6.5


@pytest.mark.parametrize(
    ("first", "step", "word"),
    [(45658, 1, "excel"), (1735732800, 86400, "epoch_seconds"), (1735732800000, 86400000, "epoch_milliseconds")],
)
def test_numbers_that_count_days_are_days_where_the_name_says_so(
    tmp_path: Path, first: int, step: int, word: str
) -> None:
    rows = [f"c{n % 3}|{first + n * step}|{n}.50" for n in range(1, 9)]
    found = _found(tmp_path, "customer_id|created|net_total", *rows).answer(currency="EUR", margin=0.4)
    assert found.understanding.settled["transactions"][0]["read"] == {"date_format": word}
    found.write(tmp_path / "s")
    read = examine(tmp_path / "s" / "study.yml").to_dict()["tables"]["transactions"]
    assert (read["first"], read["last"]) == ("2025-01-02", "2025-01-09")


def test_the_currency_in_the_name_of_an_amount_is_that_of_the_file(tmp_path: Path) -> None:
    rows = [f"c{n % 3}|2025-03-{n + 10}|{n}.50" for n in range(1, 9)]
    found = _found(tmp_path, "customer_id|date|net total (USD)", *rows)
    assert found.understanding.currency == "USD"
    with pytest.raises(BadInput, match="the amounts are written in USD"):
        _ = found.answer(currency="EUR").understanding.currency


def test_thousands_are_asked_about(tmp_path: Path) -> None:
    rows = [f"c{n % 3}|2025-03-{n + 10}|{n}.50" for n in range(1, 9)]
    found = _found(tmp_path, "customer_id|date|net total in thousands", *rows)
    (asked,) = [one for one in found.questions if one.key == "amounts"]
    assert asked.effects == {"thousands": 40_000.0, "units": 40.0}


@pytest.mark.parametrize(("header", "amount"), [("total|shipping", "total"), ("net_total|shipping|tax", "net_total")])
def test_whether_shipping_is_in_the_amount_is_asked(tmp_path: Path, header: str, amount: str) -> None:
    rows = [f"c{n % 3}|2025-03-{n + 10}|100|5|20"[: None if "tax" in header else -3] for n in range(1, 9)]
    found = _found(tmp_path, f"customer_id|date|{header}", *rows)
    asked = next(one for one in found.questions if one.key == "shipping")
    assert asked.ask == f"Does {amount!r} include 'shipping'?"
    assert asked.effects == {"inside": 760.0, "on_top": 800.0}


def test_the_currency_is_that_of_the_amount_that_is_chosen(tmp_path: Path) -> None:
    rows = [f"c{n % 3}|2025-03-{n + 10}|11.50|10.50" for n in range(1, 9)]
    found = _found(tmp_path, "customer_id|date|Net USD|Net EUR", *rows)
    assert "currency" in {one.key for one in found.questions}
    assert found.answer(revenue="Net EUR").understanding.currency == "EUR"
    assert found.answer(revenue="Net USD").understanding.currency == "USD"


@pytest.mark.parametrize(("column", "some"), [("Cur.", "eur|usd"), ("Unit", "EUR|USD"), ("WKZ", "EUR|CHF")])
def test_a_column_of_codes_is_that_of_the_currency(tmp_path: Path, column: str, some: str) -> None:
    codes = some.split("|")
    rows = [f"c{n % 3}|2025-03-{n + 10}|10.50|{codes[n % 2]}" for n in range(1, 9)]
    found = _found(tmp_path, f"customer_id|date|net|{column}", *rows)
    assert found.understanding.drafts[0].spec["columns"]["currency"] == column
    assert "rates" in {one.key for one in found.questions}


def test_a_word_for_buyers_without_an_id_is_asked_about(tmp_path: Path) -> None:
    rows = [f"{'Walk-in customer' if n % 2 else f'c{n % 3}'}|2025-03-{n + 10}|10.50" for n in range(1, 9)]
    asked = next(one for one in _found(tmp_path, "customer_id|date|net", *rows).questions if one.key == "guests")
    assert asked.options[0].set == {"guest_ids": ["Walk-in customer"]}


def test_the_word_for_a_total_in_the_column_of_days_is_a_footer(tmp_path: Path) -> None:
    rows = [f"2025-03-{n + 10}|c{n % 3}|10.50" for n in range(1, 9)]
    found = _found(tmp_path, "Период|Контрагент|Сумма нетто", *rows, "Итого||84.00").answer(currency="RUB", margin=0.4)
    assert found.questions == []
    found.write(tmp_path / "s")
    counts = examine(tmp_path / "s" / "study.yml").to_dict()["tables"]["transactions"]
    assert (counts["orders"], counts["revenue"]) == (8, 84.0)


def test_rows_whose_customers_come_again_are_no_customers_table(tmp_path: Path) -> None:
    rows = [f"c{n % 3}|on day {n}|ten" for n in range(1, 9)]
    with pytest.raises(BadInput, match="no column looks like a day or an amount"):
        _found(tmp_path, "customer_id|date|net", *rows)


def test_one_row_without_a_customer_among_customers_who_bought_once_is_asked_about(tmp_path: Path) -> None:
    rows = [f"{f'c{n}' if n else ''}|2025-03-{n % 28 + 1:02}|10.50" for n in range(40)]
    found = _found(tmp_path, "customer_id|date|net", *rows)
    asked = next(one for one in found.questions if one.key == "rows_without_customer")
    assert asked.default == "count"


@pytest.mark.parametrize(
    ("header", "cells", "currency"),
    [
        ("net|currency", ("10.50|EUR", "10.50|Euro"), "EUR"),
        ("net|currency", ("10.50|US Dollar", "10.50|Dollar"), "USD"),
        ("net|currency", ("10.50|$", "10.50|US$"), "USD"),
        ("net|currency", ("10.50|Pound", "10.50|GBP"), "GBP"),
        ("net|currency", ("10.50|EUR", "10.50|unknown"), ""),
        ("net", ("10.50 TBD", "10.50 EUR"), "EUR"),
    ],
)
def test_words_for_one_currency_are_that_currency(
    tmp_path: Path, header: str, cells: tuple[str, str], currency: str
) -> None:
    rows = [f"c{n % 3}|2025-03-{n + 10}|{cells[n % 2]}" for n in range(1, 9)]
    assert _found(tmp_path, f"customer_id|date|{header}", *rows).understanding.currency == currency


@pytest.mark.parametrize(
    ("header", "cells", "said"),
    [
        ("net|currency", ("10.50|Euro", "10.50|US Dollar"), "names several currencies"),
        ("net", ("€10.50", "US$10.50"), "is written in"),
    ],
)
def test_words_for_two_currencies_are_refused(tmp_path: Path, header: str, cells: tuple[str, str], said: str) -> None:
    rows = [f"c{n % 3}|2025-03-{n + 10}|{cells[n % 2]}" for n in range(1, 9)]
    with pytest.raises(BadInput, match=said):
        _found(tmp_path, f"customer_id|date|{header}", *rows)


def test_the_name_of_the_only_column_is_cut(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=f"has one column, '{'x' * 60}'"):
        _found(tmp_path, "x" * 200, "1", "2")


def test_two_signs_that_may_be_one_currency_are_that_of_the_narrower(tmp_path: Path) -> None:
    rows = [f"c{n % 3}|2025-03-{n + 10}|{('$', 'US$')[n % 2]}10.50" for n in range(1, 9)]
    found = _found(tmp_path, "customer_id|date|net", *rows)
    assert found.understanding.sign == "US$"
    found.answer(currency="USD", margin=0.4).write(tmp_path / "s")
    assert examine(tmp_path / "s" / "study.yml").to_dict()["tables"]["transactions"]["revenue"] == 84.0
