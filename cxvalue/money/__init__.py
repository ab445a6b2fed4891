"""Money: from an effect to monthly margin, costs, NPV and a verdict.

finance     discounting by month, NPV, IRR, payback, peak exposure
cashflow    costs, benefits by class, treated customers month by month, how an effect goes on
case        `business_case`, `CaseSettings`, `Case`: the draws, NPV with its range, payback, probability of a loss
risks       losses as frequency and severity, a year's loss
portfolio   programmes together: margin counted once, sum of the cases, the winner's curse; `allocation` its rules
realisation promised against delivered, and whether an effect fades
policy      `search_rules`: goodwill rules by cap and times a year
verdict     `judge`, `register`: PASS, FAIL or NOT PROVEN against the registered criterion
"""

from __future__ import annotations

from cxvalue.money.case import Case, CaseSettings, business_case
from cxvalue.money.cashflow import Capacity, CashBenefit, ProgrammeCosts
from cxvalue.money.risks import Risk, YearlyLoss, yearly_loss
from cxvalue.money.verdict import Registration, Verdict, judge, judge_effect, register

__all__ = [
    "Capacity",
    "Case",
    "CaseSettings",
    "CashBenefit",
    "ProgrammeCosts",
    "Registration",
    "Risk",
    "Verdict",
    "YearlyLoss",
    "business_case",
    "judge",
    "judge_effect",
    "register",
    "yearly_loss",
]
