"""What a report is made from, as fingerprints, and the last report where they are still the same.

Contents decide, never the times of files. What cannot be known without asking, such as the rows of a database, counts as
changed. Nothing heavy is imported: the answer must come faster than the tables could be read.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cxvalue.engine.prints import hash_of_everything
from cxvalue.foundation.errors import CxvalueError
from cxvalue.run.folders import run_id_of
from cxvalue.run.graph import asked_for
from cxvalue.run.pseudonyms import Pseudonyms
from cxvalue.run.write_back import is_written
from cxvalue.study import find_study, load_study_file, project_root
from cxvalue.study.fingerprints import hash_of_code
from cxvalue.workspace.history import history_mark

if TYPE_CHECKING:
    from cxvalue.study import StudyFile

PACKAGE = Path(__file__).parents[1]


def last_report(
    reference: str | os.PathLike[str],
    *,
    out: Path | None = None,
    only: Sequence[str] = (),
    as_of: date | str | None = None,
    language: str | None = None,
    today: date | None = None,
) -> Path | None:
    """The folder of a study's last report with the same options where a run on `today` would say the same, else None.

    The arguments are those of `run_study`. What is wrong with them, or with the study, is left to a run to say.
    """
    with suppress(CxvalueError, OSError):
        study, root = load_study_file(find_study(reference), language), project_root()
        shelf = (out or root / "reports").resolve() / study.name
        asked = asked_for(study, only)
        now = made_from(study, hash_of_everything(study), as_of=as_of, asked=asked, notebooks=root / "notebooks")
        now["shelf"] = history_mark(shelf)
        for folder, about in _candidates(shelf, partial=bool(asked)):
            then = about["made_from"]
            if then["settings"] == now["settings"]:  # the last one with these options; older ones do not count
                same = all(then.get(name) == mark for name, mark in now.items())
                table = None if asked else study.work.write_back
                done = table is None or is_written(folder, table)
                if same and done and _counts(then, today or date.today()) and _is_whole(folder, about):
                    return folder
                break
    return None


def made_from(
    study: StudyFile, inputs: dict[str, str], *, as_of: date | str | None, asked: Collection[str], notebooks: Path
) -> dict[str, str]:
    """What decides what a report says, one fingerprint each: data, settings and options, code, versions, the key.

    `inputs` are those of `hash_of_everything`, `asked` the notebooks that ``--only`` names.
    """
    key = Pseudonyms.from_environment() if study.report.pseudonymise else None
    parts = {
        "data": {name: mark for name, mark in inputs.items() if name != "study.yml"},
        "settings": [inputs["study.yml"], str(as_of or study.as_of), sorted(asked), study.language],
        "code": [hash_of_code(PACKAGE), hash_of_code(notebooks)],
        "versions": [sys.version, _installed()],
        "pseudonyms": key.identity if key else None,
    }
    return {name: hashlib.sha256(json.dumps(part, sort_keys=True).encode()).hexdigest() for name, part in parts.items()}


def _installed() -> list[str]:
    """The packages of this environment with their versions, as the names of the folders that describe them."""
    folders = [folder for folder in sys.path if Path(folder).name in ("site-packages", "dist-packages")]
    names = {name for folder in folders if os.path.isdir(folder) for name in os.listdir(folder)}
    return sorted(name for name in names if name.endswith(".dist-info"))


def _candidates(shelf: Path, *, partial: bool) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Published runs with their manifests: the one that `latest` leads to, or the partial ones, the newest first."""
    folders = [(shelf / "latest").resolve()]
    if partial:
        runs = [path for path in shelf.iterdir() if (path / "manifest.json").is_file() and not path.is_symlink()]
        folders = sorted(runs, key=_when, reverse=True)
    for folder in folders:
        with suppress(OSError, ValueError, KeyError, TypeError):
            about = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
            # Runs of older versions do not say what they were made from.
            if folder.parent == shelf and about["partial"] == partial and "made_from" in about:
                yield folder, about


def _when(run: Path) -> tuple[str, int]:
    """When a run was made: by the second in its name, and within a second by when its manifest was written."""
    day_and_second = run_id_of(run).partition("-")[0]
    return day_and_second, (run / "manifest.json").stat().st_mtime_ns


def _counts(then: dict[str, Any], today: date) -> bool:
    """Whether a run on a day would read the tables as the run did that made the report."""
    return date.fromisoformat(then["day"]) <= today <= date.fromisoformat(then["until"] or date.max.isoformat())


def _is_whole(folder: Path, about: dict[str, Any]) -> bool:
    shelf = folder.parent
    lists = [shelf / "private" / folder.name / name for name in about["made_from"]["private"]]
    published = [folder / name for name in about["files"]]
    return all(path.is_file() for path in (*published, *lists, shelf.parent / "index.html"))
