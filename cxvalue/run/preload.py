"""Imported once by the process that forks the notebooks' processes: what each of them would otherwise pay again.

Importing is most of it; exporting a notebook without a cell fills the caches of the validator and the sanitiser.
"""

from __future__ import annotations

from contextlib import suppress
from importlib import import_module

from cxvalue.foundation.lazy import import_nbformat

__all__ = ["PRELOADED"]

nbformat = import_nbformat()  # before the others, which import it too
PRELOADED = tuple(import_module(name) for name in ("jupyter_client.manager", "papermill", "cxvalue.run.kernel"))

with suppress(Exception):  # a notebook's own process says what is wrong, in words
    from cxvalue.report.notebook_html import notebook_html

    empty = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# -")])
    nbformat.writes(empty)
    notebook_html(empty, "-")
