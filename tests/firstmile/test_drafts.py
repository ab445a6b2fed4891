"""Drafts: what a record leaves to the table, and what is left open."""

from __future__ import annotations

from pathlib import Path

import pytest

from cxvalue.firstmile.drafts import columns_in
from cxvalue.firstmile.found import recognise
from cxvalue.language.catalogue import using
from tests.exports import EXPORTS, as_csv, write_export
from tests.messages import TRANSLATED


def test_columns_that_are_missing_take_their_keys_with_them(tmp_path: Path) -> None:
    header = (
        "Name|Email|Financial Status|Created at|Subtotal|Taxes|Total|Lineitem price|Lineitem quantity|Currency|Shipping"
    )
    rows = [f"#{n}|a{n % 2}@example.org|paid|2025-03-1{n} 09:00:00 +0100|10|2|12|10|1|EUR|0" for n in range(1, 5)]
    (tmp_path / "x.csv").write_text(as_csv(header, *rows), encoding="utf-8")
    draft = recognise(tmp_path / "x.csv").understanding.drafts[0]
    assert draft.spec["keep_rows"] == {"Financial Status": ["paid", "partially_refunded", "refunded"]}
    assert "refund" not in draft.spec
    assert [question.key for question in draft.questions] == []
    assert draft.chosen == {"tax": "on_top"}


@pytest.mark.parametrize("language", ["en", *TRANSLATED])
def test_a_footer_is_known_in_every_language(tmp_path: Path, language: str) -> None:
    rows = [f"{n};k{n % 3};2025-03-1{n};10,50" for n in range(1, 9)]
    for name, footer in (("line.csv", "Total of 8 orders"), ("cells.csv", "Total;;;84,00")):
        text = "\n".join(["order_id;customer_id;date;net amount", *rows, footer]) + "\n"
        (tmp_path / name).write_text(text, encoding="utf-8")
        with using(language):
            draft = recognise(tmp_path / name).understanding.drafts[0]
        assert (draft.spec["footer"], draft.export.rows) == ("leave_out", 8), name


def test_arithmetic_that_does_not_hold_is_asked(tmp_path: Path) -> None:
    shop = next(one for one in EXPORTS if one.name == "shopify.csv")
    text = shop.text.replace(",125,", ",131,").replace(",48,", ",41,")
    (tmp_path / "x.csv").write_text(text, encoding="utf-8")
    question = next(one for one in recognise(tmp_path / "x.csv").questions if one.key == "tax")
    assert set(question.effects) == {"on_top", "inside"}


def test_an_unanswered_question_stands_as_ask_where_its_answer_belongs(tmp_path: Path) -> None:
    woo = next(one for one in EXPORTS if one.name == "woo.csv")
    found = recognise(write_export(tmp_path, woo)).understanding
    spec, tried, asked = found.settled["transactions"]
    assert spec["columns"]["customer_id"] == "ASK"
    assert tried["columns"]["customer_id"] == "Customer"
    assert [question.key for question in asked] == ["names"]


def test_columns_of_a_mapping() -> None:
    assert columns_in("=[a] * ([b c] else 0)") == ["a", "b c"]
    assert columns_in("plain") == ["plain"]


def test_a_status_that_the_record_does_not_know_is_asked_about(tmp_path: Path) -> None:
    woo = next(one for one in EXPORTS if one.name == "woo.csv")
    (tmp_path / "x.csv").write_text(woo.text.replace("processing", "wc-packed"), encoding="utf-8")
    found = recognise(tmp_path / "x.csv")
    question = next(one for one in found.questions if one.key == "others")
    assert "wc-packed 1" in question.ask
    spec, _, _ = found.answer(names="accept", margin=0.4, others="count").understanding.settled["transactions"]
    assert spec["keep_rows"]["Status"][-1] == "wc-packed"
    assert not any(one.key == "others" for one in recognise(write_export(tmp_path, woo)).questions)
