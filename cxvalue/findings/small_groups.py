"""Groups of customers in published tables: which are withheld, over all columns of labels and over two runs together.

A group of fewer than k is withheld, and so is one whose money is mostly that of one or two of its members. The number of
all customers is published, and groups of one column can be made of groups of another (branches of a region), so others
go with it until nobody can prove that a withheld one is below k. What the last run showed is known for good: a group
that was withheld then stays so beside a small one, and one that differs from then by fewer than k of the same day's
customers would give those few away.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise, permutations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cxvalue.findings.suppression import dominated
from cxvalue.foundation.arrays import Bools, Floats, Places

Mask = Bools
Labels = Mapping[str, NDArray[np.object_]]


@dataclass(frozen=True, slots=True)
class ShownBefore:
    """What the last published run showed: customers by column and group, and whether its data ended on the same day."""

    counts: Mapping[str, Mapping[str, float]]
    same_day: bool

    def of(self, column: str) -> Mapping[str, float] | None:
        """Customers by group of a column; None where the last run did not publish it."""
        return self.counts.get(column)


NO_GROUPS = ShownBefore({}, False)


@dataclass(frozen=True, slots=True)
class System:
    """Cells with their counts, and what ties them: rows of `equal` have a known sum, rows of `below` are not above 0."""

    counts: Floats
    equal: Floats
    below: Floats

    def most(self, cell: int, hidden: Mask) -> float:
        """The most that a withheld cell can be, as far as anybody can prove from the cells that are shown."""
        from scipy.optimize import linprog

        own = np.flatnonzero(hidden)
        shown = np.where(hidden, 0.0, self.counts)
        found = linprog(
            -(own == cell).astype(float),
            A_eq=self.equal[:, own],
            b_eq=self.equal[:, own] @ self.counts[own],
            A_ub=self.below[:, own] if len(self.below) else None,
            b_ub=-(self.below @ shown) if len(self.below) else None,
            bounds=(0, None),
            method="highs",
        )
        return np.inf if found.fun is None else -float(found.fun)


def groups_of(labels: Labels) -> list[tuple[str, str]]:
    """Column and group of every cell, in the order in which `withheld_groups` counts them."""
    return [(name, str(group)) for name, of in labels.items() for group in sorted({str(one) for one in of})]


def withheld_groups(
    labels: Labels,
    least: int,
    *,
    amounts: ArrayLike | None = None,
    also: Iterable[tuple[str, str]] = (),
    elsewhere: Collection[tuple[str, str]] = (),
    before: ShownBefore = NO_GROUPS,
    times: ArrayLike | None = None,
) -> frozenset[tuple[str, str]]:
    """The groups that must not be shown, as (column, group).

    Args:
        labels: by column, the group of each member; the same members in all of them, their number being known.
        least: groups of fewer members are withheld.
        amounts: of money, one a member, where a group's total is shown.
        also: groups that must be withheld for another reason.
        elsewhere: groups that other tables withhold; they go with these first, so that all tables withhold the same.
        before: what the last run showed.
        times: how many members each entry of the labels stands for; 1 by default.

    >>> branch = np.array(["a"] * 6 + ["b"] * 50 + ["c"] * 40, dtype=object)
    >>> region = np.array(["north"] * 56 + ["south"] * 40, dtype=object)
    >>> sorted(withheld_groups({"branch": branch}, 10))
    [('branch', 'a'), ('branch', 'c')]
    >>> sorted(withheld_groups({"branch": branch, "region": region}, 10))  # the north less b would be a
    [('branch', 'a'), ('branch', 'b')]
    """
    cells = groups_of(labels)
    codes = {name: np.unique(of.astype(str), return_inverse=True)[1].reshape(-1) for name, of in labels.items()}
    size = None if times is None else np.asarray(times, dtype=float)
    counts = np.concatenate([np.zeros(0), *(np.bincount(code, size) for code in codes.values())])
    told = set(also)
    hidden = (counts > 0) & (counts < least)
    hidden |= np.array([cell in told for cell in cells], dtype=bool)
    if amounts is not None and least > 0:
        money = np.asarray(amounts, dtype=float)
        heavy = [dominated(money[code == k]) for code in codes.values() for k in range(code.max(initial=-1) + 1)]
        hidden |= np.array(heavy, dtype=bool)
    then = [before.of(name) for name, _ in cells]
    earlier = np.array(
        [np.nan if of is None else of.get(group, np.nan) for of, (_, group) in zip(then, cells, strict=True)]
    )
    if before.same_day:
        apart = np.abs(counts - earlier)
        hidden |= (apart > 0) & (apart < least)
    if not least or not (hidden.any() or any(cell in elsewhere for cell in cells)):
        return frozenset(cell for cell, taken in zip(cells, hidden & (least > 0), strict=True) if taken)
    kept_back = np.array([of is not None and group not in of for of, (_, group) in zip(then, cells, strict=True)])
    own, column = hidden.copy(), np.array([name for name, _ in cells])
    hidden |= kept_back & np.isin(column, column[hidden])
    taken_elsewhere = np.array([cell in elsewhere for cell in cells])
    hidden |= taken_elsewhere
    # Whoever sees that nothing has changed since takes what was shown then for what is withheld now.
    told_then = np.isfinite(earlier)
    known = before.same_day & told_then & (counts[told_then] == earlier[told_then]).all()
    hidden = protect(
        _tied(counts, codes, size), hidden, least, guarded=own, known=known & ~hidden, first=kept_back | taken_elsewhere
    )
    return frozenset(cell for cell, taken in zip(cells, hidden, strict=True) if taken)


def withheld_list(
    names: Iterable[str],
    counts: ArrayLike,
    least: int,
    *,
    also: ArrayLike | None = None,
    elsewhere: Collection[str] = (),
    before: Mapping[str, float] | None = None,
) -> Mask:
    """Which groups of a list must not be shown where the sum of their counts is known: `withheld_groups` of one column.

    >>> withheld_list(["a", "b", "c"], [6, 50, 40], 10).tolist()
    [True, False, True]
    """
    values = np.asarray(counts, dtype=float)
    hidden = (values > 0) & (values < least)
    if also is not None:
        hidden |= np.asarray(also, dtype=bool)
    names = list(names)
    taken_elsewhere = np.array([name in elsewhere for name in names], dtype=bool) & (least > 0)
    if not (hidden | taken_elsewhere).any():
        return np.asarray(hidden)
    kept_back = taken_elsewhere | np.array([before is not None and name not in before for name in names], dtype=bool)
    system = System(values, np.ones((1, values.size)), np.zeros((0, values.size)))
    return protect(system, hidden | kept_back, least, guarded=hidden, first=kept_back)


def protect(
    system: System,
    hidden: Mask,
    least: int,
    *,
    guarded: Mask | None = None,
    known: Mask | None = None,
    first: Mask | None = None,
) -> Mask:
    """The withheld cells, and as many others as it takes that none of the `guarded` ones is given away (default: all).

    A small one must not be proven to be below `least`; of any other nobody may know how many it has to within `least`.

    The smallest that covers it alone is added, those in `first` before others; where none does, one after another, and
    those that turn out not to be needed are shown again. A `known` one, which anybody can look up elsewhere, hides nothing.
    """
    n = system.counts.size
    known = np.zeros(n, dtype=bool) if known is None else known.copy()
    first = np.zeros(n, dtype=bool) if first is None else first
    ties = np.vstack([system.equal, system.below]) != 0
    watched = np.flatnonzero(hidden if guarded is None else guarded)
    enough = np.where(system.counts < least, least, system.counts + least) - 1e-9

    def safe(cell: int, taken: Mask) -> bool:
        return system.most(cell, taken & ~known) >= enough[cell]

    hidden = hidden.copy()
    for cell in map(int, watched):
        added: list[int] = []
        while not safe(cell, hidden):
            reach = _reach(ties, cell, hidden)
            free = np.flatnonzero(reach & ~hidden & ~known & (system.counts > 0))
            if not free.size and known.any():  # better what is known than nothing
                known[:] = False
                continue
            if not free.size:  # of what it is tied to, no group is shown
                break
            order = sorted(map(int, free), key=lambda k: (not first[k], system.counts[k], k))
            alone = next((k for k in order if safe(cell, hidden | (np.arange(n) == k))), order[0])
            added.append(alone)
            hidden[alone] = True
        for other in added[:-1]:
            hidden[other] = False
            hidden[other] = not all(
                safe(one, hidden) for one in map(int, watched[: np.searchsorted(watched, cell) + 1])
            )
    return hidden


def _reach(ties: Mask, cell: int, hidden: Mask) -> Mask:
    """Cells that stand in a row with the cell, or with withheld ones that do."""
    seen = np.zeros(hidden.size, dtype=bool)
    seen[cell] = True
    while True:
        rows = ties[:, seen & (hidden | (np.arange(hidden.size) == cell))].any(axis=1)
        more = seen | ties[rows].any(axis=0)
        if (more == seen).all():
            return seen
        seen = more


def _tied(counts: Floats, codes: Mapping[str, Places], size: Floats | None) -> System:
    """Groups of a column add up to everybody; a group made of whole groups of another column is their sum."""
    sizes = [int(code.max(initial=-1)) + 1 for code in codes.values()]
    starts = np.concatenate([[0], np.cumsum(sizes)]).astype(int)
    equal: list[Floats] = []
    below: list[Floats] = []
    for low, high in pairwise(starts):
        equal.append(((np.arange(counts.size) >= low) & (np.arange(counts.size) < high)).astype(float))
    for (one, coarse), (other, fine) in permutations(enumerate(codes.values()), 2):
        both = np.bincount(coarse * sizes[other] + fine, size, minlength=sizes[one] * sizes[other])
        joint = both.reshape(sizes[one], sizes[other])
        inside = joint == counts[starts[other] : starts[other + 1]]
        for k in range(sizes[one]):
            parts = np.flatnonzero(joint[k] > 0)
            if inside[k, parts].all():
                row = np.zeros(counts.size)
                row[starts[other] + parts] = 1.0
                row[starts[one] + k] -= 1.0
                equal.append(row)
                continue
            for part in parts[inside[k, parts]]:
                row = np.zeros(counts.size)
                row[[starts[other] + part, starts[one] + k]] = 1.0, -1.0
                below.append(row)
    return System(counts, np.array(equal), np.array(below).reshape(len(below), counts.size))
