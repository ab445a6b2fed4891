"""The margin of customers kept: by hand where the numbers are known, and against worlds with and without the programme."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cxvalue.effects.designs.staggered import estimate_staggered
from cxvalue.effects.effect import Check, Cohort, Leaving
from cxvalue.effects.leaving import with_leaving_checked
from cxvalue.money import business_case
from cxvalue.money.finance import npv
from cxvalue.money.kept import kept_customers
from tests.effects.data import contracts, units_of_contracts
from tests.money.test_money import START, an_effect

WITH, MONTHS, HORIZON = 0.95, 12, 24
"""Share who stay from month to month with the programme, months measured, months of the case."""


def a_case(changed, *, error=0.0, grade="A", outcome="margin", **settings):
    """100 customers whom the programme brings 2 more each, of 10 with it; leaving in a month differs by `changed`."""
    still = tuple((100 * WITH ** np.arange(MONTHS)).tolist())
    leaving = replace(an_effect(np.full(MONTHS, changed), error**2 * np.eye(MONTHS)), grade=grade)
    effect = an_effect(np.full(MONTHS, 2.0), cohorts=(Cohort(START, 1, 100, still, WITH),))
    effect = replace(effect, outcome=outcome, leaving=Leaving(leaving, 10.0))
    return business_case(effect, horizon_months=HORIZON, annual_discount_rate=0.1, draws=500, **settings)


@pytest.mark.parametrize("changed", [-0.02, 0.02])
def test_those_kept_or_driven_away_bring_what_customers_bring_without_the_programme(changed):
    """Without it 1 - 0.05 + changed stay in a month, and each of the difference brings 10 - 2."""
    month = np.arange(HORIZON)
    people = 100 * (WITH**month - (WITH + changed) ** month)
    found = kept_customers(case := a_case(changed))
    assert found.customers.value == pytest.approx(people[-1])
    assert found.worth.value == pytest.approx(npv(np.concatenate([[0.0], 8 * people]), 0.1))
    assert found.npv.value == pytest.approx(case.npv.value + found.worth.value)
    assert np.sign(found.worth.value) == -np.sign(changed)


def test_leaving_goes_on_as_the_case_lets_the_effect_go_on():
    month = np.arange(HORIZON)
    usual = WITH ** np.minimum(month, MONTHS), (WITH - 0.02) ** np.minimum(month, MONTHS)
    after = WITH ** np.maximum(month - MONTHS, 0)
    stopped = kept_customers(a_case(-0.02, persistence="none"))
    assert stopped.customers.value == pytest.approx((100 * (usual[0] - usual[1]) * after)[-1])
    halved = kept_customers(a_case(-0.02, persistence="half_life", half_life_months=6.0))
    assert stopped.customers.value < halved.customers.value < kept_customers(a_case(-0.02)).customers.value


def test_customers_of_today_have_not_left_before():
    """A roll-out to all of them from the first start on keeps nobody in months in which nobody left."""
    found = kept_customers(a_case(-0.02, population="all", everyone=1000))
    month = np.maximum(np.arange(HORIZON) - (MONTHS - 1), 0)
    assert found.customers.value == pytest.approx(1000 * (WITH**month - (WITH - 0.02) ** month)[-1])


def test_nothing_is_told_of_what_is_not_proven_or_no_margin():
    assert kept_customers(a_case(-0.02, error=0.02)) is not None  # the mean of 12 months is known to 0.006
    assert kept_customers(a_case(-0.02, error=0.06)) is None
    assert kept_customers(a_case(-0.02, grade="B")) is None  # a check of the experiment failed
    assert kept_customers(a_case(-0.02, outcome="interactions")) is None
    assert kept_customers(business_case(an_effect([1.0] * 6), horizon_months=6)) is None


def test_in_simulated_contracts_the_range_holds_what_the_programme_kept():
    """The same people with and without the programme, over the 16 months that were seen."""
    held = 0
    for seed in (3, 4):
        kept, lost = (contracts(seed=seed, churn=0.04, saved=saved, lift=1.0) for saved in (0.6, 0.0))
        month = np.arange(30)
        had = (kept.start >= 0)[:, None] & (month >= kept.start[:, None])
        without = np.nan_to_num(lost.values - 1.0 * had)
        true = ((np.nan_to_num(kept.values - 1.0 * had) - without) * had).sum(axis=0)[14:]
        panel = units_of_contracts(kept)
        effect = with_leaving_checked(panel, estimate_staggered(panel))
        found = kept_customers(business_case(effect, horizon_months=16, annual_discount_rate=0.1, draws=500))
        held += found.worth.low < npv(np.concatenate([[0.0], true]), 0.1) < found.worth.high
        assert found.grade == "B"
        assert next(one for one in effect.checks if one.name == "leaving").passed is False
    assert held == 2


def test_checks_that_fail_by_their_own_rule_withhold_it():
    failed = Check("dip", "?", False, True, "")
    case = a_case(-0.02)
    leaving = case.effect.leaving.effect.with_checks([failed])
    effect = replace(case.effect, leaving=Leaving(leaving, 10.0))
    assert kept_customers(case.changed(effect)) is None
