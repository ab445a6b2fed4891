"""Intervals for large customer bases, where a simulation of everybody would take minutes.

Three facts make it cheap. What a customer who is alive will do depends on frequency x and age T alone, smoothly in T,
so it is worked out at a few ages and interpolated. What Gamma-Gamma says about a customer's spend enters as a mere
factor gamma + x m. And a total of many independent customers has a distribution that mean, variance and skewness
describe: these are summed up exactly, while the uncertainty of the parameters is carried by its principal axes.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr, ndtri

from cxvalue.foundation.arrays import Floats
from cxvalue.lifetime.families.discounting import DiscountCurve
from cxvalue.lifetime.models.by_age import AGES, ByAge, shortest_scale
from cxvalue.lifetime.models.model import LifetimeModel
from cxvalue.lifetime.models.spend import SpendModel, Spent
from cxvalue.lifetime.prediction.living import SMALLEST, Living, living, path
from cxvalue.lifetime.prediction.predictive import Customers, Draws, Predictive

_TABLE_AGES = 6
_POINT_AGES = 10
_FATES = 6_000
_LEVELS = 40
_SAMPLE = 20_000
_ROWS = 50_000
"""Histories whose quantiles are read at once: what that takes is not held for all of them."""


def can_interpolate(customers: int, spend: SpendModel, model: LifetimeModel | None = None) -> bool:
    """Whether the methods here apply: many customers, a model to interpolate, and a spend with a third moment (q > 3).

    Where some purchases bring no money, what a customer's own share of them does to the spread is simulated.
    """
    smooth = (model is None or model.family.smooth) and spend.pays is None
    return smooth and customers > SMALLEST and (not spend.usable or spend.params["q"] > 3.0)


class _Fates(NamedTuple):
    """Of a customer alive at a frequency and an age (rows): moments of what comes in, and its quantiles if any does.

    `unit` is per unit of the customer's factor of spend and margin; `quantiles` are logarithms at the levels ndtri^-1.
    """

    unit: Floats
    purchases: Floats
    early: Floats
    quantiles: Floats


def _levels(level: float) -> Floats:
    """Normal scores of the levels at which quantiles are kept, for intervals of a level."""
    scores: Floats = np.linspace(ndtri(1e-3), ndtri(1 - (1 - level) / 2), _LEVELS)
    return scores


def _fates(
    customers: Customers, spend: SpendModel, x: Floats, age: Floats, curve: DiscountCurve, typical: float, draws: Draws
) -> _Fates:
    """Simulate customers who are alive at a few frequencies and ages, each with its own draw of the parameters."""
    model, rng = customers.model, draws.noise
    year = min(model.time_unit.from_months(12.0), curve.horizon)
    levels = np.exp(log_ndtr(_levels(draws.level)))
    unit, bought, early = np.empty((x.size, 3)), np.empty((x.size, 2)), np.empty((x.size, 2))
    quantiles = np.empty((x.size, levels.size))
    for row in range(x.size):
        parameters = tuple(model.draw(_FATES, rng).T)
        future = model.family.posterior(parameters, x[row], age[row])
        flat = tuple(np.broadcast_to(value, (_FATES,)) for value in future)
        drawn = model.family.draw_futures(flat, curve, year, rng)
        n, worth = drawn.purchases, drawn.worth
        bought[row] = n.sum() / _FATES, (n**2).sum() / _FATES
        early[row] = drawn.early.sum() / _FATES, (drawn.early**2).sum() / _FATES
        moments, value = _spend_of(spend, x[row], n, typical, rng)
        unit[row] = [(worth**k * moment).sum() / _FATES for k, moment in zip((1, 2, 3), moments, strict=True)]
        come = worth * value
        quantiles[row] = np.log(np.quantile(come, levels)) if come.size > 20 else -np.inf
    return _Fates(unit, bought, early, quantiles)


def _spend_of(
    spend: SpendModel, x: float, n: Floats, typical: float, rng: np.random.Generator
) -> tuple[tuple[Floats, Floats, Floats], Floats]:
    """First three moments of n purchases' revenue per unit of the customer's factor, and a draw of it."""
    if not spend.usable:
        shape = 1 / max(spend.variation, 1e-6) ** 2
        rates = (n, n**2 * (1 + 1 / shape), n**3 * (1 + 1 / shape) * (1 + 2 / shape))
        error = spend.mean_se / spend.mean if math.isfinite(spend.mean_se) else 0.0
        return rates, n * (1 + error * rng.standard_normal(n.size)) * rng.standard_gamma(shape, n.size) / shape
    p, q, gamma = (spend.params[name] for name in ("p", "q", "gamma"))
    rest, many = q + p * x, p * n
    first = many / (rest - 1)
    second = first * (many + 1) / (rest - 2)
    third = second * (many + 2) / (rest - 3)
    p_, q_, gamma_ = spend.draw(n.size, rng).T
    factor = (gamma_ + x * typical) / (gamma + x * typical)
    return (first, second, third), factor * rng.standard_gamma(p_ * n) / rng.standard_gamma(q_ + p_ * x)


def predict(
    customers: Customers,
    spend: SpendModel,
    curve: DiscountCurve,
    margin_rate: float,
    draws: Draws,
    known: Living | None = None,
) -> Predictive:
    """Bounds per customer and draws of the totals.

    `known` is what the living will do, a row each distinct history, where it has been worked out already.
    """
    model, which, noise = customers.model, customers.which, draws.noise
    hx, ht = customers.x, customers.age
    alive = customers.alive
    factor, typical = _factor(spend, customers.spent)
    number = np.bincount(which, minlength=hx.size).astype(float)
    sums = [number, *(np.bincount(which, factor**k, hx.size) for k in (1, 2, 3))]

    # A few frequencies and ages; large frequencies are rare and lie between their neighbours.
    distinct = np.unique(hx)
    kept = np.unique(np.round(np.geomspace(1, max(distinct[-1], 1.0), 16)))
    grid = np.unique(np.concatenate([[distinct[0]], kept[(kept >= distinct[0]) & (kept <= distinct[-1])]]))
    clock = shortest_scale(model.family, model.values)
    ages = np.linspace(math.log(clock + ht.min()), math.log(clock + ht.max()), _TABLE_AGES)
    grid_x, grid_age = np.repeat(grid, _TABLE_AGES), np.tile(np.maximum(np.exp(ages) - clock, 0.0), grid.size)
    fates = _fates(customers, spend, grid_x, grid_age, curve, typical, draws)
    place = _Place.of(hx, np.log(clock + ht), grid, ages)

    bounds = _bounds(customers, fates, place, alive, curve, draws.level)
    factor *= margin_rate
    low, high = (factor * bound[which] for bound in bounds)
    del factor, bounds
    if margin_rate < 0:
        low, high = high, low

    known = living(model, hx, ht, curve) if known is None else known
    means = _means(customers, spend, curve, known, draws)

    def chance(weights: list[Floats], moments: Floats) -> Floats:
        return _noise(weights, alive, [place(moment) for moment in moments.T], draws.n, noise)

    weights = [margin_rate**k * s for k, s in zip((1, 2, 3), sums[1:], strict=True)]
    value = margin_rate * means[0] + chance(weights, fates.unit)
    purchases = means[1] + chance([number, number], fates.purchases)
    early = means[2] + chance([number, number], fates.early)
    whole = curve.months >= 12
    return Predictive(low, high, value, purchases, early if whole else None)


def _factor(spend: SpendModel, spent: Spent) -> tuple[Floats, float]:
    """What a customer's own spend multiplies everything by, and the mean spend of repeat customers."""
    if not spend.usable:
        return np.full(spent.mean.size, spend.mean), 0.0
    typical = float(spent.mean.sum() / max(np.count_nonzero(spent.x), 1))
    factor = spent.x * spent.mean
    factor += spend.params["gamma"]
    return factor, typical


