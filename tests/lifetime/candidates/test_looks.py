"""All candidates asked on a day: closed forms, no leak from later days, and a world in which they are right."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import nbinom

from cxvalue.foundation.calendar import TimeUnit
from cxvalue.lifetime.candidates import similar
from cxvalue.lifetime.candidates.looks import groups_of, look_back, squeeze
from cxvalue.lifetime.candidates.outlook import Ahead
from cxvalue.tables import purchase_log as purchase_log_module
from cxvalue.tables.purchase_log import PurchaseLog
from tests.lifetime.logworlds import bg_log, log_of


@pytest.mark.parametrize(("mean", "size"), [(0.3, 0.2), (2.0, 1.5), (9.0, 30.0), (0.01, 0.4)])
def test_squeeze_finds_the_negative_binomial(mean: float, size: float) -> None:
    none = nbinom.pmf(0, size, size / (size + mean))
    extra = squeeze(np.array([1 - none]), np.array([mean]))
    assert extra == pytest.approx(mean / size, rel=2e-3)


def test_squeeze_of_a_poisson_is_nothing() -> None:
    mean = np.array([0.01, 1.0, 4.0])
    assert squeeze(1 - np.exp(-mean), mean) == pytest.approx(0.0, abs=1e-4)
    assert squeeze(np.zeros(1), np.zeros(1)).tolist() == [0.0]


def test_what_comes_later_changes_nothing() -> None:
    log = bg_log(400, 500, np.random.default_rng(6))
    ahead = Ahead((30, 183), 0.1)
    changed = log.day > 300
    other = PurchaseLog.of(
        log.customer, log.day, np.where(changed, 1e6, log.revenue), np.where(changed, 1e6, log.margin)
    )
    one, two = (look_back(all_.until(300), ahead, 300, TimeUnit.WEEK) for all_ in (log, other))
    assert one is not None
    assert two is not None
    for name, total in one.totals.items():
        np.testing.assert_array_equal(total, two.totals[name], err_msg=name)
    assert (one.chance == two.chance).all()
    assert (one.outlook.worth == two.outlook.worth).all()


def test_the_last_equal_period_leaves_first_purchases_out() -> None:
    rows = [(k, day, 2.0) for k in range(12) for day in (0, 40, 70, 95)] + [(90, 80, 50.0)]
    found = look_back(log_of(*rows), Ahead((30, 200)), 100, TimeUnit.WEEK)
    assert found is not None
    assert found.totals["last_period"][1, 0] == 12  # day 95 of each; the newcomer of day 80 not
    assert found.totals["last_period"][0, 0] == 12
    # 100 days of history stand for 200.
    assert found.totals["last_period"][:, 1] == pytest.approx([12 * 3 * 2] * 2)


def test_without_anybody_who_came_back_nothing_is_said() -> None:
    once = log_of(*((k, k, 3.0) for k in range(50)))
    assert look_back(once, Ahead((30,)), 60, TimeUnit.WEEK) is None
    free = log_of(*((k, day, 0.0) for k in range(50) for day in (k, k + 5)))
    assert look_back(free, Ahead((30,)), 60, TimeUnit.WEEK) is None


def test_amounts_that_are_all_alike_need_no_model_of_spend() -> None:
    log = bg_log(300, 300, np.random.default_rng(7))
    alike = replace(log, revenue=np.full(log.day.size, 5.0), margin=np.full(log.day.size, 2.0))
    found = look_back(alike.until(250), Ahead((30,)), 250, TimeUnit.WEEK)
    assert found is not None
    for name in ("bg_nbd", "pareto_nbd", "last_period"):
        assert found.totals[name][0] == pytest.approx(2 * found.totals[name][1]), name


def test_a_short_history_is_stretched() -> None:
    log = bg_log(2_000, 400, np.random.default_rng(8), joined=0.1, a=0.0)
    then = log.until(200)
    found = look_back(then, Ahead((183,)), 200, TimeUnit.WEEK)
    assert found is not None
    came = log.between(found.known, 200, 383, np.ones(1), np.inf)[0].sum()
    assert found.totals["cells"][1, 0] == pytest.approx(came, rel=0.15)
    assert np.isnan(found.totals["year_ago"]).all()


def test_in_a_world_of_the_model_all_come_near() -> None:
    log = bg_log(6_000, 800, np.random.default_rng(9), joined=0.5)
    found = look_back(log.until(550), Ahead((91, 183)), 550, TimeUnit.WEEK)
    assert found is not None
    for place, days in enumerate((91, 183)):
        count, worth = log.between(found.known, 550, 550 + days, np.ones(1), np.inf)
        # Cells learn from days on which the customers were newer than today.
        for name, near in (("bg_nbd", 0.12), ("pareto_nbd", 0.12), ("cells", 0.2)):
            assert found.totals[name][0, place] == pytest.approx(worth.sum(), rel=near), (name, days)
            assert found.totals[name][1, place] == pytest.approx(count.sum(), rel=near), (name, days)
        returns, purchases, money = found.outlook.at(place)
        assert (returns <= purchases).all()
        assert returns.sum() == pytest.approx((count > 0).sum(), rel=0.1)
        off = np.log([money.sum() / worth.sum(), purchases.sum() / count.sum()])
        assert (np.abs(off) < 4 * np.sqrt(found.chance[:, place])).all()
    assert found.chance[0, 1] > found.chance[1, 1] > 0


def test_chance_is_the_variance_of_a_total_of_negative_binomials() -> None:
    log = bg_log(1_500, 400, np.random.default_rng(10), joined=0.5)
    paid = replace(log, revenue=np.full(log.day.size, 4.0), margin=np.full(log.day.size, 4.0))
    found = look_back(paid.until(300), Ahead((91,)), 300, TimeUnit.WEEK)
    assert found is not None
    returns, purchases, _ = found.outlook.at(0)
    some = np.flatnonzero(purchases > 1e-4)
    # The size of each customer's negative binomial from the chance of none, by bisection.
    low, high = np.full(some.size, 1e-7), np.full(some.size, 1e5)
    for _ in range(80):
        size = np.sqrt(low * high)
        none = nbinom.pmf(0, size, size / (size + purchases[some]))
        low, high = np.where(none > 1 - returns[some], size, low), np.where(none > 1 - returns[some], high, size)
    rng = np.random.default_rng(11)
    totals = [rng.poisson(rng.gamma(size, purchases[some] / size)).sum() for _ in range(4_000)]
    assert found.chance[:, 0] == pytest.approx(np.var(totals) / np.mean(totals) ** 2, rel=0.1)


def test_groups_are_thirds_of_silence_by_repeats() -> None:
    log = log_of(*((k, day, 1.0) for k in range(9) for day in range(10 * k + 9 - min(k % 3 * 2, 3), 10 * k + 10)))
    known = log.known(100)
    assert known.repeats.tolist() == [0, 2, 3] * 3
    assert groups_of(known).tolist() == [6, 7, 8, 3, 4, 5, 0, 1, 2]


def test_customers_are_asked_in_parts_as_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    log = bg_log(200, 500, np.random.default_rng(6)).until(400)
    ahead = Ahead((30, 91), 0.1)
    at_once = look_back(log, ahead, 400, TimeUnit.WEEK)
    monkeypatch.setattr(purchase_log_module, "_CUSTOMERS_AT_ONCE", 33)
    monkeypatch.setattr(similar, "_AT_ONCE", 17)
    in_parts = look_back(log, ahead, 400, TimeUnit.WEEK)
    assert at_once is not None
    assert in_parts is not None
    for name, total in at_once.totals.items():
        np.testing.assert_array_equal(in_parts.totals[name], total, err_msg=name)
    assert in_parts.variation == at_once.variation
    for name in ("returns", "purchases", "worth"):
        assert getattr(in_parts.outlook, name).tolist() == getattr(at_once.outlook, name).tolist(), name
