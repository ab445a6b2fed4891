"""What customers like these did from an earlier day on: a yardstick that needs no model of purchases.

Customers are put into cells by what was known of them at past days (landmarks): how long ago they last bought, how often
they had come back lately, how long they had been customers or what they spent. A cell's rate is what its customers then
did over the horizon, drawn towards the rate of the wider cell that it is part of (30 customers' worth of it). Today's
customers are given the rates of their cells. The first purchase does not count as coming back: customers who are new and
customers who returned look alike otherwise and are not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cxvalue.foundation.arrays import Floats
from cxvalue.foundation.calendar import DAYS_PER_MONTH, WHOLE_YEAR_DAYS
from cxvalue.lifetime.candidates.outlook import Ahead
from cxvalue.tables.purchase_log import Known, PurchaseLog

FEWEST_CUSTOMERS = 30
"""Customers known at a landmark, and how many a wider cell counts for in the rate of a narrower one."""
HALF_YEAR_DAYS = 182
SHORTEST_LOOK_BACK_DAYS = 90

Codes = NDArray[np.uint8]

_AT_ONCE = 500_000

_NAMES = ("silent", "repeats", "tenure", "spend")
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
    mark = day - WHOLE_YEAR_DAYS
    return [mark] if horizon < WHOLE_YEAR_DAYS and _known_enough(log, mark, horizon) else []


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
    learnt = [_learnt(log, mark, horizon, factors, back) for mark in landmarks]
    # One feature after the other, so that those of today's customers are not held together.
    codes = {}
    for name in _NAMES:
        codes[name] = _cut(name, _feature(name, log, known, back), [one.features.pop(name) for one in learnt], back)
    behaviour, money = ([codes[name] for name in ("silent", "repeats", last)] for last in ("tenure", "spend"))
    returns, purchases = _shrunk(behaviour, [[one.bought > 0, one.bought] for one in learnt]).T
    worth = _shrunk(money, [[one.worth] for one in learnt])[:, 0]
    return CellForecast(np.minimum(returns, purchases), purchases, worth, float(learnt[0].bought.sum()))


class _Learnt(NamedTuple):
    """What customers known at a landmark were like, and what they did over the horizon."""

    features: dict[str, NDArray[Any]]
    bought: NDArray[np.int32]
    worth: Floats


def _learnt(log: PurchaseLog, mark: int, horizon: int, factors: Floats, back: int) -> _Learnt:
    """What was learnt at a landmark, a part of the customers after the other: what it takes on the way is not held."""
    each = []
    for part in log.split():
        known = part.known(mark)
        count, worth = part.between(known, mark, mark + horizon, factors, DAYS_PER_MONTH)
        features = {name: _feature(name, part, known, back) for name in _NAMES}
        each.append(_Learnt(features, count.astype(np.int32), worth))
    features = {name: np.concatenate([one.features.pop(name) for one in each]) for name in _NAMES}
    return _Learnt(features, np.concatenate([one.bought for one in each]), np.concatenate([one.worth for one in each]))


def _feature(name: str, log: PurchaseLog, known: Known, back: int) -> NDArray[Any]:
    """Days silent, repeat purchases within the look-back, days since the first purchase, mean revenue of a purchase."""
    if name == "spend":
        return known.revenue / known.bought
    if name == "repeats":
        found = known.bought - log.counts(known.day - back)[known.customer] - (known.first > known.day - back)
    else:
        found = known.day - (known.last if name == "silent" else known.first)
    return found.astype(np.int32)


def _cut(name: str, now: NDArray[Any], then: list[NDArray[Any]], back: int) -> tuple[Codes, list[Codes]]:
    """The cell of each of today's customers, and of those known at each landmark."""
    least, most = min(one.min() for one in then), max(one.max() for one in then)
    ends = {
        "silent": lambda: np.quantile(np.concatenate(then), _SILENT_AT, overwrite_input=True),
        "repeats": lambda: np.array(_REPEATS_AT) - 0.5,
        "tenure": lambda: np.array(_TENURE_AT) * back,
        "spend": lambda: np.quantile(np.concatenate(then), _SPEND_AT, overwrite_input=True),
    }[name]()
    side: Literal["left", "right"] = "left" if name == "silent" else "right"

    def codes(values: NDArray[Any]) -> Codes:
        found = np.empty(values.size, dtype=np.uint8)
        for begin in range(0, values.size, _AT_ONCE):
            rows = slice(begin, begin + _AT_ONCE)
            # Who is beyond everybody there was is like the farthest of them.
            found[rows] = np.searchsorted(ends, np.clip(values[rows], least, most), side=side)
        return found

    return codes(now), [codes(one) for one in then]


def _shrunk(levels: list[tuple[Codes, list[Codes]]], targets: list[list[NDArray[Any]]]) -> Floats:
    """Rates of today's customers, from all to their cell, level by level; targets of each landmark and kind."""
    then = [np.zeros(one[0].size, dtype=np.int32) for one in targets]
    now = np.zeros(levels[0][0].size, dtype=np.int32)
    came = np.sum([[column.sum(dtype=float) for column in columns] for columns in targets], axis=0)
    rates: Floats = (came / sum(one.size for one in then))[None, :]
    for codes_now, codes_then in levels:
        wide = max(int(one.max(initial=0)) for one in (codes_now, *codes_then)) + 1
        parent = np.repeat(np.arange(len(rates)), wide)
        number, sums = np.zeros((parent.size, 1)), np.zeros((parent.size, rates.shape[1]))
        now = now * np.int32(wide) + codes_now
        for at, (codes, columns) in enumerate(zip(codes_then, targets, strict=True)):
            then[at] = then[at] * np.int32(wide) + codes
            number[:, 0] += np.bincount(then[at], minlength=parent.size)
            for kind, column in enumerate(columns):
                sums[:, kind] += np.bincount(then[at], column, parent.size)
        rates = (sums + FEWEST_CUSTOMERS * rates[parent]) / (number + FEWEST_CUSTOMERS)
    return rates[now]
