"""Which complaints begin a story, what was known before, and how many others were open at the unit."""

from __future__ import annotations

from datetime import date, timedelta

import ibis
import numpy as np
import pytest

from cxvalue.questions.response.complaints import OPEN, _backlog, complaints_of, index_complaints
from cxvalue.study.experience import ExperienceRules
from tests.experienceworlds import RULES, retail

START = date(2024, 1, 1)
END = date(2025, 12, 31)


def touches(rows: list[tuple[str, int, int | None, bool]]) -> ibis.Table:
    who, day, answered, complaint = zip(*rows, strict=True)
    return ibis.memtable(
        {"customer_id": list(who), "date": [START + timedelta(days=d) for d in day], "complaint": list(complaint),
         "reason": ["late"] * len(rows), "channel": ["phone"] * len(rows), "unit": ["u1"] * len(rows),
         "responded_on": [None if d is None else START + timedelta(days=d) for d in answered]}
    ).mutate(responded_on=lambda t: t.responded_on.cast("date"))  # fmt: skip


def test_a_story_begins_after_half_a_year_of_silence_and_can_be_followed() -> None:
    rows = touches(
        [
            ("a", 100, 101, True),  # what was before is not known
            ("a", 300, 301, True),  # begins a story
            ("b", 200, 210, True),  # begins one
            ("b", 290, 291, True),
            ("c", 600, 601, True),  # too late to be followed
            ("d", 250, 251, False),  # no complaint
        ]
    )
    found = complaints_of(rows, observed_from=START, as_of=END)
    assert found is not None
    assert found.day.size == 5
    bought = ibis.memtable({"customer_id": ["a", "b", "b"], "margin": [5.0, 7.0, 11.0],
                            "date": [START + timedelta(days=d) for d in (316, 214, 215)]})  # fmt: skip
    index = index_complaints(found, bought, ExperienceRules())
    assert index is not None
    assert index.fast.tolist() == [True, False]
    # a bought on day 16 after the complaint; b on days 14 (before the landmark ends) and 15.
    assert index.retained.tolist() == [1.0, 1.0]
    assert index.margin.tolist() == [5.0, 11.0]


def test_a_solution_counts_where_no_answer_is_known_and_open_ones_are_open() -> None:
    rows = touches([("a", 10, None, True), ("b", 20, 25, True)]).mutate(resolved_on=ibis.literal(date(2024, 1, 31)))
    found = complaints_of(rows, observed_from=START, as_of=END)
    assert found is not None
    assert found.waited.tolist() == [20, 5]
    assert found.answered_by == "responded_on or resolved_on"
    left = complaints_of(rows.drop("resolved_on"), observed_from=START, as_of=END)
    assert left is not None
    assert left.closed[0] == OPEN


def test_without_complaints_or_answers_there_is_nothing() -> None:
    rows = touches([("a", 10, None, True)])
    assert complaints_of(None, observed_from=START, as_of=END) is None
    assert complaints_of(rows.drop("responded_on"), observed_from=START, as_of=END) is None
    assert complaints_of(rows.drop("complaint"), observed_from=START, as_of=END) is None
    found = complaints_of(rows, observed_from=START, as_of=END)
    assert found is not None
    bought = ibis.memtable({"customer_id": ["a"], "date": [END], "margin": [1.0]})
    assert index_complaints(found, bought, ExperienceRules()) is None


def test_the_backlog_is_that_of_a_loop() -> None:
    world = retail()
    found = complaints_of(world.tables["interactions"], observed_from=world.observed_from, as_of=world.as_of)
    assert found is not None
    backlog, unit = _backlog(found), found.labels["unit"]
    for k in range(0, found.day.size, 97):
        others = (unit == unit[k]) & (found.day <= found.day[k]) & (found.closed >= found.day[k])
        assert backlog[k] == others.sum() - 1
    index = index_complaints(found, world.purchases, RULES)
    assert index is not None
    assert np.isfinite(index.x).all()
    assert index.x[:, 1:].mean(axis=0) == pytest.approx(0, abs=1e-9)
