"""Reading notebooks starts without working out a grammar that no notebook needs."""

from __future__ import annotations

import subprocess
import sys


def test_notebooks_are_read_without_the_grammar_of_addresses_and_whoever_wants_it_gets_it() -> None:
    code = """
import sys
from cxvalue.foundation.lazy import import_nbformat
nbformat = import_nbformat()
assert not any(name.startswith(("rfc3987_syntax", "lark")) for name in sys.modules)
book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# -")])
nbformat.validate(book)
book["cells"][0]["cell_type"] = "song"
try:
    nbformat.validate(book)
except nbformat.ValidationError:
    print("refused")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "refused\n"
