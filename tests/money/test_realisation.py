"""Promised against delivered: closed forms, and a promise that is what the case itself says."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from types import SimpleNamespace

import numpy as np
import pytest

from cxvalue.effects.effect import Cohort
from cxvalue.money import business_case
from cxvalue.money.realisation import fade_check, promised_path, ratio_range, realised, realised_published
from cxvalue.questions.programmes.realisation_findings import realisation_finding
from tests.money.test_money import START, an_effect


def case_of(effect, **settings):
    return business_case(effect, horizon_months=24, annual_discount_rate=0.0, **settings)


@pytest.mark.parametrize("rules", [{}, {"persistence": "none"}, {"persistence": "half_life", "half_life_months": 4.0}])
def test_the_promise_is_the_margin_of_the_case(rules):
    cohorts = (Cohort(START, 2, 10), Cohort(date(2024, 3, 1), 1, 5))
    effect = an_effect([1.0, 3.0, 2.0, 4.0], 0.25 * np.eye(4), cohorts=cohorts, months=6)
    case = case_of(effect, margin_per_unit=0.5, **rules)
    path = promised_path(case)
    assert [one.margin for one in path] == pytest.approx(case.effect_flow[1:].tolist())
    assert path[0].month == START
    assert path[0].se == pytest.approx(0.5 * 10 * 0.5)  # one event time, ten customers, half a unit of margin each
    assert path[0].high - path[0].margin == pytest.approx(1.959964 * path[0].se)


def test_delivered_is_measured_and_promised_is_carried_on():
    before = an_effect([4.0] * 6, 0.01 * np.eye(6), customers=10)
    today = an_effect([4.0] * 6 + [3.0, 2.0, 1.0], 0.04 * np.eye(9), customers=10)
    found = realised(before, case_of(today))
    assert found.months == (date(2024, 7, 1), date(2024, 8, 1), date(2024, 9, 1))
    assert (found.promised, found.delivered) == pytest.approx((120.0, 60.0))
    # The mean of the last three months stands for each of three: 30 customer-months at an error of 0.1 / sqrt(3).
    assert found.promised_se == pytest.approx(30 * 0.1 / np.sqrt(3))
    assert found.delivered_se == pytest.approx(10 * 0.2 * np.sqrt(3))
    assert found.ratio[0] == pytest.approx(0.5)
    assert realised(today, case_of(today)) is None


def test_a_promise_without_any_error_has_no_range_and_is_withheld():
    before, today = (an_effect([4.0] * months, customers=10) for months in (6, 9))
    found = realised(before, case_of(today))
    said = realisation_finding(SimpleNamespace(name="waiver", effect=today), [found], currency="EUR")
    assert said.value is None
    assert "had no error then" in said.text


def test_only_those_treated_by_then_are_compared():
    early = an_effect([4.0] * 6, customers=10)
    cohorts = (Cohort(START, 1, 10), Cohort(date(2024, 8, 1), 9, 900))
    today = an_effect([4.0] * 9, cohorts=cohorts, months=9)
    assert realised(early, case_of(today)).delivered == pytest.approx(120.0)


def test_the_range_of_a_ratio_solves_fiellers_equation():
    d, sd, p, sp, q = 80.0, 8.0, 100.0, 10.0, 1.96
    ratio, low, high = ratio_range((d, sd), (p, sp), q)
    # (d - r p)^2 = q^2 (sd^2 + r^2 sp^2)
    roots = np.roots([p**2 - q**2 * sp**2, -2 * d * p, d**2 - q**2 * sd**2])
    assert (low, high) == pytest.approx(tuple(sorted(roots)))
    assert ratio == 0.8
    assert ratio_range((d, sd), (10.0, 10.0), q) is None


def test_the_range_of_a_ratio_covers():
    rng = np.random.default_rng(4)
    hits = 0
    for _ in range(2000):
        _, low, high = ratio_range((rng.normal(60, 10), 10.0), (rng.normal(100, 15), 15.0), 1.959964)
        hits += low <= 0.6 <= high
    assert 0.93 < hits / 2000 < 0.97


def test_a_published_promise_is_held_against_todays_customers():
    before = case_of(an_effect([4.0] * 6, 0.01 * np.eye(6), customers=10))
    path = promised_path(before)
    today = case_of(an_effect([4.0] * 6 + [2.0] * 3, 0.04 * np.eye(9), customers=10))
    found = realised_published(path, before.effect.last_month, today)
    assert (found.promised, found.delivered) == pytest.approx((120.0, 60.0))
    assert found.promised_se == pytest.approx(sum(one.se for one in path[6:9]))
    assert realised_published(path, today.effect.last_month, today) is None


def test_a_fade_is_flagged_and_lowers_no_grade():
    rng = np.random.default_rng(1)
    fading = an_effect(10 * np.exp(-0.1 * np.arange(18)) + rng.normal(0, 0.2, 18), 0.04 * np.eye(18))
    check = fade_check(fading)
    assert (check.passed, check.gating) == (False, False)
    assert "half of it is gone every 7 months" in check.detail
    lasting = replace(fading, event_effect=np.full(18, 10.0))
    assert fade_check(lasting).passed
    rising = fade_check(replace(fading, event_effect=10 * np.exp(0.1 * np.arange(18))))
    assert rising.passed
    assert rising.detail == "It does not fade: it grew with the months since the start (p below 0.001)."
    assert fade_check(an_effect([1.0, 0.5], np.eye(2))).passed is None
