"""Integrals over the time of a dropout, cumulated day by day, so that each of many histories is one difference.

The integral of (alpha + t)^-n (beta + t)^-(s + 1) over a silence (t_x, T] depends on the history through n = r + x alone;
t_x and T are its ends, and both are days. So it is worked out between neighbouring days for each n, by Gauss-Legendre
quadrature in ln(c + t) with c = min(alpha, beta), and cumulated from the latest day on: from there a difference loses no
more than as many times 1e-16 as there are days, while from the first day on it would cancel.
"""

from __future__ import annotations

import math
from itertools import combinations_with_replacement
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cxvalue.foundation.arrays import Floats
from cxvalue.lifetime.families.blocks import in_blocks
from cxvalue.lifetime.families.quadrature import legendre

_NODES = 8
_FALL, _SPAN = 2.0, 1.0
"""A piece of a day ends where the integrand has fallen by so many e-folds, or ln(c + t) has risen so far."""

_MOST_FALL = 600.0
"""E-folds from 0 to the latest day beyond which a double holds no integral."""

_SHARED = 2.0
"""Integrals a history up to which shared ones are worth it."""

_CELLS = 100_000
"""Cells of one block of integrands; bounds the memory."""


PRODUCTS = tuple(combinations_with_replacement(range(4), 2))
"""The pairs of the four functions, by number."""


class DropoutTables(NamedTuple):
    """Integrals from each time to the latest, of the integrand and of it times several functions: (1 + functions, powers,
    times).

    The integrand is (1 + t / alpha)^-n (1 + t / beta)^-(s + 1). There are no functions, or the four ln(alpha + t),
    1 / (alpha + t), ln(beta + t) and 1 / (beta + t), each less its value at t = 0, or these and their products, in the order
    of `PRODUCTS`. `lasting` is n ln(1 + t / alpha) + s ln(1 + t / beta), (powers, times).
    """

    integrals: Floats
    lasting: Floats


def powers_that_fit(parameters: Floats, power: Floats, longest: float) -> int:
    """How many of the ascending powers have integrals that a double holds."""
    _, alpha, s, beta = parameters
    fall = power * math.log1p(longest / alpha) + (s + 1) * math.log1p(longest / beta)
    return int(np.searchsorted(fall, _MOST_FALL, side="right"))


def dropout_tables(
    parameters: Floats, power: Floats, times: Floats, most: float, order: int = 1
) -> DropoutTables | None:
    """The tables of ascending powers n at ascending times; None where they would take more than `most` integrals.

    Args:
        parameters: r, alpha, s, beta.
        power: n, ascending.
        times: ascending and distinct, in the unit of the parameters.
        most: integrals that are still worth it.
        order: 0 for the integrand alone, 1 with the four functions, 2 with their products too.
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
    four = [log_alpha, -t / (alpha * (alpha + t)), log_beta, -t / (beta * (beta + t))]
    functions = [[], four, four + [four[i] * four[j] for i, j in PRODUCTS]][order]
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


class Silences(NamedTuple):
    """Silences of many histories, each as the difference of two integrals that all histories of a frequency share.

    `rows` are the histories that have one. `start` and `end` are the cells of the tables, (powers, times), at the last
    purchase and at the age of each; `odds` are those of being dead at the age, and `lift` is what they are of the integral.
    """

    tables: DropoutTables
    times: Floats
    rows: NDArray[np.intp] | slice
    start: NDArray[np.intp]
    end: NDArray[np.intp]
    lift: Floats
    odds: Floats

    @classmethod
    def of(
        cls,
        parameters: Floats,
        frequency: tuple[Floats, NDArray[np.intp]],
        recency: tuple[Floats, NDArray[np.intp]],
        age: tuple[Floats, NDArray[np.intp]],
        order: int = 1,
    ) -> Silences | None:
        """Of histories; None where there are too few for shared integrals to be worth it.

        Args:
            parameters: r, alpha, s, beta.
            frequency, recency, age: the distinct values, ascending, and which of them each history has.
            order: as `dropout_tables` has it.
        """
        r, _, s, beta = parameters
        (values, which), (recencies, recency_of), (ages, age_of) = frequency, recency, age
        power, most = r + values, _SHARED * which.size
        fit = powers_that_fit(parameters, power, float(ages[-1]))
        times = np.union1d(recencies, ages)
        if fit == 0 or times.size * fit > most:
            return None
        tables = dropout_tables(parameters, power[:fit], times, most, order)
        if tables is None:
            return None
        rows = slice(None) if fit == power.size else np.flatnonzero(which < fit)
        row = which[rows] * times.size
        start = row + np.searchsorted(times, recencies)[recency_of[rows]]
        end = row + np.searchsorted(times, ages)[age_of[rows]]
        lift = s / beta * np.exp(tables.lasting.reshape(-1)[end])
        whole = tables.integrals[0].reshape(-1)
        return cls(tables, times, rows, start, end, lift, lift * (whole[start] - whole[end]))

    @property
    def end_at(self) -> NDArray[np.intp]:
        """Which of `times` the age of each is."""
        return self.end % self.times.size

    @property
    def which(self) -> NDArray[np.intp]:
        """Which power each has."""
        return self.end // self.times.size

    def means(self, place: int) -> Floats:
        """The mean of one of the tables' functions over the time of a dropout in the silence, times P(dead)."""
        flat = self.tables.integrals[place].reshape(-1)
        found: Floats = self.lift / (1 + self.odds) * (flat[self.start] - flat[self.end])
        return found

    def sums(self, weight: Floats) -> Floats:
        """The weighted sums of `means` over the histories of each power, all functions at once: (1 + functions, powers)."""
        dead = weight / (1 + self.odds) * self.lift
        size = self.tables.lasting.size
        cells = np.bincount(self.start, dead, size) - np.bincount(self.end, dead, size)
        grid = cells.reshape(self.tables.lasting.shape)
        return np.array([(table * grid).sum(axis=1) for table in self.tables.integrals])
