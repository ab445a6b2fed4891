"""Which findings stand at the top of the page, which are told in one minute, and in which order."""

from __future__ import annotations

__all__ = ["HEADLINES", "MINUTE", "VERDICTS", "WHAT_IF"]

VERDICTS = ("*.verdict",)
HEADLINES = (
    *VERDICTS,
    "programmes.total_*",
    "programme.*.npv",
    "programme.*.payback_months",
    "programme.*.probability_of_loss",
    "programme.*.contribution_to_date",
    "programme.*.policy_value",
    "programme.*.risk_cost",
    "reactivation.*.profit",
    "reactivation.*.return_uplift",
    "reactivation.*.margin_per_contact",
    "discounts.optimal_depth",
    "discounts.flat_profit",
    "discounts.ladder_profit",
    "cltv.equity",
    "cltv.mean",
    "cltv.new_customer",
    "base.active",
    "base.lost_customers",
    "base.lost_value",
    "churn.value_at_risk",
)
MINUTE = (
    *VERDICTS,
    "programme.*.effect",
    "programme.*.naive",
    "programme.*.npv",
    "programme.*.payback_months",
    "programme.*.probability_of_loss",
    "programme.*.do_nothing",
    "programme.*.policy_value",
    "programme.*.risk_cost",
    "programme.*.realisation",
    "programmes.*",
    "reactivation.*.return_uplift",
    "reactivation.*.margin_per_contact",
    "reactivation.*.profit",
    "reactivation.*.next_contacts",
    "reactivation.*.first_ever_share",
    "discounts.optimal_depth",
    "discounts.flat_profit",
    "discounts.none_profit",
    "discounts.ladder_profit",
    "cltv.equity",
    "cltv.mean",
    "cltv.new_customer",
    "cltv.payback_months",
    "cltv.backtest",
    "cltv.season",
    "cltv.covariates",
    "crosssell.point_value",
    "referral.worth",
    "base.customers",
    "base.active",
    "base.lost_customers",
    "base.lost_value",
    "churn.value_at_risk",
    "churn.satisfaction_gap",
    "churn.unsatisfied_accounts_margin",
)

WHAT_IF = ("do_nothing", "policy_value", "risk_cost")
"""Findings of a programme that make a paragraph of their own: what else could be done, and what may happen."""
