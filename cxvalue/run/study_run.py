"""A run: one study from its file to a published report, or to one line that says why not.

`run_study` prepares, plans, runs the notebooks and publishes. Whatever fails, nothing is published and the last good
report stays as it is; what the notebooks had done is kept under ``failed/`` for whoever looks for the cause.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cxvalue.foundation.errors import CxvalueError, OutOfTime, RunFailed
from cxvalue.foundation.machine import trouble_of
from cxvalue.language.catalogue import translatable, translate, using
from cxvalue.report.page_model import NotebookOutcome, PageNotes
from cxvalue.run.crowding import at_a_time
from cxvalue.run.execute import Limits, NotebookRun, StudyReference, run_notebooks, usable_cores, warm_up
from cxvalue.run.folders import alone, claimed, locked, new_run_id, run_id_of
from cxvalue.run.graph import NOT_ASKED, Plan, asked_for, plan
from cxvalue.run.journal import Journal, Reporter
from cxvalue.run.manifest import cxvalue_version
from cxvalue.run.publish import import_renderers, publish
from cxvalue.run.record import RunRecord
from cxvalue.run.unchanged import made_from
from cxvalue.run.write_back import write_back
from cxvalue.workspace.history import collect_history
from cxvalue.workspace.notebooks import NOTEBOOKS, NotebookSpec

if TYPE_CHECKING:
    from cxvalue.workspace.prepared import Prepared

KEPT_FAILURES = 5


class RunStopped(RunFailed):
    """A run that ended early; `left` is the folder with its notebooks and logs, or None when it could not be kept."""

    def __init__(self, reason: str, left: Path | None) -> None:
        super().__init__(reason)
        self.left = left


@dataclass(frozen=True, slots=True)
class Project:
    """Where a run finds its notebooks and its collaborators, and where it publishes."""

    notebooks: Path
    reports: Path
    specs: tuple[NotebookSpec, ...]
    find_study: Callable[[str | os.PathLike[str]], Path]
    prepare: Callable[[Path, date | str | None, str | None], Prepared]
    open_run: Callable[[Prepared, Path], None]

    @classmethod
    def default(cls) -> Project:
        """The project that `cxvalue` is used in."""
        from cxvalue.study import find_study, project_root
        from cxvalue.workspace.prepared import open_run, prepare

        root = project_root()
        return cls(root / "notebooks", root / "reports", NOTEBOOKS, find_study, prepare, open_run)


@dataclass(frozen=True, slots=True)
class RunResult:
    """A published run: its folder, whether it is only a part, how each notebook ended, and why scores were not written."""

    folder: Path
    partial: bool
    outcomes: tuple[NotebookOutcome, ...]
    unwritten: str = ""


@dataclass(frozen=True, slots=True)
class _Begun:
    """A run under way: what was prepared and in how many seconds, which notebooks were chosen, and where it works."""

    run_id: str
    work: Path
    project: Project
    prepared: Prepared
    preparing_s: float
    chosen: Plan
    made_from: dict[str, str | None]
    log: Journal

    def record(self, runs: tuple[NotebookRun, ...]) -> RunRecord:
        """All that is known about it when its notebooks have run."""
        prepared = self.prepared
        return RunRecord(
            run_id=self.run_id,
            study=prepared.study,
            as_of=prepared.as_of,
            made=datetime.now(UTC),
            partial=self.chosen.partial,
            work=self.work,
            runs=runs,
            outcomes=_outcomes(self.chosen, self.project.specs),
            notes=_notes(prepared),
            fingerprint=prepared.fingerprint,
            inputs=dict(prepared.inputs),
            version=cxvalue_version(),
            preparing_s=self.preparing_s,
            made_from=self.made_from,
        )


def run_study(
    reference: str | os.PathLike[str],
    *,
    out: Path | None = None,
    only: Sequence[str] = (),
    as_of: date | str | None = None,
    language: str | None = None,
    limits: Limits | None = None,
    progress: Reporter | None = None,
    project: Project | None = None,
    json_lines: bool = False,
) -> RunResult:
    """Run a study (a name, a folder or a file) and publish it under `out`, or under the project's reports.

    `language` is the readers' instead of the study file's. Raises `BadInput` before anything is written there when the
    study or its data is wrong, `CxvalueError` for an unknown notebook in `only`, and `RunStopped` when a notebook or the
    publishing failed. What happened stands in a log of its own below the study's reports, with `json_lines` as JSON.
    """
    progress = progress or Reporter()
    warm_up()
    project = project or Project.default()
    path = project.find_study(reference)
    progress.phase(translatable("reading the tables"))
    began, day = time.monotonic(), date.today()
    prepared = project.prepare(path, as_of, language)
    preparing_s = time.monotonic() - began
    with using(prepared.study.language):
        chosen = plan(prepared.study, set(prepared.tables.paths), only, project.specs, prepared.unavailable)
        asked = asked_for(prepared.study, only, project.specs)
    made = made_from(prepared.study, prepared.inputs, as_of=as_of, asked=asked, notebooks=project.notebooks)
    until = prepared.tables.same_until
    reports = (out or project.reports).resolve()
    origin = {**made, "day": day.isoformat(), "until": until.isoformat() if until else None}
    run_id = new_run_id()
    shelf, place = prepared.folder.parent, hashlib.sha256(f"{prepared.study.name} {reports}".encode()).hexdigest()[:12]
    with (
        using(prepared.study.language),
        alone(shelf, place, prepared.study.name),
        claimed(shelf / ".runs", run_id, prefix="") as work,
    ):
        log = Journal(reports / prepared.study.name / "logs", run_id, progress, as_json=json_lines)
        begun = _Begun(run_id, work, project, prepared, preparing_s, chosen, origin, log)
        log.note("begun", study=prepared.study.name, as_of=prepared.as_of.isoformat(), version=cxvalue_version())
        log.note("prepared", seconds=round(preparing_s, 1), cautions=len(prepared.tables.cautions))
        project.open_run(prepared, work)
        collect_history(reports / prepared.study.name, work)
        import_renderers()
        try:
            runs = _run_notebooks(begun, _held_to_memory(limits or Limits(), begun))
            log.phase(translatable("publishing"))
            record = begun.record(runs)
            folder = publish(record, reports)
            log.note("published", run=folder.name, partial=chosen.partial)
        except (Exception, OutOfTime) as error:
            log.note("failed", reason=_reason(error))
            name = f"{prepared.as_of.isoformat()}-{run_id}"
            left = _keep_failure(reports / prepared.study.name / "failed", name, work, error)
            if isinstance(error, OutOfTime):
                raise
            raise RunStopped(_reason(error), left) from error
        unwritten = ""
        if record.study.work.write_back is not None and not chosen.partial:
            log.phase(translatable("writing the scores"))
            written, unwritten = write_back(record, folder)
            log.note("not written" if unwritten else "written", customers=written, reason=unwritten)
    return RunResult(folder, chosen.partial, record.outcomes, unwritten)


def _run_notebooks(begun: _Begun, limits: Limits) -> tuple[NotebookRun, ...]:
    begun.log.phase(translatable("running the notebooks"))
    study, notebooks = begun.prepared.study, begun.project.notebooks
    reference = StudyReference(
        study.name, begun.prepared.study_path, study.language, in_revenue=study.money == "revenue"
    )
    return run_notebooks(
        begun.chosen.run, notebooks=notebooks, work=begun.work, study=reference, limits=limits, progress=begun.log
    )


def _held_to_memory(limits: Limits, begun: _Begun) -> Limits:
    """Fewer notebooks at a time where they would not fit into memory; what was asked for stands."""
    from cxvalue.workspace.kept_states import kept_customers

    if limits.jobs is not None:
        return limits
    at_most = max(1, min(usable_cores(), len(begun.chosen.run)))
    jobs, said = at_a_time(at_most, kept_customers(begun.prepared.folder))
    if said:
        begun.log.said(said)
    return replace(limits, jobs=jobs)


def _outcomes(chosen: Plan, specs: Sequence[NotebookSpec]) -> tuple[NotebookOutcome, ...]:
    """How each notebook ended, in the order of their numbers."""
    titles = {spec.name: spec.title for spec in specs}
    done = [NotebookOutcome(spec.name, spec.title, "done") for spec in chosen.run]
    left_out = [
        NotebookOutcome(name, titles.get(name) or name, "not_asked")
        if reason == NOT_ASKED
        else NotebookOutcome(name, titles.get(name) or name, "not_run", reason)
        for name, reason in chosen.not_run.items()
    ]
    return tuple(sorted([*done, *left_out], key=lambda outcome: outcome.name))


def _notes(prepared: Prepared) -> PageNotes:
    from cxvalue.report.assumptions import study_assumptions
    from cxvalue.tables.cautions import worst_first

    study, tables = prepared.study, prepared.tables
    transactions = study.tables.get("transactions")
    own_margin = transactions is not None and (study.gross_margin is None or "margin" in transactions.columns)
    return PageNotes(
        assumptions=study_assumptions(study, observed_from=tables.observed_from, margin_column=own_margin),
        data=tables.counts,
        control=tables.control,
        cautions=worst_first(tables.cautions),
    )


def _reason(error: Exception | OutOfTime) -> str:
    if isinstance(error, CxvalueError | OutOfTime):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        where = f" ({error.filename})" if error.filename else ""
        reason = trouble_of(error) or error.strerror + where
        return translate("the report could not be written: {reason}", reason=reason)
    reason = " ".join(f"{type(error).__name__}: {error}".split())
    return translate("the run failed unexpectedly: {reason}", reason=reason)


def _keep_failure(failed: Path, name: str, work: Path, error: Exception | OutOfTime) -> Path | None:
    """Keep what a failed run left, with the reason; readable by its owner only, and the last five runs only."""
    folder = failed / name
    with suppress(OSError):
        with locked(failed.parent):
            failed.mkdir(mode=0o700, exist_ok=True)
        folder.mkdir(mode=0o700)
        (folder / "reason.txt").write_text(_reason(error) + "\n", encoding="utf-8")
        details = "".join(traceback.format_exception(error))
        (folder / "run.log").write_text(details, encoding="utf-8")
        executed = work / "executed"
        for path in sorted(executed.iterdir()) if executed.is_dir() else []:
            if path.suffix in (".ipynb", ".log") and ".published" not in path.suffixes:
                shutil.copyfile(path, folder / path.name)
        kept = sorted((path for path in failed.iterdir() if path.is_dir()), key=run_id_of)
        for path in kept[:-KEPT_FAILURES]:
            shutil.rmtree(path, ignore_errors=True)
        return folder
    return None
