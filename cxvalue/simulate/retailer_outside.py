"""What customers of the retailer spend elsewhere, what its competitors score, and who works in its stores."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
from scipy.special import expit

from cxvalue.simulate.retailer_draw import MONTHS, STARTS, Lives
from cxvalue.tables.distinct import distinct_numbers

RIVALS = {"Rival": (6.4, 0.25), "Other": (7.3, 0.0)}
"""Score of each competitor in the first quarter, and by how much it rises a year."""
MARGIN = 0.3
ASKED_AT_TILL, ASKED_ONLINE = 0.02, 0.10


def benchmarks(first: date) -> pd.DataFrame:
    """A figure a competitor and quarter, with its standard error."""
    rows = []
    for name, (start, rise) in RIVALS.items():
        for quarter in range(MONTHS // 3):
            day = first + timedelta(days=int(STARTS[3 * quarter + 1]))
            rows.append(("overall", name, round(start + rise * quarter / 4, 3), day, 0.05))
    return pd.DataFrame(rows, columns=["metric", "competitor", "value", "date", "se"])


def wallet_answers(rng: np.random.Generator, lives: Lives) -> tuple[pd.DataFrame, dict[str, float]]:
    """Answers of the last day: main store asked at the till, as often as somebody comes; category spend asked online by lot.

    The truth of both is that of all who bought in the 12 months before.
    """
    n, last = lives.store.size, int(STARTS[MONTHS]) - 1
    recent = (lives.bought >= last - 365) & (lives.bought < last)
    days = distinct_numbers(lives.buyer[recent] * 10_000 + lives.bought[recent]) // 10_000
    visits = np.bincount(days, minlength=n)
    revenue = np.bincount(lives.buyer[recent], lives.margin[recent] / MARGIN, n)
    here = visits > 0
    main = rng.random(n) < expit(0.4 + 1.2 * lives.keen)
    at_till = here & (rng.random(n) < np.minimum(ASKED_AT_TILL * visits, 1.0))
    share = rng.beta(4, 3, n)
    online = here & (rng.random(n) < ASKED_ONLINE)
    rows = [
        pd.DataFrame({"customer": np.flatnonzero(at_till), "metric": "main_store", "score": main[at_till].astype(float),
                      "channel": "till"}),
        pd.DataFrame({"customer": np.flatnonzero(online), "metric": "category_spend", "channel": "online",
                      "score": np.round(revenue[online] / 12 / share[online], 2)}),
    ]  # fmt: skip
    truth = {
        "experience.wallet.main_store": float(main[here].mean()),
        "experience.wallet.share": float(revenue[here].sum() / (revenue[here] / share[here]).sum()),
    }
    return pd.concat(rows, ignore_index=True), truth


def employees(rng: np.random.Generator, stores: int, first: date) -> tuple[pd.DataFrame, dict[str, float]]:
    """Staff of the stores, replaced on the first of the next month; who leaves has nothing to do with customers.

    The chance to leave in a month lasts within a store (AR .6 around 5%); the truth of turnover is its mean.
    """
    rows: list[tuple[str, str, date, date | None]] = []
    heads = rng.integers(12, 41, stores)
    chance = np.empty((stores, MONTHS))
    shock = 0.02 * rng.standard_normal(stores)
    for month in range(MONTHS):
        shock = 0.6 * shock + 0.8 * 0.02 * rng.standard_normal(stores)
        chance[:, month] = np.clip(0.05 + shock, 0.005, 0.4)
    for store in range(stores):
        for seat in range(int(heads[store])):
            hired = first - timedelta(days=int(rng.integers(1, 1500)))
            goes = np.flatnonzero(rng.random(MONTHS) < chance[store])
            for turn, gone in enumerate(goes):
                last = first + timedelta(days=int(STARTS[gone] + rng.integers(0, 28)))
                rows.append((f"E{store}-{seat}-{turn}", f"store{store:02d}", hired, last))
                hired = first + timedelta(days=int(STARTS[gone + 1]))
            if hired < first + timedelta(days=int(STARTS[MONTHS])):
                rows.append((f"E{store}-{seat}-{goes.size}", f"store{store:02d}", hired, None))
    table = pd.DataFrame(rows, columns=["employee_id", "unit", "hired", "left"]).assign(monthly_cost=2400.0)
    turnover = 12 * float((chance.mean(axis=1) * heads).sum() / heads.sum())
    return table, {"experience.staff.turnover": turnover, "experience.staff.link": 0.0}


def journeys(rng: np.random.Generator, customers: int) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """One journey of some customers: an order, for three in four a delivery 1 to 24 days later, for 60% of them a follow-up.

    Rows of customer, day and touchpoint; who goes on does so within 30 days.
    """
    who = np.flatnonzero(rng.random(customers) < 0.5)
    ordered = rng.integers(400, int(STARTS[MONTHS]) - 60, who.size)
    goes, again = rng.random(who.size) < 0.75, rng.random(who.size) < 0.6
    delivered = ordered + rng.integers(1, 25, who.size)
    followed = delivered + rng.integers(1, 11, who.size)
    both = goes & again
    rows = {
        "customer": np.concatenate([who, who[goes], who[both]]),
        "day": np.concatenate([ordered, delivered[goes], followed[both]]),
        "touchpoint": np.repeat(["order", "delivery_day", "follow_up"], [who.size, goes.sum(), both.sum()]),
    }
    truth = {
        "experience.journey.order.drop_off": 0.25,
        "experience.journey.order.days": 16.0,
        "experience.journey.delivery_day.drop_off": 0.40,
    }
    return rows, truth
