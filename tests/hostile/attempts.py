"""What became of hostile input: one refusal in words, or not; and what it cost."""

from __future__ import annotations

import resource
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from cxvalue.foundation.errors import CxvalueError
from cxvalue.simulate.bundled import make_missing_tables
from cxvalue.study import load_study_file
from cxvalue.tables.load import load_tables

TODAY = date(2026, 1, 1)


@dataclass(frozen=True)
class Attempt:
    """The refusal, or None where the input was taken; seconds, and megabytes by which the peak of memory rose."""

    refusal: CxvalueError | None
    seconds: float
    megabytes: float


def attempt(study: Path) -> Attempt:
    """Read a study and its tables as every command does; whatever is no refusal in words is raised."""
    began, before = time.monotonic(), _peak_mb()
    refusal = None
    try:
        read = load_study_file(study)
        make_missing_tables(read)
        load_tables(read, as_of=None, today=TODAY, out=study.parent / "out")
    except CxvalueError as error:
        refusal = error
    return Attempt(refusal, time.monotonic() - began, _peak_mb() - before)


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
