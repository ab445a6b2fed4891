"""One writer a question: what its findings have in common is said once, each finding says what is its own."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from cxvalue.findings.finding import Finding, behind_a_colon, opening
from cxvalue.foundation.chance import is_a_point
from cxvalue.language.letters import closed_up

if TYPE_CHECKING:
    from cxvalue.findings.finding import Kind, Withheld


@runtime_checkable
class Bounded(Protocol):
    """A number with the ends of its interval."""

    @property
    def value(self) -> float: ...
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...


Value = Bounded | tuple[float, float | None, float | None] | float | str | None


@dataclass(frozen=True, slots=True)
class FindingWriter:
    """Writes findings that share a notebook and, where they are alike in it, the fields below.

    Args:
        notebook: where the numbers come from.
        prefix: stands before every key, as in ``cltv.`` or ``programme.NAME.``.
        label: stands before every label, as in ``Campaign spring: ``.
        case: the question that they answer (`data/README.md` lists them).
        grade: evidence of all, None for plain counts.
        level: confidence level of every interval.
        method: how the numbers were made.
        kind: estimates, plain counts, forecasts held against a holdout, or chances.

    >>> writer = FindingWriter("20_cltv", "cltv.", case="C5", grade="C", level=0.95)
    >>> equity = writer.write("equity", "Customer equity", (5.0, 4.0, 6.0), "EUR", "It is EUR 5.00.")
    >>> equity.id, equity.low, equity.level
    ('cltv.equity', 4.0, 0.95)
    >>> writer.withhold("mean", "Mean", "nobody has bought.", "EUR").text
    'Not available: nobody has bought.'
    """

    notebook: str
    prefix: str = ""
    label: str = ""
    case: str = ""
    grade: str | None = None
    level: float | None = None
    method: str = ""
    kind: Kind = "estimate"

    def write(
        self,
        key: str,
        label: str,
        value: Value,
        unit: str,
        text: str,
        method: str | None = None,
        *,
        missing: str = "",
        word: Withheld = "not_available",
        case: str | None = None,
        grade: str | None = None,
        level: float | None = None,
        kind: Kind | None = None,
    ) -> Finding:
        """One finding; `case`, `grade`, `level`, `method` and `kind` are the writer's unless they are given.

        Args:
            key: its name behind the writer's prefix.
            label: what the number is, behind the writer's label.
            value: a number or a word, something with ``value``, ``low`` and ``high`` or these three, or None.
            unit: as in `Finding`.
            text: the sentence for the page.
            missing: the reason where the value is None; without one, the text has to say it.
            word: how the sentence with that reason begins.
        """
        number: float | str | None
        low: float | None = None
        high: float | None = None
        if isinstance(value, Bounded):
            number, low, high = value.value, value.low, value.high
        elif isinstance(value, tuple):
            number, low, high = value
        else:
            number = value
        withheld: Withheld = word if number is None and missing else ""
        return Finding(
            id=self.prefix + key,
            label=self.label + (behind_a_colon(label) if self.label else label),
            value=number,
            low=low,
            high=high,
            level=level or (None if low is None else self.level),
            unit=unit,
            grade=grade or self.grade,
            text=closed_up(opening(withheld) + behind_a_colon(missing) if withheld else text),
            method=closed_up(self.method if method is None else method),
            case=case or self.case,
            notebook=self.notebook,
            kind=kind or self.kind,
            withheld=withheld,
        )

    def withhold(
        self,
        key: str,
        label: str,
        reason: str,
        unit: str = "",
        method: str | None = None,
        *,
        word: Withheld = "not_available",
        case: str | None = None,
        grade: str | None = None,
    ) -> Finding:
        """A finding without a value, and the reason."""
        return self.write(key, label, None, unit, "", method, missing=reason, word=word, case=case, grade=grade)


def range_of(value: float, low: float, high: float) -> tuple[float, float | None, float | None]:
    """The value with its range, and without where that has no width or no end: then it is the same in every draw.

    >>> range_of(0.2, 0.1, 0.3), range_of(12, 12, 12)
    ((0.2, 0.1, 0.3), (12, None, None))
    """
    known = math.isfinite(low) and math.isfinite(high) and not is_a_point(low, high)
    return (value, low, high) if known else (value, None, None)
