"""Forecasts from past days of a company's own purchases, made again with what was known then: `look_at_past`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cxvalue.foundation.arrays import Floats
from cxvalue.foundation.calendar import DAYS_PER_MONTH, TimeUnit
from cxvalue.foundation.plain import Plain
from cxvalue.lifetime.candidates.looks import Look, groups_of, look_back
from cxvalue.lifetime.candidates.outlook import Ahead
from cxvalue.lifetime.evidence.attempts import Attempts, origins_before
from cxvalue.lifetime.evidence.reference import CANDIDATES
from cxvalue.tables.purchase_log import PurchaseLog

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cxvalue.lifetime.models.model import LifetimeModel

GROUPS = 9
MOST_CUSTOMERS = 20_000
"""Customers on whom past forecasts are made again: of larger bases every k-th, in the order of their first purchase."""
FEWEST_KNOWN = 30
STANDARD_MONTHS = (1, 3, 6, 12, 24)
LARGEST_GROUP_MISS = 2.0


@dataclass(frozen=True, eq=False)
class Past(Plain):
    """What forecasts from past days said and what came, of margin and of purchases, with the misses of groups of customers.

    `margin` and `purchases` have the same rows. `groups` (rows, 2, 9) are logarithms of actual over forecast, beyond that of
    everybody, of the number of customers with a purchase and of purchases. `share` is the share of customers looked at.
    """

    margin: Attempts
    purchases: Attempts
    groups: Floats
    share: float


def horizons_for(months: float, history_days: int) -> tuple[int, ...]:
    """Days for which past forecasts are made: the horizon itself, and the usual ones that can be tested."""
    own = round(months * DAYS_PER_MONTH)
    usual = {round(one * DAYS_PER_MONTH) for one in STANDARD_MONTHS}
    shortest = {14} if history_days < 150 else set()
    return tuple(sorted({days for days in usual | shortest if days <= max(history_days - 28, 14)} | {own}))


def growth_before(log: PurchaseLog, day: int) -> float:
    """Logarithm of the growth of the number of customers over the year, or half the history, before the end of a day.

    Between 0 and 2.
    """
    first = log.first_of
    before = min(365, (day - log.first_day) // 2)
    earlier = int((first <= day - before).sum())
    return float(np.clip(math.log(max(int((first <= day).sum()), 1) / max(earlier, 1)), 0.0, 2.0))


def look_at_past(
    log: PurchaseLog,
    ahead: Ahead,
    unit: TimeUnit,
    day: int,
    *,
    taught_from: int | None = None,
    origins: Sequence[int] | None = None,
) -> Past:
    """Make again the forecasts of past days that can be held against what came by the end of `day`.

    Args:
        log: purchases up to `day`.
        ahead: horizons in days, and the discount rate.
        unit: of time, for the models.
        day: the last day known.
        taught_from: first day from which customers were seen from their first purchase on.
        origins: past days from which to forecast, ascending, in place of `origins_before`.
    """
    part = some_of(log)
    margin, purchases, groups = [], [], []
    near: Mapping[str, LifetimeModel] | None = None
    chosen = origins_before(part.first_day, day, ahead.days[0]) if origins is None else origins
    for origin in chosen:
        then = part.until(origin)
        days = tuple(one for one in ahead.days if origin + one <= day)
        if len(then) < FEWEST_KNOWN or not days:
            continue
        found = look_back(then, Ahead(days, ahead.annual_rate), origin, unit, near=near, taught_from=taught_from)
        if found is None:
            continue
        near = found.models
        own = groups_of(found.known)
        # The same customers in the same order, by the numbers that they have in the whole log.
        known = part.known(origin)
        for place in range(len(days)):
            until = origin + days[place]
            count, worth = part.between(known, origin, until, found.ahead.factors, DAYS_PER_MONTH)
            margin.append(row_of(found, then, place, 0, float(worth.sum())))
            purchases.append(row_of(found, then, place, 1, float(count.sum())))
            groups.append(_group_misses(found, place, count, own))
    both = [Attempts.joined(rows, CANDIDATES) for rows in (margin, purchases)]
    return Past(both[0], both[1], np.array(groups).reshape(-1, 2, GROUPS), len(part) / len(log))


def row_of(found: Look, log: PurchaseLog, place: int, kind: int, actual: float = math.nan) -> Attempts:
    """One row of attempts: of margin (kind 0) or purchases (1), over the horizon at a place."""
    day = found.known.day
    totals = [found.totals[name][kind, place] if name in found.totals else math.nan for name in CANDIDATES]
    made = np.array([[total if total > 0 else math.nan for total in totals]])
    numbers = (day - log.first_day, growth_before(log, day), found.chance[kind, place], actual)
    history, growth, chance, came = (np.array([number], dtype=float) for number in numbers)
    whole = np.array([day]), np.array([found.ahead.days[place]])
    return Attempts(*whole, history, growth, chance, came, made, CANDIDATES)


def _group_misses(found: Look, place: int, count: Floats, groups: NDArray[np.intp]) -> Floats:
    """How far each group was off beyond everybody: of customers with a purchase, and of purchases."""
    returns, purchases, _ = found.outlook.at(place)
    misses = []
    for actual, forecast in (((count > 0).astype(float), returns), (count, purchases)):
        overall = max(actual.sum(), 0.5) / max(forecast.sum(), 1e-9)
        came, said = (np.bincount(groups, one, GROUPS) for one in (actual, forecast))
        off = np.log((came + 3 * overall) / (said + 3) / overall)
        misses.append(np.where(np.bincount(groups, minlength=GROUPS) > 0, off, 0.0))
    return np.clip(np.array(misses), -LARGEST_GROUP_MISS, LARGEST_GROUP_MISS)


def some_of(log: PurchaseLog) -> PurchaseLog:
    """The customers from whom past forecasts are made again: all, or a fixed sample of a large base."""
    step = -(-len(log) // MOST_CUSTOMERS)
    if step == 1:
        return log
    return log.of_customers(np.argsort(log.first_of, kind="stable")[::step])
