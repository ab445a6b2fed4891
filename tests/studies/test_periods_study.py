"""A study that counts periods: BG/BB from the study file to the page, and every figure beside it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path

import ibis
import numpy as np
import pandas as pd
import pytest

from cxvalue import figures
from cxvalue.foundation.errors import CxvalueError
from cxvalue.lifetime import customer_value, value_levers
from cxvalue.lifetime.families.registry import MODEL_TITLES
from cxvalue.lifetime.prediction.whole_base import WholeBase
from cxvalue.questions.campaigns.dormancy import sleeping_value
from cxvalue.questions.churn.churn import study_churn
from cxvalue.questions.churn.early_warning import early_warning
from cxvalue.questions.churn.findings import churn_findings
from cxvalue.questions.churn.past_churn import backtest
from cxvalue.questions.lifetime_value import cltv_fit, forecast, past_forecasts, tracking
from cxvalue.questions.lifetime_value import horizons as cltv_value
from cxvalue.questions.lifetime_value import tables as cltv
from cxvalue.questions.lifetime_value.base_forecast import forecast_base
from cxvalue.questions.lifetime_value.findings import cltv_findings
from cxvalue.questions.lifetime_value.lever_sentences import levers_report
from cxvalue.questions.lifetime_value.value_findings import rolling_sentence, value_findings
from cxvalue.run.study_run import run_study
from cxvalue.tables.periods import period_states
from cxvalue.tables.states import PurchaseStates
from tests.lifetime.bases import NOTHING_PAST
from tests.lifetime.conftest import CALIBRATION_END
from tests.lifetime.opportunities import OpportunityWorld, draw_purchases

START = date(1994, 10, 1)


@cache
def world() -> tuple[ibis.Table, int, float]:
    """1,000 customers and 36 months, two purchases in each month with one; then what came in 12 more months."""
    rows = draw_purchases(OpportunityWorld(), np.random.default_rng(14))
    later = rows[rows["later"]]
    return ibis.memtable(rows[~rows["later"]].drop(columns="later")), len(later) // 2, float(later["margin"].sum())


@cache
def fitted() -> cltv_fit.CltvFit:
    fit = forecast.fit_cltv(world()[0], as_of=CALIBRATION_END, observed_from=START, time_unit="month", models="bg_bb")
    return cltv_fit.CltvFit.from_dict(json.loads(json.dumps(fit.to_dict())))


def states() -> PurchaseStates:
    return period_states(world()[0], as_of=CALIBRATION_END, period="month")


@cache
def based(months: int, rate: float) -> WholeBase:
    return forecast_base(fitted(), world()[0], states(), horizon_months=months, annual_discount_rate=rate)


def test_the_model_of_opportunities_is_fitted_judged_and_listed() -> None:
    fit = fitted()
    assert (fit.selected, fit.forecast, fit.withheld, fit.period, fit.things) == (
        *("bg_bb", "bg_bb", "", "month"),
        "months with a purchase",
    )
    assert (fit.as_of, fit.holdout_start) == (CALIBRATION_END, date(1996, 10, 1))
    table = cltv.models_table(fit)
    full = table[table["window"] == "full"]
    assert full["model"].tolist() == ["bb", "bb", *4 * ["bg_bb"], *3 * ["gamma_gamma"]]
    assert full["parameter"].tolist()[:6] == ["alpha", "beta", "alpha", "beta", "gamma", "delta"]
    assert set(table["time_unit"]) == {"month"}
    assert table[table["model"] == "bg_bb"]["selected"].all()
    # The truth of the world.
    truth = dict(zip(full["parameter"][2:6], (1.2, 1.5, 0.7, 8.0), strict=True))
    for row in full[2:6].itertuples():
        assert row.low * 0.7 < truth[row.parameter] < row.high * 1.4
    scores = {score.model: score for score in fit.scores}
    assert scores["bg_bb"].log_score > scores["bb"].log_score + 100
    assert abs(scores["bg_bb"].bias) < 0.1 * scores["bg_bb"].actual
    by_frequency = tracking.calibration_by_frequency(fit, world()[0])
    assert by_frequency["customers"] @ by_frequency["actual"] == pytest.approx(scores["bg_bb"].actual)
    assert by_frequency["customers"] @ by_frequency["bg_bb"] == pytest.approx(scores["bg_bb"].predicted)


def test_the_value_covers_what_then_came() -> None:
    fit, (_, purchases, margin) = fitted(), world()
    value = customer_value(fit.model, fit.spend, states(), horizon_months=12, annual_discount_rate=0.0)
    assert value.equity.low < margin < value.equity.high
    # Asked for by name, its value stands, with a range that past misses of its kind make wider.
    base = based(12, 0.0)
    assert not fit.combines
    assert base.value.equity.value == pytest.approx(value.equity.value, rel=1e-12)
    assert base.value.cltv == pytest.approx(value.cltv, rel=1e-12)
    assert base.value.p_return_90d == pytest.approx(value.p_return_90d, rel=1e-12)
    assert base.value.expected_purchases.value == pytest.approx(value.expected_purchases.value, rel=2e-3)
    assert base.value.equity.low < value.equity.low < value.equity.high < base.value.equity.high
    value_by_model, value = value, base.value
    assert value_by_model.new_customer.value == value.new_customer.value
    assert value.equity.low < margin < value.equity.high
    assert value.expected_purchases.low < purchases < value.expected_purchases.high
    table = cltv.customers_table(value, states(), dormancy_days=90)
    assert table["p_alive"].between(0, 1).all()
    assert table["p_return_90d"].between(0, 1).all()
    assert table["cltv"].sum() == pytest.approx(value.equity.value)
    # Frequency, recency and age are those of the model, the silence is that of the purchases.
    assert (table["age_days"] % 30.4375).between(2.5, 28).sum() == 0
    last = (
        world()[0].group_by("customer_id").agg(last=world()[0].date.max()).to_pandas().set_index("customer_id")["last"]
    )
    silent = (pd.Timestamp(CALIBRATION_END) - pd.to_datetime(last)).dt.days.loc[table["customer_id"]]
    assert (table["days_silent"].to_numpy() == silent.to_numpy()).all()
    assert (table["dormant"] == (table["days_silent"] >= 90)).all()
    said = {one.id: one for one in cltv_findings(base, fit, customers=1_000, currency="EUR")}
    assert "all purchases of a month count as one, and only whole months up to 30 September 1997" in (
        said["cltv.equity"].text
    )
    assert "the first month with a purchase included" in said["cltv.new_customer"].text
    assert said["cltv.holdout_bias"].unit == said["cltv.holdout_mae"].unit == "months with a purchase"
    assert "beta-Bernoulli (no dropout) +" in said["cltv.holdout_bias"].text
    assert "purchases" not in said["cltv.holdout_bias"].text


def test_everything_beside_the_value_works_or_says_why_not() -> None:
    fit, purchases, base = fitted(), world()[0], based(12, 0.1)
    churn = study_churn(fit, base, states(), purchases, dormancy_days=90, observed_from=START, draws=100)
    assert churn.losses is not None
    assert churn.losses.rate.low < churn.losses.rate.value < churn.losses.rate.high
    past = backtest(fit, purchases, dormancy_days=90)
    assert past is not None
    assert past.auc > 0.6
    assert past.probabilities.mean() == pytest.approx(past.stayed_away.mean(), abs=0.06)
    assert churn_findings(churn, past, currency="EUR")[0].method.startswith("BG/BB, from all data up to")
    warned = early_warning(churn, fit.model, purchases)
    assert warned["reason"].str.contains("usual rhythm broken").any()
    rolled = past_forecasts.rolling_table(fit, purchases, START)
    assert [day.isoformat() for day in rolled["origin"].unique()] == ["1996-10-01", "1996-04-01", "1995-10-01"]
    assert {day.isoformat() for day in rolled["until"]} == {"1997-09-30", "1997-03-31", "1996-09-30"}
    assert "in total months with a purchase" in rolling_sentence(rolled, fit)
    main = rolled[(rolled["origin"] == fit.holdout_start) & (rolled["model"] == "bg_bb")].iloc[0]
    score = fit.score
    assert score is not None
    assert (main["predicted"], main["actual"]) == pytest.approx((score.predicted, score.actual))
    assert main["log_score_per_customer"] * main["customers"] == pytest.approx(score.log_score)
    tested = past_forecasts.backtest_margin(fit, purchases, NOTHING_PAST, draws=100)
    assert tested is not None
    assert tested.model == "bg_bb"
    assert tested.inside
    months = tracking.tracking_table(fit, purchases)
    assert months["week_end"].dt.is_month_end.all()
    assert months[months["week_end"] > pd.Timestamp("1996-10-01")]["actual"].sum() == score.actual
    assert months["bg_bb"].sum() == pytest.approx(months["actual"].sum(), rel=0.06)
    drawn = figures.holdout_tracking(months, fit.holdout_start, MODEL_TITLES, things=fit.things, each="month")
    assert drawn.axes[1].get_title(loc="left") == "Customers who bought again in each month"
    horizons = cltv_value.horizons_table(fit, base, states(), annual_discount_rate=0.1)
    assert horizons["value"].notna().all()
    assert horizons[horizons["annual_discount_rate"] == 0.1]["value"].is_monotonic_increasing
    levers = value_levers(
        fit.model, fit.spend, states(), dormancy_days=90, horizon_months=12, annual_discount_rate=0.1, draws=100
    )
    words = levers_report(levers, "EUR", fit.thing).set_index("lever")["text"]
    assert "a point of retention is not available for opportunities" in words["retention"]
    assert "bought in one more month a year" in words["purchase"]
    assert "If every month with a purchase brought" in words["margin"]
    sleeping = sleeping_value(fit, base, states(), days=90)
    assert sleeping is not None
    assert 0 < sleeping.return_90d < 0.3
    paid = cltv_value.payback(fit.model, fit.spend, states(), 20.0, annual_discount_rate=0.1, draws=50)
    text = {one.id: one.text for one in value_findings(tested, paid, currency="EUR", discount=0.1, thing=fit.thing)}
    assert "expected to pay that back within" in text["cltv.payback_months"]
    matrix = figures.frequency_recency(fit.model, pd.DataFrame({"frequency": [9], "age_days": [700]}), 12)
    assert matrix.axes[0].get_ylabel() == "Further months with a purchase"


def test_a_world_that_nobody_leaves_is_withheld() -> None:
    rows = draw_purchases(OpportunityWorld(customers=400, seen=18, gamma=0.0), np.random.default_rng(1))
    seen = ibis.memtable(rows[~rows["later"]])
    how = {"observed_from": date(1996, 4, 1), "time_unit": "month", "models": ("bg_bb",)}
    fit = forecast.fit_cltv(seen, as_of=CALIBRATION_END, **how)
    assert (fit.selected, fit.forecast) == ("bb", "bb")
    assert fit.withheld.startswith("No dropout can be identified: the BG/BB describes these histories hardly better")
    held = period_states(seen, as_of=CALIBRATION_END, period="month")
    base = forecast_base(fit, seen, held, horizon_months=12, annual_discount_rate=0.0, draws=100)
    churn = study_churn(fit, base, held, seen, dormancy_days=90, observed_from=date(1996, 4, 1))
    assert {one.value for one in churn_findings(churn, None, currency="EUR")} == {None}
    assert backtest(fit, seen, dormancy_days=90) is None
    value = customer_value(
        fit.model, fit.spend, held, horizon_months=12, annual_discount_rate=0.0, withheld=fit.withheld, draws=100
    )
    assert np.isnan(value.p_alive).all()
    assert np.isnan(base.value.p_alive).all()
    came = rows[rows["later"]]["margin"].sum()
    assert value.equity.low < came < value.equity.high
    with pytest.raises(CxvalueError, match="cannot be compared with models that count days"):
        forecast.fit_cltv(seen, as_of=CALIBRATION_END, **{**how, "models": ("bg_bb", "nbd")})
    with pytest.raises(CxvalueError, match="counts calendar periods, and a day is not one"):
        forecast.fit_cltv(seen, as_of=CALIBRATION_END, **{**how, "time_unit": "day"})
    with pytest.raises(CxvalueError, match="Nobody bought in a second year"):
        forecast.fit_cltv(
            seen.filter(seen.date < date(1996, 12, 1)), as_of=date(1997, 1, 1), **{**how, "time_unit": "year"}
        )
    # A holdout that leaves no whole month to compare with does not count.
    late, usual = (
        forecast.fit_cltv(seen, as_of=date(1997, 9, 29), holdout_start=start, **how)
        for start in (date(1997, 9, 2), None)
    )
    assert late.as_of == date(1997, 8, 31)
    assert late.holdout_start == usual.holdout_start


def test_all_data_decide_whether_somebody_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = draw_purchases(OpportunityWorld(customers=150, seen=24), np.random.default_rng(3))
    seen = ibis.memtable(rows[~rows["later"]])
    how = {"as_of": CALIBRATION_END, "observed_from": date(1995, 10, 1), "time_unit": "month", "models": "bg_bb"}
    # Five months before the holdout are too few to tell who has left, two years are not.
    fit = forecast.fit_cltv(seen, holdout_start=date(1996, 3, 10), **how)
    assert fit.holdout_start == date(1996, 3, 1)
    assert {model.name: model.status for model in fit.calibration} == {"bb": "ok", "bg_bb": "degenerate"}
    assert (fit.selected, fit.forecast, fit.withheld) == ("bb", "bg_bb", "")
    still, leaving = fit.full
    unsettled = replace(leaving, status="not_converged", reason="It did not converge.")
    monkeypatch.setattr(forecast, "fit_by_period", lambda states: (still, unsettled))
    with pytest.raises(
        CxvalueError, match=r"It did not converge\. Customers do leave, so a model in which nobody does would"
    ):
        forecast.fit_cltv(seen, **how)


def test_a_study_of_quarters_reported_in_the_middle_of_one(tmp_path: Path) -> None:
    rows = draw_purchases(OpportunityWorld(customers=400, seen=20, period="quarter"), np.random.default_rng(2))
    folder = tmp_path / "donors"
    folder.mkdir()
    rows[["customer_id", "date", "revenue"]].to_csv(folder / "orders.csv", index=False)
    (folder / "study.yml").write_text(
        "name: donors\ncurrency: EUR\nas_of: 1997-11-10\ngross_margin: 0.4\nannual_discount_rate: 0.1\n"
        "horizon_months: 24\ncltv: {models: bg_bb, time_unit: quarter, holdout_start: 1996-11-20}\n"
        "tables: {transactions: {path: orders.csv}}\n",
        encoding="utf-8",
    )
    result = run_study(folder, out=tmp_path / "reports", only=["20_cltv"])
    found = {one["id"]: one for one in json.loads((result.folder / "findings.json").read_text(encoding="utf-8"))}
    assert "only whole quarters up to 30 September 1997 count" in found["cltv.equity"]["text"]
    bias = found["cltv.holdout_bias"]
    assert bias["unit"] == "quarters with a purchase"
    assert "for 1 October 1996 to 30 September 1997" in bias["text"]
    models = pd.read_csv(result.folder / "tables" / "models.csv")
    assert set(models["model"]) == {"bb", "bg_bb", "gamma_gamma"}
    assert set(models["time_unit"]) == {"quarter"}
    customers = pd.read_parquet(result.folder / "tables" / "customers.parquet")
    assert len(customers) == 400
    assert customers["cltv"].sum() == pytest.approx(found["cltv.equity"]["value"])
    # Nobody buys in more quarters than there were.
    assert (customers["frequency"] <= (customers["recency_days"] / 91.3125).round()).all()
    equity = found["cltv.equity"]
    came = 0.4 * rows[rows["later"] & (rows["date"] < date(1999, 10, 1))]["revenue"].sum()
    assert 0.9 * equity["low"] < came / 1.1 < 1.1 * equity["high"]
    page = (result.folder / "notebooks" / "20_cltv.html").read_text(encoding="utf-8")
    assert "Traceback" not in page
    said = re.sub(r"\s+", " ", page)
    assert "What is counted: quarters with a purchase after the first, up to 30 September 1997." in said
