"""Complaints, those that begin a story, and what was known of the customer before each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cxvalue.foundation.arrays import Bools, Floats, Ints
from cxvalue.questions.experience.dummies import codes_of, dummies
from cxvalue.tables.windows import BEFORE, moments_of, sums_around

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from cxvalue.study.experience import ExperienceRules

QUIET_DAYS = 180
"""A story begins with a complaint after so many observed days without one."""
FEWEST_OF_A_KIND = 20
_LABELS = ("reason", "channel", "touchpoint", "unit")
OPEN = 2**40


@dataclass(frozen=True, slots=True)
class Complaints:
    """A row for each customer and day with a complaint, in that order; days count from 1970.

    `closed` is the day of the first answer (else of the solution), `OPEN` where there was none by `as_of`.
    """

    ids: NDArray[Any]
    customer: Ints
    day: Ints
    closed: Ints
    labels: dict[str, NDArray[np.object_]]
    answered_by: str
    as_of: int
    observed_from: int

    @property
    def waited(self) -> Ints:
        """Days to the answer, or to `as_of` where there was none."""
        return np.minimum(self.closed, self.as_of) - self.day


@dataclass(frozen=True, slots=True)
class IndexComplaints:
    """The first complaint of each customer that can be followed: covariates known before, speed, and what came after.

    Attributes:
        x: an intercept and the covariates, standardised.
        fast: answered within the target.
        retained, margin: any purchase, and margin, in the window after the landmark.
        backlog: other complaints open at the unit that day; None without units.
        groups: unit, weekday and month as numbers, for the comparison by backlog.
        severity: columns of `x` that are covariates, without unit, weekday and month.
    """

    x: Floats
    fast: Bools
    retained: Floats
    margin: Floats
    backlog: Floats | None
    groups: tuple[Ints, Ints, Ints]
    own: Floats


def complaints_of(interactions: ir.Table | None, *, observed_from: date, as_of: date) -> Complaints | None:
    """The complaints of a study; None where the interactions name none, or say nothing of answers."""
    if interactions is None or "complaint" not in interactions.columns:
        return None
    answers = [name for name in ("responded_on", "resolved_on") if name in interactions.columns]
    if not answers:
        return None
    made = interactions.filter(interactions.complaint)
    closed = made[answers[0]] if len(answers) == 1 else made[answers[0]].fill_null(made[answers[1]])
    labels = [name for name in _LABELS if name in interactions.columns]
    rows = made.group_by("customer_id", "date").agg(closed=closed.min(), **{name: made[name].min() for name in labels})
    frame = rows.order_by("customer_id", "date").to_pandas()
    if frame.empty:
        return None
    ids = frame["customer_id"].to_numpy()
    until = frame["closed"].to_numpy().astype("datetime64[D]")
    days = np.where(np.isnat(until), OPEN, until.astype(np.int64))
    return Complaints(
        ids=ids,
        customer=codes_of(ids).astype(np.int64),
        day=_days(frame["date"].to_numpy()),
        closed=days.astype(np.int64),
        labels={name: frame[name].to_numpy(object) for name in labels},
        answered_by=" or ".join(answers),
        as_of=int(np.datetime64(as_of, "D").astype(np.int64)),
        observed_from=int(np.datetime64(observed_from, "D").astype(np.int64)),
    )


def _days(dates: NDArray[Any]) -> Ints:
    return np.asarray(dates.astype("datetime64[D]").astype(np.int64))


def index_complaints(complaints: Complaints, purchases: ir.Table, rules: ExperienceRules) -> IndexComplaints | None:
    """The complaints from which a story can be followed to the end of its window; None where there are none."""
    new = np.append(True, complaints.customer[1:] != complaints.customer[:-1])
    quiet = complaints.day - np.where(new, complaints.observed_from, np.append(0, complaints.day[:-1])) >= QUIET_DAYS
    ahead = complaints.day + rules.landmark_days + rules.follow_days <= complaints.as_of
    begins = np.flatnonzero(quiet)
    _, earliest = np.unique(complaints.customer[begins], return_index=True)
    first = begins[earliest]
    kept = first[ahead[first]]
    if not kept.size:
        return None
    day = complaints.day[kept]
    moments = moments_of(complaints.ids[kept], day.astype("datetime64[D]"))
    window = (rules.landmark_days + 1, rules.landmark_days + rules.follow_days)
    sums = sums_around(moments, purchases, {"before": BEFORE, "next": window}, kept.size)
    earlier = kept - np.flatnonzero(new)[complaints.customer[kept]]
    silence = np.where(np.isnan(sums["silence"]), BEFORE[1] - BEFORE[0] + 1.0, sums["silence"])
    numbers = [
        np.sign(sums["before_margin"]) * np.log1p(np.abs(sums["before_margin"])), sums["before_margin"],
        np.log1p(sums["before_orders"]), np.log1p(silence), np.nan_to_num(sums["tenure"]) / 365.0,
        np.log1p(earlier.astype(float)),
    ]  # fmt: skip
    labels = {name: values[kept] for name, values in complaints.labels.items()}
    own = np.column_stack(
        [*numbers, *(dummies(values, FEWEST_OF_A_KIND) for name, values in labels.items() if name != "unit")]
    )
    weekday = (day + 3) % 7
    month = day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    unit = codes_of(labels["unit"]).astype(np.int64) if "unit" in labels else np.zeros(kept.size, dtype=np.int64)
    groups = (unit, weekday, codes_of(month).astype(np.int64))
    own = _standardised(own)
    x = np.column_stack([np.ones(kept.size), own, *(_standardised(dummies(one, FEWEST_OF_A_KIND)) for one in groups)])
    return IndexComplaints(
        x=x,
        fast=complaints.closed[kept] - day <= rules.target_days,
        retained=(sums["next_orders"] > 0).astype(float),
        margin=sums["next_margin"],
        backlog=_backlog(complaints)[kept] if "unit" in labels else None,
        groups=groups,
        own=own,
    )


def _standardised(columns: Floats) -> Floats:
    spread = columns.std(axis=0)
    return np.asarray((columns - columns.mean(axis=0)) / np.where(spread > 1e-12, spread, np.inf))


def _backlog(complaints: Complaints) -> Floats:
    """Other complaints that were open at the same unit on the day of each."""
    unit = codes_of(complaints.labels["unit"])
    open_then = np.zeros(unit.size)
    for code in np.unique(unit):
        here = unit == code
        opened, closed = np.sort(complaints.day[here]), np.sort(complaints.closed[here])
        day = complaints.day[here]
        # Open on a day: made up to it and not closed before it; the complaint itself is one of them.
        open_then[here] = np.searchsorted(opened, day, side="right") - np.searchsorted(closed, day, side="left") - 1
    return open_then
