"""What a run was: its study, its notebooks and how they ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cxvalue.report.page_model import NotebookOutcome, PageNotes
from cxvalue.run.execute import NotebookRun

if TYPE_CHECKING:
    from cxvalue.study import StudyFile


@dataclass(frozen=True)
class RunRecord:
    """All that a finished run knows about itself.

    `runs` are the notebooks that ran, in order, `outcomes` those and the ones left out; `notes` is what the page says
    beside the findings; `inputs` are content hashes by file, without paths; `work` is the folder that the notebooks
    wrote to; `made_from` is that of `unchanged`, with the days on which a run reads the same.
    """

    run_id: str
    study: StudyFile
    as_of: date
    made: datetime
    partial: bool
    work: Path
    runs: tuple[NotebookRun, ...]
    outcomes: tuple[NotebookOutcome, ...]
    notes: PageNotes
    fingerprint: str
    inputs: dict[str, str]
    version: str
    preparing_s: float = 0.0
    made_from: dict[str, str | None] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name of the run's folder."""
        return f"{self.as_of.isoformat()}-{self.run_id}"
