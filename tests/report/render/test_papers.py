"""What papers a report gets: those whose renderer is there; the others are named with the reason, and nothing fails."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import openpyxl
import pptx
import pypdf
import pytest
from pptx.opc.constants import RELATIONSHIP_TYPE as RT

from cxvalue.foundation.errors import CxvalueError
from cxvalue.language.catalogue import using
from cxvalue.language.english import ENGLISH
from cxvalue.language.words import words_for
from cxvalue.report.html import render_page
from cxvalue.report.paper_model import ReportModel
from cxvalue.report.render import papers
from cxvalue.report.render.papers import PAPERS, Paper, make_papers
from tests.report.conftest import Published, published_in
from tests.report.pages import assert_self_contained


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
        "deck.pptx": "there is no finding to put on slides",
        "case.xlsx": "the study has no business case",
    }


def english_sentences() -> list[str]:
    """Sentences without places for values that page and papers say in English."""
    return [
        text for text in ENGLISH.values() if text.endswith((".", "?", ":")) and text.count(" ") > 2 and "{" not in text
    ]


def deck_texts(path: Path) -> list[str]:
    return [
        shape.text_frame.text
        for slide in pptx.Presentation(path).slides
        for shape in slide.shapes
        if shape.has_text_frame
    ]


def book_texts(path: Path) -> list[str]:
    book = openpyxl.load_workbook(path)
    cells = (cell.value for sheet in book for row in sheet.iter_rows() for cell in row)
    return [*book.sheetnames, *(cell for cell in cells if isinstance(cell, str))]


@pytest.mark.parametrize("language", ["ru", "uk", "zh"])
def test_page_and_papers_speak_the_language_of_the_study(language: str, tmp_path: Path) -> None:
    words = words_for(language)
    with using(language):
        model = published_in(tmp_path, language).model
        made = make_papers(model, tmp_path)
        page = assert_self_contained(render_page(model.page))
    assert made.made == ("report.pdf", "deck.pptx", "case.xlsx")
    pdf = pypdf.PdfReader(tmp_path / "report.pdf")
    # Chinese has no spaces, and the reader of the PDF sees some where lines end.
    whole = {
        "page": "".join(page.text),
        "pdf": "".join(one.extract_text() for one in pdf.pages),
        "deck": "".join(deck_texts(tmp_path / "deck.pptx")),
        "book": "".join(book_texts(tmp_path / "case.xlsx")),
    }
    texts = {name: "".join(text.split()) for name, text in whole.items()}
    for name, key in (
        ("page", "grade_A"), ("page", "footer"), ("pdf", "pdf_believe"), ("pdf", "simulated"), ("deck", "deck_cash"),
        ("deck", "deck_ask_title"), ("book", "book_case_note"), ("book", "book_kind_timing"),
    ):  # fmt: skip
        wanted = "".join((words[key].upper() if key == "deck_cash" else words[key]).split())
        assert wanted in texts[name], f"{name}: {words[key]}"
    for name, text in texts.items():
        assert [told for told in english_sentences() if "".join(told.split()) in text] == [], name
    assert page.lang == {"zh": "zh-Hans"}.get(language, language)
    assert pdf.trailer["/Root"]["/Lang"] == language
    fonts = {str(font["/BaseFont"]) for one in pdf.pages for font in one["/Resources"]["/Font"].get_object().values()}
    assert any("NotoSansCJKsc-Bold" in font for font in fonts) == (language == "zh")
    theme = pptx.Presentation(tmp_path / "deck.pptx").slide_masters[0].part.part_related_by(RT.THEME).blob
    assert (b"Microsoft YaHei" in theme) == (language == "zh")
    assert openpyxl.load_workbook(tmp_path / "case.xlsx").sheetnames == [
        words[f"book_{key}"] for key in ("assumptions", "months", "case", "tornado")
    ]
