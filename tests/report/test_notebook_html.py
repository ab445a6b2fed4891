from __future__ import annotations

import base64
import copy
import re
import tempfile
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from cxvalue.report.notebook_html import notebook_html, scrub_notebook
from cxvalue.report.sanitize import clean_markup
from tests.messages import TRANSLATED, cells_of_notebooks
from tests.report.pages import assert_self_contained

BLOCK = re.compile(r"<(h\d|p|ul|ol|li|table|tr|th|td)\b")
INLINE = re.compile(r"<(?:em|strong|a|code>[^<]*)")
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
ROOT = "/srv/company/project"


@pytest.fixture
def executed() -> NotebookNode:
    injected = new_code_cell(
        f'# Parameters\nstudy = "{ROOT}/data/shop/study.yml"\nwork = "{ROOT}/.cxvalue/runs/1"\n',
        metadata={"tags": ["injected-parameters"], "papermill": {"status": "completed"}},
    )
    code = new_code_cell(
        "secret_code()",
        execution_count=1,
        metadata={"execution": {"iopub.execute_input": "2026-07-01"}, "papermill": {"duration": 0.1}},
        outputs=[
            new_output("stream", name="stderr", text="a warning nobody reads"),
            new_output("stream", name="stdout", text=f"read {ROOT}/data/shop/a.csv\n"),
            new_output("execute_result", data={"text/html": "<table id='T_ab12'><tr><th>a</th></tr></table>",
                                               "text/plain": "a"}, execution_count=1),
            new_output("display_data", data={"image/png": PIXEL, "text/plain": "<Figure>"}),
            new_output("display_data", data={"text/plain": "<Axes: >"}),
            new_output("display_data", data={"text/html": "<script src='https://cdn.example/x.js'></script><b>bold</b>"}),
            new_output("display_data", data={"application/javascript": "alert(1)", "text/plain": "<js>"}),
            new_output("error", ename="ValueError", evalue=f"{ROOT}/x", traceback=[f"\x1b[0;32m{ROOT}/x.py\x1b[0m"]),
        ],
    )  # fmt: skip
    cells = [
        new_markdown_cell("# Who left?\n\nSee [the paper](https://doi.example/1) and [the page](../index.html)."),
        new_code_cell('study = "cdnow"\nwork = None', metadata={"tags": ["parameters"]}),
        injected,
        code,
    ]
    return new_notebook(cells=cells, metadata={"papermill": {"output_path": f"{ROOT}/out.ipynb"}})


def test_the_appendix_has_results_and_no_code(executed: NotebookNode) -> None:
    html = notebook_html(executed, "Customers", paths=[ROOT])
    page = assert_self_contained(html)
    text = "".join(page.text)
    assert "Who left?" in text
    assert "read …/data/shop/a.csv" in text
    assert "bold" in text
    for gone in ("secret_code", "a warning nobody reads", "alert", ROOT, "<js>", "<Axes", "cdn.example", "T_ab12"):
        assert gone not in html
    assert page.images[0]["alt"] == "Figure"
    assert page.references.count("../index.html") == 2
    assert "http" not in html.replace("http-equiv", "")


def test_the_appendix_is_the_same_every_time(executed: NotebookNode) -> None:
    assert notebook_html(executed, "x") == notebook_html(copy.deepcopy(executed), "x")


def test_the_appendix_can_be_made_from_a_file(executed: NotebookNode, tmp_path: Path) -> None:
    path = tmp_path / "10.ipynb"
    nbformat.write(executed, path)
    assert notebook_html(path, "x") == notebook_html(executed, "x")
    assert scrub_notebook(str(path), study="shop", paths=[ROOT]) == scrub_notebook(executed, study="shop", paths=[ROOT])


def test_a_notebook_without_a_heading_gets_its_title_as_text() -> None:
    html = notebook_html(new_notebook(cells=[new_markdown_cell("Only text.")]), "A <b> & c")
    assert "<h1>A &lt;b&gt; &amp; c</h1>" in html


