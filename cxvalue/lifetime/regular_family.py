"""BG/CNBD-k and MBG/CNBD-k as families of functions: likelihood, P(alive) and the future of customers with a rhythm.

Platzer and Reutterer (2016), Marketing Science 35(5), 779-799. A purchase comes at every k-th event of a Poisson
process with a rate drawn from Gamma(r, alpha), so the times between purchases are Erlang-k; k = 1 is the BG/NBD.

Alive at T a customer has j = 0 ... k - 1 events since the last purchase, and the rate is then Gamma(r + kx + j,
alpha + T). The future process therefore has k parameters more than that of the BG/NBD: the probability of each j, which
depends on the recency too. Every prediction is a sum over j of negative binomial ones.
"""

from __future__ import annotations

import math
from functools import lru_cache, partial

import numpy as np
from scipy.special import betainc, betaln, expit, logsumexp, psi

from cxvalue.lifetime.families import Family, Floats, History, Params
from cxvalue.lifetime.nbd import log_rise

__all__ = ["FIRST", "log_likelihood", "regular_family"]

FIRST = {"bg_cnbd_k": 0, "mbg_cnbd_k": 1}
"""1 where the first purchase may be the last."""

_TITLES = {"bg_cnbd_k": "BG/CNBD", "mbg_cnbd_k": "MBG/CNBD"}
_BLOCK = 16
_SMALLEST_LOG = -600.0
_NEGLIGIBLE = 1e-13


@lru_cache(maxsize=32)
def regular_family(name: str, k: int) -> Family:
    """The family of a name, bg_cnbd_k or mbg_cnbd_k, with k events to a purchase.

    >>> regular_family("bg_cnbd_k", 2).title
    'BG/CNBD-2'
    """
    first = FIRST[name]
    return Family(
        name=name,
        title=f"{_TITLES[name]}-{k}",
        parameters=("r", "alpha", "a", "b"),
        timed=(1,),
        dropout=True,
        log_likelihood=partial(log_likelihood, k=k, first=first),
        alive=partial(_alive, k=k, first=first),
        posterior=partial(_posterior, k=k, first=first),
        newcomer=partial(_newcomer, k=k, first=first),
        expected=_expected,
        none=_none,
        count=_count,
        events=k,
    )


def log_likelihood(theta: Floats, data: History, k: int, first: int, dropout: bool = True) -> tuple[float, Floats]:
    """Total in (ln r, ln alpha [, ln a, ln b]) with its gradient, without the terms of `regular.regularity`."""
    r, alpha = np.exp(theta[:2]).tolist()
    x, w, kx = data.x, data.weight, k * data.x
    events, which = k * data.values, data.which
    rate, rate_slope = log_rise(r, events)[which], (psi(r + events) - psi(r))[which]
    log_age, log_recency = np.log(alpha + data.age), np.log(alpha + data.recency)
    value = rate + r * np.log(alpha) - (r + kx) * log_age
    terms, by_r, by_alpha = _stages(r, alpha, x, data.recency, data.age, k), [np.zeros(x.size)], [np.zeros(x.size)]
    for j in range(1, k):
        by_r.append(by_r[-1] + 1 / (r + kx + j - 1))
        by_alpha.append(-j / (alpha + data.age))
    if dropout:
        a, b = np.exp(theta[2:]).tolist()
        tosses = x + first
        last = np.where(tosses > 0, b + tosses - 1, 1.0)
        log_dead = np.where(tosses > 0, np.log(a) - np.log(last), -np.inf)
        terms = np.concatenate([terms, (log_dead + (r + kx) * (log_age - log_recency))[:, None]], axis=1)
        by_r.append(log_age - log_recency)
        by_alpha.append((r + kx) * (1 / (alpha + data.age) - 1 / (alpha + data.recency)))
        value = value + log_rise(b, tosses) - log_rise(a + b, tosses)
    whole = logsumexp(terms, axis=1)
    share = np.exp(terms - whole[:, None])
    slope_r = rate_slope + np.log(alpha) - log_age + (share * np.column_stack(by_r)).sum(axis=1)
    slope_alpha = r / alpha - (r + kx) / (alpha + data.age) + (share * np.column_stack(by_alpha)).sum(axis=1)
    gradient = [r * (w @ slope_r), alpha * (w @ slope_alpha)]
    if dropout:
        total = psi(a + b) - psi(a + b + tosses)
        gradient.append(a * (w @ (total + share[:, -1] / a)))
        gradient.append(b * (w @ (total + psi(b + tosses) - psi(b) - share[:, -1] / last)))
    return float(w @ (value + whole)), np.array(gradient)


