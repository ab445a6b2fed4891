"""Losses that may happen, as frequency and severity: what they cost in an average year and in a bad one (C16).

Numbers of losses are Poisson, sizes log-normal, so a year's loss is a compound Poisson sum: with m losses a year of mean
size s and coefficient of variation c, its mean is m s and its variance m s² (1 + c²) (Klugman, Panjer and Willmot, "Loss
Models", the collective risk model).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cxvalue.foundation.arrays import Floats
from cxvalue.foundation.errors import CxvalueError
from cxvalue.foundation.intervals import reach_of
from cxvalue.foundation.sensible import keep_plain

Z95 = reach_of(0.90)


@dataclass(frozen=True, slots=True)
class Risk:
    """A loss that may happen: how often a year (Poisson), its mean and the size exceeded in 1 of 20 (log-normal)."""

    name: str
    per_year: float
    mean_loss: float
    loss_exceeded_in_5_percent: float
    owner: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        keep_plain(self, "per_year", "mean_loss", "loss_exceeded_in_5_percent")

    @property
    def per_year_cost(self) -> float:
        """What the risk costs in a year on average."""
        return self.per_year * self.mean_loss

    @property
    def yearly_variance(self) -> float:
        """Variance of a year's loss."""
        return float(self.per_year * self.mean_loss**2 * np.exp(self.log_spread**2))

    @property
    def log_spread(self) -> float:
        """Standard deviation of the logarithm of a loss (the smaller of the two that fit mean and 95% point)."""
        ratio = np.log(self.loss_exceeded_in_5_percent / self.mean_loss)
        inside = Z95**2 - 2 * ratio
        if ratio < 0 or inside < 0:
            raise CxvalueError(
                "The risk {name!r}: a loss of {loss:,} in 1 of 20 does not go with a mean of {mean:,}; it must lie "
                "between the mean and 3.8 times the mean.",
                name=self.name,
                loss=self.loss_exceeded_in_5_percent,
                mean=self.mean_loss,
            )
        return float(Z95 - np.sqrt(inside))


@dataclass(frozen=True, eq=False)
class YearlyLoss:
    """A year's loss from some risks: mean, standard deviation, the loss exceeded in one year of twenty, and its draws."""

    mean: float
    sd: float
    bad_year: float
    without_loss: float
    draws: Floats


def yearly_loss(risks: Sequence[Risk], *, draws: int = 20_000, seed: int = 1) -> YearlyLoss:
    """The distribution of a year's loss; `without_loss` is the probability of a year without any.

    >>> one = yearly_loss([Risk("fraud", 2.0, 100.0, 100.0)])
    >>> one.mean, round(one.sd, 3), round(one.bad_year, 3)
    (200.0, 141.421, 500.0)
    """
    drawn = risk_draws(risks, draws, 1, np.random.default_rng(seed), years=1.0)[:, 0]
    return YearlyLoss(
        mean=sum(one.per_year_cost for one in risks),
        sd=float(np.sqrt(sum(one.yearly_variance for one in risks))),
        bad_year=float(np.quantile(drawn, 0.95)),
        without_loss=float(np.exp(-sum(one.per_year for one in risks))),
        draws=drawn,
    )


def risk_draws(
    risks: Sequence[Risk], draws: int, months: int, rng: np.random.Generator, *, years: float = 1 / 12
) -> Floats:
    """Losses by period in each draw: Poisson numbers of log-normal losses; each period lasts `years`."""
    lost = np.zeros((draws, months))
    for one in risks:
        spread = one.log_spread
        centre = np.log(one.mean_loss) - spread**2 / 2
        number = rng.poisson(one.per_year * years, (draws, months))
        where = np.repeat(np.arange(number.size), number.reshape(-1))
        size = np.exp(centre + spread * rng.standard_normal(where.size))
        lost += np.bincount(where, size, number.size).reshape(number.shape)
    return lost
