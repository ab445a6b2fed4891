"""Old customers who look new: the first purchases of the months in which a history begins, against later months.

Where an export begins in the middle of a shop's life, everybody who ever bought before has a "first" purchase in its
first months. Such months have far more first purchases than later ones, beyond what growth, decline and season explain,
and those who made them come back more often than later newcomers do.
"""

from __future__ import annotations

import math
from datetime import date, timedelta

import ibis
import ibis.expr.types as ir
import numpy as np

from cxvalue.language.catalogue import translate
from cxvalue.tables.cautions import Caution

SETTLED, LONGEST, FEWEST_MONTHS = 3, 15, 6
"""Months from the third to the 15th are what newcomers are held against; it takes six of them."""
TOO_MANY, TOO_MANY_WITHIN_A_YEAR, STILL_TOO_MANY = 1.5, 2.0, 1.25
"""How many times the largest later month the first one must have; more where no month comes again, season unknown."""
NEWCOMERS = 0.02
"""Share of the first month that later months must reach: a panel or a cohort that nobody joins is not judged."""
FEWEST_NEWCOMERS = 50
RETURN_DAYS = 90
FIRST_DAYS = 10
"""Days of the first month without which it says too little."""


def history_begins(purchases: ir.Table, end: date, ignore_before: date | None) -> Caution | None:
    """The caution for purchases (a row a customer and day) up to `end`, None where customers begin as they should.

    None too where the study leaves those months out already, `first_purchases: {ignore_before: …}`.
    """
    seen = purchases.filter(purchases.date <= ibis.literal(end))
    firsts = seen.group_by("customer_id").agg(first=seen.date.min())
    by_day = firsts.group_by("first").agg(n=firsts.count()).to_pyarrow().to_pylist()
    newcomers: dict[date, int] = {row["first"]: int(row["n"]) for row in by_day}
    if not newcomers:
        return None
    day = min(newcomers)
    start = _month_of(day)
    last = _month_of(end) - ((end + timedelta(days=1)).day != 1)
    counts = np.zeros(max(last - start + 1, 0))
    for first, n in newcomers.items():
        if _month_of(first) <= last:
            counts[_month_of(first) - start] += n
    if counts.size < SETTLED + FEWEST_MONTHS or (_first_of(start + 1) - day).days < FIRST_DAYS:
        return None
    lengths = np.array(
        [(_first_of(start + i + 1) - _first_of(start + i)).days for i in range(counts.size)], dtype=float
    )
    lengths[0] = (_first_of(start + 1) - day).days
    many = _first_months(counts, lengths)
    after = _first_of(start + many)
    if not many or (ignore_before is not None and ignore_before >= after):
        return None
    if not _return_more(seen, firsts, newcomers, after, end):
        return None
    old, customers = int(counts[:many].sum()), sum(newcomers.values())
    later = counts[many : many + 12]
    text = translate(
        "Most of the {old:,} customers (of {customers:,}) first seen before {day} are not new: the history begins shortly "
        "before. Later months bring {least:,.0f} to {most:,.0f} new customers each. What is said about new customers "
        "includes those of the first months, unless the study file leaves out first purchases before that day.",
        old=old,
        customers=customers,
        day=after,
        least=later.min(),
        most=later.max(),
    )
    line = f"first_purchases: {{ignore_before: {after}}}"
    return Caution("history_begins", "transactions", "date", old, old / customers, text, private=line)


def _month_of(day: date) -> int:
    return day.year * 12 + day.month - 1


def _first_of(month: int) -> date:
    return date(month // 12, month % 12 + 1, 1)


def _first_months(counts: np.ndarray, lengths: np.ndarray) -> int:
    """How many months at the beginning have too many first purchases; 0 where the first one has not."""
    rates, later = counts / lengths, slice(SETTLED, LONGEST)
    if counts[0] < FEWEST_NEWCOMERS or counts[later].min() <= 0 or np.median(counts[later]) < NEWCOMERS * counts[0]:
        return 0
    # Growth or decline goes on: the line through the later months, drawn back to the first.
    month = np.arange(counts.size)[later]
    slope, level = np.polyfit(month, np.log(rates[later]), 1)
    expected = np.maximum(rates[later].max(), np.exp(level + slope * np.arange(SETTLED)))
    factor = TOO_MANY if counts.size > 12 else TOO_MANY_WITHIN_A_YEAR
    if rates[0] <= factor * expected[0] or counts[0] - lengths[0] * expected[0] <= 3 * math.sqrt(counts[0]):
        return 0
    still = rates[:SETTLED] > STILL_TOO_MANY * expected
    return int(np.argmin(np.append(still, False)))


def _return_more(seen: ir.Table, firsts: ir.Table, newcomers: dict[date, int], after: date, end: date) -> bool:
    """Whether customers of the first months come back sooner than later ones, beyond chance.

    `newcomers` are how many customers have their first purchase on each day.
    """
    last = end - timedelta(days=RETURN_DAYS)
    people = {0: 0, 1: 0}
    for first, n in newcomers.items():
        if first <= last:
            people[int(first < after)] += n
    if not all(people.values()):
        return False
    both = seen.join(firsts.filter(firsts["first"] <= ibis.literal(last)), "customer_id")
    days = both.date.delta(both["first"], unit="day")
    back = both.filter((days > 0) & (days <= RETURN_DAYS))
    back = back.group_by(old=(back["first"] < ibis.literal(after)).ifelse(1, 0)).agg(n=back.customer_id.nunique())
    came = {row["old"]: int(row["n"]) for row in back.to_pyarrow().to_pylist()}
    groups = {old: (n, came.get(old, 0) / n) for old, n in people.items()}
    variance = sum(share * (1 - share) / n for n, share in groups.values())
    return bool(groups[1][1] - groups[0][1] > 2 * math.sqrt(variance))
