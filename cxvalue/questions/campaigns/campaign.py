"""A campaign's customers, one row each: when and how they were contacted, what they had done, and what they then did.

All of it is added up by the engine. A customer's days count from the first contact, which is day 0; a purchase on day 0 to
w falls into the window of w days. Dates carry no time, so a purchase on the day of the contact may be its answer: nothing
of that day counts as what a customer had done before, in either arm. Who was observed for less than a window is left out of
it, in every arm, and counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Any

import ibis
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cxvalue.foundation.arrays import Bools, Floats, Ints
from cxvalue.foundation.calendar import WHOLE_YEAR_DAYS, date_of, day_number
from cxvalue.foundation.errors import BadInput, nearest
from cxvalue.language.catalogue import translate
from cxvalue.questions.campaigns.other_contacts import OtherContacts, earlier_contacts, other_contacts
from cxvalue.tables.checks.campaign_rows import held_and_sent, second_control, unnamed_control

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from cxvalue.study import Campaign

WINDOWS = (7, 14, 30, 45, 60, 90, 120, 150, 180)
NOT_CONTACTED = "not contacted"
SHORTEST_RULE_DAYS = 14
NEARLY_ALL = 0.9

PART_CUSTOMERS = 1_000_000
"""Customers whose purchases are added up at a time: the engine holds all sums of a part in memory."""
FEWEST_UNITS, LOG_CHANCE = 6, float(np.log(1e-6))
"""A column makes units with at least so many of them, and when lots for single customers would so rarely split none."""
OUTCOMES = ("orders", "revenue", "margin", "discount")
FACTS = ("days_silent", "frequency", "tenure_days", "revenue_before", "margin_before", "orders_before")


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """What each customer did within a window of days, and who was observed for all of it.

    `sums` has a row each for orders, revenue, margin and discount. Where the columns are many they are kept in single
    precision (a part in ten million of one customer's sum); they come out in double precision, so that totals are exact.
    """

    days: int
    observed: Bools
    sums: NDArray[Any]

    @property
    def orders(self) -> Floats:
        """Purchases of each customer."""
        return self.sums[0].astype(np.float64)

    @property
    def revenue(self) -> Floats:
        """Revenue of each customer."""
        return self.sums[1].astype(np.float64)

    @property
    def margin(self) -> Floats:
        """Contribution margin of each customer."""
        return self.sums[2].astype(np.float64)

    @property
    def discount(self) -> Floats:
        """Discount given to each customer."""
        return self.sums[3].astype(np.float64)

    @property
    def returned(self) -> Bools:
        """Who bought."""
        bought: Bools = self.sums[0] > 0
        return bought


@dataclass(frozen=True, slots=True, eq=False)
class CampaignData:
    """Contacted and held-out customers of one campaign, in the order of their ids.

    Attributes:
        name: of the campaign.
        customer_id, arm: whose row it is, and the arm of the first contact.
        control: which of them were held out.
        contacted_on: day of the first contact, in days since 1970.
        cost: of all contacts within the window.
        days_silent, frequency, tenure_days, revenue_before, margin_before, orders_before: before the day of the contact;
            the last three over the 365 days up to it.
        windows: outcomes by window length.
        window_days: the campaign's own window.
        as_of: last day observed.
        priced: whether the contacts say what they cost; otherwise `cost` is 0.
        delivered: share of the contacted whom a contact reached, of those of whom it is known; None where of nobody.
        delivery_unknown: share of the contacted of whom it is not known, where the contacts have a column for it.
        unit, unit_name: number of the unit (branch, shop) of each customer and the column that names it, where whole units
            were assigned together; None where customers were assigned one by one.
        elsewhere: which of them other campaigns contacted, by campaign; `earlier`: longer before.
    """

    name: str
    customer_id: NDArray[np.object_]
    arm: NDArray[np.object_]
    control: Bools
    contacted_on: Ints
    cost: Floats
    days_silent: Floats
    frequency: Floats
    tenure_days: Floats
    revenue_before: Floats
    margin_before: Floats
    orders_before: Floats
    windows: dict[int, Window]
    window_days: int
    as_of: date
    priced: bool = True
    delivered: float | None = None
    delivery_unknown: float = 0.0
    unit: Ints | None = None
    unit_name: str = ""
    elsewhere: Mapping[str, OtherContacts] = field(default_factory=dict)
    earlier: Mapping[str, OtherContacts] = field(default_factory=dict)

    @property
    def main(self) -> Window:
        """The campaign's own window."""
        return self.windows[self.window_days]

    @property
    def held_out(self) -> bool:
        """Whether customers were held out; else others who were not contacted stand for them."""
        return not bool((self.arm[self.control] == NOT_CONTACTED).any())

    @property
    def began(self) -> date:
        """Day of the first contact of anybody."""
        return date_of(int(self.contacted_on[~self.control].min()))

    @property
    def silent_rule_days(self) -> int | None:
        """How long everybody contacted had been silent; None below two weeks: then silence was not the rule."""
        silent = self.days_silent[~self.control]
        least = int(np.nanmin(silent)) if np.isfinite(silent).any() else 0
        return least if least >= SHORTEST_RULE_DAYS else None

    def asleep(self, days: int) -> bool:
        """Whether nearly all who were contacted had bought nothing for so many days."""
        silent = self.days_silent[~self.control]
        return bool((np.nan_to_num(silent) >= days).mean() >= NEARLY_ALL)

    @property
    def before(self) -> Floats:
        """What is known of each customer before the contact, one column each, for adjustment."""
        columns = (self.margin_before, self.orders_before, np.log1p(self.days_silent), np.log1p(self.frequency))
        return np.column_stack([np.nan_to_num(column) for column in columns])


def campaign_data(
    contacts: ir.Table,
    purchases: ir.Table,
    *,
    name: str,
    control: str | None,
    window_days: int,
    as_of: date,
    transactions: ir.Table | None = None,
    customers: ir.Table | None = None,
    windows: Sequence[int] = WINDOWS,
    declared: Sequence[Campaign] = (),
    seed: int = 1,
) -> CampaignData:
    """One row a customer of a campaign; without a control arm, customers who were not contacted stand in for one.

    With a table of `customers`, a column of it whose units lie wholly in one arm tells that units were assigned, not
    customers. `declared` are the study's campaigns: what it says of the others tells whom they held out.

    Those not contacted get a day drawn from the campaign's own contact days, and are marked as control.

    Raises `BadInput` when a customer is in two arms, or when an arm is empty.
    """
    where = f"campaigns.{name}"
    # A row that stands twice is one contact, and costs once.
    rows = contacts.filter(contacts.campaign == name).distinct()
    arms = contacts.select("campaign", "arm").distinct().to_pyarrow().to_pylist()
    _refuse_mixtures(rows, {str(one["arm"]) for one in arms if one["campaign"] == name}, name, control, where)
    priced = "cost" in rows.columns and bool(rows.cost.notnull().any().to_pyarrow().as_py())
    cost = rows.cost.fill_null(0.0) if priced else rows.date.isnull().ifelse(1.0, 0.0)
    first = _first_contacts(rows.mutate(cost=cost), window_days)
    if control is None:
        first = first.union(_stand_ins(first, purchases, seed))
    lengths = sorted({*windows, window_days})
    # The engine numbers the customers, so that no later step handles ids.
    numbered = first.mutate(number=ibis.row_number().over(ibis.window(order_by="customer_id"))).cache()
    rows_of = _read(numbered, purchases, transactions, lengths)
    elsewhere: dict[str, OtherContacts] = {}
    earlier: dict[str, OtherContacts] = {}
    if any(one["campaign"] != name for one in arms):
        if control is not None:
            earlier = earlier_contacts(numbered, contacts, name=name, window_days=window_days, declared=declared)
        elsewhere = other_contacts(
            numbered, contacts, name=name, window_days=window_days, longest=lengths[-1], declared=declared
        )
    held = rows_of.arm == (NOT_CONTACTED if control is None else control)
    seen = day_number(as_of) - rows_of.day
    delivered, delivery_unknown = _delivered(rows, first, control)
    data = CampaignData(
        name=name,
        customer_id=rows_of.customer_id,
        arm=rows_of.arm,
        control=held,
        contacted_on=rows_of.day,
        cost=np.where(held, 0.0, rows_of.facts["cost"]),
        days_silent=rows_of.facts["days_silent"],
        frequency=rows_of.facts["frequency"],
        tenure_days=rows_of.facts["tenure_days"],
        revenue_before=np.nan_to_num(rows_of.facts["revenue_before"]),
        margin_before=np.nan_to_num(rows_of.facts["margin_before"]),
        orders_before=rows_of.facts["orders_before"],
        windows={days: Window(days, seen >= days, rows_of.sums[i]) for i, days in enumerate(lengths)},
        window_days=window_days,
        as_of=as_of,
        priced=priced,
        delivered=delivered,
        delivery_unknown=delivery_unknown,
        elsewhere=elsewhere,
        earlier=earlier,
    )
    _check(data, control, where)
    return data if control is None or customers is None else _with_units(data, first, customers, control)


def _delivered(rows: ir.Table, first: ir.Table, control: str | None) -> tuple[float | None, float]:
    """Share of the contacted of whom a contact was delivered, among those of whom that is known, and of how many it is not.

    None for the first where it is known of nobody.
    """
    if "delivered" not in rows.columns:
        return None, 0.0
    held = NOT_CONTACTED if control is None else control
    contacted = rows.semi_join(first.filter(first.arm != held), "customer_id")
    each = contacted.group_by("customer_id").agg(came=contacted.delivered.cast("float64").max())
    share, unknown = each.aggregate([each.came.mean(), each.came.isnull().mean()]).to_pyarrow().to_pylist()[0].values()
    return None if share is None else float(share), float(unknown or 0.0)


def _first_contacts(rows: ir.Table, window_days: int) -> ir.Table:
    """The day and the arm of each customer's first contact, and what all contacts of the window cost."""
    first = rows.group_by("customer_id").agg(first=rows.date.min())
    began = rows.inner_join(first, "customer_id")
    began = began.filter(began.date == began["first"]).group_by("customer_id").agg(arm=began.arm.min())
    first = first.inner_join(began, "customer_id").select("customer_id", "first", "arm")
    spent = rows.inner_join(first.select("customer_id", "first"), "customer_id")
    spent = spent.filter(spent.date.delta(spent["first"], unit="day") <= window_days)
    first = first.left_join(spent.group_by("customer_id").agg(cost=spent.cost.sum()), "customer_id")
    return first.select("customer_id", "first", "arm", cost=first.cost.fill_null(0.0))


def _refuse_mixtures(rows: ir.Table, arms: set[str], name: str, control: str | None, where: str) -> None:
    """Refuse a campaign that nobody is in, that held somebody out without saying so, or that contacted the held-out."""
    if not arms:
        found = translate("no contact belongs to the campaign {name!r}.", name=name)
        raise BadInput.at(where, found, translate("Check campaigns and contacts."))
    problems = (
        unnamed_control(rows, name)
        if control is None
        else held_and_sent(rows, name, control) + second_control(rows, name, control)
    )
    if problems:
        raise BadInput(problems)


def _with_units(data: CampaignData, first: ir.Table, customers: ir.Table, control: str) -> CampaignData:
    """The same with the unit of each customer, when every unit of some column was wholly contacted or wholly held out.

    Only where that can be no chance: a lot for each customer would have split some unit, with near certainty.
    """
    held = float(data.control.mean())
    first = first.mutate(held=(first.arm == control).ifelse(1, 0))
    names = [name for name, kind in customers.schema().items() if kind.is_string() or kind.is_integer()]
    for name in (name for name in names if name != "customer_id"):
        about: Any = customers.select("customer_id", unit=customers[name].cast("string"))
        joined = first.select("customer_id", "held").inner_join(about.filter(about.unit.notnull()), "customer_id")
        units = joined.group_by("unit").agg(arms=joined.held.nunique(), number=joined.count())
        sizes = units.group_by("number").agg(units=units.count(), mixed=(units.arms > 1).ifelse(1, 0).sum()).to_pandas()
        number, often = sizes["number"].to_numpy(float), sizes["units"].to_numpy(float)
        whole = np.logaddexp(number * np.log(held), number * np.log1p(-held))  # log chance that a lot splits no unit
        if (
            often.sum() < FEWEST_UNITS
            or sizes["mixed"].sum()
            or number @ often < len(data.customer_id)
            or often @ np.minimum(whole, 0.0) > LOG_CHANCE
        ):
            continue
        numbered = joined.select("customer_id", unit=ibis.dense_rank().over(ibis.window(order_by=joined.unit)))
        table = numbered.order_by("customer_id").to_pyarrow()
        unit = table.column("unit").to_numpy(zero_copy_only=False).astype(np.int64)
        return replace(data, unit=unit, unit_name=name)
    return data


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """What the engine added up: `sums` is windows x outcomes x customers."""

    customer_id: NDArray[np.object_]
    arm: NDArray[np.object_]
    day: Ints
    facts: dict[str, Floats]
    sums: NDArray[Any]


def _read(numbered: ir.Table, purchases: ir.Table, transactions: ir.Table | None, lengths: Sequence[int]) -> _Rows:
    """Add up each customer's purchases, a part of the customers at a time where there are many."""
    table = numbered.order_by("number").to_pyarrow()
    total = table.num_rows
    arm = table.column("arm").combine_chunks().dictionary_encode()
    parts = max(1, -(-total // PART_CUSTOMERS))
    sums = np.zeros((len(lengths), len(OUTCOMES), total), dtype=np.float64 if parts == 1 else np.float32)
    facts = {name: np.full(total, np.nan if name == "days_silent" else 0.0) for name in FACTS}
    bought = _bought(purchases, transactions)
    for start in range(0, total, PART_CUSTOMERS):
        stop = min(start + PART_CUSTOMERS, total)
        chosen = numbered.filter(numbered.number.between(start, stop - 1)) if parts > 1 else numbered
        joined = _since(chosen, bought)
        before = _facts(joined, -1).to_pyarrow()
        rows = before.column("number").to_numpy()
        for name, values in facts.items():
            values[rows] = before.column(name).to_numpy(zero_copy_only=False)
        added = np.zeros((len(OUTCOMES), len(lengths), stop - start))
        after = _outcomes(joined, lengths).to_pyarrow()
        where = after.column("bucket").to_numpy(), after.column("number").to_numpy() - start
        for j, what in enumerate(OUTCOMES):
            added[j][where] = np.nan_to_num(after.column(what).to_numpy(zero_copy_only=False).astype(float))
        sums[:, :, start:stop] = np.cumsum(added, axis=1, out=added).transpose(1, 0, 2)
    return _Rows(
        customer_id=np.array(table.column("customer_id").to_pylist(), dtype=object),
        arm=np.array(arm.dictionary.to_pylist(), dtype=object)[arm.indices.to_numpy(zero_copy_only=False)],
        day=np.asarray(table.column("first").to_numpy(zero_copy_only=False), dtype="datetime64[D]").astype(np.int64),
        facts={**facts, "cost": np.asarray(table.column("cost").to_numpy(zero_copy_only=False), dtype=float)},
        sums=sums,
    )


def _check(data: CampaignData, control: str | None, where: str) -> None:
    if not (~data.control).any():
        found = translate("nobody was contacted: every row belongs to the control arm.")
        raise BadInput.at(where, found, translate("Check campaigns.control."))
    if not data.control.any():
        arms = sorted({str(arm) for arm in data.arm})
        everybody = translate("every customer was contacted, so there is nobody to compare with.")
        found = translate("nobody was held out.") if control else everybody
        raise BadInput.at(where, found, nearest(control or "", arms))


def _stand_ins(first: ir.Table, purchases: ir.Table, seed: int) -> ir.Table:
    """Customers who were not contacted, each with a day drawn from the contact days; only those who had bought by then."""
    bought = purchases.group_by("customer_id").agg(began=purchases.date.min())
    others = bought.anti_join(first, "customer_id").order_by("customer_id").to_pyarrow()
    days = first.order_by("customer_id").select("first").to_pyarrow().column("first").to_numpy(zero_copy_only=False)
    drawn = np.random.default_rng(seed).choice(np.asarray(days, dtype="datetime64[D]"), others.num_rows)
    began = np.asarray(others.column("began").to_numpy(zero_copy_only=False), dtype="datetime64[D]")
    kept = began < drawn
    names = np.array(others.column("customer_id").to_pylist(), dtype=object)[kept]
    table = pa.table(
        {"customer_id": pa.array(names.tolist(), pa.string()), "first": pa.array(drawn[kept], pa.date32())}
    )
    rows = ibis.memtable(table)
    return rows.select("customer_id", "first", arm=ibis.literal(NOT_CONTACTED), cost=ibis.literal(0.0))


def _bought(purchases: ir.Table, transactions: ir.Table | None) -> ir.Table:
    """Purchases with the discount given on their day."""
    bought = purchases.select("customer_id", "date", "revenue", "margin")
    if transactions is None or "discount" not in transactions.columns:
        return bought.mutate(discount=bought.revenue * 0.0)
    given = transactions.group_by(["customer_id", "date"]).agg(discount=transactions.discount.fill_null(0.0).sum())
    return bought.left_join(given, ["customer_id", "date"]).select(
        "customer_id", "date", "revenue", "margin", "discount"
    )


def _since(first: ir.Table, bought: ir.Table) -> ir.Table:
    """Purchases of the customers of `first`, with the days since that day."""
    joined: Any = first.select("customer_id", "first", "number").inner_join(bought, "customer_id")
    return joined.select(
        "number", "revenue", "margin", "discount", since=joined.date.delta(joined["first"], unit="day")
    )


def _facts(joined: ir.Table, last: int) -> ir.Table:
    """What each customer had done by the day numbered `last`: one row for each who had bought by then."""
    past: Any = joined.filter(joined.since <= last)
    year = past.since > last - WHOLE_YEAR_DAYS
    return past.group_by("number").agg(
        days_silent=-past.since.max(),
        tenure_days=-past.since.min(),
        frequency=past.count(),
        orders_before=year.ifelse(1, 0).sum(),
        revenue_before=year.ifelse(past.revenue, 0.0).sum(),
        margin_before=year.ifelse(past.margin, 0.0).sum(),
    )


def _outcomes(joined: ir.Table, lengths: Sequence[int]) -> ir.Table:
    """What each customer did between one window's end and the next; `bucket` is the first window that holds it."""
    later: Any = joined.filter(joined.since.between(0, lengths[-1]))
    branches = [(later.since <= days, number) for number, days in enumerate(lengths)]
    later = later.mutate(bucket=ibis.cases(*branches, else_=len(lengths) - 1))
    return later.group_by(["number", "bucket"]).agg(
        orders=later.count(), revenue=later.revenue.sum(), margin=later.margin.sum(), discount=later.discount.sum()
    )


def history_on(purchases: ir.Table, day: date, *, silent_days: int) -> tuple[NDArray[np.object_], Floats]:
    """Customers silent for `silent_days` or more on a day, and what `CampaignData.before` holds of them."""
    bought = purchases.group_by("customer_id").agg(began=purchases.date.min())
    began = bought.filter(bought.began <= ibis.literal(day)).select("customer_id", first=ibis.literal(day))
    first = began.mutate(number=ibis.row_number().over(ibis.window(order_by="customer_id"))).cache()
    facts = _facts(_since(first, _bought(purchases, None)), 0)  # the next contact comes after this day
    table = first.inner_join(facts, "number").order_by("number").to_pyarrow()
    columns = [
        np.nan_to_num(table.column(name).to_numpy(zero_copy_only=False).astype(float))
        for name in ("margin_before", "orders_before", "days_silent", "frequency")
    ]
    rows = columns[2] >= silent_days
    names = np.array(table.column("customer_id").to_pylist(), dtype=object)
    return names[rows], np.column_stack([columns[0], columns[1], np.log1p(columns[2]), np.log1p(columns[3])])[rows]
