"""The PDF: two sheets for whoever decides, tagged and described, the same bytes each time, and no text that is markup."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pypdf
import pytest

from cxvalue.foundation.errors import CxvalueError
from cxvalue.report.page_model import PageFigure
from cxvalue.report.render.pdf import _within, render_pdf
from tests.report.conftest import MARKUP, Published


@pytest.fixture(scope="module")
def paper(published: Published, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("paper") / "report.pdf"
    render_pdf(published.model, path)
    return path


def texts(path: Path) -> list[str]:
    return [" ".join(page.extract_text().split()) for page in pypdf.PdfReader(path).pages]


def test_two_sheets_for_whoever_decides_and_the_rest_behind_them(paper: Path, published: Published) -> None:
    first, second, third, *_ = pages = texts(paper)
    words, answer = published.model.words, published.model.page.answers[0]
    assert first.startswith(MARKUP)
    assert words["simulated"] in first
    assert answer.sentence in first
    assert all(card.value in first for card in published.model.page.cards)
    assert words["pdf_believe"] in second
    assert words["assumptions"] in second
    assert "not named" in second
    assert third.startswith(words["pdf_rest"])
    assert all(page.endswith(f"Page {number} of {len(pages)}") for number, page in enumerate(pages, start=1))
    box = pypdf.PdfReader(paper).pages[0].mediabox
    assert (float(box.width), float(box.height)) == pytest.approx((595.28, 841.89), abs=0.01)


def test_it_is_tagged_and_described(paper: Path) -> None:
    found = pypdf.PdfReader(paper)
    catalogue = found.trailer["/Root"]
    assert catalogue["/MarkInfo"]["/Marked"] == True  # noqa: E712 - a PDF boolean
    assert catalogue["/Lang"] == "en"
    assert found.metadata is not None
    assert found.metadata.title == MARKUP
    assert b"<pdfuaid:part>1</pdfuaid:part>" in catalogue["/Metadata"].get_data()
    fonts = {
        font["/BaseFont"].split("+")[-1]
        for page in found.pages
        for font in page["/Resources"]["/Font"].get_object().values()
    }
    assert fonts <= {"DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique"}


def test_the_same_report_gives_the_same_bytes(paper: Path, published: Published, tmp_path: Path) -> None:
    render_pdf(published.rebuilt(made=datetime(2026, 3, 3, tzinfo=UTC)), tmp_path / "again.pdf")
    assert (tmp_path / "again.pdf").read_bytes() == paper.read_bytes()


def test_a_title_that_its_letters_lack_is_no_reason_to_fail(published: Published, tmp_path: Path) -> None:
    render_pdf(published.rebuilt(title="罚款豁免值多少钱？"), tmp_path / "report.pdf")
    assert len(texts(tmp_path / "report.pdf")) >= 3


def test_what_cannot_be_laid_out_is_refused_in_a_line(
    published: Published, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "broken.typ"
    broken.write_text("#let = ")
    monkeypatch.setattr("cxvalue.report.render.pdf.TEMPLATE", broken)
    with pytest.raises(CxvalueError) as error:
        render_pdf(published.model, tmp_path / "report.pdf")
    assert "\n" not in str(error.value)
    assert not (tmp_path / "report.pdf").exists()


def test_a_figure_that_is_as_high_as_wide_takes_a_sheet_of_its_own(published: Published, tmp_path: Path) -> None:
    def sheets(height: int) -> int:
        model = published.rebuilt()
        (tmp_path / "tall.svg").write_text(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 {height}"></svg>')
        figures = (PageFigure("A statement", "It shows rows.", tmp_path / "tall.svg"),) * 2
        render_pdf(replace(model, page=replace(model.page, figures=figures)), tmp_path / "tall.pdf")
        told = texts(tmp_path / "tall.pdf")
        return sum("It shows rows." in one for one in told)

    assert [sheets(height) for height in (200, 310, 420, 2000)] == [1, 1, 2, 2]


def test_a_sheet_holds_half_as_many_chinese_letters() -> None:
    """Each is as wide as two Latin ones; more of them than there is room for push the assumptions onto a third sheet."""
    assert _within(["a" * 60, "b" * 40, "c"], 100) == ["a" * 60, "b" * 40]
    assert _within(["\u5ba2" * 30, "\u6237" * 20, "c"], 100) == ["\u5ba2" * 30, "\u6237" * 20]
    assert _within(["\u5ba2" * 60, "c"], 100) == ["\u5ba2" * 60]
