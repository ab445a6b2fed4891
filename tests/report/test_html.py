from __future__ import annotations

import dataclasses
import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from cxvalue.findings.writer import FindingWriter
from cxvalue.foundation.errors import CxvalueError
from cxvalue.language.english import ENGLISH
from cxvalue.report.answer_block import answers_of
from cxvalue.report.html import relative_link, render_index, render_page
from cxvalue.report.page import build_page
from cxvalue.report.page_model import Assumption, IndexEntry, Link, NotebookOutcome, PageFigure, PageModel, PageNotes
from cxvalue.tables.cautions import Caution
from cxvalue.tables.counts import ControlResult, RowCount
from tests.report.accessible import problems
from tests.report.pages import assert_self_contained
from tests.report.test_page import ALL, EQUITY, META, NPV, VERDICT

HOSTILE = "<script>alert(1)</script>\"' onload=x & <img src=https://evil.example/x.png>"
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"></svg>'


def full_page(folder: Path, hostile: str = "") -> PageModel:
    figure = folder / "bridge.svg"
    figure.write_text(SVG, encoding="utf-8")
    meta = dataclasses.replace(META, title=f"Value {hostile}", audience=hostile, index_href="../../index.html")
    findings = [
        *ALL,
        FindingWriter("", "cltv.", grade="A").withhold(
            "mean", f"Mean {hostile}", hostile or "why", "", hostile, word="withheld"
        ),
    ]
    notes = PageNotes(
        assumptions=(Assumption(f"Horizon {hostile}", "24 months", True),),
        data=(RowCount("transactions", f"cut {hostile}", 3, 1.0, "cut"),),
        control=ControlResult.of(1.0, 2.0, 0.1),
        cautions=tuple(Caution(kind, "fees", "", 1, 0.5, f"{kind} {hostile}") for kind in ("stale", "sign")),
        remarks=(f"a remark {hostile}",),
        links=(Link(f"Customers {hostile}", "tables/customers.parquet", "tables"), Link("All", "findings.csv")),
    )
    notebooks = [
        NotebookOutcome("10", f"Base {hostile}", "done", href="notebooks/10.html"),
        NotebookOutcome("40", f"Wake {hostile}", "not_run", f"needs {hostile or 'contacts'}"),
    ]
    return build_page(meta, findings, [PageFigure(f"Bridge {hostile}", f"Lost {hostile}", figure)], notebooks, notes)


def test_the_page_asks_nobody_for_anything(tmp_path: Path) -> None:
    page = assert_self_contained(render_page(full_page(tmp_path)))
    assert page.lang == "en"
    assert "tables/customers.parquet" in page.references
    assert "../../index.html" in page.references


def test_hostile_titles_and_texts_stay_text(tmp_path: Path) -> None:
    html = render_page(full_page(tmp_path, HOSTILE))
    page = assert_self_contained(html)
    assert "<script" not in html
    assert HOSTILE in "".join(page.text)
    assert page.images[0]["alt"] == f"Bridge {HOSTILE}. Lost {HOSTILE}"


def test_the_worst_caution_stands_before_the_figures_and_the_others_are_folded(tmp_path: Path) -> None:
    html = render_page(full_page(tmp_path))
    worst, others, figures = (
        html.index("stale"),
        html.index("<details><summary>1 more to look at"),
        html.index('class="cards"'),
    )
    assert worst < others < html.index("<li>sign") < figures
    assert "Before you rely on this page" not in render_page(build_page(META, ALL))


def test_the_answer_comes_first_and_the_rest_is_folded_below_a_table_of_contents(tmp_path: Path) -> None:
    html = render_page(full_page(tmp_path))
    order = [html.index(mark) for mark in ('class="answer open"', 'class="cards"', "<figure", 'class="contents"')]
    assert order == sorted(order)
    assert html.index('class="contents"') < html.index('<details class="part">')
    for reference in re.findall(r'<li><a href="#(\w+)">', html):
        assert f'<div id="{reference}" class="inside">' in html


def test_a_method_that_is_the_same_is_said_once() -> None:
    worth = [dataclasses.replace(NPV, id=f"programme.w{n}.npv", method="From the assumptions.") for n in range(3)]
    assert render_page(build_page(META, worth)).count("From the assumptions.") == 1


def test_the_same_page_is_the_same_text(tmp_path: Path) -> None:
    page = full_page(tmp_path)
    assert render_page(page) == render_page(page)


