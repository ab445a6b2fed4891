"""A study whose customers buy at a rhythm: the model of regular timing is found, chosen, and carries every figure."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from typing import NamedTuple

import ibis
import numpy as np
import pandas as pd
import pytest

from cxvalue.foundation.errors import CxvalueError
from cxvalue.lifetime import customer_value, dert, value_levers
from cxvalue.lifetime.fitting.regular import fit_regular
from cxvalue.questions.churn.churn import study_churn
from cxvalue.questions.churn.early_warning import early_warning
from cxvalue.questions.lifetime_value import cltv_fit, forecast, past_forecasts, tracking
from cxvalue.questions.lifetime_value import horizons as cltv_value
from cxvalue.questions.lifetime_value.base_forecast import forecast_base, past_of, weights_of
from cxvalue.questions.lifetime_value.tables import customers_table, models_table
from cxvalue.tables.states import purchase_states_from_purchases
from tests.lifetime.conftest import make_states, merged_days

START, DAYS, LATER = date(2024, 1, 1), 730, 365
AS_OF = START + timedelta(days=DAYS - 1)


class World(NamedTuple):
    """Purchases seen, and what then came of the customers seen: purchases and margin (undiscounted)."""

    table: ibis.Table
    purchases: int
    margin: float


@cache
def world() -> World:
    """1,500 customers who buy at Erlang-3 times (r 1.2, a 0.7, b 4) and spend EUR 20 on average, margin 40%."""
    rng = np.random.default_rng(5)
    size = 1_500
    joined = rng.integers(0, 300, size)
    rate, leave = rng.gamma(1.2, 3 * 14 / 1.2 / DAYS, size), rng.beta(0.7, 4.0, size)
    who, when = [np.arange(size)], [joined]
    time, active = joined.astype(float), np.arange(size)
    while active.size:
        time[active] += rng.gamma(3.0, 1 / rate[active])
        active = active[np.ceil(time[active]) < DAYS + LATER]
        who.append(active)
        when.append(np.ceil(time[active]).astype(int))
        active = active[rng.random(active.size) >= leave[active]]
    owner, day = np.concatenate(who), np.concatenate(when)
    revenue = rng.gamma(6.0, 1 / rng.gamma(4.0, 1 / 10.0, size)[owner])
    rows = pd.DataFrame(
        {
            "customer_id": owner.astype(str),
            "date": pd.Timestamp(START) + pd.to_timedelta(day, unit="D"),
            "revenue": revenue,
            "margin": 0.4 * revenue,
        }
    )
    rows = rows.groupby(["customer_id", "date"], as_index=False).sum()
    rows["date"] = rows["date"].dt.date
    seen = rows["date"] <= AS_OF
    return World(ibis.memtable(rows[seen]), int((~seen).sum()), float(rows["margin"][~seen].sum()))


@cache
def fitted() -> cltv_fit.CltvFit:
    fit = forecast.fit_cltv(world().table, as_of=AS_OF, observed_from=START)
    return cltv_fit.CltvFit.from_dict(json.loads(json.dumps(fit.to_dict())))


def test_the_rhythm_is_found_chosen_and_published() -> None:
    fit = fitted()
    assert fit.selected in {"bg_cnbd_k", "mbg_cnbd_k"}
    assert fit.forecast == fit.selected
    assert fit.model.k == 3
    scores = {score.model: score.log_score for score in fit.scores}
    assert scores[fit.selected] > max(scores[name] for name in ("nbd", "bg_nbd", "mbg_nbd", "pareto_nbd")) + 20
    table = models_table(fit)
    own = table[(table["model"] == fit.selected) & (table["window"] == "full")].set_index("parameter")
    assert own.index.tolist() == ["r", "alpha", "a", "b", "k"]
    assert own.loc["k", "estimate"] == 3
    assert own["selected"].all()
    assert own["aic"].iloc[0] == pytest.approx(2 * 5 - 2 * own["log_likelihood"].iloc[0])


def test_the_value_covers_what_then_came() -> None:
    fit = fitted()
    states = purchase_states_from_purchases(world().table, as_of=AS_OF, per_customer=True)
    value = customer_value(fit.model, fit.spend, states, horizon_months=12, annual_discount_rate=0.0, draws=400)
    assert value.equity.low < world().margin < value.equity.high
    assert value.expected_purchases.low < world().purchases < value.expected_purchases.high
    assert value.equity.value == pytest.approx(world().margin, rel=0.08)
    assert value.expected_purchases.value == pytest.approx(
        fit.model.expected_transactions(states, fit.model.time_unit.from_months(12)).sum(), rel=1e-9
    )
    known = customer_value(fit.model, fit.spend, states, horizon_months=3, annual_discount_rate=0.1, draws=100)
    # A horizon of 3 months: the 12 months are simulated apart.
    assert known.expected_purchases_12m.value == pytest.approx(value.expected_purchases.value)
    assert known.expected_purchases_12m.low < known.expected_purchases_12m.value < known.expected_purchases_12m.high
    table = customers_table(value, states, dormancy_days=90)
    assert table["p_alive"].between(0, 1).all()
    assert table["p_return_90d"].between(0, 1).all()
    # At a rhythm a silence of three usual gaps is far from usual.
    often = states.frequency >= 10
    gap = states.recency_days / np.maximum(states.frequency, 1)
    silent = states.age_days - states.recency_days
    assert value.rhythm_broken[often & (silent > 3 * gap)].all()
    assert not value.rhythm_broken[often & (silent < gap)].any()


def test_everything_beside_the_value_works_or_says_why_not() -> None:
    fit, purchases = fitted(), world().table
    states = purchase_states_from_purchases(purchases, as_of=AS_OF, per_customer=True)
    base = forecast_base(fit, purchases, states, horizon_months=24, annual_discount_rate=0.1, draws=100)
    assert base.combined
    # The chosen model of regular timing stands where its plain one stood at past days.
    assert 0 < weights_of(base, fit)[fit.selected] < 1
    assert sum(weights_of(base, fit).values()) == pytest.approx(1.0)
    churn = study_churn(fit, base, states, purchases, dormancy_days=90, observed_from=START, draws=100)
    assert churn.losses is not None
    assert churn.losses.rate.low < churn.losses.rate.value < churn.losses.rate.high
    warned = early_warning(churn, fit.model, purchases)
    assert warned["reason"].str.contains("usual rhythm broken").any()
    rolled = past_forecasts.rolling_table(fit, purchases, START)
    assert (rolled[rolled["origin"] == fit.holdout_start]["best"] == (rolled["model"][:6] == fit.selected)).all()
    assert rolled.groupby("origin")["best"].sum().eq(1).all()
    past = past_of(purchases, as_of=AS_OF, unit=fit.time_unit, horizon_months=24, annual_discount_rate=0.1)
    tested = past_forecasts.backtest_margin(fit, purchases, past, draws=100)
    assert tested is not None
    assert tested.inside
    assert past_forecasts.ranking(fit, purchases).summary["selected"].sum() == 1
    weeks = tracking.tracking_table(fit, purchases)
    assert weeks[fit.selected].sum() == pytest.approx(weeks["actual"].sum(), rel=0.06)
    horizons = cltv_value.horizons_table(fit, base, states, annual_discount_rate=0.1)
    assert horizons["value"].notna().sum() == 9
    assert horizons["withheld"].str.contains("regular rhythm").sum() == 3
    with pytest.raises(CxvalueError, match="regular rhythm"):
        dert(fit.model, states, 0.1)
    levers = value_levers(
        fit.model, fit.spend, states, dormancy_days=90, horizon_months=12, annual_discount_rate=0.1, draws=200
    )
    found = {lever.name: lever for lever in levers.levers}
    assert "regular rhythm" in found["retention"].withheld
    assert np.isnan(found["retention"].gain.value)
    assert found["purchase"].gain.low > 0
    assert levers.equity.value == pytest.approx(
        customer_value(
            fit.model, fit.spend, states, horizon_months=12, annual_discount_rate=0.1, draws=20
        ).equity.value,
        rel=1e-6,
    )
    with pytest.raises(CxvalueError, match="no counterpart"):
        fit.model.to_lifetimes()


def test_cdnow_has_no_rhythm_and_a_study_that_asks_for_one_gets_the_parent() -> None:
    # BTYDplus, demo/cdnow.R: k = 1 for both, which are then the BG/NBD and the MBG/NBD.
    customer, days, dollars, _ = merged_days()
    dates = pd.Series(pd.to_datetime(days.astype("datetime64[D]"))).dt.date
    table = pd.DataFrame({"customer_id": customer.astype(str), "date": dates, "revenue": dollars, "margin": dollars})
    table = table.groupby(["customer_id", "date"], as_index=False).sum()
    fit = forecast.fit_cltv(
        ibis.memtable(table),
        as_of=date(1998, 6, 30),
        observed_from=date(1997, 1, 1),
        models=("bg_cnbd_k",),
        holdout_start=date(1997, 10, 1),
    )
    assert fit.selected == "bg_nbd"
    for models in (fit.calibration, fit.full):
        assert [model.name for model in models] == ["nbd", "bg_nbd", "mbg_nbd", "pareto_nbd"]


def test_the_future_of_two_events_a_purchase_written_out() -> None:
    states = make_states([4, 0, 30], [300, 0, 500], [350, 200, 510])
    gaps = np.array([4 * np.log(75.0), 0.0, 30 * np.log(500 / 30)])
    model = fit_regular(replace(states, sum_log_gaps=gaps), "mbg_cnbd_k", 2)
    model = replace(model, params={"r": 0.9, "alpha": 9.0, "a": 0.6, "b": 3.0}, status="ok")
    rng, n, until = np.random.default_rng(3), 200_000, 26.0
    x, recency, age = (column[0] for column in model.history_of(states))
    # Weighted by the likelihood of the history of customer 0, from the prior.
    rate, leave = rng.gamma(0.9, 1 / 9.0, n), rng.beta(0.6, 3.0, n)
    seen = rate ** (2 * x) * np.exp(-rate * recency) * (1 - leave) ** x
    stays = np.exp(-rate * (age - recency)) * (1 - leave)
    silent, one = stays, stays * rate * (age - recency)
    alive = (seen * (silent + one)).sum() / (seen * (silent + one + leave)).sum()
    assert model.p_alive(states)[0] == pytest.approx(alive, rel=0.03)
    none = np.exp(-rate * until)
    away = seen * (silent * none * (1 + rate * until) + one * none)
    back = 1 - away.sum() / (seen * (silent + one)).sum()
    assert model.p_return(states, until)[0] == pytest.approx(alive * back, rel=0.03)
