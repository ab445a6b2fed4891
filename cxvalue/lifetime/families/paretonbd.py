"""Pareto/NBD: a customer drops out at any time, at a Gamma(s, beta) rate (Schmittlein, Morrison and Colombo 1987)."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, exprel

from cxvalue.foundation.arrays import Floats
from cxvalue.lifetime.families import nbd
from cxvalue.lifetime.families.blocks import in_blocks
from cxvalue.lifetime.families.discounting import DiscountCurve
from cxvalue.lifetime.families.family import Family, History, Params, Search
from cxvalue.lifetime.families.futures import FutureDraw
from cxvalue.lifetime.families.nbd import count_probability
from cxvalue.lifetime.families.quadrature import discounted_tail, legendre
from cxvalue.lifetime.families.silences import DECAY, curvature, log_likelihood, log_odds_dead, odds_dead_shared, slopes

_MANY = 5_000
"""Histories above which P(alive) is looked up in shared integrals."""

_CELLS = 50_000
"""Cells of one quadrature table: few enough to stay in a processor's cache."""

_COUNT_NODES = 80
_LONGEST = 100.0
"""beta in units of the longest age from which dropout counts as the same for everybody."""


def _alive(params: Params, x: Floats, recency: Floats, age: Floats) -> Floats:
    odds = None
    if x.ndim == 1 and x.size > _MANY and x.shape == recency.shape == age.shape and all(p.size == 1 for p in params):
        odds = odds_dead_shared(params, x, recency, age)
    with np.errstate(over="ignore"):
        return 1 / (1 + (np.exp(log_odds_dead(params, x, recency, age)) if odds is None else odds))


def _posterior(params: Params, x: Floats, age: Floats) -> Params:
    r, alpha, s, beta = params
    return r + x, alpha + age, s, beta + age


def _expected(future: Params, times: Floats) -> Floats:
    """r beta / alpha x the integral of the survival; `exprel` has the limit s = 1 built in."""
    r, alpha, s, beta = (value[..., None] for value in future)
    log_time = np.log1p(times / beta)
    return r * beta / alpha * log_time * exprel((1 - s) * log_time)


def _none(future: Params, t: Floats) -> Floats:
    """Alive to t without a purchase, or dropped out before one."""
    r, alpha, s, beta = future
    log_still = -r * np.log1p(t / alpha) - s * np.log1p(t / beta)
    zero = np.zeros(np.shape(t))
    # From logarithms throughout: for a short life the first underflows while the odds overflow.
    return np.exp(np.minimum(log_still + np.logaddexp(0.0, log_odds_dead(future, zero, zero, t)), 0.0))


def _count_range(r: Floats, alpha: Floats, s: Floats, beta: Floats, t: Floats, n: Floats) -> tuple[Floats, Floats]:
    """Where t^(n + 1) (alpha + t)^-(r + n) (beta + t)^-(s + 1) matters in ln t, up to ln t of the horizon."""

    def height(v: Floats) -> Floats:
        return (n + 1) * v - (r + n) * np.logaddexp(log_alpha, v) - (s + 1) * np.logaddexp(log_beta, v)

    def slope(v: Floats) -> Floats:
        return n + 1 - (r + n) * expit(v - log_alpha) - (s + 1) * expit(v - log_beta)

    log_alpha, log_beta = np.log(alpha), np.log(beta)
    end = np.log(np.maximum(t, np.finfo(float).tiny))
    before = np.minimum(np.minimum(log_alpha, log_beta), end) - np.log(r + n + s + 1) - 1
    mode = _bisect(lambda v: slope(v) > 0, before, end)
    floor = height(mode) - DECAY - 2
    low = _bisect(lambda v: height(v) < floor, before - 25, mode)
    high = _bisect(lambda v: height(v) > floor, mode, end)
    return low, high


def _bisect(below: Callable[[Floats], NDArray[np.bool_]], low: Floats, high: Floats) -> Floats:
    """Where `below` turns false between low and high; high where it does not."""
    last = high
    never = below(high)
    for _ in range(26):
        middle = (low + high) / 2
        left = below(middle)
        low, high = np.where(left, middle, low), np.where(left, high, middle)
    return np.where(never, last, high)


