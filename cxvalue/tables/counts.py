"""The counts that a data check prints: what came in, what became of it, and whether the money agrees."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from cxvalue.foundation.plain import Plain, plain
from cxvalue.language.catalogue import translatable, translate
from cxvalue.tables.cautions import Caution, worst_first

if TYPE_CHECKING:
    from collections.abc import Iterable

    import ibis.expr.types as ir

    from cxvalue.study.file import ControlTotals

FATES = {
    "read": translatable("rows read"),
    "kept": translatable("rows kept"),
    "made": translatable("refunds in the rows of their purchases"),
    "repeated": translatable("rows that repeat another one in every column"),
    "guests": translatable("rows of guests, no customer"),
    "after": translatable("after {day}, the last day observed"),
    "undeclared": translatable("of programmes that the study does not declare, not used"),
    "lines": translatable("repeated lines of one order"),
    "netted": translatable("refunds taken off their purchase"),
    "void": translatable("lines of purchases refunded in full"),
    "void_margin": translatable("lines of purchases refunded in full, with the margin left on them (in no purchase)"),
    "same_day": translatable("further lines of one customer and day"),
    "purchases": translatable("purchases (one customer, one day)"),
    "guest_sales": translatable("sales to guests: in the totals, but not as customers"),
    "late_guests": translatable("sales of guests after {day}"),
    "zero": translatable("zero amounts (they count as purchases)"),
    "negative": translatable("lines with a negative margin"),
    "duplicates": translatable("exact duplicates without an order_id"),
    "before": translatable("before {day}, the first day observed"),
}
"""What became of rows, in words."""


def fate(key: str, **values: object) -> str:
    """What became of rows, told to a reader.

    >>> fate("after", day="2026-06-30")
    'after 2026-06-30, the last day observed'
    """
    return translate(FATES[key], **values)


CountKind = Literal[
    "read", "made", "left_out", "refused", "dropped", "cut", "merged", "netted", "note", "kept", "apart", "match"
]


@dataclass(frozen=True, slots=True)
class RowCount:
    """How many rows of a table had one fate, in plain words, with the revenue or amount on them where there is one.

    For every table, rows of the kinds "read" and "made" (refunds that stood in the rows of their purchases) equal those of
    the kinds "left_out", "dropped", "cut", "merged", "netted", "kept" and "apart" (sales of guests, which are in the totals
    only) together; a "note" counts rows that are among the kept, a "match" the different ids of a column that another table
    knows. `reason` is the key under which rows that are not kept are counted, empty for all others.
    The amount kept of transactions is net of refunds.
    """

    table: str
    what: str
    rows: int
    amount: float | None
    kind: CountKind
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ControlResult:
    """Revenue found against what the ledger says: `difference` = found − expected, `relative` to expected."""

    expected: float
    found: float
    difference: float
    relative: float
    tolerance: float
    within: bool

    @classmethod
    def of(cls, expected: float, found: float, tolerance: float) -> ControlResult:
        """Compare; an expected total of zero is met by zero only.

        >>> ControlResult.of(200.0, 199.0, 0.005).within
        True
        """
        difference = found - expected
        relative = difference / abs(expected) if expected else (0.0 if not difference else float("inf"))
        # The last digits of a sum are no disagreement.
        return cls(expected, found, difference, relative, tolerance, abs(relative) <= tolerance + 1e-12)


def hold_against_totals(
    totals: ControlTotals | None, sales: Iterable[ir.Table | None], start: date, end: date
) -> ControlResult | None:
    """The revenue of all `sales` (date, revenue) from `start` to `end` against the study's total, None where it has none."""
    if totals is None:
        return None
    found = 0.0
    for rows in sales:
        if rows is not None:
            inside = rows.filter(rows.date.between(start, end))
            found += inside.revenue.sum().to_pyarrow().as_py() or 0.0
    return ControlResult.of(totals.revenue, found, totals.tolerance)


@dataclass(frozen=True, slots=True)
class TableSet(Plain):
    """The canonical tables of a study: parquet files by name, and how they came about.

    `paths` has each table of the study, with "purchases" beside "transactions". `observed_from` and `as_of` are the
    first and last day observed, both inclusive. `same_until` is the last day of a run that would read the same from the
    same sources; None: every later day. `orders` are those of transactions whose order ids stayed in a warehouse.
    `sources` are all columns of each table's source, none where a query chose them. `done` are those of `read_notes` that
    say what was done to a source as it was read.
    """

    as_of: date
    observed_from: date
    paths: dict[str, Path]
    counts: tuple[RowCount, ...]
    control: ControlResult | None = None
    read_notes: tuple[str, ...] = ()
    cautions: tuple[Caution, ...] = ()
    same_until: date | None = None
    orders: int | None = None
    sources: dict[str, tuple[str, ...]] = field(default_factory=dict)
    done: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The same as JSON holds it, the gravest cautions first."""
        told: dict[str, Any] = plain(replace(self, cautions=worst_first(self.cautions)))
        return told


def rounded_up(share: float) -> float:
    """A share rounded up to one digit, so that a limit of it lets the share pass.

    >>> rounded_up(0.0123)
    0.02
    """
    digits = -math.floor(math.log10(share))
    return min(1.0, round(math.ceil(round(share * 10**digits, 9)) / 10**digits, digits))
