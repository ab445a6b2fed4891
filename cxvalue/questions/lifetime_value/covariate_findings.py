"""What differs between segments, channels and sources of customers, in a finding and tables for the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cxvalue.findings.display import styled
from cxvalue.findings.numbers import format_date, format_number, format_range, format_value
from cxvalue.language.catalogue import translate, written
from cxvalue.language.words import sentences
from cxvalue.lifetime.families.registry import MODEL_TITLES
from cxvalue.questions.lifetime_value.cltv_fit import model_of
from cxvalue.questions.lifetime_value.findings import WRITER

if TYPE_CHECKING:
    import pandas as pd
    from pandas.io.formats.style import Styler

    from cxvalue.findings.finding import Finding
    from cxvalue.lifetime.models.by_level import Coefficient, CovariateModel
    from cxvalue.questions.lifetime_value.cltv_fit import CltvFit


def covariate_findings(fit: CltvFit, level: float = 0.95) -> list[Finding]:
    """The finding ``cltv.covariates``, where the study names covariates: the difference in pace that shows most."""
    if fit.covariates is None:
        return []
    model = model_of(fit)
    if model is None:
        tried = [one.reason for one in fit.full if one.variant == "covariates" and one.reason]
        why = fit.covariates.reason or (tried[0] if tried else translate("No model could be fitted with them."))
        text = f"{translate('It is not possible to say whether the covariates tell customers apart.')} {why}"
        return [WRITER.write("covariates", translate("How customers differ"), None, "", text)]
    found = model.coefficients_at(level)
    pace = max((one for one in found if one.about == "purchases"), key=lambda one: abs(one.estimate) / one.se)
    leaving = next(
        one for one in found if one.about == "leaving" and (one.covariate, one.level) == (pace.covariate, pace.level)
    )
    no_cause = translate(
        "The difference goes with the label but need not be caused by it: giving a customer another "
        "label may change nothing."
    )
    told = (_pace(pace), _leaving(leaving, model.name), no_cause, _used(fit, model), fit.covariates.reason)
    method = translate(
        "{model} fitted on all data up to {day} (Fader and Hardie 2007): each level multiplies the "
        "purchase rate and the odds or the rate of leaving. Levels must be known when a customer first "
        "buys; a level that was assigned because of what they bought only repeats the purchases.",
        model=MODEL_TITLES[model.name],
        day=format_date(fit.as_of),
    )
    label = translate(
        "How customers differ: purchase rate of {covariate} {level}", covariate=pace.covariate, level=pace.level
    )
    ratio, text = (pace.ratio, pace.low, pace.high), sentences(*told)
    return [WRITER.write("covariates", label, ratio, "", text, method, grade="D", level=level)]


def _used(fit: CltvFit, model: CovariateModel) -> str:
    """Whether the forecast follows the covariates, and why."""
    names = model.covariates[0][0]
    for name, _ in model.covariates[1:]:
        names = translate("{some} and {last}", some=names, last=name)
    if model.name == fit.forecast and fit.scores:
        return translate(
            "The forecast follows {names}, because it was more accurate on the holdout that way.", names=names
        )
    if model.name == fit.forecast:
        return translate("The forecast follows {names}, because that describes the purchases better.", names=names)
    if fit.scores:
        return translate(
            "The forecast does not follow {names}: it was no more accurate on the holdout that way.",
            names=names,
        )
    return translate(
        "The forecast does not follow {names}: it describes the purchases no better that way.", names=names
    )


def _pace(one: Coefficient) -> str:
    about = {
        "covariate": one.covariate,
        "level": one.level,
        "against": one.against,
        "low": one.low,
        "high": one.high,
    }
    if one.low <= 1 <= one.high:
        return translate(
            "Customers of {covariate} {level} buy about as often as those of {covariate} {against} while they stay "
            "({low:.2f} to {high:.2f} times).",
            **about,
        )
    return translate(
        "Customers of {covariate} {level} buy {ratio:.2f} times as often as those of {covariate} {against} while they stay "
        "({low:.2f} to {high:.2f}).",
        **about,
        ratio=one.ratio,
    )


def _leaving(one: Coefficient, model: str) -> str:
    ends = {"low": one.low, "high": one.high}
    if one.low <= 1 <= one.high:
        return translate(
            "The data do not show whether they leave sooner or later ({low:.2f} to {high:.2f} times).", **ends
        )
    if model.startswith("pareto"):
        return translate(
            "They leave for good at {ratio:.2f} times the rate ({low:.2f} to {high:.2f}).", ratio=one.ratio, **ends
        )
    return translate(
        "Their odds of leaving after a purchase are {ratio:.2f} times as high ({low:.2f} to {high:.2f}).",
        ratio=one.ratio,
        **ends,
    )


def covariates_display(table: pd.DataFrame) -> Styler:
    """`cxvalue.questions.lifetime_value.tables.covariates_table`, written for reading."""
    return styled(
        {
            translate("covariate"): row.covariate,
            translate("level"): row.level,
            translate("against"): row.against,
            translate("customers"): written(row.customers, ","),
            translate("what"): translate("how often they buy")
            if row.about == "purchases"
            else translate("how readily they leave"),
            translate("times"): written(row.ratio, ".2f"),
            translate("range"): translate("{low:.2f} to {high:.2f}", low=row.low, high=row.high),
            translate("verdict"): translate("no clear difference")
            if row.low <= 1 <= row.high
            else translate("more")
            if row.ratio > 1
            else translate("less"),
        }
        for row in table.itertuples()
    )


def levels_display(table: pd.DataFrame, currency: str) -> Styler:
    """`cxvalue.questions.lifetime_value.horizons.value_by_level`, written for reading."""
    return styled(
        {
            translate("covariate"): row.covariate,
            translate("level"): row.level,
            translate("customers"): written(row.customers, ","),
            translate("still worth, in all"): format_value(row.cltv, currency),
            translate("range"): format_range(row.low, row.high, currency),
            translate("each"): format_value(row.cltv_mean, currency),
            translate("purchases expected, each"): format_number(row.expected_transactions),
            translate("P(alive), mean"): format_value(row.p_alive, "share")
            if row.p_alive == row.p_alive
            else translate("withheld"),
            translate("a new one is worth"): format_value(row.new_customer, currency)
            if row.new_customer == row.new_customer
            else "—",
        }
        for row in table.itertuples()
    )
