"""How long answers take, what a fast one changes from the landmark on, and what would undo it.

Everything counts from a landmark, L days after the complaint: whoever was answered "fast" must be known by then, else those
who stayed long enough to be answered would look loyal. Chances and outcomes are fitted on what was known before.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import chi2

from cxvalue.effects.estimators.doubly_robust import (
    CrossFitted,
    cross_fitted_effects,
    cross_fitted_odds,
    robustness_value,
)
from cxvalue.effects.estimators.survival import Survival, kaplan_meier
from cxvalue.foundation.arrays import Floats, Ints
from cxvalue.foundation.calendar import WHOLE_YEAR_DAYS
from cxvalue.foundation.intervals import Interval, reach_of
from cxvalue.questions.experience.dummies import slopes_clustered
from cxvalue.questions.response.complaints import Complaints, IndexComplaints

FEWEST = 100
FEWEST_AN_ARM = 30
FOLDS = 5
STRONG_F = 104.7
"""First-stage F above which the usual interval of an instrument keeps its word (Lee and others 2022)."""


@dataclass(frozen=True, slots=True)
class Speed:
    """Answers to the complaints of the last 12 months: median days, share within the target, and those that were slow."""

    days: Interval | None
    closed_loop: Interval
    complaints: int
    open: int
    slow: int
    curve: Survival


@dataclass(frozen=True, slots=True)
class Instrument:
    """The effect of speed among complaints that a backlog moves; no interval where the backlog moves too little."""

    effect: Interval | None
    first_stage_f: float
    balance_p: float


@dataclass(frozen=True, slots=True)
class Recovery:
    """Effect of a fast answer on staying and on margin, for all and for the slow ones, and what would undo it."""

    retained: Interval
    margin: Interval
    margin_of_slow: Interval
    naive: float
    robustness: float
    complaints: int
    fast: int
    thin: float
    instrument: Instrument | None


def answer_speed(complaints: Complaints, target_days: int, *, level: float = 0.95) -> Speed | None:
    """Days to the answer of the complaints of the last 12 months, open ones censored; None without any."""
    recent = complaints.day > complaints.as_of - WHOLE_YEAR_DAYS
    if not recent.any():
        return None
    waited, closed = complaints.waited[recent].astype(float), complaints.closed[recent] <= complaints.as_of
    curve = kaplan_meier(waited, closed)
    still = curve.at(target_days, level)
    slow = int((waited > target_days).sum())
    share = Interval(1 - still.value, 1 - still.high, 1 - still.low)
    return Speed(curve.median(level), share, int(recent.sum()), int((~closed).sum()), slow, curve)


def fit_recovery(data: IndexComplaints, *, level: float = 0.95, seed: int = 1) -> Recovery | None:
    """The effect of a fast answer; None with fewer than 100 complaints, or 30 fast or slow ones."""
    fast = data.fast
    if fast.size < FEWEST or min(fast.sum(), (~fast).sum()) < FEWEST_AN_ARM:
        return None
    folds = np.random.default_rng(seed).permutation(np.arange(fast.size) % FOLDS)
    odds = cross_fitted_odds(data.x, fast, folds)
    stay = cross_fitted_effects(data.x, data.retained, fast, folds, odds=odds)
    money = cross_fitted_effects(data.x, data.margin, fast, folds, odds=odds)
    kept = _interval(stay.everybody, stay.influence, level)
    error = (kept.high - kept.low) / 2 / reach_of(level)
    df = max(fast.size - data.x.shape[1] - 1, 1)
    return Recovery(
        retained=kept,
        margin=_interval(money.everybody, money.influence, level),
        margin_of_slow=_interval(money.untreated, money.influence_untreated, level),
        naive=float(data.retained[fast].mean() - data.retained[~fast].mean()),
        robustness=robustness_value(kept.value / error, df) if error > 0 else 0.0,
        complaints=fast.size,
        fast=int(fast.sum()),
        thin=_thin(stay),
        instrument=by_backlog(data, level=level),
    )


def _interval(value: float, influence: Floats, level: float) -> Interval:
    return Interval.of_error(value, float(np.sqrt(influence @ influence)), level)


def _thin(found: CrossFitted) -> float:
    """Share of complaints that were nearly sure to be answered fast, or slowly: nothing like them to compare with."""
    return float(((found.chance < 0.05) | (found.chance > 0.95)).mean())


def by_backlog(data: IndexComplaints, *, level: float = 0.95) -> Instrument | None:
    """Two-stage least squares with the backlog at the unit that day as the instrument, given unit, weekday and month.

    The interval is that of Anderson and Rubin (1949), robust to unequal variances, unless the first stage is very strong.
    None without units, or where the backlog does not vary.
    """
    if data.backlog is None:
        return None
    unit, weekday, month = data.groups
    others = np.column_stack([(weekday[:, None] == np.arange(6)).astype(float), _columns(month)])
    z, y, d = _left(np.column_stack([data.backlog, data.retained, data.fast]), others, unit).T
    if float(z @ z) <= 1e-9 * max(float(data.backlog @ data.backlog), 1e-300):
        return None
    a, b = float(z @ y), float(z @ d)
    v_yy, v_yd, v_dd = (float((z**2) @ (one * two)) for one, two in ((y, y), (y, d), (d, d)))
    first = d - z * (b / float(z @ z))
    strength = b**2 / float((z**2) @ first**2)
    limit = float(chi2.ppf(level, 1))
    value = a / b if b else np.nan
    effect: Interval | None = None
    if strength > STRONG_F:
        left = y - value * d
        effect = Interval.of_error(value, float(np.sqrt((z**2) @ left**2)) / abs(b), level)
    else:
        square, half, rest = b**2 - limit * v_dd, a * b - limit * v_yd, a**2 - limit * v_yy
        if square > 0 and half**2 >= square * rest:
            reach = np.sqrt(half**2 - square * rest)
            effect = Interval.holding(value, (half - reach) / square, (half + reach) / square)
    own = slopes_clustered(z, data.own, unit.astype(np.intp))
    kept = own.beta[own.kept]
    sums = own.influence[:, own.kept]
    wald = float(kept @ np.linalg.pinv(sums.T @ sums) @ kept)
    return Instrument(effect, strength, float(chi2.sf(wald, max(kept.size, 1))))


def _columns(codes: Ints) -> Floats:
    return (codes[:, None] == np.arange(1, int(codes.max()) + 1)[None, :]).astype(float)


def _left(values: Floats, others: Floats, unit: Ints) -> Floats:
    """What units, weekdays and months leave unexplained of columns."""
    from cxvalue.questions.experience.dummies import centred

    group = unit.astype(np.intp)
    design, own = centred(others, group), centred(values, group)
    # A month may be that of one unit alone: what the others say already has no weight of its own.
    bread = np.linalg.pinv(design.T @ design, rcond=1e-10, hermitian=True)
    return np.asarray(own - design @ (bread @ (design.T @ own)))
