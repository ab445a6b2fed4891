"""The findings ``cltv.*``: value, its model and the holdout, in the sentences of an executive.

The ids and what they mean are fixed; the numbers come from the statistics and are only put in words here."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from cxvalue.findings.numbers import format_date, format_level, format_range, format_value
from cxvalue.findings.points import withhold_points
from cxvalue.findings.writer import FindingWriter
from cxvalue.foundation.intervals import Interval
from cxvalue.language.catalogue import translatable, translate, translate_count, written
from cxvalue.language.words import enumerated, sentences
from cxvalue.lifetime.families.registry import COVARIATES, MODEL_TITLES
from cxvalue.questions.lifetime_value.base_forecast import candidate_title, record_of, weights_of
from cxvalue.tables.periods import Period

if TYPE_CHECKING:
    from cxvalue.findings.finding import Finding
    from cxvalue.lifetime.fitting.holdout import HoldoutScore
    from cxvalue.lifetime.prediction.whole_base import Total, WholeBase
    from cxvalue.questions.lifetime_value.base_forecast import PastRecord
    from cxvalue.questions.lifetime_value.cltv_fit import CltvFit

LARGEST_TYPICAL_MISS = 0.25
"""Average miss of past forecasts above which a forecast carries no decision."""

WRITER = FindingWriter("20_cltv", "cltv.", case="C5")


def cltv_findings(base: WholeBase, fit: CltvFit, *, customers: int, currency: str) -> list[Finding]:
    """The findings ``cltv.*``: customer equity, its mean, a new customer's value, how far such forecasts missed before,
    and how the holdout was forecast."""
    value, record = base.value, record_of(base)
    months, level = value.horizon_months, value.level
    equity, newcomer = value.equity, value.new_customer
    mean = Interval(*(number / customers for number in equity))
    grade = grade_of(record)
    if grade == "C":
        each, worth = format_value(mean.value, currency), format_value(newcomer.value, currency)
    else:
        each, worth = format_range(*mean[1:], currency), format_range(*newcomer[1:], currency)
    said = sentences(
        _forecast(base, customers, currency, grade), record_sentence(record, months), _whole_periods(fit), fit.withheld
    )
    fitted = translate(
        "{model}, fitted on all data up to {day}.", model=MODEL_TITLES[fit.forecast], day=format_date(fit.as_of)
    )
    writer = replace(WRITER, grade=grade, level=level, kind="forecast")
    valued = [
        writer.write(
            "equity",
            translate("Customer equity over {months} months", months=months),
            equity,
            currency,
            said,
            _equity_method(base, fit, currency),
        ),
        writer.write(
            "mean",
            translate("Value of the average customer over {months} months", months=months),
            mean,
            currency,
            translate("That is {worth} for each customer ever seen, inactive ones included.", worth=each),
            translate("Customer equity divided by all {customers:,} customers.", customers=customers),
        ),
        writer.write(
            "new_customer",
            translate("Value of a new customer over {months} months", months=months),
            newcomer,
            currency,
            _of_newcomer(fit, worth, months),
            sentences(fitted, *_expected(fit)),
        ),
    ]
    return [*withhold_points(valued), *record_findings(record, months, level), *_holdout_findings(fit)]


def _equity_method(base: WholeBase, fit: CltvFit, currency: str) -> str:
    spent = translate(
        "{way}, {spend} for spend, from all data up to {day}; margin over {months} months, discounted at {rate} a year, "
        "nominal and before tax.",
        way=_way_of(base, fit),
        spend=_spend_title(fit),
        day=format_date(fit.as_of),
        months=base.value.horizon_months,
        rate=format_level(base.value.annual_discount_rate),
    )
    real = translate(
        "The range is for the actual result: it covers the uncertainty of the parameters, chance, and how far forecasts of "
        "this kind miss ({share:.0%} of its variance; chance and parameters alone: {range} by {model}).",
        share=_share_of_miss(base.total),
        range=format_range(*base.model_value.equity[1:], currency),
        model=MODEL_TITLES[fit.forecast],
    )
    return f"{spent} {real}"


def _of_newcomer(fit: CltvFit, worth: str, months: int) -> str:
    """What a new customer is worth; a first purchase has a name of its own where purchases come once a period."""
    worths = {"worth": worth, "months": months}
    if fit.period is None:
        return translate(
            "A new customer is worth {worth} of margin over {months} months, the first purchase included and before the "
            "cost of winning them.",
            **worths,
        )
    return translate(
        "A new customer is worth {worth} of margin over {months} months, the first {thing} included and before the cost "
        "of winning them.",
        **worths,
        thing=translate(fit.thing),
    )


def _forecast(base: WholeBase, customers: int, currency: str, grade: str) -> str:
    """What today's customers will bring: one figure with its range, or the range alone."""
    value, even = base.value, base.total.interval(0.5)
    numbers = {
        "customers": customers,
        "months": value.horizon_months,
        "even": format_range(even.low, even.high, currency),
        "range": format_range(*value.equity[1:], currency),
        "sure": format_level(value.level),
    }
    if grade == "C":
        return translate(
            "Today's {customers:,} customers are forecast to bring {value} of margin over the next {months} "
            "months, in today's money: {range} with {sure} probability. There is an even chance that it is {even}.",
            **numbers,
            value=format_value(value.equity.value, currency),
        )
    return translate(
        "Today's {customers:,} customers are forecast to bring {range} of margin over the next {months} "
        "months ({sure} chance), in today's money. There is an even chance that it is {even}. Plan with "
        "the range, not with a single figure.",
        **numbers,
    )


