"""Would a start that never was have shown an effect? Long differences from one base month, before the start only.

Short differences, month against month, hide a steady drift: each is small. Differences from one month add it up
(Roth, Sant'Anna, Bilinski and Poe 2023, section 4). The drift itself is asked for in `cxvalue.effects.checks.drift`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cxvalue.foundation.intervals import p_value_of
from cxvalue.foundation.rounding import settled

__all__ = ["PLACEBO_MONTHS", "PlaceboStart", "placebo_start"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PLACEBO_MONTHS = 6


@dataclass(frozen=True, slots=True)
class PlaceboStart:
    """The effect that a false start shows, with its standard error and two-sided p-value."""

    effect: float
    se: float
    p_value: float


def placebo_start(
    time: Ints,
    effect: Floats,
    covariance: Floats,
    weight: Floats,
    df: float,
    months: int = PLACEBO_MONTHS,
    usual: float | None = None,
) -> PlaceboStart | None:
    """The effect of a start that never was, `months` before the real one, on the months before the real one only.

    `usual` is the usual size of the outcome, against which a difference may be mere rounding.
    None when fewer than three months lie before the false start.
    """
    late, early = time >= -months, time < -months
    if late.sum() < 2 or early.sum() < 3:
        return None
    contrast = np.zeros(time.size)
    # The base month is one of the late ones; its difference is zero and only counts in the mean.
    contrast[late] = weight[late] / (weight[late].sum() + weight.max())
    contrast[early] = -weight[early] / weight[early].sum()
    value, se = float(contrast @ effect), float(np.sqrt(max(float(contrast @ covariance @ contrast), 0.0)))
    size = usual if usual is not None else float(np.abs(effect).max(initial=0.0))
    value, se = settled(value, size), settled(se, size)
    return PlaceboStart(value, se, p_value_of(value, se, df))
