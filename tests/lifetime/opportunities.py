"""A world of customers with one opportunity to buy a calendar period, in memory: what was seen, and what then came."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

import numpy as np
import pandas as pd

from cxvalue.foundation.calendar import TimeUnit
from cxvalue.tables.periods import Period
from cxvalue.tables.states import PurchaseStates
from tests.lifetime.conftest import CALIBRATION_END, make_states


@dataclass(frozen=True)
class OpportunityWorld:
    """Customers acquired evenly over the first half of `seen` periods, followed for `later` periods more.

    `alpha`, `beta` are of taking an opportunity, `gamma`, `delta` of leaving before one (gamma 0: nobody leaves). Spend
    in a period is gamma distributed of shape `p` at a rate that is Gamma(q, 1 / scale) over customers; `margin` is the
    margin rate. The last period seen ends on 30 September 1997, for any period but a year.
    """

    customers: int = 1_000
    seen: int = 36
    later: int = 12
    period: str = "month"
    alpha: float = 1.2
    beta: float = 1.5
    gamma: float = 0.7
    delta: float = 8.0
    p: float = 6.0
    q: float = 4.0
    scale: float = 10.0
    margin: float = 0.4


class Drawn(NamedTuple):
    """States at the end of what was seen; then what came of these customers: periods with a purchase, and margin."""

    states: PurchaseStates
    purchases: int
    value: float


def _spent(world: OpportunityWorld, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The period in which each customer came, and what they spent in every period (0: no purchase)."""
    size, whole = world.customers, world.seen + world.later
    joined = rng.integers(0, world.seen // 2, size)
    leave = rng.beta(world.gamma, world.delta, size) if world.gamma else np.zeros(size)
    chance = rng.beta(world.alpha, world.beta, size)
    stays = rng.geometric(np.maximum(leave, 1e-12)) - 1
    number = np.arange(whole) - joined[:, None]
    taken = (number > 0) & (number <= stays[:, None]) & (rng.random((size, whole)) < chance[:, None])
    rate = rng.gamma(world.q, 1 / world.scale, size)
    return joined, np.where(taken | (number == 0), rng.gamma(world.p, 1.0, taken.shape) / rate[:, None], 0.0)


def draw_world(world: OpportunityWorld, rng: np.random.Generator) -> Drawn:
    """One world: states to fit (`fit_by_period`) and value (`customer_value`), and what really came in, undiscounted."""
    joined, spend = _spent(world, rng)
    past, future = spend[:, : world.seen], spend[:, world.seen :]
    last = world.seen - 1 - (past[:, ::-1] > 0).argmax(axis=1)
    first, x = spend[np.arange(joined.size), joined], (past > 0).sum(axis=1) - 1
    unit = TimeUnit(world.period)
    states = make_states(
        x,
        np.round((last - joined) * unit.days),
        np.round((world.seen - 1 - joined) * unit.days),
        unit=unit,
        mean_spend=np.where(x > 0, (past.sum(axis=1) - first) / np.maximum(x, 1), np.nan),
        total_revenue=float(past.sum()),
        total_margin=world.margin * float(past.sum()),
        first_margin_mean=world.margin * float(first.mean()),
        first_margin_se=world.margin * float(first.std(ddof=1) / np.sqrt(joined.size)),
    )
    return Drawn(states, int((future > 0).sum()), world.margin * float(future.sum()))


def draw_purchases(world: OpportunityWorld, rng: np.random.Generator) -> pd.DataFrame:
    """The same world as purchases, two in every period with one: customer_id, date, revenue, margin, later (not seen)."""
    spend = _spent(world, rng)[1]
    who, when = np.nonzero(spend)
    period = Period(world.period)
    start = period.last_complete(CALIBRATION_END) - world.seen + 1
    days = [period.first_day(start + number) for number in range(world.seen + world.later + 1)]
    lengths = np.diff([day.toordinal() for day in days])
    early = rng.integers(0, 3, who.size)
    rows = pd.DataFrame(
        {
            "customer_id": np.char.mod("C%05d", who),
            "date": [days[number] + timedelta(days=int(day)) for number, day in zip(when, early, strict=True)],
            "revenue": 0.25 * spend[who, when],
            "later": when >= world.seen,
        }
    )
    late = 3 + np.floor(rng.random(who.size) * (lengths[when] - 3)).astype(int)
    again = rows.assign(revenue=0.75 * spend[who, when])
    again["date"] = [days[number] + timedelta(days=int(day)) for number, day in zip(when, late, strict=True)]
    both = pd.concat([rows, again], ignore_index=True)
    return both.assign(margin=world.margin * both["revenue"])
