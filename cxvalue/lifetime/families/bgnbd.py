"""BG/NBD and MBG/NBD: a customer may drop out right after a purchase, with a Beta(a, b) probability.

BG/NBD: Fader, Hardie and Lee (2005), Marketing Science 24(2), 275-284. MBG/NBD, where the first purchase can be the
last as well: Batislam, Denizel and Filiztekin (2007) and Wagner and Hoppe (2008). Alive at T the future of both is a
BG/NBD process: Gamma(r + x, alpha + T) rates and Beta(a, b + x) dropout, with b + x + 1 for the MBG/NBD.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np
from scipy.special import betainc, betaln, expit, polygamma, psi

from cxvalue.foundation.arrays import Floats
from cxvalue.lifetime.families import nbd
from cxvalue.lifetime.families.blocks import add_up, in_blocks, in_logs, products
from cxvalue.lifetime.families.discounting import DiscountCurve
from cxvalue.lifetime.families.family import Family, History, Params, Search
from cxvalue.lifetime.families.futures import FutureDraw, drawn_before
from cxvalue.lifetime.families.nbd import count_probability, log_rise
from cxvalue.lifetime.families.quadrature import beta_mean, discounted_tail
from cxvalue.lifetime.families.scaled_time import read_off

_CELLS = 65_536
"""Cells of one quadrature table of `expected`: few enough to stay in a processor's cache."""

_SHORT = 50.0
"""Up to this steepness of the integrand at p = 0 a chord is near enough to it."""
_ROWS = 8_192
"""Histories worked on at once in the likelihood."""
_LARGEST = 1e3
"""a + b from which dropout counts as the same for everybody."""


class _ByFrequency(NamedTuple):
    """What depends on frequency alone: its part of the log-likelihood with the slopes in r, a and b, and of P(dead).

    Without a toss there are no `odds`; `last` is b plus the tosses before the last.
    """

    value: Floats
    by_r: Floats
    by_a: Floats
    by_b: Floats
    odds: Floats
    last: Floats

    @classmethod
    def of(cls, natural: Floats, values: Floats, first: int) -> _ByFrequency:
        r, alpha, a, b = natural
        rate, rate_slope = log_rise(r, values), psi(r + values) - psi(r)
        tosses = values + first
        total = psi(a + b) - psi(a + b + tosses)
        survived = log_rise(b, tosses) - log_rise(a + b, tosses)
        can_be_dead = tosses > 0
        last = np.where(can_be_dead, b + tosses - 1, 1.0)
        odds = np.where(can_be_dead, np.log(a) - np.log(last), -np.inf)
        by_b = total + psi(b + tosses) - psi(b)
        return cls(rate + r * np.log(alpha) + survived, rate_slope + np.log(alpha), total, by_b, odds, last)


def _log_likelihood(theta: Floats, history: History, first: int) -> tuple[float, Floats]:
    """Shared by both: `first` is 1 when the first purchase may be the last (MBG/NBD), else 0."""
    natural = np.exp(theta)
    r, alpha, a, _ = natural
    values, own = history.values, _ByFrequency.of(natural, history.values, first)
    odds, last = own.odds, own.last
    log_ages, log_recencies = np.log(alpha + history.ages), np.log(alpha + history.recencies)
    inverse_ages, inverse_recencies = 1 / (alpha + history.ages), 1 / (alpha + history.recencies)
    # What differs by frequency alone is summed by frequency, the rest row by row.
    number = np.bincount(history.which, history.weight, values.size)
    fixed = number @ own.value
    slopes = np.array([number @ own.by_r, 0.0, number @ own.by_a, number @ own.by_b])

    def block(part: slice) -> tuple[float, Floats]:
        x, w, which = history.x[part], history.weight[part], history.which[part]
        age, recency = history.age_of[part], history.recency_of[part]
        log_age = log_ages[age]
        silence, shape = log_age - log_recencies[recency], r + x
        with np.errstate(invalid="ignore"):
            log_odds = odds[which] + shape * silence
        # One exponential gives both ln(1 + odds) and P(dead).
        small = np.exp(-np.abs(log_odds))
        either = np.maximum(log_odds, 0.0) + np.log1p(small)
        dead = np.where(log_odds > 0, 1.0, small) / (1 + small)
        here = inverse_ages[age]
        by_alpha = r / alpha - shape * (here + dead * (inverse_recencies[recency] - here))
        gradient = [w @ (dead * silence - log_age), w @ by_alpha, (w @ dead) / a, -(w @ (dead / last[which]))]
        return float(w @ (either - shape * log_age)), np.array(gradient)

    value, gradient = add_up(block, history.x.size, _ROWS)
    return float(fixed + value), natural * (slopes + gradient)


