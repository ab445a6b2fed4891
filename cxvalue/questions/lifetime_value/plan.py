"""What is to be fitted to the customers of a study, and on whom, before anything is fitted: `ForecastPlan`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from cxvalue.foundation.calendar import TimeUnit, day_number, default_holdout_start
from cxvalue.foundation.errors import CxvalueError
from cxvalue.lifetime.candidates.by_model import states_of
from cxvalue.lifetime.families.bgbb_family import BG_BB
from cxvalue.lifetime.families.registry import PERIODIC, RHYTHMS
from cxvalue.lifetime.fitting.regular import LARGEST_REGULAR
from cxvalue.questions.lifetime_value.covariates import Labels
from cxvalue.tables.periods import Period, by_period, period_states
from cxvalue.tables.states import PurchaseStates, holdout_counts, purchase_states_from_purchases

if TYPE_CHECKING:
    import ibis
    from numpy.typing import NDArray

    from cxvalue.tables.purchase_log import PurchaseLog


@dataclass(frozen=True, eq=False)
class ForecastPlan:
    """What is to be fitted, and on whom.

    `full` are the histories of all customers, up to the last day, or the end of the last whole period where the models
    count opportunities (`period`). `holdout_start` is None where the history is too short for one. `allowed` are the names
    to choose from, None for all; `rhythm` says whether models of regular timing are tried. `log` are the purchases as
    arrays, from which past days are read as far as they tell them.
    """

    purchases: ibis.Table
    observed_from: date
    full: PurchaseStates
    holdout_start: date | None
    allowed: tuple[str, ...] | None
    period: Period | None
    rhythm: bool
    labels: Labels | None
    log: PurchaseLog | None = None

    def states(self, as_of: date) -> PurchaseStates:
        """Histories of the customers as they were known at the end of a day; from the log without ids."""
        # The days between purchases and the ids that labels go by are not in what the log says of customers.
        if self.log is not None and not self.rhythm and self.labels is None:
            return states_of(self.log.known(day_number(as_of)), self.full.time_unit)
        return _states(self.purchases, as_of, self.full.time_unit, self.period, self.rhythm)

    def bought(self, start: date, until: date) -> tuple[NDArray[np.int64], int]:
        """Purchases from `start` to `until` of each customer known before, as the models count them.

        And how many customers were first seen in that time.
        """
        if self.log is not None:
            last = day_number(until)
            came = self.log.came(day_number(start) - 1, last)
            return came, int((self.log.first_of <= last).sum()) - came.size
        bought = self.purchases
        if self.period is not None:
            bought = by_period(bought, as_of=self.full.as_of, period=self.period)
        found = holdout_counts(bought, holdout_start=start, as_of=until)
        return found.count, found.first_seen_in_holdout


def plan_forecast(
    purchases: ibis.Table,
    *,
    as_of: date,
    observed_from: date,
    unit: TimeUnit,
    allowed: tuple[str, ...] | None,
    holdout_start: date | None,
    labels: Labels | None,
    states: PurchaseStates | None = None,
    log: PurchaseLog | None = None,
) -> ForecastPlan:
    """The plan for purchases and what a study asks for, as `cxvalue.questions.lifetime_value.forecast.fit_cltv` takes it.

    `states` are the histories of these purchases, where they have been counted, `log` the purchases as arrays, where they
    have been read.

    Raises:
        CxvalueError: nobody bought again, or models and a holdout that do not go together with each other or the unit.
    """
    period = _period_of(allowed, unit)
    full = states or _states(purchases, as_of, unit, period, False)
    asked = allowed is None or any(name in RHYTHMS for name in allowed)
    rhythm = period is None and asked and len(full) <= LARGEST_REGULAR
    if rhythm:
        full = _states(purchases, as_of, unit, period, rhythm)
    if not full.frequency.any():
        if period is None:
            raise CxvalueError("Nobody bought a second time, so the data say nothing about how long customers stay.")
        raise CxvalueError(
            "Nobody bought in a second {period}, so the data say nothing about how long customers stay.",
            period=unit.value,
        )
    # One that leaves nothing to compare with does not count: the last day may be earlier than the study file expected.
    asked_for = holdout_start if holdout_start is not None and holdout_start < full.as_of else None
    start = asked_for or default_holdout_start(full.as_of, observed_from)
    if period is not None and start is not None:
        start = period.first_day(period.number(start))
    known = labels if period is None else None
    # Periods are not in the log.
    log = log if period is None else None
    return ForecastPlan(purchases, observed_from, full, start, allowed, period, rhythm, known, log)


def _period_of(allowed: tuple[str, ...] | None, unit: TimeUnit) -> Period | None:
    """The period in which opportunities come, where the models asked for count them."""
    if allowed is None or not set(allowed) & set(PERIODIC):
        return None
    if set(allowed) != {BG_BB.name}:
        raise CxvalueError("The model bg_bb counts periods and cannot be compared with models that count days.")
    if unit.value not in list(Period):
        raise CxvalueError("The model bg_bb counts calendar periods, and a {unit} is not one.", unit=unit.value)
    return Period(unit.value)


def _states(purchases: ibis.Table, as_of: date, unit: TimeUnit, period: Period | None, rhythm: bool) -> PurchaseStates:
    if period is not None:
        return period_states(purchases, as_of=as_of, period=period)
    return purchase_states_from_purchases(purchases, as_of=as_of, time_unit=unit, per_customer=True, log_gaps=rhythm)