def test_a_policy_forbids_scripts_and_requests(tmp_path: Path) -> None:
    html = render_page(full_page(tmp_path))
    assert "default-src 'none'" in html
    assert "img-src data:" in html


def test_values_reasons_and_the_failed_control_are_on_the_page(tmp_path: Path) -> None:
    text = " ".join(" ".join(assert_self_contained(render_page(full_page(tmp_path))).text).split())
    for words in (
        "USD 1.20 M",
        "between USD 1.10 and 1.40 M",
        "95% interval",
        "not available",
        "The history is too short.",
        "Not proven",
        "assumed: not set in the study file",
        "Matched with similar customers, or a statistical forecast.",
        ENGLISH["control_failed"],
        "needs contacts",
        "a remark",
    ):
        assert words in text
    for nothing in ("None", "nan", "Undefined"):
        assert nothing not in text


def test_an_empty_run_still_makes_a_page() -> None:
    page = assert_self_contained(render_page(build_page(META, [])))
    assert ENGLISH["not_run_none"] in page.text
    assert ENGLISH["data_none"] in page.text


def test_every_table_has_headers_and_a_caption(tmp_path: Path) -> None:
    tags = assert_self_contained(render_page(full_page(tmp_path))).tags
    assert tags.count("table") == tags.count("caption")
    assert tags.count("th") > tags.count("table")
    assert tags.count("h1") == 1


@pytest.mark.parametrize(
    "href", ["https://a.b", "//a.b/c", "/etc/passwd", "javascript:alert(1)", "file:x", "", "\\\\a\\b"]
)
def test_links_may_not_leave_the_report(href: str) -> None:
    with pytest.raises(CxvalueError, match="points outside the report"):
        relative_link(href)


def test_the_index_lists_studies_and_those_that_never_succeeded() -> None:
    entries = [
        IndexEntry("shop", HOSTILE, date(2026, 6, 30), datetime(2026, 7, 1, 6, 5, tzinfo=UTC), EQUITY, (VERDICT,),
                   "shop/latest/index.html", answers=answers_of(ALL, ENGLISH)),
        IndexEntry("new", "A new study"),
        IndexEntry("broken", "", note="its latest report cannot be read"),
    ]  # fmt: skip
    html = render_index(entries)
    page = assert_self_contained(html)
    text = " ".join(" ".join(page.text).split())
    assert page.references == ["shop/latest/index.html"]
    for words in (
        "USD 1.20 M",
        "between USD 1.10 and 1.40 M",
        "Whether Waiver pays is not proven",
        "30 June 2026",
        "1 July 2026, 06:05 UTC",
    ):
        assert words in text
    assert "never reported successfully" in text
    assert "its latest report cannot be read" in text
    assert html == render_index(entries)


def test_the_index_says_what_a_headline_was_before_and_draws_its_course() -> None:
    def entry(*before: tuple[date, float]) -> IndexEntry:
        earlier = tuple(
            (day, dataclasses.replace(EQUITY, value=value, low=None, high=None, level=None)) for day, value in before
        )
        made = datetime(2026, 7, 1, tzinfo=UTC)
        return IndexEntry("shop", "A shop", date(2026, 6, 30), made, EQUITY, href="a/index.html", before=earlier)

    april, may = date(2026, 4, 30), date(2026, 5, 31)
    lower = render_index([entry((may, 1.1e6))])
    assert "▲ from USD 1.10 M" in lower
    assert "31 May 2026" in lower
    assert "<svg" not in lower, "two reports make no course"
    assert "▼ from USD 1.30 M" in render_index([entry((may, 1.3e6))])
    assert "no change" in render_index([entry((may, 1.2001e6))])
    assert "▲" not in render_index([entry()])
    html = render_index([entry((april, 1.4e6), (may, 1.0e6))])
    assert_self_contained(html)
    assert 'aria-label="30 April 2026: USD 1.40 M; 31 May 2026: USD 1.00 M; 30 June 2026: USD 1.20 M"' in html
    # Days across, heights upwards: 61 days on 92 points, from the highest to the lowest to the middle.
    assert 'points="2.0,2.0 48.8,24.0 94.0,13.0"' in html
    assert problems(html) == []


def test_an_empty_index_says_what_to_do() -> None:
    assert ENGLISH["index_none"] in assert_self_contained(render_index([])).text
