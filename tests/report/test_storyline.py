"""Slides of studies without a business case: as many as there are answers, and what is not known at the end."""

from __future__ import annotations

from pathlib import Path

from cxvalue.findings.finding import Finding
from tests.report.conftest import Published


def test_a_study_without_a_case_is_told_by_its_answers(published: Published, tmp_path: Path) -> None:
    some = [
        Finding("cltv.equity", "Customer equity", 9e6, 8e6, 1e7, 0.95, "EUR", "C", "They bring EUR 9 M."),
        Finding("cltv.typical_miss", "Miss", 0.08, unit="share", text="They missed by 8%."),
        Finding("churn.rate", "Churn", None, text="The history is too short."),
    ]
    slides = published.rebuilt(some=some, tables=tmp_path).slides
    assert [slide.topic for slide in slides] == [
        "The answer", "What customers are worth", "How past forecasts fared", "Open questions"
    ]  # fmt: skip
    assert slides[-1].points == ("Churn: The history is too short.",)


def test_nothing_to_tell_is_no_slide(published: Published, tmp_path: Path) -> None:
    assert published.rebuilt(some=[], tables=tmp_path).slides == ()
