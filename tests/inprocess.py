"""A study's notebooks without kernels: their cells run here, one after the other, and what they hand over is read."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any
from unittest.mock import patch

from cxvalue.answers.answer import Answer
from cxvalue.run.graph import plan
from cxvalue.study import project_root
from cxvalue.workspace.history import collect_history
from cxvalue.workspace.opened import Study
from cxvalue.workspace.prepared import Prepared, open_run, prepare

__all__ = ["hand_over", "read_results"]


def hand_over(
    study: Path, work: Path, *, only: tuple[str, ...] = (), drawn: bool = False
) -> tuple[Prepared, dict[str, list[Any]]]:
    """Run the notebooks that a study gets, or `only` some, whatever they build on; returns what each of them showed.

    Figures are handed over where `drawn`.
    """
    prepared = prepare(study)
    open_run(prepared, work)
    collect_history(work / "none", work)
    publish, shown = Study.publish, {}

    def without_figures(opened: Study, notebook: str, **given: Any) -> str:
        return publish(opened, notebook, **(given if drawn else given | {"figures": {}}))

    with patch.object(Study, "publish", without_figures):
        chosen = plan(prepared.study, set(prepared.tables.paths), (), unavailable=prepared.unavailable).run
        for name in only or [spec.name for spec in chosen]:
            seen: list[Any] = []
            with patch("IPython.display.display", lambda *told, seen=seen, **_: seen.extend(told)):
                _run(project_root() / "notebooks" / f"{name}.ipynb", prepared.study_path, work)
            shown[name] = seen
    return prepared, shown


def _run(notebook: Path, study: Path, work: Path) -> None:
    names: dict[str, Any] = {}
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            given = "parameters" in cell["metadata"].get("tags", [])
            source = f"study, work = {str(study)!r}, {str(work)!r}" if given else "".join(cell["source"])
            *before, last = ast.parse(source).body
            if not isinstance(last, ast.Expr):
                before, last = [*before, last], ast.Expr(ast.Constant(None, lineno=1, col_offset=0))
            exec(compile(ast.Module(before, []), notebook.name, "exec"), names)
            value = eval(compile(ast.Expression(last.value), notebook.name, "eval"), names)
            if isinstance(value, Answer):
                value._ipython_display_()


def read_results(work: Path) -> tuple[dict[str, dict[str, Any]], dict[str, list[str]]]:
    """The findings that notebooks handed over, by id, and the lines of their tables of text, by name."""
    findings = {
        one["id"]: one
        for path in sorted(work.glob("*/findings.json"))
        for one in json.loads(path.read_text(encoding="utf-8"))
    }
    tables = {path.name: path.read_text(encoding="utf-8").splitlines() for path in sorted(work.glob("*/*/*.csv"))}
    return findings, tables
