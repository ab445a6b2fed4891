"""Kaplan and Meier by hand, against statsmodels, with late entry; Garwood's interval."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.duration.survfunc import SurvfuncRight

from cxvalue.effects.estimators.survival import garwood, kaplan_meier
from cxvalue.foundation.intervals import share_interval

CLOSED, OPEN = [1, 1, 2, 2, 3, 3, 4, 5, 8, 12], [3, 6, 9, 2]
TIME = np.array([*CLOSED, *OPEN], dtype=float)
EVENT = np.array([True] * 10 + [False] * 4)


def test_open_complaints_are_censored_not_left_out() -> None:
    curve = kaplan_meier(TIME, EVENT)
    assert 1 - curve.at(3).value == pytest.approx(4 / 9, abs=1e-6)  # of the closed alone it would be .6
    assert curve.at(0.5) == (1.0, share_interval(14, 14)[0], 1.0)
    median = curve.median()
    assert median is not None
    assert median.value == 4


def test_the_curve_and_its_errors_are_those_of_statsmodels() -> None:
    rng = np.random.default_rng(2)
    time, event = np.ceil(20 * rng.random(300)), rng.random(300) < 0.6
    curve, told = kaplan_meier(time, event), SurvfuncRight(time, event.astype(int))
    assert curve.still == pytest.approx(told.surv_prob[np.isin(told.surv_times, curve.times)])
    mine = curve.still * np.sqrt(curve.greenwood)
    assert mine == pytest.approx(told.surv_prob_se[np.isin(told.surv_times, curve.times)])
    entry = np.floor(5 * rng.random(300)) * (time > 6)
    late = SurvfuncRight(time, event.astype(int), entry=entry)
    found = kaplan_meier(time, event, entry)
    assert found.still == pytest.approx(late.surv_prob[np.isin(late.surv_times, found.times)])


def test_without_censoring_it_is_the_share_left() -> None:
    time = np.concatenate([np.full(114, 30.0), np.full(318, 52.0)])
    curve = kaplan_meier(time, np.arange(432) < 114)
    assert curve.at(52).value == pytest.approx(0.736111, abs=1e-6)  # Rossi's arrests, 114 of 432
    assert curve.median() is None


def test_none_and_all_have_a_width() -> None:
    all_at_once = kaplan_meier(np.array([1.0, 2.0, 2.0, 3.0]), np.full(4, True)).at(3)
    assert all_at_once == (0.0, 0.0, share_interval(0, 4)[1])
    nobody = kaplan_meier(np.full(20, 9.0), np.full(20, False))
    assert nobody.at(5) == (1.0, share_interval(20, 20)[0], 1.0)
    assert nobody.at(10) == (1.0, 0.0, 1.0)
    assert (nobody.known(5), nobody.known(10)) == (True, False)


def test_a_curve_is_not_known_where_those_seen_early_were_gone_before_others_came() -> None:
    entry, time = np.array([-1.0, *np.full(40, 80.0)]), np.array([12.0, *np.full(40, 800.0)])
    curve = kaplan_meier(time, np.arange(41) == 0, entry)
    assert curve.at(365).value == 0  # one of one
    assert curve.at(365).high > 0.7
    assert not curve.known(365)
    assert curve.known(10)
    gone = kaplan_meier(np.full(9, 12.0), np.full(9, True))
    assert gone.known(365)


def test_a_rate_of_none_has_an_upper_end() -> None:
    assert garwood(0, 100) == pytest.approx((0.0, 0.0, 0.036889), abs=1e-6)


def test_a_curve_speaks_only_of_times_until_which_somebody_was_always_seen():
    early, late = np.array([50.0]), np.full(20, 400.0)
    gap = kaplan_meier(np.r_[early, late], np.zeros(21, bool), np.r_[[-1.0], np.full(20, 340.0)])
    assert (gap.known(40.0), gap.known(365.0)) == (True, False)
    # One who came early and left, others seen from later on: 0 at first does not hold for them.
    time, left = np.r_[[20.0], np.full(100, 500.0)], np.r_[[True], np.arange(100) < 5]
    assert not kaplan_meier(time, left, np.r_[[-1.0], np.full(100, 200.0)]).known(365.0)
    gone = kaplan_meier(np.linspace(10, 300, 40), np.ones(40, bool), np.full(40, -1.0))
    assert gone.known(365.0)
    assert gone.at(365.0).high == pytest.approx(0.0881, abs=1e-3)  # Wilson, none of 40
