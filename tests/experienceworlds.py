"""Worlds of the retailer as typed tables of the engine, without files: for tests of single questions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from typing import Any

import ibis
import numpy as np
import pandas as pd

from cxvalue.questions.experience.answers import Quarters
from cxvalue.questions.levels.customer_quarters import CustomerQuarters
from cxvalue.simulate.retailer_draw import RetailerParameters
from cxvalue.simulate.retailer_world import retailer
from cxvalue.study.experience import ExperienceRules, MetricRules

DATES = ("date", "event_date", "invited_on", "responded_on", "resolved_on", "hired", "left")
METRICS = {"overall": MetricRules(main=True, department="board")} | {
    name: MetricRules(department=name) for name in ("store", "delivery", "contact_centre", "website")
}
RULES = ExperienceRules()


@dataclass(frozen=True)
class Retail:
    """Tables by name, purchases, the truth and the days between which all happens."""

    tables: dict[str, ibis.Table]
    truth: dict[str, float]
    observed_from: date
    as_of: date

    @property
    def purchases(self) -> ibis.Table:
        """A row per customer and day."""
        rows = self.tables["transactions"]
        return rows.group_by("customer_id", "date").agg(revenue=rows.revenue.sum(), margin=rows.margin.sum())


def typed(table: pd.DataFrame) -> ibis.Table:
    """A table as the product reads it: days as dates, yes and no as flags."""
    frame = table.copy()
    for name in frame.columns:
        if name in DATES:
            frame[name] = pd.to_datetime(frame[name]).dt.date
        elif name in ("complaint", "invited"):
            frame[name] = frame[name] == "true"
    rows = ibis.memtable(frame)
    return rows.mutate(**{name: rows[name].cast("date") for name in frame.columns if name in DATES})


@cache
def retail(customers: int = 4000, seed: int = 3, **parameters: Any) -> Retail:
    """The world, its truth counted in 40,000 others."""
    world = retailer(customers, seed, replace(RetailerParameters(), **parameters))
    tables = {name: typed(table) for name, table in world.tables.items()}
    return Retail(tables, world.truth, world.study["observed_from"], world.study["as_of"])


MOVING = np.array(
    [
        [0.40, 0.20, 0.10, 0.05, 0.05, 0.15, 0.05],
        [0.10, 0.40, 0.20, 0.10, 0.05, 0.12, 0.03],
        [0.05, 0.15, 0.40, 0.20, 0.05, 0.13, 0.02],
        [0.05, 0.10, 0.15, 0.40, 0.15, 0.13, 0.02],
        [0.03, 0.07, 0.10, 0.25, 0.40, 0.13, 0.02],
        [0.10, 0.20, 0.25, 0.20, 0.10, 0.12, 0.03],
        [0.00, 0.00, 0.00, 0.00, 0.00, 0.00, 1.00],
    ]
)
"""Moves between the five levels, unknown and gone from one quarter to the next; who is gone stays so."""
LEVEL_MARGIN = np.array([60.0, 72.0, 76.0, 81.0, 88.0])
LEVEL_CHURN = np.array([0.30, 0.20, 0.15, 0.12, 0.08])


def moving(seed: int, customers: int = 1000, quarters: int = 8) -> CustomerQuarters:
    """Customers who move between levels, each with a trait of their own in the margin, at ten units with good quarters."""
    rng = np.random.default_rng(seed)
    state = np.zeros((customers, quarters), dtype=np.int64)
    state[:, 0] = rng.integers(0, 5, customers)
    for q in range(1, quarters):
        state[:, q] = (rng.random(customers)[:, None] > MOVING[state[:, q - 1]].cumsum(axis=1)).sum(axis=1)
    who, when = np.nonzero(state < 5)
    level, unit = state[who, when], rng.integers(0, 10, customers)
    trait, good = 20 * rng.standard_normal(customers), 5 * rng.standard_normal((10, quarters))
    good -= good.mean(axis=0)  # so that the mean of a level does not hang on the units drawn
    after = LEVEL_MARGIN[level] + trait[who] + good[unit[who], when] + 15 * rng.standard_normal(who.size)
    last = when == quarters - 1
    return CustomerQuarters(
        customer=who, names=np.arange(customers).astype(str).astype(object), quarter=when, level=level,
        next_level=np.where(last, -1, state[who, np.minimum(when + 1, quarters - 1)]),
        active_days=rng.integers(0, 9, who.size).astype(float), unit=unit[who], after=after,
        before=70 + trait[who] + 15 * rng.standard_normal(who.size),
        bought_after=(rng.random(who.size) >= LEVEL_CHURN[level]).astype(float), known=when < quarters - 4,
        past=np.ones(who.size, dtype=bool), tenure=rng.integers(400, 900, who.size).astype(float),
        quarters=Quarters(date(2024, 1, 1), quarters), surveyed=True, active_from=1.0, contacts_count=False,
    )  # fmt: skip


def last_shares(quarters: int = 8) -> np.ndarray:
    """The share of each level among those who have one in the last quarter of `moving`."""
    start = np.append(np.full(5, 0.2), [0.0, 0.0])
    ends = (start @ np.linalg.matrix_power(MOVING, quarters - 1))[:5]
    return ends / ends.sum()
