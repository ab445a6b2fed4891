"""Every way of forecasting on every judged cell, with what was learnt from the other logs only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from cxvalue.lifetime.evidence.attempts import Attempts
from cxvalue.lifetime.evidence.blend import Blend, blend
from cxvalue.lifetime.evidence.reference import CANDIDATES, REFERENCE, Reference
from tests.reality.learn import learn
from tests.reality.peers import PEERS
from tests.reality.scores import LEVELS, Said
from tests.reality.trials import LogTrials, Trial

__all__ = ["RECIPE", "Cells", "contest"]

RECIPE = "the product"
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Cells:
    """The judged cells and what each way of forecasting said of them.

    `log` numbers the logs; `evidence` counts the independent past misses of the cell's horizon that the product had.
    """

    names: tuple[str, ...]
    log: NDArray[np.intp]
    day: NDArray[np.int64]
    days: NDArray[np.int64]
    actual: Floats
    evidence: Floats
    said: dict[str, Said]
    references: tuple[Reference, ...]


def contest(logs: Sequence[LogTrials]) -> Cells:
    """Let every way of forecasting say its word on every cell."""
    references = tuple(learn([other.whole for other in logs if other is not one]) for one in logs)
    told: dict[str, list[Said]] = {}
    cells: list[tuple[NDArray[np.int64], ...]] = []
    actual, evidence = [], []
    for number, (one, reference) in enumerate(zip(logs, references, strict=True)):
        for trial in one.trials:
            attempts, rows = trial.attempts, trial.rows
            found = blend(attempts, reference)
            for name, said in _ways(trial, found, reference):
                told.setdefault(name, []).append(said)
            cells.append((np.full(rows.size, number), attempts.origin[rows], attempts.days[rows]))
            actual.append(trial.came)
            evidence.append(found.evidence[rows])
    log, day, days = (np.concatenate(column) for column in zip(*cells, strict=True))
    said = {name: Said(*(np.concatenate([getattr(one, part) for one in all_]) for part in ("total", "low", "high")))
            for name, all_ in told.items()}  # fmt: skip
    names = tuple(one.name for one in logs)
    return Cells(names, log, day, days, np.concatenate(actual), np.concatenate(evidence), said, references)


def _ways(trial: Trial, found: Blend, reference: Reference) -> Iterator[tuple[str, Said]]:
    attempts, rows = trial.attempts, trial.rows
    yield RECIPE, _ranges(found, rows)
    yield f"{RECIPE}, constants as shipped", _ranges(blend(attempts, REFERENCE), rows)
    yield f"{RECIPE}, chance and parameters alone", _by_chance(found.total, found.chance, rows)
    for place, name in enumerate(CANDIDATES):
        alone = replace(attempts, made=attempts.made[:, [place]], names=(name,))
        yield f"{name}, as it is", _by_chance(attempts.made[:, place], attempts.chance, rows)
        yield f"{name}, corrected, with misses", _ranges(blend(alone, reference), rows)
    yield "better of two models on one holdout", _by_chance(_better_model(attempts), attempts.chance, rows)
    for name in PEERS:
        yield f"{name}, as it is", _by_chance(trial.peers[name], attempts.chance, rows)
        yield f"{name}, with misses", _ranges(blend(attempts, reference, fixed=trial.peers[name]), rows)


def _ranges(found: Blend, rows: NDArray[np.intp]) -> Said:
    ends = np.array([[found.interval(int(row), level) for level in LEVELS] for row in rows]).reshape(-1, len(LEVELS), 3)
    return Said(found.total[rows], ends[..., 1], ends[..., 2])


def _by_chance(total: Floats, chance: Floats, rows: NDArray[np.intp]) -> Said:
    reach = norm.ppf(0.5 + np.array(LEVELS) / 2) * np.sqrt(chance[rows])[:, None]
    centre = total[rows, None]
    return Said(total[rows], centre * np.exp(-reach), centre * np.exp(reach))


def _better_model(attempts: Attempts) -> Floats:
    """The forecast of the model that did better on the newest past day with the same horizon."""
    made, chosen = attempts.made[:, :2], attempts.made[:, 0].copy()
    with np.errstate(divide="ignore", invalid="ignore"):
        off = np.abs(np.log(attempts.actual[:, None] / made))
    for row in range(len(attempts)):
        over = (attempts.days == attempts.days[row]) & (attempts.origin + attempts.days <= attempts.origin[row])
        over &= np.isfinite(off).all(axis=1)
        if over.any():
            newest = np.flatnonzero(over)[np.argmax(attempts.origin[over])]
            chosen[row] = made[row, np.argmin(off[newest])]
    return chosen
