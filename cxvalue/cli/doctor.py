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
from cxvalue.language.catalogue import translatable, translate
from cxvalue.language.letters import padded
from cxvalue.report.render.papers import PAPERS
from cxvalue.run.manifest import PACKAGES, package_versions

OLDEST_PYTHON, NEWEST_PYTHON = (3, 11), (3, 13)
ENGINE_VARIABLE = "CXVALUE_ENGINE"
OPTIONAL = {
    "polars": (translatable("to pass polars tables to the Python functions"), "python -m pip install polars"),
    "psycopg": (translatable("to read tables from PostgreSQL"), "python -m pip install 'cxvalue[postgres]'"),
    "pyspark": (
        translatable("to read tables from Spark, which also needs Java 17"),
        "python -m pip install 'cxvalue[spark]'",
    ),
}
MARKS = {"ok": translatable("ok"), "optional": translatable("optional"), "missing": translatable("MISSING")}


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
        mark = padded(translate(MARKS[item.state]), 8)
        lines.append(f"{mark}  {padded(item.what, 18)} {item.found}".rstrip())
        if item.remedy:
            lines.append(f"{'':29}{item.remedy}")
    return "\n".join(lines)


def _python() -> Item:
    found = translate("{version} at {place}", version=platform.python_version(), place=sys.executable)
    if OLDEST_PYTHON <= sys.version_info[:2] <= NEWEST_PYTHON:
        return Item("Python", "ok", found)
    remedy = translate(
        "cxvalue is for Python {oldest} to {newest}: make an environment with one of them.",
        oldest=".".join(map(str, OLDEST_PYTHON)),
        newest=".".join(map(str, NEWEST_PYTHON)),
    )
    return Item("Python", "missing", found, remedy)


def _packages() -> list[Item]:
    items = []
    for name, version in package_versions(PACKAGES).items():
        if version is None:
            command = f"python -m pip install '{name}'"
            remedy = translate("{command}, or `make test`", command=command)
            items.append(Item(name, "missing", translate("not installed"), remedy))
        else:
            items.append(Item(name, "ok", version))
    return items


def _kernel() -> Item:
    try:
        from cxvalue.run.kernel import kernel_spec

        command = kernel_spec().argv[0]
    except (CxvalueError, ImportError) as error:
        return Item(translate("Jupyter kernel"), "missing", translate("python3 was not found"), str(error))
    return Item(translate("Jupyter kernel"), "ok", translate("python3 runs {command}", command=command))


def _reports_folder(reports: Path) -> Item:
    nearest_there = next((folder for folder in (reports, *reports.parents) if folder.is_dir()), None)
    if nearest_there is not None and os.access(nearest_there, os.W_OK | os.X_OK):
        free = shutil.disk_usage(nearest_there).free / 1e9
        found = translate("{folder} can be written, {free:.1f} GB free", folder=reports, free=free)
        return Item(translate("reports folder"), "ok", found)
    found = translate("{folder} cannot be written", folder=reports)
    return Item(translate("reports folder"), "missing", found, translate("Give another with `--out DIR`."))


def _optional() -> list[Item]:
    items = []
    for name, (purpose, command) in OPTIONAL.items():
        if find_spec(name) is None:
            found = translate("not installed; {purpose}", purpose=translate(purpose))
            items.append(Item(name, "optional", found, command))
        else:
            items.append(Item(name, "ok", translate("installed; {purpose}", purpose=translate(purpose))))
    for paper in PAPERS:
        package, purpose = paper.package, translate(paper.purpose)
        if paper.is_there:
            found = translate("{package} is installed; {purpose}", package=package, purpose=purpose)
            items.append(Item(paper.name, "ok", found))
        else:
            found = translate("{package} is not installed; {purpose}", package=package, purpose=purpose)
            items.append(Item(paper.name, "optional", found, paper.command))
    if find_spec("pyspark") is not None and shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        remedy = translate("Install Java 17, or set JAVA_HOME.")
        items.append(Item("Java", "missing", translate("not found; Spark needs it"), remedy))
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
        return [Item(translate("engine"), "missing", f"{ENGINE_VARIABLE}: {problem.found}", problem.remedy)]
    except CxvalueError as error:
        return [Item(translate("engine"), "missing", f"{ENGINE_VARIABLE}: {error}")]
    if lacking:
        found = translate("{engine}, but {obstacle}", engine=warehouse.words, obstacle=lacking[0])
        remedy = translate("Ask the administrator for that right.")
        return [Item(translate("engine"), "missing", found, remedy)]
    found = translate("{engine} answers, and temporary tables can be created", engine=warehouse.words)
    return [Item(translate("engine"), "ok", found)]
