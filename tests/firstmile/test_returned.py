"""What came back to customers: in a column of the purchase, or in rows that look like sales."""

from __future__ import annotations

from pathlib import Path

import pytest

from cxvalue.firstmile.found import Recognised, recognise
from cxvalue.workspace.check import examine
from tests.exports import as_csv

SALES = [f"c{n % 4}|2025-03-{n + 10}|sale|{n + 20}.50" for n in range(12)]
ANSWERS = {"currency": "EUR", "margin": "0.4", "tax": "none"}


def _found(folder: Path, *rows: str, kind: str = "type") -> Recognised:
    (folder / "x.csv").write_text(as_csv(f"customer_id|date|{kind}|amount", *rows), encoding="utf-8")
    return recognise(folder / "x.csv").answer(**ANSWERS)


@pytest.mark.parametrize("word", ["return", "Refund", "Gutschrift", "Возврат"])
def test_rows_of_returns_above_zero_are_asked_and_taken_off(tmp_path: Path, word: str) -> None:
    found = _found(tmp_path, *SALES, f"c1|2025-03-11|{word}|21.50")
    (asked,) = found.questions
    assert (asked.key, asked.default) == ("refund", "take_off")
    found.answer(refund="take_off").write(tmp_path / "study")
    read = examine(tmp_path / "study" / "study.yml").to_dict()["tables"]["transactions"]
    assert (read["orders"], read["revenue"]) == (11, sum(n + 20.5 for n in range(12)) - 21.5)


@pytest.mark.parametrize("last", ["c1|2025-03-11|return|-21.50", "c1|2025-03-11|gift|21.50"])
def test_returns_below_zero_and_other_words_are_not_asked(tmp_path: Path, last: str) -> None:
    assert _found(tmp_path, *SALES, last).questions == []


@pytest.mark.parametrize(
    ("column", "sale", "other"),
    [("channel", "D", "C"), ("size", "S", "H"), ("payment type", "debit", "credit"), ("delivery type", "D", "C")],
)
def test_two_letters_are_debit_and_credit_only_where_the_column_is_of_entries(
    tmp_path: Path, column: str, sale: str, other: str
) -> None:
    rows = [f"c{n % 4}|2025-03-{n + 10}|{sale if n % 2 else other}|{n + 20}.50" for n in range(12)]
    assert _found(tmp_path, *rows, kind=column).questions == []
    (asked,) = _found(
        tmp_path, *rows, kind="D/C" if sale == "D" else "debit/credit" if sale == "debit" else "S/H"
    ).questions
    assert (asked.key, asked.default) == ("refund", "take_off")
