"""Past days from which to forecast, and rows of forecasts as tables and as JSON."""

from __future__ import annotations

import json

import numpy as np
import pytest

from cxvalue.lifetime.evidence.attempts import Attempts, origins_before, step_days
from tests.lifetime.evidence.rows import attempts_of


@pytest.mark.parametrize(("days", "step"), [(100, 7), (146, 7), (147, 15), (438, 15), (439, 30), (949, 30), (950, 91)])
def test_the_grid_is_finer_where_the_history_is_short(days: int, step: int) -> None:
    assert step_days(days) == step


def test_origins_leave_room_for_the_horizon_and_for_a_history() -> None:
    found = origins_before(1_000, 1_400, 91)
    assert (found[-1], found[0]) == (1_400 - 7 * 15, 1_400 - 24 * 15)
    assert set(np.diff(found)) == {15}
    assert len(origins_before(0, 4_000, 91)) == 24
    assert len(origins_before(0, 4_000, 91, most=None)) == 43
    assert origins_before(0, 50, 30) == []


def test_attempts_survive_json() -> None:
    rows = attempts_of([(10, 5, np.nan, (3.0, np.nan)), (20, 5, 4.0, (5.0, 6.0))])
    back = Attempts.from_dict(json.loads(json.dumps(rows.to_dict())))
    for name in ("origin", "days", "history", "growth", "chance", "actual", "made"):
        np.testing.assert_array_equal(getattr(rows, name), getattr(back, name))
    assert back.names == rows.names


def test_rows_are_joined_and_taken() -> None:
    rows = attempts_of([(10, 5, 1.0, (3.0,)), (20, 5, 4.0, (5.0,))])
    both = rows.with_row(rows.take(np.array([0])))
    assert both.origin.tolist() == [10, 20, 10]
    assert len(Attempts.joined([], ("a", "b"))) == 0
    assert Attempts.joined([], ("a", "b")).made.shape == (0, 2)
    assert Attempts.joined([], ("a", "b")).with_row(attempts_of([(1, 2, 3.0, (4.0, 5.0))])).actual.tolist() == [3.0]
