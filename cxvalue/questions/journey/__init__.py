"""One customer across channels: steps of the journey, ids that find their customer, scores by channel (notebook 60).

steps     who reaches a step and does not go on, and how long it takes
joined    rows that find their customer, and scores of the same customers in two channels
findings  the findings ``experience.journey.*`` and ``experience.privacy.*``
"""

from __future__ import annotations

from cxvalue.questions.journey.joined import channel_gaps, match_rates
from cxvalue.questions.journey.steps import Step, steps_of

__all__ = ["Step", "channel_gaps", "match_rates", "steps_of"]
