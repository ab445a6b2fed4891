from __future__ import annotations

import re
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxvalue.findings.finding import Finding, Kind, Withheld, opening
from cxvalue.findings.numbers import (
    format_date,
    format_finding,
    format_interval,
    format_level,
    format_moment,
    format_number,
    format_range,
    format_value,
)
from cxvalue.language.english import ENGLISH


@pytest.mark.parametrize(
    ("value", "unit", "written"),
    [
        (1_238_412.77, "USD", "USD 1.24 M"),
        (-1_238_412.77, "USD", "USD −1.24 M"),
        (999_999.9, "USD", "USD 1.00 M"),
        (999_400, "USD", "USD 999,000"),
        (12_345.67, "RUB", "RUB 12,300"),
        (35.2, "USD", "USD 35.20"),
        (5, "USD", "USD 5.00"),
        (0, "USD", "USD 0"),
        (0.0499, "USD", "USD 0.05"),
        (0.004, "USD", "USD 0"),
        (491.182, "USD", "USD 491"),
        (999.6, "USD", "USD 1,000"),
        (2_140_000_000, "CNY", "CNY 2.14 bn"),
        (3.2e14, "CNY", "CNY 320 tn"),
        (12_345, "customers", "12,345 customers"),
        (1, "customers", "1 customer"),
        (2_357_012, "customers", "2.36 M customers"),
        (12_345.6, "transactions", "12,300 transactions"),
        (-412.3, "transactions", "−412 transactions"),
        (24.0, "months", "24 months"),
        (14.26, "months", "14.3 months"),
        (0.3519, "share", "35.2%"),
        (-0.05, "share", "−5.0%"),
        (5.881, "share", "588%"),
        (1, "share", "100%"),
        (0, "share", "0%"),
        (0.99999, "share", "more than 99.9%"),
        (0.000123, "share", "less than 0.1%"),
        (-0.000123, "share", "0%"),
        (-0.9999, "share", "−99.9%"),
        (1.5, "", "1.50"),
        (1e-9, "", "0"),
        (-1e-9, "share", "0%"),
    ],
)
def test_numbers_as_an_executive_reads_them(value: float, unit: str, written: str) -> None:
    assert format_value(value, unit) == written


@pytest.mark.parametrize(
    ("low", "high", "unit", "written"),
    [
        (1_130_000, 1_412_000, "USD", "between USD 1.13 and 1.41 M"),
        (940_000, 1_412_000, "USD", "between USD 940,000 and 1.41 M"),
        (-1_400_000, 5_200_000, "RUB", "between RUB −1.40 and 5.20 M"),
        (0, 5_200_000, "RUB", "between RUB 0 and 5.20 M"),
        (84.2, 92.3, "USD", "between USD 84.20 and 92.30"),
        (0.31, 0.391, "share", "between 31.0% and 39.1%"),
        (0.0401, 0.0404, "share", "between 4.01% and 4.04%"),
        (0.0001, 1.0, "share", "between 0% and 100%"),
        (61.44, 141.04, "USD", "between USD 61 and 141"),
        (491.2, 491.4, "USD", "between USD 491.20 and 491.40"),
        (15.701, 15.702, "USD", "between USD 15.701 and 15.702"),
        (11.0, 29.4, "months", "between 11 and 29.4 months"),
        (1_234_100, 1_234_900, "USD", "between USD 1.234 and 1.235 M"),
        (5.0, 5.0, "USD", "always USD 5.00"),
        (1, 1, "times a year", "always once a year"),
        (1, 2, "times a year", "between 1 and 2 times a year"),
        (1, 3, "customers", "between 1 and 3 customers"),
    ],
)
def test_intervals(low: float, high: float, unit: str, written: str) -> None:
    assert format_range(low, high, unit) == written


@given(st.floats(-1e14, 1e14, allow_nan=False), st.sampled_from(["USD", "customers", "share", "months", ""]))
def test_no_number_is_longer_than_can_be_read(value: float, unit: str) -> None:
    written = format_value(value, unit)
    if unit != "share":
        assert len(re.findall(r"\d", written.removesuffix(unit))) <= 7
    assert "-" not in written
    assert "nan" not in written


@given(st.floats(0.001, 1e14, allow_nan=False))
def test_writing_changes_a_number_by_less_than_half_a_percent(value: float) -> None:
    written, _, scale = format_number(value).partition(" ")
    factor = {"": 1.0, "M": 1e6, "bn": 1e9, "tn": 1e12}[scale]
    assert float(written.replace(",", "")) * factor == pytest.approx(value, rel=0.0051)


def test_what_is_not_stated_is_said_to_be_so() -> None:
    missing = Finding("base.lost_value", "Lost value", None, text="The history is too short.", kind="count")
    withheld = Finding("churn.rate", "Churn", None, text="Not identified.")
    assert format_finding(missing) == "not available"
    assert format_finding(withheld) == "withheld"
    assert format_interval(withheld) == ""
    assert format_finding(Finding("programme.x.verdict", "X", "NOT PROVEN")) == "Not proven"
    assert format_finding(Finding("programme.x.design", "X", "staggered")) == "staggered"


def test_infinite_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="no number that can be written"):
        format_value(float("inf"), "USD")


def test_dates_and_levels() -> None:
    assert format_date(date(2026, 2, 3)) == "3 February 2026"
    assert format_moment(datetime(2026, 7, 1, 6, 5, tzinfo=UTC)) == "1 July 2026, 06:05 UTC"
    assert [format_level(level) for level in (0.9, 0.999, 0.005)] == ["90%", "99.9%", "0.5%"]


def test_another_language_brings_its_own_signs() -> None:
    words = {**ENGLISH, "decimal": ",", "thousands": "\u00a0", "scales": "1e6: млн"}
    assert format_value(1_238_412.77, "RUB", words) == "RUB 1,24 млн"
    assert format_value(12_345, "", words) == "12\u00a0345"
    assert format_level(0.999, words) == "99,9%"


@pytest.mark.parametrize(("kind", "word", "told"), [
    ("estimate", "not_available", "not available"), ("count", "withheld", "withheld"), ("estimate", "", "withheld"),
])  # fmt: skip
def test_a_missing_value_is_told_with_the_word_of_its_sentence(kind: Kind, word: Withheld, told: str) -> None:
    finding = Finding("cltv.equity", "Equity", None, text=f"{opening(word)}too short.", kind=kind, withheld=word)
    assert format_finding(finding) == told
