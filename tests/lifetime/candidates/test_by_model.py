"""A model's outlook against what the model itself says of each customer."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cxvalue.engine.embedded import connect
from cxvalue.foundation.calendar import DAYS_PER_MONTH, TimeUnit, date_of
from cxvalue.lifetime.candidates.by_model import all_states_of, outlook_of_model, states_of
from cxvalue.lifetime.candidates.outlook import Ahead
from cxvalue.lifetime.families.discounting import DiscountCurve
from cxvalue.lifetime.fitting.fits import fit_quickly
from cxvalue.tables.purchase_log import purchase_log
from cxvalue.tables.states import purchase_states_from_purchases
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


@pytest.mark.parametrize("margins", ["known", "some", "none"])
@pytest.mark.parametrize("new_from", [None, 200])
def test_histories_of_everybody_are_those_that_the_engine_counts(margins: str, new_from: int | None) -> None:
    log, rng = bg_log(300, 400, np.random.default_rng(8)), np.random.default_rng(9)
    rows = pd.DataFrame({"customer_id": log.customer, "date": [date_of(day) for day in log.day.tolist()]})
    rows["revenue"] = np.where(rng.random(len(rows)) < 0.1, 0.0, rng.gamma(3.0, 7.0, len(rows)))
    unknown = {"known": 0.0, "some": 0.3, "none": 1.0}[margins]
    rows["margin"] = np.where(rng.random(len(rows)) < unknown, np.nan, 0.3 * rows["revenue"])
    table = connect().create_table("purchases", rows.astype({"margin": "Float64"}))
    day = 350
    since = None if new_from is None else date_of(new_from)
    counted = purchase_states_from_purchases(table, as_of=date_of(day), per_customer=True, new_from=since)
    found = all_states_of(purchase_log(table, date_of(400)), day, TimeUnit.WEEK, new_from)
    for name in ("frequency", "recency_days", "age_days", "count", "paid", "first_paid"):
        assert np.array_equal(getattr(found, name), getattr(counted, name)), name
    for name in ("mean_spend", "total_margin", "total_revenue", "first_margin_mean", "first_margin_se"):
        assert np.array_equal(getattr(found, name), getattr(counted, name), equal_nan=True), name  # to the last bit
    assert np.isnan(found.total_margin) == (margins == "none")


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
