"""The customer-base audit: who the customers are, how they change, and how many were won, kept and lost.

Every function takes day-level purchases (an ibis table with customer_id, date, revenue and margin; see `cxvalue.tables`)
and lets the engine do the counting, but for cohorts, which are counted from the purchases as arrays; what comes back is a
frozen result or a small pandas table. The five lenses follow Fader, Hardie and Ross, *The Customer-Base Audit* (2022):
differences between customers, changes between two periods, one cohort as it ages, cohorts against each other, and the
health of the whole base.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import ibis
import numpy as np
import pandas as pd

from cxvalue.findings.small_groups import withheld_list
from cxvalue.foundation.calendar import DAYS_PER_MONTH, day_number, months_before
from cxvalue.foundation.intervals import share_interval
from cxvalue.language.catalogue import translatable, translate
from cxvalue.tables.purchase_log import PurchaseLog, purchase_log

if TYPE_CHECKING:
    from numpy.typing import NDArray

QUARTER_DAYS = 91
OTHERS = "others"
"""The cohorts with so few buyers in a period that they are shown together."""
PERIOD_GROUPS = {
    "bought in both": translatable("bought in both"),
    "only in the earlier": translatable("only in the earlier"),
    "only in the later": translatable("only in the later"),
    "all": translatable("all"),
}
"""The groups of a comparison of two periods, as they are published and as a reader is told."""


@dataclass(frozen=True, slots=True)
class BaseCounts:
    """How many customers there are: ever seen, active, and of those aged a year or more, how many bought again."""

    customers: int
    active: int
    aged_12_months: int
    repeated: int

    def repeat_interval(self, level: float = 0.95) -> tuple[float, float] | tuple[None, None]:
        """Wilson's interval of `repeat_rate`, the customers taken as a sample; (None, None) when nobody is that old."""
        if not self.aged_12_months:
            return None, None
        return share_interval(self.repeated, self.aged_12_months, level)

    @property
    def repeat_rate(self) -> float | None:
        """Share of the customers aged 12 months and more who bought again; None when nobody is that old."""
        return self.repeated / self.aged_12_months if self.aged_12_months else None


def base_counts(purchases: ibis.Table, *, as_of: date, dormancy_days: int) -> BaseCounts:
    """Count the customer base at the end of `as_of`; active means silent for fewer than `dormancy_days` days."""
    people = (
        purchases.filter(purchases.date <= ibis.literal(as_of))
        .group_by("customer_id")
        .agg(first=lambda t: t.date.min(), last=lambda t: t.date.max(), days=lambda t: t.count())
    )
    aged = people.first <= ibis.literal(months_before(as_of, 12))
    counted = people.aggregate(
        customers=people.count(),
        active=(people.last > ibis.literal(as_of - timedelta(days=dormancy_days))).ifelse(1, 0).sum(),
        aged=aged.ifelse(1, 0).sum(),
        repeated=(aged & (people.days > 1)).ifelse(1, 0).sum(),
    )
    row = counted.to_pyarrow().to_pylist()[0]
    return BaseCounts(int(row["customers"]), *(int(row[key] or 0) for key in ("active", "aged", "repeated")))


@dataclass(frozen=True, slots=True)
class Waterfall:
    """The bridge between the active customers at two dates, in customers and in margin.

    opening + new + reactivated - lost = closing. Customers who came after `start` and are dormant again at `end` stand
    apart (`new_and_lost`). Margins are of 12 months: before `start` for opening and lost customers, up to `end` for new,
    reactivated and closing ones; `change_of_kept` is what the customers active at both dates brought more or less.
    A margin is None when the tables do not cover the 12 months before `start`.
    """

    start: date
    end: date
    opening: int
    new: int
    reactivated: int
    lost: int
    closing: int
    new_and_lost: int
    opening_margin: float | None
    new_margin: float
    reactivated_margin: float
    lost_margin: float | None
    change_of_kept: float | None
    closing_margin: float

    def customer_steps(self) -> tuple[list[str], list[float], list[bool]]:
        """Labels, signed values and which of them are totals, in customers."""
        labels = [
            translate("active a year ago"),
            translate("new"),
            translate("returned"),
            translate("lost"),
            translate("active now"),
        ]
        values = [float(n) for n in (self.opening, self.new, self.reactivated, -self.lost, self.closing)]
        return labels, values, [True, False, False, False, True]

    def margin_steps(self) -> tuple[list[str], list[float], list[bool]] | None:
        """The same in margin, with the change of those who stayed; None when the tables begin too late."""
        if self.opening_margin is None or self.lost_margin is None or self.change_of_kept is None:
            return None
        labels = [
            translate("of last year's active"),
            translate("new"),
            translate("returned"),
            translate("stayed: change"),
            translate("lost"),
            translate("of today's active"),
        ]
        values = [
            self.opening_margin,
            self.new_margin,
            self.reactivated_margin,
            self.change_of_kept,
            -self.lost_margin,
            self.closing_margin,
        ]
        return labels, values, [True, False, False, False, False, True]

    def table(self) -> pd.DataFrame:
        """One row a step, as published in ``waterfall.csv``: step, customers, margin (nan where not known)."""
        lost = None if self.lost_margin is None else -self.lost_margin
        steps = [
            ("opening", self.opening, self.opening_margin),
            ("new", self.new, self.new_margin),
            ("reactivated", self.reactivated, self.reactivated_margin),
            ("change_of_kept", 0, self.change_of_kept),
            ("lost", -self.lost, lost),
            ("closing", self.closing, self.closing_margin),
        ]
        return pd.DataFrame(steps, columns=["step", "customers", "margin"]).astype({"margin": "float64"})


