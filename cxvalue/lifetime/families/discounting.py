"""What money that comes in later is worth today."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cxvalue.foundation.arrays import Floats
from cxvalue.foundation.calendar import TimeUnit


@dataclass(frozen=True, slots=True)
class DiscountCurve:
    """Worth today of a unit of money that comes in at a time from now: (1 + rate)^(-m / 12) throughout month m.

    All months are `month` long, unless `own_ends` says when each of them ends.
    """

    annual_rate: float
    months: int
    month: float
    own_ends: tuple[float, ...] = ()

    @classmethod
    def of(cls, annual_rate: float, months: int, unit: TimeUnit) -> DiscountCurve:
        """The curve with its months measured in a unit of time."""
        return cls(annual_rate, months, unit.from_months(1.0))

    def with_ends(self, ends: Floats) -> DiscountCurve:
        """The same worth in months of different lengths, as on a seasonal clock."""
        return replace(self, own_ends=tuple(np.asarray(ends, dtype=float).tolist()))

    @property
    def horizon(self) -> float:
        """End of the last month."""
        return self.own_ends[-1] if self.own_ends else self.months * self.month

    @property
    def ends(self) -> Floats:
        """End of each month, in the unit of time."""
        if self.own_ends:
            return np.array(self.own_ends)
        ends: Floats = self.month * np.arange(1, self.months + 1, dtype=np.float64)
        return ends

    @property
    def factors(self) -> Floats:
        """Worth of a unit in each month."""
        months = np.arange(1, self.months + 1, dtype=np.float64)
        worth: Floats = np.exp(months * (-math.log1p(self.annual_rate) / 12.0))
        return worth

    def at(self, time: Floats) -> Floats:
        """Worth of a unit at a time within the horizon."""
        number = np.minimum(self._passed(time), self.months - 1)
        worth: Floats = self.factors[number]
        return worth

    def _passed(self, time: Floats) -> NDArray[np.int64]:
        """Whole months before a time."""
        if self.own_ends:
            return np.searchsorted(np.array(self.own_ends), time, side="right").astype(np.int64)
        return (time / self.month).astype(np.int64)

    def mean_until(self, time: Floats) -> Floats:
        """Mean worth of units that come in evenly over (0, time]."""
        if self.own_ends:
            edges = np.concatenate([[0.0], self.own_ends])
            summed = np.concatenate([[0.0], np.cumsum(np.diff(edges) * self.factors)])
            return np.where(time > 0, np.interp(time, edges, summed) / np.maximum(time, 1e-300), self.factors[0])
        whole = np.concatenate([[0.0], np.cumsum(self.factors)])
        number = np.minimum((time / self.month).astype(np.int64), self.months - 1)
        part = time / self.month - number
        months = np.maximum(time / self.month, 1e-300)
        return np.where(time > 0, (whole[number] + part * self.factors[number]) / months, self.factors[0])

    @property
    def mean(self) -> float:
        """Mean worth of units that come in evenly over the whole horizon."""
        return float(self.mean_until(np.array(self.horizon)))
