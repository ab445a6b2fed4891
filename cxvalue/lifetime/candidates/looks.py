"""All candidates asked on one day: what each forecasts of every customer then known, and of all together."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from cxvalue.foundation.arrays import Floats
from cxvalue.foundation.calendar import DAYS_PER_MONTH, TimeUnit
from cxvalue.foundation.errors import CxvalueError
from cxvalue.foundation.rounding import spread_of
from cxvalue.lifetime.candidates.by_model import ModelSays, states_of
from cxvalue.lifetime.candidates.outlook import Ahead, Outlook
from cxvalue.lifetime.candidates.similar import CellForecast, forecast_by_cells, landmarks_of, year_ago
from cxvalue.lifetime.fitting.fits import fit_quickly
from cxvalue.lifetime.models.model import LifetimeModel
from cxvalue.lifetime.models.spend import fit_spend
from cxvalue.tables.purchase_log import Known, PurchaseLog
from cxvalue.tables.states import PurchaseStates

FITTED = ("bg_nbd", "pareto_nbd")
"""Models that are fitted at every past day."""

_SHORTER = 1.5
_SHORTEST = 9
_HALF_TRUSTED = 300.0
"""Purchases at the newest landmark at which cells count half as much as a model in the forecast of single customers."""
_LARGEST_CHANCE = 4.0


@dataclass(frozen=True, eq=False)
class Look:
    """What the candidates say on a day.

    Attributes:
        known: the customers.
        totals: margin and purchases forecast in total, by candidate: (2, horizons).
        outlook: of each customer, the candidates pooled with equal weights for all customers (cells count less where they
            rest on few purchases).
        variation: coefficient of variation of the money of a customer's purchases.
        chance: variance of the logarithm of the two totals by chance alone, (2, horizons).
        models: the fitted models.
    """

    known: Known
    ahead: Ahead
    totals: Mapping[str, Floats]
    outlook: Outlook
    variation: float
    chance: Floats
    models: Mapping[str, LifetimeModel]


def look_back(
    log: PurchaseLog,
    ahead: Ahead,
    day: int,
    unit: TimeUnit,
    *,
    near: Mapping[str, LifetimeModel] | None = None,
    taught_from: int | None = None,
) -> Look | None:
    """Ask the candidates on a past day with what was known then; None where nothing could be learnt yet.

    `log` is as it stood then; the search for parameters begins at those of `near`. With `taught_from` models are fitted
    on customers first seen from that day on, where enough of them were.
    """
    known = log.known(day)
    states = states_of(known, unit)
    taught = np.ones(len(known), dtype=bool) if taught_from is None else known.first >= taught_from
    if (states.frequency[taught] > 0).sum() < 10:
        taught[:] = True
    if (states.frequency > 0).sum() < 1 or not states.margin_rate > 0:
        return None
    try:
        models = fit_quickly(states.take(taught).grouped(), FITTED, near)
        per_purchase = states.margin_rate * _spend_of(states)
    except CxvalueError:
        return None
    return look(log, known, models, per_purchase, ahead, unit, states=states)


def look(
    log: PurchaseLog,
    known: Known,
    models: Mapping[str, LifetimeModel],
    per_purchase: Floats,
    ahead: Ahead,
    unit: TimeUnit,
    *,
    states: PurchaseStates | None = None,
) -> Look:
    """Ask the candidates on the last day of a log.

    Args:
        log: purchases up to the day.
        known: the customers to forecast.
        models: fitted models by the candidate that each is.
        per_purchase: margin expected of each customer's next purchase.
        ahead: horizons and discount rate.
        unit: of the models.
        states: the histories of the customers, by default counted from `known`.
    """
    histories = states_of(known, unit) if states is None else states
    plans = [_plan(log, known.day, days) for days in ahead.days]
    asked = Ahead(tuple(sorted({*ahead.days, *(days for days, _ in plans)})), ahead.annual_rate)
    place = {days: at for at, days in enumerate(asked.days)}
    by_model = {name: ModelSays(one, histories, per_purchase, asked) for name, one in models.items()}
    totals = {name: np.full((2, len(ahead.days)), np.nan) for name in (*models, "cells", "year_ago", "last_period")}
    pooled = np.zeros((3, len(ahead.days), len(known)))
    for at, (days, (short, marks)) in enumerate(zip(ahead.days, plans, strict=True)):
        cells: dict[str, CellForecast] = {}
        for name, landmarks, length in (("cells", marks, short), ("year_ago", year_ago(log, known.day, days), days)):
            if landmarks:
                found = forecast_by_cells(log, known, landmarks, length, ahead.annual_rate)
                stretched = length != days
                cells[name] = _stretched(found, by_model, place[length], place[days]) if stretched else found
        totals["last_period"][:, at] = _last_period(log, known, days, ahead.annual_rate)
        weight = np.array(
            [1.0] * len(by_model) + [one.evidence / (one.evidence + _HALF_TRUSTED) for one in cells.values()]
        )
        says = [(name, partial(one.at, place[days])) for name, one in by_model.items()]
        says += [(name, partial(_of_cells, one)) for name, one in cells.items()]
        # One after the other, so that what they say of each customer is not held together.
        for share, (name, ask) in zip(weight / weight.sum(), says, strict=True):
            told = ask()
            totals[name][:, at] = told[2].sum(), told[1].sum()
            for own, one in zip(pooled[:, at], told, strict=True):
                own += share * one
    returns, purchases, worth = (one.T for one in pooled)
    outlook = Outlook(np.minimum(returns, purchases, out=returns), purchases, worth)
    variation = variation_of(log)
    return Look(known, ahead, totals, outlook, variation, _chance(outlook, variation), models)


def _spend_of(states: PurchaseStates) -> Floats:
    """Revenue expected of each customer's next purchase; where all purchases brought the same, that."""
    spend = np.asarray(states.mean_spend, dtype=float)[states.frequency > 0]
    if states.paid is None and spend[0] > 0 and not spread_of(spend):
        return np.full(len(states), spend[0])
    return fit_spend(states).expected_spend(states)


