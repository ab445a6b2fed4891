"""BG/BB and the beta-Bernoulli model without dropout as families of functions, beside those that count days.

Their time comes in opportunities, one a calendar period. At times between two whole ones the next opportunity lies
anywhere within its period, each moment as likely as another: expectations and probabilities are then linear in time.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np

from cxvalue.foundation.arrays import Floats
from cxvalue.lifetime.families import bgbb
from cxvalue.lifetime.families.discounting import DiscountCurve
from cxvalue.lifetime.families.family import Family, History, Params, Search
from cxvalue.lifetime.families.futures import FutureDraw

DISCRETE_CRITICAL_VALUE = 8.0
"""Likelihood ratio against the beta-Bernoulli below which no dropout counts as identified.

From ``python -m tests.calibration.discrete_gate 300`` (2026-11-22): over worlds with 400 to 10,000 customers and 6 to
36 opportunities, in which nobody leaves, the largest 99% quantile was 7.79, rounded up. The donations have 4,581.
"""

_TIMING = "opportunities that come once a period"
_TAKING = math.log(1e-4), math.log(1e5)
_CELLS = 2_000_000
"""Futures x opportunities held at once; bounds the memory."""


def _expected(future: Params, times: Floats) -> Floats:
    """Along the last axis the times, which broadcast with the futures."""
    shape = np.broadcast_shapes(*(value.shape for value in future), np.shape(times)[:-1])
    most = int(np.ceil(np.max(times, initial=0.0)))
    flat = tuple(np.broadcast_to(value, shape).reshape(-1) for value in future)
    each = np.broadcast_to(times, (*shape, np.shape(times)[-1])).reshape(flat[0].size, -1)
    result = np.zeros(each.shape)
    rows = max(1, _CELLS // (most + 1))
    for start in range(0, each.shape[0] if most else 0, rows):
        part = slice(start, start + rows)
        path = bgbb.expected(tuple(value[part] for value in flat), most)
        whole = np.minimum(each[part].astype(int), most - 1)
        before, after = (np.take_along_axis(path, place, axis=-1) for place in (whole, whole + 1))
        result[part] = before + (each[part] - whole) * (after - before)
    return result.reshape(*shape, each.shape[-1])


def _between(t: Floats, at: Callable[[Floats], Floats]) -> Floats:
    """A function of whole opportunities at any time."""
    whole = np.floor(t)
    share = t - whole
    if not np.any(share):
        return at(whole)
    return (1 - share) * at(whole) + share * at(whole + 1)


def _none(future: Params, t: Floats) -> Floats:
    return _between(np.asarray(t, dtype=float), lambda whole: bgbb.none(future, whole.astype(np.int64)))


def _count(future: Params, t: Floats, n: Floats) -> Floats:
    each = np.broadcast_arrays(*future, np.asarray(t, dtype=float), np.asarray(n, dtype=float))
    shape = each[0].shape
    *columns, times, taken = (value.reshape(-1) for value in each)

    def at(whole: Floats) -> Floats:
        result = np.empty(whole.size)
        for most in np.unique(whole).astype(int):
            rows = np.flatnonzero(whole == most)
            for part in np.array_split(rows, max(1, rows.size * (most + 1) // _CELLS)):
                result[part] = bgbb.count(tuple(value[part] for value in columns), int(most), taken[part])
        return result

    return _between(times, at).reshape(shape)


def _search_still(data: History, still: Floats | None = None) -> Search:
    """Starts and bounds of (ln alpha, ln beta)."""
    mean = min(max(data.purchases / float(data.weight @ data.age), 1e-3), 1 - 1e-3)
    return Search([np.log([mean * size, (1 - mean) * size]) for size in (1.0, 5.0)], 2 * [_TAKING])


def _search(data: History, still: Floats) -> Search:
    """Starts and bounds of (ln alpha, ln beta, ln gamma, ln delta), around the model without dropout."""
    alpha, beta = np.exp(still)
    starts = [alpha, beta, 0.5, 3.0], [2 * alpha, beta, 0.1, 2.0], [1.0, 1.0, 2.0, 20.0]
    return Search([np.log(start) for start in starts], 2 * [_TAKING] + 2 * [(math.log(1e-6), math.log(1e4))])


def _draw_futures(future: Params, curve: DiscountCurve, early: float, rng: np.random.Generator) -> FutureDraw:
    """Opportunities until the customer leaves, each taken with the customer's own probability.

    They are drawn in stretches between which nothing but leaving makes a difference: before and after `early`, and the
    last one that the horizon cuts. Those taken in a stretch lie evenly over what of it the customer stays for.
    """
    alpha, beta = future[:2]
    chance = rng.beta(alpha, beta)
    # Twelve months in quarters are 4 of them, whatever the last digit says.
    horizon, early = round(curve.horizon, 9), round(early, 9)
    most = math.ceil(horizon)
    stays = np.full(alpha.size, most)
    if len(future) > 2:
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            passed = np.log1p(-rng.random(alpha.size)) / np.log1p(-rng.beta(future[2], future[3]))
        stays = np.where(passed < most, np.floor(passed), most).astype(np.int64)
    edges = {0, math.floor(early), math.ceil(early), math.floor(horizon), most}
    ends = sorted(edge for edge in edges if edge <= most)
    purchases, worth, soon = np.zeros(alpha.size), np.zeros(alpha.size), np.zeros(alpha.size)
    for low, high in pairwise(ends):
        lived = np.clip(stays - low, 0, high - low)
        there = np.flatnonzero(lived)
        taken = rng.binomial(lived[there], chance[there])
        inside = min((horizon - low) / (high - low), 1.0)
        if inside < 1:
            taken = rng.binomial(taken, inside)
        until = np.minimum(low + lived[there], horizon)
        summed = until * curve.mean_until(until) - low * curve.mean_until(np.array(float(low)))
        purchases[there] += taken
        worth[there] += taken * summed / (until - low)
        sooner = min(max((early - low) / (high - low) / inside, 0.0), 1.0)
        soon[there] += taken if sooner == 1 else rng.binomial(taken, sooner)
    cell = np.flatnonzero(purchases)
    return FutureDraw(cell, purchases[cell], worth[cell] / purchases[cell], soon[cell])


def _endless(future: Params, rate: float) -> Floats:
    """Opportunities count at the end of their periods, as in Fader, Hardie and Shang (2010, equation 14)."""
    alpha, beta, gamma, delta = future
    return alpha / (alpha + beta) * bgbb.annuity(gamma, delta, math.expm1(rate))


def _stay(future: Params) -> Params:
    """The future of somebody who never leaves, as one of the BG/BB with gamma = 0."""
    alpha, beta = future
    return alpha, beta, np.zeros_like(alpha), np.ones_like(alpha)


BB = Family(
    name="bb",
    title="beta-Bernoulli model",
    parameters=bgbb.PARAMETERS[:2],
    timed=(),
    log_likelihood=bgbb.no_dropout,
    search=_search_still,
    alive=lambda params, x, recency, age: np.ones(np.broadcast_shapes(params[0].shape, np.shape(x), np.shape(age))),
    posterior=lambda params, x, age: (params[0] + x, params[1] + age - x),
    expected=lambda future, times: _expected(_stay(future), times),
    none=lambda future, t: _none(_stay(future), t),
    count=lambda future, t, n: _count(_stay(future), t, n),
    draw_futures=_draw_futures,
    by_period=True,
    timing=_TIMING,
)

BG_BB = Family(
    name="bg_bb",
    title="BG/BB",
    parameters=bgbb.PARAMETERS,
    timed=(),
    log_likelihood=bgbb.log_likelihood,
    search=_search,
    alive=bgbb.alive,
    posterior=bgbb.posterior,
    expected=_expected,
    none=_none,
    count=_count,
    draw_futures=_draw_futures,
    endless=_endless,
    still=BB,
    critical=DISCRETE_CRITICAL_VALUE,
    by_period=True,
    timing=_TIMING,
)
