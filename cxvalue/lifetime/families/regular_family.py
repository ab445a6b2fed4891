"""BG/CNBD-k and MBG/CNBD-k as families of functions: likelihood, P(alive) and the future of customers with a rhythm.

Platzer and Reutterer (2016), Marketing Science 35(5), 779-799. A purchase comes at every k-th event of a Poisson
process with a rate drawn from Gamma(r, alpha), so the times between purchases are Erlang-k; k = 1 is the BG/NBD.

Alive at T a customer has j = 0 ... k - 1 events since the last purchase, and the rate is then Gamma(r + kx + j,
alpha + T). The future process therefore has k parameters more than that of the BG/NBD: the probability of each j, which
depends on the recency too. Every prediction is a sum over j of negative binomial ones.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache, partial

import numpy as np
from scipy.special import betainc, betaln, expit, psi

from cxvalue.foundation.arrays import Floats
from cxvalue.lifetime.families import bgnbd, nbd
from cxvalue.lifetime.families.blocks import add_up, in_blocks
from cxvalue.lifetime.families.discounting import DiscountCurve
from cxvalue.lifetime.families.family import Family, History, Params
from cxvalue.lifetime.families.futures import FutureDraw
from cxvalue.lifetime.families.nbd import log_rise

REGULAR_CRITICAL_VALUE = 7.0
"""Likelihood ratio against the same timing without dropout below which no dropout counts as identified.

That of the irregular models (`families.DROPOUT_CRITICAL_VALUE`), which are the case k = 1. For k = 2 it is on the safe
side: ``python -m tests.calibration.regular_gate 100`` (2026-11-22) found 99% quantiles of up to 4.70 in three
kinds of world with 400 and 2,000 customers; the largest of the 600 ratios was 9.05.
"""

_FIRST = {"bg_cnbd_k": ("BG/CNBD", 0), "mbg_cnbd_k": ("MBG/CNBD", 1)}
"""What each is called, and 1 where the first purchase may be the last."""

_ROWS = 8_192
"""Histories worked on at once in the likelihood."""
_CELLS = 65_536
"""Sums of `_by_events` worked on at once: few enough to stay in a processor's cache."""
_BLOCK = 16
_SMALLEST_LOG = -600.0
_NEGLIGIBLE = 1e-13


@lru_cache(maxsize=32)
def regular_family(name: str, k: int) -> Family:
    """The family of a name, bg_cnbd_k or mbg_cnbd_k, with k events to a purchase.

    >>> regular_family("bg_cnbd_k", 2).title
    'BG/CNBD-2'
    """
    title, first = _FIRST[name]
    still = replace(
        nbd.NBD,
        log_likelihood=partial(log_likelihood, k=k, first=first, dropout=False),
        search=partial(nbd.search, events=k),
        recency=True,
    )
    return Family(
        name=name,
        title=f"{title}-{k}",
        parameters=("r", "alpha", "a", "b"),
        timed=(1,),
        log_likelihood=partial(log_likelihood, k=k, first=first),
        search=bgnbd.search,
        alive=partial(_alive, k=k, first=first),
        posterior=partial(_posterior, k=k, first=first),
        newcomer=partial(_newcomer, k=k, first=first),
        expected=_expected,
        none=_none,
        count=_count,
        draw_futures=_draw_futures,
        still=still,
        critical=REGULAR_CRITICAL_VALUE,
        leaving="a",
        alike=bgnbd.alike,
        at_purchase=True,
        events=k,
        timing="a regular rhythm" if k > 1 else "",
    )


