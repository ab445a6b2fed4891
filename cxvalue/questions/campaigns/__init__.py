"""Sleeping customers: who came back because of us, what it earned, and whom to contact next (notebook 40).

campaign        one row a contacted or held-out customer, added up by the engine
other_contacts  whom of them other campaigns contacted
randomised      what a campaign changed, against those held out by lot
lot             whether a lot may have made the groups
open_windows    until when windows are open, and that it is too early to tell
not_randomised  the same against similar customers who were not contacted
compare         the comparison itself, by customer or by unit
contacts_apart  whether other campaigns contacted both groups alike
arms            each arm of it, and which is better
first_ever      who bought the campaign's product for the first time ever
segments        who responds
second_life     how long customers who came back stay
dormancy        how many sleep, fall asleep and wake by themselves
targeting       what a contact adds, and what a rule to contact would have earned
next_contacts   whom to contact next, how good that ranking was, cut off by a budget or a profit
findings        the findings ``reactivation.NAME.*``
arm_findings    those of its arms
claims          what claim, curve, segments and next contacts say
display         the same as tables
"""

from __future__ import annotations

from cxvalue.questions.campaigns.arms import (
    ArmGap,
    arms_compared,
    arms_contacted_elsewhere,
    arms_on_other_days,
    arms_table,
)
from cxvalue.questions.campaigns.campaign import CampaignData, campaign_data
from cxvalue.questions.campaigns.first_ever import first_ever_buyers
from cxvalue.questions.campaigns.not_randomised import matched_campaign_result
from cxvalue.questions.campaigns.randomised import CampaignResult, campaign_result, windows_table, with_cautions

__all__ = [
    "ArmGap",
    "CampaignData",
    "CampaignResult",
    "arms_compared",
    "arms_contacted_elsewhere",
    "arms_on_other_days",
    "arms_table",
    "campaign_data",
    "campaign_result",
    "first_ever_buyers",
    "matched_campaign_result",
    "windows_table",
    "with_cautions",
]
