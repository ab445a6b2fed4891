"""Versions of an order are asked about, and the last one counts; lines of an order are no versions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cxvalue.firstmile.found import recognise
from tests.exports import as_csv

HEADER = "customer_id|order_id|date|status|net_amount|updated_at"


def _rows(each: int) -> list[str]:
    """Six orders of 10.00, each in so many versions, the last of which says 12.00 and paid."""
    return [
        f"c{n % 3}|o{n}|2025-03-{n + 1:02d}|{'paid' if k == each - 1 else 'pending'}|"
        f"{12 if k == each - 1 else 10}.00|2025-04-{k + 1:02d} 10:00"
        for k in range(each)
        for n in range(6)
    ]


def _spec(folder: Path, header: str, rows: list[str], **answers: str) -> tuple[dict[str, Any], set[str]]:
    (folder / "x.csv").write_text(as_csv(header, *rows), encoding="utf-8")
    found = recognise(folder / "x.csv")
    asked = {one.key for one in found.questions}
    return found.answer(**answers).understanding.settled["transactions"][0], asked


def test_the_last_version_counts(tmp_path: Path) -> None:
    spec, asked = _spec(tmp_path, HEADER, _rows(3), versions="last", statuses="all")
    assert "versions" in asked
    assert "lines" not in asked
    assert (spec["once_per"], spec["latest"]) == ("order_id", "updated_at")
    spec, _ = _spec(tmp_path, HEADER, _rows(3), versions="all", statuses="all")
    assert "latest" not in spec


def test_versions_of_lines_are_told_apart_by_what_differs_in_an_order(tmp_path: Path) -> None:
    rows = [f"{row}|{sku}" for row in _rows(2) for sku in ("mug", "cup")]
    spec, _ = _spec(tmp_path, HEADER + "|sku", rows, versions="last", statuses="all")
    assert spec["once_per"] == ["order_id", "sku"]


@pytest.mark.parametrize(
    ("header", "rows"),
    [
        (HEADER, _rows(1)),
        (HEADER + "|sku", [f"{_rows(1)[n]}|{sku}" for n in range(6) for sku in ("mug", "cup")]),
        (HEADER + "|sku", [f"{row}|{row[-8:]}" for row in _rows(2)]),
        (HEADER + "|line_id", [f"{row}|{n}" for n, row in enumerate(_rows(2))]),
    ],
)
def test_orders_and_their_lines_are_no_versions(tmp_path: Path, header: str, rows: list[str]) -> None:
    assert "versions" not in _spec(tmp_path, header, rows)[1]
