"""Text from data that a spreadsheet must not take for a formula."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["inert_table", "inert_text"]

_FORMULA = re.compile(r"[=@\t\r]|[+-](?!\s*[\d.,]+\s*$)")


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
        if table[name].dtype.kind in "OSU" or str(table[name].dtype) in ("string", "str", "category"):
            told = table[name].map(lambda value: inert_text(value) if isinstance(value, str) else value)
            if not told.equals(table[name]):
                changed[name] = told
    return table.assign(**changed) if changed else table
