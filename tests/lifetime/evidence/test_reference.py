"""What is shipped about other companies: how it is learnt, and that it is what the logs teach where they are at hand."""

from __future__ import annotations

import math
import os
from pathlib import Path

import numpy as np
import pytest

from cxvalue.lifetime.evidence.attempts import Attempts
from cxvalue.lifetime.evidence.reference import CANDIDATES, REFERENCE, Reference
from tests.reality.learn import LEAST_FLOOR, learn
from tests.reality.logs import log_files
from tests.reality.trials import trials_of

LOGS = "CXVALUE_REALITY_LOGS"


def _company(reference: Reference, rng: np.random.Generator) -> Attempts:
    """Forecasts of a company that miss as a reference says, each on its own: nothing is to be learnt from earlier ones."""
    origin = np.repeat(np.arange(100, 2_000, 40), 2)
    days = np.tile([30, 400], origin.size // 2)
    history = origin.astype(float)
    lengths = np.clip(days / history, 0.02, 2.0)
    growth = np.repeat(rng.uniform(0, 1.5, origin.size // 2), 2)
    chance = np.full(origin.size, 0.005)
    variance = chance + reference.floor + reference.by_length * lengths + reference.by_growth * growth
    scaled = np.sqrt(variance) * rng.standard_t(12, origin.size) * math.sqrt(10 / 12)
    misses = scaled * np.exp(np.where(scaled > 0, -0.1, 0.1)) + reference.drift * lengths
    made = np.full((origin.size, len(CANDIDATES)), 100.0)
    return Attempts(origin, days, history, growth, chance, 100 * np.exp(misses), made, CANDIDATES)


def test_learning_finds_what_simulated_companies_were_made_with() -> None:
    truth = Reference(drift=0.0, floor=0.03, by_length=0.03, by_growth=0.1)
    rng = np.random.default_rng(1)
    found = learn([_company(truth, rng) for _ in range(12)])
    for name, near in (("floor", 0.4), ("by_length", 0.6), ("by_growth", 0.35)):
        assert getattr(found, name) == pytest.approx(getattr(truth, name), rel=near), name
    assert found.drift == pytest.approx(0.0, abs=0.03)


def test_misses_are_means_over_logs_and_half_of_a_drift_is_believed() -> None:
    rng = np.random.default_rng(2)
    calm, wild = (_company(Reference(floor=floor, drift=drift), rng) for floor, drift in ((0.02, 0.0), (0.3, 0.0)))
    calm.made[:, 1] = calm.actual * math.exp(0.2)
    wild.made[:, 1] = wild.actual * math.exp(-0.6)
    wild.made[:5, 2] = np.nan
    found = learn([calm, wild])
    assert found.miss["pareto_nbd"] == pytest.approx((0.2 + 0.6) / 2)
    own = [np.abs(np.log(one.actual / one.made[:, 2])) for one in (calm, wild)]
    assert found.miss["cells"] == pytest.approx((own[0].mean() + np.nanmean(np.minimum(own[1], 2.0))) / 2)
    falling = learn([_company(Reference(drift=-0.3), rng) for _ in range(6)])
    assert -0.3 < falling.drift < -0.03


def test_the_floor_never_falls_below_the_least() -> None:
    rng = np.random.default_rng(3)
    assert learn([_company(Reference(floor=0.001), rng) for _ in range(3)]).floor == pytest.approx(LEAST_FLOOR)


def test_what_is_shipped_is_in_bounds() -> None:
    assert set(REFERENCE.miss) == set(CANDIDATES)
    assert all(0.05 < miss < 1 for miss in REFERENCE.miss.values())
    assert -0.3 < REFERENCE.drift <= 0.1
    assert LEAST_FLOOR <= REFERENCE.floor < 0.2
    assert 0 <= REFERENCE.by_length < 0.2
    assert 0 < REFERENCE.by_growth < 0.5


def test_what_is_shipped_is_what_the_logs_teach() -> None:
    folder = os.environ.get(LOGS)
    if not folder:
        pytest.skip(
            f"the constants of {Reference.__module__} were NOT learnt anew: {LOGS} names no folder of purchase logs"
        )
    found = learn([one.whole for one in trials_of(log_files(Path(folder)))])
    assert found.miss == pytest.approx(dict(REFERENCE.miss), rel=0.02)
    for name in ("drift", "floor", "by_length", "by_growth"):
        assert getattr(found, name) == pytest.approx(getattr(REFERENCE, name), rel=0.05, abs=0.002), name
