"""Publishing: what the notebooks of a run handed over becomes a report, in one step.

The report is built completely in a claimed folder beside its final place, written to the disk, renamed, and only then
the link `latest` and the index of all studies are replaced. Whoever looks, and whenever a run is killed, sees whole
reports only. Two runs at once publish one after the other.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from cxvalue.findings.finding import Finding, read_findings, write_findings
from cxvalue.foundation.errors import CxvalueError, RunFailed
from cxvalue.language.catalogue import spoken, translatable, translate, using
from cxvalue.language.words import words_for
from cxvalue.report.answer_block import answers_of
from cxvalue.report.changes import Changes, changes_since
from cxvalue.report.page import build_page, headline_finding, verdict_findings
from cxvalue.report.page_model import IndexEntry, Link, NotebookOutcome, PageFigure, RunMeta
from cxvalue.run.folders import claimed, locked, point_link_at, sync, sync_tree, write_in_one_step
from cxvalue.run.manifest import manifest, parameters
from cxvalue.run.pseudonyms import Pseudonyms, publish_table
from cxvalue.run.record import RunRecord
from cxvalue.workspace.history import RESERVED, complete_runs, history_mark, spare_runs

LATEST = "latest"
MOST_EARLIER = 24
"""Earlier reports that the index looks into for the course of a headline."""
FIGURE_KINDS = (".svg", ".png")
_FIRST = {"80": 0, "70": 1, "40": 2, "50": 3}


def import_renderers() -> None:
    """Import what writes the page and the papers, while the process of the notebooks still imports what they need."""
    from cxvalue.report import html, storyline  # noqa: F401
    from cxvalue.report.render import papers  # noqa: F401

    for name in ("jinja2", "pptx", "pptx.chart.data", "typst"):
        with suppress(Exception):  # the papers say what is missing
            import_module(name)


def publish(record: RunRecord, reports: Path) -> Path:
    """Publish a run under `reports/<study>/` and return its folder.

    A partial run gets its folder but never moves `latest`. Raises `RunFailed` when what the notebooks handed over does
    not fit together or cannot be written; then nothing of it is left.
    """
    shelf = reports / record.study.name
    final = shelf / record.name
    private = shelf / "private" / record.name
    with claimed(shelf, f".staging-{record.run_id}", prefix=".staging-") as staging:
        whole = staging / "run"
        whole.mkdir()
        lists = _private_lists(record, staging / "private")
        _assemble(record, whole, shelf)
        sync_tree(staging)
        with locked(reports):
            if lists is not None:
                private.parent.mkdir(mode=0o700, exist_ok=True)
                os.rename(lists, private)
            try:
                os.rename(whole, final)
            except OSError:
                shutil.rmtree(private, ignore_errors=True)
                raise
            sync(shelf)
            if not record.partial:
                point_link_at(shelf / LATEST, record.name)
            write_index(reports)
            if record.study.keep is not None and not record.partial:
                _take_away(shelf, spare_runs(shelf, record.study.keep))
    return final


def _take_away(shelf: Path, runs: Sequence[Path]) -> None:
    """Remove published runs with their private lists, each in one step: what is left of one is no run."""
    for run in runs:
        private = shelf / "private" / run.name
        shutil.rmtree(private, ignore_errors=True)
        gone = run.with_name(f".staging-{run.name}")
        os.rename(run, gone)
        shutil.rmtree(gone, ignore_errors=True)


def _assemble(record: RunRecord, whole: Path, shelf: Path) -> None:
    for part in ("tables", "figures", "notebooks"):
        (whole / part).mkdir()
    findings = _findings(record)
    write_findings(findings, whole)
    key = Pseudonyms.from_environment() if record.study.report.pseudonymise else None
    _copy_tables(record, whole / "tables", key)
    figures = _copy_figures(record, whole / "figures")
    outcomes = _copy_notebooks(record, whole / "notebooks")
    not_made = _write_page(record, whole, findings, figures, outcomes, shelf)
    files = sorted(path.relative_to(whole).as_posix() for path in whole.rglob("*") if path.is_file())
    about = manifest(record, files, key.origin if key else None, not_made)
    private = [path.name for path in _handed_over(record, "private")]
    about["made_from"] = {**record.made_from, "shelf": history_mark(shelf, (whole, about)), "private": private}
    _write_json(whole / "manifest.json", about)


def _findings(record: RunRecord) -> tuple[Finding, ...]:
    """Every notebook's findings in the order of the notebooks; an id stands for one number."""
    found: list[Finding] = []
    owners: dict[str, str] = {}
    for run in record.runs:
        folder = record.work / run.name
        if not (folder / "findings.json").is_file():
            continue
        for finding in read_findings(folder):
            if finding.id in owners:
                raise RunFailed(
                    "{first} and {second} both publish the finding {finding!r}",
                    first=owners[finding.id],
                    second=run.name,
                    finding=finding.id,
                )
            owners[finding.id] = run.name
            found.append(finding if finding.notebook else replace(finding, notebook=run.name))
    return tuple(found)


