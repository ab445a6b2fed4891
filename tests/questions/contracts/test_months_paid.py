"""Discounted months that are paid for: against every month counted one by one."""

from __future__ import annotations

import numpy as np
import pytest

from cxvalue.questions.contracts.months_paid import (
    discounted_months,
    months_at_end,
    paid_after,
    paid_by,
    reach_of_chances,
)

PAID = paid_by(0.99 ** np.arange(1, 13))


@pytest.mark.parametrize(("step", "first"), [(1, 0), (1, 3), (12, 5)])
def test_expected_months_are_those_of_each_chance_to_leave(step: int, first: int) -> None:
    leave = 0.2
    chances = reach_of_chances(12, step)
    there = [(1 - leave) ** sum(first + step * k <= month for k in chances.tolist()) for month in range(12)]
    found = discounted_months((1 - leave) ** chances, np.array([first]), PAID, step)
    assert found[0] == pytest.approx(np.diff(PAID) @ there)


def test_who_leaves_at_a_chance_has_paid_up_to_it() -> None:
    begun, rest = np.array([0, 2, 11]), np.array([0.0, 0.5, 0.0])
    found = paid_after(np.array([0, 1, 40]), begun, rest, PAID, 1)
    assert found == pytest.approx([0.0, PAID[3] + 0.5 * (PAID[4] - PAID[3]), PAID[12]])


def test_the_ends_of_an_interval_are_those_of_the_time_of_leaving() -> None:
    stays = 0.5 ** np.arange(14.0)[None, :]
    low, high = (months_at_end(stays, share, np.zeros(1, int), np.zeros(1, int), np.zeros(1), PAID, 1)[0]
                 for share in (0.2, 0.8))  # fmt: skip
    assert (low, high) == (pytest.approx(PAID[0]), pytest.approx(PAID[2]))
