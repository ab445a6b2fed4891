"""Text from data that a spreadsheet must not take for a formula, and that no file would be sound with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import pandas as pd

Anything = TypeVar("Anything")

_FORMULA = re.compile(r"[=@\t\r＝＠]|[+\-＋－](?!\s*[\d.,]+\s*$)")
_BEGINS = frozenset("=@\t\r＝＠+-＋－")
"""The letters with which `_FORMULA` begins."""
_NOT_IN_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def inert_text(text: str) -> str:
    """The text with an apostrophe before it where a spreadsheet would run it; numbers with a sign stay as they are.

    >>> inert_text("=cmd|'/C calc'!A0"), inert_text("-12.5"), inert_text("-1+1"), inert_text("gold")
    ("'=cmd|'/C calc'!A0", '-12.5', "'-1+1", 'gold')
    """
    return f"'{text}" if _FORMULA.match(text) else text


def inert_table(table: pd.DataFrame) -> pd.DataFrame:
    """A table whose texts and headings are inert; the same object where all are already."""
    changed = {}
    for name in table.columns:
        texts = table[name].dtype.kind in "OSU" or str(table[name].dtype) in ("string", "str", "category")
        # Few texts begin so, and to ask a million of them for their first letter costs a tenth of the pattern.
        if texts and any(isinstance(value, str) and value[:1] in _BEGINS for value in table[name]):
            told = table[name].map(lambda value: inert_text(value) if isinstance(value, str) else value)
            if not told.equals(table[name]):
                changed[name] = told
    told_names = {
        name: inert_text(name) for name in table.columns if isinstance(name, str) and inert_text(name) != name
    }
    table = table.assign(**changed) if changed else table
    return table.rename(columns=told_names) if told_names else table


def with_sound_texts(value: Anything) -> Anything:
    """A text, or frozen values with texts in them, in which letters that XML cannot hold are a mark of one that is missing.

    >>> with_sound_texts(("a" + chr(0), 3, None))
    ('a�', 3, None)
    """
    found: Any = value
    if isinstance(value, str):
        found = _NOT_IN_XML.sub("\ufffd", value)
    elif isinstance(value, tuple) and not hasattr(value, "_fields"):
        found = tuple(map(with_sound_texts, value))
    elif isinstance(value, Mapping):
        found = {key: with_sound_texts(one) for key, one in value.items()}
    elif is_dataclass(value) and not isinstance(value, type):
        told = {one.name: getattr(value, one.name) for one in fields(value) if one.init}
        sound = {name: with_sound_texts(one) for name, one in told.items()}
        changed = {name: one for name, one in sound.items() if one is not told[name] and one != told[name]}
        found = replace(value, **changed) if changed else value
    return found
