"""Recognising who wrote a file: the same however its columns stand, and never sure of what is not whole."""

from __future__ import annotations

import random

import pytest

from cxvalue.firstmile.recognition import match
from cxvalue.firstmile.records import Record, records
from cxvalue.tables.read.roles import WORDS


@pytest.mark.parametrize("record", records(), ids=lambda one: one.layout)
def test_a_record_is_known_in_any_order_case_and_company(record: Record) -> None:
    draw = random.Random(record.layout)
    columns = [*record.needs, *record.also]
    found, how, _ = match(columns)
    assert (found, how) == (record, "sure")
    changed = [name.upper().replace(" ", "_") for name in columns] + [f"other {number}" for number in range(10)]
    draw.shuffle(changed)
    assert match(changed)[:2] == (record, "sure")
    fewer = [name for name in columns if name != record.also[-1]] if record.also else columns
    assert match(fewer)[:2] == (record, "sure")


@pytest.mark.parametrize("record", records(), ids=lambda one: one.layout)
def test_with_a_column_lost_that_is_needed_nothing_is_sure(record: Record) -> None:
    for lost in record.needs:
        found, how, near = match([name for name in (*record.needs, *record.also) if name != lost])
        assert how != "sure"
        assert found is not record
        assert found is not None or not near or repr(lost) in near


def test_random_tables_are_never_sure() -> None:
    words = sorted(
        {word for pattern in WORDS.values() for word in pattern.replace(r"\b", "").split("|") if word.isalpha()}
    )
    draw = random.Random(7)
    for _ in range(200):
        columns = list(
            {
                f"{draw.choice(words)} {draw.choice(words)}" if draw.random() < 0.5 else draw.choice(words)
                for _ in range(12)
            }
        )
        assert match(columns)[1] != "sure"
