"""What may drive the end of a contract, gathered from a study's tables: the members of `members`.

Drivers are the plan, the third of the value per month, the segments of the customers table, a complaint in the last 90
days and the satisfaction of the users of the account in the last year. What changes is looked up as it was known on the
first day of each month; what does not is taken as it stands in the tables.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, NamedTuple

import ibis
import numpy as np
import pandas as pd

from cxvalue.foundation.calendar import EPOCH
from cxvalue.lifetime.contracts.sbg import CHANCE, Mark
from cxvalue.questions.contracts.contract_base import Contracts
from cxvalue.questions.contracts.members import RESERVED_DRIVERS, TENURE_EDGES, Happening, Members
from cxvalue.tables.labels import NOT_KNOWN, only_use, segments_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import ibis.expr.types as ir
    from numpy.typing import NDArray

COMPLAINT, SATISFACTION, PLAN, VALUE = "complaint in 90 days", "satisfaction", "plan", "value per month"
COMPLAINT_DAYS, ASKED_DAYS = 90, 365
THIRDS = ("lowest third", "middle third", "highest third")
FEWEST_ANSWERS = 30


class DriverTables(NamedTuple):
    """The canonical tables of a study that drivers come from; None where the study has no such table."""

    subscriptions: ir.Table
    customers: ir.Table | None = None
    interactions: ir.Table | None = None
    surveys: ir.Table | None = None


class Scores(NamedTuple):
    """Answers of the people of each account: key (the account), day (number), value; and the metric that they answer.

    `users` says that only people who use what somebody else pays were counted.
    """

    table: ir.Table
    metric: str
    users: bool
    answers: int


def people_of(subscriptions: ir.Table, *, users: bool = False) -> ir.Table:
    """Which account each person of the contracts belongs to: customer_id, key; without accounts everybody is one.

    With `users` only people whose role says that they use the contract.
    """
    key = subscriptions.customer_id
    if "account_id" in subscriptions.columns:
        key = ibis.coalesce(subscriptions.account_id, subscriptions.customer_id)
    rows = subscriptions.mutate(key=key)
    if users:
        rows = rows.filter(only_use(rows.role))
    return rows.select("customer_id", "key").distinct()


def _day(column: ir.Value) -> ir.Value:
    return column.cast("date").delta(ibis.literal(EPOCH), unit="day").cast("int64")


def _complaints(tables: DriverTables, until: date) -> ir.Table | None:
    made = tables.interactions
    if made is None or "complaint" not in made.columns:
        return None
    made = made.filter(made.complaint & (made.date.cast("date") <= ibis.literal(until)))
    joined = made.join(people_of(tables.subscriptions), "customer_id")
    events = joined.select(key=joined.key, day=_day(joined.date)).distinct()
    return events if events.count().to_pyarrow().as_py() else None


def scores_of(tables: DriverTables, until: date) -> Scores | None:
    """The answers to the metric asked most, of the users of each account (of everybody where the table knows no users).

    None without a surveys table or with fewer than 30 answers up to `until`.
    """
    asked = tables.surveys
    if asked is None:
        return None
    asked = asked.filter(asked.score.notnull() & (asked.date.cast("date") <= ibis.literal(until)))
    knows_users = "role" in tables.subscriptions.columns
    people = people_of(tables.subscriptions, users=True) if knows_users else None
    users = people is not None and bool(people.count().to_pyarrow().as_py())
    joined = asked.join(people if users and people is not None else people_of(tables.subscriptions), "customer_id")
    counts = joined.group_by("metric").agg(n=joined.count()).order_by(ibis.desc("n"), "metric").limit(1).to_pyarrow()
    if not counts.num_rows or counts["n"][0].as_py() < FEWEST_ANSWERS:
        return None
    metric = str(counts["metric"][0].as_py())
    chosen = joined.filter(joined.metric == metric)
    table = chosen.select(key=chosen.key, day=_day(chosen.date), value=chosen.score.cast("float64"))
    return Scores(table, metric, users, int(counts["n"][0].as_py()))


def _running_mean(scores: Scores) -> ir.Table:
    """Mean score of an account's answers in the year up to each day on which somebody answered."""
    daily = scores.table.group_by("key", "day").agg(total=scores.table.value.sum(), n=scores.table.count())
    year = ibis.range_window(preceding=ASKED_DAYS - 1, following=0, group_by="key", order_by="day")
    return daily.select("key", "day", value=daily.total.sum().over(year) / daily.n.sum().over(year))


