"""Customers under contract: who is one, since when, until when, and what they bring.

The table `subscriptions` has a row a contract. What one customer holds without a gap is one *relation*, however many
contracts follow or overlap in it; whoever comes back after a gap begins a new one. A relation has ended on the day on
which its last contract ends. Ages are counted in months of 365.25 / 12 days.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from cxvalue.customer_base import Waterfall, months_before
from cxvalue.lifetime.renewal import Durations, durations
from cxvalue.lifetime.spells import OPEN, Spells, spells
from cxvalue.timeunit import DAYS_PER_MONTH

if TYPE_CHECKING:
    import ibis
    from numpy.typing import NDArray

__all__ = [
    "Contracts",
    "Outlook",
    "base_waterfall",
    "contracts_of",
    "monthly_contracts",
    "outlook",
    "stayed",
    "survival_table",
]

USER = "user"
DAYS_PER_YEAR = 365.25
GRACE_DAYS = 31.0
EARLY_DAYS = 16.0
ANNUAL_FROM, MIXED_FROM = 0.85, 0.35
FEWEST_ENDS = 20


@dataclass(frozen=True, slots=True, eq=False)
class Contracts:
    """The contracts of a study and the relations that they make, as seen at the end of `as_of`.

    `rows` has a row a contract: customer (position in `customers`), start, end (days; `OPEN` while active), value (per
    month, nan where unknown) and the text columns of the table. `relations` has a row a relation: customer, start, end.
    `users` counts the rows left out because they are of people who use a contract that somebody else pays.
    `at_anniversaries` is the share of the ends that lie near an anniversary of the relation's beginning (nan with fewer
    than 20 ends); by chance it would be at most 13%.
    """

    customers: NDArray[np.object_]
    rows: pd.DataFrame
    relations: pd.DataFrame
    as_of: date
    observed_from: date
    users: int
    at_anniversaries: float = float("nan")

    @property
    def annual(self) -> bool:
        """Whether contracts end by the year: nearly all ends lie near an anniversary of the beginning."""
        return self.at_anniversaries >= ANNUAL_FROM

    @property
    def mixed(self) -> bool:
        """Whether ends gather at anniversaries more than chance would have it, and many lie elsewhere."""
        return MIXED_FROM <= self.at_anniversaries < ANNUAL_FROM

    @property
    def valued(self) -> bool:
        """Whether every contract has a value per month."""
        return bool(self.rows["value"].notna().all())

    def active(self, on: date | None = None) -> NDArray[np.bool_]:
        """Whether each customer is under contract at the end of a day (`as_of` when none is given)."""
        return self.value_of_active(on, np.ones(len(self.rows))) > 0

    def monthly_value(self, on: date | None = None) -> NDArray[np.float64]:
        """What each customer's contracts active at the end of a day bring in a month."""
        return self.value_of_active(on, self.rows["value"].to_numpy())

    def value_of_active(self, on: date | None, amounts: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sum of an amount a contract over the contracts that are active at the end of a day."""
        day = _number(on or self.as_of)
        now = (self.rows["start"] <= day) & (self.rows["end"] > day)
        amount = np.where(now, amounts, 0.0)
        return np.bincount(self.rows["customer"], weights=amount, minlength=len(self.customers)).astype(float)

    def revenue_between(self, after: date, until: date) -> NDArray[np.float64]:
        """What each customer paid for the days after one day and up to another, by value per month."""
        low, high = _number(after), _number(until)
        days = np.minimum(self.rows["end"], high) - np.maximum(self.rows["start"], low)
        paid = self.rows["value"] * np.clip(days, 0, None) / DAYS_PER_MONTH
        return np.bincount(self.rows["customer"], weights=paid, minlength=len(self.customers)).astype(float)

    def first_day(self) -> NDArray[np.int64]:
        """The day on which each customer's first contract began."""
        return np.asarray(self.relations.groupby("customer")["start"].min(), dtype=np.int64)

    def age_months(self, on: date | None = None) -> NDArray[np.float64]:
        """Age of each customer's present relation at the end of a day, in months; nan for who is not active."""
        day = _number(on or self.as_of)
        now = self.relations[(self.relations["start"] <= day) & (self.relations["end"] > day)]
        ages = np.full(len(self.customers), np.nan)
        ages[now["customer"]] = (day - now["start"]) / DAYS_PER_MONTH
        return ages

    @property
    def clock(self) -> tuple[float, float]:
        """Days of a period in which a contract can end once, and of grace after it: a month, or a year and a month."""
        return (DAYS_PER_YEAR, GRACE_DAYS) if self.annual else (DAYS_PER_MONTH, 0.0)

    def age_periods(self, on: date | None = None) -> NDArray[np.float64]:
        """Age of each customer's present relation in periods of its clock, grace taken off; nan for who is not active."""
        period, grace = self.clock
        return (self.age_months(on) * DAYS_PER_MONTH - grace) / period

    def durations(self, until: date | None = None) -> Durations:
        """Whole periods (months; years where contracts end by the year) that the relations lasted, as known on a day.

        What ended within its t-th period was renewed t - 1 times and then ended. What is active, or ended in a period that
        was not over on that day, counts up to its last whole period; so nobody is counted as leaving in a period for
        which those who stay are not yet counted. A relation that began before `observed_from` comes in at its first
        whole period after it, and what ended before its entry is left out.
        """
        found = self.spells(until)
        kept = found.kept
        return durations(found.renewed[kept], found.ended[kept], entry=found.entry[kept])

    def left_out(self, until: date | None = None) -> int:
        """Relations that no whole period of observation covers, so that nothing is learnt from them."""
        return int((~self.spells(until).kept).sum())

    def part_of_last_period(self, until: date | None = None) -> float:
        """Mean part of the last period that those who left still were customers; 1 where contracts end with a period."""
        found, (period, grace) = self.spells(until), self.clock
        gone = self.relations[found.kept & found.ended]
        lasted = (gone["end"] - gone["start"] - grace) / period
        return float((lasted - np.maximum(np.ceil(lasted) - 1, 0)).mean()) if len(gone) else 1.0

    def spells(self, until: date | None = None, *, monthly: bool = False) -> Spells:
        """Whole periods of each relation; `monthly`: by the month, whatever the clock of the contracts."""
        period, grace = (DAYS_PER_MONTH, 0.0) if monthly else self.clock
        return spells(
            self.relations["start"],
            self.relations["end"],
            until=_number(until or self.as_of),
            observed_from=_number(self.observed_from),
            period_days=period,
            grace_days=grace,
        )


class Outlook(NamedTuple):
    """Where active customers stand: their position, renewals so far, and months until they can next leave.

    `step` is the number of months from one chance to leave to the next.
    """

    who: NDArray[np.intp]
    renewed: NDArray[np.int64]
    wait: NDArray[np.float64]
    step: int

    def chances(self, months: float) -> NDArray[np.int64]:
        """How often each customer can leave within so many months."""
        return np.clip(np.floor((months - self.wait) / self.step) + 1, 0, None).astype(np.int64)


def outlook(contracts: Contracts, part: float, on: date | None = None) -> Outlook:
    """Where the customers active on a day stand; `part` is that of the last period in which those who leave do so."""
    step = round(contracts.clock[0] / DAYS_PER_MONTH)
    ages = contracts.age_periods(on)
    who = np.flatnonzero(~np.isnan(ages))
    whole = np.floor(np.maximum(ages[who], 0.0))
    wait = part - (ages[who] - whole)
    passed = wait <= 0
    return Outlook(who, (whole + passed).astype(np.int64), (wait + passed) * step, step)


def stayed(contracts: Contracts, last: date) -> NDArray[np.bool_]:
    """Whether each customer's relation of that day has lasted to `as_of`; who left and came back has not stayed."""
    day, end = _number(last), _number(contracts.as_of)
    relations = contracts.relations
    through = relations[(relations["start"] <= day) & (relations["end"] > end)]
    here = np.zeros(len(contracts.customers), dtype=bool)
    here[through["customer"]] = True
    return here


def contracts_of(subscriptions: ibis.Table, *, as_of: date, observed_from: date) -> Contracts:
    """Read the canonical table `subscriptions` (an ibis table) into contracts and relations.

    Where the table tells buyers from users (`role`), only the rows of those who are not users count: who uses a contract
    does not decide about its renewal.
    """
    table = subscriptions.to_pandas()
    users = np.zeros(len(table), dtype=bool)
    if "role" in table.columns:
        users = table["role"].fillna("").str.strip().str.lower().eq(USER).to_numpy()
        users = users & ~users.all()
    table = table[~users]
    codes, names = pd.factorize(table["customer_id"], sort=True)
    value = table["value_per_month"] if "value_per_month" in table.columns else np.nan
    rows = pd.DataFrame({"customer": codes, "start": _days(table["start"]), "end": _days(table["end"]), "value": value})
    for name in ("plan", "account_id"):
        if name in table.columns:
            rows[name] = table[name].to_numpy()
    rows["value"] = rows["value"].astype(float)
    rows = rows.sort_values(["customer", "start", "end"], ignore_index=True)
    relations = _relations(rows)
    return Contracts(
        customers=np.asarray(names, dtype=object),
        rows=rows,
        relations=relations,
        as_of=as_of,
        observed_from=observed_from,
        users=int(users.sum()),
        at_anniversaries=_at_anniversaries(relations, _number(as_of), _number(observed_from)),
    )


def _at_anniversaries(relations: pd.DataFrame, until: int, begun: int) -> float:
    """Share of the ends up to `until` from 16 days before to 31 days after an anniversary; ends before it count as not."""
    ended = relations[(relations["end"] <= until) & (relations["end"] >= begun)]
    lasted = (ended["end"] - ended["start"]).to_numpy(dtype=float)
    if lasted.size < FEWEST_ENDS:
        return float("nan")
    late = np.mod(lasted + EARLY_DAYS, DAYS_PER_YEAR)
    return float(((lasted >= DAYS_PER_YEAR - EARLY_DAYS) & (late <= EARLY_DAYS + GRACE_DAYS)).mean())


def _relations(rows: pd.DataFrame) -> pd.DataFrame:
    """Join the contracts of a customer that overlap or follow on the next day at the latest."""
    latest = rows.groupby("customer")["end"].cummax().groupby(rows["customer"]).shift()
    new = latest.isna() | (rows["start"] > latest.fillna(0) + 1)
    parts = rows.groupby(new.cumsum().to_numpy())
    columns = {"customer": ("customer", "first"), "start": ("start", "min"), "end": ("end", "max")}
    columns |= {name: (name, "first") for name in ("plan", "account_id") if name in rows.columns}
    return parts.agg(**columns).reset_index(drop=True)


def base_waterfall(contracts: Contracts, *, margin: float | None) -> Waterfall | None:
    """The bridge from the customers under contract 12 months before `as_of` to those of today.

    `margin` is the contribution margin of one unit of revenue; without it, or where contracts lack a value, the margins
    are None or nan. None when the tables begin after the opening day.
    """
    start, end = months_before(contracts.as_of, 12), contracts.as_of
    before = months_before(end, 24)
    if contracts.observed_from > start:
        return None
    opening, closing = contracts.active(start), contracts.active()
    is_new = contracts.first_day() > _number(start)
    known = margin is not None and contracts.valued and contracts.observed_from <= before + timedelta(days=1)
    rate = margin if margin is not None else np.nan
    early, late = rate * contracts.revenue_between(before, start), rate * contracts.revenue_between(start, end)
    kept, lost, back = opening & closing, opening & ~closing, closing & ~opening & ~is_new
    new = closing & is_new

    def known_sum(amounts: NDArray[np.float64]) -> float | None:
        return float(amounts.sum()) if known else None

    return Waterfall(
        start=start,
        end=end,
        opening=int(opening.sum()),
        new=int(new.sum()),
        reactivated=int(back.sum()),
        lost=int(lost.sum()),
        closing=int(closing.sum()),
        new_and_lost=int((is_new & ~closing).sum()),
        opening_margin=known_sum(early[opening]),
        new_margin=float(late[new].sum()),
        reactivated_margin=float(late[back].sum()),
        lost_margin=known_sum(early[lost]),
        change_of_kept=known_sum(late[kept] - early[kept]),
        closing_margin=float(late[closing].sum()),
    )


def monthly_contracts(contracts: Contracts) -> pd.DataFrame:
    """Customers who came, left and were there, month by month: month (first day), began, ended, active, complete.

    `began` and `ended` count relations of the month, `active` those open at its end (at `as_of` in the last month).
    """
    low, high = pd.Timestamp(contracts.observed_from), pd.Timestamp(contracts.as_of)
    months = pd.date_range(low.normalize().replace(day=1), high, freq="MS")
    last = months + pd.offsets.MonthEnd(0)
    start, end = (np.sort(contracts.relations[name].to_numpy()) for name in ("start", "end"))
    before = np.array([_number(day.date()) - 1 for day in months])
    until = np.array([min(_number(day.date()), _number(contracts.as_of)) for day in last])

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
    came under observation. Segments of fewer than `fewest` relations are left out. Computed by statsmodels.
    """
    from statistics import NormalDist

    from statsmodels.duration.survfunc import SurvfuncRight

    found = contracts.spells(monthly=True)
    data = contracts.relations.assign(entry=found.entry, time=found.renewed + found.ended, ended=found.ended)
    data = data[found.kept]
    groups = [("all", data)] if segment is None else list(data.groupby(segment))
    z = NormalDist().inv_cdf(0.5 + level / 2)
    parts = []
    for name, part in groups:
        if len(part) < fewest or not part["ended"].any():
            continue
        curve = SurvfuncRight(
            part["time"].to_numpy(), part["ended"].to_numpy(dtype=int), entry=part["entry"].to_numpy()
        )
        inside = (curve.surv_prob > 0) & (curve.surv_prob < 1)
        share = np.where(inside, curve.surv_prob, 0.5)
        spread = np.exp(z * curve.surv_prob_se / np.abs(share * np.log(share)))
        parts.append(
            pd.DataFrame(
                {
                    "segment": str(name),
                    "month": curve.surv_times.astype(int),
                    "at_risk": curve.n_risk.astype(int),
                    "survival": curve.surv_prob,
                    "low": np.where(inside, share**spread, curve.surv_prob),
                    "high": np.where(inside, share ** (1 / spread), curve.surv_prob),
                }
            )
        )
    columns = ["segment", "month", "at_risk", "survival", "low", "high"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def _days(column: pd.Series) -> NDArray[np.int64]:
    when = pd.to_datetime(column)
    days = when.to_numpy().astype("datetime64[D]").astype(np.int64)
    return np.where(when.isna(), OPEN, days)


def _number(day: date) -> int:
    return (day - date(1970, 1, 1)).days
