"""What the executive page says, as frozen values without any markup; renderers only lay it out.

`build_page` takes what a run left behind (meta, findings, figures, notebooks, notes) and arranges it in the order in
which an executive reads: headline, one minute, figures, how sure, assumptions, what is missing, appendix.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from cxvalue.findings.finding import Finding
from cxvalue.findings.numbers import (
    format_date,
    format_finding,
    format_interval,
    format_level,
    format_moment,
    format_value,
)
from cxvalue.findings.words import words_for
from cxvalue.foundation.errors import CxvalueError, one_of
from cxvalue.foundation.grades import GRADES
from cxvalue.report.answers import Answer, Tone, answers_of
from cxvalue.report.headlines import HEADLINES, MINUTE, VERDICTS, WHAT_IF

if TYPE_CHECKING:
    from cxvalue.tables.cautions import Caution
    from cxvalue.tables.counts import ControlResult, RowCount

__all__ = [
    "HEADLINES",
    "Assumption",
    "IndexEntry",
    "Link",
    "NotebookOutcome",
    "PageFigure",
    "PageModel",
    "PageNotes",
    "RunMeta",
    "build_page",
    "finding_lines",
    "headline_finding",
    "verdict_findings",
]

CARDS = 4
"""Headline figures on the first screen."""

NotebookStatus = Literal["done", "not_run", "failed", "not_asked"]

_VERDICT_TONES: Mapping[str, Tone] = {"PASS": "good", "FAIL": "bad", "NOT PROVEN": "open"}


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
            raise CxvalueError(f"Notebook {self.name!r}: status is {self.status!r}. {one_of(allowed)}")
        if self.status in ("not_run", "failed") and not self.reason.strip():
            raise CxvalueError(f"Notebook {self.name!r}: status {self.status!r} needs a reason for the page.")


@dataclass(frozen=True, slots=True)
class Assumption:
    """Something the figures rest on; `assumed` marks a default that the study file does not set."""

    label: str
    value: str
    assumed: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """A file of the report, by a path relative to the page; `group` is notebooks, tables or files."""

    label: str
    href: str
    group: Literal["notebooks", "tables", "files"] = "files"


@dataclass(frozen=True, slots=True)
class PageNotes:
    """All that stands beside the findings: what they assume, the fate of rows, and the ledger's control total.

    `cautions` come worst first; `not_made` are outputs that a run could not make, each with the reason.
    `remarks` are sentences on the figures that no finding carries, such as a model status or a renderer that is
    missing.
    """

    assumptions: tuple[Assumption, ...] = ()
    data: tuple[RowCount, ...] = ()
    control: ControlResult | None = None
    cautions: tuple[Caution, ...] = ()
    remarks: tuple[str, ...] = ()
    not_made: tuple[tuple[str, str], ...] = ()
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class FindingLine:
    """A finding as it is written: every field is text, ready for any renderer; `tone` colours a verdict.

    `reason` says why a value is withheld, without repeating that it is; `note` is a warning that stands beside it.
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
    answers: tuple[Answer, ...]
    verdicts: tuple[FindingLine, ...]
    cards: tuple[FindingLine, ...]
    more_cards: tuple[FindingLine, ...]
    picture: PageFigure | None
    minute: tuple[str, ...]
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


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """One study of the index: its answers and headline, or a note why not; `href` leads to its latest report."""

    study: str
    title: str
    as_of: date | None = None
    made: datetime | None = None
    headline: Finding | None = None
    verdicts: tuple[Finding, ...] = ()
    href: str = ""
    note: str = ""
    answers: tuple[Answer, ...] = ()


