"""Who the customers are: what the answers of one notebook say agrees."""

from __future__ import annotations

import pytest

from cxvalue.answers.customer_answers import CustomerAnswers
from cxvalue.workspace.opened import Study


def test_what_a_study_does_not_tell_is_said_and_no_table_is_handed_over(sample: Study) -> None:
    customers = CustomerAnswers(sample)
    assert repr(customers.given_away()) == "The transactions have no discounts by product."
    given = customers.handed_over()
    assert list(given["figures"]) == ["customer_bridge", "value_concentration"]  # the year before is not in the data
    assert set(given["tables"]) == {"cohorts.csv", "period_change.csv", "margin_by_cohort.csv", "waterfall.csv"}


def test_without_a_bridge_the_reason_stands_in_its_place(sample: Study) -> None:
    customers = CustomerAnswers(sample)
    customers.__dict__["bridge"] = None
    assert "too short to know who was active 12 months ago" in repr(customers.lost_and_won())
    assert customers.lost_and_won().tables == customers.lost_and_won().figures == {}


def test_the_bridge_adds_up(little: Study) -> None:
    customers = CustomerAnswers(little)
    bridge = customers.bridge
    if bridge is None:
        pytest.fail("18 months are enough for a bridge of 12")
    active = next(one.value for one in customers.today().findings if one.id == "base.active")
    assert bridge.opening + bridge.new + bridge.reactivated - bridge.lost == bridge.closing == active
    assert "waterfall.csv" in customers.handed_over()["tables"]
    assert sum(customers.margins) == pytest.approx(
        float(
            little.purchases.filter(little.purchases.date > str(customers.year_ago)).margin.sum().to_pyarrow().as_py()
        )
    )
