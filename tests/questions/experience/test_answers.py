"""Scores become points, quarters are whole ones, and a score off its scale is refused."""

from __future__ import annotations

from datetime import date
from typing import Any

import ibis
import pytest

from cxvalue.foundation.errors import CxvalueError
from cxvalue.questions.experience.answers import (
    Quarters,
    answered,
    main_metric,
    off_scale,
    point_in_words,
    points,
    rules_of,
)
from cxvalue.study.experience import MetricRules

AS_OF = date(2026, 6, 30)


def surveys(rows: list[tuple[str, float | None]]) -> ibis.Table:
    names, scores = zip(*rows, strict=True)
    return ibis.memtable({"customer_id": ["a"] * len(rows), "metric": list(names), "score": list(scores)}).mutate(
        date=ibis.literal(date(2025, 1, 2)), event_date=ibis.null("date")
    )


def test_points_run_from_0_to_100_and_nps_from_minus_100_to_100() -> None:
    metrics = {"csat": MetricRules(scale=(1, 5)), "nps": MetricRules(kind="nps")}
    rows = surveys([("csat", 1), ("csat", 4), ("nps", 6), ("nps", 7), ("nps", 9), ("other", 3), ("nps", None)])
    rows = rows.mutate(score=rows.score.isnan().ifelse(ibis.null("float64"), rows.score))
    found = rows.mutate(points=points(rows.score, rows.metric, metrics, ["csat", "nps", "other"])).to_pandas()
    assert found["points"].tolist()[:6] == [0.0, 75.0, -100.0, 0.0, 100.0, 30.0]
    assert found["points"].isna().tolist() == [False] * 6 + [True]  # no answer is no passive one


def test_a_point_is_told_where_it_would_be_taken_for_one_of_the_scale() -> None:
    metrics = {"csat": MetricRules(scale=(1, 5)), "nps": MetricRules(kind="nps"), "index": MetricRules(scale=(0, 100))}
    assert point_in_words(["nps", "csat"], metrics) == "A point is a hundredth of the scale."
    assert point_in_words(["nps", "index"], metrics) == ""


def test_wallet_questions_and_empty_scores_are_no_answers() -> None:
    rows = answered(surveys([("overall", 7), ("overall", None), ("rank", 2)]), {}).to_pandas()
    assert rows["points"].tolist() == [70.0]
    assert rows["day"].astype(str).tolist() == ["2025-01-02"]


def test_a_score_off_its_scale_is_refused_with_what_was_found() -> None:
    with pytest.raises(CxvalueError, match=r"'overall' ranges from 7 to 55 on a scale of \[0, 10\]"):
        answered(surveys([("overall", 7), ("overall", 55)]), {})


def test_quarters_are_those_wholly_observed() -> None:
    quarters = Quarters.between(date(2024, 2, 1), date(2025, 6, 29))
    assert (quarters.first, quarters.count) == (date(2024, 4, 1), 4)
    assert quarters.last_day(0) == date(2024, 6, 30)
    assert Quarters.between(date(2024, 2, 1), date(2024, 3, 31)).count == 0
    days = ibis.memtable({"day": [date(2024, 3, 31), date(2024, 4, 1), date(2025, 3, 31)]})
    assert days.mutate(n=quarters.index(days.day)).to_pandas()["n"].tolist() == [-1, 0, 3]


def test_the_main_metric_is_the_declared_one_else_overall_else_the_one_answered_most() -> None:
    rows = surveys([("a", 1), ("a", 1), ("overall", 2), ("main_store", 1), ("main_store", 1), ("main_store", 1)])
    assert main_metric(rows, {"b": MetricRules(main=True)}) == "b"
    assert main_metric(rows, {}) == "overall"
    assert main_metric(rows.filter(rows.metric != "overall"), {}) == "a"
    assert main_metric(rows.filter(rows.metric == "main_store"), {}) is None


@pytest.mark.parametrize(
    ("name", "rules", "kind"),
    [
        ("nps", {}, "nps"),
        ("NPS after delivery", {}, "nps"),
        ("nps", {"owner": "head of service"}, "nps"),
        ("nps", {"kind": "mean"}, "mean"),
        ("nps", {"scale": (0, 100)}, "mean"),
        ("snps_index", {}, "mean"),
        ("overall", {}, "mean"),
    ],
)
def test_a_metric_called_nps_is_no_mean(name: str, rules: dict[str, Any], kind: str) -> None:
    assert rules_of(name, {name: MetricRules(**rules)} if rules else {}).kind == kind


@pytest.mark.parametrize(
    ("scores", "scale", "words"),
    [
        ([0.4, 0.8, 1.0], (0, 100), "all scores lie in the lowest tenth of their scale: 'csat' ranges from 0.4 to 1"),
        ([3, 4, 5], (0, 100), "lowest tenth"),
        ([80, 90, 99], (0, 100), 'read: {missing: ["99"]}'),
        ([80, 93, 99], (0, 100), ""),
        ([80, 90, 100], (0, 100), ""),
        ([1, 2, 5], (1, 5), ""),
    ],
)
def test_scores_of_another_scale_and_numbers_for_no_answer_are_told(
    scores: list[float], scale: tuple[float, float], words: str
) -> None:
    table = ibis.memtable({"metric": ["csat"] * 120, "score": [float(one) for one in scores] * 40})
    reason, _ = off_scale(table, {"csat": MetricRules(scale=scale)})
    assert (words in reason) if words else not reason
