"""Was the model right before? Forecasts from several past dates, calibration by tenth, and a forecast in money.

Everything here compares what a model fitted on the data up to a date would have said with what then happened. The choice
of the model stays with the log score of the main holdout (`cxvalue.lifetime.select_model`); what values the customers is
the combination of `base_forecast`, whose past forecasts stand in the same table.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import ibis
import numpy as np
import pandas as pd

from cxvalue.foundation.arrays import Floats
from cxvalue.foundation.calendar import DAYS_PER_MONTH, date_of
from cxvalue.foundation.intervals import Interval
from cxvalue.foundation.progress import working
from cxvalue.language.catalogue import translate
from cxvalue.lifetime import LifetimeModel
from cxvalue.lifetime.evidence.blend import blend
from cxvalue.lifetime.evidence.reference import REFERENCE
from cxvalue.lifetime.families.discounting import DiscountCurve
from cxvalue.lifetime.fitting.checked import margin_rate_of
from cxvalue.lifetime.fitting.sampled import sample_of
from cxvalue.lifetime.models.by_level import parts
from cxvalue.lifetime.prediction.large import can_interpolate, predict
from cxvalue.lifetime.prediction.predictive import Customers, Draws, simulate
from cxvalue.questions.lifetime_value.forecast import refit
from cxvalue.questions.lifetime_value.past_states import PastStates
from cxvalue.tables.states import PurchaseStates

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cxvalue.lifetime.evidence.past import Past
    from cxvalue.lifetime.prediction.whole_base import WholeBase
    from cxvalue.questions.lifetime_value.cltv_fit import CltvFit

ORIGINS = 3
SHORTEST_STEP_DAYS = 14
GROUPS = 10


@dataclass(frozen=True)
class Origins:
    """Dates from which to forecast, the latest first, and for how many days."""

    dates: tuple[date, ...]
    days: int


def origins_of(holdout_start: date, as_of: date, observed_from: date, *, most: int = ORIGINS) -> Origins:
    """Spread origins evenly over the second half of the history before the holdout, its start being the latest.

    All forecast the same number of days: as many as the holdout has, and no more than the shortest history they are
    fitted on, so that at least half of what any of them sees is history. Steps below two weeks are not worth taking:
    then there are fewer origins, at least the start of the holdout itself.

    >>> [day.isoformat() for day in origins_of(date(1997, 10, 1), date(1998, 6, 30), date(1997, 1, 1)).dates]
    ['1997-10-01', '1997-07-25', '1997-05-18']
    """
    history = (holdout_start - observed_from).days
    number = most
    while number > 1 and history // 2 // (number - 1) < SHORTEST_STEP_DAYS:
        number -= 1
    step = history // 2 // (number - 1) if number > 1 else 0
    dates = tuple(holdout_start - timedelta(days=k * step) for k in range(number))
    shortest = (dates[-1] - observed_from).days
    return Origins(dates, max(min((as_of - holdout_start).days + 1, shortest), 1))


@working("Making the forecast again from past dates")
def rolling_table(
    fit: CltvFit, purchases: ibis.Table, observed_from: date, *, most: int = ORIGINS, then: PastStates | None = None
) -> pd.DataFrame:
    """Every model's forecast from several past dates, as published in ``rolling.csv``.

    Columns: origin (first day forecast), until, days, customers, model, actual, predicted, bias, relative_bias (of the
    actual total), mae, log_score_per_customer, decile_error, gini, status, best (of the origin, by the log score among
    the sound ones). Of a large base without covariates the models are fitted to a sample
    (`cxvalue.lifetime.fitting.sampled`) and forecast everybody. Origins before anybody bought twice are left out; without
    a holdout the table is empty. `then` is what was read of the same purchases before.
    """
    columns = [
        *("origin", "until", "days", "customers", "model", "actual", "predicted", "bias", "relative_bias", "mae"),
        *("log_score_per_customer", "decile_error", "gini", "status", "best"),
    ]
    rows: list[dict[str, Any]] = []
    then = then or PastStates(fit, purchases)
    if fit.holdout_start is not None:
        for origin, until in _windows(fit, fit.holdout_start, observed_from, most):
            states, actual = then.known_before(origin), then.bought(origin, until)
            if not states.frequency.any():
                continue
            models = fit.calibration
            if origin != fit.holdout_start:
                some, _ = sample_of(states, whole=fit.covariates is not None)
                models, _ = refit(purchases, some, observed_from, models, fit.covariates, fit.labels)
            foreseen = _foreseen(fit, then, models, states, actual, origin, until)
            rows += _scored(models, foreseen, actual, origin, until)
    return pd.DataFrame(rows, columns=columns)


def _foreseen(
    fit: CltvFit,
    then: PastStates,
    models: tuple[LifetimeModel, ...],
    states: PurchaseStates,
    actual: NDArray[np.float64],
    origin: date,
    until: date,
) -> list[tuple[Floats, float]]:
    """What each model expected of every customer, and the mean of the logarithm of the chance of what came."""
    calibrated = models is fit.calibration
    # Over the whole holdout they were scored when they were fitted.
    known = {score.model: score for score in fit.scores if calibrated and until == fit.as_of}
    found = []
    for model in models:
        score = known.get(model.name)
        if score is not None and score.actual == float(actual.sum()):
            found.append((then.expected(model, states, origin, until), score.log_score / len(states)))
            continue
        expected, chance = model.foresee(states, model.time_unit.from_days(fit.days(origin, until)), actual)
        found.append((expected, float(np.log(np.maximum(chance, 1e-300)).mean())))
        if calibrated:
            then.keep(model.name, origin, until, expected)
    return found


def with_past_totals(rolled: pd.DataFrame, base: WholeBase, past: Past) -> pd.DataFrame:
    """The table of `rolling_table` with a row for each candidate and the combination at every past date and horizon.

    Columns besides: horizon_months, actual_margin, predicted_margin (discounted), low and high of the combination, and
    log_ratio, the logarithm of actual over predicted margin. Purchases are in actual and predicted.
    """
    margin, counts = past.margin, past.purchases
    said, bought = blend(margin, REFERENCE), blend(counts, REFERENCE)
    rows: list[dict[str, Any]] = []
    for row in range(len(margin)):
        first = date_of(int(margin.origin[row]) + 1)
        days = int(margin.days[row])
        shared = {"origin": first, "until": first + timedelta(days=days - 1), "days": days,
                  "horizon_months": round(days / DAYS_PER_MONTH, 1), "actual": counts.actual[row],
                  "actual_margin": margin.actual[row], "best": False}  # fmt: skip
        forecasts = dict(zip(margin.names, zip(margin.made[row], counts.made[row], strict=True), strict=True))
        ends = said.interval(row, base.value.level)
        forecasts["combination"] = (ends.value, float(bought.total[row]))
        for name, (money, number) in forecasts.items():
            if not np.isfinite(money):
                continue
            bias = number - counts.actual[row]
            whole = {"low": ends.low, "high": ends.high} if name == "combination" else {}
            rows.append({
                **shared, "model": name, "predicted": number, "bias": bias, "predicted_margin": money,
                "relative_bias": bias / counts.actual[row] if counts.actual[row] else math.nan,
                "log_ratio": math.log(margin.actual[row] / money) if margin.actual[row] > 0 else math.nan, **whole,
            })  # fmt: skip
    more = ["horizon_months", "actual_margin", "predicted_margin", "low", "high", "log_ratio"]
    known = rolled.assign(horizon_months=(rolled["days"].astype(float) / DAYS_PER_MONTH).round(1))
    table = pd.DataFrame([*known.to_dict("records"), *rows], columns=[*rolled.columns, *more])
    return table.astype({"customers": "Int64"})


def _windows(fit: CltvFit, holdout_start: date, observed_from: date, most: int) -> list[tuple[date, date]]:
    """First and last day of what is forecast from each origin; whole periods where opportunities are counted."""
    origins, period = origins_of(holdout_start, fit.as_of, observed_from, most=most), fit.period
    if period is None:
        return [(origin, origin + timedelta(days=origins.days - 1)) for origin in origins.dates]
    starts = list(dict.fromkeys(period.number(origin) for origin in origins.dates))
    held_back = period.number(fit.as_of) - starts[0] + 1
    # Of the first period perhaps only a part was observed.
    length = max(min(held_back, starts[-1] - period.number(observed_from)), 1)
    return [(period.first_day(start), period.last_day(start + length - 1)) for start in starts]


def _scored(
    models: tuple[LifetimeModel, ...],
    foreseen: list[tuple[Floats, float]],
    actual: NDArray[np.float64],
    origin: date,
    until: date,
) -> list[dict[str, Any]]:
    """A row for each model from what `_foreseen` says of it."""
    rows: list[dict[str, Any]] = []
    most = _most_concentrated(actual)
    for model, (predicted, log_score) in zip(models, foreseen, strict=True):
        order = _Order.of(predicted)
        total, bias = float(actual.sum()), float(predicted.sum() - actual.sum())
        rows.append(
            {
                "origin": origin,
                "until": until,
                "days": (until - origin).days + 1,
                "customers": actual.size,
                "model": model.name,
                "actual": total,
                "predicted": float(predicted.sum()),
                "bias": bias,
                "relative_bias": bias / total if total else float("nan"),
                "mae": float(np.abs(predicted - actual).mean()),
                "log_score_per_customer": log_score,
                "decile_error": _decile_error(_deciles(order, predicted, actual)),
                "gini": order.gini(actual, most),
                "status": model.status,
            }
        )
    sound = [row for row in rows if row["status"] == "ok"]
    best = max(sound, key=lambda row: row["log_score_per_customer"])["model"] if sound else ""
    return [{**row, "best": row["model"] == best} for row in rows]


@dataclass(frozen=True, eq=False)
class Ranking:
    """How well each model told good customers from others in the holdout.

    `deciles` has customers ranked by what a model expected and cut into tenths, the highest first: model, decile,
    customers, predicted, actual (means per customer; customers of whom the same was expected share their actual mean,
    so that no order among them matters). `summary` has model, decile_error (sum over tenths of |predicted - actual|
    over the actual total), gini (1 is the perfect order, 0 is chance) and selected.
    """

    deciles: pd.DataFrame
    summary: pd.DataFrame


def ranking(fit: CltvFit, purchases: ibis.Table, *, then: PastStates | None = None) -> Ranking:
    """Rank the customers of the holdout by each model; `then` is what was read of the same purchases before.

    Raises `CxvalueError` when the fit has no holdout.
    """
    start = fit.need_holdout(translate("A comparison with actual results"))
    then = then or PastStates(fit, purchases)
    states, actual = then.known_before(start), then.bought(start, fit.as_of)
    tenths, summary, most = [], [], _most_concentrated(actual)
    for model in fit.calibration:
        predicted = then.expected(model, states, start, fit.as_of)
        order = _Order.of(predicted)
        deciles = _deciles(order, predicted, actual)
        tenths += [
            {
                "model": model.name,
                "decile": place,
                "customers": customers,
                "predicted": expected / customers,
                "actual": came / customers,
            }
            for place, (customers, expected, came) in enumerate(deciles, start=1)
        ]
        summary.append(
            {
                "model": model.name,
                "decile_error": _decile_error(deciles),
                "gini": order.gini(actual, most),
                "selected": model.name == fit.selected,
            }
        )
    return Ranking(pd.DataFrame(tenths), pd.DataFrame(summary))


def gini(predicted: NDArray[np.float64], actual: NDArray[np.float64]) -> float:
    """Gini coefficient of the actual values in the order of the predicted ones, over that in their own order.

    1 is the perfect order, 0 chance, -1 the reverse; equal predictions share their rank. For outcomes of 0 and 1 it is
    2 AUC - 1. nan when all actual values are equal.

    >>> gini(np.array([1.0, 2.0, 3.0]), np.array([0.0, 2.0, 5.0]))
    1.0
    """
    return _Order.of(predicted).gini(actual, _most_concentrated(actual))


def _most_concentrated(values: NDArray[np.float64]) -> float:
    """The concentration of values in their own order."""
    return _Order.of(values).concentration(values)


class _Order(NamedTuple):
    """Customers in the order of what was predicted: who comes first, and the groups of whom the same was (0: the lowest)."""

    falling: NDArray[np.intp]
    group: NDArray[np.intp]
    size: NDArray[np.intp]

    @classmethod
    def of(cls, predicted: NDArray[np.float64]) -> _Order:
        """The order of predictions; the last digits of a quadrature rank nobody."""
        falling = np.argsort(-predicted)  # equal ones in any order: they have one group, and what is said of it
        rounded = np.round(predicted[falling], 12)[::-1]
        changed = np.ones(rounded.size, dtype=bool)
        np.not_equal(rounded[1:], rounded[:-1], out=changed[1:])
        group = np.empty(rounded.size, dtype=np.intp)
        group[falling[::-1]] = np.cumsum(changed) - 1
        return cls(falling, group, np.diff(np.append(np.flatnonzero(changed), rounded.size)))

    def concentration(self, values: NDArray[np.float64]) -> float:
        """How far the values rise with the order, the same for all of a group."""
        total = float(values.sum())
        if not total > 0:
            return 0.0
        middle = (np.cumsum(self.size) - (self.size - 1) / 2)[self.group]
        return float(2 * (values @ middle) / (values.size * total) - (values.size + 1) / values.size)

    def gini(self, actual: NDArray[np.float64], most: float) -> float:
        """The concentration of actual values over the most there can be, that of their own order."""
        return self.concentration(actual) / most if most > 1e-12 else float("nan")


def _deciles(
    order: _Order, predicted: NDArray[np.float64], actual: NDArray[np.float64]
) -> list[tuple[int, float, float]]:
    """(customers, predicted, actual) of each tenth, the highest predicted first."""
    shared = (np.bincount(order.group, actual) / order.size)[order.group]
    parts = [part for part in np.array_split(order.falling, GROUPS) if part.size]
    return [(int(part.size), float(predicted[part].sum()), float(shared[part].sum())) for part in parts]


def _decile_error(deciles: list[tuple[int, float, float]]) -> float:
    total = sum(came for _, _, came in deciles)
    return sum(abs(expected - came) for _, expected, came in deciles) / total if total > 0 else float("nan")


@dataclass(frozen=True)
class MarginBacktest:
    """What the model fitted before a holdout would have said of its margin, and the margin that came.

    `predicted` has the interval for what will really come in, undiscounted, of the `customers` known on the day before
    `start`, who alone count in `actual`; both are over `start` to `until`, inclusive. `model` forecast.
    """

    start: date
    until: date
    customers: int
    predicted: Interval
    actual: float
    level: float
    model: str

    @property
    def inside(self) -> bool:
        """Whether what came lies within the interval."""
        return self.predicted.low <= self.actual <= self.predicted.high


@working("Working out what the forecast in money would have been")
def backtest_margin(
    fit: CltvFit,
    purchases: ibis.Table,
    past: Past,
    *,
    level: float = 0.95,
    draws: int = 200,
    seed: int = 1,
    then: PastStates | None = None,
) -> MarginBacktest | None:
    """Forecast the holdout in money with what was known before it; None without one.

    The window is counted in days and nothing is discounted, so that it can be held against the books. Where one model was
    asked for, its forecast stands, with the range that past misses of its kind demand (`past`). `then` is what was read
    of the same purchases before.
    """
    if fit.holdout_start is None or fit.spend_calibration is None:
        return None
    start, until, then = fit.holdout_start, fit.as_of, then or PastStates(fit, purchases)
    asked = then.forecast(past, level)
    if fit.combines:
        if asked is None:
            return None
        return MarginBacktest(start, until, asked.returns.size, asked.margin, asked.came, level, "combination")
    states, days = then.known_before(start), fit.days(start, until)
    sound = {model.name: model for model in fit.calibration if model.status == "ok"}
    model = sound.get(fit.selected) or next(model for model in fit.calibration if not model.family.dropout)
    rate = margin_rate_of(states)
    if not np.isfinite(rate) or states.mean_spend is None or not then.log.known_margin.any():
        return None
    ahead = model.time_unit.from_days(days)
    value = float(rate * fit.spend_calibration.expected_spend(states) @ model.expected_transactions(states, ahead))
    divided, drawn = parts(model, states), np.zeros(draws)
    for part, own in zip(divided, Draws.of_parts(draws, level, seed, len(divided)), strict=True):
        # One step of the length of the window, at no discount.
        curve = DiscountCurve(0.0, 1, float(part.model.ahead(ahead, states.as_of)))
        counted = Customers.of(part.model, part.states, fit.spend_calibration).in_days
        many = can_interpolate(len(part.states), fit.spend_calibration, part.model)
        drawn += (predict if many else simulate)(counted, fit.spend_calibration, curve, rate, own).value
    predicted = Interval.around(value, drawn, level)
    if asked is not None:
        # The range of a combined forecast, around what this model says: as wide as past misses demand.
        wide = asked.margin
        low, high = (value * (end / wide.value if wide.value > 0 else 1.0) for end in (wide.low, wide.high))
        predicted = Interval(value, min(low, predicted.low), max(high, predicted.high))
    came = _margin_of_known(purchases, start, until)
    return MarginBacktest(start, until, len(states), predicted, came, level, model.name)


def _margin_of_known(purchases: ibis.Table, start: date, until: date) -> float:
    """Margin from `start` to `until` of the customers first seen before `start`."""
    firsts = purchases.group_by("customer_id").agg(first=purchases.date.min())
    known = firsts.filter(firsts["first"] < ibis.literal(start)).select("customer_id")
    inside = purchases.filter((purchases.date >= ibis.literal(start)) & (purchases.date <= ibis.literal(until)))
    came = inside.semi_join(known, "customer_id")
    return float(came.margin.sum().to_pyarrow().as_py() or 0.0)
