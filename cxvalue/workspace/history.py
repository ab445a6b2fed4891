"""What earlier published runs of a study said: criteria they registered, what they promised, which groups they showed.

The runner collects it before the notebooks start and writes it into their work folder, so that a notebook reads nothing
but its study.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cxvalue.findings.small_groups import NO_GROUPS, ShownBefore
from cxvalue.report.case_tables import rows_of

if TYPE_CHECKING:
    from cxvalue.money.realisation import PromisedMonth

FILE = "history.json"
PROMISE_TABLE = "programme_promise.csv"
GROUP_TABLES = {
    "churn_segments.csv": ("segment", "group", "customers"),
    "customers_segments.csv": ("segment", "group", "customers"),
    "covariate_levels.csv": ("covariate", "level", "customers"),
    "campaign_*_segments.csv": ("column", "segment", "contacted"),
    "staff_units.csv": ("", "unit", "customers"),
}
"""Tables that show how many customers are in which group: column of the column's name, of the group, and of their number."""
PROMISED_ONCE = ("programme", "criterion", "as_of", "month")
RESERVED = ("failed", "logs", "private", "latest")


@dataclass(frozen=True, slots=True)
class EarlierPromise:
    """What a run with data up to `as_of` promised for a programme under a criterion."""

    programme: str
    criterion: str
    as_of: date
    months: tuple[PromisedMonth, ...]


@dataclass(frozen=True, slots=True)
class GroupsShown:
    """Customers by column and group, as a table of a run with data up to `as_of` showed them."""

    as_of: date
    counts: dict[str, dict[str, float]]


@dataclass(frozen=True, slots=True)
class History:
    """Hashes of criteria with the day on which each was first published, and the earliest promise under each."""

    criteria: dict[str, date]
    promises: tuple[EarlierPromise, ...]
    groups: dict[str, GroupsShown] = field(default_factory=dict)

    def shown(self, table: str, as_of: date, column: str = "") -> ShownBefore:
        """The groups of customers that the last run that published the table showed in it, for a run of a day.

        `column` is the name under which a table without columns of labels is asked for.
        """
        told = self.groups.get(table)
        if told is None:
            return NO_GROUPS
        counts = {name or column: of for name, of in told.counts.items()}
        return ShownBefore(counts, told.as_of == as_of)

    def promise(self, programme: str, criterion: str, before: date) -> EarlierPromise | None:
        """The earliest promise for a programme under the same criterion, from data that ended before a day."""
        found = [
            one
            for one in self.promises
            if (one.programme, one.criterion) == (programme, criterion) and one.as_of < before
        ]
        return min(found, key=lambda one: one.as_of, default=None)


def collect_history(shelf: Path, work: Path) -> None:
    """Write into a work folder what the runs published on a study's shelf said; runs that cannot be read are left out."""
    (work / FILE).write_text(json.dumps(_said(_runs_on(shelf))), encoding="utf-8")


def history_mark(shelf: Path, beside: tuple[Path, dict[str, Any]] | None = None) -> str:
    """A hash of what a run learns from a study's shelf, where `beside` (its folder, its manifest) is published as well.

    A run that says what an earlier one said leaves it as it is.
    """
    said = _said([*_runs_on(shelf), *([beside] if beside else [])])
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def spare_runs(shelf: Path, keep: int) -> list[Path]:
    """The published runs beyond the newest `keep` that later ones do not need: what they said first is said by no other.

    The one that `latest` leads to is never among them, wherever the clock stood when it was made.
    """
    runs = sorted(_runs_on(shelf), key=lambda run: str(run[1].get("made", "")), reverse=True)
    latest, said = (shelf / "latest").resolve(), _said(runs)
    spare: list[Path] = []
    for run in reversed(runs[keep:]):
        rest = [one for one in runs if one is not run]
        if run[0].resolve() != latest and _said(rest) == said:
            runs = rest
            spare.append(run[0])
    return spare


def complete_runs(shelf: Path, before: str) -> list[tuple[Path, dict[str, Any]]]:
    """The complete runs on a shelf made before a moment (as a manifest writes it), with their manifests, oldest first."""
    runs = [run for run in _runs_on(shelf) if not run[1].get("partial") and str(run[1].get("made", "")) < before]
    return sorted(runs, key=lambda run: str(run[1].get("made", "")))


def _runs_on(shelf: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The runs on a shelf in the order of their names, with their manifests."""
    for folder in sorted(path for path in shelf.glob("*") if path.is_dir() and path.name not in RESERVED):
        with suppress(OSError, ValueError):
            yield folder, json.loads((folder / "manifest.json").read_text(encoding="utf-8"))


def _said(runs: Iterable[tuple[Path, dict[str, Any]]]) -> dict[str, Any]:
    """Criteria with the day of their first publication, and the first promise for each month."""
    criteria: dict[str, str] = {}
    groups: dict[str, tuple[str, dict[str, Any]]] = {}
    rows: dict[tuple[str, ...], Mapping[str, str]] = {}
    for folder, about in runs:
        with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
            made = datetime.fromisoformat(about["made"]).date().isoformat()
            for number in dict(about.get("criteria", {})).values():
                criteria[str(number)] = min(made, criteria.get(str(number), made))
            for row in rows_of(folder / "tables" / PROMISE_TABLE):
                rows.setdefault(tuple(row.get(name, "") for name in PROMISED_ONCE), row)
            for name, counts in _groups_shown(folder / "tables").items():
                if groups.get(name, ("", {}))[0] <= about["made"]:
                    groups[name] = (about["made"], {"as_of": about["as_of"], "counts": counts})
    return {
        "criteria": criteria,
        "promises": [rows[key] for key in sorted(rows)],
        "groups": {name: groups[name][1] for name in sorted(groups)},
    }


def _groups_shown(folder: Path) -> dict[str, dict[str, dict[str, float]]]:
    """Customers by column and group in each table of a run that shows groups of them."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    for pattern, (column, group, counted) in GROUP_TABLES.items():
        for path in sorted(folder.glob(pattern)):
            counts = found.setdefault(path.name, {})
            for row in rows_of(path):
                counts.setdefault(row.get(column, ""), {})[row[group]] = float(row[counted])
    return found


def read_history(work: Path | None) -> History:
    """What `collect_history` wrote; nothing when a notebook is opened by hand."""
    from cxvalue.money.realisation import PromisedMonth

    path = None if work is None else work / FILE
    if path is None or not path.is_file():
        return History({}, ())
    said: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    promises: dict[tuple[str, str, date], dict[date, PromisedMonth]] = {}
    for row in said["promises"]:
        try:
            key = (row["programme"], row["criterion"], date.fromisoformat(row["as_of"]))
            month = date.fromisoformat(row["month"])
            numbers = [float(row[name]) for name in ("treated_customers", "promised", "low", "high", "se")]
        except (KeyError, ValueError, TypeError):
            continue
        promises.setdefault(key, {}).setdefault(month, PromisedMonth(month, *numbers))
    criteria = {number: date.fromisoformat(day) for number, day in said["criteria"].items()}
    groups = {
        name: GroupsShown(date.fromisoformat(told["as_of"]), told["counts"]) for name, told in said["groups"].items()
    }
    return History(
        criteria, tuple(EarlierPromise(*key, tuple(months.values())) for key, months in promises.items()), groups
    )
