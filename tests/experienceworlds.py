"""Worlds of the retailer as typed tables of the engine, without files: for tests of single questions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from typing import Any

import ibis
import pandas as pd

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
