"""Zero asked of sums of floats: what is rounding counts as zero, at every size of number."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from cxvalue.effects.checks.pretrend import placebo_start
from cxvalue.effects.estimators.abtest import (
    Adjustment,
    difference_in_means,
    standardised_difference,
)
from cxvalue.effects.estimators.clustered import adjusted_clustered_difference, clustered_difference
from cxvalue.foundation.rounding import independent, settled, spread_of

SAME = float(np.log1p(1.0))  # what "has ordered once" becomes: its sum over 3,000 customers is not 3,000 times itself


@pytest.mark.parametrize("size", [1e-6, 1.0, 1e9])
@pytest.mark.parametrize("count", [2, 30, 1501, 100_003])
def test_equal_numbers_have_no_spread_and_do_not_differ(size, count):
    same = np.full(count, SAME * size)
    assert spread_of(same) == 0.0
    found = difference_in_means(same, np.full(count + 1, SAME * size))
    assert (found.value, found.se, found.p_value) == (0.0, 0.0, 1.0)
    assert standardised_difference(same, np.full(count + 1, SAME * size)) == 0.0
    unit = np.arange(count) % 7
    apart = clustered_difference(same, same, unit, unit)
    assert (apart.value, apart.se, apart.p_value) == (0.0, 0.0, 1.0)


def test_a_small_true_spread_stays():
    values = 1e6 + np.arange(100.0) * 1e-2
    assert spread_of(values) == pytest.approx(values.std())
    assert settled(1e-3, 1e5) == 1e-3
    assert settled(-1e-12, 1.0) == 0.0


def test_columns_that_others_say_already_take_no_part():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(200, 2))
    columns = np.column_stack([x[:, 0], np.full(200, SAME), x[:, 1], x[:, 0] * 3 - x[:, 1] + 7, x[:, 0] * 1e-6])
    off = columns - columns.mean(axis=0)
    off[:, 1] = 0.0
    assert independent(off.T @ off).tolist() == [True, False, True, False, False]
    assert Adjustment(columns[:100], columns[100:]).kept.tolist() == [True, False, True, False, False]


def test_a_constant_covariate_leaves_the_adjusted_difference_as_it_is():
    """The oracle is a regression with interactions and robust errors (Lin 2013) on the covariate that differs."""
    rng = np.random.default_rng(2)
    x = rng.normal(size=(3000, 1))
    treated = np.arange(3000) % 2 == 0
    y = 2 * x[:, 0] + rng.normal(size=3000) + 0.3 * treated
    both = np.column_stack([x, np.full(3000, SAME), 2 * x[:, 0] + 1])
    plain = Adjustment(x[treated], x[~treated]).difference(y[treated], y[~treated])
    found = Adjustment(both[treated], both[~treated]).difference(y[treated], y[~treated])
    assert found == pytest.approx(plain, rel=1e-9)
    centred = x[:, 0] - x[:, 0].mean()
    design = np.column_stack([np.ones(3000), treated, centred, treated * centred])
    fit = sm.OLS(y, design).fit(cov_type="HC1")
    assert found.value == pytest.approx(fit.params[1], abs=1e-9)
    assert found.se == pytest.approx(fit.bse[1], rel=0.02)
    unit = np.arange(1500) // 50
    args = y[treated], y[~treated], both[treated], both[~treated], unit, unit
    alone = adjusted_clustered_difference(y[treated], y[~treated], x[treated], x[~treated], unit, unit)
    assert adjusted_clustered_difference(*args) == pytest.approx(alone, rel=1e-9)


def test_coverage_with_a_constant_covariate_is_that_without():
    inside = np.zeros(2, dtype=int)
    for seed in range(300):
        rng = np.random.default_rng(seed)
        x = rng.gamma(2.0, 1.0, 400)
        treated = rng.permutation(400) < 200
        y = x + rng.normal(size=400) + 0.5 * treated
        for place, columns in enumerate((x[:, None], np.column_stack([x, np.full(400, SAME)]))):
            found = Adjustment(columns[treated], columns[~treated]).difference(y[treated], y[~treated])
            inside[place] += found.low <= 0.5 <= found.high
    assert inside[0] == inside[1]
    assert inside[1] >= 273  # fewer of 300 at 95% would have a probability below 0.1%


def test_a_covariate_that_is_constant_in_one_group_only_does_no_harm():
    rng = np.random.default_rng(3)
    own, others = rng.normal(1.0, 1.0, 500), rng.normal(0.0, 1.0, 500)
    found = Adjustment(np.full(500, SAME), rng.normal(size=500)).difference(own, others)
    assert found == pytest.approx(difference_in_means(own, others), rel=1e-2)


def test_a_false_start_that_shows_rounding_shows_nothing():
    time = np.arange(-12, -1)
    effect = np.full(time.size, 1e-15)
    found = placebo_start(time, effect, np.zeros((time.size, time.size)), np.ones(time.size), 9.0, usual=50.0)
    assert (found.effect, found.p_value) == (0.0, 1.0)
