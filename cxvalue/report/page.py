"""What a run left behind becomes a page model, which renderers only lay out.

`build_page` takes what a run left behind (meta, findings, figures, notebooks, notes) and arranges it in the order in
which an executive reads: headline, one minute, figures, how sure, assumptions, what is missing, appendix.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from cxvalue.findings.finding import Finding
from cxvalue.findings.numbers import (
    format_date,
    format_finding,
    format_interval,
    format_level,
    format_moment,
    format_value,
)
from cxvalue.foundation.grades import GRADES
from cxvalue.language.letters import begun, closed_up, parted_at_colon
from cxvalue.language.words import enumerated, words_for
from cxvalue.report.answer_block import Answer, Tone, answers_of, judged_of, value_told
from cxvalue.report.headlines import HEADLINES, MINUTE, VERDICTS, WHAT_IF
from cxvalue.report.page_model import (
    FindingLine,
    Link,
    NotebookOutcome,
    NoteLine,
    PageFigure,
    PageModel,
    PageNotes,
    RunMeta,
)

if TYPE_CHECKING:
    from cxvalue.report.changes import Changes
    from cxvalue.tables.counts import ControlResult, RowCount

LONGEST_NAME = 40
CARDS = 4
"""Headline figures on the first screen."""

_VERDICT_TONES: Mapping[str, Tone] = {
    "PASS": "good", "FAIL": "bad", **dict.fromkeys(("NOT PROVEN", "PASS_weak", "FAIL_weak"), "open")
}  # fmt: skip


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
    # Where an answer is about what customers are worth, it says itself how far past forecasts missed.
    notes_beside = {} if any(one.about == "cltv" for one in answers) else _notes_beside(found, words)
    changed = _changed(notes.changes, words)
    holdout = tuple(finding for finding in found if finding.kind == "holdout" and finding.value is not None)
    modelled = tuple(finding for finding in found if finding.low is not None and finding not in holdout)

    def lines(some: Iterable[Finding]) -> tuple[FindingLine, ...]:
        return tuple(
            replace(line, note=notes_beside.get(line.id, ""), change=changed.get(line.id, ""))
            for line in finding_lines(some, words)
        )

    return PageModel(
        words=words,
        language=words["language"],
        title=meta.title or meta.study,
        facts=_told((words["as_of"], format_date(meta.as_of, words))),
        origin=_told(
            (words["audience"], words.get(f"audience_{meta.audience}", meta.audience)),
            (words["made"], format_moment(meta.made, words)),
            (words["study"], meta.study),
            (words["currency"], meta.currency),
            (words["run"], meta.run_id),
            (words["version"], meta.version),
        ),
        index_href=meta.index_href,
        banners=_banners(meta, notebooks, notes, words),
        cautions=tuple(one.text for one in notes.cautions if not one.is_small),
        small_cautions=tuple(one.text for one in notes.cautions if one.is_small),
        answers=answers,
        verdicts=lines(verdicts),
        cards=_each_reason_once(_without_subject(lines(cards[:CARDS]), answers), words),
        more_cards=_each_reason_once(lines(cards[CARDS:]), words),
        minute=_minute(found),
        changes=notes.changes,
        picture=picture,
        figures=tuple(figure for figure in figures if figure is not picture),
        modelled=lines(modelled),
        holdout=lines(holdout),
        control=_control(notes.control, meta.currency, words),
        control_agrees=notes.control.within if notes.control else None,
        withheld=lines(finding for finding in found if finding.value is None),
        remarks=(*((words["simulated_why"],) if meta.simulated else ()), *notes.remarks),
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
        lines=_each_reason_once(lines(found), words),
        links=_links(notebooks, notes.links),
    )


def finding_lines(findings: Iterable[Finding], words: Mapping[str, str]) -> tuple[FindingLine, ...]:
    """Write findings out in the words of a language."""
    return tuple(_line(finding, words) for finding in findings)


def _each_reason_once(lines: Sequence[FindingLine], words: Mapping[str, str]) -> tuple[FindingLine, ...]:
    """Lines of which a later one that is withheld for the reason of an earlier one says no more than that."""
    told: set[str] = set()
    written = []
    for line in lines:
        again = bool(line.reason) and line.reason in told
        told.add(line.reason)
        same = words["same_reason"]
        written.append(replace(line, text=same, reason=same) if again else line)
    return tuple(written)


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
    """Headline findings of the question that is answered before all others; then those with a number, before those that
    may be above or below zero and those without."""
    lead = answers[0].about.partition(".")[0] if answers else ""

    def place(one: Finding) -> tuple[bool, bool, bool]:
        aside = bool(lead) and not one.id.startswith(lead)
        open_still = aside and one.low is not None and one.high is not None and one.low < 0 < one.high
        return aside, one.value is None, open_still

    return tuple(sorted(cards, key=place))


def _without_subject(cards: Sequence[FindingLine], answers: Sequence[Answer]) -> tuple[FindingLine, ...]:
    """Cards of the one thing that the answer is about, without its name before each of them."""
    if len(answers) != 1:
        return tuple(cards)

    def short(line: FindingLine) -> FindingLine:
        rest = parted_at_colon(line.label)[1]
        mine = bool(rest) and line.id.startswith(f"{answers[0].about}.")
        return replace(line, label=begun(rest)) if mine else line

    return tuple(map(short, cards))


def _picture(answers: Sequence[Answer], figures: Sequence[PageFigure]) -> PageFigure | None:
    """The one figure beside the answer."""
    if not answers or not figures:
        return None
    return next((figure for figure in figures if figure.path.stem.startswith(answers[0].picture)), figures[0])


def _changed(changes: Changes | None, words: Mapping[str, str]) -> Mapping[str, str]:
    """Beside a figure stands what it was."""
    rows = changes.rows if changes else ()
    return {row.id: words[f"changed_{row.way}"].format(then=row.then) for row in rows}


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
    told = (" ".join(_once_named(list(dict.fromkeys(sentences)))) for sentences in paragraphs.values())
    return tuple(map(closed_up, told))


def _once_named(sentences: Sequence[str]) -> list[str]:
    """Sentences of one paragraph that begin with the same name and a colon: the name stands before the first."""
    told, named = [], ""
    for sentence in sentences:
        name, rest = parted_at_colon(sentence)
        again = bool(rest) and name == named
        named = name if rest and len(name) <= LONGEST_NAME else named
        told.append(begun(rest) if again else sentence)
    return told


def _line(finding: Finding, words: Mapping[str, str]) -> FindingLine:
    tone: Tone = "plain"
    if finding.value is None:
        tone = "withheld"
    elif isinstance(finding.value, str):
        tone = _VERDICT_TONES.get(judged_of(finding), "plain")
    interval = format_interval(finding, words)
    confidence = level = ""
    if interval and finding.level is not None:
        level = format_level(finding.level, words)
        confidence = words["confidence"].format(level=level)
    elif finding.is_exact and finding.is_number:
        confidence = words["exact" if finding.grade is None else "estimate"]
    return FindingLine(
        id=finding.id,
        label=finding.label,
        value=interval if finding.is_range else value_told(finding, words),
        interval="" if finding.is_range else interval,
        confidence=confidence,
        level=level,
        grade=finding.grade or "",
        evidence=words["evidence"].format(grade=finding.grade) if finding.grade else "",
        method=begun(finding.method),
        text=begun(finding.text),
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
        banners.append(words["notebook_failed"].format(names=enumerated(failed)))
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
