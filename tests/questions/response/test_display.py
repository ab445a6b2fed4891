"""Answers to complaints as tables."""

from __future__ import annotations

from cxvalue.questions.response.display import open_table, recovery_display
from cxvalue.questions.response.recovery import answer_speed
from tests.experienceworlds import RULES
from tests.questions.response.test_findings import MADE
from tests.questions.response.test_recovery import complaints


def test_the_curve_begins_at_one_and_falls() -> None:
    rows, _ = complaints()
    speed = answer_speed(rows, RULES.target_days)  # type: ignore[arg-type]
    assert speed is not None
    table = open_table(speed, 0.95)
    assert table["still_open"].is_monotonic_decreasing
    assert 1 - table.loc[3, "still_open"] == speed.closed_loop.value
    assert "alike before" in recovery_display(MADE, "EUR").to_html()
