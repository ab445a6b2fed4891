"""What the sBG does not know, told by the data: a chance with a rate of its own, newer customers, a lasting change.

The shifted-beta-geometric model says that the share who leave falls with age and with nothing else. A free month after which
most people leave, customers who are won on worse terms each year, and a rise of prices break that. Each is a *mark*: a
factor on everybody's rate of leaving at one chance, of those who began late, or since a month (proportional hazards on the
sBG: Schweidel, Fader and Bradlow, "Understanding service retention within and across cohorts using limited information",
Journal of Marketing 72, 2008). Marks are taken one after the other, the clearest first, and only where chance explains them
in fewer than one of 15,000 cases (C(alpha) score test of Neyman, with the months of the year held fixed where two years were
seen): so a history without them is described by the sBG as it was.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from cxvalue.foundation.arrays import Floats, Ints
from cxvalue.lifetime.contracts.hazard import derivatives, log_likelihood
from cxvalue.lifetime.contracts.sbg import BEGAN, CHANCE, SINCE, Mark, RenewalModel, fit_renewal_status
from cxvalue.lifetime.contracts.spells import Spells, age_in_periods
from cxvalue.lifetime.models.optimise import invert, maximise

CLEAR = 16.0
"""Of a score test with one degree of freedom: p = 0.00006, as some hundred marks are tried."""

LEAST = 0.1
"""Logarithm of the smallest factor worth a mark."""

MOST, TRIED = 6, 3
LATEST = 36
"""Chances from here on have no rate of their own."""

FEWEST_ENDS, FEWEST_PERIODS = 10.0, 30.0
BEGAN_STEPS = (12, 18, 24, 36)
SINCE_STEPS = range(3, 25)
_BOUNDS = (-10.0, 14.0)


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Contract-periods added up: months from the beginning to the last day (`ago`), renewals before (`age`), and counts.

    `step` is the number of months of a period.
    """

    ago: Ints
    age: Ints
    at_risk: Floats
    ended: Floats
    step: int

    @property
    def back(self) -> Ints:
        """How many months before the last day the chance to leave came, 0 where the period is not over."""
        return np.asarray(np.maximum(self.ago - self.step * (self.age + 1), 0))

    def column(self, mark: Mark) -> Floats:
        """What a mark says of each cell: 1 or 0, or years."""
        if mark.kind == CHANCE:
            return np.asarray(self.age == mark.months, dtype=np.float64)
        months = self.ago if mark.kind == BEGAN else self.back
        return np.asarray(-months / 12 if not mark.months else months < mark.months, dtype=np.float64)


def cells_of(start: ArrayLike, found: Spells, until: int, step: int) -> Cells:
    """The periods of contracts that began on days `start` and were counted up to the day `until`.

    >>> from cxvalue.lifetime.contracts.spells import OPEN, spells
    >>> found = spells([0, 0], [45, OPEN], until=89, observed_from=0)  # 1 January to 15 February; until 31 March 1970
    >>> cells = cells_of([0, 0], found, 89, 1)
    >>> cells.age.tolist(), cells.at_risk.round(2).tolist(), cells.ended.tolist()
    ([0, 1, 2], [2.0, 2.0, 1.0], [0.0, 1.0, 0.0])
    """
    first = np.asarray(start, dtype=np.int64)[found.kept]
    ago = np.floor(age_in_periods(first, until + 1)).astype(np.int64)
    part = np.where(found.ended, 1.0, found.part)[found.kept]
    rows = np.stack([ago, found.entry[found.kept], found.renewed[found.kept], found.ended[found.kept].astype(np.int64)])
    states, which = np.unique(rows, axis=1, return_inverse=True)
    count, last = np.bincount(which.ravel()), np.bincount(which.ravel(), part)
    width, size = int(states[2].max(initial=0)) + 2, int(states[0].max(initial=0)) + 1
    at_risk, ended = np.zeros((size, width + 1)), np.zeros((size, width + 1))
    np.add.at(at_risk, (states[0], states[1]), count)
    np.add.at(at_risk, (states[0], states[2]), last - count)
    np.add.at(at_risk, (states[0], states[2] + 1), -last)
    np.add.at(ended, (states[0], states[2]), count * states[3])
    at_risk = np.cumsum(at_risk, axis=1)
    place = np.nonzero(at_risk > 1e-9)
    return Cells(place[0], place[1], at_risk[place], ended[place], step)


def marked(model: RenewalModel, cells: Cells) -> RenewalModel:
    """The model with the marks that the contracts show; itself where they show none, or where it could not be fitted.

    Args:
        model: the sBG, fitted to the same contracts.
        cells: their periods.
    """
    if model.status == "not_converged":
        return model
    tried = _candidates(cells)
    while tried and len(model.marks) < MOST:
        fits = [_fitted(model, cells, mark) for mark in _clearest(model, cells, tried)]
        better = [one for one in fits if one is not None and abs(np.log(list(one.params.values())[-1])) >= LEAST]
        if not better:
            break
        model = max(better, key=lambda one: one.log_likelihood)
    return model


