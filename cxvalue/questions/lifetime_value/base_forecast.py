"""The forecast of a study's whole customer base: what past days teach, put to the candidates of today."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cxvalue.foundation.arrays import Floats
from cxvalue.foundation.calendar import DAYS_PER_MONTH, WHOLE_YEAR_DAYS, TimeUnit, date_of, day_number
from cxvalue.foundation.errors import CxvalueError
from cxvalue.language.catalogue import translatable, translate, translate_count
from cxvalue.lifetime.candidates.by_model import outlook_of_model
from cxvalue.lifetime.candidates.looks import look, look_back, variation_of
from cxvalue.lifetime.candidates.outlook import Ahead
from cxvalue.lifetime.evidence.attempts import Attempts
from cxvalue.lifetime.evidence.blend import Blend, blend
from cxvalue.lifetime.evidence.past import Past, growth_before, horizons_for, look_at_past, row_of
from cxvalue.lifetime.evidence.reference import CANDIDATES, REFERENCE
from cxvalue.lifetime.families.registry import COVARIATES, MODEL_TITLES, RHYTHMS, SEASONAL
from cxvalue.lifetime.fitting.checked import margin_rate_of
from cxvalue.lifetime.prediction.value import customer_value
from cxvalue.lifetime.prediction.whole_base import WholeBase, add_up_to_total, combine, keep_model, moved_by_groups
from cxvalue.tables.purchase_log import PurchaseLog, purchase_log

if TYPE_CHECKING:
    import ibis

    from cxvalue.foundation.intervals import Interval
    from cxvalue.lifetime import LifetimeModel
    from cxvalue.questions.lifetime_value.cltv_fit import CltvFit
    from cxvalue.tables.states import PurchaseStates

SHORT_DAYS = 90
USUAL_MONTHS = (12, 24, 36)
_REPLACED = ("cltv", "cltv_low", "cltv_high", "expected_transactions", "p_return_90d")
_TITLES = {
    "cells": translatable("what similar customers did"),
    "year_ago": translatable("what similar customers did a year ago"),
    "last_period": translatable("the last period repeated"),
    "combination": translatable("all combined"),
}


def past_of(
    purchases: ibis.Table, *, as_of: date, unit: TimeUnit, horizon_months: int, annual_discount_rate: float,
    taught_from: date | None = None, log: PurchaseLog | None = None,
) -> Past:  # fmt: skip
    """Forecasts from past days of a study, made again with what was known then, for its own and other horizons.

    Args:
        purchases: of all customers, one row a customer and day.
        as_of: the last day known.
        unit: of time, of the models.
        horizon_months, annual_discount_rate: of the study.
        taught_from: the first day from which customers were seen from their first purchase on.
        log: the same purchases as arrays, where they have been read.
    """
    log = log or purchase_log(purchases, as_of)
    ahead = Ahead(horizons_for(horizon_months, day_number(as_of) - log.first_day), annual_discount_rate)
    taught = None if taught_from is None else day_number(taught_from)
    return look_at_past(log, ahead, unit, day_number(as_of), taught_from=taught)


def forecast_base(
    fit: CltvFit, purchases: ibis.Table, states: PurchaseStates, *, horizon_months: int, annual_discount_rate: float,
    level: float = 0.95, draws: int = 200, log: PurchaseLog | None = None,
) -> WholeBase:  # fmt: skip
    """Forecast all customers together and each of them: what the candidates say, combined as past days teach.

    Where the study asks for one model by name, its own forecast stands and past days only say how wide its range is.

    Args:
        fit: the fitted models, with the forecasts from past days (`CltvFit.past`).
        purchases: of all customers, one row a customer and day.
        states: the history of each customer, up to the day of the fit.
        horizon_months: whole months.
        annual_discount_rate: effective annual rate.
        level: of every range.
        draws: simulated futures behind the part of the ranges that is parameters and chance.
        log: the same purchases as arrays, where they have been read.

    Raises:
        CxvalueError: histories that are not those of the purchases, or what `cxvalue.customer_value` refuses.
    """
    terms = {"horizon_months": horizon_months, "annual_discount_rate": annual_discount_rate}
    by_model = partial(customer_value, fit.model, fit.spend, states, **terms, level=level, draws=draws)  # type: ignore[arg-type]
    model_value = by_model()
    day, unit = day_number(fit.as_of), fit.time_unit
    log = log or purchase_log(purchases, fit.as_of)
    past = fit.past or past_of(purchases, as_of=fit.as_of, unit=unit, log=log, **terms)  # type: ignore[arg-type]
    own = round(horizon_months * DAYS_PER_MONTH)
    usual = {round(months * DAYS_PER_MONTH) for months in USUAL_MONTHS if months < horizon_months}
    ahead = Ahead(tuple(sorted({SHORT_DAYS, WHOLE_YEAR_DAYS, own} | usual)), annual_discount_rate)
    per_purchase = margin_rate_of(states) * fit.spend.expected_spend(states)
    if fit.combines:
        known = log.known(day)
        if len(known) != len(states) or (known.repeats != states.frequency).any():
            raise CxvalueError("These are not the purchases from which the histories were counted.")
        # What the model says of each customer is replaced: it need not be held while all candidates are asked.
        nothing: dict[str, Any] = dict.fromkeys(_REPLACED, np.zeros(0))
        model_value = replace(model_value, **nothing)
        now = look(log, known, _todays_models(fit), per_purchase, ahead, unit, states=states)
        found = combine(now, log, past, model_value, REFERENCE, own, level, states.first_margin_mean, in_place=True)
        if found is not None:
            return found
        model_value = by_model()
    row = Attempts(
        origin=np.array([day]),
        days=np.array([own]),
        history=np.array([float(day - log.first_day)]),
        growth=np.array([growth_before(log, day)]),
        chance=np.zeros(1),
        actual=np.array([np.nan]),
        made=np.full((1, len(CANDIDATES)), np.nan),
        names=CANDIDATES,
    )
    outlook = outlook_of_model(fit.model, states, per_purchase, ahead)
    like = "pareto_nbd" if "pareto" in fit.forecast else "bg_nbd"
    return keep_model(
        outlook, ahead, past, row, model_value, REFERENCE, like, level, variation_of(log), states.first_margin_mean
    )


def _todays_models(fit: CltvFit) -> dict[str, LifetimeModel]:
    """The fitted models that stand for the two that past days were asked with; those with a season, a rhythm or
    covariates stand for their plain ones where the holdout chose such a one."""
    sound = {one.name: one for one in fit.full if one.status == "ok"}
    variants = {**RHYTHMS, **SEASONAL, **COVARIATES}
    kind = fit.model.variant
    found: dict[str, LifetimeModel] = {}
    for slot in ("bg_nbd", "pareto_nbd"):
        same = [one for one in sound.values() if kind and one.variant == kind and variants.get(one.name) == slot]
        found[slot] = next(iter(same), sound.get(slot, fit.model))
    if kind and variants.get(fit.forecast) not in found:
        found["bg_nbd"] = fit.model
    return found


def weights_of(base: WholeBase, fit: CltvFit) -> dict[str, float]:
    """What share each model or other candidate has in the forecast of today, by its name; 1 for a single model."""
    if not base.combined:
        return {fit.forecast: 1.0}
    models, found = _todays_models(fit), dict[str, float]()
    for name, share in base.total.weights:
        own = models[name].name if name in models else name
        found[own] = found.get(own, 0.0) + share
    return found


def candidate_title(name: str) -> str:
    """A candidate, or all of them combined, in words."""
    return translate(_TITLES[name]) if name in _TITLES else MODEL_TITLES[name]


@dataclass(frozen=True)
class PastRecord:
    """How far forecasts of this kind missed before: margin forecast from past days against what came.

    Attributes:
        days: the horizon, the study's own or the longest that could be tested.
        own_horizon: whether it is the study's own.
        origins: the last day known of each forecast.
        forecast: each with its range at the published level.
        actual: what came.
    """

    days: int
    own_horizon: bool
    origins: tuple[date, ...]
    forecast: tuple[Interval, ...]
    actual: tuple[float, ...]

    def __len__(self) -> int:
        """How many past forecasts there are."""
        return len(self.origins)

    @property
    def span(self) -> str:
        """The horizon in words."""
        months = self.days / DAYS_PER_MONTH
        if months < 0.9:
            return translate_count("{count} day", "{count} days", self.days)
        return translate_count("{count} month", "{count} months", round(months))

    @property
    def misses(self) -> tuple[float, ...]:
        """Forecast over actual, less 1: above 0 where it was too high."""
        return tuple(said.value / came - 1 for said, came in zip(self.forecast, self.actual, strict=True))

    @property
    def typical_miss(self) -> float:
        """Mean absolute relative miss."""
        return float(np.mean(np.abs(self.misses)))

    @property
    def held(self) -> int:
        """How many of the ranges held what came."""
        return sum(said.low <= came <= said.high for said, came in zip(self.forecast, self.actual, strict=True))

    def table(self) -> pd.DataFrame:
        """A row a forecast, its columns as in ``rolling.csv``.

        Columns: origin (the first day forecast), until, days, horizon_months, actual_margin, predicted_margin, low and high.
        """
        rows = zip(self.origins, self.forecast, self.actual, strict=True)
        return pd.DataFrame([
            {
                "origin": origin + timedelta(days=1), "until": origin + timedelta(days=self.days), "days": self.days,
                "horizon_months": round(self.days / DAYS_PER_MONTH, 1), "actual_margin": came,
                "predicted_margin": said.value, "low": said.low, "high": said.high,
            }
            for origin, said, came in rows
        ])  # fmt: skip


def record_of(base: WholeBase) -> PastRecord | None:
    """Past forecasts over the study's horizon, or the longest that could be tested; None where there is none."""
    return record_from(base.past, base.past_blend, base.value.level)