def _slopes(theta: Floats, history: History, first: int) -> Floats:
    """The slope of the log-likelihood of one customer of each history in the log-parameters, (rows, 4)."""
    natural = np.exp(theta)
    r, alpha, a, _ = natural
    own, which = _ByFrequency.of(natural, history.values, first), history.which
    silence, shape = np.log((alpha + history.age) / (alpha + history.recency)), r + history.x
    with np.errstate(invalid="ignore"):
        dead = expit(own.odds[which] + shape * silence)
    here, then = 1 / (alpha + history.age), 1 / (alpha + history.recency)
    by_r = own.by_r[which] + dead * silence - np.log(alpha + history.age)
    by_alpha = r / alpha - shape * (here + dead * (then - here))
    by_a, by_b = own.by_a[which] + dead / a, own.by_b[which] - dead / own.last[which]
    found: Floats = natural * np.column_stack([by_r, by_alpha, by_a, by_b])
    return found


def _curvature(theta: Floats, history: History, gradient: Floats, first: int) -> Floats:
    """Hessian of the total log-likelihood in the log-parameters; see `_log_likelihood` for the terms.

    With v the gradient of the log-odds z of being dead and d = P(dead), a row adds d (1 - d) v v' + d z''.
    """
    natural = np.exp(theta)
    r, alpha, a, b = natural
    values, own = history.values, _ByFrequency.of(natural, history.values, first)
    odds, last, tosses = own.odds, own.last, values + first
    inverse_last = 1 / last
    log_ages, log_recencies = np.log(alpha + history.ages), np.log(alpha + history.recencies)
    inverse_ages, inverse_recencies = 1 / (alpha + history.ages), 1 / (alpha + history.recencies)

    def block(part: slice) -> tuple[float, Floats]:
        w, which = history.weight[part], history.which[part]
        age, recency = history.age_of[part], history.recency_of[part]
        silence, shape = log_ages[age] - log_recencies[recency], r + history.x[part]
        with np.errstate(invalid="ignore"):
            dead = expit(odds[which] + shape * silence)
        here, then = inverse_ages[age], inverse_recencies[recency]
        change = here - then
        slopes = np.array([silence, shape * change, np.full(w.size, 1 / a), -inverse_last[which]])
        weighted = w * dead
        matrix = products(slopes, weighted * (1 - dead))
        matrix[0, 1] += weighted @ change - w @ here
        matrix[1, 1] += weighted @ (shape * (then**2 - here**2)) + w @ (shape * here**2)
        matrix[2, 2] -= weighted.sum() / a**2
        matrix[3, 3] += weighted @ inverse_last[which] ** 2
        return 0.0, matrix

    matrix = add_up(block, history.x.size, _ROWS)[1]
    number = np.bincount(history.which, history.weight, values.size)
    whole = polygamma(1, a + b) - polygamma(1, a + b + tosses)
    matrix[0, 0] += number @ (polygamma(1, r + values) - polygamma(1, r))
    matrix[0, 1] += number.sum() / alpha
    matrix[1, 1] -= number.sum() * r / alpha**2
    matrix[2, 2] += number @ whole
    matrix[2, 3] += number @ whole
    matrix[3, 3] += number @ (whole + polygamma(1, b + tosses) - polygamma(1, b))
    return in_logs(matrix, natural, gradient)


def _alive(params: Params, x: Floats, recency: Floats, age: Floats, first: int) -> Floats:
    r, alpha, a, b = params
    tosses = x + first
    with np.errstate(divide="ignore", invalid="ignore"):
        log_odds = np.log(a) - np.log(np.where(tosses > 0, b + tosses - 1, 1.0))
    log_odds = log_odds + (r + x) * (np.log(alpha + age) - np.log(alpha + recency))
    return np.where(tosses > 0, expit(-log_odds), 1.0)


def _log_power_mean(a: Floats, b: Floats, power: Floats) -> Floats:
    """ln E[(1 - p)^power], p ~ Beta(a, b)."""
    return log_rise(b, a) - log_rise(b + power, a)


