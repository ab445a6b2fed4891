"""What a way of forecasting says of each customer, and how money that comes later counts: `Outlook`, `Ahead`."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from cxvalue.foundation.arrays import Floats
from cxvalue.foundation.calendar import DAYS_PER_MONTH


@dataclass(frozen=True)
class Ahead:
    """How far ahead is forecast: horizons in days, ascending, and the effective annual discount rate.

    Money counts by whole months of 365.25 / 12 days at their end, as everywhere in this package.
    """

    days: tuple[int, ...]
    annual_rate: float = 0.0

    @property
    def factors(self) -> Floats:
        """Worth today of a unit of money in each month up to the longest horizon."""
        months = np.arange(1, math.ceil(max(self.days) / DAYS_PER_MONTH) + 1)
        worth: Floats = np.exp(-math.log1p(self.annual_rate) / 12.0 * months)
        return worth

    @property
    def ends(self) -> Floats:
        """Ends of months and horizons in days, ascending: between neighbours the worth of money is one."""
        months = np.arange(1, self.factors.size + 1) * DAYS_PER_MONTH
        return np.unique(np.concatenate([months[months < max(self.days)], np.array(self.days, dtype=float)]))

    @property
    def worth(self) -> Floats:
        """Worth of a unit of money that comes between the end before and each of `ends`."""
        return self.factors[np.maximum(np.ceil(self.ends / DAYS_PER_MONTH - 1e-9).astype(int) - 1, 0)]

    def cumulated(self, path: Floats) -> tuple[Floats, Floats]:
        """Purchases and discounted purchases up to each horizon, from those expected up to each of `ends` (last axis)."""
        at = np.searchsorted(self.ends, np.array(self.days, dtype=float))
        discounted = np.cumsum(np.diff(path, axis=-1, prepend=0.0) * self.worth, axis=-1)
        return path[..., at], discounted[..., at]


@dataclass(frozen=True, eq=False)
class Outlook:
    """What is forecast of each customer (first axis) over each horizon (second axis).

    `returns` is P(at least one day with a purchase), `purchases` how many of them are expected, `worth` their discounted
    margin.
    """

    returns: Floats
    purchases: Floats
    worth: Floats

    def at(self, place: int) -> tuple[Floats, Floats, Floats]:
        """The three for one horizon."""
        return self.returns[:, place], self.purchases[:, place], self.worth[:, place]
