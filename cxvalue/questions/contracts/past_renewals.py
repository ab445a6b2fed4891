"""How far forecasts of contracts missed before: made again from past days, each with what was known then."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from cxvalue.foundation.calendar import DAYS_PER_MONTH, day_number
from cxvalue.foundation.errors import CxvalueError
from cxvalue.lifetime.contracts.sbg import fit_renewal
from cxvalue.lifetime.evidence.attempts import Attempts, Floats, origins_before
from cxvalue.questions.contracts.contract_base import Contracts
from cxvalue.questions.contracts.contract_value import Forecaster, foresee, paid_by

__all__ = ["CANDIDATE", "past_renewals"]

CANDIDATE = "sbg"
SHORTEST_DAYS = 91
MOST_ORIGINS = 12
FEWEST_CONTRACTS = 30
DRAWS = 40
USUAL_MONTHS = (3, 6, 12, 24)


def past_renewals(contracts: Contracts, horizon_months: int, annual_discount_rate: float) -> Attempts:
    """What the model of renewals, fitted on past days, said of the revenue of the contracts of that day, and what came.

    A row for each past day and each horizon of 3, 6, 12 and 24 months and of the study's that was over by the last day.
    Contracts keep their value per month in the forecast; what came holds its changes. Empty where contracts have no value.
    """
    first, today = int(contracts.first_day().min()), day_number(contracts.as_of)
    observed = max(first, day_number(contracts.observed_from))
    rows: list[Attempts] = []
    if contracts.valued and today - observed > SHORTEST_DAYS:
        months = sorted({*(one for one in USUAL_MONTHS if one < horizon_months), horizon_months})
        for origin in origins_before(observed, today, SHORTEST_DAYS)[-MOST_ORIGINS:]:
            over = [one for one in months if origin + round(one * DAYS_PER_MONTH) <= today]
            rows += _attempts(contracts, origin, observed, over, annual_discount_rate)
    return Attempts.joined(rows, (CANDIDATE,))


def _attempts(contracts: Contracts, origin: int, first: int, months: list[int], rate: float) -> list[Attempts]:
    last = contracts.as_of - timedelta(days=day_number(contracts.as_of) - origin)
    try:
        model = fit_renewal(contracts.durations(last), time_unit="year" if contracts.annual else "month")
    except CxvalueError:
        return []
    then = Forecaster(model, contracts.part_of_last_period(last), None, contracts, last)
    who = then.seen.who
    if who.size < FEWEST_CONTRACTS:
        return []
    worth = contracts.monthly_value(last)[who]
    return [_attempt(then, worth, origin - first, one, rate) for one in months]


def _attempt(then: Forecaster, worth: Floats, history: int, months: int, rate: float) -> Attempts:
    factors = (1 + rate) ** (-np.arange(1, months + 1) / 12)
    found = foresee(then, worth, paid_by(factors), DRAWS, 0.95, np.random.default_rng(1), 1.0)
    said = float(worth @ found.expected)
    ends = [then.on + timedelta(days=round(one * DAYS_PER_MONTH)) for one in range(1, months + 1)]
    came = np.array([then.contracts.revenue_of_relations_on(then.on, end).sum() for end in ends])
    certain = said > 0 and (found.total > 0).all()
    return Attempts(
        origin=np.array([day_number(then.on)]),
        days=np.array([round(months * DAYS_PER_MONTH)]),
        history=np.array([float(history)]),
        growth=np.zeros(1),
        chance=np.array([float(np.var(np.log(found.total))) if certain else 0.0]),
        actual=np.array([float(np.diff(came, prepend=0.0) @ factors)]),
        made=np.array([[said if said > 0 else np.nan]]),
        names=(CANDIDATE,),
    )
