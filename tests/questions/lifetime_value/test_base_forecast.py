"""The forecast of a study's base: what past days know, what they said, and how far they missed."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import ibis
import numpy as np
import pandas as pd
import pytest

from cxvalue.foundation.calendar import DAYS_PER_MONTH, TimeUnit, day_number
from cxvalue.foundation.errors import CxvalueError
from cxvalue.lifetime import Interval, customer_value
from cxvalue.lifetime.evidence.attempts import Attempts
from cxvalue.lifetime.evidence.blend import Blend
from cxvalue.lifetime.evidence.past import Past
from cxvalue.lifetime.prediction.whole_base import WholeBase
from cxvalue.questions.lifetime_value.base_forecast import (
    PastRecord,
    candidate_title,
    forecast_base,
    forecast_then,
    past_of,
    record_of,
    weights_of,
)
from cxvalue.questions.lifetime_value.cltv_fit import CltvFit
from cxvalue.questions.lifetime_value.forecast import fit_cltv
from cxvalue.simulate.shop_world import _simulate
from cxvalue.tables.purchase_log import purchase_log
from cxvalue.tables.states import purchase_states_from_purchases
from cxvalue.workspace.opened import Study
from tests.lifetime.bases import NOTHING_PAST, today

START, DAYS, AHEAD = date(2025, 1, 1), 420, 183
AS_OF = START + timedelta(days=DAYS - 1)
TERMS: dict[str, Any] = {"horizon_months": 6, "annual_discount_rate": 0.1}


def rows_of_shop() -> pd.DataFrame:
    """300 customers who join over 14 months, with what they do in the half year after; numbers in no order of joining."""
    from cxvalue.simulate.shop_world import ShopParameters

    rng = np.random.default_rng(12)
    first = rng.integers(0, DAYS - 20, 300)
    bought = _simulate(rng, 300, DAYS + AHEAD - first, ShopParameters(), None)
    day = first[bought.customer] + bought.day
    rows = pd.DataFrame({"customer": bought.customer, "day": day, "revenue": bought.revenue})
    rows = rows[rows["day"] < DAYS + AHEAD].groupby(["customer", "day"], as_index=False)["revenue"].sum()
    rows["customer_id"] = [f"c{n:03d}" for n in rows["customer"]]
    rows["date"] = [START + timedelta(days=int(n)) for n in rows["day"]]
    return rows.assign(margin=0.4 * rows["revenue"])[["customer_id", "date", "revenue", "margin"]]


ROWS = rows_of_shop()


def table(rows: pd.DataFrame) -> ibis.Table:
    return ibis.memtable(rows)


def past(rows: pd.DataFrame = ROWS, as_of: date = AS_OF) -> Past:
    return past_of(table(rows), as_of=as_of, unit=TimeUnit.WEEK, **TERMS)


def fitted(rows: pd.DataFrame, as_of: date = AS_OF, models: Any = ("bg_nbd", "pareto_nbd")) -> CltvFit:
    return fit_cltv(table(rows), as_of=as_of, observed_from=START, models=models)


def forecast(rows: pd.DataFrame, fit: CltvFit, as_of: date = AS_OF) -> WholeBase:
    states = purchase_states_from_purchases(table(rows), as_of=as_of, per_customer=True)
    return forecast_base(fit, table(rows), states, **TERMS, draws=60)


@pytest.fixture(scope="module")
def seen() -> Past:
    return past()


@pytest.fixture(scope="module")
def fit(seen: Past) -> CltvFit:
    return replace(fitted(ROWS), past=seen)


@pytest.fixture(scope="module")
def base(fit: CltvFit) -> WholeBase:
    return forecast(ROWS, fit)


# what past days knew


def test_what_came_is_that_of_the_customers_known_then(seen: Past) -> None:
    assert len(seen.margin) > 10
    assert {AHEAD, 30, 91} <= set(seen.margin.days.tolist())
    first = ROWS.groupby("customer_id")["date"].transform("min")
    for row in range(len(seen.margin)):
        origin = date(1970, 1, 1) + timedelta(days=int(seen.margin.origin[row]))
        days = int(seen.margin.days[row])
        since = np.array([(day - origin).days for day in ROWS["date"]])
        inside = (first <= origin) & (since > 0) & (since <= days)
        factors = 1.1 ** (-np.ceil(since[inside] / DAYS_PER_MONTH) / 12)
        assert seen.margin.actual[row] == pytest.approx((ROWS["margin"][inside] * factors).sum())
        assert seen.purchases.actual[row] == inside.sum()
        assert seen.margin.history[row] == (origin - ROWS["date"].min()).days


@pytest.mark.parametrize("sign", [-1, 1], ids=["the last to join first", "as they joined"])
def test_how_customers_are_called_makes_no_difference(seen: Past, sign: int) -> None:
    order = ROWS.groupby("customer_id")["date"].min().sort_values(kind="stable").index
    place = {name: n for n, name in enumerate(order)}
    renamed = ROWS.assign(customer_id=[f"x{500 + sign * place[name]}" for name in ROWS["customer_id"]])
    found = past(renamed)
    for mine, other in ((found.margin, seen.margin), (found.purchases, seen.purchases)):
        assert mine.actual == pytest.approx(other.actual)
        assert mine.made == pytest.approx(other.made, rel=1e-3, nan_ok=True)
    assert found.groups == pytest.approx(seen.groups, abs=1e-3)


def test_nothing_after_an_origin_reaches_the_forecast_made_at_it(seen: Past) -> None:
    middle = np.unique(seen.margin.origin)[len(np.unique(seen.margin.origin)) // 2]
    day = date(1970, 1, 1) + timedelta(days=int(middle))
    later = ROWS["date"] > day
    # After that day everything costs ten times as much, brings a margin of 5%, and nobody new joins.
    first = ROWS.groupby("customer_id")["date"].transform("min")
    other = ROWS.assign(
        revenue=np.where(later, 10 * ROWS["revenue"], ROWS["revenue"]),
        margin=np.where(later, 0.5 * ROWS["revenue"], ROWS["margin"]),
    )[(first <= day) | ~later]
    found = past(other)
    before = seen.margin.origin <= middle
    assert before.sum() > 5
    for mine, usual in ((found.margin, seen.margin), (found.purchases, seen.purchases)):
        rows = mine.take(mine.origin <= middle)
        assert rows.origin.tolist() == usual.origin[before].tolist()
        for name in ("made", "history", "growth", "chance"):
            assert getattr(rows, name) == pytest.approx(getattr(usual, name)[before], nan_ok=True), name
    # And of those that end by then, nothing is different at all.
    over = seen.margin.origin + seen.margin.days <= middle
    assert found.margin.actual[: before.sum()][over[before]] == pytest.approx(seen.margin.actual[before][over[before]])


def test_a_report_of_an_earlier_day_is_that_of_tables_that_end_then() -> None:
    as_of = AS_OF - timedelta(days=60)
    cut = ROWS[ROWS["date"] <= as_of]
    whole, short = (forecast(rows, fitted(rows, as_of), as_of) for rows in (ROWS, cut))
    assert whole.combined
    assert whole.value.equity == pytest.approx(short.value.equity, rel=1e-9)
    assert whole.value.cltv == pytest.approx(short.value.cltv, rel=1e-9)
    assert whole.returns == pytest.approx(short.returns, rel=1e-9)
    assert whole.past.made == pytest.approx(short.past.made, rel=1e-9, nan_ok=True)
    assert record_of(whole) == record_of(short)


# the forecast


def test_the_forecast_of_a_study_adds_up_and_holds_what_came(base: WholeBase) -> None:
    value = base.value
    assert base.combined
    assert base.days == (90, AHEAD, 365)
    assert value.cltv.sum() == pytest.approx(value.equity.value, rel=1e-9)
    assert value.expected_transactions.sum() == pytest.approx(base.bought[base.place].value, rel=1e-9)
    assert value.equity.low < value.equity.value < value.equity.high
    assert ((value.cltv_low <= value.cltv) & (value.cltv <= value.cltv_high)).all()
    assert (base.returns <= base.purchases + 1e-12).all()
    assert value.horizon_months == 6
    later = ROWS[ROWS["date"] > AS_OF]
    assert value.equity.low < later["margin"].sum() / 1.1**0.25 < value.equity.high


def test_a_forecast_needs_the_histories_of_its_purchases(fit: CltvFit) -> None:
    states = purchase_states_from_purchases(table(ROWS), as_of=AS_OF, per_customer=True)
    for other in (states.take(np.arange(len(states) - 1)), replace(states, frequency=states.frequency + 1)):
        with pytest.raises(CxvalueError, match="not the purchases from which the histories were counted"):
            forecast_base(fit, table(ROWS), other, **TERMS, draws=20)


def test_a_model_asked_for_by_name_keeps_its_value(fit: CltvFit, base: WholeBase) -> None:
    alone = fitted(ROWS, models="pareto_nbd")
    assert not alone.combines
    assert fit.combines
    found = forecast(ROWS, replace(alone, past=fit.past))
    states = purchase_states_from_purchases(table(ROWS), as_of=AS_OF, per_customer=True)
    value = customer_value(alone.model, alone.spend, states, **TERMS, draws=60)
    assert not found.combined
    assert found.value.equity.value == pytest.approx(value.equity.value, rel=1e-12)
    assert found.value.cltv == pytest.approx(value.cltv, rel=1e-12)
    assert found.value.equity.low <= value.equity.low
    assert found.value.equity.high >= value.equity.high
    assert weights_of(found, alone) == {alone.forecast: 1.0}
    # Its past misses are those of the same model, and not of the combination.
    assert fit.past is not None
    place = fit.past.margin.names.index("pareto_nbd")
    assert found.past_blend.total[:-1] == pytest.approx(fit.past.margin.made[:, place], nan_ok=True)
    assert base.past_blend.total[:-1] != pytest.approx(fit.past.margin.made[:, place], nan_ok=True)


def test_weights_are_named_by_the_models_of_the_study(fit: CltvFit, base: WholeBase) -> None:
    weights = weights_of(base, fit)
    assert sum(weights.values()) == pytest.approx(1.0)
    assert {"bg_nbd", "pareto_nbd", "cells", "last_period"} <= set(weights)
    assert min(weights.values()) >= 0
    # Where the holdout chose a variant, it stands where its plain model stood.
    rhythm = tuple(replace(one, name="bg_cnbd_k", k=2) if one.name == "mbg_nbd" else one for one in fit.full)
    chosen = weights_of(base, replace(fit, full=rhythm, forecast="bg_cnbd_k"))
    assert chosen["bg_cnbd_k"] == weights["bg_nbd"]
    assert "bg_nbd" not in chosen
    assert candidate_title("combination") == "all combined"
    assert candidate_title("bg_nbd") == "BG/NBD"
    assert candidate_title("year_ago") == "what similar customers did a year ago"


# how far forecasts missed before


def recorded(*rows: tuple[int, float, float], own: int = 730, level: float = 0.95) -> Any:
    """Rows of (horizon, forecast, what came), the last day known 40 days apart, and today's over `own`."""
    size = len(rows) + 1
    row = today(day=20_000, days=own)
    attempts = replace(
        Attempts.joined([row] * size),
        origin=np.array([18_000 + 40 * n for n in range(size)]),
        days=np.array([*(days for days, _, _ in rows), own]),
        actual=np.array([*(came for _, _, came in rows), np.nan]),
    )
    said, ones = np.array([*(said for _, said, _ in rows), 100.0]), np.ones(size)
    blended = Blend(said, 0.1 * ones, 12 * ones, np.ones((size, 1)), 0 * ones, ones, ones, 0 * ones)
    return SimpleNamespace(past=attempts, past_blend=blended, value=SimpleNamespace(level=level))


