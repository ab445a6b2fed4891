"""A world of customers with one opportunity to buy a calendar period, in memory: what was seen, and what then came."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from cxvalue.tables.discrete import Period
from cxvalue.tables.states import PurchaseStates
from cxvalue.timeunit import TimeUnit
from tests.lifetime.conftest import CALIBRATION_END, make_states


@dataclass(frozen=True)
class OpportunityWorld:
    """Customers acquired evenly over the first half of `seen` periods, with a future of `later` periods.

    alpha, beta are of taking an opportunity, gamma, delta of leaving before one (gamma 0: nobody leaves); spend is a
    gamma of shape p whose rate is Gamma(q, 1 / scale) over customers; margin is the margin rate.
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


def draw_world(world: OpportunityWorld, rng: np.random.Generator) -> Drawn:
    """One world: states to fit (`fit_by_period`) and value (`customer_value`), and what really came in, undiscounted."""
    size, whole = world.customers, world.seen + world.later
    joined = rng.integers(0, world.seen // 2, size)
    leave = rng.beta(world.gamma, world.delta, size) if world.gamma else np.zeros(size)
    chance = rng.beta(world.alpha, world.beta, size)
    stays = rng.geometric(np.maximum(leave, 1e-12)) - 1
    number = np.arange(whole) - joined[:, None]
    taken = (number >= 0) & (number <= stays[:, None]) & (rng.random((size, whole)) < chance[:, None])
    taken |= number == 0
    mean = rng.gamma(world.q, 1 / world.scale, size)
    spend = np.where(taken, rng.gamma(world.p, 1.0, taken.shape) / mean[:, None], 0.0)
    past, future = taken[:, : world.seen], taken[:, world.seen :]
    last = world.seen - 1 - past[:, ::-1].argmax(axis=1)
    first, x = spend[np.arange(size), joined], past.sum(axis=1) - 1
    revenue = spend[:, : world.seen].sum(axis=1)
    unit = TimeUnit(Period(world.period).value)
    states = make_states(
        x,
        np.round((last - joined) * unit.days),
        np.round((world.seen - 1 - joined) * unit.days),
        unit=unit,
        mean_spend=np.where(x > 0, (revenue - first) / np.maximum(x, 1), np.nan),
        total_revenue=float(revenue.sum()),
        total_margin=world.margin * float(revenue.sum()),
        first_margin_mean=world.margin * float(first.mean()),
        first_margin_se=world.margin * float(first.std(ddof=1) / np.sqrt(size)),
    )
    assert states.as_of == CALIBRATION_END
    return Drawn(states, int(future.sum()), world.margin * float(spend[:, world.seen :].sum()))
