"""Reading a study file: one file in, one `StudyFile` or every problem of it out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from cxvalue.foundation.errors import BadInput, Problem, nearest
from cxvalue.study.bounded_yaml import load_yaml
from cxvalue.study.consistency import disagreements
from cxvalue.study.file import TABLE_NAMES, StudyFile
from cxvalue.study.problems import problems_of

__all__ = ["load_study_file"]


def load_study_file(path: Path) -> StudyFile:
    """Read and check a study file; raises `BadInput` with every problem in it."""
    label = f"{path.parent.name}/{path.name}" if path.parent.name else path.name
    try:
        raw = load_yaml(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise BadInput([Problem(label, "there is no such file.", "Start one with `cxvalue new DIR`.")]) from None
    except UnicodeDecodeError as error:
        raise BadInput([Problem(label, f"is not UTF-8 text ({error.reason}).", "Save it as UTF-8.")]) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f" in line {mark.line + 1}" if mark else ""
        what = getattr(error, "problem", None) or "cannot be read"
        raise BadInput([Problem(label, f"is not valid YAML{place}: {what}.", "Check the indentation there.")]) from None
    if not isinstance(raw, dict):
        raise BadInput([Problem(label, "holds no settings.", "Start from the file that `cxvalue new DIR` writes.")])
    try:
        study = StudyFile.model_validate(raw)
    except ValidationError as error:
        raise BadInput([*problems_of(error, StudyFile, label), *_unknown_tables(raw, label)]) from None
    study._path = path.resolve()
    problems = [*_unknown_tables(raw, label), *disagreements(study, label)]
    if problems:
        raise BadInput(problems)
    return study


def _unknown_tables(raw: dict[str, Any], label: str) -> list[Problem]:
    tables = raw.get("tables")
    names = [str(name) for name in tables] if isinstance(tables, dict) else []
    unknown = [name for name in names if name not in TABLE_NAMES]
    return [Problem(f"{label}: tables.{name}", "unknown table.", nearest(name, TABLE_NAMES)) for name in unknown]
