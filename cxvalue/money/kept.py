"""Customers whom a programme kept or drove away: how many, and what their margin is worth beside a case.

Who is there with the programme is known; without it, leaving in a month would have differed by the effect on leaving. The
difference between the two brings what a customer there would have brought without the programme, so that this margin and
that from the effect on those who are there add up to all that the programme changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cxvalue.effects.effect import BASE_GRADES
from cxvalue.effects.staying import RECENT_MONTHS
from cxvalue.foundation.arrays import Floats
from cxvalue.foundation.calendar import months_apart
from cxvalue.foundation.intervals import Interval, p_value_of
from cxvalue.money.cashflow import contiguous, contiguous_draws, extend, fit_decay, followed
from cxvalue.money.finance import npv

if TYPE_CHECKING:
    from cxvalue.effects.effect import Cohort, Effect
    from cxvalue.money.case import Case


LEAST = 0.05
"""Share of customers who are taken to stay in any month at least, with the programme or without it."""


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """Customers kept (below 0: driven away) at the end of the horizon, the worth of their margin, and the NPV with it.

    `leaving` is the effect on the share who leave in a month; `grade` that of its design; `npv_draws` has one for each draw.
    """

    leaving: Interval
    customers: Interval
    worth: Interval
    npv: Interval
    grade: str
    npv_draws: Floats


def kept_customers(case: Case) -> Kept | None:
    """What the margin of customers whom a programme kept is worth over the horizon of a case; None where nothing is proven.

    The effect on leaving must differ from none (two-sided, 5%), its design must pass all its checks, and the outcome must be
    what customers bring. Beyond the months measured leaving differs by the mean of the last 12, as the case lets the effect
    go on. Draws of leaving are independent of those of the case.
    """
    effect, settings = case.effect, case.settings
    known = effect.leaving
    if known is None or effect.outcome == "interactions":
        return None
    leaving = known.effect
    proven = p_value_of(leaving.estimate, leaving.se, leaving.df) < 1 - leaving.level
    if not proven or leaving.grade != BASE_GRADES[leaving.design]:
        return None
    length = case.exposure.customers.shape[1] + 1
    rng = np.random.default_rng(settings.seed)
    measured = np.vstack([contiguous(leaving), contiguous_draws(leaving, settings.draws, rng)])
    changed = _go_on(leaving, case, length, measured)
    begin, cohorts = followed(
        effect, start=settings.start, population=settings.population, everyone=settings.everyone,
        ramp_up_months=settings.ramp_up_months,
    )  # fmt: skip
    people = np.zeros((len(changed), case.horizon_months))
    for cohort in cohorts:
        ahead = months_apart(cohort.start, begin)
        at = np.arange(max(-ahead, 0), case.horizon_months)
        if not at.size:
            continue
        # Customers rolled out to are those of today: none of them has left before.
        spared = len(cohort.still) - 1 if settings.population == "all" else 0
        people[:, at] += _kept(cohort, changed, spared, int(at[-1]) + ahead + 1)[:, at + ahead]
    later = np.maximum(np.arange(1, case.horizon_months + 1) - case.exposure.months_seen, 0)
    brings = (
        (known.brings - effect.estimate) * settings.margin_per_unit * (1 - settings.erosion_per_year) ** (later / 12)
    )
    flows = np.column_stack([np.zeros(len(people)), people * brings])
    worth: Floats = npv(flows, case.annual_discount_rate)
    both = case.npv_draws + worth[1:]
    return Kept(
        Interval(leaving.estimate, leaving.low, leaving.high),
        Interval.around(float(people[0, -1]), people[1:, -1]),
        Interval.around(float(worth[0]), worth[1:]),
        Interval.around(case.npv.value + float(worth[0]), both),
        leaving.grade,
        both,
    )


def _go_on(leaving: Effect, case: Case, length: int, vectors: Floats) -> Floats:
    """The effect on leaving carried on by the rules of the case: what goes on is the mean of the last 12 months measured."""
    weight = np.zeros(vectors.shape[1])
    weight[leaving.event_time] = leaving.event_weight
    last = slice(-RECENT_MONTHS, None)
    held = vectors[:, last] @ weight[last] / weight[last].sum()
    decay = fit_decay(leaving)
    shape = extend(
        np.ones(vectors.shape[1]),
        max(length, vectors.shape[1]),
        persistence=case.settings.persistence,
        half_life_months=case.settings.half_life_months,
        rate=decay.rate_per_month if decay.significant else 0.0,
    )[vectors.shape[1] :]
    found: Floats = np.concatenate([vectors, held[:, None] * shape], axis=1)[:, :length]
    return found


def _kept(cohort: Cohort, changed: Floats, spared: int, months: int) -> Floats:
    """Customers of a cohort who would not be there without the programme, by months since their start, in each draw.

    Of those there in a month the share s stays with the programme and s + `changed` without it, so that those who are there
    without it are fewer or more by the product of 1 + changed / s over the months so far; not in the first `spared` months.
    """
    there = np.array([cohort.there(month) for month in range(months)])
    stay = np.divide(there[1:], there[:-1], out=np.ones(months - 1), where=there[:-1] > 0)
    stay = np.maximum(stay, LEAST)
    steps, most = np.log1p(np.maximum(changed[:, : months - 1] / stay, LEAST - 1)), -np.log(stay)
    steps[:, :spared], most[:spared] = 0.0, 0.0
    # No more than all can stay without it.
    summed = np.minimum(np.cumsum(steps, axis=1), np.cumsum(most))
    without = np.concatenate([np.zeros((len(changed), 1)), summed], axis=1)
    found: Floats = there * -np.expm1(without)
    return found
