"""Steps of the journey: who reaches one and does not reach the next, and how long it takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from cxvalue.effects.estimators.survival import kaplan_meier
from cxvalue.foundation.intervals import Interval, share_interval
from cxvalue.questions.experience.dummies import codes_of

if TYPE_CHECKING:
    import ibis.expr.types as ir

WITHIN_DAYS = 30


@dataclass(frozen=True, slots=True)
class Step:
    """Customers who reached a step early enough, the share that did not reach the next within 30 days, and median days."""

    name: str
    following: str
    reached: int
    dropped: int
    drop_off: Interval | None
    days: Interval | None


def steps_of(interactions: ir.Table, journey: Sequence[str], *, as_of: date, level: float = 0.95) -> tuple[Step, ...]:
    """The steps but the last, in the order of `journey` (values of `touchpoint`).

    Each customer counts from the first time at the step; the next step may come on the same day. Days to it are censored at
    `as_of`.
    """
    rows = interactions.filter(interactions.touchpoint.isin(list(journey)))
    frame = rows.select("customer_id", "touchpoint", "date").distinct().to_pandas()
    if frame.empty:
        return ()
    who = codes_of(frame["customer_id"].to_numpy())
    day = frame["date"].to_numpy().astype("datetime64[D]").astype(np.int64)
    end = int(np.datetime64(as_of, "D").astype(np.int64))
    span = 2**22
    found = []
    for name, following in pairwise(journey):
        here, later = (frame["touchpoint"] == name).to_numpy(), (frame["touchpoint"] == following).to_numpy()
        keys = np.sort(who[here] * span + day[here])
        customer = keys // span
        first = keys[np.append(True, customer[1:] != customer[:-1])] if keys.size else keys
        goes = np.sort(who[later] * span + day[later])
        place = np.searchsorted(goes, first)
        next_key = np.append(goes, np.iinfo(np.int64).max)[place]
        went = next_key // span == first // span
        waited = np.where(went, next_key - first, end - first % span)
        known = first % span <= end - WITHIN_DAYS
        dropped = int((known & ~(went & (waited <= WITHIN_DAYS))).sum())
        reached = int(known.sum())
        share = Interval(dropped / reached, *share_interval(dropped, reached, level)) if reached else None
        days = kaplan_meier(waited.astype(float), went, np.full(first.size, -1.0)).median(level) if first.size else None
        found.append(Step(name, following, reached, dropped, share, days))
    return tuple(found)
