"""The findings of a study with contracts: who is under contract, who will leave, and what is still to come."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from cxvalue.findings.numbers import format_date, format_level, format_range, format_value
from cxvalue.findings.writer import FindingWriter
from cxvalue.foundation.calendar import months_before
from cxvalue.lifetime.families.registry import MODEL_TITLES
from cxvalue.questions.contracts.tables import holdout_scores
from cxvalue.questions.lifetime_value.findings import LARGEST_TYPICAL_MISS, record_findings, record_sentence
from cxvalue.questions.lifetime_value.value_findings import BACKTEST, backtest_finding

if TYPE_CHECKING:
    from cxvalue.findings.finding import Finding
    from cxvalue.foundation.intervals import Interval
    from cxvalue.questions.contracts.contract_base import Contracts
    from cxvalue.questions.contracts.contract_value import MoneyBacktest, RenewalValue
    from cxvalue.questions.contracts.endings import ContractChurn
    from cxvalue.questions.contracts.renewals import RenewalFit
    from cxvalue.questions.customers.audit import Waterfall

__all__ = ["clock_words", "contract_base_findings", "forecast_grade", "miss_words", "renewal_findings"]

WRITER = FindingWriter("20_cltv_contractual", "cltv.", case="C5")
BASE = replace(WRITER, prefix="base.", case="C7", kind="count")


def contract_base_findings(contracts: Contracts, bridge: Waterfall | None, *, currency: str) -> list[Finding]:
    """The findings ``base.*`` of customers under contract."""
    known, active = len(contracts.customers), int(contracts.active().sum())
    gap, allowed = contracts.rows["gap"], contracts.gap_days
    late, returns = int(((gap > 1) & (gap <= allowed)).sum()), int((gap > max(allowed, 1)).sum())
    followed = (
        f" {late:,} contracts began 2 to {allowed} days after the one before had ended and count as its renewal."
        if late
        else ""
    )
    if returns:
        followed += f" {returns:,} began more than {allowed} days after it: those customers left and came back."
    start, begun = format_date(months_before(contracts.as_of, 12)), format_date(contracts.observed_from)
    lost = brought = ""
    if bridge:
        share = f" ({format_value(bridge.lost / bridge.opening, 'share')})" if bridge.opening else ""
        lost = f"{bridge.lost:,} of the {bridge.opening:,} customers under contract on {start}{share} have left since."
    value = bridge.lost_margin if bridge else None
    if value is not None:
        worth = format_value(value, currency)
        brought = f"In the 12 months before {start} the customers lost since had brought {worth} of margin."
    seen = f"{known:,} customers have had a contract up to {format_date(contracts.as_of)}.{followed}"
    counted = "Count of customers with a contract; people who only use a contract that somebody else pays are left out."
    under = f"{active:,} of them ({format_value(active / known if known else 0.0, 'share')}) are under contract."
    no_second = "a contract runs on by itself, so nobody buys a second time; see the survival curve instead."
    again, never = "Customers who bought again", "Does not apply to contracts."
    return [
        BASE.write("customers", "Customers ever seen", known, "customers", seen, counted),
        BASE.write(
            "active",
            "Active customers",
            active,
            "customers",
            under,
            "A customer is active while a contract has not ended.",
        ),
        BASE.withhold("repeat_rate", again, no_second, "share", never),
        BASE.write(
            "lost_customers",
            "Customers lost in 12 months",
            bridge.lost if bridge else None,
            "customers",
            lost,
            "Under contract 12 months ago and not any more.",
            missing=f"the data begins on {begun}, too late to know who was under contract on {start}.",
        ),
        BASE.write(
            "lost_value",
            "Margin the lost customers had brought",
            value,
            currency,
            brought,
            "Contribution margin (gross margin x value per month x time under contract) of the lost customers in the 12 "
            "months before the opening date.",
            missing="it takes a value per month of every contract, gross_margin in the study file, and data of the 12 "
            f"months before {start} (it begins on {begun}).",
        ),
    ]


def renewal_findings(
    value: RenewalValue, fit: RenewalFit, churn: ContractChurn, *, customers: int, currency: str, level: float
) -> list[Finding]:
    """The findings ``cltv.*`` of customers under contract, all by the model that forecasts who leaves."""
    months, sure, title = value.horizon_months, format_level(level), MODEL_TITLES[value.model]
    made = (
        f"{title} fitted on {fit.full.customers:,} contract relations up to {format_date(fit.as_of)}, those that began "
        f"before the data from the day on which they came into it; the same model forecasts who leaves. {churn.why}"
    )
    grade = forecast_grade(churn, value.backtest)
    if value.record is not None and value.record.typical_miss > LARGEST_TYPICAL_MISS:
        grade = "D"
    made += f" {clock_words(fit)}" if fit.clock == "year" else ""
    money = (
        f"{made} Margin over {months} months, each month's discounted from its end at "
        f"{format_level(value.annual_discount_rate)} a year, nominal and before tax; a contract's value per month is "
        "taken to stay as it is."
    )
    caution = _caution(fit) + miss_words(churn, value.backtest, currency)

    writer = replace(WRITER, grade=grade, level=level)

    def estimate(key: str, label: str, interval: Interval | None, text: str, method: str) -> Finding:
        if interval is None:
            return WRITER.withhold(key, label, value.missing, currency, method)
        worth, between = format_value(interval.value, currency), format_range(interval.low, interval.high, currency)
        return writer.write(key, label, interval, currency, text.format(value=worth, between=between), method)

    equity = value.equity
    mean = type(equity)(*(part / customers for part in (equity.value, equity.low, equity.high))) if equity else None
    really = (
        "The range is for what will really happen: the doubt about the model's parameters, chance, and how far such "
        "forecasts missed on past dates."
    )
    told = f" {record_sentence(value.record, months)}" if value.record is not None else ""
    newcomer = f"{money} A new contract brings the mean first value per month"
    if churn.forecasts_by_hazard:
        newcomer += ", and its customer is like those who began in the last year"
    return [
        estimate(
            "equity",
            f"Customer equity over {months} months",
            equity,
            f"The contracts running today are forecast to bring {{value}} of margin over the next {months} months, in "
            f"today's money: {{between}} with {sure} probability.{told}{caution}",
            f"{money} {really}",
        ),
        estimate(
            "mean",
            f"Value of the average customer over {months} months",
            mean,
            "That is {value} for each customer ever seen, those who left included.",
            f"Customer equity divided by all {customers:,} customers.",
        ),
        estimate(
            "new_customer",
            f"Value of a new customer over {months} months",
            value.new_customer,
            f"A new customer is worth {{value}} of margin over {months} months, before the cost of winning them.",
            f"{newcomer}. The range is for the expectation.",
        ),
        _money_backtest(value, currency, level),
        *record_findings(value.record, months, level),
        *_holdout(fit, churn),
    ]


def forecast_grade(churn: ContractChurn, money: MoneyBacktest | None) -> str:
    """C for a forecast, D where that of the holdout missed or nothing could be held back to try it on."""
    return "D" if churn.backtest is None or missed(churn, money) else "C"


def missed(churn: ContractChurn, money: MoneyBacktest | None) -> bool:
    """Whether what came in the holdout, in customers or in margin, lay outside the range that was foreseen."""
    return bool(churn.leavers and churn.leavers.outside) or bool(money and money.margin.outside)


def miss_words(churn: ContractChurn, money: MoneyBacktest | None, currency: str) -> str:
    """The caution that the same forecast of the past missed, or that there is none; empty where it did not miss."""
    past, leavers = churn.backtest, churn.leavers
    if past is None:
        return " Caution: the history is too short to try this forecast on a part of it."
    if not missed(churn, money):
        return ""
    asked = f"made with data to {format_date(past.start - timedelta(days=1))}, this forecast would have been that"
    wider = " The range is widened by what follows if it misses by as much again."
    if leavers is not None and leavers.outside:
        foreseen = leavers.foreseen
        return (
            f" Caution: {asked} {foreseen.value:,.0f} of {past.customers:,} customers leave until {format_date(past.end)} "
            f"({foreseen.low:,.0f} to {foreseen.high:,.0f}); {leavers.actual:,.0f} did.{wider}"
        )
    if money is None:
        return ""
    margin, came = money.margin
    return (
        f" Caution: {asked} the customers of that day bring {format_value(margin.value, currency)} until "
        f"{format_date(past.end)} ({format_range(margin.low, margin.high, currency)}); "
        f"{format_value(came, currency)} came.{wider}"
    )


def _money_backtest(value: RenewalValue, currency: str, level: float) -> Finding:
    tested = value.backtest
    if tested is None:
        reason = value.missing or "The history is too short to hold part of it back and forecast it in money."
        return WRITER.withhold("backtest", BACKTEST, reason, currency)
    method = (
        f"{MODEL_TITLES[value.model]} fitted on what was known on {{asked}} only, each contract at its value per month of "
        "that day; not discounted. What came is the margin of the same relations from {start} to {until}, changes of the "
        "value per month included."
    )
    (said, came), span = tested.margin, (tested.start, tested.end)
    writer = replace(WRITER, method=method)
    return backtest_finding(writer, said, came, tested.customers, span, currency=currency, level=level)


def _caution(fit: RenewalFit) -> str:
    said = f" {fit.full.reason}" if fit.full.reason else ""
    return said + (f" {clock_words(fit)}" if fit.clock == "mixed" else "")


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


def _holdout(fit: RenewalFit, churn: ContractChurn) -> list[Finding]:
    scores, start = holdout_scores(fit, churn), fit.holdout_start
    writer = replace(WRITER, case="C7", kind="holdout")
    score = next((one for one in scores if one.selected), None)
    label, each = "Forecast error in customers who stay", "Forecast error per customer, in the probability to stay"
    if score is None or start is None:
        reason = "the history is too short to hold part of it back and forecast it."
        return [
            writer.withhold("holdout_bias", label, reason, "customers"),
            writer.withhold("holdout_mae", each, reason, "customers"),
        ]
    before = format_date(start - timedelta(days=1))
    method = (
        f"{MODEL_TITLES[score.model]} fitted on what was known on {before}, then compared with who of the customers of "
        f"that day was still under contract on {format_date(fit.as_of)}; in customers, since contracts have no "
        "purchases to count."
    )
    stayed = (
        f"Forecast made with data to {before} for those still customers on {format_date(fit.as_of)}: "
        f"{score.predicted:,.0f}. Actual: {score.actual:,.0f}."
    )
    single = (
        f"For a single customer the probability to stay was off by {score.mae:.2f} on average (0 would be foresight, 0.5 a "
        "coin)."
    )
    mean = "Mean absolute difference of the probability to stay and what happened (0 or 1)."
    return [
        writer.write("holdout_bias", label, score.bias, "customers", stayed, method),
        writer.write("holdout_mae", each, score.mae, "customers", single, f"{method} {mean}"),
    ]