def _count(future: Params, t: Floats, n: Floats) -> Floats:
    """P(n purchases within t), by one integral for none of them and by another for some."""
    columns = np.broadcast_arrays(*future, t, n)
    r, alpha, s, beta, t_, n_ = (np.asarray(v, dtype=float).reshape(-1) for v in columns)
    result = np.empty(r.size)
    for chosen, chance in ((n_ == 0, lambda *own: _none(own[:4], own[4])), (n_ != 0, _count_some)):
        rows = np.flatnonzero(chosen)
        if rows.size:
            result[rows] = chance(*(column[rows] for column in (r, alpha, s, beta, t_, n_)))
    return result.reshape(columns[0].shape)


def _count_some(*columns: Floats) -> Floats:
    """P(n purchases within t): alive throughout, or n purchases before a dropout, integrated over its time.

    The integral runs over the logarithm of that time, in which the log-integrand is concave: it has one mode, and the
    part beyond 38 e-folds below it on either side is left out.

    Args:
        columns: r, alpha, s, beta, t and n above 0, (rows,) each.
    """
    r, alpha, s, beta, t, n = (column[:, None] for column in columns)
    result = np.empty(r.shape[0])
    points, weights = legendre(_COUNT_NODES)

    def block(p: slice) -> None:
        low, high = _count_range(r[p], alpha[p], s[p], beta[p], t[p], n[p])
        time = np.exp(low + (high - low) * points)
        log_density = np.log(s[p] / beta[p]) - (s[p] + 1) * np.log1p(time / beta[p]) + np.log(time)
        inside = count_probability(r[p], alpha[p], time, n[p]) * np.exp(log_density)
        survived = np.exp(-s[p] * np.log1p(t[p] / beta[p])) * count_probability(r[p], alpha[p], t[p], n[p])
        result[p] = survived[:, 0] + (high - low)[:, 0] * (inside @ weights)

    in_blocks(block, r.shape[0], _CELLS // _COUNT_NODES)
    return result


def _search(data: History, still: Floats) -> Search:
    """Starts and bounds of (ln r, ln alpha, ln s, ln beta), around the model without dropout."""
    r, alpha = np.exp(still)
    span = max(float(data.age.max()), 1e-9)
    tails = [(1.2, 0.6, 0.6, 0.3 * span), (1.0, 1.0, 0.05, span), (1.5, 1.0, 2.0, 2 * span)]
    starts = [np.log([r * f, alpha * g, s, beta]) for f, g, s, beta in tails]
    longest = math.log(1e-5) + math.log(span), math.log(1e4 * span)
    return Search(starts, [*nbd.search(data).bounds, (math.log(1e-6), math.log(1e5)), longest])


def _draw_futures(future: Params, curve: DiscountCurve, early: float, rng: np.random.Generator) -> FutureDraw:
    """Purchases until the end of the life or of the horizon."""
    s, beta = future[2:]
    with np.errstate(over="ignore"):
        until = np.minimum(beta * np.expm1(rng.standard_exponential(s.size) / s), curve.horizon)
    return nbd.draw_until(future, until, curve, early, rng)


def _survival(future: Params, times: Floats) -> Floats:
    """(beta / (beta + t))^s."""
    s, beta = (value[:, None] for value in future[2:])
    return np.exp(-s * np.log1p(times / beta))


def _endless(future: Params, rate: float) -> Floats:
    """r beta / alpha x h(s, rate beta)."""
    r, alpha, s, beta = future
    return r * beta / alpha * discounted_tail(s, rate * beta)


PARETO_NBD = Family(
    name="pareto_nbd",
    title="Pareto/NBD",
    parameters=("r", "alpha", "s", "beta"),
    timed=(1, 3),
    log_likelihood=log_likelihood,
    curvature=curvature,
    slopes=slopes,
    search=_search,
    alive=_alive,
    posterior=_posterior,
    expected=_expected,
    none=_none,
    count=_count,
    draw_futures=_draw_futures,
    log_odds_dead=log_odds_dead,
    survival=_survival,
    endless=_endless,
    still=nbd.NBD,
    leaving="s",
    alike=lambda params, longest_age: params["beta"] > _LONGEST * longest_age,
    moves=(("alpha", -1.0), ("beta", -1.0)),
)
