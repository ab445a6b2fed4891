"""Does the model describe these customers? Tracking over time, calibration by past frequency, and concentration.

What a notebook draws to let a reader judge a `CltvFit` by eye. Every function returns a small pandas table.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import ibis
import numpy as np
import pandas as pd

from cxvalue.foundation.calendar import day_number
from cxvalue.language.catalogue import translate
from cxvalue.lifetime.models.by_level import CovariateModel
from cxvalue.questions.lifetime_value.past_states import PastStates
from cxvalue.questions.lifetime_value.seasonality import expected_on_days

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cxvalue.lifetime import LifetimeModel
    from cxvalue.questions.lifetime_value.cltv_fit import CltvFit
    from cxvalue.tables.periods import Period
    from cxvalue.tables.purchase_log import PurchaseLog


def tracking_table(fit: CltvFit, purchases: ibis.Table, then: PastStates | None = None) -> pd.DataFrame:
    """Repeat purchases week by week, as they were and as each model fitted before the holdout expects them.

    Columns: week_end (date; where opportunities are counted, the end of each period), actual, and one column per
    calibrated model. Only customers first seen before the holdout
    count, on both sides. The expectation is that of a new customer, summed over the days on which customers were
    acquired; nothing after the calibration window is used. `then` is what was read of the same purchases before. Raises
    `CxvalueError` when the fit has no holdout.
    """
    holdout_start = fit.need_holdout(translate("Tracking"))
    if fit.period is not None:
        return _tracking_by_period(fit, fit.period, holdout_start, purchases)
    bought = _known_by_day((then or PastStates(fit, purchases)).log, day_number(holdout_start))
    acquired = bought[bought["customers"] > 0]

    start = pd.Timestamp(acquired["date"].min()).date()
    weeks = max(((fit.as_of - start).days + 1) // 7, 1)
    # Weeks are counted back from the start of the holdout, so that it begins with a whole week.
    offset = (holdout_start - start).days % 7
    ends: NDArray[np.int64] = offset + 7 * np.arange(weeks + 1, dtype=np.int64)
    ends = ends[(ends > 0) & (ends <= (fit.as_of - start).days + 1)]
    first_day = _days_since(acquired["date"], start)
    bought_day = _days_since(bought["date"], start)
    columns: dict[str, NDArray[np.float64]] = {
        "actual": np.diff(_cumulative(ends, bought_day, bought["purchases"].to_numpy(float)), prepend=0.0)
    }
    customers = acquired["customers"].to_numpy(float)
    for model in fit.calibration:
        if model.clock is not None:
            origin = int(np.datetime64(start, "D").astype(np.int64))
            path = expected_on_days(model, origin + ends, origin + first_day, customers)
            columns[model.name] = np.diff(path, prepend=0.0)
            continue
        if isinstance(model, CovariateModel):
            by_level = _expected_by_level(model, purchases, holdout_start, start, ends)
            columns[model.name] = np.diff(by_level, prepend=0.0)
            continue
        columns[model.name] = np.diff(_expected(model, ends, first_day, customers), prepend=0.0)
    table = pd.DataFrame(columns)
    table.insert(0, "week_end", pd.to_datetime([start + timedelta(days=int(end) - 1) for end in ends]))
    return table


def _known_by_day(log: PurchaseLog, before: int) -> pd.DataFrame:
    """Of customers first seen before a day: how many came on which day (date, customers) or bought again (purchases)."""
    first = log.first_of
    known, origin = first < before, log.first_day
    days = np.zeros(int(log.day.max()) - origin + 1, dtype=np.int64)
    for _, rows in log.parts():
        day = log.day[rows][known[log.customer[rows]]]
        days += np.bincount(day - origin, minlength=days.size)
    new = np.bincount(first[known] - origin, minlength=days.size)
    there = np.flatnonzero(days)
    dates = pd.to_datetime(there + origin, unit="D")
    return pd.DataFrame({"date": dates, "customers": new[there], "purchases": (days - new)[there]})


def _tracking_by_period(fit: CltvFit, period: Period, holdout_start: date, purchases: ibis.Table) -> pd.DataFrame:
    """The same where opportunities are counted: customers who bought again, period by period."""
    rows = fit.counted(purchases)
    rows = rows.select("customer_id", number=period.numbers(rows.date))
    rows = rows.mutate(first=rows.number.min().over(ibis.window(group_by="customer_id")))
    counts = rows.group_by("first", "number").agg(customers=rows.count()).to_pandas()
    first, number, customers = (counts[name].to_numpy(np.int64) for name in ("first", "number", "customers"))
    start, end = int(number.min()), period.number(fit.as_of)

    known = first < period.number(holdout_start)

    def by_number(which: NDArray[np.bool_]) -> NDArray[np.float64]:
        chosen = known & which
        return np.bincount(number[chosen] - start, customers[chosen], end - start + 1).astype(np.float64)

    acquired = by_number(number == first)
    table = pd.DataFrame({"actual": by_number(number > first)})
    table.insert(0, "week_end", pd.to_datetime([period.last_day(one) for one in range(start, end + 1)]))
    for model in fit.calibration:
        path = np.diff(model.expected_new(np.arange(end - start + 1.0)), prepend=0.0)
        table[model.name] = np.convolve(acquired, path)[: end - start + 1]
    return table


def _expected(
    model: LifetimeModel, ends: NDArray[np.int64], first_day: NDArray[np.int64], customers: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Repeat purchases expected before each end, of customers by the day of their first purchase."""
    # A customer's purchases up to the end of a day are those of an age that counts the days since the first one.
    ages = np.clip(ends[:, None] - 1 - first_day[None, :], 0, None)
    distinct, position = np.unique(ages, return_inverse=True)
    expected = model.expected_new(model.time_unit.from_days(1.0) * distinct)[position].reshape(ages.shape)
    return expected @ customers


