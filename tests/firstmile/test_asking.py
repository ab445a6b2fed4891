"""Answers: how they are written, and what they make of a table."""

from __future__ import annotations

import pytest

from cxvalue.firstmile.asking import Option, Question, answered, merged, parse_answers, put
from cxvalue.foundation.errors import BadInput

SPEC = {"columns": {"revenue": "Total"}, "refund": {"amount": "=[Back] * 2"}}
TAX = Question("tax", "Which?", "columns.revenue", (Option("none", "none"),), None, "rate")


def test_answers_are_keys_and_values() -> None:
    found = parse_answers(["tax=inside", "Keep-Rows='paid, sent'", "transactions.status=x"])
    assert found == {"tax": "inside", "statuses": "paid, sent", "transactions.statuses": "x"}
    for wrong in ("tax", "=x", "tax="):
        with pytest.raises(BadInput, match="is not an answer"):
            parse_answers([wrong])


@pytest.mark.parametrize("rate", ["20%", "0.2", "20", "0,2"])
def test_a_rate_is_taken_out_of_amounts_and_of_what_came_back(rate: str) -> None:
    found = answered(TAX, rate, SPEC, {})
    assert found == {"columns": {"revenue": "=[Total] / 1.2"}, "refund": {"amount": "=([Back] * 2) / 1.2"}}
    assert answered(TAX, "none", SPEC, {}) == SPEC
    with pytest.raises(BadInput, match="is not a rate"):
        answered(TAX, "much", SPEC, {})


def test_an_option_that_goes_with_another_answer() -> None:
    options = (Option("x", "", {"a": 1}, {"tax": "in"}), Option("x", "", {"a": 2}, {"tax": "on"}))
    question = Question("q", "?", "a", options)
    assert answered(question, "X", {}, {"tax": "on"}) == {"a": 2}
    with pytest.raises(BadInput, match="Allowed: x"):
        answered(question, "y", {}, {})


def test_values_columns_and_texts() -> None:
    values = Question("statuses", "?", "keep_rows.Status", free="values")
    assert answered(values, "paid; sent", {}, {}) == {"keep_rows": {"Status": ["paid", "sent"]}}
    column = Question("score", "?", "columns.score", free="column", columns=("Q1", "Q2"))
    assert answered(column, "q2", {}, {}) == {"columns": {"score": "Q2"}}
    with pytest.raises(BadInput, match="no column 'Q3'"):
        answered(column, "Q3", {}, {})
    assert answered(Question("metric", "?", "columns.metric", free="text"), "nps", {}, {}) == {
        "columns": {"metric": "='nps'"}
    }


def test_keys_are_merged_without_touching_the_old_ones() -> None:
    old = {"columns": {"a": "x"}}
    assert merged(old, {"columns": {"a": "y"}, "once_per": "n"}) == {"columns": {"a": "y"}, "once_per": "n"}
    assert put(old, "columns.b c", "ASK") == {"columns": {"a": "x", "b c": "ASK"}}
    assert old == {"columns": {"a": "x"}}
