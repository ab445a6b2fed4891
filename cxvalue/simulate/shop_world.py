"""The world `shop`: customers who buy at their own pace, leave without a word, and differ in what they spend.

Purchases follow the BG/NBD story (Fader, Hardie and Lee 2005): a customer buys at a constant rate, and after each repeat
purchase leaves for good with a constant probability; rates are gamma and probabilities beta distributed over customers.
Spend follows the gamma-gamma story (Fader and Hardie 2013), independent of the pace.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cxvalue.foundation.calendar import DAYS_PER_MONTH
from cxvalue.language.catalogue import translate
from cxvalue.simulate.world import World

if TYPE_CHECKING:
    from numpy.typing import NDArray

AS_OF = date(2026, 6, 30)
HISTORY_DAYS = 1095
HORIZON_MONTHS = 24
ANNUAL_RATE = 0.10
MARGIN = 0.35
DORMANCY_DAYS = 120
NEW_CUSTOMERS_FOR_TRUTH = 200_000


@dataclass(frozen=True, slots=True)
class ShopParameters:
    """The true parameters, time in weeks, spend in the currency of the study.

    With a `gold_share` above 0 that share of the customers belongs to a segment "gold" of a customers table: they buy
    `gold_pace` times as often as the others, "standard", and leave with `gold_leaving` times their odds.
    """

    r: float = 0.6
    alpha: float = 6.0
    a: float = 0.8
    b: float = 3.0
    p: float = 6.0
    q: float = 4.0
    gamma: float = 20.0
    gold_share: float = 0.0
    gold_pace: float = 2.0
    gold_leaving: float = 0.6


@dataclass(frozen=True, slots=True)
class _Purchases:
    """Purchases of simulated customers: whose, on which day after the customer's first one, and for how much."""

    customer: NDArray[np.int64]
    day: NDArray[np.int64]
    revenue: NDArray[np.float64]


def shop(customers: int = 3000, seed: int = 1, parameters: ShopParameters = ShopParameters()) -> World:
    """Simulate a shop's customers over three years, and what they go on to do in the 24 months after.

    The truth of ``cltv.equity`` is the margin that these very customers bring after the last observed day, discounted
    month by month; that of ``cltv.new_customer`` is the mean over 200,000 further customers from their first purchase on.
    Those of ``churn.rate`` and ``churn.value_at_risk`` are the share of the active customers who buy nothing in the 12
    months after, and the margin that these very customers had brought in the 12 months before.
    """
    rng = np.random.default_rng(seed)
    first = rng.integers(0, HISTORY_DAYS, customers)
    horizon_days = int(np.ceil(HORIZON_MONTHS * DAYS_PER_MONTH)) + 1
    gold = rng.random(customers) < parameters.gold_share if parameters.gold_share > 0 else None
    bought = _simulate(rng, customers, HISTORY_DAYS - 1 - first + horizon_days, parameters, gold)
    day = first[bought.customer] + bought.day
    last_day = HISTORY_DAYS - 1
    future = day > last_day
    past = ~future
    start = AS_OF - timedelta(days=last_day)
    transactions = pd.DataFrame(
        {
            "customer_id": [f"S{number:06d}" for number in bought.customer[past]],
            "date": pd.Timestamp(start) + pd.to_timedelta(day[past], unit="D"),
            "revenue": bought.revenue[past].round(2),
        }
    ).sort_values(["date", "customer_id"], ignore_index=True)
    silent = last_day - np.asarray(pd.Series(day[past]).groupby(bought.customer[past]).max())
    truth = {
        "base.customers": float(customers),
        "base.active": float((silent < DORMANCY_DAYS).sum()),
        "cltv.equity": MARGIN * _discounted(day[future] - last_day, bought.revenue[future]),
        "cltv.new_customer": _new_customer(rng, horizon_days, parameters),
    }
    truth |= _churn(silent < DORMANCY_DAYS, bought, day - last_day)
    truth["cltv.mean"] = truth["cltv.equity"] / customers
    study: dict[str, Any] = {
        "title": translate("A simulated shop whose truth is known"),
        "currency": "EUR",
        "as_of": AS_OF,
        "observed_from": start,
        "gross_margin": MARGIN,
        "annual_discount_rate": ANNUAL_RATE,
        "horizon_months": HORIZON_MONTHS,
        "tables": {"transactions": {"path": "transactions.csv"}},
        "dormancy": {"days": DORMANCY_DAYS},
        "cltv": {"time_unit": "week", "models": "auto", "holdout_start": date(2025, 10, 1)},
        "report": {"pseudonymise": False},
    }
    about = translate(
        "# A simulated shop\n\nMade by `cxvalue simulate shop`. Nobody in it is real. `truth.json` holds what the "
        "simulated customers really do after the last observed day ({customers:,} customers, seed {seed}).\n",
        customers=customers,
        seed=seed,
    )
    tables = {"transactions": transactions}
    if gold is not None:
        ids = [f"S{number:06d}" for number in range(customers)]
        tables["customers"] = pd.DataFrame({"customer_id": ids, "segment": np.where(gold, "gold", "standard")})
        study["tables"] |= {"customers": {"path": "customers.csv"}}
        study["cltv"] |= {"covariates": ["segment"]}
    return World(study, tables, truth, about)


