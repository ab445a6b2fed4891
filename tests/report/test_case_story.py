"""The slides of a business case hold the numbers of its published tables."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cxvalue.report.case_story import case_slides, decision
from cxvalue.report.case_tables import rows_of
from tests.report.conftest import Published


def test_the_six_slides_of_a_case_in_their_order(published: Published) -> None:
    (case,) = published.model.cases
    slides = case_slides(published.model, case)
    assert [slide.chart.kind if slide.chart else None for slide in slides][1:5].count(None) == 0
    assert len(slides) == 6
    assert len({slide.title for slide in slides}) == 6


def test_the_steps_end_at_the_net_present_value(published: Published) -> None:
    (case,) = published.model.cases
    steps = next(one.chart for one in case_slides(published.model, case) if one.chart and one.chart.kind == "steps")
    assert steps.series[0].values[-1] == pytest.approx(published.case.npv.value)


def test_the_decision_follows_the_verdict(published: Published) -> None:
    model, (case,) = published.model, published.model.cases
    judged = model.findings["programme.waiver.verdict"]
    told = {
        value: decision(
            replace(model, findings={**model.findings, judged.id: replace(judged, value=value, text=value)}), case
        ).title
        for value in ("PASS", "NOT PROVEN", "FAIL")
    }
    assert len(set(told.values())) == 3
    assert published.case.npv.value > 0  # so a test that is missed asked for more than paying
    assert "does not do what was asked of it, and is worth" in told["FAIL"]
    assert "does not pay" not in told["FAIL"]


def test_the_evidence_is_drawn_with_the_range_that_was_published(published: Published) -> None:
    (case,) = published.model.cases
    topic = published.model.words["deck_evidence"]
    chart = next(one.chart for one in case_slides(published.model, case) if one.topic == topic)
    assert chart is not None
    rows = rows_of(published.model.tables / "programme_effects.csv")
    for series, column in zip(chart.series, ("effect", "low", "high"), strict=True):
        assert series.values == pytest.approx([float(row[column]) for row in rows])
