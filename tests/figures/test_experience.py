"""Figures of experience draw what they are given and say when there is nothing."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from cxvalue.figures import driver_map, gap_trend, level_moves, message_of, open_complaints
from cxvalue.foundation.errors import CxvalueError
from cxvalue.language.catalogue import using

MOVES = pd.DataFrame({"from": ["none", "none"], "to": ["none", "gone"], "share": [0.75, 0.25]})


def test_moves_are_one_bar_a_level_that_adds_up() -> None:
    axes = level_moves(MOVES).axes[0]
    assert sum(patch.get_width() for patch in axes.patches) == pytest.approx(1.0)
    assert "No level" in level_moves(MOVES.iloc[:0]).axes[0].texts[0].get_text()


def test_the_target_is_marked_on_the_curve() -> None:
    curve = pd.DataFrame(
        {"day": [0, 1, 2], "still_open": [1.0, 0.5, 0.2], "low": [1.0, 0.4, 0.1], "high": [1.0, 0.6, 0.3]}
    )
    axes = open_complaints(curve, 1).axes[0]
    assert {line.get_label() for line in axes.lines} == {"not answered yet", "target"}


def test_drivers_and_gaps_are_named() -> None:
    drivers = pd.DataFrame({"driver": ["a", "b"], "share": [0.6, 0.4], "share_low": [0.5, 0.3], "share_high": [0.7, 0.5],
                            "mean_points": [70.0, 40.0]})  # fmt: skip
    assert [text.get_text() for text in driver_map(drivers, "overall").axes[0].texts] == ["a", "b"]
    gaps = pd.DataFrame({"metric": ["nps"] * 2, "competitor": ["X"] * 2, "date": [date(2025, 1, 1), date(2025, 4, 1)],
                         "gap": [1.0, -1.0]})  # fmt: skip
    assert gap_trend(gaps).axes[0].lines[0].get_label() == "nps against X"
    with pytest.raises(CxvalueError, match="share_low"):
        driver_map(drivers.drop(columns="share_low"), "overall")


def test_titles_are_statements_of_the_numbers() -> None:
    assert message_of(level_moves(MOVES)) == "25.0% of customers with a “neutral” experience were gone a quarter later"
    for later, said in (("unknown", "gave no answer"), ("none", "still had one")):
        moves = pd.DataFrame({"from": ["none", "none"], "to": [later, "high"], "share": [0.75, 0.25]})
        assert (
            message_of(level_moves(moves)) == f"75.0% of customers with a “neutral” experience {said} a quarter later"
        )
    both = pd.DataFrame({"from": ["high", "negative"], "to": ["gone", "gone"], "share": [0.03, 0.08]})
    assert message_of(level_moves(both)) == (
        "8.0% of customers with a “negative” experience were gone a quarter later, 3.0% of those with a “high” one"
    )
    curve = pd.DataFrame(
        {"day": [0, 1, 2], "still_open": [1.0, 0.5, 0.2], "low": [1.0, 0.4, 0.1], "high": [1.0, 0.6, 0.3]}
    )
    assert message_of(open_complaints(curve, 1)) == "50.0% of complaints were not answered within the target of 1 day"
    assert message_of(open_complaints(curve, 9)) == "20.0% of complaints were not answered within 2 days"
    drivers = pd.DataFrame({"driver": ["a", "b"], "share": [0.4, 0.6], "share_low": [0.3, 0.5], "share_high": [0.5, 0.7],
                            "mean_points": [70.0, 40.0]})  # fmt: skip
    assert message_of(driver_map(drivers, "overall")) == (
        "B goes most with overall: 60.0% of what the drivers explain, at a mean answer of 40.0 of 100"
    )
    gaps = pd.DataFrame({"metric": ["nps"] * 2, "competitor": ["X"] * 2, "date": [date(2025, 1, 1), date(2025, 4, 1)],
                         "gap": [1.0, -1.5]})  # fmt: skip
    assert message_of(gap_trend(gaps)) == "NPS: 1.50 points behind X on 1 April 2025"
    more = pd.concat([gaps, gaps.assign(competitor="Y", gap=[-2.0, 2.0])])
    assert message_of(gap_trend(more)) == "Ahead of competitors in 1 of 2 comparisons, each at its last date"


def test_levels_are_named_in_the_readers_language() -> None:
    with using("ru"):
        figure = level_moves(MOVES)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["нейтральный", "ушли"]
    assert message_of(figure) == "Через квартал ушли 25,0% клиентов с уровнем «нейтральный»"
