"""A study written by hand over the export of a known system: right, or refused with what it takes otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from cxvalue.firstmile.found import recognise
from cxvalue.foundation.errors import BadInput
from cxvalue.workspace.check import examine
from tests.exports import EXPORTS, write_export

FILES = {one.name: one for one in EXPORTS}
BY_HAND: list[tuple[str, dict[str, str], dict[str, Any], str]] = [
    (
        "shopify.csv",
        {"customer_id": "Email", "date": "Created at", "revenue": "Lineitem price"},
        {},
        "revenue is 'Lineitem price' and not 'Subtotal'.*whatever 'Financial Status' says.*once_per: Name.*not a separate",
    ),
    (
        "woo.csv",
        {"customer_id": "Customer", "date": "Date", "revenue": "N. Revenue", "order_id": "Order #"},
        {},
        "rows count whatever 'Status' says",
    ),
    (
        "payments.csv",
        {"customer_id": "Customer ID", "date": "Created date (UTC)", "revenue": "Amount"},
        {},
        "whatever 'Status' says.*'Converted Amount Refunded' is not a separate refund",
    ),
    (
        "payments.csv",
        {
            "customer_id": "Customer ID",
            "date": "Created date (UTC)",
            "revenue": "=[Converted Amount] - [Converted Amount Refunded]",
        },
        {"keep_rows": {"Status": ["Paid", "Refunded"], "Captured": ["true"]}},
        "not a separate refund",
    ),
    (
        "bigcommerce.csv",
        {"customer_id": "Customer ID", "date": "Order Date", "revenue": "Order Total (inc tax)"},
        {},
        "customer_id is 'Customer ID' and not 'Customer Email'; revenue is 'Order Total",
    ),
    (
        "magento.csv",
        {"customer_id": "Customer Email", "date": "Purchase Date", "revenue": "Grand Total (Base)"},
        {},
        "revenue is 'Grand Total",
    ),
    (
        "deals.csv",
        {"customer_id": "Associated Company IDs", "date": "Create Date", "revenue": "Amount"},
        {},
        "date is 'Create Date' and not 'Close Date'; rows count whatever 'Deal Stage' says",
    ),
    (
        "report.csv",
        {"customer_id": "Account ID", "date": "Close Date", "revenue": "Amount"},
        {"footer": "leave_out", "read": {"encoding": "cp1252"}},
        "whatever 'Stage' says",
    ),
]


def _study(
    folder: Path, path: Path, table: str, columns: dict[str, str], more: dict[str, Any], **settings: Any
) -> Path:
    study = {
        "name": "hand",
        "currency": "USD" if path.name == "bigcommerce.csv" else "EUR",
        "gross_margin": 0.4,
        "annual_discount_rate": 0.1,
        "horizon_months": 24,
        "as_of": "2026-06-30",
        **settings,
        "tables": {table: {"path": str(path), "columns": columns, **more}},
    }
    (folder / "hand").mkdir(exist_ok=True)
    target = folder / "hand" / "study.yml"
    target.write_text(yaml.safe_dump(study), encoding="utf-8")
    return target


@pytest.mark.parametrize(
    ("name", "columns", "more", "words"), BY_HAND, ids=lambda one: one if isinstance(one, str) else ""
)
def test_an_obvious_mapping_is_no_silent_mistake(
    tmp_path: Path, name: str, columns: dict[str, str], more: dict[str, Any], words: str
) -> None:
    path = write_export(tmp_path, FILES[name])
    with pytest.raises(BadInput, match=f"(?s)is read differently: .*{words}"):
        examine(_study(tmp_path, path, "transactions", columns, more))
    examine(_study(tmp_path, path, "transactions", columns, {**more, "layout": "own"}))


def test_a_request_to_cancel_is_no_end_and_a_year_no_month(tmp_path: Path) -> None:
    path = write_export(tmp_path, FILES["subs.csv"])
    columns = {"customer_id": "Customer ID", "start": "Start (UTC)", "end": "Canceled At (UTC)"}
    columns["value_per_month"] = "Amount"
    study = _study(tmp_path, path, "subscriptions", columns, {}, contract="contractual")
    with pytest.raises(BadInput, match=r"(?s)end is 'Canceled At \(UTC\)'.*value_per_month is 'Amount'.*'Status'"):
        examine(study)


def test_what_names_no_buyer_is_refused_by_hand_as_well(tmp_path: Path) -> None:
    text = "amazon-order-id,purchase-date,order-status,sku,quantity,item-price,ship-postal-code\n"
    text += "".join(f"{n},2025-03-0{n},Shipped,a,1,5,1234{n}\n" for n in range(1, 6))
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    columns = {"customer_id": "ship-postal-code", "date": "purchase-date", "revenue": "item-price"}
    with pytest.raises(BadInput, match="the report names no buyer"):
        examine(_study(tmp_path, tmp_path / "a.csv", "transactions", columns, {}))


@pytest.mark.parametrize("name", ["shopify.csv", "woo.csv", "payments.csv", "bigcommerce.csv", "deals.csv"])
def test_what_new_writes_stands_without_its_layout(tmp_path: Path, name: str) -> None:
    """The mapping that is meant passes as one that somebody wrote by hand."""
    answers = {"margin": "0.4", **FILES[name].answers}
    written = recognise(write_export(tmp_path, FILES[name])).answer(**answers).write(tmp_path / "s")
    text = written.read_text(encoding="utf-8")
    written.write_text("\n".join(line for line in text.splitlines() if "layout:" not in line), encoding="utf-8")
    assert examine(written).to_dict()["tables"]["transactions"]["revenue"] == FILES[name].revenue
