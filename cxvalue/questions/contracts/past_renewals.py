"""How far forecasts of contracts missed before: made again from past days, each with what was known then."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date

import numpy as np

from cxvalue.foundation.arrays import Floats
from cxvalue.foundation.calendar import DAYS_PER_MONTH, date_of, day_number
from cxvalue.foundation.errors import CxvalueError
from cxvalue.foundation.plain import Plain
from cxvalue.lifetime.contracts.pace import pace_of, pace_variance
from cxvalue.lifetime.evidence.attempts import Attempts, origins_before
from cxvalue.questions.contracts.contract_base import Contracts
from cxvalue.questions.contracts.contract_value import Forecaster, foresee, worth_of
from cxvalue.questions.contracts.endings import CHURN_MONTHS
from cxvalue.questions.contracts.first_year import first_year
from cxvalue.questions.contracts.miss_range import FEWEST_LEAVERS, attempt, pace_ahead
from cxvalue.questions.contracts.months_paid import paid_by
from cxvalue.questions.contracts.renewals import renewal_model

CANDIDATE = "sbg"
SHORTEST_DAYS = 91
MOST_ORIGINS = 12
FEWEST_CONTRACTS = 30
FEWEST_ENDS = 20
"""Ends seen by a past day: from fewer a model knows too little of what it does not know."""
DRAWS = 40
USUAL_MONTHS = (3, 6, 12, 24)


@dataclass(frozen=True, eq=False)
class PastRenewals(Plain):
    """Forecasts made again from past days, a row for each day and horizon, and what came.

    `margin` has the revenue of the contracts of the day (no rows where contracts have no value), `leaving` how much slower
    than foreseen customers left, as 1 over the pace of `lifetime.contracts.pace`: 1 was forecast, and rows in which fewer
    than 10 were expected to leave are not there.
    """

    margin: Attempts
    leaving: Attempts


def past_renewals(contracts: Contracts, horizon_months: int, annual_discount_rate: float) -> PastRenewals:
    """What the model of renewals, fitted on past days, said of the contracts of that day, and what came.

    From up to 12 days, spread over the history, and for each horizon of 3, 6, 12 and 24 months and of the study's that was
    over by the last day. Contracts keep their value per month in the forecast; what came holds its changes.
    """
    first, today = int(contracts.first_day().min()), day_number(contracts.as_of)
    observed = max(first, day_number(contracts.observed_from))
    margin, leaving = Attempts.joined([], (CANDIDATE,)), Attempts.joined([], (CANDIDATE,))
    if today - observed <= SHORTEST_DAYS:
        return PastRenewals(margin, leaving)
    months = sorted({*(one for one in USUAL_MONTHS if one < horizon_months), CHURN_MONTHS, horizon_months})
    origins = origins_before(observed, today, SHORTEST_DAYS, None)
    spread = np.unique(np.rint(np.linspace(0, len(origins) - 1, min(MOST_ORIGINS, len(origins)))).astype(int))
    for origin in (origins[place] for place in spread):
        then = _forecaster(contracts, date_of(origin))
        over = [one for one in months if origin + round(one * DAYS_PER_MONTH) <= today]
        if then is None or then.seen.who.size < FEWEST_CONTRACTS:
            continue
        if contracts.valued:
            then = then._replace(changes=first_year(contracts, then.on))
            ends = [date_of(origin + round(one * DAYS_PER_MONTH)) for one in range(1, max(over, default=0) + 1)]
            came = contracts.revenue_of_relations_on(then.on, *ends)
            told = [_margin(then, leaving, came[:one], origin - observed, annual_discount_rate) for one in over]
            margin = Attempts.joined([margin, *told])
        leaving = Attempts.joined([leaving, *(row for one in over for row in _leaving(then, origin - observed, one))])
    return PastRenewals(margin, leaving)


def _forecaster(contracts: Contracts, day: date) -> Forecaster | None:
    if contracts.durations(day).ends < FEWEST_ENDS:
        return None
    try:
        model = renewal_model(contracts, day)
    except CxvalueError:
        return None
    return Forecaster(model, contracts.part_of_last_period(day), None, contracts, day)


def _leaving(then: Forecaster, history: int, months: int) -> list[Attempts]:
    seen = then.seen
    chances = seen.chances(months)
    p = 1 - then.model.survival(chances, seen.renewed)
    if p.sum() < FEWEST_LEAVERS:
        return []
    on, days = day_number(then.on), round(months * DAYS_PER_MONTH)
    drawn = then.model.draw(DRAWS, np.random.default_rng(1))
    states, count = np.unique(np.stack([seen.renewed, chances]), axis=1, return_counts=True)
    leave = 1 - then.model.curve(drawn, states[1], states[0])
    chance = pace_variance(p, float(np.var(leave @ count)))
    left = then.contracts.left_between(then.on, date_of(on + days))
    return [attempt(on, days, float(history), chance, 1 / pace_of(p, left), 1.0, CANDIDATE)]


def _margin(then: Forecaster, leaving: Attempts, came: Floats, history: int, rate: float) -> Attempts:
    """The forecast of the next months, and what came up to the end of each of them."""
    months = came.size
    factors = (1 + rate) ** (-np.arange(1, months + 1) / 12)
    rng = np.random.default_rng(1)
    ahead = pace_ahead(leaving, then.model, then.seen, then.on, months)
    then = then._replace(pace=ahead.centre)
    paid = paid_by(factors)
    worth = worth_of(then, paid)
    found = foresee(then, worth, paid, ahead.draw(DRAWS, rng), 0.95, rng, 1.0)
    said = float(worth @ found.expected)
    on, days = day_number(then.on), round(months * DAYS_PER_MONTH)
    certain = said > 0 and (found.total > 0).all()
    chance = float(np.var(np.log(found.total))) if certain else 0.0
    actual = float(np.diff(came, prepend=0.0) @ factors)
    return attempt(on, days, float(history), chance, actual, said if said > 0 else math.nan, CANDIDATE)
