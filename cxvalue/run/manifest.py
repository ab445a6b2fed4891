"""The manifest of a run: what it was made from, with what, and what it did; nothing in it names a machine."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import PurePath, PureWindowsPath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cxvalue.run.record import RunRecord
    from cxvalue.study import StudyFile

MANIFEST_FORMAT = 1
SEED = 1
PACKAGES = (
    "ibis-framework",
    "duckdb",
    "sqlglot",
    "pyarrow",
    "pandas",
    "numpy",
    "scipy",
    "matplotlib",
    "seaborn",
    "statsmodels",
    "lifetimes",
    "pydantic",
    "PyYAML",
    "Jinja2",
    "papermill",
    "nbclient",
    "nbconvert",
    "ipykernel",
    "jupyter_client",
    "jupyterlab",
)
RENDERERS = ("typst", "python-pptx", "XlsxWriter")
"""Packages that make the papers; a report stands without them."""


def manifest(
    record: RunRecord, files: Sequence[str], pseudonym_key: str | None, not_made: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Describe a run as plain JSON values.

    `files` are the published files, relative to the run's folder; `pseudonym_key` says where the key came from, or is
    None when ids are published as they are; `not_made` are papers with the reason why they are not there.
    """
    from cxvalue.questions.programmes.declared_case import criterion_hash

    seconds = {run.name: round(run.seconds, 3) for run in record.runs}
    return {
        "format": MANIFEST_FORMAT,
        "study": record.study.name,
        "title": record.study.heading,
        "run_id": record.run_id,
        "as_of": record.as_of.isoformat(),
        "made": record.made.isoformat(timespec="seconds"),
        "partial": record.partial,
        "cxvalue": record.version,
        "python": platform.python_version(),
        "packages": package_versions((*PACKAGES, *RENDERERS)),
        "seed": SEED,
        "parameters": parameters(record.study),
        "criteria": {one.name: criterion_hash(one) for one in record.study.programmes if one.success is not None},
        "assumed": list(record.study.assumptions),
        "inputs": {"fingerprint": record.fingerprint, "sha256": dict(sorted(record.inputs.items()))},
        "pseudonyms": {"applied": pseudonym_key is not None, "key": pseudonym_key},
        "cautions": [one.published() for one in record.notes.cautions],
        "notebooks": [
            {
                "name": outcome.name,
                "status": outcome.status,
                "reason": outcome.reason or None,
                "seconds": seconds.get(outcome.name),
            }
            for outcome in record.outcomes
        ],
        "seconds": {"preparing": round(record.preparing_s, 3), "notebooks": seconds},
        "files": [*files, "manifest.json"],
        "not_made": dict(not_made or {}),
    }


def parameters(study: StudyFile) -> dict[str, Any]:
    """The study file as JSON values; of absolute paths only the file name, since the rest describes a machine.

    Addresses of databases are no secret here: a study file can only name an environment variable for them.
    """
    said: dict[str, Any] = study.model_dump(mode="json", by_alias=True)
    for source in said.get("tables", {}).values():
        if source.get("path"):
            source["path"] = _without_machine(source["path"])
        if source.get("files"):
            source["files"] = {name: _without_machine(path) for name, path in source["files"].items()}
    return said


def _without_machine(path: str) -> str:
    if PureWindowsPath(path).is_absolute():
        return PureWindowsPath(path).name
    if PurePath(path).is_absolute() or path.startswith("~"):
        return PurePath(path).name
    return path


def package_versions(names: Sequence[str] = PACKAGES) -> dict[str, str | None]:
    """The installed version of each package, None where it is missing."""
    found: dict[str, str | None] = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None
    return found


def cxvalue_version() -> str:
    """The version of cxvalue, which has none where it is used without being installed."""
    return package_versions(["cxvalue"])["cxvalue"] or "not installed"
