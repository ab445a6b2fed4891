"""How many times as fast as foreseen members leave: found again where it is known, with the variance of chance."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import t as student

from cxvalue.lifetime.contracts.pace import SURE, Pace, pace_of, pace_variance

P = np.random.default_rng(1).beta(1.0, 6.0, 2000)


@pytest.mark.parametrize("pace", [0.3, 1.0, 2.5])
def test_a_pace_is_found_again_from_the_leavers_that_it_makes(pace: float) -> None:
    assert pace_of(P, float((1 - (1 - P) ** pace).sum())) == pytest.approx(pace, rel=1e-9)


def test_nobody_or_everybody_leaving_has_a_bounded_pace() -> None:
    assert pace_of(P, 0.0) == pytest.approx(math.exp(-2))
    assert pace_of(P, P.size) == pytest.approx(math.exp(2))


def test_the_variance_is_that_of_worlds_as_foreseen() -> None:
    rng = np.random.default_rng(2)
    paces = [pace_of(P, float((rng.random(P.size) < P).sum())) for _ in range(300)]
    assert np.var(np.log(paces)) == pytest.approx(pace_variance(P), rel=0.25)
    expected = P * np.exp(rng.normal(0.0, 0.1, (300, 1)))
    doubted = [pace_of(P, float((rng.random(P.size) < one).sum())) for one in expected]
    assert np.var(np.log(doubted)) == pytest.approx(pace_variance(P, float(np.var(expected.sum(axis=1)))), rel=0.25)


def test_where_nobody_can_leave_nothing_is_known_of_the_pace() -> None:
    assert pace_variance(np.zeros(5)) == math.inf


def test_draws_are_those_of_a_t_whose_faster_side_is_longer() -> None:
    logs = np.log(Pace(0.2, 8.0).draw(4001, np.random.default_rng(3)))
    slow, fast = np.quantile(logs, [0.025, 0.975])
    reach = 0.2 * student.ppf(0.975, 8)
    assert (slow, fast) == (
        pytest.approx(-reach * math.exp(-0.1), rel=0.01),
        pytest.approx(reach * math.exp(0.1), rel=0.01),
    )
    assert (SURE.draw(3, np.random.default_rng(1)) == 1).all()


def test_draws_lie_around_the_pace_that_is_expected() -> None:
    assert np.median(Pace(0.2, 8.0, 1.3).draw(4001, np.random.default_rng(3))) == pytest.approx(1.3)
    assert (Pace(0.0, 8.0, 1.3).draw(3, np.random.default_rng(3)) == 1.3).all()
