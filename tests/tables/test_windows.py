"""Sums around moments: against a loop in plain Python."""

from __future__ import annotations

from datetime import date, timedelta

import ibis
import numpy as np
import pytest

from cxvalue.tables.windows import AFTER, BEFORE, EARLIER, sums_around

DAY = date(2025, 3, 1)


def test_windows_hold_both_ends_and_meet_without_overlap() -> None:
    offsets = [-731, -730, -366, -365, -1, 0, 1, 365, 366]
    bought = ibis.memtable(
        {
            "customer_id": ["a"] * 9,
            "date": [DAY + timedelta(days=n) for n in offsets],
            "margin": [2.0**k for k in range(9)],
        }
    )
    moments = ibis.memtable({"row": [0, 1], "customer_id": ["a", "nobody"], "day": [DAY, DAY]})
    found = sums_around(moments, bought, {"after": AFTER, "before": BEFORE, "earlier": EARLIER}, 2)
    assert found["after_margin"].tolist() == [2.0**6 + 2.0**7, 0.0]
    assert found["before_margin"].tolist() == [2.0**3 + 2.0**4, 0.0]
    assert found["earlier_margin"].tolist() == [2.0**1 + 2.0**2, 0.0]
    assert found["after_orders"].tolist() == [2.0, 0.0]
    assert found["silence"][0] == 1
    assert found["tenure"][0] == 731
    assert np.isnan(found["silence"][1])


def test_many_moments_of_many_customers_are_those_of_a_loop() -> None:
    rng = np.random.default_rng(5)
    start = np.datetime64("2024-01-01")
    who, when, margin = rng.integers(0, 20, 500), rng.integers(0, 400, 500), rng.random(500)
    row, at = rng.integers(0, 20, 50), rng.integers(0, 400, 50)
    bought = ibis.memtable({"customer_id": who.astype(str), "date": (start + when).astype(object), "margin": margin})
    moments = ibis.memtable({"row": np.arange(50), "customer_id": row.astype(str), "day": (start + at).astype(object)})
    found = sums_around(moments, bought, {"w": (-30, 10)}, 50)
    for k in range(50):
        inside = (who == row[k]) & (when - at[k] >= -30) & (when - at[k] <= 10)
        assert found["w_margin"][k] == pytest.approx(margin[inside].sum())
        assert found["w_orders"][k] == inside.sum()
