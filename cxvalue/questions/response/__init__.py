"""The answer to a complaint: how long it takes, and what a fast one is worth (notebook 60).

complaints  complaints of the interactions, those that begin a story, and what was known of the customer before
recovery    how long answers take; the effect of a fast one from a landmark on, and what would undo it
findings    the findings ``experience.response.*``
display     the same as tables
"""

from __future__ import annotations

from cxvalue.questions.response.complaints import complaints_of, index_complaints
from cxvalue.questions.response.recovery import answer_speed, fit_recovery

__all__ = ["answer_speed", "complaints_of", "fit_recovery", "index_complaints"]
