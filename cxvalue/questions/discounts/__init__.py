"""Discounts: how deep a discount each customer needs, and what every policy would earn (notebook 50).

given        what was given away by product, from sales alone
occasions    offers become brackets of the reservation discount, added up by the engine
at_once      whether a depth was named to everybody of a day, or of a shop and a day
chosen       whether the depth named first hangs on who the customer is
given_back   how much of what was sold was not given back later
reservation  families fitted to the brackets, and the curve without one (Turnbull)
policies     `analyse`: what no discount, one depth, the ladder as run and the best short ladder earn
walkaways    customers who leave without buying: how many do not come back, and what goes with them
findings     the findings ``discounts.*``
display      the same as tables
"""

from __future__ import annotations

from cxvalue.questions.discounts.given import depth_by_product
from cxvalue.questions.discounts.occasions import Occasions, occasions_of, segment_column
from cxvalue.questions.discounts.policies import DEPTHS, DiscountResult, analyse
from cxvalue.questions.discounts.reservation import turnbull
from cxvalue.questions.discounts.walkaways import afterwards, lost_share, policy_outcomes

__all__ = [
    "DEPTHS",
    "DiscountResult",
    "Occasions",
    "afterwards",
    "analyse",
    "depth_by_product",
    "lost_share",
    "occasions_of",
    "policy_outcomes",
    "segment_column",
    "turnbull",
]
