"""What a repeat-purchase model must be able to do, so that fitting, prediction and simulation need no special cases.

Every model here says the same two things. While alive a customer buys at a rate drawn from Gamma(r, alpha), or takes
opportunities with a probability drawn from Beta(alpha, beta); and alive at T the rest of the life starts afresh with
updated parameters. A conditional prediction is therefore always P(alive) x a prediction for a *future process*, whose
parameters are the updated ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cxvalue.foundation.arrays import Floats
from cxvalue.lifetime.families.discounting import DiscountCurve
from cxvalue.lifetime.families.futures import FutureDraw
from cxvalue.tables.distinct import distinct_counts, distinct_rows

Params = tuple[Floats, ...]
"""Parameters in the family's order; each an array that broadcasts with the states (one value, or one a draw)."""

DROPOUT_CRITICAL_VALUE = 7.0
"""Likelihood ratio against the NBD below which no dropout counts as identified: exceeded in 1% of worlds without any.

From ``python -m tests.calibration.dropout_gate 300`` (2026-11-22): over five kinds of world with 400 to 10,000
customers the largest 99% quantiles were 6.38 (BG/NBD), 6.51 (MBG/NBD) and 5.40 (Pareto/NBD), rounded up. Size, length
and purchase rate made no visible difference. CDNOW has 337 and more.
"""


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


class Search(NamedTuple):
    """Where to look for the best log-parameters: starts, of which the later ones are for doubt, and bounds."""

    starts: list[Floats]
    bounds: list[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Family:
    """A model as functions of its natural-scale parameters; all of them broadcast and none of them checks.

    *Fitting.* `log_likelihood(theta, history)` takes log-parameters and returns the total on the time scale of the history
    with its gradient in theta; `curvature(theta, history, gradient)`, where there is one, is the Hessian of that total in
    theta, given the gradient there; `slopes(theta, history)`, where there is one, are the gradients of one customer of each
    history, (rows, parameters). `search(history, still)` says where to begin, given the log-parameters of the model
    without dropout. `timed` are the positions of the parameters that carry the unit of time. `recency` says whether the
    likelihood looks at the time of the last purchase.

    *Prediction.* `alive(params, x, recency, age)` is P(alive at age). `posterior(params, x, age)` are the parameters of the
    future process of a customer alive at that age; `newcomer(params)` is the share alive right after the first purchase
    with the parameters of their future. `expected(future, times)` has the last axis for the times, `none(future, t)` is
    P(no purchase) and `count(future, t, n)` is P(n purchases). `draw_futures(future, curve, early, rng)` draws purchases
    over the horizon of the curve for customers alive now, one an element of flat parameters of equal length, and counts
    those before `early` apart. `log_odds_dead(params, x, recency, age)` is there where P(alive) takes an integral.
    `survival(future, times)` is P(alive at each time), (n, times), and `endless(future, rate)` the purchases expected for
    ever, discounted at a continuous rate; None where they are not worked out.

    *Dropout.* `still` is the model without dropout, against which dropout is judged and which forecasts where none is
    identified; None in that model itself. `critical` is the likelihood ratio that dropout has to reach. `leaving` is the
    shape parameter at whose limit nobody leaves, and `alike(params, longest_age)` whether dropout has become the same for
    everybody. `at_purchase` says that customers leave right after a purchase, so that their clock may run faster or slower.
    `moves` are the parameters, with a sign, that covariates move for purchases and for leaving; empty where they cannot.

    *Timing.* `events` is above 1 for a regular rhythm, where a purchase takes several events: its `posterior` takes the
    recency as well, because a purchase is the nearer the longer the last one is ago. `by_period` says that purchases and
    times are counted in opportunities, one a calendar period. `timing` says in words what is special about either.
    """

    name: str
    title: str
    parameters: tuple[str, ...]
    timed: tuple[int, ...]
    log_likelihood: Callable[[Floats, History], tuple[float, Floats]]
    search: Callable[[History, Floats], Search]
    alive: Callable[[Params, Floats, Floats, Floats], Floats]
    posterior: Callable[..., Params]
    expected: Callable[[Params, Floats], Floats]
    none: Callable[[Params, Floats], Floats]
    count: Callable[[Params, Floats, Floats], Floats]
    draw_futures: Callable[[Params, DiscountCurve, float, np.random.Generator], FutureDraw]
    newcomer: Callable[[Params], tuple[Floats, Params]] = lambda params: (np.ones_like(params[0]), params)
    curvature: Callable[[Floats, History, Floats], Floats] | None = None
    slopes: Callable[[Floats, History], Floats] | None = None
    log_odds_dead: Callable[[Params, Floats, Floats, Floats], Floats] | None = None
    survival: Callable[[Params, Floats], Floats] | None = None
    endless: Callable[[Params, float], Floats] | None = None
    still: Family | None = None
    critical: float = DROPOUT_CRITICAL_VALUE
    leaving: str = ""
    alike: Callable[[Mapping[str, float], float], bool] | None = None
    at_purchase: bool = False
    moves: tuple[tuple[str, float], ...] = ()
    recency: bool = True
    events: int = 1
    by_period: bool = False
    timing: str = ""

    @property
    def dropout(self) -> bool:
        """Whether customers may leave."""
        return self.still is not None

    @property
    def smooth(self) -> bool:
        """Whether the future depends on (x, T) alone and smoothly on times, so that it can be interpolated."""
        return not self.timing

    def future(self, params: Params, x: Floats, recency: Floats, age: Floats) -> Params:
        """Parameters of the future process of a customer who is alive at that age."""
        return self.posterior(params, x, age) if self.events == 1 else self.posterior(params, x, age, recency)

    def silence(self, params: Params, x: Floats, recency: Floats, age: Floats) -> Floats:
        """P(no purchase in (t_x, T]) of a customer who is alive at T.

        Who leaves only after a purchase stays throughout a silence; else it is that of the model without dropout.
        """
        there = self if self.still is None or self.at_purchase else self.still
        own = params[: len(there.parameters)]
        return there.none(there.future(own, x, recency, recency), age - recency)

    def pace(self, future: Params) -> Floats:
        """Purchases expected in a unit of time for as long as the customer stays."""
        first, second = future[:2]
        return first / (first + second if self.by_period else second * self.events)

    def rows(
        self, frequency: NDArray[Any], recency: NDArray[Any], age: NDArray[Any]
    ) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """First row of each distinct future, and which of them a row has: (x, T), with the recency where it matters."""
        columns = (frequency, age) if self.events == 1 else (frequency, recency, age)
        return distinct_rows(*(np.asarray(column, dtype=np.int64) for column in columns))
