"""Purchases that bring no money: the share that pays, and what it does to values, levers and intervals."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import betabinom

from cxvalue.foundation.calendar import TimeUnit
from cxvalue.lifetime import SpendModel, customer_value, fit, fit_spend, value_levers
from cxvalue.lifetime.models.payers import fit_payers
from cxvalue.lifetime.prediction.value import CustomerValue
from cxvalue.tables.states import PurchaseStates

YEAR = 365.25
MEAN = 6 * 15 / 3  # p gamma / (q - 1)


def _world(seed: int, customers: int = 1_500, never: float = 0.25) -> tuple[PurchaseStates, float, np.ndarray]:
    """Customers with a constant pace of their own over two years; the revenue of the third year; who never pays."""
    rng = np.random.default_rng(seed)
    kind = rng.random(customers)
    pays = np.where(kind < never, 0.0, np.where(kind < never + 0.2, rng.beta(2, 2, customers), 1.0))
    rate, nu = rng.gamma(1.2, 1 / 0.3, customers), rng.gamma(4.0, 1 / 15, customers)
    age = rng.uniform(300, 2 * YEAR, customers).astype(int)
    bought = rng.poisson(rate * age / YEAR)
    paid, first = rng.binomial(bought, pays), rng.binomial(1, pays)
    spent, first_spent = (
        rng.gamma(6 * np.maximum(paid, 1e-9)) / nu * (paid > 0),
        rng.gamma(6, size=customers) / nu * first,
    )
    later = rng.binomial(rng.poisson(rate), pays)
    came = float((rng.gamma(6 * np.maximum(later, 1e-9)) / nu * (later > 0)).sum())
    states = PurchaseStates(
        frequency=bought,
        recency_days=np.where(
            bought > 0, 1 + (age * rng.random(customers) ** (1 / np.maximum(bought, 1))).astype(int), 0
        ),
        age_days=age,
        count=np.ones(customers, dtype=np.int64),
        time_unit=TimeUnit.WEEK,
        as_of=date(2026, 6, 30),
        customer_id=np.arange(customers).astype(object),
        mean_spend=np.where(bought > 0, spent / np.maximum(bought, 1), np.nan),
        total_margin=float(spent.sum() + first_spent.sum()),
        total_revenue=float(spent.sum() + first_spent.sum()),
        first_margin_mean=float(first_spent.mean()),
        first_margin_se=float(first_spent.std() / customers**0.5),
        paid=paid,
        first_paid=first,
    )
    return states, came, pays == 0


def _valued(states: PurchaseStates, spend: SpendModel, draws: int = 200) -> CustomerValue:
    model = fit(states.grouped(), "nbd")
    return customer_value(model, spend, states, horizon_months=12, annual_discount_rate=0.0, draws=draws)


def test_the_share_is_the_maximum_of_the_beta_binomial_likelihood() -> None:
    states, _, _ = _world(3)
    found = fit_payers(states)
    assert found is not None
    assert found.first
    n, y = states.frequency + 1, states.paid + states.first_paid

    def minus(theta: np.ndarray) -> float:
        return -float(betabinom.logpmf(y, n, *np.exp(theta)).sum())

    best = minimize(minus, np.log([found.mean * found.size, (1 - found.mean) * found.size]), method="Nelder-Mead")
    a, b = np.exp(best.x)
    assert (found.mean, found.size) == pytest.approx((a / (a + b), a + b), rel=2e-3)
    assert found.given(np.array([4.0]), np.array([0.0])) == pytest.approx(a / (a + b + 4), rel=5e-3)
    # Half of the likelihood's fall at one standard error of the log-odds, the size being fitted again.
    assert found.error == pytest.approx(np.sqrt(1 / (found.mean * (1 - found.mean) * 1_500)), rel=0.25)


def test_with_all_purchases_paid_nothing_changes() -> None:
    states, _, _ = _world(5, never=0.0)
    paying = replace(states, paid=None, first_paid=None)
    all_paid = replace(states, paid=states.frequency.copy(), first_paid=np.ones(len(states), dtype=np.int64))
    assert fit_payers(paying) is None
    assert fit_payers(all_paid) is None
    assert _valued(all_paid, fit_spend(all_paid), 40).equity == _valued(paying, fit_spend(paying), 40).equity
    # Fewer than one in a hundred stay in the mean, as published figures have it.
    few = replace(all_paid, paid=np.maximum(states.frequency - (np.arange(len(states)) % 200 == 0), 0))
    assert fit_payers(few) is None


def test_free_first_purchases_say_nothing_about_the_later_ones() -> None:
    states, _, _ = _world(7)
    trial = replace(states, first_paid=np.zeros(len(states), dtype=np.int64))
    found = fit_payers(trial)
    assert found is not None
    assert not found.first
    assert found.mean == pytest.approx(0.65, abs=0.04)


def test_who_never_paid_is_worth_next_to_nothing_and_totals_are_right() -> None:
    ratios, held = [], 0
    for seed in range(10, 18):
        states, came, never = _world(seed)
        spend = fit_spend(states)
        value = _valued(states, spend)
        assert value.cltv[never].sum() < 0.05 * came
        ratios.append(value.equity.value / came)
        held += value.equity.low <= came <= value.equity.high
    assert np.mean(ratios) == pytest.approx(1, abs=0.03)
    assert held >= 7
    # Without the share they are drawn towards the mean of those who pay.
    priced = _valued(states, fit_spend(replace(states, paid=None)), 20)
    assert priced.cltv[never].sum() > 3 * value.cltv[never].sum()


def test_the_doubt_about_the_share_is_in_the_interval() -> None:
    states, _, _ = _world(31, customers=400)
    spend = fit_spend(states)
    assert spend.pays is not None
    sure = replace(spend, pays=replace(spend.pays, error=1e-9))
    relative = [
        one.draw_population_mean(40_000, np.random.default_rng(2)).std() / one.population_mean()
        for one in (spend, sure)
    ]
    # A relative variance for each factor of the product.
    assert relative[0] ** 2 == pytest.approx(
        relative[1] ** 2 + (spend.pays.error * (1 - spend.pays.mean)) ** 2, rel=0.05
    )
    widths = [np.diff(_valued(states, one, 400).new_customer[1:])[0] for one in (spend, sure)]
    assert widths[0] > widths[1]


def test_new_customers_levers_and_json_know_the_share() -> None:
    states, _, _ = _world(41)
    spend = fit_spend(states)
    assert spend.pays is not None
    assert spend.population_mean() == pytest.approx(0.65 * MEAN, rel=0.12)
    assert spend.draw_population_mean(4_000, np.random.default_rng(1)).mean() == pytest.approx(
        spend.population_mean(), rel=0.02
    )
    again = SpendModel.from_dict(spend.to_dict())
    assert again.pays == spend.pays
    assert "of purchases bring money" in spend._repr_html_()
    model = fit(states.grouped(), "nbd")
    terms = {"horizon_months": 12, "annual_discount_rate": 0.0}
    levers = value_levers(model, spend, states, dormancy_days=90, **terms, draws=500)
    value = _valued(states, spend, 40)
    assert levers.equity.value == pytest.approx(value.equity.value, rel=1e-6)
    margin = next(lever for lever in levers.levers if lever.name == "margin")
    paying = spend.pays.given(*spend.pays.counted(states)) @ value.expected_transactions
    assert margin.gain.value == pytest.approx(paying, rel=1e-6)
    assert margin.gain.low < paying < margin.gain.high


def test_values_where_gamma_gamma_does_not_exist_know_the_share_too() -> None:
    states, came, never = _world(51)
    spend = replace(fit_spend(states), status="degenerate")
    assert spend.mean == pytest.approx(MEAN, rel=0.15)
    value = _valued(states, spend)
    assert value.equity.value == pytest.approx(came, rel=0.15)
    assert value.cltv[never].sum() < 0.05 * came
