"""Levels of customers in quarters, by hand on a few answers and against the world's own count."""

from __future__ import annotations

from datetime import date

import ibis
import numpy as np
import pytest

from cxvalue.questions.levels.customer_quarters import (
    GONE,
    LEVELS,
    UNKNOWN,
    CustomerQuarters,
    classify,
    starter_problems,
)
from cxvalue.study.experience import ExperienceRules, MetricRules
from tests.experienceworlds import METRICS, RULES, retail

METRIC = {"csat": MetricRules(scale=(0, 100))}


def by_hand(surveys: dict[str, list[object]] | None, **more: ibis.Table) -> CustomerQuarters:
    days = [date(2024, 1, 5), date(2024, 2, 5), date(2025, 4, 2), date(2024, 1, 9), date(2024, 1, 9)]
    bought = {"customer_id": list("aaabc"), "margin": [1.0] * 5, "date": days}
    found = classify(
        ibis.memtable(bought), surveys=None if surveys is None else ibis.memtable(surveys),
        interactions=more.get("interactions"), customers=None, metrics=METRIC, rules=ExperienceRules(),
        observed_from=date(2024, 1, 1), as_of=date(2025, 6, 30), dormancy_days=90,
    )  # fmt: skip
    assert found is not None
    return found


def test_a_day_counts_once_whatever_happened_on_it() -> None:
    days = [date(2024, 1, 5), date(2024, 1, 5), date(2024, 3, 1), date(2024, 3, 1), date(2024, 3, 2), date(2024, 1, 9)]
    contacts = {
        "customer_id": list("aaaaad"), "date": days,
        "initiated_by": ["customer", "Customer", "customer", "customer", "company", "customer"],
    }  # fmt: skip
    surveys = {"customer_id": list("abd"), "metric": ["csat"] * 3, "score": [50.0] * 3, "date": [date(2024, 2, 1)] * 3}
    found = by_hand(surveys, interactions=ibis.memtable(contacts))
    assert found.names.tolist() == ["a", "b", "d"]
    assert found.active_days.tolist() == [3.0, 1.0, 1.0]  # a bought on two days and wrote on one of them and a third
    assert found.contacts_count


def test_levels_by_hand() -> None:
    # The median of the first four quarters is 50; a is active with two days in a quarter whose median is one.
    found = by_hand(
        {"customer_id": ["a", "b", "c", "a", "b"], "metric": ["csat"] * 5, "score": [75.0, 50.0, 30.0, 55.0, 95.0],
         "date": [date(2024, 1, 20), date(2024, 1, 20), date(2024, 3, 31), date(2025, 4, 20), date(2024, 7, 1)]}
    )  # fmt: skip
    rows = {(found.names[c], q): LEVELS[k] for c, q, k in zip(found.customer, found.quarter, found.level, strict=True)}
    assert found.active_from == 1.0
    # frozen: the median of 75, 50, 30 and 95 is 62.5
    assert rows == {("a", 0): "medium", ("a", 5): "none", ("b", 0): "negative", ("b", 2): "medium",
                    ("c", 0): "negative"}  # fmt: skip
    moves = {(found.names[c], q): n for c, q, n in zip(found.customer, found.quarter, found.next_level, strict=True)}
    assert moves["a", 0] == GONE
    assert moves["b", 0] == GONE
    assert moves["a", 5] == -1  # the quarter after is not over


def test_what_was_expected_takes_the_place_of_the_median() -> None:
    found = by_hand(
        {"customer_id": ["a", "b"], "metric": ["csat"] * 2, "score": [75.0, 50.0], "date": [date(2024, 1, 20)] * 2,
         "expected_best": [90.0, None], "expected_worst": [80.0, None]}
    )  # fmt: skip
    # a: 75 − 85 = −10 is bad; b has no expectation: 50 − 62.5.
    assert [LEVELS[k] for k in found.level] == ["negative", "negative"]


def test_without_surveys_only_unresolved_complaints_have_a_level() -> None:
    complaints = ibis.memtable(
        {"customer_id": ["a", "b", "c"], "channel": ["phone"] * 3, "complaint": [True, True, False],
         "date": [date(2024, 1, 5)] * 3, "resolved_on": [date(2024, 1, 8), date(2024, 1, 9), None]}
    )  # fmt: skip
    found = by_hand(None, interactions=complaints)
    assert [(found.names[c], LEVELS[k]) for c, k in zip(found.customer, found.level, strict=True)] == [
        ("b", "negative")
    ]
    assert not found.surveyed


def test_contacts_that_the_customer_began_count_as_taking_part() -> None:
    answer = {"customer_id": ["b"], "metric": ["csat"], "score": [75.0], "date": [date(2024, 1, 20)]}
    called = ibis.memtable(
        {"customer_id": ["b"] * 3, "date": [date(2024, 1, 9), date(2024, 1, 10), date(2024, 1, 11)],
         "initiated_by": ["customer", "Customer ", "company"]}
    )  # fmt: skip
    assert by_hand(answer).active_days.tolist() == [1.0]
    assert by_hand(answer, interactions=called).active_days.tolist() == [2.0]  # the 9th was a purchase too


def test_the_world_s_levels_are_found() -> None:
    world = retail()
    found = classify(
        world.purchases, surveys=world.tables["surveys"], interactions=world.tables["interactions"],
        customers=world.tables["customers"], metrics=METRICS, rules=RULES, observed_from=world.observed_from,
        as_of=world.as_of, dormancy_days=90,
    )  # fmt: skip
    assert found is not None
    assert found.quarters.count == 16
    share = np.bincount(found.level[found.quarter == 15], minlength=5) / (found.quarter == 15).sum()
    truth = [world.truth[f"experience.level.{name}.share"] for name in LEVELS]
    assert share == pytest.approx(truth, abs=0.06)
    assert set(np.unique(found.next_level)) == {-1, *range(len(LEVELS)), UNKNOWN, GONE}
    assert np.unique(found.unit).size == 60


def test_who_began_a_contact_is_the_customer_or_the_company() -> None:
    said = ["customer", " Company", "client", "client", "robot", None]
    rows = ibis.memtable({"customer_id": list("abcdef"), "initiated_by": said})
    (one,) = starter_problems(rows)
    assert one.where == "tables.interactions.initiated_by"
    assert "3 rows" in one.found
    assert "'client' (2), 'robot' (1)" in one.found
    assert (
        starter_problems(rows.limit(2)) == starter_problems(rows.drop("initiated_by")) == starter_problems(None) == []
    )
