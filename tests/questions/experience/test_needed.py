"""A study whose tables say nothing of experience does not start these notebooks."""

from __future__ import annotations

import ibis
import pytest

from cxvalue.questions.experience.needed import experience_obstacles
from cxvalue.study.experience import MetricRules

TOUCH = {"customer_id": ["a"], "channel": ["phone"], "reason": ["fine"]}


@pytest.mark.parametrize(
    ("interactions", "free"),
    [
        (TOUCH, False),
        (TOUCH | {"complaint": [True]}, False),
        (TOUCH | {"complaint": [True], "resolved_on": ["2025-01-01"]}, True),
        (TOUCH | {"touchpoint": ["shop"]}, True),
    ],
)
def test_interactions_need_touchpoints_or_answered_complaints(
    interactions: dict[str, list[object]], free: bool
) -> None:
    tables = {"interactions": ibis.memtable(interactions)}
    assert ("60_experience" not in experience_obstacles(tables.get)) == free


def test_a_score_is_enough_and_wallet_questions_are_not() -> None:
    asked = {"metric": ["rank", "overall"], "score": [1.0, None]}
    assert "60_experience" in experience_obstacles({"surveys": ibis.memtable(asked)}.get)
    asked["score"] = [1.0, 2.0]
    assert "60_experience" not in experience_obstacles({"surveys": ibis.memtable(asked)}.get)


def test_scores_off_their_scale_stop_these_notebooks_and_say_what_to_write() -> None:
    asked = ibis.memtable({"metric": ["csat", "csat"], "score": [55.0, 80.0]})
    found = experience_obstacles({"surveys": asked}.get)
    assert set(found) == {"60_experience", "61_drivers", "62_scores"}
    assert "'csat' ranges from 55 to 80 on a scale of [0, 10]; write metrics:" in found["61_drivers"]
    assert experience_obstacles({"surveys": asked}.get, {"csat": MetricRules(scale=(0, 100))}) == {}


def test_a_metric_asked_up_to_five_is_not_read_as_up_to_ten() -> None:
    asked = ibis.memtable({"metric": ["csat"] * 100 + ["nps"] * 100, "score": [1.0, 5.0] * 50 + [0.0, 10.0] * 50})
    found = experience_obstacles({"surveys": asked}.get)
    assert set(found) == {"60_experience", "61_drivers", "62_scores"}
    assert "'csat' ranges from 1 to 5, and would be read as scores from 0 to 10; write metrics:" in found["61_drivers"]
    assert "nps" not in found["61_drivers"]
    for scale in ((1, 5), (0, 10)):
        assert experience_obstacles({"surveys": asked}.get, {"csat": MetricRules(scale=scale)}) == {}
    assert experience_obstacles({"surveys": asked.limit(99)}.get) == {}


@pytest.mark.parametrize(
    ("metric", "score", "said"),
    [
        ("main_store", [1.0, 2.0], "'main_store' ranges from 2 to 2;"),
        ("main_store", [85.0, 0.0], "ranges from 85 to 85"),
        ("category_spend", [100.0, -5.0], "ranges from −5 to −5"),
        ("rank", [0.0, 1.0], "ranges from 0 to 0"),
        ("brands_used", [0.0, 3.0], "ranges from 0 to 0"),
    ],
)
def test_answers_about_the_wallet_that_cannot_be_stop_its_notebook(metric: str, score: list[float], said: str) -> None:
    asked = ibis.memtable({"metric": ["overall", metric, metric], "score": [10.0, *score]})
    found = experience_obstacles({"surveys": asked}.get)
    assert set(found) == {"62_scores"}
    assert said in found["62_scores"]
    right = ibis.memtable({"metric": ["overall", metric, metric], "score": [10.0, 1.0, 1.0]})
    assert experience_obstacles({"surveys": right}.get) == {}
