"""Money: from an effect to monthly margin, costs, NPV and a verdict.

case         `business_case`, `Case`: the draws, NPV with its range, payback, probability of a loss
case_settings  `CaseSettings`: what an effect is turned into money by
cashflow     costs, benefits by class, treated customers month by month, how an effect goes on
finance      discounting by month, NPV, IRR, payback, peak exposure
verdict      `judge`, `register`: PASS, FAIL or NOT PROVEN against the registered criterion
sensitivity  what moves a case, and the value at which it turns
bridge       from the claim that before and after suggest to what the case is worth
risks        losses as frequency and severity, a year's loss
kept         what the margin of customers whom a programme kept or drove away is worth beside a case
realisation  promised against delivered, and whether an effect fades
waiting      what it is worth to wait for more data
policy       `search_rules`: goodwill rules by cap and times a year
portfolio    programmes together: margin counted once, the sum of the cases, the winner's curse
allocation   its rules: margin shared out fairly, lucky estimates drawn in
"""

from __future__ import annotations

from cxvalue.money.case import Case, business_case
from cxvalue.money.case_settings import CaseSettings
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
