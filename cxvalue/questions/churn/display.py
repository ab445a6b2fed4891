"""The tables of the churn notebook as it shows them; none of them names a customer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cxvalue.findings.display import styled
from cxvalue.findings.numbers import format_number, format_range, format_value

if TYPE_CHECKING:
    import pandas as pd
    from pandas.io.formats.style import Styler

__all__ = [
    "bands_display",
    "calibration_display",
    "reasons_display",
    "segments_display",
    "warnings_display",
]


def bands_display(
    bands: pd.DataFrame, currency: str, event: str = "no purchase in 12 months", loss: str = "will not buy"
) -> Styler:
    """Active customers and their margin by how likely an event is by which they are lost; `loss` says it of them."""
    return styled(
        {
            event: row.band,
            "active customers": f"{row.members:,}",
            f"of them {loss}": f"{row.expected:,.0f}",
            "margin of the last 12 months": format_value(float(row.value), currency),
            "at risk": format_value(float(row.value_at_risk), currency),
        }
        for row in bands.itertuples()
    )


def calibration_display(tenths: pd.DataFrame, said: str = "will buy nothing", came: str = "bought nothing") -> Styler:
    """What was said and what happened, a line for each tenth of the customers."""
    return styled(
        {
            "tenth, safest first": row.tenth,
            "customers": f"{row.customers:,}",
            f"said: {said}": format_value(row.predicted, "share"),
            came: format_value(row.actual, "share"),
            "range of chance": format_range(row.low, row.high, "share"),
        }
        for row in tenths.itertuples()
    )


def segments_display(segments: pd.DataFrame, currency: str) -> Styler:
    """Churn and margin at risk of each segment, with ranges."""
    return styled(
        {
            "segment": row.segment,
            "group": row.group,
            "active customers": f"{row.customers:,}",
            "will not buy": format_value(row.rate, "share"),
            "range": format_range(row.rate_low, row.rate_high, "share"),
            "margin at risk": format_value(row.at_risk, currency),
            "range of it": format_range(row.at_risk_low, row.at_risk_high, currency),
        }
        for row in segments.itertuples()
    )


def reasons_display(reasons: pd.DataFrame, currency: str) -> Styler:
    """How many active customers carry which reason."""
    return styled(
        {
            "reason": row.reason,
            "customers": f"{row.customers:,}",
            "margin of the last 12 months": format_value(row.margin_12m, currency),
            "at risk": format_value(row.value_at_risk, currency),
        }
        for row in reasons.itertuples()
    )


def warnings_display(warnings: pd.DataFrame, currency: str, rows: int = 10) -> Styler:
    """The top of the early-warning list without the customers' names, as an example of what it says."""
    return styled(
        {
            "rank": row.rank,
            "margin at risk": format_value(row.value_at_risk, currency),
            "will not buy": f"{row.p_no_purchase_12m:.0%}",
            "brought in 12 months": format_value(row.margin_12m, currency),
            "silent for": f"{format_number(int(row.days_silent))} days",
            "reason": row.reason or "—",
        }
        for row in warnings.head(rows).itertuples()
    )
