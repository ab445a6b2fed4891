"""Rows that find their customer, and the same customers in two channels."""

from __future__ import annotations

import ibis
import numpy as np
import pytest
from scipy import stats

from cxvalue.questions.journey.joined import channel_gaps, match_rates


def test_rows_that_find_their_customer_are_counted_exactly() -> None:
    people = ibis.memtable({"customer_id": ["a", "b"]})
    tables = {"surveys": ibis.memtable({"customer_id": ["a", "a", "x"]}), "fees": ibis.memtable({"customer_id": ["b"]})}
    assert match_rates(people, tables.get) == {"surveys": (2, 3), "fees": (1, 1)}


def test_a_gap_between_channels_is_a_paired_t() -> None:
    rng = np.random.default_rng(1)
    steady = 10 * rng.standard_normal(40)
    online, phone = steady + 4 + rng.standard_normal(40), steady + rng.standard_normal(40)
    ids = [f"c{k}" for k in range(40)]
    channels = ["online"] * 40 + ["phone"] * 40 + ["till"]
    answers = ibis.memtable(
        {"customer_id": [*ids, *ids, "alone"], "metric": ["main"] * 81, "channel": channels,
         "points": np.concatenate([online, phone, [50.0]])}
    )  # fmt: skip
    (found,) = channel_gaps(answers, "main")
    told = stats.ttest_rel(online, phone).confidence_interval(0.95)
    assert (found.one, found.other, found.customers) == ("online", "phone", 40)
    assert (found.gap.low, found.gap.high) == pytest.approx((told.low, told.high))
    assert channel_gaps(answers.drop("channel"), "main") == ()
    assert channel_gaps(answers, "other") == ()
