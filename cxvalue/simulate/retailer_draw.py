"""The customers of the retailer, drawn: what they experience, buy, answer and complain about.

Days count from the first one, 0; quarters and months from the first ones. A month has four weeks in which a customer may
come once each. Everything hangs on the stores, which are drawn first: other customers can be drawn for the same stores.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import numpy as np
from scipy.special import expit

from cxvalue.foundation.arrays import Bools, Floats, Ints

FIRST_DAY = date(2022, 7, 1)
MONTHS, WEEKS, QUARTERS = 48, 4, 16
TOUCHPOINTS = ("store", "delivery", "contact_centre", "website")
WEIGHTS = np.array([0.4, 0.3, 0.2, 0.1])
_MONTH_STARTS = np.arange("2022-07", "2026-08", dtype="datetime64[M]").astype("datetime64[D]")
STARTS: Ints = (_MONTH_STARTS - np.datetime64(FIRST_DAY)).astype(np.int64)
"""The first day of each month, and the day after the last one."""
TINY_STORE = 6
LASTS = 4
"""Quarters for which an experience is felt."""
NEXT_DAYS = 28
FOLLOW = (15, 194)
"""Days after a complaint in which who stays buys and who does not stay does not."""


@dataclass(frozen=True, slots=True)
class RetailerParameters:
    """The true parameters, and the switches that must not fool the product.

    A customer's score follows `experience`; an experience better by one unit brings `beta` of margin more in each month of
    the next four quarters. Switches: `trait` lets those who are content anyway spend more, `mood` lets score and money swing
    together, `hidden` is how much a severity that nobody records decides both who is answered fast and who leaves,
    `answers_follow_score` lets the unhappy answer less, `kappa` is how fast a tasting wears off (0: never), `noise` blurs
    the scores. Conditional means are counted in so many `others` of the same stores.
    """

    stores: int = 60
    beta: float = 5.0
    trait: float = 0.3
    mood: float = 0.0
    hidden: float = 0.0
    answers_follow_score: float = 0.0
    kappa: float = 0.25
    first_effect: float = 20.0
    noise: float = 1.6
    complaints_per_year: float = 0.12
    fast_stays: float = 0.08
    tasters: float = 0.5
    leaving: float = 0.03
    leaving_slope: float = 0.4
    others: int = 40_000


class Stores(NamedTuple):
    """How good each store is in each quarter (stores x quarters)."""

    quality: Floats


class Lives(NamedTuple):
    """What customers live through; purchases, answers, complaints and tastings are rows with a customer and a day."""

    store: Ints
    young: Bools
    felt: Floats  # customers x quarters x touchpoints
    experience: Floats  # customers x quarters
    buyer: Ints
    bought: Ints
    margin: Floats
    invited: Ints
    quarter: Ints
    event: Ints
    asked: Ints
    overall: Floats
    parts: Floats  # a score per touchpoint
    answers: Bools
    complainer: Ints
    complained: Ints
    severe: Bools
    days_to_answer: Ints
    fast: Bools
    gain: Floats  # what a fast answer adds to the probability to stay
    taster: Ints
    tasted: Ints
    keen: Floats


def draw_stores(rng: np.random.Generator, true: RetailerParameters) -> Stores:
    """The paths of the stores."""
    lasting = 0.4 * rng.standard_normal(true.stores)
    return Stores(lasting[:, None] + 0.25 * rng.standard_normal((true.stores, QUARTERS)))


def draw_lives(
    rng: np.random.Generator, stores: Stores, customers: int, true: RetailerParameters, *, fast: bool | None = None
) -> Lives:
    """Customers of these stores; with `fast` every complaint is answered fast (or slow), as nobody would see it."""
    store = rng.integers(1, true.stores, customers)
    store[: min(TINY_STORE, customers)] = 0
    content, keen = rng.standard_normal(customers), rng.standard_normal(customers)
    young = rng.random(customers) < 0.4
    mood = _swings(rng, customers) * true.mood
    felt = stores.quality[store][:, :, None] + 0.7 * content[:, None, None]
    felt = felt + rng.standard_normal((customers, QUARTERS, len(TOUCHPOINTS)))
    experience = felt @ WEIGHTS
    begins, ends = _presence(rng, experience, true)
    buyer, bought, margin = _purchases(rng, content, keen, experience, mood, (begins, ends), true)
    owner, day, severe, wait, quick, gain, stays = _complaints(rng, content, (begins, ends), true, fast)
    buyer, bought, margin = _after_complaints(rng, (buyer, bought, margin), owner, day, stays)
    taster, tasted, extra = _tastings(rng, (begins, ends), true)
    buyer, bought = np.concatenate([buyer, taster]), np.concatenate([bought, extra[0].astype(np.int64)])
    margin = np.concatenate([margin, extra[1]])
    inside = bought < STARTS[MONTHS]
    here = (begins[:, None] <= 3 * np.arange(QUARTERS)) & (3 * np.arange(1, QUARTERS + 1) <= ends[:, None])
    invited, quarter = np.nonzero(here & (rng.random((customers, QUARTERS)) < 0.5))
    event = STARTS[3 * quarter] + rng.integers(0, 65, invited.size)
    asked = event + rng.integers(0, 22, invited.size)
    x = experience[invited, quarter] + mood[invited, quarter]
    overall = _score(rng, 7.2 + 0.9 * x - 0.6 * young[invited], true.noise)
    parts = _score(rng, 7.0 + 1.1 * felt[invited, quarter], 0.6 * true.noise)
    leaning = -0.4 + 0.7 * x - 0.4 * young[invited] + true.answers_follow_score * (overall - 7)
    answers = rng.random(invited.size) < expit(leaning)
    seen = tasted < STARTS[MONTHS]
    return Lives(
        store, young, felt, experience, buyer[inside], bought[inside], margin[inside], invited, quarter, event, asked,
        overall, parts, answers, owner, day, severe, wait, quick, gain, taster[seen], tasted[seen], keen,
    )  # fmt: skip


def _score(rng: np.random.Generator, mean: Floats, noise: float) -> Floats:
    return np.clip(np.round(mean + noise * rng.standard_normal(mean.shape)), 0, 10)


def _swings(rng: np.random.Generator, customers: int) -> Floats:
    """A mood of variance 1 by quarter that lasts: .9 a month."""
    out = np.empty((customers, QUARTERS))
    keeps = 0.9**3
    out[:, 0] = rng.standard_normal(customers)
    for q in range(1, QUARTERS):
        out[:, q] = keeps * out[:, q - 1] + np.sqrt(1 - keeps**2) * rng.standard_normal(customers)
    return out


def _presence(rng: np.random.Generator, experience: Floats, true: RetailerParameters) -> tuple[Ints, Ints]:
    """First month of each customer, and the month from which on they are gone: sooner after a bad experience."""
    customers = len(experience)
    begins = np.where(rng.random(customers) < 0.6, 0, rng.integers(0, MONTHS // 2, customers))
    stays = np.exp(-true.leaving * np.exp(-true.leaving_slope * experience))
    leaves = rng.random((customers, QUARTERS)) > stays
    leaves &= 3 * np.arange(QUARTERS) >= begins[:, None]
    ends = np.where(leaves.any(axis=1), 3 * (leaves.argmax(axis=1) + 1), MONTHS)
    return begins, ends


def _purchases(
    rng: np.random.Generator,
    content: Floats,
    keen: Floats,
    experience: Floats,
    mood: Floats,
    present: tuple[Ints, Ints],
    true: RetailerParameters,
) -> tuple[Ints, Ints, Floats]:
    """A visit in each week with the customer's own chance; what it brings follows the experience of the year before."""
    chance = expit(-0.8 + 0.18 * content + 0.6 * keen)
    months = np.arange(MONTHS)
    here = (present[0][:, None] <= months) & (months < present[1][:, None])
    comes = (rng.random((content.size, MONTHS, WEEKS)) < chance[:, None, None]) & here[:, :, None]
    buyer, month, week = np.nonzero(comes)
    bought = STARTS[month] + 7 * week + rng.integers(0, 7, buyer.size)
    quarter = month // 3
    # What was felt in the last four quarters, each as much as the others.
    sums = np.cumsum(np.pad(experience, ((0, 0), (LASTS + 1, 0))), axis=1)
    last = (sums[:, LASTS:-1] - sums[:, : -LASTS - 1])[buyer, quarter]
    monthly = 24 + 4 * true.trait * content[buyer] + true.beta * last + 3 * mood[buyer, quarter]
    each = np.maximum(monthly, 0.5) / (WEEKS * chance[buyer])
    return buyer, bought, each * np.exp(0.5 * rng.standard_normal(buyer.size) - 0.125)


