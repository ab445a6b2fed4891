"""A/B arithmetic: equal to another package, to published intervals, and honest in simulated tests."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from cxvalue.effects import abtest


@pytest.fixture(scope="module")
def data():
    """A fixed data set; the quoted figures are tea-tasting 1.14.0's of the same numbers."""
    rng = np.random.default_rng(7)
    n = 400
    arm = np.arange(n) % 2
    x = rng.gamma(2, 10, n).round(3)
    orders = rng.poisson(1.2, n) + 1
    revenue = (x * 0.8 + orders * 12 + arm * 3 + rng.normal(0, 8, n)).round(3)
    return arm == 1, x, orders.astype(float), revenue


def test_means_equal_tea_tasting(data):
    treated, _, _, revenue = data
    found = abtest.difference_in_means(revenue[treated], revenue[~treated])
    assert found.value == pytest.approx(1.2393149999999977, abs=1e-8)
    assert (found.low, found.high) == pytest.approx((-2.309170199353702, 4.787800199353697), abs=1e-8)
    assert found.p_value == pytest.approx(0.4927269904440374, abs=1e-8)


def test_the_adjustment_is_near_tea_tasting_and_equals_a_regression(data):
    treated, x, _, revenue = data
    found = abtest.adjusted_difference(revenue[treated], revenue[~treated], x[treated], x[~treated])
    # tea-tasting's CUPED has one slope for both arms: 1.614033 (−1.386803 to 4.614869).
    assert found.value == pytest.approx(1.6140332604909204, abs=0.02)
    assert (found.low, found.high) == pytest.approx((-1.3868, 4.6149), abs=0.05)
    # Lin (2013): the same from one regression with the centred covariate and its interaction.
    off = x - x.mean()
    design = np.column_stack([np.ones(x.size), treated, off, treated * off])
    assert found.value == pytest.approx(np.linalg.lstsq(design, revenue, rcond=None)[0][1], abs=1e-10)


def test_the_ratio_is_that_of_tea_tasting(data):
    treated, _, orders, revenue = data
    found = abtest.ratio_change(revenue[treated], orders[treated], revenue[~treated], orders[~treated])
    assert found.value == pytest.approx(0.0568112180736311, abs=1e-8)
    # Theirs is Fieller's interval, ours is on the logarithm: −0.01563 to 0.13458.
    assert (found.low, found.high) == pytest.approx((-0.015627, 0.134579), abs=0.002)


def test_sample_ratio_is_the_chi_squared_test():
    found = abtest.sample_ratio([2054, 4854], [0.3, 0.7])
    assert found.p_value == pytest.approx(stats.chisquare([2054, 4854], [0.3 * 6908, 0.7 * 6908]).pvalue)
    assert found.found[0] == pytest.approx(2054 / 6908)


def test_the_cap_is_of_all_arms_and_never_of_the_zeros():
    own, others = np.array([0.0] * 98 + [5.0, 100.0]), np.array([0.0] * 99 + [10.0])
    capped = abtest.capped({"own": own, "others": others}, share=0.5)
    assert capped["own"].max() == capped["others"].max() == 10.0  # the median of 5, 10 and 100
    assert (abtest.capped({"a": np.zeros(4)})["a"] == 0).all()


def test_holm_is_monotone_and_never_above_one():
    assert abtest.holm_adjusted([0.5, 0.9]).tolist() == [1.0, 1.0]
    assert abtest.holm_adjusted([0.001]).tolist() == [0.001]


def test_shares_cover_where_returns_are_rare():
    rng = np.random.default_rng(1)
    inside = 0
    for _ in range(400):
        a, b = rng.binomial(700, 0.03), rng.binomial(300, 0.015)
        found = abtest.difference_in_shares(a, 700, b, 300)
        inside += found.low <= 0.015 <= found.high
    assert 0.925 * 400 - 9 <= inside <= 398  # 400 draws of 95%: 9 fewer would have a probability below 1%


def test_ratios_cover_with_few_returners():
    rng = np.random.default_rng(2)
    inside = 0
    for _ in range(400):
        orders = [rng.poisson(1.0, n) + 1 for n in (60, 15)]
        paid = [np.array([rng.lognormal(3.0, 0.6, k).sum() for k in own]) for own in orders]
        found = abtest.ratio_change(paid[0] * 1.3, orders[0], paid[1], orders[1])
        inside += found.low <= 0.3 <= found.high
    assert 0.925 * 400 - 9 <= inside <= 398
