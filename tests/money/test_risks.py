"""Risks, ranges of costs, ramp-up and a falling market: against closed forms and sums by hand."""

from __future__ import annotations

import numpy as np
import pytest

from cxvalue.money import CashBenefit, ProgrammeCosts, Risk, business_case, yearly_loss
from cxvalue.money.bridge import cash_bridge
from cxvalue.money.finance import npv
from cxvalue.money.sensitivity import MarketMoves, scenarios, tornado
from tests.money.test_money import an_effect


def test_a_years_loss_has_the_moments_of_the_compound_poisson():
    # Collective risk model (Klugman, Panjer and Willmot, Loss Models): mean m s, variance m s^2 exp(sigma^2).
    fraud, error = Risk("fraud", 2.5, 300.0, 900.0), Risk("error", 12.0, 10.0, 25.0)
    found = yearly_loss([fraud, error], draws=200_000)
    assert found.mean == 2.5 * 300 + 12 * 10
    assert found.draws.mean() == pytest.approx(found.mean, rel=0.01)
    assert found.draws.std() == pytest.approx(found.sd, rel=0.03)
    assert found.without_loss == pytest.approx(np.exp(-14.5))
    assert (found.draws > found.bad_year).mean() == pytest.approx(0.05, abs=0.001)
    # The stated 95% point of one loss is that of the log-normal: mean x exp(1.645 s - s^2 / 2).
    assert 300 * np.exp(1.644854 * fraud.log_spread - fraud.log_spread**2 / 2) == pytest.approx(900.0)


def test_risks_are_in_the_npv_the_bridge_and_the_tornado():
    risk = Risk("fraud", 2.0, 30.0, 80.0, "audit")
    case = business_case(an_effect([2.0] * 12, customers=10), risks=[risk], horizon_months=24, annual_discount_rate=0.1)
    without = business_case(an_effect([2.0] * 12, customers=10), horizon_months=24, annual_discount_rate=0.1)
    worth = float(npv([0.0] + [5.0] * 24, 0.1))
    assert without.npv_draws.mean() - case.npv_draws.mean() == pytest.approx(worth, rel=0.03)
    steps = {step.name: step.amount for step in cash_bridge(case)}
    assert steps["Risks taken"] == pytest.approx(-worth)
    swing = next(one for one in tornado(case) if one.name == "Risk: fraud")
    assert (swing.value, swing.low < 60 < swing.high) == (60.0, True)
    turned = Risk("fraud", swing.switching / 30.0, 30.0, 80.0)
    assert float(npv(case.changed(risks=[turned]).net_flow, 0.1)) == pytest.approx(0.0, abs=1e-6)


def test_costs_with_a_range_move_the_npv_and_go_with_the_benefits_as_stated():
    costs = ProgrammeCosts(100.0, 5.0, ranges={"one_off": (80.0, 120.0), "monthly": (4.0, 6.0)})
    calls = CashBenefit("calls", 50.0, 40.0, 60.0)
    effect = an_effect([0.0] * 12, customers=10)
    spread = {}
    for correlation in (0.0, 1.0):
        case = business_case(
            effect, costs=costs, benefits=[calls], horizon_months=12, annual_discount_rate=0.0, correlation=correlation,
            draws=60_000,
        )  # fmt: skip
        spread[correlation] = case.npv_draws.std()
        assert case.npv_draws.mean() == pytest.approx(12 * 45 - 100, abs=1.0)
    sides = np.array([20.0, 12 * 1.0, 12 * 10.0]) / 1.959964
    assert spread[0.0] == pytest.approx(np.sqrt((sides**2).sum()), rel=0.02)
    assert spread[1.0] == pytest.approx(sides.sum(), rel=0.02)  # what turns out badly does so together
    names = [one.name for one in tornado(case)]
    assert "One-off cost" in names
    assert "Monthly cost" in names
    assert not any("20% either way" in name for name in names)
    steps = {step.name: step.amount for step in cash_bridge(case)}
    assert steps["Costs"] == -160.0


def test_a_ramp_up_reaches_everybody_step_by_step():
    case = business_case(
        an_effect([2.0] * 12, customers=10), horizon_months=6, annual_discount_rate=0.0, population="all", everyone=90,
        ramp_up_months=3,
    )  # fmt: skip
    assert case.exposure.by_month.tolist() == [30.0, 60.0, 90.0, 90.0, 90.0, 90.0]
    assert case.effect_flow.sum() == pytest.approx(2.0 * 450)


def test_a_falling_market_takes_its_share_of_the_effect_and_of_doing_nothing():
    effect = an_effect([2.0] * 12, customers=10)
    case = business_case(effect, horizon_months=36, annual_discount_rate=0.1)
    seen = case.exposure.months_seen
    ahead = np.maximum(np.arange(1, 37) - seen, 0)
    falling = case.changed(erosion_per_year=0.2)
    assert falling.effect_flow[1:] == pytest.approx(20.0 * 0.8 ** (ahead / 12))
    market = MarketMoves(7.0, (0.2, 0.1, 0.3))
    lost = float(npv(np.concatenate([[0.0], 70.0 * (1 - 0.8 ** (ahead / 12))]), 0.1))
    assert market.lost(case, 0.2) == pytest.approx(lost)
    table = scenarios(case, market=market).set_index("scenario")["npv"]
    nothing, going = (
        table["Do nothing while the market takes 20% a year"],
        table["Go on while the market takes 20% a year"],
    )
    assert nothing == pytest.approx(-lost)
    assert going - nothing == pytest.approx(falling.npv.value)
    assert market.lost(case, 0.0) == 0.0


def test_the_bridge_converts_revenue_and_shows_what_every_customer_is_given():
    import dataclasses

    effect = dataclasses.replace(an_effect([2.0] * 6, customers=10), outcome="revenue")
    case = business_case(
        effect, costs=ProgrammeCosts(50, 1, 0.1), horizon_months=12, margin_per_unit=0.3, persistence="none",
        annual_discount_rate=0.0,
    )  # fmt: skip
    steps = {step.name: step.amount for step in cash_bridge(case)}
    claim = effect.naive * 120
    assert steps["Before and after, in revenue, as claimed"] == pytest.approx(claim)
    assert steps["Only its margin counts"] == pytest.approx(-0.7 * claim)
    assert steps["Fading after the months measured"] == pytest.approx(-6 * 10 * 2.0 * 0.3)
    assert steps["Given to every treated customer"] == pytest.approx(-12.0)
    assert steps["Net present value"] == pytest.approx(6 * 10 * 2.0 * 0.3 - 50 - 12 - 12)


def test_simple_payback_is_never_later_than_the_discounted_one():
    case = business_case(
        an_effect([2.0] * 12, customers=10), costs=ProgrammeCosts(100), horizon_months=24, annual_discount_rate=0.4
    )
    assert case.simple_payback.value == 5.0
    assert case.simple_payback.value < case.payback.value
    assert (case.simple_payback_draws <= case.payback_draws).mean() > 0.99
