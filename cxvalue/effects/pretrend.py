"""Did treated and comparison units move alike before the start? Long differences from one base month.

Short differences, month against month, hide a steady drift: each is small. Differences from one month add it up
(Roth, Sant'Anna, Bilinski and Poe 2023, section 4). The slope test asks for a drift with one degree of freedom, which
finds it far more often than a joint test of many months does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

__all__ = ["PreTrend", "placebo_start", "pre_trend"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

POWER = 0.80
PLACEBO_MONTHS = 6
NOTHING = 1e-6
"""A drift of less than this share of the usual level a month is rounding, however exactly it is known."""


@dataclass(frozen=True, slots=True)
class PreTrend:
    """A drift before the start: per month with its standard error, p-value, and the drift found with 80% probability."""

    slope: float
    se: float
    p_value: float
    detectable: float


def pre_trend(slope: float, se: float, df: float, direction: float, level: float = 0.0) -> PreTrend | None:
    """Judge a drift before the start: is there one in the direction of the effect, which would pass for it afterwards?

    One-sided, towards the sign of `direction`; `level` is the usual size of the outcome, against which rounding is no
    drift. None without a drift or an error.
    """
    if not (np.isfinite(slope) and np.isfinite(se) and se > 0):
        return None
    sign = 1.0 if direction >= 0 else -1.0
    p_value = 1.0 if abs(slope) < NOTHING * abs(level) else float(stats.t.sf(sign * slope / se, df))
    return PreTrend(slope, se, p_value, float((stats.t.ppf(0.95, df) + stats.norm.ppf(POWER)) * se))


def placebo_start(
    time: Ints, effect: Floats, covariance: Floats, weight: Floats, df: float, months: int = PLACEBO_MONTHS
) -> PreTrend | None:
    """The effect of a start that never was, `months` before the real one, on the months before the real one only.

    The slope of the result is the placebo effect. None when fewer than three months lie before the false start.
    """
    late, early = time >= -months, time < -months
    if late.sum() < 2 or early.sum() < 3:
        return None
    contrast = np.zeros(time.size)
    # The base month is one of the late ones; its difference is zero and only counts in the mean.
    contrast[late] = weight[late] / (weight[late].sum() + weight.max())
    contrast[early] = -weight[early] / weight[early].sum()
    return _judge(float(contrast @ effect), float(contrast @ covariance @ contrast), df)


def _judge(value: float, variance: float, df: float) -> PreTrend:
    se = float(np.sqrt(max(variance, 0.0)))
    p_value = float(2 * stats.t.sf(abs(value) / se, df)) if se > 0 else float(value == 0)
    return PreTrend(value, se, p_value, float((stats.t.ppf(0.975, df) + stats.norm.ppf(POWER)) * se))
