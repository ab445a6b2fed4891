"""Value seen from other sides: several horizons and rates beside each other, levers, and payback of acquisition cost.

Every function returns a small pandas table or a frozen result, from the same models and spend that value the customers.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cxvalue.findings.finding import opening
from cxvalue.findings.small_groups import NO_GROUPS, ShownBefore, withheld_groups
from cxvalue.foundation.calendar import DAYS_PER_MONTH
from cxvalue.foundation.intervals import Interval
from cxvalue.language.catalogue import translate
from cxvalue.lifetime import LifetimeModel, SpendModel, ValueLevers, customer_value
from cxvalue.lifetime.families.discounting import DiscountCurve
from cxvalue.lifetime.fitting.checked import margin_rate_of
from cxvalue.lifetime.models.by_level import CovariateModel, Newcomers, parts
from cxvalue.lifetime.prediction.infinite import residual_value, why_no_infinite
from cxvalue.lifetime.prediction.living import path

if TYPE_CHECKING:
    import ibis
    from numpy.typing import NDArray

    from cxvalue.lifetime.prediction.whole_base import WholeBase
    from cxvalue.questions.lifetime_value.cltv_fit import CltvFit
    from cxvalue.tables.states import PurchaseStates

HORIZONS = (12, 24, 36)
RATE_STEP = 0.05
LONGEST_PAYBACK_MONTHS = 120


def horizons_table(
    fit: CltvFit,
    base: WholeBase,
    states: PurchaseStates,
    *,
    annual_discount_rate: float,
    horizons: tuple[int, ...] = HORIZONS,
) -> pd.DataFrame:
    """Value of all customers over several horizons and without an end, at the study's rate and five points either side.

    Columns: horizon_months (missing without an end), annual_discount_rate, value, withheld (why there is no value, else
    empty), low and high (at the level of `base`). The totals are those of `base`; another rate, and what comes after the
    longest horizon, moves them as the model has it. A finite horizon is discounted month by month at the end of the
    month, as everywhere; without an end the discounting is continuous, which is worth half a month of interest more.
    Rates that are not above 0 are left out, the study's own apart.
    """
    model, spend, level = fit.model, fit.spend, base.value.level
    money = np.zeros(max(horizons))
    for part in parts(model, states):
        money = money + _months(part.model, spend, part.states, max(horizons))

    rows: list[dict[str, Any]] = []
    rates = [annual_discount_rate - RATE_STEP, annual_discount_rate, annual_discount_rate + RATE_STEP]
    for discount in [r for r in rates if r > 1e-9 or r == annual_discount_rate]:
        factors = DiscountCurve.of(discount, max(horizons), model.time_unit).factors
        for months in horizons:
            value, low, high = _as_forecast(float(money[:months] @ factors[:months]), months, money, base, level)
            rows.append({"horizon_months": months, "annual_discount_rate": discount, "value": value, "withheld": "",
                         "low": low, "high": high})  # fmt: skip
        why = why_no_infinite(model)
        if not why and discount <= 0:
            why = translate("A value with no time limit is withheld: without discounting it may be infinite.")
        endless = Interval(math.nan, math.nan, math.nan)
        if not why:
            whole = float(residual_value(model, spend, states, discount).sum())
            endless = _as_forecast(whole, max(horizons), money, base, level)
        rows.append({"horizon_months": None, "annual_discount_rate": discount, "value": endless.value, "withheld": why,
                     "low": endless.low, "high": endless.high})  # fmt: skip
    table = pd.DataFrame(rows)
    return table.astype({"horizon_months": "Int64"})


def _as_forecast(by_model: float, months: int, money: NDArray[np.float64], base: WholeBase, level: float) -> Interval:
    """What the model says of a horizon, moved by what the forecast of the base is over it, with the range of that."""
    place = base.at(months * DAYS_PER_MONTH)
    total = base.margin[place]
    near = max(round(total.days / DAYS_PER_MONTH), 1)
    rate = base.value.annual_discount_rate
    known = money[: min(near, money.size)]
    usual = float(known @ np.exp(-math.log1p(rate) / 12 * np.arange(1, known.size + 1)))
    return total.part(by_model * total.value / usual if usual > 0 else by_model, total.chance, 1.0, level)


def _months(model: LifetimeModel, spend: SpendModel, states: PurchaseStates, months: int) -> NDArray[np.float64]:
    """Margin expected of all customers in each month to come, not discounted."""
    alive, few, which = model.few_futures(states)
    worth = margin_rate_of(states) * spend.expected_spend(states) * alive
    weight = few.weigh(np.bincount(which, worth).astype(float))
    bought = path(model, few.future, model.curve(0.0, months, states.as_of).ends)
    return weight @ np.diff(bought, axis=1, prepend=0.0)


def levers_as_forecast(levers: ValueLevers, base: WholeBase) -> ValueLevers:
    """The levers of the model, as large as the forecast of the base makes them and as sure as such forecasts are."""
    before = levers.equity.value
    scale = base.value.equity.value / before if before > 0 else 1.0
    oftener = base.value.expected_purchases.value / max(base.model_value.expected_purchases.value, 1e-300)
    total, level = base.total, levers.level

    def moved(gain: Interval, scale: float) -> Interval:
        if not math.isfinite(gain.value):
            return gain
        value, low, high = (scale * end for end in gain)
        miss = total.part(abs(value), 0.0, 1.0, level)
        down, up = abs(value) - miss.low, miss.high - abs(value)
        down, up = (down, up) if value >= 0 else (up, down)
        return Interval(value, value - math.hypot(value - low, down), value + math.hypot(high - value, up))

    changed = (
        replace(lever, gain=moved(lever.gain, oftener if lever.name == "margin" else scale)) for lever in levers.levers
    )
    return replace(levers, equity=base.value.equity, levers=tuple(changed))


def levers_table(levers: ValueLevers) -> pd.DataFrame:
    """The value levers as published in ``levers.csv``.

    Columns: lever, change, before, after, gain, low, high, share_of_equity, horizon_months, withheld.
    """
    equity = levers.equity.value
    return pd.DataFrame(
        [
            {
                "lever": lever.name,
                "change": lever.change,
                "before": lever.before,
                "after": lever.after,
                "gain": lever.gain.value,
                "low": lever.gain.low,
                "high": lever.gain.high,
                "share_of_equity": lever.gain.value / equity if equity else math.nan,
                "horizon_months": levers.horizon_months,
                "withheld": opening("withheld") + lever.withheld if lever.withheld else "",
            }
            for lever in levers.levers
        ]
    )


def acquisition_cost(customers: ibis.Table | None) -> float | None:
    """Mean acquisition cost over the customers for whom it is known; None without the table, the column or a value."""
    if customers is None or "acquisition_cost" not in customers.columns:
        return None
    mean = customers.acquisition_cost.mean().to_pyarrow().as_py()
    return float(mean) if mean is not None else None


@dataclass(frozen=True)
class Payback:
    """Months until a new customer has paid back what it cost to win them, in expectation and discounted.

    `months` is None when that does not happen within `longest` months; `low` and `high` bound it at `level` (parameter
    uncertainty), None likewise. 0 means that the first purchase already covers the cost.
    """

    cost: float
    months: int | None
    low: int | None
    high: int | None
    level: float
    longest: int


def payback(
    model: LifetimeModel,
    spend: SpendModel,
    states: PurchaseStates,
    cost: float,
    *,
    annual_discount_rate: float,
    level: float = 0.95,
    miss: float = 0.0,
    longest: int = LONGEST_PAYBACK_MONTHS,
    draws: int = 400,
    seed: int = 1,
) -> Payback:
    """The first month by whose end first margin + margin rate x mean spend x discounted purchases reaches the cost.

    `miss` is how far forecasts of this kind miss (`Total.shared`), a standard deviation of logarithms.
    """
    curve = model.curve(annual_discount_rate, longest, states.as_of)
    rate = margin_rate_of(states)
    rng = np.random.default_rng(seed)
    mix = Newcomers.of(model, states)

    def margins(path: np.ndarray, first: np.ndarray, mean: np.ndarray) -> np.ndarray:
        """Cumulated margin at the first purchase and at the end of each month, (draws, months + 1)."""
        worth = np.cumsum(np.diff(path, axis=1, prepend=0.0) * curve.factors, axis=1)
        return first[:, None] + np.column_stack([np.zeros(len(first)), rate * mean[:, None] * worth])

    def months(table: np.ndarray) -> np.ndarray:
        reached = table >= cost
        return np.where(reached.any(axis=1), reached.argmax(axis=1), np.inf)

    means = np.array([states.first_margin_mean]), np.array([spend.population_mean()])
    expected = months(margins(mix.expected(curve.ends), *means))[0]
    mean = spend.draw_population_mean(draws, rng)
    first = states.first_margin_mean + np.nan_to_num(states.first_margin_se) * rng.standard_normal(draws)
    off = np.exp(miss * rng.standard_normal(draws))
    drawn = months(margins(mix.drawn(curve.ends, draws, rng), first, mean * off))
    found = Interval.around(expected, drawn, level, method="inverted_cdf")
    middle, low, high = (int(end) if np.isfinite(end) else None for end in found)
    return Payback(cost, middle, low, high, level, longest)


def value_by_level(
    fit: CltvFit,
    base: WholeBase,
    states: PurchaseStates,
    *,
    suppress_below: int = 0,
    elsewhere: Collection[tuple[str, str]] = (),
    before: ShownBefore = NO_GROUPS,
) -> pd.DataFrame:
    """What the customers of each level of the covariates will still bring, as published in ``covariate_levels.csv``.

    Columns: covariate, level, customers, cltv (of all of them) with low and high, cltv_mean, expected_transactions and
    p_alive (means), new_customer with new_customer_low and new_customer_high (missing where the forecast does not follow
    the levels; the first purchase counts as that of any customer). Levels of fewer than `suppress_below` customers are
    left out, with those that would give them away (`elsewhere` are groups that other tables withhold, `before` is what the
    last run showed); then rare labels are no part of the level that they count as. Empty without covariates.
    """
    columns = [*("covariate", "level", "customers", "cltv", "low", "high", "cltv_mean", "expected_transactions"),
               *("p_alive", "new_customer", "new_customer_low", "new_customer_high")]  # fmt: skip
    rows: list[tuple[Any, ...]] = []
    rules = fit.covariates
    if rules is None or fit.labels is None or states.customer_id is None:
        return pd.DataFrame(rows, columns=columns)
    read = (rules.groups if suppress_below else rules.read)(fit.labels, states.customer_id)
    shown = {one.name: one.levels for one in rules.used}
    hidden = withheld_groups(read, suppress_below, amounts=base.value.cltv, elsewhere=elsewhere, before=before)
    for name, levels in read.items():
        for one in np.unique(levels.astype(str)):
            chosen = levels == one
            if (name, one) in hidden or one not in shown[name]:
                continue
            found, newcomer = base.of_some(chosen), Interval(math.nan, math.nan, math.nan)
            if isinstance(fit.model, CovariateModel):
                newcomer = _newcomer(fit, base, states.take(chosen))
            means = found.each_mean[0], float(found.expected_transactions.mean()), float(found.p_alive.mean())
            rows.append((name, one, int(chosen.sum()), *found.equity, *means, *newcomer))
    return pd.DataFrame(rows, columns=columns)


def _newcomer(fit: CltvFit, base: WholeBase, states: PurchaseStates) -> Interval:
    """The value of a new customer like those of the states, its range widened as that of all new customers is."""
    value = base.value
    found = customer_value(
        fit.model,
        fit.spend,
        states,
        horizon_months=value.horizon_months,
        annual_discount_rate=value.annual_discount_rate,
        level=value.level,
        draws=200,
    )
    return base.total.widened(found.new_customer, base.first_margin, value.level)
