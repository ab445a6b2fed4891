"""BG/BB and the beta-Bernoulli model without dropout as families of functions, beside those that count days.

Their time comes in opportunities, one a calendar period. At times between two whole ones the next opportunity lies
anywhere within its period, each moment as likely as another: expectations and probabilities are then linear in time.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from cxvalue.lifetime.families import bgbb
from cxvalue.lifetime.families.family import Family, Floats, Params

__all__ = ["BB", "BG_BB", "PERIODIC"]

_CELLS = 2_000_000
"""Futures x opportunities held at once; bounds the memory."""


def _newcomer(params: Params) -> tuple[Floats, Params]:
    return np.ones_like(params[0]), params


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


BG_BB = Family(
    name="bg_bb",
    title="BG/BB",
    parameters=bgbb.PARAMETERS,
    timed=(),
    dropout=True,
    log_likelihood=bgbb.log_likelihood,
    alive=bgbb.alive,
    posterior=bgbb.posterior,
    newcomer=_newcomer,
    expected=_expected,
    none=_none,
    count=_count,
    by_period=True,
)


def _stay(future: Params) -> Params:
    """The future of somebody who never leaves, as one of the BG/BB with gamma = 0."""
    alpha, beta = future
    return alpha, beta, np.zeros_like(alpha), np.ones_like(alpha)


BB = Family(
    name="bb",
    title="beta-Bernoulli model",
    parameters=bgbb.PARAMETERS[:2],
    timed=(),
    dropout=False,
    log_likelihood=bgbb.no_dropout,
    alive=lambda params, x, recency, age: np.ones(np.broadcast_shapes(params[0].shape, np.shape(x), np.shape(age))),
    posterior=lambda params, x, age: (params[0] + x, params[1] + age - x),
    newcomer=_newcomer,
    expected=lambda future, times: _expected(_stay(future), times),
    none=lambda future, t: _none(_stay(future), t),
    count=lambda future, t, n: _count(_stay(future), t, n),
    by_period=True,
)

PERIODIC = {family.name: family for family in (BG_BB, BB)}
"""The models of opportunities, the second the one without dropout."""
