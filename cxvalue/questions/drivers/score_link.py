"""Score and margin: what one point goes along with in the year after, less what it went along with in the past.

Forward: the slope of margin after on the score, given margin before, tenure, unit and month. Mirror: the same of margin
earlier, which no answer can have caused. A lasting trait or past money is in both and goes; a mood of months is not, so
what is left is called a link, never an effect.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cxvalue.foundation.arrays import Bools, Floats, Ints, Places
from cxvalue.foundation.intervals import Interval, reach_of
from cxvalue.questions.experience.answers import FEWEST_TO_FIT, in_home_units
from cxvalue.questions.experience.dummies import codes_of, slopes_clustered
from cxvalue.tables.windows import AFTER, BEFORE, EARLIER, moments_of, sums_around

if TYPE_CHECKING:
    import ibis.expr.types as ir

LEAST_TENURE_DAYS = 730
PAIR_DAYS = (14, 90)
FEWEST_PAIRS = 30
SPAN = 2**22
"""More days than any calendar here has: a customer and a day as one number."""


@dataclass(frozen=True, slots=True)
class LinkRows:
    """One answer a customer and year with margin around it; `month` and `unit` are numbers."""

    ids: NDArray[Any]
    points: Floats
    after: Floats
    before: Floats
    earlier: Floats
    tenure: Floats
    unit: Ints
    month: Ints


@dataclass(frozen=True, slots=True)
class ScoreLink:
    """Margin a year that goes along with one point: forward less mirror, and both by themselves.

    `influence` is each answer's on the difference, `ids` its customer.
    """

    link: Interval
    forward: Interval
    mirror: Interval
    answers: int
    customers: int
    influence: Floats
    ids: NDArray[Any]


def link_rows(
    answers: ir.Table, purchases: ir.Table, customers: ir.Table | None, *, main: str, observed_from: date, as_of: date
) -> LinkRows | None:
    """Answers to the main metric (see `answered`) with a year after and two before, one a customer and calendar year.

    None with fewer than 100: two years before the answer and one after must have been observed.
    """
    import ibis

    own = answers.filter(answers.metric == main)
    own = own.filter((own.day >= ibis.literal(observed_from + timedelta(days=LEAST_TENURE_DAYS)))
                     & (own.day <= ibis.literal(as_of - timedelta(days=AFTER[1]))))  # fmt: skip
    unit = own.unit.max() if "unit" in own.columns else own.metric.min().nullif(main)
    daily = own.group_by("customer_id", "day").agg(points=own.points.mean(), unit=unit)
    daily = daily.mutate(year=daily.day.year())
    first = daily.group_by("customer_id", "year").agg(day=daily.day.min())
    rows = daily.join(first, ["customer_id", "year", "day"])
    frame = in_home_units(rows, customers).order_by("customer_id", "day").to_pandas()
    if len(frame) < FEWEST_TO_FIT:
        return None
    ids = frame["customer_id"].to_numpy()
    day = frame["day"].to_numpy().astype("datetime64[D]")
    windows = {"after": AFTER, "before": BEFORE, "earlier": EARLIER}
    sums = sums_around(moments_of(ids, day), purchases, windows, len(ids))
    kept = np.nan_to_num(sums["tenure"]) >= LEAST_TENURE_DAYS
    if kept.sum() < FEWEST_TO_FIT:
        return None
    return LinkRows(
        ids=ids[kept],
        points=frame["points"].to_numpy(float)[kept],
        after=sums["after_margin"][kept],
        before=sums["before_margin"][kept],
        earlier=sums["earlier_margin"][kept],
        tenure=sums["tenure"][kept],
        unit=codes_of(frame["unit"].to_numpy(object)[kept]).astype(np.int64),
        month=codes_of(day[kept].astype("datetime64[M]").astype(np.int64)).astype(np.int64),
    )


def fit_link(rows: LinkRows, *, level: float = 0.95) -> ScoreLink | None:
    """The slope of margin after less the slope of margin earlier, clustered by customer; None where nobody differs."""
    months = (rows.month[:, None] == np.arange(1, int(rows.month.max()) + 1)[None, :]).astype(float)
    x = np.column_stack([rows.points, rows.before, rows.tenure, months])
    unit, cluster = rows.unit.astype(np.intp), codes_of(rows.ids)
    found = []
    influence = np.zeros(0)
    # The same columns stand on both sides, so the difference of the slopes is the slope of the difference.
    for y in (rows.after - rows.earlier, rows.after, rows.earlier):
        fit = slopes_clustered(y, x, unit)
        if not fit.kept[0]:
            return None
        variance = fit.covariance(cluster)[0, 0]
        found.append(Interval.of_error(float(fit.beta[0]), float(np.sqrt(variance)), level))
        influence = fit.influence[:, 0] if influence.size == 0 else influence
    return ScoreLink(found[0], found[1], found[2], rows.points.size, int(cluster.max()) + 1, influence, rows.ids)


def reliability_of(
    answers: ir.Table, complaints: ir.Table | None, *, main: str, level: float = 0.95
) -> tuple[Interval, int] | None:
    """Correlation of two answers of a customer 14 to 90 days apart with no complaint between, and the number of pairs.

    One pair a customer, the first; the interval is Fisher's. None with fewer than 30 pairs.
    """
    own = answers.filter(answers.metric == main)
    daily = own.group_by("customer_id", "day").agg(points=own.points.mean()).order_by("customer_id", "day").to_pandas()
    if len(daily) < 2:
        return None
    who = codes_of(daily["customer_id"].to_numpy())
    day = daily["day"].to_numpy().astype("datetime64[D]").astype(np.int64)
    points = daily["points"].to_numpy(float)
    # Customers asked every week have answers in between: the second one is the next that is late enough.
    second = np.searchsorted(who * SPAN + day, who * SPAN + day + PAIR_DAYS[0])
    pair = np.flatnonzero(second < who.size)
    pair = pair[(who[second[pair]] == who[pair]) & (day[second[pair]] - day[pair] <= PAIR_DAYS[1])]
    if complaints is not None and pair.size:
        pair = pair[~_complained_between(daily["customer_id"].to_numpy(), day, pair, second[pair], complaints)]
    _, first = np.unique(who[pair], return_index=True)
    pair = pair[first]
    one, other = points[pair], points[second[pair]]
    if pair.size < FEWEST_PAIRS or np.ptp(one) == 0 or np.ptp(other) == 0:
        return None
    r = float(np.corrcoef(one, other)[0, 1])
    half = reach_of(level) / np.sqrt(pair.size - 3)
    centre = np.arctanh(np.clip(r, -1 + 1e-12, 1 - 1e-12))
    return Interval.holding(r, float(np.tanh(centre - half)), float(np.tanh(centre + half))), int(pair.size)


def _complained_between(ids: NDArray[Any], day: Ints, pair: Places, second: Places, complaints: ir.Table) -> Bools:
    frame = complaints.select("customer_id", "date").to_pandas()
    when = frame["date"].to_numpy().astype("datetime64[D]").astype(np.int64)
    every = codes_of(np.concatenate([ids, frame["customer_id"].to_numpy()]))
    made = np.sort(every[len(ids) :] * SPAN + when)
    low = np.searchsorted(made, every[pair] * SPAN + day[pair], side="left")
    high = np.searchsorted(made, every[pair] * SPAN + day[second], side="right")
    return np.asarray(high > low)
