"""From results to findings: the sentences that an executive reads, one function for each notebook.

The ids and what they mean are fixed by the design; the numbers come from the statistics and are only put in words here.
"""

from __future__ import annotations

import math
from datetime import date, timedelta
from typing import TYPE_CHECKING

from cxvalue.customer_base import months_before
from cxvalue.lifetime.models import COVARIATES, MODEL_TITLES
from cxvalue.report.findings import Finding
from cxvalue.report.numbers import format_date, format_level, format_range, format_value
from cxvalue.report.points import withhold_points

if TYPE_CHECKING:
    from cxvalue.cltv import CltvFit
    from cxvalue.customer_base import BaseCounts, Waterfall
    from cxvalue.lifetime import CustomerValue, Interval
    from cxvalue.tables.counts import TableSet

__all__ = ["MODEL_TITLES", "base_findings", "cltv_findings", "data_findings"]

CAUTION_ABOVE = 0.05
DATA_NOTEBOOK = "00_data_check"
BASE_NOTEBOOK, CLTV_NOTEBOOK = "10_customer_base", "20_cltv"


def data_findings(tables: TableSet, *, currency: str) -> list[Finding]:
    """The findings ``data.*``: rows read, rows dropped as bad, purchases made of them, and the control total."""
    contracts_only = "subscriptions" in tables.paths and "transactions" not in tables.paths
    main = "subscriptions" if contracts_only else "transactions"
    rows = dict.fromkeys(("read", "dropped", "kept"), 0)
    for count in tables.counts:
        if count.table == main and count.kind in rows:
            rows[count.kind] += count.rows

    def counted(name: str, label: str, kind: str, unit: str, text: str) -> Finding:
        return Finding(f"data.{name}", label, rows[kind], unit=unit, text=text, case="C18", notebook=DATA_NOTEBOOK)

    dropped = f"{rows['dropped']:,} of them were bad and were dropped." if rows["dropped"] else "None of them was bad."
    findings = [
        counted("rows", f"Rows of {main} read", "read", "rows", f"{rows['read']:,} rows of {main} were read."),
        counted("dropped", "Bad rows dropped", "dropped", "rows", dropped),
        counted(
            "purchases",
            "Purchases",
            "kept",
            "purchases",
            f"They hold {rows['kept']:,} purchases: all that a customer bought on one day, after refunds.",
        )
        if main == "transactions"
        else counted("contracts", "Contracts", "kept", "contracts", f"They hold {rows['kept']:,} contracts."),
    ]
    control = tables.control
    if control is not None:
        agrees = "agree with" if control.within else "DO NOT AGREE with"
        findings.append(
            Finding(
                "data.control_difference",
                "Revenue against the ledger",
                control.difference,
                unit=currency,
                text=f"The tables hold {format_value(control.found, currency)} of revenue and {agrees} the ledger's "
                f"{format_value(control.expected, currency)}.",
                method=f"Sum of revenue from {tables.observed_from} to {tables.as_of}, refunds taken off.",
                case="C18",
                notebook=DATA_NOTEBOOK,
            )
        )
    return findings


def base_findings(
    counts: BaseCounts,
    bridge: Waterfall | None,
    *,
    as_of: date,
    observed_from: date,
    dormancy_days: int,
    currency: str,
    level: float = 0.95,
) -> list[Finding]:
    """The findings ``base.*``: customers ever seen, active, repeating and lost, and what the lost ones had brought."""
    share = counts.active / counts.customers if counts.customers else 0.0
    year_ago = months_before(as_of, 12)
    rate, (low, high) = counts.repeat_rate, counts.repeat_interval(level)
    findings = [
        Finding(
            "base.customers",
            "Customers ever seen",
            counts.customers,
            unit="customers",
            text=f"{counts.customers:,} customers have bought at least once up to {format_date(as_of)}.",
            method="Count of customers with a purchase that was not fully refunded.",
            case="C4",
            notebook=BASE_NOTEBOOK,
        ),
        Finding(
            "base.active",
            "Active customers",
            counts.active,
            unit="customers",
            text=f"{counts.active:,} of them ({format_value(share, 'share')}) bought within the last "
            f"{dormancy_days} days and count as active.",
            method=f"A customer silent for {dormancy_days} days or more is dormant, everybody else is active.",
            case="C4",
            notebook=BASE_NOTEBOOK,
        ),
        Finding(
            "base.repeat_rate",
            "Customers who bought again",
            rate,
            low=low,
            high=high,
            level=None if rate is None else level,
            unit="share",
            text=(
                f"{format_value(rate, 'share')} of the customers who first bought at least 12 months ago have bought again: "
                f"{counts.repeated:,} of {counts.aged_12_months:,}."
                if rate is not None
                else "Nobody has been a customer for 12 months yet, so no repeat rate can be given."
            ),
            method=f"Among the {counts.aged_12_months:,} customers whose first purchase was on or before "
            f"{format_date(year_ago)}: share with a purchase on a second day. Wilson's interval.",
            case="C4",
            notebook=BASE_NOTEBOOK,
        ),
    ]
    return findings + _lost(bridge, year_ago, observed_from, dormancy_days, currency)


