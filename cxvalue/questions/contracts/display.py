"""The tables of the churn notebook for customers under contract as it shows them; none of them names a customer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from cxvalue.findings.display import styled
from cxvalue.findings.numbers import format_range, format_value
from cxvalue.language.catalogue import translatable, translate, written
from cxvalue.lifetime.families.registry import MODEL_TITLES
from cxvalue.questions.churn import display as churn_display
from cxvalue.questions.contracts.driver_words import band_words, driver_words, level_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pandas.io.formats.style import Styler

    from cxvalue.questions.contracts.endings import ModelScore


def ending_bands_display(bands: pd.DataFrame, currency: str) -> Styler:
    """Active customers and their margin by how likely the contract is to end."""
    return churn_display.bands_table(bands, currency, translate("ends in 12 months"), translate("of them will leave"))


_COUNTS_AS = {"renewal": translatable("renewal"), "return": translatable("return")}


def _after(days: str) -> str:
    """A span of days such as '2 to 31 days later', as `following_table` names it, in the language that is spoken."""
    numbers = [int(word) for word in days.split() if word.isdigit()]
    if not numbers:
        return translate("while another runs, or the next day")
    if len(numbers) == 1:
        return translate("more than {days} days later", days=numbers[0])
    return translate("{low} to {high} days later", low=numbers[0], high=numbers[1])


def following_display(following: pd.DataFrame) -> Styler:
    """How contracts of one customer follow one another, and what each of them counts as."""
    return styled(
        {
            translate("begins after the previous one has ended"): _after(row.after),
            translate("contracts"): written(row.contracts, ","),
            translate("counts as"): translate(_COUNTS_AS[row.counts_as]),
        }
        for row in following.itertuples()
    )


def calibration_display(tenths: pd.DataFrame) -> Styler:
    """What was said and what happened, a line for each tenth of the customers."""
    return churn_display.calibration_table(tenths, translate("forecast to leave"), translate("ended"))


def scores_table(scores: Sequence[ModelScore], chosen: str) -> pd.DataFrame:
    """How each model foresaw the holdout, as published in ``contract_scores.csv``.

    Columns: model, customers, predicted, actual, auc, brier, brier_of_rate, log_score, selected.
    """
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
            translate("model"): translate("{model} ← chosen", model=MODEL_TITLES[row.model])
            if row.selected
            else MODEL_TITLES[row.model],
            translate("forecast to end"): written(row.predicted, ",.0f"),
            translate("ended"): written(row.actual, ","),
            translate("AUC"): written(row.auc, ".3f"),
            translate("Brier score"): written(row.brier, ".4f"),
            translate("Brier score of the overall share"): written(row.brier_of_rate, ".4f"),
            translate("log score"): written(row.log_score, ",.1f"),
        }
        for row in scores.itertuples()
    )


def ratios_display(ratios: pd.DataFrame) -> Styler:
    """Hazard ratios with their range, and on how many months and ends they rest."""
    return styled(
        {
            translate("driver"): driver_words(row.driver),
            translate("level"): level_words(row.driver, row.level),
            translate("contracts end"): translate("compared with")
            if row.low != row.low
            else translate("{ratio:.2f} times as often", ratio=row.ratio),
            translate("range"): ""
            if row.low != row.low
            else translate("{low:.2f} to {high:.2f}", low=row.low, high=row.high),
            translate("months observed"): written(row.at_risk, ","),
            translate("ended"): written(row.ended, ","),
        }
        for row in ratios.itertuples()
    )


def account_bands_display(bands: pd.DataFrame, currency: str) -> Styler:
    """Renewal of accounts by their users' satisfaction."""

    def money(amount: float) -> str:
        return translate("not available") if amount != amount else format_value(float(amount), currency)

    return styled(
        {
            translate("users' satisfaction"): band_words(row.band),
            translate("mean score"): ""
            if row.score_from != row.score_from
            else translate("{low:.1f} to {high:.1f}", low=row.score_from, high=row.score_to),
            translate("accounts, all landmark days together"): written(row.accounts, ","),
            translate("renewed"): format_value(row.renewed, "share"),
            translate("range"): format_range(row.low, row.high, "share"),
            translate("margin of the 12 months before"): money(row.margin),
            translate("of it lost"): money(row.lost_margin),
        }
        for row in bands.itertuples()
    )


def warnings_display(warnings: pd.DataFrame, currency: str) -> Styler:
    """The top ten of the early-warning list without the customers' names, as an example of what it says."""

    def money(amount: float) -> str:
        return "—" if amount != amount else format_value(float(amount), currency)

    return styled(
        {
            translate("rank"): row.rank,
            translate("margin at risk"): money(row.value_at_risk),
            translate("will end"): written(row.p_end_12m, ".0%"),
            translate("margin in 12 months"): money(row.margin_12m),
            translate("customer for"): format_value(round(row.months_with_us), "months"),
            translate("reason"): row.reason or "—",
        }
        for row in warnings.head(10).itertuples()
    )


_NOTES = {
    "no_hazard": translatable("The model with drivers could not be fitted: {reason}"),
    "users": translatable("Rows of people who use a contract that somebody else pays for, left out: {rows:,}"),
    "no_bridge": translatable("The history is too short to know who was under contract 12 months ago."),
    "left_again": translatable("Customers who joined and left again: {customers:,}."),
    "no_plan": translatable("The table subscriptions has no column plan."),
    "left_out": translatable("Relations too short to learn anything from: {relations:,}"),
    "no_holdout": translatable("The history is too short to hold part of it back."),
    "no_comparison": translatable("There is nothing to compare: no part of the history was held back."),
    "hazard": translatable("{months:,} months of contracts, {ends:,} ends, {accounts:,} accounts."),
    "slope": translatable(
        "One point more of '{metric}' goes with {slope:.1f} points more of renewal ({low:.1f} to {high:.1f})."
    ),
}


def note(name: str, **values: object) -> str:
    """A remark of the notebook by its name, in the language that is spoken."""
    return translate(_NOTES[name], **values)
