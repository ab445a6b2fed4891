"""The log of a run: one line an event, for whoever reads it the morning after, readable by its owner only."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

KEPT_LOGS = 50


class Reporter:
    """Is told what goes on in a run, and by itself says nothing."""

    def phase(self, what: str) -> None:
        """The run has come to a phase, such as reading the tables."""

    def started(self, name: str) -> None:
        """A notebook has been started."""

    def cell(self, name: str, number: int, of: int) -> None:
        """A notebook has come to a cell."""

    def done(self, name: str, seconds: float) -> None:
        """A notebook is through."""

    def said(self, text: str) -> None:
        """Something that people should know, in their words."""


def line_of(event: str, *, as_json: bool, **facts: object) -> str:
    """An event with its moment (UTC) as a line of text or of JSON.

    >>> line_of("started", as_json=False, notebook="20_cltv")[20:]
    ' started notebook=20_cltv'
    """
    moment = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    if as_json:
        return json.dumps({"time": moment, "event": event, **facts}, ensure_ascii=False)
    told = (f"{name}={' '.join(str(value).split())}" for name, value in facts.items())
    return " ".join([moment, event, *told])


class Journal(Reporter):
    """Passes on what is told and writes it down, below `folder`; a disk that is full costs the log and not the run."""

    def __init__(self, folder: Path, run_id: str, also: Reporter, *, as_json: bool = False) -> None:
        self.also, self.as_json = also, as_json
        self.path = folder / f"{run_id}.{'jsonl' if as_json else 'log'}"
        with suppress(OSError):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for old in sorted(folder.glob("2*"), key=lambda path: path.name)[: -KEPT_LOGS + 1]:
                old.unlink()

    def note(self, event: str, **facts: object) -> None:
        """Write an event down, and nothing more."""
        with suppress(OSError), self.path.open("a", encoding="utf-8") as log:
            log.write(line_of(event, as_json=self.as_json, **facts) + "\n")

    def phase(self, what: str) -> None:
        """The run has come to a phase."""
        self.note("phase", what=what)
        self.also.phase(what)

    def started(self, name: str) -> None:
        """A notebook has been started."""
        self.note("started", notebook=name)
        self.also.started(name)

    def cell(self, name: str, number: int, of: int) -> None:
        """Passed on only: a log with every cell says less."""
        self.also.cell(name, number, of)

    def done(self, name: str, seconds: float) -> None:
        """A notebook is through."""
        self.note("done", notebook=name, seconds=round(seconds, 1))
        self.also.done(name, seconds)

    def said(self, text: str) -> None:
        """Something that people should know."""
        self.note("said", text=text)
        self.also.said(text)
