"""What stands at the top of a notebook: which study, seen when, and the answer in a few sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from html import escape
from typing import TYPE_CHECKING

from cxvalue.findings.finding import behind_a_colon
from cxvalue.findings.numbers import format_date, format_finding
from cxvalue.language.catalogue import translate
from cxvalue.language.words import named, spoken_words
from cxvalue.report.headlines import MINUTE

if TYPE_CHECKING:
    from datetime import date

    from cxvalue.findings.finding import Finding
    from cxvalue.study import StudyFile

_MOST = 5


@dataclass(frozen=True, slots=True, repr=False)
class Opening:
    """The study in a line, and its answer in sentences; before these are there it says that they are to come."""

    title: str
    line: str
    texts: tuple[str, ...]

    @classmethod
    def of(cls, file: StudyFile, observed_from: date, as_of: date, texts: Sequence[str] | None = None) -> Opening:
        """The opening of a study; `texts` are there once its notebook has come to its end."""
        line = translate(
            "Observed from {first} to {last}, amounts in {currency}.",
            first=format_date(observed_from),
            last=format_date(as_of),
            currency=file.currency,
        )
        if file.simulated is not None:
            line = " ".join([line, translate("Simulated: this company does not exist.")])
        waiting = (translate("The answer appears here once all cells have run."),)
        return cls(file.heading, line, waiting if texts is None else tuple(texts))

    def __repr__(self) -> str:
        return "\n".join([self.title, self.line, *self.texts])

    def _repr_html_(self) -> str:
        told = "".join(f"<li>{escape(text, quote=False)}</li>" for text in self.texts)
        title, line = escape(self.title, quote=False), escape(self.line, quote=False)
        return f"<p><strong>{title}</strong><br>{line}</p>" + (f"<ul>{told}</ul>" if told else "")


def in_short(findings: Sequence[Finding]) -> list[str]:
    """The sentences of a notebook's findings that matter most, in the order in which the page tells them.

    Where the page tells none of them in its first minute, the first of them. What cannot be told comes last, with its name.
    """
    told = [one for pattern in MINUTE for one in findings if fnmatchcase(one.id, pattern) and one.text]
    chosen = told or [one for one in findings if one.text]
    missing: dict[str, Finding] = {}
    for one in chosen:
        if one.withheld:
            missing.setdefault(one.reason, one)
    sentences = dict.fromkeys(one.text for one in chosen if not one.withheld)
    return [*sentences, *map(_missing, missing.values())][:_MOST]


def _missing(finding: Finding) -> str:
    """What cannot be told, and why."""
    words = spoken_words()
    name = finding.label + words["bracketed"].format(what=format_finding(finding, words))
    return named(name, behind_a_colon(finding.reason), words)