def log_likelihood(theta: Floats, data: History, k: int, first: int, dropout: bool = True) -> tuple[float, Floats]:
    """Total in (ln r, ln alpha [, ln a, ln b]) with its gradient, without the terms of `regular.regularity`."""
    r, alpha = np.exp(theta[:2]).tolist()
    values, events = data.values, k * data.values
    # Relative to alpha: where r is large, its logarithm would cancel.
    log_ages, log_recencies = np.log1p(data.ages / alpha), np.log1p(data.recencies / alpha)
    inverse_ages, inverse_recencies = 1 / (alpha + data.ages), 1 / (alpha + data.recencies)
    # What differs by frequency alone is summed by frequency, what differs by age alone by age, the rest row by row.
    number = np.bincount(data.which, data.weight, values.size)
    aged = np.bincount(data.age_of, data.weight, data.ages.size)
    fixed = number @ (log_rise(r, events) - events * np.log(alpha)) - r * (aged @ log_ages)
    slopes = [number @ (psi(r + events) - psi(r)) - aged @ log_ages, r / alpha * (aged @ (data.ages * inverse_ages))]
    natural = [r, alpha]
    if dropout:
        a, b = np.exp(theta[2:]).tolist()
        tosses = values + first
        last = np.where(tosses > 0, b + tosses - 1, 1.0)
        odds = np.where(tosses > 0, np.log(a) - np.log(last), -np.inf)
        total = psi(a + b) - psi(a + b + tosses)
        fixed += number @ (log_rise(b, tosses) - log_rise(a + b, tosses))
        slopes += [number @ total, number @ (total + psi(b + tosses) - psi(b))]
        natural += [a, b]

    def block(part: slice) -> tuple[float, Floats]:
        w, which = data.weight[part], data.which[part]
        log_age, here = log_ages[data.age_of[part]], inverse_ages[data.age_of[part]]
        bought = k * data.x[part]
        shape, silent = r + bought, (data.age[part] - data.recency[part]) * here
        # The ways of being silent, the j-th with j events since the last purchase, and their slopes in r and alpha.
        stage = np.ones(w.size)
        stages, by_shape, passed, slope = stage.copy(), np.zeros(w.size), np.zeros(w.size), np.zeros(w.size)
        for j in range(1, k):
            rank = shape + (j - 1)
            stage *= silent * rank / j
            slope += 1 / rank
            stages += stage
            by_shape += stage * slope
            passed += j * stage
        log_stages = np.log(stages)
        by_shape /= stages
        passed /= stages
        value = log_stages - bought * log_age
        if not dropout:
            return float(w @ value), np.array([w @ by_shape, -(w @ ((bought + passed) * here))])
        recency = data.recency_of[part]
        silence, then = log_age - log_recencies[recency], inverse_recencies[recency]
        with np.errstate(invalid="ignore"):
            log_odds = odds[which] + shape * silence - log_stages
        # One exponential gives both ln(1 + odds) and P(dead).
        small = np.exp(-np.abs(log_odds))
        value += np.maximum(log_odds, 0.0) + np.log1p(small)
        dead = np.where(log_odds > 0, 1.0, small) / (1 + small)
        by_r = (1 - dead) * by_shape + dead * silence
        by_alpha = dead * shape * (here - then) - (bought + (1 - dead) * passed) * here
        return float(w @ value), np.array([w @ by_r, w @ by_alpha, (w @ dead) / a, -(w @ (dead / last[which]))])

    value, gradient = add_up(block, data.x.size, _ROWS)
    return float(fixed + value), np.array(natural) * (np.array(slopes) + gradient)


def _stages(r: Floats, alpha: Floats, x: Floats, recency: Floats, age: Floats, k: int) -> list[Floats]:
    """(silence^j / j!) (r + kx)_j / (alpha + T)^j for j = 0 ... k - 1: how likely j events since the last purchase are."""
    silent, shape = (age - recency) / (alpha + age), r + k * x
    stages = [np.ones(np.broadcast_shapes(np.shape(silent), np.shape(shape)))]
    for j in range(1, k):
        stages.append(stages[-1] * (silent / j) * (shape + (j - 1)))
    return stages


