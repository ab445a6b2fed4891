"""Discounts: brackets by hand, fits against scipy's, Turnbull against brute force, policies against a known truth."""

from __future__ import annotations

from dataclasses import replace

import ibis
import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.optimize import minimize

from cxvalue.foundation.errors import BadInput
from cxvalue.questions.discounts import DEPTHS, analyse, occasions_of, segment_column, turnbull
from cxvalue.questions.discounts.display import learning_sentence
from cxvalue.questions.discounts.findings import discount_findings, extrapolation_sentence
from cxvalue.questions.discounts.occasions import with_occasions
from cxvalue.questions.discounts.reservation import FAMILIES, fit_family, goodness_of_fit, refit, weights_of
from cxvalue.simulate import cosmetics
from cxvalue.simulate.cosmetics_world import CosmeticsParameters, draw_visits, truth_of
from cxvalue.tables.read.sql import ROW
from tests.calibration.discounts import occasions_in_memory


def table_of(rows, **more):
    columns = ["customer_id", "date", "rung", "depth", "accepted"]
    frame = pd.DataFrame(rows, columns=columns).assign(**more)
    frame["date"] = pd.to_datetime(frame["date"]).dt.date
    return ibis.duckdb.connect().create_table("offers", frame)


def test_occasions_by_hand_without_an_id():
    offers = table_of(
        [("a", "2025-01-01", 1, 0.05, False), ("a", "2025-01-01", 2, 0.10, True),  # refused 5%, took 10%
         ("a", "2025-01-01", 1, 0.05, True),  # the same day, anew: took 5%
         ("b", "2025-01-02", 1, 0.05, False), ("b", "2025-01-02", 2, 0.10, False)],  # walked away
        basket_value=100.0, basket_margin=50.0,
    )  # fmt: skip
    found = occasions_of(offers)
    assert found.total == 3
    counts = dict(
        zip(zip(found.low.tolist(), found.high.tolist(), strict=True), found.count.sum(axis=0).tolist(), strict=True)
    )
    assert counts == {(0.05, 0.10): 1, (-np.inf, 0.05): 1, (0.10, np.inf): 1}
    assert found.realised.sum() == pytest.approx(40 + 45)
    assert found.first_depths == {0.05: 1.0}
    assert found.first_refusals == ((1, 2, 2), (2, 1, 0))


def test_numbered_rows_make_the_same_occasions_in_every_order():
    rows = [("a", "2025-01-01", 1, 0.05, False), ("a", "2025-01-01", 2, 0.10, True),
            ("a", "2025-01-01", 1, 0.05, False), ("a", "2025-01-01", 2, 0.15, False)]  # fmt: skip
    found = []
    for order in ([0, 1, 2, 3], [3, 0, 2, 1], [2, 3, 0, 1]):
        made = with_occasions(table_of([rows[place] for place in order], __row__=order)).to_pandas()
        found.append(made.sort_values(ROW)["occasion"].tolist())
    assert found == [["a@2025-01-01#1"] * 2 + ["a@2025-01-01#2"] * 2] * 3


def test_a_day_with_one_first_rung_is_one_occasion_however_its_rows_are_ordered():
    rows = [("a", "2025-01-01", 1, 0.05, False), ("a", "2025-01-01", 2, 0.10, False), ("a", "2025-01-01", 3, 0.2, True)]
    for order in ([0, 1, 2], [2, 1, 0], [1, 0, 2]):
        found = occasions_of(table_of([rows[place] for place in order], basket_value=10.0, basket_margin=5.0))
        assert found.total == 1
        assert (found.low.tolist(), found.high.tolist()) == ([0.10], [0.20])


def test_every_contradiction_is_said_at_once():
    offers = table_of(
        [("a", "2025-01-01", 1, 0.05, True), ("a", "2025-01-01", 2, 0.10, True), ("b", "2025-01-01", 1, 0.10, False),
         ("b", "2025-01-01", 2, 0.05, True)],
        basket_value=[10.0, 10.0, 10.0, 11.0], basket_margin=5.0,
    )  # fmt: skip
    with pytest.raises(BadInput) as caught:
        occasions_of(offers)
    said = str(caught.value)
    for part in ("accepted more than once", "does not go deeper", "basket that changes"):
        assert part in said


def test_the_engine_agrees_with_memory():
    true = CosmeticsParameters()
    world, visits = cosmetics(150, 3), draw_visits(150, 3, true)
    con = ibis.duckdb.connect()
    offers = world.tables["offers"].assign(accepted=world.tables["offers"]["accepted"] == "true")
    offers["date"] = offers["date"].dt.date
    people = con.create_table("people", world.tables["customers"])
    found = occasions_of(con.create_table("offers", offers), people, segment=segment_column(people))
    memory = occasions_in_memory(visits, true)
    order = ["classic", "silver", "gold"]
    for number, name in enumerate(order):
        own = found.segment == found.segments.index(name)
        cells = dict(zip(found.high[own].tolist(), found.count.sum(axis=0)[own].tolist(), strict=True))
        other = memory.segment == number
        for high, count in zip(memory.high[other].tolist(), memory.count.sum(axis=0)[other].tolist(), strict=True):
            assert cells.get(high, 0.0) == count
    assert found.realised.sum() == pytest.approx(memory.realised.sum(), rel=1e-3)


