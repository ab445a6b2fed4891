"""How many times as fast as foreseen members leave: one factor on everybody's rate of leaving, and what is known of it.

A model of renewal may say well who leaves sooner than whom and still be off for all of them together: prices change, a
competitor comes, times get better or worse. At the pace k a member who was foreseen to stay with probability S stays with
S^k. Companies of which a twentieth leaves in a year and companies of which two thirds do are alike on this scale, which
they are not in the share that stays or in money (tests/reality/README.md).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtrit

from cxvalue.foundation.arrays import Floats
from cxvalue.lifetime.evidence.blend import LARGEST_MISS, unsided

_HALVINGS = 50
_NEARLY_ONE = 1 - 1e-12


def at_pace(p: ArrayLike, pace: ArrayLike) -> Floats:
    """Probabilities of leaving at a pace, from those at the pace 1.

    >>> at_pace(0.19, 0.5).round(9).item()
    0.1
    """
    return np.asarray(-np.expm1(np.asarray(pace) * np.log1p(-np.minimum(np.asarray(p, dtype=float), _NEARLY_ONE))))


def pace_of(p: ArrayLike, left: float) -> float:
    """The pace at which as many would be expected to leave as did, between e^-2 and e^2.

    Args:
        p: the probability that each member leaves, as it was foreseen.
        left: how many left.

    >>> round(pace_of([0.19] * 100, 10), 9)  # who stays with 0.81 at the pace 1 stays with 0.9 at half of it
    0.5
    """
    low, high = -LARGEST_MISS, LARGEST_MISS
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if float(at_pace(p, math.exp(middle)).sum()) < left:
            low = middle
        else:
            high = middle
    return math.exp((low + high) / 2)


def pace_variance(p: ArrayLike, parameters: float = 0.0) -> float:
    """Variance of the logarithm of `pace_of` in a world as foreseen: chance, and the doubt about parameters.

    Args:
        p: the probability that each member leaves.
        parameters: variance of the expected number who leave, from the doubt about the parameters.

    Infinite where nobody can leave. By the delta method, from the variance of the number who leave.

    >>> round(pace_variance([0.1] * 1000), 5)
    0.01001
    """
    leave = np.minimum(np.asarray(p, dtype=float), _NEARLY_ONE)
    slope = float(-((1 - leave) * np.log1p(-leave)).sum())
    return (float((leave * (1 - leave)).sum()) + parameters) / slope**2 if slope > 0 else math.inf


@dataclass(frozen=True)
class Pace:
    """What is known of the pace to come: `centre`, as likely too low as too high (1 is as foreseen), and the doubt.

    The logarithm of the pace over `centre` is `sigma` times a Student t with `df`.
    """

    sigma: float
    df: float
    centre: float = 1.0

    def draw(self, n: int, rng: np.random.Generator) -> Floats:
        """n draws, evenly spread over the distribution and in no order. A rush away is more likely than a lull.

        >>> draws = Pace(0.2, 6.0).draw(1001, np.random.default_rng(1))
        >>> round(float(np.median(draws)), 9), bool(draws.max() - 1 > 1 - draws.min())
        (1.0, True)
        """
        if not self.sigma > 0:
            return np.full(n, self.centre)
        even = rng.permutation((np.arange(n) + 0.5) / n)
        scaled = np.clip(self.sigma * stdtrit(self.df, even), -LARGEST_MISS, LARGEST_MISS)
        return np.asarray(self.centre * np.exp(-unsided(scaled)))


SURE = Pace(0.0, 1.0)
"""Nothing but what the model has not foreseen: the pace is 1."""
