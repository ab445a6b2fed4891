"""What the contracts are still worth: customers add up to the value that is told."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cxvalue.answers.contract_answers import ContractAnswers
from cxvalue.workspace.opened import Study


def test_customers_add_up_to_the_value_that_is_told(insured: Study) -> None:
    contracts = ContractAnswers(insured)
    given = contracts.handed_over()
    equity = next(one for one in given["findings"] if one.id == "cltv.equity")
    assert given["tables"]["customers.parquet"]["cltv"].sum() == pytest.approx(equity.value)
    assert list(given["figures"]) == ["customer_bridge", "contract_survival", "forecast_record", "future_value"]
    deciles, past = given["tables"]["future_value_deciles.csv"], given["tables"]["past_forecasts.csv"]
    assert deciles["total"].sum() == pytest.approx(equity.value)
    record = contracts.value.record
    assert record is not None
    assert tuple(past["actual_margin"]) == record.actual
    assert [*past["origin"]] == [day + timedelta(days=1) for day in record.origins]
    by_plan = given["tables"]["survival_by_plan.csv"]
    assert list(by_plan.columns) == list(contracts.curve.columns)
    assert "all" not in set(by_plan["segment"])
