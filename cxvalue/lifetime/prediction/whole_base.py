"""From the combined forecast of a customer base to customers who add up to it: `WholeBase`.

The totals of margin and of purchases come from `cxvalue.lifetime.evidence.blend`; each customer's chance to return,
purchases and margin are those of the pooled candidates, corrected by how far groups of customers were off at past days and
scaled so that they add up. A customer's purchases follow the negative binomial of that mean and that chance of none.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from cxvalue.foundation.arrays import Floats
from cxvalue.foundation.calendar import DAYS_PER_YEAR
from cxvalue.foundation.intervals import Interval, reach_of
from cxvalue.lifetime.candidates.looks import Look, groups_of, squeeze
from cxvalue.lifetime.candidates.outlook import Ahead, Outlook
from cxvalue.lifetime.evidence.attempts import Attempts
from cxvalue.lifetime.evidence.blend import BIAS_HALF_LIFE, Blend, blend, skewed_range, weigh
from cxvalue.lifetime.evidence.past import Past, row_of
from cxvalue.lifetime.evidence.reference import Reference
from cxvalue.lifetime.prediction.value import CustomerValue
from cxvalue.tables.purchase_log import PurchaseLog

DRIFT_VARIANCE = 0.25
"""Variance of how far a group of customers misses beyond everybody: for a group that is a small part of all."""
_MOST_HAZARD = 20.0
_WIDEST = 30.0
_DRAWN = 6_000
_COUNTS, _SPREADS = (1e-6, math.inf), (1e-3, 1e3)
"""Purchases expected of a customer, and how they vary, between which ranges are read off."""
_READ_AT_ONCE = 500_000


@dataclass(frozen=True)
class Total:
    """A combined total over a horizon: as likely too low as too high, with what its range is made of.

    `sigma` is the standard deviation of the logarithm of actual over forecast (Student t with `df`), `chance` the variance
    that chance and parameters alone explain; `evidence` counts independent past misses, `record` compares them with those
    of other companies and `correction` is what they moved the forecast by, in logarithms. `weights` are those of the
    candidates, empty where one model was asked for.
    """

    days: int
    value: float
    sigma: float
    df: float
    chance: float
    evidence: float = 0.0
    record: float = 1.0
    correction: float = 0.0
    growth: float = 0.0
    weights: tuple[tuple[str, float], ...] = ()

    @property
    def shared(self) -> float:
        """The part of sigma that all customers share: how far forecasts of this kind miss."""
        return math.sqrt(max(self.sigma**2 - self.chance, 0.0))

    def interval(self, level: float) -> Interval:
        """The total with its range at a level."""
        return skewed_range(self.value, self.sigma, self.df, level)

    def widened(self, found: Interval, sure: float, level: float) -> Interval:
        """A range of an expectation, widened by how far forecasts of this kind miss; `sure` is the part of it that is no
        forecast."""
        ahead = max(found.value - sure, 0.0)
        if not (math.isfinite(ahead) and math.isfinite(found.low + found.high)):
            return found
        miss = skewed_range(ahead, self.shared, self.df, level)
        down, up = (
            math.hypot(found.value - found.low, ahead - miss.low),
            math.hypot(found.high - found.value, miss.high - ahead),
        )
        return Interval(found.value, found.value - down, found.value + up)

    def part(self, value: float, chance: float, share: float, level: float) -> Interval:
        """The range of a part of the total: a group of customers, or the total of another quantity that moves with it.

        Args:
            value: of the part.
            chance: variance of its logarithm by chance alone.
            share: of the part in the total; a small group may drift on its own.
            level: of the range.
        """
        own = DRIFT_VARIANCE * max(1.0 - share, 0.0) ** 2
        return skewed_range(value, math.sqrt(self.shared**2 + chance + own), self.df, level)


@dataclass(frozen=True, eq=False)
class WholeBase:
    """The forecast of a customer base over several horizons, per customer and in total.

    Attributes:
        value: over the study's horizon, as `cxvalue.lifetime.customer_value` has it.
        days: horizons in days, ascending; `place` is that of the study's.
        returns, purchases, worth: (customers, horizons): P(a purchase), purchases, discounted margin.
        margin, bought: the totals of each horizon.
        variation: coefficient of variation of the money of one customer's purchases.
        past: the attempts of margin with what the combination would have said then (`past_blend`), the last row being
            today's over the study's horizon.
        combined: whether several candidates were combined; else one model was asked for and is only given its range.
        model_value: the value by the one model that also says who is still a customer.
        first_margin: mean margin of first purchases.
    """

    value: CustomerValue
    days: tuple[int, ...]
    place: int
    returns: Floats
    purchases: Floats
    worth: Floats
    margin: tuple[Total, ...]
    bought: tuple[Total, ...]
    variation: float
    past: Attempts
    past_blend: Blend
    combined: bool
    model_value: CustomerValue
    first_margin: float

    @property
    def total(self) -> Total:
        """The margin over the study's horizon."""
        return self.margin[self.place]

    def at(self, days: float) -> int:
        """The place of the horizon nearest to so many days."""
        return int(np.argmin(np.abs(np.log(np.array(self.days) / days))))

    def of_some(self, chosen: NDArray[np.bool_]) -> CustomerValue:
        """The value of the chosen customers, a mask: sums of theirs, with the range of a part."""
        value, level, place = self.value, self.value.level, self.place
        masked = {
            name: getattr(value, name)[chosen]
            for name in ("cltv", "cltv_low", "cltv_high", "expected_transactions", "p_alive", "p_return_90d")
        }
        year = self.at(DAYS_PER_YEAR)
        return replace(
            value,
            **masked,
            rhythm_broken=value.rhythm_broken[chosen],
            equity=self._part(self.worth[:, place], self.margin[place], chosen, place, level, money=True),
            expected_purchases=self._part(self.purchases[:, place], self.bought[place], chosen, place, level),
            expected_purchases_12m=self._part(self.purchases[:, year], self.bought[year], chosen, year, level),
        )

    def _part(
        self, each: Floats, total: Total, chosen: NDArray[np.bool_], place: int, level: float, *, money: bool = False
    ) -> Interval:
        own = each[chosen]
        sum_ = float(own.sum())
        if not sum_ > 0:
            return Interval(sum_, sum_, sum_)
        count = self.purchases[chosen, place]
        spread = squeeze(self.returns[chosen, place], count)
        per = np.divide(own, count, out=np.zeros_like(own), where=count > 0) if money else np.ones_like(own)
        noise = float((per**2 * count * (1 + (self.variation**2 if money else 0.0) + spread)).sum()) / sum_**2
        share = sum_ / max(float(each.sum()), 1e-300)
        found = total.part(sum_, max(noise, total.chance), share, level)
        # A range of a logarithm leaves out that none of a few customers comes back.
        nobody = float(np.log1p(-np.minimum(self.returns[chosen, place], 1 - 1e-12)).sum())
        return found._replace(low=0.0) if nobody > math.log((1 - level) / 2) else found


