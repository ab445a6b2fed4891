"""What may really come in, as every family draws it: purchases of a future with their worth today.

Each column of a simulation is one possible world with its own parameters, so that customers of one column share what
is unknown about the parameters while their fates are independent.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cxvalue.foundation.arrays import Floats, Ints, Places


@dataclass(frozen=True, slots=True)
class FutureDraw:
    """Purchases of customers who are alive: `cell` is the flat index of those with at least one purchase, `purchases`
    their number, `worth` the mean discount factor of them and `early` how many come before the given time."""

    cell: Places
    purchases: Floats
    worth: Floats
    early: Floats


def drawn_before(number: Ints, end: Floats, early: float, rng: np.random.Generator) -> Ints:
    """How many of `number` uniform times in (0, end) come before `early`."""
    if not end.size or end.max() <= early:
        return number
    return rng.binomial(number, np.minimum(early / np.maximum(end, 1e-300), 1.0))
