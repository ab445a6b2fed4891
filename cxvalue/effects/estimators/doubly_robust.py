"""Doubly robust comparison of treated and others on arrays: odds of treatment, effect on the treated and on everybody.

Right if either the chance of treatment or the outcome without it is described well (Robins, Rotnitzky and Zhao 1994;
Sant'Anna and Zhao 2020 for the version whose error does not depend on how the two were estimated).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import expit

from cxvalue.foundation.arrays import Bools, Floats, Ints

_MANY_ROWS, _TENTH = 50_000, 10
_RIDGE = 1e-3


def fit_logit(x: Floats, y: Bools, ridge: float = _RIDGE) -> Floats:
    """Coefficients of a logistic regression by Newton's method, with a ridge of `ridge` a row against separation.

    >>> x = np.column_stack([np.ones(4), [0.0, 0.0, 1.0, 1.0]])
    >>> fit_logit(x, np.array([True, False, True, False]), ridge=1e-9).round(6).tolist()
    [0.0, 0.0]
    """
    beta = np.zeros(x.shape[1])
    if len(y) > _MANY_ROWS:
        # Where the likelihood of a tenth of them is highest: two or three steps from there end where eight would have.
        beta = fit_logit(x[::_TENTH], y[::_TENTH], ridge)
    return _climb(x, y, ridge, beta)[0]


def _climb(
    x: Floats,
    y: Bools,
    ridge: float,
    beta: Floats,
    kept: Bools | None = None,
    curvature: Floats | None = None,
) -> tuple[Floats, Floats]:
    """Coefficients where the likelihood of the rows `kept` (of all by default) is highest, from `beta` on, and a curvature.

    Of many rows the curvature is what costs: it stands, at first as it is given, as long as each step is a quarter of the
    one before. Where the steps end does not hang on it.
    """
    target, penalty, before = y.astype(float), ridge * np.eye(x.shape[1]), np.inf
    for _ in range(60):
        p = expit(x @ beta)
        if curvature is None:
            weight = p * (1 - p) if kept is None else p * (1 - p) * kept
            curvature = x.T @ (weight[:, None] * x) + penalty
        left = target - p if kept is None else (target - p) * kept
        step = np.linalg.solve(curvature, x.T @ left - penalty @ beta)
        size = np.abs(step).max()
        step *= min(1.0, 5.0 / max(size, 1e-12))
        beta = beta + step
        if size < 1e-9:
            break
        if len(y) <= _MANY_ROWS or size > before / 4:
            curvature = None
        before = size
    return beta, np.zeros((0, 0)) if curvature is None else curvature


class EffectOnTreated(NamedTuple):
    """The effect on the treated, each row's influence on it, and how much of each row's outcome it takes off.

    The effect is linear in outcomes: mean of the treated − taken @ outcomes, with `taken` 0 for the treated.
    """

    effect: float
    influence: Floats
    taken: Floats


def doubly_robust_att(x: Floats, y: Floats, treated: Bools, odds: Floats) -> EffectOnTreated:
    """Effect on the treated, doubly robust.

    `x` has the covariates with an intercept, `odds` each row's odds of treatment. The outcome of the others is regressed on
    `x` with the odds as weights, and what that leaves of them is weighted by the odds again.

    >>> x, treated, odds = np.ones((4, 1)), np.array([True, False, False, False]), np.array([1.0, 2.0, 1.0, 1.0])
    >>> found = doubly_robust_att(x, np.array([3.0, 1.0, 1.0, 2.0]), treated, odds)
    >>> found.effect, found.taken.tolist()
    (1.75, [0.0, 0.5, 0.25, 0.25])
    """
    own = np.where(treated, 0.0, odds)
    weight, share = own / own.sum(), treated / treated.sum()
    weighted = own[:, None] * x
    bread = np.linalg.pinv(x.T @ weighted)
    left = y - x @ (bread @ (weighted.T @ y))
    # The regression is weighted by the same odds, so its own error is balanced to first order (Sant'Anna and Zhao 2020).
    taken = weight + weighted @ (bread @ (share @ x - weight @ x))
    influence = share * (left - share @ left) - taken * left + weight * (weight @ left)
    return EffectOnTreated(float(share @ left - weight @ left), influence, taken)


def cross_fitted_odds(x: Floats, treated: Bools, folds: Ints) -> Floats:
    """Each row's odds of treatment, from a logit on the rows of the other folds."""
    odds = np.empty(len(x))
    many = len(x) > _MANY_ROWS
    if many:
        everybody, curvature = _climb(x, treated, _RIDGE, fit_logit(x[::_TENTH], treated[::_TENTH], _RIDGE))
    for k in np.unique(folds):
        out = folds == k
        if many:
            # From where all rows lead, and with their curvature, it is a few steps to where all but a fold do.
            beta, _ = _climb(x, treated, _RIDGE, everybody, ~out, curvature * float((~out).mean()))
        else:
            beta = fit_logit(x[~out], treated[~out], _RIDGE)
        odds[out] = np.exp(np.clip(x[out] @ beta, -30, 30))
    return odds


