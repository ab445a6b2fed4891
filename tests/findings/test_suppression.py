"""Small cells cannot be worked out from a known sum, and a sum of money does not give away its largest part."""

from __future__ import annotations

import numpy as np

from cxvalue.findings.suppression import dominated, withheld_in_row


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