def _handed_over(record: RunRecord, part: str) -> list[Path]:
    """The files that the notebooks left in their folders named `part`; a name must be used once."""
    paths: dict[str, Path] = {}
    for run in record.runs:
        folder = record.work / run.name / part
        for path in sorted(folder.iterdir()) if folder.is_dir() else []:
            if path.name in paths and path.name != "figures.json":
                owner = paths[path.name].parent.parent.name
                raise RunFailed(
                    "{first} and {second} both publish {file}",
                    first=owner,
                    second=run.name,
                    file=f"{part}/{path.name}",
                )
            paths[path.name] = path
    return list(paths.values())


def _copy_tables(record: RunRecord, folder: Path, key: Pseudonyms | None) -> None:
    handed = _handed_over(record, "tables")
    names = {path.name for path in handed}
    for path in handed:
        twin_is_handed = path.with_suffix(".csv").name in names
        publish_table(path, folder, key, csv_beside=not twin_is_handed)


def _copy_figures(record: RunRecord, folder: Path) -> tuple[PageFigure, ...]:
    _handed_over(record, "figures")
    figures: list[PageFigure] = []
    # What was asked about a programme or a campaign comes before the customer base that it rests on.
    for run in sorted(record.runs, key=lambda run: _FIRST.get(run.name[:2], len(_FIRST))):
        source = record.work / run.name / "figures"
        listing = source / "figures.json"
        for entry in json.loads(listing.read_text(encoding="utf-8")) if listing.is_file() else []:
            files = [source / f"{entry['name']}{kind}" for kind in FIGURE_KINDS]
            files = [path for path in files if path.is_file()]
            if not files:
                raise RunFailed(
                    "{name} lists the figure {figure!r} but left no file for it", name=run.name, figure=entry["name"]
                )
            for path in files:
                shutil.copyfile(path, folder / path.name)
            topic = entry.get("topic", "")
            figures.append(PageFigure(entry["title"], entry["caption"], folder / files[0].name, topic))
    return tuple(figures)


def _copy_notebooks(record: RunRecord, folder: Path) -> tuple[NotebookOutcome, ...]:
    hrefs: dict[str, str] = {}
    for run in record.runs:
        shutil.copyfile(run.page, folder / f"{run.name}.html")
        shutil.copyfile(run.notebook, folder / f"{run.name}.ipynb")
        hrefs[run.name] = f"notebooks/{run.name}.html"
    return tuple(replace(outcome, href=hrefs.get(outcome.name, "")) for outcome in record.outcomes)


def _write_page(
    record: RunRecord,
    whole: Path,
    findings: Sequence[Finding],
    figures: Sequence[PageFigure],
    outcomes: Sequence[NotebookOutcome],
    shelf: Path,
) -> dict[str, str]:
    """Write the page and the papers that say the same; what papers were not made is returned with the reasons."""
    from cxvalue.report.html import render_page
    from cxvalue.report.render.papers import make_papers
    from cxvalue.report.storyline import build_model

    tables = [Link(path.name, f"tables/{path.name}", "tables") for path in sorted((whole / "tables").iterdir())]
    meta = RunMeta(
        study=record.study.name,
        title=record.study.heading,
        as_of=record.as_of,
        made=record.made,
        currency=record.study.currency,
        version=record.version,
        language=record.study.language,
        run_id=record.run_id,
        audience=record.study.report.audience,
        partial=record.partial,
        index_href="../../index.html",
        simulated=record.study.simulated is not None,
    )
    page = build_page(meta, findings, figures, outcomes, record.notes)
    in_revenue = record.study.money == "revenue"
    papers = make_papers(build_model(meta, page, findings, whole / "tables", in_revenue=in_revenue), whole)
    files = [Link(name, name, "files") for name in (*papers.made, "findings.json", "findings.csv", "manifest.json")]
    notes = replace(
        record.notes,
        changes=_changes(record, findings, shelf),
        not_made=papers.missing,
        links=(*record.notes.links, *tables, *files),
    )
    page = build_page(meta, findings, figures, outcomes, notes)
    (whole / "index.html").write_text(render_page(page), encoding="utf-8")
    return dict((*papers.missing, *papers.not_due))


