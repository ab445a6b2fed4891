"""Integrals over the time of a dropout, cumulated day by day, so that each of many histories is one difference.

The integral of (alpha + t)^-n (beta + t)^-(s + 1) over a silence (t_x, T] depends on the history through n = r + x alone;
t_x and T are its ends, and both are days. So it is worked out between neighbouring days for each n, by Gauss-Legendre
quadrature in ln(c + t) with c = min(alpha, beta), and cumulated from the latest day on: from there a difference loses no
more than as many times 1e-16 as there are days, while from the first day on it would cancel.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cxvalue.lifetime.families.blocks import in_blocks
from cxvalue.lifetime.families.futures import Floats
from cxvalue.lifetime.families.quadrature import legendre

__all__ = ["DropoutTables", "dropout_tables", "powers_that_fit"]

_NODES = 8
_FALL, _SPAN = 2.0, 1.0
"""A piece of a day ends where the integrand has fallen by so many e-folds, or ln(c + t) has risen so far."""

_MOST_FALL = 600.0
"""E-folds from 0 to the latest day beyond which a double holds no integral."""

_CELLS = 100_000
"""Cells of one block of integrands; bounds the memory."""


class DropoutTables(NamedTuple):
    """Integrals from each time to the latest, of the integrand and of it times four functions: (5, powers, times).

    The integrand is (1 + t / alpha)^-n (1 + t / beta)^-(s + 1); the functions are ln(alpha + t), 1 / (alpha + t),
    ln(beta + t) and 1 / (beta + t). `lasting` is n ln(1 + t / alpha) + s ln(1 + t / beta), (powers, times).
    """

    integrals: Floats
    lasting: Floats


def powers_that_fit(parameters: Floats, power: Floats, longest: float) -> int:
    """How many of the ascending powers have integrals that a double holds."""
    _, alpha, s, beta = parameters
    fall = power * math.log1p(longest / alpha) + (s + 1) * math.log1p(longest / beta)
    return int(np.searchsorted(fall, _MOST_FALL, side="right"))


def dropout_tables(parameters: Floats, power: Floats, times: Floats, most: float) -> DropoutTables | None:
    """The tables of ascending powers n at ascending times; None where they would take more than `most` integrals.

    Args:
        parameters: r, alpha, s, beta.
        power: n, ascending.
        times: ascending and distinct, in the unit of the parameters.
        most: integrals that are still worth it.
    """
    _, alpha, s, beta = parameters
    c = min(alpha, beta)
    start, length = times[:-1], np.diff(times)
    fall = length * (power[-1] / (alpha + start) + (s + 1) / (beta + start))
    span = np.log1p(length / (c + start))
    pieces = np.ceil(np.maximum(np.maximum(fall / _FALL, span / _SPAN), 1.0))
    if not pieces.size or float(pieces.sum()) * power.size > most:
        return None
    number: NDArray[np.intp] = pieces.astype(np.intp)
    first = np.cumsum(number) - number
    day = np.repeat(np.arange(number.size), number)
    points, weights = legendre(_NODES)
    step = (span / pieces)[day, None]
    up = ((np.arange(day.size) - first[day])[:, None] + points) * step
    t = start[day, None] + np.expm1(up) * (c + start[day, None])
    log_alpha, log_beta = np.log1p(t / alpha), np.log1p(t / beta)
    weight = step * weights * (c + t) * np.exp(-(s + 1) * log_beta)
    functions = (log_alpha + math.log(alpha), 1 / (alpha + t), log_beta + math.log(beta), 1 / (beta + t))
    found = np.zeros((1 + len(functions), power.size, times.size))

    def block(part: slice) -> None:
        dense = np.exp(-power[part, None, None] * log_alpha) * weight
        whole = dense.sum(axis=2), *(np.einsum("xpk,pk->xp", dense, one) for one in functions)
        for table, each in zip(found, whole, strict=True):
            daily = np.add.reduceat(each, first, axis=1)
            table[part, :-1] = np.cumsum(daily[:, ::-1], axis=1)[:, ::-1]

    in_blocks(block, power.size, max(1, _CELLS // t.size))
    lasting = power[:, None] * np.log1p(times / alpha) + s * np.log1p(times / beta)
    return DropoutTables(found, lasting)
