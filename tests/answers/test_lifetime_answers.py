"""What the customers will still be worth: the parts of the answer add up, and the report gets them in its order."""

from __future__ import annotations

import pytest

from cxvalue.answers.lifetime_answers import LifetimeAnswers
from cxvalue.workspace.opened import Study


def test_customers_add_up_to_the_value_that_is_told(sample: Study) -> None:
    lifetime = LifetimeAnswers(sample)
    equity = next(one for one in lifetime.value().findings if one.id == "cltv.equity")
    assert lifetime.customers["cltv"].sum() == pytest.approx(equity.value)
    assert lifetime.value().tables["customers.parquet"] is lifetime.customers
    assert lifetime.states.customer_id is None
    assert lifetime.customers["customer_id"].tolist() == list(sample.states().customer_id)  # type: ignore[arg-type]
    assert "future_value" in lifetime.value().figures


def test_what_a_study_does_not_tell_is_said_and_no_table_is_handed_over(sample: Study) -> None:
    lifetime = LifetimeAnswers(sample)
    assert repr(lifetime.segments()) == "The study names no covariates."
    assert repr(lifetime.next_product()).startswith("Not available: transactions need a product column")
    assert repr(lifetime.referrals()) == "Not available: no customer is recorded as referred."
    assert repr(lifetime.season()).startswith("A season can be found only with two full years of history")
    for name in ("season", "segments", "next_product", "referrals"):
        assert getattr(lifetime, name)().tables == {}


def test_the_report_gets_past_forecasts_as_its_first_picture(sample: Study) -> None:
    given = LifetimeAnswers(sample).handed_over()
    assert list(given["figures"]) == ["forecast_record", "holdout_tracking", "future_value", "value_levers"]
    ids = [one.id for one in given["findings"]]
    assert len(ids) == len(set(ids))
    assert ids[0] == "cltv.equity"
