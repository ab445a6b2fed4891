"""One forecast of a total out of several, and the range in which what comes should lie.

Each row of `Attempts` is forecast with what had been seen by its origin and with nothing else: candidates are weighed by
how far they missed before, the combination is corrected by its own past misses as far as these are evidence, and the
range holds three parts: the doubt about parameters, chance, and how far forecasts of this kind miss.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from cxvalue.foundation.arrays import Floats
from cxvalue.foundation.calendar import DAYS_PER_YEAR
from cxvalue.foundation.intervals import Interval
from cxvalue.lifetime.evidence.attempts import Attempts
from cxvalue.lifetime.evidence.reference import BELIEVED_AT_FIRST, Reference

LARGEST_MISS = 2.0
FARTHEST_CANDIDATE = 8.0
_SEASONAL = ("pareto_nbd", "cells")
_OTHER_HORIZON = 0.3
BIAS_HALF_LIFE, RECORD_HALF_LIFE = 4.0, 20.0
_PRIOR_WEIGHTS, _PRIOR_BIAS, _PRIOR_RECORD = 2.0, 5.0, 6.0
_SIDE = 0.1
"""Large misses are mostly collapses: the lower end lies farther away, the upper one nearer, by this in logarithms."""
LARGEST_RATIO, _LARGEST_DF = 16.0, 12.0
_USUAL_MISS = 0.35
"""Mean miss of a forecast of which nothing is known."""
_POWER = 4.0
"""A candidate that missed half as much gets sixteen times the weight."""
_LEAST = 1e-12


@dataclass(frozen=True, eq=False)
class Blend:
    """The combined forecast of each row of attempts, as it would have been made at its origin.

    Attributes:
        total: the forecast, as likely too low as too high.
        sigma: standard deviation of the logarithm of actual over forecast, of a Student t with `df`.
        df: degrees of freedom.
        weights: (rows, candidates), summing to 1.
        correction: what was added to the logarithm because of past misses.
        evidence: independent past misses, counted for this horizon.
        record: how the company's own past misses compare with those of other companies (variances, 1 is equal).
        chance: the variance that chance and parameters alone explain.
    """

    total: Floats
    sigma: Floats
    df: Floats
    weights: Floats
    correction: Floats
    evidence: Floats
    record: Floats
    chance: Floats

    def interval(self, row: int, level: float) -> Interval:
        """The total of a row with its range."""
        return skewed_range(float(self.total[row]), float(self.sigma[row]), float(self.df[row]), level)


def skewed_range(value: float, sigma: float, df: float, level: float) -> Interval:
    """A value with the range of its logarithm, a Student t whose lower end lies farther away; a point at 0 or below."""
    if not value > 0:
        return Interval(value, value, value)
    reach = float(stdtrit(df, (1 + level) / 2)) * sigma
    return Interval(value, value * math.exp(-reach * math.exp(_SIDE)), value * math.exp(reach * math.exp(-_SIDE)))


def weigh(attempts: Attempts, row: int | NDArray[np.intp], half_life: float, other: float = _OTHER_HORIZON) -> Floats:
    """How much each past attempt counts for the forecast of a row, or of each of some: 0 where it was not over by then.

    Overlapping origins are not independent: together those of a horizon count for as many as fit side by side. Older ones
    count less (`half_life` in horizons), those of another horizon at most `other` of what their own would.
    """
    day, horizon = np.asarray(attempts.origin[row])[..., None], np.asarray(attempts.days[row])[..., None]
    weights = np.zeros((*np.shape(row), len(attempts)))
    known = np.isfinite(attempts.actual)
    for length in np.unique(attempts.days[known]):
        of_length = np.flatnonzero(known & (attempts.days == length))
        origins = attempts.origin[of_length]
        over = origins + length <= day
        many = over.sum(axis=-1, keepdims=True)
        first, last = (np.where(over, origins, -sign * np.inf) * sign for sign in (-1, 1))
        apart = last.max(axis=-1, keepdims=True) + first.max(axis=-1, keepdims=True)
        number = np.where(many > 0, np.minimum(many, 1 + np.where(many > 0, apart, 0.0) / length), 0.0)
        age = np.where(over, 0.5 ** (np.maximum(day - origins - length, 0) / horizon / half_life), 0.0)
        share = np.where(length == horizon, 1.0, other * np.minimum(length / horizon, horizon / length))
        # The mean of the ages times each one's share of their sum.
        weights[..., of_length] = share * number * age / np.maximum(many, 1)
    return weights


def lengths_of(attempts: Attempts) -> Floats:
    """Horizons in histories, between 0.02 and 2."""
    return np.clip(attempts.days / np.maximum(attempts.history, 1.0), 0.02, 2.0)


def blend(attempts: Attempts, reference: Reference, *, fixed: Floats | None = None) -> Blend:
    """Forecast every row from the rows before it.

    Args:
        attempts: in any order; those without `actual` are the ones still to come.
        reference: what other companies teach.
        fixed: (rows,) a forecast that stands, in place of the combination and without a correction.
    """
    made = _with_season(attempts) if fixed is None else fixed[:, None]
    rows, kinds = made.shape
    lengths = lengths_of(attempts)
    floors = attempts.chance + reference.floor + reference.by_length * lengths + reference.by_growth * attempts.growth
    total, sigma, df = np.full(rows, np.nan), np.full(rows, np.nan), np.full(rows, np.nan)
    weights = np.zeros((rows, kinds))
    correction, evidence, record = np.zeros(rows), np.zeros(rows), np.ones(rows)
    actual = _logs(attempts.actual)
    misses = np.clip(actual[:, None] - _logs(made), -LARGEST_MISS, LARGEST_MISS)
    sizes, near, ratios = np.abs(misses), _near_the_middle(made), np.zeros(rows)
    known = np.isfinite(made)
    usual = np.array(
        [reference.miss.get(name, _USUAL_MISS) for name in attempts.names] if fixed is None else [_USUAL_MISS]
    )
    at_first = np.array([BELIEVED_AT_FIRST.get(name, 1.0) for name in attempts.names] if fixed is None else [1.0])
    every = np.arange(rows)
    # How calm a company is shows at every horizon; its bias is one of each.
    counted, lasting = weigh(attempts, every, BIAS_HALF_LIFE), weigh(attempts, every, RECORD_HALF_LIFE, other=1.0)
    for row in np.lexsort((attempts.days, attempts.origin)):
        if not known[row].any():
            continue
        counts = counted[row]
        evidence[row] = counts.sum()
        weights[row] = _weights(sizes, counts, usual, at_first * known[row], evidence[row])
        share = known @ weights[row]
        logs = np.divide(near @ weights[row], share, out=np.full(rows, np.nan), where=share > 0)
        if fixed is None:
            past = np.clip(actual - logs, -LARGEST_MISS, LARGEST_MISS)
            bias = np.nansum(counts * past) + _PRIOR_BIAS * reference.drift * lengths[row]
            correction[row] = bias / (evidence[row] + _PRIOR_BIAS)
        total[row] = math.exp(logs[row] + correction[row])
        own = np.where(np.isfinite(total), lasting[row], 0.0)
        record[row], df[row] = record_of(float(own.sum()), float(own @ np.minimum(ratios, LARGEST_RATIO)))
        sigma[row] = math.sqrt(max(record[row] * floors[row], attempts.chance[row]))
        if np.isfinite(attempts.actual[row]):
            miss = float(np.clip(actual[row] - math.log(total[row]), -LARGEST_MISS, LARGEST_MISS))
            ratios[row] = sided(miss) ** 2 / floors[row]
    return Blend(total, sigma, df, weights, correction, evidence, record, attempts.chance)


def record_of(n: float, ratios: float) -> tuple[float, float]:
    """How own misses compare with the usual ones (variances): `n` of them, their ratios summed.

    Large misses are rare and come to everybody, so that many small ones are sooner believed than a few large ones.
    """
    prior = _PRIOR_RECORD / (1 + n) if ratios < n else _PRIOR_RECORD
    return (prior + ratios) / (prior + n), min(_PRIOR_RECORD + n, _LARGEST_DF)


def sided(miss: float | Floats) -> Floats:
    """Misses (logarithms of actual over forecast) on the scale on which both sides of the range are alike."""
    return np.asarray(miss * np.exp(np.where(np.asarray(miss) > 0, _SIDE, -_SIDE)))


def unsided(scaled: Floats) -> Floats:
    """Misses as logarithms of actual over forecast, from the scale of `sided`: its inverse."""
    return np.asarray(scaled * np.exp(np.where(scaled > 0, -_SIDE, _SIDE)))


def _logs(totals: Floats) -> Floats:
    return np.log(np.maximum(totals, _LEAST))


def _weights(sizes: Floats, counts: Floats, usual: Floats, at_first: Floats, n: float) -> Floats:
    """Past misses to the power of -4, drawn towards the shares believed at first where there are few; 0 where those are."""
    seen = np.where(np.isfinite(sizes), counts[:, None], 0.0)
    missed = np.nansum(sizes * seen, axis=0) + _PRIOR_WEIGHTS * usual
    share = np.where(at_first > 0, (missed / (seen.sum(axis=0) + _PRIOR_WEIGHTS)) ** -_POWER, 0.0)
    learnt = n / (n + 2.0)
    weights: Floats = learnt * share / share.sum() + (1 - learnt) * at_first / at_first.sum()
    return weights


def _near_the_middle(made: Floats) -> Floats:
    """Logarithms of the forecasts, none far from the middle one of its row; 0 where there is none."""
    known = np.isfinite(made)
    middle = np.full((len(made), 1), np.nan)
    some = known.any(axis=1)
    middle[some, 0] = _logs(np.nanmedian(np.where(known, made, np.nan)[some], axis=1))
    reach = math.log(FARTHEST_CANDIDATE)
    return np.where(known, np.clip(_logs(made), middle - reach, middle + reach), 0.0)


def _with_season(attempts: Attempts) -> Floats:
    """The forecasts, those of two candidates moved by their misses at the same time of earlier years where that helped."""
    made = attempts.made.copy()
    actual = _logs(attempts.actual)
    for name in _SEASONAL:
        if name not in attempts.names:
            continue
        place = attempts.names.index(name)
        plain = attempts.made[:, place]
        misses = np.clip(actual - _logs(plain), -LARGEST_MISS, LARGEST_MISS)
        shift = np.array([_seen_a_year_ago(attempts, misses, row) for row in range(len(attempts))])
        off = np.abs(misses - shift)
        for row in np.flatnonzero(np.isfinite(shift)):
            before = np.isfinite(misses) & np.isfinite(shift) & (attempts.days == attempts.days[row])
            before &= attempts.origin + attempts.days <= attempts.origin[row]
            if before.sum() >= 3 and off[before].mean() < 0.9 * np.abs(misses[before]).mean():
                made[row, place] = plain[row] * math.exp(shift[row])
    return made


def _seen_a_year_ago(attempts: Attempts, misses: Floats, row: int) -> float:
    """The shrunk mean miss at the same time of up to four earlier years; nan where none was seen."""
    horizon = attempts.days[row]
    if horizon >= 365:
        return math.nan
    near, found = max(10.0, min(horizon / 4, 31.0)), []
    over = (attempts.days == horizon) & (attempts.origin + horizon <= attempts.origin[row]) & np.isfinite(misses)
    for years in range(1, 5):
        away = np.abs(attempts.origin - (attempts.origin[row] - years * DAYS_PER_YEAR))
        rows = np.flatnonzero(over & (away <= near))
        if rows.size:
            found.append(float(misses[rows[np.argmin(away[rows])]]))
    return sum(found) / (len(found) + 0.5) if found else math.nan
