"""How a run tells the person at the terminal what it is doing: on standard error, one line that changes, or a log."""

from __future__ import annotations

import shutil
import sys
from typing import TextIO

__all__ = ["Console"]


class Console:
    """On a terminal one updating line for what is running; otherwise one line for each thing that is done."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self.stream = stream or sys.stderr
        self.live = self.stream.isatty()
        self.running: dict[str, str] = {}
        self.phase_now = ""

    def phase(self, what: str) -> None:
        """Say what the run has come to."""
        self.phase_now = what
        self._show()

    def started(self, name: str) -> None:
        """Count a notebook among those that run."""
        self.running[name] = ""
        self._show()

    def cell(self, name: str, number: int, of: int) -> None:
        """Say which cell a notebook has come to."""
        self.running[name] = f" {number}/{of}"
        self._show()

    def done(self, name: str, seconds: float) -> None:
        """Say that a notebook is through."""
        self.running.pop(name, None)
        self.line(f"{name}  done in {seconds:.1f} s")
        self._show()

    def line(self, text: str) -> None:
        """Say something that stays."""
        self.clear()
        print(text, file=self.stream, flush=True)

    def clear(self) -> None:
        """Wipe the updating line and forget what was running."""
        if self.live:
            self.stream.write("\r\x1b[K")
            self.stream.flush()

    def _show(self) -> None:
        if not self.live:
            return
        now = ", ".join(name + cell for name, cell in self.running.items()) or self.phase_now
        width = shutil.get_terminal_size().columns - 1
        self.stream.write("\r\x1b[K" + f"{now} …"[:width])
        self.stream.flush()
