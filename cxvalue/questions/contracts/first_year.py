"""How the value per month of contracts changes in their first year: free trials, reduced first months, early upgrades.

Who is still in a free month or pays half a price does not stay at it. From month to month of the first year, contracts
change as earlier ones did, what those in their second year change (prices) taken off; from then on they stay as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from cxvalue.foundation.calendar import WHOLE_YEAR_DAYS, day_number
from cxvalue.lifetime.contracts.spells import months_later

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from cxvalue.foundation.arrays import Bools, Floats, Ints
    from cxvalue.questions.contracts.contract_base import Contracts, Outlook

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
            age: (customers,) whole months.
            weights: (customers, months): what a unit paid in each month ahead is worth, the chance to be there included.
        """
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
        return np.asarray(np.where(value > 0, value * ratio, begins))

    def worth(
        self, contracts: Contracts, seen: Outlook, on: date, stays: Callable[[Ints], Floats], paid: Floats
    ) -> Floats:
        """The same for the customers of a day: `stays` gives P(there after so many chances) of each."""
        age = np.floor(np.nan_to_num(contracts.ages_less(0, on)[seen.who])).astype(np.int64)
        here = np.stack([stays(seen.chances(month)) for month in range(paid.size - 1)], axis=1)
        return self.settled(contracts.monthly_value(on)[seen.who], age, here * np.diff(paid))


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
    """What is known of it on a day (`as_of` without one); None where values are not known, or hardly ever change in it."""
    day = day_number(on or contracts.as_of)
    if not contracts.valued:
        return None
    start, end = (contracts.relations[name].to_numpy() for name in ("start", "end"))
    days = months_later(start[:, None], np.arange(2 * MONTHS + 1))
    there = (days <= day) & (days < end[:, None])
    value = _values_on(contracts, days)
    both, changed = there[:, 1:] & there[:, :-1], value[:, 1:] != value[:, :-1]
    told = both[:, :MONTHS].any(axis=1)
    if told.sum() < FEWEST or (both & changed)[:, :MONTHS].any(axis=1).sum() < LEAST_CHANGED * told.sum():
        return None
    pays = both & (value[:, :-1] > 0)
    after, before = ((pays * part).sum(axis=0) for part in (value[:, 1:], value[:, :-1]))
    usual = float(after[MONTHS:].sum() / before[MONTHS:].sum()) if pays[:, MONTHS:].sum() >= FEWEST else 1.0
    ratio, pays = _over(after, before, 1.0)[:MONTHS], pays[:, :MONTHS]
    free = both[:, :MONTHS] & ~pays
    begins = free & (value[:, 1 : MONTHS + 1] > 0)
    return FirstYear(
        np.where(pays.sum(axis=0) >= FEWEST, ratio / usual, 1.0),
        _over(begins.sum(axis=0), free.sum(axis=0), 0.0),
        _over((begins * value[:, 1 : MONTHS + 1]).sum(axis=0), begins.sum(axis=0), 0.0),
    )


def _values_on(contracts: Contracts, days: NDArray[np.int64]) -> Floats:
    """The value per month of each relation on days of its own, a column a day."""
    rows = contracts.rows
    relation, start, end, value = (rows[name].to_numpy() for name in ("relation", "start", "end", "value"))
    found = np.zeros(days.shape)
    for month in range(days.shape[1]):
        at = days[relation, month]
        inside: Bools = (start <= at) & (end > at)
        found[:, month] = np.bincount(relation, np.where(inside, value, 0.0), len(days))
    return found


def _over(above: NDArray[np.generic], below: NDArray[np.generic], otherwise: float) -> Floats:
    return np.divide(above, below, out=np.full(np.shape(above), otherwise), where=np.asarray(below) > 0)
