"""Without an end: discounted expected residual transactions (DERT), and the value they carry.

DERT = integral over t > 0 of exp(-delta t) x the expected rate of purchases at T + t, with continuous discounting at
delta = ln(1 + annual rate) / units of time in a year (Fader, Hardie and Lee 2005, Journal of Marketing Research 42(4)).
As everywhere it is P(alive) x the same of a future process, and both kinds of dropout lead to one special function,

    h(s, z) = integral over u > 0 of exp(-z u) (1 + u)^-s = U(1, 2 - s, z) = exp(z) E_s(z),

Tricomi's confluent hypergeometric function: r beta / alpha x h(s, delta beta) for the Pareto/NBD, and the mean of
r / p x h(r + 1, delta alpha / p) over the dropout probability p ~ Beta(a, b) for the BG/NBD and the MBG/NBD.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln, expit

from cxvalue.foundation.errors import CxvalueError
from cxvalue.lifetime.families import bgbb
from cxvalue.lifetime.families.family import Family, Floats, Params
from cxvalue.lifetime.models.by_level import parts
from cxvalue.lifetime.models.model import LifetimeModel
from cxvalue.lifetime.models.spend import SpendModel

if TYPE_CHECKING:
    from cxvalue.tables.states import PurchaseStates

__all__ = ["beta_mean", "dert", "discounted_tail", "pairs_of", "residual_value", "why_no_infinite"]

_DECAY = 40.0
"""An integral ends where its integrand has fallen by this many e-folds."""

_CELLS = 400_000
"""Cells of one quadrature table; bounds the memory."""

# Nodes for ranges of integration up to the given length.
_NODES = ((3.0, 24), (8.0, 48), (math.inf, 96))


def why_no_infinite(model: LifetimeModel) -> str:
    """Why a model has no value without an end, in one sentence; empty when it has one."""
    if not model.family.dropout:
        return f"A value without an end is withheld: in the {model.family.title} nobody ever leaves."
    if model.status == "degenerate":
        return f"A value without an end is withheld: {model.reason}"
    if model.family.events > 1:
        return f"A value without an end is withheld: it is not worked out for a regular rhythm ({model.family.title})."
    return ""


def dert(model: LifetimeModel, states: PurchaseStates, annual_discount_rate: float) -> Floats:
    """Discounted expected residual transactions of each state, purchases after `as_of` without an end.

    Opportunities of the BG/BB count at the end of their periods, as in Fader, Hardie and Shang (2010, equation 14).

    Args:
        model: a sound model with dropout.
        states: grouped or per customer.
        annual_discount_rate: effective annual rate above 0, 0.12 for 12%.

    Raises:
        CxvalueError: a model without a dropout that the data identify, or a rate that is not above 0 (without
            discounting the sum has no limit where many customers hardly ever leave).
    """
    reason = why_no_infinite(model)
    if reason:
        raise CxvalueError(f"{reason} Use customer_value with a horizon in months.")
    if not 0 < annual_discount_rate < 10:
        raise CxvalueError(
            f"annual_discount_rate == {annual_discount_rate}, must be an effective annual rate above 0 for a value "
            "without an end: 0.12 stands for 12%."
        )
    result = np.empty(len(states))
    for part in parts(model, states):
        result[part.rows] = _dert(part.model, part.states, annual_discount_rate)
    return result


def _dert(model: LifetimeModel, states: PurchaseStates, annual_discount_rate: float) -> Floats:
    rate = math.log1p(annual_discount_rate) / model.time_unit.per_year
    x, recency, age = model.history_of(states)
    first, which = pairs_of(states.frequency, states.age_days)
    future = model.family.posterior(model.values, x[first], age[first])
    future = tuple(np.broadcast_to(value, first.shape).astype(float) for value in future)
    return model.family.alive(model.values, x, recency, age) * _discounted(model.family, future, rate)[which]


def residual_value(
    model: LifetimeModel,
    spend: SpendModel,
    states: PurchaseStates,
    annual_discount_rate: float,
    margin_rate: float | None = None,
) -> Floats:
    """Margin still to come of each customer without an end: margin rate x E[spend | x, m] x DERT.

    `margin_rate` is margin per unit of revenue, by default total margin / total revenue of the states. Raises
    `CxvalueError` as `dert` does, for grouped states, and when the margin rate is not known.
    """
    rate = margin_rate
    if rate is None:
        rate = states.margin_rate
    if not math.isfinite(rate):
        raise CxvalueError("The margin rate is not known. Pass margin_rate=..., the margin per unit of revenue.")
    even = 1.0
    if model.family.by_period:
        # Money that comes in evenly over a period, as over a stated horizon, and not at its end.
        step = math.log1p(annual_discount_rate) / model.time_unit.per_year
        even = math.expm1(step) / step
    return rate * even * spend.expected_spend(states) * dert(model, states, annual_discount_rate)


def pairs_of(frequency: NDArray[np.int64], age_days: NDArray[np.int64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """First row of each distinct (x, T), on which alone a future depends once alive, and which of them a row has."""
    key = np.asarray(frequency, dtype=np.int64) * (int(np.max(age_days, initial=0)) + 1) + np.asarray(age_days)
    _, first, which = np.unique(key, return_index=True, return_inverse=True)
    return first, which.reshape(-1)


def _discounted(family: Family, future: Params, rate: float) -> Floats:
    """Discounted expected purchases of future processes, one each."""
    if family.by_period:
        alpha, beta, gamma, delta = future
        return alpha / (alpha + beta) * bgbb.annuity(gamma, delta, math.expm1(rate))
    if "beta" in family.parameters:
        r, alpha, s, beta = future
        return r * beta / alpha * discounted_tail(s, rate * beta)
    r, alpha, a, b = (value[:, None] for value in future)
    reach = r / (rate * alpha)
    most, least = reach, r * discounted_tail(r + 1, rate * alpha)
    return beta_mean(
        lambda p, part: r[part] / p * discounted_tail(r[part] + 1, rate * alpha[part] / p), a, b, most, least, reach
    )


def discounted_tail(s: Floats, z: Floats) -> Floats:
    """h(s, z) for s > 0 and z > 0, elementwise, by Gauss-Legendre quadrature in v = ln(1 + u).

    The log-integrand -z (e^v - 1) - (s - 1) v is concave, so that for s >= 1 it falls at least as fast as at its
    start; there are no differences of large numbers, which fail the closed form for large s and small z.

    >>> from scipy.special import exp1  # E_1
    >>> round(float(discounted_tail(np.array(1.0), np.array(0.3)) / (np.exp(0.3) * exp1(0.3))), 10)
    1.0
    """
    s, z = np.broadcast_arrays(np.asarray(s, dtype=float), np.asarray(z, dtype=float))
    shape = s.shape
    s, z = s.reshape(-1), z.reshape(-1)
    fall = z + s - 1
    end = np.log1p(1.5 * _DECAY / z)
    end = np.where(s >= 1, np.minimum(end, _DECAY / np.maximum(fall, 1e-300)), end)
    result = np.empty(s.size)
    shortest = 0.0
    for longest, nodes in _NODES:
        chosen = np.flatnonzero((end > shortest) & (end <= longest))
        shortest = longest
        points, weights = _legendre(nodes)
        for start in range(0, chosen.size, _CELLS // nodes):
            part = chosen[start : start + _CELLS // nodes]
            v = end[part, None] * points
            table = np.exp(-z[part, None] * np.expm1(v) - (s[part, None] - 1) * v)
            result[part] = end[part] * (table @ weights)
    return result.reshape(shape)


@lru_cache(maxsize=8)
def _legendre(nodes: int) -> tuple[Floats, Floats]:
    """Nodes and weights on (0, 1)."""
    points, weights = np.polynomial.legendre.leggauss(nodes)
    return (points + 1) / 2, weights / 2


def beta_mean(
    f: Callable[[Floats, slice], Floats],
    a: Floats,
    b: Floats,
    at_zero: Floats,
    at_one: Floats,
    reach: Floats,
) -> Floats:
    """E[f(p)] over p ~ Beta(a, b) for each row, by the trapezoid rule in the log-odds of p.

    All arguments are columns (n, 1); `f(p, part)` gets the nodes of some of the rows, (m, k), and which rows they are.
    `at_zero` and `at_one` are the limits of f, and 1 / `reach` is the p at which f begins to bend. The chord through
    the limits is taken out and added back exactly, which keeps the tails short when a or b is small.
    """
    width = np.sqrt((a + b + 2) / ((a + 1) * (b + 1)))
    peak = np.log((a + 1) / (b + 1))
    low = peak - 8 * width - 28 / (a + 1) - np.log1p(reach)
    high = peak + 8 * width + 28 / (b + 1)
    nodes = int(np.ceil(((high - low) / np.minimum(0.3, 0.5 * width)).max(initial=1.0))) + 1
    result = np.empty(a.shape[0])
    rows = max(1, _CELLS // nodes)
    for start in range(0, a.shape[0], rows):
        part = slice(start, start + rows)
        step = (high[part] - low[part]) / (nodes - 1)
        log_odds = low[part] + step * np.arange(nodes)
        p = expit(log_odds)
        log_weight = -a[part] * np.logaddexp(0, -log_odds) - b[part] * np.logaddexp(0, log_odds)
        weight = step * np.exp(log_weight - betaln(a[part], b[part]))
        bend = f(p, part) - at_zero[part] + (at_zero[part] - at_one[part]) * p
        mean = (a / (a + b))[part, 0]
        chord = at_zero[part, 0] * (1 - mean) + at_one[part, 0] * mean
        result[part] = chord + np.einsum("ij,ij->i", weight, bend)
    return result
