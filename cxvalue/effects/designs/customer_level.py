"""What designs with customers as units share: cohorts, event times, and influence functions added up by customer.

Every customer's influence on every event-time effect is kept, so the covariance of the whole vector, and of any mean of it,
is a sum of squares over customers. A customer who serves as a comparison for several cohorts counts once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cxvalue.effects.checks.early import early_cohorts, early_months, early_note
from cxvalue.effects.effect import BASE_GRADES, Alternative, Cohort, Effect
from cxvalue.effects.staying import with_leavers
from cxvalue.foundation.arrays import Floats, Ints
from cxvalue.foundation.intervals import reach_of

if TYPE_CHECKING:
    from cxvalue.tables.panels.by_customer import CustomerPanel

BEFORE_MONTHS = 12


@dataclass(frozen=True, slots=True, eq=False)
class Accumulated:
    """Overall effect, the event-time vector behind it, and the covariance of both (overall first)."""

    overall: float
    event_time: Ints
    event_effect: Floats
    event_weight: Floats
    covariance: Floats


class Accumulator:
    """Adds up effects of cohorts and months, weighted by treated customers, with every customer's influence.

    Comparisons that got the programme later carry its effect: what they took off an effect is owed to it, by their own
    event time. Effects and influences are those after it was paid back, so their error allows for that as well.
    """

    def __init__(self, customers: int, longest: int) -> None:
        self.effect = np.zeros(longest)
        self.weight = np.zeros(longest)
        self.influence = np.zeros((customers, longest), dtype=np.float32)
        self.owed = np.zeros((longest, longest))

    def add(
        self, since: int, effect: float, weight: float, rows: Ints, influence: Floats, owed: Floats | None = None
    ) -> None:
        """Add the effect of one cohort in one month; `influence` is that of the customers in `rows` on the effect.

        `owed` (longest,) is the weight of the comparisons that had the programme, by event time.
        """
        if owed is not None:
            self.owed[since] += weight * owed
        self.effect[since] += weight * effect
        self.weight[since] += weight
        self.influence[rows, since] += (weight * influence).astype(np.float32)

    def result(self, cluster: Ints | None = None) -> Accumulated:
        """Means and their covariance; `cluster` adds customers up who were assigned together."""
        time = np.flatnonzero(self.weight > 0)
        weight = self.weight[time]
        share = weight / weight.sum()
        paid_back = self._paid_back(time, weight)
        effect = paid_back @ (self.effect[time] / weight)
        parts = self.influence[:, time] @ (paid_back / weight).T
        whole = np.column_stack([parts @ share, parts])
        if cluster is not None:
            sums = np.zeros((int(cluster.max()) + 1, whole.shape[1]))
            np.add.at(sums, cluster, whole)
            whole = sums[np.bincount(cluster) > 0] * np.sqrt(len(sums) / max(len(sums) - 1, 1))
        return Accumulated(
            overall=float(share @ effect),
            event_time=time.astype(np.int64),
            event_effect=effect,
            event_weight=weight,
            covariance=whole.T @ whole,
        )

    def _paid_back(self, time: Ints, weight: Floats) -> Floats:
        """What turns effects as compared into effects: e = compared + owed e, so e = (1 − owed)⁻¹ compared."""
        owed = self.owed[time] / weight[:, None]
        # Beyond the longest time that could be measured the mean effect stands for it.
        beyond = owed.sum(axis=1) - owed[:, time].sum(axis=1)
        back = owed[:, time] + np.outer(beyond, weight / weight.sum())
        return np.asarray(np.linalg.inv(np.eye(time.size) - back), dtype=np.float64)


def cohorts_of_customers(panel: CustomerPanel) -> tuple[Cohort, ...]:
    """The cohorts of a panel with their units and customers, in the order of their starts."""
    found = early_cohorts(panel)
    for start in np.unique(panel.start[panel.start >= 0]):
        inside = panel.start == start
        units = int(np.unique(panel.unit_of[inside]).size)
        found.append(Cohort(panel.months.day(int(start)), units, int(inside.sum())))
    return with_leavers(panel, found)


def pre_means(panel: CustomerPanel, rows: Ints, base: int, months: int = BEFORE_MONTHS) -> Floats:
    """Mean outcome of customers over the months base − `months` + 1 … base; nan where none of them counts."""
    window = panel.known_before[rows, max(base - months + 1, 0) : base + 1].astype(float)
    known = ~np.isnan(window)
    number = known.sum(axis=1)
    total = np.where(known, window, 0.0).sum(axis=1)
    return np.where(number > 0, total / np.maximum(number, 1), np.nan)


def naive_change(panel: CustomerPanel) -> tuple[float, float]:
    """Before and after on the treated alone, with a standard error over customers."""
    changes, weights = [], []
    for start, base in cohort_pairs(panel):
        rows = np.flatnonzero((panel.start == start) & (panel.base == base))
        before = pre_means(panel, rows, base)
        after = panel.values[rows, start:].astype(float)
        months = (~np.isnan(after)).sum(axis=1)
        usable = ~np.isnan(before) & (months > 0)
        changes.append(np.nansum(after[usable], axis=1) / months[usable] - before[usable])
        weights.append(months[usable].astype(float))
    change, weight = np.concatenate(changes), np.concatenate(weights)
    if weight.size < 2:
        return float("nan"), float("nan")
    mean = float(np.average(change, weights=weight))
    return mean, float(np.sqrt((weight**2 * (change - mean) ** 2).sum()) / weight.sum())


def cohort_pairs(panel: CustomerPanel) -> list[tuple[int, int]]:
    """Start and base of each cohort with a base."""
    treated = (panel.start >= 0) & (panel.base >= 0)
    pairs = np.unique(np.column_stack([panel.start[treated], panel.base[treated]]), axis=0)
    return [(int(start), int(base)) for start, base in pairs]


def effect_of_customers(
    panel: CustomerPanel,
    result: Accumulated,
    *,
    design: str,
    controls: int,
    level: float,
    explanation: str,
    notes: tuple[str, ...] = (),
    alternatives: tuple[Alternative, ...] = (),
) -> Effect:
    """The effect of a design with customers as units, before its checks are made."""
    se = float(np.sqrt(result.covariance[0, 0]))
    half = reach_of(level) * se
    treated = np.flatnonzero(panel.start >= 0)
    after = np.arange(panel.months.count) >= panel.start[treated][:, None]
    every = int((after & ~np.isnan(panel.values[treated])).sum())
    measured = round(float(result.event_weight.sum()))
    naive, naive_se = naive_change(panel)
    return Effect(
        design=design,
        outcome=panel.outcome,
        unit=panel.unit,
        estimate=result.overall,
        se=se,
        df=np.inf,
        low=result.overall - half,
        high=result.overall + half,
        level=level,
        event_time=result.event_time,
        event_effect=result.event_effect,
        covariance=result.covariance[1:, 1:],
        event_weight=result.event_weight,
        pre_time=np.zeros(0, dtype=np.int64),
        pre_effect=np.zeros(0),
        pre_covariance=np.zeros((0, 0)),
        cohorts=cohorts_of_customers(panel),
        treated_units=int(treated.size),
        control_units=controls,
        treated_customers=int(treated.size),
        control_customers=controls,
        treated_customer_months=measured,
        unidentified_customer_months=every - measured + early_months(panel),
        naive=naive,
        naive_se=naive_se,
        checks=(),
        grade=BASE_GRADES[design],
        last_month=panel.months.day(panel.months.count - 1),
        alternatives=alternatives,
        notes=(*early_note(panel), *notes),
        explanation=explanation,
    )
