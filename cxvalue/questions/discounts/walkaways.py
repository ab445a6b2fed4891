"""What a customer who leaves without buying takes along: who comes back less often, priced at what a customer is worth.

An occasion is followed for a fixed time. Customers who walked away are compared with those who bought at the last rung
of the ladder, who needed nearly as much: of the former fewer come back, and the share of them that is missing counts
as lost. Whoever needs more than the ladder gives may differ in other ways too, so this is an association; it is shown
apart and is in none of the margins an occasion.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import ibis
import numpy as np

from cxvalue.engine.buckets import bucket
from cxvalue.foundation.arrays import Floats
from cxvalue.foundation.intervals import interval_ends
from cxvalue.language.catalogue import translatable
from cxvalue.questions.discounts.occasions import GROUPS, with_occasions
from cxvalue.questions.discounts.policies import DEPTHS, DiscountResult, Figure

if TYPE_CHECKING:
    import ibis.expr.types as ir

DRAWS = 1000
FEWEST_OCCASIONS = 100
"""Occasions on each side below which nothing is said."""


@dataclass(frozen=True, slots=True, eq=False)
class Afterwards:
    """Occasions by how they ended and whether the customer was seen again within `days`, by group of customers.

    `walked`, `walked_back`: left without buying, and of those who came again; `bought`, `bought_back`: bought at the last
    rung of the ladder. All of length groups. `all_rungs` says that hardly anybody bought at the last rung, so that
    `bought` are all buyers.
    """

    days: int
    walked: Floats
    walked_back: Floats
    bought: Floats
    bought_back: Floats
    all_rungs: bool

    @property
    def few(self) -> bool:
        """Whether there are too few on either side to say anything."""
        return bool(self.walked.sum() < FEWEST_OCCASIONS or self.bought.sum() < FEWEST_OCCASIONS)

    @property
    def alike(self) -> bool:
        """Whether nobody of one side came again, or everybody of both: a share without a range is no estimate."""
        sides = ((self.walked_back.sum(), self.walked.sum()), (self.bought_back.sum(), self.bought.sum()))
        return any(back == 0 for back, _ in sides) or all(back == everyone for back, everyone in sides)


@dataclass(frozen=True, slots=True)
class PolicyOutcome:
    """A policy an occasion: margin now, share that walks away, and future margin that leaves with them.

    `future_lost` is None where it cannot be priced.
    """

    policy: str
    margin: float
    walked_away: float
    future_lost: Figure | None


def afterwards(offers: ir.Table, purchases: ir.Table | None, *, days: int, as_of: date) -> Afterwards:
    """Count who came again within `days`: another occasion or, where there are purchases, a purchase on a later day."""
    rows = with_occasions(offers)
    accepted: Any = rows.accepted
    each = rows.group_by("occasion").agg(
        customer_id=rows.customer_id.min(), date=rows.date.min().cast("date"), taken=rows.depth.min(where=accepted)
    )
    seen = each.select("customer_id", "date")
    if purchases is not None:
        known = purchases.semi_join(each, "customer_id")
        seen = seen.union(known.select("customer_id", date=known.date.cast("date")))
    seen = seen.distinct()
    order = ibis.window(group_by="customer_id", order_by="date")
    following = seen.mutate(following=seen.date.lead().over(order))
    last = each.filter(each.date <= ibis.literal(as_of - timedelta(days=days)))
    joined: Any = last.left_join(following, ["customer_id", "date"])
    back = joined.following.delta(joined.date, unit="day") <= days
    deepest = offers.depth.max().as_scalar()
    joined = joined.mutate(
        group=bucket(joined.customer_id, GROUPS),
        back=back.fill_null(False).ifelse(1, 0),
        end=ibis.cases((joined.taken.isnull(), "walked"), (joined.taken >= deepest - 1e-9, "last"), else_="earlier"),
    )
    counted = joined.group_by(["group", "end"]).agg(number=joined.count(), back=joined.back.sum()).to_pandas()
    sums = {end: np.zeros((GROUPS, 2)) for end in ("walked", "last", "earlier")}
    for group, end, number, again in counted.itertuples(index=False):
        sums[end][int(group)] = number, again
    few = sums["last"][:, 0].sum() < FEWEST_OCCASIONS
    bought = sums["last"] + sums["earlier"] if few else sums["last"]
    walked = sums["walked"]
    return Afterwards(days, walked[:, 0], walked[:, 1], bought[:, 0], bought[:, 1], bool(few))


def lost_share(counts: Afterwards, *, level: float = 0.95, seed: int = 1) -> Figure | None:
    """The share of walk-aways who would have come back had they bought; None where there are too few, or all are alike.

    1 − (return of walk-aways) / (return of buyers), its interval by drawing groups of customers anew.
    """
    if counts.few or counts.alike:
        return None
    groups = counts.walked.size
    drawn = np.random.default_rng(seed).multinomial(groups, np.full(groups, 1 / groups), DRAWS).astype(float)

    def lost(weight: Floats) -> Floats:
        walked = (weight @ counts.walked_back) / np.maximum(weight @ counts.walked, 1e-12)
        bought = (weight @ counts.bought_back) / np.maximum(weight @ counts.bought, 1e-12)
        return np.asarray(1 - walked / np.maximum(bought, 1e-12))

    value = float(lost(np.ones(groups)))
    low, high = interval_ends(lost(drawn), level)
    return Figure(value, float(low), float(high))


def policy_outcomes(
    found: DiscountResult, lost: Figure | None, customer_worth: tuple[float, float, float] | None
) -> tuple[PolicyOutcome, ...]:
    """Margin now beside customers lost for no discount, the best flat depth and the ladder as run.

    `customer_worth` is the value still to come of a customer who buys, with its interval; relative errors of the share
    and of the worth are added as squares.
    """
    if found.none is None or found.flat is None or found.ladder is None or found.optimal_depth is None:
        return ()
    buys = found.acceptance[0]
    depth = int(np.argmin(np.abs(DEPTHS - found.optimal_depth.value)))
    ends = [
        (translatable("no discount"), found.none.value, 1 - float(buys[0])),
        (translatable("best flat discount"), found.flat.value, 1 - float(buys[depth])),
        (translatable("the ladder as run"), found.ladder.value, found.walked_away),
    ]
    return tuple(PolicyOutcome(name, margin, away, _priced(away, lost, customer_worth)) for name, margin, away in ends)


def _priced(away: float, lost: Figure | None, worth: tuple[float, float, float] | None) -> Figure | None:
    if lost is None or worth is None:
        return None
    value, low, high = worth
    middle = away * lost.value * value
    down = away * np.hypot(value * (lost.value - lost.low), lost.value * (value - low))
    up = away * np.hypot(value * (lost.high - lost.value), lost.value * (high - value))
    return Figure(middle, middle - float(down), middle + float(up))
