"""How large the likelihood ratio of the (M)BG/CNBD-2 gets when customers buy regularly and never leave.

Run as ``python -m tests.calibration.regular_gate [worlds]``: simulates worlds with Erlang-2 times between purchases,
fits both models with k = 2 and prints quantiles of 2 (LL - LL without dropout). The constant
`cxvalue.lifetime.families.regular_family.REGULAR_CRITICAL_VALUE` must lie above every 99% quantile.
"""

from __future__ import annotations

import sys
from datetime import date
from typing import NamedTuple

import numpy as np

from cxvalue.foundation.calendar import TimeUnit
from cxvalue.lifetime.fitting.regular import fit_regular
from cxvalue.tables.states import PurchaseStates
from tests.calibration.dropout_gate import World


class RegularWorld(NamedTuple):
    """States at the end of the window, and the purchases of each customer in the days after it."""

    states: PurchaseStates
    later: np.ndarray


def simulate_regular(
    world: World, rng: np.random.Generator, *, k: int = 2, leave: tuple[float, float] | None = None, later: int = 0
) -> RegularWorld:
    """Customers who joined within the first third of the window and buy every k-th event; days are merged.

    `world.mean` is the mean number of purchases in a full window. With `leave` they drop out after a purchase, with a
    probability from that Beta distribution; one toss a repeat purchase, as in the BG/CNBD-k.
    """
    size = world.customers
    age = world.days - rng.integers(0, world.days // 3, size)
    rate = rng.gamma(world.r, k * world.mean / world.r / world.days, size)
    chance = np.zeros(size) if leave is None else rng.beta(*leave, size)
    x, last, gaps, future = (np.zeros(size) for _ in range(4))
    time, alive = np.zeros(size), np.ones(size, dtype=bool)
    while alive.any():
        time = time + rng.gamma(k, 1 / rate)
        day = np.ceil(time)
        inside = alive & (day <= age)
        new = inside & (day > last)
        gaps += np.where(new, np.log(np.maximum(day - last, 1)), 0.0)
        x += new
        last = np.where(new, day, last)
        future += alive & (day > age) & (day <= age + later)
        alive &= (day <= age + later) & (rng.random(size) >= chance)
    states = PurchaseStates(
        frequency=x.astype(np.int64),
        recency_days=last.astype(np.int64),
        age_days=age.astype(np.int64),
        count=np.ones(size, dtype=np.int64),
        time_unit=TimeUnit.WEEK,
        as_of=date(2026, 6, 30),
        sum_log_gaps=gaps,
    )
    return RegularWorld(states, future)


WORLDS = (World(400, 0.8, 4.0, 365), World(2_000, 0.8, 4.0, 365), World(2_000, 2.0, 8.0, 730))


def main(worlds: int = 100) -> None:
    """Print the table of quantiles."""
    print(f"{worlds} worlds without dropout in each row; quantiles of the likelihood ratio")
    print("customers    r  mean  days  model           50%    95%    99%    max")
    for world in WORLDS:
        found: dict[str, list[float]] = {"bg_cnbd_k": [], "mbg_cnbd_k": []}
        for rng in np.random.default_rng(1).spawn(worlds):
            states = simulate_regular(world, rng).states.grouped()
            for name, ratios in found.items():
                ratios.append(fit_regular(states, name, k=2).likelihood_ratio)
        for name, values in found.items():
            quantiles = [*np.quantile(values, [0.5, 0.95, 0.99]), max(values)]
            print(
                f"{world.customers:>9} {world.r:>4} {world.mean:>5} {world.days:>5}  {name:<12} "
                + " ".join(f"{value:>6.2f}" for value in quantiles),
                flush=True,
            )


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:2]))
