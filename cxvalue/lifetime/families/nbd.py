"""NBD: customers buy at Gamma-distributed rates for ever (Ehrenberg 1959); the yardstick without dropout.

Its likelihood is written for the purchase times, as in the models with dropout, so that likelihoods can be compared.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln, psi

from cxvalue.lifetime.families.family import Family, Floats, History, Params

__all__ = ["NBD", "count_probability", "log_rise"]

_LARGE = 50.0


def log_rise(z: ArrayLike, a: ArrayLike) -> Floats:
    """ln G(z + a) - ln G(z); by Stirling's series where z is large and the two would cancel."""
    z, a = np.asarray(z, dtype=float), np.asarray(a, dtype=float)
    large = np.maximum(z, _LARGE)
    series = (large - 0.5) * np.log1p(a / large) + a * (np.log(large + a) - 1) + _stirling(large + a) - _stirling(large)
    return np.where(z > _LARGE, series, gammaln(z + a) - gammaln(z))


def _stirling(z: Floats) -> Floats:
    return 1 / (12 * z) - 1 / (360 * z**3) + 1 / (1260 * z**5)


def log_likelihood(theta: Floats, history: History) -> tuple[float, Floats]:
    """Total log-likelihood in (ln r, ln alpha) with its gradient."""
    r, alpha = np.exp(theta)
    values = history.values
    rate, rate_slope = log_rise(r, values), psi(r + values) - psi(r)
    log_ages, inverse_ages = np.log(alpha + history.ages), 1 / (alpha + history.ages)
    # The rows enter through sums by frequency and sums by age alone.
    number = np.bincount(history.which, history.weight, values.size)
    by_age = np.bincount(history.age_of, history.weight, history.ages.size)
    bought = np.bincount(history.age_of, history.weight * history.x, history.ages.size)
    exposed = r * by_age + bought
    value = (number * (rate + r * np.log(alpha))).sum() - (exposed * log_ages).sum()
    by_r = (number * (rate_slope + np.log(alpha))).sum() - (by_age * log_ages).sum()
    by_alpha = (number * r / alpha).sum() - (exposed * inverse_ages).sum()
    return float(value), np.array([r * by_r, alpha * by_alpha])


def count_probability(r: Floats, alpha: Floats, t: Floats, n: Floats) -> Floats:
    """Negative binomial P(n purchases within t) at a Gamma(r, alpha) rate, from logarithms."""
    with np.errstate(divide="ignore", invalid="ignore"):
        log_bought = np.where(n > 0, n * (np.log(t) - np.log(alpha + t)), 0.0)
    log_none = -r * np.log1p(t / alpha)
    return np.exp(log_rise(r, n) - gammaln(n + 1) + log_none + log_bought)


def _alive(params: Params, x: Floats, recency: Floats, age: Floats) -> Floats:
    return np.ones(np.broadcast_shapes(params[0].shape, x.shape, recency.shape, age.shape))


def _posterior(params: Params, x: Floats, age: Floats) -> Params:
    return params[0] + x, params[1] + age


def _newcomer(params: Params) -> tuple[Floats, Params]:
    return np.ones_like(params[0]), params


def _expected(future: Params, times: Floats) -> Floats:
    r, alpha = (value[..., None] for value in future)
    return r * times / alpha


def _none(future: Params, t: Floats) -> Floats:
    return np.exp(-future[0] * np.log1p(t / future[1]))


def _count(future: Params, t: Floats, n: Floats) -> Floats:
    r, alpha = future
    return count_probability(r, alpha, t, n)


NBD = Family(
    name="nbd",
    title="NBD",
    parameters=("r", "alpha"),
    timed=(1,),
    dropout=False,
    log_likelihood=log_likelihood,
    alive=_alive,
    posterior=_posterior,
    newcomer=_newcomer,
    expected=_expected,
    none=_none,
    count=_count,
)
