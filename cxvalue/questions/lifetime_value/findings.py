"""The findings ``cltv.*``: value, its model and the holdout, in the sentences of an executive.

The ids and what they mean are fixed; the numbers come from the statistics and are only put in words here."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from cxvalue.findings.numbers import format_date, format_level, format_range, format_value
from cxvalue.findings.points import withhold_points
from cxvalue.findings.writer import FindingWriter
from cxvalue.foundation.grades import CAUTION_ABOVE
from cxvalue.foundation.intervals import Interval
from cxvalue.lifetime.families.registry import COVARIATES, MODEL_TITLES

if TYPE_CHECKING:
    from cxvalue.findings.finding import Finding
    from cxvalue.lifetime import CustomerValue
    from cxvalue.questions.lifetime_value.cltv_fit import CltvFit

__all__ = ["WRITER", "cltv_findings"]

WRITER = FindingWriter("20_cltv", "cltv.", case="C5")


def cltv_findings(value: CustomerValue, fit: CltvFit, *, customers: int, currency: str, level: float) -> list[Finding]:
    """The findings ``cltv.*``: customer equity, its mean, a new customer's value, and how the holdout was forecast."""
    months = value.horizon_months
    title = MODEL_TITLES[fit.forecast]
    made = (
        f"{title} for {fit.things} and {_spend_title(fit)} for spend, fitted on all data up to {format_date(fit.as_of)}; "
        f"margin over {months} months, discounted at {format_level(value.annual_discount_rate)} a year, "
        "nominal and before tax."
    )
    equity, newcomer = value.equity, value.new_customer
    mean = Interval(*(number / customers for number in equity))
    mix = " New customers are the mix of those of the last 12 months." if fit.forecast in COVARIATES else ""
    said = (
        f"The {customers:,} customers known today should bring {format_value(equity.value, currency)} of margin over "
        f"the next {months} months, discounted to today. If they go on as the model describes, it will be "
        f"{format_range(*equity[1:], currency)} with {format_level(level)} probability.{_whole_periods(fit)}{_caution(fit)}"
    )
    each = f"That is {format_value(mean.value, currency)} for each customer ever seen, dormant ones included."
    new = (
        f"A new customer is worth {format_value(newcomer.value, currency)} of margin over {months} months, "
        f"the first {fit.thing} included and before the cost of winning them."
    )
    real = (
        "The range is for what will really come in: uncertainty of the model's parameters and of the purchases "
        "themselves."
    )
    first = (
        f"The first {fit.thing} counts at the mean margin of first {fit.things}.{mix} The range is for the expectation."
    )
    over, divided = f"over {months} months", f"Customer equity divided by all {customers:,} customers."
    writer = replace(WRITER, grade="C", level=level)
    valued = [
        writer.write("equity", f"Customer equity {over}", equity, currency, said, f"{made} {real}"),
        writer.write("mean", f"Value of the average customer {over}", mean, currency, each, divided),
        writer.write("new_customer", f"Value of a new customer {over}", newcomer, currency, new, f"{made} {first}"),
    ]
    return [*withhold_points(valued), *_holdout_findings(fit)]


def _whole_periods(fit: CltvFit) -> str:
    """Where opportunities are counted: what is one, and up to when."""
    if fit.period is None:
        return ""
    return (
        f" Here a customer buys in a {fit.period} or not: all purchases of a {fit.period} count as one, and only whole "
        f"{fit.period}s up to {format_date(fit.as_of)} count; the forecast begins on the next day."
    )


def _caution(fit: CltvFit) -> str:
    """What the range does not hold: a model that cannot tell who has left, or that missed the holdout by more than chance.

    Customers' errors are independent, so chance moves the total by about RMSE x the root of the number of customers.
    """
    said = f" {fit.withheld}" if fit.withheld else ""
    score = fit.score
    if score is None or not score.actual or not score.mae:
        return said
    chance = score.rmse * math.sqrt(score.wmape * score.actual / score.mae)
    if abs(score.bias) > max(CAUTION_ABOVE * score.actual, 2 * chance):
        off, side = abs(score.bias) / score.actual, "few" if score.bias < 0 else "many"
        said += f" Caution: on the part of the history held back, it foresaw {off:.1%} too {side} {fit.things}."
    return said


def _others(fit: CltvFit) -> str:
    """How far the other sound models were from the chosen one, in the total of the holdout."""
    score = fit.score
    rest = [other for other in fit.scores if other.model != fit.selected and other.status == "ok"]
    if score is None or not score.actual or not rest:
        return ""
    rest.sort(key=lambda other: -other.log_score)
    each = ((MODEL_TITLES[other.model], f"{other.bias / other.actual:+.1%}".replace("-", "−")) for other in rest)
    said = ", ".join(f"{title} {off}" for title, off in each)
    best = all(score.log_score >= other.log_score for other in rest)
    why = (
        f"{MODEL_TITLES[fit.selected]} foresaw best how each customer would buy"
        if best
        else (f"The study asks for {MODEL_TITLES[fit.selected]}")
    )
    return f" {why}; the others missed the total by: {said}."


def _spend_title(fit: CltvFit) -> str:
    return (
        MODEL_TITLES["gamma_gamma"]
        if fit.spend.status == "ok"
        else f"the mean of repeat {fit.things} (no spend model held)"
    )


def _holdout_findings(fit: CltvFit) -> list[Finding]:
    score = fit.score
    title = MODEL_TITLES[fit.selected]
    unit = "transactions" if fit.period is None else fit.things
    writer = replace(WRITER, kind="holdout")
    total, each = "Forecast error in total", "Forecast error per customer"
    if score is None or fit.holdout_start is None:
        reason = "the history is too short to hold part of it back and forecast it."
        return [
            writer.withhold("holdout_bias", total, reason, unit),
            writer.withhold("holdout_mae", each, reason, unit),
        ]
    span = f"{format_date(fit.holdout_start)} to {format_date(fit.as_of)}"
    before = format_date(fit.holdout_start - timedelta(days=1))
    off = abs(score.bias) / score.actual if score.actual else 0.0
    verdict = "exactly right" if score.bias == 0 else f"{off:.1%} too {'low' if score.bias < 0 else 'high'}"
    method = f"{title} fitted on data up to {before} only, then compared with the {fit.things} of {span}."
    came = (
        f"Asked on {before} what would come, the model would have said {score.predicted:,.0f} {fit.things} for {span}; "
        f"{score.actual:,.0f} came: its forecast was {verdict}.{_others(fit)}"
    )
    single = f"For a single customer the forecast was off by {format_value(score.mae, '')} {fit.things} on average."
    mean = f"Mean absolute error over customers first seen before {format_date(fit.holdout_start)}."
    return [
        writer.write("holdout_bias", total, score.bias, unit, came, method),
        writer.write("holdout_mae", each, score.mae, unit, single, f"{method} {mean}"),
    ]
