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
    assert "'csat' holds 55 to 80 on a scale of [0, 10]; write metrics:" in found["61_drivers"]
    assert experience_obstacles({"surveys": asked}.get, {"csat": MetricRules(scale=(0, 100))}) == {}
