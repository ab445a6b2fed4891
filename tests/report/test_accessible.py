"""Pages can be read by everybody; and the check of it sees what is wrong."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from cxvalue.language.english import ENGLISH
from cxvalue.report.answer_block import answers_of
from cxvalue.report.changes import Change, Changes
from cxvalue.report.html import render_index, render_page
from cxvalue.report.notebook_html import notebook_html
from cxvalue.report.page_model import IndexEntry, PageFigure
from tests.engine.servers import LOUD
from tests.report.accessible import contrast, problems
from tests.report.browser import browser, violations
from tests.report.conftest import Published
from tests.report.test_html import full_page
from tests.report.test_page import ALL, EQUITY, VERDICT
from tests.report.test_pictures import saved

GOOD = """<!DOCTYPE html><html lang="en"><head><title>t</title><style>body { background: #fff; color: #222 }
@media screen and (prefers-color-scheme: dark) { body { background: #111; color: #eee } }</style></head>
<body><main><h1>a</h1>{}</main></body></html>"""


@pytest.mark.parametrize("language", ["en", "uk", "zh"])
def test_the_page_can_be_read_by_everybody(tmp_path: Path, language: str) -> None:
    page = full_page(tmp_path)
    saved(tmp_path)
    changes = Changes("1 May 2026", (Change("cltv.equity", "Equity", "USD 1", "USD 2", "New data.", "up"),))
    figures = (PageFigure("A statement", "It shows bars.", tmp_path / "one.svg"),)
    assert all((page.data, page.missing, page.assumptions, page.withheld, page.cautions[1:]))
    for there in (page, dataclasses.replace(page, changes=changes, figures=figures, language=language)):
        assert problems(render_page(there)) == []


def test_the_page_of_a_programme_can_be_read_by_everybody(published: Published) -> None:
    page = render_page(published.model.page)
    assert 'class="answer good"' in page or 'class="answer bad"' in page or 'class="answer open"' in page
    assert problems(page) == []


def test_every_tone_of_an_answer_can_be_read(tmp_path: Path) -> None:
    page = full_page(tmp_path)
    for tone in ("good", "bad", "open", "plain"):
        answers = tuple(dataclasses.replace(answer, tone=tone) for answer in page.answers)
        assert answers
        assert problems(render_page(dataclasses.replace(page, answers=answers))) == []


def test_the_index_can_be_read_by_everybody() -> None:
    made = datetime(2026, 7, 1, tzinfo=UTC)
    entries = [
        IndexEntry("shop", "A shop", date(2026, 6, 30), made, EQUITY, (VERDICT,), "shop/latest/index.html",
                   answers=answers_of(ALL, ENGLISH)),
        IndexEntry("new", "A new study"),
    ]  # fmt: skip
    assert problems(render_index(entries)) == []
    assert problems(render_index([])) == []


def executed(*outputs: str) -> NotebookNode:
    table = pd.DataFrame({"model": ["nbd"], "margin": [3]})
    shown = [table.style.hide(axis="index").to_html(), table.to_html(), *outputs]
    cells = [
        new_markdown_cell("# Who left?\n\nText with `a_name`, [a page](../index.html).\n\n```\nx = 1\n```\n\n> said")
    ]
    for markup in shown:
        cells.append(new_markdown_cell("## The table\n\n### Ours"))
        cells.append(new_code_cell("x", outputs=[new_output("display_data", data={"text/html": markup})]))
    cells.append(new_code_cell("x", outputs=[new_output("stream", name="stdout", text="said\n")]))
    return new_notebook(cells=cells)


def test_a_notebook_s_page_can_be_read_by_everybody() -> None:
    page = notebook_html(executed(pd.DataFrame().style.hide(axis="index").to_html()), "Customers")
    assert page.count("<table") == 2  # the one of nothing is not shown
    assert page.count('role="group" aria-label="Ours"') == 2
    assert page.count('id="Ours"') == 1
    assert problems(page) == []


@pytest.mark.skipif(browser() is None, reason=f"{LOUD}: no page was held to axe-core: Chromium is not installed")
def test_a_browser_finds_nothing_against_wcag(published: Published, tmp_path: Path) -> None:
    """By axe-core, which others wrote; and what is wrong is seen by it, in either scheme and on either width."""
    long = executed("<p><code>{finding: experience.habituation.NAME.half_life_months_after_the_first_year}</code></p>")
    bad = GOOD.replace(' lang="en"', "").replace(
        "{}",
        '<a href="b.html"></a><p class="k">faint in the dark</p><p style="width: 700px">wide</p>'
        "<style>.k { color: #666 }</style>",
    )
    pages = [render_page(published.model.page), notebook_html(long, "Customers"), bad]
    *good, wrong = violations(pages, tmp_path)
    assert good == [[], []]
    assert "wider than the screen (390, light)" in wrong
    assert "wider than the screen (1280, dark)" not in wrong
    faint = '<p class="k">faint in the dark</p>'
    for screen in ("(1280, dark)", "(390, light)"):
        seen = {told.partition(": ")[0] for told in wrong if told.endswith(screen)}
        assert {"html-has-lang", "link-name"} <= seen
        assert (f"color-contrast: {faint} {screen}" in wrong) is ("dark" in screen)


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("<h3>b</h3>", "a heading of level 3 follows one of level 1"),
        ("<h1>b</h1>", "2 headings of the first level"),
        ("<h2> </h2>", "an empty h2"),
        ('<p id="b"></p><p id="b"></p>', "2 elements are called 'b'"),
        ("<ul><p>b</p></ul>", "p in ul"),
        ('<img src="data:image/png;base64,AA" alt=" ">', "a picture without a description"),
        ("<svg></svg>", "a drawing without a description"),
        ('<a href="b.html"></a>', "a link to b.html without a text"),
        ('<a href="#b">b</a>', "a link to #b, which is not there"),
        ("<input id=b>", "input without a label"),
        ("<details><p>b</p></details>", "folded text without a summary"),
        ('<section aria-labelledby="b"></section>', "aria-labelledby names 'b', which is not there"),
        ("<nav>b</nav>", "nav without a name"),
        ("<table><caption>c</caption><tr><td>b</td></tr></table>", "a table without headings: 'c b'"),
        ("<table><caption>c</caption><tr><th>b</th></tr></table>", "the heading 'b' of a table does not say what it heads"),
        ('<table><tr><th scope="col">b</th></tr></table>', "a table without a caption: 'b'"),
        ('<div tabindex="3">b</div>', "div is reached before its turn"),
        ('<div tabindex="0">b</div>', "div can be reached but has no role and name"),
        ("<style>.s { overflow-x: auto }</style><div class=s>b</div>",
         "div.s scrolls (light) but cannot be reached by keyboard"),
        ("<style>@media (max-width: 9px) { .s { overflow: scroll } }</style><div class=s>b</div>",
         "div.s scrolls (phone) but cannot be reached by keyboard"),
        ('<p style="color: #999999">b</p>', "p (light): #999999 on #ffffff has a contrast of 2.85"),
        ("<style>p { color: #595959 }</style><p>b</p>", "p (dark): #595959 on #111111 has a contrast of 2.70"),
        ("<style>:root { --a: #999 } p { color: var(--a) } main p { color: #222 }"
         "@media print { main p { color: var(--a) } }</style><p>b</p>",
         "p (paper): #999999 on #ffffff has a contrast of 2.85"),
        ("<style>.k { background: #eee } .k { color: #777 }</style><div class=k><p><b>b</b></p></div>",
         "b (light): #777777 on #eeeeee has a contrast of 3.86"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_seen(body: str, problem: str) -> None:
    assert problems(GOOD.replace("{}", "<h2>b</h2><p>c</p>")) == []
    assert problem in problems(GOOD.replace("{}", body))


def test_faint_letters_of_a_figure_are_seen(tmp_path: Path) -> None:
    svg = saved(tmp_path)
    assert "#43505d" in svg
    pages = []
    for written in (svg, svg.replace("#43505d", "#a0a0a0")):
        (tmp_path / "one.svg").write_text(written, encoding="utf-8")
        figures = (PageFigure("A statement", "It shows bars.", tmp_path / "one.svg"),)
        pages.append(problems(render_page(dataclasses.replace(full_page(tmp_path), figures=figures))))
    assert pages == [
        [],
        ["letters #6a6a6a of a figure on #1c1c1c (dark)", "letters #a0a0a0 of a figure on #ffffff (light)"],
    ]


def test_a_page_without_a_language_a_title_or_a_main_part_is_seen() -> None:
    found = problems("<html><body><h2>b</h2></body></html>")
    assert found[:4] == [
        "the page does not say its language",
        "the page has no title",
        "0 headings of the first level",
        "the first heading is not that of the page",
    ]
    assert "the page does not say which part is the main one" in found


def test_contrast_is_that_of_the_recommendation() -> None:
    """The borderline greys that WCAG's own techniques name: #767676 on white passes 4.5, #777777 does not."""
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") >= 4.5 > contrast("#777777", "#ffffff")