def _expected(future: Params, times: Floats) -> Floats:
    """E[(1 - (1 + p t / alpha)^-r) / p] over p ~ Beta(a, b), by the trapezoid rule in the log-odds of p.

    The closed form needs 2F1 and is 0/0 at a = 1; this integrand is positive and analytic in a strip around the real
    line, so the rule converges exponentially for every parameter. A curve through the values at p = 0 and p = 1, most
    (1 - p)^m + least p, is taken out and added back exactly, which keeps the tails short when a or b is small. Where
    the horizon is short m = 1, a chord; where it is long that chord would lie far above the curve and cancel against it,
    so m grows until most (1 - p)^m lies below.
    """
    r, alpha, a, b = np.broadcast_arrays(*future)
    whole_shape = *r.shape, np.shape(times)[-1]
    r, alpha, a, b = (np.ascontiguousarray(value, dtype=float).reshape(-1) for value in (r, alpha, a, b))
    if not r.size:
        return np.zeros(whole_shape)
    tau = np.broadcast_to(times, whole_shape).reshape(r.size, -1) / alpha[:, None]
    found = read_off(_expected_early, (r, a, b), tau)
    whole = _expected_each((r, a, b), tau) if found is None else np.log1p(tau) * found
    return np.maximum(whole, 0.0).reshape(whole_shape)


def _expected_early(kind: Params, tau: Floats) -> Floats:
    """`_expected` over ln(1 + tau), which has a limit at 0."""
    found: Floats = _expected_each(kind, tau) / np.log1p(tau)
    return found


