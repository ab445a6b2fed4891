"""The transactions that everybody is timed on: a simulated shop of two years, written once.

Customers join evenly over the first year. They buy at Gamma(0.40, 4.414) rates a week and leave after a purchase with a
Beta(0.793, 2.426) probability, the estimates for CDNOW but for the first, which is .243 there: it gives the four
purchases a customer that are asked for. What a purchase is worth is Gamma-Gamma (6.25, 3.74, 15.44), as at CDNOW.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["AS_OF", "CDNOW_LIKE", "DAYS", "Purchases", "simulate", "write"]

DAYS = 730
START = np.datetime64("2024-07-01")
AS_OF = START + DAYS - 1
CDNOW_LIKE = {"r": 0.40, "alpha": 4.414, "a": 0.793, "b": 2.426, "p": 6.25, "q": 3.74, "gamma": 15.44}


class Purchases(NamedTuple):
    """One row a purchase: whose, on which day of the window (0 is the first), and for how much."""

    customer: NDArray[np.int64]
    day: NDArray[np.int64]
    revenue: NDArray[np.float64]


def simulate(customers: int, seed: int = 20260630) -> Purchases:
    """Every purchase of that many customers within the two years, first ones included."""
    rng = np.random.default_rng(seed)
    p = CDNOW_LIKE
    rate = rng.gamma(p["r"], 1 / p["alpha"], customers) / 7
    leave = rng.beta(p["a"], p["b"], customers)
    price = rng.gamma(p["q"], 1 / p["gamma"], customers)
    now = rng.integers(0, 365, customers).astype(float)
    who = np.arange(customers)
    owners, days = [who], [now.astype(np.int64)]
    while who.size:
        with np.errstate(over="ignore", divide="ignore"):
            now = now + rng.standard_exponential(who.size) / rate[who]
        inside = now < DAYS
        who, now = who[inside], now[inside]
        owners.append(who)
        days.append(now.astype(np.int64))
        stays = rng.random(who.size) >= leave[who]
        who, now = who[stays], now[stays]
    customer, day = np.concatenate(owners), np.concatenate(days)
    order = np.argsort(day, kind="stable")
    customer, day = customer[order], day[order]
    revenue = np.maximum(np.round(rng.gamma(p["p"], 1 / price[customer]), 2), 0.01)
    return Purchases(customer, day, revenue)


def write(customers: int, path: Path) -> int:
    """Write the purchases as a parquet table of customer_id, date, revenue and margin; their number."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    made = simulate(customers)
    ids = np.char.add("C", np.char.zfill(np.arange(customers).astype("U8"), 8))
    names = pa.DictionaryArray.from_arrays(pa.array(made.customer, pa.int32()), pa.array(ids.astype(object)))
    columns = {
        "customer_id": names.cast(pa.string()),
        "date": pa.array(START + made.day).cast(pa.date32()),
        "revenue": pa.array(made.revenue),
        "margin": pa.array(0.35 * made.revenue),
    }
    pq.write_table(pa.table(columns), path)
    return int(made.day.size)
