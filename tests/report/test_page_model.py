from __future__ import annotations

import dataclasses

import pytest

from cxvalue.foundation.errors import CxvalueError
from cxvalue.report.page import build_page
from cxvalue.report.page_model import NotebookOutcome, PageModel
from tests.report.test_page import META


def test_outcomes_need_a_known_status_and_a_reason() -> None:
    with pytest.raises(CxvalueError, match="status is 'ok'"):
        NotebookOutcome("a", "A", "ok")  # type: ignore[arg-type]
    with pytest.raises(CxvalueError, match="needs a reason"):
        NotebookOutcome("a", "A", "not_run")


def test_page_models_are_frozen() -> None:
    page: PageModel = build_page(META, [])
    with pytest.raises(dataclasses.FrozenInstanceError):
        page.title = "x"  # type: ignore[misc]
