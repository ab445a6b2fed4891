"""What differs between segments, channels and sources of customers, in a finding and tables for the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cxvalue.findings.display import styled
from cxvalue.findings.numbers import format_date, format_number, format_range, format_value
from cxvalue.lifetime.families.registry import MODEL_TITLES
from cxvalue.questions.lifetime_value.cltv_fit import model_of
from cxvalue.questions.lifetime_value.findings import WRITER

if TYPE_CHECKING:
    import pandas as pd
    from pandas.io.formats.style import Styler

    from cxvalue.findings.finding import Finding
    from cxvalue.lifetime.models.by_level import Coefficient
    from cxvalue.questions.lifetime_value.cltv_fit import CltvFit

__all__ = ["covariate_findings", "covariates_display", "levels_display"]

_NO_CAUSE = (
    "This goes along with the label and need not come from it: moving a customer to another one may change nothing."
)


def covariate_findings(fit: CltvFit, level: float = 0.95) -> list[Finding]:
    """The finding ``cltv.covariates``, where the study names covariates: the difference in pace that shows most."""
    if fit.covariates is None:
        return []
    label, model = "What differs between customers", model_of(fit)
    if model is None:
        tried = [one.reason for one in fit.full if one.variant == "covariates" and one.reason]
        why = fit.covariates.reason or (tried[0] if tried else "No model could be fitted with them.")
        text = f"Whether the covariates tell customers apart cannot be said. {why}"
        return [WRITER.write("covariates", label, None, "", text)]
    found = model.coefficients_at(level)
    pace = max((one for one in found if one.about == "purchases"), key=lambda one: abs(one.estimate) / one.se)
    leaving = next(
        one for one in found if one.about == "leaving" and (one.covariate, one.level) == (pace.covariate, pace.level)
    )
    names = " and ".join(name for name, _ in model.covariates)
    used = (
        f"The forecast follows {names}, because that foresaw the part of the history held back better."
        if model.name == fit.forecast and fit.scores
        else f"The forecast follows {names}, because that describes the purchases better."
        if model.name == fit.forecast
        else f"The forecast does not follow {names}: "
        + ("on the part of the history held back" if fit.scores else "for the purchases seen")
        + " that was no better."
    )
    left_out = f" {fit.covariates.reason}" if fit.covariates.reason else ""
    text = f"{_pace(pace)} {_leaving(leaving, model.name)} {_NO_CAUSE} {used}{left_out}"
    method = (
        f"{MODEL_TITLES[model.name]} fitted on all data up to {format_date(fit.as_of)} (Fader and Hardie 2007): each level "
        "multiplies the purchase rate and the odds or the rate of leaving. Levels must be known when a customer first buys; "
        "one that was given for what they bought repeats the purchases."
    )
    ratio, label = (pace.ratio, pace.low, pace.high), f"{label}: pace of {pace.covariate} {pace.level}"
    return [WRITER.write("covariates", label, ratio, "", text, method, grade="D", level=level)]


def _pace(one: Coefficient) -> str:
    who, other = f"Customers of {one.covariate} {one.level}", f"those of {one.covariate} {one.against}"
    if one.low <= 1 <= one.high:
        return f"{who} buy about as often as {other} while they stay ({_times(one)})."
    return f"{who} buy {one.ratio:.2f} times as often as {other} while they stay ({one.low:.2f} to {one.high:.2f})."


def _leaving(one: Coefficient, model: str) -> str:
    if one.low <= 1 <= one.high:
        return f"Whether they leave sooner or later cannot be told ({_times(one)})."
    if model.startswith("pareto"):
        return f"They leave for good at {one.ratio:.2f} times the rate ({one.low:.2f} to {one.high:.2f})."
    return (
        f"Their odds of leaving after a purchase are {one.ratio:.2f} times as high ({one.low:.2f} to {one.high:.2f})."
    )


def _times(one: Coefficient) -> str:
    return f"{one.low:.2f} to {one.high:.2f} times"


def covariates_display(table: pd.DataFrame) -> Styler:
    """`cxvalue.questions.lifetime_value.tables.covariates_table`, written for reading."""
    return styled(
        {
            "covariate": row.covariate,
            "level": row.level,
            "against": row.against,
            "customers": f"{row.customers:,}",
            "what": "how often they buy" if row.about == "purchases" else "how readily they leave",
            "times": f"{row.ratio:.2f}",
            "range": f"{row.low:.2f} to {row.high:.2f}",
            "verdict": "cannot be told apart" if row.low <= 1 <= row.high else "more" if row.ratio > 1 else "less",
        }
        for row in table.itertuples()
    )


def levels_display(table: pd.DataFrame, currency: str) -> Styler:
    """`cxvalue.questions.lifetime_value.horizons.value_by_level`, written for reading."""
    return styled(
        {
            "covariate": row.covariate,
            "level": row.level,
            "customers": f"{row.customers:,}",
            "still worth, in all": format_value(row.cltv, currency),
            "range": format_range(row.low, row.high, currency),
            "each": format_value(row.cltv_mean, currency),
            "purchases expected, each": format_number(row.expected_transactions),
            "P(alive), mean": format_value(row.p_alive, "share") if row.p_alive == row.p_alive else "withheld",
            "a new one is worth": format_value(row.new_customer, currency)
            if row.new_customer == row.new_customer
            else "—",
        }
        for row in table.itertuples()
    )
