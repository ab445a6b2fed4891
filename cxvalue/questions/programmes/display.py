"""The tables of programmes and cases: as published and as their notebooks show them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cxvalue.findings.display import styled
from cxvalue.findings.numbers import format_chance, format_range, format_value
from cxvalue.foundation.intervals import reach_of
from cxvalue.language.catalogue import translatable, translate

if TYPE_CHECKING:
    from pandas.io.formats.style import Styler

    from cxvalue.effects.effect import Effect
    from cxvalue.money.bridge import BridgeStep
    from cxvalue.money.case import Case
    from cxvalue.money.sensitivity import Swing

JUDGED = {True: translatable("passed"), False: translatable("FAILED"), None: translatable("not possible")}


def event_table(effect: Effect, programme: str) -> pd.DataFrame:
    """Effects by months since the start, those before it included, with standard errors, ranges and customer-months.

    All are counted from one base, that of the effect itself; `effect_from_month_before` with `se_from_month_before` are the
    same counted from the month before the start alone, as textbooks show them (empty for designs that have no such base).
    """
    parts = (
        (effect.pre_time, effect.pre_effect, effect.pre_covariance, np.full(len(effect.pre_time), np.nan)),
        (effect.event_time, effect.event_effect, effect.covariance, effect.event_weight),
    )
    reach, frames = reach_of(effect.level, effect.df), []
    for time, value, covariance, weight in (part for part in parts if len(part[0])):
        se = np.sqrt(np.maximum(np.diag(covariance), 0))
        columns = {
            "programme": programme, "months_since_start": time, "effect": value, "se": se,
            "low": value - reach * se, "high": value + reach * se, "treated_customer_months": weight,
        }  # fmt: skip
        frames.append(pd.DataFrame(columns))
    table = pd.concat(frames, ignore_index=True).sort_values("months_since_start", ignore_index=True)
    other = {int(row["time"]): (row["effect"], row["se"]) for row in effect.extra.get("month_before", [])}
    for place, name in enumerate(("effect_from_month_before", "se_from_month_before")):
        table[name] = [other.get(int(time), (np.nan, np.nan))[place] for time in table["months_since_start"]]
    return table


def base_sentence(effect: Effect, unit: str) -> str:
    """From what level the effects by month are counted, and what the textbook's base would say."""
    base = effect.extra.get("base")
    if not base:
        return ""
    said = translate("All points, before the start and after it, are measured from {base}.", base=base)
    other = next((one for one in effect.alternatives if one.kind == "month_before"), None)
    if other is None or other.estimate != other.estimate:
        return said
    textbook = translate(
        "Measured only from the month before the start, as in textbooks, the effect is {textbook} instead of {effect}.",
        textbook=format_value(other.estimate, unit),
        effect=format_value(effect.estimate, unit),
    )
    return f"{said} {textbook}"


def checks_table(effect: Effect, programme: str) -> pd.DataFrame:
    """Every check of a design: whether it passed and whether it lowers the grade."""
    rows = [
        (programme, one.name, one.question, translate(JUDGED[one.passed]), one.gating, one.p_value, one.detail)
        for one in effect.checks
    ]
    return pd.DataFrame(rows, columns=["programme", "check", "question", "result", "lowers_grade", "p_value", "detail"])


def checks_display(effect: Effect) -> Styler:
    """The checks in words."""
    return styled(
        {
            translate("question"): one.question,
            translate("result"): translate(JUDGED[one.passed]),
            translate("lowers the grade"): _yes(one.gating),
            translate("finding"): one.detail,
        }
        for one in effect.checks
    )


def sensitivity_table(effect: Effect, programme: str) -> pd.DataFrame:
    """The effect's range under drifts that the comparison would not see; no rows for designs that ask for none.

    `kind` steady: up to `per_month` all along, around the effect as reported; bending: any straight drift is taken off, and
    it may change by up to `per_month` from one month to the next.
    """
    columns = ["programme", "kind", "assumption", "per_month", "effect", "low", "high", "proven"]
    rows = [{"programme": programme, **row} for row in effect.extra.get("sensitivity", [])]
    return pd.DataFrame(rows, columns=columns)


def sensitivity_display(effect: Effect, unit: str) -> Styler:
    """The same in words."""
    return styled(
        {
            translate("if"): row["assumption"],
            translate("a month"): format_value(row["per_month"], unit),
            translate("the effect would be"): format_range(row["low"], row["high"], unit),
            translate("proven"): _yes(row["proven"]),
        }
        for row in effect.extra.get("sensitivity", [])
    )


def alternatives_display(effect: Effect, unit: str) -> Styler:
    """The estimate beside the same by other ways."""
    naive = format_value(effect.naive, unit) if effect.naive == effect.naive else translate("not available")
    different = translate("No comparison: season, growth and recovery are all credited to the programme.")
    rows = [
        (translate("as reported"), format_value(effect.estimate, unit), ""),
        *((one.name, format_value(one.estimate, unit), one.detail) for one in effect.alternatives),
        (translate("before and after alone"), naive, different),
    ]
    return styled(rows, [translate("way"), translate("effect"), translate("what is different")])


