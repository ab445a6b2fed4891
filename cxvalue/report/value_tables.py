"""Small tables of value as a notebook shows them: horizons and rates, levers, forecasts from past dates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cxvalue.report.answers import MODEL_TITLES
from cxvalue.report.numbers import format_level, format_number, format_value
from cxvalue.report.tables import styled

if TYPE_CHECKING:
    import pandas as pd
    from pandas.io.formats.style import Styler

    from cxvalue.rolling import Ranking

__all__ = ["deciles_display", "horizons_display", "levers_display", "ranking_display", "rolling_display"]


def horizons_display(table: pd.DataFrame, currency: str) -> Styler:
    """`cltv_value.horizons_table`: a line a horizon, a column a discount rate."""
    rates = sorted(set(table["annual_discount_rate"]))
    rows = []
    for months in [*table["horizon_months"].dropna().unique(), None]:
        part = table[table["horizon_months"].isna() if months is None else table["horizon_months"] == months]
        values = dict(zip(part["annual_discount_rate"], part["value"], strict=True))
        row = {"horizon": "without an end" if months is None else f"{months} months"}
        for rate in rates:
            known = values[rate] == values[rate]
            row[f"at {format_level(rate)} a year"] = format_value(values[rate], currency) if known else "withheld"
        rows.append(row)
    return styled(rows)


def levers_display(table: pd.DataFrame) -> Styler:
    """The sentences of `value_findings.levers_report`, with the share of the value that each lever moves."""
    return styled(
        {
            "in words": row.text,
            "share of the value": format_value(row.share_of_equity, "share") if not row.withheld else "withheld",
        }
        for row in table.itertuples()
    )


def rolling_display(table: pd.DataFrame) -> Styler:
    """`rolling.rolling_table`, written for reading."""
    return styled(
        {
            "asked on": f"{row.origin}",
            "model": MODEL_TITLES[row.model] + (" ← best" if row.best else ""),
            "came": f"{row.actual:,.0f}",
            "predicted": f"{row.predicted:,.0f}",
            "off by": f"{row.relative_bias:+.1%}".replace("-", "−") if row.actual else "—",
            "MAE": format_number(row.mae),
            "log score per customer": f"{row.log_score_per_customer:.4f}",
            "error by tenth": format_value(row.decile_error, "share") if row.actual else "—",
            "Gini": f"{row.gini:.3f}",
            "status": row.status,
        }
        for row in table.itertuples()
    )


def ranking_display(ranking: Ranking) -> Styler:
    """The summary of `rolling.ranking`."""
    return styled(
        {
            "model": MODEL_TITLES[row.model] + (" ← chosen" if row.selected else ""),
            "error by tenth": format_value(row.decile_error, "share") if row.decile_error == row.decile_error else "—",
            "Gini": f"{row.gini:.3f}",
        }
        for row in ranking.summary.itertuples()
    )


def deciles_display(ranking: Ranking, model: str, things: str = "purchases") -> Styler:
    """Tenths of the customers by what one model expected of them; `things` is what is counted, in words."""
    return styled(
        {
            "tenth": f"{row.decile}",
            "customers": f"{row.customers:,}",
            f"expected {things} each": format_number(row.predicted),
            "came": format_number(row.actual),
        }
        for row in ranking.deciles[ranking.deciles["model"] == model].itertuples()
    )
