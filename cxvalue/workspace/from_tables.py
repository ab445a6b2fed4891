"""`study_from`: a study of tables in memory, with every check that a study of files has."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from cxvalue.foundation.days import as_day
from cxvalue.foundation.errors import BadInput, CxvalueError, Problem, nearest
from cxvalue.language.catalogue import LANGUAGES, translate, using
from cxvalue.study import LATEST_COMPLETE_MONTH, TABLE_NAMES, StudyFile, project_root
from cxvalue.tables.outside import arrow_of
from cxvalue.workspace.opened import Study, load_study

_MARK = "# Written by cxvalue.study_from."


def study_from(*, name: str = "from_tables", folder: str | Path | None = None, **given: Any) -> Study:
    """Make a study of tables in memory and open it as `load_study` does.

    Tables (pandas, polars or arrow, with our names of columns) and settings of the study file are given by their names,
    such as ``study_from(transactions=frame, currency="EUR", gross_margin=0.4)``. The tables are stored as parquet in
    `folder`, else in ``data/NAME``, beside a study file. Raises `BadInput` for what `load_study` would refuse, and
    `CxvalueError` where the folder holds a study that somebody wrote.
    """
    language = given.get("language")
    with using(language if language in LANGUAGES else "en"):
        target = _write_study(name, folder, given)
    return load_study(target)


def _write_study(name: str, folder: str | Path | None, given: dict[str, Any]) -> Path:
    frames = {key: given.pop(key) for key in TABLE_NAMES if key in given}
    known = sorted({*StudyFile.model_fields, *TABLE_NAMES} - {"name", "tables"})
    problems = [
        Problem(f"study_from: {key}", translate("unknown."), nearest(key, known)) for key in given if key not in known
    ]
    tables = {key: arrow_of(frame, f"study_from: {key}") for key, frame in frames.items()}
    for key, table in tables.items():
        if table is None:
            found = translate("{kind} is not a table.", kind=type(frames[key]).__name__)
            problems.append(Problem(f"study_from: {key}", found, translate("Give a pandas, polars or arrow table.")))
    if not frames:
        problems.append(Problem("study_from", translate("no table was given."), translate("Give transactions=…")))
    if not re.fullmatch(r"[A-Za-z0-9_-]+", name):
        remedy = translate("Allowed: letters, digits, '-' and '_'.")
        problems.append(Problem("study_from: name", translate("{name!r} is not a valid name.", name=name), remedy))
    if problems:
        raise BadInput(problems)
    place = Path(folder) if folder is not None else project_root() / "data" / name
    target = place / "study.yml"
    if target.exists() and not target.read_text(encoding="utf-8").startswith(_MARK):
        raise CxvalueError("{target} exists already and was left as it is. Give another name or folder.", target=target)
    if "as_of" in given and given["as_of"] != LATEST_COMPLETE_MONTH:
        given["as_of"] = as_day(given["as_of"])
    settings = {"name": name, **given, "tables": {key: {"path": f"{key}.parquet"} for key in tables}}
    from pyarrow import parquet

    place.mkdir(parents=True, exist_ok=True)
    for key, table in tables.items():
        parquet.write_table(table, place / f"{key}.parquet")
    target.write_text(f"{_MARK}\n{yaml.safe_dump(settings, sort_keys=False, allow_unicode=True)}", encoding="utf-8")
    return target