@pytest.mark.parametrize(
    ("family", "law"), [("normal", stats.norm), ("logistic", stats.logistic), ("skewed up (Gumbel)", stats.gumbel_r)]
)
def test_the_fit_is_that_of_scipy(family, law):
    # scipy.stats fits interval-censored data by its own optimiser (CensoredData).
    low, high = np.array([-np.inf, 0.05, 0.1, 0.2]), np.array([0.05, 0.1, 0.2, np.inf])
    count = np.array([310.0, 190.0, 260.0, 120.0])
    rows = count.astype(int)
    data = stats.CensoredData(
        left=np.repeat(0.05, rows[0]), right=np.repeat(0.2, rows[3]),
        interval=np.repeat([[0.05, 0.1], [0.1, 0.2]], rows[1:3], axis=0),
    )  # fmt: skip
    centre, scale = law.fit(data)
    found = fit_family(family, low, high, np.zeros(4, dtype=int), count)
    assert (found.centre[0], found.scale) == pytest.approx((centre, scale), abs=2e-4)
    assert found.below(np.array([0.1]), np.array([0])) == pytest.approx(law.cdf(0.1, centre, scale), abs=1e-3)


@pytest.mark.parametrize(("shape", "power"), [(-30.0, 1.0), (0.0, 2.0), (2.0, 1 + np.exp(2.0))])
def test_flat_topped_and_peaked_are_scipys_exponential_power(shape, power):
    z = np.linspace(-4, 4, 81)
    cdf, _ = FAMILIES["flat-topped or peaked"]
    assert cdf(z, np.array([shape])) == pytest.approx(stats.gennorm.cdf(z, power), abs=1e-12)
    # Skewed: each side is half of it in its own width, and the sides meet in one density.
    skewed, _ = FAMILIES["flat-topped or peaked, steep below"]
    left, right = np.exp(-0.75), np.exp(0.75)
    density = (
        np.where(z < 0, stats.gennorm.pdf(z / left, power), stats.gennorm.pdf(z / right, power)) * 2 / (left + right)
    )
    steps = (skewed(z + 1e-6, np.array([shape])) - skewed(z - 1e-6, np.array([shape]))) / 2e-6
    away = np.abs(z) > 0.01
    assert steps[away] == pytest.approx(density[away], abs=1e-6)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_is_a_distribution(family):
    cdf, start = FAMILIES[family]
    z = np.linspace(-12, 12, 401)
    for shape in (np.array(start), np.array(start) + 0.7):
        values = cdf(z, shape)
        assert (np.diff(values) >= -1e-12).all()
        fixed = np.exp(shape) / (1 + np.exp(shape).sum()) if family.endswith("always or never") else (0.0, 0.0)
        assert 0 <= values[0] - fixed[0] < 0.06
        assert 1 - fixed[1] >= values[-1] > 0.98 - fixed[1]


def test_turnbull_is_the_likeliest_curve():
    # Overlapping brackets, so that no count answers by itself; masses by a general optimiser.
    low = np.array([-np.inf, 0.05, 0.1, -np.inf, 0.05])
    high = np.array([0.05, 0.1, np.inf, 0.1, np.inf])
    count = np.array([30.0, 20.0, 25.0, 10.0, 15.0])
    at, share = turnbull(low, high, count)

    def negative(theta):
        mass = np.exp(theta - np.logaddexp.reduce(theta))
        inside = [mass[0], mass[1], mass[2], mass[0] + mass[1], mass[1] + mass[2]]
        return -count @ np.log(inside)

    best = minimize(negative, np.zeros(3), options={"gtol": 1e-10}).x
    mass = np.exp(best - np.logaddexp.reduce(best))
    assert at.tolist() == [0.05, 0.1]
    assert share == pytest.approx(np.cumsum(mass)[:2], abs=1e-5)


def test_one_step_is_nearly_the_fit_itself():
    rng = np.random.default_rng(1)
    low, high = np.array([-np.inf, 0.05, 0.1, 0.2]), np.array([0.05, 0.1, 0.2, np.inf])
    segment, count = np.zeros(4, dtype=int), np.array([3100.0, 1900.0, 2600.0, 1200.0])
    ready = refit(fit_family("normal", low, high, segment, count), low, high, segment, count)
    other = rng.multinomial(8800, count / count.sum()).astype(float)
    whole, step = fit_family("normal", low, high, segment, other), ready.to(other)
    assert step.centre[0] == pytest.approx(whole.centre[0], abs=2e-4)
    assert step.scale == pytest.approx(whole.scale, rel=2e-3)


