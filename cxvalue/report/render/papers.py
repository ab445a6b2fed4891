"""The papers beside the page: which there are, what each needs, and what could not be made.

A paper never fails a run: where its renderer is missing, or cannot lay it out, the report says so and stands without it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from cxvalue.foundation.inert import with_sound_texts
from cxvalue.language.catalogue import translatable
from cxvalue.report.render.casebook import render_casebook
from cxvalue.report.render.deck import render_deck
from cxvalue.report.render.pdf import render_pdf

if TYPE_CHECKING:
    from cxvalue.report.paper_model import ReportModel


@dataclass(frozen=True, slots=True)
class Paper:
    """A file of the report: its name, the module and the package that make it, what it is, and how it is made."""

    name: str
    module: str
    package: str
    purpose: str
    render: Callable[[ReportModel, Path], None]

    @property
    def is_there(self) -> bool:
        """Whether its renderer is installed."""
        return find_spec(self.module) is not None

    @property
    def command(self) -> str:
        """How to get its renderer."""
        return f"python -m pip install {self.package}"


PAPERS = (
    Paper("report.pdf", "typst", "typst", translatable("the report to print and to send by e-mail"), render_pdf),
    Paper("deck.pptx", "pptx", "python-pptx", translatable("the slides"), render_deck),
    Paper("case.xlsx", "xlsxwriter", "XlsxWriter", translatable("the business case as a workbook"), render_casebook),
)


@dataclass(frozen=True, slots=True)
class MadePapers:
    """The papers made; those that could not be, and those that the study has nothing for, each with the reason."""

    made: tuple[str, ...]
    missing: tuple[tuple[str, str], ...]
    not_due: tuple[tuple[str, str], ...]


def make_papers(model: ReportModel, folder: Path) -> MadePapers:
    """Write every paper of a report into a folder. Nothing is raised, and nothing half written is left."""
    made, missing, not_due = [], [], []
    model = with_sound_texts(model)
    for paper in PAPERS:
        reason = _not_due(paper, model)
        if reason:
            not_due.append((paper.name, reason))
            continue
        if not paper.is_there:
            told = model.words["paper_renderer"].format(package=paper.package, command=paper.command)
            missing.append((paper.name, told))
            continue
        path = folder / paper.name
        try:
            paper.render(model, path)
        except Exception as error:  # whatever a renderer stumbles over, the report stands without it
            path.unlink(missing_ok=True)
            missing.append((paper.name, model.words["paper_failed"].format(reason=_told(error))))
        else:
            made.append(paper.name)
    return MadePapers(tuple(made), tuple(missing), tuple(not_due))


def _not_due(paper: Paper, model: ReportModel) -> str:
    if paper.name == "case.xlsx" and not model.cases:
        return model.words["paper_no_case"]
    return model.words["paper_no_slides"] if paper.name == "deck.pptx" and not model.slides else ""


def _told(error: Exception) -> str:
    """What went wrong, without what an error of the machine says of its folders."""
    from cxvalue.foundation.errors import CxvalueError

    return str(error) if isinstance(error, CxvalueError) else type(error).__name__
