"""How forecasts with their ranges fared against what came."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["LEVELS", "Said", "Score", "interval_score", "score"]

Floats = NDArray[np.float64]

LEVELS = (0.5, 0.8, 0.95)


@dataclass(frozen=True, eq=False)
class Said:
    """What a way of forecasting said of each cell: the total, and the ends of the ranges of each of `LEVELS` (cells, 3).

    nan where it had nothing to say.
    """

    total: Floats
    low: Floats
    high: Floats

    def take(self, cells: NDArray[np.bool_]) -> Said:
        """Some of the cells."""
        return Said(self.total[cells], self.low[cells], self.high[cells])


@dataclass(frozen=True)
class Score:
    """How a way of forecasting fared over cells.

    Attributes:
        cells: in which it said something.
        withheld: share of the cells in which it did not.
        median_miss, mean_miss: of |forecast / actual - 1|.
        bias: mean of ln(forecast / actual).
        coverage: share of the cells (withheld ones too) whose range of each level held what came.
        wis: mean weighted interval score of the total and the three ranges, over what came.
        wis_log: the same of the logarithms.
        half_width: median half-width of the 95% range over the forecast.
    """

    cells: int
    withheld: float
    median_miss: float
    mean_miss: float
    bias: float
    coverage: tuple[float, float, float]
    wis: float
    wis_log: float
    half_width: float


def interval_score(actual: Floats, said: Said) -> Floats:
    """The weighted interval score of each cell (Bracher, Ray, Gneiting and Reich 2021); low is good.

    >>> one = np.array([1.0])
    >>> float(interval_score(2 * one, Said(one, np.zeros((1, 3)), np.full((1, 3), 4.0)))[0].round(6))
    0.571429
    """
    score = 0.5 * np.abs(actual - said.total)
    for place, level in enumerate(LEVELS):
        alpha = 1 - level
        low, high = said.low[:, place], said.high[:, place]
        outside = np.maximum(low - actual, 0.0) + np.maximum(actual - high, 0.0)
        score = score + alpha / 2 * (high - low + 2 / alpha * outside)
    return score / (len(LEVELS) + 0.5)


def score(actual: Floats, said: Said) -> Score:
    """How a way of forecasting fared over cells in which something came."""
    there = np.isfinite(said.total)
    held = (said.low <= actual[:, None]) & (actual[:, None] <= said.high)
    came, told = actual[there], said.take(there)
    miss = np.abs(told.total / came - 1)
    logs = Said(*(np.log(np.maximum(column, 1e-12)) for column in (told.total, told.low, told.high)))
    half = (told.high[:, 2] - told.low[:, 2]) / 2 / told.total
    return Score(
        cells=int(there.sum()),
        withheld=float(1 - there.mean()),
        median_miss=float(np.median(miss)),
        mean_miss=float(miss.mean()),
        bias=float((logs.total - np.log(came)).mean()),
        coverage=tuple(held.mean(axis=0).tolist()),
        wis=float((interval_score(came, told) / came).mean()),
        wis_log=float(interval_score(np.log(came), logs).mean()),
        half_width=float(np.median(half)),
    )
