"""Would a start that never was have shown an effect, and did units start when they were doing unusually badly?

Long differences from one base month, before the start only.

Short differences, month against month, hide a steady drift: each is small. Differences from one month add it up
(Roth, Sant'Anna, Bilinski and Poe 2023, section 4). The drift itself is asked for in `cxvalue.effects.checks.drift`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cxvalue.foundation.arrays import Bools, Floats, Ints
from cxvalue.foundation.intervals import p_value_of
from cxvalue.foundation.rounding import settled

PLACEBO_MONTHS = 6
DIP_MONTHS = (2, 3, 6)
"""Last months before the start that are looked at for a dip."""
DRAWS = 40_000


def largest_by_luck(correlation: Floats, df: float, seed: int) -> Floats:
    """Draws of the largest of several t statistics that go together with a correlation, where nothing is there."""
    rng = np.random.default_rng(seed)
    luck = rng.multivariate_normal(np.zeros(len(correlation)), correlation, DRAWS, method="eigh", check_valid="ignore")
    largest: Floats = (luck / np.sqrt(rng.chisquare(df, DRAWS) / df)[:, None]).max(axis=1)
    return largest


def _late_less_early(weight: Floats, late: Bools, early: Bools) -> Floats:
    """The mean of the late months less that of the early ones, as a weight for each month."""
    contrast = np.zeros(weight.size)
    # The base month is one of the late ones; its difference is zero and only counts in the mean.
    contrast[late] = weight[late] / (weight[late].sum() + weight.max())
    contrast[early] = -weight[early] / weight[early].sum()
    return contrast


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
    contrast = _late_less_early(weight, late, early)
    value, se = float(contrast @ effect), float(np.sqrt(max(float(contrast @ covariance @ contrast), 0.0)))
    size = usual if usual is not None else float(np.abs(effect).max(initial=0.0))
    value, se = settled(value, size), settled(se, size)
    return PlaceboStart(value, se, p_value_of(value, se, df))


@dataclass(frozen=True, slots=True)
class Dip:
    """The last months before the start against the months before them: how many, the gap, and how likely by luck.

    The p-value is one-sided, away from the effect, of the clearest of several numbers of months, all judged together.
    """

    months: int
    gap: float
    p_value: float


def dip_before(
    time: Ints,
    effect: Floats,
    covariance: Floats,
    weight: Floats,
    df: float,
    *,
    direction: float,
    usual: float,
    seed: int = 1,
) -> Dip | None:
    """How far the last months before the start lay away from the effect, whose sign is that of `direction`.

    Whoever starts after bad months goes back to normal without any programme (Ashenfelter 1978), and who puts off buying
    until the start buys later: both look like an effect, and a drift towards it shows neither. Arguments as in
    `placebo_start`; None when fewer than three months lie before the last two.
    """
    contrasts, lengths = [], []
    for months in DIP_MONTHS:
        late, early = time >= -months, time < -months
        if early.sum() < 3 or not late.any():
            continue
        contrasts.append(_late_less_early(weight, late, early))
        lengths.append(months)
    if not contrasts:
        return None
    table = np.array(contrasts)
    gaps = np.array([settled(float(gap), usual) for gap in table @ effect])
    spread = table @ covariance @ table.T
    se = np.sqrt(np.maximum(np.diag(spread), 0.0))
    se = np.where(se > 1e-9 * usual, se, np.inf)
    away = -np.sign(direction if direction else 1.0) * gaps / se
    place = int(away.argmax())
    alike = spread / np.outer(se, se)
    np.fill_diagonal(alike, 1.0)
    luckiest = largest_by_luck(alike, df, seed)
    p_value = float(1 + (luckiest >= away[place]).sum()) / (luckiest.size + 1)
    return Dip(lengths[place], float(gaps[place]), p_value)
