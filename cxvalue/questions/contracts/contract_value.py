"""What customers under contract will still bring, by the model that forecasts who leaves; and whether that held before.

The forecast of money rests on the forecast of churn: the model that foresaw the held-back part of the history better
(`endings`) gives the chance to stay to each month, and a month under contract brings what the contract brings today. The
same is asked on the day before the holdout and held against what those customers then brought.

A customer can leave once a period of their own: a month, or a year where contracts end by the year. Where in that period
those who left did so is taken from the data (`RenewalFit.part`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from cxvalue.foundation.calendar import DAYS_PER_MONTH, months_before
from cxvalue.foundation.intervals import Interval
from cxvalue.language.catalogue import translate
from cxvalue.lifetime.contracts.pace import Pace, at_pace
from cxvalue.lifetime.contracts.sbg import RenewalModel
from cxvalue.questions.contracts.contract_base import Contracts, Outlook, look_ahead, months_between
from cxvalue.questions.contracts.driver_forecast import Hazard, monthly_outlook
from cxvalue.questions.contracts.endings import ContractChurn, Miss, widened
from cxvalue.questions.contracts.first_year import FirstYear, first_values, first_year
from cxvalue.questions.contracts.miss_range import at_drift, pace_ahead, range_demanded
from cxvalue.questions.contracts.months_paid import (
    discounted_months,
    months_at_end,
    paid_after,
    paid_by,
    reach_of_chances,
)
from cxvalue.questions.contracts.renewals import RenewalFit, missing_margin
from cxvalue.questions.lifetime_value.base_forecast import PastRecord

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cxvalue.foundation.arrays import Floats
    from cxvalue.lifetime.evidence.attempts import Attempts

YEAR = 12
_CELLS = 1_000_000
"""Customers x draws held at once; bounds the memory."""


class MoneyBacktest(NamedTuple):
    """What the forecast would have said of the margin of the holdout, not discounted, with what came.

    `start` and `end` are the first and last day of the holdout, `customers` those under contract on the day before it.
    """

    start: date
    end: date
    customers: int
    margin: Miss


@dataclass(frozen=True, slots=True, eq=False)
class RenewalValue:
    """Who will leave, and the margin still to come, a number a customer and in total.

    `p_end` is P(the relation ends within 12 months), nan for who has left; `margin` the margin of the last 12 months;
    `cltv` with its interval the discounted margin of the horizon, 0 for who has left. Intervals are for what will really
    happen; that of `new_customer` is for the expectation. Where the holdout lay outside what was foreseen, those of equity
    and of a new customer hold what follows if the forecast is off as much again. What cannot be had is None or nan, and
    `missing` says why. `backtest` is the same forecast of the past; None without a holdout or a margin. `record` says how
    far such forecasts missed from many past days. Customers are taken to leave `drift` times as fast as the model alone
    says, as on past days; with `first_year` contracts change their value per month in it as earlier ones did, with
    `new_prices` new ones begin at the values of the last year only.
    """

    active: NDArray[np.bool_]
    age_months: NDArray[np.float64]
    p_end: NDArray[np.float64]
    margin: NDArray[np.float64]
    cltv: NDArray[np.float64]
    cltv_low: NDArray[np.float64]
    cltv_high: NDArray[np.float64]
    value_at_risk: Interval | None
    equity: Interval | None
    new_customer: Interval | None
    horizon_months: int
    annual_discount_rate: float
    missing: str
    model: str = "sbg"
    backtest: MoneyBacktest | None = None
    record: PastRecord | None = None
    drift: float = 1.0
    first_year: bool = False
    new_prices: bool = False


class Forecaster(NamedTuple):
    """A model as fitted on a day: the sBG with the part of the last period, or the model with drivers where there is one.

    `pace` is how many times as fast as the model says customers are expected to leave (`lifetime.contracts.pace`),
    `followed` how many times as fast as the sBG the model with drivers lets them leave by itself. `changes` is what was
    known on that day of the first year of contracts.
    """

    model: RenewalModel
    part: float
    hazard: Hazard | None
    contracts: Contracts
    on: date
    pace: float = 1.0
    followed: float = 1.0
    changes: FirstYear | None = None

    @property
    def seen(self) -> Outlook:
        """Where the customers active on that day stand."""
        if self.hazard is not None and self.contracts.annual:
            return monthly_outlook(self.contracts, self.hazard.members.grace_days, self.on)
        return look_ahead(self.contracts, self.part, self.on)


class Foreseen(NamedTuple):
    """Discounted months of each active customer (expected, and the ends of the interval), and futures, a draw each.

    `faster` are the expected months where customers leave so many times as fast. `total` is the margin to come.
    """

    expected: Floats
    faster: Floats
    low: Floats
    high: Floats
    total: Floats


def renewal_value(
    fit: RenewalFit,
    contracts: Contracts,
    churn: ContractChurn,
    *,
    horizon_months: int,
    annual_discount_rate: float,
    gross_margin: float | None,
    before: Attempts | None = None,
    leaving: Attempts | None = None,
    level: float = 0.95,
    draws: int = 400,
    seed: int = 1,
) -> RenewalValue:
    """Value every customer over the horizon, by the model that forecasts in `churn`.

    The margin of a month is what the days under contract bring in it, at its end discounted to today:
    sum over months m of gross_margin x value per month x P(there) x (1 + rate)^(-m / 12). What a contract brings in a
    month is taken to stay as it is. `before` and `leaving` are the same forecasts made again from past days, in revenue and
    as paces of leaving (`past_renewals`): the ranges then hold how far off these were.
    """
    day, missing = contracts.as_of, missing_margin(contracts, gross_margin)
    rate = math.nan if missing or gross_margin is None else gross_margin
    paid = paid_by((1 + annual_discount_rate) ** (-np.arange(1, horizon_months + 1) / 12))
    now, known = _as_of_today(fit, contracts, churn, leaving, horizon_months)
    who, worth = now.seen.who, rate * worth_of(now, paid)
    rng, paces = np.random.default_rng(seed), known.draw(draws, np.random.default_rng([seed, 3]))
    found = foresee(now, worth, paid, paces, level, rng, churn.pace)
    tested = equity = newcomer = record = None
    if not missing:
        tested = _backtest(fit, churn, contracts, rate, leaving, draws, level, seed)
        newcomer = _new_customer(now, paid, rate, paces, level, rng, churn.pace)
        if who.size:
            equity = _equity(worth, found, churn.pace, None if churn.has_followed else tested, level)
            if before is not None and len(before):
                in_margin = replace(before, actual=before.actual * rate, made=before.made * rate)
                equity, record = range_demanded(equity, found.total, in_margin, day, horizon_months, level)

    def spread(values: Floats, elsewhere: float) -> Floats:
        whole = np.full(len(contracts.customers), elsewhere)
        whole[who] = values
        return whole

    nothing = math.nan if missing else 0.0
    return RenewalValue(
        active=contracts.active(),
        age_months=contracts.age_months(),
        p_end=spread(churn.probabilities, math.nan),
        margin=rate * contracts.revenue_between(months_before(day, YEAR), day),
        cltv=spread(worth * found.expected, nothing),
        cltv_low=spread(np.minimum(worth * found.low, worth * found.high), nothing),
        cltv_high=spread(np.maximum(worth * found.low, worth * found.high), nothing),
        value_at_risk=churn.losses.at_risk if churn.losses is not None and not missing else None,
        equity=equity,
        new_customer=newcomer,
        horizon_months=horizon_months,
        annual_discount_rate=annual_discount_rate,
        missing=missing or ("" if who.size else translate("Nobody is under contract any more.")),
        model=churn.model,
        backtest=tested,
        record=record,
        drift=now.pace,
        first_year=now.changes is not None,
        new_prices=not missing and first_values(contracts)[1],
    )


def _as_of_today(
    fit: RenewalFit, contracts: Contracts, churn: ContractChurn, leaving: Attempts | None, months: int
) -> tuple[Forecaster, Pace]:
    """The model that forecasts, at the pace expected over so many months, and how far that pace is known."""
    day, followed = contracts.as_of, churn.followed
    hazard = churn.hazard if churn.forecasts_by_hazard else None
    known = at_drift(pace_ahead(leaving, fit.full, look_ahead(contracts, fit.part), day, months), followed)
    changes = first_year(contracts, day)
    return Forecaster(fit.full, fit.part, hazard, contracts, day, known.centre, followed, changes), known


def _equity(worth: Floats, found: Foreseen, pace: float, tested: MoneyBacktest | None, level: float) -> Interval:
    """What is to come from today's customers; its range holds `Foreseen.faster`, and a miss as large as in the holdout."""
    equity = Interval.around(float(worth @ found.expected), found.total, level)
    factors = [float(worth @ found.faster) / equity.value] if equity.value and pace != 1 else []
    if tested is not None and tested.margin.outside and tested.margin.foreseen.value:
        factors.append(tested.margin.actual / tested.margin.foreseen.value)
    return widened(equity, factors)


