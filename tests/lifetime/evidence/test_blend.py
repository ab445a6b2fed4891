"""The combination and its range by hand, row by row, and in worlds in which the misses are known."""

from __future__ import annotations

import math
from dataclasses import fields, replace

import numpy as np
import pytest
from scipy.stats import t as student

from cxvalue.lifetime.evidence.blend import blend, lengths_of, sided, weigh
from cxvalue.lifetime.evidence.reference import Reference
from tests.lifetime.evidence.rows import Row, attempts_of

REFERENCE = Reference({"bg_nbd": 0.3, "cells": 0.3, "last_period": 0.5}, -0.06, 0.02, 0.01, 0.12)


def _same(one: object, two: object, rows: np.ndarray) -> None:
    for field in fields(one):  # type: ignore[arg-type]
        np.testing.assert_allclose(getattr(one, field.name)[rows], getattr(two, field.name)[rows], rtol=1e-10)


def test_overlapping_origins_are_not_new_facts() -> None:
    rows: list[Row] = [(day, 100, 1.0, (1.0,)) for day in (100, 150, 200)] + [(300, 100, np.nan, (1.0,))]
    weights = weigh(attempts_of(rows), 3, 4.0)
    # Three origins over 100 days of a horizon of 100: two facts. Their ends are 100, 50 and 0 days ago.
    age = 0.5 ** (np.array([1.0, 0.5, 0.0]) / 4)
    assert weights[:3] == pytest.approx(2 * age.mean() * age / age.sum())
    assert weights[3] == 0.0


def test_what_is_not_over_does_not_count() -> None:
    rows: list[Row] = [
        (100, 100, 1.0, (1.0,)),
        (201, 100, 1.0, (1.0,)),
        (300, 100, np.nan, (1.0,)),
        (90, 50, np.nan, (1.0,)),
    ]
    assert (weigh(attempts_of(rows), 2, 4.0) > 0).tolist() == [True, False, False, False]


def test_other_horizons_count_little() -> None:
    rows: list[Row] = [
        (200, 100, 1.0, (1.0,)),
        (250, 50, 1.0, (1.0,)),
        (100, 200, 1.0, (1.0,)),
        (300, 100, np.nan, (1.0,)),
    ]
    assert weigh(attempts_of(rows), 3, 4.0) == pytest.approx([1.0, 0.15, 0.15, 0.0])


def test_weights_of_several_rows_are_those_of_each() -> None:
    rng = np.random.default_rng(1)
    rows: list[Row] = [(int(day), int(days), 1.0, (1.0,)) for day in rng.integers(0, 900, 40) for days in (30, 91, 365)]
    attempts = attempts_of(rows)
    all_ = weigh(attempts, np.arange(len(attempts)), 20.0)
    for row in (0, 17, 60, 119):
        assert all_[row] == pytest.approx(weigh(attempts, row, 20.0))


def test_one_past_miss_by_hand() -> None:
    rows: list[Row] = [(100, 50, 150.0, (100.0, 200.0)), (150, 50, np.nan, (110.0, 180.0))]
    found = blend(attempts_of(rows), REFERENCE)
    # Nothing seen at the first: equal weights, and a correction by the drift alone (horizon half a history).
    assert found.weights[0] == pytest.approx([0.5, 0.5])
    drift = -0.06 * 0.5
    assert found.total[0] == pytest.approx(math.sqrt(100 * 200) * math.exp(drift))
    # One whole fact at the second.
    misses = np.log([150 / 100, 150 / 200])
    size = (np.abs(misses) + 2 * 0.3) / 3
    share = size**-4 / (size**-4).sum()
    weights = share / 3 + 2 / 3 * 0.5
    assert found.weights[1] == pytest.approx(weights)
    assert found.evidence[1] == pytest.approx(1.0)
    bias = (weights @ misses + 5 * -0.06 * (50 / 150)) / 6
    assert found.correction[1] == pytest.approx(bias)
    assert found.total[1] == pytest.approx(math.exp(weights @ np.log([110, 180]) + bias))
    # The range: its own record is one miss of the final forecast, in variances as they were forecast.
    floor = 0.01 + 0.02 + 0.01 * np.array([50 / 100, 50 / 150])
    miss = math.log(150 / found.total[0])
    # It is below the usual: a prior of 6 misses counts for half as many beside one.
    record = (3 + (miss * math.exp(0.1)) ** 2 / floor[0]) / 4
    assert found.record[1] == pytest.approx(record)
    assert found.sigma == pytest.approx(np.sqrt([floor[0], record * floor[1]]))
    assert found.df == pytest.approx([6.0, 7.0])
    value, low, high = found.interval(1, 0.8)
    reach = student.ppf(0.9, 7) * found.sigma[1]
    assert (value, low, high) == pytest.approx(
        (
            found.total[1],
            found.total[1] * math.exp(-reach * math.exp(0.1)),
            found.total[1] * math.exp(reach * math.exp(-0.1)),
        )
    )


