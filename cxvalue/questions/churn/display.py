"""The tables of the churn notebook as it shows them; none of them names a customer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cxvalue.findings.display import styled
from cxvalue.findings.numbers import format_date, format_range, format_value
from cxvalue.language.catalogue import translatable, translate, written

if TYPE_CHECKING:
    from datetime import date

    import pandas as pd
    from pandas.io.formats.style import Styler


def bands_display(bands: pd.DataFrame, currency: str) -> Styler:
    """Active customers and their margin by how likely they are to buy nothing."""
    return bands_table(bands, currency, translate("no purchase in 12 months"), translate("of these will not buy"))


def bands_table(bands: pd.DataFrame, currency: str, event: str, lost: str) -> Styler:
    """The same under the headings for the event by which customers are lost and for how many of them will be."""
    return styled(
        {
            event: band_words(row.band),
            translate("active customers"): written(row.members, ","),
            lost: written(row.expected, ",.0f"),
            translate("margin of the last 12 months"): format_value(float(row.value), currency),
            translate("at risk"): format_value(float(row.value_at_risk), currency),
        }
        for row in bands.itertuples()
    )


def band_words(band: str) -> str:
    """The name of a band, such as '0% to 20%', in the language that is spoken."""
    low, _, high = band.partition(" to ")
    return translate("{low} to {high}", low=low, high=high)


def span_words(start: date, end: date) -> str:
    """From which day to which, in the language that is spoken."""
    return translate("{low} to {high}", low=format_date(start), high=format_date(end))


def calibration_display(tenths: pd.DataFrame) -> Styler:
    """What was said and what happened, a line for each tenth of the customers."""
    return calibration_table(tenths, translate("forecast to buy nothing"), translate("bought nothing"))


def calibration_table(tenths: pd.DataFrame, said: str, came: str) -> Styler:
    """The same under the headings for what was said and what came."""
    return styled(
        {
            translate("tenth, lowest risk first"): row.tenth,
            translate("customers"): written(row.customers, ","),
            said: format_value(row.predicted, "share"),
            came: format_value(row.actual, "share"),
            translate("expected by chance"): format_range(row.low, row.high, "share"),
        }
        for row in tenths.itertuples()
    )


def segments_display(segments: pd.DataFrame, currency: str) -> Styler:
    """Churn and margin at risk of each segment, with ranges."""
    return styled(
        {
            translate("segment"): row.segment,
            translate("group"): row.group,
            translate("active customers"): written(row.customers, ","),
            translate("will not buy"): format_value(row.rate, "share"),
            translate("range"): format_range(row.rate_low, row.rate_high, "share"),
            translate("margin at risk"): format_value(row.at_risk, currency),
            translate("its range"): format_range(row.at_risk_low, row.at_risk_high, currency),
        }
        for row in segments.itertuples()
    )


def reasons_display(reasons: pd.DataFrame, currency: str) -> Styler:
    """How many active customers carry which reason."""
    return styled(
        {
            translate("reason"): translate(row.reason),
            translate("customers"): written(row.customers, ","),
            translate("margin of the last 12 months"): format_value(row.margin_12m, currency),
            translate("at risk"): format_value(row.value_at_risk, currency),
        }
        for row in reasons.itertuples()
    )


def warnings_display(warnings: pd.DataFrame, currency: str) -> Styler:
    """The top ten of the early-warning list without the customers' names, as an example of what it says."""
    return styled(
        {
            translate("rank"): row.rank,
            translate("margin at risk"): format_value(row.value_at_risk, currency),
            translate("will not buy"): written(row.p_no_purchase_12m, ".0%"),
            translate("margin in 12 months"): format_value(row.margin_12m, currency),
            translate("silent for"): format_value(int(row.days_silent), "days"),
            translate("reason"): row.reason or "—",
        }
        for row in warnings.head(10).itertuples()
    )


_NOTES = {
    "no_comparison": translatable(
        "There is nothing to compare: no part of the history was held back, or the forecast is withheld."
    ),
    "asked": translatable("{customers:,} customers were active before {start}; forecast until {end}."),
    "away": translatable("Forecast to buy nothing: {predicted:,.0f}. Actual: {actual:,}."),
    "scores": translatable(
        "In {auc:.1%} of all pairs of a customer who stayed away and one who came back, the one who "
        "stayed away had been given the higher risk (AUC). The mean squared error of the probabilities "
        "is {brier:.4f}; knowing only the overall share would give {known:.4f} (Brier score)."
    ),
    "no_segments": translatable("No column of the customers table makes segments that are large enough to be shown."),
    "no_customers": translatable("Nothing to compare: the study has no customers table, or the forecast is withheld."),
}


def note(name: str, **values: object) -> str:
    """A remark of the notebook by its name, in the language that is spoken."""
    return translate(_NOTES[name], **values)
