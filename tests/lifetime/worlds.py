"""Simulated customers with a known future: BG/NBD purchases and Gamma-Gamma spend."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from cxvalue.foundation.calendar import DAYS_PER_MONTH
from cxvalue.tables.states import PurchaseStates
from tests.lifetime.conftest import make_states


class World(NamedTuple):
    """States at the end of the calibration, and the revenue and purchases that then come in, by month."""

    states: PurchaseStates
    revenue_by_month: np.ndarray
    purchases: int


def bg_world(customers, rng, *, r=0.6, alpha=6.0, a=0.8, b=2.5, p=4.0, q=5.0, gamma=60.0, days=548, months=12):
    """Simulate customers who joined evenly over the first half of `days` and are followed for `months` more."""
    later = round(months * DAYS_PER_MONTH)
    rate = rng.gamma(r, 1 / alpha, customers) / 7
    leave = rng.beta(a, b, customers)
    price = rng.gamma(q, 1 / gamma, customers)
    join = rng.integers(0, days // 2, customers)
    x, recency = np.zeros(customers, np.int64), np.zeros(customers, np.int64)
    revenue, by_month, purchases = np.zeros(customers), np.zeros(months), 0
    for i in range(customers):
        time = float(join[i])
        while True:
            time += rng.exponential(1 / rate[i])
            day = int(np.ceil(time))
            if day > days + later:
                break
            value = rng.gamma(p, 1 / price[i])
            if day <= days:
                x[i], recency[i], revenue[i] = x[i] + 1, day - join[i], revenue[i] + value
            else:
                month = min(int((day - days - 1) / DAYS_PER_MONTH), months - 1)
                by_month[month] += value
                purchases += 1
            if rng.random() < leave[i]:
                break
    states = make_states(
        x,
        recency,
        days - join,
        mean_spend=np.where(x > 0, revenue / np.maximum(x, 1), np.nan),
        total_revenue=1.0,
        total_margin=0.4,
        first_margin_mean=6.0,
        first_margin_se=0.2,
    )
    return World(states, by_month, purchases)
