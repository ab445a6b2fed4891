"""What customers who are alive will do: worked out at a few frequencies, ages and times, and read off for everybody.

The future of a customer who is alive depends on frequency x and age T alone, smoothly in T, and smoothly on how far one
looks ahead. So it is evaluated at Chebyshev nodes of the age, and of the time ahead, and interpolated: for a million
customers that takes the thousandth part of the work and loses nothing that could be seen.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from cxvalue.foundation.arrays import Floats
from cxvalue.lifetime.families.discounting import DiscountCurve
from cxvalue.lifetime.families.family import Params
from cxvalue.lifetime.models.by_age import AGES, ByAge, interpolation, linear, shortest_scale
from cxvalue.lifetime.models.model import LifetimeModel

if TYPE_CHECKING:
    from datetime import date

SMALLEST = 25_000
"""Histories above which the ages are interpolated, and customers above which totals are not simulated."""

_EXACT = 1e-12


class Living(NamedTuple):
    """A customer alive at each row: purchases over the horizon, discounted and plain, and over 12 months, and P(none)
    within 90 days."""

    worth: Floats
    purchases: Floats
    in_year: Floats
    none_90d: Floats


def path(model: LifetimeModel, future: Params, times: Floats, exact: float = _EXACT) -> Floats:
    """Purchases expected until each of the ascending `times`, a row for each future.

    Many times are interpolated in ln(c + t) with c the smallest parameter that carries time: the nearest singularity of
    the expectation is pi away from there, which says how many nodes leave an error of the size of `exact`. With a regular
    rhythm, or opportunities, nothing is interpolated.
    """
    if not model.family.smooth:
        return model.family.expected(future, times[None, :])
    scale = shortest_scale(model.family, model.values)
    clock = np.log(scale + times)
    half = float(clock.max() - clock.min()) / 2
    nodes = times.size
    if half > 0:
        nodes = math.ceil(math.log(1 / exact) / math.asinh(math.pi / half))
    if nodes >= times.size:
        return model.family.expected(future, times[None, :])
    at, matrix = interpolation(clock, float(clock.min()), float(clock.max()), nodes)
    return linear(model.family.expected(future, (np.exp(at) - scale)[None, :]), matrix)


def living(
    model: LifetimeModel,
    x: Floats,
    age: Floats,
    curve: DiscountCurve,
    *,
    recency: Floats | None = None,
    as_of: date | None = None,
) -> Living:
    """Of customers alive at a frequency and an age; many rows are interpolated between ages.

    With a regular rhythm the `recency` is needed as well, and nothing is interpolated; on a seasonal clock it is `as_of`
    that says how fast the 90 days pass.
    """
    many = x.size > SMALLEST and model.family.smooth
    table = ByAge(x, age, shortest_scale(model.family, model.values), AGES) if many else None
    x_, age_ = (x, age) if table is None else (table.node_x, table.node_age)
    year, ninety = model.time_unit.from_months(12.0), model.time_unit.from_days(90.0)
    if as_of is not None:
        year, ninety = (float(model.ahead(time, as_of)) for time in (year, ninety))
    future = model.family.future(model.values, x_, age_ if recency is None else recency, age_)
    future = tuple(np.broadcast_to(value, x_.shape) for value in future)
    months = path(model, future, curve.ends)
    worth = linear(np.diff(months, axis=1, prepend=0.0), curve.factors[None, :])[:, 0]
    in_year = months[:, 11] if curve.months >= 12 else model.family.expected(future, np.array([[year]]))[:, 0]
    found = worth, months[:, -1], in_year, model.family.none(future, np.full(x_.size, ninety))
    return Living(*(found if table is None else (table(row) for row in found)))
