"""The workbook: what it shows is what the report says, and what it calculates too, also after an input was changed."""

from __future__ import annotations

import os
import shutil
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest

from cxvalue.foundation.errors import CxvalueError
from cxvalue.money import ProgrammeCosts, business_case
from cxvalue.money.sensitivity import tornado
from cxvalue.report.render.casebook import render_casebook
from tests.report.conftest import FORMULA, Published, an_effect
from tests.report.spreadsheet import calculated

NAMES = {
    "npv", "roi", "irr", "payback_months", "annual_discount_rate", "effect_scale", "one_off", "monthly",
    "per_treated_customer_month", "peak_exposure", "break_even_effect", "benefit_1", "risk_1",
}  # fmt: skip
CALC_ALWAYS = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load">
<prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop></item></oor:items>"""


@pytest.fixture(scope="module")
def book(published: Published, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("book") / "case.xlsx"
    render_casebook(published.model, path)
    return path


def formulas(path: Path) -> dict[str, str]:
    return {
        f"{sheet.title}!{cell.coordinate}": cell.value
        for sheet in openpyxl.load_workbook(path)
        for row in sheet.iter_rows()
        for cell in row
        if cell.data_type == "f"
    }


def test_sheets_and_named_cells(book: Path) -> None:
    found = openpyxl.load_workbook(book)
    assert found.sheetnames == ["Assumptions", "Months", "Case", "Tornado"]
    assert set(found.defined_names) == NAMES


def test_what_is_shown_before_anything_is_calculated_is_what_the_report_says(book: Path, published: Published) -> None:
    shown, case = openpyxl.load_workbook(book, data_only=True), published.case
    cells = {name: one.attr_text.replace("$", "").split("!") for name, one in shown.defined_names.items()}
    values = {name: shown[sheet.strip("'")][cell].value for name, (sheet, cell) in cells.items()}
    assert case.roi is not None
    assert case.irr is not None
    assert case.payback is not None
    assert values["npv"] == pytest.approx(case.npv.value)
    assert values["roi"] == pytest.approx(case.roi.value)
    assert values["irr"] == pytest.approx(case.irr.value)
    assert values["payback_months"] == case.payback.value
    assert values["peak_exposure"] == pytest.approx(case.peak_exposure.value)
    assert values["break_even_effect"] == pytest.approx(case.break_even)
    assert values["annual_discount_rate"] == 0.12
    case_sheet = shown[cells["npv"][0].strip("'")]
    (loss,) = [row[2] for row in case_sheet.iter_rows() if str(row[0].value).startswith("Probability of a loss")]
    assert (loss.value, loss.number_format) == (0, '"less than 0.1%"'), "no loss among the outcomes is not impossible"


def test_every_formula_gives_the_value_that_it_shows(book: Path) -> None:
    shown, live = openpyxl.load_workbook(book, data_only=True), calculated(book)
    found = formulas(book)
    assert len(found) > 19 * 9
    for place in found:
        sheet, cell = place.split("!")
        assert live(place) == pytest.approx(shown[sheet][cell].value, rel=1e-6, abs=1e-6), place


def test_changed_inputs_give_the_case_of_those_inputs(book: Path, published: Published) -> None:
    effect, before = an_effect(), published.case.settings
    half = replace(effect, event_effect=effect.event_effect / 2, estimate=effect.estimate / 2, se=effect.se / 2)
    costs = ProgrammeCosts(20_000, 800, 0.2, {"one_off": (25_000, 40_000)})
    case = business_case(half, replace(before, costs=costs, annual_discount_rate=0.05))
    live = calculated(book, effect_scale=0.5, one_off=20_000, monthly=800, annual_discount_rate=0.05)
    assert case.roi is not None
    assert case.irr is not None
    assert case.payback is not None
    assert live("npv") == pytest.approx(case.npv.value, rel=1e-9)
    assert live("roi") == pytest.approx(case.roi.value, rel=1e-9)
    assert live("irr") == pytest.approx(case.irr.value, rel=1e-6)
    assert live("payback_months") == case.payback.value
    assert live("peak_exposure") == pytest.approx(case.peak_exposure.value, rel=1e-9)
    # With this, ends that do not move with the inputs are those of the case as reported: only these are compared.
    swings = {one.kind: one for one in tornado(case, "EUR")}
    rows = {row.kind: 6 + place for place, row in enumerate(published.model.cases[0].swings)}
    for kind in ("discount_rate", "persistence", "other_costs"):
        assert live(f"Tornado!F{rows[kind]}") == pytest.approx(swings[kind].low_npv, rel=1e-9), kind
        assert live(f"Tornado!G{rows[kind]}") == pytest.approx(swings[kind].high_npv, rel=1e-9), kind


def test_a_case_that_never_pays_back_says_so(published: Published, book: Path) -> None:
    assert calculated(book, effect_scale=0.0, benefit_1=0.0)("payback_months") == "not within the horizon"


def test_the_same_case_gives_the_same_bytes(book: Path, published: Published, tmp_path: Path) -> None:
    render_casebook(published.rebuilt(), tmp_path / "again.xlsx")
    assert (tmp_path / "again.xlsx").read_bytes() == book.read_bytes()


def test_no_text_of_a_study_is_a_formula(book: Path) -> None:
    texts = [
        cell.value
        for sheet in openpyxl.load_workbook(book)
        for row in sheet.iter_rows()
        for cell in row
        if isinstance(cell.value, str) and cell.data_type == "s"
    ]
    assert any(FORMULA in text for text in texts)
    assert "'@SUM(1+1)" in texts
    assert "'+1+1" in texts
    assert not [text for text in texts if text.startswith(("=", "@", "+"))]
    assert not [name for name in formulas(book).values() if "cmd" in name]
    with zipfile.ZipFile(book) as parts:
        assert not [name for name in parts.namelist() if "external" in name.lower()]


def test_a_heading_stands_over_its_column_and_no_text_is_cut(book: Path) -> None:
    for sheet in openpyxl.load_workbook(book):
        for column in sheet.iter_cols(min_row=5):
            heading, *cells = column
            numbers = [cell for cell in cells if cell.data_type in ("n", "f", "d") and cell.value is not None]
            beside = [cell for cell in cells if cell.data_type == "s"]
            if heading.value is None:
                continue
            assert (heading.alignment.horizontal == "right") is bool(numbers), f"{sheet.title}: {heading.value}"
            for cell in beside:
                # Words on the left keep off the number before them; the right ones and the first column fit or wrap.
                fits = len(cell.value) <= sheet.column_dimensions[cell.column_letter].width or cell.alignment.wrap_text
                assert fits or cell.column == 1, f"{sheet.title}!{cell.coordinate}: {cell.value}"
                assert (
                    numbers or cell.column == 1 or (cell.alignment.indent, cell.alignment.horizontal) == (1, "left")
                ), cell


def test_owners_and_sources_stand_beside_the_assumptions(book: Path) -> None:
    rows = [
        tuple(cell.value for cell in row) for row in openpyxl.load_workbook(book)["Assumptions"].iter_rows(min_row=6)
    ]
    by_name = {row[6]: row for row in rows if row[6]}
    assert by_name["benefit_1"][4] == "IT"
    assert by_name["monthly"][4] == "not named"
    assert by_name["one_off"][1:4] == (30_000, 25_000, 40_000)


def test_a_case_that_does_not_add_up_is_refused(published: Published, tmp_path: Path) -> None:
    (case,) = published.model.cases
    wrong = replace(case, months=tuple(replace(row, margin=row.margin + 1) for row in case.months))
    with pytest.raises(CxvalueError, match=r"The assumptions of 'waiver' give .*, its case says"):
        render_casebook(replace(published.model, cases=(wrong,)), tmp_path / "case.xlsx")
    with pytest.raises(CxvalueError, match="There is no business case"):
        render_casebook(replace(published.model, cases=()), tmp_path / "case.xlsx")


def test_a_second_case_has_sheets_and_names_of_its_own(published: Published, tmp_path: Path) -> None:
    (case,) = published.model.cases
    two = replace(published.model, cases=(case, replace(case, programme="other")))
    render_casebook(two, tmp_path / "case.xlsx")
    assert openpyxl.load_workbook(tmp_path / "case.xlsx").sheetnames[4:] == [
        "Assumptions 2", "Months 2", "Case 2", "Tornado 2"
    ]  # fmt: skip
    live = calculated(tmp_path / "case.xlsx", effect_scale_2=0.5)
    assert live("npv") == pytest.approx(published.case.npv.value)
    assert live("npv_2") < live("npv")


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_an_office_programme_calculates_the_same(book: Path, tmp_path: Path) -> None:
    (tmp_path / "profile" / "user").mkdir(parents=True)
    (tmp_path / "profile" / "user" / "registrymodifications.xcu").write_text(CALC_ALWAYS)
    changed = openpyxl.load_workbook(book)
    changed["Assumptions"][changed.defined_names["effect_scale"].attr_text.split("!")[1].replace("$", "")].value = 0.5
    changed.save(tmp_path / "changed.xlsx")
    command = ["soffice", f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}", "--headless", "--convert-to", "xlsx",
               "--outdir", str(tmp_path / "out"), str(tmp_path / "changed.xlsx")]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True, timeout=300, env={**os.environ, "HOME": str(tmp_path)})
    expected = calculated(book, effect_scale=0.5)
    found = openpyxl.load_workbook(tmp_path / "out" / "changed.xlsx", data_only=True)
    for place in formulas(book):
        sheet, cell = place.split("!")
        assert found[sheet][cell].value == pytest.approx(expected(place), rel=1e-6, abs=1e-6), place