def _stages(r: Floats | float, alpha: Floats | float, x: Floats, recency: Floats, age: Floats, k: int) -> Floats:
    """ln of (silence^j / j!) (r + kx)_j / (alpha + T)^j for j = 0 ... k - 1 along a new last axis."""
    with np.errstate(divide="ignore"):
        log_share = np.log(age - recency) - np.log(alpha + age)
    terms = [np.zeros(np.broadcast_shapes(np.shape(r), np.shape(x), np.shape(log_share)))]
    for j in range(1, k):
        terms.append(terms[-1] + log_share - math.log(j) + np.log(r + k * x + j - 1))
    return np.stack(terms, axis=-1)


def _alive(params: Params, x: Floats, recency: Floats, age: Floats, k: int, first: int) -> Floats:
    r, alpha, a, b = params
    still = logsumexp(_stages(r, alpha, x, recency, age, k), axis=-1)
    tosses = x + first
    with np.errstate(divide="ignore", invalid="ignore"):
        log_odds = np.log(a) - np.log(np.where(tosses > 0, b + tosses - 1, 1.0))
    log_odds = log_odds + (r + k * x) * (np.log(alpha + age) - np.log(alpha + recency)) - still
    return np.where(tosses > 0, expit(-log_odds), 1.0)


def _posterior(params: Params, x: Floats, age: Floats, recency: Floats | None = None, *, k: int, first: int) -> Params:
    """(r + kx, alpha + T, a, b after the tosses) and the probability of each number of events since the last purchase."""
    r, alpha, a, b = params
    terms = _stages(r, alpha, x, age if recency is None else recency, age, k)
    shares = np.exp(terms - logsumexp(terms, axis=-1)[..., None])
    return r + k * x, alpha + age, a, b + x + first, *np.moveaxis(shares, -1, 0)


def _newcomer(params: Params, k: int, first: int) -> tuple[Floats, Params]:
    r, alpha, a, b = params
    share = b / (a + b) if first else np.ones_like(r)
    return share, (r, alpha, a, b + first, np.ones_like(r), *(np.zeros_like(r) for _ in range(k - 1)))


def _expected(future: Params, times: Floats) -> Floats:
    """Sum over the events N of P(N within t) x expected purchases once there was time for floor((N + j) / k) of them.

    The negative binomial probabilities are built up one event at a time, for all times at once; where their first would
    underflow, the sum runs over purchases with incomplete beta functions instead.
    """
    whole = np.broadcast_arrays(*future)
    shape = whole[0].shape
    columns = [np.ascontiguousarray(value, dtype=float).reshape(-1) for value in whole]
    times = np.broadcast_to(times, (*shape, np.shape(times)[-1])).reshape(columns[0].size, -1)
    r, alpha = columns[:2]
    k = len(columns) - 4
    result = np.zeros(times.shape)
    first = -(r + k) * np.log1p(times.max(axis=1, initial=0.0) / alpha)
    rows = np.flatnonzero(first > _SMALLEST_LOG)
    if rows.size:
        result[rows] = _by_events([value[rows] for value in columns], times[rows])
    rows = np.flatnonzero(first <= _SMALLEST_LOG)
    for column in range(times.shape[1]) if rows.size else ():
        result[rows, column] = _by_purchases([value[rows] for value in columns], times[rows, column])
    return result.reshape(*shape, times.shape[-1])


def _by_events(columns: list[Floats], times: Floats) -> Floats:
    r, alpha, a, b = (value[:, None] for value in columns[:4])
    weights = [value[:, None] for value in columns[4:]]
    k, total = len(weights), np.zeros(times.shape)
    z = times / (alpha + times)
    chance = [w * np.exp(-(r + j) * np.log1p(times / alpha)) for j, w in enumerate(weights)]
    rows = np.arange(times.shape[0])
    # Purchases expected once there was time for `number` of them, and for one more.
    number, before, after, stays = 0, np.zeros_like(r), np.ones_like(r), np.ones_like(r)
    events = 0
    while rows.size:
        events += 1
        if events % k == 0:
            number += 1
            before, stays = after, stays * ((b + number - 1) / (a + b + number - 1))
            after = before + stays
        for j in range(k):
            chance[j] *= (r + j + events - 1) / events * z
            total[rows] += chance[j] * (after if events % k + j >= k else before)
        if events % _BLOCK == 0:
            # From here on the probabilities fall at least geometrically.
            ratio = np.minimum((r + k + events) / (events + 1) * z, 1 - 1e-12)
            rest = sum(chance) * (after + 1 / (1 - ratio)) / (1 - ratio)
            going = np.flatnonzero((rest > _NEGLIGIBLE * total[rows]).any(axis=1))
            if going.size < rows.size:
                rows, r, a, b, z = rows[going], r[going], a[going], b[going], z[going]
                before, after, stays = before[going], after[going], stays[going]
                chance = [value[going] for value in chance]
    return total


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
