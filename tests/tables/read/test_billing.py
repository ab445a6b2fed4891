"""For how long an amount is paid, by words and names in several languages."""

from __future__ import annotations

import pytest

from cxvalue.tables.read.billing import months_of, periods_named


@pytest.mark.parametrize(
    ("word", "months"),
    [
        ("Annual", "12"),
        ("jährlich", "12"),
        ("mensuel", "1"),
        ("квартал", "3"),
        ("半年", "6"),
        ("12 m", "12"),
        ("Basic", ""),
    ],
)
def test_words_of_intervals(word: str, months: str) -> None:
    assert months_of(word) == months


@pytest.mark.parametrize(("name", "periods"), [("MRR", (1,)), ("годовая плата", (12,)), ("fee", (1, 12))])
def test_names_of_amounts(name: str, periods: tuple[int, ...]) -> None:
    assert periods_named(name) == periods
