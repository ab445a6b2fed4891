"""Whole periods: what everybody had, late entry, and a grace after anniversaries."""

from __future__ import annotations

import numpy as np

from cxvalue.lifetime.spells import OPEN, spells


def test_years_end_at_their_anniversary_with_some_grace() -> None:
    # Ends a day early, on the day, two weeks late and in the middle of the second year; and one that goes on.
    found = spells(
        [0, 0, 0, 0, 0], [364, 366, 380, 550, OPEN], until=800, observed_from=0, period_days=365.25, grace_days=31
    )
    assert found.renewed.tolist() == [0, 0, 0, 1, 2]
    assert found.ended.tolist() == [True, True, True, True, False]
    assert found.periods.tolist() == [1, 1, 1, 2, 2]


def test_who_began_before_the_records_comes_in_at_the_own_age() -> None:
    found = spells([-100, -100, -100], [OPEN, 5, 120], until=200, observed_from=0)
    assert found.entry.tolist() == [4, 4, 4]
    assert found.kept.tolist() == [True, False, True]  # the second ended within the month of its entry
    assert found.periods[found.kept].tolist() == [5, 4]


def test_nobody_is_there_for_less_than_nothing_nor_longer_than_was_seen() -> None:
    rng = np.random.default_rng(1)
    for _ in range(100):
        start, begun, more = rng.integers(-900, 900, 50), int(rng.integers(-300, 300)), int(rng.integers(0, 400))
        end = np.where(rng.random(50) < 0.5, OPEN, start + rng.integers(0, 900, 50))
        found = spells(start, end, until=begun + more, observed_from=begun)
        assert (found.periods[found.kept] >= 1).all()
        assert (found.periods[found.kept] <= more / 30 + 2).all()
        assert not found.kept[start > begun + more].any()
