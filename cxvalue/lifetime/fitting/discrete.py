"""The BG/BB asked in opportunities: customers who, once a period, take an opportunity or not."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cxvalue.foundation.arrays import Floats
from cxvalue.foundation.calendar import TimeUnit
from cxvalue.foundation.errors import CxvalueError
from cxvalue.lifetime.families import bgbb
from cxvalue.lifetime.families.bgbb_family import BB, BG_BB
from cxvalue.lifetime.families.family import Params
from cxvalue.lifetime.fitting.checked import checked_opportunities
from cxvalue.lifetime.fitting.fits import best_of, model_at
from cxvalue.lifetime.models.model import LifetimeModel
from cxvalue.tables.periods import DiscreteStates


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class DiscreteModel(LifetimeModel):
    """The BG/BB for `DiscreteStates`: a `LifetimeModel` whose time is a whole number of opportunities.

    `params` are alpha, beta (taking an opportunity) and gamma, delta (leaving before one), as in the literature;
    `time_unit` is the period of an opportunity. What `LifetimeModel` says of times holds for opportunities here.
    """

    def history_of(self, states: Any) -> tuple[Floats, Floats, Floats]:
        """Opportunities taken, the number of the last one taken, and how many there were."""
        x, recency, n = (np.asarray(c, float) for c in (states.frequency, states.recency, states.opportunities))
        return x, recency, n

    def p_alive(self, states: Any, ahead: int = 0) -> Floats:
        """P(still alive at opportunity n + ahead) a state; nan throughout when it is withheld.

        The published figure "alive next year" has `ahead` = 1: customers leave before an opportunity, so it is below
        that at n.
        """
        if self.p_alive_withheld:
            return np.full(len(states), math.nan)
        return bgbb.alive(self.values, *self.history_of(states), ahead=_whole(ahead, "ahead"))

    def dert(self, states: Any, annual_discount_rate: float) -> Floats:
        """Discounted expected residual transactions for ever, the next opportunity one period away (equation 14).

        The effective annual rate is converted to the period. Nan throughout when it is withheld: for ever without a
        dropout has no value.
        """
        if not annual_discount_rate > 0:
            raise CxvalueError(
                "annual_discount_rate == {rate}, must be above 0 for an infinite horizon, for example 0.1 for 10% a year.",
                rate=annual_discount_rate,
            )
        rate = math.log1p(annual_discount_rate) / self.time_unit.per_year
        alive, future, which = self.futures(states)
        assert BG_BB.endless is not None
        return math.nan * alive if self.p_alive_withheld else alive * BG_BB.endless(future, rate)[which]

    def expected_new(self, opportunities: ArrayLike) -> Floats:
        """E[X(m)], m = 0, 1, ..., `opportunities`: opportunities taken by a new customer after the acquisition."""
        return LifetimeModel.expected_new(self, np.arange(_whole(opportunities, "opportunities") + 1.0))

    def _rows(self, states: Any) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        return self.family.rows(*self.history_of(states))

    def _ahead(self, states: Any, t: ArrayLike) -> tuple[Floats, Params, NDArray[np.intp], Floats]:
        alive, future, which = self.futures(states)
        return alive, future, which, np.full(future[0].shape, float(_whole(t, "opportunities")))


def fit_bg_bb(states: DiscreteStates) -> DiscreteModel:
    """Fit the BG/BB model by maximum likelihood to states, grouped or per customer.

    Read the `status` of the result before its parameters.

    Raises:
        CxvalueError: no customers, no opportunities, or impossible histories.
    """
    data = checked_opportunities(states)
    still = best_of(BB, data)
    best = best_of(BG_BB, data, still)
    return DiscreteModel.of(model_at(best, still, BG_BB, data, TimeUnit(states.period.value)))


def _whole(value: Any, name: str) -> int:
    if value < 0 or int(value) != value:
        raise CxvalueError(
            "{name} == {value}, must be a whole number of opportunities, 0 or more.", name=name, value=value
        )
    return int(value)
