"""The truth of the retailer: counted in other customers of the same stores, or from what would have happened otherwise."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from cxvalue.foundation.arrays import Bools, Floats, Ints
from cxvalue.simulate.retailer_draw import MONTHS, QUARTERS, STARTS, Lives, RetailerParameters
from cxvalue.tables.distinct import distinct_numbers

LEVELS = ("negative", "none", "low", "medium", "high")
NEGATIVE, SOME, STRONG = -10.0, 5.0, 20.0
LANDMARK, FOLLOW, TARGET, QUIET = 14, 180, 3, 180
UNKNOWN, GONE = 5, 6
DORMANT_DAYS = 90


def experience_truth(lives: Lives, others: Lives, true: RetailerParameters) -> dict[str, float]:
    """The true value of findings by their ids."""
    truth = {}
    level = _levels(others, _references(lives))
    last = QUARTERS - 1
    known = level[:, last] < UNKNOWN
    after, any_after = _year_after(others)
    quarters = np.arange(QUARTERS - 4)
    for number, name in enumerate(LEVELS):
        truth[f"experience.level.{name}.share"] = float((level[known, last] == number).mean())
        at = level[:, quarters] == number
        truth[f"experience.level.{name}.margin"] = float(after[:, quarters][at].mean())
        truth[f"experience.level.{name}.churn"] = float(1 - any_after[:, quarters][at].mean())
        here, later = level[:, :-1] == number, level[:, 1:]
        for other, into in enumerate((*LEVELS, "unknown", "gone")):
            truth[f"experience.transition.{name}.{into}"] = float((later[here] == other).mean())
    if true.kappa > 0:
        truth["experience.habituation.tasting.half_life"] = float(np.log(2) / true.kappa)
    inside = lives.complained + LANDMARK + FOLLOW < STARTS[MONTHS]
    inside &= lives.complained >= QUIET
    truth["experience.response.retained"] = float(lives.gain[inside].mean())
    closed = lives.complained + lives.days_to_answer
    year = (lives.complained >= STARTS[MONTHS] - 365) & (lives.complained < STARTS[MONTHS])
    known_by = year & (lives.complained + TARGET < STARTS[MONTHS])
    truth["experience.response.closed_loop"] = float(((closed - lives.complained) <= TARGET)[known_by].mean())
    return truth


class _References(NamedTuple):
    """What is frozen in the first four quarters of the tables: medians of the scores, and of days with a purchase."""

    scores: Floats
    active: float


def _references(lives: Lives) -> _References:
    answers = lives.answers & (lives.asked < STARTS[MONTHS]) & (lives.quarter < 4)
    scores = np.column_stack([lives.overall, lives.parts])[answers] * 10
    visits = _visits(lives)[:, :4]
    return _References(np.median(scores, axis=0), float(np.median(visits[visits >= 1])))


def _visits(lives: Lives) -> Floats:
    """Distinct days with a purchase by customer and quarter."""
    days = distinct_numbers(lives.buyer * 10_000 + lives.bought)
    quarter = (np.searchsorted(STARTS, days % 10_000, side="right") - 1) // 3
    n = lives.store.size
    counted = np.bincount(days // 10_000 * QUARTERS + quarter, minlength=n * QUARTERS)
    return counted.reshape(n, QUARTERS).astype(float)


def _levels(lives: Lives, fixed: _References) -> Ints:
    """Level of each customer and quarter (customers x quarters), 5 without an answer, 6 gone."""
    n = lives.store.size
    answers = lives.answers & (lives.asked < STARTS[MONTHS])
    scores = np.column_stack([lives.overall, lives.parts])[answers] * 10
    strength = np.full((n, QUARTERS), np.nan)
    strength[lives.invited[answers], lives.quarter[answers]] = (scores - fixed.scores).mean(axis=1)
    active = _visits(lives) >= fixed.active
    level = np.where(strength < STRONG, np.where(active, 3, 2), np.where(active, 4, 3))
    level = np.where(strength < SOME, 1, level)
    level = np.where(strength <= NEGATIVE, 0, level)
    ends = STARTS[3 * np.arange(1, QUARTERS + 1)] - 1
    latest = np.full((n, QUARTERS), -(10**6))
    np.maximum.at(latest, (lives.buyer, (np.searchsorted(STARTS, lives.bought, side="right") - 1) // 3), lives.bought)
    latest = np.maximum.accumulate(latest, axis=1)
    gone = ends[None, :] - latest >= DORMANT_DAYS
    return np.where(np.isnan(strength), np.where(gone, GONE, UNKNOWN), level)


def _year_after(lives: Lives) -> tuple[Floats, Bools]:
    """Margin in the 365 days after the end of each quarter, and whether anything was bought in them."""
    n = lives.store.size
    margin, orders = np.zeros((n, QUARTERS)), np.zeros((n, QUARTERS), dtype=bool)
    for q in range(QUARTERS - 4):
        end = STARTS[3 * (q + 1)] - 1
        inside = (lives.bought > end) & (lives.bought <= end + 365)
        margin[:, q] = np.bincount(lives.buyer[inside], lives.margin[inside], n)
        orders[:, q] = np.bincount(lives.buyer[inside], minlength=n) > 0
    return margin, orders