def _alive(params: Params, x: Floats, recency: Floats, age: Floats, k: int, first: int) -> Floats:
    r, alpha, a, b = params
    tosses = x + first
    with np.errstate(divide="ignore", invalid="ignore"):
        log_odds = np.log(a) - np.log(np.where(tosses > 0, b + tosses - 1, 1.0))
    log_odds = log_odds + (r + k * x) * (np.log(alpha + age) - np.log(alpha + recency))
    log_odds = log_odds - np.log(sum(_stages(r, alpha, x, recency, age, k)))
    return np.where(tosses > 0, expit(-log_odds), 1.0)


def _posterior(params: Params, x: Floats, age: Floats, recency: Floats | None = None, *, k: int, first: int) -> Params:
    """(r + kx, alpha + T, a, b after the tosses) and the probability of each number of events since the last purchase."""
    r, alpha, a, b = params
    stages = _stages(r, alpha, x, age if recency is None else recency, age, k)
    total = sum(stages)
    return r + k * x, alpha + age, a, b + x + first, *(stage / total for stage in stages)


def _newcomer(params: Params, k: int, first: int) -> tuple[Floats, Params]:
    r, alpha, a, b = params
    share = b / (a + b) if first else np.ones_like(r)
    return share, (r, alpha, a, b + first, np.ones_like(r), *(np.zeros_like(r) for _ in range(k - 1)))


