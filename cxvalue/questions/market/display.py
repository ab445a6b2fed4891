"""Gaps to competitors as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from cxvalue.foundation.calendar import date_of

if TYPE_CHECKING:
    from cxvalue.questions.market.gaps import Gap


def gaps_table(gaps: Sequence[Gap]) -> pd.DataFrame:
    """A row a metric, competitor and date, as published in ``market_gaps.csv``."""
    rows = [
        (one.metric, one.competitor, date_of(int(day)), float(gap))
        for one in gaps
        for day, gap in zip(one.days, one.gaps, strict=True)
    ]
    return pd.DataFrame(rows, columns=["metric", "competitor", "date", "gap"])