def combine(
    now: Look,
    log: PurchaseLog,
    past: Past,
    model_value: CustomerValue,
    reference: Reference,
    days: int,
    level: float,
    first_margin: float = math.nan,
    *,
    in_place: bool = False,
) -> WholeBase | None:
    """Combine the candidates of today with what past days teach; None where no candidate has a forecast above 0.

    Args:
        now: the candidates of today, their customers in the order of `model_value`.
        log: all purchases.
        past: forecasts from past days, and what came.
        model_value: the value by one model over `days`.
        reference: what other companies teach.
        days: the study's horizon, one of `now`.
        level: of the ranges.
        in_place: what `now` says of each customer is made what the combination says, for bases that fill the memory.
    """
    place = now.ahead.days.index(days)
    parameters = _variance_of(model_value)
    margin: list[Total] = []
    bought: list[Total] = []
    outlook = now.outlook
    each = [one if in_place else np.empty_like(one) for one in (outlook.returns, outlook.purchases, outlook.worth)]
    kept: tuple[Attempts, Blend] | None = None
    for at, horizon in enumerate(now.ahead.days):
        found = []
        for kind, attempts in enumerate((past.margin, past.purchases)):
            row = _with_usual_days(row_of(now, log, at, kind), attempts)
            if at == place:
                row = replace(row, chance=np.maximum(row.chance, parameters[kind]))
            rows = attempts.with_row(row)
            made = blend(rows, reference)
            if not np.isfinite(made.total[-1]):
                return None
            if kind == 0 and at == place:
                kept = rows, made
            found.append(_total(rows, made, horizon))
        margin.append(found[0])
        bought.append(found[1])
        moved = moved_by_groups(now, past, rows)
        for column, one in zip(
            each, add_up_to_total(outlook.at(at), moved, found[1].value, found[0].value), strict=True
        ):
            column[:, at] = one
    if kept is None:
        return None
    margin, bought = _nested(margin), _nested(bought)
    returns, purchases, worth = each
    for column, totals in ((returns, None), (purchases, bought), (worth, margin)):
        _nest(column, place, None if totals is None else [one.value for one in totals])
    base = WholeBase(
        model_value, now.ahead.days, place, np.minimum(returns, purchases, out=returns), purchases, worth, tuple(margin),
        tuple(bought), now.variation, *kept, combined=True, model_value=model_value, first_margin=first_margin,
    )  # fmt: skip
    return replace(base, value=_valued(base, level))


