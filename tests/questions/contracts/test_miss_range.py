"""The range of what contracts will bring: that of the model, or wider where past misses demand it."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from scipy.stats import t as student

from cxvalue.foundation.calendar import day_number
from cxvalue.lifetime import Interval
from cxvalue.lifetime.evidence.attempts import Attempts
from cxvalue.questions.contracts.miss_range import CONTRACTS, range_demanded

AS_OF, YEAR = date(2025, 12, 31), 365
EQUITY, DRAWN = Interval(1000.0, 990.0, 1010.0), np.random.default_rng(1).normal(1000.0, 5.0, 400)


def past_of(*ratios: float) -> Attempts:
    """Forecasts of 500 from the ends of years side by side, the first after 730 days, with what came over them."""
    size, today = len(ratios), day_number(AS_OF)
    origin = today - YEAR * np.arange(size, 0, -1)
    history = origin - (today - YEAR * size) + 730.0
    said = np.full((size, 1), 500.0)
    return Attempts(
        origin,
        np.full(size, YEAR),
        history,
        np.zeros(size),
        np.full(size, 1e-5),
        500.0 * np.array(ratios),
        said,
        ("hazard",),
    )


def asked(past: Attempts, equity: Interval = EQUITY, drawn: np.ndarray = DRAWN, level: float = 0.95):
    return range_demanded(equity, drawn, past, AS_OF, 12, level)


def test_without_a_past_forecast_other_companies_demand_the_range() -> None:
    past = replace(past_of(1.0), actual=np.array([np.nan]))
    found, record = asked(past)
    assert record is None
    variance = np.var(np.log(DRAWN)) + CONTRACTS.floor + CONTRACTS.by_length * 365 / (365 + 730)
    reach = student.ppf(0.975, 6) * math.sqrt(variance)
    assert found == pytest.approx(
        (1000, 1000 * math.exp(-reach * math.exp(0.1)), 1000 * math.exp(reach * math.exp(-0.1)))
    )


def test_past_misses_widen_the_range_and_the_value_stays() -> None:
    (small, record), (large, _) = asked(past_of(1.0, 1.01, 0.99)), asked(past_of(1.2, 1.15, 1.2))
    assert record is not None
    assert (len(record), record.own_horizon, record.held) == (3, True, 3)
    assert record.typical_miss == pytest.approx(np.mean([0, 1 - 1 / 1.01, 1 / 0.99 - 1]))
    assert small.value == large.value == 1000
    assert large.low < small.low < EQUITY.low
    assert large.high > small.high > EQUITY.high


def test_the_range_is_never_narrower_than_the_model_has_it() -> None:
    wide = Interval(1000.0, 400.0, 1900.0)
    assert asked(past_of(1.0, 1.0), wide)[0] == wide


def test_a_value_of_nothing_keeps_its_range() -> None:
    nothing = Interval(0.0, 0.0, 0.0)
    assert asked(past_of(1.0, 1.0), nothing)[0] == nothing
    uncertain = np.append(DRAWN, 0.0)
    assert asked(past_of(1.0, 1.0), EQUITY, uncertain)[0] == EQUITY