def _backtest(
    fit: RenewalFit,
    churn: ContractChurn,
    contracts: Contracts,
    rate: float,
    leaving: Attempts | None,
    draws: int,
    level: float,
    seed: int,
) -> MoneyBacktest | None:
    """The forecast as of the day before the holdout, and the margin of the relations of that day in it."""
    if fit.holdout_start is None or fit.calibration is None or churn.backtest is None:
        return None
    last = fit.holdout_start - timedelta(days=1)
    hazard = churn.hazard_before if churn.forecasts_by_hazard else None
    months = months_between(last, contracts.as_of)
    then = Forecaster(fit.calibration, fit.part_calibration, hazard, contracts, last)
    known = pace_ahead(leaving, then.model, look_ahead(contracts, then.part, last), last, months)
    known = at_drift(known, churn.followed_before)
    then = then._replace(pace=known.centre, followed=churn.followed_before, changes=first_year(contracts, last))
    who = then.seen.who
    whole = math.floor(months)
    paid = paid_by(np.append(np.ones(whole), [months - whole] if months > whole else []))
    worth = rate * worth_of(then, paid)
    rng = np.random.default_rng([seed, 2])
    found = foresee(then, worth, paid, known.draw(draws, rng), level, rng, 1.0)
    foreseen = Interval.around(float(worth @ found.expected), found.total, level)
    came = rate * float(contracts.revenue_of_relations_on(last, contracts.as_of).sum())
    return MoneyBacktest(fit.holdout_start, contracts.as_of, int(who.size), Miss(foreseen, came))


