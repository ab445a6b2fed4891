"""The doubt about the pace of leaving, and the range of what contracts will bring in the light of past misses."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from scipy.stats import t as student

from cxvalue.foundation.calendar import day_number
from cxvalue.lifetime import Interval
from cxvalue.lifetime.contracts.pace import Pace
from cxvalue.lifetime.evidence.attempts import Attempts
from cxvalue.lifetime.evidence.blend import RECORD_HALF_LIFE, weigh
from cxvalue.questions.contracts.miss_range import (
    CONTRACTS,
    LEAST_RECORD,
    LEAVING,
    at_drift,
    drifted,
    range_demanded,
    shrunk,
)

AS_OF, YEAR = date(2025, 12, 31), 365
EQUITY, DRAWN = Interval(1000.0, 990.0, 1010.0), np.random.default_rng(1).normal(1000.0, 5.0, 400)


def past_of(*ratios: float, chance: float = 1e-5, said: float = 500.0) -> Attempts:
    """Forecasts from the ends of years side by side, the first after 730 days, with what came over them."""
    size, today = len(ratios), day_number(AS_OF)
    origin = today - YEAR * np.arange(size, 0, -1)
    history = origin - (today - YEAR * size) + 730.0
    numbers = np.zeros(size), np.full(size, chance), said * np.array(ratios)
    return Attempts(origin, np.full(size, YEAR), history, *numbers, np.full((size, 1), said), ("sbg",))


def pace_after(past: Attempts):
    """The doubt about the pace of the year to come."""
    today = Attempts(*(np.array([one]) for one in (day_number(AS_OF), YEAR, 1000.0, 0.0, 1e-4, math.nan)),
                     np.ones((1, 1)), past.names)  # fmt: skip
    rows = past.with_row(today)
    return shrunk(rows, weigh(rows, len(past), RECORD_HALF_LIFE, other=1.0)[:-1], LEAVING)


def asked(past: Attempts, equity: Interval = EQUITY, drawn: np.ndarray = DRAWN, level: float = 0.95):
    return range_demanded(equity, drawn, past, AS_OF, 12, level)


def test_without_a_past_the_pace_is_doubted_as_elsewhere() -> None:
    found = pace_after(past_of().take(np.zeros(0, dtype=int)))
    assert (found.sigma, found.df) == (pytest.approx(math.sqrt(LEAVING.floor)), 6.0)


def test_a_calm_past_narrows_the_doubt_and_a_wild_one_widens_it() -> None:
    calm, wild = pace_after(past_of(*[1.0] * 6, said=1.0)), pace_after(past_of(1.5, 0.6, 1.5, 0.6, said=1.0))
    assert calm.sigma == pytest.approx(math.sqrt(LEAST_RECORD * LEAVING.floor), rel=0.6)
    assert calm.sigma < math.sqrt(LEAVING.floor) / 2 < 1.2 * math.sqrt(LEAVING.floor) < wild.sigma


def test_what_chance_explains_says_nothing_about_the_doubt() -> None:
    found = pace_after(past_of(1.5, 0.6, 1.5, 0.6, chance=0.5, said=1.0))
    assert found.sigma == pytest.approx(math.sqrt(LEAVING.floor), rel=0.05)


@pytest.mark.parametrize(("drift", "chance", "least"), [(0.17, 0.002, 0.92), (0.17, 0.04, 0.92), (0.35, 0.01, 0.83)])
def test_the_pace_to_come_lies_in_its_range_in_worlds_that_drift(drift: float, chance: float, least: float) -> None:
    """Also where they drift twice as far as elsewhere, if not quite as often as said."""
    rng, held = np.random.default_rng(7), 0
    for _ in range(200):
        *before, to_come = np.exp(rng.normal(0.0, math.sqrt(drift**2 + chance), 9))
        found = pace_after(past_of(*before, chance=chance, said=1.0))
        spread = math.sqrt(found.sigma**2 + chance)
        held += abs(math.log(to_come)) <= spread * student.ppf(0.975, found.df)
    assert held / 200 >= least


def test_where_the_model_is_right_the_past_makes_the_range_narrow() -> None:
    rng = np.random.default_rng(8)
    widths = [pace_after(past_of(*np.exp(rng.normal(0.0, 0.05, 8)), chance=0.0025, said=1.0)).sigma for _ in range(50)]
    assert np.median(widths) < 0.5 * math.sqrt(LEAVING.floor)


def test_past_misses_of_money_widen_the_range_and_the_value_stays() -> None:
    (small, record), (large, _) = asked(past_of(1.0, 1.01, 0.99)), asked(past_of(1.2, 1.15, 1.2))
    assert record is not None
    assert (len(record), record.own_horizon, record.held) == (3, True, 3)
    assert record.typical_miss == pytest.approx(np.mean([0, 1 - 1 / 1.01, 1 / 0.99 - 1]))
    assert small.value == large.value == 1000
    assert large.low < small.low < EQUITY.low
    assert large.high > small.high > EQUITY.high


def test_without_a_past_forecast_other_companies_demand_the_range() -> None:
    found, record = asked(replace(past_of(1.0), actual=np.array([np.nan])))
    assert record is None
    reach = student.ppf(0.975, 6) * math.sqrt(CONTRACTS.floor + np.var(np.log(DRAWN)))
    assert (found.low, found.high) == (
        pytest.approx(1000 * math.exp(-reach), rel=0.02),
        pytest.approx(1000 * math.exp(reach), rel=0.02),
    )


def test_the_range_is_never_narrower_than_the_model_has_it() -> None:
    wide = Interval(1000.0, 400.0, 1900.0)
    assert asked(past_of(1.0, 1.0), wide)[0] == wide


def test_a_value_of_nothing_keeps_its_range() -> None:
    nothing = Interval(0.0, 0.0, 0.0)
    assert asked(past_of(1.0, 1.0), nothing)[0] == nothing
    uncertain = np.append(DRAWN, 0.0)
    assert asked(past_of(1.0, 1.0), EQUITY, uncertain)[0] == EQUITY


def drift_after(*ratios: float, chance: float = 1e-5, months: int = 12) -> float:
    """How many times as fast as foreseen customers are expected to leave after years with such 1 / paces."""
    return math.exp(drifted(past_of(*ratios, chance=chance, said=1.0), AS_OF, months, LEAVING))


def test_a_pace_that_was_off_in_one_direction_is_expected_on() -> None:
    assert 1.1 < drift_after(0.8, 0.75, 0.8, 0.7) < 1 / 0.7
    assert 0.75 < drift_after(1.3, 1.3, 1.25, 1.35) < 0.9
    assert drift_after(1.3, 0.7, 1.3, 0.75) == 1


def test_what_chance_explains_is_no_drift() -> None:
    assert drift_after(0.8, 0.75, 0.8, 0.7, chance=0.3) == 1
    rng = np.random.default_rng(3)
    found = [drift_after(*np.exp(rng.normal(0.0, 0.1, 6)), chance=0.01) for _ in range(100)]
    assert np.mean(np.array(found) == 1) > 0.9


def test_only_what_was_over_by_the_day_tells_of_a_drift() -> None:
    past = past_of(1.0, 1.0, 0.6, 0.6, said=1.0)
    assert drifted(past, date(2023, 12, 31), 12, LEAVING) == 0
    assert drifted(past, AS_OF, 12, LEAVING) > 0.1
    assert drifted(past.take(np.zeros(0, dtype=int)), AS_OF, 12, LEAVING) == 0


def test_drivers_have_the_part_of_a_drift_that_they_have_not_followed() -> None:
    faster, slower = Pace(0.1, 6.0, 1.3), Pace(0.1, 6.0, 0.8)
    assert at_drift(faster, 1.1).centre == pytest.approx(1.3 / 1.1)
    assert at_drift(slower, 0.9).centre == pytest.approx(0.8 / 0.9)
    assert [at_drift(faster, one).centre for one in (1.0, 1.4, 0.9)] == [1.3, 1.0, 1.3]
    assert [at_drift(slower, one).centre for one in (1.0, 0.7, 1.2)] == [0.8, 1.0, 0.8]
