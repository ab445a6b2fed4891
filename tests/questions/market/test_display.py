"""Gaps as a table."""

from __future__ import annotations

from datetime import date

from cxvalue.questions.market.display import gaps_table
from tests.questions.market.test_findings import MOVING


def test_a_row_a_date() -> None:
    table = gaps_table([MOVING])
    assert len(table) == 10
    assert table["date"].iloc[0] == date(2024, 10, 4)
    assert table["gap"].iloc[-1] == -0.4
