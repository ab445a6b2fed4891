"""Small levels and moves are nowhere, and cannot be worked out from what is left."""

from __future__ import annotations

from dataclasses import replace

from cxvalue.questions.levels.display import levels_display, levels_table, moves_display, moves_table
from cxvalue.questions.levels.findings import level_findings
from cxvalue.questions.levels.hidden import hide_small
from cxvalue.questions.levels.worth import MOVES
from tests.questions.levels.test_worth import rows_of, worth


def test_a_small_level_takes_another_with_it() -> None:
    found = worth()
    counts = dict(found.counts) | {"high": 4}
    left, cells = hide_small(replace(found, counts=counts, classified=sum(counts.values())), 10)
    hidden = set(counts) - set(left.counts)
    assert "high" in hidden
    assert len(hidden) >= 2
    assert cells >= 2
    assert sum(counts[name] for name in hidden) >= 10
    told = {one.id: one for one in level_findings(left, rows_of(), currency="EUR", level=0.95)}
    for name in hidden:
        assert told[f"experience.level.{name}.share"].value is None
        assert levels_table(left).set_index("level")["customers"].isna()[name]
    assert "—" in levels_display(left, "EUR").to_html()


def test_small_moves_cannot_be_subtracted() -> None:
    found = worth()
    left, _ = hide_small(found, 10)
    for name in found.counts:
        counts = {into: round(found.moves[name, into].value * found.moved[name]) for into in MOVES}
        hidden = {into for into in MOVES if (name, into) not in left.moves}
        assert all(into in hidden for into, n in counts.items() if 0 < n < 10)
        if hidden:
            assert len(hidden) >= 2
            assert sum(counts[into] for into in hidden) >= 10
    assert len(moves_table(left)) == len(left.moves)
    assert "—" in moves_display(left).to_html()


def test_figures_of_a_level_that_few_ever_had_are_withheld() -> None:
    found = worth()
    left, _ = hide_small(replace(found, customers=dict(found.customers) | {"high": 9}), 10)
    assert "high" not in left.margin
    assert "high" not in left.steps
    assert "low" in left.margin
    whole, none = hide_small(found, 0)
    assert none == 0
    assert whole.moves == found.moves
