"""Does the base buy with the seasons? The seasonal index of a study's purchases, and models that run on its clock.

The index (`cxvalue.lifetime.families.season`) compares the repeat purchases of every calendar month with what a model
without a season expects of the customers as they were acquired. It needs two full years before the holdout, uses nothing
after the day it is asked for, and is tried only where an F test finds a season at all.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

import ibis
import numpy as np
from numpy.typing import NDArray

from cxvalue.foundation.arrays import Floats
from cxvalue.foundation.plain import NOT_KEPT, Plain
from cxvalue.language.catalogue import translatable, translate
from cxvalue.lifetime.families.registry import SEASONAL
from cxvalue.lifetime.families.season import SeasonalIndex, seasonal_index
from cxvalue.lifetime.fitting.fits import fit_on_clock
from cxvalue.lifetime.models.model import LifetimeModel

if TYPE_CHECKING:
    from cxvalue.tables.states import PurchaseStates

SHORTEST_DAYS = 730
FOUND_BELOW = 0.01
_GRID = 1_500
MONTH_NAMES = (
    *(translatable("January"), translatable("February"), translatable("March"), translatable("April")),
    *(translatable("May"), translatable("June"), translatable("July"), translatable("August")),
    *(translatable("September"), translatable("October"), translatable("November"), translatable("December")),
)
"""The months, in English, for `translate` to tell."""


@dataclass(frozen=True)
class Season(Plain):
    """The seasonal index of a base and the models that run on its clock (kept with the others); or why there is none."""

    index: SeasonalIndex | None
    models: tuple[LifetimeModel, ...] = field(default=(), metadata=NOT_KEPT)
    reason: str = ""


class _Seen(NamedTuple):
    """Customers by the day of their first purchase, and repeat purchases by calendar month, days counted from 1970."""

    first_day: NDArray[np.int64]
    customers: Floats
    edges: NDArray[np.int64]
    month: NDArray[np.int64]
    repeats: Floats


def find_season(
    purchases: ibis.Table,
    states: PurchaseStates,
    plain: tuple[LifetimeModel, ...],
    *,
    observed_from: date,
    insist: bool = False,
    first: PurchaseStates | None = None,
) -> Season:
    """Estimate the index on what was seen up to the day of the states, and fit the models on its clock.

    The index is that of all purchases up to that day, whoever the states are: the same customers, or a sample of them.
    `plain` are the models fitted to the same states without a season. With `insist` the F test is not asked. `first` are
    those of fewer customers, on which the model is fitted that only serves to find the index.
    """
    if (states.as_of - observed_from).days + 1 < SHORTEST_DAYS:
        return Season(
            None, (), translate("A season can be found only with two full years of history before the holdout.")
        )
    base = next((model for model in plain if model.name in SEASONAL.values() and model.status == "ok"), None)
    if base is None:
        return Season(
            None,
            (),
            translate(
                "A season can be found only beside a model that says who has left, and none of them is reliable here."
            ),
        )
    seen = _seen(purchases, states.as_of)
    if np.bincount(seen.month - 1, minlength=12).min() < 2:
        return Season(
            None, (), translate("A season can be found only when every month of the year was seen at least twice.")
        )
    index: SeasonalIndex | None = None
    models: tuple[LifetimeModel, ...] = ()
    for last in (False, True):
        expected = np.diff(expected_on_days(base, seen.edges, seen.first_day, seen.customers))
        speed = np.ones(12) if index is None else np.array(index.clock.speed)
        expected = expected / speed[seen.month - 1]
        kept = expected > 0.5
        if np.bincount(seen.month[kept] - 1, minlength=12).min() < 2:
            return Season(None, (), translate("There are too few purchases a month to find a season."))
        index = seasonal_index(seen.month[kept], seen.repeats[kept], expected[kept])
        if index.p_value > FOUND_BELOW and not insist:
            return Season(index, (), translate("No season was found: months differ no more than by chance."))
        if not last:
            found = _on_clock(states if first is None else first, index, seen)
            base = base if found is None else found
        else:
            models = fit_on_clock(states, index.clock, _log_speeds(states, index, seen))
    return Season(index, models, "")


def _on_clock(states: PurchaseStates, index: SeasonalIndex, seen: _Seen) -> LifetimeModel | None:
    """The first model on the clock of an index that is sound."""
    each = (fit_on_clock(states, index.clock, _log_speeds(states, index, seen), (name,))[0] for name in SEASONAL)
    return next((model for model in each if model.status == "ok"), None)


def _log_speeds(states: PurchaseStates, index: SeasonalIndex, seen: _Seen) -> float:
    """The logarithm of the clock's speed summed over the repeat purchases of the states: of a sample its share of all."""
    share = float(states.frequency @ states.count) / max(float(seen.repeats.sum()), 1.0)
    return share * float(np.log(index.clock.speed)[seen.month - 1] @ seen.repeats)


def expected_on_days(model: LifetimeModel, days: NDArray[Any], first_day: NDArray[Any], customers: Floats) -> Floats:
    """Repeat purchases expected before the start of each day, of customers by the day of their first purchase.

    Days are counted from 1970. Exact to the interpolation of the expected path at 1,500 points.
    """
    start, end = first_day[None, :] + 1.0, np.maximum(days[:, None], first_day[None, :] + 1).astype(float)
    ages = (end - start if model.clock is None else model.clock.elapsed(start, end)) / model.time_unit.days
    grid = np.linspace(0.0, float(ages.max(initial=0.0)) + 1e-9, _GRID)
    return np.interp(ages, grid, model.expected_new(grid)) @ customers


def _seen(purchases: ibis.Table, until: date) -> _Seen:
    rows = purchases.filter(purchases.date <= ibis.literal(until))
    firsts = rows.group_by("customer_id").agg(first=rows.date.min())
    acquired = firsts.group_by("first").agg(customers=firsts.count()).order_by("first").to_pandas()
    daily = rows.group_by("date").agg(n=rows.count()).to_pandas()
    first_day = acquired["first"].to_numpy("datetime64[D]")
    last = np.datetime64(until, "D")
    months = np.arange(first_day.min().astype("datetime64[M]"), last.astype("datetime64[M]") + 1)
    edges = np.append(months.astype("datetime64[D]").astype(np.int64), last.astype(np.int64) + 1)

    def by_month(days: NDArray[np.datetime64], count: Any) -> Floats:
        place = (days.astype("datetime64[M]") - months[0]).astype(np.int64)
        return np.bincount(place, np.asarray(count, dtype=float), months.size).astype(np.float64)

    # A customer has one purchase a day, and all but the first are repeats: nothing needs to be asked of each customer.
    customers = acquired["customers"].to_numpy(float)
    repeats = by_month(daily["date"].to_numpy("datetime64[D]"), daily["n"]) - by_month(first_day, customers)
    return _Seen(first_day.astype(np.int64), customers, edges, months.astype(np.int64) % 12 + 1, repeats)