def keep_model(
    outlook: Outlook, ahead: Ahead, past: Past, row: Attempts, model_value: CustomerValue, reference: Reference,
    like: str, level: float, variation: float,
    first_margin: float = math.nan,
) -> WholeBase:  # fmt: skip
    """The forecast of one model that was asked for by name, with the range that past misses of its kind demand.

    Args:
        outlook: of the model, over the horizons of `ahead`, each customer in the order of `model_value`.
        ahead: the horizons, that of `row` among them.
        past: forecasts from past days, and what came.
        row: today over the horizon of `model_value`.
        model_value: the value by the model.
        reference: what other companies teach.
        like: the candidate whose past misses are those of the model.
        level: of the ranges.
        variation: coefficient of variation of the money of one customer's purchases.
    """
    place = ahead.days.index(int(row.days[0]))
    parameters = _variance_of(model_value)
    sums = outlook.worth.sum(axis=0), outlook.purchases.sum(axis=0)
    scale = model_value.equity.value / max(float(sums[0][place]), 1e-300)
    totals: list[list[Total]] = [[], []]
    kept: tuple[Attempts, Blend] | None = None
    for at, horizon in enumerate(ahead.days):
        for kind, attempts in enumerate((past.margin, past.purchases)):
            value = float(sums[kind][at]) * (scale if kind == 0 else 1.0)
            own = replace(row, days=np.array([horizon]), chance=np.array([parameters[kind]]))
            rows = attempts.with_row(_with_usual_days(own, attempts))
            fixed = np.append(attempts.made[:, attempts.names.index(like)], value)
            made = blend(rows, reference, fixed=fixed)
            if kind == 0 and at == place:
                kept = rows, made
            totals[kind].append(_total(rows, made, horizon))
    rows, made = kept  # type: ignore[misc]
    worth = outlook.worth * scale
    worth[:, place] = model_value.cltv
    base = WholeBase(
        model_value, ahead.days, place, outlook.returns, outlook.purchases, worth, tuple(totals[0]), tuple(totals[1]),
        variation, rows, made, combined=False, model_value=model_value, first_margin=first_margin,
    )  # fmt: skip
    return replace(base, value=replace(_valued(base, level), p_return_90d=model_value.p_return_90d))


def _variance_of(value: CustomerValue) -> tuple[float, float]:
    """Variance of the logarithm of margin and purchases by the model's own draws: chance and parameters."""
    found = []
    for _, low, high in (value.equity, value.expected_purchases):
        reach = 2 * reach_of(value.level)
        found.append((math.log(high / low) / reach) ** 2 if 0 < low < high else 0.0)
    return found[0], found[1]


def _with_usual_days(row: Attempts, attempts: Attempts) -> Attempts:
    """The row under the horizon of past attempts that is hardly different, so that these count in full."""
    near = [int(days) for days in np.unique(attempts.days) if abs(days / int(row.days[0]) - 1) < 0.02]
    return replace(row, days=np.array(near[:1])) if near else row


