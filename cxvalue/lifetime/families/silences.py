"""The silences of Pareto/NBD customers: the odds of having left, the likelihood with its gradient and Hessian.

All need the integral of (alpha + t)^-(r + x) s beta^s (beta + t)^-(s + 1) over the silence (t_x, T]. Its closed form
takes differences of 2F1 and fails for large x or very unequal alpha and beta; Gauss-Legendre quadrature in
u = ln((c + t) / (c + t_x)) with c = min(alpha, beta) does not: the log-integrand is concave and falling, at least as
fast as at its start, so the range ends where nothing is left, and the nearest singularity is pi away. Where there are many
histories they share integrals (`cumulated`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import polygamma, psi

from cxvalue.foundation.arrays import Floats
from cxvalue.lifetime.families.blocks import add_up, in_blocks, in_logs, products
from cxvalue.lifetime.families.cumulated import PRODUCTS, Silences
from cxvalue.lifetime.families.family import History, Params
from cxvalue.lifetime.families.nbd import log_rise
from cxvalue.lifetime.families.quadrature import legendre

DECAY = 36.0
"""The range of integration ends where the integrand has fallen by this many e-folds (2e-16)."""

_CELLS = 50_000
"""Cells of one quadrature table: few enough to stay in a processor's cache."""

_EVERYBODY = slice(None)
_STEEP = 1e3


def _nodes_for(span: Floats, fall: Floats) -> NDArray[np.intp]:
    """Nodes that are exact to 1e-11: few where the range is short and the integrand falls by few e-folds over it.

    Compared with 160 nodes at 60,000 histories and parameters over three orders of magnitude each.
    """
    short = 8 + 4 * (fall > 2) + 4 * (fall > 8) + 4 * (fall > 16)
    if (span <= 3).all():
        return short
    return np.where(span <= 3, short, np.where(span <= 4, 24, np.where(span <= 8, 32, 96)))