def _expected_each(kind: Params, tau: Floats) -> Floats:
    """`_expected` of each row at times in units of alpha: its own, (rows, times), or those of all, (times,)."""
    r, a, b = (value[:, None] for value in kind)
    tau = np.broadcast_to(tau, (r.size, tau.shape[-1]))
    result = np.empty(tau.shape)
    reach = r * tau.max(axis=1, keepdims=True)
    width = np.sqrt((a + b + 2) / ((a + 1) * (b + 1)))
    peak = np.log((a + 1) / (b + 1))
    low = peak - 8 * width - 28 / (a + 1) - np.log1p(reach * (r + 1) / r)
    high = peak + 8 * width + 28 / (b + 1)
    step = np.minimum(0.3, 0.5 * width)
    nodes = int(np.ceil(((high - low) / step).max())) + 1

    def block(part: slice) -> None:
        width_ = (high[part] - low[part]) / (nodes - 1)
        log_odds = low[part] + width_ * np.arange(nodes)
        p = expit(log_odds)
        log_stays = -np.logaddexp(0, log_odds)
        log_weight = -a[part] * np.logaddexp(0, -log_odds) + b[part] * log_stays
        weight = width_ * np.exp(log_weight - betaln(a[part], b[part]))
        mean = a[part, 0] / (a[part, 0] + b[part, 0])
        for column in range(tau.shape[1]):
            t = tau[part, column, None]
            least, most = -np.expm1(-r[part] * np.log1p(t)), r[part] * t
            curve = -np.expm1(-r[part] * np.log1p(p * t)) / p
            steep = (r[part] + 1) * t / 2
            if steep.max() <= _SHORT:
                bend = curve - most + (most - least) * p
                taken_out = most[:, 0] * (1 - mean)
            else:
                power = 1 + steep
                bend = curve - most * np.exp(power * log_stays) - least * p
                taken_out = most[:, 0] * np.exp(_log_power_mean(a[part], b[part], power))[:, 0]
            result[part, column] = taken_out + least[:, 0] * mean + np.einsum("ij,ij->i", weight, bend)

    in_blocks(block, r.shape[0], max(1, _CELLS // nodes))
    return result


def _none(future: Params, t: Floats) -> Floats:
    return np.exp(-future[0] * np.log1p(t / future[1]))


def _count(future: Params, t: Floats, n: Floats) -> Floats:
    """All n tosses survived and exactly n potential purchases, or the n-th was the last of at least n."""
    r, alpha, a, b = future
    before = np.maximum(n, 1.0)
    alive = np.exp(betaln(a, b + n) - betaln(a, b)) * count_probability(r, alpha, t, n)
    dead = np.exp(betaln(a + 1, b + before - 1) - betaln(a, b)) * betainc(before, r, t / (alpha + t))
    return alive + np.where(n > 0, dead, 0.0)


def _posterior(params: Params, x: Floats, age: Floats, first: int) -> Params:
    r, alpha, a, b = params
    return r + x, alpha + age, a, b + x + first


def _mbg_newcomer(params: Params) -> tuple[Floats, Params]:
    r, alpha, a, b = params
    return b / (a + b), (r, alpha, a, b + 1)


def search(data: History, still: Floats) -> Search:
    """Starts and bounds of (ln r, ln alpha, ln a, ln b), around the model without dropout."""
    r, alpha = np.exp(still)
    tails = [(1.2, 0.6, 0.8, 2.4), (1.0, 1.0, 0.05, 1.0), (1.5, 1.0, 0.5, 10.0)]
    starts = [np.log([r * f, alpha * g, a, b]) for f, g, a, b in tails]
    return Search(starts, nbd.search(data).bounds + 2 * [(math.log(1e-6), math.log(1e4))])


def alike(params: Mapping[str, float], longest_age: float) -> bool:
    """Whether the dropout probability has become the same for everybody: the limit in which a model forecasts as well."""
    return params["a"] + params["b"] > _LARGEST


def _draw_futures(future: Params, curve: DiscountCurve, early: float, rng: np.random.Generator) -> FutureDraw:
    """Cut potential purchases short at the one after which the customer leaves.

    The purchases are a Poisson sample of the horizon, so the k-th of N comes at the k-th order statistic of N uniforms
    and those before it are uniform below it.
    """
    cell, number, _ = nbd.draw_purchases(future, curve.horizon, rng)
    p = rng.beta(future[2][cell], future[3][cell])
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        last = np.maximum(np.ceil(np.log1p(-rng.random(p.size)) / np.log1p(-p)), 1.0)
    leaving = np.flatnonzero(last <= number)
    k, n = last[leaving].astype(np.int64), number[leaving]
    end = rng.beta(k, n + 1 - k) * curve.horizon

    free, until = number.copy(), np.full(number.size, curve.horizon)
    free[leaving], until[leaving] = k - 1, end
    soon = drawn_before(free, until, early, rng).astype(float)
    soon[leaving] += end <= early
    worth = np.full(number.size, curve.mean if curve.own_ends else float(curve.factors.mean()))
    worth[leaving] = ((k - 1) * curve.mean_until(end) + curve.at(end)) / k
    purchases = number.astype(float)
    purchases[leaving] = k
    return FutureDraw(cell, purchases, worth, soon)


def _survival(future: Params, times: Floats) -> Floats:
    """The mean of (1 + p t / alpha)^-r over the dropout probability: purchases that end a life come at the rate p lambda."""
    r, alpha, a, b = future
    tau = times / alpha[:, None]
    found = read_off(_survival_each, (r, a, b), tau)
    return _survival_each((r, a, b), tau) if found is None else found


def _survival_each(kind: Params, tau: Floats) -> Floats:
    """`_survival` of each row at times in units of alpha: its own, (rows, times), or those of all, (times,)."""
    r, a, b = (value[:, None] for value in kind)
    tau = np.broadcast_to(tau, (r.size, tau.shape[-1]))

    def at(t: Floats) -> Floats:
        last = np.exp(-r * np.log1p(t))
        return beta_mean(lambda p, part: np.exp(-r[part] * np.log1p(p * t[part])), a, b, np.ones_like(r), last, r * t)

    return np.stack([at(t[:, None]) for t in tau.T], axis=1)


def _endless(future: Params, rate: float) -> Floats:
    """The mean of r / p x h(r + 1, rate alpha / p) over the dropout probability."""
    r, alpha, a, b = (value[:, None] for value in future)
    reach = r / (rate * alpha)
    most, least = reach, r * discounted_tail(r + 1, rate * alpha)
    return beta_mean(
        lambda p, part: r[part] / p * discounted_tail(r[part] + 1, rate * alpha[part] / p), a, b, most, least, reach
    )


BG_NBD = Family(
    name="bg_nbd",
    title="BG/NBD",
    parameters=("r", "alpha", "a", "b"),
    timed=(1,),
    log_likelihood=partial(_log_likelihood, first=0),
    curvature=partial(_curvature, first=0),
    slopes=partial(_slopes, first=0),
    search=search,
    alive=partial(_alive, first=0),
    posterior=partial(_posterior, first=0),
    expected=_expected,
    none=_none,
    count=_count,
    draw_futures=_draw_futures,
    survival=_survival,
    endless=_endless,
    still=nbd.NBD,
    leaving="a",
    alike=alike,
    at_purchase=True,
    moves=(("alpha", -1.0), ("a", 1.0)),
)

MBG_NBD = replace(
    BG_NBD,
    name="mbg_nbd",
    title="MBG/NBD",
    log_likelihood=partial(_log_likelihood, first=1),
    curvature=partial(_curvature, first=1),
    slopes=partial(_slopes, first=1),
    alive=partial(_alive, first=1),
    posterior=partial(_posterior, first=1),
    newcomer=_mbg_newcomer,
)
