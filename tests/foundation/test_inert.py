"""What a spreadsheet would run is inert, and nothing else is changed."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import pytest

from cxvalue.foundation.inert import inert_table, inert_text, with_sound_texts

FORMULAS = (
    *("=cmd|'/C calc'!A0", "@SUM(A1)", '=HYPERLINK("http://x")', "+A1", "-1+1", "\t=1", "\r=1", "+cmd"),
    *("＝1+1", "＠SUM(A1)", "－1+1"),
)
HARMLESS = ("", "gold", "-12", "+49", "-1,234.5", "a=b", "x@y.z", "1-2")


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_is_text(text: str) -> None:
    assert inert_text(text) == f"'{text}"


@pytest.mark.parametrize("text", HARMLESS)
def test_other_text_stays(text: str) -> None:
    assert inert_text(text) == text


def test_a_table_is_changed_only_where_it_must_be() -> None:
    table = pd.DataFrame({"customer_id": ["a", "=1+1", None], "margin": [1.5, -2.0, 0.0]})
    made = inert_table(table)
    assert made["customer_id"].tolist()[:2] == ["a", "'=1+1"]
    assert made["customer_id"].isna().tolist() == [False, False, True]
    assert made["margin"].tolist() == [1.5, -2.0, 0.0]
    assert table["customer_id"].tolist()[1] == "=1+1"
    assert inert_table(table.rename(columns={"margin": "=1+1"})).columns.tolist() == ["customer_id", "'=1+1"]
    plain = pd.DataFrame({"segment": ["gold", "-5"]})
    assert inert_table(plain) is plain


def test_letters_that_no_file_may_hold_are_marked_wherever_they_stand() -> None:
    @dataclass(frozen=True)
    class Told:
        name: str
        inside: tuple[object, ...]
        by_name: dict[str, str]

    told = Told("a\x00b", ("\x1b[31m", 3, None, Told("x\uffff", (), {})), {"k": "two\nlines\tand \u202e"})
    assert with_sound_texts(told) == Told(
        "a\ufffdb", ("\ufffd[31m", 3, None, Told("x\ufffd", (), {})), {"k": "two\nlines\tand \u202e"}
    )
    sound = Told("a", ("b",), {})
    assert with_sound_texts(sound) is sound
