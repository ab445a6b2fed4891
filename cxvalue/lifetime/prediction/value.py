"""What every customer is still worth: margin over a stated horizon, discounted, with predictive intervals.

The value of a customer is margin rate x E[spend | x, m] x the sum over months of the expected purchases of that month
x (1 + annual rate)^(-month / 12); a month has 365.25 / 12 days. The point values are analytic. The intervals are for
what will really come in and are simulated: parameters of the model and of spend are drawn, then the fate of everybody.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cxvalue.foundation.arrays import Floats
from cxvalue.foundation.errors import CxvalueError
from cxvalue.foundation.intervals import Interval, check_level, reach_of
from cxvalue.foundation.progress import working
from cxvalue.foundation.sensible import (
    as_shown,
    check_draws,
    check_horizon,
    check_kind,
    check_rate,
    check_seed,
    is_number,
    plain_number,
)
from cxvalue.foundation.shown import Drawn
from cxvalue.language.catalogue import translate
from cxvalue.lifetime.families.discounting import DiscountCurve
from cxvalue.lifetime.fitting.checked import check_forecast, margin_rate_of
from cxvalue.lifetime.models.by_level import Newcomers, Part, parts
from cxvalue.lifetime.models.model import LifetimeModel
from cxvalue.lifetime.models.spend import SpendModel
from cxvalue.lifetime.prediction.large import can_interpolate, predict
from cxvalue.lifetime.prediction.living import living
from cxvalue.lifetime.prediction.predictive import Customers, Draws, simulate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cxvalue.tables.states import PurchaseStates

RHYTHM_BROKEN_BELOW = 0.05

_FEW = 2_000
"""Customers of a part of a large base up to whom a simulation is quicker."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class CustomerValue(Drawn):
    """The value of a customer base; every array has one element per customer, in the order of the states.

    Attributes:
        cltv, cltv_low, cltv_high: margin still to come over the horizon, discounted: expected value, and the interval
            for what will really come in.
        expected_transactions: purchases expected over the horizon.
        p_alive: P(still a customer); nan throughout when `withheld` says why.
        p_return_90d: P(a purchase within 90 days).
        rhythm_broken: the present silence had a probability below 5%, were the customer alive.
        equity: the sum of cltv; interval for what will really come in.
        expected_purchases, expected_purchases_12m: purchases of all over the horizon and over 12 months; likewise.
        new_customer: margin expected of a customer at the moment of the first purchase, that purchase included, before
            acquisition cost; its interval is for the expectation. nan when the states carry no first margins.
        margin_rate: margin per unit of revenue that turned spend into margin.
        level: of every interval.
        model: name of the model that forecast.
        withheld: why p_alive is withheld, else empty.
    """

    cltv: Floats
    cltv_low: Floats
    cltv_high: Floats
    expected_transactions: Floats
    p_alive: Floats
    p_return_90d: Floats
    rhythm_broken: NDArray[np.bool_]
    equity: Interval
    expected_purchases: Interval
    expected_purchases_12m: Interval
    new_customer: Interval
    margin_rate: float
    horizon_months: int
    annual_discount_rate: float
    level: float
    model: str
    withheld: str

    _card = "lifetime_card"

    @property
    def each_mean(self) -> tuple[float, float, float]:
        """The equity an average customer, with its interval."""
        value, low, high = self.equity
        return value / self.cltv.size, low / self.cltv.size, high / self.cltv.size

    @property
    def equity_relative_error(self) -> float:
        """The standard error that the equity's interval would have under a normal, as a share of it; 0 without equity."""
        value, low, high = self.equity
        if value <= 0:
            return 0.0
        return float((high - low) / (2 * reach_of(self.level)) / value)


@working("Valuing the customers")
def customer_value(
    model: LifetimeModel,
    spend: SpendModel,
    states: PurchaseStates,
    *,
    horizon_months: int,
    annual_discount_rate: float,
    margin_rate: float | None = None,
    level: float = 0.95,
    draws: int = 400,
    seed: int = 1,
    withheld: str = "",
) -> CustomerValue:
    """Value every customer of per-customer states.

    Args:
        model: a sound model; for customers without an identifiable dropout pass the one without (`model.fallback`), and
            the reason as `withheld`.
        spend: the spend model.
        states: one state per customer, with mean spend.
        horizon_months: whole months of 365.25 / 12 days.
        annual_discount_rate: effective annual rate, 0.12 for 12%.
        margin_rate: margin per unit of revenue; by default total margin / total revenue of the states.
        level: of every interval.
        draws: simulated futures; the bounds of `level` 0.95 need a few hundred.
        seed: equal seeds give equal results.

    Raises:
        CxvalueError: grouped states, a degenerate model, or a horizon, rate, level or margin that makes no sense.
    """
    check_kind("spend", spend, SpendModel, "fit_spend(states)")
    check_forecast(model, states, "customer_value", withheld=True)
    horizon_months, annual_discount_rate = check_horizon(horizon_months), check_rate(annual_discount_rate)
    level, draws, seed = check_level(level), check_draws(draws), check_seed(seed)
    rate = _margin_rate(states, margin_rate)
    curve = model.curve(annual_discount_rate, horizon_months, states.as_of)
    divided, customers = parts(model, states), len(states)
    large = can_interpolate(customers, spend, divided[0].model)
    streams = Draws.of_parts(draws, level, seed, len(divided))
    valued = [
        _valued(part, spend, large and (len(divided) == 1 or len(part.states) > _FEW), curve, rate, own)
        for part, own in zip(divided, streams, strict=True)
    ]
    if len(divided) > 1:
        streams[0] = replace(streams[0], rng=np.random.default_rng([seed, len(divided) + 1]))

    found, hidden = _put_together(divided, valued), model.p_alive_withheld
    return CustomerValue(
        cltv=found.cltv,
        cltv_low=found.low,
        cltv_high=found.high,
        expected_transactions=found.purchases,
        p_alive=np.full(customers, math.nan) if hidden else found.alive,
        p_return_90d=found.back,
        rhythm_broken=found.silence < RHYTHM_BROKEN_BELOW,
        equity=Interval.around(float(found.cltv.sum()), found.value_draws, level),
        expected_purchases=Interval.around(float(found.purchases.sum()), found.purchase_draws, level),
        expected_purchases_12m=Interval.around(found.in_year, found.year_draws, level),
        new_customer=_new_customer(model, spend, states, curve, rate, streams[0]),
        margin_rate=rate,
        horizon_months=horizon_months,
        annual_discount_rate=annual_discount_rate,
        level=level,
        model=model.name,
        withheld=(withheld or translate("P(alive) is withheld: the {model} has no dropout.", model=model.family.title))
        if hidden
        else "",
    )


