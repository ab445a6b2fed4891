"""The sentences of the page: the ids and units of the design, the numbers of the results, and what is not known."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from cxvalue.findings.display import sentences
from cxvalue.foundation.intervals import share_interval
from cxvalue.lifetime import HoldoutScore, Interval
from cxvalue.lifetime.evidence.attempts import Attempts
from cxvalue.lifetime.evidence.blend import Blend
from cxvalue.lifetime.prediction.whole_base import Total
from cxvalue.questions.customers.audit import BaseCounts, Waterfall
from cxvalue.questions.customers.display import bridge_table
from cxvalue.questions.customers.findings import WRITER as BASE_WRITER
from cxvalue.questions.customers.findings import base_findings
from cxvalue.questions.data_check.display import control_table, counts_display, counts_table, sources_table
from cxvalue.questions.data_check.findings import WRITER as DATA_WRITER
from cxvalue.questions.data_check.findings import data_findings
from cxvalue.questions.lifetime_value.base_forecast import record_of
from cxvalue.questions.lifetime_value.cltv_fit import CltvFit
from cxvalue.questions.lifetime_value.display import lifetimes_display
from cxvalue.questions.lifetime_value.findings import WRITER as CLTV_WRITER
from cxvalue.questions.lifetime_value.findings import cltv_findings, grade_of, record_sentence
from cxvalue.tables.counts import ControlResult, RowCount, TableSet
from tests.lifetime.bases import today

COUNTS = BaseCounts(customers=2000, active=500, aged_12_months=1600, repeated=400)
BRIDGE = Waterfall(
    start=date(2025, 6, 30),
    end=date(2026, 6, 30),
    opening=600,
    new=150,
    reactivated=50,
    lost=300,
    closing=500,
    new_and_lost=70,
    opening_margin=60000.0,
    new_margin=9000.0,
    reactivated_margin=2000.0,
    lost_margin=21000.0,
    change_of_kept=-1000.0,
    closing_margin=49000.0,
)
DATES = {"as_of": date(2026, 6, 30), "observed_from": date(2024, 1, 1), "dormancy_days": 90, "currency": "EUR"}
SCORE = HoldoutScore("bg_nbd", 1000.0, 900.0, -100.0, 0.5, 0.9, 0.8, -500.0, "ok")


def by_id(findings: list[Any]) -> dict[str, Any]:
    return {finding.id: finding for finding in findings}


def fit(**changes: Any) -> Any:
    settings = {
        "forecast": "bg_nbd",
        "selected": "bg_nbd",
        "as_of": date(2026, 6, 30),
        "holdout_start": date(2025, 10, 1),
        "score": SCORE,
        "scores": (),
        "spend": SimpleNamespace(status="ok"),
        "withheld": "",
        "period": None,
        "thing": "purchase",
        "things": "purchases",
    }
    return SimpleNamespace(**{**settings, **changes})


VALUE: Any = SimpleNamespace(
    horizon_months=24,
    annual_discount_rate=0.1,
    level=0.95,
    equity=Interval(400000.0, 300000.0, 500000.0),
    new_customer=Interval(35.0, 31.0, 39.0),
)
OWN_DAYS = 730


def past_of(ratios: tuple[float, ...], days: int = OWN_DAYS, sigma: float = 0.1) -> tuple[Attempts, Blend]:
    """Past forecasts of 1,000 over so many days, a month apart, with what came over what was said, and that of today."""
    size = len(ratios) + 1
    row = today(day=20_634, days=OWN_DAYS)
    past = replace(
        Attempts.joined([row] * size),
        origin=20_634 - days - 30 * np.arange(size - 1, -1, -1),
        days=np.array([days] * (size - 1) + [OWN_DAYS]),
        actual=np.array([*(1000 * ratio for ratio in ratios), np.nan]),
    )
    ones = np.ones(size)
    said = Blend(1000 * ones, sigma * ones, 12 * ones, np.ones((size, 1)), 0 * ones, ones, ones, 0.002 * ones)
    return past, said


def base(ratios: tuple[float, ...] = (1.1, 0.95, 1.15, 1.2), days: int = OWN_DAYS, **changes: Any) -> Any:
    past, said = past_of(ratios, days)
    settings = {
        "value": VALUE,
        "total": Total(OWN_DAYS, 400000.0, 0.12, 12.0, 0.0036, evidence=2.0),
        "model_value": SimpleNamespace(equity=Interval(390000.0, 380000.0, 420000.0)),
        "combined": False,
        "past": past,
        "past_blend": said,
    }
    return SimpleNamespace(**{**settings, **changes})


def cltv(of: Any = None, **changes: Any) -> dict[str, Any]:
    return by_id(cltv_findings(of or base(), fit(**changes), customers=2000, currency="EUR"))


def test_the_base_has_the_ids_of_the_design_and_exact_counts() -> None:
    found = by_id(base_findings(COUNTS, BRIDGE, **DATES))
    assert {name: finding.value for name, finding in found.items()} == {
        "base.customers": 2000,
        "base.active": 500,
        "base.repeat_rate": 0.25,
        "base.lost_customers": 300,
        "base.lost_value": 21000.0,
    }
    repeat = found.pop("base.repeat_rate")
    assert (repeat.low, repeat.high) == pytest.approx(share_interval(COUNTS.repeated, COUNTS.aged_12_months))
    assert repeat.level == 0.95
    assert f"have bought again: {COUNTS.repeated:,} of {COUNTS.aged_12_months:,}." in repeat.text
    assert all(finding.low is None and finding.grade is None for finding in found.values())
    assert found["base.lost_value"].unit == "EUR"
    assert "300 of the 600 customers active on 30 June 2025 (50.0%)" in found["base.lost_customers"].text


def test_what_a_short_history_cannot_say_is_null_with_its_reason() -> None:
    no_margin = replace(BRIDGE, opening_margin=None, lost_margin=None, change_of_kept=None)
    found = by_id(base_findings(COUNTS, no_margin, **DATES))
    assert (found["base.lost_customers"].value, found["base.lost_value"].value) == (300, None)
    assert "the margin of the 12 months before 30 June 2025 would be needed" in found["base.lost_value"].text
    found = by_id(base_findings(replace(COUNTS, aged_12_months=0, repeated=0), None, **DATES))
    assert [found[f"base.{name}"].value for name in ("lost_customers", "lost_value", "repeat_rate")] == [None] * 3
    assert "too late to know who was active on 30 June 2025" in found["base.lost_customers"].text
    assert "Nobody has been a customer for 12 months yet" in found["base.repeat_rate"].text


def test_value_carries_its_interval_and_the_mean_is_equity_per_customer() -> None:
    found = cltv()
    assert (found["cltv.equity"].value, found["cltv.equity"].low, found["cltv.equity"].high) == (400000, 300000, 500000)
    assert (found["cltv.mean"].value, found["cltv.mean"].low, found["cltv.mean"].high) == (200, 150, 250)
    assert (found["cltv.new_customer"].value, found["cltv.new_customer"].level) == (35, 0.95)
    assert {found[f"cltv.{name}"].grade for name in ("equity", "mean", "new_customer")} == {"C"}
    assert "discounted at 10% a year, nominal and before tax" in found["cltv.equity"].method
    assert found["cltv.equity"].method.startswith("BG/NBD for purchases, as the study asks for it")
    assert (found["cltv.holdout_bias"].value, found["cltv.holdout_mae"].value) == (-100, 0.5)
    said = (
        "Forecast made with data to 30 September 2025 for 1 October 2025 to 30 June 2026: 900 purchases. Actual: 1,000"
    )
    assert said in found["cltv.holdout_bias"].text


def test_the_range_is_said_with_the_half_that_is_as_likely_as_not_and_what_it_is_made_of() -> None:
    text, method = cltv()["cltv.equity"].text, cltv()["cltv.equity"].method
    assert text.startswith(
        "Today's 2,000 customers are forecast to bring EUR 400,000 of margin over the next 24 months, in today's money: "
        "between EUR 300,000"
    )
    assert " with 95% probability. " in text
    # A Student t with 12 degrees of freedom, 0.695 of 0.12 either side, the lower one a tenth farther in logarithms.
    low, high = (400_000 * np.exp(sign * 0.6955 * 0.12 * np.exp(-sign * 0.1)) for sign in (-1, 1))
    assert f"There is an even chance that it is between EUR {round(low, -3):,.0f} and {round(high, -3):,.0f}." in text
    # 1 - 0.0036 / 0.0144 of the variance, and what the model alone would have said.
    assert (
        "how far forecasts of this kind miss (75% of its variance; chance and parameters alone: between EUR 38"
        in method
    )


@pytest.mark.parametrize(
    ("ratios", "days", "said"),
    [
        ((1.1, 0.95, 1.15, 1.2), OWN_DAYS, "From 4 past dates, such forecasts of 24 months "
         "missed by 11.0% on average, 16.7% at worst, mostly too low."),
        ((0.9, 0.8, 0.95), OWN_DAYS, "missed by 13.8% on average, 25.0% at worst, mostly too high."),
        ((1.1, 0.9, 1.1, 0.9), OWN_DAYS, "missed by 10.1% on average, 11.1% at worst."),
        ((1.1, 1.1), OWN_DAYS, "From 2 past dates, such forecasts of 24 months missed by "
         "9.1% on average, 9.1% at worst."),
        ((1.25,), OWN_DAYS, "From 1 past date, such a forecast of 24 months missed by "
         "20.0%."),
        ((1.1, 1.1), 183, "No 24-month forecast can be checked yet; from 2 past dates, forecasts of 6 "
         "months missed by 9.1% on average, 9.1% at worst."),
        ((1.1, 1.1), 30, "from 2 past dates, forecasts of 1 month missed by"),
        ((1.1, 1.1), 14, "from 2 past dates, forecasts of 14 days missed by"),
        ((), OWN_DAYS, (
"No past forecast could be checked on these data: the range comes from other companies only.")),
    ],
)  # fmt: skip
def test_how_far_such_forecasts_missed_is_said_beside_the_money(ratios: Any, days: int, said: str) -> None:
    of = base(ratios, days)
    assert said in cltv(of)["cltv.equity"].text
    assert said in record_sentence(record_of(of), 24)


def test_past_misses_and_the_share_of_ranges_that_held_are_findings() -> None:
    # Of a range of 1,000 -20.2% +19.8% (t with 12 degrees, sd 0.1) four of five hold; forecast over actual, less 1.
    ratios = (1.1, 0.95, 1.15, 1.1, 1.5)
    found = cltv(base(ratios))
    miss, held = found["cltv.typical_miss"], found["cltv.coverage"]
    assert miss.value == pytest.approx(np.mean([abs(1 / ratio - 1) for ratio in ratios]))
    assert (miss.unit, held.unit) == ("share", "share")
    assert held.value == pytest.approx(0.8)
    assert (
        held.text == "In 4 of 5 past forecasts the actual margin of the following 24 months lay inside the 95% range."
    )
    assert "from 5 past dates from 1 February 2024 to 31 May 2024" in miss.method
    assert "Horizons overlap" in held.method
    none = cltv(base(()))
    assert (none["cltv.typical_miss"].value, none["cltv.coverage"].value) == (None, None)
    assert "too short to make a forecast from a past date" in none["cltv.coverage"].text


@pytest.mark.parametrize("ratios", [(), (1.6, 1.4), (0.5, 1.0)])
def test_a_forecast_that_carries_no_decision_is_a_range_of_grade_d(ratios: Any) -> None:
    found = cltv(base(ratios))
    valued = [found[f"cltv.{name}"] for name in ("equity", "mean", "new_customer")]
    assert [one.grade for one in valued] == ["D"] * 3
    assert all(one.is_range for one in valued)
    # The value stays in the findings, and is not said.
    assert [one.value for one in valued] == [400000, 200, 35]
    assert "400,000" not in found["cltv.equity"].text
    assert "are forecast to bring between EUR 300,000 and 500,000 of margin" in found["cltv.equity"].text
    assert "Plan with the range, not with a single figure." in found["cltv.equity"].text
    assert found["cltv.mean"].text.startswith("That is between EUR 150 and 250 for each customer")
    assert "worth between EUR 31.00 and 39.00 of margin" in found["cltv.new_customer"].text


def test_a_typical_miss_of_a_quarter_is_still_a_c() -> None:
    for ratio, grade in ((1 / 1.249, "C"), (1 / 1.251, "D")):
        assert grade_of(record_of(base((ratio, ratio)))) == grade
    usual = cltv()
    assert not usual["cltv.equity"].is_range


def test_a_combination_names_its_parts_and_its_correction(monkeypatch: pytest.MonkeyPatch) -> None:
    shares = {"bg_nbd": 0.4, "cells": 0.35, "last_period": 0.248, "year_ago": 0.002}
    monkeypatch.setattr("cxvalue.questions.lifetime_value.findings.weights_of", lambda base, fit: shares)
    total = replace(base().total, correction=-0.05)
    method = cltv(base(combined=True, total=total))["cltv.equity"].method
    assert method.startswith(
        "Several forecasts combined, weighted by how far they missed before (BG/NBD 40%, what similar customers did 35%, "
        "the last period repeated 25%), corrected by −5% for past misses"
    )
    assert "corrected" not in cltv(base(combined=True))["cltv.equity"].method


def test_how_the_holdout_was_forecast_is_said_exactly() -> None:
    good = cltv(score=replace(SCORE, predicted=1010.0, bias=10.0))
    assert "the forecast was 1.0% too high" in good["cltv.holdout_bias"].text
    assert "the forecast was 10.0% too low" in cltv()["cltv.holdout_bias"].text
    exact = cltv(score=replace(SCORE, predicted=1000.0, bias=0.0))
    assert "the forecast was exactly right" in exact["cltv.holdout_bias"].text


def test_it_says_how_far_the_other_models_were() -> None:
    pareto = replace(SCORE, model="pareto_nbd", bias=50.0, log_score=SCORE.log_score - 3)
    unsound = replace(SCORE, model="mbg_nbd", status="degenerate")
    text = cltv(scores=(pareto, SCORE, unsound))["cltv.holdout_bias"].text
    assert text.endswith(
        "BG/NBD was the best at forecasting how each customer would buy; the others missed the total by: Pareto/NBD +5.0%."
    )
    better = replace(pareto, log_score=SCORE.log_score + 3)
    assert "The study asks for BG/NBD" in cltv(scores=(better, SCORE))["cltv.holdout_bias"].text


def test_a_withheld_dropout_and_a_missing_holdout_are_said() -> None:
    found = cltv(forecast="nbd", withheld="No dropout can be identified.", score=None, holdout_start=None)
    assert "No dropout can be identified." in found["cltv.equity"].text
    assert found["cltv.equity"].method.startswith("NBD (no dropout)")
    assert (found["cltv.holdout_bias"].value, found["cltv.holdout_mae"].value) == (None, None)
    assert "history is too short" in found["cltv.holdout_mae"].text


@pytest.mark.parametrize(
    ("found", "said"),
    [(("mbg_cnbd_k", "bg_cnbd_k"), "for good: MBG/CNBD-k (regular rhythm) and BG/CNBD-k (regular rhythm) find that they do"),
     (("bg_nbd",), "It is unclear whether customers leave for good: BG/NBD finds that they do"),
     ((), "These data do not show customers leaving for good, so nothing is said about who left: a model "
"in which nobody leaves gave the best forecast of the holdout.")],
)  # fmt: skip
def test_models_that_find_that_customers_leave_are_named(found: tuple[str, ...], said: str) -> None:
    nbd, *others = (
        SimpleNamespace(
            name=name, family=SimpleNamespace(dropout=name != "nbd"), reason="",
            status="ok" if name in ("nbd", *found) else "degenerate",
        )
        for name in ("nbd", "pareto_nbd", *found)
    )  # fmt: skip
    fitted = SimpleNamespace(model=nbd, period=None, selected="nbd", full=(nbd, *others), scores=(SCORE,))
    assert said in CltvFit.withheld.fget(fitted)  # type: ignore[attr-defined]


TABLES = TableSet(
    date(2026, 6, 30),
    date(2024, 1, 1),
    {},
    (
        RowCount("transactions", "rows read", 120, 1000.0, "read"),
        RowCount("transactions", "rows with a missing customer_id", 3, 10.0, "dropped"),
        RowCount("transactions", "purchases (one customer, one day)", 100, 990.0, "kept"),
        RowCount("customers", "rows read", 9, None, "read"),
    ),
    ControlResult.of(1000.0, 990.0, 0.005),
)


def test_the_data_is_counted_and_compared_with_the_ledger() -> None:
    found = by_id(data_findings(TABLES, currency="EUR"))
    assert [found[f"data.{name}"].value for name in ("rows", "dropped", "purchases")] == [120, 3, 100]
    assert found["data.control_difference"].value == -10.0
    assert "DO NOT AGREE" in found["data.control_difference"].text
    without = by_id(data_findings(replace(TABLES, control=None, counts=TABLES.counts[:1]), currency="EUR"))
    assert "data.control_difference" not in without
    assert "None of them was bad" in without["data.dropped"].text


def cells(styler: Any) -> pd.DataFrame:
    return styler.data


def test_tables_are_written_for_reading() -> None:
    counts = counts_table(TABLES)
    assert counts["rows"].tolist() == [120, 3, 100, 9]
    assert cells(counts_display(counts, "EUR"))["amount"].tolist() == ["EUR 1,000", "EUR 10.00", "EUR 990", "—"]
    assert cells(sources_table(TABLES)).to_numpy().tolist() == [["transactions", "120"], ["customers", "9"]]
    assert cells(control_table(TABLES, "EUR"))["agrees"].tolist() == ["NO"]
    assert "none given" in cells(control_table(replace(TABLES, control=None), "EUR")).iloc[0, 0]
    bridge = cells(bridge_table(BRIDGE, "EUR"))
    assert bridge["customers"].tolist() == ["600", "150", "50", "", "−300", "500"]
    assert bridge["margin of 12 months"].iloc[4] == "EUR −21,000"
    findings = base_findings(COUNTS, None, **DATES)
    assert cells(sentences(findings))["value"].iloc[3] == "not available"


@pytest.mark.parametrize("name", ["00", "10", "20"])
def test_each_notebook_has_a_name_that_findings_carry(name: str) -> None:
    books = {writer.notebook for writer in (DATA_WRITER, BASE_WRITER, CLTV_WRITER)}
    assert any(book.startswith(name) for book in books)


class _Two:
    """States of two customers, of which only the number is asked."""

    customers = 2

    def __len__(self) -> int:
        return 2

    def grouped(self) -> _Two:
        return self


def test_lifetimes_stands_beside_ours_also_where_it_finds_no_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    from cxvalue.foundation.errors import CxvalueError
    from cxvalue.lifetime.fitting import lifetimes_bridge

    models = [SimpleNamespace(name=name, status="ok") for name in ("nbd", "bg_nbd", "mbg_nbd")]
    states: Any = _Two()

    def check(model: Any, grouped: Any) -> list[tuple[str, float, float, float]]:
        if model.name == "mbg_nbd":
            raise CxvalueError("lifetimes could not fit mbg_nbd.")
        return [("log_likelihood", -10.5, -10.5, 0.0)]

    monkeypatch.setattr(lifetimes_bridge, "cross_check", check)
    shown = cells(lifetimes_display(SimpleNamespace(full=models, period=None), states))  # type: ignore[arg-type]
    assert shown["figure"].tolist() == ["log-likelihood", "—"]
    assert shown["lifetimes"].tolist() == ["−10.5000", "lifetimes could not fit mbg_nbd."]


def test_of_a_large_base_lifetimes_and_we_fit_the_same_part(sample: Any) -> None:
    states = sample.states()
    many = states.take(np.repeat(np.arange(len(states)), 12))
    shown = cells(lifetimes_display(sample.cltv, many))
    assert set(shown["customers"]) == {f"{len(many) // 3:,}"}
    assert set(shown["difference"][shown["figure"] == "log-likelihood"]) == {"less than 0.01%"}
    assert "customers" not in cells(lifetimes_display(sample.cltv, states)).columns
