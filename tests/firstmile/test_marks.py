"""Rows that are no sales are asked about, whatever column says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from cxvalue.firstmile.found import Recognised, recognise
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
        ("Item", "Shipping", "Mug", "postage", 105.0),
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
    ("column", "one", "other"), [("Type", "Web", "Shop"), ("Test group", "A", "B"), ("Item", "Mug", "Cup")]
)
def test_a_column_that_marks_nothing_is_not_asked_about(tmp_path: Path, column: str, one: str, other: str) -> None:
    found = _found(tmp_path, f"customer_id|order_id|date|net_amount|{column}", *_rows(one, other))
    assert {question.key for question in found.questions} == {"currency", "margin"}
