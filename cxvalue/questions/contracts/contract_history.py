"""What the contracts of a study show by counting: how they follow one another, come and go by month, and how long they last.

The share that stays by age is the product-limit estimate (Kaplan and Meier 1958) with late entry and Greenwood's error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cxvalue.findings.small_groups import withheld_list
from cxvalue.foundation.calendar import day_number
from cxvalue.foundation.intervals import reach_of
from cxvalue.questions.contracts.contract_base import Contracts

if TYPE_CHECKING:
    from numpy.typing import NDArray


def following_table(contracts: Contracts) -> pd.DataFrame:
    """How contracts follow one another: contracts by the days since the customer's contracts before had ended.

    Columns: after, contracts, counts_as (renewal or return).
    """
    gap, allowed = contracts.rows["gap"], contracts.gap_days
    kinds = [("while another runs, or the next day", gap <= 1, "renewal")]
    if allowed > 1:
        kinds.append((f"2 to {allowed} days later", (gap > 1) & (gap <= allowed), "renewal"))
    low = max(allowed, 1)
    for high in (edge for edge in (90, 365) if edge > low):
        kinds.append((f"{low + 1} to {high} days later", (gap > low) & (gap <= high), "return"))
        low = high
    kinds.append((f"more than {low} days later", gap > low, "return"))
    rows = [(after, int(chosen.sum()), counts_as) for after, chosen, counts_as in kinds]
    return pd.DataFrame(rows, columns=["after", "contracts", "counts_as"])


def monthly_contracts(contracts: Contracts) -> pd.DataFrame:
    """Customers who came, left and were there, month by month: month (first day), began, ended, active, complete.

    `began` and `ended` count relations of the month, `active` those open at its end (at `as_of` in the last month).
    """
    low, high = pd.Timestamp(contracts.observed_from), pd.Timestamp(contracts.as_of)
    months = pd.date_range(low.normalize().replace(day=1), high, freq="MS")
    last = months + pd.offsets.MonthEnd(0)
    start, end = (np.sort(contracts.relations[name].to_numpy()) for name in ("start", "end"))
    before = np.array([day_number(day.date()) - 1 for day in months])
    until = np.array([min(day_number(day.date()), day_number(contracts.as_of)) for day in last])

    def counted(days: NDArray[np.int64], limits: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.searchsorted(days, limits, side="right")

    return pd.DataFrame(
        {
            "month": months,
            "began": counted(start, until) - counted(start, before),
            "ended": counted(end, until) - counted(end, before),
            "active": counted(start, until) - counted(end, until),
            "complete": (last <= high) & (months >= low),
        }
    )


def survival_table(
    contracts: Contracts, *, segment: str | None = None, level: float = 0.95, fewest: int = 1
) -> pd.DataFrame:
    """Kaplan-Meier share still under contract by age, of everybody or for each value of a column of the relations.

    Columns: segment, month, at_risk, survival, low, high (log-log interval). Relations enter at the age at which they
    came under observation, and a month that is not over counts in part (`Spells.part`). Segments of fewer than `fewest`
    relations are left out, with those that would give them away.
    """
    found = contracts.spells(monthly=True)
    not_at_risk = np.where(found.part > 0, 1 - found.part, 0.0)
    data = contracts.relations.assign(
        entry=found.entry, time=found.entry + found.periods, ended=found.ended, not_at_risk=not_at_risk
    )[found.kept]
    groups = [("all", data)] if segment is None else list(data.groupby(segment))
    hidden = withheld_list([str(name) for name, _ in groups], [len(part) for _, part in groups], fewest)
    z = reach_of(level)
    parts = []
    for (name, part), taken in zip(groups, hidden, strict=True):
        if taken or not part["ended"].any():
            continue
        month, at_risk, survival, error = _kaplan_meier(
            *(part[column].to_numpy() for column in ("entry", "time", "ended", "not_at_risk"))
        )
        inside = (survival > 0) & (survival < 1)
        share = np.where(inside, survival, 0.5)
        spread = np.exp(z * np.where(inside, error, 0.0) / np.abs(share * np.log(share)))
        parts.append(
            pd.DataFrame(
                {
                    "segment": str(name),
                    "month": month,
                    "at_risk": np.round(at_risk).astype(int),
                    "survival": survival,
                    "low": np.where(inside, share**spread, survival),
                    "high": np.where(inside, share ** (1 / spread), survival),
                }
            )
        )
    columns = ["segment", "month", "at_risk", "survival", "low", "high"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def _kaplan_meier(
    entry: NDArray[np.int64], time: NDArray[np.int64], ended: NDArray[np.bool_], not_at_risk: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Months in which somebody ended, how many were at risk in each, the share left and Greenwood's error of it.

    `not_at_risk` is the part of the last month for which a member was not at risk.
    """
    size = int(time.max()) + 1
    came, went = (np.bincount(days, minlength=size).cumsum() for days in (entry, time))
    at_risk = (came - went)[:-1] - np.bincount(time, not_at_risk, size)[1:]
    gone = np.bincount(time, ended, size)[1:]
    month = np.flatnonzero(gone > 0)
    n, d = at_risk[month], gone[month]
    survival = np.cumprod(1 - d / n)
    with np.errstate(divide="ignore", invalid="ignore"):
        error = survival * np.sqrt(np.cumsum(d / (n * (n - d))))
    return month + 1, n, survival, error