def _expected(future: Params, times: Floats) -> Floats:
    """Sum over the events N of P(N within t) x expected purchases once there was time for floor((N + j) / k) of them.

    The negative binomial probabilities make it a power series in t / (alpha + t) with coefficients that are the same at
    all times; where the first of them would underflow, the sum runs over purchases with incomplete beta functions.
    """
    whole = np.broadcast_arrays(*future)
    shape = whole[0].shape
    columns = [np.ascontiguousarray(value, dtype=float).reshape(-1) for value in whole]
    times = np.broadcast_to(times, (*shape, np.shape(times)[-1])).reshape(columns[0].size, -1)
    r, alpha = columns[:2]
    k = len(columns) - 4
    result = np.zeros(times.shape)
    ahead = times.max(axis=1, initial=0.0) / alpha
    short = (r + k) * np.log1p(ahead) < -_SMALLEST_LOG
    # Rows that need about as many terms sit together.
    terms = r * ahead + 8 * np.sqrt(r * ahead * (1 + ahead)) + 30 * ahead
    rows = np.flatnonzero(short)
    rows = rows[np.argsort(terms[rows])]

    def block(part: slice) -> None:
        result[rows[part]] = _by_events([value[rows[part]] for value in columns], times[rows[part]])

    if times.size:
        in_blocks(block, rows.size, max(1, _CELLS // (k * times.shape[1])))
    rows = np.flatnonzero(~short)
    for column in range(times.shape[1]) if rows.size else ():
        result[rows, column] = _by_purchases([value[rows] for value in columns], times[rows, column])
    return result.reshape(*shape, times.shape[-1])


def _by_events(columns: list[Floats], times: Floats) -> Floats:
    """The power series of `_expected`: its terms at the longest time, then the sum at all times by Horner's rule.

    Between two times the term of N events, j of which were there before, differs by a factor of the power N of z and of
    the powers r and j of 1 - z alone; terms are therefore added up by j.
    """
    r, alpha, a, b = columns[:4]
    k = len(columns) - 4
    stage = np.arange(k)[:, None]
    longest = np.maximum(times.max(axis=1), 1e-300)
    z = longest / (alpha + longest)
    chance = np.array(columns[4:]) * (1 - z) ** stage
    # Purchases expected once there was time for `number` of them, and for one more.
    number, before, after, stays = 0, np.zeros_like(r), np.ones_like(r), np.ones_like(r)
    terms: list[Floats] = []
    total, more = np.zeros_like(r), True
    while more:
        events = len(terms) + 1
        if events % k == 0:
            number += 1
            before, stays = after, stays * ((b + number - 1) / (a + b + number - 1))
            after = before + stays
        chance *= (r + (stage + (events - 1))) * (z / events)
        term = chance * before
        one_more = k - events % k
        term[one_more:] = chance[one_more:] * after
        terms.append(term)
        total += term.sum(axis=0)
        if events % _BLOCK == 0:
            # From here on the probabilities fall at least geometrically.
            ratio = np.minimum((r + k + events) / (events + 1) * z, 1 - 1e-12)
            rest = chance.sum(axis=0) * (after + 1 / (1 - ratio)) / (1 - ratio)
            more = bool((rest > _NEGLIGIBLE * total).any())
    times = np.ascontiguousarray(times.T)
    shorter = times / (alpha + times) / z
    summed = np.zeros((k, *times.shape))
    for term in reversed(terms):
        summed += term[:, None]
        summed *= shorter
    less = (alpha + longest) / (alpha + times)
    for j in range(1, k):
        summed[0] += summed[j] * less**j
    result: Floats = summed[0] * np.exp(-r * np.log1p(times / alpha))
    return result.T


def _by_purchases(columns: list[Floats], times: Floats) -> Floats:
    a, b = columns[2:4]
    total = np.zeros(times.shape)
    rows, start = np.flatnonzero(times > 0), 1
    while rows.size:
        n = np.arange(start, start + _BLOCK, dtype=float)
        left = np.exp(log_rise(b[rows, None], n - 1) - log_rise(a[rows, None] + b[rows, None], n - 1))
        reached = _reaches(tuple(value[rows, None] for value in columns), times[rows, None], n)
        total[rows] += (left * reached).sum(axis=1)
        rows = rows[(left * reached)[:, -1] > _NEGLIGIBLE * total[rows]]
        start += _BLOCK
    return total


def _reaches(future: Params, t: Floats, n: Floats) -> Floats:
    """P(time enough for at least n >= 1 purchases in t), were nobody to leave; elementwise."""
    r, alpha = future[:2]
    k = len(future) - 4
    z = t / (alpha + t)
    total: Floats = np.zeros(np.broadcast_shapes(r.shape, np.shape(t), np.shape(n)))
    for j, share in enumerate(future[4:]):
        total = total + share * betainc(n * k - j, r + j, z)
    return total


def _none(future: Params, t: Floats) -> Floats:
    return 1 - _reaches(future, t, np.ones(()))


def _count(future: Params, t: Floats, n: Floats) -> Floats:
    """All n tosses survived and time for just n purchases, or the n-th was the last and there was time for it."""
    a, b = future[2:4]
    before = np.maximum(n, 1.0)
    at_least = np.where(n > 0, _reaches(future, t, before), 1.0)
    stays = np.exp(betaln(a, b + n) - betaln(a, b))
    goes = np.exp(betaln(a + 1, b + before - 1) - betaln(a, b))
    return stays * (at_least - _reaches(future, t, n + 1)) + np.where(n > 0, goes * at_least, 0.0)


def _draw_futures(future: Params, curve: DiscountCurve, early: float, rng: np.random.Generator) -> FutureDraw:
    """Purchases one after the other, at every k-th event of the customer's own rate, until the customer leaves."""
    r, alpha, a, b = future[:4]
    shares, k = np.cumsum(future[4:], axis=0), len(future) - 4
    passed = (rng.random(r.size) > shares[:-1]).sum(axis=0).astype(float)
    scale = alpha / rng.standard_gamma(r + passed)
    time = rng.standard_gamma(k - passed) * scale
    leaves = rng.beta(a, b)
    purchases, worth, soon = np.zeros(r.size), np.zeros(r.size), np.zeros(r.size)
    going = np.flatnonzero(time <= curve.horizon)
    while going.size:
        purchases[going] += 1
        worth[going] += curve.at(time[going])
        soon[going] += time[going] <= early
        going = going[rng.random(going.size) >= leaves[going]]
        time[going] += rng.standard_gamma(float(k), going.size) * scale[going]
        going = going[time[going] <= curve.horizon]
    cell = np.flatnonzero(purchases)
    return FutureDraw(cell, purchases[cell], worth[cell] / purchases[cell], soon[cell])