def _expected(fit: CltvFit) -> tuple[str, ...]:
    """How a new customer is valued."""
    first = (
        translate("The first purchase counts at the mean margin of first purchases.")
        if fit.period is None
        else translate(
            "The first {thing} counts at the mean margin of first {things}.",
            thing=translate(fit.thing),
            things=translate(fit.things),
        )
    )
    mix = translate("New customers are the mix of those of the last 12 months.") if fit.forecast in COVARIATES else ""
    wide = translate("The range is for the average, widened by how far forecasts of this kind miss.")
    return first, mix, wide


def grade_of(record: PastRecord | None) -> str:
    """C for a forecast; D where past ones missed by more than a quarter on average, or none could be tested."""
    return "D" if record is None or record.typical_miss > LARGEST_TYPICAL_MISS else "C"


def record_sentence(record: PastRecord | None, months: int) -> str:
    """How far such forecasts missed before, in a sentence."""
    if record is None:
        return translate("No past forecast could be checked on these data: the range comes from other companies only.")
    numbers: dict[str, Any] = {"months": months, "miss": record.typical_miss}
    if not record.own_horizon:
        numbers["span"] = record.span
    if len(record) == 1:
        if record.own_horizon:
            return translate(
                "From 1 past date, such a forecast of {months} months missed by {miss:.1%}.",
                **numbers,
            )
        return translate(
            "No {months}-month forecast can be checked yet; from 1 past date, forecasts "
            "of {span} missed by {miss:.1%}.",
            **numbers,
        )
    return _many_missed(record, numbers)


def _many_missed(record: PastRecord, numbers: dict[str, Any]) -> str:
    numbers = {**numbers, "dates": len(record), "worst": max(abs(miss) for miss in record.misses)}
    low = sum(miss < 0 for miss in record.misses) / len(record)
    side = 0 if len(record) <= 2 or 0.25 < low < 0.75 else -1 if low >= 0.75 else 1
    if record.own_horizon:
        return translate(_MISSED[side], **numbers)
    return translate(_MISSED_SHORTER[side], **numbers)


_MISSED = {
    0: translatable(
        "From {dates} past dates, such forecasts of {months} months missed by {miss:.1%} on average, {worst:.1%} at worst."
    ),
    -1: translatable(
        "From {dates} past dates, such forecasts of {months} months missed by {miss:.1%} on average, {worst:.1%} at "
        "worst, mostly too low."
    ),
    1: translatable(
        "From {dates} past dates, such forecasts of {months} months missed by {miss:.1%} on average, {worst:.1%} at "
        "worst, mostly too high."
    ),
}
_MISSED_SHORTER = {
    0: translatable(
        "No {months}-month forecast can be checked yet; from {dates} past dates, "
        "forecasts of {span} missed by {miss:.1%} on average, {worst:.1%} at worst."
    ),
    -1: translatable(
        "No {months}-month forecast can be checked yet; from {dates} past dates, forecasts of {span} "
        "missed by {miss:.1%} on average, {worst:.1%} at worst, mostly too low."
    ),
    1: translatable(
        "No {months}-month forecast can be checked yet; from {dates} past dates, forecasts of {span} "
        "missed by {miss:.1%} on average, {worst:.1%} at worst, mostly too high."
    ),
}


