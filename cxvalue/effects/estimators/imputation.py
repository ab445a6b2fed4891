"""Imputation beside the group-time effects: what would the treated cells have been, from the untreated ones?

Borusyak, Jaravel and Spiess (2024): fixed effects of cells and of months are fitted to the untreated months alone and
carried over to the treated ones; what is above them is the effect. Within groups of bins of acquisition, as in
`group_time`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cxvalue.effects.estimators.group_time import FEWEST_IN_A_BIN
from cxvalue.foundation.arrays import Bools, Floats, Ints

if TYPE_CHECKING:
    from cxvalue.tables.panels.by_unit import UnitPanel


def imputed_effect(panel: UnitPanel) -> float:
    """The effect per treated customer and month by imputation; nan where nothing can be imputed."""
    months = panel.months.count
    group = acquisition_groups(panel)
    number = np.arange(months)
    treated = (panel.start >= 0)[:, None] & (number >= panel.start[:, None])
    free = number <= np.minimum(panel.base, months - 1)[:, None]
    total = weight = 0.0
    for one in range(int(group.max()) + 1):
        people = panel.customers[:, group == one].sum(axis=1)
        outcome = panel.total[:, group == one].sum(axis=1)
        known = free & (people > 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = np.where(people > 0, outcome / people, 0.0)
        cell, month = _two_way(mean, np.where(known, people, 0.0))
        there = treated & (people > 0) & np.isfinite(cell)[:, None] & np.isfinite(month)[None, :]
        total += (people * (mean - cell[:, None] - month[None, :]))[there].sum()
        weight += people[there].sum()
    return float(total / weight) if weight else float("nan")


def fill_gaps(values: Floats, usable: Bools) -> Floats:
    """The values (units x months), those missing (nan) put in as the unit and the month have it elsewhere.

    Fixed effects of units and months are fitted to the `usable` values alone; nan where a unit or a month has none.
    """
    unit, month = _two_way(np.where(usable, values, 0.0), usable.astype(float))
    return np.asarray(np.where(np.isnan(values), unit[:, None] + month[None, :], values), dtype=np.float64)


def acquisition_groups(panel: UnitPanel) -> Ints:
    """Bins of acquisition, small ones joined with the next, by the customers of cells that are never treated."""
    bins = np.arange(panel.months.count)
    size = panel.customers[~panel.treated][:, bins, bins].sum(axis=0)
    group, current, filled = np.zeros(bins.size, dtype=np.int64), 0, 0.0
    for number in bins:
        group[number] = current
        filled += size[number]
        if filled >= FEWEST_IN_A_BIN:
            current, filled = current + 1, 0.0
    if filled < FEWEST_IN_A_BIN and current:
        group[group == current] = current - 1
    return group


def _two_way(mean: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Weighted fixed effects of rows and columns by alternating projections; nan where a row or column has no weight."""
    rows, columns = np.zeros(mean.shape[0]), np.zeros(mean.shape[1])
    by_row, by_column = weight.sum(axis=1), weight.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        for _ in range(5_000):
            new = np.where(by_row > 0, (weight * (mean - columns)).sum(axis=1) / by_row, 0.0)
            after = np.where(by_column > 0, (weight * (mean - new[:, None])).sum(axis=0) / by_column, 0.0)
            moved = max(float(np.abs(new - rows).max()), float(np.abs(after - columns).max()))
            rows, columns = new, after
            if moved < 1e-12 * max(float(np.abs(mean).max()), 1e-12):
                break
    return np.where(by_row > 0, rows, np.nan), np.where(by_column > 0, columns, np.nan)