def build_page(
    meta: RunMeta,
    findings: Iterable[Finding],
    figures: Sequence[PageFigure] = (),
    notebooks: Sequence[NotebookOutcome] = (),
    notes: PageNotes | None = None,
) -> PageModel:
    """Arrange what a run left behind in the order in which an executive reads it.

    The answer comes first, then the headline findings that exist in the order of `HEADLINES`, those of the question that is
    answered before all others; the first four are cards and the rest is folded. A withheld one keeps its place with its
    reason, behind those with a number. What identifies the run stands at the end.
    """
    notes, words, found = notes or PageNotes(), words_for(meta.language), tuple(findings)
    chosen = _chosen(found, HEADLINES)
    verdicts = tuple(finding for finding in chosen if isinstance(finding.value, str))
    answers = answers_of(found, words)
    cards = _lead_first(answers, [finding for finding in chosen if not isinstance(finding.value, str)])
    picture = _picture(answers, figures)
    notes_beside = _notes_beside(found, words)
    holdout = tuple(finding for finding in found if finding.kind == "holdout" and finding.value is not None)
    modelled = tuple(finding for finding in found if finding.low is not None and finding not in holdout)

    def lines(some: Iterable[Finding]) -> tuple[FindingLine, ...]:
        return tuple(replace(line, note=notes_beside.get(line.id, "")) for line in finding_lines(some, words))

    return PageModel(
        words=words,
        language=words["language"],
        title=meta.title or meta.study,
        facts=_told((words["as_of"], format_date(meta.as_of, words)), (words["audience"], meta.audience)),
        origin=_told(
            (words["made"], format_moment(meta.made, words)),
            (words["study"], meta.study),
            (words["currency"], meta.currency),
            (words["run"], meta.run_id),
            (words["version"], meta.version),
        ),
        index_href=meta.index_href,
        banners=_banners(meta, notebooks, notes, words),
        cautions=tuple(one.text for one in notes.cautions),
        answers=answers,
        verdicts=lines(verdicts),
        cards=_without_subject(lines(cards[:CARDS]), answers),
        more_cards=lines(cards[CARDS:]),
        minute=_minute(found),
        picture=picture,
        figures=tuple(figure for figure in figures if figure is not picture),
        modelled=lines(modelled),
        holdout=lines(holdout),
        control=_control(notes.control, meta.currency, words),
        control_agrees=notes.control.within if notes.control else None,
        withheld=lines(finding for finding in found if finding.value is None),
        remarks=(*notes.remarks, *((words["language_missing"],) if words["language"] != meta.language else ())),
        grades=tuple((grade, words[f"grade_{grade}"]) for grade in _grades_used(found)),
        assumptions=tuple(notes.assumptions),
        missing=(
            *(
                (book.title or book.name, words[f"status_{book.status}"], book.reason)
                for book in notebooks
                if book.status != "done"
            ),
            *((what, words["status_not_made"], reason) for what, reason in notes.not_made),
        ),
        data=tuple(_note(note, meta.currency, words) for note in notes.data),
        lines=lines(found),
        links=_links(notebooks, notes.links),
    )


def finding_lines(findings: Iterable[Finding], words: Mapping[str, str]) -> tuple[FindingLine, ...]:
    """Write findings out in the words of a language."""
    return tuple(_line(finding, words) for finding in findings)


