"""Few units: published p-values by full enumeration, by hand, and the right size where nothing happened."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from cxvalue.effects.checks.few_units import few_units_note, shuffled_starts, wild_bootstrap
from cxvalue.effects.estimate import estimate_effect
from tests.effects.data import panel_of


def test_wild_bootstrap_by_full_enumeration() -> None:
    """Grunfeld (1958) investment, 11 firms: wildboottest 0.3.2, WCR11 with Rademacher signs, all 2,048 patterns.

    It has 8 of 2,048 for value (p = 0.003906) and 46 for capital (p = 0.022461). Two patterns give back the data, and
    rounding decides whether it counts them: not for value, but for capital. Here they are always counted.
    """
    data = sm.datasets.grunfeld.load_pandas().data
    x = np.column_stack([np.ones(len(data)), data["value"], data["capital"]])
    value = wild_bootstrap(data["invest"], x, data["firm"], 1)
    capital = wild_bootstrap(data["invest"], x, data["firm"], 2)
    assert value.t == pytest.approx(7.069828, abs=1e-6)
    assert capital.t == pytest.approx(2.661675, abs=1e-6)
    assert (value.larger, value.as_large, value.patterns) == (8, 10, 2048)
    assert (capital.larger, capital.as_large) == (44, 46)
    assert capital.p_value == pytest.approx(0.022461, abs=1e-6)


def world(seed: int, units: int, treated: int, effect: float = 0.0):
    rng = np.random.default_rng(seed)
    months, began = 12, 6
    y = rng.standard_normal(units)[:, None] + 0.4 * rng.standard_t(4, (units, months))
    y[:treated, began:] += effect
    unit, month = np.divmod(np.arange(units * months), months)
    return panel_of(unit, 1 + month, np.where(unit < treated, 1 + began, 0), y.ravel())


def test_all_ways_are_tried_and_counted_by_hand() -> None:
    """Four units, two treated, with changes 5, 4, 1, 0: of the 6 ways only the real one and its mirror differ by 4."""
    y = np.array([[0, 0, 5, 5], [0, 0, 4, 4], [0, 0, 1, 1], [0, 0, 0, 0]], dtype=float)
    unit, month = np.divmod(np.arange(16), 4)
    panel = panel_of(unit, 1 + month, np.where(unit < 2, 3, 0), y.ravel())
    assert shuffled_starts(panel) == (pytest.approx(2 / 6), 6)


@pytest.mark.parametrize(("worlds", "least", "most"), [(100, 0, 14), (400, 3, 36)])
def test_without_an_effect_five_in_a_hundred_worlds_are_called(worlds: int, least: int, most: int) -> None:
    """Worlds of 8 units: an exact test is at its level (binomial 99.9% bound), the bootstrap not far above it."""
    found = [shuffled_starts(world(seed, 8, 4)) for seed in range(worlds)]
    called = sum(p <= 0.05 for p, _ in filter(None, found))
    assert least <= called <= most
    assert all(ways == 70 for _, ways in filter(None, found))


def test_an_effect_is_seen_and_said_beside_the_estimate() -> None:
    panel = world(1, 14, 6, effect=1.5)
    shuffled = shuffled_starts(panel)
    assert shuffled is not None
    assert shuffled[0] < 0.01
    effect = estimate_effect(panel, design="staggered", outcome="margin")
    note = few_units_note(panel)
    assert note in effect.notes
    assert "only 14 units" in note
    assert few_units_note(world(1, 60, 20)) == ""


def test_without_units_that_never_got_it_nothing_is_shuffled() -> None:
    y = np.arange(24.0)
    unit, month = np.divmod(np.arange(24), 8)
    assert shuffled_starts(panel_of(unit, 1 + month, 3 + unit, y)) is None


def test_cluster_robust_t_of_the_castle_doctrine_laws() -> None:
    """Castle doctrine (causaldata.castle): log(homicide) on post with state and year effects, clustered by state.

    0.0693984 (0.0553476) unweighted and 0.0755333 (0.0328894) weighted by population. These errors count one slope and one
    constant as parameters; here the 61 of the regression count, hence the factor.
    """
    import causaldata
    import pandas as pd

    data = causaldata.castle.load_pandas().data
    dummies = [pd.get_dummies(data["sid"]), pd.get_dummies(data["year"], drop_first=True)]
    x = np.column_stack([data["post"], *dummies]).astype(float)
    y = np.log(data["homicide"].to_numpy())
    factor = np.sqrt((550 - 61) / (550 - 2))
    for weight, estimate, se in (
        (np.ones(550), 0.0693984, 0.0553476),
        (data["popwt"].to_numpy(float), 0.0755333, 0.0328894),
    ):
        root = np.sqrt(weight)
        found = wild_bootstrap(y * root, x * root[:, None], data["sid"], 0, draws=9)
        assert found.t / factor == pytest.approx(estimate / se, rel=1e-5)
