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

from cxvalue.tables.distinct import distinct_counts, distinct_rows

__all__ = ["Family", "Floats", "History", "Params", "history"]

Floats = NDArray[np.float64]
Params = tuple[Floats, ...]
"""Parameters in the family's order; each an array that broadcasts with the states (one value, or one a draw)."""


@dataclass(frozen=True, slots=True)
class History:
    """Distinct purchase histories with the number of customers that share each one; times in one unit throughout.

    `values` are the distinct frequencies and `which` says which of them a row has, so that gamma functions are
    evaluated once a frequency and not once a row; likewise `ages` and `recencies` for logarithms of times. Of large
    data there are hundreds of thousands of histories, and hardly more than a thousand of each.
    """

    x: Floats
    recency: Floats
    age: Floats
    weight: Floats
    values: Floats
    which: NDArray[np.intp]
    ages: NDArray[np.float64]
    age_of: NDArray[np.intp]
    recencies: NDArray[np.float64]
    recency_of: NDArray[np.intp]

    @property
    def customers(self) -> float:
        """Number of customers in all rows."""
        return float(self.weight.sum())

    @property
    def purchases(self) -> float:
        """Number of repeat purchases in all rows."""
        return float((self.weight * self.x).sum())


def history(
    x: NDArray[Any], recency: NDArray[Any], age: NDArray[Any], weight: NDArray[Any], days: float = 1.0
) -> History:
    """Merge equal rows of (x, recency, age) and add up their weights; times are divided by `days` afterwards.

    >>> merged = history(np.array([1, 0, 1]), np.array([2., 0, 2]), np.array([5., 5, 5]), np.array([1, 1, 3]))
    >>> merged.x.tolist(), merged.weight.tolist()
    ([0.0, 1.0], [1.0, 4.0])
    """
    (values, which), (recencies, recency_of), (ages, age_of) = (
        _numbered(np.asarray(column)) for column in (x, recency, age)
    )
    (which, recency_of, age_of), weights = distinct_counts((which, recency_of, age_of), np.asarray(weight, dtype=float))
    recencies, ages = recencies / days, ages / days
    return History(
        values[which], recencies[recency_of], ages[age_of], weights, values, which, ages, age_of, recencies, recency_of
    )


def _numbered(column: NDArray[Any]) -> tuple[Floats, NDArray[np.intp]]:
    """The distinct values, ascending, and which of them each row has."""
    if not column.size:
        return column.astype(np.float64), np.zeros(0, dtype=np.intp)
    low, high = column.min(), column.max()
    if np.issubdtype(column.dtype, np.integer) and high - low < column.size + 10_000:
        # Days and counts: a table of what occurs spares a sort.
        shifted = column - low
        there = np.bincount(shifted) > 0
        found: Floats = (np.flatnonzero(there) + low).astype(np.float64)
        which: NDArray[np.intp] = np.cumsum(there) - 1
        return found, which[shifted]
    ordered = np.sort(column)
    changed = np.ones(ordered.size, dtype=bool)
    np.not_equal(ordered[1:], ordered[:-1], out=changed[1:])
    values: Floats = ordered[changed].astype(np.float64)
    return values, np.searchsorted(values, column)


@dataclass(frozen=True, slots=True)
class Family:
    """A model as functions of its natural-scale parameters; all of them broadcast and none of them checks.

    `log_likelihood(theta, history)` takes log-parameters and returns the total on the time scale of the history with
    its gradient in theta; `curvature(theta, history, gradient)`, where there is one, is the Hessian of that total in
    theta, given the gradient there. `alive(params, x, recency, age)` is P(alive at age). `posterior(params, x, age)`
    are the parameters of the future process of a customer alive at that age; `newcomer(params)` is the share alive
    right after the first purchase with the parameters of their future. `expected(future, times)` has the last axis for
    the times, `none(future, t)` is P(no purchase) and `count(future, t, n)` is P(n purchases). `timed` are the
    positions of the parameters that carry the unit of time. `events` is above 1 for a regular rhythm, where a
    purchase takes several events: its `posterior` takes the recency as well, because a purchase is the nearer the longer
    the last one is ago. `by_period` says that purchases and times are counted in opportunities, one a calendar period.
    """

    name: str
    title: str
    parameters: tuple[str, ...]
    timed: tuple[int, ...]
    dropout: bool
    log_likelihood: Callable[[Floats, History], tuple[float, Floats]]
    alive: Callable[[Params, Floats, Floats, Floats], Floats]
    posterior: Callable[..., Params]
    newcomer: Callable[[Params], tuple[Floats, Params]]
    expected: Callable[[Params, Floats], Floats]
    none: Callable[[Params, Floats], Floats]
    count: Callable[[Params, Floats, Floats], Floats]
    curvature: Callable[[Floats, History, Floats], Floats] | None = None
    events: int = 1
    by_period: bool = False

    @property
    def smooth(self) -> bool:
        """Whether the future depends on (x, T) alone and smoothly on times, so that it can be interpolated."""
        return self.events == 1 and not self.by_period

    def future(self, params: Params, x: Floats, recency: Floats, age: Floats) -> Params:
        """Parameters of the future process of a customer who is alive at that age."""
        return self.posterior(params, x, age) if self.events == 1 else self.posterior(params, x, age, recency)

    def rows(
        self, frequency: NDArray[Any], recency: NDArray[Any], age: NDArray[Any]
    ) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """First row of each distinct future, and which of them a row has: (x, T), with the recency where it matters."""
        columns = (frequency, age) if self.events == 1 else (frequency, recency, age)
        return distinct_rows(*(np.asarray(column, dtype=np.int64) for column in columns))
