"""Predictive distributions of value and purchases, per customer and in total, in bounded memory."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from cxvalue.foundation.arrays import Floats
from cxvalue.foundation.intervals import interval_ends
from cxvalue.lifetime.families.discounting import DiscountCurve
from cxvalue.lifetime.families.family import Params
from cxvalue.lifetime.models.model import LifetimeModel
from cxvalue.lifetime.models.spend import SpendModel, Spent

if TYPE_CHECKING:
    from cxvalue.tables.states import PurchaseStates

_CELLS = 500_000
"""Customers x draws held at once; bounds the memory."""


class Predictive(NamedTuple):
    """Bounds per customer; totals of all customers per draw (`purchases_12m` is None when the horizon is shorter)."""

    low: Floats
    high: Floats
    value: Floats
    purchases: Floats
    purchases_12m: Floats | None


@dataclass(frozen=True, slots=True, eq=False)
class Customers:
    """Customers for whom one model holds: what is known of each, with what depends on the history worked out once.

    `x`, `recency` and `age` have an element for each distinct history, in the unit of the model; `which` says which of them
    a customer has, and `spent` what the customer spent.
    """

    model: LifetimeModel
    x: Floats
    recency: Floats
    age: Floats
    which: NDArray[np.intp]
    spent: Spent

    @classmethod
    def of(cls, model: LifetimeModel, states: PurchaseStates, spend: SpendModel) -> Customers:
        """The customers of per-customer states."""
        rows, which = states.histories
        return cls(model, *model.history_of(states.take(rows)), which, spend.known(states))

    @property
    def in_days(self) -> Customers:
        """The same customers, the recency as `counted_in_days` has it."""
        return replace(self, recency=counted_in_days(self.model, self.x, self.recency, self.age))

    @property
    def alive(self) -> Floats:
        """P(alive) of each distinct history."""
        return self.model.family.alive(self.model.values, self.x, self.recency, self.age)


def counted_in_days(model: LifetimeModel, x: Floats, recency: Floats, age: Floats) -> Floats:
    """Recency as what will really come in needs it, where purchases are counted in days and the models in moments.

    A day with a purchase hides any further purchase of that day. At rate lambda a day it has probability 1 - exp(-lambda),
    which is lambda exp(-lambda / 2) but for terms of the third order: x such days in T leave the likelihood
    lambda^x exp(-lambda (T - x / 2)), as if each had taken up half a day. So the odds of being dead hold
    (alpha + T - h) / (alpha + t_x - h) with h half of the days bought on, where the model has (alpha + T) / (alpha + t_x).
    Returned is the recency that gives the model the former; ages, rates and the published P(alive) stay as they are. Not
    for a regular rhythm, in which two purchases hardly ever fall on one day, nor for opportunities, which are no moments.
    """
    if not model.family.dropout or not model.family.smooth:
        return recency
    alpha = model.values[1]
    half = np.minimum(0.5 * x / model.time_unit.days, 0.5 * recency)
    earlier: Floats = recency - half * (age - recency) / (alpha + age - half)
    return earlier


@dataclass(frozen=True, slots=True)
class Draws:
    """How many worlds are drawn, and the level of the intervals; `rng` draws the parameters, `noise` what is chance."""

    n: int
    level: float
    rng: np.random.Generator
    noise: np.random.Generator

    @classmethod
    def of_parts(cls, n: int, level: float, seed: int, parts: int) -> list[Draws]:
        """For each part of the customers: equal generators draw the parameters, which the parts share; what is chance is
        drawn apart."""
        streams = [np.random.default_rng(seed) for _ in range(parts)]
        if parts == 1:
            return [cls(n, level, streams[0], streams[0])]
        return [cls(n, level, rng, np.random.default_rng([seed, part])) for part, rng in enumerate(streams, start=1)]


def simulate(
    customers: Customers, spend: SpendModel, curve: DiscountCurve, margin_rate: float, draws: Draws
) -> Predictive:
    """Simulate every customer's future in each of the worlds."""
    model, which, n, noise = customers.model, customers.which, draws.n, draws.noise
    history = customers.x, customers.recency, customers.age
    parameters = model.draw(n, draws.rng)
    value_of = _SpendDraws(spend, n, draws.rng)
    year = model.time_unit.from_months(12.0)
    low, high = np.zeros(which.size), np.zeros(which.size)
    totals, purchases, in_year = np.zeros(n), np.zeros(n), np.zeros(n)
    tail = (1 - draws.level) / 2
    # Customers with the same history sit together, so that P(alive) is worked out once for all of them.
    order = np.argsort(which, kind="stable")
    for batch in np.array_split(order, max(1, math.ceil(which.size * n / _CELLS))):
        rows, member = np.unique(which[batch], return_inverse=True)
        chance = alive_in_draws(model, parameters, *(column[rows] for column in history))[member.reshape(-1)]
        cell = np.flatnonzero(noise.random(chance.shape, dtype=np.float32) < chance)
        customer, draw = batch[cell // n], cell % n
        own = (column[which[customer]] for column in history)
        drawn = model.family.draw_futures(model.family.future(tuple(parameters[draw].T), *own), curve, year, noise)
        customer, draw, cell = customer[drawn.cell], draw[drawn.cell], cell[drawn.cell]
        worth = margin_rate * drawn.worth * value_of(drawn.purchases, customers.spent, customer, draw, noise)
        totals += np.bincount(draw, worth, n)
        purchases += np.bincount(draw, drawn.purchases, n)
        in_year += np.bincount(draw, drawn.early, n)
        table = np.zeros(chance.shape)
        table.reshape(-1)[cell] = worth
        often = np.flatnonzero(np.bincount(cell // n, minlength=batch.size) > tail * n - 1)
        low[batch[often]], high[batch[often]] = interval_ends(table[often], draws.level, axis=1)
    return Predictive(low, high, totals, purchases, in_year if curve.horizon >= year * (1 - 1e-9) else None)


class _SpendDraws:
    """Revenue of a number of purchases of a customer, with the spend parameters of each draw."""

    def __init__(self, spend: SpendModel, draws: int, rng: np.random.Generator) -> None:
        self.spend = spend
        self.share = None if spend.pays is None else spend.pays.draw(draws, rng)
        if spend.usable:
            self.p, self.q, self.gamma = spend.draw(draws, rng).T
        else:
            error = spend.mean_se if math.isfinite(spend.mean_se) else 0.0
            self.mean = spend.mean + error * rng.standard_normal(draws)

    def __call__(
        self,
        purchases: Floats,
        spent: Spent,
        customer: NDArray[np.intp],
        draw: NDArray[np.intp],
        rng: np.random.Generator,
    ) -> Floats:
        if self.spend.pays is not None and self.share is not None:
            trials, paid = spent.trials[customer], spent.paid[customer]
            pays = self.share[draw] * self.spend.pays.size + paid
            chance = rng.beta(pays, self.spend.pays.size + trials - pays)
            purchases = rng.binomial(purchases.astype(np.int64), chance).astype(float)
        x, mean_spend = spent.x[customer], spent.mean[customer]
        if not self.spend.usable:
            shape = 1 / max(self.spend.variation, 1e-6) ** 2
            return purchases * self.mean[draw] * rng.standard_gamma(shape, purchases.size) / shape
        p = self.p[draw]
        scale = rng.standard_gamma(self.q[draw] + p * x) / (self.gamma[draw] + x * mean_spend)
        return rng.standard_gamma(p * purchases) / scale


def alive_in_draws(model: LifetimeModel, parameters: Floats, x: Floats, recency: Floats, age: Floats) -> Floats:
    """P(alive) of each history (rows) at each draw of the parameters (columns).

    Where one value takes an integral (Pareto/NBD), the log-odds are expanded to second order along the principal
    axes of the parameters' uncertainty.
    """
    if not model.family.dropout:
        return np.ones((x.size, len(parameters)))
    rows = (x[:, None], recency[:, None], age[:, None])
    odds_dead = model.family.log_odds_dead
    if odds_dead is None:
        return model.family.alive(tuple(parameters.T), *rows)
    return expit(-_expanded(model, parameters, lambda at: odds_dead(at, *rows)))


def _expanded(model: LifetimeModel, parameters: Floats, log_odds: Callable[[Params], Floats]) -> Floats:
    """Log-odds of each history at each draw, to second order along the principal axes of the uncertainty."""
    variances, axes = np.linalg.eigh(model.covariance)
    spread = np.sqrt(np.maximum(variances, 0.0))
    centre = np.log(np.array(list(model.params.values())))
    points = [centre, *(centre + sign * s * axis for s, axis in zip(spread, axes.T, strict=True) for sign in (1, -1))]
    odds = log_odds(tuple(np.exp(np.array(points)).T))
    middle, up, down = odds[:, :1], odds[:, 1::2], odds[:, 2::2]
    sure = np.isneginf(middle[:, 0])
    with np.errstate(invalid="ignore"):
        slope, bend = (up - down) / 2, (up + down) / 2 - middle
    slope[sure], bend[sure] = 0.0, 0.0
    z = (np.log(parameters) - centre) @ axes / np.where(spread > 0, spread, 1.0)
    return middle + slope @ z.T + bend @ (z**2).T
