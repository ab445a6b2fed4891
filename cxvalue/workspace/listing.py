"""The studies there are, and which of them can have a notebook."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from cxvalue.foundation.errors import CxvalueError
from cxvalue.language.catalogue import translate
from cxvalue.language.letters import closed_up
from cxvalue.language.words import enumerated
from cxvalue.study import StudyFile, find_study, list_studies, load_study_file
from cxvalue.workspace.notebooks import NOTEBOOKS, NotebookSpec, declared_in

if TYPE_CHECKING:
    import pandas as pd

_MOST_NAMED = 3


def studies() -> pd.DataFrame:
    """The studies under ``data/``, one a row: its name, its question, whether it is simulated, its tables and its notebooks.

    Nothing is read but the study files, and nothing is prepared. A study file that is wrong is listed with the command
    that says why.
    """
    import pandas as pd

    rows = []
    for name in list_studies():
        file = _file_or_none(name)
        if file is None:
            rows.append([name, translate("cannot be read; see: cxvalue check {name}", name=name), False, "", ""])
            continue
        fitting = [spec.name for spec in NOTEBOOKS if not _refusal(spec, file)]
        simulated = file.simulated is not None
        rows.append([name, file.heading, simulated, enumerated(sorted(file.tables)), enumerated(fitting)])
    return pd.DataFrame(rows, columns=["study", "title", "simulated", "tables", "notebooks"]).set_index("study")


def check_fits(notebook: str, file: StudyFile) -> None:
    """See that a study can have a notebook; else raise `CxvalueError`, with the names of studies that can."""
    spec = next(one for one in NOTEBOOKS if one.name == notebook)
    refusal = _refusal(spec, file)
    if not refusal:
        return
    others = [name for name in list_studies() if (other := _file_or_none(name)) and not _refusal(spec, other)]
    # Simulated ones and small ones alike: whoever only looks around may take any of them.
    remedy = translate("No study under data/ has that yet.")
    if others:
        lines = [f'study = "{name}"' for name in others[:_MOST_NAMED]]
        named = reduce(lambda first, second: translate("{first} or {second}", first=first, second=second), lines)
        remedy = translate("Try {named}.", named=named)
    raise CxvalueError(closed_up(f"{refusal} {remedy}"))


def _refusal(spec: NotebookSpec, file: StudyFile) -> str:
    return spec.refusal(file.name, file.contract, file.tables, declared_in(file))


def _file_or_none(name: str) -> StudyFile | None:
    try:
        return load_study_file(find_study(name))
    except CxvalueError:
        return None
