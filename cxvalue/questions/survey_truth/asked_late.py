"""Memory bends: points that a score moves by with each day between the event and the question, and what was expected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cxvalue.foundation.arrays import Floats, Places
from cxvalue.foundation.intervals import Interval, share_of_error
from cxvalue.questions.experience.answers import FEWEST_TO_FIT
from cxvalue.questions.experience.dummies import codes_of, slopes_clustered
from cxvalue.tables.ask import in_order

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd

_TOLD = ("customer_id", "points", "days", "month", "where")


@dataclass(frozen=True, slots=True)
class Lateness:
    """Points a day of delay, the mean as told and what it would be at once, in points."""

    per_day: Interval
    told: float
    at_once: float
    mean_days: float
    answers: int


@dataclass(frozen=True, slots=True)
class Expectation:
    """Shares of answers below the worst expected, between, and above the best; points a day and point of expectation."""

    below: Interval
    between: float
    above: float
    pull: Interval | None
    answers: int


def _delays(answers: ir.Table, main: str) -> ir.Table | None:
    if not {"invited_on", "event_date"} <= set(answers.columns):
        return None
    rows = answers.filter((answers.metric == main) & answers.invited_on.notnull() & answers.event_date.notnull())
    rows = rows.mutate(days=rows.invited_on.delta(rows.event_date, unit="day"))
    rows = rows.filter(rows.days >= 0)
    month = rows.event_date.year() * 12 + rows.event_date.month()
    return rows.mutate(month=month, where=rows.touchpoint if "touchpoint" in rows.columns else rows.metric)


def _cells(frame: pd.DataFrame) -> Places:
    """Touchpoint and month of each row as one number."""
    where = codes_of(frame["where"].to_numpy(object))
    return np.asarray(codes_of(frame["month"].to_numpy()) * (int(where.max()) + 1) + where)


def lateness_of(answers: ir.Table, *, main: str, level: float = 0.95) -> Lateness | None:
    """The slope of points on days from the event to the invitation, within touchpoint and month, by customer.

    It is our delay, not how long the customer took to answer. None without both dates, or where the delay does not vary.
    """
    rows = _delays(answers, main)
    frame = None if rows is None else in_order(rows.select(*_TOLD)).to_pandas()
    if frame is None or len(frame) < FEWEST_TO_FIT:
        return None
    days, told = frame["days"].to_numpy(float), float(frame["points"].to_numpy(float).mean())
    slope = _slope(frame, days[:, None], level)
    if slope is None:
        return None
    return Lateness(slope, told, told - slope.value * float(days.mean()), float(days.mean()), len(frame))


def _slope(frame: pd.DataFrame, x: Floats, level: float) -> Interval | None:
    """Slope of points on the first column of `x`, beside the others, within touchpoint and month, by customer."""
    found = slopes_clustered(frame["points"].to_numpy(float), x, _cells(frame))
    if not found.kept[0]:
        return None
    error = float(np.sqrt(found.covariance(codes_of(frame["customer_id"].to_numpy(object)))[0, 0]))
    return Interval.of_error(float(found.beta[0]), error, level)


def expectation_of(
    answers: ir.Table, *, main: str, scale: tuple[float, float], level: float = 0.95
) -> Expectation | None:
    """What was told against what was expected; None without both expectations on 100 answers."""
    if not {"expected_best", "expected_worst"} <= set(answers.columns):
        return None
    rows = answers.filter((answers.metric == main) & answers.expected_best.notnull() & answers.expected_worst.notnull())
    frame = in_order(rows.select("customer_id", "score", "expected_best", "expected_worst")).to_pandas()
    if len(frame) < FEWEST_TO_FIT:
        return None
    score, best, worst = (frame[name].to_numpy(float) for name in ("score", "expected_best", "expected_worst"))
    who = codes_of(frame["customer_id"].to_numpy(object))
    under = (score < worst).astype(float)
    share = float(under.mean())
    sums = np.bincount(who, (under - share) / under.size)
    below = share_of_error(share, float(np.sqrt(sums @ sums * sums.size / max(sums.size - 1, 1))), under.size, level)
    above = float((score > best).mean())
    return Expectation(below, 1 - share - above, above, _pull(answers, main, scale, level), len(frame))


def _pull(answers: ir.Table, main: str, scale: tuple[float, float], level: float) -> Interval | None:
    """How much a point of expectation moves the answer more with each day of delay."""
    rows = _delays(answers, main)
    if rows is None:
        return None
    rows = rows.filter(rows.expected_best.notnull() & rows.expected_worst.notnull())
    frame = in_order(rows.select(*_TOLD, "expected_best", "expected_worst")).to_pandas()
    if len(frame) < FEWEST_TO_FIT:
        return None
    days = frame["days"].to_numpy(float)
    low, high = scale
    middle = (frame["expected_best"].to_numpy(float) + frame["expected_worst"].to_numpy(float)) / 2
    middle = 100 * (middle - low) / (high - low)
    middle = middle - middle.mean()
    return _slope(frame, np.column_stack([days * middle, days, middle]), level)
