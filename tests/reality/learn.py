"""What a set of companies teaches about forecasts of another: the constants of `cxvalue.lifetime.evidence.reference`.

Every forecast of every log is made again with what was known then; its miss is the logarithm of actual over forecast.
Each log has one vote, however long it is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.stats import t as student

from cxvalue.lifetime.evidence.attempts import Attempts
from cxvalue.lifetime.evidence.blend import LARGEST_MISS, Blend, blend, lengths_of, sided
from cxvalue.lifetime.evidence.reference import CANDIDATES, Reference

__all__ = ["learn"]

Floats = NDArray[np.float64]

LEAST_FLOOR = 0.02
"""Few companies do not grow: a floor learnt from those of one lot was too small for those of another."""
DF = 6
_START = np.log([0.025, 0.018, 0.05])
_HELD = 0.003
"""How firmly the three parts of the variance are held near where the search starts, in log-likelihood a forecast."""


def learn(logs: Sequence[Attempts]) -> Reference:
    """The constants from the attempts of several logs, each with all its past days."""
    miss = {
        name: _mean_over([_misses(one, one.made[:, place]) for one in logs]) for place, name in enumerate(CANDIDATES)
    }
    drift = 0.5 * _slope(logs, Reference(miss))
    return _with_variance(logs, Reference(miss, drift))


def _misses(attempts: Attempts, forecast: Floats) -> Floats:
    found: Floats = np.log(np.maximum(attempts.actual, 1e-12)) - np.log(np.maximum(forecast, 1e-12))
    return np.clip(found[np.isfinite(found)], -LARGEST_MISS, LARGEST_MISS)


def _mean_over(misses: Sequence[Floats]) -> float:
    return float(np.mean([np.abs(one).mean() for one in misses if one.size]))


def _told(attempts: Attempts, reference: Reference) -> tuple[Blend, NDArray[np.bool_], Floats]:
    found = blend(attempts, reference)
    there = np.isfinite(found.total) & np.isfinite(attempts.actual)
    return found, there, _misses(attempts.take(there), found.total[there])


def _slope(logs: Sequence[Attempts], reference: Reference) -> float:
    """Least squares of the misses on the horizon over the history, through zero; those with past misses count less."""
    above, below = [], []
    for attempts in logs:
        found, there, misses = _told(attempts, reference)
        weight = 1 / (1 + found.evidence[there])
        lengths = lengths_of(attempts)[there]
        above.append((weight * misses * lengths).sum() / weight.sum())
        below.append((weight * lengths**2).sum() / weight.sum())
    return float(sum(above) / sum(below))


def _with_variance(logs: Sequence[Attempts], reference: Reference) -> Reference:
    parts: list[tuple[Floats, Floats, Floats, Floats]] = []
    for attempts in logs:
        found, there, misses = _told(attempts, reference)
        parts.append((sided(misses), found.chance[there], lengths_of(attempts)[there], attempts.growth[there]))

    def loss(theta: Floats) -> float:
        floor, by_length, by_growth = np.exp(theta)
        fits = []
        for misses, chance, lengths, growth in parts:
            variance = chance + floor + by_length * lengths + by_growth * growth
            fits.append(student.logpdf(misses, DF, scale=np.sqrt(variance)).mean())
        return -float(np.mean(fits)) + _HELD * float(((theta - _START) ** 2).sum())

    bounds = [(math.log(LEAST_FLOOR), 0.0), (-12.0, 2.0), (-12.0, 2.0)]
    floor, by_length, by_growth = np.exp(_least(loss, bounds)).tolist()
    return Reference(reference.miss, reference.drift, floor, by_length, by_growth)


def _least(loss: Callable[[Floats], float], bounds: Sequence[tuple[float, float]]) -> Floats:
    return np.asarray(minimize(loss, _START, method="L-BFGS-B", bounds=bounds).x)
