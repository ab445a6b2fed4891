"""Which slides tell a report."""

from __future__ import annotations

from pathlib import Path

from cxvalue.findings.finding import Finding
from cxvalue.report.case_story import case_slides
from tests.report.conftest import Published

VALUE = Finding("cltv.equity", "Worth of today's customers", 5e5, 4e5, 6e5, 0.95, "EUR", "C", "They bring EUR 500,000.")


def test_a_case_is_told_by_its_slides(published: Published) -> None:
    model = published.model
    assert [slide.title for slide in model.slides] == [one.title for one in case_slides(model, model.cases[0])]


def test_without_a_case_the_value_of_customers_is_told(published: Published, tmp_path: Path) -> None:
    model = published.rebuilt(some=[VALUE], tables=tmp_path)
    assert not model.cases
    assert model.slides
    assert any("500,000" in text for slide in model.slides for text in (slide.title, *slide.points))


def test_without_a_finding_nothing_is_told(published: Published, tmp_path: Path) -> None:
    assert published.rebuilt(some=[], tables=tmp_path).slides == ()
