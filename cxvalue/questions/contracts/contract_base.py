"""Customers under contract: who is one, since when, until when, and what they bring.

The table `subscriptions` has a row a contract. What one customer holds is one *relation*, however many contracts follow or
overlap in it, whatever their plan or account: a contract that begins within `gap_days` after the end of the one before goes
on from it (a renewal that comes late is no churn, though nothing is paid for the days between). Whoever comes back later
begins a new relation. A relation has ended on the day on which its last contract ends. A contract that ends on the day on
which it begins was never active: it makes nobody a customer. Ages are counted in calendar months (`lifetime.spells`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

import ibis
import numpy as np
import pandas as pd

from cxvalue.foundation.calendar import DAYS_PER_MONTH, DAYS_PER_YEAR, day_number, months_before
from cxvalue.lifetime.contracts.sbg import Durations, durations
from cxvalue.lifetime.contracts.spells import OPEN, Spells, age_in_periods, spells
from cxvalue.questions.customers.audit import Waterfall
from cxvalue.tables.labels import only_use

if TYPE_CHECKING:
    from numpy.typing import NDArray

GAP_DAYS = 31
"""Days after the end of a contract within which the next one goes on from it, where the study names none."""
GRACE_DAYS = 31
EARLY_DAYS = 16.0
ANNUAL_FROM, MIXED_FROM = 0.85, 0.35
FEWEST_ENDS = 20


@dataclass(frozen=True, slots=True, eq=False)
class Contracts:
    """The contracts of a study and the relations that they make, as seen at the end of `as_of`.

    `rows` has a row a contract: customer (position in `customers`), start, end (days; `OPEN` while active), value (per
    month, nan where unknown), relation (its position in `relations`), gap (days since all earlier contracts of the
    customer had ended, 0 or less where they overlap, nan for the first), covered (the end, or the start of the contract that
    goes on from it) and the text columns of the table. `relations` has a row a relation: customer, start, end.
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
    gap_days: int = GAP_DAYS

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
        """Whether each customer has a relation at the end of a day (`as_of` when none is given)."""
        here = np.zeros(len(self.customers), dtype=bool)
        here[self._relations_on(on)["customer"]] = True
        return here

    def _relations_on(self, on: date | None) -> pd.DataFrame:
        day = day_number(on or self.as_of)
        return self.relations[(self.relations["start"] <= day) & (self.relations["end"] > day)]

    def monthly_value(self, on: date | None = None) -> NDArray[np.float64]:
        """What each customer's contracts active at the end of a day bring in a month."""
        day = day_number(on or self.as_of)
        now = (self.rows["start"] <= day) & (self.rows["end"] > day)
        amount = np.where(now, self.rows["value"], 0.0)
        return np.bincount(self.rows["customer"], weights=amount, minlength=len(self.customers)).astype(float)

    def revenue_between(self, after: date, until: date) -> NDArray[np.float64]:
        """What each customer paid for the days after one day and up to another, by value per month."""
        low, high = day_number(after), day_number(until)
        days = np.minimum(self.rows["end"], high) - np.maximum(self.rows["start"], low)
        paid = self.rows["value"] * np.clip(days, 0, None) / DAYS_PER_MONTH
        return np.bincount(self.rows["customer"], weights=paid, minlength=len(self.customers)).astype(float)

    def revenue_of_relations_on(self, day: date, *until: date) -> NDArray[np.float64]:
        """What the relations of a day brought after it and up to each of other days, by value per month."""
        rows = self.rows[self.rows["relation"].isin(self._relations_on(day).index)]
        low = day_number(day)
        begin, end = np.maximum(rows["start"].to_numpy(), low), rows["end"].to_numpy()
        value = rows["value"].to_numpy() / DAYS_PER_MONTH
        days = (np.clip(np.minimum(end, day_number(one)) - begin, 0, None) for one in until)
        return np.array([float(value @ there) for there in days])

    def left_between(self, day: date, until: date) -> int:
        """How many relations of a day have ended by another day."""
        return int((self._relations_on(day)["end"] <= day_number(until)).sum())

    def first_day(self) -> NDArray[np.int64]:
        """The day on which each customer's first contract began."""
        return np.asarray(self.relations.groupby("customer")["start"].min(), dtype=np.int64)

    def age_months(self) -> NDArray[np.float64]:
        """Age of each customer's present relation at the end, in months; nan for who is not active."""
        return self._ages(None, 1, 0)

    @property
    def step(self) -> int:
        """Calendar months of a period in which a contract can end once: 1, or 12 where contracts end by the year."""
        return 12 if self.annual else 1

    @property
    def grace_days(self) -> int:
        """So many days after an anniversary an end still belongs to it; 0 by the month."""
        return GRACE_DAYS if self.annual else 0

    def age_periods(self, on: date | None = None) -> NDArray[np.float64]:
        """Age of each customer's present relation in periods of its clock, grace taken off; nan for who is not active."""
        return self._ages(on, self.step, self.grace_days)

    def ages_less(self, grace_days: int, on: date | None = None) -> NDArray[np.float64]:
        """Age of each customer's present relation in months, so many days taken off; nan for who is not active."""
        return self._ages(on, 1, grace_days)

    def _ages(self, on: date | None, step: int, grace_days: int) -> NDArray[np.float64]:
        now = self._relations_on(on)
        ages = np.full(len(self.customers), np.nan)
        ages[now["customer"]] = age_in_periods(now["start"], day_number(on or self.as_of) - grace_days, step)
        return ages

    def durations(self, until: date | None = None) -> Durations:
        """Whole periods (months; years where contracts end by the year) that the relations lasted, as known on a day.

        What ended within its t-th period was renewed t - 1 times and then ended, also where that period was not over on
        that day. What is active counts up to its last whole period, and the part of the present one by which ends could
        have been seen (`Spells.part`) as renewed once more. A relation that began before `observed_from` comes in at its
        first whole period after it, and what ended before its entry is left out.
        """
        found = self.spells(until)
        renewed, ended, entry, part = (
            column[found.kept] for column in (found.renewed, found.ended, found.entry, found.part)
        )
        split = part > 0
        whole = durations(
            np.concatenate([renewed, renewed[split] + 1]),
            np.concatenate([ended, ended[split]]),
            entry=np.concatenate([entry, entry[split]]),
            count=np.concatenate([1 - part, part[split]]),
        )
        some = whole.count > 0
        return Durations(whole.entry[some], whole.renewed[some], whole.ended[some], whole.count[some])

    def left_out(self) -> int:
        """Relations that were not observed long enough for anything to be learnt from them."""
        return int((~self.spells().kept).sum())

    def part_of_last_period(self, until: date | None = None) -> float:
        """Mean part of the last period that those who left still were customers; 1 where contracts end with a period.

        Of periods that were over, where there are any: in the others only early ends can have been seen.
        """
        found, day = self.spells(until), day_number(until or self.as_of)
        gone = found.kept & found.ended
        over = gone & (age_in_periods(self.relations["start"], day - self.grace_days, self.step) >= found.renewed + 1)
        return float(found.lasted[over if over.any() else gone].mean()) if gone.any() else 1.0

    def spells(self, until: date | None = None, *, monthly: bool = False) -> Spells:
        """Whole periods of each relation; `monthly`: by the month, whatever the clock of the contracts."""
        step, grace = (1, 0) if monthly else (self.step, self.grace_days)
        return spells(
            self.relations["start"],
            self.relations["end"],
            until=day_number(until or self.as_of),
            observed_from=day_number(self.observed_from),
            months=step,
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
        return np.clip(np.floor((months - self.wait) / self.step + 1e-9) + 1, 0, None).astype(np.int64)


def months_between(start: date, end: date) -> float:
    """Calendar months from one day to another, with the part of the last one by its days.

    >>> months_between(date(2025, 6, 30), date(2026, 6, 30))
    12.0
    """
    return float(age_in_periods(day_number(start), day_number(end)))


def look_ahead(contracts: Contracts, part: float, on: date | None = None) -> Outlook:
    """Where the customers active on a day stand; `part` is that of the last period in which those who leave do so."""
    step = contracts.step
    ages = contracts.age_periods(on)
    who = np.flatnonzero(~np.isnan(ages))
    whole = np.floor(np.maximum(ages[who], 0.0))
    wait = part - (ages[who] - whole)
    passed = wait <= 0
    return Outlook(who, (whole + passed).astype(np.int64), (wait + passed) * step, step)


def find_stayers(contracts: Contracts, last: date) -> NDArray[np.bool_]:
    """Whether each customer's relation of that day has lasted to `as_of`; who left and came back has not stayed."""
    day, end = day_number(last), day_number(contracts.as_of)
    relations = contracts.relations
    through = relations[(relations["start"] <= day) & (relations["end"] > end)]
    here = np.zeros(len(contracts.customers), dtype=bool)
    here[through["customer"]] = True
    return here


def contracts_of(subscriptions: ibis.Table, *, as_of: date, observed_from: date, gap_days: int = GAP_DAYS) -> Contracts:
    """Read the canonical table `subscriptions` (an ibis table) into contracts and relations.

    Where the table tells buyers from users (`role`), only the rows of those who are not users count: who uses a contract
    does not decide about its renewal. Rows that equal another in every column count once, contracts of no length not at
    all, and a contract that begins within `gap_days` after the end of the customer's contracts before goes on from them.
    """
    known = only_use(subscriptions.role) if "role" in subscriptions.columns else ibis.literal(False)
    table = subscriptions.mutate(uses=known).to_pandas()
    users = table.pop("uses").to_numpy(dtype=bool)
    users = users & ~users.all()
    table = table[~users]
    active = _days(table["start"]) < _days(table["end"])
    table = table[active & ~table.duplicated().to_numpy()]
    codes, names = pd.factorize(table["customer_id"], sort=True)
    value = table["value_per_month"] if "value_per_month" in table.columns else np.nan
    rows = pd.DataFrame({"customer": codes, "start": _days(table["start"]), "end": _days(table["end"]), "value": value})
    for name in ("plan", "account_id"):
        if name in table.columns:
            rows[name] = table[name].to_numpy()
    rows["value"] = rows["value"].astype(float)
    rows, relations = _relations(rows.sort_values(["customer", "start", "end"], ignore_index=True), gap_days)
    return Contracts(
        customers=np.asarray(names, dtype=object),
        rows=rows,
        relations=relations,
        as_of=as_of,
        observed_from=observed_from,
        users=int(users.sum()),
        at_anniversaries=_at_anniversaries(relations, day_number(as_of), day_number(observed_from)),
        gap_days=gap_days,
    )


def _at_anniversaries(relations: pd.DataFrame, until: int, begun: int) -> float:
    """Share of the ends up to `until` from 16 days before to 31 days after an anniversary; ends before it count as not."""
    ended = relations[(relations["end"] <= until) & (relations["end"] >= begun)]
    lasted = (ended["end"] - ended["start"]).to_numpy(dtype=float)
    if lasted.size < FEWEST_ENDS:
        return float("nan")
    late = np.mod(lasted + EARLY_DAYS, DAYS_PER_YEAR)
    return float(((lasted >= DAYS_PER_YEAR - EARLY_DAYS) & (late <= EARLY_DAYS + GRACE_DAYS)).mean())


def _relations(rows: pd.DataFrame, gap_days: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Join the contracts of a customer that overlap, follow on the next day, or begin within the gap allowed."""
    latest = rows.groupby("customer")["end"].cummax().groupby(rows["customer"]).shift()
    gap = rows["start"] - latest
    place = (latest.isna() | (gap > max(gap_days, 1))).cumsum() - 1
    following = rows["start"].groupby(place).shift(-1)
    rows = rows.assign(relation=place, gap=gap, covered=np.fmax(rows["end"], following).astype(np.int64))
    columns = {"customer": ("customer", "first"), "start": ("start", "min"), "end": ("end", "max")}
    columns |= {name: (name, "first") for name in ("plan", "account_id") if name in rows.columns}
    return rows, rows.groupby(place.to_numpy()).agg(**columns).reset_index(drop=True)


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
    is_new = contracts.first_day() > day_number(start)
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


def _days(column: pd.Series) -> NDArray[np.int64]:
    when = pd.to_datetime(column)
    days = when.to_numpy().astype("datetime64[D]").astype(np.int64)
    return np.where(when.isna(), OPEN, days)
