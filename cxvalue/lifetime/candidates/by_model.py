"""A fitted model of purchases with a spend model, asked for every customer and several horizons at once."""

from __future__ import annotations

import numpy as np

from cxvalue.foundation.calendar import TimeUnit, date_of
from cxvalue.lifetime.candidates.outlook import Ahead, Floats, Outlook
from cxvalue.lifetime.models.by_level import parts
from cxvalue.lifetime.models.model import LifetimeModel
from cxvalue.tables.purchase_log import Known
from cxvalue.tables.states import PurchaseStates

__all__ = ["outlook_of_model", "states_of"]


def states_of(known: Known, unit: TimeUnit) -> PurchaseStates:
    """Purchase histories per customer, as `cxvalue.tables.states` counts them, without ids."""
    repeats = known.repeats
    first_paid = (known.first_revenue > 0).astype(np.int64)
    some_free = bool((known.paid < repeats).any() or (first_paid == 0).any())
    later = known.revenue - known.first_revenue
    return PurchaseStates(
        frequency=repeats,
        recency_days=known.last - known.first,
        age_days=known.day - known.first,
        count=np.ones(len(known), dtype=np.int64),
        time_unit=unit,
        as_of=date_of(known.day),
        mean_spend=np.where(repeats > 0, later / np.maximum(repeats, 1), np.nan),
        total_margin=float(known.margin.sum()),
        total_revenue=float(known.revenue.sum()),
        paid=known.paid if some_free else None,
        first_paid=first_paid if some_free else None,
    )


def outlook_of_model(model: LifetimeModel, states: PurchaseStates, per_purchase: Floats, ahead: Ahead) -> Outlook:
    """The outlook of customers by a model, one parameter set or one a group of them.

    Args:
        model: in its own unit of time.
        states: one a customer.
        per_purchase: margin expected of the next purchase of each customer.
        ahead: horizons and discount rate.
    """
    size = (len(states), len(ahead.days))
    returns, purchases, worth = np.empty(size), np.empty(size), np.empty(size)
    for part in parts(model, states):
        own = _of_part(part.model, part.states, ahead)
        returns[part.rows], purchases[part.rows], worth[part.rows] = own
    return Outlook(returns, purchases, worth * per_purchase[:, None])


def _of_part(model: LifetimeModel, states: PurchaseStates, ahead: Ahead) -> tuple[Floats, Floats, Floats]:
    alive, few, which = model.few_futures(states)
    days, future = model.time_unit.days, few.future
    path = model.family.expected(future, np.atleast_1d(model.ahead(ahead.ends / days, states.as_of))[None, :])
    bought, discounted = (few.read(one) for one in ahead.cumulated(path))
    none = np.stack(
        [
            few.read(model.family.none(future, np.broadcast_to(model.ahead(day / days, states.as_of), future[0].shape)))
            for day in ahead.days
        ],
        axis=1,
    )
    there = alive[:, None]
    return there * (1 - none)[which], there * bought[which], there * discounted[which]
