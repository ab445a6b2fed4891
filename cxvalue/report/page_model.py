"""What the executive page says, as frozen values without any markup: the one page model that every renderer lays out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from cxvalue.foundation.errors import CxvalueError, one_of
from cxvalue.language.catalogue import translate
from cxvalue.language.letters import closed_up, parted_at_colon

if TYPE_CHECKING:
    from cxvalue.findings.finding import Finding
    from cxvalue.report.answer_block import Answer, Tone
    from cxvalue.report.changes import Changes
    from cxvalue.tables.cautions import Caution
    from cxvalue.tables.counts import ControlResult, RowCount

NotebookStatus = Literal["done", "not_run", "failed", "not_asked"]
_NUMBER = re.compile(r"\d(?:[\d.,\u00a0\u202f]*\d)?")
_SMALL = 3
"""Digits of a number that may stand in a text for something else."""


@dataclass(frozen=True, slots=True)
class RunMeta:
    """What identifies a report: the study, its date, when and with what it was made.

    `made` is the moment of the run (with its zone when known); `run_id` and `audience` may be empty; `partial` marks
    a run of some notebooks only; `index_href` leads to the list of all studies, relative to the page, or is empty;
    `simulated` says that nobody in the study is real.
    """

    study: str
    title: str
    as_of: date
    made: datetime
    currency: str
    version: str
    language: str = "en"
    run_id: str = ""
    audience: str = ""
    partial: bool = False
    index_href: str = ""
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class PageFigure:
    """A figure of the page: its message, how to read it, its svg or png file, and what it is about."""

    title: str
    caption: str
    path: Path
    topic: str = ""


@dataclass(frozen=True, slots=True)
class NotebookOutcome:
    """How one notebook ended; `reason` says why when it is not done; `href` is its page, relative, or empty."""

    name: str
    title: str
    status: NotebookStatus
    reason: str = ""
    href: str = ""

    def __post_init__(self) -> None:
        allowed = get_args(NotebookStatus)
        if self.status not in allowed:
            found = translate("Notebook {notebook!r}: status is {status!r}.", notebook=self.name, status=self.status)
            raise CxvalueError(closed_up(f"{found} {one_of(allowed)}"))
        if self.status in ("not_run", "failed") and not self.reason.strip():
            raise CxvalueError(
                "Notebook {notebook!r}: status {status!r} needs a reason for the page.",
                notebook=self.name,
                status=self.status,
            )


@dataclass(frozen=True, slots=True)
class Assumption:
    """Something the figures rest on; `assumed` marks a default that the study file does not set.

    `owner` answers for a figure that somebody stated, and `source` says where it is from; `stated` marks such a figure.
    """

    label: str
    value: str
    assumed: bool = False
    stated: bool = False
    owner: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """A file of the report, by a path relative to the page; `group` is notebooks, tables or files."""

    label: str
    href: str
    group: Literal["notebooks", "tables", "files"] = "files"


@dataclass(frozen=True, slots=True)
class PageNotes:
    """All that stands beside the findings: what they assume, the fate of rows, and the ledger's control total.

    `changes` are those since the last report, where there is one. `cautions` come worst first; `not_made` are outputs that
    a run could not make, each with the reason. `remarks` are sentences on the figures that no finding carries, such as a
    model status or a renderer that is missing.
    """

    assumptions: tuple[Assumption, ...] = ()
    data: tuple[RowCount, ...] = ()
    control: ControlResult | None = None
    cautions: tuple[Caution, ...] = ()
    remarks: tuple[str, ...] = ()
    changes: Changes | None = None
    not_made: tuple[tuple[str, str], ...] = ()
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class FindingLine:
    """A finding as it is written: every field is text, ready for any renderer; `tone` colours a verdict.

    `reason` says why a value is withheld, without repeating that it is; `note` is a warning that stands beside it,
    `change` what it was in the last report.
    """

    id: str
    label: str
    value: str
    interval: str
    confidence: str
    grade: str
    evidence: str
    method: str
    text: str
    reason: str
    tone: Tone
    note: str = ""
    change: str = ""
    level: str = ""


@dataclass(frozen=True, slots=True)
class NoteLine:
    """A data note as it is written."""

    table: str
    what: str
    kind: str
    rows: str
    amount: str


@dataclass(frozen=True, slots=True)
class PageModel:
    """The whole executive page, without markup; `words` are the fixed words of its language.

    What an executive reads are the banners, the answers, the cards and the picture; the rest is for whoever checks.
    """

    words: Mapping[str, str]
    language: str
    title: str
    facts: tuple[tuple[str, str], ...]
    origin: tuple[tuple[str, str], ...]
    index_href: str
    banners: tuple[str, ...]
    cautions: tuple[str, ...]
    small_cautions: tuple[str, ...]
    answers: tuple[Answer, ...]
    verdicts: tuple[FindingLine, ...]
    cards: tuple[FindingLine, ...]
    more_cards: tuple[FindingLine, ...]
    picture: PageFigure | None
    minute: tuple[str, ...]
    changes: Changes | None
    figures: tuple[PageFigure, ...]
    modelled: tuple[FindingLine, ...]
    holdout: tuple[FindingLine, ...]
    control: str
    control_agrees: bool | None
    withheld: tuple[FindingLine, ...]
    remarks: tuple[str, ...]
    grades: tuple[tuple[str, str], ...]
    assumptions: tuple[Assumption, ...]
    missing: tuple[tuple[str, str, str], ...]
    data: tuple[NoteLine, ...]
    lines: tuple[FindingLine, ...]
    links: Mapping[str, tuple[Link, ...]]

    @property
    def needed(self) -> tuple[FindingLine, ...]:
        """The cards without those that nobody needs for the decision of a single answer."""
        aside = self.answers[0].aside if len(self.answers) == 1 else ()
        return tuple(line for line in self.cards if line.id not in aside)

    @property
    def said_once(self) -> tuple[FindingLine, ...]:
        """The cards without those that a single answer tells already, with range and grade, or that it needs not.

        A grade that the answer names stands on no card again.
        """
        if len(self.answers) != 1:
            return self.cards
        lead = self.answers[0]
        told = " ".join((lead.word, lead.sentence, *(text for _, text in lead.points)))

        def again(line: FindingLine) -> bool:
            numbers = set(_NUMBER.findall(line.interval or line.value))
            # A small number alone may be told of something else.
            sure = bool(line.interval) or max(map(len, numbers), default=0) > _SMALL
            stands = sure and numbers <= set(_NUMBER.findall(told))
            return line.id in lead.told and stands and line.evidence in told

        kept = (line for line in self.needed if not again(line))
        return tuple(replace(line, evidence="") if line.evidence in told else line for line in kept)

    @property
    def folded_cards(self) -> tuple[FindingLine, ...]:
        """The headline figures that are not on the first screen."""
        shown = {line.id for line in self.said_once}
        return (*(line for line in self.cards if line.id not in shown), *self.more_cards)

    @property
    def not_stated(self) -> tuple[tuple[str, str, str], ...]:
        """What is withheld, how that is said and why: a reason that holds for several findings stands once, behind them."""
        reasons: dict[tuple[str, str], list[str]] = {}
        for line in self.withheld:
            reasons.setdefault((line.value, line.reason), []).append(line.label)
        return tuple((_listed(labels, self.words), value, reason) for (value, reason), labels in reasons.items())


def _listed(labels: Sequence[str], words: Mapping[str, str]) -> str:
    """Labels side by side; a name that several begin with stands before the first."""
    told, before = [], ""
    for label in labels:
        name, rest = parted_at_colon(label)
        told.append(rest if rest and name == before else label)
        before = name
    return words["between_names"].join(told)


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """One study of the index: its answers and headline, or a note why not; `href` leads to its latest report.

    `language` is that of the report. `before` is the headline of earlier reports with the day up to which their data went,
    the oldest first.
    """

    study: str
    title: str
    as_of: date | None = None
    made: datetime | None = None
    headline: Finding | None = None
    verdicts: tuple[Finding, ...] = ()
    href: str = ""
    note: str = ""
    answers: tuple[Answer, ...] = ()
    language: str = "en"
    before: tuple[tuple[date, Finding], ...] = ()
