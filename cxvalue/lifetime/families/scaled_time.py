"""Functions of time over alpha alone, worked out at a few times for each kind of customer and read off for all others.

Where purchases come at Gamma(r, alpha) rates, a time t counts only in units of alpha. So the futures of customers with the
same other parameters, whatever their age, are one function of tau = t / alpha: it is taken at Chebyshev nodes of
ln(1 + tau). The coefficients of the polynomial through them say whether it is exact: where the last ones are not lost in
rounding more nodes are taken, and where even many do not suffice nothing is interpolated.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from cxvalue.foundation.arrays import Floats
from cxvalue.lifetime.families.blocks import in_blocks
from cxvalue.lifetime.families.family import Params
from cxvalue.tables.distinct import distinct_rows

_EXACT = 1e-13
"""The last two coefficients over the largest of them at which a polynomial counts as exact."""

_MOST_NODES = 64
_WORTH = 2
"""How many times fewer the nodes have to be."""

_CELLS = 65_536
"""Cells read off at once: few enough to stay in a processor's cache."""


def read_off(function: Callable[[Params, Floats], Floats], kind: Params, tau: Floats) -> Floats | None:
    """The function of each row at each of its times; None where working out every one of them is less work.

    Args:
        function: of parameters, (kinds,) each, and of times in units of alpha, (nodes,): (kinds, nodes). It has to be
            analytic in ln(1 + tau) with no singularity nearer than pi to the real line.
        kind: all parameters but alpha, (rows,) each.
        tau: (rows, times), above -1.

    Example:
        >>> r, tau = np.repeat([0.5, 2.0], 50), np.linspace(0, 3, 100)[:, None]
        >>> none = read_off(lambda kind, t: np.exp(-kind[0][:, None] * np.log1p(t)), (r,), tau)
        >>> bool(np.abs(none[:, 0] - (1 + tau[:, 0]) ** -r).max() < 1e-12)
        True
    """
    if tau.size <= _WORTH * _MOST_NODES // 4:
        return None
    coded = [np.unique(column, return_inverse=True)[1].reshape(-1) for column in kind]
    rows, which = distinct_rows(*coded)
    if tau.size <= _WORTH * rows.size:
        return None
    clock = np.log1p(tau)
    low, high = float(clock.min()), float(clock.max())
    middle, half = (low + high) / 2, max((high - low) / 2, 1e-12)
    nodes = math.ceil(-math.log(_EXACT) / math.asinh(math.pi / half)) + 2
    kinds = tuple(column[rows] for column in kind)
    while nodes <= _MOST_NODES and _WORTH * nodes * rows.size <= tau.size:
        angles = (2 * np.arange(nodes) + 1) * (math.pi / (2 * nodes))
        values = function(kinds, np.expm1(middle + half * np.cos(angles)))
        terms = np.cos(np.arange(nodes)[:, None] * angles) * (2.0 / nodes)
        found = np.einsum("ij,kj->ik", values, terms)
        found[:, 0] /= 2
        size = np.abs(found)
        if (size[:, -2:].max(axis=1) <= _EXACT * size.max(axis=1)).all():
            return _sums(found, which, (clock - middle) / half)
        nodes *= 2
    return None


def _sums(coefficients: Floats, which: np.ndarray, place: Floats) -> Floats:
    """Chebyshev polynomials with the coefficients of each row at its places in [-1, 1], by Clenshaw's recurrence."""
    result = np.empty(place.shape)

    def block(part: slice) -> None:
        own, twice = coefficients[which[part]], 2 * place[part]
        here, after = np.zeros(twice.shape), np.zeros(twice.shape)
        for k in range(coefficients.shape[1] - 1, 0, -1):
            here, after = own[:, k, None] + twice * here - after, here
        result[part] = own[:, :1] + place[part] * here - after

    in_blocks(block, place.shape[0], max(1, _CELLS // place.shape[1]))
    return result
