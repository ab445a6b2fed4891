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


@pytest.mark.parametrize(
    ("name", "role", "wanted"),
    [
        ("billing interval", "interval", True),
        ("Plan", "interval", True),
        ("billing_city", "interval", False),
        ("notice period", "interval", False),
        ("MwSt-Satz", "rate", True),
        ("Umsatz inkl. MwSt.", "rate", False),
        ("Total incl. 20% VAT", "rate", False),
    ],
)
def test_a_name_is_what_it_says_as_a_whole(name: str, role: str, wanted: bool) -> None:
    contract = "subscriptions" if role == "interval" else "transactions"
    columns = {"customer_id": "id", "start": "from"} if role == "interval" else COLUMNS
    found = columns_aside(["id", "from", name], TableSource(path="x.csv", columns=columns), contract)
    assert (found.get(role) == name) is wanted
