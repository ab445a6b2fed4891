"""Histories and counts of past days read from all purchases at once, against the engine's answer for each day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from cxvalue.questions.lifetime_value.past_states import PastStates
from cxvalue.tables.states import holdout_counts, purchase_states_from_purchases

ORIGIN, UNTIL = date(1997, 8, 1), date(1998, 2, 28)


def test_what_was_known_and_what_came_are_those_of_the_engine(sample):
    then = PastStates(sample.cltv, sample.purchases)
    states = purchase_states_from_purchases(
        sample.purchases, as_of=ORIGIN - timedelta(days=1), time_unit=sample.cltv.time_unit, per_customer=True
    )
    known = then.known_before(ORIGIN)
    for name in ("frequency", "recency_days", "age_days"):
        np.testing.assert_array_equal(getattr(known, name), getattr(states, name))
    assert (known.as_of, known.time_unit) == (states.as_of, states.time_unit)
    counted = holdout_counts(sample.purchases, holdout_start=ORIGIN, as_of=UNTIL).count
    assert counted.sum() > 100
    np.testing.assert_array_equal(then.bought(ORIGIN, UNTIL), counted)


def test_models_with_a_rhythm_are_asked_of_the_engine(sample):
    regular = replace(sample.cltv.calibration[1], name="bg_cnbd_k", k=2)
    then = PastStates(replace(sample.cltv, calibration=(regular,)), sample.purchases)
    plain = PastStates(sample.cltv, sample.purchases)
    assert then.known_before(ORIGIN).sum_log_gaps is not None
    np.testing.assert_array_equal(then.bought(ORIGIN, UNTIL), plain.bought(ORIGIN, UNTIL))


def test_what_was_expected_is_worked_out_once(sample):
    fit = sample.cltv
    then, start = PastStates(fit, sample.purchases), fit.need_holdout("A test")
    states, model = then.known_before(start), fit.calibration[1]
    first = then.expected(model, states, start, fit.as_of)
    ahead = model.time_unit.from_days(fit.days(start, fit.as_of))
    assert first == pytest.approx(model.expected_transactions(states, ahead), rel=1e-12)
    assert then.expected(model, states, start, fit.as_of) is first
