"""Staff and customers who leave together (notebook 63).

head_count     employees as months at units: who is there, who leaves, how long they stay
unit_months    customers of each unit and month who do not come back, beside the staff that left
turnover_link  what follows turnover, month by month, and whether customers went first
findings       the findings ``experience.staff.*``
display        the same as tables
"""

from __future__ import annotations

from cxvalue.questions.staff.head_count import HeadCount, head_count_of, turnover_of
from cxvalue.questions.staff.turnover_link import fit_turnover_link
from cxvalue.questions.staff.unit_months import shop_months, units_of_customers

__all__ = ["HeadCount", "fit_turnover_link", "head_count_of", "shop_months", "turnover_of", "units_of_customers"]