def verdict_findings(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The verdicts among findings, in their order."""
    return tuple(finding for finding in findings if any(fnmatchcase(finding.id, pattern) for pattern in VERDICTS))


def headline_finding(findings: Iterable[Finding]) -> Finding | None:
    """The one finding that stands for a study in the index: the first card with a number."""
    found = tuple(findings)
    numbers = [finding for finding in _chosen(found, HEADLINES) if finding.is_number]
    first = _lead_first(answers_of(found, words_for("en")), numbers)
    return first[0] if first else None


def _lead_first(answers: Sequence[Answer], cards: Sequence[Finding]) -> tuple[Finding, ...]:
    """Headline findings of the question that is answered before all others, and those with a number before those without."""
    lead = answers[0].about.partition(".")[0] if answers else ""
    return tuple(sorted(cards, key=lambda one: (not (lead and one.id.startswith(lead)), one.value is None)))


def _without_subject(cards: Sequence[FindingLine], answers: Sequence[Answer]) -> tuple[FindingLine, ...]:
    """Cards of the one thing that the answer is about, without its name before each of them."""
    if len(answers) != 1:
        return tuple(cards)

    def short(line: FindingLine) -> FindingLine:
        rest = line.label.partition(": ")[2]
        mine = bool(rest) and line.id.startswith(f"{answers[0].about}.")
        return replace(line, label=rest[:1].upper() + rest[1:]) if mine else line

    return tuple(map(short, cards))


def _picture(answers: Sequence[Answer], figures: Sequence[PageFigure]) -> PageFigure | None:
    """The one figure beside the answer."""
    if not answers or not figures:
        return None
    return next((figure for figure in figures if figure.path.stem.startswith(answers[0].picture)), figures[0])


def _notes_beside(findings: Sequence[Finding], words: Mapping[str, str]) -> Mapping[str, str]:
    """Beside a forecast stands how far such forecasts missed before."""
    miss = next((one for one in findings if one.id == "cltv.typical_miss" and one.is_number), None)
    if miss is None:
        return {}
    said = words["card_missed"].format(share=format_finding(miss, words))
    return dict.fromkeys(("cltv.equity", "cltv.mean"), said)


def _chosen(findings: Sequence[Finding], patterns: Sequence[str]) -> tuple[Finding, ...]:
    chosen: dict[str, Finding] = {}
    for pattern in patterns:
        for finding in findings:
            if fnmatchcase(finding.id, pattern):
                chosen.setdefault(finding.id, finding)
    return tuple(chosen.values())


def _minute(findings: Sequence[Finding]) -> tuple[str, ...]:
    """One paragraph for each family of findings, so that their sentences read on; what is withheld stands elsewhere."""
    paragraphs: dict[str, list[str]] = {}
    for finding in _chosen(findings, MINUTE):
        if finding.text.strip() and finding.value is not None:
            group, _, part = finding.id.rpartition(".")
            paragraphs.setdefault(f"{group}.what_if" if part in WHAT_IF else group, []).append(finding.text.strip())
    return tuple(" ".join(dict.fromkeys(sentences)) for sentences in paragraphs.values())


def _line(finding: Finding, words: Mapping[str, str]) -> FindingLine:
    tone: Tone = "plain"
    if finding.value is None:
        tone = "withheld"
    elif isinstance(finding.value, str):
        tone = _VERDICT_TONES.get(finding.value, "plain")
    interval = format_interval(finding, words)
    confidence = ""
    if interval and finding.level is not None:
        confidence = words["confidence"].format(level=format_level(finding.level, words))
    elif finding.is_exact and finding.is_number:
        confidence = words["exact" if finding.grade is None else "estimate"]
    return FindingLine(
        id=finding.id,
        label=finding.label,
        value=interval if finding.is_range else format_finding(finding, words),
        interval="" if finding.is_range else interval,
        confidence=confidence,
        grade=finding.grade or "",
        evidence=words["evidence"].format(grade=finding.grade) if finding.grade else "",
        method=finding.method,
        text=finding.text,
        reason=finding.reason,
        tone=tone,
    )


def _told(*facts: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(fact for fact in facts if fact[1])


def _banners(
    meta: RunMeta, notebooks: Sequence[NotebookOutcome], notes: PageNotes, words: Mapping[str, str]
) -> tuple[str, ...]:
    banners = []
    if meta.simulated:
        banners.append(words["simulated"])
    if meta.partial:
        banners.append(words["partial"])
    failed = [book.title or book.name for book in notebooks if book.status == "failed"]
    if failed:
        banners.append(words["notebook_failed"].format(names=", ".join(failed)))
    if notes.control and not notes.control.within:
        banners.append(words["control_failed"])
    return tuple(banners)


def _control(control: ControlResult | None, currency: str, words: Mapping[str, str]) -> str:
    if control is None:
        return words["control_none"]
    return words["control_ok" if control.within else "control_bad"].format(
        found=format_value(control.found, currency, words),
        declared=format_value(control.expected, currency, words),
        difference=format_value(control.found - control.expected, currency, words),
        tolerance=format_level(control.tolerance, words),
    )


def _grades_used(findings: Sequence[Finding]) -> tuple[str, ...]:
    used = {finding.grade for finding in findings}
    return tuple(grade for grade in GRADES if grade in used)


def _note(note: RowCount, currency: str, words: Mapping[str, str]) -> NoteLine:
    return NoteLine(
        table=note.table,
        what=note.what,
        kind=words.get(f"kind_{note.kind}", note.kind),
        rows=f"{note.rows:,}".replace(",", words["thousands"]),
        amount="" if note.amount is None else format_value(note.amount, currency, words),
    )


def _links(notebooks: Sequence[NotebookOutcome], given: Sequence[Link]) -> Mapping[str, tuple[Link, ...]]:
    every = [*(Link(book.title or book.name, book.href, "notebooks") for book in notebooks if book.href), *given]
    return {group: tuple(link for link in every if link.group == group) for group in ("notebooks", "tables", "files")}
