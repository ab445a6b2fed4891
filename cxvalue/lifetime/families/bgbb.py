"""BG/BB: at every opportunity a customer may have left for good, and else takes it or not.

Fader, Hardie and Shang (2010), Marketing Science 29(6), 1086-1108. While alive a customer takes an opportunity with
probability p ~ Beta(alpha, beta); before each one the customer leaves with probability theta ~ Beta(gamma, delta).
Alive at n the future is the same process with Beta(alpha + x, beta + n - x) and Beta(gamma, delta + n).

Ratios of gamma functions one whole number apart are sums of logarithms here, so that nothing cancels for large
parameters and nothing is singular at gamma = 1, where the published expectation is 0 / 0.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln, expit, gammaln, logsumexp

from cxvalue.foundation.arrays import Floats
from cxvalue.lifetime.families.family import History, Params

PARAMETERS = ("alpha", "beta", "gamma", "delta")

_CELLS = 1_000_000
"""Cells of one table of the opportunities at which a customer may have left; bounds the memory."""


def _rise(value: float, steps: int) -> tuple[Floats, Floats]:
    """ln G(value + k) - ln G(value) for k = 0 ... steps, and its derivative in `value`."""
    terms = value + np.arange(steps)
    return np.append(0.0, np.cumsum(np.log(terms))), np.append(0.0, np.cumsum(1 / terms))


def log_likelihood(theta: Floats, history: History) -> tuple[float, Floats]:
    """Total log-likelihood in (ln alpha, ln beta, ln gamma, ln delta) with its gradient; `age` is n.

    Equation (5) of the paper: alive at n, or left right after opportunity m, for m = t_x ... n - 1.
    """
    total, gradient = 0.0, np.zeros(4)
    for part, terms, slopes in _terms(np.exp(theta), history):
        w = history.weight[part]
        row = logsumexp(terms, axis=1)
        share = np.exp(terms - row[:, None])
        total += float(w @ row)
        gradient += [float(w @ (share * slope).sum(axis=1)) for slope in slopes]
    return total, np.exp(theta) * gradient


def alive(params: Params, x: Floats, recency: Floats, n: Floats, ahead: int = 0) -> Floats:
    """P(alive at opportunity n + ahead); everything broadcasts (A10).

    The odds of having left right after opportunity m against being alive at n, added up from m = n - 1 down to t_x, each
    from the one before it: all are positive, so that nothing cancels.
    """
    alpha, beta, gamma, delta = params
    silent = n - recency
    gone = np.zeros(np.broadcast_shapes(*(np.shape(value) for value in (alpha, gamma, x, silent))))
    odds = np.ones_like(gone)
    with np.errstate(over="ignore"):
        for step in range(1, int(np.max(silent, initial=0)) + 1):
            m = np.maximum(n - step, recency)
            left = gamma if step == 1 else gamma + delta + m + 1
            odds = odds * ((alpha + beta + m) / (beta + m - x) * (left / (delta + m)))
            gone = np.where(silent >= step, gone + odds, gone)
    result: Floats = 1 / (1 + gone)
    for later in range(ahead):
        result = result * ((delta + n + later) / (gamma + delta + n + later))
    return result


def _terms(params: Floats, history: History) -> Iterator[tuple[slice, Floats, tuple[Floats, ...]]]:
    """Blocks of histories: ln P(history, left right after opportunity t_x + column), and its slopes in the parameters.

    The last column of a history, n - t_x, is that of being alive; those beyond it are impossible.
    """
    alpha, beta, gamma, delta = params.tolist()
    size = int(history.age.max(initial=0))
    take, take_1 = _rise(alpha, size)
    skip, skip_1 = _rise(beta, size)
    seen, seen_1 = _rise(alpha + beta, size)
    stay, stay_1 = _rise(delta, size)
    stop, stop_1 = _rise(gamma + delta, size + 1)
    x, first, n = (column.astype(int) for column in (history.x, history.recency, history.age))
    width = int((n - first).max(initial=0)) + 1
    rows = max(1, _CELLS // width)
    for start in range(0, x.size, rows):
        part = slice(start, start + rows)
        m = first[part, None] + np.arange(width)
        here = m == n[part, None]
        possible = m <= n[part, None]
        m = np.minimum(m, n[part, None])
        took = x[part, None]
        end = np.where(here, m, m + 1)
        dropped = np.where(here, 0.0, 1.0)
        terms = take[took] + skip[m - took] - seen[m] + stay[m] - stop[end] + dropped * np.log(gamma)
        slopes = (
            take_1[took] - seen_1[m],
            skip_1[m - took] - seen_1[m],
            dropped / gamma - stop_1[end],
            stay_1[m] - stop_1[end],
        )
        yield part, np.where(possible, terms, -np.inf), slopes


def no_dropout(theta: Floats, history: History) -> tuple[float, Floats]:
    """Total log-likelihood of the beta-Bernoulli model, in which nobody leaves, in (ln alpha, ln beta)."""
    alpha, beta = np.exp(theta).tolist()
    size = int(history.age.max(initial=0))
    take, take_1 = _rise(alpha, size)
    skip, skip_1 = _rise(beta, size)
    seen, seen_1 = _rise(alpha + beta, size)
    x, n, w = history.x.astype(int), history.age.astype(int), history.weight
    value = take[x] + skip[n - x] - seen[n]
    by_alpha, by_beta = take_1[x] - seen_1[n], skip_1[n - x] - seen_1[n]
    return float(w @ value), np.array([alpha * (w @ by_alpha), beta * (w @ by_beta)])


def posterior(params: Params, x: Floats, n: Floats) -> Params:
    """Parameters of the future process of customers alive at n."""
    alpha, beta, gamma, delta = params
    return alpha + x, beta + n - x, gamma, delta + n


def survival(future: Params, opportunities: int) -> Floats:
    """P(alive at each of the next 0, 1, ..., `opportunities` opportunities), along the last axis."""
    gamma, delta = (value[..., None] for value in future[2:])
    stays = np.cumprod(1 - gamma / (gamma + delta + np.arange(opportunities)), axis=-1)
    return np.concatenate([np.ones((*stays.shape[:-1], 1)), stays], axis=-1)


def expected(future: Params, opportunities: int) -> Floats:
    """E[X] over the next 0, 1, ..., `opportunities` opportunities: the mean of p times the sum of the survival.

    Equation (8) of the paper, which is 0 / 0 at gamma = 1, before its sum is taken.
    """
    alpha, beta = (value[..., None] for value in future[:2])
    stays = survival(future, opportunities)
    stays[..., 0] = 0.0
    return alpha / (alpha + beta) * np.cumsum(stays, axis=-1)


def none(future: Params, opportunities: NDArray[np.int64]) -> Floats:
    """P(none of the next opportunities is taken), elementwise: gone before one of them, or there and never taking it."""
    alpha, beta, gamma, delta = future
    shape = np.broadcast_shapes(*(np.shape(value) for value in (*future, opportunities)))
    gone, silent, result = np.zeros(shape), np.ones(shape), np.ones(shape)
    for m in range(1, int(np.max(opportunities, initial=0)) + 1):
        leaves = gamma / (gamma + delta + (m - 1))
        gone = gone + silent * leaves
        silent = silent * (1 - leaves) * ((beta + (m - 1)) / (alpha + beta + (m - 1)))
        result = np.where(opportunities == m, gone + silent, result)
    return result


def count(future: Params, opportunities: int, taken: Floats) -> Floats:
    """P(exactly `taken` of the next opportunities are taken), one value a future (equation 7); gamma may be 0."""
    alpha, beta, gamma, delta = (value[..., None] for value in future)
    m = np.arange(opportunities + 1)
    k = np.asarray(taken, dtype=float)[..., None]
    rest = np.maximum(m - k, 0.0)
    ways = gammaln(m + 1) - gammaln(k + 1) - gammaln(rest + 1)
    buys = betaln(alpha + k, beta + rest) - betaln(alpha, beta)
    ends = np.where(m == opportunities, 1.0, gamma / (gamma + delta + m))
    chance = np.exp(np.where(m >= k, ways + buys, -np.inf)) * survival(future, opportunities) * ends
    result: Floats = chance.sum(axis=-1)
    return result


def annuity(gamma: Floats, delta: Floats, rate: float) -> Floats:
    """E[(1 - theta) / (rate + theta)], theta ~ Beta(gamma, delta): the value of one unit at every survived opportunity.

    The published form is a 2F1 at 1 / (1 + rate), next to its singularity. With the part at theta = 0 taken out, what
    remains is integrated by the trapezoid rule in the log-odds of theta, where it is analytic in a strip.
    """
    g, d = (np.asarray(value, dtype=float)[..., None] for value in np.broadcast_arrays(gamma, delta))
    a, b = g + 1, d + 1
    width = np.sqrt((a + b + 2) / ((a + 1) * (b + 1)))
    peak = np.log((a + 1) / (b + 1))
    low = peak - 8 * width - 28 / a - np.log1p(1 / rate)
    high = peak + 8 * width + 28 / b
    step = np.minimum(0.3, 0.5 * width)
    nodes = int(np.ceil(((high - low) / step).max(initial=1.0))) + 1
    spacing = (high - low) / (nodes - 1)
    log_odds = low + spacing * np.arange(nodes)
    log_weight = -a * np.logaddexp(0, -log_odds) - b * np.logaddexp(0, log_odds) - betaln(a, b)
    rest = (spacing * np.exp(log_weight) / (rate + expit(log_odds))).sum(axis=-1)
    g, d = g[..., 0], d[..., 0]
    return d / (g + d) * (1 - g / (g + d + 1) * rest) / rate
