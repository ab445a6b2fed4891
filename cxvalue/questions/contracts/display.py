"""The tables of the churn notebook for customers under contract as it shows them; none of them names a customer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cxvalue.findings.display import styled
from cxvalue.findings.numbers import format_number, format_range, format_value
from cxvalue.lifetime.families.registry import MODEL_TITLES
from cxvalue.questions.churn import display as churn_display

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from pandas.io.formats.style import Styler

    from cxvalue.questions.contracts.endings import ModelScore

__all__ = [
    "account_bands_display",
    "calibration_display",
    "ending_bands_display",
    "following_display",
    "ratios_display",
    "scores_display",
    "scores_table",
    "warnings_display",
]


def ending_bands_display(bands: pd.DataFrame, currency: str) -> Styler:
    """Active customers and their margin by how likely the contract is to end."""
    return churn_display.bands_display(bands, currency, "ends in 12 months", "will leave")


def following_display(following: pd.DataFrame) -> Styler:
    """How contracts of one customer follow one another, and what each of them counts as."""
    return styled(
        {
            "begins after the one before has ended": row.after,
            "contracts": f"{row.contracts:,}",
            "counts as": row.counts_as,
        }
        for row in following.itertuples()
    )


def calibration_display(tenths: pd.DataFrame) -> Styler:
    """What was said and what happened, a line for each tenth of the customers."""
    return churn_display.calibration_display(tenths, "will end", "ended")


def scores_table(scores: Sequence[ModelScore], chosen: str) -> pd.DataFrame:
    """How each model foresaw the holdout, as published in ``contract_scores.csv``.

    Columns: model, customers, predicted, actual, auc, brier, brier_of_rate, log_score, selected.
    """
    import pandas as pd

    columns = ["model", "customers", "predicted", "actual", "auc", "brier", "brier_of_rate", "log_score", "selected"]
    rows = [
        (one.model, one.backtest.customers, float(one.backtest.probabilities.sum()), int(one.backtest.stayed_away.sum()),
         one.backtest.auc, one.backtest.brier, one.backtest.brier_of_rate, one.log_score, one.model == chosen)
        for one in scores
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def scores_display(scores: pd.DataFrame) -> Styler:
    """The same for reading, the chosen model marked."""
    return styled(
        {
            "model": MODEL_TITLES[row.model] + (" ← chosen" if row.selected else ""),
            "said to end": f"{row.predicted:,.0f}",
            "ended": f"{row.actual:,}",
            "AUC": f"{row.auc:.3f}",
            "Brier score": f"{row.brier:.4f}",
            "Brier of the share alone": f"{row.brier_of_rate:.4f}",
            "log score": f"{row.log_score:,.1f}",
        }
        for row in scores.itertuples()
    )


def ratios_display(ratios: pd.DataFrame) -> Styler:
    """Hazard ratios with their range, and on how many months and ends they rest."""
    return styled(
        {
            "driver": row.driver,
            "level": row.level,
            "contracts end": "compared with" if row.low != row.low else f"{row.ratio:.2f} times as often",
            "range": "" if row.low != row.low else f"{row.low:.2f} to {row.high:.2f}",
            "months observed": f"{row.at_risk:,}",
            "ended": f"{row.ended:,}",
        }
        for row in ratios.itertuples()
    )


def account_bands_display(bands: pd.DataFrame, currency: str) -> Styler:
    """Renewal of accounts by their users' satisfaction."""

    def money(amount: float) -> str:
        return "not available" if amount != amount else format_value(float(amount), currency)

    return styled(
        {
            "users' satisfaction": row.band,
            "mean score": "" if row.score_from != row.score_from else f"{row.score_from:.1f} to {row.score_to:.1f}",
            "accounts, at all landmark days": f"{row.accounts:,}",
            "renewed": format_value(row.renewed, "share"),
            "range": format_range(row.low, row.high, "share"),
            "margin of the 12 months before": money(row.margin),
            "of it lost": money(row.lost_margin),
        }
        for row in bands.itertuples()
    )


def warnings_display(warnings: pd.DataFrame, currency: str, rows: int = 10) -> Styler:
    """The top of the early-warning list without the customers' names, as an example of what it says."""

    def money(amount: float) -> str:
        return "—" if amount != amount else format_value(float(amount), currency)

    return styled(
        {
            "rank": row.rank,
            "margin at risk": money(row.value_at_risk),
            "will end": f"{row.p_end_12m:.0%}",
            "brought in 12 months": money(row.margin_12m),
            "customer for": f"{format_number(round(row.months_with_us))} months",
            "reason": row.reason or "—",
        }
        for row in warnings.head(rows).itertuples()
    )
