"""The arithmetic of an A/B comparison, on one number per customer: shares, means, ratios, adjustment, sample ratio.

Everything compares a treated group with a control group and returns an `Estimate`. Independent customers are assumed; for
whole units assigned together see `clustered`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from cxvalue.foundation.arrays import Floats
from cxvalue.foundation.intervals import Interval, p_value_of, share_interval
from cxvalue.foundation.rounding import ROUNDING, independent, settled, spread_of

RELIABLE = 60.0
"""Observations' worth below which a group's own variance is not trusted alone."""
FEWEST_EACH = 4
"""Customers of the smaller group for each coefficient below which there is no adjustment."""


class Estimate(NamedTuple):
    """A difference between groups: value, bounds, standard error and two-sided p-value."""

    value: float
    low: float
    high: float
    se: float
    p_value: float


class SampleRatio(NamedTuple):
    """Whether groups have the planned sizes: shares found and the p-value of the chi-squared test."""

    found: tuple[float, ...]
    p_value: float


def difference_in_means(treated: ArrayLike, control: ArrayLike, level: float = 0.95) -> Estimate:
    """Mean of the treated minus mean of the control, unequal variances (Welch 1947)."""
    a, b = np.asarray(treated, dtype=float), np.asarray(control, dtype=float)
    parts = [float(spread_of(values)) ** 2 / (values.size - 1) for values in (a, b)]
    variance = sum(parts)
    below = parts[0] ** 2 / (a.size - 1) + parts[1] ** 2 / (b.size - 1)
    df = variance**2 / below if below > 0 else np.inf
    difference = settled(float(a.mean() - b.mean()), size_of(a, b))
    return around(difference, float(np.sqrt(variance)), df, level)


def size_of(*values: Floats) -> float:
    """The largest of all numbers, whatever their sign: what rounding is judged by."""
    return max((float(np.abs(group).max(initial=0.0)) for group in values), default=0.0)


def difference_in_shares(treated: int, treated_of: int, control: int, control_of: int, level: float = 0.95) -> Estimate:
    """Share of the treated minus share of the control, with Newcombe's (1998, method 10) interval.

    >>> difference_in_shares(56, 70, 48, 80).low.__round__(4)  # Newcombe 1998, table II, row a
    0.0524
    """
    value = treated / treated_of - control / control_of
    low_1, high_1 = share_interval(treated, treated_of, level)
    low_2, high_2 = share_interval(control, control_of, level)
    p1, p2 = treated / treated_of, control / control_of
    low = value - float(np.hypot(p1 - low_1, high_2 - p2))
    high = value + float(np.hypot(high_1 - p1, p2 - low_2))
    se = float(np.sqrt(p1 * (1 - p1) / treated_of + p2 * (1 - p2) / control_of))
    pooled = (treated + control) / (treated_of + control_of)
    spread = float(np.sqrt(pooled * (1 - pooled) * (1 / treated_of + 1 / control_of)))
    return Estimate(float(value), low, high, se, p_value_of(value, spread))


def ratio_change(
    treated_above: ArrayLike,
    treated_below: ArrayLike,
    control_above: ArrayLike,
    control_below: ArrayLike,
    level: float = 0.95,
) -> Estimate:
    """Σ above / Σ below of the treated over that of the control, minus 1; the delta method on the logarithm, by customer.

    The p-value is for no change. Degrees of freedom after Satterthwaite: a control with few customers counts as such.
    """
    ratios, variances, sizes = [], [], []
    for above, below in ((treated_above, treated_below), (control_above, control_below)):
        y, x = np.asarray(above, dtype=float), np.asarray(below, dtype=float)
        ratio = y.sum() / x.sum()
        left = y - ratio * x
        left = np.where(np.abs(left) <= ROUNDING * np.abs(y).max(), 0.0, left)
        ratios.append(ratio)
        variances.append(float((left**2).sum() / y.sum() ** 2 * y.size / max(y.size - 1, 1)))
        sizes.append(y.size)
    change = settled(float(np.log(ratios[0] / ratios[1])), 1.0)
    below_ = sum(v**2 / max(n - 1, 1) for v, n in zip(variances, sizes, strict=True))
    df = sum(variances) ** 2 / below_ if below_ > 0 else np.inf
    return relative(around(change, float(np.sqrt(sum(variances))), df, level))


class Adjustment:
    """What two groups did before, made ready once for the differences of several outcomes (CUPED; Lin 2013).

    Each group has its own slopes, and both are compared at the mean of all; unbiased whatever the true relation is.

    Columns that are the same for everybody in a group, or that others already say, take no part: `kept` marks the rest. None
    does where the smaller group has fewer than `FEWEST_EACH` customers for each coefficient: residuals then look smaller
    than they are, and ranges of 95% held the truth in 77% to 93% of simulated tests.
    """

    def __init__(self, treated_before: ArrayLike, control_before: ArrayLike) -> None:
        """Take the columns of both groups, a row each customer."""
        x = [np.asarray(values, dtype=float) for values in (treated_before, control_before)]
        x = [values.reshape(len(values), -1) for values in x]
        self._size = sum(len(values) for values in x)
        centre = sum(values.sum(axis=0) for values in x) / self._size
        spread = np.sqrt(sum(((values - centre) ** 2).sum(axis=0) for values in x) / self._size)
        own = [spread_of(values) for values in x]
        within = [(values - values.mean(axis=0)) * (size > 0) for values, size in zip(x, own, strict=True)]
        kept = independent(*(values.T @ values for values in within))
        if min(map(len, x)) < FEWEST_EACH * (1 + int(np.sum(kept))):
            kept = np.zeros_like(kept)
        self.kept = kept
        self._designs = [
            np.column_stack([np.ones(len(values)), (values[:, kept] - centre[kept]) / spread[kept]]) for values in x
        ]
        self._grams = [design.T @ design for design in self._designs]
        self._covariance = sum(gram[1:, 1:] for gram in self._grams) / max(self._size - 1, 1)

    def difference(self, treated: ArrayLike, control: ArrayLike, level: float = 0.95) -> Estimate:
        """Adjusted difference in means of one outcome; rows as in the groups' columns."""
        means, lefts, sizes, slopes = [], [], [], []
        for values, design, gram in zip((treated, control), self._designs, self._grams, strict=True):
            own = np.asarray(values, dtype=float)
            middle = float(own.mean())
            coefficients = np.linalg.lstsq(gram, design.T @ (own - middle), rcond=None)[0]
            left = own - middle - design @ coefficients
            left[np.abs(left) <= ROUNDING * size_of(own)] = 0.0
            means.append(middle + float(coefficients[0]))
            lefts.append(left * np.sqrt(own.size / max(own.size - design.shape[1], 1)))
            sizes.append(own.size)
            slopes.append(coefficients[1:])
        variances = [square / size for square, size in zip(_steady_squares(lefts), sizes, strict=True)]
        # The mean of all customers is itself a draw: it moves the difference by the difference of the slopes.
        tilt = slopes[0] - slopes[1]
        moved = float(tilt @ self._covariance @ tilt / self._size) if tilt.size else 0.0
        variance = sum(variances) + moved
        below = sum(v**2 / max(n - 1, 1) for v, n in zip(variances, sizes, strict=True))
        df = variance**2 / below if below > 0 else np.inf
        difference = settled(means[0] - means[1], max(map(abs, means)))
        return around(difference, float(np.sqrt(variance)), df, level)


