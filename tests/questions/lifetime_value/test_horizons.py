"""Horizons, rates, levers and payback as tables and results."""

from __future__ import annotations

from dataclasses import replace

import ibis
import numpy as np
import pandas as pd
import pytest

from cxvalue.lifetime import customer_value, residual_value, value_levers
from cxvalue.questions.lifetime_value import horizons
from tests.lifetime.conftest import cdnow, exact_model, fitted, spend

__all__ = ["cdnow", "fitted", "spend"]


@pytest.mark.parametrize("name", ["bg_nbd", "pareto_nbd"])
def test_horizons_are_those_of_the_customer_value(fitted, spend, cdnow, name):
    model = fitted[name]
    table = horizons.horizons_table(model, spend, cdnow, annual_discount_rate=0.1)
    assert sorted(set(table["annual_discount_rate"])) == pytest.approx([0.05, 0.1, 0.15])
    for row in table[table["horizon_months"].notna()].itertuples():
        value = customer_value(
            model, spend, cdnow, horizon_months=int(row.horizon_months), annual_discount_rate=row.annual_discount_rate,
            draws=20,
        )  # fmt: skip
        assert row.value == pytest.approx(value.equity.value, rel=1e-9)
    endless = table[table["horizon_months"].isna()].set_index("annual_discount_rate")["value"]
    assert endless[0.1] == pytest.approx(residual_value(model, spend, cdnow, 0.1).sum())
    # Trap T4: from 15% to 10% a year DERT moves by 25% and more, three years by a few per cent.
    assert endless[0.1] / endless[0.15000000000000002] > 1.2
    assert endless[0.1] > table[table["horizon_months"] == 36]["value"].max()


def test_horizons_come_near_the_value_without_an_end(fitted, spend, cdnow):
    table = horizons.horizons_table(
        fitted["pareto_nbd"], spend, cdnow, annual_discount_rate=0.3, horizons=(60, 900)
    ).query("annual_discount_rate == 0.3")
    near, far, endless = table["value"]
    assert near < far < endless
    # What is left is half a month of interest: months are discounted at their end.
    assert endless / far == pytest.approx(1.3 ** (1 / 24), rel=1e-3)


def test_an_end_is_needed_without_dropout_and_without_discounting(fitted, spend, cdnow):
    table = horizons.horizons_table(fitted["nbd"], spend, cdnow, annual_discount_rate=0.1)
    last = table[table["horizon_months"].isna()]
    assert last["value"].isna().all()
    assert last["withheld"].str.contains("nobody ever leaves").all()
    free = horizons.horizons_table(fitted["bg_nbd"], spend, cdnow, annual_discount_rate=0.0)
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
    assert (never.months, never.high) == (None, None)


def test_payback_without_a_spend_model(fitted, spend, cdnow):
    plain = replace(spend, status="degenerate")
    found = payback(fitted["bg_nbd"], plain, cdnow, 15.0)
    assert found.low <= found.months <= found.high
    certain = payback(exact_model("bg_nbd", 0.6, 6.0, 0.8, 3.0), plain, replace(cdnow, first_margin_se=0.0), 15.0)
    assert certain.months is not None
