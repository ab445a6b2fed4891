"""Losses of members who may leave: the share that goes and the worth that goes with them, in total and by group.

Knows nothing of customers: probabilities of leaving and what each member is worth go in, so that it serves for customers
with and without contracts and for staff alike. The intervals are for what will really happen: the probabilities are
drawn from their uncertainty, then the fate of every member.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from cxvalue.findings.small_groups import withheld_groups
from cxvalue.foundation.arrays import Floats, Places
from cxvalue.foundation.errors import CxvalueError
from cxvalue.foundation.intervals import Interval, check_level
from cxvalue.foundation.sensible import check_draws, check_seed
from cxvalue.language.catalogue import translate, written

BAND_EDGES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)

_CELLS = 1_000_000
"""Members x draws held at once; bounds the memory."""

InDraws = Callable[[Places], Floats]


class GroupLosses(NamedTuple):
    """The losses of one group: its name, members, what they are worth together, the share that leaves, and the worth
    that leaves with them."""

    name: str
    members: int
    worth: float
    rate: Interval
    at_risk: Interval


@dataclass(frozen=True, slots=True)
class Losses:
    """Expected losses, with intervals at `level` for what will really happen.

    `rate` is the share of the `members` that leaves, `leaving` their number, `at_risk` the part of `worth` (the sum of
    all values) that leaves with them. `groups` has the same for every group.
    """

    members: int
    worth: float
    rate: Interval
    leaving: Interval
    at_risk: Interval
    level: float
    groups: tuple[GroupLosses, ...] = ()

    @property
    def expected(self) -> tuple[int, float, float]:
        """The members, how many of them will leave, and the worth that goes with these."""
        return self.members, self.leaving.value, self.at_risk.value

    def _repr_html_(self) -> str:
        lines = {
            translate("share that leaves"): self.rate,
            translate("members who leave"): self.leaving,
            translate("worth at risk"): self.at_risk,
        }
        rows = "".join(
            f"<tr><td>{name}</td><td>{written(value, ',.4g')}</td>"
            f"<td>{translate('{low:,.4g} to {high:,.4g}', low=low, high=high)}</td></tr>"
            for name, (value, low, high) in lines.items()
        )
        said = translate("{members:,} members worth {worth:,.2f}", members=self.members, worth=self.worth)
        return (
            f"<table><caption>{said}</caption><tr><th></th><th>{translate('expected')}</th>"
            f"<th>{translate('{level:.0%} interval', level=self.level)}</th></tr>{rows}</table>"
        )


def losses(
    probabilities: ArrayLike,
    values: ArrayLike,
    groups: Sequence[str] | NDArray[Any] | None = None,
    *,
    in_draws: InDraws | None = None,
    draws: int = 1000,
    level: float = 0.95,
    seed: int = 1,
) -> Losses:
    """What members who may leave take with them: expected, and the interval for what will really happen.

    Args:
        probabilities: of leaving, one a member.
        values: what each member is worth; negative values are allowed.
        groups: the group of each member, for losses by group.
        in_draws: probabilities of the members at the given positions (rows) in each of `draws` draws of what is not
            known about them (columns); None takes the probabilities as known.
        draws: simulated outcomes.
        level: of every interval.
        seed: equal seeds give equal results.

    Raises:
        CxvalueError: nobody, lengths that differ, or a probability, value or level that makes no sense.

    >>> losses([0.5, 0.25], [100.0, -20.0]).at_risk.value
    45.0
    """
    p, worth = np.asarray(probabilities, dtype=float), np.asarray(values, dtype=float)
    names, group = _check(p, worth, groups)
    level, draws, seed = check_level(level), check_draws(draws), check_seed(seed)
    rng = np.random.default_rng(seed)
    left, risk = np.zeros((names.size, draws)), np.zeros((names.size, draws))
    # Members with equal chances sit together, so that `in_draws` may work a history out once for all who share it.
    order = np.argsort(p, kind="stable")
    for rows in np.array_split(order, max(1, math.ceil(p.size * draws / _CELLS))):
        chance = p[rows, None] if in_draws is None else in_draws(rows)
        lost = (rng.random((rows.size, draws), dtype=np.float32) < chance).astype(float)
        belongs = (group[rows] == np.arange(names.size)[:, None]).astype(float)
        left += belongs @ lost
        risk += (belongs * worth[rows]) @ lost
    size = np.bincount(group, minlength=names.size)
    return Losses(
        members=p.size,
        worth=float(worth.sum()),
        rate=Interval.around(float(p.mean()), left.sum(axis=0) / p.size, level),
        leaving=Interval.around(float(p.sum()), left.sum(axis=0), level),
        at_risk=Interval.around(float(p @ worth), risk.sum(axis=0), level),
        level=level,
        groups=tuple(
            GroupLosses(
                name=str(names[g]),
                members=int(size[g]),
                worth=float(worth[group == g].sum()),
                rate=Interval.around(float(p[group == g].mean()), left[g] / size[g], level),
                at_risk=Interval.around(float((p * worth)[group == g].sum()), risk[g], level),
            )
            for g in (range(names.size) if groups is not None else ())
        ),
    )


def _check(p: Floats, values: Floats, groups: Sequence[str] | NDArray[Any] | None) -> tuple[NDArray[Any], Places]:
    """Names of the groups and the group of each member, once everything has been found to make sense."""
    if p.ndim != 1 or p.size == 0:
        raise CxvalueError("losses needs one probability for each member, and at least one member.")
    if values.shape != p.shape or (groups is not None and len(groups) != p.size):
        raise CxvalueError(
            "losses needs one value and one group for each member: {members} members, {values} values.",
            members=p.size,
            values=values.size,
        )
    if not ((p >= 0) & (p <= 1)).all():
        raise CxvalueError("losses: every probability must lie between 0 and 1.")
    if not np.isfinite(values).all():
        raise CxvalueError("losses: every value must be a finite number.")
    if groups is None:
        return np.array(["all"]), np.zeros(p.size, dtype=np.intp)
    names, group = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
    return names, group.reshape(-1)


def bands(probabilities: ArrayLike, values: ArrayLike, suppress_below: int = 0) -> pd.DataFrame:
    """Members and value by the probability of leaving, in fifths, the surest stayers first.

    Columns: band, members, expected (leavers), value, value_at_risk; a band ends with its upper bound. Bands of fewer than
    `suppress_below` members are left out, with those that would give them away.
    """
    p, worth = np.asarray(probabilities, dtype=float), np.asarray(values, dtype=float)
    place = np.clip(np.searchsorted(BAND_EDGES, p, side="left") - 1, 0, len(BAND_EDGES) - 2)
    edges = list(pairwise(BAND_EDGES))
    number = len(edges)
    names = [f"{low:.0%} to {high:.0%}" for low, high in edges]
    hidden = withheld_groups({"band": np.array(names, dtype=object)[place]}, suppress_below, amounts=worth)
    table = pd.DataFrame(
        {
            "band": names,
            "members": np.bincount(place, minlength=number),
            "expected": np.bincount(place, p, number),
            "value": np.bincount(place, worth, number),
            "value_at_risk": np.bincount(place, p * worth, number),
        }
    )
    return table[[("band", name) not in hidden for name in names]].reset_index(drop=True)
