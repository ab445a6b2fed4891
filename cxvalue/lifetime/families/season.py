"""A seasonal clock: dates mapped through the cumulative seasonal index of the whole base.

Where everybody buys more in some months than in others, time runs faster in those months and slower in the rest, at a
mean speed of 1 over the years. On that clock purchases come at a constant pace again. Dropout of the BG/NBD and the
MBG/NBD comes after purchases and not with time, so both stay exact: a model fitted to histories on the clock is the
same model with rates that follow the calendar. The index is estimated beside what the model expects of the customers as
they were acquired, and beside a trend, so that neither growth nor decay of the base is taken for a season.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import fdtrc

from cxvalue.foundation.arrays import Floats, Ints
from cxvalue.foundation.errors import CxvalueError
from cxvalue.foundation.intervals import reach_of
from cxvalue.foundation.plain import Plain

MONTHS = 12
_FIRST_YEAR, _LAST_YEAR = 1900, 2201


@lru_cache(maxsize=1)
def _calendar() -> tuple[Ints, Ints]:
    """First day of each month as days since 1970, and how long the month is."""
    months = np.arange(f"{_FIRST_YEAR}-01", f"{_LAST_YEAR}-02", dtype="datetime64[M]")
    starts = months.astype("datetime64[D]").astype(np.int64)
    return starts[:-1], np.diff(starts)


def _normal_speed(speed: Floats) -> Floats:
    """The speeds with mean 1 over the days of four years."""
    starts, lengths = _calendar()
    of = np.arange(starts.size) % MONTHS
    four_years = slice(1200, 1248)  # 2000 to 2003
    mean = float((speed[of] * lengths)[four_years].sum() / lengths[four_years].sum())
    return speed / mean


@dataclass(frozen=True, slots=True)
class SeasonalClock:
    """The speed of time in each month of the year, January first; scaled to a mean of 1 over the days of the calendar.

    >>> even = SeasonalClock.of([1.0] * 12)
    >>> float(even.elapsed(np.array([0]), np.array([365]))[0])
    365.0
    """

    speed: tuple[float, ...]

    @classmethod
    def of(cls, speed: Sequence[float]) -> SeasonalClock:
        """The clock with these relative speeds, one above 0 for each month of the year."""
        values = np.asarray(speed, dtype=float)
        if values.shape != (MONTHS,) or not (np.isfinite(values) & (values > 0)).all():
            raise CxvalueError(
                "A seasonal clock needs 12 speeds above 0, January first, got {given}.", given=values.tolist()
            )
        return cls(tuple(_normal_speed(values).tolist()))

    def elapsed(self, start: ArrayLike, end: ArrayLike) -> Floats:
        """Days on the clock between two moments given as days since 1970 (parts of a day allowed)."""
        return self._at(np.asarray(end, dtype=float)) - self._at(np.asarray(start, dtype=float))

    def _at(self, moment: Floats) -> Floats:
        starts, lengths = _calendar()
        speed = np.asarray(self.speed)[np.arange(starts.size) % MONTHS]
        edges = np.append(starts, starts[-1] + lengths[-1]).astype(float)
        passed = np.concatenate([[0.0], np.cumsum(speed * lengths)])
        result: Floats = np.interp(moment, edges, passed)
        return result


@dataclass(frozen=True, slots=True)
class SeasonalIndex(Plain):
    """The seasonal index of a customer base, one number for each month of the year, January first.

    Attributes:
        index: purchases of the month over those of an average month, shrunk towards 1 by what is noise.
        low, high: 95% bounds.
        observed, expected: repeat purchases in all those months, as they were and as the model without a season had them.
        p_value: of the F test that there is no season.
        months: calendar months it rests on.
    """

    index: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    observed: tuple[float, ...]
    expected: tuple[float, ...]
    p_value: float
    months: int

    @property
    def clock(self) -> SeasonalClock:
        """The clock that runs at these speeds."""
        return SeasonalClock.of(self.index)


def seasonal_index(month: ArrayLike, observed: ArrayLike, expected: ArrayLike, *, level: float = 0.95) -> SeasonalIndex:
    """Estimate the index from purchases by calendar month, beside what is expected of them without a season.

    A quasi-Poisson regression of the purchases on the logarithm of what is expected, a trend and month effects that add
    up to 0; the effects are then shrunk towards 0 by the share of their spread that is noise (James and Stein).

    Args:
        month: month of the year, 1 to 12, of each calendar month in its order; each at least twice.
        observed: repeat purchases in each calendar month.
        expected: what a model without a season expects in it, above 0.
        level: of the bounds.

    Raises:
        CxvalueError: a month of the year seen less than twice, or lengths that differ.
    """
    of = np.asarray(month, dtype=np.int64) - 1
    y, mean = np.asarray(observed, dtype=float), np.asarray(expected, dtype=float)
    if not of.shape == y.shape == mean.shape or not (mean > 0).all():
        raise CxvalueError(
            "A seasonal index needs for each calendar month its purchases and what was expected, above 0."
        )
    if np.bincount(of, minlength=MONTHS).min() < 2:
        raise CxvalueError("A seasonal index needs every month of the year at least twice.")
    contrasts = np.vstack([np.eye(MONTHS - 1), -np.ones(MONTHS - 1)])
    time = np.linspace(-1.0, 1.0, y.size)
    design = np.column_stack([np.ones(y.size), time, contrasts[of]])
    beta = np.zeros(design.shape[1])
    beta[0] = np.log(max(y.sum(), 0.5) / mean.sum())
    for _ in range(50):
        fitted = mean * np.exp(np.clip(design @ beta, -20, 20))
        information = design.T @ (design * fitted[:, None]) + 1e-9 * np.eye(beta.size)
        step = np.linalg.solve(information, design.T @ (y - fitted))
        beta = beta + np.clip(step, -1.0, 1.0)
        if np.abs(step).max() < 1e-10:
            break
    rest = y.size - beta.size
    dispersion = max(float(((y - fitted) ** 2 / fitted).sum() / rest), 1.0)
    covariance = dispersion * np.linalg.inv(information)[2:, 2:]
    ratio = float(beta[2:] @ np.linalg.solve(covariance, beta[2:])) / (MONTHS - 1)
    effects = contrasts @ beta[2:]
    variance = np.einsum("ij,jk,ik->i", contrasts, covariance, contrasts)
    spread = max(float((effects**2 - variance).mean()), 0.0)
    kept = spread / (spread + variance)
    half = reach_of(level) * np.sqrt(kept * variance)
    speed = np.exp(kept * effects)
    index = _normal_speed(speed)
    return SeasonalIndex(
        tuple(index.tolist()),
        tuple((index * np.exp(-half)).tolist()),
        tuple((index * np.exp(half)).tolist()),
        tuple(np.bincount(of, y, MONTHS).tolist()),
        tuple(np.bincount(of, mean, MONTHS).tolist()),
        float(fdtrc(MONTHS - 1, rest, ratio)),
        int(y.size),
    )
