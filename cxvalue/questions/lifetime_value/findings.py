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
from cxvalue.foundation.intervals import Interval
from cxvalue.lifetime.families.registry import COVARIATES, MODEL_TITLES
from cxvalue.questions.lifetime_value.base_forecast import candidate_title, record_of, weights_of

if TYPE_CHECKING:
    from cxvalue.findings.finding import Finding
    from cxvalue.lifetime.prediction.whole_base import Total, WholeBase
    from cxvalue.questions.lifetime_value.base_forecast import PastRecord
    from cxvalue.questions.lifetime_value.cltv_fit import CltvFit

__all__ = ["WRITER", "cltv_findings", "grade_of", "record_findings", "record_sentence"]

LARGEST_TYPICAL_MISS = 0.25
"""Average miss of past forecasts above which a forecast carries no decision."""

WRITER = FindingWriter("20_cltv", "cltv.", case="C5")


def cltv_findings(base: WholeBase, fit: CltvFit, *, customers: int, currency: str) -> list[Finding]:
    """The findings ``cltv.*``: customer equity, its mean, a new customer's value, how far such forecasts missed before,
    and how the holdout was forecast."""
    value, record = base.value, record_of(base)
    months, level = value.horizon_months, value.level
    made = (
        f"{_way_of(base, fit)}, {_spend_title(fit)} for spend, from all data up to {format_date(fit.as_of)}; "
        f"margin over {months} months, discounted at {format_level(value.annual_discount_rate)} a year, "
        "nominal and before tax."
    )
    equity, newcomer = value.equity, value.new_customer
    mean = Interval(*(number / customers for number in equity))
    mix = " New customers are the mix of those of the last 12 months." if fit.forecast in COVARIATES else ""
    even = base.total.interval(0.5)
    grade = grade_of(record)
    sure = format_level(level)
    whole = format_range(*equity[1:], currency)
    if grade == "C":
        bring = (
            f"bring {format_value(equity.value, currency)} of margin over the next {months} months, in today's money. It is "
            f"as likely as not {format_range(even.low, even.high, currency)}, and {whole} with {sure} probability."
        )
        each, worth = format_value(mean.value, currency), format_value(newcomer.value, currency)
    else:
        bring = (
            f"bring {whole} of margin over the next {months} months with {sure} probability, in today's money. It is as "
            f"likely as not {format_range(even.low, even.high, currency)}. Take the range and not one figure from it."
        )
        each, worth = format_range(*mean[1:], currency), format_range(*newcomer[1:], currency)
    said = (
        f"Today's {customers:,} customers are forecast to {bring} {record_sentence(record, months)}{_whole_periods(fit)}"
        f"{_withheld(fit)}"
    )
    each = f"That is {each} for each customer ever seen, inactive ones included."
    new = (
        f"A new customer is worth {worth} of margin over {months} months, "
        f"the first {fit.thing} included and before the cost of winning them."
    )
    real = (
        f"The range is for what will really come in: the doubt about parameters, chance, and how far forecasts of this "
        f"kind miss ({_share_of_miss(base.total)} of its variance; chance and parameters alone: "
        f"{format_range(*base.model_value.equity[1:], currency)} by {MODEL_TITLES[fit.forecast]})."
    )
    expected = (
        f"The first {fit.thing} counts at the mean margin of first {fit.things}.{mix} The range is for the expectation, "
        "widened by how far forecasts of this kind miss."
    )
    over, divided = f"over {months} months", f"Customer equity divided by all {customers:,} customers."
    writer = replace(WRITER, grade=grade, level=level, kind="forecast")
    model = f"{MODEL_TITLES[fit.forecast]}, fitted on all data up to {format_date(fit.as_of)}. {expected}"
    valued = [
        writer.write("equity", f"Customer equity {over}", equity, currency, said, f"{made} {real}"),
        writer.write("mean", f"Value of the average customer {over}", mean, currency, each, divided),
        writer.write("new_customer", f"Value of a new customer {over}", newcomer, currency, new, model),
    ]
    return [*withhold_points(valued), *record_findings(record, months, level), *_holdout_findings(fit)]


