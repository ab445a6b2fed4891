"""Comparisons of two groups of customers where whole units (branches, shops) were assigned together.

Customers of a unit share its weather, so a unit counts as one draw: residuals are added up within units before they are
squared (Liang and Zeger 1986), each group with its own G / (G − 1), and degrees of freedom follow Satterthwaite with G − 1.
Whether a lot may have drawn the units is asked by drawing them again, which needs no variance of a group of few.
"""

from __future__ import annotations

from math import comb

import numpy as np
from numpy.typing import ArrayLike

from cxvalue.effects.estimators.abtest import Estimate, around, relative, size_of
from cxvalue.foundation.arrays import Floats, Ints
from cxvalue.foundation.rounding import ROUNDING, independent, settled, spread_of

LOTS, ENOUGH_LOTS, LOTS_AT_ONCE = 19_999, 100, 500
"""Lots drawn at most, how many as far apart as the lot that was drawn end the drawing, and lots drawn together."""
SORTED_UNITS = 1000


def clustered_difference(
    treated: ArrayLike, control: ArrayLike, treated_unit: ArrayLike, control_unit: ArrayLike, level: float = 0.95
) -> Estimate:
    """Mean of the treated minus mean of the control, customers in units; units are whole numbers.

    >>> found = clustered_difference([1, 1, 3, 3], [0, 0, 2, 2], [0, 0, 1, 1], [2, 2, 3, 3])
    >>> (found.value, round(found.se, 4))  # as two means of two units: sqrt(1 + 1)
    (1.0, 1.4142)
    """
    parts = []
    for values, unit in ((treated, treated_unit), (control, control_unit)):
        y = np.asarray(values, dtype=float)
        mean = float(y.mean())
        left = (y - mean) * (np.abs(y - mean) > ROUNDING * size_of(y))
        parts.append((mean, *clustered_variance(left / y.size, np.asarray(unit))))
    return _difference(parts, level, max(abs(part[0]) for part in parts))


def adjusted_clustered_difference(
    treated: ArrayLike,
    control: ArrayLike,
    treated_before: ArrayLike,
    control_before: ArrayLike,
    treated_unit: ArrayLike,
    control_unit: ArrayLike,
    level: float = 0.95,
) -> Estimate:
    """Difference in means adjusted by what customers did before, with one slope for both groups (analysis of covariance).

    One slope a column, because slopes of their own cost degrees of freedom that few units do not have.
    """
    y = [np.asarray(values, dtype=float) for values in (treated, control)]
    x = [
        np.asarray(values, dtype=float).reshape(len(own), -1)
        for values, own in zip((treated_before, control_before), y, strict=True)
    ]
    centre = np.vstack(x).mean(axis=0)
    spread = spread_of(np.vstack(x))
    within = [(values - values.mean(axis=0)) * (spread_of(values) > 0) for values in x]
    kept = independent(np.asarray(sum(values.T @ values for values in within)))
    z = [(values - centre)[:, kept] / spread[kept] for values in x]
    within = [values - values.mean(axis=0) for values in z]
    gram = sum(values.T @ values for values in within)
    cross = sum(values.T @ own for values, own in zip(within, y, strict=True))
    slopes = np.linalg.lstsq(np.atleast_2d(gram), np.atleast_1d(cross), rcond=None)[0] if kept.any() else np.zeros(0)
    left = [own - values @ slopes for own, values in zip(y, z, strict=True)]
    return clustered_difference(left[0], left[1], treated_unit, control_unit, level)


def clustered_ratio_change(
    treated: tuple[ArrayLike, ArrayLike, ArrayLike],
    control: tuple[ArrayLike, ArrayLike, ArrayLike],
    level: float = 0.95,
) -> Estimate:
    """Σ above / Σ below of the treated over that of the control, minus 1; each group is (above, below, unit).

    The delta method on the logarithm, as `cxvalue.effects.estimators.abtest.ratio_change` has it for independent customers.
    """
    parts = []
    for above, below, unit in (treated, control):
        y, x = np.asarray(above, dtype=float), np.asarray(below, dtype=float)
        ratio = float(y.sum() / x.sum())
        parts.append((float(np.log(ratio)), *clustered_variance((y - ratio * x) / y.sum(), np.asarray(unit))))
    return relative(_difference(parts, level, 1.0))


def drawn_apart(sums: ArrayLike, chosen: ArrayLike, *, lots: int = LOTS, seed: int = 1) -> tuple[float, int]:
    """How often a lot of units sets the chosen as far apart from the others as they are, and in which column they are most.

    `sums` (units x columns) is what the customers of a unit have above the mean of all, added up; `chosen` marks units. A
    lot is as far apart as its worst column, so the p-value is adjusted for their number (Westfall and Young 1993). It is
    exact with any number of units, whatever they have: the lot that was drawn counts as one of all, drawing ends with
    `ENOUGH_LOTS` as far apart (Besag and Clifford 1991), and no p-value is below 1 / the number of lots there are.

    >>> p_value, column = drawn_apart([[3.0], [-1.0], [-1.0], [-1.0]], [True, False, False, False])
    >>> p_value > 0.2, column  # one lot of the four
    (True, 0)
    """
    left, own = np.asarray(sums, dtype=float), np.asarray(chosen, dtype=bool)
    left = left - left.mean(axis=0)
    size = np.sqrt((left**2).sum(axis=0))
    left = np.where(size > 0, left / np.where(size > 0, size, 1.0), 0.0)
    apart = np.abs(left[own].sum(axis=0))
    units, fewer = own.size, int(min(own.sum(), (~own).sum()))
    rng, far = np.random.default_rng(seed), np.zeros(0, dtype=int)
    while far.size < lots and far.sum() < ENOUGH_LOTS:
        drawn = _draw(rng, min(LOTS_AT_ONCE, lots - far.size), units, fewer)
        as_far = np.abs(left[drawn].sum(axis=1)).max(axis=1) >= apart.max() - ROUNDING
        far = np.append(far, as_far)
    so_far = np.cumsum(far)
    p_value = (1 + int(so_far[-1])) / (1 + far.size)
    if so_far[-1] >= ENOUGH_LOTS:
        p_value = ENOUGH_LOTS / (1 + int(np.argmax(so_far >= ENOUGH_LOTS)))
    return max(p_value, 1 / comb(units, fewer)), int(np.argmax(apart))


def _draw(rng: np.random.Generator, lots: int, units: int, fewer: int) -> Ints:
    """Units chosen by each lot (lots x chosen): all lots at once, or one by one where that would sort many units."""
    if units <= SORTED_UNITS:
        return np.asarray(rng.random((lots, units)).argpartition(fewer, axis=1)[:, :fewer])
    return np.array([rng.choice(units, fewer, replace=False, shuffle=False) for _ in range(lots)])


def clustered_variance(influence: Floats, unit: Ints) -> tuple[float, int]:
    """Variance of a sum of influences that go together within units, and the number of units."""
    _, code = np.unique(unit, return_inverse=True)
    sums = np.bincount(code, influence)
    return float(sums @ sums) * sums.size / max(sums.size - 1, 1), int(sums.size)


def _difference(parts: list[tuple[float, float, int]], level: float, size: float) -> Estimate:
    variance = sum(one for _, one, _ in parts)
    below = sum(one**2 / max(units - 1, 1) for _, one, units in parts)
    df = variance**2 / below if below > 0 else np.inf
    return around(settled(parts[0][0] - parts[1][0], size), float(np.sqrt(variance)), df, level)
