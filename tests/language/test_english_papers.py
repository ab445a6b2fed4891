"""The words of the papers stand once, and say by their key to which paper they belong."""

from __future__ import annotations

import ast
from pathlib import Path

from cxvalue.language import english
from cxvalue.language.english_papers import PAPERS


def test_each_key_names_its_paper() -> None:
    assert {key.split("_")[0] for key in PAPERS} == {"paper", "pdf", "deck", "book"}


def test_no_word_of_the_page_hides_one_of_the_papers() -> None:
    tree = ast.parse(Path(english.__file__).read_text(encoding="utf-8"))
    page = [key.value for node in ast.walk(tree) if isinstance(node, ast.Dict) for key in node.keys
            if isinstance(key, ast.Constant)]  # fmt: skip
    assert len(page) > 200
    assert not set(page) & set(PAPERS)
