"""What a fit or a forecast is asked for, once it has been found to make sense.

Histories to fit a model to, in moments or in whole opportunities; a model that may forecast; the margin rate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cxvalue.foundation.errors import CxvalueError
from cxvalue.foundation.sensible import check_kind
from cxvalue.language.catalogue import translate
from cxvalue.language.letters import closed_up
from cxvalue.lifetime.families.family import History, history
from cxvalue.lifetime.models.model import LifetimeModel
from cxvalue.tables.periods import DiscreteStates, opportunities_of
from cxvalue.tables.states import check_states

if TYPE_CHECKING:
    from cxvalue.tables.states import PurchaseStates


def checked_history(states: PurchaseStates, *, by_period: bool = False) -> History:
    """Distinct histories in the unit of the states, in whole opportunities where asked; refuses impossible ones."""
    check_states(states)
    if by_period:
        return checked_opportunities(opportunities_of(states))
    x, recency = np.asarray(states.frequency), np.asarray(states.recency_days)
    age, count = np.asarray(states.age_days), np.asarray(states.count)
    if not count.size or count.sum() <= 0:
        raise CxvalueError("There are no customers to fit a lifetime model to: the purchase states are empty.")
    wrong = (x < 0) | (recency < 0) | (recency > age) | ((x == 0) != (recency == 0)) | (count < 0)
    if wrong.any():
        i = int(np.flatnonzero(wrong)[0])
        raise CxvalueError(
            "{states} purchase states are impossible; the first has frequency {frequency}, recency {recency}"
            " days, age {age} days and count {count}. Allowed: 0 <= recency <= age, and a recency of 0 "
            "exactly when the frequency is 0.",
            states=int(wrong.sum()),
            frequency=x[i],
            recency=recency[i],
            age=age[i],
            count=count[i],
        )
    days = states.time_unit.days
    return history(x, recency, age, count, days)


def checked_opportunities(states: DiscreteStates) -> History:
    """Distinct histories of opportunities; refuses impossible ones, and those in which there was none yet."""
    x, recency, n, count = states.frequency, states.recency, states.opportunities, states.count
    if not count.size or count.sum() <= 0:
        raise CxvalueError("There are no customers to fit a BG/BB model to: the states are empty.")
    wrong = (x < 0) | (recency > n) | (x > recency) | ((x == 0) != (recency == 0)) | (count < 0)
    if wrong.any():
        i = int(np.flatnonzero(wrong)[0])
        raise CxvalueError(
            "{states} states are impossible; the first has frequency {frequency}, recency {recency}, "
            "{opportunities} opportunities and count {count}. Allowed: 0 <= frequency <= recency <= "
            "opportunities, and a recency of 0 exactly when the frequency is 0.",
            states=int(wrong.sum()),
            frequency=x[i],
            recency=recency[i],
            opportunities=n[i],
            count=count[i],
        )
    if not (count[n > 0] > 0).any():
        raise CxvalueError(
            "No customer has had an opportunity yet: the first full {period} after an acquisition must have ended. "
            "Observe for longer, or choose a shorter period.",
            period=states.period.value,
        )
    return history(x, recency, n, count)


def check_forecast(model: LifetimeModel, states: PurchaseStates, what: str, *, withheld: bool = False) -> None:
    """Refuse grouped states, and a model whose dropout the data do not identify; `what` needs them, in words.

    `withheld`: the reason may be passed on to whoever gets the forecast of another model.
    """
    check_kind("model", model, LifetimeModel, "fit(states)")
    check_states(states)
    if states.mean_spend is None or (np.asarray(states.count) != 1).any():
        raise CxvalueError("{what} needs states per customer: purchase_states(..., per_customer=True).", what=what)
    if model.family.dropout and model.status == "degenerate":
        found = translate("The {model} cannot forecast: {reason}", model=model.family.title, reason=model.reason)
        remedy = translate("Pass fit(states, {fallback!r}) instead.", fallback=model.fallback)
        if withheld:
            remedy = translate(
                "Pass fit(states, {fallback!r}) instead, with this reason as withheld=...", fallback=model.fallback
            )
        raise CxvalueError(closed_up(f"{found} {remedy}"))


def margin_rate_of(states: PurchaseStates, given: float | None = None) -> float:
    """Margin per unit of revenue: as given, else total margin / total revenue of the states; nan where that is unknown."""
    return states.margin_rate if given is None else float(given)
