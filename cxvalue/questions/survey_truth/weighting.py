"""The score of all invited: reweighted by who answers, and its bounds without any assumption.

Those who answer are weighted by 1 / P(answer | what was known before). That the chances are estimated makes the score more
precise, not less: the influence function loses its projection on the score of the logit (Hirano, Imbens and Ridder 2003).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit, ndtr, ndtri

from cxvalue.effects.estimators.doubly_robust import fit_logit
from cxvalue.foundation.arrays import Bools, Floats, Ints
from cxvalue.foundation.intervals import Interval, reach_of, share_interval, share_of_error
from cxvalue.questions.survey_truth.invited import KNOWN_BEFORE, Invited

FEWEST_ANSWERS = 30


@dataclass(frozen=True, slots=True)
class Reweighted:
    """Response, gaps between those who answered and those who did not, and the score in four ways.

    `bounds` holds the two ends, `bounded` their interval (Imbens and Manski 2004); `effective` is Kish's number of answers,
    `trimmed` whether weights were cut; `doubly_robust` the augmented estimate beside it.
    """

    rate: Interval
    gaps: dict[str, Interval]
    raw: Interval
    score: Interval
    doubly_robust: float
    bounds: tuple[float, float]
    bounded: tuple[float, float]
    answers: int
    effective: float
    trimmed: bool


def kish(weights: Floats) -> float:
    """Effective number of answers.

    >>> round(kish(np.array([1.0, 1, 1, 1, 2, 2, 4, 8])), 6)
    4.347826
    """
    return float(weights.sum() ** 2 / (weights**2).sum())


def minimum_n(variance: float, difference: float) -> int:
    """Answers a group so that a difference of two groups is seen at 5% with a power of 80%: 2 (z + z)² v / δ².

    >>> minimum_n(0.61, 0.05), minimum_n(2.1**2, 0.2)
    (3831, 1731)
    """
    return ceil(2 * (reach_of(0.95) + ndtri(0.8)) ** 2 * variance / difference**2)


def bounds_without_assumption(mean: float, rate: float, low: float, high: float) -> tuple[float, float]:
    """The score of all if those who did not answer had given the lowest, or the highest.

    >>> [round(end, 2) for end in bounds_without_assumption(7.8, 0.3, 0, 10)]
    [2.34, 9.34]
    """
    return rate * mean + (1 - rate) * low, rate * mean + (1 - rate) * high


def imbens_manski(width_in_errors: float, level: float = 0.95) -> float:
    """How many standard errors the interval of a bounded value reaches beyond its bounds.

    >>> [round(imbens_manski(w), 6) for w in (0, 0.5, 1, 2)]
    [1.959964, 1.769713, 1.681477, 1.646146]
    """
    return float(brentq(lambda c: ndtr(c + width_in_errors) - ndtr(-c) - level, 0.0, reach_of(level) + 1e-9))


def answer_chances(x: Floats, answered: Bools) -> Floats:
    """P(answer) of each row from a logit on `x`, whose first column is the intercept."""
    return np.asarray(expit(x @ fit_logit(x, answered, ridge=1e-6)))


def hajek(score: Floats, answered: Bools, chance: Floats, x: Floats) -> tuple[float, Floats]:
    """The weighted mean of the answers and each row's influence on it, chances estimated by a logit on `x`."""
    weight = answered / chance
    y = np.where(answered, score, 0.0)
    value = float((weight * y).sum() / weight.sum())
    influence = weight * (y - value) / weight.sum()
    fitted = (answered - chance)[:, None] * x
    return value, influence - fitted @ np.linalg.lstsq(fitted, influence, rcond=None)[0]


