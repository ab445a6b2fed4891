"""The finding: a number with its interval, grade and sentence; pages and comparisons are built from these only."""

from __future__ import annotations

import csv
import json
import math
import numbers
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal, get_args

from cxvalue.foundation.errors import CxvalueError, nearest, one_of
from cxvalue.foundation.grades import GRADES
from cxvalue.foundation.inert import inert_text
from cxvalue.language.catalogue import translate
from cxvalue.language.letters import begun, closed_up
from cxvalue.language.words import enumerated

Kind = Literal["estimate", "count", "holdout", "chance", "forecast"]
Withheld = Literal["", "withheld", "not_available"]


_SMALL = "[a-zа-яёіїєґ]"
_WORD_BEGINS = re.compile(rf".{_SMALL}|[AВЗИКОСУЯЄЇ] {_SMALL}")
"""A word in small letters but for its first, or one of a single letter before such a word."""
_ID = re.compile(r"experience(\.[\w-]+){1,4}|[a-z][a-z0-9_]*\.[\w-]+(\.[\w-]+)?")


def opening(withheld: Withheld) -> str:
    """How the sentence of a finding without a value begins.

    >>> opening("not_available")
    'Not available: '
    """
    if not withheld:
        return ""
    return translate("Withheld: ") if withheld == "withheld" else translate("Not available: ")


def behind_a_colon(sentence: str) -> str:
    """A sentence as it goes on where another word opened it: its first letter is small unless it is part of a name.

    >>> behind_a_colon("These data are short."), behind_a_colon("AUC is low."), behind_a_colon("A contract runs on.")
    ('these data are short.', 'AUC is low.', 'a contract runs on.')
    """
    return sentence[:1].lower() + sentence[1:] if _WORD_BEGINS.match(sentence) else sentence


@dataclass(frozen=True, slots=True)
class Finding:
    """One result that a reader may quote, complete in itself.

    `id` is `word.word` or `word.NAME.word` (of experience up to five parts); `value` is a number, a word (a verdict), or
    None with the reason in `text`; `low` and `high` bound the value at `level` (0–1) and are both None for exact counts,
    `high` alone where the interval has no upper end; `unit` is `customers`, `share` (0.35 is 35%), `share points` (one
    share less another), `transactions`, `months`, `""` or the currency code for money; `grade` is the evidence, A to E,
    None for plain counts; `text` is the sentence an executive reads; `method` says how it was made; `case` and
    `notebook` say which question it answers and where it comes from. NumPy scalars are turned into plain numbers.
    Anything that cannot be read honestly (NaN, an interval that misses its value or lacks a level) is a `CxvalueError`.

    Two fields tell the page how to write it and are not published: `kind` (an estimate, a plain count, a forecast held
    against a holdout, a chance, or a forecast of what is to come), and `withheld`, the word with which the text of a missing
    value begins.

    >>> Finding("base.customers", "Customers ever seen", 23570, unit="customers").value
    23570
    >>> Finding("cltv.equity", "Customer equity", float("nan"), unit="USD")
    Traceback (most recent call last):
    cxvalue.foundation.errors.CxvalueError: Finding 'cltv.equity': value is nan. It must be a finite number, a word or None.
    """

    id: str
    label: str
    value: float | int | str | None
    low: float | int | None = None
    high: float | int | None = None
    level: float | None = None
    unit: str = ""
    grade: str | None = None
    text: str = ""
    method: str = ""
    case: str = ""
    notebook: str = ""
    kind: Kind = "estimate"
    withheld: Withheld = ""

    def __post_init__(self) -> None:
        if not isinstance(self.id, str) or not _ID.fullmatch(self.id):
            raise CxvalueError("Finding id {id!r} must be like 'base.customers' or 'programme.waiver.npv'.", id=self.id)
        for name in ("label", "unit", "text", "method", "case", "notebook"):
            if not isinstance(getattr(self, name), str):
                raise self._refused(name, translate("It must be text."))
        if not self.label.strip():
            raise self._refused("label", translate("It must say what the number is."))
        object.__setattr__(self, "value", self._value())
        for name in ("low", "high", "level"):
            object.__setattr__(self, name, self._number(name, translate("It must be a finite number or None.")))
        self._check_interval()
        if self.grade is not None and self.grade not in GRADES:
            raise self._refused("grade", translate("It must be A, B, C, D or E, or None for a plain count."))
        if self.kind not in get_args(Kind):
            raise self._refused("kind", one_of(get_args(Kind)))
        if self.withheld and (self.value is not None or not self.text.startswith(opening(self.withheld))):
            raise self._refused("withheld", translate("This prefix is for a missing value and begins its text."))

    @property
    def is_exact(self) -> bool:
        """Whether the value is a count or sum without an interval (false where it is withheld)."""
        return self.value is not None and self.low is None

    @property
    def is_range(self) -> bool:
        """Whether only its range is shown: a forecast whose past ones missed too far for one figure."""
        return self.kind == "forecast" and self.grade == "D" and self.low is not None

    @property
    def is_number(self) -> bool:
        """Whether the value is a number, neither a word nor withheld."""
        return isinstance(self.value, (int, float))

    @property
    def reason(self) -> str:
        """Why there is no value, without repeating that there is none; empty where there is one."""
        if self.value is not None:
            return ""
        rest = self.text[len(opening(self.withheld)) :]
        return begun(rest) if self.withheld else rest

    def _refused(self, name: str, rule: str) -> CxvalueError:
        return self._wrong(name, repr(getattr(self, name)), rule)

    def _wrong(self, name: str, value: str, rule: str) -> CxvalueError:
        found = translate("Finding {id!r}: {name} is {value}.", id=self.id, name=name, value=value)
        return CxvalueError(closed_up(f"{found} {rule}"))

    def _value(self) -> float | int | str | None:
        if self.value is None:
            if not self.text.strip():
                raise self._refused("value", translate("It then needs the reason in its text."))
            return None
        if isinstance(self.value, str):
            if not self.value.strip():
                raise self._refused("value", translate("It must be a finite number, a word or None."))
            return self.value
        return self._number("value", translate("It must be a finite number, a word or None."))

    def _number(self, name: str, rule: str) -> float | int | None:
        given: Any = getattr(self, name)
        if given is None:
            return None
        plain = given.item() if hasattr(given, "item") and not isinstance(given, (int, float)) else given
        if isinstance(plain, bool) or not isinstance(plain, numbers.Real):
            raise self._refused(name, rule)
        if not math.isfinite(plain):
            raise self._wrong(name, str(float(plain)), rule)
        return int(plain) if isinstance(plain, numbers.Integral) else float(plain)

    def _check_interval(self) -> None:
        if self.level is not None and not 0 < self.level < 1:
            raise self._refused("level", translate("It must lie between 0 and 1, for example 0.95."))
        if self.low is None:
            if self.high is not None:
                raise self._refused("high", translate("low and high must be given together or not at all."))
            return
        if self.high is None and not self.id.startswith("experience."):
            raise self._refused("low", translate("low and high must be given together or not at all."))
        if self.level is None:
            raise self._refused("level", translate("An interval needs its level, for example 0.95."))
        if self.value is None:
            raise self._refused("value", translate("A value that is withheld has no interval."))
        if self.high is None:
            if isinstance(self.value, (int, float)) and self.value < self.low - 1e-9 * abs(self.low):
                raise self._refused("value", translate("It must not be below its low end {low!r}.", low=self.low))
            return
        if self.low > self.high:
            raise self._refused("low", translate("It must not be above high, which is {high!r}.", high=self.high))
        if isinstance(self.value, (int, float)):
            slack = 1e-9 * max(abs(self.low), abs(self.high))
            if not self.low - slack <= self.value <= self.high + slack:
                raise self._refused(
                    "value", translate("It must lie in its interval {low!r} to {high!r}.", low=self.low, high=self.high)
                )