def waterfall(purchases: ibis.Table, *, as_of: date, observed_from: date, dormancy_days: int) -> Waterfall | None:
    """Bridge the active customers of a year ago to those of today; None when the tables begin too late to know them.

    Who was active at the start is known only when the tables cover the whole dormancy window before it.
    """
    start, before = months_before(as_of, 12), months_before(as_of, 24)
    if observed_from > start - timedelta(days=dormancy_days - 1):
        return None
    seen = purchases.filter(purchases.date <= ibis.literal(as_of))
    early, late = seen.date <= ibis.literal(start), seen.date > ibis.literal(start)
    people = seen.group_by("customer_id").agg(
        first=seen.date.min(),
        last=seen.date.max(),
        last_at_start=seen.date.max(where=early),
        before=seen.margin.sum(where=early & (seen.date > ibis.literal(before))),
        after=seen.margin.sum(where=late),
    )
    opening = (people.last_at_start > ibis.literal(start - timedelta(days=dormancy_days))).fill_null(False)
    closing = people.last > ibis.literal(as_of - timedelta(days=dormancy_days))
    is_new = people.first > ibis.literal(start)
    groups = people.mutate(opening=opening, closing=closing, is_new=is_new)
    rows = (
        groups.group_by("opening", "closing", "is_new")
        .agg(n=groups.count(), before=groups.before.sum(), after=groups.after.sum())
        .to_pyarrow()
        .to_pylist()
    )
    cells = {(r["opening"], r["closing"], r["is_new"]): (r["n"], r["before"] or 0.0, r["after"] or 0.0) for r in rows}
    kept, lost = cells.get((True, True, False), (0, 0.0, 0.0)), cells.get((True, False, False), (0, 0.0, 0.0))
    new, gone = cells.get((False, True, True), (0, 0.0, 0.0)), cells.get((False, False, True), (0, 0.0, 0.0))
    back = cells.get((False, True, False), (0, 0.0, 0.0))
    known = observed_from <= before + timedelta(days=1)
    return Waterfall(
        start=start,
        end=as_of,
        opening=kept[0] + lost[0],
        new=new[0],
        reactivated=back[0],
        lost=lost[0],
        closing=kept[0] + new[0] + back[0],
        new_and_lost=gone[0],
        opening_margin=kept[1] + lost[1] if known else None,
        new_margin=new[2],
        reactivated_margin=back[2],
        lost_margin=lost[1] if known else None,
        change_of_kept=kept[2] - kept[1] if known else None,
        closing_margin=kept[2] + new[2] + back[2],
    )


def margin_per_customer(purchases: ibis.Table, *, after: date | None, until: date) -> NDArray[np.float64]:
    """Margin of each customer who bought after one day and up to another, one number a customer, largest first."""
    chosen = purchases.filter(purchases.date <= ibis.literal(until))
    if after is not None:
        chosen = chosen.filter(chosen.date > ibis.literal(after))
    sums = chosen.group_by("customer_id").agg(margin=chosen.margin.sum()).order_by(ibis.desc("margin"))
    values: NDArray[np.float64] = sums.select("margin").to_pyarrow()["margin"].to_numpy()
    return values


@dataclass(frozen=True, slots=True)
class PeriodPair:
    """Two neighbouring periods of equal length: (`start`, `middle`] and (`middle`, `end`]."""

    start: date
    middle: date
    end: date

    @property
    def months(self) -> float:
        """Length of each period in months."""
        return (self.end - self.middle).days / DAYS_PER_MONTH


