"""Do the intervals cover? Worlds whose model is known, fitted with that model, against what then really comes in.

Run as ``python -m tests.calibration.coverage [customers] [worlds] [model of the worlds] [model of the forecast]``. For
each model it makes worlds (day-level purchases, Gamma-Gamma spend), fits the model and the spend to the past, and counts
how often the 95% intervals hold the truth:

- equity: the margin that these customers bring in the following 12 months, discounted month by month;
- purchases: their purchases in the same time;
- new customer: the mean over a million further customers from their first purchase on;
- customers: each customer's own margin (the share of customers inside, averaged over worlds);
- churn, at risk: share of the active customers who buy nothing in the following 12 months, and what they had brought.

There are two lines a model. The first is the model alone, of which only chance and the parameters are in doubt. The second,
*published*, is what a study would say that lets the program choose: all candidates combined as past days teach, with how far
such forecasts miss on real companies in the range, since nobody tells the program that the world is simulated; BG/BB is
asked for by name and given the range alone. It is worked out for the first 100 worlds, as it looks back at every past day.
*Width* is the mean width of the interval of equity over its value, *bias* the mean miss of that value.

*PIT* is the largest distance from uniform of the randomised probability integral transform of single customers' purchases
(Czado, Gneiting and Held 2009): 200 customers of each world, all worlds together. With a second model's name the worlds
are made by one model and forecast by another: the loss when the model is wrong.

A fit that is not sound is counted apart (withheld), since nothing would be published of it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cxvalue.foundation.calendar import DAYS_PER_MONTH, TimeUnit
from cxvalue.lifetime import CustomerValue, LifetimeModel, SpendModel, customer_value, fit, fit_by_period, fit_spend
from cxvalue.lifetime.candidates.by_model import outlook_of_model
from cxvalue.lifetime.candidates.looks import FITTED, look, variation_of
from cxvalue.lifetime.candidates.outlook import Ahead
from cxvalue.lifetime.evidence.past import horizons_for, look_at_past, row_of
from cxvalue.lifetime.evidence.reference import REFERENCE
from cxvalue.lifetime.families.discounting import DiscountCurve
from cxvalue.lifetime.families.registry import RHYTHMS
from cxvalue.lifetime.fitting.fits import fit_quickly
from cxvalue.lifetime.fitting.regular import fit_regular
from cxvalue.lifetime.prediction.predictive import alive_in_draws
from cxvalue.lifetime.prediction.whole_base import WholeBase, combine, keep_model
from cxvalue.questions.churn.churn import CHURN_MONTHS, away_in_draws, p_no_purchase
from cxvalue.questions.churn.losses import losses
from cxvalue.tables.purchase_log import PurchaseLog
from cxvalue.tables.states import PurchaseStates

DAYS, MONTHS, RATE, MARGIN = 728, 12, 0.10, 0.4
SPEND = (5.0, 4.0, 45.0)
TRUE = {
    "nbd": (0.7, 8.0),
    "bg_nbd": (0.6, 6.0, 0.8, 2.5),
    "mbg_nbd": (0.6, 6.0, 0.7, 2.5),
    "pareto_nbd": (0.6, 6.0, 0.7, 20.0),
    "bg_cnbd_k": (0.9, 4.5, 0.8, 2.5),
    "mbg_cnbd_k": (0.9, 4.5, 0.7, 2.5),
    "bg_bb": (1.2, 1.5, 0.7, 8.0),
}
EVENTS = 2
"""Events to a purchase in the worlds of the models of regular timing."""
NEWCOMERS = 1_000_000
DRAWS, DRAWS_OF_RHYTHMS = 200, 100
"""Fewer than a study's 400: `cxvalue.foundation.intervals.interval_ends` holds as much with few."""
MEASURES = ("equity", "purchases", "new customer", "customers", "churn", "at risk")
PUBLISHED_WORLDS = 100
ACTIVE_DAYS, PIT_CUSTOMERS, PIT_DRAWS = 120, 200, 400


class World(NamedTuple):
    """What was seen, with the margin of the last 12 months, and each customer's margin and purchases that then come."""

    log: PurchaseLog
    states: PurchaseStates
    brought: NDArray[np.float64]
    margin: NDArray[np.float64]
    purchases: NDArray[np.int64]


