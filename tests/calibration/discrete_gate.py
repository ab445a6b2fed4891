"""How large the likelihood ratio of the BG/BB against the beta-Bernoulli gets when nobody ever leaves.

Run as ``python -m tests.calibration.discrete_gate [worlds]``: simulates worlds of customers who take each opportunity
with a probability of their own and never leave, fits the BG/BB and prints quantiles of 2 (LL - LL without dropout).
The constant `cxvalue.lifetime.families.bgbb_family.DISCRETE_CRITICAL_VALUE` is the largest 99% quantile, rounded up.
"""

from __future__ import annotations

import sys
from typing import NamedTuple

import numpy as np

from cxvalue.lifetime.fitting.discrete import fit_bg_bb
from cxvalue.tables.periods import DiscreteStates, Period


class World(NamedTuple):
    """Customers, the Beta of their probabilities of taking an opportunity, and the most opportunities."""

    customers: int
    alpha: float
    beta: float
    opportunities: int


WORLDS = (
    World(400, 0.8, 1.2, 6),
    World(2_000, 0.8, 1.2, 6),
    World(2_000, 0.5, 4.0, 24),
    World(2_000, 5.0, 5.0, 12),
    World(10_000, 1.2, 0.8, 36),
)


def simulate(
    world: World, rng: np.random.Generator, gamma: float = 0.0, delta: float = 1.0, staggered: bool = True
) -> DiscreteStates:
    """States of customers acquired over the first third of the window; with gamma > 0 they may leave."""
    size, most = world.customers, world.opportunities
    n = most - rng.integers(0, most // 3 + 1, size) if staggered else np.full(size, most)
    chance = rng.beta(world.alpha, world.beta, size)
    taken = rng.random((size, most)) < chance[:, None]
    if gamma > 0:
        stays = rng.geometric(np.maximum(rng.beta(gamma, delta, size), 1e-12)) - 1
        taken &= np.arange(most) < stays[:, None]
    taken &= np.arange(most) < n[:, None]
    recency = np.where(taken.any(axis=1), most - taken[:, ::-1].argmax(axis=1), 0)
    return DiscreteStates(
        taken.sum(axis=1).astype(np.int64), recency, n.astype(np.int64), np.ones(size, np.int64), Period.MONTH
    ).grouped()


def likelihood_ratios(world: World, worlds: int, seed: int = 1) -> np.ndarray:
    """The ratio in each of that many worlds without dropout."""
    return np.array(
        [fit_bg_bb(simulate(world, rng)).likelihood_ratio for rng in np.random.default_rng(seed).spawn(worlds)]
    )


def main(worlds: int = 300) -> None:
    """Print the table of quantiles."""
    print(f"{worlds} worlds without dropout in each row; quantiles of the likelihood ratio against the beta-Bernoulli")
    print("customers  alpha  beta  opportunities     50%    95%    99%    max")
    for world in WORLDS:
        ratios = likelihood_ratios(world, worlds)
        quantiles = [*np.quantile(ratios, [0.5, 0.95, 0.99]), ratios.max()]
        print(
            f"{world.customers:>9} {world.alpha:>6} {world.beta:>5} {world.opportunities:>14}  "
            + " ".join(f"{value:>6.2f}" for value in quantiles),
            flush=True,
        )


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:2]))
