"""What a notebook shows: a table written for reading, with headings in words; sentences; a part that is folded away."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from html import escape
from typing import TYPE_CHECKING, Any

from cxvalue.findings.numbers import format_finding, format_interval, format_level
from cxvalue.language.catalogue import translate
from cxvalue.language.words import spoken_words

if TYPE_CHECKING:
    from pandas.io.formats.style import Styler

    from cxvalue.findings.finding import Finding


def styled(rows: Iterable[Mapping[str, Any] | Sequence[Any]], columns: Sequence[str] | None = None) -> Styler:
    """A table for reading, without row numbers; rows without keys may stand under headings that repeat.

    Names from data are text in it: a notebook that is opened by hand would run a script in them. The same table gives the
    same markup: its name in it is made of what it says, where pandas would draw one by lot.
    """
    import pandas as pd

    frame = pd.DataFrame(list(rows), columns=list(columns) if columns else None)
    said = "\x1f".join(map(str, (*frame.columns, *frame.to_numpy(dtype=object).ravel())))
    named = frame.style.set_uuid(sha256(said.encode()).hexdigest()[:12])
    return named.hide(axis="index").format(escape="html").format_index(escape="html", axis="columns")


def sentences(findings: Iterable[Finding]) -> Styler:
    """The findings of a notebook: what it is, its value and range, and the sentence for the page; a reason but once."""
    found = list(findings)
    reasons = [finding.reason for finding in found]
    again = [bool(reason) and reason in reasons[:place] for place, reason in enumerate(reasons)]
    return styled(
        {
            translate("finding"): finding.label,
            translate("value"): format_finding(finding),
            translate("range"): format_interval(finding) or "—",
            translate("confidence"): format_level(finding.level) if finding.level else "—",
            translate("in words"): spoken_words()["same_reason"] if known else finding.text,
        }
        for finding, known in zip(found, again, strict=True)
    )


@dataclass(frozen=True, slots=True, repr=False)
class Sentences:
    """Sentences one below the other, as text a reader reads and not as what a console prints."""

    texts: tuple[str, ...]

    def __repr__(self) -> str:
        return "\n".join(self.texts)

    def _repr_html_(self) -> str:
        return "".join(f"<p>{escape(text, quote=False)}</p>" for text in self.texts)


@dataclass(frozen=True, slots=True, repr=False)
class Folded:
    """A table behind a line that opens it: for whoever wants to check."""

    line: str
    table: Styler

    def __repr__(self) -> str:
        return self.line

    def _repr_html_(self) -> str:
        return f"<details><summary>{escape(self.line, quote=False)}</summary>{self.table._repr_html_()}</details>"


def folded(line: str, table: Styler) -> Folded:
    """A table that is closed at first; `line` says what it holds."""
    return Folded(line, table)


def spoken_in(texts: Iterable[str]) -> Sentences:
    """Sentences as paragraphs; empty ones are left out.

    A sentence that stands in a notebook is told in the readers' language; one that was computed is in it already.
    """
    return Sentences(tuple(line for text in texts for line in translate(text).splitlines() if line.strip()))


def say(*texts: str) -> None:
    """Show sentences in a notebook, each as a paragraph; empty ones are left out."""
    from IPython.display import display

    told = spoken_in(texts)
    if told.texts:
        display(told)
