"""Group-time effects where some units miss some months: every month is compared with every month of the base on its own.

A mean over the units that happen to be there moves when a unit comes or goes. So a month t and a month w before the start
are compared over the units, treated and not, that are there in both, and the effect in t is the mean of these comparisons
over w. Where nothing is missing that is the long difference of `group_time`, to the last digit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from cxvalue.foundation.arrays import Bools, Floats, Ints

if TYPE_CHECKING:
    from cxvalue.tables.panels.by_unit import UnitPanel

NO_CUSTOMERS = 1e-6
"""Customers below which there are none: what is left of them after a unit was taken out of a sum."""


class _Frame(Protocol):
    """Cohorts of a panel and until when a cell is a comparison."""

    @property
    def cohorts(self) -> Ints: ...
    @property
    def bases(self) -> Ints: ...
    @property
    def cohort_of(self) -> Ints: ...
    @property
    def free_until(self) -> Ints: ...
    @property
    def waiting(self) -> bool: ...


@dataclass(frozen=True, slots=True, eq=False)
class PairSums:
    """Customers who are there in month t and in month w, and their outcome in t: the last two axes.

    `treated` are by cohort; `free` by the month through which the units are untreated.
    """

    treated_n: Floats
    treated_y: Floats
    free_n: Floats
    free_y: Floats

    def less(self, other: PairSums) -> PairSums:
        """The same without some units."""
        return PairSums(*(getattr(self, name) - getattr(other, name) for name in PairSums.__slots__))


def pair_sums(panel: UnitPanel, frame: _Frame, kept: Bools) -> PairSums:
    """Add up the units of a panel by cohort, and by the month through which they are untreated."""
    people, total = panel.customers.sum(axis=1), panel.total.sum(axis=1)
    there = (people > 0).astype(float)
    heads = people.max(axis=1, keepdims=True) * there
    outcome = heads * np.divide(total, people, out=np.zeros(total.shape), where=people > 0)
    months = panel.months.count
    treated = [np.zeros((frame.cohorts.size, months, months)) for _ in range(2)]
    free = [np.zeros((months, months, months)) for _ in range(2)]
    for sums, group in ((treated, frame.cohort_of), (free, frame.free_until)):
        for number in np.unique(group[kept & (group >= 0)]):
            rows = kept & (group == number)
            for part, values in zip(sums, (heads, outcome), strict=True):
                part[number] = values[rows].T @ there[rows]
    # From those who are free until exactly k to all who are free through k.
    whole = [np.cumsum(part[::-1], axis=0)[::-1] for part in free]
    return PairSums(treated[0], treated[1], whole[0], whole[1])


def effects_of_pairs(
    frame: _Frame, sums: PairSums, base_months: int, months: int
) -> tuple[Floats, Floats, Floats, float]:
    """Effects, weights (customers) and changes of the treated alone by cohort and month, and customers without an effect."""
    number = np.arange(months)
    shape = (frame.cohorts.size, months)
    effects, naive, weights = np.full(shape, np.nan), np.full(shape, np.nan), np.zeros(shape)
    unidentified = 0.0
    for cohort, (start, base) in enumerate(zip(frame.cohorts, frame.bases, strict=True)):
        window = np.arange(max(base - base_months + 1, 0), base + 1)
        through = np.maximum(number, base)
        n_t, n_c = sums.treated_n[cohort][:, window], sums.free_n[through, number][:, window].copy()
        y_t = sums.treated_y[cohort][:, window] - sums.treated_y[cohort].T[:, window]
        y_c = sums.free_y[through, number][:, window] - sums.free_y[through[:, None], window[None, :], number[:, None]]
        if (
            frame.waiting
        ):  # before its start a cohort is itself still without the programme, and no comparison for itself
            n_c[: base + 1] -= n_t[: base + 1]
            y_c[: base + 1] -= y_t[: base + 1]
        own, both = n_t > NO_CUSTOMERS, (n_t > NO_CUSTOMERS) & (n_c > NO_CUSTOMERS)
        change_t = np.divide(y_t, n_t, out=np.zeros(y_t.shape), where=own)
        change_c = np.divide(y_c, n_c, out=np.zeros(y_c.shape), where=both)
        with np.errstate(invalid="ignore", divide="ignore"):
            effect = np.where(both, change_t - change_c, 0.0).sum(axis=1) / both.sum(axis=1)
            weight = np.where(both, n_t, 0.0).sum(axis=1) / both.sum(axis=1)
            naive[cohort] = change_t.sum(axis=1) / own.sum(axis=1)
        known = both.any(axis=1) & ((number >= start) | (number <= base))
        effects[cohort, known] = effect[known]
        weights[cohort] = np.where(known, weight, 0.0)
        after = number >= start
        unidentified += float((np.diag(sums.treated_n[cohort]) - weights[cohort])[after].clip(0.0).sum())
    return effects, weights, naive, unidentified