def reweight(frame: Invited, *, level: float = 0.95) -> Reweighted | None:
    """The score of all invited; None with fewer than 30 answers, or where everybody answered alike."""
    answered = frame.answered
    n = answered.size
    count = int(answered.sum())
    if count < FEWEST_ANSWERS or float(np.ptp(frame.score[answered])) == 0:
        return None
    y = np.where(answered, frame.score, 0.0)
    mean = float(frame.score[answered].mean())
    raw = Interval.of_error(mean, float(frame.score[answered].std(ddof=1) / np.sqrt(count)), level)
    trimmed = False
    score, robust, effective = raw, mean, float(count)
    if count < n:
        chance, x, trimmed = _chances(frame)
        effective = kish(1 / chance[answered])
        value, influence = hajek(frame.score, answered, chance, x)
        score = Interval.of_error(value, float(np.sqrt(influence @ influence)), level)
        fitted = x @ np.linalg.lstsq(x[answered], frame.score[answered], rcond=None)[0]
        robust = float((fitted + answered * (y - fitted) / chance).mean())
    rate = count / n
    ends = bounds_without_assumption(mean, rate, frame.low, frame.high)
    errors = [float(np.where(answered, y, missing).std(ddof=1) / np.sqrt(n)) for missing in (frame.low, frame.high)]
    reach = imbens_manski((ends[1] - ends[0]) / max(errors), level)
    bounded = (max(ends[0] - reach * errors[0], frame.low), min(ends[1] + reach * errors[1], frame.high))
    return Reweighted(
        rate=Interval(rate, *share_interval(count, n, level)),
        gaps=_gaps(frame, level),
        raw=raw,
        score=score,
        doubly_robust=robust,
        bounds=ends,
        bounded=bounded,
        answers=count,
        effective=effective,
        trimmed=trimmed,
    )


def _chances(frame: Invited) -> tuple[Floats, Floats, bool]:
    """P(answer) of all invited, what it was fitted on, and whether small ones were raised to keep a third effective."""
    answered, spread = frame.answered, frame.known.std(axis=0)
    known = (frame.known - frame.known.mean(axis=0))[:, spread > 0] / spread[spread > 0]
    x = np.column_stack([np.ones(answered.size), known, frame.segments])
    chance = answer_chances(x, answered)
    weight = 1 / chance[answered]
    if kish(weight) < weight.size / 3:
        return np.maximum(chance, 1 / _cap(weight)), x, True
    return chance, x, False


def _can_weigh(frame: Invited) -> bool:
    """Whether enough answered, and not everybody: only then does it matter who did."""
    return FEWEST_ANSWERS <= int(frame.answered.sum()) < frame.answered.size


def answer_weights(frame: Invited | None) -> dict[str, float] | None:
    """1 / P(answer) of each who answered, with a mean of 1; None where all did or fewer than 30, or nobody was asked."""
    if frame is None or not _can_weigh(frame):
        return None
    weight = 1 / _chances(frame)[0][frame.answered]
    return dict(zip(map(str, frame.ids[frame.answered]), (weight / weight.mean()).tolist(), strict=True))


def shares_of_invited(frame: Invited, kind: Ints, kinds: int, *, level: float = 0.95) -> tuple[Interval, ...] | None:
    """The share of each kind, 0 to `kinds` - 1, among all invited, from the kinds of those who answered.

    `kind` has an element a row of the frame, which counts where the row was answered. None as for `answer_weights`.
    """
    if not _can_weigh(frame):
        return None
    answered, (chance, x, _) = frame.answered, _chances(frame)
    out = []
    for number in range(kinds):
        value, influence = hajek((kind == number).astype(float), answered, chance, x)
        out.append(share_of_error(value, float(np.sqrt(influence @ influence)), int(answered.sum()), level))
    return tuple(out)


def _cap(weight: Floats) -> float:
    """The largest weight that leaves a third of the answers effective."""
    low, high = float(weight.min()), float(weight.max())
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if kish(np.minimum(weight, middle)) >= weight.size / 3 else (low, middle)
    return low


def _gaps(frame: Invited, level: float) -> dict[str, Interval]:
    """Standardised mean differences of what was known before, those who answered less those who did not."""
    answered = frame.answered
    one, other = frame.known[answered], frame.known[~answered]
    if len(one) < 2 or len(other) < 2:
        return {}
    found = {}
    for k, name in enumerate(KNOWN_BEFORE):
        spread = float(np.sqrt((one[:, k].var(ddof=1) + other[:, k].var(ddof=1)) / 2))
        if spread > 0:
            gap = float(one[:, k].mean() - other[:, k].mean()) / spread
            error = np.sqrt(1 / len(one) + 1 / len(other) + gap**2 / (2 * answered.size))
            found[name] = Interval.of_error(gap, float(error), level)
    return found