def test_the_record_is_of_the_horizon_of_the_study_or_the_longest_that_was_tested() -> None:
    found = record_of(recorded((365, 100, 90), (730, 100, 80), (183, 100, 70), (730, 100, 125)))
    assert found is not None
    assert (found.days, found.own_horizon, len(found)) == (730, True, 2)
    assert found.actual == (80, 125)
    assert found.origins == (date(2019, 5, 24), date(2019, 8, 12))
    assert found.misses == pytest.approx((0.25, -0.2))
    assert found.typical_miss == pytest.approx(0.225)
    shorter = record_of(recorded((183, 100, 90), (365, 100, 80), (30, 100, 70)))
    assert shorter is not None
    assert (shorter.days, shorter.own_horizon, shorter.actual) == (365, False, (80,))
    # A longer one than the study's does not count, nor one of which nothing came or nothing was said.
    longer = record_of(recorded((730, 100, 90), (183, 100, 80), (365, 100, 0.0), (365, math.nan, 80.0), own=365))
    assert longer is not None
    assert (longer.days, longer.own_horizon) == (183, False)
    assert record_of(recorded()) is None
    assert record_of(recorded((730, 100, 90), own=365)) is None


def test_ranges_that_held_are_counted_at_the_level_of_the_study() -> None:
    # t with 12 degrees, sd 0.1: 95% from 78.6 to 121.8, 50% from 92.6 to 106.5.
    rows = [(730, 100.0, came) for came in (79.0, 93.0, 106.0, 121.0, 123.0)]
    for level, held in ((0.95, 4), (0.5, 2)):
        found = record_of(recorded(*rows, level=level))
        assert found is not None
        assert found.held == held


