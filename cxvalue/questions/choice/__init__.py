"""Which touchpoints to improve, for whom, under a budget (notebook 61).

items     touchpoints of the study file become items with a value, a price and joint draws
budget    the best choice, what it is worth, how sure it is, and what more or less money would change
findings  the findings ``experience.choice.*``
display   the same as tables
"""

from __future__ import annotations

from cxvalue.questions.choice.budget import choose_items
from cxvalue.questions.choice.items import Items, items_of

__all__ = ["Items", "choose_items", "items_of"]
