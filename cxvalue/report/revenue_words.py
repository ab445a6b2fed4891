"""Findings and figures of a study without a margin: what they call margin is revenue, and they say so."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from cxvalue.findings.finding import Finding

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["figure_in_revenue", "findings_in_revenue", "told_in_revenue"]

_MARGIN = re.compile(r"\b(contribution |gross )?margins?\b", re.IGNORECASE)


def told_in_revenue(text: str) -> str:
    """A sentence with revenue in place of margin.

    >>> told_in_revenue("Margin at risk: the contribution margin of 12 months.")
    'Revenue at risk: the revenue of 12 months.'
    """
    return _MARGIN.sub(lambda found: "Revenue" if found[0][0].isupper() else "revenue", text)


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
        text.set_text(told_in_revenue(text.get_text()))
