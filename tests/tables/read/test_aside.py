"""Columns that a study leaves aside and that may change what its amounts mean."""

from __future__ import annotations

from typing import Any

import pytest

from cxvalue.study import TableSource
from cxvalue.tables.read.aside import columns_aside, columns_used

NAMES = ["id", "Status", "Total", "Tax", "Tax rate", "Refunded", "Refund date", "Currency", "Qty", "Net amount"]
COLUMNS = {"customer_id": "id", "revenue": "Total"}


def test_each_role_is_found_once_and_what_is_used_is_none() -> None:
    found = columns_aside(NAMES, TableSource(path="x.csv", columns=COLUMNS))
    expected = {"status": "Status", "tax": "Tax", "refund": "Refunded", "currency": "Currency", "quantity": "Qty"}
    expected["rate"] = "Tax rate"
    assert found == {**expected, "net": "Net amount"}
    shaped = TableSource(
        path="x.csv",
        columns={**COLUMNS, "revenue": "=[Net amount] * [Qty]"},
        keep_rows={"Status": ("paid",)},
        refund={"amount": "Refunded", "date": "Refund date"},
    )
    assert columns_aside(NAMES, shaped) == {"tax": "Tax", "currency": "Currency", "rate": "Tax rate"}
    assert columns_used(shaped) == {"id", "Net amount", "Qty", "Status", "Refunded", "Refund date"}


@pytest.mark.parametrize(
    "settings",
    [{"path": "x.csv", "layout": "own"}, {"files": {"x": "x.csv"}, "query": "SELECT * FROM x"}],
)
def test_who_says_what_is_meant_is_not_asked(settings: dict[str, Any]) -> None:
    assert columns_aside(NAMES, TableSource(columns=COLUMNS, **settings)) == {}
