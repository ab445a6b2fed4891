"""How a run tells the person at the terminal what it is doing: on standard error, one line that changes, or a log."""

from __future__ import annotations

import shutil
import sys
from typing import TextIO

from cxvalue.language.catalogue import translate
from cxvalue.run.journal import Reporter, line_of


class Console(Reporter):
    """On a terminal one updating line for what is running; otherwise one line for each thing that is done.

    With `json_lines` every event is a line of JSON, wherever it goes.
    """

    def __init__(self, stream: TextIO | None = None, *, json_lines: bool = False) -> None:
        self.stream = stream or sys.stderr
        self.json_lines = json_lines
        self.live = self.stream.isatty() and not json_lines
        self.running: dict[str, str] = {}
        self.phase_now = ""

    def phase(self, what: str) -> None:
        """Say what the run has come to: a message, which JSON gives as it is."""
        self._tell("phase", what=what)
        self.phase_now = translate(what)
        self._show()

    def started(self, name: str) -> None:
        """Count a notebook among those that run."""
        self._tell("started", notebook=name)
        self.running[name] = ""
        self._show()

    def cell(self, name: str, number: int, of: int) -> None:
        """Say which cell a notebook has come to."""
        self.running[name] = f" {number}/{of}"
        self._show()

    def done(self, name: str, seconds: float) -> None:
        """Say that a notebook is through."""
        self.running.pop(name, None)
        if self.json_lines:
            self._tell("done", notebook=name, seconds=round(seconds, 1))
        else:
            self.line(translate("{notebook}  done in {seconds:.1f} s", notebook=name, seconds=seconds))
        self._show()

    def said(self, text: str) -> None:
        """Say something that people should know, and go on with what is running."""
        self.line(text)
        self._show()

    def line(self, text: str) -> None:
        """Say something that stays."""
        self.clear()
        print(line_of("said", as_json=True, text=text) if self.json_lines else text, file=self.stream, flush=True)

    def clear(self) -> None:
        """Wipe the updating line and forget what was running."""
        if self.live:
            self.stream.write("\r\x1b[K")
            self.stream.flush()

    def _tell(self, event: str, **facts: object) -> None:
        if self.json_lines:
            print(line_of(event, as_json=True, **facts), file=self.stream, flush=True)

    def _show(self) -> None:
        if not self.live:
            return
        now = ", ".join(name + cell for name, cell in self.running.items()) or self.phase_now
        width = shutil.get_terminal_size().columns - 1
        self.stream.write("\r\x1b[K" + f"{now} …"[:width])
        self.stream.flush()