def worth_of(by: Forecaster, paid: Floats) -> Floats:
    """What each customer of a forecaster's day pays a month, with changes in the first year of contracts (`first_year`)."""
    if by.changes is None:
        return by.contracts.monthly_value(by.on)[by.seen.who]
    seen, pace = look_ahead(by.contracts, by.part, by.on), by.pace * by.followed
    return by.changes.worth(
        by.contracts, seen, by.on, lambda chances, renewed: by.model.survival(chances, renewed) ** pace, paid
    )


def foresee(
    by: Forecaster, worth: Floats, paid: Floats, paces: Floats, level: float, rng: np.random.Generator, pace: float
) -> Foreseen:
    """What the customers of a forecaster's day will bring: `worth` a month each, months paid as `paid_by` adds them up.

    There is a future for each of the `paces`, at which everybody leaves in it; `pace` is that of `Foreseen.faster`.
    """
    return (_by_age if by.hazard is None else _by_drivers)(by, worth, paid, paces, (1 - level) / 2, rng, pace)


def _by_age(
    by: Forecaster, worth: Floats, paid: Floats, paces: Floats, tail: float, rng: np.random.Generator, pace: float
) -> Foreseen:
    """By the sBG, in which customers with equal numbers of renewals are alike."""
    seen, drawn = by.seen, by.model.draw(paces.size, rng)
    begun = np.floor(seen.wait)
    groups, which = np.unique(np.stack([seen.renewed, begun.astype(np.int64)]), axis=1, return_inverse=True)
    which, rest = which.ravel(), seen.wait - begun
    reach = reach_of_chances(paid.size - 1, seen.step)
    stays = by.model.survival(reach[None, :], groups[0][:, None]) ** by.pace

    def months(stay: Floats) -> Floats:
        early, late = (discounted_months(stay, groups[1] + more, paid, seen.step)[which] for more in (0, 1))
        return np.asarray((1 - rest) * early + rest * late)

    mean = np.zeros((groups.shape[1], reach.size))
    for row in drawn:
        mean += by.model.curve(row, reach[None, :], groups[0][:, None]) / len(drawn)
    mean **= by.pace
    low, high = (months_at_end(mean, share, groups[1], which, rest, paid, seen.step) for share in (tail, 1 - tail))
    total = np.empty(len(drawn))
    alike: list[NDArray[np.intp]] = []
    if by.model.marks and which.size:
        ends = np.cumsum(np.bincount(which, minlength=groups.shape[1]))
        alike = np.split(np.argsort(which, kind="stable"), ends[:-1])
    for place, row in enumerate(drawn):
        # The chance at which they leave.
        if by.model.marks:
            curves = by.model.curve(row, reach[None, :], groups[0][:, None]) ** paces[place]
            u, stay = rng.random(which.size), np.empty(which.size)
            for those, curve in zip(alike, curves, strict=True):
                stay[those] = curve.size - np.searchsorted(curve[::-1], u[those], side="right")
        else:
            leaving = np.clip(rng.beta(row[0], row[1] + seen.renewed), 1e-300, 1 - 1e-16)
            stay = np.ceil(np.log(rng.random(leaving.size)) / (paces[place] * np.log1p(-leaving)))
        before = np.clip(stay - 1, 0, paid.size).astype(np.intp)
        total[place] = worth @ paid_after(before, begun.astype(np.intp), rest, paid, seen.step)
    return Foreseen(months(stays), months(stays**pace), low, high, total)


