"""The findings of a study with contracts: who is under contract, who will leave, and what is still to come."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from cxvalue.findings.numbers import format_date, format_level, format_range, format_value
from cxvalue.findings.writer import FindingWriter
from cxvalue.foundation.calendar import months_before
from cxvalue.foundation.intervals import Interval
from cxvalue.language.catalogue import translate, translate_count
from cxvalue.language.words import sentences
from cxvalue.lifetime.families.registry import MODEL_TITLES
from cxvalue.questions.contracts.mark_words import changes_told, own_rates
from cxvalue.questions.contracts.tables import holdout_scores
from cxvalue.questions.lifetime_value.findings import LARGEST_TYPICAL_MISS, record_findings, record_sentence
from cxvalue.questions.lifetime_value.value_findings import backtest_finding, backtest_label

if TYPE_CHECKING:
    from cxvalue.findings.finding import Finding
    from cxvalue.questions.contracts.contract_base import Contracts
    from cxvalue.questions.contracts.contract_value import MoneyBacktest, RenewalValue
    from cxvalue.questions.contracts.endings import ContractChurn
    from cxvalue.questions.contracts.renewals import RenewalFit
    from cxvalue.questions.customers.audit import Waterfall

WRITER = FindingWriter("20_cltv_contractual", "cltv.", case="C5")
BASE = replace(WRITER, prefix="base.", case="C7", kind="count")
LEAST_DRIFT = 0.005
"""A pace nearer to that of the model is not told: it reads as 100%, or nearly."""


def contract_base_findings(contracts: Contracts, bridge: Waterfall | None, *, currency: str) -> list[Finding]:
    """The findings ``base.*`` of customers under contract."""
    no_second = translate(
        "a contract continues by itself, so nobody buys a second time; see the survival curve instead."
    )
    return [
        *_counted(contracts),
        BASE.withhold(
            "repeat_rate",
            translate("Customers who bought again"),
            no_second,
            "share",
            translate("Does not apply to contracts."),
        ),
        *_lost_in_a_year(contracts, bridge, currency),
    ]


def _counted(contracts: Contracts) -> list[Finding]:
    """How many customers there have been, and how many there are."""
    known, active = len(contracts.customers), int(contracts.active().sum())
    seen = translate(
        "{customers:,} customers have had a contract up to {day}.", customers=known, day=format_date(contracts.as_of)
    )
    counted = translate(
        "Count of customers with a contract; people who only use a contract that somebody else pays for are left out."
    )
    under = translate(
        "{active:,} of them ({share}) are under contract.",
        active=active,
        share=format_value(active / known if known else 0.0, "share"),
    )
    ever, now = translate("Customers ever seen"), translate("Active customers")
    while_it_runs = translate("A customer is active while a contract has not ended.")
    return [
        BASE.write("customers", ever, known, "customers", sentences(seen, *_followed(contracts)), counted),
        BASE.write("active", now, active, "customers", under, while_it_runs),
    ]


def _lost_in_a_year(contracts: Contracts, bridge: Waterfall | None, currency: str) -> list[Finding]:
    """How many customers of 12 months ago have left since, and what they had brought in the 12 months before."""
    start, begun = format_date(months_before(contracts.as_of, 12)), format_date(contracts.observed_from)
    lost, text = (bridge.lost, _lost(bridge, start)) if bridge else (None, "")
    value, brought = bridge.lost_margin if bridge else None, ""
    if value is not None:
        brought = translate(
            "In the 12 months before {day} the customers lost since had brought {worth} of margin.",
            day=start,
            worth=format_value(value, currency),
        )
    return [
        BASE.write(
            "lost_customers",
            translate("Customers lost in 12 months"),
            lost,
            "customers",
            text,
            translate("Under contract 12 months ago and no longer."),
            missing=translate(
                "the data begins on {begun}, too late to know who was under contract on {day}.", begun=begun, day=start
            ),
        ),
        BASE.write(
            "lost_value",
            translate("Margin from customers since lost"),
            value,
            currency,
            brought,
            translate(
                "Contribution margin (gross margin x value per month x time under contract) of the lost customers in the 12 "
                "months before the opening date."
            ),
            missing=translate(
                "this needs a value per month for every contract, gross_margin in the study file, and data for "
                "the 12 months before {day} (it begins on {begun}).",
                day=start,
                begun=begun,
            ),
        ),
    ]


def _followed(contracts: Contracts) -> tuple[str, str]:
    """How many contracts follow one of the same customer, as its renewal or as a return."""
    gap, allowed = contracts.rows["gap"], contracts.gap_days
    late, returns = int(((gap > 1) & (gap <= allowed)).sum()), int((gap > max(allowed, 1)).sum())
    renewed = translate_count(
        "{count:,} contract began 2 to {days} days after the previous one had ended and counts as its renewal.",
        "{count:,} contracts began 2 to {days} days after the previous one had ended and count as its renewal.",
        late,
        days=allowed,
    )
    came_back = translate_count(
        "{count:,} began more than {days} days later: that customer left and came back.",
        "{count:,} began more than {days} days later: those customers left and came back.",
        returns,
        days=allowed,
    )
    return (renewed if late else ""), (came_back if returns else "")


def _lost(bridge: Waterfall, day: str) -> str:
    numbers = {"lost": bridge.lost, "opening": bridge.opening, "day": day}
    if not bridge.opening:
        return translate("{lost:,} of the {opening:,} customers under contract on {day} have left since.", **numbers)
    return translate(
        "{lost:,} of the {opening:,} customers under contract on {day} ({share}) have left since.",
        **numbers,
        share=format_value(bridge.lost / bridge.opening, "share"),
    )


def renewal_findings(
    value: RenewalValue, fit: RenewalFit, churn: ContractChurn, *, customers: int, currency: str, level: float
) -> list[Finding]:
    """The findings ``cltv.*`` of customers under contract, all by the model that forecasts who leaves."""
    grade = forecast_grade(churn, value.backtest)
    if value.record is not None and value.record.typical_miss > LARGEST_TYPICAL_MISS:
        grade = "D"
    worth = _Worth(value, fit, churn, currency, replace(WRITER, grade=grade, level=level))
    return [
        worth.equity(),
        worth.mean(customers),
        worth.new_customer(),
        _money_backtest(value, currency, level),
        *record_findings(value.record, value.horizon_months, level),
        *_holdout(fit, churn),
    ]


@dataclass(frozen=True, slots=True)
class _Worth:
    """What customers under contract are worth: a finding a method."""

    value: RenewalValue
    fit: RenewalFit
    churn: ContractChurn
    currency: str
    writer: FindingWriter

    def equity(self) -> Finding:
        months, equity = self.value.horizon_months, self.value.equity
        record, backtest = self.value.record, self.value.backtest
        bring = translate(
            "The contracts running today are forecast to bring {value} of margin over the next {months} months, in today's "
            "money: {range} with {sure} probability.",
            value=self._money(equity),
            months=months,
            range=format_range(equity.low, equity.high, self.currency) if equity else "",
            sure=format_level(self.writer.level or 0.0),
        )
        really = translate(
            "The range is for what will really happen: the uncertainty of the model's parameters, chance, "
            "and how far such forecasts missed on past dates."
        )
        return self._finding(
            "equity",
            translate("Customer equity over {months} months", months=months),
            equity,
            sentences(
                bring,
                record_sentence(record, months) if record is not None else "",
                *_caution(self.fit),
                changes_told(self.fit.full),
                miss_words(self.churn, backtest, self.currency),
            ),
            f"{self._made()} {really}",
        )

    def mean(self, customers: int) -> Finding:
        equity, months = self.value.equity, self.value.horizon_months
        mean = Interval(*(part / customers for part in equity)) if equity else None
        return self._finding(
            "mean",
            translate("Value of the average customer over {months} months", months=months),
            mean,
            translate("That is {worth} for each customer ever seen, those who left included.", worth=self._money(mean)),
            translate("Customer equity divided by all {customers:,} customers.", customers=customers),
        )

    def new_customer(self) -> Finding:
        newcomer, months = self.value.new_customer, self.value.horizon_months
        worth = translate(
            "A new customer is worth {worth} of margin over {months} months, before the cost of winning them.",
            worth=self._money(newcomer),
            months=months,
        )
        if self.churn.forecasts_by_hazard:
            first = translate(
                "A new contract is assumed to bring the mean first value per month, and its customer to be like "
                "those who began in the last year. The range is for the average."
            )
        else:
            first = translate(
                "A new contract is assumed to bring the mean first value per month. The range is for the average."
            )
        prices = translate(
            "That value is the mean of the last year, in which contracts began at other values than before."
        )
        return self._finding(
            "new_customer",
            translate("Value of a new customer over {months} months", months=months),
            newcomer,
            sentences(worth, changes_told(self.fit.full)),
            sentences(self._made(), first, prices if self.value.new_prices else ""),
        )

    def _finding(self, key: str, label: str, interval: Interval | None, text: str, method: str) -> Finding:
        if interval is None:
            return WRITER.withhold(key, label, self.value.missing, self.currency, method)
        return self.writer.write(key, label, interval, self.currency, text, method)

    def _money(self, interval: Interval | None) -> str:
        return format_value(interval.value, self.currency) if interval else ""

    def _made(self) -> str:
        """How the margin is forecast."""
        value, fit = self.value, self.fit
        fitted = translate(
            "{model} fitted on {relations:,} contract relations up to {day}; those that began before the "
            "data count from the day on which they enter it. The same model forecasts who leaves.",
            model=MODEL_TITLES[value.model],
            relations=fit.full.customers,
            day=format_date(fit.as_of),
        )
        terms = {"months": value.horizon_months, "rate": format_level(value.annual_discount_rate)}
        if value.first_year:
            margin = translate(
                "Margin over {months} months, each month's discounted from its end at {rate} a year, nominal and before "
                "tax; in its first year a contract's value per month is taken to change as that of earlier contracts did, "
                "and then to stay as it is.",
                **terms,
            )
        else:
            margin = translate(
                "Margin over {months} months, each month's discounted from its end at {rate} a year, nominal and"
                " before tax; a contract's value per month is assumed to stay as it is.",
                **terms,
            )
        clock = clock_words(fit) if fit.clock == "year" else ""
        return sentences(fitted, self.churn.why, own_rates(fit.full), drift_words(value.drift), clock, margin)


def forecast_grade(churn: ContractChurn, money: MoneyBacktest | None) -> str:
    """C for a forecast, D where that of the holdout missed, nothing could be held back, or the rate of leaving changed."""
    return "D" if churn.backtest is None or missed(churn, money) or churn.by_age.changed else "C"


def missed(churn: ContractChurn, money: MoneyBacktest | None) -> bool:
    """Whether what came in the holdout, in customers or in margin, lay outside the range that was foreseen."""
    return bool(churn.leavers and churn.leavers.outside) or bool(money and money.margin.outside)


def miss_words(churn: ContractChurn, money: MoneyBacktest | None, currency: str) -> str:
    """The caution that the same forecast of the past missed, or that there is none; empty where it did not miss."""
    past, leavers = churn.backtest, churn.leavers
    if past is None:
        return translate("Caution: the history is too short to test this forecast on part of it.")
    if not missed(churn, money):
        return ""
    when = {"asked": format_date(past.start - timedelta(days=1)), "end": format_date(past.end)}
    wider = translate("The range is widened for the case that it misses by as much again.")
    wider = "" if churn.has_followed else wider
    if leavers is not None and leavers.outside:
        off = translate(
            "Caution: made with data to {asked}, this forecast would have said that {foreseen:,.0f} of "
            "{customers:,} customers leave by {end} ({low:,.0f} to {high:,.0f}). Actual: {left:,.0f}.",
            foreseen=leavers.foreseen.value,
            customers=past.customers,
            low=leavers.foreseen.low,
            high=leavers.foreseen.high,
            left=leavers.actual,
            **when,
        )
        return sentences(off, wider)
    if money is None:
        return ""
    margin, came = money.margin
    off = translate(
        "Caution: made with data to {asked}, this forecast would have said that the customers of that "
        "day bring {value} by {end} ({range}). Actual: {came}.",
        value=format_value(margin.value, currency),
        range=format_range(margin.low, margin.high, currency),
        came=format_value(came, currency),
        **when,
    )
    return sentences(off, wider)


def drift_words(drift: float) -> str:
    """That customers leave faster or slower than the model says, in a sentence; empty where they hardly do."""
    if abs(drift - 1) < LEAST_DRIFT:
        return ""
    pace = format_value(drift, "share")
    if drift > 1:
        return translate(
            "On past dates customers left faster than forecast, so they are assumed to leave at {pace} of the rate that "
            "the model alone would give.",
            pace=pace,
        )
    return translate(
        "On past dates customers left more slowly than forecast, so they are assumed to leave at {pace} of the rate that "
        "the model alone would give.",
        pace=pace,
    )


def _money_backtest(value: RenewalValue, currency: str, level: float) -> Finding:
    tested = value.backtest
    if tested is None:
        reason = value.missing or translate(
            "The history is too short to hold part of it back and forecast it in money."
        )
        return WRITER.withhold("backtest", backtest_label(), reason, currency)
    method = translate(
        "{model} fitted on what was known on {asked} only, each contract at its value per month on that "
        "day; not discounted. Actual is the margin of the same relations from {start} to {until}, "
        "including changes in the value per month.",
        model=MODEL_TITLES[value.model],
        asked=format_date(tested.start - timedelta(days=1)),
        start=format_date(tested.start),
        until=format_date(tested.end),
    )
    (said, came), span = tested.margin, (tested.start, tested.end)
    writer = replace(WRITER, method=method)
    return backtest_finding(writer, said, came, tested.customers, span, currency=currency, level=level)


def _caution(fit: RenewalFit) -> tuple[str, str]:
    return fit.full.reason, clock_words(fit) if fit.clock == "mixed" else ""


def clock_words(fit: RenewalFit) -> str:
    """On which clock contracts are taken to end, in a sentence; empty by the month, where nothing is to be said."""
    share = fit.at_anniversaries or 0.0
    if fit.clock == "year":
        return translate(
            "{share:.0%} of the contracts that ended did so near an anniversary of their start, so contracts"
            " are assumed to end once a year.",
            share=share,
        )
    if fit.clock == "mixed":
        return translate(
            "Caution: {share:.0%} of the contracts that ended did so near an anniversary of their start, the"
            " others at any time. The value is forecast by the month, which fits such contracts less well.",
            share=share,
        )
    return ""


def _holdout(fit: RenewalFit, churn: ContractChurn) -> list[Finding]:
    scores, start = holdout_scores(fit, churn), fit.holdout_start
    writer = replace(WRITER, case="C7", kind="holdout")
    score = next((one for one in scores if one.selected), None)
    label = translate("Forecast error in customers who stay")
    each = translate("Forecast error per customer, in the probability of staying")
    if score is None or start is None:
        reason = translate("the history is too short to hold part of it back and forecast it.")
        return [
            writer.withhold("holdout_bias", label, reason, "customers"),
            writer.withhold("holdout_mae", each, reason, ""),
        ]
    when = {"day": format_date(start - timedelta(days=1)), "as_of": format_date(fit.as_of)}
    method = translate(
        "{model} fitted on what was known on {day}, then compared with which customers of that day were "
        "still under contract on {as_of}; in customers, since contracts have no purchases to count.",
        model=MODEL_TITLES[score.model],
        **when,
    )
    stayed = translate(
        "Forecast made with data to {day} for those still customers on {as_of}: {predicted:,.0f}. Actual: {actual:,.0f}.",
        predicted=score.predicted,
        actual=score.actual,
        **when,
    )
    single = translate(
        "For a single customer the probability of staying was off by {error:.2f} on average (0 is "
        "perfect, 0.5 is a coin toss).",
        error=score.mae,
    )
    mean = translate("Mean absolute difference between the probability of staying and what happened (0 or 1).")
    return [
        writer.write("holdout_bias", label, score.bias, "customers", stayed, method),
        writer.write("holdout_mae", each, score.mae, "", single, f"{method} {mean}"),
    ]
