"""Findings, figures and notebooks of a study without a margin: what they call margin is revenue, and they say so."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from cxvalue.findings.finding import Finding
from cxvalue.language.catalogue import spoken
from cxvalue.language.words import words_for

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from nbformat import NotebookNode

_MARGIN = re.compile(r"(?<!\bno )(?<!`)\b(contribution |gross )?margins?\b(?!`)", re.IGNORECASE)
_MARKUP = re.compile(r"(<style[\s\S]*?</style>|<[^<>]*>)")


def told_in_revenue(text: str) -> str:
    """A sentence with revenue in place of margin, in English and in the language that is spoken.

    >>> told_in_revenue("Margin at risk: the contribution margin of 12 months.")
    'Revenue at risk: the revenue of 12 months.'
    """
    told = _MARGIN.sub(lambda found: "Revenue" if found[0][0].isupper() else "revenue", text)
    if spoken() == "en":
        return told
    words, pattern = _forms(spoken())

    def revenue(found: re.Match[str]) -> str:
        word = words[found[0].lower()]
        return word[0].upper() + word[1:] if found[0][0].isupper() else word

    return pattern.sub(revenue, told)


@cache
def _forms(language: str) -> tuple[Mapping[str, str], re.Pattern[str]]:
    """What margin is called in a language, each form with its own of revenue; the longest is looked for first."""
    words = dict(pair.split("=") for pair in words_for(language)["in_revenue"].split(","))
    longest_first = "|".join(sorted(map(re.escape, words), key=len, reverse=True))
    # Chinese writes no space between words, so that none ends where a letter is no longer one.
    edges = ("(?:{})" if language == "zh" else r"\b(?:{})\b").format(longest_first)
    return words, re.compile(rf"(?<!`){edges}(?!`)", re.IGNORECASE)


def findings_in_revenue(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings whose labels, sentences and methods say revenue; ids and values stay."""
    return tuple(
        replace(
            one, label=told_in_revenue(one.label), text=told_in_revenue(one.text), method=told_in_revenue(one.method)
        )
        for one in findings
    )


def figure_in_revenue(figure: Figure) -> None:
    """Make every text of a figure say revenue."""
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        told = told_in_revenue(text.get_text())
        if told != text.get_text():
            text.set_text(told)


def notebook_in_revenue(notebook: NotebookNode) -> None:
    """Make what a notebook explains and shows say revenue; its code, and names in backquotes, stay."""
    for cell in notebook.cells:
        if cell.cell_type != "code":
            cell.source = told_in_revenue(cell.source)
            continue
        for output in cell.outputs:
            if output.output_type == "stream":
                output.text = told_in_revenue(output.text)
            for kind, shown in output.get("data", {}).items():
                if kind == "text/html":
                    parts = _MARKUP.split(shown)
                    parts[::2] = map(told_in_revenue, parts[::2])
                    output.data[kind] = "".join(parts)
                elif kind.startswith("text/"):
                    output.data[kind] = told_in_revenue(shown)
