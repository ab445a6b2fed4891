"""Pareto/NBD: a customer drops out at any time, at a Gamma(s, beta) rate (Schmittlein, Morrison and Colombo 1987).

The likelihood needs the integral of (alpha + t)^-(r + x) s beta^s (beta + t)^-(s + 1) over the silence (t_x, T]. Its
closed form takes differences of 2F1 and fails for large x or very unequal alpha and beta; Gauss-Legendre quadrature in
u = ln((c + t) / (c + t_x)) with c = min(alpha, beta) does not: the log-integrand is concave and falling, at least as
fast as at its start, so the range ends where nothing is left, and the nearest singularity is pi away.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, exprel, polygamma, psi

from cxvalue.lifetime.families import nbd
from cxvalue.lifetime.families.blocks import add_up, in_blocks, in_logs, products
from cxvalue.lifetime.families.cumulated import dropout_tables, powers_that_fit
from cxvalue.lifetime.families.discounting import DiscountCurve
from cxvalue.lifetime.families.family import Family, History, Params, Search
from cxvalue.lifetime.families.futures import Floats, FutureDraw
from cxvalue.lifetime.families.nbd import count_probability, log_rise
from cxvalue.lifetime.families.quadrature import discounted_tail, legendre

__all__ = ["PARETO_NBD", "log_odds_dead"]

_CELLS = 50_000
"""Cells of one quadrature table: few enough to stay in a processor's cache."""

_SHARED = 0.75
"""Integrals a history up to which shared ones are worth it."""

_EVERYBODY = slice(None)

_COUNT_NODES = 80
_STEEP = 1e3
_LONGEST = 100.0
"""beta in units of the longest age from which dropout counts as the same for everybody."""

_DECAY = 36.0
"""The range of integration ends where the integrand has fallen by this many e-folds (2e-16)."""


def _nodes_for(span: Floats, fall: Floats) -> NDArray[np.intp]:
    """Nodes that are exact to 1e-11: few where the range is short and the integrand falls by few e-folds over it.

    Compared with 160 nodes at 60,000 histories and parameters over three orders of magnitude each.
    """
    short = 8 + 4 * (fall > 2) + 4 * (fall > 8) + 4 * (fall > 16)
    return np.where(span <= 3, short, np.where(span <= 4, 24, np.where(span <= 8, 32, 96)))


def _reach(
    alpha: Floats | float, s: Floats | float, beta: Floats | float, power: Floats, start: Floats, end: Floats
) -> tuple[Floats, NDArray[np.intp]]:
    """Where the range of integration ends in u, and how many nodes it takes."""
    c = np.minimum(alpha, beta)
    fall = power * (c + start) / (alpha + start) + (s + 1) * (c + start) / (beta + start) - 1
    span = np.log1p((end - start) / (c + start))
    cut = np.where(fall > 0, np.minimum(span, _DECAY / np.where(fall > 0, fall, 1.0)), span)
    return cut, _nodes_for(cut, (power + s + 1) * cut)


def _silence(
    alpha: Floats, s: Floats, beta: Floats, power: Floats, start: Floats, end: Floats
) -> tuple[Floats, Floats, Floats, Floats]:
    """Quadrature of the dropout in (start, end], relative to having been alive at `end`.

    All arguments are column vectors (n, 1). Returns ln(alpha + t), ln(beta + t) at the nodes, t itself, and the
    logarithm of each node's share of (integrand x weight) / [(alpha + end)^-power (beta / (beta + end))^s].
    """
    c = np.minimum(alpha, beta)
    cut, nodes = _reach(alpha, s, beta, power, start, end)
    points, weights = legendre(int(nodes.max(initial=8)))
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


class _Cells(NamedTuple):
    """One block of the likelihood: columns t at the nodes, and the share of each in the likelihood of its history.

    `alive` is the share of having been alive at the end; `top` + ln `whole` is the logarithm of the sum of both.
    """

    log_alpha: Floats
    log_beta: Floats
    t: Floats
    mass: Floats
    alive: Floats
    top: Floats
    whole: Floats

    @classmethod
    def of(cls, parameters: Floats, x: Floats, recency: Floats, age: Floats) -> _Cells:
        r, alpha, s, beta = parameters
        one = np.ones((x.size, 1))
        log_a, log_b, t, share = _silence(
            alpha * one, s * one, beta * one, (r + x)[:, None], recency[:, None], age[:, None]
        )
        top = np.maximum(share.max(axis=1), 0.0)
        mass = np.exp(np.subtract(share, top[:, None], out=share), out=share)
        alive = np.exp(-top)
        whole = alive + mass.sum(axis=1)
        mass /= whole[:, None]
        alive /= whole
        return cls(log_a, log_b, t, mass, alive, top, whole)


