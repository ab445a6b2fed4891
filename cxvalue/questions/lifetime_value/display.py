"""The tables of lifetime value as its notebook shows them: numbers written for reading, headings in words.

The numbers themselves are published elsewhere, unrounded (`tables`)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from cxvalue.findings.display import Folded, folded, styled
from cxvalue.findings.numbers import format_date, format_level, format_number, format_value
from cxvalue.foundation.errors import CxvalueError
from cxvalue.language.catalogue import translatable, translate, translate_count, written
from cxvalue.language.words import enumerated
from cxvalue.lifetime.families.registry import MODEL_TITLES, at_limit
from cxvalue.questions.lifetime_value.findings import signed_share

if TYPE_CHECKING:
    import pandas as pd
    from pandas.io.formats.style import Styler

    from cxvalue.questions.lifetime_value.cltv_fit import CltvFit
    from cxvalue.questions.lifetime_value.past_forecasts import Ranking
    from cxvalue.tables.states import PurchaseStates

_ALL_COMPARED, _SOME_COMPARED = 25_000, 10_000
"""Customers up to whom all are fitted by lifetimes too, and how many of more than these are."""


STATUS = {
    "ok": translatable("ok"),
    "degenerate": translatable("degenerate"),
    "not_converged": translatable("not_converged"),
}
"""How a fit ended, in words."""
WINDOWS = {"calibration": translatable("calibration"), "full": translatable("full")}
"""The part of the history that a model was fitted on, in words."""


def _title(model: str, *, chosen: bool = False, best: bool = False) -> str:
    """What a reader calls the model, marked where it was chosen or did best."""
    if chosen:
        return translate("{model} ← chosen", model=MODEL_TITLES[model])
    return translate("{model} ← best", model=MODEL_TITLES[model]) if best else MODEL_TITLES[model]


def holdout_display(fit: CltvFit) -> Styler:
    """The holdout scores of every model, the chosen one marked."""
    return styled(
        {
            translate("model"): _title(score.model, chosen=score.model == fit.selected),
            translate("came"): written(score.actual, ",.0f"),
            translate("predicted"): written(score.predicted, ",.0f"),
            translate("bias"): written(np.round(score.predicted) - np.round(score.actual), ",.0f"),
            translate("MAE"): format_number(score.mae),
            translate("RMSE"): format_number(score.rmse),
            translate("wMAPE"): format_value(score.wmape, "share") if score.wmape == score.wmape else "—",
            translate("log score"): written(score.log_score, ",.1f"),
            translate("status"): translate(STATUS[score.status]),
        }
        for score in fit.scores
    )


def models_display(models: pd.DataFrame) -> Folded:
    """The parameters of every model in both windows, folded; one that ran to a limit has neither a number nor a range."""

    def number(value: float, digits: int) -> str:
        return written(value, f",.{_decimals(value, digits)}f") if math.isfinite(value) else "—"

    rows = []
    for (window, model), part in models.groupby(["window", "model"], sort=False):
        limits = at_limit(str(model), dict(zip(part["parameter"], part["estimate"], strict=True)))
        for row in part.itertuples():
            far = row.parameter in limits
            known = not far and math.isfinite(row.low) and math.isfinite(row.high)
            rows.append(
                {
                    translate("window"): translate(WINDOWS[str(window)]),
                    translate("model"): MODEL_TITLES[str(model)],
                    translate("parameter"): row.parameter,
                    translate("estimate"): translate("at its limit") if far else number(row.estimate, 4),
                    translate("standard error"): "—" if far else number(row.se, 2),
                    translate("range"): translate("{low} to {high}", low=number(row.low, 3), high=number(row.high, 3))
                    if known
                    else "—",
                    translate("log-likelihood"): written(row.log_likelihood, ",.2f"),
                    translate("status"): translate(STATUS[row.status]),
                }
            )
    return folded(translate("Show the parameters of {models} models", models=models["model"].nunique()), styled(rows))


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
    told = {
        "model": MODEL_TITLES[fit.forecast],
        "ratios": enumerated(f"{name} {written(ratio, '.2f')}" for name, ratio in check.ratio.items()),
    }
    if min(check.ratio.values()) >= 0.8 and max(check.ratio.values()) <= 1.25:
        return translate(
            "Robust standard errors over those in the table, {model}: {ratios}. Customers scatter about as much as the "
            "model says.",
            **told,
        )
    return translate(
        "Robust standard errors over those in the table, {model}: {ratios}. Customers do not scatter as "
        "the model says: treat the ranges of the parameters with caution.",
        **told,
    )


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
            rows.append((MODEL_TITLES[model.name], "—", translate(STATUS[model.status]), str(error), "—"))
            continue
        for parameter, ours, theirs, difference in checked:
            rows.append(
                (
                    MODEL_TITLES[model.name],
                    parameter.replace("_", "-"),
                    written(ours, f",.{_decimals(ours, 6)}f"),
                    written(theirs, f",.{_decimals(theirs, 6)}f"),
                    translate("less than {share:.2%}", share=1e-4)
                    if abs(difference) < 1e-4
                    else written(difference, "+.2%"),
                )
            )
    head = [translate("model"), translate("figure"), "cxvalue", "lifetimes", translate("difference")]
    if not some:
        return styled(rows, head)
    customers = written(grouped.customers, ",")
    return styled([(row[0], customers, *row[1:]) for row in rows], [head[0], translate("customers"), *head[1:]])


def horizons_display(table: pd.DataFrame, currency: str) -> Styler:
    """`cltv_value.horizons_table`: a line a horizon, a column a discount rate."""
    rates = sorted(set(table["annual_discount_rate"]))
    rows = []
    for months in [*table["horizon_months"].dropna().unique(), None]:
        part = table[table["horizon_months"].isna() if months is None else table["horizon_months"] == months]
        values = dict(zip(part["annual_discount_rate"], part["value"], strict=True))
        row = {
            translate("horizon"): translate("with no time limit")
            if months is None
            else translate_count("{count} month", "{count} months", int(months))
        }
        for rate in rates:
            known = values[rate] == values[rate]
            heading = translate("at {rate} a year", rate=format_level(rate))
            row[heading] = format_value(values[rate], currency) if known else translate("withheld")
        rows.append(row)
    return styled(rows)


def levers_display(table: pd.DataFrame) -> Styler:
    """The sentences of `lever_sentences.levers_report`, with the share of the value that each lever moves."""
    return styled(
        {
            translate("in words"): row.text,
            translate("share of the value"): format_value(row.share_of_equity, "share")
            if not row.withheld
            else translate("withheld"),
        }
        for row in table.itertuples()
    )


def rolling_display(table: pd.DataFrame) -> Styler:
    """`rolling.rolling_table`, written for reading."""
    return styled(
        {
            translate("asked on"): format_date(row.origin),
            translate("model"): _title(row.model, best=row.best),
            translate("came"): written(row.actual, ",.0f"),
            translate("predicted"): written(row.predicted, ",.0f"),
            translate("off by"): signed_share(row.relative_bias, 1) if row.actual else "—",
            translate("MAE"): format_number(row.mae),
            translate("log score per customer"): written(row.log_score_per_customer, ".4f"),
            translate("error by tenth"): format_value(row.decile_error, "share") if row.actual else "—",
            translate("Gini"): written(row.gini, ".3f"),
            translate("status"): translate(STATUS[row.status]),
        }
        for row in table.itertuples()
    )


def ranking_display(ranking: Ranking) -> Styler:
    """The summary of `rolling.ranking`."""
    return styled(
        {
            translate("model"): _title(row.model, chosen=row.selected),
            translate("error by tenth"): format_value(row.decile_error, "share")
            if row.decile_error == row.decile_error
            else "—",
            translate("Gini"): written(row.gini, ".3f"),
        }
        for row in ranking.summary.itertuples()
    )


def deciles_display(ranking: Ranking, model: str, things: str = "purchases") -> Styler:
    """Tenths of the customers by what one model expected of them; `things` is what is counted, in words."""
    return styled(
        {
            translate("tenth"): f"{row.decile}",
            translate("customers"): written(row.customers, ","),
            translate("expected {things} each", things=translate(things)): format_number(row.predicted),
            translate("came"): format_number(row.actual),
        }
        for row in ranking.deciles[ranking.deciles["model"] == model].itertuples()
    )


_NOTES = {
    "no_holdout": translatable(
        "The history is too short to hold part of it back: the models are compared by how well they "
        "describe all of it, less a penalty for each parameter (AIC)."
    ),
    "holdout": translatable("Fitted on data before {start}, tested on {start} to {end}."),
    "not_scored": translatable("Customers first seen in the holdout, not scored: {customers:,}"),
    "sampled": translatable(
        "For this test the models were fitted to a fixed sample of {sample:,} of the {customers:,} customers known before "
        "{start}, spread evenly over first days and numbers of purchases. Forecasts, the season and totals cover everybody."
    ),
    "counted": translatable("What is counted: {things} after the first, up to {day}."),
    "chosen": translatable("Chosen: {chosen}. Used once all data had been seen: {used}."),
    "start_ignored": translatable("cltv.holdout_start ({start}) is not before {day} and is ignored."),
    "correlation": translatable(
        "Correlation of frequency and mean spend: Pearson {pearson:.3f}, Spearman {spearman:.3f}."
    ),
    "spend": translatable("Spend model: no problems found, fitted on {customers:,} customers with repeat purchases."),
    "no_covariates": translatable("The study names no covariates."),
    "no_cost": translatable(
        "The study has no acquisition cost: add the column acquisition_cost to the customers table."
    ),
    "no_products": translatable(
        "Not available: transactions need a product column, and half a year of history with new buyers of a product."
    ),
    "no_referrals": translatable("Not available: no customer is recorded as referred."),
}


def note(name: str, **values: object) -> str:
    """A remark of the notebook by its name, in the language that is spoken."""
    return translate(_NOTES[name], **values)
