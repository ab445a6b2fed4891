"""Own score less each competitor's at the dates of the benchmarks, and its trend."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cxvalue.foundation.intervals import Interval
from cxvalue.questions.experience.answers import rules_of

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from cxvalue.study.experience import MetricRules

__all__ = ["TREND_UNIT", "Gap", "active_customers", "gaps_of", "trend_of"]

Floats = NDArray[np.float64]

NEAR_DAYS = 45
FEWEST_DATES = 8
FEWEST_ANSWERS = 10
YEAR_DAYS = 365.25
TREND_UNIT = "points a year"


@dataclass(frozen=True, slots=True)
class Gap:
    """Own less competitor: at the latest date (no interval without the competitor's error), and a year's trend.

    `days` count from 1970; `gaps` are those of each date; in units of the scale, of NPS for `kind: nps`.
    """

    metric: str
    competitor: str
    latest: float
    interval: Interval | None
    trend: Interval | None
    days: NDArray[np.int64]
    gaps: Floats
    own: float
    theirs: float


def trend_of(days: NDArray[np.int64], gaps: Floats, level: float = 0.95) -> Interval | None:
    """Slope a year by least squares with HC3 errors; None with fewer than 8 dates."""
    if np.unique(days).size < FEWEST_DATES:
        return None
    x = np.column_stack([np.ones(days.size), days / YEAR_DAYS])
    x[:, 1] -= x[:, 1].mean()
    bread = np.linalg.inv(x.T @ x)
    beta = bread @ x.T @ gaps
    leverage = np.einsum("ij,jk,ik->i", x, bread, x)
    left = (gaps - x @ beta) / (1 - leverage)
    variance = bread @ (x.T @ (left[:, None] ** 2 * x)) @ bread
    return Interval.of_error(float(beta[1]), float(np.sqrt(variance[1, 1])), level, days.size - 2)


def gaps_of(
    benchmarks: ir.Table, answers: ir.Table, metrics: Mapping[str, MetricRules], *, as_of: date, level: float = 0.95
) -> tuple[Gap, ...]:
    """A gap for each metric and competitor with own answers within 45 days of a benchmark (see `answered`).

    A benchmark without a date stands for `as_of`. Own answers count by their day, clustered by customer.
    """
    columns = [name for name in ("metric", "competitor", "value", "date", "se") if name in benchmarks.columns]
    rows = benchmarks.select(*columns).to_pandas()
    if rows.empty:
        return ()
    when = (
        rows["date"].to_numpy() if "date" in rows else np.full(len(rows), np.datetime64("NaT"), dtype="datetime64[D]")
    )
    when = when.astype("datetime64[D]")
    when = np.where(np.isnat(when), np.datetime64(as_of, "D"), when).astype(np.int64)
    se = rows["se"].to_numpy(float) if "se" in rows else np.full(len(rows), np.nan)
    names = sorted(set(rows["metric"]))
    own = (
        answers.filter(answers.metric.isin(names)).select("metric", "customer_id", "day", "score", "points").to_pandas()
    )
    own_day = own["day"].to_numpy().astype("datetime64[D]").astype(np.int64)
    found = []
    for metric, competitor in sorted(set(zip(rows["metric"], rows["competitor"], strict=True))):
        nps = rules_of(metric, metrics).kind == "nps"
        mine = (own["metric"] == metric).to_numpy()
        value = own["points" if nps else "score"].to_numpy(float)
        days, gaps, last = [], [], None
        place = np.flatnonzero(((rows["metric"] == metric) & (rows["competitor"] == competitor)).to_numpy())
        for k in place[np.argsort(when[place], kind="stable")]:
            near = mine & (np.abs(own_day - when[k]) <= NEAR_DAYS)
            if near.sum() < FEWEST_ANSWERS:
                continue
            mean, error = _mean(value[near], own["customer_id"].to_numpy(object)[near])
            theirs = float(rows["value"].iloc[k])
            days.append(int(when[k]))
            gaps.append(mean - theirs)
            last = (mean, theirs, float(np.hypot(error, se[k])))
        if last is None:
            continue
        gap = last[0] - last[1]
        found.append(
            Gap(
                metric, competitor, gap,
                Interval.of_error(gap, last[2], level) if np.isfinite(last[2]) else None,
                trend_of(np.array(days), np.array(gaps), level),
                np.array(days), np.array(gaps), last[0], last[1],
            )
        )  # fmt: skip
    return tuple(found)


def active_customers(purchases: ir.Table, as_of: date, dormancy_days: int) -> int:
    """Customers who are not dormant on a day: those who bought on one of the last `dormancy_days` days."""
    import ibis

    recent = purchases.filter(purchases.date > ibis.literal(as_of - timedelta(days=dormancy_days)))
    return int(recent.customer_id.nunique().to_pyarrow().as_py())


def _mean(value: Floats, customer: NDArray[np.object_]) -> tuple[float, float]:
    _, code = np.unique(customer.astype(str), return_inverse=True)
    mean = float(value.mean())
    sums = np.bincount(code, (value - mean) / value.size)
    return mean, float(np.sqrt(sums @ sums * sums.size / max(sums.size - 1, 1)))
