"""What the tables of a study ask of whatever engine holds them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from cxvalue.study import TableSource


class Place(ABC):
    """An engine that holds tables; `words` name it to people, and `con` is its connection through ibis."""

    words: str
    con: Any

    @property
    @abstractmethod
    def files(self) -> Any:
        """A connection of the embedded engine, in which files are parsed."""

    def holds(self, source: TableSource) -> bool:
        """Whether a table of a study lies in this engine already, typed, and is not read from a file."""
        return False

    def send(self, table: ir.Table, where: str) -> ir.Table:
        """A table of a file, as a table of this engine; `where` names it in a refusal."""
        return table

    @abstractmethod
    def bring(
        self, table: ir.Table, path: Path, order: Sequence[str], columns: Sequence[str], rows: int | None = None
    ) -> None:
        """Write columns of a table as one parquet file, its rows in the order of other columns of it.

        `rows` is how many it has, where that is known.
        """

    def forget(self, name: str, *, as_read: bool = False) -> None:  # noqa: B027
        """Give back the memory that rows of a file take which became the table `name` of a study and were brought.

        With `as_read` only what they were before they were typed.
        """

    def ask_for_rights(self, tables: Iterable[str], scores: str | None = None, study: str = "") -> None:
        """Raise `BadInput` with every right that the user lacks for these tables of the engine.

        `scores` is the table to which the scores of the study are written, None for none.
        """
        return

    def guarded(self) -> AbstractContextManager[None]:
        """Within it a failure of the engine is told in words that hold nothing of an address."""
        return nullcontext()

    def close(self) -> None:  # noqa: B027
        """Leave the engine; what was kept there for this study goes."""
