"""Rows that are no sales are asked about, whatever column says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from cxvalue.firstmile.found import Recognised, recognise
from cxvalue.foundation.errors import BadInput
from tests.exports import as_csv


def _found(folder: Path, header: str, *rows: str) -> Recognised:
    (folder / "x.csv").write_text(as_csv(header, *rows), encoding="utf-8")
    return recognise(folder / "x.csv")


def _rows(mark: str, other: str) -> list[str]:
    """Eleven purchases of 10.50, the last of them marked."""
    return [f"c{n % 4}|o{n}|2025-03-{n + 10}|10.50|{mark if n == 11 else other}" for n in range(1, 12)]


@pytest.mark.parametrize(
    ("column", "mark", "other", "key", "left"),
    [
        ("Cancelled", "1", "0", "cancelled", 105.0),
        ("Cancelled at", "2025-03-25", "", "cancelled", 105.0),
        ("Voided", "true", "false", "cancelled", 105.0),
        ("Test", "yes", "no", "test_orders", 105.0),
        ("Posted", "No", "Yes", "unconfirmed", 105.0),
        ("Проведен", "Нет", "Да", "unconfirmed", 105.0),
        ("Invoice paid", "no", "yes", "unconfirmed", 105.0),
        ("Item", "Shipping", "Mug", "postage", 105.0),
        ("Position", "MwSt 19%", "Becher", "postage", 105.0),
        ("S/H", "H", "S", "refund", 94.5),
        ("Document type", "Credit Memo", "Invoice", "refund", 94.5),
        ("Qty", "-1", "1", "refund", 94.5),
    ],
)
def test_a_column_that_marks_rows_is_asked_about(
    tmp_path: Path, column: str, mark: str, other: str, key: str, left: float
) -> None:
    found = _found(tmp_path, f"customer_id|order_id|date|net_amount|{column}", *_rows(mark, other))
    question = next(one for one in found.questions if one.key == key)
    assert question.effects[question.default or ""] == left
    assert max(question.effects.values()) == 115.5


def test_a_kind_of_row_that_is_no_sale_is_asked_about_and_returns_stay(tmp_path: Path) -> None:
    rows = [f"c{n % 4}|2025-03-{n + 10}|10.50|Settled" for n in range(1, 10)]
    rows += ["c1|2025-03-25|10.50|Refused", "c1|2025-03-26|10.50|Refunded"]
    found = _found(tmp_path, "customer_id|date|net_amount|Type", *rows).answer(currency="EUR", margin=0.4)
    assert {one.key: one.default for one in found.questions} == {
        "statuses": "Settled, Refunded",
        "refund": "take_off",
    }
    spec, _, _ = found.answer(accept=True).understanding.settled["transactions"]
    assert spec["keep_rows"] == {"Type": ["Settled", "Refunded"]}
    assert spec["refund"] == {"rows": {"Type": ["Refunded"]}}


@pytest.mark.parametrize(
    ("column", "one", "other"),
    [("Type", "Web", "Shop"), ("Test group", "A", "B"), ("Item", "Mug", "Cup"), ("Paid", "partly", "yes")],
)
def test_a_column_that_marks_nothing_is_not_asked_about(tmp_path: Path, column: str, one: str, other: str) -> None:
    found = _found(tmp_path, f"customer_id|order_id|date|net_amount|{column}", *_rows(one, other))
    assert {question.key for question in found.questions} == {"currency", "margin"}


@pytest.mark.parametrize(
    ("column", "mark", "other", "marked"),
    [
        ("free cancellation", "yes", "no", 26),
        ("free cancellation", "yes", "no", 5),
        ("cancellation policy", "flexible", "", 35),
        ("Cancellation policy", "strict", "", 5),
        ("test group", "A", "", 15),
        ("A/B test", "A", "", 15),
        ("Cancelled", "yes", "no", 20),
        ("Cancelled", "0.0", "0", 5),
        ("Cancelled at", "-", "", 5),
        ("cancellation fee", "yes", "no", 5),
        ("Email confirmed", "no", "yes", 5),
        ("Shipping paid", "no", "yes", 5),
        ("ABTest", "yes", "no", 5),
        ("Paid", "no", "yes", 25),
        ("Item", "Porto Tawny", "Mug", 3),
        ("Item", "Tip pen", "Mug", 3),
        ("Item", "Tax free bag", "Mug", 3),
        ("Item", "Surrounding frame", "Mug", 3),
        ("Item", "Shipping box", "Mug", 3),
        ("Item", "Handling gloves", "Mug", 3),
    ],
)
def test_names_and_words_that_mark_no_exception_leave_no_sale_out(
    tmp_path: Path, column: str, mark: str, other: str, marked: int
) -> None:
    rows = [f"c{n % 4}|o{n}|2025-03-{n % 28 + 1:02}|10.50|{mark if n < marked else other}" for n in range(40)]
    found = _found(tmp_path, f"customer_id|order_id|date|net_amount|{column}", *rows)
    assert {question.key for question in found.questions} == {"currency", "margin"}


@pytest.mark.parametrize(
    ("word", "rows", "amount", "default"),
    [
        ("Shipping & handling", 5, "1.50", "leave_out"),
        ("Versandkosten DHL", 5, "1.50", "leave_out"),
        ("DOTCOM POSTAGE", 5, "1.50", "leave_out"),
        ("Доставка", 5, "1.50", "leave_out"),
        ("VAT 20%", 5, "1.50", "leave_out"),
        ("Deposit", 15, "1.50", None),
        ("Deposit", 5, "90.00", None),
    ],
)
def test_lines_beside_goods_are_left_out_unasked_only_where_they_are_few(
    tmp_path: Path, word: str, rows: int, amount: str, default: str | None
) -> None:
    lines = [
        f"c{n % 4}|o{n}|2025-03-{n % 28 + 1:02}|{amount if n < rows else '10.50'}|{word if n < rows else 'Mug'}"
        for n in range(40)
    ]
    found = _found(tmp_path, "customer_id|order_id|date|net_amount|Item", *lines)
    asked = next(question for question in found.questions if question.key == "postage")
    assert asked.default == default


@pytest.mark.parametrize("column", ["Fulfilled", "Approved", "Order confirmed"])
def test_an_order_that_waits_for_something_else_than_its_money_is_asked_about(tmp_path: Path, column: str) -> None:
    found = _found(tmp_path, f"customer_id|order_id|date|net_amount|{column}", *_rows("no", "yes"))
    (question,) = (one for one in found.questions if one.key == "unconfirmed")
    assert question.default is None
    assert question.effects == {"leave_out": 105.0, "count": 115.5}


@pytest.mark.parametrize(
    ("names", "default", "kept"),
    [
        (("Fulfilled", "Posted"), "Posted", {"Posted": ["yes"]}),
        (("Paid", "Posted"), "leave_out", {"Paid": ["yes"], "Posted": ["yes"]}),
        (("Approved", "Fulfilled"), None, None),
    ],
)
def test_all_columns_of_yes_and_no_are_asked_about(
    tmp_path: Path, names: tuple[str, str], default: str | None, kept: dict[str, list[str]] | None
) -> None:
    rows = [f"{row}|{'no' if n < 2 else 'yes'}" for n, row in enumerate(_rows("no", "yes"))]
    found = _found(tmp_path, f"customer_id|order_id|date|net_amount|{names[0]}|{names[1]}", *rows)
    (question,) = (one for one in found.questions if one.key == "unconfirmed")
    assert question.default == default
    assert question.effects == {"leave_out": 84.0, names[0]: 105.0, names[1]: 94.5, "count": 115.5}
    if kept is not None:
        assert found.answer(accept=True, currency="EUR").understanding.settled["transactions"][0]["keep_rows"] == kept


@pytest.mark.parametrize(("mail", "asked"), [("test@shop.com", True), ("testa@shop.com", False)])
def test_addresses_for_tests_beside_the_customer_are_asked_about(tmp_path: Path, mail: str, asked: bool) -> None:
    found = _found(tmp_path, "customer_id|order_id|date|net_amount|email", *_rows(mail, "anna@mail.com"))
    assert [one.default for one in found.questions if one.key == "test_mails"] == (["leave_out"] if asked else [])


def test_totals_among_the_rows_are_left_out_of_what_is_shown(tmp_path: Path) -> None:
    rows = [*_rows("", ""), "Total 2025||2025-12-31|115.50|"]
    found = _found(tmp_path, "customer_id|order_id|date|net_amount|note", *rows)
    spec = found.understanding.settled["transactions"][0]
    assert spec["leave_out_rows"] == {"customer_id": ["Total 2025"]}
    assert "'customer_id' says 'Total 2025': totals of other rows, left out" in str(found)


def test_a_report_of_many_totals_is_refused(tmp_path: Path) -> None:
    rows = [row for n in range(60) for row in (f"c{n}|2025-03-01|5.00", f"c{n} Total|2025-03-31|5.00")]
    with pytest.raises(BadInput, match="names totals of other rows in 60 values"):
        _found(tmp_path, "customer_id|date|net_amount", *rows)
