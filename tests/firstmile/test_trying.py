"""A table read as a study would read it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cxvalue.engine.embedded import connect
from cxvalue.firstmile import trying
from cxvalue.firstmile.exports import Export, open_exports
from cxvalue.firstmile.trying import holds, kept_values, total

TEXT = "o,c,s,net,tax,all\n1,a,paid,10,2,12\n1,,,,,\n2,b,void,20,4,24\n3,,paid,5,1,7\n4,b,paid,8,0,9\n"
SPEC: dict[str, Any] = {
    "once_per": "o",
    "keep_rows": {"s": ["paid"]},
    "columns": {"customer_id": "c", "revenue": "net"},
}


@pytest.fixture
def export(tmp_path: Path) -> Export:
    (tmp_path / "x.csv").write_text(TEXT, encoding="utf-8")
    return open_exports(connect().con, [tmp_path / "x.csv"], tmp_path)[0]


def test_what_it_comes_to_without_rows_that_no_customer_has(export: Export) -> None:
    assert total(export, SPEC) == 18.0
    assert total(export, {**SPEC, "keep_rows": {"s": ["paid", "void"]}}) == 38.0
    assert total(export, {**SPEC, "refund": {"amount": "tax"}}) == 16.0
    assert total(export, {**SPEC, "columns": {"customer_id": "c", "revenue": "s"}}) is None


def test_arithmetic_is_counted_where_it_matters(export: Export) -> None:
    assert holds(export, SPEC, "[net] + [tax] - [all]", "tax") == 0.5
    assert holds(export, {**SPEC, "keep_rows": {"o": ["4"]}}, "[net] + [tax] - [all]", "tax") is None


def test_values_of_the_rows_that_count(export: Export) -> None:
    assert kept_values(export, SPEC, "[c]") == [("", 1), ("a", 1), ("b", 1)]


def test_what_was_asked_once_is_not_worked_out_again_until_the_rows_or_the_keys_are_others(
    export: Export, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr(trying, "shape", lambda *given, shape=trying.shape: asked.append(1) or shape(*given))
    assert [total(export, dict(SPEC)) for _ in range(3)] == [18.0] * 3
    assert len(asked) == 1
    assert total(export, {**SPEC, "once_per": "net"}) == 18.0
    assert kept_values(export, SPEC, "[c]") != kept_values(export, SPEC, "[o]")
    assert len(asked) == 4
    export.narrowed("o <> '4'")
    assert total(export, SPEC) == 10.0