class _Valued(NamedTuple):
    """Customers valued by one model: an array with an element for each of them, and draws of totals over them."""

    cltv: Floats
    low: Floats
    high: Floats
    purchases: Floats
    alive: Floats
    back: Floats
    silence: Floats
    in_year: float
    value_draws: Floats
    purchase_draws: Floats
    year_draws: Floats


def _valued(part: Part, spend: SpendModel, large: bool, curve: DiscountCurve, rate: float, draws: Draws) -> _Valued:
    """Value customers for whom one model holds."""
    model, states = part.model, part.states
    customers = Customers.of(model, states, spend)
    x, recency, age, which = customers.x, customers.recency, customers.age, customers.which
    alive = customers.alive
    ahead = living(model, x, age, curve, recency=recency, as_of=states.as_of)
    worth, purchases = alive * ahead.worth, alive * ahead.purchases
    in_days = customers.in_days
    bought = (
        predict(in_days, spend, curve, rate, draws, ahead) if large else simulate(in_days, spend, curve, rate, draws)
    )
    year = bought.purchases_12m
    if year is None:
        # A horizon shorter than 12 months is simulated again to their end.
        again = predict if large else simulate
        year = again(in_days, spend, model.curve(0.0, 12, states.as_of), 1.0, draws).purchases
    silence = model.family.silence(model.values, x, recency, age)
    cltv = spend.expected_of(customers.spent)
    cltv *= rate * worth[which]
    return _Valued(
        cltv=cltv,
        low=bought.low,
        high=bought.high,
        purchases=purchases[which],
        alive=alive[which],
        back=(alive * (1 - ahead.none_90d))[which],
        silence=silence[which],
        in_year=float((alive * ahead.in_year)[which].sum()),
        value_draws=bought.value,
        purchase_draws=bought.purchases,
        year_draws=year,
    )


def _put_together(divided: Sequence[Part], valued: Sequence[_Valued]) -> _Valued:
    """The customers of all parts, each in their own place, and the totals over them."""
    if len(valued) == 1:
        return valued[0]
    places = np.argsort(np.concatenate([part.rows for part in divided]))
    columns: list[Any] = list(zip(*valued, strict=True))
    first_total = _Valued._fields.index("in_year")
    of_each: list[Any] = [np.concatenate(one)[places] for one in columns[:first_total]]
    return _Valued(*of_each, *(sum(one) for one in columns[first_total:]))


def _margin_rate(states: PurchaseStates, margin_rate: float | None) -> float:
    """The margin rate that was given or is that of the states; raises `CxvalueError` where it makes no sense."""
    if margin_rate is not None and not is_number(margin_rate):
        raise CxvalueError(
            "margin_rate == {rate}, must be the margin for each unit of revenue: 0.3 stands for 30%.",
            rate=as_shown(margin_rate),
        )
    rate = margin_rate_of(states, None if margin_rate is None else plain_number(margin_rate))
    if not math.isfinite(rate):
        raise CxvalueError(
            "The margin rate is not known: total margin {margin}, total revenue {revenue}. Pass margin_rate=..., the "
            "margin per unit of revenue.",
            margin=states.total_margin,
            revenue=states.total_revenue,
        )
    return rate


def _new_customer(
    model: LifetimeModel, spend: SpendModel, states: PurchaseStates, curve: DiscountCurve, rate: float, draws: Draws
) -> Interval:
    """First margin + margin rate x population mean spend x discounted expected purchases; interval of the mean."""
    mix = Newcomers.of(model, states)

    def discounted(path: Floats) -> Floats:
        return np.diff(path, axis=1, prepend=0.0) @ curve.factors

    value = states.first_margin_mean + rate * spend.population_mean() * float(discounted(mix.expected(curve.ends))[0])
    if not math.isfinite(value):
        return Interval(math.nan, math.nan, math.nan)
    n, rng = draws.n, draws.rng
    means = spend.draw_population_mean(n, rng)
    spread = states.first_margin_se if math.isfinite(states.first_margin_se) else 0.0
    first = states.first_margin_mean + spread * rng.standard_normal(n)
    return Interval.around(value, first + rate * means * discounted(mix.drawn(curve.ends, n, rng)), draws.level)
