"""What may really come in: futures of customers drawn from a model, dropout, purchases, spend and discount together.

Each column of a simulation is one possible world with its own parameters, so that customers of one column share what
is unknown about the parameters while their fates are independent.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from cxvalue.lifetime.families.bgbb_family import PERIODIC
from cxvalue.lifetime.families.family import Floats, Params
from cxvalue.lifetime.families.regular_family import FIRST
from cxvalue.lifetime.models.discounting import DiscountCurve

__all__ = ["FutureDraw", "draw_futures"]


@dataclass(frozen=True, slots=True)
class FutureDraw:
    """Purchases of customers who are alive: `cell` is the flat index of those with at least one purchase, `purchases`
    their number, `worth` the mean discount factor of them and `early` how many come before the given time."""

    cell: NDArray[np.intp]
    purchases: Floats
    worth: Floats
    early: Floats


def draw_futures(kind: str, future: Params, curve: DiscountCurve, early: float, rng: np.random.Generator) -> FutureDraw:
    """Draw purchases over the horizon for customers alive now, one per element of the parameters of their future.

    `kind` is the name of the model; the parameters are those of `Family.posterior`, flat arrays of equal length.
    `early` is the time before which purchases are counted apart.
    """
    if kind in FIRST:
        return _rhythmic(future, curve, early, rng)
    if kind in PERIODIC:
        return _by_opportunity(future, curve, early, rng)
    r, alpha = future[:2]
    exposure: Floats | float = curve.horizon
    if kind == "pareto_nbd":
        s, beta = future[2:]
        with np.errstate(over="ignore"):
            exposure = np.minimum(beta * np.expm1(rng.standard_exponential(r.size) / s), curve.horizon)
    bought = rng.poisson(rng.standard_gamma(r) * (exposure / alpha))
    cell = np.flatnonzero(bought)
    number = bought[cell]
    end = np.broadcast_to(exposure, r.shape)[cell]
    if kind in ("nbd", "pareto_nbd"):
        worth = curve.mean_until(end)
        soon = _before(number, end, early, rng)
        return FutureDraw(cell, number.astype(float), worth, soon.astype(float))
    return _geometric_dropout(cell, number, future[2][cell], future[3][cell], curve, early, rng)


def _before(number: NDArray[np.int64], end: Floats, early: float, rng: np.random.Generator) -> NDArray[np.int64]:
    """How many of `number` uniform times in (0, end) come before `early`."""
    if not end.size or end.max() <= early:
        return number
    return rng.binomial(number, np.minimum(early / np.maximum(end, 1e-300), 1.0))


def _geometric_dropout(
    cell: NDArray[np.intp],
    number: NDArray[np.int64],
    a: Floats,
    b: Floats,
    curve: DiscountCurve,
    early: float,
    rng: np.random.Generator,
) -> FutureDraw:
    """Cut potential purchases short at the one after which the customer leaves.

    The purchases are a Poisson sample of the horizon, so the k-th of N comes at the k-th order statistic of N uniforms
    and those before it are uniform below it.
    """
    p = rng.beta(a, b)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        last = np.maximum(np.ceil(np.log1p(-rng.random(p.size)) / np.log1p(-p)), 1.0)
    leaving = np.flatnonzero(last <= number)
    k, n = last[leaving].astype(np.int64), number[leaving]
    end = rng.beta(k, n + 1 - k) * curve.horizon

    free, until = number.copy(), np.full(number.size, curve.horizon)
    free[leaving], until[leaving] = k - 1, end
    soon = _before(free, until, early, rng).astype(float)
    soon[leaving] += end <= early
    worth = np.full(number.size, curve.mean if curve.own_ends else float(curve.factors.mean()))
    worth[leaving] = ((k - 1) * curve.mean_until(end) + curve.at(end)) / k
    purchases = number.astype(float)
    purchases[leaving] = k
    return FutureDraw(cell, purchases, worth, soon)


def _rhythmic(future: Params, curve: DiscountCurve, early: float, rng: np.random.Generator) -> FutureDraw:
    """Purchases one after the other, at every k-th event of the customer's own rate, until the customer leaves."""
    r, alpha, a, b = future[:4]
    shares, k = np.cumsum(future[4:], axis=0), len(future) - 4
    passed = (rng.random(r.size) > shares[:-1]).sum(axis=0).astype(float)
    scale = alpha / rng.standard_gamma(r + passed)
    time = rng.standard_gamma(k - passed) * scale
    leaves = rng.beta(a, b)
    purchases, worth, soon = np.zeros(r.size), np.zeros(r.size), np.zeros(r.size)
    going = np.flatnonzero(time <= curve.horizon)
    while going.size:
        purchases[going] += 1
        worth[going] += curve.at(time[going])
        soon[going] += time[going] <= early
        going = going[rng.random(going.size) >= leaves[going]]
        time[going] += rng.standard_gamma(float(k), going.size) * scale[going]
        going = going[time[going] <= curve.horizon]
    cell = np.flatnonzero(purchases)
    return FutureDraw(cell, purchases[cell], worth[cell] / purchases[cell], soon[cell])


def _by_opportunity(future: Params, curve: DiscountCurve, early: float, rng: np.random.Generator) -> FutureDraw:
    """Opportunities until the customer leaves, each taken with the customer's own probability.

    They are drawn in stretches between which nothing but leaving makes a difference: before and after `early`, and the
    last one that the horizon cuts. Those taken in a stretch lie evenly over what of it the customer stays for.
    """
    alpha, beta = future[:2]
    chance = rng.beta(alpha, beta)
    # Twelve months in quarters are 4 of them, whatever the last digit says.
    horizon, early = round(curve.horizon, 9), round(early, 9)
    most = math.ceil(horizon)
    stays = np.full(alpha.size, most)
    if len(future) > 2:
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            passed = np.log1p(-rng.random(alpha.size)) / np.log1p(-rng.beta(future[2], future[3]))
        stays = np.where(passed < most, np.floor(passed), most).astype(np.int64)
    edges = {0, math.floor(early), math.ceil(early), math.floor(horizon), most}
    ends = sorted(edge for edge in edges if edge <= most)
    purchases, worth, soon = np.zeros(alpha.size), np.zeros(alpha.size), np.zeros(alpha.size)
    for low, high in pairwise(ends):
        lived = np.clip(stays - low, 0, high - low)
        there = np.flatnonzero(lived)
        taken = rng.binomial(lived[there], chance[there])
        inside = min((horizon - low) / (high - low), 1.0)
        if inside < 1:
            taken = rng.binomial(taken, inside)
        until = np.minimum(low + lived[there], horizon)
        summed = until * curve.mean_until(until) - low * curve.mean_until(np.array(float(low)))
        purchases[there] += taken
        worth[there] += taken * summed / (until - low)
        sooner = min(max((early - low) / (high - low) / inside, 0.0), 1.0)
        soon[there] += taken if sooner == 1 else rng.binomial(taken, sooner)
    cell = np.flatnonzero(purchases)
    return FutureDraw(cell, purchases[cell], worth[cell] / purchases[cell], soon[cell])
