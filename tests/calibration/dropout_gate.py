"""How large the likelihood ratio against the NBD gets when nobody ever drops out.

Run as ``python -m tests.calibration.dropout_gate [worlds]``: simulates NBD worlds of several sizes, lengths and
purchase rates, fits the models with dropout to each and prints quantiles of 2 (LL - LL of the NBD). The constant
`cxvalue.lifetime.families.family.DROPOUT_CRITICAL_VALUE` is the largest 99% quantile, rounded up.

Without dropout the usual chi-squared does not apply: the dropout sits at the edge of its range, where the second
dropout parameter has no meaning.
"""

from __future__ import annotations

import sys
from datetime import date
from typing import NamedTuple

import numpy as np

from cxvalue.foundation.calendar import TimeUnit
from cxvalue.lifetime.fitting.fits import fit_all
from cxvalue.tables.states import PurchaseStates

MODELS = ("bg_nbd", "mbg_nbd", "pareto_nbd")


class World(NamedTuple):
    """Customers, shape of the purchase rates, mean repeat purchases in a full window, and its length in days."""

    customers: int
    r: float
    mean: float
    days: int


WORLDS = (
    World(400, 0.6, 2.0, 365),
    World(2_000, 0.6, 2.0, 365),
    World(2_000, 2.0, 8.0, 730),
    World(2_000, 0.3, 1.0, 270),
    World(10_000, 0.6, 3.0, 730),
)


def simulate_nbd(world: World, rng: np.random.Generator) -> PurchaseStates:
    """States of customers who joined within the first third of the window and never leave; days are merged."""
    age = world.days - rng.integers(0, world.days // 3, world.customers)
    rate = rng.gamma(world.r, world.mean / world.r / world.days, world.customers)
    bought = rng.poisson(rate * age)
    owner = np.repeat(np.arange(world.customers), bought)
    day = np.ceil(rng.random(owner.size) * age[owner]).astype(np.int64)
    distinct = np.unique(owner * 10_000 + day)
    owner, day = distinct // 10_000, distinct % 10_000
    recency = np.zeros(world.customers, dtype=np.int64)
    np.maximum.at(recency, owner, day)
    return PurchaseStates(
        frequency=np.bincount(owner, minlength=world.customers).astype(np.int64),
        recency_days=recency,
        age_days=age.astype(np.int64),
        count=np.ones(world.customers, dtype=np.int64),
        time_unit=TimeUnit.WEEK,
        as_of=date(2026, 6, 30),
    )


def likelihood_ratios(world: World, worlds: int, seed: int = 1) -> dict[str, np.ndarray]:
    """Likelihood ratio of each model with dropout in that many worlds without any, by model name."""
    found: dict[str, list[float]] = {name: [] for name in MODELS}
    for rng in np.random.default_rng(seed).spawn(worlds):
        for model in fit_all(simulate_nbd(world, rng).grouped(), MODELS):
            found[model.name].append(model.likelihood_ratio)
    return {name: np.array(values) for name, values in found.items()}


def main(worlds: int = 300) -> None:
    """Print the table of quantiles."""
    print(f"{worlds} worlds without dropout in each row; quantiles of the likelihood ratio against the NBD")
    print("customers    r  mean  days  model          50%    95%    99%    max")
    for world in WORLDS:
        for name, ratios in likelihood_ratios(world, worlds).items():
            quantiles = [*np.quantile(ratios, [0.5, 0.95, 0.99]), ratios.max()]
            print(
                f"{world.customers:>9} {world.r:>4} {world.mean:>5} {world.days:>5}  {name:<11} "
                + " ".join(f"{value:>6.2f}" for value in quantiles),
                flush=True,
            )


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:2]))
