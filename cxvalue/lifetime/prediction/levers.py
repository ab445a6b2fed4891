"""What a little more is worth: of staying, of buying, of margin; and what is lost when the market takes purchases away.

Each lever changes one thing for the customers of today and values them again, over the same horizon:

- *one point of retention*: the dropout of every customer (the probability after each purchase, or the rate) is scaled
  by one common factor, such that of the customers who are still there today one in a hundred more is still there in
  12 months;
- *one more purchase a year*: the pace of every active customer is scaled by one common factor, such that their mean
  pace while they stay rises by one purchase a year. Where a customer may leave after each purchase (BG/NBD, MBG/NBD)
  buying faster also brings that moment nearer;
- *one more unit of margin* on every purchase to come;
- *erosion*: everybody's pace falls evenly by a share a year for two years and then stays where it is.

Scaling all dropout by k turns the expected purchases E[X(t)] into E[X(k t)] / k in every model without a regular rhythm,
and survival S(t) into S(k t); with a rhythm that does not hold, and the lever is withheld. Scaling the pace by c turns
them into E[X(c t)] where dropout runs on purchases, and into c E[X(t)] where it runs on time. Where opportunities
come once a period nobody can take more than all of them, and the retention lever is withheld.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import BarycentricInterpolator
from scipy.optimize import brentq
from scipy.special import expit, logit

from cxvalue.foundation.arrays import Floats
from cxvalue.foundation.chance import principal_steps
from cxvalue.foundation.errors import CxvalueError
from cxvalue.foundation.intervals import Interval, interval_ends
from cxvalue.foundation.progress import working
from cxvalue.language.catalogue import translate, translate_count
from cxvalue.lifetime.families.discounting import DiscountCurve
from cxvalue.lifetime.families.family import Family, Params
from cxvalue.lifetime.fitting.checked import check_forecast, margin_rate_of
from cxvalue.lifetime.models.by_age import FewFutures
from cxvalue.lifetime.models.by_level import CovariateModel, parts
from cxvalue.lifetime.models.model import LifetimeModel
from cxvalue.lifetime.models.spend import SpendModel

if TYPE_CHECKING:
    from cxvalue.tables.states import PurchaseStates

EROSION = (0.05, 0.10, 0.20)
EROSION_YEARS = 2.0

POINT = 0.01
_NODES, _ROUGH_NODES = 14, 7
"""Points through which a path over the horizon is drawn: exact to 1e-8 or better, and to 1e-6 for intervals."""

_AGES, _ROUGH_AGES = 24, 12
"""Ages at which the futures of many customers are worked out, for the values and for their intervals."""

_FULLEST = 0.95
"""Share of all opportunities beyond which it is not worked out what one more purchase a year would bring."""

_OFTENER = 3
"""Times as many where purchases have a rhythm, which shows in the path."""


def lasting(horizon_months: int) -> str:
    """How long an erosion lasts within a horizon, in words.

    >>> lasting(36), lasting(12)
    ('2 years', '12 months')
    """
    if horizon_months < 12 * EROSION_YEARS:
        return translate_count("{count} month", "{count} months", horizon_months)
    return translate_count("{count} year", "{count} years", round(EROSION_YEARS))


@dataclass(frozen=True, slots=True)
class Lever:
    """One change and what it is worth in total, over the horizon, discounted.

    `name` is retention, purchase, margin or erosion; `change` is its size (0.01 of retention, 1 purchase a year, 1
    unit of money, 0.05 of the pace a year); `before` and `after` are what it moves (12-month retention, purchases a
    year; nan where there is nothing to say). `gain` is negative for a loss, and its interval is for the expectation:
    what is unknown about the parameters. `withheld` is the reason why there is no gain (then nan), else it is empty.
    """

    name: str
    change: float
    gain: Interval
    before: float = math.nan
    after: float = math.nan
    withheld: str = ""


@dataclass(frozen=True, slots=True)
class ValueLevers:
    """All levers of a customer base; `equity` is the value that they change, with the interval of its expectation."""

    equity: Interval
    levers: tuple[Lever, ...]
    active: int
    horizon_months: int
    annual_discount_rate: float
    level: float
    model: str


@working("Valuing the customers again with one thing changed")
def value_levers(
    model: LifetimeModel,
    spend: SpendModel,
    states: PurchaseStates,
    *,
    dormancy_days: int,
    horizon_months: int,
    annual_discount_rate: float,
    margin_rate: float | None = None,
    level: float = 0.95,
    erosion: Sequence[float] = EROSION,
    draws: int = 4000,
    seed: int = 1,
) -> ValueLevers:
    """Value the levers for per-customer states; customers silent for less than `dormancy_days` are active.

    The values are exact. Their intervals push draws of the parameters through the second-order expansion of each value
    along the principal axes of the parameters' uncertainty.

    Raises:
        CxvalueError: grouped states, a degenerate model, or a margin rate that is not known.
    """
    check_forecast(model, states, "value_levers")
    rate = margin_rate_of(states, margin_rate)
    if not math.isfinite(rate):
        raise CxvalueError("The margin rate is not known. Pass margin_rate=..., the margin per unit of revenue.")
    divided = parts(model, states)
    bases = [_Base.of(part.model, part.states, dormancy_days) for part in divided]
    curve = model.curve(annual_discount_rate, horizon_months, states.as_of)
    spent = spend.known(states)
    centre, turns = np.log(np.array(list(model.params.values()))), _turns(model, states)

    def worth_of(parameters: Floats | None) -> Floats:
        return rate * (spend.expected_of(spent) if parameters is None else spend.expected_at(parameters, spent))

    def outcomes_at(theta: Floats, nodes: int) -> list[_Outcome]:
        each = zip(turns, bases, strict=True)
        return [_scenarios(model.family, np.exp(turn @ theta), base, curve, erosion, nodes) for turn, base in each]

    # One more unit of margin comes with the purchases that pay.
    shares = np.ones(len(states)) if spend.pays is None else spend.pays.given(spent.trials, spent.paid)

    def totals_of(outcomes: list[_Outcome], worth: Floats, share: Floats = shares) -> Floats:
        each = zip(outcomes, bases, divided, strict=True)
        found = [outcome.totals(base, worth[part.rows], share[part.rows]) for outcome, base, part in each]
        # A combination of levels in which nobody is active has nothing to gain from the active.
        idle = [len(bases) > 1 and not base.active.any() for base in bases]
        for gains, nobody in zip(found, idle, strict=True):
            gains[_PURCHASE] = 0.0 if nobody else gains[_PURCHASE]
        return np.sum(found, axis=0)

    normal = worth_of(None)
    outcomes = outcomes_at(centre, _NODES)
    totals, outcome = totals_of(outcomes, normal), _together(outcomes, bases)
    rng = np.random.default_rng(seed)
    steps = model.joint if isinstance(model, CovariateModel) else model.directions
    by_model = _expansion(
        lambda theta: totals_of(outcomes_at(theta, _ROUGH_NODES), normal), totals, centre, steps, draws, rng
    )
    by_spend = _by_spend(spend, lambda values: totals_of(outcomes, worth_of(values)), totals, draws, rng)
    if spend.pays is not None:
        pays = spend.pays

        def by_odds(odds: Floats) -> Floats:
            share = pays.given(spent.trials, spent.paid, float(expit(odds[0])))
            return totals_of(outcomes, normal / shares * share, share)

        by_spend += _expansion(by_odds, totals, np.array([logit(pays.mean)]), np.array([[pays.error]]), draws, rng)
    # The two are independent and multiply: relative changes, so that their product is kept.
    with np.errstate(divide="ignore", invalid="ignore"):
        drawn = totals + by_model + by_spend + np.nan_to_num(by_model * by_spend / totals)
    bounds = np.array(interval_ends(drawn, level))

    def interval(place: int) -> Interval:
        value = float(totals[place])
        if not math.isfinite(value):
            return Interval(math.nan, math.nan, math.nan)
        return Interval.holding(value, *bounds[:, place])

    stay, pace = outcome.retention, outcome.pace
    levers = (
        Lever("retention", POINT, interval(_RETENTION), stay, stay + POINT, _no_retention(model, outcome)),
        Lever("purchase", 1.0, interval(_PURCHASE), pace, pace + 1.0, _no_purchase(len(states), outcome)),
        Lever("margin", 1.0, interval(_MARGIN)),
        *(Lever("erosion", share, interval(_EROSION + place)) for place, share in enumerate(erosion)),
    )
    active = int(sum(base.active.sum() for base in bases))
    return ValueLevers(interval(_EQUITY), levers, active, horizon_months, annual_discount_rate, level, model.name)


# Places in a row of totals.
_EQUITY, _RETENTION, _PURCHASE, _MARGIN, _EROSION = range(5)


def _no_retention(model: LifetimeModel, outcome: _Outcome) -> str:
    if not model.family.dropout:
        return translate("in the {model} nobody ever leaves, so retention cannot rise.", model=model.family.title)
    if model.family.survival is None:
        if model.family.by_period:
            return translate(
                "a point of retention is not available for opportunities that come once a period ({model}).",
                model=model.family.title,
            )
        return translate(
            "a point of retention is not available for a regular rhythm ({model}).", model=model.family.title
        )
    if outcome.scaled > 0:
        return ""
    return translate("retention is {retention:.1%}, there is no point to gain.", retention=outcome.retention)


def _no_purchase(customers: int, outcome: _Outcome) -> str:
    if outcome.full:
        return translate(
            ("the active customers already buy in {pace:.1f} periods of the year, so there is no room for one more."),
            pace=outcome.pace,
        )
    if math.isfinite(outcome.pace):
        return ""
    return translate("none of {customers:,} customers is active.", customers=customers)


def _turns(model: LifetimeModel, states: PurchaseStates) -> list[Floats]:
    """For each part of the customers the matrix from the log-parameters of the whole to its own."""
    if not isinstance(model, CovariateModel):
        return [np.eye(len(model.params))]
    turns = model.turns
    return [turns[number] for number in np.unique(model.number_of(states))]


def _together(outcomes: list[_Outcome], bases: list[_Base]) -> _Outcome:
    """What the levers move over all parts: each part gains its point and its purchase, so all of them together do."""
    if len(outcomes) == 1:
        return outcomes[0]
    alive = [float(base.count @ outcome.alive) for outcome, base in zip(outcomes, bases, strict=True)]
    there = [float(base.active @ outcome.alive) for outcome, base in zip(outcomes, bases, strict=True)]
    busy = [(outcome.pace, weight) for outcome, weight in zip(outcomes, there, strict=True) if weight > 0]
    pace = sum(pace * weight for pace, weight in busy) / sum(there) if busy else math.nan
    stay = sum(one.retention * weight for one, weight in zip(outcomes, alive, strict=True)) / sum(alive)
    return replace(outcomes[0], retention=stay, scaled=min(one.scaled for one in outcomes), pace=pace)


@dataclass(frozen=True, slots=True)
class _Base:
    """Customers by distinct history, and histories by distinct (x, T) or future, in the unit of time of the model.

    `is_active` is 1 for each customer who is active, `active` and `count` are the customers of each history.
    """

    x: Floats
    recency: Floats
    age: Floats
    is_active: Floats
    active: Floats
    count: Floats
    pair: NDArray[np.intp]
    first: NDArray[np.intp]
    which: NDArray[np.intp]
    per_year: float

    @classmethod
    def of(cls, model: LifetimeModel, states: PurchaseStates, dormancy_days: int) -> _Base:
        columns = [np.asarray(c, np.int64) for c in (states.frequency, states.recency_days, states.age_days)]
        spans = [int(column.max(initial=0)) + 1 for column in columns]
        key = (columns[0] * spans[1] + columns[1]) * spans[2] + columns[2]
        _, rows, which = np.unique(key, return_index=True, return_inverse=True)
        which = which.reshape(-1)
        x, recency, age = (column[rows] for column in columns)
        first, pair = model.family.rows(x, recency, age)
        count = np.bincount(which, minlength=rows.size).astype(float)
        is_active = np.asarray(states.days_silent < dormancy_days, dtype=float)
        own_x, own_recency, own_age = (column[rows] for column in model.history_of(states))
        return cls(
            x=own_x,
            recency=own_recency,
            age=own_age,
            is_active=is_active,
            active=np.bincount(which, is_active, rows.size).astype(np.float64),
            count=count,
            pair=pair,
            first=first,
            which=which,
            per_year=model.time_unit.per_year,
        )


@dataclass(frozen=True, slots=True)
class _Outcome:
    """P(alive) of each history, discounted purchases of each (x, T) in each scenario, and what the levers move."""

    alive: Floats
    purchases: Floats
    retention: float
    scaled: float
    pace: float
    full: bool = False

    def totals(self, base: _Base, worth: Floats, share: Floats) -> Floats:
        """Equity and the gain of each lever; `worth` is the margin of a purchase of each customer, `share` P(it pays)."""
        money = np.bincount(base.which, worth, base.x.size) * self.alive
        active = np.bincount(base.which, worth * base.is_active, base.x.size) * self.alive
        pairs = base.first.size
        everybody, those = (np.bincount(base.pair, w, pairs) for w in (money, active))
        heads = np.bincount(base.pair, np.bincount(base.which, share, base.x.size) * self.alive, pairs)
        plain, stay, more, *eroded = self.purchases
        gains = [everybody @ plain, everybody @ (stay - plain), those @ (more - plain), heads @ plain]
        return np.array([*gains, *(everybody @ (path - plain) for path in eroded)])


def _scenarios(
    family: Family,
    parameters: Floats,
    base: _Base,
    curve: DiscountCurve,
    erosion: Sequence[float],
    nodes: int = _NODES,
) -> _Outcome:
    values: Params = tuple(np.array([value]) for value in parameters)
    alive = family.alive(values, base.x, base.recency, base.age)
    x, recency, age = (column[base.first] for column in (base.x, base.recency, base.age))
    few = FewFutures.of(family, values, x, age, recency, nodes=_AGES if nodes == _NODES else _ROUGH_AGES)
    heads: Floats = np.bincount(base.pair, base.count * alive, x.size).astype(np.float64)
    there = alive * base.active
    future = tuple(np.broadcast_to(v, x.shape) for v in family.future(values, x, recency, age))
    each = family.pace(future)
    rates = (each * base.per_year)[base.pair]
    pace = float((there @ rates) / there.sum()) if there.sum() > 0 else math.nan
    faster = 1 + 1 / pace if math.isfinite(pace) else 1.0
    full = family.by_period and pace + 1 >= _FULLEST * base.per_year
    retention, slower = math.nan, 0.0
    if family.survival is not None:
        share = _path(partial(family.survival, few.future), future, family, base.per_year, max(nodes - 2, 6))
        retention, slower = _slower_dropout(share, few.weigh(heads), base.per_year)

    # Where dropout runs on purchases, a change of pace is a change of the clock.
    by_purchase = family.at_purchase
    ends = np.concatenate([[0.0], curve.ends])
    middle = (np.arange(curve.months) + 0.5) / 12
    paces = [np.full(curve.months, faster), *((1 - s) ** np.minimum(middle, EROSION_YEARS) for s in erosion)]
    lengths = np.diff(ends)
    clocks = [np.concatenate([[0.0], np.cumsum(pace_ * lengths)]) for pace_ in paces]
    longest = max([curve.horizon, *(float(clock[-1]) for clock in clocks)]) if by_purchase else curve.horizon
    path = _path(lambda times: family.expected(few.future, times[None, :]), future, family, longest, nodes)
    plain = np.diff(path(ends), axis=0)
    stay = np.diff(path(slower * ends), axis=0) / slower if slower > 0 else np.full_like(plain, math.nan)
    changed = [
        np.diff(path(clock), axis=0) if by_purchase else plain * pace_[:, None]
        for clock, pace_ in zip(clocks, paces, strict=True)
    ]
    if not math.isfinite(pace) or full:
        changed[0] = np.full_like(plain, math.nan)
    elif family.by_period:
        weight: Floats = np.bincount(base.pair, there, each.size).astype(np.float64)
        changed[0] = plain * _oftener(each, weight, (pace + 1) / base.per_year)
    purchases = np.array([few.read(curve.factors @ table) for table in (plain, stay, *changed)])
    return _Outcome(alive, purchases, retention, slower, pace, full)


def _oftener(chance: Floats, weight: Floats, mean: float) -> Floats:
    """How much oftener opportunities are taken, all alike up to every one of them, for their mean chance to be `mean`."""

    def scaled(factor: float) -> Floats:
        taken: Floats = np.minimum(factor * chance, 1.0)
        return taken

    least = float(chance[weight > 0].min())
    factor = brentq(lambda one: float(scaled(one) @ weight / weight.sum()) - mean, 0.0, 1 / least, xtol=1e-10)
    return scaled(factor) / chance


def _path(
    values: Callable[[Floats], Floats], future: Params, family: Family, longest: float, nodes: int
) -> Callable[[Floats], Floats]:
    """A function of time for each (x, T) through Chebyshev points in ln(1 + t / shortest scale), where it is smooth."""
    if family.by_period:
        return lambda times: values(times).T
    scale = min(float(future[place].min()) for place in family.timed)
    nodes *= 1 if family.events == 1 else _OFTENER
    points = (1 - np.cos(np.pi * np.arange(nodes) / (nodes - 1))) / 2 * math.log1p(longest / scale)
    # The weights of such points are known; without them they are worked out in a random order, another in every process.
    weights = (-1.0) ** np.arange(nodes)
    weights[[0, -1]] /= 2
    through = BarycentricInterpolator(points, values(scale * np.expm1(points)).T, wi=weights)
    return lambda times: through(np.log1p(times / scale))


def _slower_dropout(share: Callable[[Floats], Floats], heads: Floats, year: float) -> tuple[float, float]:
    """Share of the customers alive today who stay for a year, and the dropout's factor at which it is a point higher.

    `share` are those of each future who stay until a time. The factor is 0 where a point more cannot be had.
    """
    weight = heads / heads.sum()

    def staying(factor: float) -> float:
        return float((share(np.array([factor * year])) @ weight)[0])

    now = staying(1.0)
    if now >= 1 - POINT:
        return now, 0.0
    return now, float(brentq(lambda factor: staying(factor) - now - POINT, 0.0, 1.0, xtol=1e-10))


def _by_spend(
    spend: SpendModel, totals_at: Callable[[Floats], Floats], totals: Floats, draws: int, rng: np.random.Generator
) -> Floats:
    """Changes of totals at draws of what a purchase is worth; `totals_at` are those at parameters of the spend model."""
    if spend.usable:
        mean = np.log(np.array(list(spend.params.values())))
        steps = principal_steps(spend.covariance)
        return _expansion(lambda phi: totals_at(np.exp(phi)), totals, mean, steps, draws, rng)
    changes = np.zeros((draws, totals.size))
    if math.isfinite(spend.mean_se) and spend.mean:
        changes = (spend.mean_se / spend.mean * rng.standard_normal(draws))[:, None] * totals
        changes[:, _MARGIN] = 0.0
    return changes


def _expansion(
    totals: Callable[[Floats], Floats],
    middle: Floats,
    centre: Floats,
    steps: Floats,
    draws: int,
    rng: np.random.Generator,
) -> Floats:
    """Changes of totals at draws of log-parameters, expanded to second order along independent steps (rows).

    `middle` are the totals at the centre.
    """
    change = np.zeros((draws, middle.size))
    for step in steps:
        z = rng.standard_normal(draws)[:, None]
        if step.any():
            up, down = totals(centre + step), totals(centre - step)
            change += (up - down) / 2 * z + ((up + down) / 2 - middle) * z**2
    return change
