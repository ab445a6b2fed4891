"""`cxvalue doctor`: what is installed, what is missing and how to get it."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from cxvalue.foundation.errors import BadInput, CxvalueError
from cxvalue.report.render.papers import PAPERS
from cxvalue.run.manifest import PACKAGES, package_versions

__all__ = ["Item", "diagnose", "render"]

OLDEST_PYTHON, NEWEST_PYTHON = (3, 11), (3, 13)
ENGINE_VARIABLE = "CXVALUE_ENGINE"
OPTIONAL = {
    "polars": ("to pass polars tables to the Python functions", "python -m pip install polars"),
    "psycopg": ("to read tables from PostgreSQL", "python -m pip install 'cxvalue[postgres]'"),
    "pyspark": (
        "to read tables from Spark, which also needs Java 17",
        "python -m pip install 'cxvalue[spark]'",
    ),
}


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that was looked at; `remedy` says what to do about it when it is not `ok`."""

    what: str
    state: Literal["ok", "optional", "missing"]
    found: str
    remedy: str = ""


def diagnose(reports: Path) -> tuple[Item, ...]:
    """Look at Python, the packages, the kernel, the optional things and the reports folder."""
    return (_python(), *_packages(), _kernel(), _reports_folder(reports), *_optional())


def render(items: Iterable[Item]) -> str:
    """Write the items as lines of text, with what to do below those that are not in order."""
    lines: list[str] = []
    for item in items:
        mark = {"ok": "ok      ", "optional": "optional", "missing": "MISSING "}[item.state]
        lines.append(f"{mark}  {item.what:<18} {item.found}".rstrip())
        if item.remedy:
            lines.append(f"{'':29}{item.remedy}")
    return "\n".join(lines)


def _python() -> Item:
    found = f"{platform.python_version()} at {sys.executable}"
    if OLDEST_PYTHON <= sys.version_info[:2] <= NEWEST_PYTHON:
        return Item("Python", "ok", found)
    allowed = f"{'.'.join(map(str, OLDEST_PYTHON))} to {'.'.join(map(str, NEWEST_PYTHON))}"
    return Item("Python", "missing", found, f"cxvalue is for Python {allowed}: make an environment with one of them.")


def _packages() -> list[Item]:
    items = []
    for name, version in package_versions(PACKAGES).items():
        if version is None:
            items.append(Item(name, "missing", "not installed", f"python -m pip install '{name}', or `make test`"))
        else:
            items.append(Item(name, "ok", version))
    return items


def _kernel() -> Item:
    try:
        from cxvalue.run.kernel import kernel_spec

        command = kernel_spec().argv[0]
    except (CxvalueError, ImportError) as error:
        return Item("Jupyter kernel", "missing", "python3 was not found", str(error))
    return Item("Jupyter kernel", "ok", f"python3 runs {command}")


def _reports_folder(reports: Path) -> Item:
    nearest_there = next((folder for folder in (reports, *reports.parents) if folder.is_dir()), None)
    if nearest_there is not None and os.access(nearest_there, os.W_OK | os.X_OK):
        free = shutil.disk_usage(nearest_there).free / 1e9
        return Item("reports folder", "ok", f"{reports} can be written, {free:.1f} GB free")
    return Item("reports folder", "missing", f"{reports} cannot be written", "Give another with `--out DIR`.")


def _optional() -> list[Item]:
    items = []
    for name, (purpose, command) in OPTIONAL.items():
        if find_spec(name) is None:
            items.append(Item(name, "optional", f"not installed; {purpose}", command))
        else:
            items.append(Item(name, "ok", f"installed; {purpose}"))
    for paper in PAPERS:
        found = f"{paper.package} {'is' if paper.is_there else 'is not'} installed; {paper.purpose}"
        state: Literal["ok", "optional"] = "ok" if paper.is_there else "optional"
        items.append(Item(paper.name, state, found, "" if paper.is_there else paper.command))
    if find_spec("pyspark") is not None and shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        items.append(Item("Java", "missing", "not found; Spark needs it", "Install Java 17, or set JAVA_HOME."))
    items += _engine()
    return items


def _engine() -> list[Item]:
    """The engine that the usual variable names, where it is set: whether it answers and lets a run work."""
    if not os.environ.get(ENGINE_VARIABLE):
        return []
    from cxvalue.engine.opening import open_warehouse

    try:
        warehouse = open_warehouse(f"${{{ENGINE_VARIABLE}}}")
        with closing(warehouse), warehouse.guarded():
            lacking = warehouse.obstacles([])
    except BadInput as error:
        problem = error.problems[0]
        return [Item("engine", "missing", f"{ENGINE_VARIABLE}: {problem.found}", problem.remedy)]
    except CxvalueError as error:
        return [Item("engine", "missing", f"{ENGINE_VARIABLE}: {error}")]
    if lacking:
        return [
            Item("engine", "missing", f"{warehouse.words}, but {lacking[0]}", "Ask whoever runs it for that right.")
        ]
    return [Item("engine", "ok", f"{warehouse.words} answers, and temporary tables may be made")]
