"""The published tables of a business case, read back as frozen rows: what slides and the workbook are made from."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class MonthRow:
    """A month of a case: `month` 0 … H, whether the data cover it, and money in currency."""

    month: int
    calendar: date
    observed: bool
    treated: float
    margin: float
    benefits: float
    costs: float
    net: float
    net_discounted: float
    to_date: float
    margin_measured: float
    margin_per_unit: float


@dataclass(frozen=True, slots=True)
class AssumptionRow:
    """What a case rests on; `kind` says which assumption it is, `value` is a number or a word."""

    kind: str
    label: str
    value: float | str
    low: float | None
    high: float | None
    owner: str
    source: str


@dataclass(frozen=True, slots=True)
class SwingRow:
    """The net present value with one input low or high; `kind` says which input it is."""

    kind: str
    label: str
    unit: str
    value: float
    low: float
    high: float
    npv_at_low: float
    npv_at_high: float

    @property
    def width(self) -> float:
        """How far the input moves the net present value."""
        return abs(self.npv_at_high - self.npv_at_low)


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure of a case with its range; None where there is none."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class EffectPoint:
    """The effect some months after the start (negative: before it) with its range."""

    months_since_start: int
    effect: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class CaseTables:
    """A programme's case as it was published; months 0 … H in order, swings the farthest first."""

    programme: str
    months: tuple[MonthRow, ...]
    assumptions: tuple[AssumptionRow, ...]
    swings: tuple[SwingRow, ...]
    measures: Mapping[str, Measure]
    effects: tuple[EffectPoint, ...]

    def stated(self, kind: str) -> tuple[AssumptionRow, ...]:
        """The assumptions of a kind."""
        return tuple(row for row in self.assumptions if row.kind == kind)

    def number(self, kind: str) -> float:
        """The sum of the assumptions of a kind; 0 where nothing is stated."""
        return sum(row.value for row in self.stated(kind) if isinstance(row.value, float))


def read_cases(folder: Path) -> tuple[CaseTables, ...]:
    """Read the cases of a folder of published tables, in the order of their programmes; none where it holds none."""
    months = _by_programme(folder / "case_months.csv")
    parts = {
        name: _by_programme(folder / f"{name}.csv")
        for name in ("case_assumptions", "case_tornado", "case_measures", "programme_effects")
    }
    return tuple(
        CaseTables(
            programme,
            tuple(_month(row) for row in rows),
            tuple(_assumption(row) for row in parts["case_assumptions"].get(programme, ())),
            tuple(_swing(row) for row in parts["case_tornado"].get(programme, ())),
            {
                row["measure"]: Measure(*(_number(row[name]) for name in ("value", "low", "high")))
                for row in parts["case_measures"].get(programme, ())
            },
            tuple(_points(parts["programme_effects"].get(programme, ()))),
        )
        for programme, rows in months.items()
    )


def rows_of(path: Path) -> list[Row]:
    """The rows of a published CSV by their columns, as text; none where the table was not published."""
    if not path.is_file():
        return []
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def _by_programme(path: Path) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows_of(path):
        found.setdefault(row["programme"], []).append(row)
    return found


def _month(row: Row) -> MonthRow:
    names = (
        "treated_customers", "margin_from_effect", "other_benefits", "costs", "net", "net_discounted",
        "net_discounted_to_date", "margin_within_months_measured", "margin_per_unit_of_effect",
    )  # fmt: skip
    return MonthRow(
        int(row["month"]),
        date.fromisoformat(row["calendar_month"]),
        row["observed"] == "True",
        *(float(row[name]) for name in names),
    )


def _assumption(row: Row) -> AssumptionRow:
    value = _number(row["value"])
    return AssumptionRow(
        row["kind"], row["assumption"], row["value"] if value is None else value, _number(row["low"]),
        _number(row["high"]), row["owner"], row["source"],
    )  # fmt: skip


def _swing(row: Row) -> SwingRow:
    numbers = (float(row[name]) for name in ("value", "low", "high", "npv_at_low", "npv_at_high"))
    return SwingRow(row["kind"], row["input"], row["unit"], *numbers)


def _points(rows: Iterable[Row]) -> Iterable[EffectPoint]:
    for row in rows:
        effect, low, high = (_number(row[name]) for name in ("effect", "low", "high"))
        if effect is not None and low is not None and high is not None:
            yield EffectPoint(int(float(row["months_since_start"])), effect, low, high)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if number == number and abs(number) != float("inf") else None
