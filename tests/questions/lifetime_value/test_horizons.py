"""Horizons, rates, levers and payback as tables and results."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import ibis
import numpy as np
import pandas as pd
import pytest

from cxvalue.lifetime import Interval, customer_value, residual_value, value_levers
from cxvalue.questions.lifetime_value import horizons
from tests.lifetime.bases import base_of_model
from tests.lifetime.conftest import cdnow, exact_model, fitted, spend

__all__ = ["cdnow", "fitted", "spend"]


def table_of(model, spend, states, *, rate=0.1, **how):
    """Horizons of a study that asks for one model, valued over 24 months."""
    asked = SimpleNamespace(model=model, spend=spend)
    base = base_of_model(model, spend, states, rate=rate, draws=20)
    return horizons.horizons_table(asked, base, states, annual_discount_rate=rate, **how)


@pytest.mark.parametrize("name", ["bg_nbd", "pareto_nbd"])
def test_horizons_are_those_of_the_customer_value(fitted, spend, cdnow, name):
    model = fitted[name]
    table = table_of(model, spend, cdnow)
    assert sorted(set(table["annual_discount_rate"])) == pytest.approx([0.05, 0.1, 0.15])
    for row in table[table["horizon_months"].notna()].itertuples():
        value = customer_value(
            model, spend, cdnow, horizon_months=int(row.horizon_months), annual_discount_rate=row.annual_discount_rate,
            draws=20,
        )  # fmt: skip
        # A year is 365 days of a forecast and 12 months of 365.25 / 12 days of a value.
        assert row.value == pytest.approx(value.equity.value, rel=1e-9 if row.horizon_months != 12 else 2e-3)
        # No narrower than the model has it, and for several horizons without an end in sight.
        assert row.low < value.equity.low < row.value < value.equity.high < row.high
    endless = table[table["horizon_months"].isna()].set_index("annual_discount_rate")["value"]
    assert endless[0.1] == pytest.approx(residual_value(model, spend, cdnow, 0.1).sum())
    # Trap T4: from 15% to 10% a year DERT moves by 25% and more, three years by a few per cent.
    assert endless[0.1] / endless[0.15000000000000002] > 1.2
    assert endless[0.1] > table[table["horizon_months"] == 36]["value"].max()
    assert (table["low"] < table["value"]).all()
    assert (table["value"] < table["high"]).all()


def test_horizons_follow_the_forecast_of_the_base(fitted, spend, cdnow):
    # A base that is forecast a fifth below the model: so is every horizon, and what comes after the longest one.
    model = fitted["bg_nbd"]
    asked, base = SimpleNamespace(model=model, spend=spend), base_of_model(model, spend, cdnow, draws=20)
    lower = replace(base, margin=tuple(replace(total, value=0.8 * total.value) for total in base.margin))
    how = {"annual_discount_rate": 0.1}
    plain, moved = (horizons.horizons_table(asked, one, cdnow, **how) for one in (base, lower))
    for name in ("value", "low", "high"):
        assert moved[name].to_numpy() == pytest.approx(0.8 * plain[name].to_numpy())
    own = plain[(plain["horizon_months"] == 24) & (plain["annual_discount_rate"] == 0.1)].iloc[0]
    assert own["value"] == pytest.approx(base.value.equity.value)
    assert (own["low"], own["high"]) == pytest.approx((base.value.equity.low, base.value.equity.high), rel=0.02)


def test_levers_are_as_large_and_as_sure_as_the_forecast(fitted, spend, cdnow):
    model = fitted["bg_nbd"]
    by_model = value_levers(model, spend, cdnow, dormancy_days=180, horizon_months=24, annual_discount_rate=0.1)
    base = base_of_model(model, spend, cdnow, draws=20)
    half = replace(base.value, equity=Interval(*(0.5 * end for end in base.value.equity)))
    purchases = Interval(*(0.25 * end for end in base.value.expected_purchases))
    lower = replace(base, value=replace(half, expected_purchases=purchases))
    moved = horizons.levers_as_forecast(by_model, lower)
    assert moved.equity == lower.value.equity
    for lever, before in zip(moved.levers, by_model.levers, strict=True):
        scale = 0.25 if lever.name == "margin" else 0.5
        assert lever.gain.value == pytest.approx(scale * before.gain.value, rel=1e-3)
        assert lever.gain.low < scale * before.gain.low
        assert lever.gain.high > scale * before.gain.high
        # A gain stays a gain, and a loss a loss.
        assert np.sign(lever.gain.low) == np.sign(before.gain.low)
        assert np.sign(lever.gain.high) == np.sign(before.gain.high)


def test_horizons_come_near_the_value_without_an_end(fitted, spend, cdnow):
    table = table_of(fitted["pareto_nbd"], spend, cdnow, rate=0.3, horizons=(60, 900)).query(
        "annual_discount_rate == 0.3"
    )
    near, far, endless = table["value"]
    assert near < far < endless
    # What is left is half a month of interest: months are discounted at their end.
    assert endless / far == pytest.approx(1.3 ** (1 / 24), rel=1e-3)


def test_an_end_is_needed_without_dropout_and_without_discounting(fitted, spend, cdnow):
    table = table_of(fitted["nbd"], spend, cdnow)
    last = table[table["horizon_months"].isna()]
    assert last[["value", "low", "high"]].isna().all().all()
    assert last["withheld"].str.contains("nobody ever leaves").all()
    free = table_of(fitted["bg_nbd"], spend, cdnow, rate=0.0)
    assert sorted(set(free["annual_discount_rate"])) == [0.0, 0.05]
    nothing = free[free["horizon_months"].isna() & (free["annual_discount_rate"] == 0)]
    assert "without discounting" in nothing["withheld"].iloc[0]


def test_levers_table(fitted, spend, cdnow):
    levers = value_levers(
        fitted["bg_nbd"], spend, cdnow, dormancy_days=180, horizon_months=24, annual_discount_rate=0.1
    )
    table = horizons.levers_table(levers)
    assert table["lever"].tolist() == ["retention", "purchase", "margin", "erosion", "erosion", "erosion"]
    assert (table["share_of_equity"] * levers.equity.value).tolist() == pytest.approx(table["gain"].tolist())


def test_the_mean_cost_of_winning_a_customer():
    con = ibis.duckdb.connect()
    costs = pd.DataFrame({"customer_id": ["a", "b", "c"], "acquisition_cost": [10.0, 20.0, np.nan]})
    known = con.create_table("customers", costs)
    assert horizons.acquisition_cost(known) == 15.0
    assert horizons.acquisition_cost(known.select("customer_id")) is None
    assert horizons.acquisition_cost(known.filter(known.customer_id == "c")) is None
    assert horizons.acquisition_cost(None) is None


def payback(model, spend, states, cost, **changes):
    return horizons.payback(model, spend, states, cost, **{"annual_discount_rate": 0.1, **changes})


@pytest.mark.parametrize("name", ["bg_nbd", "mbg_nbd", "pareto_nbd"])
def test_payback_is_where_the_expected_margin_reaches_the_cost(fitted, spend, cdnow, name):
    model = fitted[name]
    month = 365.25 / 12 / 7
    path = model.expected_new(np.arange(121) * month)
    margin = 0.3 * spend.population_mean() * np.cumsum(np.diff(path) * 1.1 ** (-np.arange(1, 121) / 12))
    margin = cdnow.first_margin_mean + np.concatenate([[0.0], margin])
    for months in (1, 7, 40):
        cost = float(margin[months]) - 1e-9
        found = payback(model, spend, cdnow, cost)
        assert found.months == months
        assert found.low is not None
        assert found.low <= months
        assert found.high is None or found.high >= months
        assert payback(model, spend, cdnow, float(margin[months]) + 1e-6).months == months + 1
    assert payback(model, spend, cdnow, 0.5).months == 0
    never = payback(model, spend, cdnow, 10 * float(margin[-1]))
    # How far forecasts of this kind miss widens the range and leaves the expectation.
    sure, unsure = (payback(model, spend, cdnow, float(margin[7]) - 1e-9, miss=miss) for miss in (0.0, 0.5))
    assert unsure.months == sure.months == 7
    assert unsure.low < sure.low
    assert unsure.high is None or unsure.high > sure.high
    assert (never.months, never.high) == (None, None)


def test_payback_without_a_spend_model(fitted, spend, cdnow):
    plain = replace(spend, status="degenerate")
    found = payback(fitted["bg_nbd"], plain, cdnow, 15.0)
    assert found.low <= found.months <= found.high
    certain = payback(exact_model("bg_nbd", 0.6, 6.0, 0.8, 3.0), plain, replace(cdnow, first_margin_se=0.0), 15.0)
    assert certain.months is not None
