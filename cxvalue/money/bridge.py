"""The cash bridge: from the claim that before and after suggest to what the case is worth, in steps that add up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cxvalue.language.catalogue import translate
from cxvalue.money.cashflow import contiguous, extend
from cxvalue.money.finance import npv

if TYPE_CHECKING:
    from cxvalue.money.case import Case


@dataclass(frozen=True, slots=True)
class BridgeStep:
    """One step of the bridge: its name and its amount, negative where it takes something off the claim.

    `kind` says which step it is, for programs: the first is `claimed` or `alone` (by before and after) or `effect`; those of
    how an effect builds up and fades are its `course`.
    """

    name: str
    amount: float
    kind: str = ""


def cash_bridge(case: Case) -> tuple[BridgeStep, ...]:
    """The naive claim, what is taken off it or was missed by it, and the central NPV; the steps sum to the last.

    The claim is before/after on the treated alone, for every treated customer and month of the horizon, undiscounted, as a
    slide would have it. Purchases that were only pulled forward are in no step: the effect holds all that a customer brings
    in all months after the start, so what is missing later has been taken off already. Without a before the bridge begins
    with the effect.
    """
    naive, months = case.effect.naive, case.exposure.by_month.sum()
    price, rate = case.settings.margin_per_unit, case.annual_discount_rate
    claim = naive * months * price
    incremental = case.effect.estimate * months * price
    held = float((case.exposure.customers @ _not_fading(case)).sum()) * price
    as_time_goes = float(case.effect_flow.sum())
    discounted = float(npv(case.effect_flow, rate))
    if np.isnan(naive):
        steps = [BridgeStep(gross_name(), incremental, "effect")]
    else:
        revenue = naive * months if case.effect.outcome == "revenue" and price != 1 else None
        steps = _claimed(claim, incremental, revenue)
    steps += [
        BridgeStep(translate("Build-up as measured"), held - incremental, "course"),
        BridgeStep(translate("Fading after the months measured"), as_time_goes - held, "course"),
        BridgeStep(translate("Later money is worth less"), discounted - as_time_goes),
    ]
    if case.settings.benefits:
        monthly = sum(one.monthly for one in case.settings.benefits)
        steps.append(BridgeStep(translate("Other benefits"), float(npv([0.0] + [monthly] * case.horizon_months, rate))))
    if case.settings.risks:
        monthly = sum(one.per_year_cost for one in case.settings.risks) / 12
        steps.append(BridgeStep(translate("Risks taken"), -float(npv([0.0] + [monthly] * case.horizon_months, rate))))
    spent = {name: float(npv(flow, rate)) for name, flow in case.settings.costs.flows(case.exposure.by_month).items()}
    if spent["per_treated_customer_month"]:
        steps.append(BridgeStep(translate("Given to every treated customer"), -spent["per_treated_customer_month"]))
    steps.append(BridgeStep(translate("Costs"), -spent["one_off"] - spent["monthly"]))
    steps.append(BridgeStep(translate("Net present value"), sum(step.amount for step in steps)))
    return tuple(steps)


def _claimed(claim: float, incremental: float, revenue: float | None) -> list[BridgeStep]:
    """From before and after to the effect: a fall is no claim, and what it did not show was missed by it."""
    steps = [
        BridgeStep(translate("Before and after, as claimed"), claim, "claimed")
        if claim >= 0
        else BridgeStep(translate("Before and after alone"), claim, "alone")
    ]
    if revenue is not None:
        first = (
            BridgeStep(translate("Before and after, in revenue, as claimed"), revenue, "claimed")
            if claim >= 0
            else BridgeStep(translate("Before and after in revenue alone"), revenue, "alone")
        )
        steps = [first, BridgeStep(translate("Only its margin counts"), claim - revenue)]
    over = claim >= 0 and incremental <= claim
    taken_off = (
        BridgeStep(translate("Not due to the programme"), incremental - claim)
        if over
        else BridgeStep(translate("Missed by before and after"), incremental - claim, "missed")
    )
    return [*steps, taken_off]


def gross_name() -> str:
    """How the step is called that a bridge without a claim begins with."""
    return translate("Effect, the same every month")


def _not_fading(case: Case) -> NDArray[np.float64]:
    """The effect by months since the start if nothing faded after the months measured."""
    vector = contiguous(case.effect)
    return extend(vector, case.exposure.customers.shape[1], persistence="measured", rate=0.0)
