"""The forecasts of the product from the judged days of a log, made as the product makes them, and those of the peers.

What takes long (the forecasts from past days) is kept in a folder of this user's temporary files, named by what it depends
on: the log, and the source of everything that forecasts.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

import cxvalue
from cxvalue.foundation.calendar import DAYS_PER_MONTH, TimeUnit
from cxvalue.lifetime.candidates.looks import look_back
from cxvalue.lifetime.candidates.outlook import Ahead
from cxvalue.lifetime.evidence.attempts import Attempts, origins_before
from cxvalue.lifetime.evidence.past import growth_before, horizons_for, look_at_past, row_of
from cxvalue.lifetime.evidence.reference import CANDIDATES
from cxvalue.tables.purchase_log import PurchaseLog
from tests.reality.judged import judged_days, judged_horizons
from tests.reality.logs import read_log
from tests.reality.peers import PEERS, PeersBeside

__all__ = ["UNIT", "LogTrials", "Trial", "each_log", "kept_at", "python_in", "trials_of", "trials_of_log"]

Floats = NDArray[np.float64]
UNIT = TimeUnit.WEEK
PROCESSES = 2
Found = TypeVar("Found")
_PACKAGE = Path(cxvalue.__file__).parent
_SOURCES = (
    "lifetime/candidates",
    "lifetime/evidence/past.py",
    "lifetime/evidence/attempts.py",
    "lifetime/families",
    "lifetime/fitting",
    "lifetime/models",
)


@dataclass(frozen=True, eq=False)
class Trial:
    """One day of a log: `attempts` are those of past days and, last, those of the day itself, whose `actual` is not known.

    `rows` are the judged ones among them and `came` what came there. `peers` are their forecasts for every row.
    """

    attempts: Attempts
    rows: NDArray[np.intp]
    came: Floats
    peers: Mapping[str, Floats]


@dataclass(frozen=True, eq=False)
class LogTrials:
    """All judged days of a log; `whole` are the attempts from all past days of the whole log, to learn from."""

    name: str
    trials: tuple[Trial, ...]
    whole: Attempts


def trials_of(files: list[Path]) -> list[LogTrials]:
    """The trials of every log, on two processes."""
    return each_log(_trials_of_file, files)


def each_log(work: Callable[[Path], Found], files: Sequence[Path]) -> list[Found]:
    """What `work` finds in each log, in their order, on two processes that begin with the largest."""
    largest = sorted(files, key=lambda file: -file.stat().st_size)
    with ProcessPoolExecutor(PROCESSES) as pool:
        found = dict(zip(largest, pool.map(work, largest), strict=True))
    return [found[file] for file in files]


def trials_of_log(name: str, log: PurchaseLog, peers: PeersBeside) -> LogTrials:
    """The trials of one log.

    A past day is looked at once for all the days that it lies before; of large logs on the same sample for all of them.
    """
    first, last = log.first_day, int(log.day.max())
    judged = {horizon: judged_days(log, horizon) for horizon in judged_horizons(log)}
    days = sorted({day for some in judged.values() for day in some})
    due = {day: [horizon for horizon in judged if day in judged[horizon]] for day in days}
    asked = {day: _asked(due[day], day - first) for day in days}
    every = tuple(sorted({one for some in asked.values() for one in some}))
    before = {day: origins_before(first, day, asked[day][0]) for day in days}
    grid = origins_before(first, last, every[0], most=None)
    past = look_at_past(
        log, Ahead(every), UNIT, last, origins=sorted({*grid, *(one for some in before.values() for one in some)})
    )
    trials = []
    for day in days:
        over = past.margin.origin + past.margin.days <= day
        known = past.margin.take(
            over & np.isin(past.margin.origin, before[day]) & np.isin(past.margin.days, asked[day])
        )
        trials.append(_trial(log, day, known, asked[day], due[day], peers))
    return LogTrials(name, tuple(trials), past.margin.take(np.isin(past.margin.origin, grid)))


def _asked(horizons: Sequence[int], history: int) -> tuple[int, ...]:
    return tuple(sorted({days for one in horizons for days in horizons_for(one / DAYS_PER_MONTH, history)}))


def _trial(
    log: PurchaseLog, day: int, past: Attempts, asked: tuple[int, ...], due: Sequence[int], peers: PeersBeside
) -> Trial:
    then = log.until(day)
    found = look_back(then, Ahead(asked), day, UNIT)
    attempts = past
    for days in due:
        now = _nothing_said(then, day, days) if found is None else row_of(found, then, asked.index(days), 0)
        attempts = attempts.with_row(now)
    came = np.array([peers.came(day, days) for days in due])
    return Trial(attempts, np.arange(len(past), len(attempts)), came, peers.beside(attempts))


def _nothing_said(log: PurchaseLog, day: int, days: int) -> Attempts:
    numbers = float(day - log.first_day), growth_before(log, day), np.nan
    history, growth, unknown = (np.array([number]) for number in numbers)
    made = np.full((1, len(CANDIDATES)), np.nan)
    return Attempts(np.array([day]), np.array([days]), history, growth, unknown, unknown, made, CANDIDATES)


def _trials_of_file(file: Path) -> LogTrials:
    here = Path(__file__).parent
    shared = [file, *(here / f"{name}.py" for name in ("logs", "peers")), _PACKAGE / "tables" / "purchase_log.py"]
    sources = [path for one in _SOURCES for path in python_in(_PACKAGE / one)]
    sources += [here / f"{name}.py" for name in ("judged", "trials")]
    kept = kept_at(f"{file.stem}-FINGERPRINT.npz", [*shared, *sources])
    if kept.is_file():
        return _read(file.stem, kept)
    log = read_log(file)
    peers = PeersBeside(log, kept_at(f"{file.stem}-peers-FINGERPRINT.json", shared))
    found = trials_of_log(file.stem, log, peers)
    peers.keep()
    _write(found, kept)
    return found


def kept_at(name: str, files: Sequence[Path]) -> Path:
    """Where something is kept between runs: `name` with the fingerprint of the files that it depends on in it."""
    digest = hashlib.sha256(json.dumps(sorted(PEERS)).encode())
    for path in files:
        digest.update(path.read_bytes())
    folder = Path(tempfile.gettempdir()) / f"cxvalue-reality-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder / name.replace("FINGERPRINT", digest.hexdigest()[:16])


def python_in(path: Path) -> Iterator[Path]:
    """The modules of a folder, in order, or the one that the path is."""
    yield from [path] if path.is_file() else sorted(path.rglob("*.py"))


def _write(found: LogTrials, file: Path) -> None:
    columns: dict[str, NDArray[np.generic]] = {"whole": _packed(found.whole)}
    for number, trial in enumerate(found.trials):
        columns |= {
            f"{number}/attempts": _packed(trial.attempts),
            f"{number}/rows": trial.rows,
            f"{number}/came": trial.came,
        }
        columns |= {f"{number}/peer/{name}": told for name, told in trial.peers.items()}
    part = file.with_suffix(f".{os.getpid()}.npz")
    np.savez_compressed(part, **columns)  # type: ignore[arg-type]
    part.replace(file)


def _read(name: str, file: Path) -> LogTrials:
    with np.load(file, allow_pickle=False) as kept:
        trials = [
            Trial(
                _unpacked(kept[f"{number}/attempts"]),
                kept[f"{number}/rows"],
                kept[f"{number}/came"],
                {one: kept[f"{number}/peer/{one}"] for one in PEERS},
            )
            for number in range(sum(key.endswith("/rows") for key in kept.files))
        ]
        return LogTrials(name, tuple(trials), _unpacked(kept["whole"]))


def _packed(attempts: Attempts) -> NDArray[np.str_]:
    return np.array(json.dumps(attempts.to_dict()))


def _unpacked(told: NDArray[np.str_]) -> Attempts:
    return Attempts.from_dict(json.loads(str(told)))
