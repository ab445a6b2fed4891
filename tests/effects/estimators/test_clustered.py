"""Units assigned together: statsmodels as the oracle, coverage where customers of a unit go together."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
import statsmodels.api as sm

from cxvalue.effects.estimators import clustered
from cxvalue.effects.estimators.abtest import difference_in_means, ratio_change


def world(seed: int, units: int = 24, within: float = 1.0, between: float = 0.5, effect: float = 0.3):
    """Treated and control units of unequal size; a column that was there before and goes with the outcome."""
    rng = np.random.default_rng(seed)
    unit = np.repeat(np.arange(units), rng.integers(20, 120, units))
    treated = (unit % 2) == 0
    shock = between * rng.standard_normal(units)
    before = rng.standard_normal(unit.size) + shock[unit]
    y = 2 + effect * treated + shock[unit] + 0.8 * before + within * rng.standard_normal(unit.size)
    return y, before, unit, treated


def test_equals_statsmodels_cluster_robust_least_squares() -> None:
    """statsmodels OLS on a dummy, cov_type='cluster' without its correction, times G / (G - 1) of equally many units."""
    y, _, unit, treated = world(1)
    design = np.column_stack([np.ones(y.size), treated])
    oracle = sm.OLS(y, design).fit(cov_type="cluster", cov_kwds={"groups": unit, "use_correction": False})
    found = clustered.clustered_difference(y[treated], y[~treated], unit[treated], unit[~treated])
    assert found.value == pytest.approx(oracle.params[1], abs=1e-10)
    assert found.se == pytest.approx(oracle.bse[1] * np.sqrt(12 / 11), rel=1e-10)


def test_units_of_one_are_independent_customers() -> None:
    y, _, _, treated = world(2)
    alone = np.arange(y.size)
    found = clustered.clustered_difference(y[treated], y[~treated], alone[treated], alone[~treated])
    assert found == pytest.approx(difference_in_means(y[treated], y[~treated]), rel=1e-9)
    x = np.exp(y / 4)
    ratio = clustered.clustered_ratio_change(
        (x[treated], x[treated] ** 0.5, alone[treated]), (x[~treated], x[~treated] ** 0.5, alone[~treated])
    )
    plain = ratio_change(x[treated], x[treated] ** 0.5, x[~treated], x[~treated] ** 0.5)
    assert ratio == pytest.approx(plain, rel=1e-9)


def test_intervals_cover_where_units_share_their_weather() -> None:
    """400 worlds of 24 units: 95% intervals hold the truth in 92% and more; those by customer do not."""
    inside, by_customer, widths = [0, 0], 0, [[], []]
    worlds = 400
    for seed in range(worlds):
        y, before, unit, t = world(seed, effect=0.3)
        both = (
            clustered.clustered_difference(y[t], y[~t], unit[t], unit[~t]),
            clustered.adjusted_clustered_difference(y[t], y[~t], before[t], before[~t], unit[t], unit[~t]),
        )
        for k, found in enumerate(both):
            inside[k] += found.low <= 0.3 <= found.high
            widths[k].append(found.high - found.low)
        plain = difference_in_means(y[t], y[~t])
        by_customer += plain.low <= 0.3 <= plain.high
    assert min(inside) / worlds > 0.92
    assert max(inside) / worlds < 0.985
    assert by_customer / worlds < 0.5
    assert np.mean(widths[1]) < np.mean(widths[0])


def test_a_p_value_of_drawn_lots_is_that_of_all_lots() -> None:
    """All 84 lots of 3 of 9 units and two columns, written out; and no p-value is below 1 / their number."""
    rng = np.random.default_rng(4)
    sums = rng.standard_normal((9, 2)) * [1.0, 50.0]
    scaled = (sums - sums.mean(axis=0)) / np.sqrt(((sums - sums.mean(axis=0)) ** 2).sum(axis=0))
    every = list(combinations(range(9), 3))
    apart = np.array([np.abs(scaled[list(lot)].sum(axis=0)) for lot in every])
    order = np.argsort(-apart.max(axis=1))
    for place in (0, 4, 15):
        chosen = np.isin(np.arange(9), every[order[place]])
        p_value, column = clustered.drawn_apart(sums, chosen)
        exact = np.mean(apart.max(axis=1) >= apart[order[place]].max() - 1e-12)
        assert p_value == pytest.approx(exact, abs=4 * exact / np.sqrt(clustered.ENOUGH_LOTS))
        assert p_value >= 1 / 84
        assert column == int(np.argmax(apart[order[place]]))
        assert clustered.drawn_apart(sums, ~chosen) == (p_value, column)


def test_few_units_that_happen_to_be_alike_do_not_make_a_lot_unfair() -> None:
    """Three units that are alike show no variance of their own; one or 300 of many drawn by choice are noticed."""
    rng = np.random.default_rng(0)
    values = np.concatenate([[1.0, 1.01, 0.99], rng.standard_normal(17)])
    few = np.arange(20) < 3
    unit = np.arange(20)
    alone = clustered.clustered_difference(values[few], values[~few], unit[few], unit[~few])
    assert alone.p_value < 1e-4
    assert 0.005 < clustered.drawn_apart(values[:, None], few)[0] < 0.08
    for units, chosen in ((40, 10), (1500, 60)):
        values = rng.standard_normal(units)
        assert clustered.drawn_apart(values[:, None], values >= np.sort(values)[-chosen])[0] < 1e-4


@pytest.mark.parametrize(("units", "held"), [(20, 3), (40, 5), (12, 2)])
def test_a_fair_lot_of_units_fails_as_often_as_the_p_value_says(units: int, held: int) -> None:
    """300 lots of skewed units: p-values of 5% and less in 5% of them, and half of the p-values below a half."""
    rng = np.random.default_rng(units)
    found = []
    for _ in range(300):
        chosen = rng.permutation(units) < held
        found.append(clustered.drawn_apart(rng.lognormal(0, 1.2, (units, 4)), chosen)[0])
    assert np.mean(np.array(found) <= 0.05) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 300)
    assert np.mean(np.array(found) <= 0.5) == pytest.approx(0.5, abs=0.09)
    assert min(found) >= 1e-4
