"""Names and text as DuckDB writes them; used only where files are parsed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

ROW = "__row__"  # where a row stands in its source
LINE = "__line__"  # equal for rows that are equal in every column of their source
SAME = "__same__"  # equal for rows that are equal in every column of their source but the amounts


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


def trimmed(name: str) -> str:
    """The values of a column as SQL text, without blanks around them.

    >>> print(trimmed("amount"))
    trim(CAST("amount" AS VARCHAR))
    """
    return f"trim(CAST({quoted(name)} AS VARCHAR))"


def row_marks(columns: Iterable[str], amounts: Iterable[str]) -> str:
    """`LINE` and `SAME` as SQL, after a comma: hashes over the expressions of all columns, and of all but the amounts.

    >>> print(row_marks(['"a"', '"b"'], ['"b"']))
    , hash("a", "b") AS __line__, hash("a") AS __same__
    """
    every, left_out = list(columns), set(amounts)
    rest = [column for column in every if column not in left_out] or ["0"]
    return f", hash({', '.join(every)}) AS {LINE}, hash({', '.join(rest)}) AS {SAME}"


def chosen_sql(columns: Mapping[str, str], every: Iterable[str], amounts: Collection[str] | None) -> str:
    """Columns under our names as SQL, after a comma, with the marks of equal rows where `amounts` are given."""
    chosen = "".join(f", {quoted(theirs)} AS {quoted(ours)}" for ours, theirs in columns.items())
    return chosen + ("" if amounts is None else row_marks(map(quoted, every), map(quoted, amounts)))


def described(con: duckdb.DuckDBPyConnection, relation: str) -> dict[str, str]:
    """The columns of a relation, or of a query, with their types; the one that numbers the rows is left out."""
    return {str(row[0]): str(row[1]) for row in con.execute(f"DESCRIBE {relation}").fetchall() if row[0] != ROW}
