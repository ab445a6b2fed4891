"""Tables of a case beyond its months: its figures in one place, its assumptions with their owners, goodwill rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cxvalue.findings.display import styled
from cxvalue.findings.numbers import format_chance, format_level, format_range, format_value
from cxvalue.questions.programmes.effect_findings import UNITS

if TYPE_CHECKING:
    import pandas as pd
    from pandas.io.formats.style import Styler

    from cxvalue.money.case import Case
    from cxvalue.questions.programmes.goodwill import GoodwillFit
    from cxvalue.study import Programme, StudyFile

__all__ = [
    "assumptions_display",
    "assumptions_table",
    "measures_display",
    "measures_table",
    "rules_display",
    "rules_table",
]

UNNAMED = "nobody named"


def measures_table(case: Case, programme: str) -> pd.DataFrame:
    """The figures of a case: NPV with two ranges, loss, both paybacks, IRR, ROI, peak exposure; empty where undefined."""
    import pandas as pd

    undefined = (None, None, None)
    rows: list[tuple[str, float | None, float | None, float | None, str]] = [
        ("npv", *case.npv, "money"),
        ("npv_80_percent_range", *case.npv_range(0.80), "money"),
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
    meaning = {
        "npv": ("Net present value", "of the assumptions as they stand; 95% of the possible outcomes lie in the range"),
        "npv_80_percent_range": ("Net present value, 80% range", "four of five possible outcomes lie in the range"),
        "probability_of_loss": ("Probability of a loss", "share of the outcomes below zero"),
        "expected_loss_if_wrong": ("Loss if it does lose", "mean of the outcomes below zero"),
        "payback_months_discounted": ("Payback, discounted", "the discounted sum never falls below zero again"),
        "payback_months_simple": ("Payback, simple", "the same without discounting"),
        "irr": ("Internal rate of return", "a year; given only where the money turns from out to in once"),
        "roi": ("Return on investment", "(benefits − costs) / costs, both discounted"),
        "peak_exposure": ("Most money out at a time", "not discounted"),
        "break_even_effect": ("Break-even", "the constant effect per treated customer and month at which the NPV is 0"),
    }
    rows = []
    for row in measures_table(case, "").itertuples():
        months = row.measure.removeprefix("paid_back_within_").removesuffix("_months")
        name, said = meaning.get(row.measure, (f"Paid back within {months} months", "share of the possible outcomes"))
        unit = currency if row.unit == "money" else row.unit
        if row.value is None or row.value != row.value:
            value = "not defined"
        elif row.measure.startswith(("probability_", "paid_back_within_")):
            value = format_chance(float(row.value))
        else:
            value = format_value(float(row.value), unit)
        known = row.low is not None and row.low == row.low and np.isfinite(row.high)
        spread = format_range(float(row.low), float(row.high), unit) if known else ""
        rows.append({"figure": name, "value": value, "range": spread, "what it means": said})
    return styled(rows)


def assumptions_table(case: Case, programme: Programme, study: StudyFile) -> pd.DataFrame:
    """What a case rests on: each assumption with its range, who answers for it and where it is from."""
    import pandas as pd

    effect, settings = case.effect, case.settings
    rows: list[tuple[str, float | str, float | None, float | None, str, str, str]] = [
        (
            "effect per treated customer and month", effect.estimate, effect.low, effect.high, "measured", "70_programmes",
            "effect",
        )
    ]  # fmt: skip
    for name in ("one_off", "monthly", "per_treated_customer_month"):
        cost = getattr(programme.costs, name)
        if cost.value or cost.range[2]:
            low, _, high = cost.range
            rows.append((f"cost: {name}", cost.value, low, high, cost.owner or "", cost.source or "", name))
    for one in settings.benefits:
        told = f"benefit: {one.name} ({one.kind})"
        rows.append((told, one.monthly, one.low, one.high, one.owner, one.source, "benefit"))
    for risk in settings.risks:
        rows.append((f"risk: {risk.name}, a year", risk.per_year_cost, None, None, risk.owner, risk.source, "risk"))

    def stated(what: str, value: float | str, kind: str, source: str = "study file", owner: str = "") -> None:
        rows.append((what, value, None, None, owner, source, kind))

    if settings.margin_per_unit != 1:
        what = "margin for one unit of the outcome"
        stated(what, settings.margin_per_unit, "margin_per_unit", "transactions", "measured")
    half = f", {settings.half_life_months:g} months" if settings.half_life_months else ""
    stated("after the months measured", f"{settings.persistence.replace('_', ' ')}{half}", "persistence")
    stated("discount rate, effective a year", case.annual_discount_rate, "discount_rate")
    stated("flows count at the end of each month", "(1 + rate)^(−month/12)", "timing", "definition")
    stated("correlation of the stated ranges", settings.correlation, "correlation")
    if settings.population == "all":
        stated("months until everybody is reached", settings.ramp_up_months, "ramp_up")
    if study.market is not None:
        erosion = study.market.erosion_per_year
        low, middle, high = erosion.range
        rows.append(
            ("the market takes, a year", middle, low, high, erosion.owner or "", erosion.source or "", "market")
        )
    table = pd.DataFrame(rows, columns=["assumption", "value", "low", "high", "owner", "source", "kind"])
    table.insert(0, "programme", programme.name)
    return table


def assumptions_display(table: pd.DataFrame) -> Styler:
    """The assumptions in words; who owns none of them is said."""

    def amount(value: object, of: str) -> str:
        if isinstance(value, str):
            return value
        number = float(value)  # type: ignore[arg-type]
        if of.startswith(("discount rate", "the market takes")):
            return format_level(number)
        return f"{number:,.0f}" if number.is_integer() else f"{number:,.2f}"

    return styled(
        {
            "assumption": row.assumption,
            "value": amount(row.value, row.assumption),
            "range": ""
            if row.low is None or row.low != row.low or row.low == row.high
            else f"{amount(row.low, row.assumption)} to {amount(row.high, row.assumption)}",
            "who answers for it": row.owner or UNNAMED,
            "source": row.source or "not stated",
        }
        for row in table.itertuples()
    )


def rules_table(fit: GoodwillFit) -> pd.DataFrame:
    """Every goodwill rule with what it waives, saves, gains, gives up and invites a year."""
    table = fit.table
    table.insert(0, "programme", fit.name)
    in_force = (table["cap"] == fit.current_cap) & (table["times_per_year"] == fit.current_times)
    best = (table["cap"] == fit.cap) & (table["times_per_year"] == fit.times_per_year)
    table["standing"] = np.select([best & in_force, best, in_force], ["in force and best", "best", "in force"], "")
    return table


def rules_display(fit: GoodwillFit, currency: str) -> Styler:
    """For each cap its best number of times, in words."""
    table = rules_table(fit)
    shown = table.loc[table.groupby("cap")["value"].idxmax().tolist()]
    others = table[(table["standing"] != "") & ~table.index.isin(shown.index)]
    import pandas as pd

    def money(amount: float) -> str:  # the first heading names the currency
        return format_value(amount, currency).removeprefix(f"{currency} ")

    return styled(
        {
            f"up to, {currency}": money(row.cap),
            "times a year": row.times_per_year,
            "customers let off": f"{row.customers:,.0f}",
            "handling saved": money(row.saved),
            "they bring more": money(row.gain),
            "fees forgone": money(row.forgone),
            "run up because of it": money(row.moral_hazard),
            "worth a year": money(row.value),
            "range": f"{money(row.low)} to {money(row.high)}",
            "": row.standing,
        }
        for row in pd.concat([shown, others]).sort_values(["cap", "times_per_year"]).itertuples()
    )
