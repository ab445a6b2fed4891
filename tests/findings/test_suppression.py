"""Small cells cannot be worked out: published examples, and an attack by linear programming on random tables."""

from __future__ import annotations

import numpy as np
import pytest

from cxvalue.findings.suppression import dominated, feasible, withheld_in_row, withheld_in_table

TABLE = np.array([[15, 1, 3, 1], [20, 10, 10, 15], [3, 10, 10, 2], [12, 14, 7, 2]])


def test_the_small_cells_alone_are_recovered_exactly() -> None:
    small = (TABLE > 0) & (TABLE < 4)
    low, high = feasible(TABLE, small)
    assert np.allclose(low[small], TABLE[small])
    assert np.allclose(high[small], TABLE[small])


def test_the_cheapest_three_cells_protect_them() -> None:
    hidden = withheld_in_table(TABLE, 4)
    small = (TABLE > 0) & (TABLE < 4)
    added = sorted(map(tuple, np.argwhere(hidden & ~small).tolist()))
    assert added == [(2, 1), (3, 0), (3, 2)]  # 10, 12 and 7
    assert (feasible(TABLE, hidden)[1][small] >= 4).all()


def test_the_intervals_of_a_published_example() -> None:
    # The vignette of GaussSuppression: hidden 0, 2, 3 and 4 lie in [0, 2], [0, 2], [3, 5] and [2, 4].
    table = np.array([[5, 2, 0], [6, 3, 4]])
    hidden = np.array([[False, True, True], [False, True, True]])
    low, high = feasible(table, hidden)
    found = {int(table[i, j]): (low[i, j], high[i, j]) for i, j in np.argwhere(hidden)}
    assert found == {0: (0, 2), 2: (0, 2), 3: (3, 5), 4: (2, 4)}


@pytest.mark.parametrize("seed", range(12))
def test_an_attack_on_random_tables_proves_no_small_cell(seed: int) -> None:
    rng = np.random.default_rng(seed)
    table = rng.poisson(rng.choice([2.0, 12.0, 40.0], size=(4, 5)))
    hidden = withheld_in_table(table, 10)
    small = (table > 0) & (table < 10)
    assert hidden[small].all()
    assert not hidden[table == 0].any()
    if not hidden.all() and (hidden & ~small).sum() < (table >= 10).sum():
        assert (feasible(table, hidden)[1][small] >= 10 - 1e-6).all()


def test_a_row_with_a_known_sum_hides_at_least_two_that_could_be_enough() -> None:
    for counts in ([6, 500, 200], [3, 4, 500], [1, 1, 1, 90], [9, 9, 9]):
        hidden = withheld_in_row(counts, 10)
        left = np.array(counts)[hidden].sum()
        assert hidden.sum() >= 2
        assert left >= 10
    assert withheld_in_row([6], 10).tolist() == [True]
    assert not withheld_in_row([10, 0, 90], 10).any()


def test_a_sum_must_not_give_away_its_largest_part() -> None:
    assert dominated([5.0, 4.0])
    assert not dominated(np.ones(30))