def _changes(record: RunRecord, findings: Sequence[Finding], shelf: Path) -> Changes | None:
    """What is otherwise than in the last complete report of the study; nothing where that cannot be read."""
    latest = shelf / LATEST
    if record.partial or not latest.is_dir():
        return None
    told = {
        "as_of": record.as_of.isoformat(),
        "inputs": {"fingerprint": record.fingerprint, "sha256": dict(sorted(record.inputs.items()))},
        "parameters": parameters(record.study),
        "cxvalue": record.version,
    }
    try:
        before: dict[str, Any] = json.loads((latest / "manifest.json").read_text(encoding="utf-8"))
        return changes_since(read_findings(latest), findings, before, told, words_for(record.study.language))
    except (OSError, ValueError, KeyError, TypeError, CxvalueError):
        return None


def _private_lists(record: RunRecord, folder: Path) -> Path | None:
    """Copy the lists with real ids, readable by their owner only; None when there are none."""
    paths = _handed_over(record, "private")
    if not paths:
        return None
    folder.mkdir(mode=0o700)
    for path in paths:
        copy = folder / path.name
        copy.touch(mode=0o600)
        shutil.copyfile(path, copy)
    return folder


def write_index(reports: Path) -> None:
    """Rewrite the index of all studies from their latest complete runs, in one step: in the language that all have."""
    from cxvalue.report.html import render_index

    shelves = [path for path in sorted(reports.iterdir()) if path.is_dir() and not path.name.startswith(".")]
    entries = [entry for entry in map(_index_entry, shelves) if entry is not None]
    languages = {entry.language for entry in entries if entry.href}
    with using(languages.pop() if len(languages) == 1 else "en"):
        told = [replace(entry, note=translate(entry.note)) if entry.note else entry for entry in entries]
        write_in_one_step(reports / "index.html", render_index(told, spoken()))


def _index_entry(shelf: Path) -> IndexEntry | None:
    latest = shelf / LATEST
    if not latest.is_dir():
        runs = [path for path in shelf.iterdir() if (path / "manifest.json").is_file() and path.name not in RESERVED]
        return IndexEntry(shelf.name, shelf.name, note=translatable("no complete run yet")) if runs else None
    try:
        about: dict[str, Any] = json.loads((latest / "manifest.json").read_text(encoding="utf-8"))
        findings, language = read_findings(latest), about["parameters"].get("language", "en")
        headline = headline_finding(findings)
        return IndexEntry(
            study=about["study"],
            title=about["title"],
            as_of=date.fromisoformat(about["as_of"]),
            made=datetime.fromisoformat(about["made"]),
            headline=headline,
            verdicts=verdict_findings(findings),
            answers=answers_of(findings, words_for(language)),
            href=f"{shelf.name}/{LATEST}/index.html",
            language=language,
            before=_headline_before(shelf, about, headline),
        )
    except (OSError, ValueError, KeyError, TypeError, CxvalueError):
        unread = translatable("its latest report cannot be read; run it again")
        return IndexEntry(shelf.name, shelf.name, note=unread)


def _headline_before(shelf: Path, about: dict[str, Any], headline: Finding | None) -> tuple[tuple[date, Finding], ...]:
    """The headline of a study in its earlier complete reports, one for each day up to which data went; oldest first."""
    if headline is None:
        return ()
    found: dict[date, Finding] = {}
    for folder, told in complete_runs(shelf, before=about["made"])[-MOST_EARLIER:]:
        with suppress(OSError, ValueError, KeyError, TypeError, CxvalueError):
            same = [one for one in read_findings(folder) if (one.id, one.unit) == (headline.id, headline.unit)]
            day = date.fromisoformat(told["as_of"])
            if same and same[0].is_number and day < date.fromisoformat(about["as_of"]):
                found[day] = same[0]
    return tuple(sorted(found.items(), key=lambda one: one[0]))


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
