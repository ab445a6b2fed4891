"""A seasonal clock: exact on the calendar, found where there is a season and not where there is none, unbiased forecasts."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from functools import cache
from typing import NamedTuple

import ibis
import numpy as np
import pandas as pd
import pytest

from cxvalue import figures
from cxvalue.foundation.errors import CxvalueError
from cxvalue.lifetime import customer_value, value_levers
from cxvalue.lifetime.families.registry import SEASONAL
from cxvalue.lifetime.families.season import SeasonalClock, seasonal_index
from cxvalue.lifetime.fitting import sampled
from cxvalue.questions.churn.churn import study_churn
from cxvalue.questions.lifetime_value import cltv_fit, forecast, past_forecasts, seasonality, tracking
from cxvalue.questions.lifetime_value import horizons as cltv_value
from cxvalue.questions.lifetime_value.base_forecast import forecast_base, weights_of
from cxvalue.questions.lifetime_value.tables import season_table
from cxvalue.questions.lifetime_value.value_findings import season_findings
from cxvalue.tables.states import purchase_states_from_purchases
from tests.lifetime.bases import NOTHING_PAST

START, AS_OF, END = date(2021, 1, 1), date(2024, 12, 31), date(2025, 12, 31)
# Amplitude 0.4, highest in September and lowest in March: the year ends on the way down.
TRUE = 1 + 0.4 * np.cos(2 * np.pi * (np.arange(1, 13) - 9) / 12)


class World(NamedTuple):
    """Purchases to the end of 2024, and how many the same customers made in the first 3 and the 12 months after it."""

    table: ibis.Table
    soon: int
    year: int
    margin: float


@cache
def world(amplitude: bool, size: int = 2_500) -> World:
    """MBG/NBD customers (r 1, a 0.6, b 3) whose pace follows the season, acquired ever faster over three years."""
    rng = np.random.default_rng(11)
    speed = TRUE if amplitude else np.ones(12)
    days = np.arange(np.datetime64(START), np.datetime64(END) + 1)
    month = days.astype("datetime64[M]").astype(int) % 12
    passed = np.cumsum(speed[month] / speed[month].mean())
    joined = np.sort((1_095 * rng.beta(1.3, 1.0, size)).astype(int))
    rate, leave = rng.gamma(1.0, 1 / 50.0, size), rng.beta(0.6, 3.0, size)
    who, when = [np.arange(size)], [joined]
    time = passed[joined].copy()
    active = np.flatnonzero(rng.random(size) >= leave)
    while active.size:
        time[active] += rng.exponential(1 / rate[active])
        active = active[time[active] <= passed[-1]]
        who.append(active)
        when.append(np.searchsorted(passed, time[active]))
        active = active[rng.random(active.size) >= leave[active]]
    owner, day = np.concatenate(who), np.concatenate(when)
    revenue = rng.gamma(6.0, 1 / rng.gamma(4.0, 1 / 10.0, size)[owner])
    rows = pd.DataFrame({"customer_id": owner.astype(str), "day": day, "revenue": revenue, "margin": 0.4 * revenue})
    rows = rows.groupby(["customer_id", "day"], as_index=False).sum()
    rows["date"] = pd.Series(pd.to_datetime(days[rows["day"]])).dt.date
    later = rows["date"] > AS_OF
    soon = later & (rows["date"] <= date(2025, 3, 31))
    margin = float(rows["margin"][later].sum())
    return World(ibis.memtable(rows[~later].drop(columns="day")), int(soon.sum()), int(later.sum()), margin)


@cache
def fitted(amplitude: bool) -> cltv_fit.CltvFit:
    fit = forecast.fit_cltv(world(amplitude).table, as_of=AS_OF, observed_from=START, holdout_start=date(2024, 1, 1))
    return cltv_fit.CltvFit.from_dict(json.loads(json.dumps(fit.to_dict())))


def test_the_clock_counts_days_at_the_speed_of_their_month() -> None:
    clock = SeasonalClock.of(TRUE)
    first = np.datetime64("2024-01-01").astype(int)
    # A leap year, day by day.
    days = np.arange(np.datetime64("2024-01-01"), np.datetime64("2025-01-01"))
    speed = np.array(clock.speed)[days.astype("datetime64[M]").astype(int) % 12]
    assert clock.elapsed(first, first + np.arange(1, 367)) == pytest.approx(np.cumsum(speed), rel=1e-10)
    assert clock.elapsed(first, first + 0.5) == pytest.approx(0.5 * clock.speed[0])
    four = np.datetime64("2020-01-01").astype(int), np.datetime64("2024-01-01").astype(int)
    assert clock.elapsed(*four) == pytest.approx(1461, rel=1e-12)
    with pytest.raises(CxvalueError, match="12 speeds above 0"):
        SeasonalClock.of([1.0] * 11 + [0.0])


def test_the_index_is_recovered_beside_growth_and_shrunk_where_there_is_noise() -> None:
    rng = np.random.default_rng(1)
    month = np.tile(np.arange(1, 13), 3)
    growth = 200 * np.exp(np.linspace(0, 1.0, 36))
    found = seasonal_index(month, rng.poisson(growth * TRUE[month - 1]), np.full(36, 300.0))
    clock = np.array(SeasonalClock.of(TRUE).speed)
    assert np.array(found.index) == pytest.approx(clock, rel=0.15)
    assert ((np.array(found.low) < clock) & (clock < np.array(found.high))).sum() >= 10
    assert found.p_value < 1e-6
    p = []
    for seed in range(200):
        noise = seasonal_index(month, np.random.default_rng(seed).poisson(growth), growth)
        assert max(noise.index) - min(noise.index) < 0.35
        p.append(noise.p_value)
    # The F test keeps its level (99.9% bound of 200 draws at 5%: 22).
    assert (np.array(p) < 0.05).sum() <= 22
    with pytest.raises(CxvalueError, match="at least twice"):
        seasonal_index(np.arange(1, 13), np.ones(12), np.ones(12))


def test_a_season_is_found_and_forecasts_follow_it() -> None:
    fit, came = fitted(True), world(True)
    assert fit.selected in SEASONAL
    assert fit.seasonal
    table = season_table(fit)
    assert table["index"].to_numpy() == pytest.approx(np.array(SeasonalClock.of(TRUE).speed), abs=0.09)
    assert table["used"].all()
    states = purchase_states_from_purchases(came.table, as_of=AS_OF, per_customer=True)
    plain = next(model for model in fit.full if model.name == SEASONAL[fit.forecast])
    spread = np.sqrt(3 * came.soon)  # heterogeneous customers: about three times the variance of a Poisson
    for model, unbiased in ((fit.model, True), (plain, False)):
        soon = model.expected_transactions(states, model.time_unit.from_days(90)).sum()
        assert (abs(soon - came.soon) < 2.5 * spread) == unbiased
    assert plain.expected_transactions(states, 90 / 7).sum() > 1.25 * came.soon
    year = fit.model.expected_transactions(states, 365 / 7).sum()
    # Over 12 worlds like this one the clock missed the next 3 months by -2.0% and the next 12 by -1.1% on average (standard
    # errors 0.8% and 0.6%), the same model without it by +51% and by +5%.
    assert year == pytest.approx(came.year, rel=0.03)
    assert plain.expected_transactions(states, 365 / 7).sum() > 1.03 * came.year
    # The same purchases, seen as a density in calendar time: the season is worth hundreds of log-likelihood.
    assert fit.model.log_likelihood > plain.log_likelihood + 100
    truth = np.log([1.0, 50 / 7, 0.6, 3.0])
    if fit.model.name == "mbg_nbd_seasonal":
        error = np.log(list(fit.model.params.values())) - truth
        assert error @ np.linalg.solve(fit.model.covariance, error) < 18.5  # 99.9% of chi-squared with 4 degrees


def test_everything_beside_the_forecast_follows_the_clock() -> None:
    fit, came = fitted(True), world(True)
    states = purchase_states_from_purchases(came.table, as_of=AS_OF, per_customer=True)
    value = customer_value(fit.model, fit.spend, states, horizon_months=12, annual_discount_rate=0.0, draws=300)
    assert value.equity.low < came.margin < value.equity.high
    assert value.expected_purchases.low < came.year < value.expected_purchases.high
    short = customer_value(fit.model, fit.spend, states, horizon_months=3, annual_discount_rate=0.0, draws=300)
    assert short.expected_purchases.low < came.soon < short.expected_purchases.high
    assert short.expected_purchases_12m.value == pytest.approx(value.expected_purchases.value, rel=2e-3)
    base = forecast_base(fit, came.table, states, horizon_months=12, annual_discount_rate=0.1, draws=100)
    assert base.combined
    assert 0 < weights_of(base, fit)[fit.selected] < 1
    horizons = cltv_value.horizons_table(fit, base, states, annual_discount_rate=0.1)
    discounted = customer_value(fit.model, fit.spend, states, horizon_months=12, annual_discount_rate=0.1, draws=20)
    mine = horizons[(horizons["horizon_months"] == 12) & (horizons["annual_discount_rate"] == 0.1)]
    assert mine["value"].iloc[0] == pytest.approx(base.value.equity.value, rel=2e-3)
    assert base.value.equity.low < came.margin * discounted.equity.value / value.equity.value < base.value.equity.high
    # One that is asked for by name keeps its value, the season in it.
    alone = replace(fit, combines=False, past=NOTHING_PAST)
    named = forecast_base(alone, came.table, states, horizon_months=12, annual_discount_rate=0.1, draws=20)
    assert named.value.equity.value == pytest.approx(discounted.equity.value, rel=1e-12)
    by_name = cltv_value.horizons_table(alone, named, states, annual_discount_rate=0.1)
    assert by_name["value"][0:1].item() == pytest.approx(
        customer_value(
            fit.model, fit.spend, states, horizon_months=12, annual_discount_rate=0.05, draws=20
        ).equity.value
    )
    levers = value_levers(
        fit.model, fit.spend, states, dormancy_days=90, horizon_months=12, annual_discount_rate=0.1, draws=100
    )
    assert levers.equity.value == pytest.approx(discounted.equity.value, rel=1e-6)
    churn = study_churn(fit, base, states, came.table, dormancy_days=90, observed_from=START, draws=100)
    assert churn.losses is not None
    weeks = tracking.tracking_table(fit, came.table)
    inside = weeks[weeks["week_end"] > pd.Timestamp(fit.holdout_start)]
    error = {name: np.abs(inside[name] - inside["actual"]).mean() for name in (fit.selected, SEASONAL[fit.selected])}
    assert error[fit.selected] < 0.8 * error[SEASONAL[fit.selected]]
    rolled = past_forecasts.rolling_table(fit, came.table, START)
    assert rolled[rolled["model"] == fit.selected]["origin"].max() == fit.holdout_start
    tested = past_forecasts.backtest_margin(alone, came.table, NOTHING_PAST, draws=100)
    assert tested is not None
    assert tested.predicted.value == pytest.approx(tested.actual, rel=0.12)
    assert tested.model == fit.selected
    with pytest.raises(CxvalueError, match="seasonal clock"):
        fit.model.to_lifetimes()


def test_without_a_season_the_clock_is_not_chosen() -> None:
    fit = fitted(False)
    assert fit.season is not None
    assert not fit.seasonal
    assert fit.season.index is None or max(fit.season.index.index) < 1.2
    assert not season_table(fit)["used"].any()


def test_two_full_years_before_the_holdout_are_needed() -> None:
    fit = forecast.fit_cltv(world(True).table, as_of=AS_OF, observed_from=START, holdout_start=date(2022, 12, 1))
    assert fit.season is not None
    assert "two full years" in fit.season.reason
    assert season_table(fit).empty
    assert not {model.name for model in fit.calibration} & set(SEASONAL)


def test_the_finding_says_what_the_forecast_does() -> None:
    (found,) = season_findings(fitted(True))
    assert found.value is not None
    assert found.low is not None
    assert found.low < 0.4 < found.high
    assert "in September" in found.text
    assert "in March" in found.text
    assert "The forecast follows them" in found.text
    for said in season_findings(fitted(False)):
        assert "The forecast follows them" not in said.text
    unchosen = replace(fitted(True), forecast="mbg_nbd")
    assert "does not follow them" in season_findings(unchosen)[0].text
    drawn = figures.seasonal_index(season_table(fitted(True)))
    assert len(drawn.axes[0].patches) == 12
    assert figures.seasonal_index(season_table(replace(fitted(True), season=None))).axes


def test_the_expected_path_is_that_of_the_model() -> None:
    fit = fitted(True)
    model = next(model for model in fit.full if model.name == "mbg_nbd")
    start = np.datetime64(START).astype(int)
    days, first = start + np.array([100, 365]), start + np.array([0, 30])
    ages = (days[:, None] - first[None, :] - 1) / 7
    exact = model.expected_new(ages) @ np.array([2.0, 3.0])
    assert seasonality.expected_on_days(model, days, first, np.array([2.0, 3.0])) == pytest.approx(exact, rel=1e-5)


def test_a_large_base_is_judged_on_a_sample_and_valued_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampled, "LARGEST_WHOLE", 1_000)
    monkeypatch.setattr(sampled, "SAMPLE", 900)
    start, every = date(2024, 1, 1), fitted(True)
    fit = forecast.fit_cltv(
        world(True).table, as_of=AS_OF, observed_from=START, holdout_start=start, models=tuple(SEASONAL)
    )
    known = round(every.full[0].customers) - every.first_seen_in_holdout
    assert (fit.sample, every.sample) == ((900, known), None)
    assert fit.selected == every.selected
    assert fit.season is not None
    assert every.season is not None
    assert fit.season.index is not None
    assert every.season.index is not None
    # What came, the season and today's models are those of everybody, with their errors and not those of the sample.
    assert {score.actual for score in fit.scores} == {score.actual for score in every.scores}
    assert fit.season.index.observed == every.season.index.observed
    assert fit.season.index.index == pytest.approx(every.season.index.index, rel=0.01)
    for name in ("nbd", "bg_nbd", *SEASONAL):
        own, whole = (next(one for one in found.full if one.name == name) for found in (fit, every))
        assert (own.customers, own.status) == (whole.customers, whole.status)
        assert list(own.se.values()) == pytest.approx(list(whole.se.values()), rel=0.02)
        assert list(own.params.values()) == pytest.approx(list(whole.params.values()), rel=0.02)
    for name, plain in SEASONAL.items():
        own, whole = (next(one for one in found.calibration if one.name == name) for found in (fit, every))
        assert own.customers == 900
        off = np.log(list(own.params.values())) - np.log(list(whole.params.values()))
        assert off @ np.linalg.solve(own.covariance, off) < 13.8 / 2
        # What the season explains beside the plain model is the sample's share of what it explains in everybody.
        before = (next(one for one in found.calibration if one.name == plain) for found in (fit, every))
        gains = [one.log_likelihood - other.log_likelihood for one, other in zip((own, whole), before, strict=True)]
        assert gains[0] / 900 == pytest.approx(gains[1] / known, rel=0.25)
        foreseen = [next(one for one in found.scores if one.model == name).predicted for found in (fit, every)]
        assert foreseen[0] == pytest.approx(foreseen[1], rel=0.05)
