"""Opportunities taken, counted by hand and against the published days of CDNOW."""

from __future__ import annotations

from datetime import date, timedelta

import ibis
import numpy as np
import pandas as pd
import pytest

from cxvalue.foundation.errors import BadInput
from cxvalue.tables.periods import Period, by_period, discrete_states, period_states
from tests.lifetime.conftest import merged_days


def table(*rows: tuple[str, str]) -> pd.DataFrame:
    return pd.DataFrame(
        {"customer_id": [r[0] for r in rows], "date": pd.to_datetime([r[1] for r in rows]), "revenue": 10.0}
    )


@pytest.mark.parametrize(
    ("period", "as_of", "expected"),
    [
        ("month", date(2025, 6, 30), (2, 4, 5)),
        ("month", date(2025, 6, 29), (2, 4, 4)),
        ("quarter", date(2025, 6, 30), (1, 1, 1)),
        ("year", date(2025, 12, 31), (0, 0, 0)),
        ("week", date(2025, 6, 29), (3, 13, 21)),  # a Sunday; the first of February is the Saturday of the same week
    ],
)
def test_periods_by_hand(period: str, as_of: date, expected: tuple[int, int, int]) -> None:
    days = ("2025-01-30", "2025-02-01", "2025-02-10", "2025-02-27", "2025-05-02", "2026-01-01")
    states = discrete_states(table(*(("a", day) for day in days)), as_of=as_of, period=period)
    assert [int(c[0]) for c in (states.frequency, states.recency, states.opportunities)] == list(expected)
    assert states.period is Period(period)


def test_who_came_in_an_unfinished_period_is_absent() -> None:
    bought = table(("b", "2025-03-05"), ("a", "2025-01-05"), ("a", "2025-03-06"))
    states = discrete_states(bought, as_of=date(2025, 3, 30), per_customer=True)
    assert states.customer_id is not None
    assert states.customer_id.tolist() == ["a"]
    assert (states.frequency.tolist(), states.opportunities.tolist()) == ([0], [1])


def test_grouped_and_engine_agree_with_a_count_in_numpy() -> None:
    customer, days, dollars, _ = merged_days()
    dates = days.astype("datetime64[D]")
    bought = pd.DataFrame({"customer_id": customer.astype(str), "date": dates, "revenue": dollars})
    for period, number in [
        ("month", dates.astype("datetime64[M]").astype(int)),
        ("week", (days - 4) // 7),  # day 4 after 1970-01-01 is a Monday
    ]:
        last = number[days <= np.datetime64("1998-06-28").astype("datetime64[D]").astype(int)].max()
        last -= period == "month"  # 28 June is a Sunday: the week is over, the month is not
        pairs = np.unique(np.column_stack([customer, number]), axis=0)
        pairs = pairs[pairs[:, 1] <= last]
        _, start, size = np.unique(pairs[:, 0], return_index=True, return_counts=True)
        first, latest = pairs[start, 1], pairs[start + size - 1, 1]
        one = discrete_states(bought, as_of=date(1998, 6, 28), period=period, per_customer=True)
        assert one.customers == 2357
        assert np.array_equal(np.sort(one.recency), np.sort(latest - first))
        assert one.frequency.sum() == (size - 1).sum()
        grouped, distinct = one.grouped(), discrete_states(bought, as_of=date(1998, 6, 28), period=period)
        for name in ("frequency", "recency", "opportunities", "count"):
            assert np.array_equal(getattr(grouped, name), getattr(distinct, name))
        assert len(distinct) < 2357
        assert distinct.opportunities.max() == last - first.min()


def test_refunds_and_messages() -> None:
    bought = table(("a", "2025-01-05"), ("a", "2025-02-05"), ("a", "2025-02-09"))
    bought.loc[2, "revenue"] = -10.0
    states = discrete_states(bought, as_of=date(2025, 3, 31))
    assert (states.frequency.tolist(), states.opportunities.tolist()) == ([0], [2])
    with pytest.raises(BadInput, match="larger than the customer's earlier"):
        discrete_states(bought.iloc[2:], as_of=date(2025, 3, 31))
    with pytest.raises(ValueError, match="decade"):
        discrete_states(bought, as_of=date(2025, 3, 31), period="decade")


@pytest.mark.parametrize("period", list(Period))
def test_periods_begin_and_end_on_days(period: Period) -> None:
    number = period.number(date(2019, 1, 1))
    while period.first_day(number) < date(2025, 1, 1):
        first, last = period.first_day(number), period.last_day(number)
        assert period.number(first) == period.number(last) == number
        assert period.number(last + timedelta(days=1)) == number + 1
        assert period.last_complete(last) == number
        assert period.last_complete(last - timedelta(days=1)) == number - 1
        number += 1


@pytest.mark.parametrize("period", list(Period))
def test_purchases_by_period_are_opportunities_dated(period: Period) -> None:
    customer, days, dollars, _ = merged_days()
    dates = pd.to_datetime(days.astype("datetime64[D]")).date
    bought = pd.DataFrame(
        {"customer_id": customer.astype(str), "date": dates, "revenue": dollars, "margin": dollars / 4}
    )
    table, as_of = ibis.memtable(bought), date(1998, 6, 20)
    states = period_states(table, as_of=as_of, period=period)
    held = discrete_states(bought.astype({"date": "datetime64[ns]"}), as_of=as_of, period=period, per_customer=True)
    last = period.last_day(period.last_complete(as_of))
    assert states.as_of == last <= as_of
    assert states.time_unit.value == period.value
    assert states.time_unit.per_year == pytest.approx(period.per_year)
    assert states.customer_id is not None
    assert held.customer_id is not None
    assert states.customer_id.tolist() == held.customer_id.tolist()
    assert (states.frequency == held.frequency).all()
    # Whole opportunities after rounding, however long the months and years were.
    for ours, theirs in ((states.recency, held.recency), (states.T, held.opportunities)):
        assert np.abs(ours - theirs).max() < 0.1
    seen = bought[bought["date"] <= last]
    assert states.total_revenue == pytest.approx(seen["revenue"].sum())
    assert states.total_margin == pytest.approx(seen["revenue"].sum() / 4)
    silent = seen.groupby("customer_id")["date"].max().map(lambda day: (last - day).days)
    assert (states.days_silent == silent.loc[states.customer_id].to_numpy()).all()
    taken = states.take(states.frequency > 1)
    assert (taken.days_silent == states.days_silent[states.frequency > 1]).all()
    grouped = states.grouped()
    assert (grouped.days_silent == grouped.age_days - grouped.recency_days).all()


def test_purchases_of_a_period_are_one_by_hand() -> None:
    rows = [("a", "2025-01-30", 1.0), ("a", "2025-02-01", 2.0), ("a", "2025-02-27", 4.0), ("a", "2025-04-01", 8.0)]
    bought = pd.DataFrame(rows, columns=["customer_id", "date", "revenue"])
    bought["date"], bought["margin"] = pd.to_datetime(bought["date"]).dt.date, 0.5 * bought["revenue"]
    found = by_period(ibis.memtable(bought), as_of=date(2025, 4, 29), period="month").to_pandas().sort_values("date")
    assert [f"{pd.Timestamp(day):%Y-%m-%d}" for day in found["date"]] == ["2025-01-31", "2025-02-28"]
    assert [f"{pd.Timestamp(day):%Y-%m-%d}" for day in found["last_bought"]] == ["2025-01-30", "2025-02-27"]
    assert (found["revenue"].tolist(), found["margin"].tolist()) == ([1.0, 6.0], [0.5, 3.0])
