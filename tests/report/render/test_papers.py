"""What papers a report gets: those whose renderer is there; the others are named with the reason, and nothing fails."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cxvalue.foundation.errors import CxvalueError
from cxvalue.report.paper_model import ReportModel
from cxvalue.report.render import papers
from cxvalue.report.render.papers import PAPERS, Paper, make_papers
from tests.report.conftest import Published


def test_all_are_made(published: Published, tmp_path: Path) -> None:
    found = make_papers(published.model, tmp_path)
    assert found.made == ("report.pdf", "deck.pptx", "case.xlsx")
    assert (found.missing, found.not_due) == ((), ())
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(found.made)


def test_a_missing_renderer_is_named_with_the_command(
    published: Published, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(papers, "find_spec", lambda name: None)
    found = make_papers(published.model, tmp_path)
    assert found.made == ()
    assert dict(found.missing)["report.pdf"] == "typst is not installed: python -m pip install typst"
    assert [name for name, _ in found.missing] == [paper.name for paper in PAPERS]
    assert list(tmp_path.iterdir()) == []


def test_a_renderer_that_stumbles_leaves_a_note_and_no_file(
    published: Published, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def half(model: ReportModel, path: Path) -> None:
        path.write_bytes(b"half")
        raise OSError(28, "No space left", str(path))

    def refused(model: ReportModel, path: Path) -> None:
        raise CxvalueError("its parts do not add up")

    monkeypatch.setattr(
        papers, "PAPERS", (Paper("a.pdf", "os", "os", "", half), Paper("b.pdf", "os", "os", "", refused))
    )
    found = make_papers(published.model, tmp_path)
    assert found.missing == (
        ("a.pdf", "it could not be made (OSError)"),
        ("b.pdf", "it could not be made (its parts do not add up)"),
    )
    assert list(tmp_path.iterdir()) == []


def test_a_study_without_a_case_has_no_workbook(published: Published, tmp_path: Path) -> None:
    found = make_papers(replace(published.model, cases=(), slides=()), tmp_path)
    assert found.made == ("report.pdf",)
    assert found.missing == ()
    assert dict(found.not_due) == {
        "deck.pptx": "there is no finding to tell on slides",
        "case.xlsx": "the study has no business case",
    }
