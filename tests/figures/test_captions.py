"""Every caption stands below some figure of a notebook, and has the values that it asks for there."""

from __future__ import annotations

import ast

from cxvalue.figures.captions import _CAPTIONS, caption
from tests.messages import PACKAGE, names_in

Function = ast.FunctionDef


def captions_of(function: Function) -> list[tuple[ast.Call, set[str]]]:
    """The captions that a question of a notebook asks for, and the keys that each of them may be."""
    calls = [
        node
        for node in ast.walk(function)
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "caption"
    ]
    return [(call, _keys_of(call.args[0], function)) for call in calls]


def _keys_of(key: ast.expr, function: Function) -> set[str]:
    """The keys that an expression may be: a text, or one of two."""
    if isinstance(key, ast.Name):
        given = [node for node in ast.walk(function) if isinstance(node, ast.Assign)]
        key = next(node.value for node in given if getattr(node.targets[0], "id", "") == key.id)
    return {str(part.value) for part in ast.walk(key) if isinstance(part, ast.Constant) and part.value in _CAPTIONS}


def test_every_caption_stands_below_a_figure_and_gets_its_values() -> None:
    used = set()
    for path in sorted((PACKAGE / "answers").glob("*.py")):
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(function, Function):
                continue
            for call, keys in captions_of(function):
                given = {word.arg for word in call.keywords}
                assert keys, f"{path.name}: {ast.unparse(call)}"
                assert all(set().union(*map(names_in, _CAPTIONS[key])) <= given for key in keys), keys
                used |= keys
    assert used == set(_CAPTIONS)


def test_values_are_filled_into_both_lines() -> None:
    about, read = caption("programme_promise", title="Loyalty card", month="June 2026")
    assert about == "Loyalty card: did it bring what was promised?"
    assert read == "Margin by month: promised from the data up to June 2026, and as it was then measured."
