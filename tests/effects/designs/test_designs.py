"""The four designs: truth, checks that fire, refusals and grades."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import minimize

from cxvalue.effects.checks.pretrend import placebo_start
from cxvalue.effects.designs.experiment import estimate_cluster_experiment, estimate_experiment
from cxvalue.effects.designs.matched import estimate_matched
from cxvalue.effects.designs.single_unit import _simplex, estimate_single_unit, synthetic_did
from cxvalue.effects.designs.staggered import estimate_staggered
from cxvalue.foundation.errors import BadInput
from cxvalue.simulate.bank_draw import BankParameters, draw_bank
from cxvalue.simulate.bank_truth import truth_of
from tests.calibration.bankworlds import customer_panel_of, unit_panel_of

NAME = "programme.penalty_waiver"
SMALL = BankParameters(branches=24, months=24)


def world(seed: int, customers: int = 2500, **changes):
    return draw_bank(customers, seed, replace(SMALL, **changes))


def estimate(drawn):
    design = drawn.parameters.design
    if design in ("experiment", "matched"):
        return (estimate_experiment if design == "experiment" else estimate_matched)(customer_panel_of(drawn))
    by_unit = {"staggered": estimate_staggered, "cluster_experiment": estimate_cluster_experiment}
    return by_unit.get(design, estimate_single_unit)(unit_panel_of(drawn))


@pytest.mark.parametrize(("worlds", "most"), [(5, 3), (24, 6)])
@pytest.mark.parametrize("design", ["staggered", "experiment", "cluster_experiment", "matched", "single_unit"])
def test_each_design_finds_the_truth_in_its_own_world(design, worlds, most):
    errors, inside, graded = [], 0, 0
    for seed in range(worlds):
        drawn = world(seed, design=design)
        found, at = estimate(drawn), truth_of(drawn)[f"{NAME}.effect"]
        errors.append((found.estimate - at) / found.se)
        inside += found.low <= at <= found.high
        graded += found.grade == {"experiment": "A", "cluster_experiment": "A", "matched": "C"}.get(design, "B")
        assert found.covariance.shape == (found.event_time.size,) * 2
        assert np.average(found.event_effect, weights=found.event_weight) == pytest.approx(found.estimate, abs=1e-6)
    # 24 worlds of 95%: 18 or fewer inside would have a probability below 0.1%, 2 or fewer of 5 one of 0.1%.
    assert abs(np.mean(errors)) < 4 / np.sqrt(worlds)
    assert inside > worlds - most
    assert graded > worlds - most


def test_branches_that_were_growing_anyway_lose_a_grade():
    found = estimate(world(1, 4000, early_growth=0.05, branches=40, months=36))
    assert found.grade == "C"
    assert {check.name for check in found.checks if check.gating and check.passed is False} == {"pre_trend"}


def test_before_and_after_alone_is_far_off():
    drawn = world(1)
    found = estimate(drawn)
    at = truth_of(drawn)[f"{NAME}.effect"]
    assert abs(found.naive - at) > 4 * found.se


def test_one_treated_unit_is_sent_to_its_own_design():
    with pytest.raises(BadInput, match="single_unit"):
        estimate_staggered(unit_panel_of(world(1, design="single_unit")))
    with pytest.raises(BadInput, match="exactly one"):
        estimate_single_unit(unit_panel_of(world(1)))


def test_too_few_customers_are_refused():
    with pytest.raises(BadInput, match="too few"):
        estimate_experiment(customer_panel_of(world(1, customers=40, design="experiment")))
    panel = customer_panel_of(world(1, design="matched"))
    got = panel.start >= 0
    at_once = replace(panel, start=np.where(got, 14, -1), base=np.where(got, 13, panel.months.count))
    none_like_them = replace(at_once, values=np.where(got[:, None], panel.values + 1e4, panel.values))
    with pytest.raises(BadInput, match="unlike anybody"):
        estimate_matched(none_like_them)


def test_an_unbalanced_experiment_loses_its_grade():
    panel = customer_panel_of(world(2, design="experiment"))
    richer = np.where((panel.start >= 0)[:, None], panel.values * np.float32(1.4), panel.values)
    found = estimate_experiment(replace(panel, values=richer))
    assert found.grade == "B"
    planned = estimate_experiment(panel, planned_share=0.2)
    assert {check.name for check in planned.checks if check.passed is False} == {"split"}


def test_branches_that_were_not_drawn_by_lot_lose_a_grade():
    panel = unit_panel_of(world(3, design="cluster_experiment"))
    sound = estimate_cluster_experiment(panel)
    assert (sound.grade, sound.checks[0].passed) == ("A", None)
    richer = np.where(panel.treated[:, None, None], panel.total * 1.4, panel.total)
    found = estimate_cluster_experiment(replace(panel, total=richer))
    assert "balance" in {check.name for check in found.checks if check.passed is False}
    assert found.grade > "A"
    planned = estimate_cluster_experiment(panel, planned_share=0.1)  # 12 of 24 were held out
    assert {check.name for check in planned.checks if check.gating and check.passed is False} == {"split"}


def test_customers_picked_by_their_margin_are_matched_on_it_whatever_the_outcome():
    rng = np.random.default_rng(4)
    panel = customer_panel_of(draw_bank(2500, 4, replace(SMALL, design="experiment", effect_scale=0.0)))
    usual = np.nan_to_num(np.nanmean(panel.values[:, :14], axis=1))
    rich = usual / usual.mean()
    months = np.arange(panel.months.count)
    # Rich customers come to call more and more from month 14 on, and are the ones who get the programme.
    calls = rng.poisson(0.3 + 0.3 * rich[:, None] * (months >= 14), panel.values.shape).astype(np.float32)
    got = rng.random(len(rich)) < 1 / (1 + np.exp(2.5 - 1.2 * rich))
    made = replace(
        panel, values=np.where(np.isnan(panel.values), np.float32(np.nan), calls), outcome="interactions",
        start=np.where(got, 14, -1), base=np.where(got, 13, panel.months.count),
    )  # fmt: skip
    alone, beside = estimate_matched(made), estimate_matched(replace(made, beside=panel.values))
    assert alone.estimate > 4 * alone.se
    assert abs(beside.estimate) < 0.5 * alone.estimate
    assert abs(beside.estimate) < 3 * beside.se


def test_a_step_before_the_start_shows_as_an_effect_of_a_false_start():
    time, covariance, weight = np.arange(-12, -1), 0.04 * np.eye(11), np.ones(11)
    assert placebo_start(time[-3:], np.zeros(3), np.eye(3), np.ones(3), 9.0) is None
    step = placebo_start(time, np.where(time >= -6, 1.0, 0.0), covariance, weight, 30.0)
    assert step is not None
    assert step.p_value < 0.001
    assert placebo_start(time, np.zeros(11), covariance, weight, 30.0).p_value == 1.0


def test_synthetic_weights_solve_their_problem():
    rng = np.random.default_rng(3)
    design, target = rng.standard_normal((14, 5)), rng.standard_normal(14)
    weights = _simplex(design, target, 0.7)

    def cost(w):
        left = (design - design.mean(axis=0)) @ w - (target - target.mean())
        return left @ left + 0.7 * w @ w

    other = minimize(cost, np.full(5, 0.2), bounds=[(0, 1)] * 5, constraints={"type": "eq", "fun": lambda w: w.sum() - 1},
                     options={"ftol": 1e-14, "maxiter": 500})  # fmt: skip
    assert weights.sum() == pytest.approx(1)
    assert cost(weights) == pytest.approx(other.fun, rel=1e-5)


def test_synthetic_did_is_exact_without_noise():
    months, before = 20, 12
    factor = np.cumsum(np.random.default_rng(1).standard_normal(months))
    others = np.array([1.0 + load * factor for load in (0.5, 1.0, 1.5)])
    treated = 7.0 + 1.0 * factor + 3.0 * (np.arange(months) >= before)
    found = synthetic_did(np.vstack([treated, others, others + 2]), before)
    assert found.effect == pytest.approx(3.0, abs=0.4)
    plain = synthetic_did(
        np.vstack([np.full(months, 5.0) + 3.0 * (np.arange(months) >= before), np.zeros((4, months))]), before
    )
    assert plain.effect == pytest.approx(3.0, abs=1e-9)
    with pytest.raises(ValueError, match="untreated units"):
        synthetic_did(np.zeros((1, 5)), 2)


def test_a_segment_that_decides_who_is_picked_is_balanced():
    errors = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        panel = customer_panel_of(draw_bank(2500, seed, replace(SMALL, design="experiment", effect_scale=0.0)))
        rich = rng.random(len(panel.start)) < 0.3  # a segment whose margin grows, and which asks more often
        grows = np.where(rich[:, None], 1 + 0.05 * np.arange(panel.months.count), 1.0).astype(np.float32)
        asks = rng.random(len(rich)) < np.where(rich, 0.5, 0.1)
        start = np.where(asks, 14, -1)
        made = replace(panel, values=panel.values * grows, start=start, base=np.where(asks, 13, panel.months.count))
        known = estimate_matched(replace(made, about=rich[:, None].astype(float)))
        errors.append(known.estimate / known.se)
    assert abs(np.mean(errors)) < 4 / np.sqrt(12)
    named = estimate_matched(replace(made, about=(start >= 0)[:, None].astype(float)))
    assert np.isfinite(named.estimate)  # a column that only repeats who was picked is left out