def _complaints(
    rng: np.random.Generator, content: Floats, present: tuple[Ints, Ints], true: RetailerParameters, fast: bool | None
) -> tuple[Ints, Ints, Bools, Ints, Bools, Floats, Bools]:
    """At most one complaint a customer: severe ones are answered later and lose more customers."""
    years = MONTHS / 12
    complains = rng.random(content.size) < 1 - np.exp(-true.complaints_per_year * years)
    owner = np.flatnonzero(complains)
    day = rng.integers(200, STARTS[MONTHS], owner.size)
    here = (day >= STARTS[present[0][owner]]) & (day < STARTS[present[1][owner]])
    owner, day = owner[here], day[here]
    severe, worse = rng.random(owner.size) < 0.35, rng.standard_normal(owner.size) * true.hidden
    x = content[owner]
    quick = rng.random(owner.size) < expit(0.2 - severe + 0.4 * x - worse)
    if fast is not None:
        quick[:] = fast
    wait = np.where(quick, rng.integers(0, 4, owner.size), rng.integers(4, 40, owner.size))
    gain = np.asarray(true.fast_stays * (1 + 0.5 * severe), dtype=np.float64)
    before = np.clip(0.62 - 0.22 * severe + 0.06 * x - 0.1 * worse, 0.02, 0.84)
    stays = rng.random(owner.size) < before + gain * quick
    return owner, day, severe, wait, quick, gain, stays