class _Place(NamedTuple):
    """Where rows lie in a grid of frequencies and ages; linear between its points."""

    corner: NDArray[np.intp]
    right: Floats
    up: Floats
    width: int

    @classmethod
    def of(cls, x: Floats, clock: Floats, known: Floats, ages: Floats) -> _Place:
        i = np.clip(np.searchsorted(known, x, side="right") - 1, 0, max(known.size - 2, 0))
        span = known[np.minimum(i + 1, known.size - 1)] - known[i]
        up = np.where(span > 0, (x - known[i]) / np.where(span > 0, span, 1.0), 0.0)
        step = (ages[-1] - ages[0]) / (ages.size - 1) or 1.0
        at = np.clip((clock - ages[0]) / step, 0.0, ages.size - 1 - 1e-9)
        j = at.astype(np.intp)
        return cls(i * ages.size + j, at - j, up, ages.size if known.size > 1 else 0)

    def __call__(self, values: Floats) -> Floats:
        c, w = self.corner, self.width
        lower = values[c] * (1 - self.right) + values[c + 1] * self.right
        upper = values[c + w] * (1 - self.right) + values[c + w + 1] * self.right
        result: Floats = lower * (1 - self.up) + upper * self.up
        return result


def _bounds(
    customers: Customers, fates: _Fates, place: _Place, alive: Floats, curve: DiscountCurve, level: float
) -> tuple[Floats, Floats]:
    """Quantiles of what comes in, a distinct history each, per unit of the customer's factor."""
    model, tail = customers.model, (1 - level) / 2
    table = ByAge(customers.x, customers.age, shortest_scale(model.family, model.values), AGES)
    future = model.family.posterior(model.values, table.node_x, table.node_age)
    none = model.family.none(future, np.full(table.node_x.size, curve.horizon))
    some = alive * np.clip(1 - table(none), 0.0, 1.0)
    scores = _levels(level)
    step = scores[1] - scores[0]
    # Among those who buy: the level that leaves as much above it as the level asked for does among all.
    high = _read(fates.quantiles, place, 1 - tail / np.maximum(some, 1e-300), scores, step)
    low = _read(fates.quantiles, place, 1 - (1 - tail) / np.maximum(some, 1e-300), scores, step)
    return low, high


