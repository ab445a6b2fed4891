"""Employees as months at units: who is there, who leaves, and how long they stay."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cxvalue.effects.estimators.survival import garwood, kaplan_meier
from cxvalue.foundation.arrays import Bools, Floats, Ints
from cxvalue.foundation.calendar import DAYS_PER_YEAR
from cxvalue.foundation.intervals import Interval

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd

INVOLUNTARY = re.compile(
    r"(?s)^(?!.*\b(?:quit|resign|not involuntar|voluntarily terminat|by (?:the )?employee)).*(?:"
    r"\b(?:dismiss|fired\b|redundan|laid.off|lay.?off|let.go\b|involuntar|no[nt].voluntar|terminated\b(?!.*\bvoluntar)"
    r"|for cause\b|retire(?!ment.home)|decease|died\b"
    r"|death\b(?! (?:of (?:a |his |her )?(?:parent|spouse|relative)|in (?:the )?family))"
    r"|entlass|betriebsbedingt|ruhestand|rente\b|tod\b|(?:durch|vom|seitens) (?:de[ns] )?arbeitgeber"
    r"|licenci(?!at)|retraite|décès|despid|despedid|jubil|fallec"
    r"|сокращ|скорочен|пенси|пенсі|смерт|умер(?!ен)|помер|за прогул|уволен\w* работодател|звільнен\w* роботодавц"
    r"|инициатив\w* работодател|ініціатив\w* роботодавц)"
    r"|辞退|解雇|裁员|开除|退休|死亡|去世)"
)
"""Reasons, in small letters, for which nobody chose to leave: they count in turnover, and not in the link."""
MOVED_WITHIN = 31
"""Days from the end of one row to the start of the next one of the same person within which nobody left."""


@dataclass(frozen=True, slots=True)
class HeadCount:
    """Mean head count and leavers of each unit in each whole month (units x months), and spells of employment in days.

    `first_month` counts months from January of year 0; `chose` are the leavers without an involuntary reason,
    `monthly_cost` is the mean of those who left in the last 12 months where it is known of most of them (`cost_of_leavers`),
    else that of everybody. `moved` are the ends of employment after which the same person was employed again within
    `MOVED_WITHIN` days, such as at another unit: nobody left then.
    """

    units: tuple[str, ...]
    first_month: int
    mean: Floats
    leavers: Floats
    chose: Floats
    stayed: Floats
    left: Bools
    entry: Floats
    people: int
    monthly_cost: float | None
    leavers_year: int
    reasons: bool
    cost_of_leavers: bool = False
    moved: int = 0


@dataclass(frozen=True, slots=True)
class Turnover:
    """Leavers a year and person, and P(still there after 12 months); None where too few were seen in their first year."""

    rate: Interval
    survival: Interval | None
    leavers: int
    person_months: float


def _month_number(day: date) -> int:
    return day.year * 12 + day.month - 1


def _first_day(number: int) -> date:
    return date(number // 12, number % 12 + 1, 1)


def head_count_of(employees: ir.Table, *, observed_from: date, as_of: date) -> HeadCount | None:
    """Employees of the whole months observed; None without a whole month or without anybody.

    The mean head count of a month is that of its first and its last day. Whoever left before `observed_from` tells nothing,
    and others are seen from the later of their first day and `observed_from` on: the table shows who was still there.
    """
    frame = employees.order_by("unit", "employee_id").to_pandas()
    first = _month_number(observed_from) + (observed_from.day != 1)
    last = _month_number(as_of + timedelta(days=1)) - 1
    if last < first or frame.empty:
        return None
    hired = frame["hired"].to_numpy().astype("datetime64[D]").astype(np.int64)
    gone = frame["left"].to_numpy().astype("datetime64[D]")
    ended = ~np.isnat(gone)
    until = np.where(ended, gone.astype(np.int64), np.iinfo(np.int64).max)
    goes_on, since = _spells_joined(frame["employee_id"].to_numpy(object).astype(str), hired, until)
    out = ended & ~goes_on
    names, unit = np.unique(frame["unit"].to_numpy(object).astype(str), return_inverse=True)
    starts = np.array([_first_day(m) for m in range(first, last + 2)], dtype="datetime64[D]").astype(np.int64)
    months = last - first + 1
    there = np.zeros((len(names), months + 1))
    for m in range(months + 1):
        here = (hired <= starts[m]) & (until >= starts[m])
        there[:, m] = np.bincount(unit[here], minlength=len(names))
    month = np.searchsorted(starts, until, side="right") - 1
    inside = out & (month >= 0) & (month < months)
    reasons = "reason" in frame.columns and bool(frame["reason"].notna().any())
    own_wish = np.ones(len(frame), dtype=bool)
    if reasons:
        own_wish = np.array([not INVOLUNTARY.search(str(one).lower()) for one in frame["reason"].fillna("")])
    leavers, chose = np.zeros((len(names), months)), np.zeros((len(names), months))
    np.add.at(leavers, (unit[inside], month[inside]), 1.0)
    np.add.at(chose, (unit[inside & own_wish], month[inside & own_wish]), 1.0)
    begins, ends = (int(np.datetime64(one, "D").astype(np.int64)) for one in (observed_from, as_of))
    seen = (until >= begins) & (hired <= ends) & ~goes_on
    stayed = np.minimum(until, ends) - since
    recent = out & (until > ends - 365) & (until <= ends)
    cost, of_leavers = _monthly_cost(frame, recent)
    return HeadCount(
        units=tuple(str(one) for one in names),
        first_month=first,
        mean=(there[:, :-1] + there[:, 1:]) / 2,
        leavers=leavers,
        chose=chose,
        stayed=stayed[seen].astype(float),
        left=(out & (until <= ends))[seen],
        entry=np.maximum(begins - since, -1)[seen].astype(float),
        people=int(seen.sum()),
        monthly_cost=cost,
        cost_of_leavers=of_leavers,
        moved=int((goes_on & (until >= begins)).sum()),
        leavers_year=int(recent.sum()),
        reasons=reasons,
    )


def _spells_joined(who: NDArray[np.str_], hired: Ints, until: Ints) -> tuple[Bools, Ints]:
    """Which rows are gone on with by a later one of the same person, and the first day of each row with those before it."""
    order = np.lexsort((until, hired, who))
    same = np.r_[who[order][1:] == who[order][:-1], False]
    following, last = np.roll(hired[order], -1), np.roll(until[order], -1)
    ends = until[order]
    joined = same & (ends != np.iinfo(np.int64).max) & (following <= ends + MOVED_WITHIN) & (last > ends)
    # The first day of a chain is that of the last row before which nothing goes on.
    starts = np.r_[True, ~joined[:-1]]
    chain = np.cumsum(starts) - 1
    goes_on, since = np.zeros(len(who), dtype=bool), np.empty(len(who), dtype=np.int64)
    goes_on[order], since[order] = joined, hired[order][starts][chain]
    return goes_on, since


def _monthly_cost(frame: pd.DataFrame, recent: Bools) -> tuple[float | None, bool]:
    """What those who left cost a month, on average, where that is known of most: who leaves may cost less than who stays."""
    if "monthly_cost" not in frame.columns or not frame["monthly_cost"].notna().any():
        return None, False
    leavers = frame.loc[recent, "monthly_cost"]
    known = bool(len(leavers) and leavers.notna().sum() * 2 >= len(leavers))
    return float((leavers if known else frame["monthly_cost"]).mean()), known


def turnover_of(staff: HeadCount, *, level: float = 0.95) -> Turnover | None:
    """12 × leavers by person-months with Garwood's interval, and the survival at 12 months; None without a person-month."""
    exposure, events = float(staff.mean.sum()), int(staff.leavers.sum())
    if exposure <= 0:
        return None
    rate = garwood(events, exposure / 12, level)
    curve = kaplan_meier(staff.stayed, staff.left, staff.entry)
    still = curve.at(DAYS_PER_YEAR, level) if curve.known(DAYS_PER_YEAR) else None
    return Turnover(rate, still, events, exposure)
