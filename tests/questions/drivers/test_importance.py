"""Importance: the published example, noise, groups that cannot be told apart, Simpson and coverage."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.outliers_influence import variance_inflation_factor

from cxvalue.questions.drivers.answered_together import Occasions
from cxvalue.questions.drivers.importance import fit_importance, inflation, lmg

SWISS_Y = [0.3530791836, -0.6458827065, -0.6637888570, 0.4636847007, 0.4165560314]
SWISS_X = {(0, 1): -0.6865422086, (0, 2): -0.6395225190, (0, 3): 0.4010950531, (0, 4): -0.0608586084,
           (1, 2): 0.6984152963, (1, 3): -0.5727418061, (1, 4): -0.1140215965, (2, 3): -0.1538589171,
           (2, 4): -0.0993218458, (3, 4): 0.1754959076}  # fmt: skip


def swiss() -> np.ndarray:
    """Correlations of R's data set swiss: fertility with agriculture, examination, education, catholic, infant mortality."""
    table = np.eye(6)
    table[0, 1:] = table[1:, 0] = SWISS_Y
    for (i, j), r in SWISS_X.items():
        table[i + 1, j + 1] = table[j + 1, i + 1] = r
    return table


def test_the_shares_of_swiss_are_those_of_32_regressions() -> None:
    shares, r2 = lmg(swiss())
    assert float(r2) == pytest.approx(0.7067350016, abs=1e-9)
    expected = [0.0570912208, 0.1711730289, 0.2601346786, 0.1055701504, 0.1127659229]
    assert shares.tolist() == pytest.approx(expected, abs=1e-9)
    stacked, totals = lmg(np.stack([swiss(), np.eye(6)]))
    assert stacked[0].tolist() == pytest.approx(expected, abs=1e-9)
    assert totals[1] == pytest.approx(0.0)


def drawn(seed: int, n: int = 800, noise: int = 0) -> Occasions:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, 2 + noise))
    y = 2 * x[:, 0] + x[:, 1] + 2 * rng.standard_normal(n)
    ids = np.array([f"c{k}" for k in range(n)], dtype=object)
    names = ("first", "second", *(f"noise{k}" for k in range(noise)))
    return Occasions("main", names, ids, y, x, ())


@pytest.mark.parametrize(("worlds", "least"), [(8, 6), (40, 34)])
def test_shares_and_slopes_hold_the_truth(worlds: int, least: int) -> None:
    shares = slopes = 0
    for seed in range(worlds):
        found = fit_importance(drawn(seed))
        assert found is not None
        shares += found.share[0].low <= 0.8 <= found.share[0].high  # 4 of 5 with independent drivers
        slopes += found.slope[1].low <= 1.0 <= found.slope[1].high
    assert shares >= least
    assert slopes >= least


@pytest.mark.parametrize(("worlds", "least", "most"), [(12, 0.4, 1.9), (60, 0.8, 1.25)])
def test_pure_noise_gets_what_the_noise_floor_says(worlds: int, least: float, most: float) -> None:
    got = []
    for seed in range(worlds):
        found = fit_importance(drawn(seed, n=200, noise=1))
        assert found is not None
        got.append(found.share[2].value * found.r2)
        floor = found.noise
    # Entering last it gets (1 − R²) / (n − 1), entering first 1 / (n − 1); LMG is between.
    assert least * floor < np.mean(got) < most / 199


def test_drivers_that_cannot_be_told_apart_stand_as_a_group() -> None:
    data = drawn(1)
    twin = data.x[:, :1] + 0.05 * np.random.default_rng(2).standard_normal((800, 1))
    both = Occasions("main", ("first", "second", "twin"), data.ids, data.y, np.column_stack([data.x, twin]), ())
    found = fit_importance(both)
    assert found is not None
    assert found.names == ("first + twin", "second")
    assert found.slope[0].value == pytest.approx(2.0, abs=0.25)
    same = Occasions("main", ("first", "copy"), data.ids, data.y, np.column_stack([data.x[:, 0], data.x[:, 0]]), ())
    alone = fit_importance(same)
    assert alone is not None
    assert alone.names == ("first + copy",)
    assert alone.share[0].value == pytest.approx(1.0)


def test_inflation_is_that_of_statsmodels() -> None:
    x = np.random.default_rng(1).standard_normal((100, 3))
    x[:, 2] += x[:, 0]
    told = [variance_inflation_factor(np.column_stack([np.ones(100), x]), k) for k in (1, 2, 3)]
    assert inflation(x).tolist() == pytest.approx(told)


def test_nobody_differs() -> None:
    data = drawn(1)
    assert fit_importance(Occasions("main", data.drivers, data.ids, np.full(800, 7.0), data.x, ())) is None
    assert fit_importance(Occasions("main", data.drivers, data.ids, data.y, np.zeros_like(data.x), ())) is None
