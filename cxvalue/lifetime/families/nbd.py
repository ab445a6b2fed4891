"""NBD: customers buy at Gamma-distributed rates for ever (Ehrenberg 1959); the yardstick without dropout.

Its likelihood is written for the purchase times, as in the models with dropout, so that likelihoods can be compared.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln, psi

from cxvalue.foundation.arrays import Floats
from cxvalue.lifetime.families.discounting import DiscountCurve
from cxvalue.lifetime.families.family import Family, History, Params, Search
from cxvalue.lifetime.families.futures import FutureDraw, drawn_before

_LARGE = 50.0


def log_rise(z: ArrayLike, a: ArrayLike) -> Floats:
    """ln G(z + a) - ln G(z); by Stirling's series where z is large and the two would cancel."""
    z, a = np.asarray(z, dtype=float), np.asarray(a, dtype=float)
    if not (z > _LARGE).any():
        return np.asarray(gammaln(z + a) - gammaln(z))
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


def _expected(future: Params, times: Floats) -> Floats:
    r, alpha = (value[..., None] for value in future)
    return r * times / alpha


def _none(future: Params, t: Floats) -> Floats:
    return np.exp(-future[0] * np.log1p(t / future[1]))


def search(data: History, still: Floats | None = None, *, events: int = 1) -> Search:
    """Starts and bounds of (ln r, ln alpha); a rhythm takes several events to a purchase."""
    span = max(float(data.age.max()), 1e-9)
    rate = events * max(data.purchases, 0.5) / max(float(data.weight @ data.age), 1e-9)
    low, high = math.log(1e-5), math.log(1e5)
    bounds = [(low, high), (low + math.log(span), high + math.log(span))]
    return Search([np.log([r, r / rate]) for r in (0.5, 2.0)], bounds)


def draw_purchases(
    future: Params, until: Floats | float, rng: np.random.Generator
) -> tuple[NDArray[np.intp], NDArray[np.int64], Floats]:
    """Purchases at Gamma(r, alpha) rates until an end: the index of who has any, how many, and that end."""
    r, alpha = future[:2]
    bought = rng.poisson(rng.standard_gamma(r) * (until / alpha))
    cell = np.flatnonzero(bought)
    return cell, bought[cell], np.broadcast_to(until, r.shape)[cell]


def draw_until(
    future: Params, until: Floats | float, curve: DiscountCurve, early: float, rng: np.random.Generator
) -> FutureDraw:
    """Purchases that lie evenly over the time until an end, which is that of the horizon or of the customer."""
    cell, number, end = draw_purchases(future, until, rng)
    soon = drawn_before(number, end, early, rng)
    return FutureDraw(cell, number.astype(float), curve.mean_until(end), soon.astype(float))


NBD = Family(
    name="nbd",
    title="NBD",
    parameters=("r", "alpha"),
    timed=(1,),
    log_likelihood=log_likelihood,
    search=search,
    alive=_alive,
    posterior=_posterior,
    expected=_expected,
    none=_none,
    count=lambda future, t, n: count_probability(future[0], future[1], t, n),
    draw_futures=lambda future, curve, early, rng: draw_until(future, curve.horizon, curve, early, rng),
    recency=False,
)