_HANDED_OVER = tuple(field.name for field in fields(Finding))
_PUBLISHED = _HANDED_OVER[: -len(("kind", "withheld"))]


def write_findings(findings: Iterable[Finding], folder: Path | str, *, handed_over: bool = False) -> tuple[Path, Path]:
    """Write findings.json (a list of objects, never NaN) and findings.csv into a folder, and return both paths.

    What a notebook hands over to its run (`handed_over`) holds all fields, what is published those for a reader. The
    csv begins with a byte order mark, so that spreadsheets read it as UTF-8; text that a spreadsheet would run as a
    formula gets a leading apostrophe. Two findings with the same id are a `CxvalueError`.
    """
    names = _HANDED_OVER if handed_over else _PUBLISHED
    rows = [{name: getattr(finding, name) for name in names} for finding in _unique(list(findings))]
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    as_json, as_csv = folder / "findings.json", folder / "findings.csv"
    as_json.write_text(json.dumps(rows, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
    with as_csv.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    return as_json, as_csv


def read_findings(path: Path | str) -> tuple[Finding, ...]:
    """Read findings.json, given the file or the folder that holds it; a file of another shape is a `CxvalueError`."""
    path = Path(path)
    if path.is_dir():
        path = path / "findings.json"
    try:
        rows = json.loads(path.read_text(encoding="utf-8"), parse_constant=_no_constant)
    except FileNotFoundError:
        raise CxvalueError("There is no findings.json at {path}.", path=path) from None
    except ValueError as error:
        raise CxvalueError("{path} is not a list of findings: {error}", path=path, error=error) from error
    if not isinstance(rows, list):
        raise CxvalueError("{path} must hold a list of findings.", path=path)
    return tuple(_unique([_from_row(row, path) for row in rows]))


def _from_row(row: object, path: Path) -> Finding:
    if not isinstance(row, dict):
        raise CxvalueError("{path} must hold a list of objects, but one entry is {row!r}.", path=path, row=row)
    unknown = [name for name in row if name not in _HANDED_OVER]
    if unknown:
        found = translate("{path}: unknown field {field!r} in a finding.", path=path, field=unknown[0])
        raise CxvalueError(closed_up(f"{found} {nearest(unknown[0], _PUBLISHED)}"))
    missing = [name for name in ("id", "label", "value") if name not in row]
    if missing:
        raise CxvalueError("{path}: a finding lacks {fields}.", path=path, fields=enumerated(missing))
    # A published finding does not carry its kind; the list of studies writes a chance and a forecast all the same.
    kind = "chance" if str(row["id"]).endswith(".probability_of_loss") else "estimate"
    kind = "forecast" if row["id"] in ("cltv.equity", "cltv.mean", "cltv.new_customer") else kind
    return Finding(**{"kind": kind, **row})


def _unique(findings: Sequence[Finding]) -> Sequence[Finding]:
    seen: set[str] = set()
    for finding in findings:
        if finding.id in seen:
            raise CxvalueError("Two findings have the id {id!r}; an id must stand for one number.", id=finding.id)
        seen.add(finding.id)
    return findings


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no number")


def _cell(value: object) -> object:
    if value is None:
        return ""
    return inert_text(value) if isinstance(value, str) else value
