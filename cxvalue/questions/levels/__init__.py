"""Levels of experience: how many customers are at each, what goes with it, how fast an experience wears off (notebook 60).

customer_quarters  answers and purchases become a level for each customer and quarter
worth              margin, churn and moves by level; what remains of the steps among customers with an equal past
of_invited         the levels of all who were invited, reweighted by who answers
habituation        the same experience again and again: how fast its effect halves
hidden             levels and moves of too few customers, withheld with those that would give them away
findings           the findings ``experience.level.*``, ``.transition.*``, ``.step.*`` and ``.habituation.*``
display            the same as tables
"""

from __future__ import annotations

from cxvalue.questions.levels.customer_quarters import CustomerQuarters, classify
from cxvalue.questions.levels.habituation import habituation_of
from cxvalue.questions.levels.hidden import hide_small
from cxvalue.questions.levels.of_invited import shares_of_all
from cxvalue.questions.levels.worth import LevelWorth, level_worth, values_of

__all__ = [
    "CustomerQuarters",
    "LevelWorth",
    "classify",
    "habituation_of",
    "hide_small",
    "level_worth",
    "shares_of_all",
    "values_of",
]
