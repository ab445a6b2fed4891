"""Answers and purchases become a level of experience for each customer and quarter.

Experience is how strong the stimulus is times how actively the customer takes part. What counts as strong and as active
is fixed in the first four quarters and then frozen, so that shares may move.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cxvalue.foundation.arrays import Bools, Floats, Ints, Places
from cxvalue.foundation.errors import Problem
from cxvalue.language.catalogue import translatable, translate, translate_count
from cxvalue.language.words import enumerated
from cxvalue.questions.experience.answers import Quarters, answered, in_home_units, points
from cxvalue.tables.windows import AFTER, BEFORE, sums_around

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa

    from cxvalue.study.experience import ExperienceRules, MetricRules

LEVELS = ("negative", "none", "low", "medium", "high")
UNKNOWN, GONE = len(LEVELS), len(LEVELS) + 1
_WORDS = {
    "negative": translatable("negative"),
    "none": translatable("neutral"),
    "low": translatable("low"),
    "medium": translatable("medium"),
    "high": translatable("high"),
    "unknown": translatable("unknown"),
    "gone": translatable("gone"),
}
STARTERS = ("customer", "company")
FROZEN = 4
"""Quarters in which references are taken."""


@dataclass(frozen=True)
class CustomerQuarters:
    """A row for each customer and quarter with a level: who, when, which, and money around the end of the quarter.

    Attributes:
        customer: number of the customer; `names` are their ids.
        quarter: number of the quarter, from 0.
        level: place in `LEVELS`.
        next_level: the same in the quarter after, `UNKNOWN` or `GONE`; −1 where that quarter is not over.
        active_days: distinct days with a purchase, or a contact that the customer began.
        unit: number of the unit, 0 for all where there is none.
        after, before: margin of the year after and before the last day of the quarter; `known` where that year is over.
        bought_after: purchases in the year after.
        tenure: days since the first purchase.
        surveyed: whether levels come from answers; else only negative ones are known, from complaints.
    """

    customer: Ints
    names: NDArray[Any]
    quarter: Ints
    level: Ints
    next_level: Ints
    active_days: Floats
    unit: Ints
    after: Floats
    before: Floats
    bought_after: Floats
    known: Bools
    past: Bools
    tenure: Floats
    quarters: Quarters
    surveyed: bool
    active_from: float
    contacts_count: bool

    @property
    def latest(self) -> int:
        """The last quarter that was wholly observed."""
        return self.quarters.count - 1

    def ends(self) -> NDArray[np.object_]:
        """The last day of the quarter of each row."""
        days = np.array([self.quarters.last_day(q) for q in range(self.quarters.count)], dtype=object)
        return days[self.quarter]


def level_word(name: str) -> str:
    """A level, or where a customer is a quarter later, as readers call it.

    >>> level_word("medium")
    'medium'
    """
    return translate(_WORDS[name])


def level_numbers(stimulus: Floats, active: Bools, rules: ExperienceRules) -> Ints:
    """The level of a stimulus in points and of whether the customer took an active part.

    >>> from cxvalue.study.experience import ExperienceRules
    >>> s, a = np.array([-10.0, 4.9, 5.0, 5.0, 20.0, 20.0]), np.array([True, True, False, True, False, True])
    >>> [LEVELS[n] for n in level_numbers(s, a, ExperienceRules())]
    ['negative', 'none', 'low', 'medium', 'medium', 'high']
    """
    weak = stimulus < rules.strong
    level = np.where(weak, np.where(active, 3, 2), np.where(active, 4, 3))
    level = np.where(stimulus < rules.some, 1, level)
    return np.asarray(np.where(stimulus <= rules.negative, 0, level), dtype=np.int64)


def classify(
    purchases: ir.Table,
    *,
    surveys: ir.Table | None,
    interactions: ir.Table | None,
    customers: ir.Table | None,
    metrics: Mapping[str, MetricRules],
    rules: ExperienceRules,
    observed_from: date,
    as_of: date,
    dormancy_days: int,
) -> CustomerQuarters | None:
    """The levels of customers in the calendar quarters that were wholly observed; None where nobody has one.

    The stimulus is the customer's mean over the quarter's answers of score less reference, in points; the reference is the
    middle of what the customer expected, else the median of the metric in its first four quarters. Without surveys only
    customers whose complaint was not resolved in `target_days` have a level, the negative one.
    """
    quarters = Quarters.between(observed_from, as_of)
    if quarters.count < 1:
        return None
    contacts = interactions if interactions is not None and "initiated_by" in interactions.columns else None
    if surveys is not None:
        felt = _stimulus(answered(surveys, metrics), metrics, quarters)
    else:
        felt = _unresolved(interactions, quarters, rules, as_of)
    if felt is None:
        return None
    taken_part = _active_days(purchases, contacts, quarters)
    active_from = _usual_days(taken_part)
    rows = felt.left_join(taken_part, ["customer_id", "quarter"]).select(
        "customer_id", "quarter", "stimulus", "unit", days=taken_part.days.fill_null(0)
    )
    people, found = _numbered(in_home_units(rows, customers))
    if not found.num_rows:
        return None
    ids = people.order_by("number").to_pyarrow()["customer_id"].to_numpy(zero_copy_only=False)
    customer, quarter = (found[name].to_numpy().astype(np.int64) for name in ("number", "quarter"))
    stimulus, active_days = (found[name].to_numpy().astype(float) for name in ("stimulus", "days"))
    level = level_numbers(stimulus, active_days >= active_from, rules)
    ends = np.array([quarters.last_day(q) for q in range(quarters.count)], dtype="datetime64[D]")
    follow = quarter < quarters.count - 1
    ahead = (ends[np.minimum(quarter + 1, quarters.count - 1)] - ends[quarter]).astype(np.int64)
    around, still = _around(people, customer, ends[quarter], ahead, purchases, dormancy_days)
    last = np.datetime64(as_of, "D")
    return CustomerQuarters(
        customer=customer,
        names=ids,
        quarter=quarter,
        level=level,
        next_level=_next_levels(customer, quarter, level, follow, still),
        active_days=active_days,
        unit=_unit_numbers(found["unit"]),
        after=around["after_margin"],
        before=around["before_margin"],
        bought_after=around["after_orders"],
        known=ends[quarter] + AFTER[1] <= last,
        past=ends[quarter] + BEFORE[0] >= np.datetime64(observed_from, "D"),
        tenure=np.nan_to_num(around["tenure"]),
        quarters=quarters,
        surveyed=surveys is not None,
        active_from=active_from,
        contacts_count=contacts is not None,
    )


def _around(
    people: ir.Table, customer: Ints, day: NDArray[np.datetime64], ahead: Ints, purchases: ir.Table, dormancy_days: int
) -> tuple[Mapping[str, Floats], Bools]:
    """Sums before and after the last `day` of each quarter, and who is not dormant when the next ends, `ahead` days on."""
    import ibis
    import pyarrow as pa

    rows = ibis.memtable(pa.table({"row": np.arange(day.size), "number": customer, "day": pa.array(day)}))
    moments = rows.join(people, "number").select("row", "customer_id", "day")
    # Quarters have one of three lengths, so one pass over the purchases does.
    awake = {int(days): (int(days) + 1 - dormancy_days, int(days)) for days in np.unique(ahead)}
    windows = {"after": AFTER, "before": BEFORE} | {f"awake{days}": window for days, window in awake.items()}
    around = sums_around(moments, purchases, windows, ahead.size)
    still = np.zeros(ahead.size, dtype=bool)
    for days in awake:
        still |= (ahead == days) & (around[f"awake{days}_orders"] > 0)
    return around, still


def _usual_days(taken_part: ir.Table) -> float:
    """Days on which the middle customer took part in one of the first quarters; whoever comes as often is active."""
    usual = taken_part.filter(taken_part.quarter < FROZEN)
    median = usual.aggregate(median=usual.days.median()).to_pyarrow()["median"][0].as_py()
    return float(median) if median is not None else 1.0


def _numbered(rows: ir.Table) -> tuple[ir.Table, pa.Table]:
    """Customers with a number each, and the rows with it in place of their ids.

    The numbers are given in the engine: ids come over once, not with each of their quarters.
    """
    import ibis

    rows = rows.cache()
    people = rows.select("customer_id").distinct()
    people = people.mutate(number=ibis.row_number().over(order_by=people.customer_id)).cache()
    numbered = rows.join(people, "customer_id").select("number", "quarter", "stimulus", "days", "unit")
    return people, numbered.order_by("number", "quarter").to_pyarrow()


def _unit_numbers(units: pa.ChunkedArray) -> Ints:
    """The number of each unit, in the order in which they come; rows without one share a number."""
    numbers = units.combine_chunks().dictionary_encode("encode").indices
    return np.asarray(numbers.to_numpy(zero_copy_only=False), dtype=np.int64)


def _stimulus(rows: ir.Table, metrics: Mapping[str, MetricRules], quarters: Quarters) -> ir.Table:
    """Mean of points less reference by customer and quarter, and the unit of the answers."""
    rows = rows.mutate(quarter=quarters.index(rows.day))
    rows = rows.filter((rows.quarter >= 0) & (rows.quarter < quarters.count))
    names = [str(one) for one in rows.select("metric").distinct().order_by("metric").to_pyarrow()["metric"].to_pylist()]
    first = rows.group_by("metric").agg(first=rows.quarter.min())
    early = rows.join(first, "metric")
    early = early.filter(early.quarter < early["first"] + FROZEN)
    medians = early.group_by("metric").agg(median=early.points.median())
    known = rows.join(medians, "metric")
    reference = known["median"]
    if {"expected_best", "expected_worst"} <= set(rows.columns):
        middle = (known.expected_best + known.expected_worst) / 2
        reference = points(middle, known.metric, metrics, names)
        reference = middle.isnull().ifelse(known["median"], reference)
    known = known.mutate(gap=known.points - reference)
    unit = known.unit.max() if "unit" in known.columns else known.metric.min().nullif(known.metric.min())
    return known.group_by("customer_id", "quarter").agg(stimulus=known.gap.mean(), unit=unit)


def _unresolved(
    interactions: ir.Table | None, quarters: Quarters, rules: ExperienceRules, as_of: date
) -> ir.Table | None:
    """Customers with a complaint that was not resolved in time, by quarter of the complaint."""
    import ibis

    if interactions is None or not {"complaint", "resolved_on"} <= set(interactions.columns):
        return None
    made = interactions.filter(interactions.complaint)
    late = made.resolved_on.fill_null(ibis.literal(as_of)).delta(made.date, unit="day") > rules.target_days
    made = made.filter(late).mutate(quarter=quarters.index(made.date))
    made = made.filter((made.quarter >= 0) & (made.quarter < quarters.count))
    unit = made.unit.max() if "unit" in made.columns else made.channel.min().nullif(made.channel.min())
    grouped = made.group_by("customer_id", "quarter").agg(unit=unit)
    return grouped.mutate(stimulus=ibis.literal(float(rules.negative)))


def starter_problems(interactions: ir.Table | None) -> list[Problem]:
    """Words of `initiated_by` that say neither customer nor company: such contacts would count as the company's."""
    if interactions is None or "initiated_by" not in interactions.columns:
        return []
    said = interactions.filter(interactions.initiated_by.notnull())
    other = said.filter(said.initiated_by.lower().strip().notin(STARTERS))
    counted = other.group_by("initiated_by").agg(rows=other.count()).order_by(lambda t: t.rows.desc(), "initiated_by")
    words = counted.limit(5).to_pyarrow().to_pylist()
    if not words:
        return []
    rows = int(other.count().to_pyarrow().as_py())
    named = enumerated(f"{one['initiated_by']!r} ({one['rows']:,})" for one in words)
    found = translate_count(
        "{count:,} row says neither customer nor company, for instance {named}.",
        "{count:,} rows say neither customer nor company, for instance {named}.",
        rows,
        named=named,
    )
    remedy = translate("Write customer or company, or leave the column out.")
    return [Problem("tables.interactions.initiated_by", found, remedy, rows)]


def _active_days(purchases: ir.Table, contacts: ir.Table | None, quarters: Quarters) -> ir.Table:
    """Distinct days with a purchase, or with a contact that the customer began, by customer and quarter."""
    days = purchases.select("customer_id", "date")
    if contacts is not None:
        own = contacts.filter(contacts.initiated_by.lower().strip() == "customer")
        # Purchases have a row a customer and day, and what is added has none of theirs: to count is enough.
        own = own.select("customer_id", "date").distinct().anti_join(days, ["customer_id", "date"])
        days = days.union(own, distinct=False)
    days = days.mutate(quarter=quarters.index(days.date))
    days = days.filter((days.quarter >= 0) & (days.quarter < quarters.count))
    return days.group_by("customer_id", "quarter").agg(days=days.count())


def _next_levels(customer: Places, quarter: Ints, level: Ints, follow: Bools, awake: Bools) -> Ints:
    """Where each row is a quarter later; rows are in order of customer and quarter."""
    after = np.where(awake, UNKNOWN, GONE)
    again = np.flatnonzero((customer[1:] == customer[:-1]) & (quarter[1:] == quarter[:-1] + 1))
    after[again] = level[again + 1]
    return np.where(follow, after, -1).astype(np.int64)