def _total(rows: Attempts, made: Blend, days: int) -> Total:
    names = rows.names if made.weights.shape[1] > 1 else ()
    weights = tuple((name, float(share)) for name, share in zip(names, made.weights[-1], strict=False))
    columns = (made.total, made.sigma, made.df, made.chance, made.evidence, made.record, made.correction, rows.growth)
    value, sigma, df, chance, evidence, record, correction, growth = (float(column[-1]) for column in columns)
    return Total(days, value, sigma, df, chance, evidence, record, correction, growth, weights)


def _nested(totals: list[Total]) -> list[Total]:
    """A longer horizon never brings less than a shorter one."""
    highest, found = 0.0, []
    for one in totals:
        highest = max(highest, one.value)
        found.append(replace(one, value=highest))
    return found


def _nest(each: Floats, place: int, sums: list[float] | None) -> None:
    """In place: the figures of each customer (customers, horizons) rise with the horizon, those at `place` as they are.

    With `sums`, which rise too, all add up to theirs.
    """
    if sums:
        each[:, place] *= sums[place] / max(float(each[:, place].sum()), 1e-300)
    for at in range(place - 1, -1, -1):
        each[:, at] = _held(each[:, at], each[:, at + 1], np.minimum, sums[at] if sums else None)
    for at in range(place + 1, each.shape[1]):
        each[:, at] = _held(each[:, at], each[:, at - 1], np.maximum, sums[at] if sums else None)


def _held(each: Floats, bound: Floats, keep: np.ufunc, total: float | None) -> Floats:
    """`each`, scaled, and kept below or above the bounds, so that it adds up to the total."""
    if total is None:
        return np.asarray(keep(each, bound))

    def over(log_scale: float) -> float:
        return float(keep(each * math.exp(log_scale), bound).sum()) - total

    if over(-_WIDEST) >= 0 or over(_WIDEST) <= 0:
        # No scale does: the bounds themselves are as near as it gets.
        return bound * (total / max(float(bound.sum()), 1e-300))
    return np.asarray(keep(each * math.exp(brentq(over, -_WIDEST, _WIDEST, xtol=1e-13)), bound))


def add_up_to_total(
    each: tuple[Floats, Floats, Floats], moved: tuple[Floats, Floats], purchases: float, margin: float
) -> tuple[Floats, Floats, Floats]:
    """P(a purchase), purchases and margin of each customer, the last two with the given sums.

    Args:
        each: the same before, (customers,) each.
        moved: factors of the hazard of a purchase and of purchases; they move customers against one another.
        purchases, margin: the sums.
    """
    returns, count, worth = each
    per_purchase = np.divide(worth, count, out=np.zeros_like(worth), where=count > 0)
    changed = 1 - (1 - np.clip(returns, 0.0, 1 - 1e-12)) ** moved[0]
    returns = np.clip(changed * returns.sum() / max(changed.sum(), 1e-300), 0.0, 1 - 1e-12)
    before, count = float(count.sum()), count * moved[1]
    count = count * (purchases / max(count.sum(), 1e-300))
    hazard = min(purchases / max(before, 1e-300), _MOST_HAZARD)
    returns = np.minimum(1 - (1 - returns) ** hazard, count)
    worth = count * per_purchase
    return returns, count, worth * (margin / max(worth.sum(), 1e-300))


def moved_by_groups(now: Look, past: Past, rows: Attempts) -> tuple[Floats, Floats]:
    """By what factor each customer's hazard and purchases are moved, from the misses of groups at past days."""
    counts = weigh(rows, len(rows) - 1, BIAS_HALF_LIFE)[:-1]
    moved = np.exp(np.tensordot(counts, past.groups, axes=(0, 0)) / (float(counts.sum()) + 1.0))
    group = groups_of(now.known)
    return moved[0][group], moved[1][group]


