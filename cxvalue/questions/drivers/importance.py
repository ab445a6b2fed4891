"""How much of a score each driver explains, and by how many points it moves.

Importance is LMG (Lindeman, Merenda and Gold 1980; Grömping 2007): the mean gain in R² over all orders in which drivers can
enter, from the correlations alone. It cannot be below 0, so R² and what pure noise would get stand beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxvalue.foundation.arrays import Floats, Places
from cxvalue.foundation.intervals import Interval
from cxvalue.questions.drivers.answered_together import Occasions
from cxvalue.questions.experience.bags import bag_sums, bags_of, redraw_weights
from cxvalue.questions.experience.dummies import codes_of, slopes_clustered

GROUPED_ABOVE = 10.0
"""Variance inflation above which drivers cannot be told apart and stand as a group."""
DRAWS, DRAWS_OF_MANY, MANY = 1000, 200, 7


@dataclass(frozen=True, slots=True)
class Importance:
    """Share of R² and slope of each driver (or group of drivers that cannot be told apart).

    `influence` holds each occasion's influence on the slopes, and `ids` its customer, for figures made from several slopes.
    """

    main: str
    names: tuple[str, ...]
    members: tuple[tuple[str, ...], ...]
    share: tuple[Interval, ...]
    slope: tuple[Interval, ...]
    mean_points: tuple[float, ...]
    r2: float
    noise: float
    occasions: int
    customers: int
    influence: Floats
    ids: NDArray[Any]
    left_out: tuple[str, ...]


def lmg(correlations: Floats) -> tuple[Floats, Floats]:
    """LMG of each driver and R², from correlations (…, 1 + p, 1 + p) whose first row is the outcome's.

    >>> shares, r2 = lmg(np.array([[1.0, 0.6, 0.0], [0.6, 1.0, 0.0], [0.0, 0.0, 1.0]]))
    >>> shares.round(6).tolist(), round(float(r2), 6)
    ([0.36, 0.0], 0.36)
    """
    stack = correlations.reshape(-1, *correlations.shape[-2:])
    p = stack.shape[1] - 1
    explained: dict[tuple[int, ...], Floats] = {(): np.zeros(len(stack))}
    for size in range(1, p + 1):
        for chosen in combinations(range(p), size):
            columns = [1 + k for k in chosen]
            among = stack[:, columns][:, :, columns]
            with_y = stack[:, columns, 0]
            slopes = np.linalg.solve(among, with_y[:, :, None])[:, :, 0]
            explained[chosen] = (slopes * with_y).sum(axis=1)
    gains = np.zeros((len(stack), p))
    for k in range(p):
        others = [one for one in range(p) if one != k]
        for size in range(p):
            for chosen in combinations(others, size):
                more = tuple(sorted((*chosen, k)))
                gains[:, k] += (explained[more] - explained[chosen]) / (p * comb(p - 1, size))
    total = explained[tuple(range(p))]
    if correlations.ndim == 2:
        return gains[0], total[0]
    return gains, total


def inflation(x: Floats) -> Floats:
    """Variance inflation factor of each column: 1 / (1 − R² of it on the others).

    >>> inflation(np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])).round(6).tolist()
    [1.0, 1.0]
    """
    among = np.corrcoef(x, rowvar=False).reshape(x.shape[1], x.shape[1])
    return np.asarray(np.diag(np.linalg.pinv(among, hermitian=True)))


def _grouped(x: Floats) -> list[list[int]]:
    """Columns that cannot be told apart, merged pair by pair until none is inflated; equal columns at once."""
    groups = [[k] for k in range(x.shape[1])]
    while len(groups) > 1:
        means = np.column_stack([x[:, group].mean(axis=1) for group in groups])
        among = np.corrcoef(means, rowvar=False)
        np.fill_diagonal(among, 0.0)
        singular = np.abs(among).max() > 1 - 1e-9
        if not singular and inflation(means).max() <= GROUPED_ABOVE:
            break
        worst = np.arange(len(groups)) if singular else np.flatnonzero(inflation(means) > GROUPED_ABOVE)
        first, second = divmod(int(np.abs(among[worst]).argmax()), len(groups))
        one, other = sorted((int(worst[first]), second))
        groups[one] = sorted(groups[one] + groups[other])
        del groups[other]
    return groups


def fit_importance(data: Occasions, *, level: float = 0.95, seed: int = 1) -> Importance | None:
    """Shares with percentile intervals, customers drawn again; slopes clustered by customer. None where nobody differs."""
    varies = [k for k in range(data.x.shape[1]) if float(np.ptp(data.x[:, k])) > 0]
    if not varies or float(np.ptp(data.y)) == 0:
        return None
    x, drivers = data.x[:, varies], [data.drivers[k] for k in varies]
    groups = _grouped(x)
    means = np.column_stack([x[:, group].mean(axis=1) for group in groups])
    members = tuple(tuple(drivers[k] for k in group) for group in groups)
    # Groups stand as blocks in LMG, and as the mean of their members in the slopes.
    blocks = groups if all(len(group) == 1 for group in groups) else [[k] for k in range(len(groups))]
    columns = x if blocks is groups else means
    z = (np.column_stack([data.y, columns]) - [data.y.mean(), *columns.mean(axis=0)]) / [
        data.y.std(),
        *columns.std(axis=0),
    ]
    gains, r2 = lmg(np.corrcoef(z, rowvar=False))
    bags = bags_of(data.ids)
    drawn = _redrawn_shares(z, bags, seed)
    found = slopes_clustered(data.y, means)
    customers = codes_of(data.ids)
    errors = np.sqrt(np.diag(found.covariance(customers)))
    shares = tuple(Interval.around(float(g / r2), drawn[:, k], level) for k, g in enumerate(gains))
    slopes = tuple(Interval.of_error(float(b), float(se), level) for b, se in zip(found.beta, errors, strict=True))
    return Importance(
        main=data.main,
        names=tuple(" + ".join(one) for one in members),
        members=members,
        share=shares,
        slope=slopes,
        mean_points=tuple(float(one) for one in means.mean(axis=0)),
        r2=float(r2),
        noise=float((1 - r2) / (len(data.y) - 1)),
        occasions=data.y.size,
        customers=int(customers.max()) + 1,
        influence=found.influence,
        ids=data.ids,
        left_out=data.left_out,
    )


def _redrawn_shares(z: Floats, bags: Places, seed: int) -> Floats:
    """Shares of R² with customers drawn again: correlations from sums of products by bag of customers."""
    p = z.shape[1]
    ones = np.column_stack([np.ones(len(z)), z])
    pairs = [(i, j) for i in range(p + 1) for j in range(i, p + 1)]
    sums = bag_sums(np.column_stack([ones[:, i] * ones[:, j] for i, j in pairs]), bags)
    weights = redraw_weights(DRAWS if p <= MANY else DRAWS_OF_MANY, seed)
    drawn = weights @ sums
    table = np.zeros((len(weights), p + 1, p + 1))
    for k, (i, j) in enumerate(pairs):
        table[:, i, j] = table[:, j, i] = drawn[:, k]
    n = table[:, :1, :1]
    mean = table[:, 1:, 0] / n[:, :, 0]
    covariance = table[:, 1:, 1:] / n - mean[:, :, None] * mean[:, None, :]
    spread = np.sqrt(np.einsum("kii->ki", covariance))
    gains, r2 = lmg(covariance / (spread[:, :, None] * spread[:, None, :]))
    return np.asarray(gains / np.asarray(r2)[:, None])