def contract_members(
    contracts: Contracts, tables: DriverTables, until: date | None = None, marks: Sequence[Mark] = ()
) -> Members:
    """The relations of a study as members with all drivers that its tables hold, as known at the end of a day.

    Months at whose end the sBG of that day has a rate of leaving of their own (`marks`) are bands of tenure.
    """
    day = until or contracts.as_of
    relations = contracts.relations
    owner = relations["customer"].to_numpy()
    names = contracts.customers[owner]
    cluster = names
    if "account_id" in relations.columns:
        cluster = relations["account_id"].fillna(pd.Series(names, index=relations.index)).to_numpy(object)
    known = (relations["start"] <= (day - EPOCH).days).to_numpy()
    fixed = _fixed(contracts, tables.customers, names, known)
    table = pd.DataFrame(
        {"member": np.arange(len(relations)).astype(str), "cluster": cluster.astype(str),
         "start": relations["start"], "end": relations["end"], **fixed}
    )[known]  # fmt: skip
    happenings = []
    complaints = _complaints(tables, day)
    if complaints is not None:
        happenings.append(Happening(COMPLAINT, complaints, COMPLAINT_DAYS, by_cluster=True))
    scores = scores_of(tables, day)
    if scores is not None:
        running = _running_mean(scores)
        ends = running.aggregate(low=running.value.quantile(1 / 3), high=running.value.quantile(2 / 3)).to_pyarrow()
        edges = (float(ends["low"][0].as_py()), float(ends["high"][0].as_py()))
        happenings.append(Happening(SATISFACTION, running, ASKED_DAYS, edges=edges, bands=THIRDS, by_cluster=True))
    return Members(
        table.reset_index(drop=True),
        day,
        contracts.observed_from,
        tuple(fixed),
        tuple(happenings),
        renewal_months=contracts.mixed,
        yearly=contracts.annual,
        tenure_edges=tuple(sorted({*TENURE_EDGES, *_own_months(contracts, marks)})),
    )


def _own_months(contracts: Contracts, marks: Sequence[Mark]) -> set[int]:
    if contracts.annual:
        return set()
    own = {mark.months for mark in marks if mark.kind == CHANCE}
    return {edge for month in own for edge in (month, month + 1) if edge}


def _fixed(
    contracts: Contracts, customers: ibis.Table | None, names: NDArray[np.object_], known: NDArray[np.bool_]
) -> dict[str, NDArray[np.object_]]:
    """Plan, third of the value at the beginning, and segments, of each relation."""
    found: dict[str, NDArray[np.object_]] = {}
    relations = contracts.relations
    if "plan" in relations.columns:
        found[PLAN] = relations["plan"].fillna(NOT_KNOWN).to_numpy(object)
    if contracts.valued:
        first = contracts.rows.groupby(["customer", "start"])["value"].sum()
        value = first.reindex(pd.MultiIndex.from_frame(relations[["customer", "start"]])).to_numpy(float)
        low, high = np.quantile(value[known], [1 / 3, 2 / 3]) if known.any() else (0.0, 0.0)
        if high > low:
            found[VALUE] = np.array(THIRDS, dtype=object)[(value > low).astype(int) + (value > high)]
    if customers is not None:
        taken = {*found, *RESERVED_DRIVERS, COMPLAINT, SATISFACTION}
        found |= {
            f"{name} (customers)" if name.lower() in taken else name: column
            for name, column in segments_of(customers, names).items()
        }
    return {name: column for name, column in found.items() if len(set(column[known])) > 1}
