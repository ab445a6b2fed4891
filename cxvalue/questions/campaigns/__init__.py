"""Sleeping customers: who came back because of us, what it earned, and whom to contact next.

campaign     one row a contacted or held-out customer, added up by the engine
arms         each arm of it, and which is better
holdout      what a campaign changed, against those held out by lot
no_holdout   the same against similar customers who were not contacted
"""

from __future__ import annotations

from cxvalue.questions.campaigns.arms import ArmGap, arms_compared, arms_table
from cxvalue.questions.campaigns.campaign import CampaignData, campaign_data
from cxvalue.questions.campaigns.first_ever import first_ever_buyers
from cxvalue.questions.campaigns.not_randomised import matched_campaign_result
from cxvalue.questions.campaigns.randomised import CampaignResult, campaign_result, windows_table, with_cautions

__all__ = [
    "ArmGap",
    "CampaignData",
    "CampaignResult",
    "arms_compared",
    "arms_table",
    "campaign_data",
    "campaign_result",
    "first_ever_buyers",
    "matched_campaign_result",
    "windows_table",
    "with_cautions",
]
