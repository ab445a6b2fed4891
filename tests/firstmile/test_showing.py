"""What is shown: samples at the terminal, counted rows, and a table for a notebook."""

from __future__ import annotations

from pathlib import Path

from cxvalue.firstmile.found import recognise
from tests.exports import EXPORTS, write_export


def test_lines_for_a_terminal(tmp_path: Path) -> None:
    shop = next(one for one in EXPORTS if one.name == "bigcommerce.csv")
    lines = str(recognise(write_export(tmp_path, shop))).splitlines()
    assert lines[0] == "bigcommerce.csv, 3 rows: BigCommerce, orders (bigcommerce_orders/1)"
    assert any("customer_id" in line and "a@example.org" in line and "sure" in line for line in lines)
    assert any("Order Status: Completed 1, Shipped 1; left out: Declined 1" in line for line in lines)
    assert any(line.split() == ["net", "revenue", "USD", "80.00"] for line in lines)


def test_a_table_for_a_notebook_escapes_what_it_shows(tmp_path: Path) -> None:
    text = "customer_id,date,net <b>\n" + "".join(f"<i>{n % 2}</i>,2025-03-1{n},5.50\n" for n in range(1, 5))
    (tmp_path / "x.csv").write_text(text, encoding="utf-8")
    shown = recognise(tmp_path / "x.csv")._repr_html_()
    assert "<i>" not in shown
    assert "net &lt;b&gt;" in shown
    assert ".answer(currency=…)" in shown
