"""What customers like these did from an earlier day on: a yardstick that needs no model of purchases.

Customers are put into cells by what was known of them at past days (landmarks): how long ago they last bought, how often
they had come back lately, how long they had been customers or what they spent. A cell's rate is what its customers then
did over the horizon, drawn towards the rate of the wider cell that it is part of (30 customers' worth of it). Today's
customers are given the rates of their cells. The first purchase does not count as coming back: customers who are new and
customers who returned look alike otherwise and are not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cxvalue.foundation.calendar import DAYS_PER_MONTH
from cxvalue.lifetime.candidates.outlook import Ahead, Floats
from cxvalue.tables.purchase_log import Known, PurchaseLog

__all__ = ["FEWEST_CUSTOMERS", "CellForecast", "forecast_by_cells", "landmarks_of", "year_ago"]

FEWEST_CUSTOMERS = 30
"""Customers known at a landmark, and how many a wider cell counts for in the rate of a narrower one."""
HALF_YEAR_DAYS = 182
YEAR_DAYS = 365
SHORTEST_LOOK_BACK_DAYS = 90

_SILENT_AT = (0.1, 0.25, 0.45, 0.65, 0.85)
_REPEATS_AT = (1, 2, 3, 5, 10, 20, 40)
_TENURE_AT = (0.25, 0.6, 1.0)
_SPEND_AT = (0.5, 0.8, 0.95)


@dataclass(frozen=True, eq=False)
class CellForecast:
    """Forecast of each known customer over one horizon, and the purchases that came at the newest landmark's horizon."""

    returns: Floats
    purchases: Floats
    worth: Floats
    evidence: float


def landmarks_of(log: PurchaseLog, day: int, horizon: int) -> list[int]:
    """Up to three days that lie a horizon or more before `day`, a third of it apart, with enough history behind them."""
    step = max(round(horizon / 3), 1)
    return [mark for k in range(3) if _known_enough(log, mark := day - horizon - k * step, horizon)]


def year_ago(log: PurchaseLog, day: int, horizon: int) -> list[int]:
    """The same day a year before, for horizons short of a year: what came then carries the season."""
    mark = day - YEAR_DAYS
    return [mark] if horizon < YEAR_DAYS and _known_enough(log, mark, horizon) else []


def _known_enough(log: PurchaseLog, mark: int, horizon: int) -> bool:
    behind = min(horizon / 2, HALF_YEAR_DAYS)
    return mark - log.first_day >= behind and int((log.first_of <= mark).sum()) >= FEWEST_CUSTOMERS


def forecast_by_cells(
    log: PurchaseLog, known: Known, landmarks: list[int], horizon: int, annual_rate: float
) -> CellForecast:
    """The forecast of today's customers by the cells of the landmarks, of which there is at least one.

    Args:
        log: purchases up to the day of `known`.
        known: the customers to forecast.
        landmarks: past days, each at least `horizon` days ago.
        horizon: in days.
        annual_rate: effective annual discount rate.
    """
    factors = Ahead((horizon,), annual_rate).factors
    back = max(min(max(2 * horizon, SHORTEST_LOOK_BACK_DAYS), min(landmarks) - log.first_day), 1)
    past = [log.known(mark) for mark in landmarks]
    came = [log.between(one, one.day, one.day + horizon, factors, DAYS_PER_MONTH) for one in past]
    seen = [_features(log, one, back) for one in [*past, known]]
    learnt = [np.concatenate(columns) for columns in zip(*seen[:-1], strict=True)]
    codes = [_cut(now, then, back) for now, then in zip(_named(seen[-1]), _named(learnt), strict=True)]
    silent, repeats, tenure, spend = ((then, now) for now, then in codes)
    count = np.concatenate([count for count, _ in came])
    worth = np.concatenate([worth for _, worth in came])
    active = np.column_stack([(count > 0).astype(float), count])
    returns, purchases = _shrunk((silent, repeats, tenure), active).T
    money = _shrunk((silent, repeats, spend), worth[:, None])[:, 0]
    return CellForecast(np.minimum(returns, purchases), purchases, money, float(came[0][0].sum()))


def _features(log: PurchaseLog, known: Known, back: int) -> tuple[Floats, ...]:
    """Days silent, repeat purchases within the look-back, days since the first purchase, mean revenue of a purchase."""
    recent = known.bought - log.counts(known.day - back)[known.customer] - (known.first > known.day - back)
    spend = known.revenue / known.bought
    return (known.day - known.last).astype(float), recent.astype(float), (known.day - known.first).astype(float), spend


def _named(columns: tuple[Floats, ...] | list[Floats]) -> list[tuple[str, Floats]]:
    return list(zip(("silent", "repeats", "tenure", "spend"), columns, strict=True))


def _cut(now: tuple[str, Floats], then: tuple[str, Floats], back: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    name, learnt = then
    ends = {
        "silent": lambda: np.quantile(learnt, _SILENT_AT),
        "repeats": lambda: np.array(_REPEATS_AT) - 0.5,
        "tenure": lambda: np.array(_TENURE_AT) * back,
        "spend": lambda: np.quantile(learnt, _SPEND_AT),
    }[name]()
    side: Literal["left", "right"] = "left" if name == "silent" else "right"
    # Who is beyond everybody there was is like the farthest of them.
    today = np.clip(now[1], learnt.min(), learnt.max())
    return np.searchsorted(ends, today, side=side), np.searchsorted(ends, learnt, side=side)


def _shrunk(levels: tuple[tuple[NDArray[np.intp], NDArray[np.intp]], ...], targets: Floats) -> Floats:
    """Rates of today's customers, from all to their cell, level by level; targets (past customers, kinds)."""
    then = np.zeros(targets.shape[0], dtype=np.intp)
    now = np.zeros(levels[0][1].size, dtype=np.intp)
    rates = targets.mean(axis=0)[None, :]
    parent = np.zeros(1, dtype=np.intp)
    for codes_then, codes_now in levels:
        wide = int(max(codes_then.max(initial=0), codes_now.max(initial=0))) + 1
        size = parent.size * wide
        then, now = then * wide + codes_then, now * wide + codes_now
        number = np.bincount(then, minlength=size)[:, None]
        sums = np.column_stack([np.bincount(then, column, size) for column in targets.T])
        parent = np.repeat(np.arange(parent.size), wide)
        rates = (sums + FEWEST_CUSTOMERS * rates[parent]) / (number + FEWEST_CUSTOMERS)
        parent = np.arange(size)
    return rates[now]
