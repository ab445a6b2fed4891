"""The records: whole, and bound to the names that a table has."""

from __future__ import annotations

import pytest

from cxvalue.firstmile.records import Record, bound, normalised, records
from cxvalue.study import TableSource
from cxvalue.tables.read.schema import CONTRACTS


@pytest.mark.parametrize("record", records(), ids=lambda one: one.layout)
def test_a_record_is_one_that_a_study_can_hold(record: Record) -> None:
    names = {name: name for name in (*record.needs, *record.also)}
    assert record.source
    assert record.row
    if record.refuse:
        assert record.refuse["found"]
        assert record.refuse["remedy"]
        return
    contract = CONTRACTS[record.table]
    plain = {key: value for key, value in record.spec.items() if key not in ("columns", "refund", "once_per")}
    columns = {ours: bound(theirs, names) or "ASK" for ours, theirs in record.spec["columns"].items()}
    TableSource(path="x.csv", columns=columns, **plain)
    assert all(contract.extra_columns or ours in contract.names for ours in columns)
    assert len({asked["key"] for asked in record.asks}) == len(record.asks)
    for asked in record.asks:
        assert asked["options"]
        assert asked.get("default") is None or asked["key"] not in ("tax", "currency", "margin")


def test_layouts_are_many_and_each_is_named_once() -> None:
    assert len(records()) >= 20
    assert len({record.layout for record in records()}) == len(records())


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("=[a] - ([c] else 0)", "=[A] - (0)"),
        ("=[c] else [a]", "=[A]"),
        ("=[a] else [c]", "=[A]"),
        ("=[c] * 2", None),
        (["c", "a"], "A"),
        ("c", None),
        ("='x'", "='x'"),
    ],
)
def test_a_spec_takes_the_names_that_are_there(value: object, expected: object) -> None:
    assert bound(value, {"a": "A"}) == expected


def test_names_are_compared_without_case_accents_and_signs() -> None:
    assert normalised("Order #") == normalised("ORDER_") == "order"
    assert normalised("Größe") == normalised("GROSSE") or normalised("Größe") == "grosse"
    assert normalised("#") == "#"
