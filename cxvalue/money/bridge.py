"""The cash bridge: from the claim that before and after suggest to what the case is worth, in steps that add up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

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
    """The naive claim, what is taken off it, and the expected NPV; the steps sum to the last.

    The claim is before/after on the treated alone, for every treated customer and month of the horizon, undiscounted, as a
    slide would have it.
    """
    naive, months = case.effect.naive, case.exposure.by_month.sum()
    claim = naive * months * case.margin_per_unit
    incremental = case.effect.estimate * months * case.margin_per_unit
    as_time_goes = float(case.effect_flow.sum())
    rate = case.annual_discount_rate
    discounted = float(npv(case.effect_flow, rate))
    steps = [
        BridgeStep("Before and after, as claimed", claim),
        BridgeStep("What would have happened anyway", incremental - claim),
        BridgeStep("Build-up and fading", as_time_goes - incremental),
        BridgeStep("Money later is worth less", discounted - as_time_goes),
    ]
    if case.benefits or case.risks:
        steps.append(BridgeStep("Other benefits and risks", float(npv(case.benefit_flow, rate))))
    steps.append(BridgeStep("Costs", -float(npv(case.cost_flow, rate))))
    steps.append(BridgeStep("Net present value", sum(step.amount for step in steps)))
    return tuple(steps)
