"""Do the discount figures cover? Simulated tills whose truth is known, of every shape of reservation discount.

Run as ``python -m tests.calibration.discounts [worlds] [customers] [family …]``. For each true family it prints how
often the 95% intervals of the profit an occasion without a discount, with the best flat depth and with the ladder as
run hold the truth, how often that of the best depth does, and their mean widths (relative to the truth). `mixture` is a
shape that the fitted families do not contain as it is.
"""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor

import numpy as np

from cxvalue.questions.discounts.occasions import GROUPS, Occasions
from cxvalue.questions.discounts.policies import analyse
from cxvalue.simulate.cosmetics_world import FAMILIES, SEGMENTS, CosmeticsParameters, Visits, draw_visits, truth_of

NAMES = ("none_profit", "flat_profit", "ladder_profit", "optimal_depth")


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
    true = CosmeticsParameters(family=family)
    visits = draw_visits(customers, seed, true)
    truth = truth_of(true)
    found = analyse(occasions_in_memory(visits, true), seed=seed, draws=200)
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
        for family in families or FAMILIES:
            tasks = [(family, customers, seed) for seed in range(worlds)]
            rows = np.array(list(pool.map(one_world, tasks, chunksize=5)))
            parts = np.split(rows.mean(axis=0), 3)
            said = " | ".join("  ".join(f"{cell:7.1%}" for cell in part) for part in parts)
            print(f"{family:<10}{said}", flush=True)


if __name__ == "__main__":
    main(*(int(word) if word.isdigit() else word for word in sys.argv[1:]))
