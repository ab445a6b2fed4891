"""Own score less each competitor's at the dates of the benchmarks, and its trend."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cxvalue.foundation.arrays import Floats, Ints
from cxvalue.foundation.calendar import DAYS_PER_YEAR
from cxvalue.foundation.intervals import Interval
from cxvalue.questions.experience.answers import rules_of

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from cxvalue.study.experience import MetricRules

NEAR_DAYS = 45
FEWEST_DATES = 8
FEWEST_ANSWERS = 10
TREND_UNIT = "points a year"


@dataclass(frozen=True, slots=True)
class Gap:
    """Own less competitor: at the latest date (no interval without the competitor's error), and a year's trend.

    `days` count from 1970; `gaps` are those of each date; in units of the scale, of NPS for `kind: nps`. The trend counts
    each own answer once, at the nearest date: gaps that share answers err together, and look surer than they are.
    `figures` is how many figures of the competitor there are on a day, at most: their mean stands for them.
    """

    metric: str
    competitor: str
    latest: float
    interval: Interval | None
    trend: Interval | None
    days: Ints
    gaps: Floats
    own: float
    theirs: float
    figures: int = 1


def trend_of(days: Ints, gaps: Floats, level: float = 0.95) -> Interval | None:
    """Slope a year by least squares with HC3 errors; None with fewer than 8 dates."""
    if np.unique(days).size < FEWEST_DATES:
        return None
    x = np.column_stack([np.ones(days.size), days / DAYS_PER_YEAR])
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
    columns = [
        name for name in ("metric", "competitor", "value", "date", "se", "n", "source") if name in benchmarks.columns
    ]
    rows = benchmarks.select(*columns).to_pandas()
    if rows.empty:
        return ()
    when = (
        rows["date"].to_numpy() if "date" in rows else np.full(len(rows), np.datetime64("NaT"), dtype="datetime64[D]")
    )
    when = when.astype("datetime64[D]")
    rows = _one_a_day(rows, np.where(np.isnat(when), np.datetime64(as_of, "D"), when).astype(np.int64))
    when, se = rows["day"].to_numpy(np.int64), rows["se"].to_numpy(float)
    own = _own_at(answers, rows["metric"].to_numpy(object), when, metrics)
    daily = _own_by_day(answers, [metric for metric, _ in own], metrics)
    found = []
    for metric, competitor in sorted(set(zip(rows["metric"], rows["competitor"], strict=True))):
        days, gaps, values, last = [], [], [], None
        place = np.flatnonzero(((rows["metric"] == metric) & (rows["competitor"] == competitor)).to_numpy())
        for k in place[np.argsort(when[place], kind="stable")]:
            if (metric, int(when[k])) not in own:
                continue
            mean, error = own[metric, int(when[k])]
            theirs = float(rows["value"].iloc[k])
            days.append(int(when[k]))
            gaps.append(mean - theirs)
            values.append(theirs)
            last = (mean, theirs, float(np.hypot(error, se[k])))
        if last is None:
            continue
        gap = last[0] - last[1]
        found.append(
            Gap(
                metric, competitor, gap,
                Interval.of_error(gap, last[2], level) if np.isfinite(last[2]) else None,
                trend_of(*_gaps_apart(np.array(days), np.array(values), *daily[metric]), level),
                np.array(days), np.array(gaps), last[0], last[1], int(rows["figures"].iloc[place].max()),
            )
        )  # fmt: skip
    return tuple(found)


def _one_a_day(rows: pd.DataFrame, day: Ints) -> pd.DataFrame:
    """A competitor's figures of one metric and day as one: of regions or sources, by `n` where all of them tell it.

    Columns metric, competitor, day, value, se (NaN where one of them has none) and figures, how many there were.
    """
    rows = rows.assign(day=day)
    if "source" in rows:  # a figure that one source tells twice
        rows = rows.drop_duplicates()
    same = rows.groupby(["metric", "competitor", "day"])
    group = same.ngroup().to_numpy()
    n = rows["n"].to_numpy(float) if "n" in rows else np.full(len(rows), np.nan)
    untold = np.bincount(group, ~(n > 0)) > 0
    weight = np.where(untold[group], 1.0, n)
    share = weight / np.bincount(group, weight)[group]
    se = rows["se"].to_numpy(float) if "se" in rows else np.full(len(rows), np.nan)
    return same.size().rename("figures").reset_index().assign(
        value=np.bincount(group, share * rows["value"].to_numpy(float)),
        se=np.sqrt(np.bincount(group, (share * se) ** 2)),
    )  # fmt: skip


def _gaps_apart(days: Ints, theirs: Floats, own_days: Ints, number: Floats, total: Floats) -> tuple[Ints, Floats]:
    """Gaps at dates with enough own answers, each at the nearest date within 45 days (of two, the earlier)."""
    dates, place = np.unique(days, return_inverse=True)
    nearest = np.searchsorted((dates[1:] + dates[:-1]) / 2, own_days, side="left")
    near = np.abs(own_days - dates[nearest]) <= NEAR_DAYS
    count, sums = (np.bincount(nearest[near], one[near], dates.size) for one in (number, total))
    enough = count[place] >= FEWEST_ANSWERS
    return days[enough], (sums[place] / np.maximum(count[place], 1.0) - theirs)[enough]


def active_customers(purchases: ir.Table, as_of: date, dormancy_days: int) -> int:
    """Customers who are not dormant on a day: those who bought on one of the last `dormancy_days` days."""
    import ibis

    recent = purchases.filter(purchases.date > ibis.literal(as_of - timedelta(days=dormancy_days)))
    return int(recent.customer_id.nunique().to_pyarrow().as_py())


def _valued(answers: ir.Table, metrics: Mapping[str, MetricRules], names: Iterable[str]) -> ir.Table:
    """metric, customer_id, day and value: the score, in points for `kind: nps`."""
    in_points = [name for name in dict.fromkeys(names) if rules_of(name, metrics).kind == "nps"]
    value = answers.metric.isin(in_points).ifelse(answers.points, answers.score) if in_points else answers.score
    return answers.select("metric", "customer_id", "day", value=value.cast("float64"))


def _own_by_day(
    answers: ir.Table, names: list[str], metrics: Mapping[str, MetricRules]
) -> dict[str, tuple[Ints, Floats, Floats]]:
    """Of each metric its days with own answers, how many there are and what they add up to."""
    own = _valued(answers, metrics, names)
    own = own.filter(own.metric.isin(sorted(set(names)))) if names else own.limit(0)
    frame = (
        own.group_by("metric", "day").agg(n=own.count(), total=own.value.sum()).order_by("metric", "day").to_pandas()
    )
    day = frame["day"].to_numpy().astype("datetime64[D]").astype(np.int64)
    number, total, metric = frame["n"].to_numpy(float), frame["total"].to_numpy(float), frame["metric"].to_numpy(object)
    return {name: (day[metric == name], number[metric == name], total[metric == name]) for name in set(names)}


def _own_at(
    answers: ir.Table, metric: NDArray[np.object_], when: Ints, metrics: Mapping[str, MetricRules]
) -> dict[tuple[str, int], tuple[float, float]]:
    """Mean of the own answers around each metric and day with enough of them, and its error, clustered by customer."""
    import ibis
    import pyarrow as pa

    asked = sorted(set(zip(metric.tolist(), when.tolist(), strict=True)))
    days = np.concatenate([np.arange(day - NEAR_DAYS, day + NEAR_DAYS + 1) for _, day in asked])
    wide = 2 * NEAR_DAYS + 1
    near = ibis.memtable(
        pa.table(
            {
                "metric": pa.array(np.repeat([name for name, _ in asked], wide), pa.string()),
                "day": pa.array(days.astype("datetime64[D]")),
                "at": np.repeat([day for _, day in asked], wide),
            }
        )
    )
    own = _valued(answers, metrics, metric).join(near, ["metric", "day"])
    each = own.group_by("metric", "at", "customer_id").agg(n=own.count(), total=own.value.sum())
    means = each.group_by("metric", "at").agg(answers=each.n.sum(), mean=each.total.sum() / each.n.sum())
    both = each.join(means.filter(means.answers >= FEWEST_ANSWERS), ["metric", "at"])
    left = both.total - both.n * both.mean
    asked_of = both.group_by("metric", "at", "answers", "mean").agg(customers=both.count(), squares=(left * left).sum())
    return {
        (row["metric"], row["at"]): (
            row["mean"],
            float(np.sqrt(row["squares"] * row["customers"] / max(row["customers"] - 1, 1)) / row["answers"]),
        )
        for row in asked_of.to_pyarrow().to_pylist()
    }
