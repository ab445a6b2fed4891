"""Tests that keep their word with few units: the wild cluster bootstrap, and shuffling who got the programme when.

The t distribution of a jackknife is an approximation that needs some tens of units. With fewer, two other roads to the
same question stand beside it. Neither makes a range or a grade; they are notes.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from cxvalue.effects.estimators.group_time import BASE_MONTHS
from cxvalue.findings.numbers import format_p
from cxvalue.foundation.arrays import Bools, Floats, Ints
from cxvalue.foundation.rounding import LEAST_LEFT
from cxvalue.language.catalogue import translate

if TYPE_CHECKING:
    from cxvalue.tables.panels.by_unit import UnitPanel

FEW = 40
"""Units below which the tests are made."""
ENUMERATED_CLUSTERS = 12
ENUMERATED_WAYS = 20_000
DRAWS = 9_999


@dataclass(frozen=True, slots=True)
class WildBootstrap:
    """Cluster-robust t statistic of one coefficient, its bootstrap p-value, and the number of sign patterns tried.

    `larger` patterns give a strictly larger statistic, `as_large` one that is as large or larger; the p-value counts these.
    """

    t: float
    p_value: float
    patterns: int
    larger: int
    as_large: int


def wild_bootstrap(
    y: ArrayLike, x: ArrayLike, cluster: ArrayLike, coefficient: int, *, draws: int = DRAWS, seed: int = 1
) -> WildBootstrap:
    """Test that one coefficient is zero by the wild cluster restricted bootstrap with Rademacher signs.

    The variant WCR11 of Cameron, Gelbach and Miller (2008) and MacKinnon, Nielsen and Webb (2023): signs of whole clusters'
    residuals from the fit without the regressor. With at most 12 clusters all 2^G patterns are tried, the two that give back
    the data among them, so that the p-value is never zero. Raises `ValueError` for a regressor that the others explain.
    """
    outcome, design = np.asarray(y, dtype=float), np.asarray(x, dtype=float)
    _, group = np.unique(np.asarray(cluster), return_inverse=True)
    groups = int(group.max()) + 1
    one = design[:, coefficient]
    others = np.delete(design, coefficient, axis=1)

    def left(values: Floats, on: Floats) -> Floats:
        return np.asarray(values - on @ np.linalg.lstsq(on, values, rcond=None)[0])

    own = left(one, others)  # what the others do not explain of the regressor (Frisch and Waugh 1933)
    size = float(own @ own)
    if size <= LEAST_LEFT * float(one @ one):
        raise ValueError("the other columns of the design already say all that this one does")
    restricted = left(outcome, others)
    k = np.linalg.matrix_rank(design)
    scale = groups / (groups - 1) * (len(outcome) - 1) / (len(outcome) - k)

    def t_of(residuals: Floats) -> Floats:
        """Cluster-robust t of each column of residuals of the restricted model."""
        again = left(residuals, others)
        beta = own @ again / size
        scores = np.zeros((groups, residuals.shape[1]))
        np.add.at(scores, group, own[:, None] * (again - own[:, None] * beta))
        return np.asarray(beta / np.sqrt(scale * (scores**2).sum(axis=0)) * size)

    found = float(t_of(restricted[:, None])[0])
    if groups <= ENUMERATED_CLUSTERS:
        bits = (np.arange(2**groups)[:, None] >> np.arange(groups)) & 1
        signs = (2.0 * bits - 1.0).T
    else:
        signs = np.random.default_rng(seed).choice([-1.0, 1.0], size=(groups, draws))
    larger = as_large = 0
    for some in np.array_split(np.arange(signs.shape[1]), max(1, signs.shape[1] * len(outcome) // 4_000_000)):
        t_star = np.abs(t_of(restricted[:, None] * signs[:, some][group]))
        larger += int((t_star > abs(found) * (1 + 1e-10)).sum())
        as_large += int((t_star >= abs(found) * (1 - 1e-10)).sum())
    patterns = signs.shape[1]
    everything = groups <= ENUMERATED_CLUSTERS
    p_value = as_large / patterns if everything else (as_large + 1) / (patterns + 1)
    return WildBootstrap(found, p_value, patterns, larger, as_large)


def shuffled_starts(panel: UnitPanel, *, draws: int = DRAWS, seed: int = 1) -> tuple[float, int] | None:
    """How often units that were given the starts of others by lot differ as much as those that really had them.

    The statistic is the change from the year before a start to after it, treated less never treated, over the customers
    that all units had before the first start, each unit counting once. All ways are tried where they are few. Returns the
    p-value and the number of ways; None without two units that never got the programme, or where months are missing.
    """
    if panel.gaps:
        return None
    first = int(panel.base[panel.treated].min())
    customers, total, start = _by_unit(panel, slice(first + 1))
    kept = (customers > 0).all(axis=1) | ((customers > 0).sum(axis=1) > customers.shape[1] // 2)
    mean = np.divide(total, customers, out=np.full(total.shape, np.nan), where=customers > 0)[kept]
    start = start[kept]
    starts = np.unique(start[start >= 0])
    if (start < 0).sum() < 2 or not starts.size or first < 0:
        return None
    change = np.column_stack(
        [
            np.nanmean(mean[:, g:], axis=1) - np.nanmean(mean[:, max(first + 1 - BASE_MONTHS, 0) : first + 1], axis=1)
            for g in starts
        ]
    )
    if np.isnan(change).any():
        return None

    def statistic(labels: Ints) -> Floats:
        """For labels of shape ways x units."""
        never = (labels < 0).astype(float)
        base = never @ change / never.sum(axis=1, keepdims=True)
        of_all = np.zeros(len(labels))
        for k, g in enumerate(starts):
            mine = (labels == g).astype(float)
            of_all += mine @ change[:, k] - mine.sum(axis=1) * base[:, k]
        return of_all / (labels[0] >= 0).sum()

    units, treated = start.size, int((start >= 0).sum())
    if starts.size == 1 and comb(units, treated) <= ENUMERATED_WAYS:
        ways = np.full((comb(units, treated), units), -1)
        for row, chosen in enumerate(combinations(range(units), treated)):
            ways[row, list(chosen)] = starts[0]
        found = np.abs(statistic(start[None, :]))[0]
        return float((np.abs(statistic(ways)) >= found * (1 - 1e-10)).mean()), len(ways)
    rng = np.random.default_rng(seed)
    ways = rng.permuted(np.tile(start, (draws, 1)), axis=1)
    found = np.abs(statistic(start[None, :]))[0]
    return float((1 + (np.abs(statistic(ways)) >= found * (1 - 1e-10)).sum()) / (draws + 1)), draws


def few_units_note(panel: UnitPanel) -> str:
    """One sentence with both tests where there are few units; empty otherwise."""
    if len(panel.names) >= FEW:
        return ""
    told: dict[str, object] = {"units": len(panel.names), "unit": panel.unit}
    shuffled, boot = shuffled_starts(panel), _two_way(panel)
    if shuffled is not None:
        told["share"], told["ways"] = shuffled
    if boot is not None:
        told["p_value"] = format_p(boot.p_value)
    if shuffled is not None and boot is not None:
        return translate(
            "There are only {units:,} units ({unit}), so two tests that do not need large numbers are given:"
            " had the programme gone to other units by lot, {share:.1%} of {ways:,} ways would differ as "
            "much; the wild cluster bootstrap gives {p_value}.",
            **told,
        )
    if shuffled is not None:
        return translate(
            "There are only {units:,} units ({unit}), so a test that does not need large numbers is given: had the "
            "programme gone to other units by lot, {share:.1%} of {ways:,} ways would differ as much.",
            **told,
        )
    if boot is not None:
        return translate(
            "There are only {units:,} units ({unit}), so a test that does not need large numbers is given: "
            "the wild cluster bootstrap gives {p_value}.",
            **told,
        )
    return ""


def _two_way(panel: UnitPanel) -> WildBootstrap | None:
    """Wild bootstrap of the treatment in a regression on units and months; valid for "no effect at all"."""
    customers, total, start = _by_unit(panel)
    unit, month = np.nonzero(customers > 0)
    if np.unique(unit).size < 4:
        return None
    treated = (start[unit] >= 0) & (month >= start[unit])
    dummies = np.zeros((unit.size, len(panel.names) + panel.months.count))
    if not treated.any():
        return None
    dummies[np.arange(unit.size), unit] = 1.0
    dummies[np.arange(unit.size), len(panel.names) + month] = 1.0
    kept: Bools = np.asarray(dummies.any(axis=0))
    kept[len(panel.names) + int(month.min())] = False
    design = np.column_stack([treated, dummies[:, kept]])
    try:
        return wild_bootstrap(total[unit, month] / customers[unit, month], design, unit, 0, draws=999)
    except ValueError:  # units and months say who was treated when: nothing is left to test
        return None


def _by_unit(panel: UnitPanel, groups: slice = slice(None)) -> tuple[Floats, Floats, Ints]:
    """Customers and outcome of each unit by month, of some `groups` of customers, and the month in which it starts."""
    sums = np.zeros((2, len(panel.names), panel.customers.shape[2]))
    for out, values in zip(sums, (panel.customers, panel.total), strict=True):
        np.add.at(out, panel.cluster, values[:, groups].sum(axis=1))
    start = np.full(len(panel.names), -1)
    start[panel.cluster] = panel.start
    return sums[0], sums[1], start
