"""What the papers ask of a report: titles, findings as written, what is withheld, how findings were made."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from cxvalue.findings.finding import behind_a_colon
from cxvalue.language.catalogue import using
from cxvalue.report.paper_model import methods_of
from cxvalue.report.storyline import _opening
from tests.report.conftest import Published, published_in


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
    assert {reason for _, _, reason in model.page.not_stated} == {line.reason for line in model.page.withheld}
    assert all(
        reason and said.startswith(what) and said.endswith(behind_a_colon(reason))
        for (what, _, reason), said in zip(model.page.not_stated, model.not_stated, strict=True)
    )


def test_a_way_of_measuring_is_told_once(published: Published) -> None:
    npv = published.model.findings["programme.waiver.npv"]
    assert methods_of(npv, None, npv, replace(npv, method="")) == (npv.method,)


def test_chinese_joins_a_name_and_what_is_said_of_it_with_its_own_signs(tmp_path: Path) -> None:
    with using("zh"):
        model = published_in(tmp_path, "zh").model
    points = model.answered("programme.waiver")
    assert points
    assert all(re.match(r"[^:：]+：\S", point) for point in points)
    (opening,) = _opening(model)
    assert re.match(rf"{model.page.answers[0].word}。\S", opening.title)
