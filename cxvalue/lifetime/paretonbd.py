"""Pareto/NBD: a customer drops out at any time, at a Gamma(s, beta) rate (Schmittlein, Morrison and Colombo 1987).

The likelihood needs the integral of (alpha + t)^-(r + x) s beta^s (beta + t)^-(s + 1) over the silence (t_x, T]. Its
closed form takes differences of 2F1 and fails for large x or very unequal alpha and beta; Gauss-Legendre quadrature in
u = ln((c + t) / (c + t_x)) with c = min(alpha, beta) does not: the log-integrand is concave and falling, at least as
fast as at its start, so the range ends where nothing is left, and the nearest singularity is pi away.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, exprel

from cxvalue.lifetime.blocks import add_up, in_blocks
from cxvalue.lifetime.families import Family, Floats, History, Params
from cxvalue.lifetime.nbd import count_probability, rate_terms

__all__ = ["PARETO_NBD", "log_odds_dead"]

_CELLS = 50_000
"""Cells of one quadrature table: few enough to stay in a processor's cache."""

_COUNT_NODES = 80
_STEEP = 1e3

_DECAY = 36.0
"""The range of integration ends where the integrand has fallen by this many e-folds (2e-16)."""


@lru_cache(maxsize=8)
def _legendre(nodes: int) -> tuple[Floats, Floats]:
    """Nodes and weights on (0, 1)."""
    points, weights = np.polynomial.legendre.leggauss(nodes)
    return (points + 1) / 2, weights / 2


def _nodes_for(span: float) -> int:
    """24 nodes are exact to 1e-12 on an ordinary range; a range over many orders of magnitude needs more."""
    return 24 if span <= 3 else 48 if span <= 8 else 96


def _silence(
    alpha: Floats, s: Floats, beta: Floats, power: Floats, start: Floats, end: Floats
) -> tuple[Floats, Floats, Floats, Floats]:
    """Quadrature of the dropout in (start, end], relative to having been alive at `end`.

    All arguments are column vectors (n, 1). Returns ln(alpha + t), ln(beta + t) at the nodes, t itself, and the
    logarithm of each node's share of (integrand x weight) / [(alpha + end)^-power (beta / (beta + end))^s].
    """
    c = np.minimum(alpha, beta)
    fall = power * (c + start) / (alpha + start) + (s + 1) * (c + start) / (beta + start) - 1
    span = np.log1p((end - start) / (c + start))
    with np.errstate(divide="ignore"):
        cut = np.where(fall > 0, np.minimum(span, _DECAY / np.where(fall > 0, fall, 1.0)), span)
    points, weights = _legendre(_nodes_for(float(cut.max(initial=0.0))))
    steps = cut * points
    t = start + np.expm1(steps) * (c + start)
    # The shortcut spares a logarithm a node; a power in the thousands would magnify the last digit that it costs.
    short = bool(s.max(initial=0.0) < _STEEP)
    log_c = np.log(c + start) + steps if short else np.log(c + t)
    log_alpha = log_c if (alpha <= beta).all() else np.log(alpha + t)
    log_beta = log_c if (beta <= alpha).all() else np.log(beta + t)
    with np.errstate(divide="ignore"):
        log_weight = np.log(cut) + np.log(weights)
    log_share = (
        power * (np.log(alpha + end) - log_alpha)
        + s * (np.log(beta + end) - log_beta)
        - log_beta
        + np.log(s)
        + log_weight
        + log_c
    )
    return log_alpha, log_beta, t, log_share


