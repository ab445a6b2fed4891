"""Opportunities taken, counted by hand and against the published days of CDNOW."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from cxvalue.errors import BadInput
from cxvalue.tables.discrete import Period, discrete_states
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
    with pytest.raises(BadInput, match="match no earlier purchase"):
        discrete_states(bought.iloc[2:], as_of=date(2025, 3, 31))
    with pytest.raises(ValueError, match="decade"):
        discrete_states(bought, as_of=date(2025, 3, 31), period="decade")
