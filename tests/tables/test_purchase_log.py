"""Purchases as arrays: what was known on a day, what came after it, and that nothing else is seen."""

from __future__ import annotations

from datetime import date

import ibis
import numpy as np
import pandas as pd
import pytest

from cxvalue.foundation.calendar import day_number
from cxvalue.tables import purchase_log as purchase_log_module
from cxvalue.tables.purchase_log import PurchaseLog, purchase_log
from cxvalue.tables.states import purchase_states_from_purchases
from tests.lifetime.logworlds import bg_log, log_of

ROWS = [(7, 30, 4.0), (3, 10, 5.0), (7, 12, 2.0), (3, 40, 0.0), (9, 35, 1.0), (3, 20, 6.0)]


def test_a_log_is_sorted_by_customer_and_day() -> None:
    log = log_of(*ROWS)
    assert len(log) == 3
    assert log.customer.tolist() == [0, 0, 0, 1, 1, 2]
    assert log.day.tolist() == [10, 20, 40, 12, 30, 35]
    assert log.start.tolist() == [0, 3, 5, 6]
    assert (log.first_day, log.first_of.tolist()) == (10, [10, 12, 35])


def test_what_is_known_is_counted_by_hand() -> None:
    known = log_of(*ROWS).known(32)
    assert known.customer.tolist() == [0, 1]
    assert (known.bought.tolist(), known.repeats.tolist()) == ([2, 2], [1, 1])
    assert (known.first.tolist(), known.last.tolist()) == ([10, 12], [20, 30])
    assert (known.revenue.tolist(), known.first_revenue.tolist(), known.margin.tolist()) == ([11, 6], [5, 2], [5.5, 3])
    assert log_of(*ROWS).known(40).paid.tolist() == [1, 1, 0]  # the last one of the first customer was free


def test_a_small_customer_behind_a_large_one_keeps_its_cents() -> None:
    revenue = np.array([3e14, 0.01, 0.02])
    known = PurchaseLog.of(np.array([0, 1, 1]), np.array([1, 1, 2]), revenue, revenue / 2).known(2)
    assert known.revenue.tolist() == [3e14, 0.01 + 0.02]
    assert known.margin.tolist() == [1.5e14, 0.005 + 0.01]


def test_what_came_after_a_day_counts_by_its_month() -> None:
    log = log_of(*ROWS)
    # Customer 0 buys on day 20 (1st month of 15 days) and 40 (2nd, free); customer 1 on day 30 (2nd); 2 is not known yet.
    count, worth = log.between(log.known(15), 15, 45, np.array([0.5, 0.25]), 14.0)
    assert count.tolist() == [2, 1]
    assert worth.tolist() == [6 / 2 * 0.5, 4 / 2 * 0.25]
    assert log.between(log.known(15), 15, 29, np.array([1.0]), 30.0)[0].tolist() == [1, 0]
    assert (log.came(15, 45).tolist(), log.came(15, 29).tolist()) == ([2, 1], [1, 0])


def test_the_log_as_it_stood_is_all_that_is_known() -> None:
    log = bg_log(300, 400, np.random.default_rng(1))
    then, whole = log.until(200).known(200), log.known(200)
    for name in ("bought", "first", "last", "revenue", "first_revenue", "margin", "paid"):
        assert getattr(then, name) == pytest.approx(getattr(whole, name)), name


def test_some_customers_keep_their_purchases() -> None:
    log = bg_log(50, 300, np.random.default_rng(2))
    some = log.of_customers(np.array([3, 5]))
    assert len(some) == 2
    assert some.revenue.sum() == pytest.approx(log.revenue[np.isin(log.customer, (3, 5))].sum())


def test_a_purchase_without_a_margin_stays_unknown() -> None:
    log = PurchaseLog.of(np.array([1, 1]), np.array([2, 5]), np.array([3.0, 4.0]), np.array([np.nan, 1.0]))
    assert (log.margin.tolist(), log.known_margin.tolist()) == ([0.0, 1.0], [False, True])
    assert log.until(3).known_margin.tolist() == [False]