def _by_effort(parameters: Floats, x: Floats, recency: Floats, age: Floats) -> NDArray[np.intp]:
    """The rows in the order of the nodes that they need, so that a block holds its like."""
    r, alpha, s, beta = parameters
    return np.argsort(_reach(alpha, s, beta, r + x, recency, age)[1], kind="stable")


def log_likelihood(theta: Floats, history: History) -> tuple[float, Floats]:
    """Total Pareto/NBD log-likelihood in (ln r, ln alpha, ln s, ln beta) with its gradient."""
    natural = np.exp(theta)
    r, alpha, _, _ = natural
    rate, rate_slope = log_rise(r, history.values), psi(r + history.values) - psi(r)
    number = np.bincount(history.which, history.weight, history.values.size)
    customers = number.sum()
    fixed = number @ rate + customers * r * np.log(alpha)
    slopes = np.array([number @ rate_slope + customers * np.log(alpha), customers * r / alpha, 0.0, 0.0])
    value, gradient = _cumulated(natural, history) or _one_by_one(natural, history)
    return float(fixed + value), natural * (slopes + gradient)


def _one_by_one(
    natural: Floats, history: History, chosen: NDArray[np.intp] | slice = _EVERYBODY
) -> tuple[float, Floats]:
    """The part of the silences in log-likelihood and gradient, of each history by its own quadrature."""
    r, alpha, s, beta = natural
    x_, recency_, age_ = history.x[chosen], history.recency[chosen], history.age[chosen]
    weight, order = history.weight[chosen], _by_effort(natural, x_, recency_, age_)

    def block(part: slice) -> tuple[float, Floats]:
        rows = order[part]
        x, w, age = x_[rows], weight[rows], age_[rows]
        cells = _Cells.of(natural, x, recency_[rows], age)
        mass, alive = cells.mass, cells.alive
        log_age, log_late = np.log(alpha + age), np.log((beta + age) / beta)
        value = cells.top + np.log(cells.whole) - (r + x) * log_age - s * log_late
        by_r = alive * log_age + np.einsum("ij,ij->i", mass, cells.log_alpha)
        inverse_alpha = alive / (alpha + age) + np.einsum("ij,ij->i", mass, 1 / (alpha + cells.t))
        by_s = (1 - alive) * (1 / s + np.log(beta)) - alive * log_late - np.einsum("ij,ij->i", mass, cells.log_beta)
        inverse_beta = np.einsum("ij,ij->i", mass, 1 / (beta + cells.t))
        by_beta = s / beta - s * alive / (beta + age) - (s + 1) * inverse_beta
        return float(w @ value), np.array([-(w @ by_r), -(w @ ((r + x) * inverse_alpha)), w @ by_s, w @ by_beta])

    return add_up(block, x_.size, _CELLS // 24)


def _cumulated(natural: Floats, history: History) -> tuple[float, Floats] | None:
    """The same as `_one_by_one`, from integrals that many histories share; None where there are too few for that."""
    r, alpha, s, beta = natural
    power, longest = r + history.values, float(history.ages[-1])
    fit, most = powers_that_fit(natural, power, longest), _SHARED * history.x.size
    times = np.union1d(history.recencies, history.ages)
    if fit == 0 or times.size * fit > most:
        return None
    tables = dropout_tables(natural, power[:fit], times, most)
    if tables is None:
        return None
    inside = slice(None) if fit == power.size else np.flatnonzero(history.which < fit)
    which, w = history.which[inside], history.weight[inside]
    start = which * times.size + np.searchsorted(times, history.recencies)[history.recency_of[inside]]
    end_at = np.searchsorted(times, history.ages)[history.age_of[inside]]
    end = which * times.size + end_at
    flat, lasting = tables.integrals.reshape(len(tables.integrals), -1), tables.lasting.reshape(-1)
    lift = s / beta * np.exp(lasting[end])
    odds = lift * (flat[0, start] - flat[0, end])
    alive = 1 / (1 + odds)
    log_late = np.log1p(times / beta)[end_at]
    log_age = np.log(alpha + times)[end_at]
    value = w @ (np.log1p(odds) - (r + history.values)[which] * log_age - s * log_late)
    # What each cell of the tables counts for in the sums over all histories.
    dead = w * alive * lift
    cells = np.bincount(start, dead, lasting.size) - np.bincount(end, dead, lasting.size)
    by_power = (flat * cells).reshape(len(flat), fit, times.size).sum(axis=2)
    _, log_alpha, inverse_alpha, log_beta, inverse_beta = by_power.sum(axis=1)
    inverse_alpha = power[:fit] @ by_power[2]
    there, gone = w * alive, w @ (1 - alive)
    gradient = np.array(
        [
            -(there @ log_age) - log_alpha,
            -((there * power[which]) @ (1 / (alpha + times))[end_at]) - inverse_alpha,
            gone * (1 / s + np.log(beta)) - there @ log_late - log_beta,
            w.sum() * s / beta - s * (there @ (1 / (beta + times))[end_at]) - (s + 1) * inverse_beta,
        ]
    )
    if fit < power.size:
        rest, slope = _one_by_one(natural, history, np.flatnonzero(history.which >= fit))
        value, gradient = value + rest, gradient + slope
    return float(value), gradient


def _curvature(theta: Floats, history: History, gradient: Floats) -> Floats:
    """Hessian of the total log-likelihood in the log-parameters.

    The likelihood of a history is a sum over the time of dropout, or none until now. Its logarithm curves as much as
    its terms do on average, each with its share, plus the variance of their slopes between them.
    """
    natural = np.exp(theta)
    r, alpha, s, beta = natural
    order = _by_effort(natural, history.x, history.recency, history.age)

    def block(part: slice) -> tuple[float, Floats]:
        rows = order[part]
        w, age, n = history.weight[rows], history.age[rows], r + history.x[rows]
        cells = _Cells.of(natural, history.x[rows], history.recency[rows], age)
        log_alpha, log_beta = np.log(alpha + age), np.log(beta + age)
        # The last column is the one of being alive; slopes are taken from there, which keeps them short.
        share = w[:, None] * np.column_stack([cells.mass, cells.alive])
        by_alpha = 1 / np.column_stack([alpha + cells.t, alpha + age])
        by_beta = 1 / np.column_stack([beta + cells.t, beta + age])
        late = np.column_stack([np.ones_like(cells.t), np.zeros(age.size)])
        slopes = np.array(
            [
                np.column_stack([log_alpha[:, None] - cells.log_alpha, np.zeros(age.size)]),
                -n[:, None] * (by_alpha - by_alpha[:, -1:]),
                np.column_stack([1 / s + log_beta[:, None] - cells.log_beta, np.zeros(age.size)]),
                -(s + late) * by_beta + s * by_beta[:, -1:],
            ]
        )
        mean = np.einsum("kij,ij->ki", slopes, share) / np.maximum(w, 1e-300)
        matrix = products(slopes.reshape(4, -1), share.reshape(-1)) - products(mean, w)
        matrix[0, 1] -= np.einsum("ij,ij->", share, by_alpha)
        matrix[1, 1] += np.einsum("i,ij,ij->", n, share, by_alpha**2)
        matrix[2, 2] -= np.einsum("ij,ij->", share, late) / s**2
        matrix[2, 3] += w.sum() / beta - np.einsum("ij,ij->", share, by_beta)
        matrix[3, 3] += np.einsum("ij,ij->", share, (s + late) * by_beta**2) - w.sum() * s / beta**2
        return 0.0, matrix

    matrix = add_up(block, history.x.size, _CELLS // 24)[1]
    number = np.bincount(history.which, history.weight, history.values.size)
    matrix[0, 0] += number @ (polygamma(1, r + history.values) - polygamma(1, r))
    matrix[0, 1] += number.sum() / alpha
    matrix[1, 1] -= number.sum() * r / alpha**2
    return in_logs(matrix, natural, gradient)


def _alive(params: Params, x: Floats, recency: Floats, age: Floats) -> Floats:
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(log_odds_dead(params, x, recency, age)))


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
    points, weights = legendre(_COUNT_NODES)
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
    curvature=_curvature,
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
