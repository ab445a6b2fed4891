"""Forecasts from past days against counts by hand; nothing from after an origin reaches a forecast made at it."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from cxvalue.foundation.calendar import TimeUnit
from cxvalue.lifetime.candidates.outlook import Ahead
from cxvalue.lifetime.evidence import past as past_module
from cxvalue.lifetime.evidence.attempts import origins_before
from cxvalue.lifetime.evidence.past import GROUPS, Past, growth_before, horizons_for, look_at_past
from cxvalue.lifetime.evidence.reference import CANDIDATES
from tests.lifetime.logworlds import bg_log, log_of

AHEAD = Ahead((30, 91), 0.1)
ORIGINS = [150, 200, 250, 290, 330, 360]


@pytest.fixture(scope="module")
def log():
    return bg_log(500, 420, np.random.default_rng(11)).until(400)


@pytest.fixture(scope="module")
def past(log) -> Past:
    return look_at_past(log, AHEAD, TimeUnit.WEEK, 400, origins=ORIGINS)


def test_horizons_are_the_usual_ones_that_can_be_tested_and_the_own() -> None:
    assert horizons_for(12, 400) == (30, 91, 183, 365)
    assert horizons_for(36, 400) == (30, 91, 183, 365, 1096)
    assert horizons_for(2, 120) == (14, 30, 61, 91)
    assert horizons_for(1, 30) == (14, 30)


def test_growth_is_that_of_the_number_of_customers() -> None:
    log = log_of(*((k, k, 1.0) for k in range(101)))
    assert growth_before(log, 100) == pytest.approx(math.log(101 / 51))
    assert growth_before(log_of((1, 0, 1.0), (1, 50, 1.0)), 50) == 0.0
    crowd = log_of((0, 0, 1.0), *((k, 90, 1.0) for k in range(1, 60)))
    assert growth_before(crowd, 100) == 2.0


def test_rows_hold_what_came(log, past: Past) -> None:
    rows = past.margin
    assert rows.names == CANDIDATES
    assert (rows.origin + rows.days <= 400).all()
    assert set(rows.days.tolist()) == {30, 91}
    for row in (0, len(rows) // 2, len(rows) - 1):
        known = log.known(int(rows.origin[row]))
        until = int(rows.origin[row] + rows.days[row])
        count, worth = log.between(known, known.day, until, AHEAD.factors, 365.25 / 12)
        assert past.purchases.actual[row] == count.sum()
        assert rows.actual[row] == pytest.approx(worth.sum())
        assert rows.history[row] == known.day - log.first_day
        assert rows.growth[row] == growth_before(log, known.day)
    assert past.share == 1.0
    assert past.groups.shape == (len(rows), 2, GROUPS)


def test_nothing_from_after_an_origin_reaches_its_forecast(log, past: Past) -> None:
    cut = 330
    later = log.day > cut
    spoilt = replace(log, revenue=np.where(later, 1e5, log.revenue), margin=np.where(later, 5e4, log.margin))
    for other in (log.until(cut), spoilt):
        day = int(other.day.max()) if other is spoilt else cut
        again = look_at_past(other, AHEAD, TimeUnit.WEEK, day, origins=ORIGINS)
        for one, two in ((past.margin, again.margin), (past.purchases, again.purchases)):
            seen = {(int(o), int(d)): k for k, (o, d) in enumerate(zip(two.origin, two.days, strict=True))}
            rows = [row for row in range(len(one)) if one.origin[row] + one.days[row] <= cut]
            assert len(rows) >= 5
            for row in rows:
                place = seen[int(one.origin[row]), int(one.days[row])]
                np.testing.assert_allclose(one.made[row], two.made[place], rtol=1e-9)
                assert one.chance[row] == pytest.approx(two.chance[place])
                assert one.actual[row] == pytest.approx(two.actual[place])


def test_in_a_world_of_the_model_misses_are_small(past: Past) -> None:
    misses = np.log(past.purchases.actual[:, None] / past.purchases.made[:, :3])
    assert np.nanmean(np.abs(misses)) < 0.2
    assert (np.abs(misses[:, 0]) < 4 * np.sqrt(past.purchases.chance)).all()


def test_of_large_bases_some_customers_stand_for_all(monkeypatch: pytest.MonkeyPatch, log) -> None:
    monkeypatch.setattr(past_module, "MOST_CUSTOMERS", 200)
    found = look_at_past(log, Ahead((91,)), TimeUnit.WEEK, 400, origins=[250, 300])
    assert found.share == pytest.approx(1 / 3, abs=0.01)
    assert found.margin.origin.tolist() == [250, 300]
    came = log.between(log.known(300), 300, 391, np.ones(1), np.inf)[0].sum()
    assert found.purchases.actual[1] == pytest.approx(came / 3, rel=0.3)


def test_past_days_are_those_of_the_grid_with_enough_customers(log) -> None:
    short = log.until(110)
    days = look_at_past(short, Ahead((30,)), TimeUnit.WEEK, 110).margin.origin.tolist()
    assert days == [day for day in origins_before(log.first_day, 110, 30) if (log.first_of <= day).sum() >= 30]
    assert days


def test_misses_survive_json(past: Past) -> None:
    back = Past.from_dict(json.loads(json.dumps(past.to_dict())))
    np.testing.assert_array_equal(back.groups, past.groups)
    np.testing.assert_array_equal(back.margin.made, past.margin.made)
    assert back.share == past.share


def test_groups_that_do_as_all_do_are_not_off(past: Past) -> None:
    # In the model's own world groups differ from all by chance only; the groups that hold few are drawn to nothing.
    assert np.abs(past.groups).max() <= 2.0
    assert np.abs(past.groups.mean(axis=0)).mean() < 0.3