def grade_of(record: PastRecord | None) -> str:
    """C for a forecast; D where past ones missed by more than a quarter on average, or none could be tested."""
    return "D" if record is None or record.typical_miss > LARGEST_TYPICAL_MISS else "C"


def record_sentence(record: PastRecord | None, months: int) -> str:
    """How far such forecasts missed before, in a sentence."""
    if record is None:
        return "No past forecast could be checked on these data: the range comes from other companies alone."
    tested = record.span
    dates = f"{len(record)} past date{'s' if len(record) > 1 else ''}"
    worst, low = max(abs(miss) for miss in record.misses), sum(miss < 0 for miss in record.misses) / len(record)
    side = ", mostly too low" if low >= 0.75 else ", mostly too high" if low <= 0.25 else ""
    missed = f"missed by {record.typical_miss:.0%} on average, {worst:.0%} at worst{side if len(record) > 2 else ''}"
    if len(record) == 1:
        missed = f"missed by {record.typical_miss:.0%}"
    if record.own_horizon:
        return f"From {dates} this way of forecasting the margin of the following {months} months {missed}."
    return f"No forecast of {months} months could be checked on these data yet; from {dates} forecasts of {tested} {missed}."


def record_findings(record: PastRecord | None, months: int, level: float) -> list[Finding]:
    """The findings ``cltv.typical_miss`` and ``cltv.coverage``."""
    miss, held = "How far past forecasts missed, on average", "Past forecasts whose range held what came"
    if record is None:
        reason = "the history is too short to make a forecast from a past date and hold it against what came."
        return [
            WRITER.withhold("typical_miss", miss, reason, "share"),
            WRITER.withhold("coverage", held, reason, "share"),
        ]
    span = record.span
    first, last = format_date(min(record.origins)), format_date(max(record.origins))
    method = (
        f"The forecast was made again on {len(record)} past dates from {first} to {last}, each time with what was known "
        f"then, for the margin of the following {span}, and held against what came. Horizons overlap, so these are fewer "
        "independent facts than dates."
    )
    count = (
        f"{record.held} of {len(record)} past ranges ({format_level(level)}) held what came over the following {span}."
    )
    return [
        WRITER.write("typical_miss", miss, record.typical_miss, "share", record_sentence(record, months), method),
        WRITER.write("coverage", held, record.held / len(record), "share", count, method),
    ]


def _way_of(base: WholeBase, fit: CltvFit) -> str:
    if not base.combined:
        return f"{MODEL_TITLES[fit.forecast]} for {fit.things}, as the study asks for it"
    shares = sorted(((share, name) for name, share in weights_of(base, fit).items() if share >= 0.005), reverse=True)
    told = ", ".join(f"{candidate_title(name)} {share:.0%}" for share, name in shares)
    moved = math.expm1(base.total.correction)
    corrected = f", corrected by {moved:+.0%} for past misses".replace("-", "−") if abs(moved) >= 0.005 else ""
    return f"Several forecasts combined, weighed by how far they missed before ({told}){corrected}"


def _share_of_miss(total: Total) -> str:
    return f"{total.shared**2 / max(total.sigma**2, 1e-300):.0%}"


def _whole_periods(fit: CltvFit) -> str:
    """Where opportunities are counted: what is one, and up to when."""
    if fit.period is None:
        return ""
    return (
        f" Here a customer buys in a {fit.period} or not: all purchases of a {fit.period} count as one, and only whole "
        f"{fit.period}s up to {format_date(fit.as_of)} count; the forecast begins on the next day."
    )


def _withheld(fit: CltvFit) -> str:
    return f" {fit.withheld}" if fit.withheld else ""


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
        f"{MODEL_TITLES[fit.selected]} forecast best how each customer would buy"
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
        f"Forecast made with data to {before} for {span}: {score.predicted:,.0f} {fit.things}. Actual: "
        f"{score.actual:,.0f}; the forecast was {verdict}.{_others(fit)}"
    )
    single = f"For a single customer the forecast was off by {format_value(score.mae, '')} {fit.things} on average."
    mean = f"Mean absolute error over customers first seen before {format_date(fit.holdout_start)}."
    return [
        writer.write("holdout_bias", total, score.bias, unit, came, method),
        writer.write("holdout_mae", each, score.mae, unit, single, f"{method} {mean}"),
    ]
