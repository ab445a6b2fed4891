"""What follows turnover of staff, month by month, and whether customers went first.

C(u, m) = u + m + Σ b_l V(u, m − l) over the month itself and three before it, customers as weights, errors by the
jackknife over
units (CRV3). Turnover of the two months *after* is put in as well: what comes later cannot have caused it. Where those leads
speak, staff and customers leave together and the data do not say which comes first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.stats import f as f_distribution

from cxvalue.effects.checks.few_units import wild_bootstrap
from cxvalue.foundation.arrays import Bools, Floats, Places
from cxvalue.foundation.intervals import Interval, interval_ends, reach_of
from cxvalue.questions.staff.unit_months import ShopMonths

LAGS, LEADS = 4, 2
FEWEST_UNITS = 5
FEW_UNITS = 20
LOUD = 0.05
DRAWS = 4000


@dataclass(frozen=True, slots=True)
class TurnoverLink:
    """Customers lost within three months per staff lost: the sum over lags, each of them, and the p-value of the leads.

    `wild_p` is that of the wild bootstrap with fewer than 20 units; `money` is margin a year that goes along with
    turnover above that of the best quarter of units, `above` that turnover, whose lower end is 0 where units may differ by
    chance alone.
    """

    link: Interval
    lags: tuple[float, ...]
    leads_p: float
    wild_p: float | None
    units: int
    cells: int
    money: Interval
    above: Interval

    @property
    def loud(self) -> bool:
        """Whether customers moved before staff did."""
        return self.leads_p < LOUD

    @property
    def by_chance(self) -> bool:
        """Whether chance alone may make units differ in turnover as much as they do."""
        return self.above.low <= 0


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


def jackknife(y: Floats, x: Floats, weight: Floats, unit: Places, keep: int) -> tuple[Floats, Floats]:
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
    above = turnover_above_best(rows, level=level)
    return TurnoverLink(
        link=link,
        lags=tuple(float(one) for one in beta),
        leads_p=float(f_distribution.sf(wald, LEADS, lead_units - 1)),
        wild_p=wild,
        units=units,
        cells=cells,
        money=_product(link, error, units - 1, above, float(rows.margin.sum()), level),
        above=above.interval,
    )


def _design(rows: ShopMonths, columns: list[Floats], used: Bools) -> tuple[Floats, Floats, Floats, Places]:
    """Outcome, columns with dummies of units and months, weights, and the unit of each cell."""
    where, month = np.nonzero(used)
    _, unit = np.unique(where, return_inverse=True)
    _, period = np.unique(month, return_inverse=True)
    fixed = np.column_stack([np.eye(int(unit.max()) + 1)[unit], np.eye(int(period.max()) + 1)[period][:, 1:]])
    x = np.column_stack([*(one[used] for one in columns), fixed])
    return rows.lost[used], x, rows.customers[used], unit.astype(np.intp)


def _fit(rows: ShopMonths, columns: list[Floats], used: Bools) -> tuple[Floats, Floats, int, int]:
    y, x, weight, unit = _design(rows, columns, used)
    beta, covariance = jackknife(y, x, weight, unit, len(columns))
    return beta, covariance, y.size, int(unit.max()) + 1


class Above(NamedTuple):
    """Turnover a year above that of the best quarter of units.

    `found` is the quarter chosen by all months, and looks the better for its luck; `again` that chosen by one half of the
    months in the turnover of the other one, with its error and degrees of freedom.
    """

    found: float
    again: float
    se: float
    df: float
    interval: Interval


def turnover_above_best(rows: ShopMonths, *, level: float = 0.95) -> Above:
    """How far turnover lies above that of the best quarter of units, and within which range by more than chance.

    Who was best by luck in some months is as good as any other in others: that is where the lower end comes from.
    """
    # A head office may keep its people longer than any shop, and has no customers to lose.
    known = np.isfinite(rows.rate) & (rows.people > 0) & (np.nansum(rows.customers, axis=1) > 0)
    found = max(_above(rows.rate[known], rows.rate[known], rows.people[known])[0], 0.0) if known.any() else 0.0
    known &= np.isfinite(rows.halves).all(axis=0)
    if known.sum() < FEWEST_UNITS:
        return Above(found, 0.0, np.inf, 1.0, Interval(found, 0.0, found))
    first, second = rows.halves[:, known]
    ways = [_above(by, of, rows.people[known]) for by, of in ((first, second), (second, first))]
    again = float(np.mean([way[0] for way in ways]))
    se, df = max(way[1] for way in ways), min(way[2] for way in ways)
    reach = reach_of(level, df) * se
    return Above(found, again, se, df, Interval.holding(found, max(again - reach, 0.0), again + reach))


def _above(by: Floats, of: Floats, people: Floats) -> tuple[float, float, float]:
    """Turnover of all less that of the best quarter `by` one rate in another one, its standard error and df (Welch)."""
    best = np.zeros(by.size, dtype=bool)
    best[np.argsort(by, kind="stable")[: max(int(np.ceil(by.size / 4)), 1)]] = True
    value = float(np.average(of, weights=people) - of[best].mean())
    # A quarter of one unit has no spread of its own: that of all stands for it.
    spread = [float(of[side].var(ddof=1) if side.sum() > 1 else of.var(ddof=1)) / side.sum() for side in (best, ~best)]
    # All of them hold the best ones too: what is compared is the share of the others in all.
    share, total = people[~best].sum() / people.sum(), sum(spread)
    degrees = [max(int(side.sum()) - 1, 1) for side in (best, ~best)]
    parts = sum(one**2 / n for one, n in zip(spread, degrees, strict=True))
    return value, float(share * np.sqrt(total)), total**2 / parts if parts > 0 else float(sum(degrees))


def _product(link: Interval, error: float, df: int, above: Above, margin: float, level: float) -> Interval:
    """Link × turnover above the best quarter × margin of 12 months of the active customers.

    Its range is that of draws of both, around what was found and around what the other half of the months says of it.
    """
    rng = np.random.default_rng(1)
    links = link.value + error * rng.standard_t(df, DRAWS)
    luck = rng.standard_t(above.df, DRAWS) * (above.se if np.isfinite(above.se) else 0.0)
    ends = [interval_ends(links * np.maximum(at + luck, 0.0), level) for at in (above.found, above.again)]
    low, high = float(min(one[0] for one in ends)), float(max(one[1] for one in ends))
    return Interval.holding(link.value * above.found * margin, low * margin, high * margin)
