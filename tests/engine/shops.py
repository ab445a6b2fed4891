"""A small shop whose tables hold what tells engines apart: odd ids and names, moments at the end of a month, decimals."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa

FIRST, DAYS = date(2024, 1, 1), 640
ODD_IDS = (
    "007",
    "7",
    "id ",
    " id2",
    "\U0001f600",
    "x" * 300,
    "É",
    "e",
    "E",
    "z",
    "Ä",
    "a-b",
    "ab",
    "a b",
    "1e5",
    "it's",
    'say "so"',
)
COLUMNS = {
    "transactions": {"date": "at", "order_id": "order", "revenue": "Total"},
    "customers": {"acquired_on": "since"},
    "fees": {"amount": "fee"},
}
SETTINGS: dict[str, Any] = {
    "campaigns": [{"name": "spring", "control": "none", "window_days": 30}],
    "programmes": [{"name": "waiver", "unit": "branch"}],
    "as_of": date(2025, 9, 30),
    "gross_margin": None,
}


def shop(customers: int = 120, lines: int = 900, seed: int = 3) -> dict[str, pa.Table]:
    """Tables of a shop under its own names of columns."""
    rng = np.random.default_rng(seed)
    ids = [*ODD_IDS, *(f"C{number:04d}" for number in range(customers - len(ODD_IDS)))]
    who = rng.integers(0, len(ids), lines)
    day = rng.integers(0, DAYS, lines)
    day[:40] = (date(2024, 11, 30) - FIRST).days
    late = datetime(2024, 1, 1, 23, 30, tzinfo=UTC)
    at = [late + timedelta(days=int(one), hours=int(rng.integers(-3, 7))) for one in day]
    amount = [Decimal(int(rng.integers(0, 90_000))) / 100 for _ in range(lines)]
    order = [None if rng.random() < 0.1 else f"o{number}" for number in range(lines)]
    product = [f"P{number}" for number in rng.integers(0, 6, lines)]
    discount = [round(float(one), 2) for one in rng.uniform(0, 3, lines)]
    # Some lines come back a few days later, by the id of their order or without one, in part or whole.
    for line in rng.choice(lines, lines // 12, replace=False):
        share = [Decimal(1), Decimal("0.5")][int(rng.integers(0, 2))]
        who = np.append(who, who[line])
        at.append(at[line] + timedelta(days=int(rng.integers(0, 20))))
        amount.append(-(amount[line] * share).quantize(Decimal("0.01")))
        order.append(order[line] if rng.random() < 0.6 else None)
        product.append(product[line])
        discount.append(0.0)
    amount = [one if one else Decimal("0.01") for one in amount]
    places = range(len(amount))
    transactions = pa.table(
        {
            "customer_id": [ids[one] for one in who],
            "at": pa.array(at, pa.timestamp("us", tz="UTC")),
            "Total": pa.array(amount, pa.decimal128(38, 10)),
            "margin": [float(one) * 0.4 for one in amount],
            "order": order,
            "product": product,
            "discount": discount,
            "channel": ["web" if one % 3 else "shop" for one in places],
            "till": pa.array([one % 4 for one in places], pa.int64()),
        }
    )
    branches = [f"B{number % 9}" for number in range(len(ids))]
    people = pa.table(
        {
            "customer_id": ids,
            "since": pa.array([FIRST + timedelta(days=number % 30) for number in range(len(ids))], pa.date32()),
            "Region": [
                ("north", "north", "north", "north", "South ", "South ", None)[number % 7] for number in range(len(ids))
            ],
            "region": [(0, 0, 0, 0, 1, 1, 1, 2, 2, 3)[number % 10] for number in range(len(ids))],
            "order": [number % 3 == 0 for number in range(len(ids))],
            "branch": branches,
        }
    )
    contacted = [one for number, one in enumerate(ids) if number % 3]
    contacts = pa.table(
        {
            "customer_id": contacted,
            "date": pa.array([date(2025, 3, 1 + number % 5) for number in range(len(contacted))], pa.date32()),
            "campaign": ["spring"] * len(contacted),
            "arm": ["none" if number % 4 == 0 else "sent" for number in range(len(contacted))],
            "cost": [0.5] * len(contacted),
        }
    )
    fined = [ids[one] for one in rng.integers(0, len(ids), 150)]
    fees = pa.table(
        {
            "customer_id": fined,
            "date": pa.array([FIRST + timedelta(days=int(one)) for one in rng.integers(0, DAYS, 150)], pa.date32()),
            "fee": [round(float(one), 2) for one in rng.uniform(1, 90, 150)],
            "waived": pa.array([int(one) for one in rng.integers(0, 2, 150)], pa.int64()),
        }
    )
    touched = [ids[one] for one in rng.integers(0, len(ids), 200)]
    interactions = pa.table(
        {
            "customer_id": touched,
            "date": pa.array([FIRST + timedelta(days=int(one)) for one in rng.integers(0, DAYS, 200)], pa.date32()),
            "channel": ["call"] * 200,
            "reason": [("fine", "delivery")[number % 2] for number in range(200)],
            "minutes": [float(number % 9) for number in range(200)],
            "complaint": [number % 7 == 0 for number in range(200)],
        }
    )
    rollout = pa.table(
        {
            "programme": ["waiver"] * 9,
            "unit": [f"B{number}" for number in range(9)],
            "start": pa.array(
                [date(2024, 9 + number % 3, 1) if number < 6 else None for number in range(9)], pa.date32()
            ),
        }
    )
    return {
        "transactions": transactions,
        "customers": people,
        "contacts": contacts,
        "fees": fees,
        "interactions": interactions,
        "rollout": rollout,
    }
