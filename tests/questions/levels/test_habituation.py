"""The half-life of an effect: the published interval, the truth of a world, and the trap of pooled means."""

from __future__ import annotations

from datetime import date, timedelta

import ibis
import numpy as np
import pytest

from cxvalue.questions.levels.habituation import (
    Exposures,
    exposures_of,
    fit_habituation,
    habituation_of,
    half_life,
    runs_of,
)
from tests.experienceworlds import retail


def drawn(kappa: float, seed: int, customers: int = 1500) -> Exposures:
    """Customers who like it more come back more often: 20 falling by kappa, pooled means rising."""
    rng = np.random.default_rng(seed)
    likes = rng.standard_normal(customers)
    repeats = rng.geometric(1 / (1 + np.exp(1.0 + 0.8 * likes))).clip(1, 8)
    who = np.concatenate([np.repeat(np.arange(customers), 2), np.repeat(np.arange(customers), repeats)])
    n = np.concatenate([np.zeros(2 * customers, int), np.concatenate([np.arange(1, k + 1) for k in repeats])])
    effect = np.where(n > 0, 20 * np.exp(-kappa * (n - 1)), 0.0)
    month = rng.integers(0, 12, who.size)
    return Exposures(
        who, n, month, 50 + 30 * likes[who] + month + effect + 30 * rng.standard_normal(who.size), 28, 40.0
    )


def test_the_interval_of_the_half_life() -> None:
    assert half_life(0.15, 0.02) == pytest.approx((4.620981, 3.663583, 6.255800), abs=1e-6)
    opened = half_life(0.15, 0.08)
    assert opened is not None
    assert opened.high == np.inf
    assert half_life(-0.1, 0.02) is None


def test_the_truth_is_covered_and_pooled_means_mislead() -> None:
    held, first, life = 0, 0, np.log(2) / 0.25
    for seed in range(40):
        found = fit_habituation(drawn(0.25, seed))
        assert found is not None
        assert found.half_life is not None
        held += found.half_life.low <= life <= found.half_life.high
        first += found.first.low <= 20 <= found.first.high
    assert first >= 34
    assert held >= 34  # 38 of 40 on average; fewer than 34 happens once in 70 at 95%, and once in 2,000 at 97%
    data = drawn(0.25, 1, 20_000)
    pooled = [data.margin[data.repeat == n].mean() for n in range(1, 7)]
    assert pooled[-1] > pooled[0]


def test_the_curve_is_that_of_a_regression_with_a_column_a_customer_and_a_month() -> None:
    data = drawn(0.25, 3, 120)
    found = fit_habituation(data)
    assert found is not None

    def regressed(kappa: float) -> tuple[float, float]:
        curve = np.where(data.repeat > 0, np.exp(-kappa * (data.repeat - 1)), 0.0)
        columns = [data.customer[:, None] == np.arange(120), data.month[:, None] == np.arange(1, 12), curve[:, None]]
        x = np.column_stack(columns).astype(float)
        slope = np.linalg.lstsq(x, data.margin, rcond=None)[0]
        left = data.margin - x @ slope
        return float(slope[-1]), float(left @ left)

    first, least = regressed(found.kappa)
    assert found.first.value == pytest.approx(first, rel=1e-9)
    assert least < min(regressed(found.kappa - 1e-3)[1], regressed(found.kappa + 1e-3)[1])


def test_what_does_not_wear_off_has_no_upper_end() -> None:
    ends = []
    for seed in range(12):
        found = fit_habituation(drawn(0.0, seed))
        assert found is not None
        ends.append(found.half_life is None or np.isinf(found.half_life.high))
    assert sum(ends) >= 10


def test_a_first_exposure_comes_after_a_quiet_year() -> None:
    begin = date(2020, 1, 1)
    days = {"a": np.cumsum([400, 30, 30, 500]), "b": np.cumsum([100, 20])}
    happened = ibis.memtable(
        [
            {"customer_id": who, "date": begin + timedelta(days=int(n))}
            for who in days
            for n in (*days[who], days[who][0])
        ]
    )
    found = runs_of(happened, begin).order_by("customer_id", "date").to_pyarrow().to_pylist()
    assert [(row["customer_id"], row["gap"], row["repeat"]) for row in found] == [
        ("a", 400, 1),
        ("a", 30, 2),
        ("a", 30, 3),
    ]


def test_runs_of_many_customers_are_those_of_a_loop() -> None:
    rng, begin = np.random.default_rng(3), date(2020, 1, 1)
    happened, expected = [], []
    for k in range(200):
        number, over, last = 0, False, 0
        for day in np.cumsum(rng.choice([20, 364, 365, 366, 500], 6)).tolist():
            happened.append({"customer_id": f"c{k:03d}", "date": begin + timedelta(days=day)})
            if day - last >= 365:
                over = number > 0
                number = 0 if over else 1
            elif number:
                number += 1
            last = day
            if number and not over:
                expected.append((f"c{k:03d}", begin + timedelta(days=day), number))
    found = runs_of(ibis.memtable(happened), begin).order_by("customer_id", "date").to_pyarrow().to_pylist()
    assert [(row["customer_id"], row["date"], row["repeat"]) for row in found] == expected


def test_windows_follow_each_exposure_and_two_stand_before() -> None:
    first = date(2024, 3, 1)
    days = [first, first + timedelta(days=20)]
    people = [f"c{k}" for k in range(60)]
    happened = ibis.memtable({"customer_id": np.repeat(people, 2), "date": days * 60})
    bought = ibis.memtable({"customer_id": people, "date": [first + timedelta(days=1)] * 60, "margin": [7.0] * 60})
    found = exposures_of(happened, bought, observed_from=date(2023, 1, 1), as_of=date(2024, 12, 31))
    assert found is not None
    assert (found.window_days, found.gap_days) == (20, 20.0)
    own = found.customer == 0
    assert sorted(found.repeat[own].tolist()) == [0, 0, 1, 2]
    assert found.margin[own & (found.repeat == 1)].tolist() == [7.0]
    assert found.margin[own & (found.repeat != 1)].sum() == 0
    assert found.drawn_from == 60
    few = happened.filter(happened.customer_id < "c2")
    assert exposures_of(few, bought, observed_from=date(2023, 1, 1), as_of=date(2024, 12, 31)) is None


def test_tastings_of_the_world_wear_off_as_they_do() -> None:
    world = retail(4000, 3)
    fits = habituation_of(
        world.tables["interactions"], None, world.purchases, observed_from=world.observed_from, as_of=world.as_of
    )
    assert set(fits) == {"tasting"}  # complaints are no exposure
    fit = fits["tasting"]
    assert fit is not None
    assert fit.half_life is not None
    assert fit.half_life_months is not None
    assert fit.half_life.low <= world.truth["experience.habituation.tasting.half_life"] <= fit.half_life.high
    assert fit.half_life_months.value == pytest.approx(fit.half_life.value * fit.gap_days / (365.25 / 12))
    assert abs(fit.first.value - 20) < 1.6 * (fit.first.high - fit.first.value)


def test_of_very_many_customers_some_are_drawn_by_lot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cxvalue.questions.levels.habituation.MOST_CUSTOMERS", 500)
    world = retail(4000, 3)
    inter = world.tables["interactions"]
    found = exposures_of(
        inter.filter(inter.touchpoint == "tasting"),
        world.purchases,
        observed_from=world.observed_from,
        as_of=world.as_of,
    )
    assert found is not None
    assert np.unique(found.customer).size <= 500 < found.drawn_from
    assert fit_habituation(found) is not None
