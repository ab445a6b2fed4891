from __future__ import annotations

import ibis
import pytest

from cxvalue.study import StudyFile
from cxvalue.tables.read.laid import lines_to_bring
from cxvalue.tables.read.schema import CONTRACTS
from cxvalue.tables.read.sql import ROW

PURCHASES = ibis.table(
    {"customer_id": "string", "date": "date", "revenue": "float64", "margin": "float64", "lines": "int64"}
)


@pytest.mark.parametrize(
    ("engine", "columns", "of_lines", "kept"),
    [
        (None, "order_id channel", True, "customer_id date revenue margin order_id channel"),
        ("${W}", "order_id channel", False, "customer_id date revenue margin"),
        ("${W}", "order_id product channel", True, "customer_id date revenue margin product"),
        ("${W}", "order_id discount", True, "customer_id date revenue margin discount"),
    ],
)
def test_of_a_warehouse_no_order_comes_over_and_lines_only_for_products(
    engine: str | None, columns: str, of_lines: bool, kept: str
) -> None:
    table = {"table": "lines"} if engine else {"path": "lines.csv"}
    study = StudyFile(name="s", currency="EUR", gross_margin=0.5, engine=engine, tables={"transactions": table})
    more = {name: "float64" if name == "discount" else "string" for name in columns.split()}
    lines = ibis.table({ROW: "int64", **{name: PURCHASES.schema()[name] for name in PURCHASES.columns[:4]}, **more})
    chosen, order, names = lines_to_bring(study, CONTRACTS["transactions"], lines, PURCHASES)
    assert chosen is (lines if of_lines else PURCHASES)
    assert order == (["customer_id", "date", ROW] if of_lines else ["customer_id", "date"])
    assert names == kept.split()
