"""Figures: plain tables and arrays in, a matplotlib `Figure` out; none shows or saves itself or touches pyplot's state.

style           how all of them look (`use_style`), and `save`, which writes the same bytes for the same figure
base            rows read and kept, months, concentration and distribution of margin, waterfalls
behaviour       what changed from period to period and why, how a cohort ages, cohorts side by side
histories       how often customers came back, what is expected of them then, what they spend on a purchase
lifetime        forecasts against the holdout, who is still a customer, the value still to come
forecasts       forecasts from past dates with their ranges and what came, today's beside them
levers          what moves that value, and how forecasts from past dates fared
season          the seasonal index of a customer base
churn           whom we may lose and what they bring, whether the past warning came true
renewal         how long customers under contract stay, how many come and go
contract_churn  which drivers go with the end of contracts, renewal by the users' satisfaction
reactivation    who sleeps and wakes, what a campaign added, whom a contact pays for
discounts       how many buy at which depth, what each depth earns, the policies side by side
experience      moves between levels, open complaints, importance against performance, gaps to competitors
captions        what stands below a published figure
panels          a panel of units month by month
programmes      the effect by month since the start, the money of a case, what moves it, goodwill rules, promises
"""

from __future__ import annotations

from cxvalue.figures.base import (
    customer_bridge,
    margin_bridge,
    monthly_purchases,
    rows_bridge,
    value_concentration,
    value_distribution,
    waterfall,
)
from cxvalue.figures.behaviour import cohort_ageing, cohort_comparison, margin_by_cohort, period_change
from cxvalue.figures.captions import caption
from cxvalue.figures.churn import churn_bands, churn_calibration, churn_segments
from cxvalue.figures.contract_churn import hazard_ratios, renewal_by_satisfaction
from cxvalue.figures.discounts import discount_acceptance, discount_policies, discount_profit
from cxvalue.figures.experience import driver_map, gap_trend, level_moves, open_complaints
from cxvalue.figures.forecasts import forecast_record
from cxvalue.figures.histories import expected_by_history, frequency_recency, repeat_purchases, spend_of_customers
from cxvalue.figures.levers import rolling_bias, value_levers
from cxvalue.figures.lifetime import (
    equity_by_decile,
    equity_interval,
    holdout_calibration,
    holdout_tracking,
    p_alive_distribution,
)
from cxvalue.figures.panels import panel_months
from cxvalue.figures.programmes import (
    case_bridge,
    case_draws,
    case_money,
    case_scenarios,
    case_tornado,
    event_study,
    goodwill_rules,
    promise_kept,
    yearly_risk,
)
from cxvalue.figures.reactivation import campaign_uplift, dormancy_flow, policy_value, second_lifetimes
from cxvalue.figures.renewal import contract_flow, contract_survival
from cxvalue.figures.season import seasonal_index
from cxvalue.figures.style import message_of, save

__all__ = [
    "campaign_uplift",
    "caption",
    "case_bridge",
    "case_money",
    "case_scenarios",
    "case_draws",
    "case_tornado",
    "churn_bands",
    "churn_calibration",
    "churn_segments",
    "cohort_ageing",
    "cohort_comparison",
    "contract_flow",
    "contract_survival",
    "customer_bridge",
    "discount_acceptance",
    "discount_policies",
    "discount_profit",
    "dormancy_flow",
    "driver_map",
    "equity_by_decile",
    "equity_interval",
    "event_study",
    "expected_by_history",
    "forecast_record",
    "frequency_recency",
    "gap_trend",
    "goodwill_rules",
    "hazard_ratios",
    "holdout_calibration",
    "holdout_tracking",
    "level_moves",
    "margin_bridge",
    "margin_by_cohort",
    "message_of",
    "monthly_purchases",
    "open_complaints",
    "p_alive_distribution",
    "panel_months",
    "period_change",
    "policy_value",
    "promise_kept",
    "renewal_by_satisfaction",
    "rolling_bias",
    "rows_bridge",
    "repeat_purchases",
    "save",
    "spend_of_customers",
    "seasonal_index",
    "second_lifetimes",
    "value_concentration",
    "value_distribution",
    "value_levers",
    "waterfall",
    "yearly_risk",
]
