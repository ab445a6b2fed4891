"""Does the margin per contact cover where few are held out and few customers bring most of it?

Run as ``python -m tests.calibration.holdouts [worlds]``. Most customers buy nothing; margins of the others are lognormal or
gamma, and 5% to 20% of those held out buy. Beside the estimator of campaigns it prints Welch's t: how often the 95% interval
holds the truth, how often it begins above (a gain is claimed too large) and how wide it is, in all worlds of a kind and in
the worst kind. `change` is what contacting multiplies the buyers by.
"""

from __future__ import annotations

import math
import sys
from itertools import product

import numpy as np
from numpy.typing import NDArray

from cxvalue.effects.estimators.abtest import Adjustment, difference_in_means

SIZES = ((60, 20), (120, 20), (240, 20), (720, 20), (3000, 4))
"""Customers held out, and how many times as many are contacted."""
CHANGES = (0.6, 1.0, 1.5)
SHARES = (0.05, 0.1, 0.2)
MARGINS = {"lognormal": math.exp(3.0 + 1.2**2 / 2), "gamma": 0.7 * 30.0}


def margins(rng: np.random.Generator, kind: str, size: int, share: float) -> NDArray[np.float64]:
    """Margin of each customer, 0 for most."""
    found = np.zeros(size)
    some = np.flatnonzero(rng.random(size) < share)
    found[some] = rng.lognormal(3.0, 1.2, some.size) if kind == "lognormal" else rng.gamma(0.7, 30.0, some.size)
    return found


def one_kind(held: int, times: int, change: float, share: float, kind: str, worlds: int) -> NDArray[np.float64]:
    """Covered, begun above and width, of the campaigns' interval and of Welch's."""
    rng = np.random.default_rng([held, times, round(100 * change), round(100 * share), len(kind)])
    nothing = Adjustment(np.zeros(held * times), np.zeros(held))
    truth = share * (change - 1) * MARGINS[kind]
    rows = []
    for _ in range(worlds):
        sides = margins(rng, kind, held * times, share * change), margins(rng, kind, held, share)
        found = (nothing.difference(*sides), difference_in_means(*sides))
        rows.append([(one.low <= truth <= one.high, one.low > truth, one.high - one.low) for one in found])
    mean: NDArray[np.float64] = np.array(rows, dtype=float).mean(axis=0)
    return mean


def main(worlds: int = 1000) -> None:
    """Print the figures."""
    print(f"{worlds} worlds a kind; mean over kinds (worst kind)")
    for change, (held, times) in product(CHANGES, SIZES):
        found = np.array([one_kind(held, times, change, s, k, worlds) for s, k in product(SHARES, MARGINS)])
        told = [
            f"covered {one[:, 0].mean():.1%} ({one[:, 0].min():.1%})  above {one[:, 1].mean():.1%} ({one[:, 1].max():.1%})"
            for one in (found[:, 0], found[:, 1])
        ]
        wider = (found[:, 0, 2] / found[:, 1, 2]).mean()
        print(
            f"  x{change} {held:>5} held out of {held * (times + 1):>6,}: {told[0]}; Welch {told[1]}; width {wider:.2f}"
        )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
