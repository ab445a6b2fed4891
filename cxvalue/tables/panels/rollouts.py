"""The roll-out of a programme: its units as text, which arms are held out, and what rules a panel out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cxvalue.findings.numbers import format_month
from cxvalue.foundation.errors import BadInput, Problem, nearest
from cxvalue.language.catalogue import translate, translate_count
from cxvalue.language.words import enumerated
from cxvalue.tables.ask import ask
from cxvalue.tables.held_out import in_held_out_arm
from cxvalue.tables.read.schema import CUSTOMER

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    import ibis
    import ibis.expr.types as ir

    from cxvalue.tables.panels.inputs import Early, PanelMonths, PanelSource


def checked_rollout(source: PanelSource, months: PanelMonths) -> ir.Table:
    """The roll-out of a programme with its units as text; everything that rules a panel out is said at once."""
    where, rollout = f"programmes.{source.programme}", source.rollout
    problems: list[Problem] = []
    if source.unit != CUSTOMER:
        columns = [] if source.customers is None else [*source.customers.columns]
        if source.unit not in columns:
            found = translate("the unit {unit!r} is not a column of the table 'customers'.", unit=source.unit)
            problems.append(Problem(f"{where}.unit", found, nearest(source.unit, [CUSTOMER, *columns])))
    needed = {"interactions": source.interactions, "orders": source.purchases}
    if source.outcome in needed and needed[source.outcome] is None:
        table = "interactions" if source.outcome == "interactions" else "transactions"
        found = translate("the outcome {outcome!r} needs the table '{table}'.", outcome=source.outcome, table=table)
        problems.append(Problem(f"{where}.outcome", found, translate("Add the table, or choose another outcome.")))
    held = source.subscriptions
    in_money = source.outcome in ("margin", "revenue") and source.purchases is None
    if in_money and held is not None and "value_per_month" not in held.columns:
        found = translate("the contracts have no value per month, so no figure in money is possible.")
        remedy = translate("Map a column value_per_month of the table 'subscriptions'.")
        problems.append(Problem(f"{where}.outcome", found, remedy))
    started = int(rollout.filter(rollout.start.notnull()).count().to_pyarrow().as_py())
    if not started:
        found = translate("no unit had started by {day}, the last day observed.", day=source.as_of)
        remedy = translate("Wait for the first month after a start, or correct the roll-out's dates.")
        problems.append(Problem(where, found, remedy))
    if months.count < 2:
        found = translate(
            "there are {months} full calendar months between {first} and {last}.",
            months=months.count,
            first=source.observed_from,
            last=source.as_of,
        )
        problems.append(
            Problem(where, found, translate("At least one month before the start and one after it are needed."))
        )
    if problems:
        raise BadInput(problems)
    arm = rollout.arm if "arm" in rollout.columns else _no_text()
    ended = rollout.ended_on if "ended_on" in rollout.columns else _no_day()
    return rollout.select(of_unit=rollout.unit.cast("string"), start=rollout.start, ended_on=ended, arm=arm)


def without_controls(listed: ir.Table) -> ir.Table:
    """An arm that is called control never starts, whatever day the experiment began on."""
    import ibis

    held = in_held_out_arm(listed.arm)
    return listed.mutate(start=held.ifelse(ibis.null("date"), listed.start))


def switched_off_on(people: ir.Table) -> date | None:
    """The last day on which any of the customers had the programme, where it ended for each of them with a treated month
    (`had`); None where it goes on, or nobody has such a month.
    """
    begun = people.filter(people.had)
    found = ask(begun.aggregate(running=begun.count(where=begun.ended_on.isnull()), last=begun.ended_on.max()))
    return None if found["running"] else found["last"]


def refuse_arms_alike(listed: ir.Table, where: str) -> None:
    """Refuse arms that began on the same days where no unit is without the programme, and no arm is called control.

    One of them may be what the others are to be compared with, and nothing says which. Arms that are waves begin each on
    days of their own.
    """
    begun = listed.filter(listed.arm.notnull() & listed.start.notnull())
    days = begun.group_by("start").agg(arms=begun.arm.nunique())
    asked = ask(
        listed.aggregate(without=listed.count(where=listed.start.isnull())), days.aggregate(together=days.arms.max())
    )
    if asked["without"] or (asked["together"] or 0) < 2:
        return
    arms = begun.select("arm").distinct().order_by("arm").limit(5).to_pyarrow().column("arm").to_pylist()
    found = translate(
        "every unit has a start, and units of several arms began on the same days ({arms}): if one of these arms was held "
        "out, its units would count as having the programme.",
        arms=enumerated(map(repr, arms)),
    )
    remedy = translate(
        "Leave the start of the arm that was held out empty, or call it control. If all arms got the programme, leave the "
        "column arm out."
    )
    raise BadInput.at(where, found, remedy)


@dataclass(frozen=True, slots=True)
class Ended:
    """How many customers, or units, no longer have the programme: `stopped` within the panel; and those left out, who had
    it for less than a full month (`brief`) or only before the panel (`before`).
    """

    stopped: int = 0
    brief: int = 0
    before: int = 0

    def refuse_all(self, where: str) -> None:
        """Refuse a panel where nobody has a month with the programme because all who had it are left out."""
        if not self.brief + self.before:
            return
        found = translate(
            "nobody had the programme for a full month within the tables. For less than a full month: {brief:,}; only "
            "before the first full month of the tables: {before:,}.",
            brief=self.brief,
            before=self.before,
        )
        remedy = translate("Check start and ended_on of the roll-out, or give the tables a longer history.")
        raise BadInput.at(where, found, remedy)


def ended_notes(months: PanelMonths, over: bool, ended: Ended, *, customers: bool) -> tuple[str, ...]:
    """What a reader must know of ends: the last month with a programme that is `over`, and whose programme ended.

    `customers` says that those counted are customers, not units.
    """
    notes = []
    if over:
        notes.append(
            translate(
                "The programme was switched off for everyone counted here; the last full month with it was {month}. Later "
                "months are not compared.",
                month=format_month(months.day(months.count - 1)),
            )
        )
    told = _of_customers(ended) if customers else _of_units(ended)
    return (
        *notes,
        *(note for note, count in zip(told, (ended.stopped, ended.brief, ended.before), strict=True) if count),
    )


def _of_customers(ended: Ended) -> tuple[str, str, str]:
    return (
        translate_count(
            "{count:,} customer no longer has the programme: only the full months with it are compared and counted.",
            "{count:,} customers no longer have the programme: only the full months with it are compared and counted.",
            ended.stopped,
        ),
        translate_count(
            "{count:,} customer had the programme for less than a full month and is left out.",
            "{count:,} customers had the programme for less than a full month and are left out.",
            ended.brief,
        ),
        translate_count(
            "{count:,} customer had the programme only before the first full month of the tables and is left out.",
            "{count:,} customers had the programme only before the first full month of the tables and are left out.",
            ended.before,
        ),
    )


def _of_units(ended: Ended) -> tuple[str, str, str]:
    return (
        translate_count(
            "{count:,} unit no longer has the programme: only the full months with it are compared and counted.",
            "{count:,} units no longer have the programme: only the full months with it are compared and counted.",
            ended.stopped,
        ),
        translate_count(
            "{count:,} unit had the programme for less than a full month and is left out.",
            "{count:,} units had the programme for less than a full month and are left out.",
            ended.brief,
        ),
        translate_count(
            "{count:,} unit had the programme only before the first full month of the tables and is left out.",
            "{count:,} units had the programme only before the first full month of the tables and are left out.",
            ended.before,
        ),
    )


def _no_text() -> Any:
    import ibis

    return ibis.null("string")


def _no_day() -> Any:
    import ibis

    return ibis.null("date")


def check_people(
    source: PanelSource, months: PanelMonths, people: ibis.Table, early: Sequence[Early], ended: Ended
) -> None:
    """A panel needs customers with a treated month and others without one."""
    where = f"programmes.{source.programme}"
    by_kind = people.group_by("start").agg(units=people.unit.nunique()).to_pandas()
    treated = by_kind[by_kind["start"] >= 0]
    if treated.empty and early:
        found = translate(
            "every unit that started did so before {month}, with no full month observed before it.",
            month=format_month(months.day(1)),
        )
        raise BadInput.at(where, found, translate("Give the tables a longer history, or an earlier observed_from."))
    if treated.empty:
        ended.refuse_all(where)
        found = translate(
            "no customer of a unit that has started was acquired before the start and seen for a full month after it."
        )
        remedy = translate("Check that the roll-out names the units as the table 'customers' does.")
        raise BadInput.at(where, found, remedy)
    untreated = by_kind[by_kind["start"] < 0]
    if untreated.empty and treated["start"].nunique() == 1:
        month = months.day(int(treated["start"].iloc[0]))
        found = translate(
            "every unit started by {month} and none is left without the programme, so there is nothing to compare with.",
            month=format_month(month),
        )
        raise BadInput.at(where, found, translate("List the units that never got it, with an empty start."))