def test_a_scrubbed_notebook_tells_nothing_of_the_machine(executed: NotebookNode) -> None:
    before = copy.deepcopy(executed)
    scrubbed = scrub_notebook(executed, study="shop", paths=[ROOT])
    nbformat.validate(scrubbed)
    written = nbformat.writes(scrubbed)
    for gone in (ROOT, "papermill", "iopub", "2026-07-01"):
        assert gone not in written
    injected = scrubbed.cells[2]
    assert injected.source == '# Parameters\nstudy = "shop"\nwork = None\n'
    assert scrubbed.cells[3].outputs[3].data["image/png"] == PIXEL
    assert scrubbed.cells[3].outputs[-1].traceback == ["\x1b[0;32m…/x.py\x1b[0m"]
    assert executed == before


def test_scrubbing_gives_the_same_notebook_for_two_runs(executed: NotebookNode) -> None:
    again = copy.deepcopy(executed)
    again.cells[2]["id"] = "another-id"
    again.cells[3].metadata["papermill"]["duration"] = 9
    assert scrub_notebook(again, study="s", paths=[ROOT]) == scrub_notebook(executed, study="s", paths=[ROOT])


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        (f"{ROOT}/a/b.csv", "…/a/b.csv"),
        (f"'{ROOT}'", "'…'"),
        (f"file://{ROOT}/x", "file://…/x"),
        (f"{ROOT}-other/x", f"{ROOT}-other/x"),
        (f"{ROOT}.", "…."),
        (f"(at {ROOT}:12)", "(at …:12)"),
        (f"{tempfile.gettempdir()}/ipykernel_4711/12.py", "…/ipykernel/12.py"),
        ("<a at 0x7f3a2b1c9d00>", "<a at 0x…>"),
        ("1/2 and 3/4", "1/2 and 3/4"),
    ],
)
def test_paths_are_hidden_as_whole_folders(text: str, scrubbed: str) -> None:
    cell = new_code_cell("", outputs=[new_output("stream", name="stdout", text=text)])
    result = scrub_notebook(new_notebook(cells=[cell]), study="s", paths=[ROOT, "/", ""])
    assert result.cells[0].outputs[0].text == scrubbed


@pytest.mark.parametrize(
    ("markup", "clean"),
    [
        ("<p onclick=x>a</p>", "<p>a</p>"),
        ('<a href="javascript:alert(1)">a</a>', "<a>a</a>"),
        ('<a href=" java\tscript:alert(1)">a</a>', "<a>a</a>"),
        ('<a href="//evil/x">a</a>', "<a>a</a>"),
        ('<a href="#x">a</a>', '<a href="#x">a</a>'),
        ('<img src="https://evil/x.png">', ""),
        ('<img src="data:text/html;base64,AA">', ""),
        ('<td style="color: red">a</td>', '<td style="color: red">a</td>'),
        ('<td style="background: url(x)">a</td>', "<td>a</td>"),
        ('<td style="background: u\\72l(x)">a</td>', "<td>a</td>"),
        ("<style>@import 'x'</style>a", "a"),
        ("<svg><script>x</script></svg>a", "a"),
        ("<iframe src=x><p>a</p></iframe>b", "b"),
        ("<script>a<b</script>c", "c"),
        ("<embed src=x>a", "a"),
        ("<b>a", "<b>a</b>"),
        ("a</b>", "a"),
        ("<b><i>a</b>", "<b><i>a</i></b>"),
        ("<br/>", "<br>"),
        ("<script/>a", "a"),
        ("<!-- a -->b", "b"),
        ("a &lt;b&gt; &amp;", "a &lt;b&gt; &amp;"),
        ("<table><td id=T_1 class='x'>", '<div class="scroll" tabindex="0"><table><td class="x"></td></table></div>'),
        ("<h2 id=top>a</h2>", '<h2 id="top">a</h2>'),
    ],
)
def test_what_markup_may_stay(markup: str, clean: str) -> None:
    assert clean_markup(markup) == clean


