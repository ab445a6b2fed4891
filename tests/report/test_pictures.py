from __future__ import annotations

import base64
import re
from pathlib import Path

import pytest

from cxvalue.figures import save
from cxvalue.figures.style import drawn, message_of, new_figure, title
from cxvalue.foundation.errors import CxvalueError
from cxvalue.report.pictures import dark, data_uri, on_a_page
from tests.report.accessible import contrast


def saved(folder: Path) -> str:
    """A figure with a title of two lines, as it is published."""

    @drawn
    def draw():  # type: ignore[no-untyped-def]
        figure, (axes,) = new_figure(3.0)
        title(figure, "A statement that is so long that it takes more than one line above the figure that it speaks of")
        axes.bar([0, 1], [1, 2], color="#2f6392")
        return figure

    figure = draw()
    assert message_of(figure).endswith("the figure that it speaks of")
    return save(figure, folder, "one")[0].read_text(encoding="utf-8")


@pytest.mark.parametrize("mark", ["#1d2733", "#43505d", "#2f6392", "#3f7f5f", "#b0513f", "#c08a3e"])
def test_marks_and_letters_stand_out_on_a_dark_screen(mark: str) -> None:
    """By the contrast that WCAG 2.2 asks for of graphics."""
    assert contrast(dark(mark), dark("#ffffff")) >= 3


def test_the_page_writes_the_title_and_the_picture_begins_below_it(tmp_path: Path) -> None:
    svg = saved(tmp_path)
    cut = float(re.search(r'id="title-([\d.]+)"', svg)[1])  # type: ignore[index]
    width, height = map(float, re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg).groups())  # type: ignore[union-attr]
    assert 20 < cut < 60
    shown = on_a_page(svg)
    assert f'viewBox="0 {cut:g} {width:g} {height - cut:g}"' in shown
    assert f'height="{height - cut:g}pt"' in shown


def test_colours_follow_the_screen_and_are_the_same_on_a_light_one(tmp_path: Path) -> None:
    svg = saved(tmp_path)
    shown = on_a_page(svg)
    assert "prefers-color-scheme:dark" in shown
    assert "fill: var(--c2f6392)" in shown
    assert "--c2f6392:#2f6392;" in shown
    assert on_a_page(svg) == shown


def test_a_picture_of_colours_keeps_them() -> None:
    svg = '<svg viewBox="0 0 9 9"><image href="data:image/png;base64,AA"/><path style="fill: #123456"/></svg>'
    assert on_a_page(svg) == svg


def test_figures_are_embedded_or_refused(tmp_path: Path) -> None:
    saved(tmp_path)
    head, _, body = data_uri(tmp_path / "one.svg").partition(",")
    assert head == "data:image/svg+xml;base64"
    assert b"<svg" in base64.b64decode(body)
    assert data_uri(tmp_path / "one.png").startswith("data:image/png;base64,")
    with pytest.raises(CxvalueError, match=r"'a\.gif' is neither svg nor png"):
        data_uri(tmp_path / "a.gif")
    with pytest.raises(CxvalueError, match=r"'a\.svg' cannot be read"):
        data_uri(tmp_path / "a.svg")
