"""Ends of intervals hold a further draw as often as they say, however few draws there are."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from cxvalue.foundation.intervals import interval_ends


@pytest.mark.parametrize("draws", [100, 200, 400])
def test_a_further_draw_lies_inside_as_often_as_said(draws: int) -> None:
    # Of uniform draws the ends are the probabilities below them: their mean distance is the coverage, exactly.
    sample = np.random.default_rng(draws).random((draws, 20_000))
    low, high = interval_ends(sample, level=0.9)
    held = float((high - low).mean())
    assert held == pytest.approx(0.9, abs=0.001)
    assert float(low.mean()) == pytest.approx(0.05, abs=0.001)
    usual = np.quantile(sample, [0.05, 0.95], axis=0)
    assert held > float((usual[1] - usual[0]).mean()) + 0.6 / draws


def test_the_ends_are_order_statistics_where_ranks_are_whole() -> None:
    sample = np.random.default_rng(5).permutation(np.arange(1.0, 200.0))
    assert interval_ends(sample) == pytest.approx((5.0, 195.0))
    # scipy's order statistics of "Weibull" plotting positions are another way to the same numbers
    ends = stats.mstats.mquantiles(sample, [0.025, 0.975], alphap=0, betap=0)
    assert interval_ends(sample) == pytest.approx(tuple(ends))


def test_rows_and_columns() -> None:
    sample = np.arange(40.0).reshape(2, 20)
    low, high = interval_ends(sample, level=0.8, axis=1)
    assert low.tolist() == pytest.approx([1.1, 21.1])
    assert high.tolist() == pytest.approx([17.9, 37.9])
