"""A small table as a notebook shows it: numbers written for reading, headings in words; sentences one below the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cxvalue.findings.numbers import format_finding, format_interval, format_level

if TYPE_CHECKING:
    from pandas.io.formats.style import Styler

    from cxvalue.findings.finding import Finding

__all__ = ["sentences", "styled"]


def styled(rows: Iterable[Mapping[str, Any] | Sequence[Any]], columns: Sequence[str] | None = None) -> Styler:
    """A table for reading, without row numbers; rows without keys may stand under headings that repeat."""
    import pandas as pd

    frame = pd.DataFrame(list(rows), columns=list(columns) if columns else None)
    return frame.style.hide(axis="index")


def sentences(findings: Iterable[Finding]) -> Styler:
    """The findings of a notebook: what it is, its value and range, and the sentence for the page."""
    return styled(
        {
            "finding": finding.label,
            "value": format_finding(finding),
            "range": format_interval(finding) or "—",
            "at": format_level(finding.level) if finding.level else "—",
            "in words": finding.text,
        }
        for finding in findings
    )