def _read(quantiles: Floats, place: _Place, inside: Floats, scores: Floats, step: float) -> Floats:
    """The quantile at a level among buyers, 0 where that level is below none of them."""
    result = np.zeros(inside.size)
    for start in range(0, inside.size, _ROWS):
        part = slice(start, start + _ROWS)
        rows = _Place(place.corner[part], place.right[part], place.up[part], place.width)
        _read_rows(quantiles, rows, inside[part], scores, step, result[part])
    return result


def _read_rows(quantiles: Floats, place: _Place, inside: Floats, scores: Floats, step: float, result: Floats) -> None:
    """`_read` of some rows, into `result`."""
    hit = np.flatnonzero(inside > 0)
    at = np.clip((ndtri(inside[hit]) - scores[0]) / step, 0.0, scores.size - 1 - 1e-9)
    k = at.astype(np.intp)
    part = at - k
    total = np.zeros(hit.size)
    right, up = place.right[hit], place.up[hit]
    for shift, weight in (
        (0, (1 - right) * (1 - up)),
        (1, right * (1 - up)),
        (place.width, (1 - right) * up),
        (place.width + 1, right * up),
    ):
        row = place.corner[hit] + shift
        total += weight * (quantiles[row, k] * (1 - part) + quantiles[row, k + 1] * part)
    result[hit] = np.exp(total)