def _expected_by_level(
    model: CovariateModel, purchases: ibis.Table, before: date, start: date, ends: NDArray[np.int64]
) -> NDArray[np.float64]:
    """The same where customers of different levels expect different things, of those first seen before a day."""
    firsts = purchases.group_by("customer_id").agg(first=purchases.date.min())
    firsts = firsts.filter(firsts["first"] < ibis.literal(before)).to_pandas()
    assert model.members is not None
    number, day = model.members.of(firsts["customer_id"].to_numpy(object)), _days_since(firsts["first"], start)
    total = np.zeros(ends.size)
    for group, one in enumerate(model.models):
        first_day, customers = np.unique(day[number == group], return_counts=True)
        if customers.size:
            total += _expected(one, ends, first_day, customers.astype(float))
    return total


def _days_since(days: pd.Series, start: date) -> NDArray[np.int64]:
    elapsed: NDArray[np.int64] = (pd.to_datetime(days) - pd.Timestamp(start)).dt.days.to_numpy(np.int64)
    return elapsed


def _cumulative(ends: NDArray[np.int64], days: NDArray[np.int64], amounts: NDArray[np.float64]) -> NDArray[np.float64]:
    order = np.argsort(days)
    sums = np.concatenate([[0.0], np.cumsum(amounts[order])])
    return sums[np.searchsorted(days[order], ends, side="left")]


def calibration_by_frequency(
    fit: CltvFit, purchases: ibis.Table, *, most: int = 7, then: PastStates | None = None
) -> pd.DataFrame:
    """Mean purchases in the holdout by how often customers had bought before it, actual and as each model expected.

    Columns: frequency (0, 1, … and "7+"), customers, actual, and one column per calibrated model. `then` is what was read
    of the same purchases before. Raises `CxvalueError` when the fit has no holdout.
    """
    start = fit.need_holdout(translate("Calibration by frequency"))
    then = then or PastStates(fit, purchases)
    states, actual = then.known_before(start), then.bought(start, fit.as_of)
    group = np.minimum(states.frequency, most)
    customers = np.bincount(group)
    there = np.flatnonzero(customers)
    columns = {"actual": actual} | {
        model.name: then.expected(model, states, start, fit.as_of) for model in fit.calibration
    }
    means = {name: (np.bincount(group, column) / np.maximum(customers, 1))[there] for name, column in columns.items()}
    named = [str(one) if one < most else f"{most}+" for one in there]
    return pd.DataFrame({"frequency": named, "customers": customers[there], **means})


def concentration_table(values: NDArray[np.float64], groups: int = 10) -> pd.DataFrame:
    """How value is spread: customers ranked by it and cut into equal groups, the most valuable first.

    Columns: group (1 is the top), customers, total, share (of the sum; nan when the sum is not positive), mean.
    """
    ranked = np.sort(np.asarray(values, dtype=float))[::-1]
    parts = [part for part in np.array_split(ranked, groups) if len(part)]
    total = ranked.sum()
    return pd.DataFrame(
        {
            "group": range(1, len(parts) + 1),
            "customers": [len(part) for part in parts],
            "total": [part.sum() for part in parts],
            "share": [part.sum() / total if total > 0 else float("nan") for part in parts],
            "mean": [part.mean() for part in parts],
        }
    )