def _steady_squares(residuals: Sequence[Floats]) -> list[float]:
    """Mean squared residual of each group; one that rests on a few large values is not believed to vary less than all do.

    A variance is worth 2n / (kurtosis − 1) observations of a normal one (Cramér 1946, 27.4). Where few customers buy and a
    few buy a lot, mean and variance of a small group move together: by luck without large orders it would be poor and sure
    of it, and a gain be claimed too often (Johnson 1978). Such a group takes the variance of all groups together, as a test
    that nothing differs would (Wilson 1927 does so for shares), or its own where that is larger: what lies below the root
    mean square is its own then, and how much the tail adds to that is common.
    """
    own = [float(np.mean(left**2)) for left in residuals]
    every = np.concatenate(residuals)
    together = float(np.mean(every**2))
    if together <= 0:
        return own
    near = [float(np.mean(np.minimum(left**2, together))) for left in residuals]
    stretch = together / float(np.mean(np.minimum(every**2, together)))
    kurtosis = float(np.mean(every**4)) / together**2
    trust = [min(1.0, 2 * left.size / max(kurtosis - 1, 1e-9) / RELIABLE) for left in residuals]
    return [one * w + max(together, part * stretch) * (1 - w) for one, part, w in zip(own, near, trust, strict=True)]


def capped(values: Mapping[str, Floats], share: float = 0.99) -> dict[str, Floats]:
    """Cap the values of several groups at one height: a quantile of all values above zero, of all groups together.

    A cap of each group's own, or one that takes the zeros in and so cuts nearly everything, would make an effect.
    """
    every = np.concatenate([np.asarray(group, dtype=float) for group in values.values()])
    above = every[every > 0]
    if not above.size:
        return {name: np.asarray(group, dtype=float) for name, group in values.items()}
    height = float(np.quantile(above, share))
    return {name: np.minimum(group, height) for name, group in values.items()}


def sample_ratio(counts: ArrayLike, planned: ArrayLike) -> SampleRatio:
    """Are the groups as large as planned? Chi-squared test of the counts against planned shares.

    >>> round(sample_ratio([821, 1000], [0.5, 0.5]).p_value, 6)
    2.7e-05
    """
    from scipy.stats import chisquare  # takes half a second to import

    found = np.asarray(counts, dtype=float)
    shares = np.asarray(planned, dtype=float)
    result = chisquare(found, found.sum() * shares / shares.sum())
    return SampleRatio(tuple((found / found.sum()).tolist()), float(result.pvalue))


def standardised_difference(treated: ArrayLike, control: ArrayLike) -> float:
    """Difference in means over the root of the mean variance (Austin 2009)."""
    a, b = np.asarray(treated, dtype=float), np.asarray(control, dtype=float)
    spread = float(np.sqrt((spread_of(a) ** 2 + spread_of(b) ** 2) / 2))
    return float((a.mean() - b.mean()) / spread) if spread > 0 else 0.0


def holm_adjusted(p_values: ArrayLike) -> Floats:
    """Adjusted p-values of several comparisons (Holm 1979).

    >>> holm_adjusted([0.01, 0.04, 0.03]).round(4).tolist()
    [0.03, 0.06, 0.06]
    """
    p = np.asarray(p_values, dtype=float)
    order = np.argsort(p)
    raised = np.maximum.accumulate(p[order] * (p.size - np.arange(p.size)))
    adjusted = np.empty(p.size)
    adjusted[order] = np.minimum(raised, 1.0)
    return adjusted


def relative(log: Estimate) -> Estimate:
    """A change by a factor from the estimate of its logarithm, less 1."""
    ends = np.expm1([log.value, log.low, log.high])
    return Estimate(float(ends[0]), float(ends[1]), float(ends[2]), float(np.exp(log.value) * log.se), log.p_value)


def around(value: float, se: float, df: float, level: float) -> Estimate:
    return Estimate(*Interval.of_error(value, se, level, df), se, p_value_of(value, se, df))
