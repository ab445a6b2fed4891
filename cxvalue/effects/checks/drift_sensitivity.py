"""What if the compared units had not moved alike? How far could they have drifted apart before the effect is gone?

Two questions, from the plain to the general:

* *A steady drift*: had the treated units moved away from the others by d a month all along, how much of the estimate would
  be that? Its range is a fixed-length one around the estimate itself, for any drift of up to d.
* *A drift that bends*: whatever straight drift there was goes on and is taken off, and it may bend by up to M from month to
  month (second differences of at most M). The range is the shortest one of fixed length around an affine estimator
  (Armstrong and Kolesár 2018; Rambachan and Roth 2023, their set Δ^SD(M)).

The *breakdown value* of either is the largest d or M with which the range still leaves out zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq, nnls
from scipy.special import ndtr, ndtri

from cxvalue.foundation.arrays import Floats, Ints
from cxvalue.foundation.intervals import reach_of

BASE = -1
"""The month that effects before and after the start are measured from."""


@dataclass(frozen=True, slots=True)
class FixedLength:
    """A range whose length the data do not decide: value, ends, the largest bias allowed for and the standard error."""

    value: float
    low: float
    high: float
    worst_bias: float
    se: float

    @property
    def proven(self) -> bool:
        """Whether the range leaves out zero."""
        return self.low > 0 or self.high < 0


def steady_drift_interval(
    estimate: float, se: float, distance: float, drift: float, *, level: float = 0.95, df: float = np.inf
) -> FixedLength:
    """The range of an effect when the treated may have drifted from the others by up to `drift` a month, either way.

    `distance` is the mean number of months between a treated month and those it is compared with, so that the bias is at
    most `drift` x `distance`.

    >>> found = steady_drift_interval(10.0, 1.0, 5.0, 1.0)
    >>> round(found.low, 3), round(found.high, 3)  # 5 of bias and 1.645 of chance on either side
    (3.355, 16.645)
    """
    return _around(estimate, se, abs(drift * distance), level, df)


def steady_drift_breakdown(
    estimate: float, se: float, distance: float, *, level: float = 0.95, df: float = np.inf
) -> float | None:
    """The largest drift a month with which the effect is still proven; None where it is not proven without any.

    >>> round(steady_drift_breakdown(10.0, 1.0, 5.0), 3)  # (10 - 1.645) / 5
    1.671
    """

    def short(drift: float) -> float:
        return abs(estimate) - (
            steady_drift_interval(estimate, se, distance, drift, level=level, df=df).high - estimate
        )

    if short(0.0) <= 0 or distance <= 0:
        return None
    # A hair inside, so that rounding does not undo it.
    return float(brentq(short, 0.0, abs(estimate) / distance, xtol=1e-12)) * (1 - 1e-9)


def bent_drift_interval(
    time: Ints,
    effect: ArrayLike,
    covariance: ArrayLike,
    weight: ArrayLike,
    bend: float,
    *,
    level: float = 0.95,
    df: float = np.inf,
    working: Floats | None = None,
) -> FixedLength | None:
    """The shortest fixed-length range of a mean effect after the start when a drift may bend by up to `bend` a month.

    Args:
        time: months since the start of each effect, −1 (the month they are measured from) left out; consecutive.
        effect, covariance: the effects before and after the start together.
        weight: of the effects after the start in the mean, in the order of `time`.
        bend: the largest change of the drift from one month to the next, in units of the outcome.
        level, df: of the range, and of the t distribution whose wider tails it is scaled to.
        working: a covariance by which the estimator is chosen, where the given one comes from too few units to be
            inverted; the error is that of the given one.

    None without a month before the base, which a straight drift could be seen in.

    >>> covariance = np.eye(4) + 1.0
    >>> found = bent_drift_interval(np.array([-3, -2, 0, 1]), [-2.0, -1.0, 4.0, 5.0], covariance, [1.0, 0.0], 0.0)
    >>> round(found.value, 6)  # a drift of 1 a month goes on: of the 4 in the first month, 1 is drift
    3.0
    """
    frontier = _Frontier.of(time, covariance, weight, working)
    return None if frontier is None else frontier.interval(np.asarray(effect, dtype=float), bend, level, df)


def bent_drift_breakdown(
    time: Ints,
    effect: ArrayLike,
    covariance: ArrayLike,
    weight: ArrayLike,
    *,
    level: float = 0.95,
    df: float = np.inf,
    working: Floats | None = None,
) -> float | None:
    """The largest bend with which the mean effect is still proven; None where a straight drift already undoes it.

    Arguments as in `bent_drift_interval`.
    """
    frontier = _Frontier.of(time, covariance, weight, working)
    if frontier is None:
        return None
    beta = np.asarray(effect, dtype=float)
    if not frontier.interval(beta, 0.0, level, df).proven:
        return None
    low, high = 0.0, float(np.abs(beta).max()) or 1.0
    while frontier.interval(beta, high, level, df).proven:
        low, high = high, 2 * high
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if frontier.interval(beta, middle, level, df).proven else (low, middle)
    return low


def plain_covariance(time: Ints, covariance: Floats, weight: ArrayLike) -> Floats:
    """A covariance of simple form near the given one: independent months, luck that lasts, and drifts of units.

    With few units the covariance of many months is known too roughly to be inverted: what looks free of error there is
    luck. `weight` holds the customers behind each effect; months are as noisy as their customers are few.
    """
    customers = np.maximum(np.asarray(weight, dtype=float), 1e-12)
    month = customers.mean() / customers
    same_side = np.sign(time - BASE)[:, None] == np.sign(time - BASE)[None, :]
    apart = np.abs(time - BASE).astype(float)
    forms = [
        np.diag(month) + 1.0,
        np.where(same_side, np.minimum(apart[:, None], apart[None, :]), 0.0),
        np.outer(time - BASE, time - BASE).astype(float),
    ]
    scale = np.sqrt(np.outer(np.diag(forms[0] + forms[1]), np.diag(forms[0] + forms[1])))
    parts = nnls(np.column_stack([(form / scale).ravel() for form in forms]), (covariance / scale).ravel())[0]
    found = sum(part * form for part, form in zip(parts, forms, strict=True))
    return np.asarray(found + 1e-3 * np.trace(covariance) / len(time) * (np.diag(month) + 1.0))


def _around(value: float, se: float, bias: float, level: float, df: float) -> FixedLength:
    plain = float(_half_length(np.array(se), np.array(bias), level)) if se > 0 else bias
    stretch = reach_of(level, df) / reach_of(level)
    half = bias + (plain - bias) * stretch
    return FixedLength(value, value - half, value + half, bias, se)


def _half_length(se: Floats, bias: Floats, level: float) -> Floats:
    """The quantile of |N(bias, se²)|, which covers whatever the bias is up to there; by Newton's method."""
    t = bias / se
    # One tail counts when the bias is large, both when there is none: the quantile lies between.
    low, high = t + ndtri(level), t + ndtri((1 + level) / 2)
    c = high
    for _ in range(8):
        density = (np.exp(-((c - t) ** 2) / 2) + np.exp(-((c + t) ** 2) / 2)) / np.sqrt(2 * np.pi)
        c = np.clip(c - (ndtr(c - t) - ndtr(-c - t) - level) / density, low, high)
    return np.asarray(se * c)


