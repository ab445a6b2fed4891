"""What every paper of a report shows, as frozen values: the page, the cases behind it and the slides that tell it.

A renderer (PDF, slides, workbook) takes a `ReportModel` and lays it out; it computes nothing and reads no other file than
the pictures of the page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from cxvalue.findings.finding import Finding, behind_a_colon
from cxvalue.language.words import named
from cxvalue.report.case_tables import CaseTables

if TYPE_CHECKING:
    from cxvalue.report.page_model import FindingLine, PageModel

ChartKind = Literal["line", "columns", "steps", "swings"]


@dataclass(frozen=True, slots=True)
class Series:
    """One line, or one set of columns; None leaves a gap. `quiet` is drawn in grey: a range, or what is assumed."""

    name: str
    values: tuple[float | None, ...]
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture made of numbers, editable where a renderer can.

    `steps` stand on each other up to the last one, which is their sum; `swings` are bars to both sides of 0. `shares` are
    written in percent; `across` says what the categories are. `told` says what is seen, for those who cannot see it.
    """

    kind: ChartKind
    categories: tuple[str, ...]
    series: tuple[Series, ...]
    told: str
    unit: str = ""
    shares: bool = False
    across: str = ""


@dataclass(frozen=True, slots=True)
class Slide:
    """A statement with what carries it: points or a picture, figures, and in the notes the evidence and the objections."""

    topic: str
    title: str
    points: tuple[str, ...] = ()
    cards: tuple[FindingLine, ...] = ()
    chart: Chart | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReportModel:
    """All that the papers of a report show.

    `findings` are those published, by id; `tables` is the folder of the published tables; `cases` are the business cases of
    programmes; `words` are the fixed words, which say revenue where the study knows no margin.
    """

    page: PageModel
    words: Mapping[str, str]
    study: str
    currency: str
    as_of: date
    simulated: bool
    findings: Mapping[str, Finding]
    tables: Path
    cases: tuple[CaseTables, ...]
    slides: tuple[Slide, ...] = ()

    def title_of(self, programme: str) -> str:
        """What a programme is called."""
        verdict = self.findings.get(f"programme.{programme}.verdict")
        return verdict.label if verdict else programme

    def line_of(self, wanted: str) -> FindingLine | None:
        """A finding as it is written."""
        return next((line for line in self.page.lines if line.id == wanted), None)

    def answered(self, about: str) -> tuple[str, ...]:
        """What the answer to a question says, a point each; none where the page does not answer it."""
        answer = next((one for one in self.page.answers if one.about == about), None)
        return tuple(named(heading, told, self.words) for heading, told in answer.points) if answer else ()

    @property
    def not_stated(self) -> tuple[str, ...]:
        """What is withheld, each reason once."""
        return tuple(named(what, behind_a_colon(reason), self.words) for what, _, reason in self.page.not_stated)


def methods_of(*findings: Finding | None) -> tuple[str, ...]:
    """How findings were made, each way once."""
    return tuple(dict.fromkeys(finding.method for finding in findings if finding is not None and finding.method))
