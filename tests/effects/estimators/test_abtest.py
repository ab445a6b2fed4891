"""A/B arithmetic: equal to another package, to published intervals, and honest in simulated tests."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from cxvalue.effects.estimators import abtest
from cxvalue.foundation.intervals import share_interval


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
    found = abtest.Adjustment(x[treated], x[~treated]).difference(revenue[treated], revenue[~treated])
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


def test_the_arithmetic_equals_that_of_statsmodels(data):
    """Live: Welch, Wilson, Newcombe, the pooled z-test, Holm, and a ratio's error as a Poisson regression's sandwich."""
    import statsmodels.api as sm
    from statsmodels.stats.multitest import multipletests
    from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint, proportions_ztest
    from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

    treated, _, orders, revenue = data
    pair = CompareMeans(DescrStatsW(revenue[treated]), DescrStatsW(revenue[~treated]))
    found = abtest.difference_in_means(revenue[treated], revenue[~treated])
    assert (found.low, found.high) == pytest.approx(pair.tconfint_diff(usevar="unequal"), abs=1e-8)
    assert found.p_value == pytest.approx(pair.ttest_ind(usevar="unequal")[1], abs=1e-8)
    shares = abtest.difference_in_shares(81, 700, 23, 300)
    theirs = confint_proportions_2indep(81, 700, 23, 300, method="newcomb")
    assert (shares.low, shares.high) == pytest.approx(theirs, abs=1e-8)
    assert shares.p_value == pytest.approx(proportions_ztest([81, 23], [700, 300])[1], abs=1e-8)
    assert share_interval(81, 700) == pytest.approx(proportion_confint(81, 700, method="wilson"), abs=1e-8)
    p_values = [0.011, 0.2, 0.04, 0.003]
    assert abtest.holm_adjusted(p_values) == pytest.approx(multipletests(p_values, method="holm")[1], abs=1e-8)
    # Σ revenue / Σ orders of each arm is the fitted rate of a Poisson regression with orders as exposure; its
    # heteroscedasticity-robust covariance (HC0) is the delta method, here with each arm's n / (n - 1): 200 of 199.
    ratio = abtest.ratio_change(revenue[treated], orders[treated], revenue[~treated], orders[~treated])
    design = np.column_stack([np.ones(treated.size), treated])
    fit = sm.GLM(revenue, design, family=sm.families.Poisson(), exposure=orders).fit(cov_type="HC0", tol=1e-14)
    assert np.log1p(ratio.value) == pytest.approx(fit.params[1], abs=1e-8)
    assert ratio.se / (1 + ratio.value) == pytest.approx(fit.bse[1] * np.sqrt(200 / 199), abs=1e-8)


def test_a_small_group_whose_large_orders_did_not_come_is_not_the_surest():
    """Lognormal orders of few returners, a tenth held out: Welch's range of the adjusted difference would cover 90%."""
    rng = np.random.default_rng(4)
    inside = 0
    for _ in range(150):
        size, held = 1000, 110
        amount = rng.lognormal(-0.5, 1.0, size) * 20 * rng.lognormal(-0.125, 0.5, size)
        luck = rng.random(size)
        own, others = amount * 1.1 * (luck < 0.18), amount * (luck < 0.12)
        before = rng.gamma(2.0, 10.0, size)
        found = abtest.Adjustment(before[held:], before[:held]).difference(own[held:], others[:held])
        inside += found.low <= float((own - others).mean()) <= found.high
    assert inside >= 136  # 150 of 95%: fewer would have a probability below 1%
    plain = abtest.Adjustment(np.zeros(60), np.zeros(60)).difference(np.arange(60.0), np.arange(60.0)[::-1])
    assert plain.se == pytest.approx(abtest.difference_in_means(np.arange(60.0), np.arange(60.0)).se)


@pytest.mark.parametrize(("held", "change"), [(60, 1.0), (60, 0.5), (120, 1.5)])
def test_a_small_holdout_of_skewed_margins_does_not_make_gains(held, change):
    """One in twenty customers held out, most buy nothing: ranges hold the truth, and few begin above it."""
    rng = np.random.default_rng(31)
    worlds, inside, above = 300, 0, 0
    for _ in range(worlds):
        back = [rng.random(20 * held) < 0.06 * change, rng.random(held) < 0.06]
        sides = [rng.gamma(0.7, 30.0, some.size) * some for some in back]
        before = [rng.gamma(2.0, 10.0, some.size) for some in back]
        found = abtest.Adjustment(*before).difference(*sides)
        truth = 0.06 * 0.7 * 30 * (change - 1)
        inside += found.low <= truth <= found.high
        above += found.low > truth
    assert inside >= 273  # 300 of 94%: fewer would have a probability of 1.4%; Welch's t holds 75% to 84%
    assert above <= 16  # 300 of 3%: more would have a probability of 1%
