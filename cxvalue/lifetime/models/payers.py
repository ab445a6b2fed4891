"""Which purchases bring money: the share that pays, as a beta-binomial over customers.

Some purchases cost nothing: samples, free shipments of parts, accounts of the staff. A customer pays for each purchase
with the customer's own probability, Beta(a, b) over the population, so that y of n purchases with money have the
beta-binomial likelihood (Skellam 1948), and the next one pays with probability (a + y) / (a + b + n).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize
from scipy.special import betaln, expit, logit, psi

from cxvalue.foundation.arrays import Floats
from cxvalue.lifetime.models.optimise import invert

if TYPE_CHECKING:
    from cxvalue.tables.states import PurchaseStates

LEAST_FREE = 0.01
"""Share of repeat purchases without money below which they stay in the mean spend, as in the literature."""

_SPREADS = (1e-3, 1e5)
_STEP = 1e-4


@dataclass(frozen=True, slots=True)
class PayShare:
    """How the probability that a purchase pays is spread over customers.

    Attributes:
        mean: the probability for a customer about whom nothing is known.
        size: a + b: near 0 everybody pays always or never, large where all customers are alike.
        error: standard error of the log-odds of `mean`.
        first: whether first purchases pay as the repeat ones do, and so tell about them.
    """

    mean: float
    size: float
    error: float
    first: bool

    def counted(self, states: PurchaseStates) -> tuple[Floats, Floats]:
        """Purchases of each customer that tell something, and how many of them paid."""
        trials = np.asarray(states.frequency, dtype=float)
        paid = trials if states.paid is None else np.asarray(states.paid, dtype=float)
        if not self.first:
            return trials, paid
        first = 1.0 if states.first_paid is None else np.asarray(states.first_paid, dtype=float)
        return trials + 1, paid + first

    def given(self, trials: Floats, paid: Floats, mean: Floats | float | None = None) -> Floats:
        """P(the next purchase pays) of customers of whom `paid` of `trials` purchases did."""
        share = self.mean if mean is None else mean
        return np.asarray((share * self.size + paid) / (self.size + trials))

    def draw(self, n: int, rng: np.random.Generator) -> Floats:
        """n draws of `mean` from the normal approximation of its log-odds."""
        return np.asarray(expit(logit(self.mean) + self.error * rng.standard_normal(n)))


def fit_payers(states: PurchaseStates) -> PayShare | None:
    """Fit the share of purchases that pay; None where (nearly) all repeat purchases do.

    First purchases count where, of customers who came back, they pay as often as their repeat purchases.
    """
    if states.paid is None or states.first_paid is None or not states.frequency.any():
        return None
    x, paid = np.asarray(states.frequency, dtype=float), np.asarray(states.paid, dtype=float)
    if 1 - paid.sum() / x.sum() < LEAST_FREE:
        return None
    more = np.asarray(states.first_paid, dtype=float)[x > 0] - (paid / np.maximum(x, 1))[x > 0]
    apart = abs(more.mean())
    first = bool(apart < LEAST_FREE or apart < 3 * more.std() / math.sqrt(more.size))
    trials, paid = (x + 1, paid + np.asarray(states.first_paid, dtype=float)) if first else (x, paid)
    pairs, weight = np.unique(np.column_stack([trials, paid])[trials > 0], axis=0, return_counts=True)
    n, y = pairs.T

    def slope(theta: Floats) -> tuple[float, Floats]:
        share, size = expit(theta[0]), math.exp(theta[1])
        a, b = share * size, (1 - share) * size
        value = weight @ (betaln(a + y, b + n - y) - betaln(a, b))
        both = psi(size) - psi(size + n)
        by_a, by_b = weight @ (psi(a + y) - psi(a) + both), weight @ (psi(b + n - y) - psi(b) + both)
        return float(value), np.array([share * b * (by_a - by_b), a * by_a + b * by_b])

    total = float(weight.sum())

    def objective(theta: Floats) -> tuple[float, Floats]:
        value, gradient = slope(theta)
        return -value / total, -gradient / total

    start = logit(np.clip(y @ weight / (n @ weight), 1e-4, 1 - 1e-4))
    bounds = [(-12.0, 12.0), (math.log(_SPREADS[0]), math.log(_SPREADS[1]))]
    ends = [minimize(objective, [start, math.log(size)], jac=True, bounds=bounds) for size in (0.5, 5.0)]
    theta = np.asarray(min(ends, key=lambda end: float(end.fun)).x)
    steps = np.eye(2) * _STEP
    information = -np.array([(slope(theta + step)[1] - slope(theta - step)[1]) / (2 * _STEP) for step in steps])
    # At a bound (all customers alike, or all or nothing) the size says nothing more about the share.
    inside = bounds[1][0] + 1 < theta[1] < bounds[1][1] - 1
    variance = float(invert(information)[0, 0]) if inside else 1 / max(float(information[0, 0]), 1e-12)
    return PayShare(float(expit(theta[0])), math.exp(theta[1]), math.sqrt(max(variance, 0.0)), first)