@dataclass(frozen=True, slots=True, eq=False)
class _Frontier:
    """Affine estimators that no straight drift can move, from the least bias by a bend to the least variance.

    An estimator is l'β after the start plus v'β before it. A bend of d at month s moves it by d x w_s, where w_s before the
    base is the sum of v_e (s − e) over e < s, one to one with v; so the worst bias is M x (fixed + Σ|w|), and the least
    variance for each Σ|w| is a lasso path, linear between its knots.
    """

    knots: Floats
    to_weights: Floats
    offset: Floats
    fixed: float
    working: Floats
    covariance: Floats

    @classmethod
    def of(cls, time: Ints, covariance: ArrayLike, weight: ArrayLike, working: Floats | None) -> _Frontier | None:
        covariance, weight = np.asarray(covariance, dtype=float), np.asarray(weight, dtype=float)
        pre, post = time[time < BASE], time[time > BASE]
        size = len(pre)
        if not size or not len(post):
            return None
        if (np.diff(np.concatenate([pre, [BASE], post])) != 1).any() or len(weight) != len(post):
            raise ValueError("The months must be consecutive, with −1 left out, and every later one needs a weight.")
        share = weight / weight.sum()
        ahead = np.maximum(post[:, None] - np.arange(BASE, post[-1])[None, :], 0)
        after = share @ ahead  # what a bend at the base or later adds; the first is the whole lever of a straight drift
        # w at the bends pre[1:], …, BASE from v: a triangle; the last of them must match the lever of a straight drift.
        bends = np.append(pre[1:], BASE)
        triangle = np.maximum(bends[:, None] - pre[None, :], 0).astype(float)
        inverse = np.linalg.inv(triangle)
        to_weights = np.vstack([inverse[:, :-1], np.zeros((len(post), size - 1))])
        offset = np.concatenate([inverse[:, -1] * after[0], share])
        chosen = covariance if working is None else working
        path = _lasso_path(to_weights.T @ chosen @ to_weights, to_weights.T @ chosen @ offset)
        return cls(path, to_weights, offset, float(np.abs(after).sum()), chosen, covariance)

    def interval(self, effect: Floats, bend: float, level: float, df: float) -> FixedLength:
        """The shortest range for a bend; the half length is convex along the path, so its best knot has it near."""

        def half(w: Floats) -> Floats:
            v = self.offset + w @ self.to_weights.T
            se = np.sqrt(((v @ self.working) * v).sum(axis=-1))
            return _half_length(se, bend * (self.fixed + np.abs(w).sum(axis=-1)), level)

        best = int(np.argmin(half(self.knots)))
        around = self.knots[max(best - 1, 0) : best + 2]
        for _ in range(4):  # each round cuts the bracket to a fortieth
            steps = np.linspace(0.0, 1.0, 41)[:, None]
            fine = np.vstack([a + steps * (b - a) for a, b in pairwise(around)] or [around])
            at = int(np.argmin(half(fine)))
            around = fine[max(at - 1, 0) : at + 2]
        w = fine[at]
        v = self.offset + self.to_weights @ w
        se = float(np.sqrt(v @ self.covariance @ v))
        return _around(float(v @ effect), se, bend * (self.fixed + float(np.abs(w).sum())), level, df)


