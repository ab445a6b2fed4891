"""Rates of cells by hand, landmarks, and worlds in which customers like these do what such customers did."""

from __future__ import annotations

import numpy as np
import pytest

from cxvalue.lifetime.candidates.cells import FEWEST_CUSTOMERS, forecast_by_cells, landmarks_of, year_ago
from cxvalue.tables.purchase_log import PurchaseLog
from tests.lifetime.logworlds import bg_log


def _two_kinds(active: int, silent: int) -> PurchaseLog:
    """Everybody joins on day 0; the active buy on days 45, 95, 145 and 195 too. Each purchase brings 2."""
    rows = [(k, day) for k in range(active) for day in (0, 45, 95, 145, 195)] + [(active + k, 0) for k in range(silent)]
    customer, day = np.array(rows).T
    return PurchaseLog.of(customer, day, np.full(day.size, 4.0), np.full(day.size, 2.0))


def _drawn(came: float, number: int, wider: float) -> float:
    return (came + FEWEST_CUSTOMERS * wider) / (number + FEWEST_CUSTOMERS)


def test_rates_of_cells_are_drawn_to_those_of_wider_ones() -> None:
    active, silent = 40, 60
    log = _two_kinds(active, silent)
    found = forecast_by_cells(log, log.known(200), [100], 100, 0.0)
    assert found.evidence == 2 * active
    # By silence, by repeats and by tenure: the first two part the kinds, the third does not, and each draws on from there.
    rates = []
    for came, number in ((active, active), (0, silent)):
        rate = active / (active + silent)
        for _ in range(3):
            rate = _drawn(came, number, rate)
        rates.append(rate)
    assert found.purchases[:active] == pytest.approx(2 * rates[0])
    assert found.purchases[active:] == pytest.approx(2 * rates[1])
    assert found.returns[:active] == pytest.approx(rates[0])
    assert found.worth == pytest.approx(2 * found.purchases)


def test_who_is_silent_for_longer_than_anybody_was_is_like_the_most_silent() -> None:
    log = _two_kinds(40, 60)
    # On day 200 the silent have been so for 200 days, at the landmark for 100: no cell of its own, but theirs.
    found = forecast_by_cells(log, log.known(200), [100], 100, 0.0)
    assert found.purchases[40:].max() < 2 * 40 / 100 / 2


def test_money_that_comes_later_counts_less() -> None:
    log = _two_kinds(40, 60)
    plain, later = (forecast_by_cells(log, log.known(200), [100], 100, rate).worth for rate in (0.0, 0.2))
    # Days 45 and 95 after the landmark are in the second and the fourth month.
    assert later == pytest.approx(plain * (1.2 ** (-2 / 12) + 1.2 ** (-4 / 12)) / 2)


def test_the_first_purchase_is_no_return() -> None:
    # At the landmark one kind is new and never comes back; the other came back and does so again.
    rows = [(k, day) for k in range(50) for day in (0, 60, 150)] + [(50 + k, 60) for k in range(50)]
    rows += [(100 + k, 160) for k in range(50)]
    customer, day = np.array(rows).T
    log = PurchaseLog.of(customer, day, np.ones(day.size), np.ones(day.size))
    found = forecast_by_cells(log, log.known(160), [65], 95, 0.0)
    new, returned = found.purchases[100], found.purchases[0]
    assert new < 0.2 < 0.45 < returned


def test_landmarks_have_enough_behind_them() -> None:
    log = bg_log(500, 800, np.random.default_rng(4), joined=0.1)
    assert landmarks_of(log, log.first_day + 800, 300) == [log.first_day + day for day in (500, 400, 300)]
    assert landmarks_of(log, log.first_day + 600, 300) == [log.first_day + day for day in (300, 200)]
    assert landmarks_of(log, log.first_day + 440, 300) == []
    assert year_ago(log, log.first_day + 800, 90) == [log.first_day + 435]
    assert year_ago(log, log.first_day + 800, 365) == []
    assert landmarks_of(log.of_customers(np.arange(20)), 700, 100) == []


def test_cells_hit_the_total_of_a_steady_world() -> None:
    log = bg_log(6_000, 1_000, np.random.default_rng(5), joined=0.2, a=0.0)
    then, known = log.until(700), log.until(700).known(700)
    found = forecast_by_cells(then, known, landmarks_of(then, 700, 150), 150, 0.0)
    count, worth = log.between(known, 700, 850, np.ones(1), np.inf)
    assert found.purchases.sum() == pytest.approx(count.sum(), rel=0.05)
    assert found.returns.sum() == pytest.approx((count > 0).sum(), rel=0.05)
    # Drawing the small cells of the best customers to wider ones loses a little of their money.
    assert found.worth.sum() == pytest.approx(worth.sum(), rel=0.1)
    best = found.purchases > np.quantile(found.purchases, 0.9)
    assert found.purchases[best].sum() == pytest.approx(count[best].sum(), rel=0.15)