def _yes(true: bool) -> str:
    return translate("yes") if true else translate("no")


def months_display(case: Case, currency: str) -> Styler:
    """The case by quarters, since nobody reads 36 lines."""
    table = case.table()

    money = partial(without_currency, currency=currency)  # the headings name it
    rows = []
    for quarter, part in table.groupby((table["month"] + 2) // 3):
        months = {"first": int(part["month"].min()), "last": int(part["month"].max())}
        name = translate("at the start") if quarter == 0 else translate("months {first:,} to {last:,}", **months)
        rows.append(
            {
                translate("when"): name,
                translate("treated customers"): translate(
                    "{customers:,.0f}", customers=part["treated_customers"].iloc[-1]
                ),
                translate("margin from the effect, {currency}", currency=currency): money(
                    part["margin_from_effect"].sum()
                ),
                translate("other benefits less losses"): money(part["other_benefits"].sum()),
                translate("costs"): money(part["costs"].sum()),
                translate("net"): money(part["net"].sum()),
                translate("sum to date, discounted"): money(part["net_discounted_to_date"].iloc[-1]),
            }
        )
    return styled(rows)


def without_currency(amount: float, currency: str) -> str:
    """Money under a heading that names its currency."""
    return format_value(amount, currency).removeprefix(f"{currency} ").removesuffix(f" {currency}")


def from_to(low: str, high: str) -> str:
    """Two ends of which neither need be the lower one."""
    return translate("{low} to {high}", low=low, high=high)


def tornado_table(swings: Sequence[Swing], programme: str) -> pd.DataFrame:
    """What each input alone does to the NPV, with the value at which the NPV is 0."""
    rows = [
        (
            programme, one.name, one.unit, one.value, one.low, one.high, one.low_npv, one.high_npv, one.switching,
            one.kind,
        )
        for one in swings
    ]  # fmt: skip
    columns = ["programme", "input", "unit", "value", "low", "high", "npv_at_low", "npv_at_high", "switching_value"]
    return pd.DataFrame(rows, columns=[*columns, "kind"])


def tornado_display(swings: Sequence[Swing], currency: str) -> Styler:
    """What each input alone does, in words."""

    def amount(value: float, unit: str) -> str:
        plain = unit.split(" ")[0] if unit else ""
        return format_value(value, plain)

    return styled(
        {
            translate("input"): one.name,
            translate("expected"): amount(one.value, one.unit),
            translate("low to high"): from_to(amount(one.low, one.unit), amount(one.high, one.unit)),
            translate("net present value then"): from_to(
                format_value(one.low_npv, currency), format_value(one.high_npv, currency)
            ),
            translate("changes sign at"): translate("no value")
            if one.switching is None
            else amount(one.switching, one.unit),
        }
        for one in swings
    )


def scenarios_display(scenarios: pd.DataFrame, currency: str) -> Styler:
    """The case under other settings."""
    return styled(
        {
            translate("scenario"): row.scenario,
            translate("net present value"): format_value(row.npv, currency),
            translate("95% range"): format_range(row.npv_low, row.npv_high, currency),
            translate("payback"): ""
            if row.probability_of_loss is None or row.probability_of_loss != row.probability_of_loss
            else translate("not within the horizon")
            if row.payback_months != row.payback_months or row.payback_months is None
            else format_value(float(row.payback_months), "months"),
            translate("probability of a loss"): ""
            if row.probability_of_loss is None or row.probability_of_loss != row.probability_of_loss
            else format_chance(float(row.probability_of_loss)),
        }
        for row in scenarios.itertuples()
    )


def bridge_table(steps: Sequence[BridgeStep], programme: str) -> pd.DataFrame:
    """The cash bridge as a table."""
    return pd.DataFrame([(programme, one.name, one.amount) for one in steps], columns=["programme", "step", "amount"])


def uncounted_display(case: Case, currency: str) -> Styler:
    """Capacity set free: shown, and not counted."""
    return styled(
        {
            translate("saved"): one.name,
            translate("a month"): format_value(one.monthly, currency),
            translate("range"): format_range(one.low, one.high, currency),
            translate("stated by"): one.owner or translate("not named"),
        }
        for one in case.settings.capacity
    )


def stack(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Tables of several programmes under each other."""
    return pd.concat(list(frames), ignore_index=True) if frames else pd.DataFrame({"programme": []})


def with_programme(table: pd.DataFrame, programme: str) -> pd.DataFrame:
    """A table with the programme's name in front."""
    copy = table.copy()
    copy.insert(0, "programme", programme)
    return copy
