"""Queries that have no end, or make much of nothing, are ended or never begun."""

from __future__ import annotations

import time

import duckdb
import pytest
import sqlglot

from cxvalue.foundation.errors import BadInput
from cxvalue.tables.read.limits import QUERY_SECONDS, USUAL_SECONDS, ended_in_time, grows_from_nothing, query_seconds


def test_a_query_without_an_end_is_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(QUERY_SECONDS, "0.5")
    con, began = duckdb.connect(), time.monotonic()
    endless = "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r) SELECT max(n) FROM r"
    said = r"did not end within 0\.5 s\..*export CXVALUE_QUERY_SECONDS=…"
    with pytest.raises(BadInput, match=said), ended_in_time(con, "tables.transactions.query"):
        con.execute(endless)
    assert time.monotonic() - began < 20
    with ended_in_time(con, "here"):
        assert con.execute("SELECT 1").fetchone() == (1,), "the connection is as good as before"


def test_what_needs_more_than_there_is_says_so() -> None:
    con = duckdb.connect()
    con.execute("SET memory_limit = '20MB'; SET temp_directory = ''")
    with pytest.raises(BadInput, match="needs more memory"), ended_in_time(con, "here"):
        con.execute("CREATE TABLE t AS SELECT range AS a, random() AS b FROM range(20000000)")


@pytest.mark.parametrize(
    ("query", "refused"),
    [
        ("select lpad(id, 10, '0'), repeat('ab', 3) from t", False),
        ("select unnest(generate_series(date '2024-01-01', date '2025-01-01', interval 1 day)) from t", False),
        ("select 5000000000 * amount from t", False),
        ("select rpad(id, 2000000000, 'x') from t", True),
        ("select repeat('x', 100000 * 100000) from t", True),
        ("select repeat('x', (10 ** 9)::bigint) from t", True),
        ("select list_resize([1], 4000000000) from t", True),
        ("select a from (select range(9000000000) as a from t)", True),
    ],
)
def test_calls_that_make_much_of_nothing_are_found(query: str, refused: bool) -> None:
    assert (grows_from_nothing(sqlglot.parse_one(query, read="duckdb")) is not None) == refused


def test_the_time_of_a_query_is_an_option(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(QUERY_SECONDS, raising=False)
    assert query_seconds() == USUAL_SECONDS
    monkeypatch.setenv(QUERY_SECONDS, "900")
    assert query_seconds() == 900
    for wrong in ("soon", "0", "-1", "nan", "1e300"):
        monkeypatch.setenv(QUERY_SECONDS, wrong)
        with pytest.raises(BadInput, match="is not a number of seconds"):
            query_seconds()