def test_a_last_period_repeated_counts_less_until_it_has_been_right() -> None:
    three = (100.0, 100.0, 200.0)
    rows: list[Row] = [(100, 50, 200.0, three), *((day, 50, 200.0, three) for day in range(150, 1000, 50))]
    found = blend(attempts_of(rows, names=("bg_nbd", "cells", "last_period")), REFERENCE)
    assert found.weights[0] == pytest.approx(np.array([1.0, 1.0, 0.3]) / 2.3)
    assert (np.diff(found.weights[:, 2]) > 0).all()
    assert found.weights[-1, 2] > 0.75


def test_what_comes_later_changes_no_earlier_row_and_order_changes_none() -> None:
    rng = np.random.default_rng(2)
    rows: list[Row] = []
    for day in range(60, 900, 30):
        for days in (30, 91, 365):
            truth = 100 * math.exp(rng.normal(0, 0.3))
            rows.append((day, days, truth, tuple(100 * np.exp(rng.normal(0.1, 0.2, 3)))))
    attempts = attempts_of(rows, names=("bg_nbd", "cells", "last_period"), growth=0.3)
    whole = blend(attempts, REFERENCE)
    early = attempts.origin <= 500
    later = attempts.origin + attempts.days > 500
    spoilt = replace(attempts, actual=np.where(later, attempts.actual * 50, attempts.actual))
    _same(whole, blend(spoilt, REFERENCE), early)
    _same(whole, blend(replace(attempts, actual=np.where(later, np.nan, attempts.actual)), REFERENCE), early)
    mixed = rng.permutation(len(attempts))
    turned = blend(attempts.take(mixed), REFERENCE)
    back = np.argsort(mixed)
    for field in fields(whole):
        np.testing.assert_allclose(getattr(whole, field.name), getattr(turned, field.name)[back], rtol=1e-10)


def test_a_candidate_with_nothing_to_say_is_left_out() -> None:
    rows: list[Row] = [
        (100, 50, 150.0, (100.0, np.nan)),
        (150, 50, np.nan, (np.nan, 90.0)),
        (160, 50, np.nan, (np.nan, np.nan)),
    ]
    found = blend(attempts_of(rows), REFERENCE)
    assert found.weights[0].tolist() == [1.0, 0.0]
    assert found.weights[1].tolist() == [0.0, 1.0]
    assert np.isnan(found.total[2])
    # The combination of today could not have said anything then: the drift alone corrects it.
    assert found.correction[1] == pytest.approx(5 * -0.06 * (50 / 150) / (5 + found.evidence[1]))


def test_a_dead_month_does_not_rule() -> None:
    rows: list[Row] = [(100, 30, 0.0, (100.0,)), (150, 30, 100.0, (100.0,)), (200, 30, np.nan, (100.0,))]
    found = blend(attempts_of(rows), REFERENCE)
    assert np.isfinite(found.sigma).all()
    assert found.correction[2] > -2.0 / 3
    assert found.record[2] <= (6 + 2 * 16) / 8


def test_a_wild_candidate_is_pulled_to_the_others() -> None:
    found = blend(attempts_of([(100, 50, np.nan, (100.0, 110.0, 1e9))]), Reference(REFERENCE.miss))
    assert found.total[0] == pytest.approx((100 * 110 * 880**0.3) ** (1 / 2.3))


def test_a_fixed_forecast_stands_and_gets_a_range() -> None:
    rows: list[Row] = [(100, 50, 150.0, (100.0,)), (150, 50, np.nan, (110.0,))]
    fixed = np.array([90.0, 95.0])
    found = blend(attempts_of(rows), REFERENCE, fixed=fixed)
    assert found.total == pytest.approx(fixed)
    assert found.correction.tolist() == [0.0, 0.0]
    assert found.record[1] == pytest.approx((6 + min((math.log(150 / 90) * math.exp(0.1)) ** 2 / 0.035, 16)) / 7)


