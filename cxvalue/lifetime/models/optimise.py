"""Maximum likelihood for two to four positive parameters: several starts on coarse data, one polish on all of it.

Everything happens in log-parameters, where a change of the time unit is a mere shift.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from cxvalue.foundation.arrays import Floats
from cxvalue.lifetime.families.family import History, history

Objective = Callable[[Floats], tuple[float, Floats]]

GRADIENT_TOLERANCE = 1e-6
"""Largest slope of the mean log-likelihood, per unit of log-parameter, at which a fit counts as converged."""

_STEP = 1e-4
_CEILING = 9.0

_HIGHER = 0.5
"""By how much a log-likelihood must be higher for another hill to count."""


class Optimum(NamedTuple):
    """Where the search ended: log-parameters, value, negative Hessian and whether that is positive definite.

    `converged`: the slope has vanished (one that pushes against a bound does not count). `at_bound`: a parameter is
    within a factor of 55 of its bound; the likelihood then runs along a ridge towards a simpler model.
    """

    theta: Floats
    value: float
    information: Floats
    positive_definite: bool
    converged: bool
    at_bound: bool


def coarsen(data: History, rows: int = 1500) -> History:
    """A spread-out sample of the histories with the weight of all, for start values only.

    Neighbours are replaced by one of them, never by their mean: a mean history hides long silences and sends a model
    with dropout to the wrong hill. The choice runs through each block by the golden ratio, so it is the same each time.
    """
    if data.x.size <= rows:
        return data
    order = np.argsort((data.which * data.ages.size + data.age_of) * data.recencies.size + data.recency_of)
    starts = np.arange(0, data.x.size, -(-data.x.size // rows))
    sizes = np.diff(np.append(starts, data.x.size))
    weight = np.add.reduceat(data.weight[order], starts)
    pick = order[starts + (np.arange(starts.size) * 0.6180339887 % 1 * sizes).astype(int)]
    return history(data.x[pick], data.recency[pick], data.age[pick], weight)


def maximise(
    full: Objective,
    coarse: Objective,
    starts: Sequence[Floats],
    bounds: Sequence[tuple[float, float]],
    scale: float,
    middle: Objective | None = None,
    near: Floats | None = None,
) -> Optimum:
    """Climb from every start on the coarse objective, then from the best end on the full one.

    `scale` is the number of customers: the search runs on the mean log-likelihood. When the first two starts end at
    different heights the remaining starts are tried as well. `middle` is a finer sample, worth having for large data.
    `near` is where a similar model ended, from which the full objective is climbed too. Where all of it ends in a limit the
    first start is climbed from once more on the finer objective.
    """
    found: list[tuple[float, Floats]] = []
    for start in starts:
        if len(found) >= 2 and abs(found[0][0] - found[1][0]) * scale < 0.01:
            break
        found.append(_climb(coarse, start, bounds, scale, iterations=300))
    theta = max(found, key=lambda end: end[0])[1]
    if near is not None:
        height, there = _climb(full, near, bounds, scale, iterations=100)
        theta = there if height * scale > full(theta)[0] else theta
    # Large data: nearly all of the way is walked on a sample, whose curvature then serves for the last steps.
    guide = None if middle is None else _newton(middle, theta, bounds, scale)
    if guide is not None and guide.converged and guide.positive_definite:
        optimum = _to_the_top(full, guide.theta, bounds, scale, guide.information)
    else:
        optimum = _to_the_top(full, theta, bounds, scale)
    if not optimum.at_bound:
        return optimum
    # A coarse sample may lead into a limit where all of the data have a hill.
    finer = middle or full
    height, theta = _climb(finer, starts[0], bounds, scale, iterations=300)
    if height * scale < finer(optimum.theta)[0] + _HIGHER:
        return optimum
    again = _to_the_top(full, theta, bounds, scale)
    return again if again.value > optimum.value + _HIGHER else optimum


def _to_the_top(
    full: Objective,
    theta: Floats,
    bounds: Sequence[tuple[float, float]],
    scale: float,
    information: Floats | None = None,
) -> Optimum:
    """A few Newton steps, and where they do not settle a climb and a few more."""
    optimum = _newton(full, theta, bounds, scale, information)
    if optimum.converged:
        return optimum
    theta = _climb(full, optimum.theta, bounds, scale, iterations=500)[1]
    again = _newton(full, theta, bounds, scale)
    return again if again.converged or again.value > optimum.value else optimum


def climb_from(
    objective: Objective, start: Floats, bounds: Sequence[tuple[float, float]], scale: float
) -> tuple[float, Floats]:
    """Height and end of a climb, near enough to the top to forecast with and without any uncertainty."""
    return _climb(objective, start, bounds, scale, iterations=100, flat=1e-7)


def _climb(
    objective: Objective,
    start: Floats,
    bounds: Sequence[tuple[float, float]],
    scale: float,
    iterations: int,
    flat: float = 1e-12,
) -> tuple[float, Floats]:
    def negative(theta: Floats) -> tuple[float, Floats]:
        value, gradient = objective(theta)
        if not (np.isfinite(value) and np.isfinite(gradient).all()):
            return 1e10, np.zeros_like(theta)
        return -value / scale, -gradient / scale

    low, high = np.array(bounds).T
    result = minimize(
        negative,
        np.clip(start, low, high),
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": iterations, "ftol": flat, "gtol": 1e-7, "maxcor": 12},
    )
    return -float(result.fun), result.x


def _information(objective: Objective, theta: Floats, gradient: Floats) -> Floats:
    """Negative Hessian: the objective's own, else from central differences of the analytic gradient."""
    own = getattr(objective, "curvature", None)
    exact = None if own is None else own(theta, gradient)
    if exact is not None:
        return -np.asarray(exact, dtype=float)
    size = theta.size
    columns = np.empty((size, size))
    for i in range(size):
        step = np.zeros(size)
        step[i] = _STEP
        columns[i] = (objective(theta - step)[1] - objective(theta + step)[1]) / (2 * _STEP)
    return (columns + columns.T) / 2


