"""Tables of a case beyond its months: its figures in one place, its assumptions with their owners, goodwill rules."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cxvalue.findings.display import styled
from cxvalue.findings.numbers import format_chance, format_level, format_range, format_value
from cxvalue.language.catalogue import translatable, translate, translate_count
from cxvalue.money.kept import kept_customers
from cxvalue.questions.programmes.display import from_to, without_currency
from cxvalue.questions.programmes.effect_findings import UNITS

if TYPE_CHECKING:
    from pandas.io.formats.style import Styler

    from cxvalue.money.case import Case
    from cxvalue.money.case_settings import CaseSettings
    from cxvalue.questions.programmes.goodwill import GoodwillFit
    from cxvalue.study import Programme, StudyFile

MEANING = {
    "npv": (
        translatable("Net present value"),
        translatable("from the assumptions as they stand; 95% of possible outcomes lie in the range"),
    ),
    "npv_80_percent_range": (
        translatable("Net present value, 80% range"),
        translatable("four out of five possible outcomes lie in the range"),
    ),
    "kept": (
        translatable("Customers kept or driven away"),
        translatable("the margin that they bring, below zero: that was lost with them; in no other figure"),
    ),
    "npv_with_kept": (
        translatable("Net present value with them"),
        translatable("the net present value and the margin of customers kept or driven away"),
    ),
    "probability_of_loss": (translatable("Probability of a loss"), translatable("share of the outcomes below zero")),
    "expected_loss_if_wrong": (
        translatable("Average loss if there is one"),
        translatable("mean of the outcomes below zero"),
    ),
    "payback_months_discounted": (
        translatable("Payback, discounted"),
        translatable("the discounted sum never falls below zero again"),
    ),
    "payback_months_simple": (translatable("Payback, simple"), translatable("the same without discounting")),
    "irr": (
        translatable("Internal rate of return"),
        translatable("per year; given only where money first goes out and then comes in"),
    ),
    "roi": (translatable("Return on investment"), translatable("(benefits − costs) / costs, both discounted")),
    "peak_exposure": (translatable("Most money out at any time"), translatable("not discounted")),
    "break_even_effect": (
        translatable("Break-even"),
        translatable("the constant effect per treated customer and month at which the NPV is 0"),
    ),
}
"""What the figures of a case are called, and what they mean."""
BENEFITS = {"cash": translatable("benefit: {name} (cash)"), "avoided": translatable("benefit: {name} (avoided)")}
COSTS = {
    "one_off": translatable("cost: one_off"),
    "monthly": translatable("cost: monthly"),
    "per_treated_customer_month": translatable("cost: per_treated_customer_month"),
}
STANDING = {
    (True, True): translatable("current and best"),
    (True, False): translatable("best"),
    (False, True): translatable("current"),
}
"""What is said of a goodwill rule, by whether it is the best and whether it is in force."""


def measures_table(case: Case, programme: str) -> pd.DataFrame:
    """The figures of a case: NPV with two ranges, loss, both paybacks, IRR, ROI, peak exposure; empty where undefined.

    Two rows more where the programme keeps customers under contract or drives them away.
    """
    undefined, kept = (None, None, None), kept_customers(case)
    rows: list[tuple[str, float | None, float | None, float | None, str]] = [
        ("npv", *case.npv, "money"),
        ("npv_80_percent_range", *case.npv_range(0.80), "money"),
        *([("kept", *kept.worth, "money"), ("npv_with_kept", *kept.npv, "money")] if kept else []),
        ("probability_of_loss", case.probability_of_loss, None, None, "share"),
        ("expected_loss_if_wrong", case.expected_loss if case.probability_of_loss > 0 else None, None, None, "money"),
        ("payback_months_discounted", *(case.payback or undefined), "months"),
        ("payback_months_simple", *(case.simple_payback or undefined), "months"),
        *(
            (f"paid_back_within_{month}_months", case.paid_back_within(month), None, None, "share")
            for month in (12, 24, 36)
            if month <= case.horizon_months
        ),
        ("irr", *(case.irr or undefined), "share"),
        ("roi", *(case.roi or undefined), "share"),
        ("peak_exposure", *case.peak_exposure, "money"),
        ("break_even_effect", case.break_even, None, None, UNITS[case.effect.outcome] or "money"),
    ]
    table = pd.DataFrame(rows, columns=["measure", "value", "low", "high", "unit"])
    table.insert(0, "programme", programme)
    return table


def measures_display(case: Case, currency: str) -> Styler:
    """The same in words, with what each means."""
    rows = []
    for row in measures_table(case, "").itertuples():
        months = row.measure.removeprefix("paid_back_within_").removesuffix("_months")
        if row.measure in MEANING:
            name, said = (translate(text) for text in MEANING[row.measure])
        else:
            name = translate_count("Paid back within {count:,} month", "Paid back within {count:,} months", int(months))
            said = translate("share of the possible outcomes")
        unit = currency if row.unit == "money" else row.unit
        if row.value is None or row.value != row.value:
            value = translate("not defined")
        elif row.measure.startswith(("probability_", "paid_back_within_")):
            value = format_chance(float(row.value))
        else:
            value = format_value(float(row.value), unit)
        known = row.low is not None and row.low == row.low and np.isfinite(row.high)
        spread = format_range(float(row.low), float(row.high), unit) if known else ""
        rows.append((name, value, spread, said))
    return styled(rows, [translate("figure"), translate("value"), translate("range"), translate("what it means")])


def assumptions_table(case: Case, programme: Programme, study: StudyFile) -> pd.DataFrame:
    """What a case rests on: each assumption with its range, who answers for it and where it is from."""
    effect, settings = case.effect, case.settings
    rows: list[tuple[str, float | str, float | None, float | None, str, str, str]] = [
        (
            translate("effect per treated customer and month"), effect.estimate, effect.low, effect.high,
            translate("measured"), "70_programmes", "effect",
        )
    ]  # fmt: skip
    for name in ("one_off", "monthly", "per_treated_customer_month"):
        cost = getattr(programme.costs, name)
        if cost.value or cost.range[2]:
            low, _, high = cost.range
            rows.append((translate(COSTS[name]), cost.value, low, high, cost.owner or "", cost.source or "", name))
    for one in settings.benefits:
        told = translate(BENEFITS[one.kind], name=one.name)
        rows.append((told, one.monthly, one.low, one.high, one.owner, one.source, "benefit"))
    for risk in settings.risks:
        told = translate("risk: {name}, per year", name=risk.name)
        rows.append((told, risk.per_year_cost, None, None, risk.owner, risk.source, "risk"))

    def stated(what: str, value: float | str, kind: str, source: str = "", owner: str = "") -> None:
        rows.append((what, value, None, None, owner, source or translate("study file"), kind))

    if settings.margin_per_unit != 1:
        what = translate("margin for one unit of the outcome")
        stated(what, settings.margin_per_unit, "margin_per_unit", translate("transactions"), translate("measured"))
    stated(translate("after the months measured"), _goes_on(settings), "persistence")
    stated(translate("discount rate, effective a year"), case.annual_discount_rate, "discount_rate")
    timing = translate("flows count at the end of each month")
    stated(timing, translate("(1 + rate)^(−month/12)"), "timing", translate("definition"))
    stated(translate("correlation of the stated ranges"), settings.correlation, "correlation")
    if settings.population == "all":
        stated(translate("months until everybody is reached"), settings.ramp_up_months, "ramp_up")
    if study.market is not None:
        erosion = study.market.erosion_per_year
        low, middle, high = erosion.range
        rows.append(
            (
                translate("the market takes, per year"),
                middle,
                low,
                high,
                erosion.owner or "",
                erosion.source or "",
                "market",
            )
        )
    table = pd.DataFrame(rows, columns=["assumption", "value", "low", "high", "owner", "source", "kind"])
    table.insert(0, "programme", programme.name)
    return table


def _goes_on(settings: CaseSettings) -> str:
    """What the effect is taken to do after the months measured."""
    if settings.persistence == "half_life":
        return translate("half life in months: {half:g}", half=settings.half_life_months)
    return translate("none") if settings.persistence == "none" else translate("measured")


def assumptions_display(table: pd.DataFrame) -> Styler:
    """The assumptions in words; who owns none of them is said."""

    def amount(value: object, kind: str) -> str:
        if isinstance(value, str):
            return value
        number = float(value)  # type: ignore[arg-type]
        if kind in ("discount_rate", "market"):
            return format_level(number)
        whole = number.is_integer()
        return translate("{number:,.0f}", number=number) if whole else translate("{number:,.2f}", number=number)

    return styled(
        {
            translate("assumption"): row.assumption,
            translate("value"): amount(row.value, row.kind),
            translate("range"): ""
            if row.low is None or row.low != row.low or row.low == row.high
            else from_to(amount(row.low, row.kind), amount(row.high, row.kind)),
            translate("responsible"): row.owner or translate("not named"),
            translate("source"): row.source or translate("not stated"),
        }
        for row in table.itertuples()
    )


def rules_table(fit: GoodwillFit) -> pd.DataFrame:
    """Every goodwill rule with what it waives, saves, gains, gives up and invites a year."""
    table = fit.table
    table.insert(0, "programme", fit.name)
    in_force = (table["cap"] == fit.current_cap) & (table["times_per_year"] == fit.current_times)
    best = (table["cap"] == fit.cap) & (table["times_per_year"] == fit.times_per_year)
    table["standing"] = [
        translate(STANDING[pair]) if pair in STANDING else "" for pair in zip(best, in_force, strict=True)
    ]
    return table


def rules_display(fit: GoodwillFit, currency: str) -> Styler:
    """For each cap its best number of times, in words."""
    table = rules_table(fit)
    shown = table.loc[table.groupby("cap")["value"].idxmax().tolist()]
    others = table[(table["standing"] != "") & ~table.index.isin(shown.index)]
    money = partial(without_currency, currency=currency)  # the first heading names it
    return styled(
        {
            translate("up to, {currency}", currency=currency): money(row.cap),
            translate("times a year"): row.times_per_year,
            translate("customers let off"): translate("{number:,.0f}", number=row.customers),
            translate("handling saved"): money(row.saved),
            translate("extra margin they bring"): money(row.gain),
            translate("fees forgone"): money(row.forgone),
            translate("run up because of it"): money(row.moral_hazard),
            translate("worth per year"): money(row.value),
            translate("range"): from_to(money(row.low), money(row.high)),
            translate("status"): row.standing,
        }
        for row in pd.concat([shown, others]).sort_values(["cap", "times_per_year"]).itertuples()
    )
