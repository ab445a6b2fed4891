"""What a repeat-purchase model must be able to do, so that fitting, prediction and simulation need no special cases.

Every model here says the same two things. While alive a customer buys at a rate drawn from Gamma(r, alpha), and alive
at T the rest of the life starts afresh with updated parameters. A conditional prediction is therefore always
P(alive) x a prediction for a *future process*, whose parameters are the updated ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Family", "Floats", "History", "Params", "history"]

Floats = NDArray[np.float64]
Params = tuple[Floats, ...]
"""Parameters in the family's order; each an array that broadcasts with the states (one value, or one a draw)."""


@dataclass(frozen=True, slots=True)
class History:
    """Distinct purchase histories with the number of customers that share each one; times in one unit throughout.

    `values` are the distinct frequencies and `which` says which of them a row has, so that gamma functions are
    evaluated once a frequency and not once a row.
    """

    x: Floats
    recency: Floats
    age: Floats
    weight: Floats
    values: Floats
    which: NDArray[np.intp]

    @property
    def customers(self) -> float:
        """Number of customers in all rows."""
        return float(self.weight.sum())

    @property
    def purchases(self) -> float:
        """Number of repeat purchases in all rows."""
        return float((self.weight * self.x).sum())


def history(x: NDArray[Any], recency: NDArray[Any], age: NDArray[Any], weight: NDArray[Any]) -> History:
    """Merge equal rows of (x, recency, age) and add up their weights.

    >>> merged = history(np.array([1, 0, 1]), np.array([2., 0, 2]), np.array([5., 5, 5]), np.array([1, 1, 3]))
    >>> merged.x.tolist(), merged.weight.tolist()
    ([0.0, 1.0], [1.0, 4.0])
    """
    columns = [np.asarray(column, dtype=float) for column in (x, recency, age)]
    order = np.lexsort(columns[::-1])
    columns = [column[order] for column in columns]
    changed = np.zeros(order.size, dtype=bool)
    changed[:1] = True
    for column in columns:
        changed[1:] |= column[1:] != column[:-1]
    starts = np.flatnonzero(changed)
    weights = np.add.reduceat(np.asarray(weight, dtype=float)[order], starts) if starts.size else np.zeros(0)
    x_, recency_, age_ = (column[starts] for column in columns)
    values, which = np.unique(x_, return_inverse=True)
    return History(x_, recency_, age_, weights, values, which.reshape(-1))


@dataclass(frozen=True, slots=True)
class Family:
    """A model as functions of its natural-scale parameters; all of them broadcast and none of them checks.

    `log_likelihood(theta, history)` takes log-parameters and returns the total on the time scale of the history with
    its gradient in theta. `alive(params, x, recency, age)` is P(alive at age). `posterior(params, x, age)` are the
    parameters of the future process of a customer alive at that age; `newcomer(params)` is the share alive right after
    the first purchase with the parameters of their future. `expected(future, times)` has the last axis for the times,
    `none(future, t)` is P(no purchase) and `count(future, t, n)` is P(n purchases). `timed` are the positions of the
    parameters that carry the unit of time.
    """

    name: str
    title: str
    parameters: tuple[str, ...]
    timed: tuple[int, ...]
    dropout: bool
    log_likelihood: Callable[[Floats, History], tuple[float, Floats]]
    alive: Callable[[Params, Floats, Floats, Floats], Floats]
    posterior: Callable[[Params, Floats, Floats], Params]
    newcomer: Callable[[Params], tuple[Floats, Params]]
    expected: Callable[[Params, Floats], Floats]
    none: Callable[[Params, Floats], Floats]
    count: Callable[[Params, Floats, Floats], Floats]
