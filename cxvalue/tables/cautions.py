"""Cautions: what is legal in the tables and may nevertheless make a number wrong, worst first.

A refusal says that a number cannot be had; a caution says that it can, and what to look at before it is believed. It stands
in the manifest, on the first screen of the page, in ``00_data_check`` and in what ``cxvalue check`` prints.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

KINDS = (
    "stale",  # the data end long before the last day observed
    "guest_id",  # an id that stands for no customer, or for many
    "sums_among_rows",  # totals and subtotals among the rows, which would count twice
    "doubtful_days",  # days that look misread: day and month swapped, a first day long before all others
    "dominant_id",  # one id that alone holds an implausible share of rows or revenue
    "ids_do_not_match",  # ids of one table that another table does not know
    "ids_alike",  # ids that become equal after a harmless repair
    "left_aside",  # a column that was not mapped says that rows or amounts may mean something else
    "never_active",  # contracts of no length
    "two_arms",  # customers in two arms of one campaign
    "undelivered",  # contacts left out because they were not delivered
    "repeated_rows",  # rows that stand more than once
    "refunds",  # refunds left out because no earlier purchases cover them
    "sign",  # an amount whose sign contradicts its column
    "history_begins",  # old customers who look new where the history begins
    "currency",  # amounts converted from other currencies
    "open_end",  # ends and starts that lie in the future
)
"""Every kind of caution with what it means, the most serious first."""
ROWS_ALONE = ("never_active", "repeated_rows", "open_end")
"""Kinds that can move a number no further than by their own rows."""
SMALL = 0.01
"""Share of a table below which its rows change no figure that a reader is shown."""


@dataclass(frozen=True, slots=True)
class Caution:
    """One thing to look at before the numbers are believed.

    `kind` is one of `KINDS`; `table` and `column` say where (the column may be empty); `rows` are the rows concerned and
    `share` their share of the table, or of its revenue where the text says so (None where no share makes sense); `text` is
    the sentence for the analyst and the executive alike. `lowers` marks a caution that takes the evidence of every finding
    that rests on the table down by one grade. `private` may name an id, or is the line that the study file needs: it is
    shown at the terminal and never published. `about` names the one campaign or programme that it concerns; empty: all.
    """

    kind: str
    table: str
    column: str
    rows: int
    share: float | None
    text: str
    lowers: bool = False
    private: str = ""
    about: str = ""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"unknown kind of caution: {self.kind!r}")

    @property
    def is_small(self) -> bool:
        """Whether the first screen may only say that it is there: few rows, of a kind that moves no number further.

        >>> Caution("never_active", "employees", "left", 4, 0.0008, "Four.").is_small
        True
        >>> Caution("sums_among_rows", "transactions", "amount", 4, 0.0008, "Four.").is_small
        False
        """
        return self.kind in ROWS_ALONE and not self.lowers and self.share is not None and self.share < SMALL

    def published(self) -> dict[str, Any]:
        """What everybody may read of it: kind, table, column, rows, share and text."""
        return {name: getattr(self, name) for name in ("kind", "table", "column", "rows", "share", "text")}


def worst_first(cautions: Iterable[Caution]) -> tuple[Caution, ...]:
    """Cautions by the weight of their kind, then by the share concerned; equal ones once.

    >>> few = Caution("sign", "fees", "amount", 1, 0.1, "One.")
    >>> [one.kind for one in worst_first([few, Caution("stale", "transactions", "date", 0, None, "Old.")])]
    ['stale', 'sign']
    """
    order = KINDS
    return tuple(sorted(dict.fromkeys(cautions), key=lambda one: (order.index(one.kind), -(one.share or 0.0))))
