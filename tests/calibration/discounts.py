"""Do the discount figures cover? Simulated tills whose truth is known, of every shape of reservation discount.

Run as ``python -m tests.calibration.discounts [worlds] [customers] [family …]``. For each true family it prints how
often the 95% intervals of the profit an occasion without a discount, with the best flat depth and with the ladder as
run hold the truth, how often that of the best depth does, and their mean widths (relative to the truth). `mixture` is a
shape that the fitted families do not contain as it is. `by-lot` stands for tills that name each customer one depth drawn by
lot, nothing among them: a law of `BY_LOT` a line.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor

import numpy as np
from scipy import stats

from cxvalue.questions.discounts.occasions import GROUPS, Occasions
from cxvalue.questions.discounts.policies import DEPTHS, analyse
from cxvalue.simulate.cosmetics_world import FAMILIES, SEGMENTS, CosmeticsParameters, Visits, draw_visits, truth_of

NAMES = ("none_profit", "flat_profit", "ladder_profit", "optimal_depth")

BY_LOT: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "by-lot normal, 40% never": lambda d: 0.3 + 0.3 * stats.norm.cdf(d, 0.1, 0.04),
    "by-lot normal, 30% never": lambda d: 0.3 + 0.4 * stats.norm.cdf(d, 0.1, 0.06),
    "by-lot exponential, 20% never": lambda d: 0.3 + 0.5 * stats.expon.cdf(d, scale=0.1),
    "by-lot lognormal, 20% never": lambda d: 0.3 + 0.5 * stats.lognorm.cdf(d, 0.6, scale=0.1),
    "by-lot gamma, 25% never": lambda d: 0.25 + 0.5 * stats.gamma.cdf(d, 2, scale=0.05),
    "by-lot uniform, 15% never": lambda d: 0.35 + 0.5 * np.clip(d / 0.3, 0, 1),
    "by-lot log-logistic": lambda d: 0.2 + 0.8 * stats.fisk.cdf(d, 2.5, scale=0.12),
    "by-lot beta": lambda d: 0.3 + 0.7 * stats.beta.cdf(d / 0.5, 2, 5),
    "by-lot normal": lambda d: stats.norm.cdf(d, 0.06, 0.1),
    "by-lot thresholds": lambda d: 0.25 + 0.3 * stats.norm.cdf(d, 0.05, 0.01) + 0.25 * stats.norm.cdf(d, 0.2, 0.02),
}
"""Share that buys at each depth. Where customers decide by thresholds, smooth shapes are known to fail (README)."""
LOT, LOT_SHARES = np.array([0.0, 0.05, 0.1, 0.15, 0.2, 0.3]), (0.3, 0.2, 0.2, 0.1, 0.1, 0.1)
LOT_MARGIN, LOT_BASKET = 0.4, 50.0


def occasions_by_lot(law: Callable[[np.ndarray], np.ndarray], visits: int, seed: int) -> Occasions:
    """Visits in each of which one depth drawn by lot was named."""
    rng = np.random.default_rng(seed)
    depth = rng.choice(LOT.size, visits, p=LOT_SHARES)
    takes, group = rng.random(visits) < law(LOT)[depth], rng.integers(0, GROUPS, visits)
    value = LOT_BASKET * rng.lognormal(-0.08, 0.4, visits)
    cells = np.where(takes, depth, LOT.size + depth)
    sums = np.zeros((4, GROUPS, 2 * LOT.size))
    net = takes * (LOT_MARGIN - LOT[depth]) * value
    for out, values in zip(sums, (np.ones(visits), value, LOT_MARGIN * value, net), strict=True):
        np.add.at(out, (group, cells), values)
    endless = np.full(LOT.size, np.inf)
    low, high = np.concatenate([-endless, LOT]), np.concatenate([LOT, endless])
    return Occasions(
        low, high, np.zeros(low.size, dtype=int), ("all",), *sums, LOT, {0.0: LOT_SHARES[0]}, visits, (), True
    )


def truth_by_lot(law: Callable[[np.ndarray], np.ndarray]) -> dict[str, float]:
    """What a visit brings under each policy, and the best depth."""
    curve = LOT_BASKET * law(DEPTHS) * (LOT_MARGIN - DEPTHS)
    ran = float(LOT_BASKET * (np.array(LOT_SHARES) * law(LOT)) @ (LOT_MARGIN - LOT))
    values = (float(curve[0]), float(curve.max()), ran, float(DEPTHS[curve.argmax()]))
    return {f"discounts.{name}": value for name, value in zip(NAMES, values, strict=True)}


def occasions_in_memory(visits: Visits, true: CosmeticsParameters) -> Occasions:
    """The same as the engine makes of the offers."""
    ladder = np.array(true.ladder)
    taken = np.searchsorted(ladder, visits.reservation - 1e-12)
    ends = np.concatenate([[-np.inf], ladder, [np.inf]])
    cell = visits.segment * (ladder.size + 1) + taken
    group = (visits.customer * 2654435761) % 2**32 % GROUPS
    depth = np.where(taken < ladder.size, ladder[np.minimum(taken, ladder.size - 1)], 0.0)
    net = np.where(taken < ladder.size, visits.margin - depth * visits.value, 0.0)
    size = len(SEGMENTS) * (ladder.size + 1)
    sums = []
    for values in (np.ones(cell.size), visits.value, visits.margin, net):
        out = np.zeros((GROUPS, size))
        np.add.at(out, (group, cell), values)
        sums.append(out)
    number = np.arange(size) % (ladder.size + 1)
    return Occasions(
        ends[number], ends[number + 1], np.arange(size) // (ladder.size + 1), SEGMENTS, sums[0], sums[1], sums[2], sums[3],
        ladder, {float(ladder[0]): 1.0}, int(visits.customer.max()) + 1, (), True,
    )  # fmt: skip


def one_world(task: tuple[str, int, int]) -> list[float]:
    """Which intervals hold the truth, and how wide they are."""
    family, customers, seed = task
    if family in BY_LOT:
        told, truth = occasions_by_lot(BY_LOT[family], customers, seed), truth_by_lot(BY_LOT[family])
    else:
        true = CosmeticsParameters(family=family)
        told, truth = occasions_in_memory(draw_visits(customers, seed, true), true), truth_of(true)
    found = analyse(told, seed=seed, draws=200)
    inside, widths, errors = [], [], []
    for name, figure in zip(NAMES, (found.none, found.flat, found.ladder, found.optimal_depth), strict=True):
        at = truth[f"discounts.{name}"]
        inside.append(float(figure.low - 1e-9 <= at <= figure.high + 1e-9))
        widths.append((figure.high - figure.low) / at)
        errors.append(figure.value / at - 1)
    return [*inside, *widths, *errors]


def main(worlds: int = 200, customers: int = 2000, *families: str) -> None:
    """Print a line for each true family."""
    print(f"{worlds} worlds of {customers} customers, 95% intervals: coverage | relative width | bias")
    with ProcessPoolExecutor() as pool:
        for family in BY_LOT if families == ("by-lot",) else families or FAMILIES:
            tasks = [(family, customers, seed) for seed in range(worlds)]
            rows = np.array(list(pool.map(one_world, tasks, chunksize=5)))
            parts = np.split(rows.mean(axis=0), 3)
            said = " | ".join("  ".join(f"{cell:7.1%}" for cell in part) for part in parts)
            print(f"{family:<30}{said}", flush=True)


if __name__ == "__main__":
    main(*(int(word) if word.isdigit() else word for word in sys.argv[1:]))
