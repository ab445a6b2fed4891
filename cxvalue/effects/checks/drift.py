"""Did units that got the programme move away from the others before they had it, and the first ones most?

All months without the programme are used at once: a regression of a unit's mean outcome on its own level, on the month (both
within bins of acquisition, as in `group_time`) and on a drift, weighted by customers. Three drifts are asked for:

* one that all units which get the programme share;
* one that is the larger the earlier a unit starts: whoever picks branches for a start picks those that are doing well
  first, and their drift is then carried through the longest time and weighs most in the effect;
* the same relative to each unit's level, since growth comes in per cent.

They are judged together by the largest of the three t statistics, whose joint distribution the jackknife over units gives.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri

from cxvalue.effects.checks.pretrend import largest_by_luck
from cxvalue.effects.estimators.group_time import degrees_of_freedom
from cxvalue.effects.estimators.imputation import acquisition_groups
from cxvalue.foundation.arrays import Bools, Floats, Ints
from cxvalue.foundation.intervals import reach_of

if TYPE_CHECKING:
    from cxvalue.tables.panels.by_unit import UnitPanel

POWER = 0.80
NOTHING = 1e-6
"""A drift of less than this share of the usual level a month is rounding, however exactly it is known."""
LEAST_LEVEL, FEW_BELOW = 0.2, 0.1
"""Units below this share of the usual level count as being there; with more than a tenth of the customers in such units,
growth in per cent makes no sense."""


@dataclass(frozen=True, slots=True, eq=False)
class Drifts:
    """Drifts before the start, per customer and month.

    Attributes:
        together, early: drift of all that get the programme (nan where every unit does), and of those that start first
            against those that start last (nan where all start at once), and `together_se`, the error of the first.
        p_value: of the largest drift towards the effect, all of them judged together.
        together_found, early_found: drifts that would be found with 80% probability.
        upper: the end, towards the effect, of the 95% range of the drift that all share.
    """

    together: float
    early: float
    together_se: float
    p_value: float
    together_found: float
    early_found: float
    upper: float


def drifts_before(panel: UnitPanel, direction: float, *, seed: int = 1) -> Drifts | None:
    """Judge the drifts before the start, one-sided towards the sign of `direction`.

    None where the history is too short for a drift, or a single unit could carry it.
    """
    columns = _columns(panel)
    slopes, without = _slopes(panel, columns)
    known = np.isfinite(slopes) & np.isfinite(without).all(axis=0)
    if not known.any():
        return None
    clusters = np.unique(panel.cluster)
    off = (without - slopes)[:, known]
    count = len(off)
    covariance = (count - 1) / count * off.T @ off
    se = np.sqrt(np.diag(covariance))
    usual = float(np.abs(panel.total).sum() / max(panel.customers.sum(), 1e-300))
    se = np.maximum(se, 1e-3 * NOTHING * usual)
    df = min(degrees_of_freedom(panel, clusters, off[:, k]) for k in range(off.shape[1]))
    sign = 1.0 if direction >= 0 else -1.0
    alike = np.divide(covariance, np.outer(se, se), out=np.zeros(covariance.shape), where=np.outer(se, se) > 0)
    np.fill_diagonal(alike, 1.0)
    most = largest_by_luck(alike, df, seed)
    real = np.abs(slopes[known]) >= NOTHING * usual
    largest = float(np.where(real, sign * slopes[known] / se, -np.inf).max())
    p_value = float(1 + (most >= largest).sum()) / (most.size + 1)
    reach = float(np.quantile(most, 0.95)) + float(ndtri(POWER))
    errors = np.full(slopes.size, np.nan)
    errors[known] = se
    early = slopes.size - 1
    return Drifts(
        together=float(slopes[0]),
        early=float(slopes[early]) if early else float("nan"),
        together_se=float(errors[0]),
        p_value=p_value,
        together_found=reach * float(errors[0]),
        early_found=reach * float(errors[early]) if early else float("nan"),
        upper=float(slopes[0] + sign * reach_of(0.9, df) * errors[0]),
    )


def _free(panel: UnitPanel) -> Bools:
    """Months of each cell that have nothing of the programme in them."""
    months = panel.months.count
    return np.asarray(np.arange(months) <= np.minimum(panel.base, months - 1)[:, None])


def _columns(panel: UnitPanel) -> list[tuple[Floats, Floats]]:
    """The drifts asked for: for each cell how much of it, and what its outcome is divided by."""
    treated, one = panel.treated, np.ones(len(panel.start))
    columns = [(treated.astype(float), one)]
    first, last = panel.start[treated].min(), panel.start[treated].max()
    if last > first:
        early = np.where(treated, (last - panel.start) / (last - first), 0.0)
        columns.append((early, one))
        level = _relative_level(panel)
        if level is not None:
            columns.append((early, level))
    return columns


def _relative_level(panel: UnitPanel) -> Floats | None:
    """Each cluster's outcome over what customers of its bins bring elsewhere; None where that makes no sense."""
    free = _free(panel)[:, None, :]
    customers, total = panel.customers * free, panel.total * free
    people, outcome = customers.sum(axis=0), total.sum(axis=0)
    usual = np.divide(outcome, people, out=np.zeros(people.shape), where=people > 0)
    _, place = np.unique(panel.cluster, return_inverse=True)
    expected = np.bincount(place, (customers * usual).sum(axis=(1, 2)))
    found = np.bincount(place, total.sum(axis=(1, 2)))
    with np.errstate(divide="ignore", invalid="ignore"):
        level = np.where(expected > 0, found / expected, 1.0)
    size = np.bincount(place, customers.sum(axis=(1, 2)))
    if size[level < LEAST_LEVEL].sum() > FEW_BELOW * size.sum():
        return None
    return np.maximum(level, LEAST_LEVEL)[place]


