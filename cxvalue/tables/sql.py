"""Names and text as DuckDB writes them; used only where files are parsed."""

from __future__ import annotations

__all__ = ["ROW", "literal", "quoted"]

ROW = "__row__"  # where a row stands in its source


def quoted(name: str) -> str:
    """A name as SQL.

    >>> print(quoted('a "b" c'))
    "a ""b"" c"
    """
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as SQL.

    >>> literal("it's")
    "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"