def purchase_days(
    model: str, joined: NDArray[np.int64], until: float, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Whose and on which day: repeat purchases after the day of joining; those of one day are one, as in the product."""
    true, customers = TRUE[model], len(joined)
    rate = rng.gamma(true[0], 1 / true[1], customers) / 7
    ends = np.full(customers, np.inf)
    leaving = np.zeros(customers)
    if model == "pareto_nbd":
        ends = joined + rng.exponential(1 / (rng.gamma(true[2], 1 / true[3], customers) / 7))
    elif model != "nbd":
        leaving = rng.beta(true[2], true[3], customers)
    time = joined.astype(float)
    active = np.arange(customers)
    if model.startswith("mbg"):
        active = active[rng.random(customers) >= leaving]
    events = EVENTS if model in RHYTHMS else 1
    who, when = [], []
    while len(active):
        with np.errstate(divide="ignore"):
            time[active] += rng.gamma(events, 1.0, len(active)) / rate[active]
        active = active[(np.ceil(time[active]) <= until) & (time[active] <= ends[active])]
        who.append(active)
        when.append(np.ceil(time[active]).astype(np.int64))
        active = active[rng.random(len(active)) >= leaving[active]]
    key = np.unique(np.concatenate(who) * 100_000 + np.concatenate(when))
    return key // 100_000, key % 100_000


def months_taken(
    joined: NDArray[np.int64], months: int, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Whose and in which month: opportunities of the BG/BB that are taken, one a month after that of joining."""
    alpha, beta, gamma, delta = TRUE["bg_bb"]
    chance, leaving = rng.beta(alpha, beta, joined.size), rng.beta(gamma, delta, joined.size)
    stays = rng.geometric(np.maximum(leaving, 1e-12)) - 1
    passed = np.arange(months) - joined[:, None]
    there = (passed > 0) & (passed <= stays[:, None])
    who, month = np.nonzero(there & (rng.random(there.shape) < chance[:, None]))
    return who, month


def simulate_months(customers: int, rng: np.random.Generator) -> World:
    """The same for customers with one opportunity a month."""
    seen = 2 * MONTHS
    joined = rng.integers(0, MONTHS, customers)
    owner, month = months_taken(joined, seen + MONTHS, rng)
    factors = np.concatenate([np.ones(seen), (1 + RATE) ** (-np.arange(1.0, MONTHS + 1) / 12)])
    first, recent = np.round(joined * DAYS_PER_MONTH), month >= seen - MONTHS
    day = np.round(month * DAYS_PER_MONTH)
    end = round((seen - 1) * DAYS_PER_MONTH)
    return _world(
        joined=first.astype(np.int64), owner=owner, day=day.astype(np.int64), end=end, recent=recent,
        factors=factors[month], unit=TimeUnit.MONTH, rng=rng,
    )  # fmt: skip


def simulate(model: str, customers: int, rng: np.random.Generator) -> World:
    """Customers who joined evenly over the first year, seen for two years and followed for one more."""
    if model == "bg_bb":
        return simulate_months(customers, rng)
    joined = rng.integers(0, DAYS // 2, customers)
    owner, day = purchase_days(model, joined, DAYS + MONTHS * DAYS_PER_MONTH, rng)
    return _world(
        joined=joined, owner=owner, day=day, end=DAYS, recent=day > DAYS - 365, factors=_discount(day - DAYS),
        unit=TimeUnit.WEEK, rng=rng,
    )  # fmt: skip


def _world(
    *,
    joined: NDArray[np.int64],
    owner: NDArray[np.int64],
    day: NDArray[np.int64],
    end: int,
    recent: NDArray[np.bool_],
    factors: NDArray[np.float64],
    unit: TimeUnit,
    rng: np.random.Generator,
) -> World:
    """What is seen up to a day of repeat purchases sorted by customer and day, and what comes after it."""
    customers = joined.size
    p, q, gamma = SPEND
    revenue = rng.gamma(p, 1 / rng.gamma(q, 1 / gamma, customers)[owner])
    past = day <= end
    x = np.bincount(owner[past], minlength=customers)
    last = np.zeros(customers, dtype=np.int64)
    np.maximum.at(last, owner[past], day[past])
    spent = np.bincount(owner[past], revenue[past], minlength=customers)
    first = rng.gamma(p, 1 / rng.gamma(q, 1 / gamma, customers))
    # Purchases come sorted by customer and day.
    who, when = owner[past], day[past]
    fresh = np.diff(who, prepend=-1) != 0
    gaps = when - np.where(fresh, joined[who], np.concatenate([[0], when])[:-1])
    states = PurchaseStates(
        frequency=x,
        recency_days=np.where(x > 0, last - joined, 0),
        age_days=end - joined,
        count=np.ones(customers, dtype=np.int64),
        time_unit=unit,
        as_of=date(2025, 12, 31),
        customer_id=np.arange(customers).astype(object),
        mean_spend=np.where(x > 0, spent / np.maximum(x, 1), np.nan),
        total_margin=MARGIN,
        total_revenue=1.0,
        first_margin_mean=float(MARGIN * first.mean()),
        first_margin_se=float(MARGIN * first.std(ddof=1) / np.sqrt(customers)),
        sum_log_gaps=np.bincount(who, np.log(gaps), minlength=customers),
    )
    worth = MARGIN * revenue[~past] * factors[~past]
    seen = np.concatenate([first, revenue[past]])
    recent = past & recent
    return World(
        PurchaseLog.of(
            np.concatenate([np.arange(customers), who]), np.concatenate([joined, when]), seen, MARGIN * seen
        ),
        states,
        np.bincount(owner[recent], MARGIN * revenue[recent], minlength=customers),
        np.bincount(owner[~past], worth, minlength=customers),
        np.bincount(owner[~past], minlength=customers),
    )


def _discount(days_ahead: NDArray[np.int64]) -> NDArray[np.float64]:
    factors: NDArray[np.float64] = (1 + RATE) ** (-np.ceil(days_ahead / DAYS_PER_MONTH) / 12)
    return factors


@cache
def newcomer_truth(model: str) -> float:
    """First purchase plus the discounted margin of the months after it: the mean over a million simulated newcomers."""
    rng = np.random.default_rng(0)
    total = 0.0
    for _ in range(10):
        start = np.zeros(NEWCOMERS // 10, dtype=np.int64)
        if model == "bg_bb":
            total += ((1 + RATE) ** (-months_taken(start, MONTHS + 1, rng)[1] / 12)).sum()
        else:
            total += _discount(purchase_days(model, start, MONTHS * DAYS_PER_MONTH, rng)[1]).sum()
    p, q, gamma = SPEND
    return float(MARGIN * p * gamma / (q - 1) * (1 + total / NEWCOMERS))


def pit(model: LifetimeModel, world: World, rng: np.random.Generator) -> NDArray[np.float64]:
    """Randomised probability integral transforms of some customers' purchases in the 12 months that follow."""
    chosen = rng.choice(len(world.purchases), min(PIT_CUSTOMERS, len(world.purchases)), replace=False)
    x, recency, age = (column[chosen] for column in model.history_of(world.states))
    parameters = model.draw(PIT_DRAWS, rng)
    alive = rng.random((chosen.size, PIT_DRAWS)) < alive_in_draws(model, parameters, x, recency, age)
    cell = np.flatnonzero(alive)
    who, draw = cell // PIT_DRAWS, cell % PIT_DRAWS
    future = model.family.future(tuple(parameters[draw].T), x[who], recency[who], age[who])
    drawn = model.family.draw_futures(future, DiscountCurve.of(RATE, MONTHS, model.time_unit), 1.0, rng)
    counts = np.zeros(alive.size)
    counts[cell[drawn.cell]] = drawn.purchases
    counts = counts.reshape(alive.shape)
    came = world.purchases[chosen][:, None]
    below, at = (counts < came).mean(axis=1), (counts == came).mean(axis=1)
    return below + rng.random(chosen.size) * at


class Covered(NamedTuple):
    """Measures inside, width and bias of equity: of the model alone and as published (None where not asked); PITs."""

    alone: list[float]
    published: list[float] | None
    transforms: NDArray[np.float64]


def one_world(task: tuple[str, str, int, int]) -> Covered | None:
    """Whether each measure is covered in one world; None when withheld."""
    true, model, customers, seed = task
    rng = np.random.default_rng([seed, customers, *true.encode()])
    world = simulate(true, customers, rng)
    fitted, spend = _fitted(world.states, model), fit_spend(world.states)
    if fitted.status != "ok" or spend.status != "ok":
        return None
    value = customer_value(
        fitted, spend, world.states, horizon_months=MONTHS, annual_discount_rate=RATE, draws=_draws(model), seed=seed
    )
    base = published(fitted, spend, world, value) if seed < PUBLISHED_WORLDS else None
    own = _inside(value, world, true, [np.nan, np.nan])
    said = None if base is None else _inside(base.value, world, true, _churn_inside(fitted, base, world, seed))
    return Covered(own, said, pit(fitted, world, rng))


def _inside(value: CustomerValue, world: World, true: str, churned: list[float]) -> list[float]:
    truths = (world.margin.sum(), world.purchases.sum(), newcomer_truth(true))
    intervals = (value.equity, value.expected_purchases, value.new_customer)
    inside = [float(low <= truth <= high) for truth, (_, low, high) in zip(truths, intervals, strict=True)]
    each = (value.cltv_low - 1e-9 <= world.margin) & (world.margin <= value.cltv_high + 1e-9)
    width = (value.equity.high - value.equity.low) / value.equity.value
    return [*inside, float(each.mean()), *churned, width, value.equity.value / truths[0] - 1]


def published(fitted: LifetimeModel, spend: SpendModel, world: World, value: CustomerValue) -> WholeBase | None:
    """What a study would say of the world; None where no candidate forecasts anything."""
    log, states, unit = world.log, world.states, fitted.time_unit
    day = int(log.first_of[0]) + int(states.age_days[0])
    year = round(MONTHS * DAYS_PER_MONTH)
    days = TimeUnit.WEEK if unit is TimeUnit.MONTH else unit
    past = look_at_past(log, Ahead(horizons_for(MONTHS, day - log.first_day), RATE), days, day)
    ahead, per_purchase = Ahead((90, year), RATE), states.margin_rate * spend.expected_spend(states)
    known = log.known(day)
    if fitted.name == "bg_bb":
        outlook = outlook_of_model(fitted, states, per_purchase, ahead)
        row = row_of(look(log, known, {}, per_purchase, ahead, days), log, 1, 0)
        variation = variation_of(log)
        return keep_model(
            outlook, ahead, past, row, value, REFERENCE, "bg_nbd", value.level, variation, states.first_margin_mean
        )
    models = fit_quickly(states.grouped(), FITTED)
    plain = RHYTHMS.get(fitted.name, fitted.name)
    models[plain if plain in models else "bg_nbd"] = fitted
    now = look(log, known, models, per_purchase, ahead, unit, states=states)
    return combine(now, log, past, value, REFERENCE, year, value.level, states.first_margin_mean)


def _fitted(states: PurchaseStates, model: str) -> LifetimeModel:
    if model in RHYTHMS:
        return fit_regular(states.grouped(), model, EVENTS).plain
    return fit_by_period(states.grouped())[1] if model == "bg_bb" else fit(states, model)


def _draws(model: str) -> int:
    return DRAWS_OF_RHYTHMS if model in RHYTHMS else DRAWS


def _churn_inside(fitted: LifetimeModel, base: WholeBase, world: World, seed: int) -> list[float]:
    """Whether churn and value at risk are covered; nan for a model that cannot say who has left."""
    if not fitted.family.dropout:
        return [np.nan, np.nan]
    active = world.states.days_silent < ACTIVE_DAYS
    brought, lost = world.brought[active], world.purchases[active] == 0
    days = CHURN_MONTHS * DAYS_PER_MONTH
    said = 1 - base.returns[active, base.at(days)]
    if not base.combined:
        said = p_no_purchase(fitted, world.states.take(active), days)
    draws = _draws(fitted.name)
    away = away_in_draws(said, base.bought[base.at(days)], draws, seed)
    found = losses(said, brought, in_draws=away, draws=draws, level=0.95, seed=seed)
    truths = (lost.mean(), brought[lost].sum())
    ends = (found.rate, found.at_risk)
    return [float(low <= truth <= high) for truth, (_, low, high) in zip(truths, ends, strict=True)]


def main(customers: int = 500, worlds: int = 1000, true: str = "", forecast: str = "") -> None:
    """Print two lines for each model: the model alone, and what is published."""
    print(f"{customers} customers, {worlds} worlds, 95% intervals" + (f", worlds of {true}" if true else ""))
    print(f"{'model':<12}" + "".join(f"{name:>13}" for name in (*MEASURES, "width", "bias", "PIT", "withheld")))
    pairs = [(true, forecast or true)] if true else [(model, model) for model in TRUE]
    with ProcessPoolExecutor() as pool:
        for world, model in pairs:
            newcomer_truth(world)
            tasks = [(world, model, customers, seed) for seed in range(worlds)]
            results = list(pool.map(one_world, tasks, chunksize=10))
            kept = [result for result in results if result is not None]
            transforms = np.sort(np.concatenate([result.transforms for result in kept]))
            uniform = (np.arange(transforms.size) + 0.5) / transforms.size
            distance = np.abs(transforms - uniform).max()
            _print(model, [*np.mean([result.alone for result in kept], axis=0), distance, 1 - len(kept) / worlds])
            said = [result.published for result in kept if result.published is not None]
            if said:
                _print(" published", np.mean(said, axis=0))


def _print(name: str, cells: Iterable[float]) -> None:
    print(f"{name:<12}" + "".join(f"{'' if np.isnan(cell) else f'{cell:.1%}':>13}" for cell in cells), flush=True)


if __name__ == "__main__":
    numbers, names = (
        [word for word in sys.argv[1:] if word.isdigit()],
        [word for word in sys.argv[1:] if not word.isdigit()],
    )
    main(*map(int, numbers), **dict(zip(("true", "forecast"), names, strict=False)))
