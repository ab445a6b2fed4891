"""Customers in random bags, drawn again together: one bootstrap for figures that come from different rows of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxvalue.foundation.arrays import Floats, Places

MOST_BAGS = 2000


def bags_of(ids: NDArray[Any]) -> Places:
    """The bag of each row, by its customer alone, so that the rows of a customer share one whatever table they are from.

    >>> first, _, again = bags_of(np.array(["a", "b", "a"], dtype=object))
    >>> bool(first == again)
    True
    """
    import pandas as pd

    hashed = pd.util.hash_array(np.asarray(ids, dtype=object).astype(str).astype(object), categorize=True)
    return np.asarray(hashed % MOST_BAGS, dtype=np.intp)


def bag_sums(columns: Floats, bags: Places) -> Floats:
    """Columns added up within bags: bags x columns."""
    table = columns.reshape(len(bags), -1)
    return np.column_stack([np.bincount(bags, table[:, j], MOST_BAGS) for j in range(table.shape[1])])


def redraw_weights(draws: int, seed: int = 1) -> Floats:
    """How often each bag is drawn in each of `draws` (draws x bags), 1 on average."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(MOST_BAGS, np.full(MOST_BAGS, 1 / MOST_BAGS), size=draws).astype(float)


def redrawn(values: Floats, influence: Floats, bags: Places, weights: Floats) -> Floats:
    """Draws (draws x values) of estimates from the influence of their rows: value + Σ (weight − 1) × influence."""
    return np.asarray(values + (weights - 1) @ bag_sums(influence, bags))