def _lasso_path(q: Floats, b: Floats) -> Floats:
    """Knots (knots x variables) of argmin w'Qw / 2 + b'w + λ Σ|w| as λ falls to 0 (Osborne, Presnell and Turlach 2000)."""
    size = len(b)
    w = np.zeros(size)
    knots = [w]
    if not size:
        return np.zeros((1, 0))
    pull = -b
    penalty = float(np.abs(pull).max())
    active = [int(np.argmax(np.abs(pull)))]
    signs = [float(np.sign(pull[active[0]]))]
    for _ in range(20 * size + 20):
        direction = np.zeros(size)
        direction[active] = np.linalg.solve(q[np.ix_(active, active)], np.array(signs))
        change = q @ direction
        step, event = penalty, -1
        for j in range(size):
            if j in active:
                towards = -w[j] / direction[j] if direction[j] else np.inf
                options = [towards] if w[j] else []
            else:
                options = [
                    (penalty - sign * pull[j]) / (1 - sign * change[j])
                    for sign in (1.0, -1.0)
                    if abs(1 - sign * change[j]) > 1e-14
                ]
            for option in options:
                if 1e-12 * penalty < option < step:
                    step, event = option, j
        w = w + step * direction
        pull = pull - step * change
        penalty -= step
        if event in active:
            w[event] = 0.0
            signs.pop(active.index(event))
            active.remove(event)
        elif event >= 0:
            active.append(event)
            signs.append(float(np.sign(pull[event])))
        knots.append(w.copy())
        if event < 0 or not active or penalty <= 0:
            break
    return np.array(knots)
