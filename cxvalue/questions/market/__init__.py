"""Against the market: where we stand against competitors, how that moves, what doing nothing may cost (notebook 62).

gaps      own score less each competitor's, date by date, its trend, and the scenario of doing nothing
findings  the findings ``experience.market.*``
display   the same as tables
"""

from __future__ import annotations

from cxvalue.questions.market.gaps import Gap, active_customers, gaps_of

__all__ = ["Gap", "active_customers", "gaps_of"]
