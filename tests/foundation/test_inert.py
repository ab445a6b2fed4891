"""What a spreadsheet would run is inert, and nothing else is changed."""

from __future__ import annotations

import pandas as pd
import pytest

from cxvalue.foundation.inert import inert_table, inert_text

FORMULAS = ("=cmd|'/C calc'!A0", "@SUM(A1)", '=HYPERLINK("http://x")', "+A1", "-1+1", "\t=1", "\r=1", "+cmd")
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
    plain = pd.DataFrame({"segment": ["gold", "-5"]})
    assert inert_table(plain) is plain
