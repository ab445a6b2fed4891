"""The programmes of a study measured: the design that fits how each was rolled out, and its effect."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from cxvalue.effects.effect import Effect
from cxvalue.effects.estimate import estimate_effect
from cxvalue.effects.leaving import with_leaving_checked
from cxvalue.effects.vintage import earlier_effects
from cxvalue.foundation.errors import BadInput
from cxvalue.foundation.plain import Plain
from cxvalue.foundation.rounding import settled
from cxvalue.language.catalogue import translate, translate_count
from cxvalue.language.words import enumerated
from cxvalue.money.realisation import fade_check
from cxvalue.tables.panels.by_customer import CustomerPanel, customer_panel
from cxvalue.tables.panels.by_unit import UnitPanel, contract_days, unit_panel
from cxvalue.tables.panels.inputs import PanelSource
from cxvalue.tables.read.schema import CUSTOMER

if TYPE_CHECKING:
    import ibis
    import ibis.expr.types as ir

    from cxvalue.study import Programme, StudyFile


@dataclass(frozen=True)
class StudyTables:
    """A study with what its programmes are measured on.

    `table` gives a canonical table by its name, or None where the study has none; `as_of` and `observed_from` are the last
    and the first day that the tables cover.
    """

    study: StudyFile
    table: Callable[[str], ir.Table | None]
    as_of: date
    observed_from: date

    def rollout(self, programme: Programme) -> ir.Table:
        """The roll-out of a programme; the loader has refused a study that declares one without."""
        rollout = self.table("rollout")
        if rollout is None:
            found = translate("is missing: the programme {name!r} needs it.", name=programme.name)
            raise BadInput.at("tables.rollout", found)
        return rollout.filter(rollout.programme == programme.name)

    def source(self, programme: Programme) -> PanelSource:
        """Where the panel of a programme comes from."""
        customers, held = self.table("customers"), self.study.universal_holdout
        if (
            held is not None
            and customers is not None
            and held.column in customers.columns
            and programme.unit != CUSTOMER
        ):
            # A unit's programme passes by the customers who are held out of everything.
            customers = customers.filter((customers[held.column].cast("string") != held.value).fill_null(True))
        return PanelSource(
            rollout=self.rollout(programme),
            unit=programme.unit,
            outcome=programme.outcome,
            as_of=self.as_of,
            observed_from=self.observed_from,
            purchases=self.table("purchases"),
            customers=customers,
            subscriptions=self.table("subscriptions") if self.study.contract == "contractual" else None,
            interactions=self.table("interactions"),
            fees=self.table("fees"),
            margin_share=self.study.gross_margin,
            programme=programme.name,
        )


@dataclass(frozen=True)
class ProgrammeFit(Plain):
    """What was measured of one programme, and what turns it into money.

    `margin_per_unit` is the margin for one unit of the outcome (None: the outcome has no price); `everyone` the customers of
    the study whom a programme for all can reach; `chosen` says why this design; `usual_margin` is what a customer ever seen
    brought a month in the last 12 months (None: not known); `earlier` is the effect as the same estimator saw it up to a
    year before.
    """

    name: str
    effect: Effect
    margin_per_unit: float | None
    everyone: int
    chosen: str
    usual_margin: float | None = None
    earlier: tuple[Effect, ...] = ()


def fit_programme(tables: StudyTables, programme: Programme) -> ProgrammeFit:
    """Estimate a programme of a study; raises `BadInput` with what is wrong with it."""
    source = tables.source(programme)
    design, chosen = design_of(programme, source.rollout)
    purchases = source.purchases
    price, no_price = _margin_per_unit(programme.outcome, purchases)
    success = programme.success
    if price is None and success is not None and success.metric != "effect":
        found = translate("the criterion is on {metric}, but {reason}", metric=success.metric, reason=no_price)
        raise BadInput.at(f"programmes.{programme.name}.success.metric", found, translate("Use metric: effect."))
    panel = panel_for(source, design)
    effect = estimate_effect(
        panel, design=design, level=tables.study.level, programme=programme.name, planned_share=programme.expected_share
    )
    _refuse_certain(effect, panel, programme.name)
    people = _everyone(tables)
    absent = _absent_units(source)
    if absent:
        effect = replace(effect, notes=(*effect.notes, absent))
    earlier = earlier_effects(panel, effect)
    effect = with_leaving_checked(panel, effect)
    effect = effect.with_checks([*effect.checks, fade_check(effect)])
    usual = _usual_margin(purchases, tables.as_of, people)
    everyone = _reachable(tables, people)
    return ProgrammeFit(programme.name, effect, price, everyone, chosen, usual, earlier)


def _refuse_certain(effect: Effect, panel: UnitPanel | CustomerPanel, name: str) -> None:
    """An effect that came out without any error has not been measured: its range would have no width."""
    if isinstance(panel, UnitPanel):
        usual = float(np.abs(panel.total).sum() / max(panel.customers.sum(), 1.0))
    else:
        usual = float(np.nanmean(np.abs(panel.values)))
    if settled(effect.se, usual):
        return
    found = translate(
        "the effect has no error at all, as if chance played no part in it, so its range would have no width."
    )
    remedy = translate(
        "Check that the outcome is filled in for treated and untreated units alike, and that ids agree between tables."
    )
    raise BadInput.at(f"programmes.{name}", found, remedy)


def _absent_units(source: PanelSource) -> str:
    """A note on units of the roll-out that no customer belongs to, or nothing."""
    customers = source.customers
    if source.unit == CUSTOMER or customers is None:
        return ""
    known = customers.select(unit=customers[source.unit].cast("string")).distinct()
    units = source.rollout.select(unit=source.rollout.unit.cast("string"))
    missing = units.anti_join(known, "unit").order_by("unit").to_pyarrow().column("unit").to_pylist()
    if not missing:
        return ""
    return translate_count(
        "{count:,} of the units in the roll-out has no customers and is not counted: {units}.",
        "{count:,} of the units in the roll-out have no customers and are not counted: {units}.",
        len(missing),
        units=enumerated([*missing[:3], *["…"] * (len(missing) > 3)]),
    )


def _usual_margin(purchases: ibis.Table | None, as_of: date, people: int) -> float | None:
    """Margin of a customer and month over the last 12 months."""
    if purchases is None or not people:
        return None
    first = as_of - timedelta(days=364)
    recent = purchases.filter((purchases.date >= first) & (purchases.date <= as_of))
    total = recent.margin.sum().to_pyarrow().as_py()
    return None if total is None else float(total) / 12 / people


def panel_for(source: PanelSource, design: str) -> UnitPanel | CustomerPanel:
    """The panel that a design works on."""
    by_customer = design == "matched" or (design == "experiment" and source.unit == CUSTOMER)
    return customer_panel(source) if by_customer else unit_panel(source)


def design_of(programme: Programme, rollout: ir.Table) -> tuple[str, str]:
    """The design of a programme, and why, where the study leaves it to the tables."""
    if programme.design != "auto":
        return programme.design, translate(
            "The study says how the programme was given: {design}.", design=programme.design
        )
    arms = rollout.filter(rollout.arm.notnull()).arm.nunique().to_pyarrow().as_py() if "arm" in rollout.columns else 0
    started = rollout.filter(rollout.start.notnull()).count().to_pyarrow().as_py()
    if arms >= 2:
        return (
            "experiment",
            translate_count(
                "The roll-out names {count:,} arm, so customers are taken to have been assigned by lot.",
                "The roll-out names {count:,} arms, so customers are taken to have been assigned by lot.",
                arms,
            ),
        )
    if programme.unit == CUSTOMER:
        return "matched", translate(
            "Customers got it one by one and no arms are named, so they are matched with similar ones."
        )
    if started == 1:
        return "single_unit", translate(
            "A single {unit} got it, so it is compared with a weighted mix of the others.", unit=programme.unit
        )
    return (
        "staggered",
        translate(
            "Each {unit} got it at its own date, so those with it are compared with those that do not have it yet.",
            unit=programme.unit,
        ),
    )


def _margin_per_unit(outcome: str, purchases: ibis.Table | None) -> tuple[float | None, str]:
    """Margin for one unit of an outcome, or the reason why there is none."""
    if outcome == "margin":
        return 1.0, ""
    if outcome == "interactions" or purchases is None:
        unpriced = translate(
            "the outcome {outcome} has no price in the study, so nothing is computed in money.", outcome=repr(outcome)
        )
        return None, unpriced
    sums = purchases.aggregate(margin=purchases.margin.sum(), revenue=purchases.revenue.sum(), orders=purchases.count())
    row = sums.to_pyarrow().to_pylist()[0]
    below = row["revenue"] if outcome == "revenue" else row["orders"]
    return (
        (row["margin"] / below, "") if below else (None, translate("there is no revenue to compare the margin with."))
    )


def _reachable(tables: StudyTables, people: int) -> int:
    """Customers whom a programme for all can reach: with contracts, all but those whose last contract has ended."""
    held = tables.table("subscriptions") if tables.study.contract == "contractual" else None
    if held is None:
        return people
    days = contract_days(held)
    gone = int(days.filter(days.ended <= tables.as_of).count().to_pyarrow().as_py())
    return max(people - gone, 0)


def _everyone(tables: StudyTables) -> int:
    for name in ("customers", "purchases", "subscriptions"):
        rows = tables.table(name)
        if rows is not None:
            return int(rows.customer_id.nunique().to_pyarrow().as_py())
    return 0