def test_a_shape_that_does_not_fit_is_noticed_and_counts_for_less():
    true = CosmeticsParameters(family="mixture", spread=0.15)
    data = occasions_in_memory(draw_visits(20_000, 1, true), true)
    count = data.count.sum(axis=0)
    normal = fit_family("normal", data.low, data.high, data.segment, count)
    mixture = fit_family("mixture of two normals", data.low, data.high, data.segment, count)
    assert normal.aic > mixture.aic + 10
    chi2, df = goodness_of_fit(normal, data.low, data.high, data.segment, count)
    assert stats.chi2.sf(chi2, df) < 0.001
    strict, loose = weights_of((normal, mixture)), weights_of((normal, mixture), spread=1000.0)
    assert strict[0] < loose[0]


@pytest.mark.parametrize(("worlds", "least"), [(4, 2), (15, 11)])
@pytest.mark.parametrize("family", ["late", "uniform", "mixture"])
def test_the_policies_cover_their_truth(family, worlds, least):
    true = CosmeticsParameters(family=family)
    truth, inside = truth_of(true), np.zeros(4)
    for seed in range(worlds):
        found = analyse(occasions_in_memory(draw_visits(1500, seed, true), true), seed=seed, draws=120)
        for place, (name, one) in enumerate(
            (("none_profit", found.none), ("flat_profit", found.flat), ("ladder_profit", found.ladder),
             ("optimal_depth", found.optimal_depth))
        ):  # fmt: skip
            inside[place] += one.low <= truth[f"discounts.{name}"] <= one.high
    # 15 worlds of 95%: fewer than 11 inside would have a probability below 0.1%, and so have fewer than 2 of 4.
    assert (inside >= least).all(), inside


def test_more_discount_never_sells_less_and_the_best_is_the_best():
    data = occasions_in_memory(draw_visits(1500, 2), CosmeticsParameters())
    found = analyse(data, draws=60)
    assert (np.diff(found.acceptance[0]) >= -1e-12).all()
    assert found.flat.value == pytest.approx(found.curve[0].max())
    assert DEPTHS[found.curve[0].argmax()] == found.optimal_depth.value
    rungs, worth = found.short_ladder
    assert len(rungs) <= 3
    assert worth >= found.flat.value - 0.05
    assert sum(share for _, share, _, _ in found.by_segment) == pytest.approx(1.0)


def test_what_is_extrapolated_and_what_is_not_priced_is_said():
    data = occasions_in_memory(draw_visits(600, 2), CosmeticsParameters())
    found = analyse(data, draws=40)
    assert "Every customer was offered some discount" in extrapolation_sentence(found, data)
    measured = replace(found, offered_nothing=0.2)
    assert "is measured" in extrapolation_sentence(measured, data)
    bare = replace(data, priced=False)
    texts = discount_findings(analyse(bare, draws=20), bare, currency="EUR", level=0.95)
    assert all(one.value is None and "no basket value" in one.text for one in texts)
    full = {one.id: one for one in discount_findings(found, data, currency="EUR", level=0.95)}
    assert full["discounts.ladder_profit"].value == pytest.approx(data.realised.sum() / data.total)
    assert "an estimate beyond the data" in full["discounts.none_profit"].text
    seen = {one.id: one for one in discount_findings(measured, data, currency="EUR", level=0.95)}
    assert "beyond the data" not in seen["discounts.none_profit"].text


@pytest.mark.parametrize(("value", "margin"), [(0.0, 0.0), (100.0, 60.0)])
def test_customers_who_all_come_out_alike_earn_no_figure(value, margin):
    """Nothing in any basket, or everybody buys the same basket at once: no draw of customers differs."""
    rows = [(f"c{n}", "2025-01-01", 1, 0.10, True) for n in range(60)]
    data = occasions_of(table_of(rows, basket_value=value, basket_margin=margin))
    found = {one.id: one for one in discount_findings(analyse(data, draws=20), data, currency="EUR", level=0.95)}
    assert {one.value for one in found.values()} == {None}
    assert "come out alike" in found["discounts.ladder_profit"].text
    data = occasions_of(table_of(rows[:30] + [(f"d{n}", "2025-01-01", 1, 0.1, False) for n in range(30)],
                                 basket_value=100.0, basket_margin=60.0))  # fmt: skip
    assert analyse(data, draws=20).ladder is not None


def test_customers_who_learn_to_wait_are_noticed():
    data = occasions_in_memory(draw_visits(600, 2), CosmeticsParameters())
    waits = tuple((visit, 400, 100 + 20 * visit) for visit in range(1, 9))
    assert "learn to wait" in learning_sentence(replace(data, first_refusals=waits), "EUR", 10.0)
    steady = tuple((visit, 400, 200) for visit in range(1, 9))
    assert "no sign" in learning_sentence(replace(data, first_refusals=steady), "EUR", 10.0)
    assert "Too few" in learning_sentence(data, "EUR", None)