def _simulate(
    rng: np.random.Generator,
    customers: int,
    days: NDArray[np.int64] | int,
    true: ShopParameters,
    gold: NDArray[np.bool_] | None,
) -> _Purchases:
    """Let customers buy for a number of days after their first purchase, which is on day 0 and is part of the result."""
    limit = np.broadcast_to(np.asarray(days, dtype=float), customers)
    pace = 1.0 if gold is None else np.where(gold, true.gold_pace, 1.0)
    odds = 1.0 if gold is None else np.where(gold, true.gold_leaving, 1.0)
    rate_per_day = pace * rng.gamma(true.r, 1 / true.alpha, customers) / 7
    leaving = rng.beta(true.a * odds, true.b, customers)
    scale = rng.gamma(true.q, 1 / true.gamma, customers)
    alive = np.arange(customers)
    time = np.zeros(customers)
    who, when = [alive], [np.zeros(customers, dtype=np.int64)]
    while len(alive):
        with np.errstate(divide="ignore"):
            time[alive] += rng.exponential(1.0, len(alive)) / rate_per_day[alive]
        alive = alive[time[alive] < limit[alive]]
        who.append(alive)
        when.append(time[alive].astype(np.int64))
        alive = alive[rng.random(len(alive)) >= leaving[alive]]
    customer = np.concatenate(who)
    return _Purchases(customer, np.concatenate(when), rng.gamma(true.p, 1 / scale[customer]))


def _discounted(days_ahead: NDArray[np.int64], revenue: NDArray[np.float64]) -> float:
    """Sum revenue at the end of its month, counted from now, over the horizon."""
    month = np.ceil(days_ahead / DAYS_PER_MONTH)
    within = month <= HORIZON_MONTHS
    return float((revenue[within] * (1 + ANNUAL_RATE) ** (-month[within] / 12)).sum())


def _churn(active: NDArray[np.bool_], bought: _Purchases, day: NDArray[np.int64]) -> dict[str, float]:
    """What the active customers do in the 12 months after day 0, and what those who stay away had brought before."""
    comes = np.zeros(active.size, dtype=bool)
    comes[bought.customer[(day > 0) & (day <= 12 * DAYS_PER_MONTH)]] = True
    lost = active & ~comes
    year = (day <= 0) & (day > -((AS_OF - AS_OF.replace(year=AS_OF.year - 1)).days))
    margin = MARGIN * np.bincount(bought.customer[year], bought.revenue[year], active.size)
    return {
        "churn.rate": float(lost.sum() / active.sum()) if active.any() else float("nan"),
        "churn.value_at_risk": float(margin[lost].sum()),
    }


def _new_customer(rng: np.random.Generator, horizon_days: int, true: ShopParameters) -> float:
    gold = rng.random(NEW_CUSTOMERS_FOR_TRUTH) < true.gold_share if true.gold_share > 0 else None
    bought = _simulate(rng, NEW_CUSTOMERS_FOR_TRUTH, horizon_days, true, gold)
    total = _discounted(bought.day, bought.revenue)
    return MARGIN * total / NEW_CUSTOMERS_FOR_TRUTH