def _candidates(cells: Cells) -> list[Mark]:
    """Marks of which the cells can say something: enough periods and ends with and without each.

    By the month anniversaries have none: those to come would lack it, and the model with drivers knows renewal months.
    """
    ages = [age for age in np.unique(cells.age).tolist() if age < LATEST]
    every = [Mark(CHANCE, age) for age in ages if cells.step > 1 or (age + 1) % 12]
    every += [
        Mark(kind, months) for kind, steps in ((BEGAN, BEGAN_STEPS), (SINCE, SINCE_STEPS)) for months in (0, *steps)
    ]

    def enough(mark: Mark) -> bool:
        column = cells.column(mark)
        if not mark.months and mark.kind != CHANCE:
            return bool(np.ptp(column) >= 2.0)
        inside, n, d = column > 0, cells.at_risk, cells.ended
        least = min(n[inside].sum(), n[~inside].sum())
        return bool(least >= FEWEST_PERIODS and d[~inside].sum() >= FEWEST_ENDS)

    return [mark for mark in every if enough(mark)]


def _clearest(model: RenewalModel, cells: Cells, tried: list[Mark]) -> list[Mark]:
    """The few marks that the fit misses most: which is right shows when all is fitted anew.

    None of those that chance explains, and none of which too few ends tell. A rush after the first period is always among
    them: the sBG takes it for many who leave at once beside a few who never do, and misses other chances instead.
    """
    score, slopes = _linear(model, cells)
    first, weight = derivatives(score, cells.at_risk, cells.ended)
    month = (cells.back % 12)[:, None] == np.arange(11)
    nuisance = [slopes, month.astype(np.float64)] if np.ptp(cells.back) >= 24 else [slopes]
    known = np.column_stack(nuisance)
    columns = np.column_stack([cells.column(mark) for mark in tried])
    inner = np.linalg.pinv((known * weight[:, None]).T @ known)
    free = columns - known @ (inner @ ((known * weight[:, None]).T @ columns))
    variance = (free**2 * weight[:, None]).sum(axis=0)
    # What the marks found already and the sBG say all of leaves nothing to test.
    told = variance > 1e-3 * np.maximum((columns**2 * weight[:, None]).sum(axis=0), 1e-9)
    statistic = np.where(told, (free.T @ first) ** 2 / np.maximum(variance, 1e-12), 0.0)
    expected = cells.at_risk * -np.expm1(-np.exp(score))
    inside = columns != 0
    many = np.maximum(expected @ inside, cells.ended @ inside) >= FEWEST_ENDS
    clear = np.where(many, statistic, 0.0)
    order = np.argsort(-clear)
    found = [tried[place] for place in order[:TRIED] if clear[place] > CLEAR]
    rush = Mark(CHANCE, 0)
    return [*found, rush] if rush in tried and rush not in (*found, *model.marks) else found


def _linear(model: RenewalModel, cells: Cells) -> tuple[Floats, Floats]:
    """The complementary log-log of leaving in each cell, and its slopes by the logarithms of the parameters."""
    a, b, *ratios = model.params.values()
    stay = np.log1p(a / (b + cells.age))
    columns = [cells.column(mark) for mark in model.marks]
    score = np.log(stay) + sum((np.log(r) * x for r, x in zip(ratios, columns, strict=True)), np.zeros(stay.size))
    by_a = a / (a + b + cells.age) / stay
    by_b = b * (1 / (a + b + cells.age) - 1 / (b + cells.age)) / stay
    return score, np.column_stack([by_a, by_b, *columns])


def _fitted(model: RenewalModel, cells: Cells, mark: Mark) -> RenewalModel | None:
    """The model with one more mark, all parameters fitted anew; None where the search finds nothing better."""
    names, marks = (*model.params, mark.name), (*model.marks, mark)
    trial, outside = replace(model, marks=marks), cells.column(mark) <= 0

    def objective(theta: Floats) -> tuple[float, Floats]:
        at = replace(trial, params=dict(zip(names, np.exp(theta).tolist(), strict=True)))
        score, slopes = _linear(at, cells)
        first, _ = derivatives(score, cells.at_risk, cells.ended)
        return log_likelihood(score, cells.at_risk, cells.ended), slopes.T @ first

    here = np.append(np.log(list(model.params.values())), 0.0)
    # Where a mark is missing the sBG takes it for a few who hardly ever leave: a hill of its own.
    rate = float((cells.ended * outside).sum() / (cells.at_risk * outside).sum())
    near = [np.append(np.log([rate * total, (1 - rate) * total]), here[2:]) for total in (20.0, 2.0)]
    found = maximise(objective, objective, [here, *near], [_BOUNDS] * here.size, float(model.customers))
    if not (np.isfinite(found.theta).all() and 2 * (found.value - model.log_likelihood) > CLEAR):
        return None
    covariance, values = invert(found.information), np.exp(found.theta)
    status, reason = fit_renewal_status(found)
    return replace(
        trial,
        params=dict(zip(names, values.tolist(), strict=True)),
        se=dict(zip(names, (values * np.sqrt(np.diag(covariance))).tolist(), strict=True)),
        covariance=covariance,
        log_likelihood=found.value,
        status=status,
        reason=reason,
    )