def _free(gradient: Floats, theta: Floats, low: Floats, high: Floats) -> NDArray[np.bool_]:
    """Which parameters do not push against a bound."""
    return ~(((theta <= low + 1e-9) & (gradient < 0)) | ((theta >= high - 1e-9) & (gradient > 0)))


def _slope(gradient: Floats, theta: Floats, low: Floats, high: Floats) -> float:
    return float(np.abs(np.where(_free(gradient, theta, low, high), gradient, 0.0)).max())


def _newton(
    objective: Objective,
    theta: Floats,
    bounds: Sequence[tuple[float, float]],
    scale: float,
    information: Floats | None = None,
) -> Optimum:
    """A few damped Newton steps; the Hessian is renewed only where the last step was large.

    `information` is a Hessian to begin with, near enough to step by; the one that is returned is always the exact one.
    """
    low, high = np.array(bounds).T
    value, gradient = objective(theta)
    if information is None:
        information = _information(objective, theta, gradient)
    renew = False
    for _ in range(12):
        if _slope(gradient, theta, low, high) < 1e-3 * GRADIENT_TOLERANCE * scale:
            break
        if renew:
            information = _information(objective, theta, gradient)
        step = _newton_step(information, gradient, theta, low, high)
        if step is None:
            break
        step *= min(1.0, 1.0 / np.abs(step).max())
        for _ in range(6):
            trial = np.clip(theta + step, low, high)
            trial_value, trial_gradient = objective(trial)
            if trial_value >= value - 1e-9 * abs(value):
                break
            step = step / 4
        else:
            break
        renew = bool(np.abs(trial - theta).max() > 0.05)
        theta, value, gradient = trial, trial_value, trial_gradient
    information = _information(objective, theta, gradient)
    return Optimum(
        theta,
        value,
        information,
        _positive_definite(information),
        _slope(gradient, theta, low, high) < GRADIENT_TOLERANCE * scale,
        bool(((theta > high - 4) | (theta < low + 4)).any()),
    )


def _newton_step(information: Floats, gradient: Floats, theta: Floats, low: Floats, high: Floats) -> Floats | None:
    """To where the quadratic is highest while what would leave its bounds stays on them; None where it has no top."""
    free = _free(gradient, theta, low, high)
    while free.any():
        part = information[np.ix_(free, free)]
        if not _positive_definite(part):
            return None
        step = np.zeros_like(theta)
        step[free] = np.linalg.solve(part, gradient[free])
        leaving = ((theta <= low + 1e-9) & (step < 0)) | ((theta >= high - 1e-9) & (step > 0))
        if not leaving.any():
            return step
        free &= ~leaving
    return None


def _positive_definite(matrix: Floats) -> bool:
    if not np.isfinite(matrix).all():
        return False
    values = np.linalg.eigvalsh(matrix)
    return bool(values[0] > 1e-9 * max(values[-1], 1e-300))


def invert(information: Floats) -> Floats:
    """Covariance from the information; a direction in which the data say nothing gets the variance 9.

    That is a standard error of 3 on the log scale, a factor of 20 either way: wide, and still usable for draws.
    """
    if not np.isfinite(information).all():
        return np.eye(len(information)) * _CEILING
    values, vectors = np.linalg.eigh(information)
    return (vectors / np.maximum(values, 1 / _CEILING)) @ vectors.T
