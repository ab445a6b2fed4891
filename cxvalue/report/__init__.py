"""From findings to what an executive reads.

The flow is one way: findings → page model → renderer. A renderer never computes and a page model never holds markup.

page           findings, figures and notes become a `PageModel`, without any markup
headlines      which findings come first, by the question of the study
assumptions    what a study file says, and what was assumed where it says nothing
lowering       findings that rest on doubtful tables are lowered by a grade
html           a `PageModel` becomes one self-contained file; so does the index of all studies
notebook_html  an executed notebook becomes an appendix page without code
sanitize       what markup from elsewhere may stay
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cxvalue.findings.finding import Finding, read_findings, write_findings
from cxvalue.report.html import render_index, render_page
from cxvalue.report.notebook_html import notebook_html, scrub_notebook
from cxvalue.report.page import (
    Assumption,
    IndexEntry,
    Link,
    NotebookOutcome,
    PageFigure,
    PageModel,
    PageNotes,
    RunMeta,
    build_page,
    headline_finding,
    verdict_findings,
)

if TYPE_CHECKING:
    from cxvalue.lifetime.families.registry import MODEL_TITLES
    from cxvalue.questions.customers.findings import base_findings
    from cxvalue.questions.data_check.findings import data_findings
    from cxvalue.questions.lifetime_value.findings import cltv_findings

__all__ = [
    "MODEL_TITLES",
    "Assumption",
    "Finding",
    "IndexEntry",
    "Link",
    "NotebookOutcome",
    "PageFigure",
    "PageModel",
    "PageNotes",
    "RunMeta",
    "base_findings",
    "build_page",
    "cltv_findings",
    "data_findings",
    "headline_finding",
    "notebook_html",
    "read_findings",
    "render_index",
    "render_page",
    "scrub_notebook",
    "verdict_findings",
    "write_findings",
]


def __getattr__(name: str) -> Any:
    # `answers` needs the engine, which a page does not: it is imported when a notebook asks for it.
    if name in ("MODEL_TITLES", "base_findings", "cltv_findings", "data_findings"):
        from cxvalue.questions.lifetime_value import findings as answers

        return getattr(answers, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
