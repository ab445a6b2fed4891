"""Several programmes as one portfolio: margin counted once, shared out fairly, and estimates that were lucky drawn in.

Customers under several programmes at once bring one margin. What they brought more is measured for the set of programmes as
it ran (`cxvalue.effects.together`), so the total owes nothing to how single estimates are added. It is shared out by
the Shapley value (1953) of two programmes: each gets what it brings alone and half of what the two together bring beyond
that, or short of it; with more programmes the difference is split equally (the egalitarian rule).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import ndtr

from cxvalue.foundation.arrays import Floats
from cxvalue.foundation.chance import principal_steps
from cxvalue.foundation.errors import CxvalueError

State = tuple[int, ...]

LEAST_ALONE = 0.02
"""A programme is taken to have been seen alone where that is at least this share of what was measured."""


@dataclass(frozen=True, eq=False)
class Allocation:
    """What each programme is credited with, as a linear function of the rates measured in each state.

    `shares` (programmes x measured states) times the rates gives the credit of each programme; `by_state` holds the rate
    itself of every state counted, as such a function; `filled` are the states whose rate had to be put together from others.
    """

    shares: Floats
    by_state: Mapping[State, Floats]
    filled: tuple[State, ...]

    @property
    def total(self) -> Floats:
        """The weights of the rates in the total: the credits add up to it."""
        whole: Floats = self.shares.sum(axis=0)
        return whole


def allocate(
    months: Mapping[State, float], measured: Sequence[State], weights: ArrayLike, programmes: int
) -> Allocation:
    """Share out what programmes added together.

    Args:
        months: customer-months to count in each state, a state being the programmes that ran together, by number.
        measured: the states that have a measured rate.
        weights: customer-months behind each of these rates.
        programmes: how many there are.

    Raises:
        CxvalueError: a programme that is part of no measured state.

    >>> found = allocate({(0,): 10, (1,): 10, (0, 1): 10}, [(0,), (1,), (0, 1)], [1, 1, 1], 2)
    >>> (found.shares @ [2.0, 3.0, 4.0]).tolist()  # together one less than the two alone: half of it each
    [35.0, 55.0]
    """
    weight, unit = np.asarray(weights, dtype=float), np.eye(len(measured))
    alone = _alone(measured, weight, programmes)
    shares = np.zeros((programmes, len(measured)))
    by_state: dict[State, Floats] = {}
    filled = []
    for state, amount in months.items():
        members = list(state)
        credit = alone[members]
        if state in measured:
            credit = credit + (unit[measured.index(state)] - credit.sum(axis=0)) / len(members)
        else:
            filled.append(state)
        by_state[state] = credit.sum(axis=0)
        shares[members] += amount * credit
    return Allocation(shares, by_state, tuple(filled))


def _alone(measured: Sequence[State], weight: Floats, programmes: int) -> Floats:
    """What each programme brings by itself, in terms of the measured rates: as seen alone, else what it brings on top."""
    found = np.zeros((programmes, len(measured)))
    known = set()
    for place, state in enumerate(measured):
        if len(state) == 1 and weight[place] >= LEAST_ALONE * weight.sum():
            found[state[0], place] = 1.0
            known.add(state[0])
    rest = [one for one in range(programmes) if one not in known]
    if not rest:
        return found
    rows = [place for place, state in enumerate(measured) if set(state) & set(rest)]
    belongs = np.array([[one in measured[place] for one in rest] for place in rows], dtype=float).reshape(-1, len(rest))
    if not belongs.any(axis=0).all():
        raise CxvalueError("A programme has no month that could be compared, alone or with others.")
    left = np.eye(len(measured))[rows]
    for row, place in enumerate(rows):
        left[row] -= found[[one for one in measured[place] if one in known]].sum(axis=0)
    root = np.sqrt(weight[rows])[:, None]
    found[rest] = np.linalg.pinv(root * belongs) @ (root * left)
    return found


def bounded_claims(months: Mapping[State, float], claims: ArrayLike) -> Floats:
    """Customer-months of each programme to count when its own claim is all there is: together, the largest claim only.

    Of claims that lower the margin the largest loss counts as well.

    >>> bounded_claims({(0,): 10, (1,): 10, (0, 1): 5}, [2.0, 3.0]).tolist()
    [10.0, 15.0]
    """
    rate = np.asarray(claims, dtype=float)
    counted = np.zeros(rate.size)
    for state, amount in months.items():
        members = np.array(state)
        for side in (members[rate[members] >= 0], members[rate[members] < 0]):
            if side.size:
                counted[side[np.argmax(np.abs(rate[side]))]] += amount
    return counted


def shrink(values: ArrayLike, ses: ArrayLike, *, given_up: int = 2) -> Floats:
    """Draw estimates in to zero by how noisy they are; with equal errors the positive-part James-Stein estimator.

    Empirical Bayes with known variances: value x t / (t + se^2), with t >= 0 such that the sum of value^2 / (t + se^2)
    is the number of values less `given_up` (2; 3 for deviations from their mean), after Efron and Morris (1975).

    >>> shrink([10.0, 2.0, 2.0], [2.0, 2.0, 2.0]).round(4).tolist()  # 1 - 4 / 108 of each
    [9.6296, 1.9259, 1.9259]
    """
    y, variance = np.asarray(values, dtype=float), np.square(np.asarray(ses, dtype=float))
    wanted = y.size - given_up
    if wanted < 1:
        raise CxvalueError(
            "Too few estimates to be shrunk: {count}; {least} are needed.", count=y.size, least=given_up + 1
        )
    if (variance <= 0).any():
        raise CxvalueError("An estimate without an error cannot be shrunk.")

    def excess(spread: float) -> float:
        return float((y**2 / (spread + variance)).sum() - wanted)

    if excess(0.0) <= 0:
        return np.zeros(y.size)
    spread = brentq(excess, 0.0, float((y**2).sum() / wanted) + 1e-300, xtol=1e-14, rtol=1e-13)
    drawn: Floats = y * spread / (spread + variance)
    return drawn


def coupled_sum(draws: Sequence[ArrayLike], correlation: ArrayLike, *, seed: int = 1) -> Floats:
    """Sum of several sets of draws whose errors go together with a correlation (a Gaussian copula between their ranks)."""
    parts = [np.sort(np.asarray(one, dtype=float)) for one in draws]
    size = parts[0].size
    steps = principal_steps(np.asarray(correlation, dtype=float))
    z = np.random.default_rng(seed).standard_normal((size, len(parts))) @ steps
    spread = np.sqrt(np.maximum((steps**2).sum(axis=0), 1e-300))
    rank = np.minimum((ndtr(z / spread) * size).astype(np.int64), size - 1)
    total: Floats = np.sum([part[rank[:, number]] for number, part in enumerate(parts)], axis=0)
    return total
