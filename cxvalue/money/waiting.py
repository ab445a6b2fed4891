"""What it is worth to wait for more data before deciding, in money.

Preposterior analysis of a decision between going ahead and not (Raiffa and Schlaifer 1961): k more months narrow the doubt
about the NPV, and the mean that will be believed then is itself uncertain today. Its standard deviation says how likely
the decision is to change, and by how much that pays.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

MORE_MONTHS = (3, 6, 12)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Waiting so many months: what the better decision is worth, and the margin put off meanwhile if nothing is done."""

    months: int
    value: float
    delay_cost: float

    @property
    def worth_it(self) -> bool:
        """Whether the better decision is worth more than what the delay costs."""
        return self.value > self.delay_cost


def value_of_waiting(
    mean: float, sd: float, *, months_measured: int, horizon_months: int, more_months: tuple[int, ...] = MORE_MONTHS
) -> tuple[Waiting, ...]:
    """Value of k more months of data for a normal NPV with this mean and standard deviation.

    The variance of the estimate is taken to fall as months are added, m / (m + k), as for independent months; where months
    of a unit go together it falls more slowly, so this is an upper bound. Value: s x (φ(z) − z Φ(−z)) with
    s = sd x √(k / (m + k)) and z = |mean| / s, the unit normal loss. Delay: k / horizon of a positive mean. Empty without
    doubt or without a measured month.

    >>> [round(one.value, 1) for one in value_of_waiting(0.0, 100.0, months_measured=12, horizon_months=24)]
    [17.8, 23.0, 28.2]
    """
    if not sd > 0 or months_measured < 1:
        return ()
    found = []
    for more in more_months:
        spread = sd * np.sqrt(more / (months_measured + more))
        z = abs(mean) / spread
        value = spread * (np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi) - z * special.ndtr(-z))
        found.append(Waiting(more, float(value), max(mean, 0.0) * min(more / horizon_months, 1.0)))
    return tuple(found)
