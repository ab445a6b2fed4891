"""Promised against delivered: what an earlier measurement said would come, and what was then measured.

A promise is the margin of each month by an effect as it was known at a date, carried on by the rules of the case.
Delivered is the same months by today's effect. Both are linear in their event-time vectors, so that their errors follow
from the covariances.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from cxvalue.effects.effect import Check, Effect
from cxvalue.findings.numbers import format_p
from cxvalue.foundation.arrays import Floats, Ints
from cxvalue.foundation.calendar import month_after, months_apart
from cxvalue.foundation.intervals import reach_of
from cxvalue.language.catalogue import translate, translate_count
from cxvalue.money.cashflow import extend, fit_decay

if TYPE_CHECKING:
    from cxvalue.money.case import Case


@dataclass(frozen=True, slots=True)
class PromisedMonth:
    """Margin from the effect that a case expects of one calendar month, with its range and its standard error."""

    month: date
    treated_customers: float
    margin: float
    low: float
    high: float
    se: float


@dataclass(frozen=True, eq=False)
class Realised:
    """Promise and delivery month by month, and both added up with what was delivered of each promised unit.

    `basis` is same_data (today's data up to `as_of`) or published (an earlier run). The four rows of `by_month` are
    promised, its standard error, delivered, its standard error. `ratio` with its range is None where the promise cannot
    be told from nothing.
    """

    basis: str
    as_of: date
    months: tuple[date, ...]
    by_month: Floats
    promised: float
    promised_se: float
    delivered: float
    delivered_se: float
    reach: float
    ratio: tuple[float, float, float] | None


def promised_path(case: Case, level: float = 0.95) -> tuple[PromisedMonth, ...]:
    """The margin from the effect in every month of a case, by calendar month."""
    rows = case.exposure.customers @ _carried(case.effect, case.exposure.customers.shape[1], case)
    margin = case.settings.margin_per_unit * (rows @ _known(case.effect)[1])
    se = case.settings.margin_per_unit * _errors(rows, _known(case.effect)[2])
    q = reach_of(level, case.effect.df)
    first, path = case.exposure.first_month, []
    for month, (people, value, one) in enumerate(zip(case.exposure.by_month, margin, se, strict=True)):
        low, high = float(value - q * one), float(value + q * one)
        path.append(PromisedMonth(month_after(first, month), float(people), float(value), low, high, float(one)))
    return tuple(path)


def realised(earlier: Effect, case: Case, level: float = 0.95) -> Realised | None:
    """Hold what an earlier effect promised for the customers treated by then against what today's effect says came.

    None when no month lies between the two. The two errors are taken as independent; they share the months before the
    start, so that the range of the ratio is rather too wide.
    """
    today = case.effect
    ahead = months_apart(earlier.last_month, today.last_month)
    if ahead < 1:
        return None
    months = tuple(month_after(earlier.last_month, number) for number in range(1, ahead + 1))
    oldest = earlier.first_start
    length = months_apart(oldest, today.last_month) + 1
    people = _exposed(earlier, months, length)
    sides = []
    for effect in (earlier, today):
        rows = people @ _carried(effect, length, case) * case.settings.margin_per_unit
        sides.append((rows, *_known(effect)[1:]))
    return _compared("same_data", earlier.last_month, months, sides, min(earlier.df, today.df), level)


def realised_published(
    promise: Sequence[PromisedMonth], as_of: date, case: Case, level: float = 0.95
) -> Realised | None:
    """Hold the promise of an earlier published run against today's effect and today's treated customers.

    Months of one promise err the same way, so their standard errors are added. None when no promised month has come since.
    """
    last = case.effect.last_month
    due = [one for one in promise if as_of < one.month <= last]
    if not due:
        return None
    months = tuple(one.month for one in due)
    length = months_apart(case.effect.first_start, last) + 1
    rows = _exposed(case.effect, months, length) @ _carried(case.effect, length, case) * case.settings.margin_per_unit
    values = np.array([one.margin for one in due]), np.array([one.se for one in due])
    same = np.eye(len(due)), values[0], np.outer(values[1], values[1])
    return _compared("published", as_of, months, [same, (rows, *_known(case.effect)[1:])], case.effect.df, level)


def ratio_range(
    above: tuple[float, float], below: tuple[float, float], reach: float
) -> tuple[float, float, float] | None:
    """A ratio of two independent estimates (each with its error) and its range by Fieller (1954).

    None when the lower one is within `reach` standard errors of zero: then no bounded range exists.

    >>> tuple(round(end, 4) for end in ratio_range((80.0, 8.0), (100.0, 10.0), 1.96))
    (0.8, 0.6036, 1.0603)
    """
    (d, sd), (p, sp) = above, below
    a = p**2 - (reach * sp) ** 2
    if a <= 0:
        return None
    root = np.sqrt(max((d * p) ** 2 - a * (d**2 - (reach * sd) ** 2), 0.0))
    ends = sorted(((d * p - root) / a, (d * p + root) / a))
    return d / p, float(ends[0]), float(ends[1])


def fade_check(effect: Effect) -> Check:
    """Does the effect fade with the time since the start? A note: it lowers no grade, and the case follows the fade."""
    question = translate("Does the effect last?")
    decay = fit_decay(effect)
    if len(effect.event_time) < 4:
        short = translate("There are too few months since the start to tell.")
        return Check("fade", question, None, False, short)
    told = format_p(1 - decay.p_value if decay.rises else decay.p_value)
    if not decay.significant:
        steady = (
            translate("It does not fade: it grew with the months since the start ({p_value}).", p_value=told)
            if decay.rises
            else translate("Any fading cannot be told from chance ({p_value}).", p_value=told)
        )
        return Check("fade", question, True, False, steady)
    detail = translate_count(
        "It fades: half of it is gone every {count:,} month ({p_value}).",
        "It fades: half of it is gone every {count:,} months ({p_value}).",
        round(decay.half_life_months),
        p_value=told,
    )
    return Check("fade", question, False, False, detail, decay.p_value)


def _compared(
    basis: str,
    as_of: date,
    months: tuple[date, ...],
    sides: Iterable[tuple[Floats, Floats, Floats]],
    df: float,
    level: float,
) -> Realised:
    by_month, totals = [], []
    for rows, vector, covariance in sides:
        by_month += [rows @ vector, _errors(rows, covariance)]
        whole = rows.sum(axis=0)
        totals.append((float(whole @ vector), float(_errors(whole[None, :], covariance)[0])))
    reach = reach_of(level, df)
    promised, delivered = totals
    return Realised(
        basis, as_of, months, np.array(by_month), *promised, *delivered, reach, ratio_range(delivered, promised, reach)
    )


def _known(effect: Effect) -> tuple[Ints, Floats, Floats]:
    """Event times with a value, the values and their covariance."""
    kept = np.isfinite(effect.event_effect)
    return effect.event_time[kept], effect.event_effect[kept], effect.covariance[np.ix_(kept, kept)]


def _carried(effect: Effect, length: int, case: Case) -> Floats:
    """The effect 0, 1, 2, … months after a start as a linear function of what was measured (length x event times)."""
    time, _, _ = _known(effect)
    unit = np.eye(time.size)
    mean = effect.event_weight[np.isfinite(effect.event_effect)]
    last = mean / mean.sum()
    filled = np.empty((int(time.max()) + 1, time.size))
    for month in range(len(filled)):
        at = np.flatnonzero(time == month)
        last = unit[at[0]] if at.size else last
        filled[month] = last
    decay = fit_decay(effect)
    rate = decay.rate_per_month if decay.significant else 0.0
    rules: Mapping[str, Any] = {
        "persistence": case.settings.persistence,
        "half_life_months": case.settings.half_life_months,
    }
    return extend(filled.T, length, rate=rate, **rules).T


def _exposed(effect: Effect, months: Sequence[date], length: int) -> Floats:
    """Treated customers by month and months since their start."""
    people = np.zeros((len(months), length))
    for cohort in effect.cohorts:
        for row, month in enumerate(months):
            since = months_apart(cohort.start, month)
            if 0 <= since < length:
                people[row, since] += cohort.there(since)
    return people


def _errors(rows: Floats, covariance: Floats) -> Floats:
    found: Floats = np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", rows, covariance, rows), 0.0))
    return found