def record_findings(record: PastRecord | None, months: int, level: float) -> list[Finding]:
    """The findings ``cltv.typical_miss`` and ``cltv.coverage``."""
    miss = translate("How far past forecasts missed, on average")
    held = translate("Past forecasts whose range held the actual margin")
    if record is None:
        reason = translate(
            "the history is too short to make a forecast from a past date and compare it with the actual result."
        )
        return [
            WRITER.withhold("typical_miss", miss, reason, "share"),
            WRITER.withhold("coverage", held, reason, "share"),
        ]
    span = record.span
    method = translate_count(
        "The forecast was made again from {count} past date from {first} to {last}, each time with what "
        "was known then, for the margin of the following {span}, and compared with the actual result. "
        "Horizons overlap, so this is less independent evidence than the number of dates suggests.",
        "The forecast was made again from {count} past dates from {first} to {last}, each time with what"
        " was known then, for the margin of the following {span}, and compared with the actual results. "
        "Horizons overlap, so this is less independent evidence than the number of dates suggests.",
        len(record),
        first=format_date(min(record.origins)),
        last=format_date(max(record.origins)),
        span=span,
    )
    count = translate(
        "In {held} of {ranges} past forecasts the actual margin of the following {span} lay inside the {level} range.",
        held=record.held,
        ranges=len(record),
        level=format_level(level),
        span=span,
    )
    return [
        WRITER.write("typical_miss", miss, record.typical_miss, "share", record_sentence(record, months), method),
        WRITER.write("coverage", held, record.held / len(record), "share", count, method),
    ]


def _way_of(base: WholeBase, fit: CltvFit) -> str:
    if not base.combined:
        title = MODEL_TITLES[fit.forecast]
        if fit.period is None:
            return translate("{model} for purchases, as the study asks for it", model=title)
        return translate("{model} for {things}, as the study asks for it", model=title, things=translate(fit.things))
    shares = sorted(((share, name) for name, share in weights_of(base, fit).items() if share >= 0.005), reverse=True)
    told = enumerated(translate("{way} {share:.0%}", way=candidate_title(name), share=share) for share, name in shares)
    moved = math.expm1(base.total.correction)
    if abs(moved) < 0.005:
        return translate("Several forecasts combined, weighted by how far they missed before ({weights})", weights=told)
    return translate(
        "Several forecasts combined, weighted by how far they missed before ({weights}), corrected by "
        "{moved} for past misses",
        weights=told,
        moved=signed_share(moved, 0),
    )


def signed_share(value: float, decimals: int) -> str:
    """A share with its sign in front, as the language that is spoken writes it.

    >>> signed_share(-0.1234, 1), signed_share(0.05, 0)
    ('−12.3%', '+5%')
    """
    return written(value, f"+.{decimals}%").replace("-", "−")


def _share_of_miss(total: Total) -> float:
    return float(total.shared**2 / max(total.sigma**2, 1e-300))


def _whole_periods(fit: CltvFit) -> str:
    """Where opportunities are counted: what is one, and up to when."""
    if fit.period is None:
        return ""
    return translate(_WHOLE_PERIODS[fit.period], day=format_date(fit.as_of))


_WHOLE_PERIODS = {
    Period.WEEK: translatable(
        "Each week counts as one with a purchase or without: all purchases of a week count as one, and "
        "only whole weeks up to {day} count; the forecast begins on the next day."
    ),
    Period.MONTH: translatable(
        "Each month counts as one with a purchase or without: all purchases of a month count as one, and"
        " only whole months up to {day} count; the forecast begins on the next day."
    ),
    Period.QUARTER: translatable(
        "Each quarter counts as one with a purchase or without: all purchases of a quarter count as one,"
        " and only whole quarters up to {day} count; the forecast begins on the next day."
    ),
    Period.YEAR: translatable(
        "Each year counts as one with a purchase or without: all purchases of a year count as one, and "
        "only whole years up to {day} count; the forecast begins on the next day."
    ),
}


