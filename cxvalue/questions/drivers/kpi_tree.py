"""From drivers over the score to money, by department: what one point more everywhere in a department goes along with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from cxvalue.foundation.arrays import Floats
from cxvalue.foundation.calendar import WHOLE_YEAR_DAYS
from cxvalue.foundation.intervals import Interval
from cxvalue.questions.drivers.importance import Importance
from cxvalue.questions.drivers.score_link import ScoreLink
from cxvalue.questions.experience.answers import rules_of
from cxvalue.questions.experience.bags import bags_of, redraw_weights, redrawn

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from cxvalue.study.experience import MetricRules

DRAWS = 1000


@dataclass(frozen=True, slots=True)
class Branch:
    """A department: its drivers with the customers touched in 12 months, and money a year for one point of each."""

    department: str
    touched: dict[str, int]
    margin_per_point: Interval


@dataclass(frozen=True, slots=True)
class Drawn:
    """Slopes (draws x drivers) and the link, drawn together: customers are drawn again, whichever rows they are in."""

    slopes: Floats
    link: Floats


def draws_of(importance: Importance, link: ScoreLink, *, seed: int = 1) -> Drawn:
    """Joint draws of the slopes of all drivers and of the link."""
    weights = redraw_weights(DRAWS, seed)
    slopes = np.array([one.value for one in importance.slope])
    influence = np.nan_to_num(importance.influence)
    return Drawn(
        redrawn(slopes, influence, bags_of(importance.ids), weights),
        redrawn(np.array([link.link.value]), link.influence, bags_of(link.ids), weights)[:, 0],
    )


def touched_customers(
    metric: str, surveys: ir.Table, interactions: ir.Table | None, *, as_of: date, among: ir.Table | None = None
) -> int:
    """Customers with a contact at the touchpoint of that name, or a survey about it, in the last 12 months.

    `among` has the customer_id of those who count, where not all do.
    """
    import ibis

    since = ibis.literal(as_of - timedelta(days=WHOLE_YEAR_DAYS))
    about = surveys.metric == metric
    if "touchpoint" in surveys.columns:
        about = about | (surveys.touchpoint == metric).fill_null(False)
    met = surveys.filter(about & (surveys.date > since)).select("customer_id")
    if interactions is not None and "touchpoint" in interactions.columns:
        own = interactions.filter((interactions.touchpoint == metric) & (interactions.date > since))
        met = met.union(own.select("customer_id"), distinct=False)
    if among is not None:
        met = met.semi_join(among, "customer_id")
    return int(met.customer_id.nunique().to_pyarrow().as_py())


def build_tree(
    importance: Importance,
    link: ScoreLink,
    metrics: Mapping[str, MetricRules],
    touched: Mapping[str, int],
    *,
    level: float = 0.95,
    seed: int = 1,
) -> tuple[Branch, ...]:
    """Σ slope × link × customers touched of each department that the study file gives drivers to.

    `touched` has the customers of each driver; a group of drivers counts for the department of its first member.
    """
    drawn = draws_of(importance, link, seed=seed)
    branches: dict[str, list[int]] = {}
    for k, members in enumerate(importance.members):
        department = rules_of(members[0], metrics).department
        if department is not None:
            branches.setdefault(department, []).append(k)
    found = []
    for department, drivers in sorted(branches.items()):
        reach = np.array([max(touched[name] for name in importance.members[k]) for k in drivers], dtype=float)
        slopes = np.array([importance.slope[k].value for k in drivers])
        value = float(slopes @ reach * link.link.value)
        draws = drawn.slopes[:, drivers] @ reach * drawn.link
        counts = {importance.names[k]: int(n) for k, n in zip(drivers, reach, strict=True)}
        found.append(Branch(department, counts, Interval.around(value, draws, level)))
    return tuple(found)
