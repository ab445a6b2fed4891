"""Dips before the start: Student's law as the oracle, and worlds in which branches in a bad quarter were chosen."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import t as student

from cxvalue.effects.checks.pretrend import dip_before
from cxvalue.effects.designs.staggered import estimate_staggered
from tests.effects.data import panel_of

TIME = np.arange(-5, -1)


def test_one_contrast_has_the_p_value_of_student() -> None:
    """Of five months only the last two can be asked about: their mean, the 0 of the base month in it, less the rest."""
    effect, covariance, weight = np.array([0.9, 1.1, 1.3, -0.2]), np.diag([0.5, 0.4, 0.3, 0.2]), np.ones(4)
    found = dip_before(TIME, effect, covariance, weight, 7.0, direction=1.0, usual=10.0)
    assert found is not None
    assert (found.months, found.gap) == (2, pytest.approx(-0.2 / 2 - (0.9 + 1.1 + 1.3) / 3))
    se = np.sqrt(0.2 / 4 + (0.5 + 0.4 + 0.3) / 9)
    assert found.p_value == pytest.approx(student.sf(-found.gap / se, 7.0), abs=0.003)
    other = dip_before(TIME, effect, covariance, weight, 7.0, direction=-1.0, usual=10.0)
    assert other is not None
    assert other.p_value == pytest.approx(student.cdf(-found.gap / se, 7.0), abs=0.003)


def test_too_short_a_history_and_differences_of_rounding_say_nothing() -> None:
    assert dip_before(TIME[1:], np.ones(3), np.eye(3), np.ones(3), 9.0, direction=1.0, usual=1.0) is None
    flat = dip_before(TIME, np.full(4, 1e-12), np.zeros((4, 4)), np.ones(4), 9.0, direction=1.0, usual=10.0)
    assert flat is not None
    assert flat.gap == 0.0
    assert flat.p_value > 0.4


def roll_out(seed: int, kind: str):
    """40 units with months that go together, 20 of them treated in month 16: by lot, after a bad quarter, or foreseen."""
    rng = np.random.default_rng(seed)
    luck, level = rng.normal(0, 1, (40, 30)), np.zeros((40, 30))
    for month in range(30):
        level[:, month] = luck[:, month] + (0.5 * level[:, month - 1] if month else 0)
    chosen = np.argsort(level[:, 12:15].mean(axis=1))[:20] if kind == "bad quarter" else np.arange(20)
    start = np.zeros(40, dtype=int)
    start[chosen] = 16
    unit, month = np.divmod(np.arange(40 * 30), 30)
    since = np.where(start[unit] > 0, month + 1 - start[unit], -99)
    waited = np.where((since >= -2) & (since < 0), -2.0, 0) + np.where(since >= 0, 2.0, 0)
    outcome = 10 + level[unit, month] + (waited if kind == "foreseen" else 0)
    return estimate_staggered(panel_of(unit, 1 + month, start[unit], outcome))


@pytest.mark.parametrize("worlds", [3, 10])
@pytest.mark.parametrize(("kind", "least", "most"), [("lot", 0, 1), ("bad quarter", 7, 10), ("foreseen", 10, 10)])
def test_a_start_after_bad_months_lowers_the_grade(kind: str, least: int, most: int, worlds: int) -> None:
    """No programme did anything after the bad quarter, and yet the months after it look better."""
    found = [roll_out(seed, kind) for seed in range(worlds)]
    fell = [next(one for one in effect.checks if one.name == "dip").lowers for effect in found]
    assert least * worlds // 10 <= sum(fell) <= -(-most * worlds // 10)
    assert all(effect.grade >= "C" for effect, down in zip(found, fell, strict=True) if down)
    if kind == "bad quarter":
        assert np.mean([effect.low > 0 for effect in found]) >= 0.2
