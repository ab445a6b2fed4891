"""What follows turnover of staff, month by month, and whether customers went first.

C(u, m) = u + m + Σ b_l V(u, m − l) over the month itself and three before it, customers as weights, errors by the
jackknife over
units (CRV3). Turnover of the two months *after* is put in as well: what comes later cannot have caused it. Where those leads
speak, staff and customers leave together and the data do not say which comes first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import f as f_distribution

from cxvalue.effects.checks.few_units import wild_bootstrap
from cxvalue.foundation.intervals import Interval
from cxvalue.questions.staff.unit_months import ShopMonths

__all__ = ["TurnoverLink", "fit_turnover_link", "jackknife"]

Floats = NDArray[np.float64]

LAGS, LEADS = 4, 2
FEWEST_UNITS = 5
FEW_UNITS = 20
LOUD = 0.05


@dataclass(frozen=True, slots=True)
class TurnoverLink:
    """Customers lost within three months per staff lost: the sum over lags, each of them, and the p-value of the leads.

    `wild_p` is that of the wild bootstrap with fewer than 20 units; `money` is margin a year that goes along with
    turnover above that of the best quarter of units.
    """

    link: Interval
    lags: tuple[float, ...]
    leads_p: float
    wild_p: float | None
    units: int
    cells: int
    money: Interval

    @property
    def loud(self) -> bool:
        """Whether customers moved before staff did."""
        return self.leads_p < LOUD


def _shifted(values: Floats, by: int) -> Floats:
    """Values of `by` months earlier (later where below 0), NaN where there is none."""
    out = np.full(values.shape, np.nan)
    if by > 0:
        out[:, by:] = values[:, :-by]
    elif by < 0:
        out[:, :by] = values[:, -by:]
    else:
        out = values.copy()
    return out


def jackknife(y: Floats, x: Floats, weight: Floats, unit: NDArray[np.intp], keep: int) -> tuple[Floats, Floats]:
    """Weighted least squares and its CRV3 covariance (the first `keep` coefficients): each unit left out once."""
    root = np.sqrt(weight)
    table, outcome = x * root[:, None], y * root
    grams = [table[unit == u].T @ table[unit == u] for u in range(int(unit.max()) + 1)]
    cross = [table[unit == u].T @ outcome[unit == u] for u in range(int(unit.max()) + 1)]
    gram, with_y = sum(grams), sum(cross)
    beta = np.linalg.pinv(np.asarray(gram), hermitian=True) @ with_y
    without = np.array(
        [np.linalg.pinv(np.asarray(gram - g), hermitian=True) @ (with_y - c) for g, c in zip(grams, cross, strict=True)]
    )
    left = (without - beta)[:, :keep]
    groups = len(grams)
    return np.asarray(beta[:keep]), np.asarray((groups - 1) / groups * left.T @ left)


def fit_turnover_link(rows: ShopMonths, *, level: float = 0.95) -> TurnoverLink | None:
    """The link; None with fewer than five units whose months can be used."""
    lags = [_shifted(rows.turnover, k) for k in range(LAGS)]
    leads = [_shifted(rows.turnover, -k) for k in range(1, LEADS + 1)]
    stacked = np.stack([rows.lost, *lags])
    used = np.isfinite(stacked).all(axis=0) & (rows.customers > 0)
    both = used & np.isfinite(np.stack(leads)).all(axis=0)
    if np.count_nonzero(used.sum(axis=1) > LAGS) < FEWEST_UNITS:
        return None
    used &= (used.sum(axis=1) > LAGS)[:, None]
    both &= used
    beta, covariance, cells, units = _fit(rows, lags, used)
    total = float(beta.sum())
    error = float(np.sqrt(covariance.sum()))
    link = Interval.of_error(total, error, level, units - 1)
    lead_beta, lead_covariance, _, lead_units = _fit(rows, [*leads, *lags], both)
    own, spread = lead_beta[:LEADS], lead_covariance[:LEADS, :LEADS]
    wald = float(own @ np.linalg.pinv(spread) @ own) / LEADS
    wild = None
    if units < FEW_UNITS:
        y, x, _, unit = _design(rows, lags, used)
        # The sum of the lags as one coefficient: the others stand as differences from the first.
        turned = np.column_stack([x[:, 0], x[:, 1:LAGS] - x[:, [0]], x[:, LAGS:]])
        root = np.sqrt(rows.customers[used])
        wild = wild_bootstrap(y * root, turned * root[:, None], unit, 0, draws=999).p_value
    return TurnoverLink(
        link=link,
        lags=tuple(float(one) for one in beta),
        leads_p=float(f_distribution.sf(wald, LEADS, lead_units - 1)),
        wild_p=wild,
        units=units,
        cells=cells,
        money=_money(rows, link),
    )


def _design(
    rows: ShopMonths, columns: list[Floats], used: NDArray[np.bool_]
) -> tuple[Floats, Floats, Floats, NDArray[np.intp]]:
    """Outcome, columns with dummies of units and months, weights, and the unit of each cell."""
    where, month = np.nonzero(used)
    _, unit = np.unique(where, return_inverse=True)
    _, period = np.unique(month, return_inverse=True)
    fixed = np.column_stack([np.eye(int(unit.max()) + 1)[unit], np.eye(int(period.max()) + 1)[period][:, 1:]])
    x = np.column_stack([*(one[used] for one in columns), fixed])
    return rows.lost[used], x, rows.customers[used], unit.astype(np.intp)


def _fit(rows: ShopMonths, columns: list[Floats], used: NDArray[np.bool_]) -> tuple[Floats, Floats, int, int]:
    y, x, weight, unit = _design(rows, columns, used)
    beta, covariance = jackknife(y, x, weight, unit, len(columns))
    return beta, covariance, y.size, int(unit.max()) + 1


def _money(rows: ShopMonths, link: Interval) -> Interval:
    """Link × (turnover a year − that of the best quarter of units) × margin of 12 months of the active customers."""
    known = np.isfinite(rows.rate) & (rows.people > 0)
    if not known.any():
        return Interval(0.0, 0.0, 0.0)
    overall = float(np.average(rows.rate[known], weights=rows.people[known]))
    best = float(np.mean(np.sort(rows.rate[known])[: max(int(np.ceil(known.sum() / 4)), 1)]))
    size = max(overall - best, 0.0) * float(rows.margin.sum())
    return Interval(*(end * size for end in link))
