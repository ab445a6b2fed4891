"""Purchase logs of simulated customers whose future is known."""

from __future__ import annotations

import numpy as np

from cxvalue.tables.purchase_log import PurchaseLog

__all__ = ["bg_log", "log_of"]


def log_of(*rows: tuple[int, int, float]) -> PurchaseLog:
    """A log of (customer, day, revenue); the margin is half the revenue."""
    customer, day, revenue = (np.array(column) for column in zip(*rows, strict=True))
    return PurchaseLog.of(customer, day, revenue.astype(float), revenue / 2)


def bg_log(
    customers: int, days: int, rng: np.random.Generator, *, joined: float = 0.5, a: float = 0.8, b: float = 2.5
) -> PurchaseLog:
    """Customers of a BG/NBD world who join evenly over a share of the days, with gamma amounts; 0.4 of them is margin."""
    rate = rng.gamma(0.8, 1 / 40, customers)
    leave = rng.beta(a, b, customers) if a > 0 else np.zeros(customers)
    price = 20 * rng.gamma(3, 1 / 3, customers)
    alive, time = np.arange(customers), rng.uniform(0, joined * days, customers)
    rows = [np.column_stack([alive, np.ceil(time)])]
    while alive.size:
        time = time + rng.exponential(1 / rate[alive])
        going = np.ceil(time) <= days
        alive, time = alive[going], time[going]
        rows.append(np.column_stack([alive, np.ceil(time)]))
        stays = rng.random(alive.size) >= leave[alive]
        alive, time = alive[stays], time[stays]
    table = np.unique(np.concatenate(rows).astype(np.int64), axis=0)
    revenue = price[table[:, 0]] * rng.gamma(4, 1 / 4, len(table))
    return PurchaseLog.of(table[:, 0], table[:, 1], revenue, 0.4 * revenue)