def record_from(past: Attempts, blended: Blend, level: float) -> PastRecord | None:
    """The record of attempts whose last row is today's, with what would have been said then; None where there is none."""
    tested = np.isfinite(past.actual) & (past.actual > 0) & np.isfinite(blended.total)
    own = int(past.days[-1])
    lengths = past.days[tested & (past.days <= own)]
    if not lengths.size:
        return None
    rows = np.flatnonzero(tested & (past.days == lengths.max()))
    days = tuple(date_of(int(past.origin[row])) for row in rows)
    said = tuple(blended.interval(int(row), level) for row in rows)
    return PastRecord(int(lengths.max()), bool(lengths.max() == own), days, said, tuple(past.actual[rows].tolist()))


@dataclass(frozen=True, eq=False)
class PastForecast:
    """What this way of forecasting would have said before a past span, of the customers known then.

    `margin` is the total with its range at `level`; `returns` and `purchases` have an element a customer, in the order of
    their ids; `came` is the margin that they brought, `bought` the days with a purchase of each.
    """

    margin: Interval
    returns: Floats
    purchases: Floats
    came: float
    bought: Floats
    level: float


def forecast_then(
    fit: CltvFit, log: PurchaseLog, past: Past, start: date, until: date, level: float
) -> PastForecast | None:
    """The forecast of `start` to `until` (both inclusive, not discounted) made with what was known before, and what came."""
    origin, days = day_number(start) - 1, (until - start).days + 1
    ahead, then = Ahead((days,)), log.until(origin)
    found = look_back(then, ahead, origin, fit.time_unit)
    if found is None:
        return None
    count, worth = log.between(found.known, origin, origin + days, ahead.factors, DAYS_PER_MONTH)
    margin, bought = (
        rows.with_row(row_of(found, then, 0, kind)) for kind, rows in enumerate((past.margin, past.purchases))
    )
    said, often = blend(margin, REFERENCE), blend(bought, REFERENCE)
    if not (np.isfinite(said.total[-1]) and np.isfinite(often.total[-1])):
        return None
    moved = moved_by_groups(found, past, bought)
    totals = float(often.total[-1]), float(said.total[-1])
    returns, purchases, _ = add_up_to_total(found.outlook.at(0), moved, *totals)
    ends = said.interval(len(margin) - 1, level)
    return PastForecast(ends, returns, purchases, float(worth.sum()), count, level)
