"""Forecasts of contracts from past days: nothing later reaches them, and in a true world they miss by little."""

from __future__ import annotations

from datetime import date

import ibis
import numpy as np
import pandas as pd
import pytest

from cxvalue.foundation.calendar import day_number
from cxvalue.foundation.intervals import Interval
from cxvalue.lifetime.evidence.attempts import Attempts
from cxvalue.questions.contracts.contract_base import Contracts, contracts_of
from cxvalue.questions.contracts.miss_range import range_demanded
from cxvalue.questions.contracts.past_renewals import CANDIDATE, PastRenewals, past_renewals

FIRST, LAST = date(2022, 1, 1), date(2025, 12, 31)


def contracts_until(
    as_of: date, *, leave_a_month: float = 0.03, size: int = 800, changed_after: date | None = None
) -> Contracts:
    """Members who begin at any time and leave with one chance a month, at 10 a month, as known on a day.

    With `changed_after` all who are there on that day leave within 200 days of it.
    """
    rng = np.random.default_rng(5)
    start = rng.integers(day_number(FIRST), day_number(LAST) - 60, size)
    end = start + np.ceil(30.4375 * rng.geometric(leave_a_month, size)).astype(int)
    if changed_after is not None:
        there = (start <= day_number(changed_after)) & (end > day_number(changed_after))
        end = np.where(there, day_number(changed_after) + rng.integers(1, 200, size), end)
    known = start <= day_number(as_of)
    moments = pd.to_datetime(np.where(end <= day_number(as_of), end, np.iinfo(np.int32).max), unit="D", errors="coerce")
    table = pd.DataFrame(
        {
            "customer_id": [f"m{number}" for number in range(size)],
            "start": pd.to_datetime(start, unit="D"),
            "end": pd.Series(moments).where(pd.Series(end <= day_number(as_of))),
            "value_per_month": 10.0,
        }
    )[known]
    return contracts_of(ibis.memtable(table), as_of=as_of, observed_from=FIRST)


@pytest.fixture(scope="module")
def both() -> PastRenewals:
    return past_renewals(contracts_until(LAST), 12, 0.0)


@pytest.fixture(scope="module")
def found(both: PastRenewals) -> Attempts:
    return both.margin


def test_every_attempt_was_over_by_the_last_day(found: Attempts) -> None:
    assert (found.origin + found.days <= day_number(LAST)).all()
    assert set(found.days.tolist()) == {91, 183, 365}
    assert len(np.unique(found.origin)) >= 8


def test_in_a_world_that_does_not_change_forecasts_hardly_miss(found: Attempts) -> None:
    misses = np.log(found.actual / found.made[:, 0])[found.days == 365]
    assert abs(misses.mean()) < 0.05
    assert np.abs(misses).max() < 0.12


def test_nothing_later_reaches_a_past_forecast(both: PastRenewals) -> None:
    """Whatever comes after a day, forecasts made until then and what had come by then stay as they are."""
    day = date(2025, 1, 1)
    other = past_renewals(contracts_until(LAST, changed_after=day), 12, 0.0)
    for now, then in ((both.margin, other.margin), (both.leaving, other.leaving)):
        made, over = (
            [{(int(o), int(d)): row for row, (o, d) in enumerate(zip(one.origin, one.days, strict=True)) if o + wait * d
              <= day_number(day)} for one in (now, then)]
            for wait in (0, 1)
        )  # fmt: skip
        assert made[0].keys() == made[1].keys()
        assert len(made[0]) >= len(over[0]) >= 10
        for key, row in made[0].items():
            assert then.made[made[1][key], 0] == pytest.approx(now.made[row, 0], rel=1e-9)
        for key, row in over[0].items():
            assert then.actual[over[1][key]] == pytest.approx(now.actual[row], rel=1e-9)
    assert other.leaving.actual.min() < 0.5 * both.leaving.actual.min()


def test_in_a_world_that_does_not_change_the_pace_varies_as_chance_has_it(both: PastRenewals) -> None:
    rows = both.leaving
    assert (rows.made == 1).all()
    assert set(rows.days.tolist()) == {91, 183, 365}
    assert np.mean(np.log(rows.actual) ** 2 / rows.chance) < 2.5
    again = PastRenewals.from_dict(both.to_dict())
    assert again.leaving.actual == pytest.approx(rows.actual)
    assert again.margin.made == pytest.approx(both.margin.made)


def test_the_revenue_that_came_is_that_of_the_contracts_of_the_day(found: Attempts) -> None:
    contracts = contracts_until(LAST)
    row = int(np.flatnonzero(found.days == 365)[0])
    day = date.fromordinal(int(found.origin[row]) + date(1970, 1, 1).toordinal())
    until = date.fromordinal(day.toordinal() + 365)
    came = contracts.revenue_of_relations_on(day, until).sum()
    assert found.actual[row] == pytest.approx(came, rel=1e-9)
    half = date.fromordinal(day.toordinal() + 180)
    both = contracts.revenue_of_relations_on(day, half, until)
    assert both == pytest.approx([*contracts.revenue_of_relations_on(day, half), came], rel=1e-12)
    assert 0 < both[0] < both[1]


def test_contracts_without_a_value_have_no_past_forecasts() -> None:
    table = pd.DataFrame({"customer_id": ["a"], "start": pd.to_datetime(["2022-01-01"]), "end": pd.to_datetime([None])})
    found = past_renewals(contracts_of(ibis.memtable(table), as_of=LAST, observed_from=FIRST), 12, 0.0)
    assert (len(found.margin), len(found.leaving)) == (0, 0)


def test_large_past_misses_widen_the_range_and_are_told() -> None:
    def attempts(miss: float) -> Attempts:
        origins = day_number(date(2022, 1, 1)) + 365 * np.arange(3)
        said = np.full(3, 100.0)
        return Attempts(
            origin=origins,
            days=np.full(3, 365),
            history=np.full(3, 400.0),
            growth=np.zeros(3),
            chance=np.full(3, 1e-5),
            actual=said * np.exp(np.array([miss, -miss, miss])),
            made=said[:, None],
            names=(CANDIDATE,),
        )

    equity, drawn = Interval(1000.0, 990.0, 1010.0), np.exp(np.random.default_rng(1).normal(6.9, 0.005, 200))
    calm, told = range_demanded(equity, drawn, attempts(0.001), LAST, 12, 0.95)
    wild, missed = range_demanded(equity, drawn, attempts(0.3), LAST, 12, 0.95)
    assert calm.low <= equity.low
    assert calm.high >= equity.high
    assert wild.high - wild.low > 2 * (calm.high - calm.low)
    assert told is not None
    assert missed is not None
    assert told.typical_miss < 0.01 < 0.25 < missed.typical_miss
    assert len(missed) == 3
