"""Customers who leave: as many are in the case as were there, and nobody is treated after leaving."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cxvalue.effects.designs.customer_level import cohorts_of_customers
from cxvalue.effects.designs.staggered import cohorts_of, estimate_staggered
from cxvalue.effects.staying import is_left, present
from cxvalue.money.cashflow import exposure
from tests.effects.data import contracts, mpdta, units_of_contracts


def test_those_who_stay_are_counted_one_by_one():
    customers = contracts(seed=3, churn=0.05)
    panel = units_of_contracts(customers)
    month = np.arange(panel.months.count)
    for side in (panel.treated, ~panel.treated):
        own = np.isin(customers.unit_of, panel.cluster[side])
        there = (customers.first[own, None] <= month) & (month <= customers.last[own, None])
        everyone, stayed = present(panel, side)
        assert everyone.tolist() == there.sum(axis=0).tolist()
        assert stayed[1:].tolist() == (there[:, 1:] & there[:, :-1]).sum(axis=0).tolist()
    rows = present(customers, customers.start >= 0)
    assert all(np.array_equal(*pair) for pair in zip(present(panel, panel.treated), rows, strict=True))


def test_the_case_follows_who_stays():
    customers = contracts(seed=4, churn=0.03)
    panel = units_of_contracts(customers)
    effect = estimate_staggered(panel)
    seen = exposure(effect, horizon_months=panel.months.count - int(panel.start[panel.treated].min()))
    assert seen.by_month.sum() == pytest.approx(effect.every_treated_month)  # to the customer-month
    ahead = exposure(effect, horizon_months=24, start="as_of")
    there = sum(cohort.still[-1] for cohort in effect.cohorts)
    assert ahead.by_month == pytest.approx(there * effect.stay_per_month ** np.arange(1, 25))
    assert effect.stay_per_month == pytest.approx(0.97, abs=0.005)
    everyone = exposure(effect, horizon_months=3, start="as_of", population="all", everyone=100, ramp_up_months=2)
    stay = effect.stay_per_month
    assert everyone.by_month == pytest.approx([50, 50 * stay + 50 * stay, 100 * stay**2])
    assert cohorts_of_customers(customers)[0].still == cohorts_of(panel)[0].still


def test_where_nobody_leaves_nothing_changes():
    assert not is_left(mpdta())
    assert all(not cohort.still and cohort.stay_per_month == 1 for cohort in cohorts_of(mpdta()))
    panel = units_of_contracts(contracts(seed=5, churn=0.05))
    assert is_left(panel)
    assert not is_left(replace(panel, gaps=True))  # months without customers are missing, not left
