"""Files that hold no table, or a damaged one: one problem in words each, and quickly."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cxvalue.foundation.errors import BadInput
from cxvalue.study import load_study_file
from cxvalue.tables.load import load_tables

COLUMNS = {"customer_id": ["a", "b"] * 500, "date": [date(2024, 1, 1)] * 1000, "revenue": [1.0] * 1000}


def refusal(folder: Path, name: str, content: bytes | None) -> str:
    if content is not None:
        (folder / name).write_bytes(content)
    text = f"name: {folder.name}\ncurrency: USD\ngross_margin: 0.5\ntables:\n  transactions: {{path: {name}}}\n"
    (folder / "study.yml").write_text(text, encoding="utf-8")
    with pytest.raises(BadInput) as caught:
        load_tables(load_study_file(folder / "study.yml"), as_of=None, today=date(2026, 1, 1), out=folder)
    return str(caught.value)


def test_lists_where_an_amount_is_due(tmp_path: Path) -> None:
    pq.write_table(pa.table({**COLUMNS, "revenue": [[1.0]] * 1000}), tmp_path / "t.parquet")
    assert "'revenue' contains lists or structures" in refusal(tmp_path, "t.parquet", None)


def test_damaged_pages(tmp_path: Path) -> None:
    pq.write_table(pa.table(COLUMNS), tmp_path / "whole.parquet")
    damaged = bytearray((tmp_path / "whole.parquet").read_bytes())
    damaged[20:60] = b"\xff" * 40
    assert "could not be read" in refusal(tmp_path, "t.parquet", bytes(damaged))


def test_a_field_beyond_all_measure(tmp_path: Path) -> None:
    line = b"customer_id,date,revenue," + b"h" * 140_000 + b"\na,2024-01-01,5,1\n"
    assert "a field is longer than" in refusal(tmp_path, "t.csv", line)


def test_a_hundred_thousand_columns(tmp_path: Path) -> None:
    head = ",".join(["customer_id", "date", "revenue", *(f"x{place}" for place in range(100_000))])
    assert "100,003 columns, and at most 5,000" in refusal(tmp_path, "t.csv", f"{head}\n{head}\n".encode())


def test_a_name_too_long_for_the_system(tmp_path: Path) -> None:
    assert "could not be opened: file name too long" in refusal(tmp_path, f"{'x' * 300}.csv", None)
