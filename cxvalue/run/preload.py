"""Imported once by the process that forks the notebooks' processes: what each of them would otherwise pay again.

Importing is most of it; exporting a notebook without a cell fills the caches of the validator and the sanitiser. Nothing
here may open an engine or start threads of its own: a fork would break them.
"""

from __future__ import annotations

import gc
from contextlib import suppress
from importlib import import_module

from cxvalue.foundation.lazy import import_nbformat

gc.disable()  # hardly anything that is imported is thrown away: to look for it would take a sixth of the time

nbformat = import_nbformat()  # before the others, which import it too
PRELOADED = tuple(import_module(name) for name in ("jupyter_client.manager", "papermill", "cxvalue.run.kernel"))
IN_NOTEBOOKS = (
    "ipykernel.kernelapp",
    "ipykernel.ipkernel",
    "matplotlib.backends.backend_agg",
    "matplotlib.backends.backend_svg",
    "seaborn",
    "ibis.backends.duckdb",
    "pyarrow.parquet",
    "cxvalue.workspace.opened",
    "cxvalue.figures",
    "cxvalue.answers.lifetime_answers",
    "cxvalue.findings.display",
)

with suppress(Exception):  # a notebook's own process says what is wrong, in words
    from cxvalue.report.notebook_html import notebook_html

    empty = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# -")])
    nbformat.writes(empty)
    notebook_html(empty, "-")
    for name in IN_NOTEBOOKS:
        import_module(name)
gc.freeze()  # what is here stays in memory that the forked processes share
gc.enable()
