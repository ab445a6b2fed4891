"""How far forecasts of contracts miss: the pace at which customers leave, and the range of what they will bring."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date

import numpy as np

from cxvalue.foundation.arrays import Floats
from cxvalue.foundation.calendar import DAYS_PER_MONTH, day_number
from cxvalue.foundation.intervals import Interval
from cxvalue.lifetime.contracts.pace import SURE, Pace, pace_variance
from cxvalue.lifetime.contracts.sbg import RenewalModel
from cxvalue.lifetime.evidence.attempts import Attempts
from cxvalue.lifetime.evidence.blend import (
    LARGEST_MISS,
    LARGEST_RATIO,
    RECORD_HALF_LIFE,
    blend,
    record_of,
    sided,
    weigh,
)
from cxvalue.lifetime.evidence.reference import Reference
from cxvalue.questions.contracts.contract_base import Outlook
from cxvalue.questions.lifetime_value.base_forecast import PastRecord, record_from

LEAVING = Reference(floor=0.03)
"""How far off the pace of leaving was elsewhere: variance of its logarithm beyond chance, from two real bases (life
policies, a lending library; tests/reality/README.md)."""

CONTRACTS = Reference(floor=0.0004)
"""How far the margin of contracts missed beyond that: their value per month changes too."""

LEAST_RECORD = 0.1
"""Of the usual variance so much stays, however calm the past was."""

YEAR = 12
DRIFT_HALF_LIFE, DOUBTED = 0.7, 1.5
"""After so many horizons a past pace counts half for the pace to expect, as what drifts is told by the latest; and so many
times the variance of their mean is taken off (tests/calibration/README.md)."""

FEWEST_LEAVERS = 10.0
"""Leavers to be expected before a past forecast of their number says something."""


def attempt(on: int, days: int, history: float, chance: float, actual: float, made: float, name: str) -> Attempts:
    """One row of attempts: what was forecast `on` a day (`made`, nan where nothing was), and what came."""
    return Attempts(
        origin=np.array([on]),
        days=np.array([days]),
        history=np.array([history]),
        growth=np.zeros(1),
        chance=np.array([chance]),
        actual=np.array([actual]),
        made=np.array([[made]]),
        names=(name,),
    )


def pace_ahead(leaving: Attempts | None, model: RenewalModel, seen: Outlook, on: date, months: float) -> Pace:
    """What is known, on a day, of the pace at which customers leave in the next `months`: its centre and the doubt.

    Args:
        leaving: the paces of past days (`past_renewals`); only those that were over by then count. None: nothing but what
            the model says itself.
        model, seen: the sBG as fitted on that day, and where active customers stood, in periods of that model.
        on: the day.
        months: the horizon.
    """
    if leaving is None:
        return SURE
    chance = pace_variance(1 - model.survival(seen.chances(months), seen.renewed))
    if not math.isfinite(chance):
        return SURE
    row = attempt(day_number(on), round(months * DAYS_PER_MONTH), 0.0, chance, math.nan, 1.0, leaving.names[0])
    rows = leaving.with_row(row)
    known = shrunk(rows, weigh(rows, len(rows) - 1, RECORD_HALF_LIFE, other=1.0)[:-1], LEAVING)
    drifts = [drifted(leaving, on, one, LEAVING) for one in {months, min(months, YEAR)}]
    agree = min(drifts) > 0 or max(drifts) < 0
    # A change of everybody's rate that the model follows is no drift beside it.
    return replace(known, centre=math.exp(min(drifts, key=abs)) if agree and model.otherwise == 1 else 1.0)


def drifted(leaving: Attempts, on: date, months: float, reference: Reference) -> float:
    """The logarithm of the pace to expect in the next `months` after past ones: 0, unless they were off in one direction.

    Their mean, each counting as far as chance does not explain it, drawn towards 0 by its own error (chance, and how far
    paces are off elsewhere): nothing is left of a mean within 1.2 of its standard errors (the positive part of James and
    Stein, Proceedings of the Fourth Berkeley Symposium 1, 1961).
    """
    days = round(months * DAYS_PER_MONTH)
    rows = leaving.with_row(attempt(day_number(on), days, 0.0, 0.0, math.nan, 1.0, leaving.names[0]))
    counts = weigh(rows, len(leaving), DRIFT_HALF_LIFE, other=1.0)[:-1]
    varies = leaving.chance + reference.floor
    shares = counts / varies
    if not shares.sum() > 0:
        return 0.0
    shares = shares / shares.sum()
    misses = np.clip(np.log(leaving.actual), -LARGEST_MISS, LARGEST_MISS)
    mean, error = float(shares @ misses), float(shares @ varies) / float(counts.sum())
    return -mean * max(0.0, 1 - DOUBTED * error / mean**2) if mean else 0.0


def at_drift(ahead: Pace, followed: float) -> Pace:
    """The pace for a model with drivers that lets customers leave `followed` times as fast as the one that past days tried.

    Only the part of the drift is left that it has not followed already.
    """
    left = ahead.centre / followed
    return replace(ahead, centre=min(max(left, min(ahead.centre, 1.0)), max(ahead.centre, 1.0)))


def shrunk(rows: Attempts, counts: Floats, reference: Reference) -> Pace:
    """The doubt about the pace from past ones, each counting so much, drawn towards what it is elsewhere.

    What past paces vary beyond chance is measured against the usual variance; a base so small that chance explains all says
    little about it. As for purchases (`evidence.blend`), small misses are believed sooner than large ones.
    """
    past = slice(0, counts.size)
    chance, usual = rows.chance[past], reference.floor
    misses = sided(np.clip(np.log(rows.actual[past]), -LARGEST_MISS, LARGEST_MISS))
    own = counts * (usual / (chance + usual)) ** 2
    beyond = np.minimum((misses**2 - chance) / usual, LARGEST_RATIO)
    record, df = record_of(float(own.sum()), float(own @ beyond))
    return Pace(math.sqrt(max(record, LEAST_RECORD) * usual), df)


def range_demanded(
    equity: Interval, drawn: Floats, past: Attempts, as_of: date, months: int, level: float
) -> tuple[Interval, PastRecord | None]:
    """The range of equity with what past misses of money demand beyond it, and how far these were.

    Args:
        equity: by the model, with the range of parameters, chance and the pace of leaving.
        drawn: totals behind that range.
        past: forecasts made again from past days, in margin.
        as_of: the last day known.
        months: the horizon.
        level: of the range.
    """
    certain = equity.value > 0 and bool((drawn > 0).all())
    today = day_number(as_of)
    history = float(today - past.origin.min() + past.history.min())
    chance = float(np.var(np.log(drawn))) if certain else 0.0
    made = equity.value if certain else math.nan
    days, name = round(months * DAYS_PER_MONTH), past.names[0]
    rows = past.with_row(attempt(today, days, history, chance, math.nan, made, name))
    said = blend(rows, CONTRACTS, fixed=rows.made[:, 0])
    record = record_from(rows, said, level)
    if not certain:
        return equity, record
    more = Pace(math.sqrt(max(float(said.sigma[-1]) ** 2 - chance, 0.0)), float(said.df[-1]))
    found = Interval.around(equity.value, drawn / more.draw(drawn.size, np.random.default_rng(1)), level)
    return Interval(equity.value, min(equity.low, found.low), max(equity.high, found.high)), record