def _slopes(panel: UnitPanel, columns: list[tuple[Floats, Floats]]) -> tuple[Floats, Floats]:
    """The slope on each drift, and without each cluster in turn (clusters x drifts); nan where there is none.

    The regression is taken apart (Frisch and Waugh 1933): levels go by subtracting each cell's mean, months by solving for
    them; what a cluster adds is a sum of its own, so leaving it out is a subtraction.
    """
    group, free = acquisition_groups(panel), _free(panel)
    clusters, place = np.unique(panel.cluster, return_inverse=True)
    month = np.arange(panel.months.count) - (panel.months.count - 1) / 2
    squares, products, before = (np.zeros((clusters.size + 1, len(columns))) for _ in range(3))
    for one in range(int(group.max()) + 1):
        customers, total = (values[:, group == one].sum(axis=1) for values in (panel.customers, panel.total))
        weight = np.where(free, customers, 0.0)
        mean = np.divide(total, customers, out=np.zeros(total.shape), where=customers > 0)
        own = _month_moments(weight, place, clusters.size)
        for k, (dose, level) in enumerate(columns):
            x, y = dose[:, None] * month, mean / level[:, None]
            for sums, part in zip((squares, products, before), _without_months(weight, place, own, x, y), strict=True):
                sums[:, k] += part
    # A drift that the months explain, as one of all units alike, leaves nothing but the ridge.
    slopes = np.divide(products, squares, out=np.full(squares.shape, np.nan), where=squares > 1e-6 * before)
    return slopes[0], slopes[1:]


def _month_moments(weight: Floats, place: Ints, clusters: int) -> Floats:
    """Normal matrices of the months with levels taken out: of all, then without each cluster; a ridge makes them regular."""
    months = weight.shape[1]
    whole = np.maximum(weight.sum(axis=1), 1e-300)
    each = -weight[:, :, None] * weight[:, None, :] / whole[:, None, None]
    each[:, np.arange(months), np.arange(months)] += weight
    out = _left_out(each, place, clusters)
    return np.asarray(out + 1e-9 * max(float(np.trace(out[0])) / months, 1e-300) * np.eye(months))


def _without_months(weight: Floats, place: Ints, normal: Floats, x: Floats, y: Floats) -> tuple[Floats, Floats, Floats]:
    """Sums of x² and x y with levels and months taken out, and of x² with levels only: of all, then without each cluster."""
    clusters = len(normal) - 1
    whole = np.maximum(weight.sum(axis=1, keepdims=True), 1e-300)
    x = x - (weight * x).sum(axis=1, keepdims=True) / whole
    y = y - (weight * y).sum(axis=1, keepdims=True) / whole
    of_x, of_y = (_left_out(weight * values, place, clusters) for values in (x, y))
    gone = np.linalg.solve(normal, of_x[:, :, None])[:, :, 0]
    xx, xy = (_left_out((weight * x * values).sum(axis=1), place, clusters) for values in (x, y))
    return xx - (gone * of_x).sum(axis=1), xy - (gone * of_y).sum(axis=1), xx


def _left_out(values: Floats, place: Ints, clusters: int) -> Floats:
    """Sum over cells of `values` (cells first): of all, then without each cluster."""
    parts = np.zeros((clusters, *values.shape[1:]))
    np.add.at(parts, place, values)
    whole = parts.sum(axis=0)
    return np.concatenate([whole[None], whole[None] - parts])
