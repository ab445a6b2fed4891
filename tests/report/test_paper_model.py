"""What the papers ask of a report: titles, findings as written, what is withheld, how findings were made."""

from __future__ import annotations

from dataclasses import replace

from cxvalue.report.paper_model import methods_of
from tests.report.conftest import Published


def test_a_programme_is_called_as_its_verdict_calls_it(published: Published) -> None:
    model = published.model
    assert model.title_of("waiver") == model.findings["programme.waiver.verdict"].label
    assert model.title_of("unheard") == "unheard"


def test_a_finding_is_found_as_the_page_writes_it(published: Published) -> None:
    line = published.model.line_of("programme.waiver.npv")
    assert line is not None
    assert line in published.model.page.lines
    assert published.model.line_of("programme.waiver.nothing") is None


def test_what_is_withheld_is_said_with_its_reason(published: Published) -> None:
    model = published.model
    assert len(model.not_stated) == len(model.page.withheld)
    assert all(
        line.reason and line.reason in said for line, said in zip(model.page.withheld, model.not_stated, strict=True)
    )


def test_a_way_of_measuring_is_told_once(published: Published) -> None:
    npv = published.model.findings["programme.waiver.npv"]
    assert methods_of(npv, None, npv, replace(npv, method="")) == (npv.method,)