def _valued(base: WholeBase, level: float) -> CustomerValue:
    """The model's value with the combined figures in it."""
    value, place, year = base.model_value, base.place, base.at(DAYS_PER_YEAR)
    low, high = _ranges(base, level)
    new = base.total.widened(value.new_customer, base.first_margin, level)
    return replace(
        value,
        cltv=base.worth[:, place],
        cltv_low=np.minimum(low, base.worth[:, place]),
        cltv_high=np.maximum(high, base.worth[:, place]),
        expected_transactions=base.purchases[:, place],
        p_return_90d=base.returns[:, base.at(90)],
        equity=base.margin[place].interval(level),
        expected_purchases=base.bought[place].interval(level),
        expected_purchases_12m=base.bought[year].interval(level),
        new_customer=new,
        level=level,
    )


def _ranges(base: WholeBase, level: float) -> tuple[Floats, Floats]:
    """Range of what each customer will really bring, read off draws for a grid of (purchases expected, scatter)."""
    place = base.place
    count, worth = base.purchases[:, place], base.worth[:, place]
    found = np.zeros((2, count.size))
    if not (count > 0).any():
        return found[0], found[1]
    spread = squeeze(base.returns[:, place], count)

    def ends_of(figures: Floats, allowed: tuple[float, float]) -> tuple[float, float]:
        """Logarithms of the ends of figures of whoever is expected to buy."""
        least = float(np.min(figures, where=count > 0, initial=math.inf))
        most = float(np.max(figures, where=count > 0, initial=-math.inf))
        low, high = np.log(np.clip((least, most), *allowed)).tolist()
        return low, high

    # Who is expected to buy so rarely that nothing is within the range needs no draws.
    rare = math.log(0.4 * (1 - level))
    low_q, high_q = ends_of(count, _COUNTS)
    low_z, high_z = ends_of(spread, _SPREADS)
    grid_q = np.linspace(max(low_q, rare), max(high_q, rare) + 1e-9, 28)
    grid_z = np.linspace(low_z, high_z + 1e-9, 8)
    rng = np.random.default_rng(1)
    total = base.total
    shared = np.exp(total.shared * rng.standard_t(total.df, _DRAWN))
    own = np.exp(math.sqrt(DRIFT_VARIANCE) * rng.standard_t(5, _DRAWN))
    factor = np.clip(shared * own / np.mean(np.clip(shared * own, 0, 50)), 0, 50)
    ends = np.empty((2, grid_q.size, grid_z.size))
    shape = 1 / max(base.variation, 1e-3) ** 2
    for i, log_q in enumerate(grid_q):
        for j, log_z in enumerate(grid_z):
            kappa = math.exp(log_q - log_z)
            bought = rng.poisson(np.minimum(rng.gamma(kappa, 1 / kappa, _DRAWN) * factor * math.exp(log_q), 1e7))
            money = np.where(bought > 0, rng.gamma(np.maximum(bought * shape, 1e-12)) / shape, 0.0)
            ends[:, i, j] = np.quantile(money, ((1 - level) / 2, (1 + level) / 2))
    # A part of the customers at a time: reading off takes ten columns on the way.
    for start in range(0, count.size, _READ_AT_ONCE):
        rows = slice(start, start + _READ_AT_ONCE)
        q, z = np.log(np.clip(count[rows], *_COUNTS)), np.log(np.clip(spread[rows], *_SPREADS))
        known = (count[rows] > 0) & (q >= rare)
        per = np.divide(worth[rows], count[rows], out=np.zeros(q.size), where=known)
        for side, table in zip(found, ends, strict=True):
            side[rows] = np.where(known, _read_off(table, grid_q, grid_z, q, z) * per, 0.0)
    return found[0], found[1]


def _read_off(table: Floats, rows: Floats, columns: Floats, row: Floats, column: Floats) -> Floats:
    """Bilinear interpolation on an even grid."""
    x = np.clip((row - rows[0]) / (rows[1] - rows[0]), 0, rows.size - 1.000001)
    y = np.clip((column - columns[0]) / (columns[1] - columns[0]), 0, columns.size - 1.000001)
    i, j = x.astype(int), y.astype(int)
    a, b = x - i, y - j
    upper, lower = table[i, j] * (1 - b) + table[i, j + 1] * b, table[i + 1, j] * (1 - b) + table[i + 1, j + 1] * b
    return np.asarray(upper * (1 - a) + lower * a)
