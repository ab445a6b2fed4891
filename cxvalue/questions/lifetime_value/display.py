"""The tables of lifetime value as its notebook shows them: numbers written for reading, headings in words.

The numbers themselves are published elsewhere, unrounded (`tables`)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from cxvalue.findings.display import Folded, folded, styled
from cxvalue.findings.numbers import format_level, format_number, format_value
from cxvalue.foundation.errors import CxvalueError
from cxvalue.lifetime.families.registry import MODEL_TITLES, at_limit

if TYPE_CHECKING:
    import pandas as pd
    from pandas.io.formats.style import Styler

    from cxvalue.questions.lifetime_value.cltv_fit import CltvFit
    from cxvalue.questions.lifetime_value.past_forecasts import Ranking
    from cxvalue.tables.states import PurchaseStates

__all__ = [
    "deciles_display",
    "holdout_display",
    "horizons_display",
    "levers_display",
    "lifetimes_display",
    "models_display",
    "ranking_display",
    "robust_sentence",
    "rolling_display",
]

_ALL_COMPARED, _SOME_COMPARED = 25_000, 10_000
"""Customers up to whom all are fitted by lifetimes too, and how many of more than these are."""


def holdout_display(fit: CltvFit) -> Styler:
    """The holdout scores of every model, the chosen one marked."""
    return styled(
        {
            "model": MODEL_TITLES[score.model] + (" ← chosen" if score.model == fit.selected else ""),
            "came": f"{score.actual:,.0f}",
            "predicted": f"{score.predicted:,.0f}",
            "bias": format_number(score.bias),
            "MAE": format_number(score.mae),
            "RMSE": format_number(score.rmse),
            "wMAPE": format_value(score.wmape, "share") if score.wmape == score.wmape else "—",
            "log score": f"{score.log_score:,.1f}",
            "status": score.status,
        }
        for score in fit.scores
    )


def models_display(models: pd.DataFrame) -> Folded:
    """The parameters of every model in both windows, folded; one that ran to a limit has neither a number nor a range."""

    def number(value: float, digits: int) -> str:
        return f"{value:,.{_decimals(value, digits)}f}" if math.isfinite(value) else "—"

    rows = []
    for (window, model), part in models.groupby(["window", "model"], sort=False):
        limits = at_limit(str(model), dict(zip(part["parameter"], part["estimate"], strict=True)))
        for row in part.itertuples():
            far = row.parameter in limits
            known = not far and math.isfinite(row.low) and math.isfinite(row.high)
            rows.append(
                {
                    "window": window,
                    "model": MODEL_TITLES[str(model)],
                    "parameter": row.parameter,
                    "estimate": "at its limit" if far else number(row.estimate, 4),
                    "standard error": "—" if far else number(row.se, 2),
                    "range": f"{number(row.low, 3)} to {number(row.high, 3)}" if known else "—",
                    "log-likelihood": f"{row.log_likelihood:,.2f}",
                    "status": row.status,
                }
            )
    return folded(f"Open the parameters of {models['model'].nunique()} models", styled(rows))


def _decimals(value: float, digits: int) -> int:
    """Decimals with which a number has so many significant digits, written without an exponent."""
    return max(0, digits - 1 - math.floor(math.log10(abs(value)))) if value else 0


def robust_sentence(fit: CltvFit, states: PurchaseStates) -> str:
    """One sentence on the standard errors of the model that values the customers, against errors that do not trust it."""
    from cxvalue.lifetime.fitting.robust import robust_covariance

    try:
        check = robust_covariance(fit.model, states)
    except CxvalueError as error:
        return str(error)
    said = ", ".join(f"{name} {ratio:.2f}" for name, ratio in check.ratio.items())
    largest = max(check.ratio.values())
    verdict = (
        "Customers scatter about as much as the model says."
        if min(check.ratio.values()) >= 0.8 and largest <= 1.25
        else "Customers do not scatter as the model says: read the ranges of the parameters with care."
    )
    return f"Robust standard errors over those in the table, {MODEL_TITLES[fit.forecast]}: {said}. {verdict}"


def lifetimes_display(fit: CltvFit, states: PurchaseStates) -> Styler:
    """The parameters of the models that lifetimes knows, ours beside its own fit to the same customers.

    Of a large base both are fitted to the same few thousand customers, spread evenly over all of them, and their number is
    shown. Where lifetimes finds no fit, that is said in its place.
    """
    from cxvalue.lifetime.fitting.fits import fit as fit_model
    from cxvalue.lifetime.fitting.lifetimes_bridge import COMPARED, cross_check

    some = len(states) > _ALL_COMPARED and fit.period is None
    step = -(-len(states) // _SOME_COMPARED) if some else 1
    grouped = states.take(np.arange(0, len(states), step)).grouped() if some else states.grouped()
    rows = []
    for model in fit.full:
        if model.name not in COMPARED:
            continue
        try:
            checked = cross_check(fit_model(grouped, model.name) if some else model, grouped)
        except CxvalueError as error:
            rows.append(
                {"model": MODEL_TITLES[model.name], "figure": "—", "cxvalue": model.status, "lifetimes": str(error)}
            )
            continue
        for parameter, ours, theirs, difference in checked:
            rows.append(
                {
                    "model": MODEL_TITLES[model.name],
                    "figure": parameter.replace("_", "-"),
                    "cxvalue": f"{ours:,.{_decimals(ours, 6)}f}",
                    "lifetimes": f"{theirs:,.{_decimals(theirs, 6)}f}",
                    "difference": "less than 0.01%" if abs(difference) < 1e-4 else f"{difference:+.2%}",
                }
            )
    columns = ["model", *(["customers"] if some else []), "figure", "cxvalue", "lifetimes", "difference"]
    rows = [{"customers": f"{grouped.customers:,}", **row} for row in rows]
    return styled([{name: row.get(name, "—") for name in columns} for row in rows], columns)


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