def test_the_range_holds_when_the_reference_is_right() -> None:
    # Companies whose misses have just the reference's variance: 95% ranges hold 95%, on both sides alike in logarithms of u.
    rng, held = np.random.default_rng(3), []
    for _ in range(40):
        rows: list[Row] = []
        for day in range(100, 1_300, 100):
            spread = math.sqrt(0.01 + 0.02 + 0.01 * 100 / day)
            miss = spread * student.rvs(12, random_state=rng) / math.sqrt(12 / 10)
            rows.append((day, 100, 100 * math.exp(miss * math.exp(-0.1 if miss > 0 else 0.1)), (100.0,)))
        attempts = attempts_of(rows)
        found = blend(attempts, replace(REFERENCE, drift=0.0))
        held += [
            found.interval(row, 0.95).low <= attempts.actual[row] <= found.interval(row, 0.95).high for row in range(12)
        ]
    assert 0.92 <= np.mean(held) <= 0.985


def test_a_calm_company_earns_a_narrower_range() -> None:
    def reach(miss: float) -> float:
        rows: list[Row] = [
            (day, 100, 100 * math.exp(miss * (-1) ** k), (100.0,)) for k, day in enumerate(range(100, 900, 100))
        ]
        found = blend(attempts_of([*rows, (1_000, 100, np.nan, (100.0,))]), REFERENCE).interval(8, 0.95)
        return (found.high - found.low) / found.value

    assert reach(0.02) < 0.8 * reach(0.2) < 0.6 * reach(0.6)


def test_many_small_misses_are_believed_sooner_than_large_ones_and_at_every_horizon() -> None:
    def record(miss: float, number: int, days: int = 100) -> tuple[float, float, float]:
        """After so many past misses of 100 days, for a forecast of `days`: the record, what they count for, their ratios."""
        origins = range(100, 100 * number + 100, 100)
        rows: list[Row] = [(day, 100, 100 * math.exp(miss * (-1) ** k), (100.0,)) for k, day in enumerate(origins)]
        attempts = attempts_of([*rows, (100 * number + 100, days, np.nan, (100.0,))])
        fixed = np.full(len(attempts), 100.0)
        found = blend(attempts, REFERENCE, fixed=fixed)
        variance = 0.01 + 0.02 + 0.01 * 100 / np.array(origins)
        sizes = miss * np.exp(np.where(np.arange(number) % 2 == 0, 0.1, -0.1))
        # The newest is over today, each earlier one a horizon older: half as much after twenty of them.
        age = 0.5 ** (np.arange(number)[::-1] / 20)
        return float(found.record[-1]), float(age.sum()), float(age @ (sizes**2 / variance))

    for number in (1, 3, 8):
        found, n, ratios = record(0.02, number)
        assert found == pytest.approx((6 / (1 + n) + ratios) / (6 / (1 + n) + n)), number
        found, n, ratios = record(0.5, number)
        assert found == pytest.approx((6 + ratios) / (6 + n)), number
        assert ratios > n
    # Of another horizon as many days count as fit side by side, by the ratio of the horizons.
    assert record(0.02, 8, 200)[0] < 0.35
    assert record(0.02, 8, 100)[0] < record(0.02, 8, 200)[0] < record(0.02, 8, 1_000)[0] < 1


def test_a_season_is_carried_only_where_it_helped() -> None:
    def rows(swing: float) -> list[Row]:
        days = [200 + 30 * k for k in range(60)]
        return [(day, 30, 100 * math.exp(swing * math.sin(2 * math.pi * day / 365.25)), (100.0,)) for day in days]

    seasonal = attempts_of(rows(1.0), names=("cells",))
    flat = attempts_of(rows(0.0), names=("cells",))
    off = np.abs(np.log(blend(seasonal, Reference()).total / seasonal.actual))
    assert off[-12:].mean() < 0.4 * off[:12].mean()
    assert blend(flat, Reference()).total == pytest.approx(100.0)
    other = blend(replace(seasonal, names=("bg_nbd",)), Reference())
    assert np.abs(np.log(other.total / seasonal.actual))[-12:].mean() > 2 * off[-12:].mean()


def test_lengths_and_sides() -> None:
    assert lengths_of(
        attempts_of([(100, 1, 1.0, (1.0,)), (100, 50, 1.0, (1.0,)), (100, 900, 1.0, (1.0,))])
    ).tolist() == [0.02, 0.5, 2.0]
    assert sided(np.array([-1.0, 1.0])) == pytest.approx([-math.exp(-0.1), math.exp(0.1)])
