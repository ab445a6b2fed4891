"""A model's outlook against what the model itself says of each customer."""

from __future__ import annotations

import numpy as np
import pytest

from cxvalue.foundation.calendar import DAYS_PER_MONTH, TimeUnit
from cxvalue.lifetime.candidates.by_model import outlook_of_model, states_of
from cxvalue.lifetime.candidates.outlook import Ahead
from cxvalue.lifetime.families.discounting import DiscountCurve
from cxvalue.lifetime.fitting.fits import fit_quickly
from tests.lifetime.logworlds import bg_log, log_of


def test_histories_are_counted_by_hand() -> None:
    log = log_of((1, 0, 4.0), (1, 10, 0.0), (1, 24, 8.0), (2, 5, 0.0), (3, 7, 2.0))
    states = states_of(log.known(30), TimeUnit.WEEK)
    assert (states.frequency.tolist(), states.recency_days.tolist()) == ([2, 0, 0], [24, 0, 0])
    assert states.age_days.tolist() == [30, 25, 23]
    assert states.mean_spend is not None
    assert states.paid is not None
    assert states.first_paid is not None
    assert states.mean_spend[0] == 4.0
    assert np.isnan(states.mean_spend[1:]).all()
    assert (states.paid.tolist(), states.first_paid.tolist()) == ([1, 0, 0], [1, 0, 1])
    assert states.margin_rate == 0.5
    assert states_of(log.known(8), TimeUnit.WEEK).paid is not None
    assert states_of(log.until(4).known(4), TimeUnit.WEEK).paid is None


@pytest.mark.parametrize("name", ["bg_nbd", "pareto_nbd"])
def test_an_outlook_is_what_the_model_says(name: str) -> None:
    log = bg_log(400, 500, np.random.default_rng(3))
    states = states_of(log.known(400), TimeUnit.WEEK)
    model = fit_quickly(states.grouped(), (name,))[name]
    ahead, price = Ahead((30, 365), 0.1), np.linspace(1, 2, len(states))
    outlook = outlook_of_model(model, states, price, ahead)
    for place, days in enumerate(ahead.days):
        returns, purchases, worth = outlook.at(place)
        assert purchases == pytest.approx(model.expected_transactions(states, days / 7), rel=1e-9)
        assert returns == pytest.approx(model.p_return(states, days / 7), rel=1e-9)
        ends = np.minimum(np.arange(1, np.ceil(days / DAYS_PER_MONTH) + 1) * DAYS_PER_MONTH, days)
        path = np.stack([model.expected_transactions(states, end / 7) for end in ends], axis=1)
        factors = DiscountCurve.of(0.1, ends.size, TimeUnit.WEEK).factors
        assert worth == pytest.approx(price * (np.diff(path, axis=1, prepend=0.0) @ factors), rel=1e-9)