def _others(fit: CltvFit) -> str:
    """How far the other sound models were from the chosen one, in the total of the holdout."""
    score = fit.score
    rest = [other for other in fit.scores if other.model != fit.selected and other.status == "ok"]
    if score is None or not score.actual or not rest:
        return ""
    rest.sort(key=lambda other: -other.log_score)
    each = ((MODEL_TITLES[other.model], signed_share(other.bias / other.actual, 1)) for other in rest)
    told = {"model": MODEL_TITLES[fit.selected], "misses": enumerated(f"{title} {off}" for title, off in each)}
    if all(score.log_score >= other.log_score for other in rest):
        return translate(
            "{model} was the best at forecasting how each customer would buy; the others missed the total by: {misses}.",
            **told,
        )
    return translate("The study asks for {model}; the others missed the total by: {misses}.", **told)


def _spend_title(fit: CltvFit) -> str:
    if fit.spend.status == "ok":
        return MODEL_TITLES["gamma_gamma"]
    if fit.period is None:
        return translate("the mean of repeat purchases (no spend model held)")
    return translate("the mean of repeat {things} (no spend model held)", things=translate(fit.things))


def _holdout_findings(fit: CltvFit) -> list[Finding]:
    score = fit.score
    unit = "transactions" if fit.period is None else fit.things
    writer = replace(WRITER, kind="holdout")
    total, each = translate("Forecast error in total"), translate("Forecast error per customer")
    if score is None or fit.holdout_start is None:
        reason = translate("the history is too short to hold part of it back and forecast it.")
        return [
            writer.withhold("holdout_bias", total, reason, unit),
            writer.withhold("holdout_mae", each, reason, unit),
        ]
    before = format_date(fit.holdout_start - timedelta(days=1))
    span = {"start": format_date(fit.holdout_start), "end": format_date(fit.as_of)}
    made = {"model": MODEL_TITLES[fit.selected], "day": before, **span}
    error = format_value(score.mae, "")
    if fit.period is None:
        method = translate(
            "{model} fitted on data up to {day} only, then compared with the purchases of {start} to {end}.", **made
        )
        single = translate("For a single customer the forecast was off by {error} purchases on average.", error=error)
    else:
        things = translate(fit.things)
        method = translate(
            "{model} fitted on data up to {day} only, then compared with the {things} of {start} to {end}.",
            **made,
            things=things,
        )
        single = translate(
            "For a single customer the forecast was off by {error} {things} on average.", error=error, things=things
        )
    mean = translate("Mean absolute error over customers first seen before {day}.", day=format_date(fit.holdout_start))
    came = sentences(_came(fit, score, {"day": before, **span}), _others(fit))
    return [
        writer.write("holdout_bias", total, score.bias, unit, came, method),
        writer.write("holdout_mae", each, score.mae, unit, single, f"{method} {mean}"),
    ]


def _came(fit: CltvFit, score: HoldoutScore, when: dict[str, str]) -> str:
    """The forecast of the holdout beside what came, and by how much it was off."""
    numbers = {**when, "predicted": score.predicted}
    told = (
        translate("Forecast made with data to {day} for {start} to {end}: {predicted:,.0f} purchases.", **numbers)
        if fit.period is None
        else translate(
            "Forecast made with data to {day} for {start} to {end}: {predicted:,.0f} {things}.",
            **numbers,
            things=translate(fit.things),
        )
    )
    off = abs(score.bias) / score.actual if score.actual else 0.0
    if score.bias == 0:
        came = translate("Actual: {actual:,.0f}; the forecast was exactly right.", actual=score.actual)
    elif score.bias < 0:
        came = translate("Actual: {actual:,.0f}; the forecast was {off:.1%} too low.", actual=score.actual, off=off)
    else:
        came = translate("Actual: {actual:,.0f}; the forecast was {off:.1%} too high.", actual=score.actual, off=off)
    return f"{told} {came}"
