"""Totals and subtotals among the rows: by the name of whose they are, and by their amounts."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from tests.tables.helpers import ledger, load, problems

Row = tuple[str, date, float]


def _sales(rows: int = 120) -> list[Row]:
    rng = np.random.default_rng(7)
    return [
        (f"K{i % 12}", date(2025, 1, 1) + timedelta(days=2 * i), round(float(rng.gamma(2, 30)) + 1, 2))
        for i in range(rows)
    ]


def _lines(rows: list[Row]) -> str:
    return ledger(*(f"{who},{day},{amount:.2f}" for who, day, amount in rows))


def _sums(rows: list[Row], by: str) -> list[Row]:
    groups: dict[object, list[Row]] = {}
    for row in rows:
        groups.setdefault({"customer": row[0], "month": row[1].replace(day=1), "whole": 0}[by], []).append(row)
    return [(one[-1][0], one[-1][1], round(sum(row[2] for row in one), 2)) for one in groups.values()]


@pytest.mark.parametrize(("by", "rows"), [("customer", 12), ("month", 8), ("whole", 1)])
def test_amounts_that_are_the_sum_of_all_others_are_a_caution(tmp_path: Path, by: str, rows: int) -> None:
    sales = _sales()
    found = load(tmp_path, _lines([*sales, *_sums(sales, by)]))
    (caution,) = [one for one in found.cautions if one.kind == "sums_among_rows"]
    assert (caution.rows, caution.column, caution.lowers) == (rows, "revenue", True)
    assert not [one for one in load(tmp_path, _lines(sales)).cautions if one.kind == "sums_among_rows"]


def test_prices_of_a_list_are_no_sums(tmp_path: Path) -> None:
    sales = [(who, day, [10.0, 10.0, 20.0, 30.0, 10.0][i % 5]) for i, (who, day, _) in enumerate(_sales(170))]
    assert not [one for one in load(tmp_path, _lines(sales)).cautions if one.kind == "sums_among_rows"]


@pytest.mark.parametrize("name", ["Total", "K3 Total", "Sum K3", "Grand Total", "Итого:", "K3 Ergebnis"])
def test_whoever_is_called_a_total_is_refused(tmp_path: Path, name: str) -> None:
    sales = _sales()
    said = problems(tmp_path, _lines([*sales, (name, sales[-1][1], 5.0)]))
    assert "1 row with 'customer_id' that names a total" in said
    assert "leave_out_rows" in said


@pytest.mark.parametrize("name", ["Total Ltd", "Summer", "Sumitomo", "Totals of Leeds"])
def test_a_customer_whose_name_only_holds_such_a_word_is_one(tmp_path: Path, name: str) -> None:
    sales = _sales()
    assert load(tmp_path, _lines([*sales, (name, sales[-1][1], 5.0)])).as_of


@pytest.mark.parametrize("name", ["Subtotal", "Summe 2025-08", "Итого"])
@pytest.mark.parametrize("who", ["K3", ""])
def test_an_order_that_is_called_a_total_is_refused_whoever_bought(tmp_path: Path, name: str, who: str) -> None:
    sales = _sales()
    lines = [f"{one},{day},{amount:.2f},o{n}" for n, (one, day, amount) in enumerate(sales)]
    lines += [f"{who},{day},{amount:.2f},{name}" for _, day, amount in _sums(sales, "month")]
    (tmp_path / "x.csv").write_text("customer_id,date,revenue,order_id\n" + "\n".join(lines) + "\n", encoding="utf-8")
    said = problems(tmp_path, {"transactions": {"path": "x.csv", "rows_without_customer": "count"}})
    assert "8 rows with 'order_id' that names a total" in said
    assert "Totals of other rows are not purchases" in said
    assert "conflicting" not in said


def test_a_product_of_that_name_is_a_total_and_a_brand_is_none(tmp_path: Path) -> None:
    sales = [
        f"{who},{day},{amount:.2f},{'Total Care' if n % 2 else 'Mug'}" for n, (who, day, amount) in enumerate(_sales())
    ]
    table = tmp_path / "x.csv"
    table.write_text("customer_id,date,revenue,product\n" + "\n".join(sales) + "\n", encoding="utf-8")
    assert load(tmp_path, {"transactions": {"path": "x.csv"}}).as_of
    table.write_text(table.read_text() + "K1,2025-08-01,9000.00,Total\n", encoding="utf-8")
    assert "1 row with 'product' that names a total" in problems(tmp_path, {"transactions": {"path": "x.csv"}})


def _goods(rows: list[tuple[str, date, str, float]]) -> str:
    head = "customer_id,date,product,revenue"
    return "\n".join([head, *(f"{who},{day},{product},{amount:.2f}" for who, day, product, amount in rows)]) + "\n"


@pytest.mark.parametrize(("others", "named"), [(8, 15), (-8, 105)])
def test_a_brand_called_total_is_told_and_counts(tmp_path: Path, others: int, named: int) -> None:
    goods = [
        (who, day, "Total" if (i % abs(others) == 0) is (others > 0) else "Soap", amount)
        for i, (who, day, amount) in enumerate(_sales())
    ]
    (caution,) = [one for one in load(tmp_path, _goods(goods)).cautions if one.kind == "sums_among_rows"]
    assert (caution.rows, caution.column, caution.lowers) == (named, "product", False)


def test_lines_called_total_that_add_up_the_others_are_refused(tmp_path: Path) -> None:
    sales = _sales()
    goods = [*((who, day, "Soap", amount) for who, day, amount in sales)]
    goods += [(who, day, "Subtotal", amount) for who, day, amount in _sums(sales, "customer")]
    assert "names a total" in problems(tmp_path, _goods(goods))


def test_what_else_contradicts_shows_beside_a_total(tmp_path: Path) -> None:
    rows = [f"{who},{day},O{i},{amount:.2f}" for i, (who, day, amount) in enumerate(_sales())]
    rows += [f"K99,2025-03-01,O{i},50.00" for i in range(6)]
    rows.append("Total,2025-09-01,O999,9000.00")
    text = "\n".join(["customer_id,date,order_id,revenue", *rows]) + "\n"
    found = problems(tmp_path, text)
    assert "names a total" in found
    assert "conflicting content" in found
