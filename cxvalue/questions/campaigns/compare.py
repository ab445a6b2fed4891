"""Contacted against held out, customer by customer or, where whole units were assigned together, unit by unit."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from cxvalue.effects.estimators.abtest import (
    Adjustment,
    Estimate,
    difference_in_shares,
    ratio_change,
)
from cxvalue.effects.estimators.clustered import (
    adjusted_clustered_difference,
    clustered_difference,
    clustered_ratio_change,
)
from cxvalue.foundation.arrays import Bools, Floats

if TYPE_CHECKING:
    from cxvalue.questions.campaigns.campaign import CampaignData


MOST_DAYS_APART, NO_LOT = 7.0, 1e-4
"""Days, and a probability, from which on two groups do not stand on the same days: a lot does not make it, a season may."""


def days_apart(data: CampaignData, own: Bools, others: Bools) -> float:
    """How many days lie between the days of two groups (Wasserstein distance); 0 where a lot may make it, or it is short.

    Those who stand for a holdout that there is not have days drawn for them: 0 as well.

    A customer's window begins on the day of the contact, so that groups of other days lived through other seasons. Where
    whole units were assigned, a unit is one draw.

    Source: Kolmogorov-Smirnov test for two samples, whose p-value is too large where days are tied, never too small.
    """
    days = [data.contacted_on[side] for side in (own, others)]
    if not data.held_out:
        return 0.0
    apart = float(stats.wasserstein_distance(*days))
    if apart <= MOST_DAYS_APART:
        return 0.0
    if data.unit is not None:
        firsts = (np.unique(data.unit[side], return_index=True)[1] for side in (own, others))
        days = [rows[first] for rows, first in zip(days, firsts, strict=True)]
    return apart if stats.ks_2samp(*days, method="asymp").pvalue < NO_LOT else 0.0


class Comparison:
    """Two groups of a campaign's customers, made ready once for several outcomes; values are given for all customers."""

    def __init__(
        self, data: CampaignData, own: Bools, others: Bools, level: float, before: Floats | None = None
    ) -> None:
        """Take who was contacted and who was held out, of those to be compared."""
        self.own, self.others, self.level = own, others, level
        before = data.before if before is None else before
        self._before = before[own], before[others]
        self._unit = None if data.unit is None else (data.unit[own], data.unit[others])

    @cached_property
    def _adjustment(self) -> Adjustment:
        return Adjustment(*self._before)

    def mean(self, values: Floats) -> Estimate:
        """Difference in means, adjusted by what customers did before."""
        if self._unit is None:
            return self._adjustment.difference(values[self.own], values[self.others], self.level)
        return adjusted_clustered_difference(
            values[self.own], values[self.others], *self._before, *self._unit, self.level
        )

    @cached_property
    def _as_they_are(self) -> Adjustment:
        return Adjustment(*(np.empty((len(rows), 0)) for rows in self._before))

    def plain(self, values: Floats) -> Estimate:
        """Difference in means as they are, its error made as that of the adjusted one."""
        if self._unit is None:
            return self._as_they_are.difference(values[self.own], values[self.others], self.level)
        return clustered_difference(values[self.own], values[self.others], *self._unit, self.level)

    def share(self, yes: Bools) -> Estimate:
        """Difference in shares."""
        own, others = yes[self.own], yes[self.others]
        if self._unit is None:
            return difference_in_shares(int(own.sum()), own.size, int(others.sum()), others.size, self.level)
        return clustered_difference(own, others, *self._unit, self.level)

    def ratio(self, above: Floats, below: Floats, some: Bools) -> Estimate:
        """Change of Σ above / Σ below among `some` customers."""
        own, others = self.own & some, self.others & some
        if self._unit is None:
            return ratio_change(above[own], below[own], above[others], below[others], self.level)
        units = self._unit[0][some[self.own]], self._unit[1][some[self.others]]
        return clustered_ratio_change(
            (above[own], below[own], units[0]), (above[others], below[others], units[1]), self.level
        )
