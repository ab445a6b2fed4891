"""A project small enough to run in a test: notebooks of a few cells, a study that needs no tables."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from cxvalue.foundation.lazy import import_nbformat
from cxvalue.run.study_run import Project
from cxvalue.study import StudyFile, load_study_file
from cxvalue.workspace.notebooks import NotebookSpec

nbformat = import_nbformat()
AS_OF = date(2026, 6, 30)

STUDY = """
name: {name}
title: A small study
currency: USD
as_of: 2026-06-30
annual_discount_rate: 0.1
horizon_months: 24
gross_margin: 0.3
tables:
  transactions: {{path: {path}}}
report: {{pseudonymise: {pseudonymise}}}
"""


@dataclass(frozen=True)
class FakeTables:
    """What the runner reads of a table set."""

    paths: dict[str, str]
    observed_from: date = date(2024, 1, 1)
    counts: tuple[Any, ...] = ()
    control: None = None
    read_notes: tuple[str, ...] = ()
    cautions: tuple[Any, ...] = ()
    same_until: date | None = None


@dataclass(frozen=True)
class FakePrepared:
    """What the runner reads of a prepared study."""

    folder: Path
    study: StudyFile
    as_of: date
    tables: FakeTables
    fingerprint: str = "f" * 64
    inputs: dict[str, str] = field(
        default_factory=lambda: {"study.yml": "1" * 64, "transactions: orders.csv": "0" * 64}
    )
    unavailable: dict[str, str] = field(default_factory=dict)

    @property
    def study_path(self) -> Path:
        return self.study.path


class Workshop:
    """A project in a folder of its own, with notebooks made from source text."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.specs: list[NotebookSpec] = []
        for name in ("notebooks", "data", "cache"):
            (folder / name).mkdir(parents=True, exist_ok=True)

    @property
    def reports(self) -> Path:
        return self.folder / "reports"

    @property
    def runs(self) -> Path:
        return self.folder / "cache" / ".runs"

    def study(self, name: str = "small", *, pseudonymise: bool = True, path: str = "orders.csv") -> Path:
        folder = self.folder / "data" / name
        folder.mkdir(parents=True, exist_ok=True)
        text = STUDY.format(name=name, path=path, pseudonymise=str(pseudonymise).lower())
        (folder / "study.yml").write_text(text, encoding="utf-8")
        return folder / "study.yml"

    def notebook(self, name: str, *cells: str, after: Iterable[str] = (), publish: bool = True) -> None:
        """Add a notebook; cell 1 holds the parameters, the cells given follow, and the last one publishes."""
        parameters = nbformat.v4.new_code_cell('study = "small"\nwork = None')
        parameters.metadata["tags"] = ["parameters"]
        codes = [*cells, *([publishing(name)] if publish else [])]
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_markdown_cell(f"# {name}"), parameters, *map(nbformat.v4.new_code_cell, codes)]
        )
        nbformat.write(notebook, self.folder / "notebooks" / f"{name}.ipynb")
        self.specs.append(NotebookSpec(name, ("transactions",), tuple(after), question=f"What does {name} say?"))

    def prepare(self, path: Path, as_of: date | str | None, language: str | None = None) -> FakePrepared:
        given = as_of if isinstance(as_of, date) else AS_OF
        study = load_study_file(path).in_language(language)
        return FakePrepared(self.folder / "cache" / "prepared", study, given, self.tables())

    def tables(self) -> FakeTables:
        return FakeTables({"transactions": "transactions.parquet", "purchases": "purchases.parquet"})

    def project(self) -> Project:
        return Project(
            notebooks=self.folder / "notebooks",
            reports=self.reports,
            specs=tuple(self.specs),
            find_study=lambda reference: Path(reference),
            prepare=self.prepare,  # type: ignore[arg-type]
            open_run=lambda prepared, folder: None,
        )

    def published(self, study: str = "small") -> list[Path]:
        """The folders of the published runs, oldest first."""
        shelf = self.reports / study
        return sorted(path for path in shelf.glob("2*") if path.is_dir()) if shelf.is_dir() else []

    def failures(self, study: str = "small") -> list[Path]:
        folder = self.reports / study / "failed"
        return sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []


def publishing(name: str, **parts: str) -> str:
    """The source of a last cell: what `Study.publish` writes, without the imports that make it slow."""
    return f"""
import json, pathlib
folder = pathlib.Path(work) / {name!r}
for part in ("tables", "figures", "private"):
    (folder / part).mkdir(parents=True)
findings = [{{"id": "base.n{name.partition("_")[0]}", "label": "Customers", "value": 3, "unit": "customers",
              "text": "There are 3 customers."}}]
(folder / "findings.json").write_text(json.dumps(findings))
(folder / "figures" / "{name}.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')
(folder / "figures" / "figures.json").write_text(
    json.dumps([{{"name": "{name}", "title": "A figure", "caption": "It shows nothing."}}]))
{"".join(parts.values())}
(folder / "done.json").write_text(json.dumps({{"notebook": {name!r}}}))
print("the work folder is", work)
"""


def reading(path: Path) -> Any:
    """The content of a JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))


def kernels_of(folder: Path) -> list[int]:
    """The processes that have a folder in their environment: the kernels and children of a run started with it."""
    import psutil

    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("CXVALUE_TEST_RUN") == str(folder) and process.pid != os.getpid():
                found.append(process.pid)
        except psutil.Error:
            continue
    return found
