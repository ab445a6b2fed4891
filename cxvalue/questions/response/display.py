"""How long complaints stay open, and the effect beside the plain comparison, as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cxvalue.findings.display import styled
from cxvalue.findings.numbers import format_range, format_value

if TYPE_CHECKING:
    import pandas as pd
    from pandas.io.formats.style import Styler

    from cxvalue.questions.response.recovery import Recovery, Speed

__all__ = ["open_table", "recovery_display"]

LONGEST_DAYS = 60


def open_table(speed: Speed, level: float) -> pd.DataFrame:
    """Share of complaints still open by day, as published in ``complaints_open.csv``."""
    import pandas as pd

    rows = [(day, *speed.curve.at(day, level)) for day in range(LONGEST_DAYS + 1)]
    return pd.DataFrame(rows, columns=["day", "still_open", "low", "high"])


def recovery_display(found: Recovery, currency: str) -> Styler:
    """What a fast answer changes, in words."""
    rows = [
        ("stay, compared as they are", format_value(found.naive, "share"), "—"),
        ("stay, alike before", format_value(found.retained.value, "share"), format_range(*found.retained[1:], "share")),
        ("margin, alike before", format_value(found.margin.value, currency), format_range(*found.margin[1:], currency)),
        ("margin, of those answered late", format_value(found.margin_of_slow.value, currency),
         format_range(*found.margin_of_slow[1:], currency)),
    ]  # fmt: skip
    return styled(rows, ["a fast answer against a slow one", "difference", "range"])
