"""The sentences on backtest, payback, horizons and past dates."""

from __future__ import annotations

import math
from datetime import date
from types import SimpleNamespace
from typing import Any

import pandas as pd

from cxvalue.lifetime import Interval
from cxvalue.questions.lifetime_value import value_findings as words
from cxvalue.questions.lifetime_value.display import (
    deciles_display,
    horizons_display,
    ranking_display,
    rolling_display,
)
from cxvalue.questions.lifetime_value.horizons import Payback
from cxvalue.questions.lifetime_value.past_forecasts import MarginBacktest, Ranking

TESTED = MarginBacktest(
    date(2025, 10, 1), date(2026, 6, 30), 2000, Interval(100_000.0, 90_000.0, 110_000.0), 105_000.0, 0.95, "bg_nbd"
)


def findings(tested: MarginBacktest | None, payback: Payback | None = None) -> dict[str, Any]:
    made = words.value_findings(tested, payback, currency="EUR", discount=0.1)
    return {finding.id: finding for finding in made}


def test_a_backtest_says_what_was_foreseen_and_what_came() -> None:
    found = findings(TESTED)["cltv.backtest"]
    assert (found.value, found.low, found.high, found.unit, found.grade) == (100_000, 90_000, 110_000, "EUR", "C")
    assert found.text == (
        "Forecast made with data to 30 September 2025 for the margin of the 2,000 customers of that day up to 30 June 2026: "
        "EUR 100,000, between EUR 90,000 and 110,000 with 95% probability, 4.8% too low. Actual: EUR 105,000, inside that "
        "range."
    )
    assert found.method.startswith("BG/NBD: models, spend and margin rate from data up to 30 September 2025 only")
    combined = MarginBacktest(**{**TESTED.__dict__, "model": "combination"})
    assert findings(combined)["cltv.backtest"].method.startswith("All combined: models, spend and margin rate")


def test_a_backtest_says_when_it_missed() -> None:
    above = MarginBacktest(**{**TESTED.__dict__, "actual": 120_000.0})
    assert "16.7% too low. Actual: EUR 120,000, above that range." in findings(above)["cltv.backtest"].text
    below = MarginBacktest(**{**TESTED.__dict__, "actual": 0.0})
    assert "probability. Actual: EUR 0, below that range." in findings(below)["cltv.backtest"].text


def test_without_a_holdout_the_backtest_is_withheld() -> None:
    found = findings(None)
    assert set(found) == {"cltv.backtest"}
    assert found["cltv.backtest"].value is None
    assert "too short" in found["cltv.backtest"].text


def test_payback_in_words() -> None:
    found = findings(None, Payback(12.5, 7, 5, 9, 0.95, 120))["cltv.payback_months"]
    assert (found.value, found.low, found.high, found.unit, found.grade) == (7, 5, 9, "months", "C")
    assert found.text == "A new customer costs EUR 12.50 to win and is expected to pay that back within 7 months."
    open_ended = findings(None, Payback(12.5, 7, 5, None, 0.95, 120))["cltv.payback_months"]
    assert (open_ended.value, open_ended.low) == (7, None)
    never = findings(None, Payback(99.0, None, 40, None, 0.95, 120))["cltv.payback_months"]
    assert never.value is None
    assert "not expected to pay that back within 120 months" in never.text
    assert "already covers it" in findings(None, Payback(2.0, 0, 0, 0, 0.95, 120))["cltv.payback_months"].text


def horizons(withheld: str = "") -> pd.DataFrame:
    rows = [(months, rate, 1000.0 * months) for rate in (0.05, 0.1, 0.15) for months in (12, 24)]
    rows += [(None, rate, math.nan if withheld else 5000 / rate) for rate in (0.05, 0.1, 0.15)]
    table = pd.DataFrame(rows, columns=["horizon_months", "annual_discount_rate", "value"])
    table["low"], table["high"] = 0.75 * table["value"], 1.5 * table["value"]
    table["withheld"] = [withheld if months is None else "" for months, _, _ in rows]
    return table.astype({"horizon_months": "Int64"})


def test_horizons_in_words() -> None:
    said = words.horizons_sentence(horizons(), 0.1, "EUR")
    finite = (
        "EUR 12,000 over 12 months (between EUR 9,000 and 18,000), "
        "EUR 24,000 over 24 months (between EUR 18,000 and 36,000)"
    )
    assert said.startswith(f"Today's customers are forecast to bring {finite}, and EUR 50,000 with no time limit")
    assert "changes between EUR 33,300 and 100,000 when" in said
    withheld = words.horizons_sentence(horizons("Withheld: nobody leaves."), 0.1, "EUR")
    assert withheld == f"Today's customers are forecast to bring {finite}. Withheld: nobody leaves."
    html = horizons_display(horizons(), "EUR").to_html()
    assert "with no time limit" in html
    assert "at 10% a year" in html
    assert "withheld" in horizons_display(horizons("x"), "EUR").to_html()


def rolled() -> pd.DataFrame:
    row = {
        "until": date(2026, 3, 1),
        "days": 60,
        "customers": 10,
        "actual": 100.0,
        "mae": 0.5,
        "status": "ok",
        "log_score_per_customer": -0.7,
        "decile_error": 0.1,
        "gini": 0.6,
        "model": "bg_nbd",
    }
    return pd.DataFrame(
        [
            {**row, "origin": date(2026, 1, 1), "predicted": 90.0, "bias": -10.0, "relative_bias": -0.1, "best": True},
            {**row, "origin": date(2025, 9, 1), "predicted": 105.0, "bias": 5.0, "relative_bias": 0.05, "best": False},
        ]
    )


def test_past_dates_in_words() -> None:
    fit: Any = SimpleNamespace(selected="bg_nbd", things="purchases")
    assert words.rolling_sentence(rolled(), fit) == (
        "From 2 different dates, the forecast of BG/NBD for the next 60 days was off by −10.0% to +5.0% in total "
        "purchases; it had "
        "the best log score on 1 of the 2 dates."
    )
    assert "too short" in words.rolling_sentence(rolled().iloc[:0], fit)
    html = rolling_display(rolled()).to_html()
    assert "BG/NBD ← best" in html
    assert "−10.0%" in html


def test_ranking_tables() -> None:
    deciles = pd.DataFrame(
        {"model": ["bg_nbd"], "decile": [1], "customers": [1200], "predicted": [3.5], "actual": [3.8]}
    )
    summary = pd.DataFrame({"model": ["bg_nbd"], "decile_error": [0.14], "gini": [0.66], "selected": [True]})
    made = Ranking(deciles, summary)
    assert "BG/NBD ← chosen" in ranking_display(made).to_html()
    assert "1,200" in deciles_display(made, "bg_nbd").to_html()