def _lost(
    bridge: Waterfall | None, start: date, observed_from: date, dormancy_days: int, currency: str
) -> list[Finding]:
    too_short = (
        f"Not available: the data begins on {format_date(observed_from)}, which is too late to know who was active on "
        f"{format_date(start)} (active means a purchase within {dormancy_days} days)."
    )
    no_value = (
        f"Not available: the margin of the 12 months before {format_date(start)} would be needed, "
        f"and the data begins on {format_date(observed_from)}."
    )
    customers, value = (bridge.lost, bridge.lost_margin) if bridge else (None, None)
    share = f" ({format_value(bridge.lost / bridge.opening, 'share')})" if bridge and bridge.opening else ""
    return [
        Finding(
            "base.lost_customers",
            "Customers lost in 12 months",
            customers,
            unit="customers",
            text=(
                f"{bridge.lost:,} of the {bridge.opening:,} customers active on {format_date(start)}{share} "
                "have fallen silent since."
                if bridge
                else too_short
            ),
            method="Active 12 months ago and dormant now, by the same rule at both dates.",
            case="C4",
            notebook=BASE_NOTEBOOK,
        ),
        Finding(
            "base.lost_value",
            "Margin the lost customers had brought",
            value,
            unit=currency,
            text=(
                f"In the 12 months before {format_date(start)} the customers lost since had brought "
                f"{format_value(value, currency)} of margin."
                if value is not None
                else no_value
            ),
            method="Contribution margin of the lost customers in the 12 months before the opening date.",
            case="C4",
            notebook=BASE_NOTEBOOK,
        ),
    ]


def cltv_findings(value: CustomerValue, fit: CltvFit, *, customers: int, currency: str, level: float) -> list[Finding]:
    """The findings ``cltv.*``: customer equity, its mean, a new customer's value, and how the holdout was forecast."""
    months = value.horizon_months
    title = MODEL_TITLES[fit.forecast]
    made = (
        f"{title} for {fit.things} and {_spend_title(fit)} for spend, fitted on all data up to {format_date(fit.as_of)}; "
        f"margin over {months} months, discounted at {format_level(value.annual_discount_rate)} a year, "
        "nominal and before tax."
    )
    equity = _around(value.equity)
    caution = _caution(fit)
    mean = (value.equity.value / customers, equity[0] / customers, equity[1] / customers)
    newcomer = _around(value.new_customer)
    sure, whole = format_level(level), _whole_periods(fit)
    mix = " New customers are the mix of those of the last 12 months." if fit.forecast in COVARIATES else ""

    def estimate(name: str, label: str, numbers: tuple[float, float, float], text: str, method: str) -> Finding:
        return Finding(
            name,
            label,
            numbers[0],
            numbers[1],
            numbers[2],
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
            (value.equity.value, *equity),
            f"The {customers:,} customers known today should bring {format_value(value.equity.value, currency)} of "
            f"margin over the next {months} months, discounted to today. If they go on as the model describes, it will be "
            f"{format_range(*equity, currency)} with {sure} probability.{whole}{caution}",
            f"{made} The range is for what will really come in: uncertainty of the model's parameters and of the "
            "purchases themselves.",
        ),
        estimate(
            "cltv.mean",
            f"Value of the average customer over {months} months",
            mean,
            f"That is {format_value(mean[0], currency)} for each customer ever seen, dormant ones included.",
            f"Customer equity divided by all {customers:,} customers.",
        ),
        estimate(
            "cltv.new_customer",
            f"Value of a new customer over {months} months",
            (value.new_customer.value, *newcomer),
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


def _around(interval: Interval) -> tuple[float, float]:
    """The interval's ends; a mean that a few very large customers pull past its end widens it."""
    return min(interval.low, interval.value), max(interval.high, interval.value)


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
