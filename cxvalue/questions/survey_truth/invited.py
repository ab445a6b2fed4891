"""Everyone who was invited to a survey in 12 months, whether they answered, and what was known of them before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cxvalue.foundation.arrays import Bools, Floats
from cxvalue.foundation.calendar import WHOLE_YEAR_DAYS
from cxvalue.questions.experience.answers import FEWEST_TO_FIT, points, rules_of
from cxvalue.questions.experience.dummies import dummies
from cxvalue.tables.labels import segments_of
from cxvalue.tables.windows import BEFORE, moments_of, sums_around

if TYPE_CHECKING:
    from collections.abc import Mapping

    import ibis.expr.types as ir

    from cxvalue.study.experience import MetricRules

KNOWN_BEFORE = ("margin", "purchases", "silence", "complaints")


@dataclass(frozen=True, slots=True)
class Invited:
    """A row a customer invited in 12 months, at the latest invitation.

    `score` is NaN where there is no answer, in units of the scale (`kind: nps`: +100, 0, −100) with ends `low` and `high`;
    `known` has the columns of `KNOWN_BEFORE`, `segments` those of the customers table as zeros and ones.
    """

    ids: NDArray[Any]
    score: Floats
    known: Floats
    segments: Floats
    low: float
    high: float

    @property
    def answered(self) -> Bools:
        """Who answered."""
        return np.isfinite(self.score)


def invited_of(
    surveys: ir.Table,
    purchases: ir.Table,
    *,
    interactions: ir.Table | None,
    customers: ir.Table | None,
    metric: str,
    metrics: Mapping[str, MetricRules],
    as_of: date,
) -> Invited | None:
    """The frame of a metric; None where the surveys do not say who was invited, or fewer than 100 were."""
    import ibis

    told = [name for name in ("invited", "invited_on") if name in surveys.columns]
    if not told:
        return None
    rows = surveys.filter(surveys.metric == metric)
    if "invited" in told:
        flag = rows.invited.fill_null(False)
        rows = rows.filter(flag | rows.invited_on.notnull() if "invited_on" in told else flag)
    else:
        rows = rows.filter(rows.invited_on.notnull())
    day = rows.invited_on.fill_null(rows.date) if "invited_on" in told else rows.date
    rows = rows.mutate(day=day).filter(lambda t: t.day > ibis.literal(as_of - timedelta(days=WHOLE_YEAR_DAYS)))
    latest = rows.group_by("customer_id").agg(latest=rows.day.max())
    last = rows.join(latest, "customer_id")
    last = last.filter(last.day == last.latest)
    rules = rules_of(metric, metrics)
    value = points(last.score, last.metric, metrics, [metric]) if rules.kind == "nps" else last.score
    last = last.mutate(value=value.cast("float64"))
    frame = last.group_by("customer_id", "day").agg(score=last.value.mean()).order_by("customer_id").to_pandas()
    if len(frame) < FEWEST_TO_FIT:
        return None
    ids = frame["customer_id"].to_numpy()
    moments = moments_of(ids, frame["day"].to_numpy())
    sums = sums_around(moments, purchases, {"before": BEFORE}, len(ids))
    complaints = np.zeros(len(ids))
    if interactions is not None and "complaint" in interactions.columns:
        made = interactions.filter(interactions.complaint.fill_null(False)).select("customer_id", "date")
        made = made.mutate(margin=ibis.literal(0.0))
        complaints = sums_around(moments, made, {"before": BEFORE}, len(ids))["before_orders"]
    silence = np.where(np.isnan(sums["silence"]), float(WHOLE_YEAR_DAYS), np.minimum(sums["silence"], WHOLE_YEAR_DAYS))
    known = np.column_stack([sums["before_margin"], sums["before_orders"], silence, complaints])
    groups = segments_of(customers, ids, text_only=True) if customers is not None else {}
    segments = np.column_stack([np.zeros((len(ids), 0)), *(dummies(one, 20) for one in groups.values())])
    low, high = (-100.0, 100.0) if rules.kind == "nps" else rules.scale
    return Invited(ids, frame["score"].to_numpy(float), known, segments, low, high)
