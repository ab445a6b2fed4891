"""Imported once by the process that forks the notebooks' processes: what each of them would otherwise pay again.

Importing is most of it; exporting a notebook without a cell fills the caches of the validator and the sanitiser.
"""

from __future__ import annotations

from contextlib import suppress

import jupyter_client.manager
import nbformat
import papermill

import cxvalue.kernel
from cxvalue.report.notebook_html import notebook_html

__all__ = ["PRELOADED"]

PRELOADED = (jupyter_client.manager, papermill, cxvalue.kernel)

with suppress(Exception):  # a notebook's own process says what is wrong, in words
    empty = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# -")])
    nbformat.writes(empty)
    notebook_html(empty, "-")
