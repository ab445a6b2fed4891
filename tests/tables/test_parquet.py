"""Parquet files written in parts: the same as written at once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from cxvalue.tables import parquet


@pytest.mark.parametrize("rows", [0, 1, 3, 7])
def test_parts_read_back_like_the_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    monkeypatch.setattr(parquet, "ROWS_AT_ONCE", 3)
    frame = pd.DataFrame(
        {
            "customer_id": [f"c{n}" for n in range(rows)],
            "word": [None] * min(rows, 3) + ["late"] * max(rows - 3, 0),  # nothing but missing values in the first part
            "value": np.linspace(0, 1, rows),
            "number": pd.array([None, *range(rows - 1)] if rows else [], dtype="Int64"),
            "dormant": np.arange(rows) % 2 == 0,
        },
        index=np.arange(rows)[::-1],
    )
    parquet.write_parquet(frame, tmp_path / "parts.parquet")
    frame.to_parquet(tmp_path / "whole.parquet", index=False)
    pd.testing.assert_frame_equal(
        pd.read_parquet(tmp_path / "parts.parquet"), pd.read_parquet(tmp_path / "whole.parquet")
    )


def test_what_is_no_number_is_missing_in_the_file(tmp_path: Path) -> None:
    frame = pd.DataFrame({"value": [1.0, np.nan], "other": [None, 2.0]})
    parquet.write_parquet(frame, tmp_path / "t.parquet")
    found = pq.read_table(tmp_path / "t.parquet").to_pydict()
    assert found == {"value": [1.0, None], "other": [None, 2.0]}
