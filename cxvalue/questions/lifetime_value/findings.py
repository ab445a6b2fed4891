"""The findings ``cltv.*``: value, its model and the holdout, in the sentences of an executive.

The ids and what they mean are fixed; the numbers come from the statistics and are only put in words here."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING

from cxvalue.findings.finding import Finding
from cxvalue.findings.numbers import format_date, format_level, format_range, format_value
from cxvalue.findings.points import withhold_points
from cxvalue.foundation.grades import CAUTION_ABOVE
from cxvalue.foundation.intervals import Interval
from cxvalue.lifetime.families.registry import COVARIATES, MODEL_TITLES

if TYPE_CHECKING:
    from cxvalue.lifetime import CustomerValue
    from cxvalue.questions.lifetime_value.cltv_fit import CltvFit

__all__ = ["cltv_findings"]
CLTV_NOTEBOOK = "20_cltv"


def cltv_findings(value: CustomerValue, fit: CltvFit, *, customers: int, currency: str, level: float) -> list[Finding]:
    """The findings ``cltv.*``: customer equity, its mean, a new customer's value, and how the holdout was forecast."""
    months = value.horizon_months
    title = MODEL_TITLES[fit.forecast]
    made = (
        f"{title} for {fit.things} and {_spend_title(fit)} for spend, fitted on all data up to {format_date(fit.as_of)}; "
        f"margin over {months} months, discounted at {format_level(value.annual_discount_rate)} a year, "
        "nominal and before tax."
    )
    equity = value.equity
    caution = _caution(fit)
    mean = Interval(*(number / customers for number in equity))
    sure, whole = format_level(level), _whole_periods(fit)
    mix = " New customers are the mix of those of the last 12 months." if fit.forecast in COVARIATES else ""

    def estimate(name: str, label: str, numbers: Interval, text: str, method: str) -> Finding:
        return Finding(
            name,
            label,
            *numbers,
            level,
            currency,
            "C",
            text,
            method,
            "C5",
            CLTV_NOTEBOOK,
        )

    valued = [
        estimate(
            "cltv.equity",
            f"Customer equity over {months} months",
            equity,
            f"The {customers:,} customers known today should bring {format_value(equity.value, currency)} of "
            f"margin over the next {months} months, discounted to today. If they go on as the model describes, it will be "
            f"{format_range(*equity[1:], currency)} with {sure} probability.{whole}{caution}",
            f"{made} The range is for what will really come in: uncertainty of the model's parameters and of the "
            "purchases themselves.",
        ),
        estimate(
            "cltv.mean",
            f"Value of the average customer over {months} months",
            mean,
            f"That is {format_value(mean.value, currency)} for each customer ever seen, dormant ones included.",
            f"Customer equity divided by all {customers:,} customers.",
        ),
        estimate(
            "cltv.new_customer",
            f"Value of a new customer over {months} months",
            value.new_customer,
            f"A new customer is worth {format_value(value.new_customer.value, currency)} of margin over {months} months, "
            f"the first {fit.thing} included and before the cost of winning them.",
            f"{made} The first {fit.thing} counts at the mean margin of first {fit.things}.{mix} The range is for the "
            "expectation.",
        ),
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
    if score is None or fit.holdout_start is None:
        reason = "Not available: the history is too short to hold part of it back and forecast it."
        return [
            Finding(name, label, None, unit=unit, text=reason, case="C5", notebook=CLTV_NOTEBOOK)
            for name, label in (
                ("cltv.holdout_bias", "Forecast error in total"),
                ("cltv.holdout_mae", "Forecast error per customer"),
            )
        ]
    span = f"{format_date(fit.holdout_start)} to {format_date(fit.as_of)}"
    before = format_date(fit.holdout_start - timedelta(days=1))
    off = abs(score.bias) / score.actual if score.actual else 0.0
    verdict = "exactly right" if score.bias == 0 else f"{off:.1%} too {'low' if score.bias < 0 else 'high'}"
    method = f"{title} fitted on data up to {before} only, then compared with the {fit.things} of {span}."
    return [
        Finding(
            "cltv.holdout_bias",
            "Forecast error in total",
            score.bias,
            unit=unit,
            text=f"Asked on {before} what would come, the model would have said {score.predicted:,.0f} {fit.things} "
            f"for {span}; {score.actual:,.0f} came: its forecast was {verdict}.{_others(fit)}",
            method=method,
            case="C5",
            notebook=CLTV_NOTEBOOK,
        ),
        Finding(
            "cltv.holdout_mae",
            "Forecast error per customer",
            score.mae,
            unit=unit,
            text=f"For a single customer the forecast was off by {format_value(score.mae, '')} {fit.things} on average.",
            method=f"{method} Mean absolute error over customers first seen before {format_date(fit.holdout_start)}.",
            case="C5",
            notebook=CLTV_NOTEBOOK,
        ),
    ]