def squeeze(returns: Floats, purchases: Floats) -> Floats:
    """How much the purchases of a customer vary beyond chance: z in variance = q (1 + z) with P(none) = 1 - `returns`.

    A negative binomial of mean q and shape q / z has P(none) = exp(-q log(1 + z) / z).
    """
    grid = np.exp(np.linspace(-12, 14, 600))
    ratio = np.log1p(grid) / grid
    none = -np.log1p(-np.clip(returns, 0.0, 1 - 1e-12))
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.clip(none / np.maximum(purchases, 1e-300), ratio[-1], ratio[0])
    spread: Floats = np.interp(share, ratio[::-1], grid[::-1])
    return np.where(purchases > 0, spread, 0.0)


def _of_cells(found: CellForecast) -> tuple[Floats, Floats, Floats]:
    return found.returns, found.purchases, found.worth


def _plan(log: PurchaseLog, day: int, days: int) -> tuple[int, list[int]]:
    """The horizon at which cells can learn, shortened until there are landmarks, and these."""
    short = float(days)
    while short >= max(days / _SHORTEST, 7):
        if marks := landmarks_of(log, day, round(short)):
            return round(short), marks
        short /= _SHORTER
    return days, []


def _stretched(found: CellForecast, models: Mapping[str, ModelSays], short: int, long: int) -> CellForecast:
    """A forecast over a short horizon made longer as the models have it."""
    one = list(models.values())[-1] if models else None
    if one is None:
        return found
    (_, before, paid), (_, after, pays) = one.at(short), one.at(long)
    more, worth = after.sum() / max(before.sum(), 1e-300), pays.sum() / max(paid.sum(), 1e-300)
    returns = 1 - (1 - np.clip(found.returns, 0.0, 1 - 1e-12)) ** more
    purchases = found.purchases * more
    return CellForecast(np.minimum(returns, purchases), purchases, found.worth * worth, found.evidence)


def _last_period(log: PurchaseLog, known: Known, days: int, annual_rate: float) -> tuple[float, float]:
    """Margin and purchases of the last equal period, first purchases left out; pro rata where history is shorter."""
    length = min(days, known.day - log.first_day)
    if length < 7:
        return math.nan, math.nan
    factors = Ahead((days,), annual_rate).factors
    # A part of the customers at a time; what they brought is added up at once, as the last digit hangs on the order.
    each = [_later_worth(log, some, rows, known.day - length, known.day, factors) for some, rows in log.parts()]
    money = np.concatenate(each)
    worth = float(money.sum())
    if length < days:
        worth *= float(factors.mean() / factors[: max(math.ceil(length / DAYS_PER_MONTH), 1)].mean())
    return worth * days / length, float(money.size) * days / length


def _later_worth(log: PurchaseLog, some: slice, rows: slice, after: int, until: int, factors: Floats) -> Floats:
    """Discounted margin of the purchases of some customers in a span, each one's first left out."""
    day = log.day[rows]
    inside = (day > after) & (day <= until)
    inside[log.start[some] - rows.start] = False
    month = np.minimum(np.ceil((day[inside] - after) / DAYS_PER_MONTH).astype(np.int64) - 1, factors.size - 1)
    return np.asarray(log.margin[rows][inside] * factors[month])


def variation_of(log: PurchaseLog) -> float:
    """Coefficient of variation of the revenue of one customer's purchases, over customers with two or more."""
    number = np.diff(log.start)
    within, scale = np.zeros((2, len(log)))
    for some, rows in log.parts():
        revenue, start, many = log.revenue[rows], log.start[some] - rows.start, number[some]
        mean = np.add.reduceat(revenue, start) / many
        within[some] = np.maximum(np.add.reduceat(revenue**2, start) - many * mean**2, 0.0)
        scale[some] = (many - 1) * mean**2
    several = number > 1
    over = float(scale[several].sum())
    return math.sqrt(float(within[several].sum()) / over) if over > 0 else 1.0


def _chance(outlook: Outlook, variation: float) -> Floats:
    """Variance of the logarithms of margin and purchases, (2, horizons), each customer's a negative binomial.

    It leaves room for the doubt about parameters: who may have left varies less than a negative binomial with the same
    chance of no purchase (tests/reality/README.md).
    """
    found = np.empty((2, outlook.worth.shape[1]))
    for at in range(found.shape[1]):
        returns, purchases, worth = outlook.at(at)
        spread = squeeze(returns, purchases)
        each = np.divide(worth, purchases, out=np.zeros_like(worth), where=purchases > 0)
        money = float((each**2 * purchases * (1 + variation**2 + spread)).sum())
        found[0, at] = money / max(float(worth.sum()), 1e-300) ** 2
        found[1, at] = float((purchases * (1 + spread)).sum()) / max(float(purchases.sum()), 1e-300) ** 2
    return np.minimum(found, _LARGEST_CHANCE)


def groups_of(known: Known) -> NDArray[np.intp]:
    """Nine groups of customers: a third by how long ago they last bought, and 0, 1 to 2, or more repeat purchases."""
    silent = known.day - known.last
    thirds = np.searchsorted(np.quantile(silent, (1 / 3, 2 / 3)), silent, side="left")
    return thirds * 3 + np.searchsorted((0.5, 2.5), known.repeats)