def _after_complaints(
    rng: np.random.Generator, purchases: tuple[Ints, Ints, Floats], owner: Ints, day: Ints, stays: Bools
) -> tuple[Ints, Ints, Floats]:
    """Who does not stay buys nothing for half a year; who stays comes at least once."""
    buyer, bought, margin = purchases
    when = np.full(max(int(buyer.max(initial=0)), int(owner.max(initial=0))) + 1, -(10**6))
    leaves = np.zeros(when.size, dtype=bool)
    when[owner], leaves[owner] = day, ~stays
    since = bought - when[buyer]
    inside = (since >= FOLLOW[0]) & (since <= FOLLOW[1])
    seen = np.zeros(when.size, dtype=bool)
    seen[buyer[inside]] = True
    kept = ~(inside & leaves[buyer])
    silent = owner[stays & ~seen[owner]]
    back = when[silent] + rng.integers(FOLLOW[0], FOLLOW[1] + 1, silent.size)
    return (
        np.concatenate([buyer[kept], silent]),
        np.concatenate([bought[kept], back]),
        np.concatenate([margin[kept], np.full(silent.size, 12.0)]),
    )


def _tastings(
    rng: np.random.Generator, present: tuple[Ints, Ints], true: RetailerParameters
) -> tuple[Ints, Ints, tuple[Floats, Floats]]:
    """Tastings of some customers who are there all the time, each with a purchase in the next weeks that it caused."""
    lasting = (present[0] == 0) & (present[1] == MONTHS)
    some = np.flatnonzero(lasting & (rng.random(lasting.size) < true.tasters))
    start = rng.integers(400, 1000, some.size)
    number = rng.geometric(0.18, some.size).clip(1, 8)
    who = np.repeat(some, number)
    first = np.repeat(np.cumsum(number) - number, number)
    n = np.arange(who.size) - first
    gaps = rng.integers(30, 51, who.size)
    gaps[n == 0] = 0
    total = np.cumsum(gaps)
    day = np.repeat(start, number) + total - np.repeat(total[np.cumsum(number) - number], number)
    worth = true.first_effect * np.exp(-true.kappa * n) * np.exp(0.3 * rng.standard_normal(who.size) - 0.045)
    return who, day, ((day + rng.integers(1, NEXT_DAYS + 1, who.size)).astype(float), worth)
