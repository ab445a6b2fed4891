"""Purchases whose other columns put the money into doubt: a caution each, and none where nothing speaks against it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.tables.helpers import load

BUYERS = ["a", "b", "a", "c"]


def _said(folder: Path, extra: dict[str, list[Any]], columns: dict[str, str] | None = None, **more: Any) -> list[str]:
    names = ["who", "day", "total", *extra]
    lines = [
        ",".join([who, f"2025-12-0{n + 1}", f"{n + 10}", *(str(extra[name][n]) for name in extra)])
        for n, who in enumerate(BUYERS)
    ]
    (folder / "x.csv").write_text("\n".join([",".join(names), *lines]) + "\n", encoding="utf-8")
    mapped = {"customer_id": "who", "date": "day", "revenue": "total", **(columns or {})}
    source = {"path": "x.csv", "columns": mapped, **more}
    found = load(folder, {"transactions": source})
    return [one.text for one in found.cautions if one.kind == "left_aside"]


@pytest.mark.parametrize(
    ("extra", "columns", "words"),
    [
        ({"status": ["paid", "failed", "paid", "refunded"]}, {}, "among them failed 1, refunded 1."),
        ({"Cancelled": [0, 1, 0, 0]}, {}, "'Cancelled' marks 1 row, and it counts."),
        ({"Voided at": ["", "2025-12-05", "0.0", "-"]}, {}, "'Voided at' marks 1 row, and it counts."),
        ({"test": ["no", "no", "no", "yes"]}, {}, "'test' marks 1 row, and it counts."),
        ({"Stato": ["Pagato", "Annullato", "Pagato", "Rimborsato"]}, {}, "among them Annullato 1, Rimborsato 1."),
        ({"is_paid": ["yes", "no", "yes", "yes"]}, {}, "'is_paid' says no in 1 row, and it counts."),
        ({"MwSt-Satz": ["19%", "19%", "7%", "19%"]}, {}, "values: {MwSt-Satz: {19%: 1.19, 7%: 1.07}}"),
        ({"MwSt": ["2", "2", "0", "2"]}, {}, "a column 'MwSt' beside it, filled in 3 rows"),
        (
            {"Item": ["Mug", "Shipping", "Mug", "VAT 20%"]},
            {},
            "'Item' says Shipping 1, VAT 20% 1, and these rows count",
        ),
        ({"Order currency": ["EUR", "USD", "EUR", "EUR"]}, {}, "contains 2 currencies"),
        ({"Refunded Amount": ["0", "5", "", "0.00"]}, {}, "'Refunded Amount' is filled in 1 row"),
        ({"vat": ["2", "2", "0", "2"]}, {}, "a column 'vat' beside it, filled in 3 rows"),
        ({"net amount": ["9", "9", "9", "9"]}, {}, "revenue is without tax"),
        ({"qty": [1, 2, 1, 1], "unit price": [5, 5, 5, 5]}, {"revenue": "unit price"}, "'qty' is not 1 in 1 row"),
        ({"total_cents": [500, 600, 700, 800]}, {"revenue": "total_cents"}, "If they are cents"),
        (
            {"ship-postal-code": [10115, 20095, 10115, 1]},
            {"customer_id": "ship-postal-code"},
            "by its name is not a customer",
        ),
        ({"Orders": [3, 5, 3, 4]}, {"customer_id": "Orders"}, "by its name is not a customer"),
    ],
)
def test_what_speaks_against_the_money_is_said(
    tmp_path: Path, extra: dict[str, list[Any]], columns: dict[str, str], words: str
) -> None:
    (said,) = _said(tmp_path, extra, columns)
    assert words in said
    assert _said(tmp_path, extra, columns, layout="own") == []


@pytest.mark.parametrize(
    ("extra", "columns", "more"),
    [
        ({"status": ["paid", "paid", "shipped", "paid"]}, {}, {}),
        ({"state": ["CA", "NY", "CA", "TX"]}, {}, {}),
        ({"Cancelled": [0, 0, 0, 0]}, {}, {}),
        ({"test": ["A", "B", "A", "B"]}, {}, {}),
        ({"Paid": ["yes", "yes", "yes", "yes"]}, {}, {}),
        ({"Item": ["Mug", "Porto Tawny", "Tip pen", "Cup"]}, {}, {}),
        ({"Paid": ["yes", "partly", "no", "yes"]}, {}, {}),
        ({"MwSt-Satz": ["19%", "19%", "7%", "19%"], "net": ["8"] * 4}, {"revenue": "net"}, {}),
        ({"email": ["a@b.de", "test.mann@b.de", "c@b.de", "a@test.de"]}, {}, {}),
        ({"test group": ["A", "", "", ""]}, {}, {}),
        ({"free cancellation": ["yes", "no", "no", "no"]}, {}, {}),
        ({"cancellation policy": ["strict", "", "", ""]}, {}, {}),
        ({"Cancelled": ["yes", "yes", "no", "no"]}, {}, {}),
        ({"Cancelled": ["0.0", "0", "-", ""]}, {}, {}),
        ({"delivery type": ["D", "C", "D", "C"]}, {}, {}),
        ({"status": ["paid", "failed", "paid", "paid"]}, {}, {"keep_rows": {"status": ["paid"]}}),
        ({"currency code": ["EUR"] * 4}, {}, {}),
        ({"refund": ["0", "0.00", "", "0"]}, {}, {}),
        ({"tax": ["2"] * 4, "net total": ["8"] * 4}, {"revenue": "net total"}, {}),
        ({"tax": ["2"] * 4}, {"revenue": "=[total] - [tax]"}, {}),
        ({"qty": [1, 1, 1, 1], "price": [5, 5, 5, 5]}, {"revenue": "price"}, {}),
        ({"order customer no": ["x", "y", "x", "z"]}, {"customer_id": "order customer no"}, {}),
    ],
)
def test_what_is_in_order_is_not_mentioned(
    tmp_path: Path, extra: dict[str, list[Any]], columns: dict[str, str], more: dict[str, Any]
) -> None:
    assert _said(tmp_path, extra, columns, **more) == []


def test_returns_among_sales_are_said_where_their_amounts_are_above_zero(tmp_path: Path) -> None:
    (said,) = _said(tmp_path, {"type": ["sale", "sale", "return", "sale"]})
    assert "return 1" in said
    assert "refund: {rows: {type: [return]}}" in said
    assert _said(tmp_path, {"type": ["sale", "gift", "sale", "sale"]}) == []


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("total (USD)", "the study's currency is EUR"),
        ("total_thousands", "in thousands by its name"),
        ("total EUR", ""),
    ],
)
def test_what_the_name_of_revenue_says_of_its_unit_is_held_against_the_study(
    tmp_path: Path, name: str, words: str
) -> None:
    said = _said(tmp_path, {name: [5, 6, 7, 8]}, {"revenue": name})
    assert [words in one for one in said] == ([True] if words else [])


def test_addresses_for_tests_are_said_where_they_are_few(tmp_path: Path) -> None:
    lines = [f"c{n % 5},2025-12-{n + 1:02d},10,{'test@shop.com' if n < 2 else f'u{n}@shop.com'}" for n in range(20)]
    (tmp_path / "x.csv").write_text("\n".join(["customer_id,date,revenue,email", *lines]) + "\n", encoding="utf-8")
    (said,) = [one for one in load(tmp_path, {"transactions": {"path": "x.csv"}}).cautions if one.kind == "left_aside"]
    assert said.rows == 2
    assert "test@shop.com" not in said.text


@pytest.mark.parametrize(("sku", "told"), [(("x", "x"), 4), (("x", "y"), 0)])
def test_versions_of_orders_are_said(tmp_path: Path, sku: tuple[str, str], told: int) -> None:
    lines = [f"{n},c{n},2025-12-0{n},{5 + k},new,2025-12-1{k},{sku[k]}" for n in (1, 2) for k in (0, 1)]
    header = "order_id,customer_id,date,revenue,state,updated_at,sku"
    (tmp_path / "x.csv").write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    source = {"path": "x.csv", "columns": {"product": "sku"}}
    found = [one for one in load(tmp_path, {"transactions": source}).cautions if one.kind == "repeated_rows"]
    assert sum(one.rows for one in found) == told
    assert all(
        "once_per: [order_id] and, on a line of its own, latest: updated_at" in one.text and one.lowers for one in found
    )


@pytest.mark.parametrize(
    ("name", "words", "told"),
    [
        ("amount", ("month", "year"), "values: {interval: {month: 1, year: 12}}"),
        ("ARR", ("", ""), '"=[ARR] / 12"'),
        ("monthly_fee", ("month", "year"), ""),
        ("amount", ("month", "month"), ""),
        ("amount", ("Basic", "Pro"), ""),
    ],
)
def test_a_monthly_value_that_is_paid_for_longer_is_said(
    tmp_path: Path, name: str, words: tuple[str, str], told: str
) -> None:
    lines = [f"c{n},2025-0{n + 1}-03,,{20 + n},{words[n % 2]}" for n in range(6)]
    (tmp_path / "s.csv").write_text("\n".join([f"customer_id,start,end,{name},interval", *lines]), encoding="utf-8")
    source = {"path": "s.csv", "columns": {"value_per_month": name}}
    said = [one.text for one in load(tmp_path, {"subscriptions": source}).cautions if one.kind == "left_aside"]
    assert [told in text for text in said] == ([True] if told else [])
