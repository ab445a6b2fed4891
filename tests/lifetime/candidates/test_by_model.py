"""A model's outlook against what the model itself says of each customer."""

from __future__ import annotations

from dataclasses import fields
from datetime import date, timedelta

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from cxvalue.foundation.calendar import DAYS_PER_MONTH, TimeUnit
from cxvalue.lifetime.candidates.by_model import outlook_of_model, states_of, states_of_log
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


@pytest.mark.parametrize("new_from", [None, date(2024, 3, 1), date(2030, 1, 1)])
def test_histories_from_arrays_are_those_that_the_engine_counts(new_from: date | None) -> None:
    rng, n = np.random.default_rng(6), 900
    frame = pd.DataFrame({"customer_id": rng.integers(0, 150, n).astype(str), "day": rng.integers(0, 500, n)})
    frame["revenue"] = np.where(rng.random(n) < 0.1, 0.0, rng.lognormal(3, 1, n))
    frame["margin"] = np.where(rng.random(n) < 0.2, np.nan, 0.3 * frame["revenue"])
    frame = frame.drop_duplicates(["customer_id", "day"])
    days = [date(2024, 1, 1) + timedelta(days=int(day)) for day in frame.pop("day")]
    bought = ibis.memtable(pa.Table.from_pandas(frame.assign(date=days), preserve_index=False))
    as_of = date(2025, 1, 31)
    told = purchase_states_from_purchases(bought, as_of=as_of, per_customer=True, new_from=new_from)
    found = states_of_log(purchase_log(bought, date(2025, 6, 1)), as_of, TimeUnit.WEEK, new_from)
    for field in fields(told):
        mine, theirs = getattr(found, field.name), getattr(told, field.name)
        if field.name == "customer_id":
            assert mine is None
        elif isinstance(theirs, (float, np.ndarray)):
            assert mine == pytest.approx(theirs, rel=1e-12, nan_ok=True), field.name
        else:
            assert mine == theirs, field.name
    nothing = states_of_log(purchase_log(bought.mutate(margin=ibis.null("float64")), as_of), as_of, TimeUnit.WEEK)
    assert np.isnan(nothing.margin_rate)
    assert np.isnan(nothing.first_margin_mean)


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