def period_pair(as_of: date, observed_from: date) -> PeriodPair:
    """The last 12 months and the 12 before, or the two halves of the history when it is shorter than 24 months."""
    start = months_before(as_of, 24)
    if observed_from <= start + timedelta(days=1):
        return PeriodPair(start, months_before(as_of, 12), as_of)
    days = (as_of - observed_from).days + 1
    middle = as_of - timedelta(days=days // 2)
    return PeriodPair(middle - timedelta(days=days // 2), middle, as_of)


def period_change(purchases: ibis.Table, pair: PeriodPair) -> pd.DataFrame:
    """Compare two periods: a row for each group of customers (bought in both, only before, only after) and the total.

    Columns: group, and customers, purchases and margin, each _before and _after; a customer counts in a period with at
    least one purchase in it.
    """
    chosen = purchases.filter((purchases.date > ibis.literal(pair.start)) & (purchases.date <= ibis.literal(pair.end)))
    early, late = chosen.date <= ibis.literal(pair.middle), chosen.date > ibis.literal(pair.middle)
    people = chosen.group_by("customer_id").agg(
        purchases_before=chosen.count(where=early),
        purchases_after=chosen.count(where=late),
        margin_before=chosen.margin.sum(where=early).fill_null(0.0),
        margin_after=chosen.margin.sum(where=late).fill_null(0.0),
    )
    both, earlier, later, everybody = PERIOD_GROUPS
    in_both = (people.purchases_before > 0) & (people.purchases_after > 0)
    grouped = people.mutate(
        group=ibis.cases((in_both, both), (people.purchases_before > 0, earlier), else_=later),
        customers_before=(people.purchases_before > 0).ifelse(1, 0),
        customers_after=(people.purchases_after > 0).ifelse(1, 0),
    )
    numbers = [f"{what}_{when}" for what in ("customers", "purchases", "margin") for when in ("before", "after")]
    table = grouped.group_by("group").agg(**{name: grouped[name].sum() for name in numbers}).to_pandas()
    table = table.set_index("group")[numbers].reindex([both, earlier, later], fill_value=0)
    table.loc[everybody] = table.sum()
    counts = [name for name in numbers if not name.startswith("margin")]
    return pd.DataFrame(table).astype(dict.fromkeys(counts, "int64")).reset_index()


def monthly_activity(purchases: ibis.Table, *, as_of: date) -> pd.DataFrame:
    """Purchases, buying customers, revenue and margin of each calendar month.

    Columns: month (first day, a timestamp), purchases, active_customers, revenue, margin, complete (the whole month is
    within the table's first day and `as_of`).
    """
    index = purchases.date.year() * 12 + purchases.date.month() - 1
    chosen = purchases.mutate(index=index).filter(purchases.date <= ibis.literal(as_of))
    table = (
        chosen.group_by("index")
        .agg(
            purchases=chosen.count(),
            active_customers=chosen.customer_id.nunique(),
            revenue=chosen.revenue.sum(),
            margin=chosen.margin.sum(),
            first=chosen.date.min(),
        )
        .order_by("index")
        .to_pandas()
    )
    months = pd.to_datetime([f"{i // 12}-{i % 12 + 1:02d}-01" for i in table["index"]])
    table.insert(0, "month", months)
    last = pd.Timestamp(as_of)
    table["complete"] = months + pd.offsets.MonthEnd(0) <= last
    return table.drop(columns=["index", "first"])


def _months(days: NDArray[np.integer], cohort_months: int) -> NDArray[np.int64]:
    """The calendar month of days since 1970, or the three months that it belongs to, as a number."""
    least = int(days.min(initial=0))
    every = np.arange(least, int(days.max(initial=0)) + 1)
    month = every.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) + 1970 * 12
    return np.asarray((month // cohort_months)[days - least])


def _cells(log: PurchaseLog, cohort: NDArray[np.int64], time: NDArray[np.int64], name: str) -> pd.DataFrame:
    """Margin and customers of each cohort in each time; `cohort` is that of each customer, `time` that of each purchase.

    Purchases of a customer stand in the order of days, so that a customer is counted where the time changes.
    """
    again = (np.diff(log.customer, prepend=-1) == 0) & (np.diff(time, prepend=time[:1]) == 0)
    (earliest, times), (oldest, cohorts) = (
        (int(n.min()), int(np.ptp(n)) + 1) if n.size else (0, 1) for n in (time, cohort)
    )
    cell = (time - earliest) * cohorts + (cohort - oldest)[log.customer]
    rows = np.bincount(cell, minlength=times * cohorts)
    found = np.flatnonzero(rows)
    margin = np.bincount(cell, log.margin, rows.size)[found]
    customers = np.bincount(cell[~again], minlength=rows.size)[found]
    own = {name: found // cohorts + earliest, "cohort": found % cohorts + oldest}
    return pd.DataFrame(own | {"margin": margin, "customers": customers})


def cohort_months(as_of: date, observed_from: date) -> int:
    """How many calendar months of new customers make a cohort: one, or three where the history exceeds two years."""
    return 1 if observed_from >= months_before(as_of, 24) else 3


def _cohort_name(index: int, months: int) -> str:
    first = index * months
    return f"{first // 12}-{first % 12 + 1:02d}" if months == 1 else f"{first // 12} Q{first % 12 // 3 + 1}"


def cohort_table(
    purchases: ibis.Table,
    *,
    as_of: date,
    observed_from: date,
    suppress_below: int = 0,
    new_from: date | None = None,
    log: PurchaseLog | None = None,
) -> pd.DataFrame:
    """Compare cohorts at the same age, counted in quarters of 91 days since each customer's first purchase.

    Columns: cohort, customers, quarter (0 is the quarter that begins with the first purchase, which itself is left
    out), active_share (share of the cohort who bought), margin_per_customer. A cohort's quarter is shown only when every
    customer of it has lived through it; cohorts of fewer than `suppress_below` customers are left out with those that
    would give them away, and so are customers who first bought before `new_from`: they are older than the tables. Where
    fewer than `suppress_below` of a cohort bought in a quarter, but some, their margin is withheld (missing).
    `log` are the same purchases as arrays, where they have been read.
    """
    months, log = cohort_months(as_of, observed_from), log or purchase_log(purchases, as_of)
    if new_from is not None:
        log = log.of_customers(np.flatnonzero(log.first_of >= day_number(new_from)))
    first = log.first_of
    cohort = _months(first, months)
    # Before the first quarter: the first purchases themselves, one of every customer.
    quarter = (log.day - first[log.customer] - 1) // QUARTER_DAYS
    by_age = _cells(log, cohort, quarter, "quarter").rename(columns={"customers": "active"})
    names, whose = np.unique(cohort, return_inverse=True)
    youngest = np.zeros(names.size, dtype=np.int64)
    np.maximum.at(youngest, whose, first)
    sizes = pd.DataFrame({"cohort": names, "customers": np.bincount(whose), "youngest": youngest})
    cells = by_age[by_age["quarter"] >= 0]
    hidden = withheld_list(sizes["cohort"].astype(str), sizes["customers"], suppress_below)
    shown = sizes[~hidden].sort_values("cohort")
    lived = (day_number(as_of) - shown["youngest"]) // QUARTER_DAYS
    grid = pd.DataFrame(
        [
            {"cohort": cohort, "customers": customers, "quarter": quarter}
            for cohort, customers, quarters in zip(shown["cohort"], shown["customers"], lived, strict=True)
            for quarter in range(quarters)
        ],
        columns=["cohort", "customers", "quarter"],
    ).astype("int64")
    table = grid.merge(cells.astype({"cohort": "int64", "quarter": "int64"}), on=["cohort", "quarter"], how="left")
    table[["active", "margin"]] = table[["active", "margin"]].fillna(0.0)
    few = (table["active"] > 0) & (table["active"] < suppress_below)
    table["active_share"] = table["active"] / table["customers"]
    table["margin_per_customer"] = (table["margin"] / table["customers"]).mask(few)
    table["cohort"] = [_cohort_name(int(number), months) for number in table["cohort"]]
    return table.drop(columns=["active", "margin"])


def oldest_cohort(table: pd.DataFrame) -> pd.DataFrame:
    """The longest-observed cohort of `cohort_table`, as it ages; among equals the earliest."""
    if table.empty:
        return table
    lengths = table.groupby("cohort")["quarter"].max()
    return table[table["cohort"] == lengths.idxmax()].reset_index(drop=True)


def margin_by_cohort(
    purchases: ibis.Table,
    *,
    as_of: date,
    observed_from: date,
    suppress_below: int = 0,
    log: PurchaseLog | None = None,
) -> pd.DataFrame:
    """Margin of each calendar month or quarter (see `cohort_months`), split by when the customer first bought.

    Columns: period, cohort, margin, customers; one row for each period and cohort that has purchases. Cohorts with fewer
    than `suppress_below` buyers in a period are added up there as "others", with the next smallest where they are too few.
    `log` are the same purchases as arrays, where they have been read.
    """
    months, log = cohort_months(as_of, observed_from), log or purchase_log(purchases, as_of)
    table = _cells(log, _months(log.first_of, months), _months(log.day, months), "period")
    for column in ("period", "cohort"):
        table[column] = [_cohort_name(int(number), months) for number in table[column]]
    for rows in table.groupby("period").indices.values():
        own = table.iloc[rows]
        table.loc[own.index[withheld_list(own["cohort"], own["customers"], suppress_below)], "cohort"] = OTHERS
    return table.groupby(["period", "cohort"], as_index=False, sort=False).sum()