def test_misses_are_relative_to_what_came() -> None:
    record = PastRecord(365, True, (AS_OF,) * 2, (Interval(150, 100, 200), Interval(50, 20, 90)), (100.0, 100.0))
    assert record.misses == pytest.approx((0.5, -0.5))
    assert (record.typical_miss, record.held) == (0.5, 1)


def test_the_record_of_a_real_study_is_of_forecasts_that_were_over(sample: Study) -> None:
    record = record_of(sample.base)
    assert record is not None
    assert len(record) >= 3
    assert all(day + timedelta(days=record.days) <= sample.as_of for day in record.origins)
    assert record.days <= round(sample.file.horizon_months * DAYS_PER_MONTH) + 1
    assert 0 <= record.held <= len(record)
    assert sample.cltv.past is not None
    assert set(record.actual) <= set(sample.cltv.past.margin.actual.tolist())


# a past span


def test_a_past_span_is_forecast_with_what_was_known_before_it(fit: CltvFit, seen: Past) -> None:
    start, until = AS_OF - timedelta(days=89), AS_OF
    log = purchase_log(table(ROWS), AS_OF)
    found = forecast_then(fit, log, seen, start, until, 0.95)
    assert found is not None
    rows = ROWS[ROWS["date"] <= AS_OF]
    first = rows.groupby("customer_id")["date"].min()
    known = first.index[first < start]
    inside = rows[(rows["date"] >= start) & rows["customer_id"].isin(known)]
    assert found.returns.size == found.purchases.size == found.bought.size == len(known)
    assert found.came == pytest.approx(inside["margin"].sum())
    bought = inside.groupby("customer_id")["date"].size().reindex(sorted(known), fill_value=0)
    assert found.bought.tolist() == bought.tolist()
    assert found.margin.low < found.margin.value < found.margin.high
    assert (found.returns <= found.purchases + 1e-12).all()
    # Who bought lately comes back; the order is that of the ids.
    assert np.corrcoef(found.purchases, found.bought)[0, 1] > 0.3
    # Changed after the start: the forecast is the same, and what came is not.
    dearer = purchase_log(
        table(rows.assign(margin=np.where(rows["date"] >= start, 9 * rows["margin"], rows["margin"]))), AS_OF
    )
    over = seen.margin.origin + seen.margin.days <= day_number(start) - 1
    told = Past(seen.margin.take(over), seen.purchases.take(over), seen.groups[over], seen.share)
    again = forecast_then(fit, dearer, told, start, until, 0.95)
    assert again is not None
    assert again.margin == pytest.approx(found.margin, rel=1e-9)
    assert again.returns == pytest.approx(found.returns, rel=1e-9)
    assert again.came == pytest.approx(9 * found.came)


def test_before_anybody_came_back_nothing_can_be_said(fit: CltvFit) -> None:
    log = purchase_log(table(ROWS), AS_OF)
    first = ROWS["date"].min()
    assert forecast_then(fit, log, NOTHING_PAST, first + timedelta(days=1), AS_OF, 0.95) is None
