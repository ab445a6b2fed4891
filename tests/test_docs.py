"""What the documents say holds: examples run, commands exist, links lead somewhere, columns are those of the contracts."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import pytest

from cxvalue.cli.arguments import parser_of
from cxvalue.firstmile.found import recognise
from cxvalue.firstmile.records import records
from cxvalue.study import project_root
from cxvalue.tables.cautions import KINDS
from cxvalue.tables.read.schema import CONTRACTS
from cxvalue.tables.read.shape import REASONS
from tests.exports import EXPORTS
from tests.pictures import PICTURES, run_examples

ROOT = project_root()
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", *sorted((ROOT / "data").glob("*.md")), ROOT / "tests" / "calibration" / "README.md"]


@pytest.mark.usefixtures("sample")  # which the example opens, prepared
def test_the_python_examples_of_the_readme_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for study in ("cdnow_sample", "bank"):
        (tmp_path / "data" / study).mkdir(parents=True)
        text = (ROOT / "data" / study / "study.yml").read_text(encoding="utf-8")
        # A bank of fewer customers says the same sooner, and no customer of it is valued.
        text = text.replace("customers: 20000", "customers: 2000")
        text = text.replace("cltv: {time_unit: month}", "cltv: {time_unit: month, models: nbd}")
        (tmp_path / "data" / study / "study.yml").write_text(text, "utf-8")
    monkeypatch.setenv("CXVALUE_ROOT", str(tmp_path))
    names = run_examples(README)
    value = names["value"]
    assert value.equity.low < value.equity.value < value.equity.high
    assert names["case"].npv.low < names["case"].npv.value
    shown = re.findall(r"\]\(reports/gallery/([^)]+)\)", README)
    assert sorted(shown) == sorted(PICTURES)
    for draw in PICTURES.values():
        assert draw(names).axes


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_between_documents_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_commands_in_the_documents_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    _, commands = parser_of(defaultdict(lambda: lambda _: 0))
    for name in re.findall(r"bin/cxvalue (\w+)|`cxvalue (\w+)", text):
        assert (name[0] or name[1]) in commands, name
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(
        r"\bmake (report|test-all|test|lab|help|lint|lock|calibrate|reality|clean|bench|pictures)\b", text
    ):
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE), target


def test_the_data_dictionary_names_every_table_and_required_column() -> None:
    page = (ROOT / "data" / "README.md").read_text(encoding="utf-8")
    for name, contract in CONTRACTS.items():
        (row,) = [line for line in page.splitlines() if line.startswith(f"| `{name}` |")]
        for column in contract.required:
            assert re.search(rf"\b{column}\b", row), (name, column)


def test_the_page_on_files_names_tests_that_exist_and_the_dictionary_every_caution() -> None:
    page = (ROOT / "data" / "files.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(tests/[\w/]+\.py)`", page))
    assert len(named) >= 15
    assert all((ROOT / path).is_file() for path in named)
    dictionary = (ROOT / "data" / "README.md").read_text(encoding="utf-8")
    assert all(f"| `{kind}` |" in dictionary for kind in KINDS)


def test_the_readme_shows_what_new_prints(tmp_path: Path) -> None:
    (tmp_path / "orders_export.csv").write_text(EXPORTS[0].text, encoding="utf-8")
    printed = str(recognise(tmp_path / "orders_export.csv")).splitlines()
    (shown,) = (part for part in README.split("```\n") if part.startswith("orders_export.csv, "))
    assert set(shown.splitlines()) <= set(printed)


def test_every_layout_reason_and_question_is_in_the_documents() -> None:
    page = (ROOT / "data" / "bring-your-own.md").read_text(encoding="utf-8")
    for record in records():
        assert record.title.split(",")[0].split(" or ")[0] in page, record.layout
        assert all(f"{asked['key']}=" in page for asked in record.asks), record.layout
    dictionary = (ROOT / "data" / "README.md").read_text(encoding="utf-8")
    assert all(f"| `{reason}` |" in dictionary for reason in REASONS)
