"""A fitted model of purchases with a spend model, asked for every customer and several horizons at once."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from cxvalue.foundation.arrays import Floats
from cxvalue.foundation.calendar import TimeUnit, date_of
from cxvalue.lifetime.candidates.outlook import Ahead, Outlook
from cxvalue.lifetime.models.by_age import FewFutures
from cxvalue.lifetime.models.by_level import parts
from cxvalue.lifetime.models.model import LifetimeModel
from cxvalue.tables.purchase_log import Known, PurchaseLog
from cxvalue.tables.states import PurchaseStates


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
        count=np.broadcast_to(np.int64(1), len(known)),
        time_unit=unit,
        as_of=date_of(known.day),
        mean_spend=np.where(repeats > 0, later / np.maximum(repeats, 1), np.nan),
        total_margin=float(known.margin.sum()),
        total_revenue=float(known.revenue.sum()),
        paid=known.paid if some_free else None,
        first_paid=first_paid if some_free else None,
    )


def all_states_of(log: PurchaseLog, day: int, unit: TimeUnit, new_from: int | None = None) -> PurchaseStates:
    """Histories of everybody who bought by a day, without ids; margins of first purchases too, as the engine counts them.

    Args:
        log: all purchases.
        day: the last one known, in days since 1970.
        unit: of time.
        new_from: the margins of first purchases are those of customers first seen from that day on.
    """
    known = log.added_up(log.known(day))
    start = log.start[known.customer]
    counted = log.known_margin[start]
    if new_from is not None:
        counted &= known.first >= new_from
    told = np.logical_or.reduceat(log.known_margin & (log.day <= day), log.start[:-1])[known.customer]
    # Sorted before they are added up, as there: the order of the customers has no say.
    firsts, margins = np.sort(log.margin[start[counted]]), np.sort(known.margin[told])
    return replace(
        states_of(known, unit),
        total_margin=float(margins.sum()) if margins.size else math.nan,
        total_revenue=float(np.sort(known.revenue).sum()),
        first_margin_mean=float(firsts.mean()) if firsts.size else math.nan,
        first_margin_se=float(firsts.std(ddof=1) / math.sqrt(firsts.size)) if firsts.size > 1 else math.nan,
    )


class ModelSays:
    """What a model says of customers, a horizon at a time: what depends on frequency and age is read off when asked for.

    Args:
        model: in its own unit of time, one parameter set or one a group of customers.
        states: one a customer.
        per_purchase: margin expected of the next purchase of each customer.
        ahead: horizons and discount rate.
    """

    def __init__(self, model: LifetimeModel, states: PurchaseStates, per_purchase: Floats, ahead: Ahead) -> None:
        self.per_purchase = per_purchase
        self.parts = [(part.rows, *_of_part(part.model, part.states, ahead)) for part in parts(model, states)]

    def at(self, place: int) -> tuple[Floats, Floats, Floats]:
        """P(at least one day with a purchase), purchases and discounted margin of each customer over a horizon."""
        found = np.empty((3, self.per_purchase.size))
        for rows, alive, few, which, told in self.parts:
            for column, values in zip(found, told, strict=True):
                read = few.read(values[:, place])
                if isinstance(rows, slice):  # everybody: into place, with no column on the way
                    np.take(read, which, out=column, mode="clip")
                    column *= alive
                else:
                    column[rows] = alive * read[which]
        found[2] *= self.per_purchase
        return found[0], found[1], found[2]


def outlook_of_model(model: LifetimeModel, states: PurchaseStates, per_purchase: Floats, ahead: Ahead) -> Outlook:
    """The outlook of customers by a model over all horizons at once, as `ModelSays` has it."""
    said = ModelSays(model, states, per_purchase, ahead)
    found = np.empty((3, len(states), len(ahead.days)))
    for place in range(len(ahead.days)):
        found[:, :, place] = said.at(place)
    return Outlook(*found)


def _of_part(
    model: LifetimeModel, states: PurchaseStates, ahead: Ahead
) -> tuple[Floats, FewFutures, NDArray[np.intp], tuple[Floats, Floats, Floats]]:
    """P(alive), the futures of the living, which of them each customer has, and what they say: (futures, horizons)."""
    alive, few, which = model.few_futures(states)
    days, future = model.time_unit.days, few.future
    path = model.family.expected(future, np.atleast_1d(model.ahead(ahead.ends / days, states.as_of))[None, :])
    shape = future[0].shape
    none = [model.family.none(future, np.broadcast_to(model.ahead(d / days, states.as_of), shape)) for d in ahead.days]
    return alive, few, which, (1 - np.stack(none, axis=1), *ahead.cumulated(path))
