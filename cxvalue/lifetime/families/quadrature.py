"""Integrals that several families need: over a Beta-distributed dropout probability, and over what comes without an end.

Both kinds of dropout lead to one special function, h(s, z) = integral over u > 0 of exp(-z u) (1 + u)^-s
= U(1, 2 - s, z) = exp(z) E_s(z), Tricomi's confluent hypergeometric function.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np
from scipy.special import betaln, expit

from cxvalue.foundation.arrays import Floats

_DECAY = 40.0
"""An integral ends where its integrand has fallen by this many e-folds."""

_CELLS = 400_000
"""Cells of one quadrature table; bounds the memory."""

# Nodes for ranges of integration up to the given length.
_NODES = ((3.0, 24), (8.0, 48), (math.inf, 96))


@lru_cache(maxsize=16)
def legendre(nodes: int) -> tuple[Floats, Floats]:
    """Gauss-Legendre nodes and weights on (0, 1)."""
    points, weights = np.polynomial.legendre.leggauss(nodes)
    return (points + 1) / 2, weights / 2


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
        points, weights = legendre(nodes)
        for start in range(0, chosen.size, _CELLS // nodes):
            part = chosen[start : start + _CELLS // nodes]
            v = end[part, None] * points
            table = np.exp(-z[part, None] * np.expm1(v) - (s[part, None] - 1) * v)
            result[part] = end[part] * (table @ weights)
    return result.reshape(shape)


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
