"""Forecasts held against what came: origins, ranking, and the backtest in money, on CDNOW and on known worlds."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import ibis
import numpy as np
import pandas as pd
import pytest
from scipy.stats import mannwhitneyu

from cxvalue.foundation.calendar import day_number
from cxvalue.foundation.errors import CxvalueError
from cxvalue.lifetime.evidence.past import Past
from cxvalue.questions.lifetime_value import forecast, past_forecasts, past_states
from cxvalue.questions.lifetime_value.cltv_fit import CltvFit
from cxvalue.questions.lifetime_value.past_states import PastStates
from cxvalue.simulate import shop
from cxvalue.workspace.opened import Study
from tests.lifetime.bases import NOTHING_PAST
from tests.purchases import purchases_of


@pytest.fixture(scope="module")
def table(sample: Study) -> pd.DataFrame:
    return past_forecasts.rolling_table(sample.cltv, sample.purchases, sample.observed_from)


def past_of_sample(sample: Study) -> Past:
    past = sample.cltv.past
    assert past is not None
    return past


def test_origins_leave_half_of_the_history_to_learn_from() -> None:
    found = past_forecasts.origins_of(date(1997, 10, 1), date(1998, 6, 30), date(1997, 1, 1))
    assert found.dates[0] == date(1997, 10, 1)
    assert len(found.dates) == 3
    assert (found.dates[-1] - date(1997, 1, 1)).days >= found.days
    assert found.dates[0] + timedelta(days=found.days - 1) <= date(1998, 6, 30)
    short = past_forecasts.origins_of(date(2025, 1, 29), date(2025, 2, 25), date(2025, 1, 1))
    assert (len(short.dates), short.days) == (2, 14)
    assert len(past_forecasts.origins_of(date(2025, 1, 21), date(2025, 2, 25), date(2025, 1, 1)).dates) == 1


def test_every_model_is_scored_from_every_origin(sample: Study, table: pd.DataFrame) -> None:
    assert table["model"].tolist() == ["nbd", "bg_nbd", "mbg_nbd", "pareto_nbd"] * 3
    assert (table.groupby("origin")["best"].sum() == 1).all()
    assert (table["bias"] - (table["predicted"] - table["actual"])).abs().max() < 1e-9
    assert (table["log_score_per_customer"] < 0).all()
    assert not table[table["status"] != "ok"]["best"].any()
    # Purchases of the 2,357 customers in the window, counted from the table itself.
    days = sample.purchases.to_pandas()
    for row in table.itertuples():
        inside = days["date"].between(pd.Timestamp(row.origin), pd.Timestamp(row.until))
        assert row.actual == inside.sum()
        assert row.customers == 2357


def test_the_first_origin_agrees_with_the_scores_of_the_holdout(sample: Study) -> None:
    # With the window of the holdout the rolling figures must be those of `score_holdout`.
    fit = sample.cltv
    start = fit.need_holdout("The test")

    def asked(fit: CltvFit) -> list[dict[str, Any]]:
        then = PastStates(fit, sample.purchases)
        states, actual = then.known_before(start), then.bought(start, fit.as_of)
        foreseen = past_forecasts._foreseen(fit, then, fit.calibration, states, actual, start, fit.as_of)
        return past_forecasts._scored(fit.calibration, foreseen, actual, start, fit.as_of)

    anew = asked(replace(fit, scores=()))
    # Scores that are known are not worked out again.
    pd.testing.assert_frame_equal(pd.DataFrame(asked(fit)), pd.DataFrame(anew), rtol=1e-12)
    doubled = tuple(replace(score, log_score=2 * score.log_score) for score in fit.scores)
    assert asked(replace(fit, scores=doubled))[0]["log_score_per_customer"] == pytest.approx(
        2 * anew[0]["log_score_per_customer"]
    )
    other = tuple(replace(score, actual=score.actual + 1, log_score=0.0) for score in fit.scores)
    assert asked(replace(fit, scores=other)) == anew
    for row, score in zip(anew, fit.scores, strict=True):
        assert row["predicted"] == pytest.approx(score.predicted, rel=1e-9)
        assert row["mae"] == pytest.approx(score.mae, rel=1e-9)
        assert row["log_score_per_customer"] * 2357 == pytest.approx(score.log_score, rel=1e-9)
        assert row["best"] == score.selected


def test_nothing_after_an_origin_is_learnt(sample: Study, table: pd.DataFrame) -> None:
    # A fit on a table that ends on the day before the earliest origin gives the same forecast.
    from cxvalue.lifetime import fit
    from cxvalue.tables.states import purchase_states_from_purchases

    row = table[table["model"] == "bg_nbd"].iloc[-1]
    purchases = sample.purchases
    past = purchases.filter(purchases.date < ibis.literal(row["origin"]))
    states = purchase_states_from_purchases(past, as_of=row["origin"] - timedelta(days=1), per_customer=True)
    expected = fit(states.grouped(), "bg_nbd").expected_transactions(states, row["days"] / 7).sum()
    assert row["predicted"] == pytest.approx(expected, rel=1e-9)


def test_tenths_and_ranking(sample: Study) -> None:
    found = past_forecasts.ranking(sample.cltv, sample.purchases)
    for model, part in found.deciles.groupby("model"):
        assert part["customers"].sum() == 2357, model
        assert (part["customers"] * part["actual"]).sum() == pytest.approx(1882)
        assert (part["predicted"].diff().dropna() <= 1e-12).all()
    totals = (found.deciles["customers"] * found.deciles["predicted"]).groupby(found.deciles["model"]).sum()
    # BTYD and CLVTools re-run: P/NBD 1665.66, BG/NBD 1653.39.
    assert totals[["pareto_nbd", "bg_nbd"]].tolist() == pytest.approx([1665.66, 1653.39], rel=2e-4)
    assert found.summary["gini"].between(0.6, 0.8).all()
    assert found.summary.set_index("model")["decile_error"].idxmax() == "nbd"
    assert found.summary[found.summary["selected"]]["model"].tolist() == [sample.cltv.selected]


def test_no_order_among_customers_of_whom_the_same_is_expected_matters() -> None:
    rng = np.random.default_rng(6)
    predicted = rng.choice(rng.gamma(0.5, 2.0, 40), 5_003)
    actual = rng.poisson(predicted).astype(float)
    order, shuffled = past_forecasts._Order.of(predicted), rng.permutation(predicted.size)
    ties = past_forecasts._Order(np.argsort(-predicted, kind="stable"), order.group, order.size)
    assert past_forecasts._deciles(order, predicted, actual) == past_forecasts._deciles(ties, predicted, actual)
    found = past_forecasts.gini(predicted[shuffled], actual[shuffled])
    assert found == pytest.approx(past_forecasts.gini(predicted, actual), rel=1e-12)


def test_gini_is_twice_the_area_minus_one_and_bears_ties() -> None:
    rng = np.random.default_rng(2)
    predicted, bought = rng.integers(0, 6, 500).astype(float), rng.integers(0, 2, 500).astype(float)
    area = mannwhitneyu(predicted[bought == 1], predicted[bought == 0]).statistic / (bought.sum() * (bought == 0).sum())
    assert past_forecasts.gini(predicted, bought) == pytest.approx(2 * area - 1)
    assert past_forecasts.gini(-bought, bought) == pytest.approx(-1.0)
    assert past_forecasts.gini(np.ones(9), np.arange(9.0)) == pytest.approx(0.0)
    assert np.isnan(past_forecasts.gini(np.arange(3.0), np.ones(3)))
    assert np.isnan(past_forecasts.gini(np.arange(3.0), np.zeros(3)))


def test_the_table_also_has_what_every_candidate_said_of_every_past_date(sample: Study, table: pd.DataFrame) -> None:
    past, base = past_of_sample(sample), sample.base
    whole = past_forecasts.with_past_totals(table, base, past)
    added = ["horizon_months", "actual_margin", "predicted_margin", "low", "high", "log_ratio"]
    assert whole.columns.tolist() == [*table.columns, *added]
    head = whole.iloc[: len(table)]
    assert head["predicted"].tolist() == table["predicted"].tolist()
    assert head["horizon_months"].tolist() == pytest.approx((table["days"] / 30.4375).round(1).tolist())
    assert head[added[1:]].isna().all().all()
    rest = whole.iloc[len(table) :]
    said = rest[rest["model"] == "combination"]
    assert len(said) == len(past.margin)
    assert set(rest["model"]) == {*past.margin.names, "combination"}
    # Margin from the table itself, each month's at the end of the month; nobody joined after the first quarter.
    sold = sample.purchases.to_pandas()
    rate = sample.file.annual_discount_rate
    for row in said.itertuples():
        first = pd.Timestamp(row.origin)
        since = (sold["date"] - first).dt.days + 1
        inside = sold[(since >= 1) & (since <= row.days)]
        assert row.until == (first + pd.Timedelta(days=row.days - 1)).date()
        if first < pd.Timestamp("1997-04-01"):
            continue
        month = np.ceil(since[inside.index] / 30.4375)
        assert row.actual_margin == pytest.approx((inside["margin"] * (1 + rate) ** (-month / 12)).sum())
        assert row.actual == len(inside)
    assert rest["log_ratio"].to_numpy() == pytest.approx(
        np.log(rest["actual_margin"] / rest["predicted_margin"]).to_numpy()
    )
    assert (said["low"] < said["predicted_margin"]).all()
    assert (said["predicted_margin"] < said["high"]).all()
    assert rest.loc[rest["model"] != "combination", ["low", "high"]].isna().all().all()
    assert not rest["best"].any()


def test_the_backtest_uses_only_what_was_known(sample: Study) -> None:
    fit, past = sample.cltv, past_of_sample(sample)
    assert fit.combines
    found = past_forecasts.backtest_margin(fit, sample.purchases, past)
    assert found is not None
    assert found.model == "combination"
    days = sample.purchases.to_pandas()
    inside = days[days["date"] >= pd.Timestamp("1997-10-01")]
    assert found.actual == pytest.approx(inside["margin"].sum())  # nobody was first seen in the holdout
    assert (found.start, found.until, found.customers) == (date(1997, 10, 1), date(1998, 6, 30), 2357)
    assert found.predicted.low < found.predicted.value < found.predicted.high
    assert found.inside == (found.predicted.low <= found.actual <= found.predicted.high)
    assert past_forecasts.backtest_margin(fit, sample.purchases, past) == found
    # Attempts that were not over on the day before have no say in it.
    over = past.margin.origin + past.margin.days <= day_number(date(1997, 9, 30))
    only = Past(past.margin.take(over), past.purchases.take(over), past.groups[over], past.share)
    assert 0 < len(only.margin) < len(past.margin)
    again = past_forecasts.backtest_margin(fit, sample.purchases, only)
    assert again is not None
    assert again.predicted == pytest.approx(found.predicted, rel=1e-9)


def test_the_backtest_of_a_named_model_is_what_it_says_with_the_range_of_past_misses(sample: Study) -> None:
    fit, past = replace(sample.cltv, combines=False), past_of_sample(sample)
    found = past_forecasts.backtest_margin(fit, sample.purchases, past)
    combined = past_forecasts.backtest_margin(sample.cltv, sample.purchases, past)
    assert found is not None
    assert combined is not None
    days = sample.purchases.to_pandas()
    inside = days[days["date"] >= pd.Timestamp("1997-10-01")]
    assert found.actual == pytest.approx(inside["margin"].sum())  # nobody was first seen in the holdout
    assert (found.start, found.until, found.customers) == (date(1997, 10, 1), date(1998, 6, 30), 2357)
    states = sample.states(as_of=date(1997, 9, 30))
    model = next(model for model in fit.calibration if model.name == fit.selected)
    assert fit.spend_calibration is not None
    value = 0.3 * fit.spend_calibration.expected_spend(states) @ model.expected_transactions(states, 39.0)
    assert found.predicted.value == pytest.approx(value, rel=1e-9)
    assert found.model == fit.selected
    assert found.inside == (found.predicted.low <= found.actual <= found.predicted.high)
    wide, own = combined.predicted, found.predicted
    assert own.low / own.value <= wide.low / wide.value + 1e-9
    assert own.high / own.value >= wide.high / wide.value - 1e-9
    assert past_forecasts.backtest_margin(fit, sample.purchases, past) == found


def test_of_many_customers_the_range_of_the_backtest_is_not_simulated_and_is_the_same(
    sample: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    fit = replace(sample.cltv, combines=False)
    monkeypatch.setattr(past_states, "forecast_then", lambda *_: None)  # past misses would make both as wide
    simulated = past_forecasts.backtest_margin(fit, sample.purchases, NOTHING_PAST, draws=2000)
    monkeypatch.setattr("cxvalue.lifetime.prediction.large.SMALLEST", 1000)
    monkeypatch.setattr(past_forecasts, "simulate", None)
    found = past_forecasts.backtest_margin(fit, sample.purchases, NOTHING_PAST, draws=2000)
    assert simulated is not None
    assert found is not None
    assert found.predicted.value == simulated.predicted.value
    width = simulated.predicted.high - simulated.predicted.low
    assert found.predicted.low == pytest.approx(simulated.predicted.low, abs=0.08 * width)
    assert found.predicted.high == pytest.approx(simulated.predicted.high, abs=0.08 * width)
    assert found.predicted != simulated.predicted


@pytest.mark.parametrize("worlds", [2, 8])
def test_the_backtest_holds_in_worlds_that_the_model_describes(worlds: int) -> None:
    # 8 simulated shops; of 95% intervals 6 or fewer hits of 8 have a probability of 0.006, and these are wider than the
    # model's own, as nobody tells the product that the world is simulated.
    hits, errors = 0, []
    for seed in range(worlds):
        world = shop(600, seed=100 + seed)
        purchases = purchases_of(world.tables["transactions"])
        fit = forecast.fit_cltv(
            purchases,
            as_of=world.study["as_of"],
            observed_from=world.study["observed_from"],
            models=("bg_nbd",),
            holdout_start=date(2025, 10, 1),
        )
        assert not fit.combines
        found = past_forecasts.backtest_margin(fit, purchases, NOTHING_PAST)
        assert found is not None
        assert found.customers + fit.first_seen_in_holdout == 600
        hits += found.inside
        errors.append(found.predicted.value / found.actual - 1)
    assert hits >= worlds - 1
    assert abs(np.mean(errors)) < 4 * np.std(errors) / worlds**0.5 + 0.01


def test_without_a_holdout_there_is_nothing_to_compare(sample: Study) -> None:
    fit = replace(sample.cltv, holdout_start=None, scores=(), calibration=(), spend_calibration=None)
    assert past_forecasts.rolling_table(fit, sample.purchases, sample.observed_from).empty
    assert past_forecasts.backtest_margin(fit, sample.purchases, past_of_sample(sample)) is None
    with pytest.raises(
        CxvalueError, match="A comparison with actual results needs a holdout, and these models were fitted"
    ):
        past_forecasts.ranking(fit, sample.purchases)


def test_a_calibration_that_is_not_sound_falls_back_to_the_nbd(sample: Study) -> None:
    lost = tuple(
        model if model.name == "nbd" else replace(model, status="degenerate", reason="x")
        for model in sample.cltv.calibration
    )
    fit = replace(sample.cltv, calibration=lost, combines=False)
    found = past_forecasts.backtest_margin(fit, sample.purchases, past_of_sample(sample), draws=20)
    assert found is not None
    assert found.model == "nbd"
