"""Tests for cxvalue.language.letters: Chinese papers and figures have all their letters, and lines that fit."""

from __future__ import annotations

import warnings
from pathlib import Path

import pandas as pd
import pytest

from cxvalue.figures.style import month_axis, new_figure, save, title, unit_ticks, use_style
from cxvalue.language.catalogue import using
from cxvalue.language.letters import FONTS, families_of, lines_of
from tests.fonts import characters_of_the_catalogues


@pytest.mark.parametrize("weight", ["Regular", "Bold"])
def test_the_fonts_have_every_letter_of_the_chinese_catalogues(weight: str) -> None:
    from fontTools.ttLib import TTFont

    with TTFont(FONTS / f"NotoSansSC-{weight}.otf") as font:
        known = {chr(code) for code in font.getBestCmap()}
        assert sorted(characters_of_the_catalogues() - known) == [], "make the fonts anew: tests/fonts.py"
        assert font["name"].getDebugName(1).removesuffix(" Bold") == families_of("zh")[0]
        assert "Open Font License" in font["name"].getDebugName(13)


@pytest.mark.parametrize("language", ["ru", "uk", "zh"])
def test_figures_are_drawn_with_the_letters_of_their_language(language: str, tmp_path: Path) -> None:
    told = {"ru": "Ещё ждём 5 млн", "uk": "Ґанок і їжак", "zh": "客户终身价值（万元）"}[language]
    with warnings.catch_warnings(), using(language):
        warnings.simplefilter("error")  # matplotlib warns of a letter that no font has
        with use_style():
            figure, (axes,) = new_figure(2.0)
            title(figure, told)
            axes.set_xlabel(told)
        save(figure, tmp_path, "figure")


def test_lines_are_as_wide_as_they_look() -> None:
    assert lines_of("purchases of one customer", 14) == ["purchases of", "one customer"]
    assert lines_of("покупки одного клиента", 14) == ["покупки одного", "клиента"]
    long = "按客户十等分的未来毛利，价值最高者在前（USD 124万）"
    lines = lines_of(long, 20)
    assert "".join(lines).replace(" ", "") == long.replace(" ", "")
    assert len(lines) == 3
    assert not any(line[0] in "，。）" for line in lines)
    assert lines_of("", 10) == []


@pytest.mark.parametrize(
    ("language", "ticks", "month"),
    [
        ("en", ["0", "0.5 M", "1.5 M"], "Mar"),
        ("ru", ["0", "0,5 млн", "1,5 млн"], "мар"),
        ("uk", ["0", "0,5 млн", "1,5 млн"], "бер"),
        ("zh", ["0", "50万", "150万"], "3月"),
    ],
)
def test_ticks_are_written_as_their_readers_write_them(language: str, ticks: list[str], month: str) -> None:
    days = pd.Series(pd.date_range("2026-01-01", "2026-08-01"))
    with using(language), use_style():
        assert unit_ticks("EUR").format_ticks([0.0, 5e5, 1.5e6]) == ticks
        figure, (axes,) = new_figure(2.0)
        axes.plot(days, range(len(days)))
        month_axis(axes, days)
        figure.draw_without_rendering()
        assert month in [one.get_text() for one in axes.get_xticklabels()]
