"""Value seen from other sides: several horizons and rates beside each other, levers, and payback of acquisition cost.

Every function returns a small pandas table or a frozen result, from the same models and spend that value the customers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cxvalue.foundation.intervals import Interval
from cxvalue.lifetime import CustomerValue, LifetimeModel, SpendModel, ValueLevers, customer_value
from cxvalue.lifetime.families.discounting import DiscountCurve
from cxvalue.lifetime.fitting.checked import margin_rate_of
from cxvalue.lifetime.models.by_level import CovariateModel, Newcomers, parts
from cxvalue.lifetime.prediction.infinite import residual_value, why_no_infinite

if TYPE_CHECKING:
    import ibis
    import pandas as pd
    from numpy.typing import NDArray

    from cxvalue.questions.lifetime_value.cltv_fit import CltvFit
    from cxvalue.tables.states import PurchaseStates

__all__ = [
    "HORIZONS",
    "Payback",
    "acquisition_cost",
    "horizons_table",
    "levers_table",
    "payback",
    "value_by_level",
    "value_of_some",
]

HORIZONS = (12, 24, 36)
RATE_STEP = 0.05
LONGEST_PAYBACK_MONTHS = 120


def horizons_table(
    model: LifetimeModel,
    spend: SpendModel,
    states: PurchaseStates,
    *,
    annual_discount_rate: float,
    horizons: tuple[int, ...] = HORIZONS,
) -> pd.DataFrame:
    """Value of all customers over several horizons and without an end, at the study's rate and five points either side.

    Columns: horizon_months (missing without an end), annual_discount_rate, value, withheld (why there is no value, else
    empty). A finite horizon is discounted month by month at the end of the month, as everywhere; without an end the
    discounting is continuous, which is worth half a month of interest more. Rates that are not above 0 are left out,
    the study's own apart.
    """
    import pandas as pd

    money = np.zeros(max(horizons))
    for part in parts(model, states):
        money = money + _months(part.model, spend, part.states, max(horizons))

    rows: list[dict[str, Any]] = []
    rates = [annual_discount_rate - RATE_STEP, annual_discount_rate, annual_discount_rate + RATE_STEP]
    for discount in [r for r in rates if r > 1e-9 or r == annual_discount_rate]:
        factors = DiscountCurve.of(discount, max(horizons), model.time_unit).factors
        for months in horizons:
            value = float(money[:months] @ factors[:months])
            rows.append({"horizon_months": months, "annual_discount_rate": discount, "value": value, "withheld": ""})
        why = why_no_infinite(model)
        if not why and discount <= 0:
            why = "A value without an end is withheld: without discounting it may have no limit."
        endless = math.nan if why else float(residual_value(model, spend, states, discount).sum())
        rows.append({"horizon_months": None, "annual_discount_rate": discount, "value": endless, "withheld": why})
    table = pd.DataFrame(rows)
    return table.astype({"horizon_months": "Int64"})


def _months(model: LifetimeModel, spend: SpendModel, states: PurchaseStates, months: int) -> NDArray[np.float64]:
    """Margin expected of all customers in each month to come, not discounted."""
    alive, future, which = model.futures(states)
    worth = margin_rate_of(states) * spend.expected_spend(states) * alive
    weight = np.bincount(which, worth, future[0].size)
    longest = model.curve(0.0, months, states.as_of)
    path: NDArray[np.float64] = model.family.expected(future, longest.ends[None, :])
    return weight @ np.diff(path, axis=1, prepend=0.0)


def levers_table(levers: ValueLevers) -> pd.DataFrame:
    """The value levers as published in ``levers.csv``.

    Columns: lever, change, before, after, gain, low, high, share_of_equity, horizon_months, withheld.
    """
    import pandas as pd

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
                "withheld": lever.withheld,
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
    longest: int = LONGEST_PAYBACK_MONTHS,
    draws: int = 400,
    seed: int = 1,
) -> Payback:
    """The first month by whose end first margin + margin rate x mean spend x discounted purchases reaches the cost."""
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
    drawn = months(margins(mix.drawn(curve.ends, draws, rng), first, mean))
    found = Interval.around(expected, drawn, level, method="inverted_cdf")
    middle, low, high = (int(end) if np.isfinite(end) else None for end in found)
    return Payback(cost, middle, low, high, level, longest)


def value_of_some(
    fit: CltvFit, states: PurchaseStates, chosen: NDArray[np.bool_], *, horizon_months: int, annual_discount_rate: float,
    level: float, draws: int = 200,
) -> CustomerValue | None:  # fmt: skip
    """What the chosen customers will still bring, by the study's model; None when none is chosen.

    `states` has a row a customer with mean spend, `chosen` is a mask of them.
    """
    if not chosen.any() or states.customer_id is None or states.mean_spend is None:
        return None
    return customer_value(
        fit.model,
        fit.spend,
        states.take(chosen),
        horizon_months=horizon_months,
        annual_discount_rate=annual_discount_rate,
        level=level,
        draws=draws,
    )


def value_by_level(
    fit: CltvFit, states: PurchaseStates, *, horizon_months: int, annual_discount_rate: float, level: float,
    suppress_below: int = 0,
) -> pd.DataFrame:  # fmt: skip
    """What the customers of each level of the covariates will still bring, as published in ``covariate_levels.csv``.

    Columns: covariate, level, customers, cltv (of all of them) with low and high, cltv_mean, expected_transactions and
    p_alive (means), new_customer with new_customer_low and new_customer_high (missing where the forecast does not follow
    the levels; the first purchase counts as that of any customer). Levels of fewer than `suppress_below` customers are
    left out. Empty without covariates.
    """
    import pandas as pd

    columns = [*("covariate", "level", "customers", "cltv", "low", "high", "cltv_mean", "expected_transactions"),
               *("p_alive", "new_customer", "new_customer_low", "new_customer_high")]  # fmt: skip
    rows: list[tuple[Any, ...]] = []
    known = fit.covariates is not None and fit.labels is not None and states.customer_id is not None
    read = fit.covariates.read(fit.labels, states.customer_id) if known else {}  # type: ignore[union-attr, arg-type]
    for name, levels in read.items():
        for one in np.unique(levels.astype(str)):
            chosen = levels == one
            if chosen.sum() < suppress_below:
                continue
            found = value_of_some(
                fit,
                states,
                chosen,
                horizon_months=horizon_months,
                annual_discount_rate=annual_discount_rate,
                level=level,
            )
            if found is None:
                continue
            newcomer = found.new_customer if isinstance(fit.model, CovariateModel) else (math.nan, math.nan, math.nan)
            means = found.each_mean[0], float(found.expected_transactions.mean()), float(found.p_alive.mean())
            rows.append((name, one, int(chosen.sum()), *found.equity, *means, *newcomer))
    return pd.DataFrame(rows, columns=columns)
