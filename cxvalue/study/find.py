"""From what a user types (a name, a folder, a file) to the path of a study file."""

from __future__ import annotations

import os
import re
from pathlib import Path

from cxvalue.foundation.errors import BadInput, Problem, nearest
from cxvalue.language.catalogue import translate


def project_root() -> Path:
    """The project's folder: ``CXVALUE_ROOT``, else where the package is checked out, else the nearest one above."""
    named = os.environ.get("CXVALUE_ROOT")
    if named:
        return Path(named).resolve()
    checkout = Path(__file__).resolve().parents[2]
    for folder in (checkout, Path.cwd(), *Path.cwd().parents):
        if (folder / "notebooks").is_dir() and (folder / "data").is_dir():
            return folder
    return Path.cwd()


def list_studies() -> list[str]:
    """The names of the studies under the project's ``data/``."""
    return sorted(path.parent.name for path in (project_root() / "data").glob("*/study.yml"))


def find_study(reference: str | os.PathLike[str]) -> Path:
    """Find the study file that a name, a folder or a file stands for; raises `BadInput` with the nearest name."""
    text = os.fspath(reference)
    bare = re.fullmatch(r"[A-Za-z0-9_-]+", text) is not None
    named = project_root() / "data" / text / "study.yml"
    if bare and named.is_file():
        return named.resolve()
    path = Path(text).expanduser()
    if path.is_file():
        return path.resolve()
    if (path / "study.yml").is_file():
        return (path / "study.yml").resolve()
    known = list_studies()
    elsewhere = translate("Give the name of a study under data/, a folder or a file.")
    remedy = nearest(text, known) if bare and known else elsewhere
    raise BadInput([Problem(text, translate("there is no such study."), remedy)])
