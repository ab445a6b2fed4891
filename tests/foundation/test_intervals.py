"""Ends of intervals hold a further draw as often as they say, however few draws there are."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from cxvalue.foundation.errors import CxvalueError
from cxvalue.foundation.intervals import Interval, interval_ends, p_value_of, reach_of, stated_draws


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


def test_an_interval_holds_its_value_at_either_end_and_keeps_ends_that_are_never_reached() -> None:
    assert Interval.holding(5.0, 1.0, 4.0) == (5.0, 1.0, 5.0)
    assert Interval.holding(0.5, 1.0, 4.0) == (0.5, 0.5, 4.0)
    assert Interval.holding(2.0, 1.0, 4.0) == (2.0, 1.0, 4.0)
    assert Interval.around(400.0, np.arange(1.0, 200.0)) == pytest.approx((400.0, 5.0, 400.0))
    never = np.array([3.0] * 10 + [np.inf] * 10)
    assert Interval.around(3.0, never, method="inverted_cdf") == (3.0, 3.0, np.inf)


@pytest.mark.parametrize("df", [1.5, 4.0, 30.0, np.inf])
def test_reach_and_p_value_are_those_of_t(df: float) -> None:
    assert reach_of(0.9, df) == pytest.approx(stats.t.ppf(0.95, df), rel=1e-12)
    assert p_value_of(-2.5, 1.25, df) == pytest.approx(2 * stats.t.sf(2.0, df), rel=1e-12)
    assert p_value_of(reach_of(0.9, df) * 3.0, 3.0, df) == pytest.approx(0.1)
    _, low, high = Interval.of_error(10.0, 2.0, 0.9, df)
    assert (low, high) == pytest.approx(stats.t.interval(0.9, df, 10.0, 2.0))


def test_a_value_without_an_error_differs_surely_or_not_at_all() -> None:
    assert p_value_of(0.0, 0.0) == 1.0
    assert p_value_of(1e-9, 0.0) == 0.0


@pytest.mark.parametrize("level", [0.0, 1.0, 95.0, float("nan")])
def test_a_level_that_is_no_share_is_refused(level: float) -> None:
    with pytest.raises(CxvalueError, match=r"must lie between 0 and 1, for example 0\.95"):
        reach_of(level)


def test_stated_figures_hold_95_percent_and_keep_their_sides() -> None:
    z = np.random.default_rng(3).standard_normal(200_000)
    drawn = stated_draws(z, 10.0, 8.0, 30.0)
    assert np.quantile(drawn, [0.025, 0.5, 0.975]) == pytest.approx([8.0, 10.0, 30.0], rel=0.01)
    assert (stated_draws(z, 5.0, 5.0, 5.0) == 5.0).all()


def test_an_interval_is_written_short_and_without_an_exponent() -> None:
    interval = Interval(2_035_123.456, -1 / 3, float("inf"))
    assert repr(interval) == "Interval(value=2035123, low=-0.333333, high=inf)"
    assert interval._repr_html_() == "<p>2,035,123 (−0.333333 to inf)</p>"
    assert repr(Interval(0.0, 1e-7, 100.0)) == "Interval(value=0, low=0.0000001, high=100)"