def _noise(weights: list[Floats], alive: Floats, moments: list[Floats], draws: int, rng: np.random.Generator) -> Floats:
    """Draws of chance in a total around its mean: a shifted gamma with the summed variance and skewness.

    `weights` are sums over the customers of a history of powers 1, 2, 3 of what multiplies their outcome; without a
    third moment the total is taken as normal.
    """
    second = weights[1] if len(moments) == 3 else weights[0]
    mean = alive * moments[0]
    variance = float((second * np.maximum(alive * moments[1] - mean**2, 0.0)).sum())
    skew = 0.0
    if len(moments) == 3 and variance > 0:
        central = alive * moments[2] - 3 * alive * moments[1] * mean + 2 * mean**3
        skew = float((weights[2] * central).sum()) / variance**1.5
    spread = math.sqrt(variance)
    if abs(skew) < 1e-3:
        return spread * rng.standard_normal(draws)
    shape = 4 / skew**2
    return math.copysign(spread, skew) * (rng.standard_gamma(shape, draws) - shape) / math.sqrt(shape)


def _means(
    customers: Customers, spend: SpendModel, curve: DiscountCurve, known: Living, draws: Draws
) -> tuple[Floats, Floats, Floats]:
    """Draws of the expected totals (revenue, purchases, purchases of a year) from the uncertainty of all parameters.

    For each frequency the logarithm of its total is expanded to second order along the principal axes of the model's
    uncertainty; the changes are taken from a spread-out sample of the histories, the centre from all of them.
    """
    model, n, rng = customers.model, draws.n, draws.rng
    hx, hr, ht = customers.x, customers.recency, customers.age
    number = np.bincount(customers.which, minlength=hx.size).astype(float)
    spent = np.bincount(customers.which, customers.spent.mean, hx.size)
    values, of = np.unique(hx, return_inverse=True)
    of = of.reshape(-1)
    pick = np.arange(0, hx.size, max(1, hx.size // _SAMPLE))
    steps = model.directions
    centre = np.log(np.array(list(model.params.values())))
    points = [centre, *(centre + sign * step for step in steps for sign in (1, -1))]

    def added_up(rows: NDArray[np.intp] | slice, alive: Floats, ahead: tuple[Floats, Floats, Floats]) -> Floats:
        worth, whole, early = (alive * column for column in ahead)
        many = number[rows]
        parts = many * worth, spent[rows] * worth, many * whole, many * early
        return np.array([np.bincount(of[rows], part, values.size) for part in parts])

    def totals(point: Floats) -> Floats:
        at = model.with_params(np.exp(point))
        table = ByAge(hx[pick], ht[pick], shortest_scale(at.family, at.values), _POINT_AGES)
        future = at.family.posterior(at.values, table.node_x, table.node_age)
        months = path(at, future, curve.ends, 1e-7)
        year = months[:, min(12, curve.months) - 1]
        ahead = table(np.einsum("ij,j->i", np.diff(months, axis=1, prepend=0.0), curve.factors)), table(months[:, -1])
        alive = at.family.alive(at.values, hx[pick], hr[pick], ht[pick])
        return added_up(pick, alive, (*ahead, table(year)))

    early = known.in_year if curve.months >= 12 else known.purchases
    whole = added_up(slice(None), customers.alive, (known.worth, known.purchases, early))
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(np.array([totals(point) for point in points]))
        up, down, middle = logs[1::2], logs[2::2], logs[0]
        slope = np.nan_to_num((up - down) / 2, posinf=0.0, neginf=0.0)
        bend = np.nan_to_num((up + down) / 2 - middle, posinf=0.0, neginf=0.0)
    z = rng.standard_normal((n, len(steps)))
    change = np.tensordot(z, slope, 1) + np.tensordot(z**2, bend, 1)
    drawn = whole * np.exp(change)
    if spend.usable:
        p, q, gamma = spend.draw(n, rng).T
        p, q, gamma = p[:, None], q[:, None], gamma[:, None]
        revenue = (p / (p * values + q - 1) * (gamma * drawn[:, 0] + values * drawn[:, 1])).sum(axis=1)
    else:
        error = spend.mean_se if math.isfinite(spend.mean_se) else 0.0
        revenue = (spend.mean + error * rng.standard_normal(n)) * drawn[:, 0].sum(axis=1)
    return revenue, drawn[:, 2].sum(axis=1), drawn[:, 3].sum(axis=1)
