"""Whole periods: what everybody had, late entry, and a grace after anniversaries."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

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


@given(
    st.lists(st.tuples(st.integers(-900, 900), st.integers(0, 900), st.booleans()), min_size=1, max_size=20),
    st.integers(-300, 300),
    st.integers(0, 400),
)
def test_nobody_is_there_for_less_than_nothing_nor_longer_than_was_seen(
    rows: list[tuple[int, int, bool]], begun: int, more: int
) -> None:
    start = [one[0] for one in rows]
    end = [OPEN if going else first + lasted for first, lasted, going in rows]
    found = spells(start, end, until=begun + more, observed_from=begun)
    assert (found.periods[found.kept] >= 1).all()
    assert (found.periods[found.kept] <= more / 30 + 2).all()
    assert not found.kept[[first > begun + more for first in start]].any()