def _by_drivers(
    by: Forecaster, worth: Floats, paid: Floats, paces: Floats, tail: float, rng: np.random.Generator, pace: float
) -> Foreseen:
    """By the model with drivers, a customer a row, in parts."""
    assert by.hazard is not None
    seen, size, draws = by.seen, worth.size, paces.size
    coef = by.hazard.model.draw(draws, rng)
    begun = np.floor(seen.wait).astype(np.int64)
    rest, chances = seen.wait - begun, reach_of_chances(paid.size - 1, 1)
    expected, faster, low, high = (np.zeros(size) for _ in range(4))
    total = np.zeros(draws)
    for rows in np.array_split(np.arange(size), max(1, math.ceil(size * draws / _CELLS))):
        rates = at_pace(np.stack(list(by.hazard.rates(seen.renewed, rows, chances.size - 1)), axis=1), by.pace)
        stays: Floats = np.cumprod(np.column_stack([np.ones(rows.size), 1 - rates]), axis=1, dtype=np.float64)

        def months(stay: Floats, rows: NDArray[np.intp] = rows) -> Floats:
            early, late = (discounted_months(stay, begun[rows] + more, paid, 1) for more in (0, 1))
            return np.asarray((1 - rest[rows]) * early + rest[rows] * late)

        expected[rows], faster[rows] = months(stays), months(np.power(stays, pace))
        own = np.arange(rows.size)
        low[rows], high[rows] = (
            months_at_end(stays, share, begun[rows], own, rest[rows], paid, 1) for share in (tail, 1 - tail)
        )
        # Each further chance at which a customer stays brings what is paid up to the next one.
        brings = np.stack(
            [paid_after(np.full(rows.size, k), begun[rows], rest[rows], paid, 1) for k in chances.tolist()], axis=1
        )
        total += worth[rows] @ brings[:, 0]
        here = np.ones((rows.size, draws), dtype=bool)
        more = worth[rows, None] * np.diff(brings, axis=1)
        for step, rate in enumerate(by.hazard.rates(seen.renewed, rows, chances.size - 1, coef)):
            here &= rng.random(here.shape, dtype=np.float32) >= at_pace(rate, paces)
            total += more[:, step] @ here
    return Foreseen(expected, faster, low, high, total)