def log_odds_dead(params: Params, x: Floats, recency: Floats, age: Floats) -> Floats:
    """Logarithm of P(dead at age) / P(alive at age), elementwise; -inf right after a purchase."""
    columns = np.broadcast_arrays(*params, x, recency, age)
    shape = columns[0].shape
    r, alpha, s, beta, x_, recency_, age_ = (np.asarray(v, dtype=float).reshape(-1, 1) for v in columns)
    result = np.empty(r.shape[0])

    def block(p: slice) -> None:
        share = _silence(alpha[p], s[p], beta[p], r[p] + x_[p], recency_[p], age_[p])[3]
        result[p] = np.logaddexp.reduce(share, axis=1)

    in_blocks(block, r.shape[0], _CELLS // 24)
    return result.reshape(shape)


def log_likelihood(theta: Floats, history: History) -> tuple[float, Floats]:
    """Total Pareto/NBD log-likelihood in (ln r, ln alpha, ln s, ln beta) with its gradient."""
    r, alpha, s, beta = np.exp(theta)
    rate, rate_slope = rate_terms(r, history)

    def block(part: slice) -> tuple[float, Floats]:
        x, w, age = history.x[part], history.weight[part], history.age[part]
        one = np.ones((x.size, 1))
        log_a, log_b, t, share = _silence(
            alpha * one, s * one, beta * one, (r + x)[:, None], history.recency[part, None], age[:, None]
        )
        top = np.maximum(share.max(axis=1), 0.0)
        mass = np.exp(share - top[:, None])
        alive = np.exp(-top)
        whole = alive + mass.sum(axis=1)
        mass /= whole[:, None]
        alive /= whole
        dead = 1 - alive

        log_age, log_late = np.log(alpha + age), np.log((beta + age) / beta)
        value = rate[part] + r * np.log(alpha) - (r + x) * log_age - s * log_late + top + np.log(whole)
        by_r = rate_slope[part] + np.log(alpha) - alive * log_age - np.einsum("ij,ij->i", mass, log_a)
        inverse_alpha = alive / (alpha + age) + np.einsum("ij,ij->i", mass, 1 / (alpha + t))
        by_alpha = r / alpha - (r + x) * inverse_alpha
        by_s = -alive * log_late + dead * (1 / s + np.log(beta)) - np.einsum("ij,ij->i", mass, log_b)
        inverse_beta = np.einsum("ij,ij->i", mass, 1 / (beta + t))
        by_beta = s / beta - s * alive / (beta + age) - (s + 1) * inverse_beta
        gradient = [r * (w @ by_r), alpha * (w @ by_alpha), s * (w @ by_s), beta * (w @ by_beta)]
        return float(w @ value), np.array(gradient)

    return add_up(block, history.x.size, _CELLS // 24)


def _alive(params: Params, x: Floats, recency: Floats, age: Floats) -> Floats:
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(log_odds_dead(params, x, recency, age)))


def _posterior(params: Params, x: Floats, age: Floats) -> Params:
    r, alpha, s, beta = params
    return r + x, alpha + age, s, beta + age


def _newcomer(params: Params) -> tuple[Floats, Params]:
    return np.ones_like(params[0]), params


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
    floor = height(mode) - _DECAY - 2
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
    """P(n purchases within t): alive throughout, or n purchases before a dropout, integrated over its time.

    The integral runs over the logarithm of that time, in which the log-integrand is concave: it has one mode, and the
    part beyond 38 e-folds below it on either side is left out.
    """
    columns = np.broadcast_arrays(*future, t, n)
    shape = columns[0].shape
    r, alpha, s, beta, t_, n_ = (np.asarray(v, dtype=float).reshape(-1, 1) for v in columns)
    result = np.empty(r.shape[0])
    points, weights = _legendre(_COUNT_NODES)
    rows = _CELLS // _COUNT_NODES
    for start in range(0, r.shape[0], rows):
        p = slice(start, start + rows)
        low, high = _count_range(r[p], alpha[p], s[p], beta[p], t_[p], n_[p])
        time = np.exp(low + (high - low) * points)
        log_density = np.log(s[p] / beta[p]) - (s[p] + 1) * np.log1p(time / beta[p]) + np.log(time)
        inside = count_probability(r[p], alpha[p], time, n_[p]) * np.exp(log_density)
        survived = np.exp(-s[p] * np.log1p(t_[p] / beta[p])) * count_probability(r[p], alpha[p], t_[p], n_[p])
        result[p] = survived[:, 0] + (high - low)[:, 0] * (inside @ weights)
    whole = result.reshape(shape)
    none = columns[5] == 0
    if none.any():
        whole = np.where(none, _none(future, np.broadcast_to(t, shape)), whole)
    return whole


PARETO_NBD = Family(
    name="pareto_nbd",
    title="Pareto/NBD",
    parameters=("r", "alpha", "s", "beta"),
    timed=(1, 3),
    dropout=True,
    log_likelihood=log_likelihood,
    alive=_alive,
    posterior=_posterior,
    newcomer=_newcomer,
    expected=_expected,
    none=_none,
    count=_count,
)
