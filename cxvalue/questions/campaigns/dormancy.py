"""How many customers sleep, how many fall asleep and wake each month, and how many of the sleeping wake by themselves."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import ibis
import numpy as np
import pandas as pd

from cxvalue.foundation.intervals import share_interval

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from cxvalue.lifetime.prediction.whole_base import WholeBase
    from cxvalue.questions.lifetime_value.cltv_fit import CltvFit
    from cxvalue.tables.states import PurchaseStates

RETURN_DAYS = (30, 60, 90, 180)


def _sleeps(purchases: ir.Table, days: int) -> ir.Table:
    """One row each time a customer fell asleep: the day of it (`days` after a purchase) and the day of waking, if any."""
    order = ibis.window(group_by="customer_id", order_by="date")
    rows = purchases.select("customer_id", "date").mutate(following=purchases.date.lead().over(order))
    rows = rows.mutate(asleep=rows.date + ibis.interval(days=days))
    fell = rows.following.isnull() | (rows.following >= rows.asleep)
    return rows.filter(fell).select("customer_id", asleep=rows.asleep.cast("date"), woke=rows.following)


def dormancy_by_month(purchases: ir.Table, *, days: int, as_of: date, observed_from: date) -> pd.DataFrame:
    """Sleeping customers at the end of each month, with those who fell asleep and those who came back in it.

    Columns: month, fell_asleep, came_back, asleep.
    """
    sleeps = _sleeps(purchases, days)
    inside: Any = sleeps.filter(sleeps.asleep <= as_of)

    def monthly(column: str) -> pd.Series:
        rows = inside.filter(inside[column].notnull() & (inside[column] <= as_of))
        counts = rows.group_by(month=rows[column].truncate("M")).agg(number=rows.count()).to_pandas()
        return pd.Series(counts["number"].to_numpy(), index=pd.to_datetime(counts["month"]))

    months = pd.date_range(observed_from.replace(day=1), as_of, freq="MS")
    fell, back = (monthly(name).reindex(months, fill_value=0).to_numpy() for name in ("asleep", "woke"))
    return pd.DataFrame({"month": months, "fell_asleep": fell, "came_back": back, "asleep": np.cumsum(fell - back)})


def return_curve(purchases: ir.Table, *, days: int, as_of: date, level: float = 0.95) -> pd.DataFrame:
    """Of those who fell asleep long enough ago, the share who came back within 30, 60, 90 and 180 days.

    Columns: days, customers, came_back, share, low, high. Times of falling asleep are counted, not customers.
    """
    sleeps = _sleeps(purchases, days)
    rows = []
    for wait in RETURN_DAYS:
        old: Any = sleeps.filter(sleeps.asleep <= as_of - timedelta(days=wait))
        back = (old.woke.delta(old.asleep, unit="day") < wait).fill_null(False).ifelse(1, 0).sum()
        counted = old.aggregate(every=old.count(), back=back).to_pyarrow().to_pylist()[0]
        every, number = int(counted["every"]), int(counted["back"] or 0)
        if every:
            rows.append((wait, every, number, number / every, *share_interval(number, every, level)))
    return pd.DataFrame(rows, columns=["days", "customers", "came_back", "share", "low", "high"])


@dataclass(frozen=True, slots=True)
class Sleeping:
    """The sleeping customers of today: how many, what they will still bring with its range, and who returns by the model.

    `rhythm_broken` are all customers, asleep by the rule or not, whose silence would be improbable at their own pace;
    `return_90d` is the mean probability of the sleeping to buy within 90 days by themselves, `returns` the same by days.
    """

    customers: int
    rhythm_broken: int
    value: tuple[float, float, float]
    return_90d: float
    returns: tuple[tuple[int, float], ...]


def sleeping_value(fit: CltvFit, base: WholeBase, states: PurchaseStates, *, days: int) -> Sleeping | None:
    """What the sleeping customers will still bring if nobody does anything; None when nobody sleeps."""
    from cxvalue.lifetime.prediction.value import RHYTHM_BROKEN_BELOW

    asleep = states.days_silent >= days
    if not asleep.any():
        return None
    found = base.of_some(asleep)
    broken = fit.model.p_silence(states) < RHYTHM_BROKEN_BELOW
    worth = (found.equity.value, found.equity.low, found.equity.high)
    unit = fit.model.time_unit.days
    # The forecast of the base at 90 days moves the model's chances at the other waits alike.
    by_model = {wait: float(fit.model.p_return(states, wait / unit)[asleep].mean()) for wait in {*RETURN_DAYS, 90}}
    soon = float(found.p_return_90d.mean())
    hazard = math.log1p(-min(soon, 0.999999)) / math.log1p(-min(max(by_model[90], 1e-9), 0.999999))
    returns = tuple((wait, 1 - (1 - min(by_model[wait], 1.0)) ** hazard) for wait in RETURN_DAYS)
    return Sleeping(int(asleep.sum()), int(broken.sum()), worth, soon, returns)


@dataclass(frozen=True, slots=True)
class Recovery:
    """What customers picked by a rule did afterwards with no programme: a mean over earlier dates.

    `share` came back within the window, `margin` is what each of all of them brought in it; before, by the rule, it was
    nothing. `dates` are the days on which the rule was tried.
    """

    dates: tuple[date, ...]
    customers: int
    share: float
    margin: float


def expected_recovery(
    purchases: ir.Table, *, silent_days: int, window_days: int, before: date, observed_from: date
) -> Recovery | None:
    """What the rule "silent for so many days" promises by itself: the same rule at four earlier dates, a window apart.

    As in a campaign, the window is the day itself and the days after it, and silence is before it. Only dates whose window
    ended before the campaign began. None where the history is too short for one.
    """
    dates, found = [], []
    for back in range(1, 5):
        day = before - timedelta(days=back * (window_days + 1))
        if (day - observed_from).days < silent_days + 30:
            break
        dates.append(day)
        until = day + timedelta(days=window_days)
        past = purchases.filter(purchases.date < ibis.literal(day))
        last: Any = past.group_by("customer_id").agg(last=past.date.max())
        chosen = last.filter(last["last"] <= ibis.literal(day - timedelta(days=silent_days)))
        later = purchases.filter((purchases.date >= ibis.literal(day)) & (purchases.date <= ibis.literal(until)))
        bought = later.semi_join(chosen, "customer_id")
        row = (
            bought.aggregate(back=bought.customer_id.nunique(), margin=bought.margin.sum()).to_pyarrow().to_pylist()[0]
        )
        found.append((int(chosen.count().to_pyarrow().as_py()), int(row["back"] or 0), float(row["margin"] or 0.0)))
    every = sum(row[0] for row in found)
    if not every:
        return None
    return Recovery(tuple(dates), every, sum(row[1] for row in found) / every, sum(row[2] for row in found) / every)
