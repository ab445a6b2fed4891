"""A line about a long step while somebody watches: in JupyterLab, and nowhere else.

Runs, papermill, scripts and tests see none of it: a kernel that JupyterLab started says so in its environment.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from cxvalue.foundation.errors import IN_RUN
from cxvalue.language.catalogue import translate

SESSION = "JPY_SESSION_NAME"
"""What JupyterLab puts into the environment of the kernel of an open notebook."""

_SHORT_S = 1.0
_at_work: list[str] = []


@contextmanager
def working(what: str) -> Iterator[None]:
    """Say that a step has begun, and how long it took once it is over; what took no time leaves no line.

    `what` is a message of the catalogues. Also a decorator. Steps within a step say nothing.
    """
    if _at_work or not _watched():
        yield
        return
    from IPython.display import display

    began, told = time.monotonic(), translate(what)
    line = display(_Line(f"{told} …"), display_id=True)
    _at_work.append(what)
    try:
        yield
    finally:
        _at_work.clear()
        took = time.monotonic() - began
        line.update(_Line(translate("{what}: {took:.0f} s", what=told, took=took) if took >= _SHORT_S else ""))


def _watched() -> bool:
    return SESSION in os.environ and IN_RUN not in os.environ and "ipykernel" in sys.modules


class _Line:
    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return f"<small>{self.text}</small>" if self.text else ""
