"""What a case and a verdict show: the figures of the case, and no probability of 0.0%."""

from __future__ import annotations

import numpy as np
import pytest

from cxvalue.findings.numbers import format_value
from cxvalue.money import Case, ProgrammeCosts, business_case
from tests.money.test_money import an_effect


@pytest.fixture(scope="module")
def case() -> Case:
    """A programme that surely pays: 1,000 customers, 2 a month each, for 500."""
    effect = an_effect([2.0] * 12, 0.01 * np.eye(12), customers=1000)
    return business_case(effect, costs=ProgrammeCosts(one_off=500), horizon_months=24, annual_discount_rate=0.12)


def test_a_case_says_its_figures_and_no_certainty(case: Case) -> None:
    assert repr(case).startswith("Case: NPV ")
    assert "probability of a loss less than 0.1%" in repr(case)
    assert "0.0%" not in case._repr_html_()
    assert len(repr(case)) < 200
    rows = {what: (value, ends) for what, value, ends in case.summary("EUR").rows}
    assert rows["net present value"][0] == format_value(case.npv.value, "EUR")
    assert rows["paid back, discounted"][0] == "1 month"
    assert rows["most money out"][0] == "EUR 500"
    assert (
        "The data cover 12 of the 24 months; after that the effect is assumed to continue as measured."
        in case.summary().texts
    )
    assert case.to_frame().equals(case.table())


def test_what_never_pays_says_so() -> None:
    never = business_case(an_effect([1.0] * 6, 0.01 * np.eye(6)), costs=ProgrammeCosts(100), horizon_months=6)
    rows = {what: value for what, value, _ in never.summary().rows}
    assert rows["paid back, discounted"] == "not within 6 months"
    assert rows["probability of a loss"] == "more than 99.9%"


@pytest.mark.parametrize("kind", ["money", "bridge", "draws", "tornado"])
def test_a_case_is_drawn(case: Case, kind: str) -> None:
    assert case.plot(kind, currency="EUR").axes


def test_a_verdict_says_its_word_and_what_stands_behind_it(case: Case) -> None:
    verdict = case.verdict(at_least=0, confidence=0.90)
    assert repr(verdict) == (
        "Verdict: PASS. NPV at least 0 with a probability of 90% or more: the data give it more than 99.9%"
    )
    rows = {what: value for what, value, _ in verdict.summary("EUR").rows}
    assert rows["effect at which it is just met"].startswith("EUR 0.02")
    assert verdict.to_frame().loc[0, "word"] == "PASS"
