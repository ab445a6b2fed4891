"""Levels of all who were invited in the last quarter, reweighted by who answers as the score is (notebook 62).

A customer has a level only with an answer. Those who answered stand for customers like them who were invited to the main
metric and did not: it assumes that the silent are like those, given what was known before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from cxvalue.questions.levels.customer_quarters import LEVELS, CustomerQuarters
from cxvalue.questions.survey_truth import invited_of, shares_of_invited

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from cxvalue.foundation.intervals import Interval
    from cxvalue.study.experience import MetricRules


def shares_of_all(
    rows: CustomerQuarters | None,
    surveys: ir.Table | None,
    purchases: ir.Table,
    *,
    interactions: ir.Table | None,
    customers: ir.Table | None,
    metric: str | None,
    metrics: Mapping[str, MetricRules],
    level: float = 0.95,
) -> dict[str, Interval]:
    """The share of each level among those invited to a metric for the last whole quarter; empty where it is not told.

    An invitation belongs to the quarter of its event, else of its date, as an answer does.
    """
    import ibis

    if rows is None or surveys is None or metric is None or not rows.surveyed:
        return {}
    first, last = _quarter(rows)
    day = surveys.event_date.fill_null(surveys.date) if "event_date" in surveys.columns else surveys.date
    asked = surveys.filter((day >= ibis.literal(first)) & (day <= ibis.literal(last)))
    frame = invited_of(
        asked,
        purchases,
        interactions=interactions,
        customers=customers,
        metric=metric,
        metrics=metrics,
        as_of=last,
    )
    if frame is None:
        return {}
    now = rows.quarter == rows.latest
    found = dict(zip(rows.names[rows.customer[now]].tolist(), rows.level[now].tolist(), strict=True))
    kind = np.array([found.get(name, -1) for name in frame.ids.tolist()], dtype=np.int64)
    shares = shares_of_invited(replace(frame, score=np.where(kind >= 0, 1.0, np.nan)), kind, len(LEVELS), level=level)
    return {} if shares is None else dict(zip(LEVELS, shares, strict=True))


def _quarter(rows: CustomerQuarters) -> tuple[date, date]:
    """The first and the last day of the last whole quarter."""
    last = rows.quarters.last_day(rows.latest)
    return date(last.year, last.month - 2, 1), last
