"""The cash bridge: from the claim that before and after suggest to what the case is worth, in steps that add up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cxvalue.money.cashflow import contiguous, extend
from cxvalue.money.finance import npv

if TYPE_CHECKING:
    from cxvalue.money.case import Case

__all__ = ["BridgeStep", "cash_bridge"]


@dataclass(frozen=True, slots=True)
class BridgeStep:
    """One step of the bridge: its name and its amount, negative where it takes something off the claim."""

    name: str
    amount: float


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
        steps = [BridgeStep("Effect, every month alike", incremental)]
    else:
        revenue = naive * months if case.effect.outcome == "revenue" and price != 1 else None
        steps = _claimed(claim, incremental, revenue)
    steps += [
        BridgeStep("Build-up as measured", held - incremental),
        BridgeStep("Fading after the months measured", as_time_goes - held),
        BridgeStep("Money later is worth less", discounted - as_time_goes),
    ]
    if case.settings.benefits:
        monthly = sum(one.monthly for one in case.settings.benefits)
        steps.append(BridgeStep("Other benefits", float(npv([0.0] + [monthly] * case.horizon_months, rate))))
    if case.settings.risks:
        monthly = sum(one.per_year_cost for one in case.settings.risks) / 12
        steps.append(BridgeStep("Risks taken", -float(npv([0.0] + [monthly] * case.horizon_months, rate))))
    spent = {name: float(npv(flow, rate)) for name, flow in case.settings.costs.flows(case.exposure.by_month).items()}
    if spent["per_treated_customer_month"]:
        steps.append(BridgeStep("Given to every treated customer", -spent["per_treated_customer_month"]))
    steps.append(BridgeStep("Costs", -spent["one_off"] - spent["monthly"]))
    steps.append(BridgeStep("Net present value", sum(step.amount for step in steps)))
    return tuple(steps)


def _claimed(claim: float, incremental: float, revenue: float | None) -> list[BridgeStep]:
    """From before and after to the effect: a fall is no claim, and what it did not show was missed by it."""
    first = "Before and after, {}as claimed" if claim >= 0 else "Before and after {}alone"
    steps = [BridgeStep(first.format(""), claim)]
    if revenue is not None:
        steps = [
            BridgeStep(first.format("in revenue, " if claim >= 0 else "in revenue "), revenue),
            BridgeStep("Only its margin counts", claim - revenue),
        ]
    over = claim >= 0 and incremental <= claim
    return [
        *steps,
        BridgeStep("Not due to the programme" if over else "Missed by before and after", incremental - claim),
    ]


def _not_fading(case: Case) -> NDArray[np.float64]:
    """The effect by months since the start if nothing faded after the months measured."""
    vector = contiguous(case.effect)
    return extend(vector, case.exposure.customers.shape[1], persistence="measured", rate=0.0)
