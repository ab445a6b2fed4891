"""Memory: a slope per day of our delay, the pull of expectation, and what is left out."""

from __future__ import annotations

from datetime import date, timedelta

import ibis
import numpy as np
import pytest

from cxvalue.questions.survey_truth.asked_late import expectation_of, lateness_of


def answers(seed: int, slope: float = -0.5, pull: float = 0.0, n: int = 600) -> ibis.Table:
    rng = np.random.default_rng(seed)
    days, month = rng.integers(0, 22, n), rng.integers(0, 6, n)
    middle = rng.integers(4, 9, n).astype(float)
    points = 70 + 5 * month + slope * days + pull * days * (10 * middle - 65) + 12 * rng.standard_normal(n)
    event = [date(2025, 1 + int(m), 3) for m in month]
    return ibis.memtable(
        {"customer_id": [f"c{k}" for k in range(n)], "metric": ["main"] * n, "points": points, "score": points / 10,
         "event_date": event, "invited_on": [e + timedelta(days=int(d)) for e, d in zip(event, days, strict=True)],
         "touchpoint": ["shop"] * n, "expected_best": middle + 1, "expected_worst": middle - 1}
    )  # fmt: skip


@pytest.mark.parametrize(("worlds", "least"), [(8, 6), (40, 34)])
def test_the_slope_of_a_day_is_covered_and_the_score_at_once_follows(worlds: int, least: int) -> None:
    held = 0
    for seed in range(worlds):
        found = lateness_of(answers(seed), main="main")
        assert found is not None
        held += found.per_day.low <= -0.5 <= found.per_day.high
    assert held >= least
    assert found.at_once == pytest.approx(found.told - found.per_day.value * found.mean_days)
    assert lateness_of(answers(1).drop("invited_on"), main="main") is None
    assert lateness_of(answers(1), main="other") is None
    same = answers(1).mutate(invited_on=lambda t: t.event_date)
    assert lateness_of(same, main="main") is None


def test_expectation_pulls_more_the_later_it_is_asked() -> None:
    found = expectation_of(answers(1, pull=0.02), main="main", scale=(0, 10))
    assert found is not None
    assert found.pull is not None
    assert found.pull.low < 0.02 < found.pull.high
    assert found.pull.low > 0
    rows = answers(1, pull=0.02).to_pandas()
    assert found.below.value == pytest.approx((rows["score"] < rows["expected_worst"]).mean())
    assert found.below.value + found.between + found.above == pytest.approx(1.0)
    assert expectation_of(answers(1).drop("expected_best"), main="main", scale=(0, 10)) is None


def test_the_order_of_answers_moves_no_bit() -> None:
    rows = answers(1, pull=0.02).to_pandas()
    told = [ibis.memtable(one) for one in (rows, rows.sample(frac=1, random_state=4))]
    assert lateness_of(told[0], main="main") == lateness_of(told[1], main="main")
    asked = [expectation_of(one, main="main", scale=(0, 10)) for one in told]
    assert asked[0] == asked[1]
