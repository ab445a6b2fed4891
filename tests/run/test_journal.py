"""The log of a run: lines that a person or a program reads, and never the reason why a run fails."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cxvalue.run.journal import KEPT_LOGS, Journal, Reporter, line_of
from cxvalue.run.study_run import RunStopped, run_study
from tests.runfixtures import Workshop


class Told(Reporter):
    def __init__(self) -> None:
        self.heard: list[str] = []

    def phase(self, what: str) -> None:
        self.heard.append(what)


def test_a_line_holds_one_event_whatever_it_says() -> None:
    assert line_of("failed", as_json=False, reason="two\nlines").endswith("Z failed reason=two lines")
    told = json.loads(line_of("failed", as_json=True, reason="two\nlines", seconds=1.5))
    assert (told["event"], told["reason"], told["seconds"]) == ("failed", "two\nlines", 1.5)


def test_what_is_told_is_passed_on_and_old_logs_go(tmp_path: Path) -> None:
    for number in range(KEPT_LOGS + 3):
        (tmp_path / f"20260101T0000{number:02d}Z-aaaaaa.log").touch()
    told = Told()
    log = Journal(tmp_path, "20270101T000000Z-bbbbbb", told)
    log.phase("reading")
    log.done("20_cltv", 1.26)
    assert told.heard == ["reading"]
    assert [line.split(" ", 1)[1] for line in log.path.read_text().splitlines()] == [
        "phase what=reading",
        "done notebook=20_cltv seconds=1.3",
    ]
    assert len(list(tmp_path.iterdir())) == KEPT_LOGS


def test_a_folder_that_cannot_be_written_costs_the_log_only(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    told = Told()
    log = Journal(tmp_path / "file" / "logs", "20270101T000000Z-bbbbbb", told)
    log.phase("reading")
    assert told.heard == ["reading"]


@pytest.mark.parametrize("as_json", [False, True])
def test_a_run_that_fails_says_so_in_its_log(tmp_path: Path, as_json: bool) -> None:
    shop = Workshop(tmp_path)
    path = shop.study()
    shop.notebook("20_bad", "1 / 0")
    with pytest.raises(RunStopped):
        run_study(path, project=shop.project(), json_lines=as_json)
    [log] = (shop.reports / "small" / "logs").iterdir()
    lines = log.read_text().splitlines()
    events = [json.loads(line)["event"] if as_json else line.split(" ")[1] for line in lines]
    assert events == ["begun", "prepared", "phase", "started", "failed"]
    assert "20_bad failed in cell 2: ZeroDivisionError" in lines[-1]
    assert log.parent.stat().st_mode & 0o077 == 0
    assert shop.published() == []
