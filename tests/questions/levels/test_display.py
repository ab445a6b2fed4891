"""Levels as tables."""

from __future__ import annotations

import pytest

from cxvalue.questions.levels.display import levels_display, levels_table, moves_display, moves_table
from tests.questions.levels.test_worth import worth


def test_tables_hold_what_the_findings_say() -> None:
    found = worth()
    table = levels_table(found).set_index("level")
    assert table.loc["high", "margin"] == found.margin["high"].value
    assert table.loc["high", "step_low"] == found.steps["high"].low
    assert table["customers"].sum() == found.classified
    moves = moves_table(found)
    assert moves.groupby("from")["share"].sum().tolist() == pytest.approx([1.0] * 5)
    assert "negative" in levels_display(found, "EUR").to_html()
    assert "gone" in moves_display(found).to_html()