def test_a_table_gives_the_customers_of_the_states_in_their_order() -> None:
    bought = pd.DataFrame(
        {
            "customer_id": ["b", "a", "b", "ä", "B", "a", "10", "9"],
            "date": pd.to_datetime(["2025-01-03", "2025-01-01", "2025-02-01", "2025-01-09"] + ["2025-01-05"] * 4),
            "revenue": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0],
            "margin": [0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0],
        }
    )
    table = ibis.memtable(bought.assign(date=bought["date"].dt.date))
    as_of = date(2025, 1, 31)
    log, states = purchase_log(table, as_of), purchase_states_from_purchases(table, as_of=as_of, per_customer=True)
    known = log.known(day_number(as_of))
    assert log.day.max() == day_number(date(2025, 1, 9))
    assert known.repeats.tolist() == states.frequency.tolist()
    assert (known.last - known.first).tolist() == states.recency_days.tolist()
    assert (known.day - known.first).tolist() == states.age_days.tolist()
    assert known.margin.sum() == states.total_margin


@pytest.mark.parametrize("rows_at_once", [1, 3, 1_000_000])
def test_rows_in_the_order_of_ids_are_read_as_they_come(rows_at_once: int) -> None:
    """In whatever parts they come, and equal to the log of the same rows in disorder."""
    bought = pd.DataFrame(
        {
            "customer_id": ["10", "9", "9", "B", "a", "a", "ä", "ä"],
            "date": pd.to_datetime(["2025-01-0" + day for day in "51316293"]).date,
            "revenue": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0],
            "margin": [0.5, None, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0],
        }
    )
    table = ibis.memtable(bought)
    found = purchase_log_module._in_order(iter(table.to_pyarrow().to_batches(max_chunksize=rows_at_once)))
    assert found is not None
    mixed = ibis.memtable(bought.sample(frac=1.0, random_state=1))
    for log in (purchase_log(mixed, date(2025, 1, 31)), purchase_log(table, date(2025, 1, 31))):
        for name in ("customer", "day", "revenue", "margin", "known_margin", "start"):
            assert getattr(found, name).tolist() == getattr(log, name).tolist(), name
    assert purchase_log_module._in_order(iter(mixed.to_pyarrow().to_batches(max_chunksize=rows_at_once))) is None


def test_customers_are_added_up_in_parts_as_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    log = bg_log(40, 300, np.random.default_rng(3))
    at_once = [log.known(150), *log.between(log.known(150), 150, 260, np.array([1.0, 0.5]), 60.0)]
    monkeypatch.setattr(purchase_log_module, "_CUSTOMERS_AT_ONCE", 7)
    in_parts = [log.known(150), *log.between(log.known(150), 150, 260, np.array([1.0, 0.5]), 60.0)]
    for name in ("customer", "bought", "first", "last", "revenue", "first_revenue", "margin", "paid"):
        assert getattr(in_parts[0], name).tolist() == getattr(at_once[0], name).tolist(), name
    for one, other in zip(in_parts[1:], at_once[1:], strict=True):
        assert one.tolist() == other.tolist()
    assert log.came(150, 260).tolist() == at_once[1].tolist()


def test_a_log_is_split_into_logs_of_its_customers(monkeypatch: pytest.MonkeyPatch) -> None:
    log = bg_log(40, 300, np.random.default_rng(3))
    monkeypatch.setattr(purchase_log_module, "_CUSTOMERS_AT_ONCE", 7)
    parts = list(log.split())
    assert [len(one) for one in parts] == [7, 7, 7, 7, 7, 5]
    for name in ("bought", "first", "last", "revenue", "margin", "paid"):
        each = [getattr(one.known(150), name) for one in parts]
        assert np.concatenate(each).tolist() == getattr(log.known(150), name).tolist(), name
    some = log.of_customers(np.arange(7, 14))
    assert all(
        getattr(parts[1], name).tolist() == getattr(some, name).tolist()
        for name in ("customer", "day", "margin", "start")
    )


def test_customers_of_another_log_are_refused() -> None:
    log = bg_log(40, 300, np.random.default_rng(3))
    few = log.of_customers(np.arange(20))
    for whose, asked in ((few, log), (log, few)):
        assert len(whose.known(150)) != len(asked.known(150))
        with pytest.raises(ValueError, match="not the customers"):
            asked.between(whose.known(150), 150, 260, np.array([1.0]), 60.0)
