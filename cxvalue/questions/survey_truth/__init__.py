"""Can the score be trusted: who answers, when they are asked, what they expected (notebook 62).

invited     everyone who was invited in 12 months, whether they answered, and what was known of them before
weighting   the score of all invited: reweighted, and its bounds without any assumption
asked_late  points a day between the event and the question; expectation against what was told
findings    the findings ``experience.survey.*``
display     the same as tables
"""

from __future__ import annotations

from cxvalue.questions.survey_truth.asked_late import expectation_of, lateness_of
from cxvalue.questions.survey_truth.invited import Invited, invited_of
from cxvalue.questions.survey_truth.weighting import answer_weights, minimum_n, reweight, shares_of_invited

__all__ = [
    "Invited",
    "answer_weights",
    "expectation_of",
    "invited_of",
    "lateness_of",
    "minimum_n",
    "reweight",
    "shares_of_invited",
]
