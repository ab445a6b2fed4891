"""Functions of time over alpha that are read off, against the same functions worked out at every row."""

from __future__ import annotations

import numpy as np
import pytest

from cxvalue.lifetime.families import bgnbd
from cxvalue.lifetime.families.registry import FAMILIES
from cxvalue.lifetime.families.scaled_time import read_off
from tests.lifetime import precise

PARAMETERS = [
    (0.243, 4.414, 0.793, 2.426),
    (5.0, 30.0, 0.05, 1.0),
    (50.0, 400.0, 3.0, 9.0),
    (0.5, 3.0, 1e-3, 2.0),
    (0.5, 0.01, 2.0, 0.05),
    (800.0, 4000.0, 400.0, 600.0),
    (2.0, 0.5, 300.0, 30.0),
]
TIMES = np.array([0.0, 1 / 7, 4.348, 13.0, 52.2, 156.5])


def futures(parameters, rows=400):
    """Of customers alive at a few frequencies and many ages, in weeks."""
    r, alpha, a, b = parameters
    rng = np.random.default_rng(1)
    x, age = rng.integers(0, 4, rows) * 3.0, rng.integers(1, 700, rows) / 7
    return r + x, alpha + age, np.full(rows, a), b + x


@pytest.mark.parametrize("parameters", PARAMETERS)
def test_what_is_read_off_is_what_each_row_would_say(parameters):
    r, alpha, a, b = future = futures(parameters)
    tau = TIMES / alpha[:, None]
    slow = bgnbd._expected_each((r, a, b), tau)
    np.testing.assert_allclose(FAMILIES["bg_nbd"].expected(future, TIMES[None, :]), slow, rtol=5e-12, atol=0)
    stays = bgnbd._survival_each((r, a, b), tau)
    np.testing.assert_allclose(FAMILIES["bg_nbd"].survival(future, TIMES), stays, rtol=0, atol=1e-12)


def test_what_is_read_off_agrees_with_sixty_digits():
    future = futures(PARAMETERS[0])
    kind = tuple(future[place] for place in (0, 2, 3))
    assert read_off(bgnbd._expected_early, kind, TIMES[1:] / future[1][:, None]) is not None
    found = FAMILIES["bg_nbd"].expected(future, TIMES[None, :])
    for row in (0, 17, 230):
        own = tuple(float(value[row]) for value in future)
        for place in (1, 3, 5):
            assert found[row, place] == pytest.approx(precise.bg_expected(*own, TIMES[place]), rel=5e-12)


def test_few_rows_are_not_read_off():
    asked = []

    def none(kind, tau):
        asked.append(tau.size)
        return np.exp(-kind[0][:, None] * np.log1p(tau))

    assert read_off(none, (np.full(30, 0.5),), np.linspace(0, 3, 30)[:, None]) is None
    assert read_off(none, (np.arange(200.0) + 1,), np.linspace(0, 3, 200)[:, None]) is None
    assert asked == []


def test_a_kink_is_worked_out_row_by_row():
    tau = np.linspace(0, 3, 5_000)[:, None]

    def bent(kind, t):
        return np.abs(np.log1p(t) - 0.7) + kind[0][:, None]

    assert read_off(bent, (np.full(5_000, 0.5),), tau) is None


def test_more_nodes_are_taken_until_nothing_is_lost():
    tau = np.linspace(0, 0.5, 20_000)[:, None]
    asked = []

    def wave(kind, t):
        asked.append(t.size)
        return np.sin(60 * np.log1p(t)) + kind[0][:, None]

    found = read_off(wave, (np.full(20_000, 0.5),), tau)
    assert asked[-1] > asked[0]
    np.testing.assert_allclose(found, wave((np.full(20_000, 0.5),), tau), rtol=0, atol=1e-12)
