"""The world `cosmetics`: a chain whose till shows the cashier a ladder of discounts, to be named smallest first.

On each visit a customer has a reservation discount: at that depth or a larger one the basket is bought, otherwise the
customer walks away. It differs by segment, by customer and by visit, and lies below zero where the basket would be
bought at full price.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import special

from cxvalue.foundation.arrays import Bools, Floats, Ints
from cxvalue.foundation.errors import BadInput, Problem, nearest
from cxvalue.language.catalogue import translate
from cxvalue.simulate.world import World

FIRST_DAY, DAYS = date(2025, 1, 1), 540
MANY = 60_000
"""Customers over whom the truth is averaged."""
SEGMENTS = ("classic", "silver", "gold")
SEGMENT_SHARES, BASKET_STEP = (0.5, 0.3, 0.2), 0.25
GRID = np.arange(0, 0.4 + 1e-9, 0.0005)
FAMILIES = ("normal", "logistic", "heavy", "late", "early", "uniform", "mixture", "two groups", "always-or-never")
MIXTURES = {"mixture": (0.65, (-0.4, 0.6), (1.2, 0.8)), "two groups": (0.5, (-0.7, 0.4), (1.3, 0.35))}
"""Share near full price, and place and width of those and of the others, in units of the spread."""
ALWAYS, NEVER = 0.25, 0.35
"""Of "always-or-never": who buys at any price, and who at none that is offered; the others are normal."""


@dataclass(frozen=True, slots=True)
class CosmeticsParameters:
    """The true parameters; discounts are shares of the basket's value.

    `family` is the shape of the reservation discounts (one of `FAMILIES`), `centre` and `spread` its location and scale;
    segments lie `segment_step` apart, customers differ by `between`. `learning` lets the centre grow with every visit.
    Whoever walks away never comes again with probability `leaves`.
    """

    family: str = "normal"
    centre: float = 0.06
    spread: float = 0.09
    segment_step: float = 0.02
    between: float = 0.02
    ladder: tuple[float, ...] = (0.05, 0.10, 0.15, 0.20, 0.30)
    visits: float = 5.0
    basket: float = 40.0
    margin_share: float = 0.55
    learning: float = 0.0
    leaves: float = 0.08

    def __post_init__(self) -> None:
        if self.family not in FAMILIES:
            found = translate("is {value!r}.", value=self.family)
            raise BadInput([Problem("parameters.family", found, nearest(self.family, list(FAMILIES)))])


class Visits(NamedTuple):
    """Visits: whose, of which segment, basket value and margin, centre of the reservation discount, and what it is."""

    customer: Ints
    segment: Ints
    number: Ints
    value: Floats
    margin: Floats
    centre: Floats
    reservation: Floats


@lru_cache(maxsize=8)
def _distribution(family: str) -> Any:
    from scipy import stats  # takes half a second to import, and few runs simulate these customers

    known = {
        "normal": stats.norm,
        "logistic": stats.logistic,
        "heavy": stats.t(4),
        "late": stats.gumbel_r,
        "early": stats.gumbel_l,
        "uniform": stats.uniform(-(3**0.5), 2 * 3**0.5),
    }
    return known[family]


def accepted_share(true: CosmeticsParameters, depth: Floats, centre: Floats) -> Floats:
    """P(reservation discount ≤ depth) of visits with a centre."""
    z = (depth - centre) / true.spread
    if true.family in MIXTURES:
        share, *groups = MIXTURES[true.family]
        near, far = (special.ndtr((z - place) / width) for place, width in groups)
        found: Floats = share * near + (1 - share) * far
        return found
    if true.family == "always-or-never":
        return np.asarray(ALWAYS + (1 - ALWAYS - NEVER) * special.ndtr(z), dtype=float)
    return np.asarray(_distribution(true.family).cdf(z), dtype=float)


def draw_visits(customers: int, seed: int, true: CosmeticsParameters = CosmeticsParameters()) -> Visits:
    """Simulate the visits of customers, up to the walk-away after which one stays away."""
    visits, stays = _all_visits(customers, seed, true)
    return _chosen(visits, stays)


def _all_visits(customers: int, seed: int, true: CosmeticsParameters) -> tuple[Visits, Bools]:
    """The visits that customers meant to make, and which of them they do make."""
    rng = np.random.default_rng(seed)
    segment_of = rng.choice(3, customers, p=SEGMENT_SHARES)
    own = true.between * rng.standard_normal(customers)
    count = 1 + rng.poisson(true.visits - 1, customers)
    customer = np.repeat(np.arange(customers), count)
    number = np.arange(customer.size) - np.repeat(np.cumsum(count) - count, count)
    segment = segment_of[customer]
    value = true.basket * (1 + BASKET_STEP * segment) * rng.lognormal(-0.125, 0.5, customer.size)
    margin = value * np.clip(true.margin_share + 0.06 * rng.standard_normal(customer.size), 0.2, 0.9)
    centre = true.centre + true.segment_step * (segment - 1) + own[customer] + true.learning * number
    if true.family in MIXTURES:
        share, near, far = MIXTURES[true.family]
        (place, width), size = np.where(rng.random((customer.size, 1)) < share, near, far).T, customer.size
        z = place + width * rng.standard_normal(size)
    elif true.family == "always-or-never":
        fixed = rng.random(customer.size)
        z = np.where(fixed < ALWAYS, -1e3, np.where(fixed > 1 - NEVER, 1e3, rng.standard_normal(customer.size)))
    else:
        z = np.asarray(_distribution(true.family).rvs(size=customer.size, random_state=rng), dtype=float)
    visits = Visits(customer, segment, number, value, margin, centre, centre + true.spread * z)
    return visits, _until_gone(visits, true, rng)


def _until_gone(visits: Visits, true: CosmeticsParameters, rng: np.random.Generator) -> Bools:
    """Which visits come before the walk-away after which the customer stays away, that one included."""
    gone = (visits.reservation > true.ladder[-1]) & (rng.random(visits.customer.size) < true.leaves)
    before: Ints = np.cumsum(gone) - gone
    first = np.flatnonzero(visits.number == 0)
    stays: Bools = before == before[first][np.searchsorted(first, np.arange(gone.size), side="right") - 1]
    return stays


def _chosen(visits: Visits, rows: Bools) -> Visits:
    customer, segment, number, value, margin, centre, reservation = visits
    return Visits(
        customer[rows], segment[rows], number[rows], value[rows], margin[rows], centre[rows], reservation[rows]
    )


@lru_cache(maxsize=8)
def truth_of(true: CosmeticsParameters) -> dict[str, float]:
    """The true values of the findings: what a visit brings on average under each policy, and the best depth.

    Taken from the known distribution of reservation discounts over the visits of very many customers.
    """
    visits = draw_visits(MANY, 0, true)
    # Baskets do not depend on the reservation discount within a segment, so their means are exact.
    value = true.basket * (1 + BASKET_STEP * np.arange(len(SEGMENTS)))
    margin = value * true.margin_share
    inside = [visits.segment == number for number in range(len(SEGMENTS))]
    # Customers who walk away and stay away visit less often, so segments have other shares of visits than of customers.
    share_of = np.array([rows.mean() for rows in inside]) if true.leaves > 0 else np.array(SEGMENT_SHARES)

    def buys(depth: float) -> Floats:
        at = [np.full(rows.sum(), depth) for rows in inside]
        return np.array(
            [accepted_share(true, depths, visits.centre[rows]).mean() for depths, rows in zip(at, inside, strict=True)]
        )

    def flat(depth: float) -> float:
        return float(share_of @ (buys(depth) * (margin - depth * value)))

    coarse = GRID[::20]
    near = coarse[int(np.argmax([flat(float(depth)) for depth in coarse]))]
    fine = GRID[(near - 0.011 <= GRID) & (near + 0.011 >= GRID)]
    worth = [flat(float(depth)) for depth in fine]
    before, ladder = np.zeros(len(SEGMENTS)), 0.0
    for depth in true.ladder:
        share = buys(depth)
        ladder += float(share_of @ ((share - before) * (margin - depth * value)))
        before = share
    return {
        "discounts.none_profit": flat(0.0),
        "discounts.flat_profit": max(worth),
        "discounts.ladder_profit": ladder,
        "discounts.optimal_depth": float(fine[int(np.argmax(worth))]),
        "discounts.walked_away": float(1 - share_of @ before),
        "discounts.lost_of_walkaways": true.leaves,
    }


def cosmetics(customers: int = 6000, seed: int = 1, parameters: CosmeticsParameters = CosmeticsParameters()) -> World:
    """Simulate the chain's visits over a year and a half, with every discount that was named."""
    true, rng = parameters, np.random.default_rng([seed, 1])
    visits, stays = _all_visits(customers, seed, true)
    ids = np.array([f"K{number:06d}" for number in range(customers)], dtype=object)
    day = np.sort(rng.integers(0, DAYS, visits.customer.size))
    order = np.lexsort((day, visits.customer))
    days = np.empty(day.size, dtype=np.int64)
    days[np.lexsort((visits.number, visits.customer))] = rng.permutation(day)[order]
    segment_of = np.zeros(customers, dtype=int)
    segment_of[visits.customer] = visits.segment
    days = _rising(visits.customer, days)[stays]
    visits = _chosen(visits, stays)
    when = pd.Timestamp(FIRST_DAY) + pd.to_timedelta(days, unit="D")
    ladder = np.array(true.ladder)
    taken = np.searchsorted(ladder, visits.reservation - 1e-12)  # the first rung that is deep enough
    rungs = np.minimum(taken + 1, ladder.size)
    row = np.repeat(np.arange(visits.customer.size), rungs)
    rung = np.arange(row.size) - np.repeat(np.cumsum(rungs) - rungs, rungs)
    value, margin = visits.value.round(2), visits.margin.round(2)
    offers = pd.DataFrame(
        {
            "customer_id": ids[visits.customer[row]], "date": when[row], "rung": rung + 1, "depth": ladder[rung],
            "accepted": np.where(rung == taken[row], "true", "false"), "occasion_id": [f"V{number:07d}" for number in row],
            "basket_value": value[row], "basket_margin": margin[row],
        }
    )  # fmt: skip
    bought = taken < ladder.size
    depth = ladder[np.minimum(taken, ladder.size - 1)]
    discount = (depth * value)[bought].round(2)
    transactions = pd.DataFrame(
        {
            "customer_id": ids[visits.customer[bought]],
            "date": when[bought],
            "revenue": (value[bought] - discount).round(2),
            "margin": (margin[bought] - discount).round(2),
            "discount": discount,
        }
    ).sort_values(["date", "customer_id"], ignore_index=True)
    people = pd.DataFrame({"customer_id": ids, "segment": np.array(SEGMENTS, dtype=object)[segment_of]})
    study = {
        "title": translate("A simulated cosmetics chain whose truth is known"),
        "currency": "EUR",
        "as_of": FIRST_DAY + timedelta(days=DAYS - 1),
        "observed_from": FIRST_DAY,
        "annual_discount_rate": 0.10,
        "horizon_months": 12,
        "tables": {name: {"path": f"{name}.csv"} for name in ("transactions", "customers", "offers")},
        "dormancy": {"days": 120},
        "report": {"pseudonymise": False},
    }
    about = translate(
        "# A simulated cosmetics chain\n\nMade by `cxvalue simulate cosmetics`. Nobody in it is real. The cashier "
        "names discounts smallest first until the customer buys or leaves. `truth.json` holds what each policy would really "
        "earn a visit ({customers:,} customers, seed {seed}).\n",
        customers=customers,
        seed=seed,
    )
    truth = {"base.customers": int(transactions["customer_id"].nunique()), **truth_of(true)}
    return World(study, {"transactions": transactions, "customers": people, "offers": offers}, truth, about)


def _rising(customer: Ints, days: Ints) -> Ints:
    """The same days, in order within each customer."""
    order = np.lexsort((days, customer))
    result = np.empty(days.size, dtype=np.int64)
    result[np.argsort(customer, kind="stable")] = days[order]
    return result
