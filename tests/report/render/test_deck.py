"""The slides: six statements with charts that can be edited, evidence in the notes, nothing that a spreadsheet would run."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import openpyxl
import pptx
import pytest

from cxvalue.foundation.errors import CxvalueError
from cxvalue.report.finish import unbroken
from cxvalue.report.paper_model import Chart, Series, Slide
from cxvalue.report.render.deck import render_deck
from tests.report.conftest import FORMULA, MARKUP, Published


@pytest.fixture(scope="module")
def deck(published: Published, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("deck") / "deck.pptx"
    render_deck(published.model, path)
    return path


def test_six_slides_with_a_title_and_notes_each(deck: Path, published: Published) -> None:
    slides = list(pptx.Presentation(str(deck)).slides)
    assert [slide.shapes.title.text for slide in slides] == [unbroken(slide.title) for slide in published.model.slides]
    assert slides[0].shapes.title.text == "Waiver pays: EUR\u00a0101,000. Keep it."
    assert len(slides) == 6
    assert all(slide.notes_slide.notes_text_frame.text.strip() for slide in slides)
    banner = published.model.words["simulated"]
    for slide in slides:
        assert any(shape.has_text_frame and shape.text_frame.text == banner for shape in slide.shapes)
        assert any(shape.has_text_frame and MARKUP in shape.text_frame.text for shape in slide.shapes)


def test_charts_hold_the_numbers_of_the_case(deck: Path, published: Published) -> None:
    slides = list(pptx.Presentation(str(deck)).slides)
    charts = [shape.chart for slide in slides for shape in slide.shapes if shape.has_chart]
    assert len(charts) == 4
    cash, steps, effect, swings = charts
    assert effect.category_axis.axis_title.text_frame.text == "Months since the start"
    assert not cash.category_axis.has_title
    to_date = list(published.case.table()["net_discounted_to_date"])
    known = [value for series in cash.plots[0].series for value in series.values if value is not None]
    assert known[-1] == pytest.approx(to_date[-1])
    assert list(steps.plots[0].categories)[-1] == "Net present value"
    # The visible parts of the last bar are the net present value.
    assert sum(series.values[-1] for series in steps.plots[0].series) == pytest.approx(published.case.npv.value)
    assert next(iter(effect.plots[0].categories)) == "−3"
    widest = published.model.cases[0].swings[0]
    assert swings.plots[0].series[0].values[-1] == pytest.approx(widest.npv_at_low - published.case.npv.value)
    frames = [shape for slide in slides for shape in slide.shapes if shape.has_chart]
    assert all(frame._element.nvGraphicFramePr.cNvPr.get("descr") for frame in frames)


def test_no_text_inside_a_chart_is_a_formula(deck: Path) -> None:
    texts = []
    with zipfile.ZipFile(deck) as parts:
        books = [name for name in parts.namelist() if name.endswith(".xlsx")]
        assert len(books) == 4
        for name in books:
            for sheet in openpyxl.load_workbook(BytesIO(parts.read(name))):
                cells = [cell for row in sheet.iter_rows() for cell in row]
                assert not [cell for cell in cells if cell.data_type == "f"], name
                texts += [cell.value for cell in cells if isinstance(cell.value, str)]
    assert f"'{FORMULA}" in texts


def test_the_same_report_gives_the_same_bytes(deck: Path, published: Published, tmp_path: Path) -> None:
    later = published.rebuilt(made=datetime(2026, 3, 3, 3, 3, tzinfo=UTC))
    render_deck(later, tmp_path / "again.pptx")
    assert (tmp_path / "again.pptx").read_bytes() == deck.read_bytes()
    properties = pptx.Presentation(str(deck)).core_properties
    assert properties.created == properties.modified == datetime(2025, 12, 31)
    with zipfile.ZipFile(deck) as parts:
        assert {entry.date_time for entry in parts.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_steps_below_zero_are_drawn_below_zero(published: Published, tmp_path: Path) -> None:
    model = published.model
    slide = next(slide for slide in model.slides if slide.chart is not None and slide.chart.kind == "steps")
    assert slide.chart is not None
    values = (50.0, -80.0, -40.0, -70.0)
    chart = replace(
        slide.chart,
        categories=("gross", "costs", "risks", "left"),
        series=(replace(slide.chart.series[0], values=values),),
    )
    render_deck(replace(model, slides=(replace(slide, chart=chart),)), tmp_path / "deck.pptx")
    (frame,) = [shape for shape in pptx.Presentation(str(tmp_path / "deck.pptx")).slides[0].shapes if shape.has_chart]
    base, above, below = (list(series.values) for series in frame.chart.plots[0].series)
    assert (base, above, below) == ([0, 0, -30, 0], [50, 50, 0, 0], [0, -30, -40, -70])


def test_a_report_without_a_finding_has_no_slides(published: Published, tmp_path: Path) -> None:
    with pytest.raises(CxvalueError, match="nothing to put"):
        render_deck(replace(published.model, slides=()), tmp_path / "deck.pptx")


def test_columns_stand_on_zero_and_names_do_not_lie_across_each_other(published: Published, tmp_path: Path) -> None:
    days = tuple(f"{day} February 2017" for day in range(1, 25))
    columns = Chart("columns", days, (Series("Actual", (500.0,) * len(days)),), "told")
    losses = Chart("columns", ("a", "b"), (Series("Change", (-5.0, 7.0)),), "told")
    short = tuple(f"{depth}%" for depth in range(41))
    depths = Chart("line", short, (Series("Margin", (5.0,) * len(short)),), "told")
    slides = (
        Slide("Record", "Past forecasts", chart=columns),
        Slide("Change", "What changed", chart=losses),
        Slide("Discounts", "How deep", chart=depths),
    )
    render_deck(replace(published.model, slides=slides), tmp_path / "deck.pptx")
    drawn = [shape.chart for slide in pptx.Presentation(str(tmp_path / "deck.pptx")).slides for shape in slide.shapes
             if shape.has_chart]  # fmt: skip
    assert [chart.value_axis.minimum_scale for chart in drawn] == [0, None, None]
    skipped = [
        axis.get("val") for chart in drawn for axis in chart._chartSpace.iter() if axis.tag.endswith("tickLblSkip")
    ]
    assert skipped == ["4", "2"]


def test_a_card_loses_the_name_that_the_title_says_and_no_other(published: Published, tmp_path: Path) -> None:
    model = published.model
    card = replace(model.page.cards[0], label="The spring campaign: profit")
    slides = (
        Slide("Answer", "USD 5. The shop.", cards=(card,)),
        Slide("Campaign", "The spring campaign", cards=(card,)),
    )
    render_deck(replace(model, slides=slides), tmp_path / "deck.pptx")
    texts = [[shape.text_frame.paragraphs[0].text for shape in slide.shapes if shape.has_text_frame]
             for slide in pptx.Presentation(str(tmp_path / "deck.pptx")).slides]  # fmt: skip
    assert "The spring campaign: profit" in texts[0]
    assert "Profit" in texts[1]
