"""What models and values of customers show, and a parameter that ran to its limit."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cxvalue.foundation.errors import CxvalueError
from cxvalue.lifetime import LifetimeModel, customer_value, fit, fit_spend
from cxvalue.tables.states import PurchaseStates
from cxvalue.workspace.opened import Study


@pytest.fixture(scope="module")
def states(sample: Study) -> PurchaseStates:
    """The histories of the CDNOW sample."""
    return sample.states()


@pytest.fixture(scope="module")
def model(states: PurchaseStates) -> LifetimeModel:
    """The BG/NBD on them."""
    return fit(states.grouped(), model="bg_nbd")


def test_a_model_shows_its_parameters_with_ranges(model: LifetimeModel) -> None:
    assert repr(model).startswith("BG/NBD: 2,357 customers, unit week, log-likelihood ")
    rows = {what: (value, ends) for what, value, ends in model.summary().rows}
    low, high = model.bounds()["r"]
    assert rows["r"] == (f"{model.params['r']:.4g}", f"{low:.4g} to {high:.4g}")
    frame = model.to_frame()
    assert frame["estimate"].tolist() == list(model.params.values())
    assert frame["se"].tolist() == list(model.se.values())


def test_a_parameter_at_its_limit_has_no_number(model: LifetimeModel) -> None:
    far = replace(model, params=model.params | {"a": 8.1e3, "b": 2.2e4})
    rows = {what: (value, ends) for what, value, ends in far.summary().rows}
    assert rows["a"] == rows["b"] == ("at its limit", "")
    assert rows["r"][1]
    assert "has no range" in far.summary().text
    assert "e+0" not in far._repr_html_()


def test_a_value_and_a_spend_model_name_the_currency(states: PurchaseStates, model: LifetimeModel) -> None:
    spend = fit_spend(states)
    assert repr(spend).startswith("Gamma-Gamma: ")
    assert spend.summary("USD").rows[3] == ("mean of a purchase", f"USD {spend.population_mean():.2f}", "")
    assert spend.plot(currency="USD").axes[0].lines[1].get_xdata()[0] == spend.population_mean()
    value = customer_value(model, spend, states, horizon_months=24, annual_discount_rate=0.1, draws=100)
    assert repr(value).startswith("CustomerValue: ")
    assert len(repr(value)) < 200
    rows = {what: given for what, given, _ in value.summary("USD").rows}
    assert rows["customer equity over 24 months"].startswith("USD ")
    assert value.to_frame()["cltv"].sum() == pytest.approx(value.equity.value)
    for kind in ("value", "equity", "alive"):
        assert value.plot(kind, currency="USD").axes


def test_the_picture_of_a_model_asks_for_the_histories(states: PurchaseStates, model: LifetimeModel) -> None:
    with pytest.raises(CxvalueError, match=r"plot\(states=...\)"):
        model.plot()
    assert model.plot(states=states).axes
