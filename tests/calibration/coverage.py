"""Do the intervals cover? Worlds whose model is known, fitted with that model, against what then really comes in.

Run as ``python -m tests.calibration.coverage [customers] [worlds]``. For each model it makes worlds (day-level purchases,
Gamma-Gamma spend), fits the model and the spend to the past, and counts how often the 95% intervals hold the truth:

- equity: the margin that these customers bring in the following 12 months, discounted month by month;
- purchases: their purchases in the same time;
- new customer: the mean over a million further customers from their first purchase on;
- customers: each customer's own margin (the share of customers inside, averaged over worlds).

A fit that is not sound is counted apart (withheld), since nothing would be published of it.
"""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cxvalue.lifetime import customer_value, fit, fit_spend
from cxvalue.tables.states import PurchaseStates
from cxvalue.timeunit import DAYS_PER_MONTH, TimeUnit

DAYS, MONTHS, RATE, MARGIN = 728, 12, 0.10, 0.4
SPEND = (5.0, 4.0, 45.0)
TRUE = {
    "nbd": (0.7, 8.0),
    "bg_nbd": (0.6, 6.0, 0.8, 2.5),
    "mbg_nbd": (0.6, 6.0, 0.7, 2.5),
    "pareto_nbd": (0.6, 6.0, 0.7, 20.0),
}
NEWCOMERS = 1_000_000
MEASURES = ("equity", "purchases", "new customer", "customers")


class World(NamedTuple):
    """What was seen, and the margin of each customer and all purchases that then come."""

    states: PurchaseStates
    margin: NDArray[np.float64]
    purchases: int


def purchase_days(
    model: str, joined: NDArray[np.int64], until: float, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Whose and on which day: repeat purchases after the day of joining; those of one day are one, as in the product."""
    true, customers = TRUE[model], len(joined)
    rate = rng.gamma(true[0], 1 / true[1], customers) / 7
    ends = np.full(customers, np.inf)
    leaving = np.zeros(customers)
    if model == "pareto_nbd":
        ends = joined + rng.exponential(1 / (rng.gamma(true[2], 1 / true[3], customers) / 7))
    elif model != "nbd":
        leaving = rng.beta(true[2], true[3], customers)
    time = joined.astype(float)
    active = np.arange(customers)
    if model == "mbg_nbd":
        active = active[rng.random(customers) >= leaving]
    who, when = [], []
    while len(active):
        with np.errstate(divide="ignore"):
            time[active] += rng.exponential(1.0, len(active)) / rate[active]
        active = active[(np.ceil(time[active]) <= until) & (time[active] <= ends[active])]
        who.append(active)
        when.append(np.ceil(time[active]).astype(np.int64))
        active = active[rng.random(len(active)) >= leaving[active]]
    key = np.unique(np.concatenate(who) * 100_000 + np.concatenate(when))
    return key // 100_000, key % 100_000


def simulate(model: str, customers: int, rng: np.random.Generator) -> World:
    """Customers who joined evenly over the first year, seen for two years and followed for one more."""
    joined = rng.integers(0, DAYS // 2, customers)
    owner, day = purchase_days(model, joined, DAYS + MONTHS * DAYS_PER_MONTH, rng)
    p, q, gamma = SPEND
    revenue = rng.gamma(p, 1 / rng.gamma(q, 1 / gamma, customers)[owner])
    past = day <= DAYS
    x = np.bincount(owner[past], minlength=customers)
    last = np.zeros(customers, dtype=np.int64)
    np.maximum.at(last, owner[past], day[past])
    spent = np.bincount(owner[past], revenue[past], minlength=customers)
    first = rng.gamma(p, 1 / rng.gamma(q, 1 / gamma, customers))
    states = PurchaseStates(
        frequency=x,
        recency_days=np.where(x > 0, last - joined, 0),
        age_days=DAYS - joined,
        count=np.ones(customers, dtype=np.int64),
        time_unit=TimeUnit.WEEK,
        as_of=date(2025, 12, 31),
        customer_id=np.arange(customers).astype(object),
        mean_spend=np.where(x > 0, spent / np.maximum(x, 1), np.nan),
        total_margin=MARGIN,
        total_revenue=1.0,
        first_margin_mean=float(MARGIN * first.mean()),
        first_margin_se=float(MARGIN * first.std(ddof=1) / np.sqrt(customers)),
    )
    worth = MARGIN * revenue[~past] * _discount(day[~past] - DAYS)
    return World(states, np.bincount(owner[~past], worth, minlength=customers), int((~past).sum()))


def _discount(days_ahead: NDArray[np.int64]) -> NDArray[np.float64]:
    factors: NDArray[np.float64] = (1 + RATE) ** (-np.ceil(days_ahead / DAYS_PER_MONTH) / 12)
    return factors


@cache
def newcomer_truth(model: str) -> float:
    """First purchase plus the discounted margin of the months after it: the mean over a million simulated newcomers."""
    rng = np.random.default_rng(0)
    total = 0.0
    for _ in range(10):
        _, day = purchase_days(model, np.zeros(NEWCOMERS // 10, dtype=np.int64), MONTHS * DAYS_PER_MONTH, rng)
        total += _discount(day).sum()
    p, q, gamma = SPEND
    return float(MARGIN * p * gamma / (q - 1) * (1 + total / NEWCOMERS))


def one_world(task: tuple[str, int, int]) -> list[float] | None:
    """Whether each measure is covered in one world, and the relative width of equity; None when withheld."""
    model, customers, seed = task
    rng = np.random.default_rng([seed, customers, *model.encode()])
    world = simulate(model, customers, rng)
    fitted, spend = fit(world.states, model), fit_spend(world.states)
    if fitted.status != "ok" or spend.status != "ok":
        return None
    value = customer_value(
        fitted, spend, world.states, horizon_months=MONTHS, annual_discount_rate=RATE, draws=400, seed=seed
    )
    truths = (world.margin.sum(), world.purchases, newcomer_truth(model))
    intervals = (value.equity, value.expected_purchases, value.new_customer)
    inside = [float(low <= truth <= high) for truth, (_, low, high) in zip(truths, intervals, strict=True)]
    each = (value.cltv_low - 1e-9 <= world.margin) & (world.margin <= value.cltv_high + 1e-9)
    width = (value.equity.high - value.equity.low) / value.equity.value
    return [*inside, float(each.mean()), width, value.equity.value / truths[0] - 1]


def main(customers: int = 500, worlds: int = 1000) -> None:
    """Print a line for each model."""
    print(f"{customers} customers, {worlds} worlds, 95% intervals")
    print(f"{'model':<12}" + "".join(f"{name:>14}" for name in (*MEASURES, "width", "bias", "withheld")))
    with ProcessPoolExecutor() as pool:
        for model in TRUE:
            results = list(pool.map(one_world, [(model, customers, seed) for seed in range(worlds)], chunksize=10))
            kept = np.array([result for result in results if result is not None])
            withheld = 1 - len(kept) / worlds
            cells = [*kept.mean(axis=0), withheld]
            print(f"{model:<12}" + "".join(f"{cell:>14.1%}" for cell in cells), flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
