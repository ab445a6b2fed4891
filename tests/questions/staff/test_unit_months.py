"""Customers of units and months who do not come back."""

from __future__ import annotations

from datetime import date

import ibis
import numpy as np
import pytest

from cxvalue.questions.staff.head_count import HeadCount
from cxvalue.questions.staff.unit_months import shop_months, units_of_customers


def heads(months: int) -> HeadCount:
    mean = np.full((2, months), 4.0)
    leavers = np.zeros((2, months))
    leavers[0, 1] = 1.0
    empty = np.zeros(0)
    return HeadCount(("u", "v"), 2025 * 12, mean, leavers, leavers, empty, empty.astype(bool), empty, 0, None, 1, False)


def test_of_the_customers_of_three_months_those_who_stay_away_for_three() -> None:
    bought = ibis.memtable(
        {"customer_id": ["a", "b", "b", "c"], "margin": [1.0, 2.0, 4.0, 8.0],
         "date": [date(2025, 1, 5), date(2025, 3, 5), date(2025, 6, 5), date(2025, 2, 5)]}
    )  # fmt: skip
    homes = ibis.memtable({"customer_id": ["a", "b", "c"], "unit": ["u", "u", "v"]})
    found = shop_months(bought, homes, heads(6), as_of=date(2025, 6, 30))
    assert found is not None
    assert found.customers[0].tolist() == [0, 0, 2, 0, 0, 0]  # three months before and after are needed
    assert found.lost[0, 2] == 0.5
    assert found.lost[1, 2] == 1.0
    assert found.turnover[0].tolist() == [0, 0.25, 0, 0, 0, 0]
    assert found.margin.tolist() == [6.0, 0.0]  # of those who came in the last three months
    assert found.rate[0] == pytest.approx(12 * 1 / 24)
    assert found.halves.tolist() == [[0, 0], [0, 0]]  # the first month and the last two: three lie between
    alone = homes.filter(homes.unit == "u")
    assert shop_months(bought, alone, heads(6), as_of=date(2025, 6, 30)) is None


def test_months_of_many_customers_are_those_of_a_table_of_all_of_them() -> None:
    rng, months = np.random.default_rng(4), 14
    came = rng.random((60, months)) < rng.beta(1.0, 2.0, (60, 1))
    home = rng.integers(0, 2, 60)
    who, month = np.nonzero(came)
    days = [date(2025 + m // 12, m % 12 + 1, int(rng.integers(1, 28))) for m in month]
    bought = ibis.memtable({"customer_id": [f"c{c}" for c in who], "date": days, "margin": rng.random(who.size)})
    homes = ibis.memtable({"customer_id": [f"c{c}" for c in range(60)], "unit": ["uv"[h] for h in home]})
    as_of = date(2026, 2, 28)
    found = shop_months(bought, homes, heads(months), as_of=as_of)
    assert found is not None
    for unit in range(2):
        own = came[home == unit]
        for m in range(2, months - 3):
            active = own[:, m - 2 : m + 1].any(axis=1)
            gone = active & ~own[:, m + 1 : m + 4].any(axis=1)
            assert found.customers[unit, m] == active.sum()
            assert found.lost[unit, m] == gone.sum() / active.sum()
        there = came[:, -3:].any(axis=1) & (home == unit)
        year = [d > date(2025, 2, 28) for d in days]
        margin = bought.to_pandas()["margin"].to_numpy()[there[who] & np.array(year)].sum()
        assert found.margin[unit] == pytest.approx(margin, rel=1e-12)
    assert found.customers[:, [0, 1, -3, -2, -1]].sum() == 0


def test_a_customer_s_unit_is_its_own_else_where_it_was_seen_most() -> None:
    people = ibis.memtable({"customer_id": ["a"], "unit": ["u"]})
    seen = ibis.memtable({"customer_id": ["a", "a", "a"], "unit": ["u", "v", "v"]})
    own, most = units_of_customers(people, None, seen), units_of_customers(None, seen, None)
    assert own is not None
    assert most is not None
    assert own.to_pandas()["unit"].tolist() == ["u"]
    assert most.to_pandas()["unit"].tolist() == ["v"]
    assert units_of_customers(None, None, None) is None