def cross_fitted_att(x: Floats, y: Floats, treated: Bools, odds: Floats, folds: Ints) -> tuple[float, Floats]:
    """Effect on the treated and each row's influence on it, the outcome without treatment from other folds' rows.

    `odds` must not have seen the row either (`cross_fitted_odds`). No row is judged by a model that it taught, so a rich
    model cannot fit its own noise (Chernozhukov and others 2018).
    """
    left = np.empty(len(y))
    for k in np.unique(folds):
        out, known = folds == k, (folds != k) & ~treated
        design, weight = x[known], odds[known]
        penalty = _RIDGE * weight.sum() * np.eye(x.shape[1])
        penalty[0, 0] = 0.0
        gram = design.T @ (weight[:, None] * design) + penalty
        left[out] = y[out] - x[out] @ np.linalg.lstsq(gram, design.T @ (weight * y[known]), rcond=None)[0]
    weight = np.where(treated, 0.0, odds)
    weight = weight / weight.sum()
    share = treated / treated.sum()
    own, others = float(share @ left), float(weight @ left)
    return own - others, share * (left - own) - weight * (left - others)


def augmented(
    y: Floats, treated: Bools, chance: Floats, with_it: Floats, without: Floats
) -> tuple[float, Floats, float, Floats]:
    """Effect on everybody and each row's influence on it, then on the untreated, from any two models of the outcome.

    `with_it` and `without` are each row's expected outcome with treatment and without: what they leave unexplained is added
    with the inverse of the chances. The effect on the treated is less that on the untreated of the groups swapped.

    >>> y, treated, half = np.array([4.0, 2.0, 1.0]), np.array([True, False, False]), np.full(3, 0.5)
    >>> everybody, _, untreated, _ = augmented(y, treated, half, np.full(3, 3.0), np.full(3, 1.0))
    >>> round(everybody, 6), untreated
    (2.0, 2.0)
    """
    score = with_it - without + treated * (y - with_it) / chance - ~treated * (y - without) / (1 - chance)
    everybody, others = float(score.mean()), int((~treated).sum())
    part = ~treated * (with_it - y) + treated * (1 - chance) / chance * (y - with_it)
    untreated = float(part.sum() / others)
    return everybody, (score - everybody) / y.size, untreated, (part - ~treated * untreated) / others


def robustness_value(t: float, df: float) -> float:
    """Share of what is left unexplained, of both treatment and outcome, that something hidden must explain to undo t.

    Cinelli and Hazlett (2020), equation 17, with q = 1.

    >>> round(robustness_value(4.18, 783), 3)  # their Darfur example: 13.9%
    0.139
    """
    f2 = t**2 / df
    return float((np.sqrt(f2**2 + 4 * f2) - f2) / 2)


class CrossFitted(NamedTuple):
    """Effect on everybody and on the untreated, each row's influence on either, and each row's chance of treatment."""

    everybody: float
    influence: Floats
    untreated: float
    influence_untreated: Floats
    chance: Floats


def cross_fitted_effects(
    x: Floats, y: Floats, treated: Bools, folds: Ints, *, odds: Floats | None = None
) -> CrossFitted:
    """Effects on everybody and on the untreated by augmented inverse probability weighting, no row judged by itself.

    The first column of `x` is the intercept; outcomes are regressed in each group with a ridge of 0.001 a row, chances of
    treatment are kept 0.01 away from 0 and 1 (Chernozhukov and others 2018). `odds` are those of `cross_fitted_odds` for
    the same rows and folds, where they have been worked out.
    """
    odds = cross_fitted_odds(x, treated, folds) if odds is None else odds
    chance = np.clip(odds / (1 + odds), 0.01, 0.99)
    with_it, without = np.empty(y.size), np.empty(y.size)
    numbers = np.unique(folds)
    for group, fitted in ((treated, with_it), (~treated, without)):
        # Squares and products of each fold once; a fold is judged by those of the others.
        parts = [_sums_of_squares(x, y, group & (folds == k)) for k in numbers]
        for i, k in enumerate(numbers):
            rows, gram, cross = (sum(part[j] for part in parts[:i] + parts[i + 1 :]) for j in range(3))
            penalty = _RIDGE * rows * np.eye(x.shape[1])
            penalty[0, 0] = 0.0
            out = folds == k
            fitted[out] = x[out] @ np.linalg.lstsq(gram + penalty, cross, rcond=None)[0]
    return CrossFitted(*augmented(y, treated, chance, with_it, without), chance)


def _sums_of_squares(x: Floats, y: Floats, chosen: Bools) -> tuple[int, Floats, Floats]:
    """How many rows are chosen, and of those the products of the columns of x with one another and with y."""
    rows = x[chosen]
    return len(rows), rows.T @ rows, rows.T @ y[chosen]
