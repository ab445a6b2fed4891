"""An interval of width zero is never published as an estimate."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cxvalue.findings.finding import Finding
from cxvalue.findings.points import withhold_points

ESTIMATE = Finding("cltv.equity", "Equity", 5.0, 4.0, 6.0, 0.95, "EUR", "C", "It is 5.", "By a model.")


@pytest.mark.parametrize(
    ("value", "low", "high", "withheld"),
    [
        (5.0, 4.0, 6.0, False),
        (0.0, 0.0, 0.0, True),
        (1.0, 1.0, 1.0, True),
        (3.0, 3.0, 3.0 + 1e-12, True),
        (3.0, 3.0, 3.01, False),
    ],
)
def test_a_range_without_width_is_withheld(value: float, low: float, high: float, withheld: bool) -> None:
    (found,) = withhold_points([replace(ESTIMATE, value=value, low=low, high=high)])
    assert (found.value is None) == withheld
    assert found.text.startswith("Withheld") == withheld
    assert (found.id, found.unit, found.grade, found.method) == ("cltv.equity", "EUR", "C", "By a model.")


def test_counts_words_and_withheld_values_stay() -> None:
    plain = [
        Finding("base.customers", "Customers", 7),
        Finding("programme.x.verdict", "Verdict", "PASS"),
        Finding("churn.rate", "Rate", None, text="Withheld: why."),
    ]
    assert withhold_points(plain) == plain


def test_a_small_share_is_not_a_small_amount() -> None:
    (share,) = withhold_points([replace(ESTIMATE, value=0.002, low=0.001, high=0.004, unit="share")])
    assert share.value == 0.002
