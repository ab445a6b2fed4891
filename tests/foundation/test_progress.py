"""Lines about long steps: seen by somebody in JupyterLab, by nobody else."""

from __future__ import annotations

import sys

import pytest

from cxvalue.foundation import progress
from cxvalue.foundation.errors import IN_RUN
from cxvalue.foundation.progress import SESSION, working


class Place:
    """Where a line stands, as IPython gives it back."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines

    def update(self, line: object) -> None:
        self.lines.append(repr(line))


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What stands in the notebook, in JupyterLab."""
    shown: list[str] = []

    def display(line: object, display_id: bool) -> Place:
        assert display_id
        shown.append(repr(line))
        return Place(shown)

    monkeypatch.setattr("IPython.display.display", display)
    monkeypatch.setitem(sys.modules, "ipykernel", sys)
    monkeypatch.setenv(SESSION, "20_cltv.ipynb")
    monkeypatch.delenv(IN_RUN, raising=False)
    return shown


def test_a_step_and_none_within_it_is_told(lines: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([10.0, 17.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    with working("Fitting"), working("A part of it"):
        pass
    assert lines == ["Fitting …", "Fitting: 7 s"]


def test_a_quick_step_leaves_no_line_and_a_failed_one_does_not_stay(lines: list[str]) -> None:
    @working("Failing")
    def fail() -> None:
        raise ValueError("no")

    for _ in range(2):
        with pytest.raises(ValueError, match="no"):
            fail()
    assert lines == ["Failing …", ""] * 2


@pytest.mark.parametrize(("name", "value"), [(SESSION, None), (IN_RUN, "1")])
def test_nobody_is_told_in_a_run_or_outside_jupyterlab(
    lines: list[str], monkeypatch: pytest.MonkeyPatch, name: str, value: str | None
) -> None:
    if value is None:
        monkeypatch.delenv(name)
    else:
        monkeypatch.setenv(name, value)
    with working("Fitting"):
        pass
    assert lines == []
