"""How long complaints stay open, and the effect beside the plain comparison, as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from cxvalue.findings.display import styled
from cxvalue.findings.numbers import format_range, format_value
from cxvalue.language.catalogue import translate

if TYPE_CHECKING:
    from pandas.io.formats.style import Styler

    from cxvalue.foundation.intervals import Interval
    from cxvalue.questions.response.recovery import Recovery, Speed

LONGEST_DAYS = 60


def open_table(speed: Speed, level: float) -> pd.DataFrame:
    """Share of complaints still open by day, as published in ``complaints_open.csv``."""
    rows = [(day, *speed.curve.at(day, level)) for day in range(LONGEST_DAYS + 1)]
    return pd.DataFrame(rows, columns=["day", "still_open", "low", "high"])


def recovery_display(found: Recovery, currency: str) -> Styler:
    """What a fast answer changes, in words."""
    kept, money, slow = found.retained, found.margin, found.margin_of_slow
    rows = [
        (translate("stay, simple comparison"), format_value(found.naive, "share"), "—"),
        (translate("stay, customers alike before"), *_with_range(kept, "share")),
        (translate("margin, customers alike before"), *_with_range(money, currency)),
        (translate("margin, of those answered late"), *_with_range(slow, currency)),
    ]
    headings = [translate("a fast answer compared with a slow one"), translate("difference"), translate("range")]
    return styled(rows, headings)


def _with_range(found: Interval, unit: str) -> tuple[str, str]:
    return format_value(found.value, unit), format_range(found.low, found.high, unit)
