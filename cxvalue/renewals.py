"""Lifetime value and churn of customers under contract: fit, holdout, forecast, and the tables that a run publishes.

`fit_renewals` takes the contracts of a study and returns a frozen `RenewalFit`; `renewal_value` says with it who will
leave, and what margin is still to come. The statistics live in `cxvalue.lifetime.renewal`; here they meet the calendar.

A customer can leave once a period of their own: a month, or a year where contracts end by the year. Where in that period
those who left did so is taken from the data (`part`): at its end for contracts billed by the month, anywhere in it for
contracts that can be ended at any time.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from cxvalue.cltv import default_holdout_start
from cxvalue.contract_base import Contracts, Outlook, months_between, outlook, stayed
from cxvalue.customer_base import months_before
from cxvalue.errors import CxvalueError
from cxvalue.lifetime import HoldoutScore, Interval
from cxvalue.lifetime.renewal import RenewalModel, fit_renewal, survival
from cxvalue.timeunit import DAYS_PER_MONTH

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from cxvalue.lifetime.families import Floats

__all__ = [
    "RenewalFit",
    "RenewalValue",
    "fit_renewals",
    "missing_margin",
    "renewal_customers_table",
    "renewal_holdout_table",
    "renewal_models_table",
    "renewal_value",
]

YEAR = 12


@dataclass(frozen=True)
class RenewalFit:
    """The model of a study's contracts: on all data, and on what was known before the holdout.

    `part` is the mean part of their last period for which those who left still were customers, `part_calibration` the
    same as known before the holdout, `left_out` the number of relations that no whole period of observation covers.
    `at_anniversaries` is the share of ends near an anniversary, `clock` what was made of it: month, year, or mixed (by
    the month, although many ends lie at anniversaries).
    """

    as_of: date
    holdout_start: date | None
    full: RenewalModel
    part: float
    calibration: RenewalModel | None
    part_calibration: float
    score: HoldoutScore | None
    left_out: int
    clock: str = "month"
    at_anniversaries: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """The fit as plain JSON types."""
        return {
            "as_of": self.as_of.isoformat(),
            "holdout_start": self.holdout_start.isoformat() if self.holdout_start else None,
            "full": self.full.to_dict(),
            "part": self.part,
            "calibration": self.calibration.to_dict() if self.calibration else None,
            "part_calibration": self.part_calibration,
            "score": self.score.to_dict() if self.score else None,
            "left_out": self.left_out,
            "clock": self.clock,
            "at_anniversaries": self.at_anniversaries,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> RenewalFit:
        """The fit that `to_dict` wrote down."""
        start, before, score = data["holdout_start"], data["calibration"], data["score"]
        return cls(
            as_of=date.fromisoformat(data["as_of"]),
            holdout_start=date.fromisoformat(start) if start else None,
            full=RenewalModel.from_dict(data["full"]),
            part=data["part"],
            calibration=RenewalModel.from_dict(before) if before else None,
            part_calibration=data["part_calibration"],
            score=HoldoutScore.from_dict(score) if score else None,
            left_out=data["left_out"],
            clock=data["clock"],
            at_anniversaries=data["at_anniversaries"],
        )


def fit_renewals(contracts: Contracts, *, holdout_start: date | None = None) -> RenewalFit:
    """Fit the sBG on all contracts and on what was known before the holdout, and score its forecast of who stays.

    Raises `CxvalueError` when nobody has left; without a calibration window in which somebody left there is no score.
    """
    unit = "year" if contracts.annual else "month"
    full = fit_renewal(contracts.durations(), time_unit=unit)
    start = holdout_start or default_holdout_start(contracts.as_of, contracts.observed_from)
    before, score, part = None, None, 1.0
    if start is not None:
        last = start - timedelta(days=1)
        try:
            before = fit_renewal(contracts.durations(last), time_unit=unit)
        except CxvalueError:
            start = None
        else:
            part = contracts.part_of_last_period(last)
            score = _score(before, contracts, last, part)
    return RenewalFit(
        as_of=contracts.as_of,
        holdout_start=start if score else None,
        full=full,
        part=contracts.part_of_last_period(),
        calibration=before if score else None,
        part_calibration=part,
        score=score,
        left_out=contracts.left_out(),
        clock="mixed" if contracts.mixed else unit,
        at_anniversaries=None if math.isnan(contracts.at_anniversaries) else contracts.at_anniversaries,
    )


def _score(model: RenewalModel, contracts: Contracts, last: date, part: float) -> HoldoutScore | None:
    """Compare who of the customers at the end of `last` was still there at the end of `as_of` with the forecast."""
    seen = outlook(contracts, part, last)
    if not seen.who.size:
        return None
    months = months_between(last, contracts.as_of)
    stays = model.survival(seen.chances(months), seen.renewed)
    came = stayed(contracts, last)[seen.who]
    error = stays - came
    safe = np.clip(np.where(came, stays, 1 - stays), 1e-300, None)
    return HoldoutScore(
        model=model.name,
        actual=float(came.sum()),
        predicted=float(stays.sum()),
        bias=float(error.sum()),
        mae=float(np.abs(error).mean()),
        rmse=float(np.sqrt((error**2).mean())),
        wmape=float(np.abs(error).sum() / came.sum()) if came.any() else math.nan,
        log_score=float(np.log(safe).sum()),
        status=model.status,
        selected=True,
    )


@dataclass(frozen=True, slots=True, eq=False)
class RenewalValue:
    """Who will leave, and the margin still to come, a number a customer and in total.

    `p_end` is P(the relation ends within 12 months), nan for who has left; `margin` the margin of the last 12 months;
    `cltv` with its interval the discounted margin of the horizon, 0 for who has left. Intervals are for what will really
    happen; that of `new_customer` is for the expectation. What cannot be had is None or nan, and `missing` says why.
    """

    active: NDArray[np.bool_]
    age_months: NDArray[np.float64]
    p_end: NDArray[np.float64]
    margin: NDArray[np.float64]
    cltv: NDArray[np.float64]
    cltv_low: NDArray[np.float64]
    cltv_high: NDArray[np.float64]
    churn_rate: Interval | None
    value_at_risk: Interval | None
    equity: Interval | None
    new_customer: Interval | None
    horizon_months: int
    annual_discount_rate: float
    missing: str


def renewal_value(
    fit: RenewalFit,
    contracts: Contracts,
    *,
    horizon_months: int,
    annual_discount_rate: float,
    gross_margin: float | None,
    level: float = 0.95,
    draws: int = 400,
    seed: int = 1,
) -> RenewalValue:
    """Value every customer over the horizon, and say how likely each is to leave within 12 months.

    The margin of a month is what the days under contract bring in it, at its end discounted to today:
    sum over months m of gross_margin x value per month x P(there) x (1 + rate)^(-m / 12). What a contract brings in a
    month is taken to stay as it is.
    """
    rng = np.random.default_rng(seed)
    tail = (1 - level) / 2
    seen = outlook(contracts, fit.part)
    missing = missing_margin(contracts, gross_margin)
    rate = math.nan if missing or gross_margin is None else gross_margin
    worth = rate * contracts.monthly_value()[seen.who]
    past = rate * contracts.revenue_between(months_before(contracts.as_of, YEAR), contracts.as_of)
    paid = _paid((1 + annual_discount_rate) ** (-np.arange(1, horizon_months + 1) / 12))
    drawn = fit.full.draw(draws, rng)
    gone_12m = 1 - fit.full.survival(seen.chances(YEAR), seen.renewed)
    begun = np.floor(seen.wait)
    groups, which = np.unique(np.stack([seen.renewed, begun.astype(np.int64)]), axis=1, return_inverse=True)
    which, rest = which.ravel(), seen.wait - begun
    stays = fit.full.survival(_reach(horizon_months, seen.step)[None, :], groups[0][:, None])
    early, late = (_discounted_months(stays, groups[1] + more, paid, seen.step)[which] for more in (0, 1))
    expected = (1 - rest) * early + rest * late
    left, at_risk, total = _simulated(drawn, seen, worth, past[seen.who], paid, rng)
    low, high = _customer_bounds(drawn, groups, which, rest, paid, seen.step, tail)
    size = len(contracts.customers)

    def spread(values: Floats, elsewhere: float) -> Floats:
        whole = np.full(size, elsewhere)
        whole[seen.who] = values
        return whole

    money = bool(seen.who.size) and not missing
    nothing = math.nan if missing else 0.0
    return RenewalValue(
        active=contracts.active(),
        age_months=contracts.age_months(),
        p_end=spread(gone_12m, math.nan),
        margin=past,
        cltv=spread(worth * expected, nothing),
        cltv_low=spread(np.minimum(worth * low, worth * high), nothing),
        cltv_high=spread(np.maximum(worth * low, worth * high), nothing),
        churn_rate=Interval.around(float(gone_12m.mean()), left / seen.who.size, level) if seen.who.size else None,
        value_at_risk=Interval.around(float(gone_12m @ past[seen.who]), at_risk, level) if money else None,
        equity=Interval.around(float(worth @ expected), total, level) if money else None,
        new_customer=None if missing else _new_customer(fit, contracts, drawn, paid, rate, level, rng),
        horizon_months=horizon_months,
        annual_discount_rate=annual_discount_rate,
        missing=missing or ("" if seen.who.size else "Nobody is under contract any more."),
    )


def missing_margin(contracts: Contracts, gross_margin: float | None) -> str:
    """Why contracts have no margin, in a sentence; empty when they have one."""
    without, every = int(contracts.rows["value"].isna().sum()), len(contracts.rows)
    if without:
        who = "No contract has" if without == every else f"{without:,} of {every:,} contracts do not have"
        return f"{who} a value per month (column value_per_month of subscriptions)."
    return "" if gross_margin is not None else "The study file gives no gross_margin."


def _paid(factors: Floats) -> Floats:
    """Discounted months that who stays for 0, 1, 2, … months has paid by then."""
    return np.concatenate([[0.0], np.cumsum(factors)])


def _reach(horizon: int, step: int) -> NDArray[np.int64]:
    """Numbers of chances to leave, from none to as many as the horizon can hold."""
    return np.arange(math.ceil(horizon / step) + 2)


def _discounted_months(stays: Floats, first: NDArray[np.int64], paid: Floats, step: int) -> Floats:
    """Expected discounted months of who can leave first after `first` months and then every `step` months.

    `stays` has in its last axis the probability to stay at so many chances.
    """
    months = np.minimum(first[..., None] + step * np.arange(stays.shape[-1]), paid.size - 1)
    return np.asarray(paid[months[..., 0]] + (stays[..., 1:] * np.diff(paid[months], axis=-1)).sum(axis=-1))


def _paid_after(chances: NDArray[np.intp], begun: NDArray[np.intp], rest: Floats, paid: Floats, step: int) -> Floats:
    """Discounted months of who stays at so many chances to leave and leaves at the next."""
    horizon = paid.size - 1
    whole = np.minimum(begun + step * np.minimum(chances, horizon), horizon)
    more = np.append(np.diff(paid), 0.0)
    return paid[whole] + rest * more[whole]


def _simulated(
    drawn: Floats, seen: Outlook, worth: Floats, past: Floats, paid: Floats, rng: np.random.Generator
) -> tuple[Floats, Floats, Floats]:
    """In each draw of the parameters one future: customers lost in 12 months, their margin, and all margin to come."""
    outcomes = np.empty((3, len(drawn)))
    begun = np.floor(seen.wait).astype(np.intp)
    rest, chances = seen.wait - begun, seen.chances(YEAR)
    for place, (alpha, beta) in enumerate(drawn):
        leaving = np.clip(rng.beta(alpha, beta + seen.renewed), 1e-300, 1 - 1e-16)
        stay = np.ceil(np.log(rng.random(leaving.size)) / np.log1p(-leaving))  # the chance at which they leave
        before = np.clip(stay - 1, 0, paid.size).astype(np.intp)
        lost = stay <= chances
        outcomes[:, place] = lost.sum(), past @ lost, worth @ _paid_after(before, begun, rest, paid, seen.step)
    return outcomes[0], outcomes[1], outcomes[2]


def _customer_bounds(
    drawn: Floats,
    groups: NDArray[np.int64],
    which: NDArray[np.intp],
    rest: Floats,
    paid: Floats,
    step: int,
    tail: float,
) -> tuple[Floats, Floats]:
    """Discounted months of each customer at the ends of the interval, from the distribution of when they leave."""
    chances = _reach(paid.size - 1, step)
    stays = np.zeros((groups.shape[1], chances.size))
    for alpha, beta in drawn:
        stays += survival(alpha, beta, chances[None, :], groups[0][:, None]) / len(drawn)
    ends = []
    for share in (tail, 1 - tail):
        before = ((1 - stays[:, 1:]) < share).sum(axis=1)[which]
        ends.append(_paid_after(before, groups[1][which], rest, paid, step))
    return ends[0], ends[1]


def _new_customer(
    fit: RenewalFit,
    contracts: Contracts,
    drawn: Floats,
    paid: Floats,
    rate: float,
    level: float,
    rng: np.random.Generator,
) -> Interval:
    """Mean first value per month x discounted months from the first day on; interval of the expectation."""
    rows = contracts.rows.merge(contracts.relations[["customer", "start"]], on=["customer", "start"])
    first = rate * rows.groupby(["customer", "start"])["value"].sum().to_numpy()
    error = float(first.std(ddof=1) / math.sqrt(first.size)) if first.size > 1 else 0.0
    step = contracts.step
    wait = fit.part * step + contracts.grace_days / DAYS_PER_MONTH
    begun = math.floor(wait)
    chances = _reach(paid.size - 1, step)

    def months(alpha: Any, beta: Any) -> Floats:
        stays = np.atleast_2d(survival(alpha, beta, chances))
        early, late = (_discounted_months(stays, np.array([begun + more]), paid, step) for more in (0, 1))
        return np.asarray((1 - wait + begun) * early + (wait - begun) * late)

    value = float(first.mean() * months(*fit.full.values)[0])
    outcomes = (first.mean() + error * rng.standard_normal(len(drawn))) * months(drawn[:, :1], drawn[:, 1:])
    return Interval.around(value, outcomes, level)


def renewal_models_table(fit: RenewalFit, level: float = 0.95) -> pd.DataFrame:
    """The parameters in both windows, as published in ``models.csv``."""
    import pandas as pd

    rows = []
    for window, model in (("calibration", fit.calibration), ("full", fit.full)):
        if model is None:
            continue
        bounds = model.bounds(level)
        for parameter, estimate in model.params.items():
            rows.append(
                {
                    "window": window,
                    "model": model.name,
                    "parameter": parameter,
                    "estimate": estimate,
                    "se": model.se[parameter],
                    "low": bounds[parameter][0],
                    "high": bounds[parameter][1],
                    "log_likelihood": model.log_likelihood,
                    "aic": model.aic,
                    "customers": model.customers,
                    "time_unit": model.time_unit,
                    "status": model.status,
                    "selected": True,
                }
            )
    return pd.DataFrame(rows)


def renewal_holdout_table(fit: RenewalFit) -> pd.DataFrame:
    """The forecast of who would still be a customer and what came, as published in ``holdout.csv``."""
    import pandas as pd

    columns = ["model", "actual", "predicted", "bias", "mae", "rmse", "wmape", "log_score", "status", "selected"]
    return pd.DataFrame([asdict(fit.score)] if fit.score else [], columns=columns)


def renewal_customers_table(value: RenewalValue, contracts: Contracts) -> pd.DataFrame:
    """One row a customer, as published in ``customers.parquet``; what only purchases could tell is empty."""
    import pandas as pd

    size = len(contracts.customers)
    unknown = np.full(size, math.nan)
    day = (contracts.as_of - date(1970, 1, 1)).days
    return pd.DataFrame(
        {
            "customer_id": contracts.customers,
            "frequency": pd.array([None] * size, dtype="Int64"),
            "recency_days": pd.array([None] * size, dtype="Int64"),
            "age_days": day - contracts.first_day(),
            "mean_spend": unknown,
            "p_alive": value.active.astype(float),
            "expected_transactions": unknown,
            "cltv": value.cltv,
            "cltv_low": value.cltv_low,
            "cltv_high": value.cltv_high,
            "days_silent": pd.array([None] * size, dtype="Int64"),
            "dormant": ~value.active,
            "rhythm_broken": pd.array([None] * size, dtype="boolean"),
            "p_return_90d": unknown,
        }
    )
