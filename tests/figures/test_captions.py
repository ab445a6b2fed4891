"""Every caption stands below some figure of a notebook, and has the values that it asks for there."""

from __future__ import annotations

import ast
from pathlib import Path

import nbformat

from cxvalue.figures.captions import _CAPTIONS, caption
from tests.messages import names_in

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


def calls() -> list[ast.Call]:
    found = []
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "code":
                found += [
                    node
                    for node in ast.walk(ast.parse(cell.source))
                    if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "caption"
                ]
    return found


def test_every_caption_stands_below_a_figure_and_gets_its_values() -> None:
    used = set()
    for call in calls():
        given = {word.arg for word in call.keywords}
        for part in ast.walk(call.args[0]):
            if isinstance(part, ast.Constant) and part.value in _CAPTIONS:
                used.add(part.value)
                assert set().union(*map(names_in, _CAPTIONS[part.value])) <= given, part.value
    assert used == set(_CAPTIONS)


def test_values_are_filled_into_both_lines() -> None:
    about, read = caption("programme_promise", title="Loyalty card", month="June 2026")
    assert about == "Loyalty card: did it bring what was promised?"
    assert read == "Margin by month: promised from the data up to June 2026, and as it was then measured."
