"""What was given away, by hand."""

from __future__ import annotations

import ibis
import pandas as pd
import pytest

from cxvalue.questions.discounts.given import depth_by_product


def test_depths_by_hand() -> None:
    table = ibis.memtable(
        pd.DataFrame(
            {
                "product": ["dairy / 1", "dairy / 2", "bread", "bread", None, "dairy / 1"],
                "revenue": [8.0, 10.0, 4.5, 5.0, 1.0, -8.0],
                "discount": [2.0, 0.0, 0.5, None, 0.0, -2.0],
            }
        )
    )
    found = depth_by_product(table)
    assert found is not None
    assert found["product"].tolist() == ["dairy", "bread", "not known"]
    assert found["full_price"].tolist() == [20.0, 10.0, 1.0]
    assert found["depth"].tolist() == pytest.approx([0.1, 0.05, 0.0])
    assert found["with_discount"].tolist() == pytest.approx([0.5, 0.5, 0.0])
    assert found["depth_when_given"].tolist() == pytest.approx([0.2, 0.1, 0.0])
    few = depth_by_product(table, most=2)
    assert few is not None
    assert few["product"].tolist() == ["dairy", "all others"]
    assert few["full_price"].sum() == pytest.approx(31.0)


def test_without_discounts_there_is_nothing_to_say() -> None:
    rows = pd.DataFrame({"product": ["a"], "revenue": [1.0], "discount": [0.0]})
    assert depth_by_product(ibis.memtable(rows)) is None
    assert depth_by_product(ibis.memtable(rows[["product", "revenue"]])) is None
