"""The findings of a study with contracts: who is under contract, who will leave, and what is still to come."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from cxvalue.customer_base import months_before
from cxvalue.report.answers import MODEL_TITLES
from cxvalue.report.findings import Finding
from cxvalue.report.numbers import format_date, format_level, format_range, format_value

if TYPE_CHECKING:
    from cxvalue.contract_base import Contracts
    from cxvalue.customer_base import Waterfall
    from cxvalue.lifetime import Interval
    from cxvalue.renewals import RenewalFit, RenewalValue

__all__ = ["clock_words", "contract_base_findings", "renewal_findings"]

NOTEBOOK = "20_cltv_contractual"
CAUTION_ABOVE = 0.05


def contract_base_findings(contracts: Contracts, bridge: Waterfall | None, *, currency: str) -> list[Finding]:
    """The findings ``base.*`` of customers under contract."""
    known, active = len(contracts.customers), int(contracts.active().sum())
    start, begun = format_date(months_before(contracts.as_of, 12)), format_date(contracts.observed_from)
    lost, value = (bridge.lost, bridge.lost_margin) if bridge else (None, None)
    share = f" ({format_value(bridge.lost / bridge.opening, 'share')})" if bridge and bridge.opening else ""

    def finding(name: str, label: str, number: float | None, unit: str, text: str, method: str) -> Finding:
        return Finding(f"base.{name}", label, number, unit=unit, text=text, method=method, case="C7", notebook=NOTEBOOK)

    return [
        finding(
            "customers",
            "Customers ever seen",
            known,
            "customers",
            f"{known:,} customers have had a contract up to {format_date(contracts.as_of)}.",
            "Count of customers with a contract; people who only use a contract that somebody else pays are left out.",
        ),
        finding(
            "active",
            "Active customers",
            active,
            "customers",
            f"{active:,} of them ({format_value(active / known if known else 0.0, 'share')}) are under contract.",
            "A customer is active while a contract has not ended.",
        ),
        finding(
            "repeat_rate",
            "Customers who bought again",
            None,
            "share",
            "Not available: a contract runs on by itself, so nobody buys a second time; see the survival curve instead.",
            "Does not apply to contracts.",
        ),
        finding(
            "lost_customers",
            "Customers lost in 12 months",
            lost,
            "customers",
            f"{bridge.lost:,} of the {bridge.opening:,} customers under contract on {start}{share} have left since."
            if bridge
            else f"Not available: the data begins on {begun}, too late to know who was under contract on {start}.",
            "Under contract 12 months ago and not any more.",
        ),
        finding(
            "lost_value",
            "Margin the lost customers had brought",
            value,
            currency,
            f"In the 12 months before {start} the customers lost since had brought {format_value(value, currency)} of "
            "margin."
            if value is not None
            else f"Not available: it takes a value per month of every contract, gross_margin in the study file, and data "
            f"of the 12 months before {start} (it begins on {begun}).",
            "Contribution margin (gross margin x value per month x time under contract) of the lost customers in the 12 "
            "months before the opening date.",
        ),
    ]


def renewal_findings(
    value: RenewalValue, fit: RenewalFit, *, customers: int, currency: str, level: float
) -> list[Finding]:
    """The findings ``cltv.*`` of customers under contract."""
    months, sure, title = value.horizon_months, format_level(level), MODEL_TITLES[fit.full.name]
    made = (
        f"{title} fitted on {fit.full.customers:,} contract relations up to {format_date(fit.as_of)}, those that began "
        "before the data from the day on which they came into it."
    )
    made += f" {clock_words(fit)}" if fit.clock == "year" else ""
    money = (
        f"{made} Margin over {months} months, each month's discounted from its end at "
        f"{format_level(value.annual_discount_rate)} a year, nominal and before tax; a contract's value per month is "
        "taken to stay as it is."
    )
    caution = _caution(fit)

    def estimate(
        name: str, label: str, interval: Interval | None, unit: str, text: str, method: str, case: str = "C5"
    ) -> Finding:
        if interval is None:
            reason = f"Not available: {value.missing}"
            return Finding(name, label, None, unit=unit, text=reason, method=method, case=case, notebook=NOTEBOOK)
        said = text.format(
            value=format_value(interval.value, unit), between=format_range(interval.low, interval.high, unit)
        )
        return Finding(
            name,
            label,
            interval.value,
            interval.low,
            interval.high,
            level,
            unit,
            "C",
            said,
            method,
            case,
            NOTEBOOK,
        )

    equity = value.equity
    mean = type(equity)(*(part / customers for part in (equity.value, equity.low, equity.high))) if equity else None
    really = "The range is for what will really happen: uncertainty of the model's parameters and chance."
    return [
        estimate(
            "cltv.equity",
            f"Customer equity over {months} months",
            equity,
            currency,
            f"The contracts running today should bring {{value}} of margin over the next {months} months, in today's "
            f"money. If customers go on as the model describes, it will be {{between}} with {sure} probability.{caution}",
            f"{money} {really}",
        ),
        estimate(
            "cltv.mean",
            f"Value of the average customer over {months} months",
            mean,
            currency,
            "That is {value} for each customer ever seen, those who left included.",
            f"Customer equity divided by all {customers:,} customers.",
        ),
        estimate(
            "cltv.new_customer",
            f"Value of a new customer over {months} months",
            value.new_customer,
            currency,
            f"A new customer is worth {{value}} of margin over {months} months, before the cost of winning them.",
            f"{money} A new contract brings the mean first value per month. The range is for the expectation.",
        ),
        *_holdout(fit),
    ]


def _caution(fit: RenewalFit) -> str:
    said = f" {fit.full.reason}" if fit.full.reason else ""
    said += f" {clock_words(fit)}" if fit.clock == "mixed" else ""
    score = fit.score
    if score is not None and score.actual and abs(score.bias) > CAUTION_ABOVE * score.actual:
        side = "few" if score.bias < 0 else "many"
        off = abs(score.bias) / score.actual
        said += f" Caution: on the part of the history held back, it foresaw {off:.1%} too {side} customers staying."
    return said


def clock_words(fit: RenewalFit) -> str:
    """On which clock contracts are taken to end, in a sentence; empty by the month, where nothing is to be said."""
    share = fit.at_anniversaries or 0.0
    if fit.clock == "year":
        return (
            f"{share:.0%} of the contracts that ended did so near an anniversary of their beginning, so they are taken to "
            "end once a year."
        )
    if fit.clock == "mixed":
        return (
            f"Caution: {share:.0%} of the contracts that ended did so near an anniversary of their beginning, the others at "
            "any time. The value is forecast by the month, which fits such contracts less well."
        )
    return ""


def _holdout(fit: RenewalFit) -> list[Finding]:
    score, start = fit.score, fit.holdout_start
    label, each = "Forecast error in customers who stay", "Forecast error per customer, in the probability to stay"
    if score is None or start is None:
        reason = "Not available: the history is too short to hold part of it back and forecast it."
        return [
            Finding(name, said, None, unit="customers", text=reason, case="C7", notebook=NOTEBOOK)
            for name, said in (("cltv.holdout_bias", label), ("cltv.holdout_mae", each))
        ]
    before = format_date(start - timedelta(days=1))
    method = (
        f"{MODEL_TITLES[score.model]} fitted on what was known on {before}, then compared with who of the customers of "
        f"that day was still under contract on {format_date(fit.as_of)}; in customers, since contracts have no "
        "purchases to count."
    )
    return [
        Finding(
            "cltv.holdout_bias",
            label,
            score.bias,
            unit="customers",
            text=f"Asked on {before} who would still be a customer on {format_date(fit.as_of)}, the model would have said "
            f"{score.predicted:,.0f}; {score.actual:,.0f} were.",
            method=method,
            case="C7",
            notebook=NOTEBOOK,
        ),
        Finding(
            "cltv.holdout_mae",
            each,
            score.mae,
            unit="customers",
            text=f"For a single customer the probability to stay was off by {score.mae:.2f} on average (0 would be "
            "foresight, 0.5 a coin).",
            method=f"{method} Mean absolute difference of the probability to stay and what happened (0 or 1).",
            case="C7",
            notebook=NOTEBOOK,
        ),
    ]