def _reach(
    alpha: Floats | float, s: Floats | float, beta: Floats | float, power: Floats, start: Floats, end: Floats
) -> tuple[Floats, NDArray[np.intp]]:
    """Where the range of integration ends in u, and how many nodes it takes."""
    c = np.minimum(alpha, beta)
    fall = power * (c + start) / (alpha + start) + (s + 1) * (c + start) / (beta + start) - 1
    span = np.log1p((end - start) / (c + start))
    cut = np.where(fall > 0, np.minimum(span, DECAY / np.where(fall > 0, fall, 1.0)), span)
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
    x_, recency_, age_ = history.x[chosen], history.recency[chosen], history.age[chosen]
    weight, order = history.weight[chosen], _by_effort(natural, x_, recency_, age_)

    def block(part: slice) -> tuple[float, Floats]:
        rows = order[part]
        value, slopes_ = _terms(natural, x_[rows], recency_[rows], age_[rows])
        return float(weight[rows] @ value), np.array([weight[rows] @ slope for slope in slopes_])

    return add_up(block, x_.size, _CELLS // 24)


def _terms(natural: Floats, x: Floats, recency: Floats, age: Floats) -> tuple[Floats, tuple[Floats, ...]]:
    """The part of the silence in the log-likelihood of each row, and its slopes in the parameters."""
    r, alpha, s, beta = natural
    cells = _Cells.of(natural, x, recency, age)
    mass, alive = cells.mass, cells.alive
    log_age, log_late = np.log(alpha + age), np.log((beta + age) / beta)
    value = cells.top + np.log(cells.whole) - (r + x) * log_age - s * log_late
    by_r = alive * log_age + np.einsum("ij,ij->i", mass, cells.log_alpha)
    inverse_alpha = alive / (alpha + age) + np.einsum("ij,ij->i", mass, 1 / (alpha + cells.t))
    by_s = (1 - alive) * (1 / s + np.log(beta)) - alive * log_late - np.einsum("ij,ij->i", mass, cells.log_beta)
    inverse_beta = np.einsum("ij,ij->i", mass, 1 / (beta + cells.t))
    by_beta = s / beta - s * alive / (beta + age) - (s + 1) * inverse_beta
    return value, (-by_r, -(r + x) * inverse_alpha, by_s, by_beta)


def slopes(theta: Floats, history: History) -> Floats:
    """The slope of the log-likelihood of one customer of each history in the log-parameters, (rows, 4)."""
    natural = np.exp(theta)
    r, alpha = natural[:2]
    order, found = _by_effort(natural, history.x, history.recency, history.age), np.empty((history.x.size, 4))

    def block(part: slice) -> None:
        rows = order[part]
        own = _terms(natural, history.x[rows], history.recency[rows], history.age[rows])[1]
        found[rows] = np.column_stack(own)

    in_blocks(block, history.x.size, _CELLS // 24)
    found[:, 0] += psi(r + history.x) - psi(r) + np.log(alpha)
    found[:, 1] += r / alpha
    return natural * found


def _silences(natural: Floats, history: History, order: int) -> Silences | None:
    frequency, recency = (history.values, history.which), (history.recencies, history.recency_of)
    return Silences.of(natural, frequency, recency, (history.ages, history.age_of), order)


def _rest(own: Silences, history: History) -> NDArray[np.intp]:
    """The histories whose silence takes an integral of its own: those of the largest frequencies."""
    return np.flatnonzero(history.which >= len(own.tables.lasting))


def _cumulated(natural: Floats, history: History) -> tuple[float, Floats] | None:
    """The same as `_one_by_one`, from integrals that many histories share; None where there are too few for that."""
    own = _silences(natural, history, 1)
    if own is None:
        return None
    r, alpha, s, beta = natural
    times, end_at, which, w = own.times, own.end_at, own.which, history.weight[own.rows]
    power = r + history.values[: len(own.tables.lasting)]
    alive = 1 / (1 + own.odds)
    log_late = np.log1p(times / beta)[end_at]
    log_age = np.log(alpha + times)[end_at]
    value = w @ (np.log1p(own.odds) - power[which] * log_age - s * log_late)
    sums = own.sums(w)
    dead, log_alpha, _, log_beta, inverse_beta = sums.sum(axis=1)
    log_alpha, inverse_alpha = log_alpha + np.log(alpha) * dead, power @ (sums[2] + sums[0] / alpha)
    there = w * alive
    gradient = np.array(
        [
            -(there @ log_age) - log_alpha,
            -((there * power[which]) @ (1 / (alpha + times))[end_at]) - inverse_alpha,
            dead / s - there @ log_late - log_beta,
            w.sum() * s / beta - s * (there @ (1 / (beta + times))[end_at]) - (s + 1) * (inverse_beta + dead / beta),
        ]
    )
    rest = _rest(own, history)
    if rest.size:
        more, slope = _one_by_one(natural, history, rest)
        value, gradient = value + more, gradient + slope
    return float(value), gradient


def curvature(theta: Floats, history: History, gradient: Floats) -> Floats:
    """Hessian of the total log-likelihood in the log-parameters.

    The likelihood of a history is a sum over the time of dropout, or none until now. Its logarithm curves as much as
    its terms do on average, each with its share, plus the variance of their slopes between them.
    """
    natural = np.exp(theta)
    r, alpha = natural[:2]
    own = _silences(natural, history, 2)
    if own is None:
        matrix = _curvature_each(natural, history)
    else:
        matrix = _curvature_shared(natural, history, own)
        rest = _rest(own, history)
        matrix = matrix + _curvature_each(natural, history, rest) if rest.size else matrix
    number = np.bincount(history.which, history.weight, history.values.size)
    matrix[0, 0] += number @ (polygamma(1, r + history.values) - polygamma(1, r))
    matrix[0, 1] += number.sum() / alpha
    matrix[1, 1] -= number.sum() * r / alpha**2
    return in_logs(matrix, natural, gradient)


def _curvature_shared(natural: Floats, history: History, own: Silences) -> Floats:
    """The part of the silences in the Hessian, from shared integrals.

    The slopes at a dropout are a constant of the history less a multiple of one of the tables' functions, 0 where there
    was none: so their second moments take the moments of the functions and of their products.
    """
    r, alpha, s, beta = natural
    w, end_at, power = history.weight[own.rows], own.end_at, r + history.values[: len(own.tables.lasting)]
    n, late = power[own.which], own.times[end_at]
    by_alpha, by_beta = 1 / (alpha + late), 1 / (beta + late)
    constant = np.array(
        [
            np.log1p(late / alpha),
            -n * late / alpha * by_alpha,
            1 / s + np.log1p(late / beta),
            -s * late / beta * by_beta - 1 / beta,
        ]
    )
    steps = np.array([np.ones_like(power), power, np.ones_like(power), np.full_like(power, s + 1)])
    first = np.array([step[own.which] * own.means(place) for place, step in enumerate(steps, start=1)])
    alive = 1 / (1 + own.odds)
    dead, there = own.odds * alive, w * alive
    sums = own.sums(w)
    products_of = dict(zip(PRODUCTS, sums[5:], strict=True))
    matrix = -products(constant * dead - first, w)
    for (i, j), table in products_of.items():
        crossed = constant[i] * constant[j] * dead - constant[i] * first[j] - constant[j] * first[i]
        matrix[i, j] += w @ crossed + (steps[i] * steps[j]) @ table
    gone, _, inverse_alpha, _, inverse_beta = sums[:5]
    matrix[0, 1] -= (inverse_alpha + gone / alpha).sum() + there @ by_alpha
    squares = products_of[1, 1] + 2 * inverse_alpha / alpha + gone / alpha**2
    matrix[1, 1] += power @ squares + there @ (n * by_alpha**2)
    matrix[2, 2] -= gone.sum() / s**2
    matrix[2, 3] += w.sum() / beta - (inverse_beta + gone / beta).sum() - there @ by_beta
    squares = products_of[3, 3] + 2 * inverse_beta / beta + gone / beta**2
    matrix[3, 3] += (s + 1) * squares.sum() + s * (there @ by_beta**2) - w.sum() * s / beta**2
    return matrix


def _curvature_each(natural: Floats, history: History, chosen: NDArray[np.intp] | slice = _EVERYBODY) -> Floats:
    """The part of the silences in the Hessian, of each history by its own quadrature."""
    r, alpha, s, beta = natural
    x_, recency_, age_, weight = (
        column[chosen] for column in (history.x, history.recency, history.age, history.weight)
    )
    order = _by_effort(natural, x_, recency_, age_)

    def block(part: slice) -> tuple[float, Floats]:
        rows = order[part]
        w, age, n = weight[rows], age_[rows], r + x_[rows]
        cells = _Cells.of(natural, x_[rows], recency_[rows], age)
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

    return add_up(block, x_.size, _CELLS // 24)[1]


def odds_dead_shared(params: Params, x: Floats, recency: Floats, age: Floats) -> Floats | None:
    """P(dead at age) / P(alive at age) of rows, from integrals that many of them share; None where there are too few.

    `params` are arrays of one.
    """
    (values, which), back, ages = (np.unique(column, return_inverse=True) for column in (x, recency, age))
    own = Silences.of(np.concatenate(params), (values, which), back, ages, order=0)
    if own is None:
        return None
    odds = np.empty(x.size)
    odds[own.rows] = own.odds
    rest = np.flatnonzero(which >= len(own.tables.lasting))
    if rest.size:
        with np.errstate(over="ignore"):
            odds[rest] = np.exp(log_odds_dead(params, x[rest], recency[rest], age[rest]))
    return odds