def test_headings_carry_no_empty_link_and_wide_tables_can_be_moved_by_keyboard() -> None:
    markup = (
        '<h2 id="a">A<a class="anchor-link" href="#a"></a></h2><p><a href="#a">up</a></p>'
        "<table><tr><td>1</td></tr></table>x"
    )
    assert clean_markup(markup) == (
        '<h2 id="a">A</h2><p><a href="#a">up</a></p>'
        '<div class="scroll" tabindex="0" role="group" aria-label="A"><table><tr><td>1</td></tr></table></div>x'
    )


def test_a_figure_is_described_by_its_message() -> None:
    from cxvalue import figures

    figure = figures.waterfall(["a"], [1.0], [True], "USD", title="Sales rose")
    data, told = figure._repr_png_()  # type: ignore[attr-defined]
    shown = new_output(
        "display_data", data={"image/png": base64.b64encode(data).decode()}, metadata={"image/png": told}
    )
    page = assert_self_contained(notebook_html(new_notebook(cells=[new_code_cell("", outputs=[shown])]), "T"))
    assert page.images[0]["alt"] == "Sales rose"


@pytest.mark.parametrize(
    ("language", "told", "revenue"),
    [
        ("ru", "Потерянная маржа против потерянных клиентов", "Потерянная выручка против потерянных клиентов"),
        ("uk", "Втрачена маржа проти втрачених клієнтів", "Втрачена виручка проти втрачених клієнтів"),
        ("zh", "失去的毛利与失去的客户", "失去的收入与失去的客户"),
    ],
)
def test_what_notebooks_explain_follows_the_language_piece_by_piece(language: str, told: str, revenue: str) -> None:
    title = "Margin lost against customers lost"
    broken = title.replace("against", "against\n ")
    source = (
        f"## {title}\n\n{broken}\n\n1. {title}\n2. {broken}\n- {title}\n\n### Our margin\n\nOur `margin`\n- {title}"
    )
    cell = new_markdown_cell(source)
    page = notebook_html(new_notebook(cells=[cell]), "x", language=language)
    assert f">{told}</h2>" in page
    assert f"<p>{told}</p>" in page
    assert page.count(f"<li>{told}</li>") == 4
    assert ">Our margin</h3>" in page  # what is in no catalogue
    assert "<p>Our <code>margin</code></p>" in page
    in_revenue = notebook_html(new_notebook(cells=[cell]), "x", language=language, in_revenue=True)
    assert in_revenue.count(f">{revenue}</") == 6
    assert ">Our revenue</h3>" in in_revenue


def body(notebook: Path | NotebookNode, language: str) -> str:
    return notebook_html(notebook, "x", language=language).partition("<main")[2].partition("<footer")[0]


def test_what_no_catalogue_has_stays_as_it_was_written() -> None:
    own = "    our own code\n\n```\nx = 1\ny = 2\n```\n\nA line  \nand one below it\n\n| a | b |\n|---|---|\n| 1 | 2 |"
    english, chinese = (body(new_notebook(cells=[new_markdown_cell(own)]), language) for language in ("en", "zh"))
    assert [part for part in ("<br", "x = 1\ny = 2", "<td>2</td>") if part not in english] == []
    assert chinese == english


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_notebook_is_told_with_the_same_marks(language: str) -> None:
    """Headings, lists, tables, stress and code of a page are those of the English one, and no sign of Markdown is left."""
    told = [new_markdown_cell(source) for _, kind, source in cells_of_notebooks() if kind == "markdown"]
    english, page = body(new_notebook(cells=told), "en"), body(new_notebook(cells=told), language)
    assert BLOCK.findall(page) == BLOCK.findall(english)
    assert sorted(INLINE.findall(page)) == sorted(INLINE.findall(english))
    assert re.findall(".*[*`].*", page) == []
