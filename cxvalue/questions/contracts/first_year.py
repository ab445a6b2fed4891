"""How the value per month of contracts changes in their first year: free trials, reduced first months, early upgrades.

Who is still in a free month or pays half a price does not stay at it. From month to month of the first year, contracts
change as earlier ones did, what those change that are a year older (prices) taken off; from then on they stay as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from cxvalue.foundation.calendar import WHOLE_YEAR_DAYS, day_number
from cxvalue.lifetime.contracts.spells import months_later
from cxvalue.questions.contracts.contract_base import Contracts, Outlook

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from cxvalue.foundation.arrays import Bools, Floats, Ints

MONTHS = 12
FEWEST = 30
CHANGED_BEYOND = 3.0
LEAST_CHANGED = 0.1
"""Share of contracts whose value changed in the first year, from which on this is taken for a rule of the company."""


@dataclass(frozen=True, slots=True, eq=False)
class FirstYear:
    """From each of the first 12 months of age to the next: what becomes of the value per month of who stays.

    `ratio` is that of the value of those who pay, `starting` the share of those who pay nothing yet that begin to, and
    `starts_at` the mean value at which they do.
    """

    ratio: Floats
    starting: Floats
    starts_at: Floats

    def settled(self, value: Floats, age: Ints, weights: Floats) -> Floats:
        """The value per month that brings as much as the expected one over the months ahead.

        Args:
            value: (customers,) per month, today.
            age: (customers,) whole months; (1,) where all are alike.
            weights: (customers, months), or (1, months): what a unit paid in each month ahead is worth, the chance to be
                there included.
        """
        ratio, begins = self._ahead(age, weights)
        return np.asarray(np.where(value > 0, value * ratio, begins))

    def _ahead(self, age: Ints, weights: Floats) -> tuple[Floats, Floats]:
        """What is paid ahead on average for each unit of today, and by who pays nothing today."""
        months = weights.shape[1]
        place = np.minimum(age[:, None] + np.arange(months), MONTHS)
        # Of who pays a unit, of who pays nothing: what is paid at each age when this was the age of today.
        pays, free = np.ones((MONTHS + 1, MONTHS + 1)), np.zeros((MONTHS + 1, MONTHS + 1))
        for begun in range(MONTHS):
            nothing = 1.0
            for at in range(begun, MONTHS):
                pays[begun, at + 1] = pays[begun, at] * self.ratio[at]
                free[begun, at + 1] = (
                    free[begun, at] * self.ratio[at] + nothing * self.starting[at] * self.starts_at[at]
                )
                nothing *= 1 - self.starting[at]
        row = np.minimum(age, MONTHS)[:, None]
        total = np.maximum(weights.sum(axis=1), 1e-300)
        ratio, begins = ((weights * table[row, place]).sum(axis=1) / total for table in (pays, free))
        return ratio, begins

    def worth(
        self, contracts: Contracts, seen: Outlook, on: date, stays: Callable[[Ints, Ints], Floats], paid: Floats
    ) -> Floats:
        """The same for the customers of a day: `stays` gives P(there after so many chances) of who renewed so often.

        Customers of the same age, renewals and month of the next chance are alike: time and memory go with their groups.
        """
        age = np.floor(np.nan_to_num(contracts.ages_less(0, on)[seen.who])).astype(np.int64)
        state = np.stack([seen.renewed, np.ceil(seen.wait - 1e-9 * seen.step).astype(np.int64), age])
        key = np.ravel_multi_index(tuple(state), tuple(state.max(axis=1, initial=0) + 1))
        _, one, which = np.unique(key, return_index=True, return_inverse=True)
        alike = Outlook(seen.who[one], seen.renewed[one], seen.wait[one], seen.step)
        here = np.stack([stays(alike.chances(month), alike.renewed) for month in range(paid.size - 1)], axis=1)
        ratio, begins = self._ahead(age[one], here * np.diff(paid))
        value = contracts.monthly_value(on)[seen.who]
        return np.asarray(np.where(value > 0, value * ratio[which], begins[which]))


def first_values(contracts: Contracts) -> tuple[Floats, bool]:
    """The value per month at which relations began, and whether these are those of the last year only.

    They are where that year has 30 and their mean differs from that of earlier ones by more than three standard errors:
    prices or plans have changed, and what was paid years ago is no forecast.
    """
    rows = contracts.rows.merge(contracts.relations[["customer", "start"]], on=["customer", "start"])
    found = rows.groupby(["customer", "start"])["value"].sum()
    values = found.to_numpy(dtype=np.float64)
    late = found.index.get_level_values("start").to_numpy() > day_number(contracts.as_of) - WHOLE_YEAR_DAYS
    if min(late.sum(), (~late).sum()) < FEWEST:
        return values, False
    apart = float(values[late].mean() - values[~late].mean())
    error = float(np.sqrt(sum(values[some].var(ddof=1) / some.sum() for some in (late, ~late))))
    changed = abs(apart) > CHANGED_BEYOND * error
    return (values[late] if changed else values), changed


def first_year(contracts: Contracts, on: date | None = None) -> FirstYear | None:
    """What is known of it on a day (`as_of` without one); None where values are not known, or hardly ever change in it.

    Off the change of each month goes that of the same month of the second year, as far as it goes the same way: a price
    that rises at every anniversary is no matter of the first year.
    """
    if not contracts.valued:
        return None
    both, payers, before, after, changing, free, begin, begun = np.zeros((8, 2 * MONTHS))
    told, early, late = (np.zeros(len(contracts.relations), dtype=bool) for _ in range(3))
    for month, ((was, old), (is_, new)) in enumerate(pairwise(_marks(contracts, day_number(on or contracts.as_of)))):
        here = was & is_
        changed, pays, begins = here & (old != new), here & (old > 0), here & (old <= 0) & (new > 0)
        both[month], payers[month], changing[month] = here.sum(), pays.sum(), changed.sum()
        before[month], after[month] = old[pays].sum(), new[pays].sum()
        free[month], begin[month], begun[month] = both[month] - payers[month], begins.sum(), new[begins].sum()
        if month < MONTHS:
            told |= here
            early |= changed & (month < MONTHS - 1)
            late |= changed & (month == MONTHS - 1)
    often = _over(changing, both, 0.0)
    every_year = both[-1] >= FEWEST and often[-1] >= often[MONTHS - 1] / 2
    if told.sum() < FEWEST or (early if every_year else early | late).sum() < LEAST_CHANGED * told.sum():
        return None
    ratio, usual = _over(after, before, 1.0), 1.0
    if payers[MONTHS:].sum() >= FEWEST:
        usual = float(after[MONTHS:].sum() / before[MONTHS:].sum())
    first, second = ratio[:MONTHS], np.where(payers[MONTHS:] >= FEWEST, ratio[MONTHS:], usual)
    own = np.clip(_over(first, second, 1.0), np.minimum(first, 1.0), np.maximum(first, 1.0))
    return FirstYear(
        np.where(payers[:MONTHS] >= FEWEST, own, 1.0),
        _over(begin, free, 0.0)[:MONTHS],
        _over(begun, begin, 0.0)[:MONTHS],
    )


def _marks(contracts: Contracts, day: int) -> Iterator[tuple[Bools, Floats]]:
    """Each month of age up to two years: whether each relation was seen under a contract at it by a day, and its value."""
    rows, begun = contracts.rows, contracts.relations["start"].to_numpy()
    relation, start, end, value = (rows[name].to_numpy() for name in ("relation", "start", "end", "value"))
    for month in range(2 * MONTHS + 1):
        at: NDArray[np.int64] = months_later(begun, month)
        inside = (start <= at[relation]) & (end > at[relation])
        who = relation[inside]
        found: Floats = np.bincount(who, value[inside], at.size).astype(np.float64, copy=False)
        yield (at <= day) & (np.bincount(who, minlength=at.size) > 0), found


def _over(above: NDArray[np.generic], below: NDArray[np.generic], otherwise: float) -> Floats:
    return np.divide(above, below, out=np.full(np.shape(above), otherwise), where=np.asarray(below) > 0)
