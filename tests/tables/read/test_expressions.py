"""Expressions of columns: what they mean, and what is none."""

from __future__ import annotations

import duckdb
import pytest

from cxvalue.foundation.errors import BadInput
from cxvalue.tables.read.expressions import parse_expression

KNOWN = ("a", "b b")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("=[a] - [b b]", 4.0),
        ("=[a] - [b b] - 1", 3.0),
        ("=2 * ([a] + [b b]) / 4", 4.0),
        ("=[a] × 2 − 1", 11.0),
        ("=-[a] / 3", -2.0),
        ("=[a] * -1", -6.0),
        ("='x'", "x"),
    ],
)
def test_expressions_mean_what_they_say(text: str, value: float | str) -> None:
    sql = parse_expression(text, "w", KNOWN).sql({"a": "6.0", "b b": "2.0"}.__getitem__)
    assert (duckdb.sql(f"SELECT {sql}").fetchone() or ())[0] == value


def test_what_is_empty_stays_empty_unless_something_stands_in() -> None:
    for text, value in (("=[a] - [b b]", None), ("=[a] - ([b b] else 0)", 6.0), ("=[b b] else [a]", 6.0)):
        sql = parse_expression(text, "w", KNOWN).sql({"a": "6.0", "b b": "CAST(NULL AS DOUBLE)"}.__getitem__)
        assert (duckdb.sql(f"SELECT {sql}").fetchone() or ())[0] == value


@pytest.mark.parametrize(
    "text", ["=", "=[a] -", "=[a", "=[a] [b b]", "=([a]", "=a + 1", "=[a]; drop table x", "=[a] ** 2"]
)
def test_what_is_no_expression_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="cannot be understood"):
        parse_expression(text, "w", KNOWN)


def test_a_column_that_is_not_there_is_named() -> None:
    with pytest.raises(BadInput, match="no column 'c'"):
        parse_expression("=[c] + 1", "w", KNOWN)