def _new_customer(
    by: Forecaster, paid: Floats, rate: float, paces: Floats, level: float, rng: np.random.Generator, pace: float
) -> Interval:
    """Mean value per month of new contracts x discounted months from the first day on; interval of the expectation.

    By the model with drivers, new customers are like those who began in the last year.
    """
    contracts = by.contracts
    first, _ = first_values(contracts)
    hazard = by.hazard.newcomers() if by.hazard is not None and by.seen.who.size else None
    step = contracts.step if hazard is None else 1
    wait = by.part * step + contracts.grace_days / DAYS_PER_MONTH
    if hazard is not None and contracts.annual:
        wait = 1.0
    begun = math.floor(wait)
    chances = reach_of_chances(paid.size - 1, step)

    def months(stays: Floats) -> Floats:
        early, late = (discounted_months(stays, np.array([begun + more]), paid, step) for more in (0, 1))
        return np.asarray((1 - wait + begun) * early + (wait - begun) * late)

    if hazard is None:
        drawn = by.model.draw(paces.size, rng)
        best = np.array([list(by.model.params.values())])
        central, curves = (by.model.curve(rows, chances, began=0.0) for rows in (best, drawn))
    else:
        everybody = np.arange(hazard.start.size)
        young = np.zeros(everybody.size, dtype=np.int64)
        central, curves = (
            _mean_survival(hazard, young, everybody, chances.size - 1, coef)
            for coef in (hazard.model.coef[None, :], hazard.model.draw(paces.size, rng))
        )
    central = _at_drift(central, np.ones(1), by.pace)
    if by.changes is not None and first.size:
        month = np.arange(paid.size - 1)
        passed = np.clip(np.floor((month - wait) / step) + 1, 0, chances.size - 1).astype(np.intp)
        first = by.changes.settled(first, np.zeros(1, dtype=np.int64), central[:1, passed] * np.diff(paid))
    first = rate * first
    error = float(first.std(ddof=1) / math.sqrt(first.size)) if first.size > 1 else 0.0
    value = float(first.mean() * months(central)[0])
    outcomes = (first.mean() + error * rng.standard_normal(len(curves))) * months(
        _at_drift(curves, paces / by.pace, by.pace)
    )
    faster = float(first.mean() * months(central**pace)[0])
    return widened(Interval.around(value, outcomes, level), [faster / value] if value and pace != 1 else [])


def _at_drift(stays: Floats, paces: Floats, drift: float) -> Floats:
    """Curves of staying at a pace each, and with the drift of those of past days from the second chance to leave on.

    Who was a customer on a past day had the first chance behind: nothing is learnt there of who has it ahead.
    """
    found = stays ** paces[:, None]
    found[:, 1:] *= (found[:, 1:] / np.maximum(found[:, 1:2], 1e-300)) ** (drift - 1)
    return np.asarray(found)


def _mean_survival(
    hazard: Hazard, renewed: NDArray[np.int64], rows: NDArray[np.intp], reach: int, coef: Floats
) -> Floats:
    """Mean over customers of the chance to stay at so many chances; a row a draw of `coef`."""
    here, found = np.ones((rows.size, len(coef))), [np.ones(len(coef))]
    for rate in hazard.rates(renewed, rows, reach, coef):
        here = here * (1 - rate)
        found.append(here.mean(axis=0))
    return np.stack(found, axis=1)
