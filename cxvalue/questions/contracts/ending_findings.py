"""The findings ``churn.*`` of customers under contract: who will leave, what goes with it, and what accounts' users say."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from cxvalue.findings.numbers import SHARE_POINTS, format_date, format_level, format_range, format_value
from cxvalue.findings.writer import FindingWriter
from cxvalue.language.catalogue import translatable, translate, translate_count
from cxvalue.language.words import enumerated, sentences
from cxvalue.lifetime.families.registry import MODEL_TITLES
from cxvalue.questions.churn.findings import warning_findings, warning_labels
from cxvalue.questions.contracts.driver_words import driver_words
from cxvalue.questions.contracts.drivers import COMPLAINT, SATISFACTION, THIRDS
from cxvalue.questions.contracts.findings import drift_words, forecast_grade, miss_words
from cxvalue.questions.contracts.mark_words import changes_told, own_rates

if TYPE_CHECKING:
    from cxvalue.findings.finding import Finding
    from cxvalue.foundation.intervals import Interval
    from cxvalue.questions.contracts.accounts import AccountRenewals
    from cxvalue.questions.contracts.endings import ContractChurn

WRITER = FindingWriter("30_churn_contractual", "churn.", case="C7")


def contract_churn_findings(churn: ContractChurn, *, currency: str) -> list[Finding]:
    """The findings churn.rate, churn.value_at_risk, churn.auc and churn.brier."""
    found, writer = churn.losses, replace(WRITER, case="C4")
    rate_label = translate("Customers who will leave within 12 months")
    risk_label = translate("Margin at risk within 12 months")
    if found is None:
        reason = translate("nobody is under contract any more.")
        parts = (("rate", rate_label, "share"), ("value_at_risk", risk_label, currency))
        return [*(writer.withhold(key, label, reason, unit) for key, label, unit in parts), *_past(churn)]
    caution = sentences(changes_told(churn.by_age), miss_words(churn, None, currency))
    rate, risk = found.rate, found.at_risk
    fitted = translate(
        "{model} fitted on all data up to {day}.", model=MODEL_TITLES[churn.model], day=format_date(churn.as_of)
    )
    really = translate(
        "The range is for what will really happen: the uncertainty of the model's parameters, chance, "
        "and how far such forecasts missed on past dates."
    )
    made = sentences(fitted, churn.why, own_rates(churn.by_age), drift_words(churn.drift), really)
    share, sure = format_value(rate.value, "share"), format_level(found.level)
    leave = translate(
        "{share} of the {members:,} customers under contract are forecast to leave within 12 months; {range} with {sure} "
        "probability.",
        share=share,
        members=found.members,
        range=format_range(rate.low, rate.high, "share"),
        sure=sure,
    )
    taken = translate(
        "Of the {members:,} customers under contract {share} are forecast to leave within 12 months; they brought {worth} "
        "of margin in the last 12. It will be {range} with {sure} probability.",
        share=share,
        members=found.members,
        worth=format_value(risk.value, currency),
        range=format_range(risk.low, risk.high, currency),
        sure=sure,
    )
    mean = translate("Mean over active customers of P(the relation ends within 12 months).")
    summed = translate(
        "Sum over active customers of that probability × their margin of the last 12 months (gross margin × value per month "
        "× time under contract), nominal and before tax."
    )
    sound = replace(writer, grade=forecast_grade(churn, None), level=found.level)
    return [
        sound.write("rate", rate_label, rate, "share", sentences(leave, caution), f"{made} {mean}"),
        writer.withhold("value_at_risk", risk_label, churn.missing, currency)
        if churn.missing
        else sound.write("value_at_risk", risk_label, risk, currency, sentences(taken, caution), f"{made} {summed}"),
        *_past(churn),
    ]


def no_cause() -> str:
    """That a link between two things is no cause."""
    return translate("This is a link, not a cause: these customers may differ in other ways that nobody recorded.")


def _past(churn: ContractChurn) -> list[Finding]:
    return warning_findings(replace(WRITER, case="C19"), warning_labels("contracts"), churn.backtest, "contracts")


_DRIVERS = {
    "complaint": (
        COMPLAINT,
        "yes",
        translatable("How many times as often contracts end after a complaint"),
        translatable(
            "Contracts end {ratio:.1f} times as often in the 90 days after a complaint as otherwise, {low:.1f} to "
            "{high:.1f} with {sure} confidence."
        ),
    ),
    "satisfaction": (
        SATISFACTION,
        THIRDS[0],
        translatable("How many times as often contracts end where satisfaction is in the lowest third"),
        translatable(
            "Contracts end {ratio:.1f} times as often where satisfaction is in the lowest third as in the highest third, "
            "{low:.1f} to {high:.1f} with {sure} confidence."
        ),
    ),
}
"""The drivers that are told: driver, level, label and sentence."""


def driver_findings(churn: ContractChurn, *, level: float) -> list[Finding]:
    """The findings churn.hazard_ratio.complaint and churn.hazard_ratio.satisfaction, where the study has these drivers."""
    if churn.hazard is None:
        return []
    model = churn.hazard.model
    ratios = model.ratios(level).set_index(["driver", "level"])
    writer = replace(WRITER, prefix="churn.hazard_ratio.", case="C10", grade="D", level=level)
    findings = []
    for short, (driver, name, label, sentence) in _DRIVERS.items():
        if (driver, name) not in ratios.index:
            continue
        ratio, low, high = (float(ratios.loc[(driver, name), part]) for part in ("ratio", "low", "high"))
        if math.isnan(low):
            continue
        text = sentences(
            translate(sentence, ratio=ratio, low=low, high=high, sure=format_level(level)),
            "" if low > 1 or high < 1 else translate("The range includes 1, so this may be chance."),
            no_cause(),
        )
        method = translate(
            "Hazard ratio of a monthly model (complementary log-log) on {months:,} months of contracts and {ends:,} ends, "
            "among customers alike in {drivers}; each of the {accounts:,} accounts counts as one draw.",
            months=model.months,
            ends=model.ends,
            drivers=enumerated(driver_words(one) for one in model.drivers if one != driver),
            accounts=model.clusters,
        )
        findings.append(writer.write(short, translate(label), (ratio, low, high), "", text, method))
    return findings


def account_findings(found: AccountRenewals | None, *, currency: str, level: float) -> list[Finding]:
    """What lost renewals cost, and whether accounts with satisfied users renew more often."""
    labels = {
        "account_renewals": translate("Accounts that renewed within 12 months"),
        "lost_renewals_margin": translate("Margin from accounts since lost"),
        "satisfaction_gap": translate("Renewal rate: satisfied users against unsatisfied"),
        "unsatisfied_accounts_margin": translate("Margin of accounts whose users are least satisfied"),
    }
    if found is None:
        reason = translate("the data does not reach back to accounts that were under contract 12 months ago.")
        units = ("share", currency, "share", currency)
        return [WRITER.withhold(*each, reason, unit) for each, unit in zip(labels.items(), units, strict=True)]
    no_margin = translate(
        "this needs a value per month for every contract, gross_margin in the study file, and data for "
        "the 12 months before {day}.",
        day=format_date(found.since),
    )
    findings = _renewed(found, labels, currency, no_margin)
    gap = found.gap
    if gap is None:
        label = labels["satisfaction_gap"]
        return [*findings, WRITER.withhold("satisfaction_gap", label, found.missing, SHARE_POINTS)]
    writer, (text, method) = replace(WRITER, grade="D", level=level), _gap_words(found, gap)
    at_risk = None if math.isnan(found.at_risk_margin) else found.at_risk_margin
    unhappy = ""
    if at_risk is not None:
        worth = format_value(at_risk, currency)
        unhappy = (
            translate_count(
                "{count:,} account under contract today has users in the lowest third; it brought {worth} of margin "
                "in the last 12 months.",
                "{count:,} accounts under contract today have users in the lowest third; they brought {worth} of "
                "margin in the last 12 months.",
                found.at_risk_accounts,
                worth=worth,
            )
            if found.users
            else translate_count(
                "{count:,} account under contract today has people in the lowest third; it brought {worth} of "
                "margin in the last 12 months.",
                "{count:,} accounts under contract today have people in the lowest third; they brought {worth} "
                "of margin in the last 12 months.",
                found.at_risk_accounts,
                worth=worth,
            )
        )
    least = translate(
        "Accounts under contract now whose mean score of the last 12 months is in the lowest third of "
        "all accounts with a score."
    )
    key = "unsatisfied_accounts_margin"
    return [
        *findings,
        writer.write("satisfaction_gap", labels["satisfaction_gap"], gap, SHARE_POINTS, text, method),
        WRITER.write(key, labels[key], at_risk, currency, unhappy, least, missing=no_margin),
    ]


def _renewed(found: AccountRenewals, labels: dict[str, str], currency: str, no_margin: str) -> list[Finding]:
    """How many accounts renewed, and what those that did not had brought."""
    since, lost = format_date(found.since), found.accounts - found.renewed
    rate = found.renewed / found.accounts
    renewed = translate_count(
        "{renewed:,} of the {accounts:,} accounts under contract on {day} ({share}) still are; {count:,} was lost.",
        "{renewed:,} of the {accounts:,} accounts under contract on {day} ({share}) still are; {count:,} were lost.",
        lost,
        renewed=found.renewed,
        accounts=found.accounts,
        day=since,
        share=format_value(rate, "share"),
    )
    account = translate(
        "An account is what one buyer holds (account_id, else the customer). Lost: no contract of it runs 12 months later."
    )
    brought = None if math.isnan(found.lost_margin) else found.lost_margin
    cost = (
        translate_count(
            "The {count:,} account lost since {day} had brought {worth} of margin in the 12 months before: the "
            "yearly cost of the lost renewal.",
            "The {count:,} accounts lost since {day} had brought {worth} of margin in the 12 months before: the "
            "yearly cost of the lost renewals.",
            lost,
            day=since,
            worth=format_value(brought, currency),
        )
        if brought is not None
        else ""
    )
    counted = translate(
        "Gross margin × value per month × time under contract of the lost accounts in the 12 months before."
    )
    key = "lost_renewals_margin"
    return [
        WRITER.write("account_renewals", labels["account_renewals"], rate, "share", renewed, account),
        WRITER.write(key, labels[key], brought, currency, cost, counted, missing=no_margin),
    ]


def _gap_words(found: AccountRenewals, gap: Interval) -> tuple[str, str]:
    """The sentence on the renewals of satisfied and unsatisfied accounts, and how they were compared."""
    bands = found.bands.set_index("band")
    numbers = {
        "metric": found.metric,
        "highest": format_value(float(bands.loc[THIRDS[2], "renewed"]), "share"),
        "lowest": format_value(float(bands.loc[THIRDS[0], "renewed"]), "share"),
        "points": 100 * gap.value,
        "low": 100 * gap.low,
        "high": 100 * gap.high,
    }
    if found.users:
        told = translate(
            "Accounts whose users are in the highest third of '{metric}' renew in {highest} of the cases, those in the "
            "lowest third in {lowest}: a gap of {points:.1f} points ({low:.1f} to {high:.1f}).",
            **numbers,
        )
        method = translate(
            "Accounts under contract on {days} landmark days a year apart, by the mean score of their users "
            "in the 12 months before; renewed: under contract 12 months later. Share in the highest third "
            "less that in the lowest; an account that appears on several days counts as one draw.",
            days=found.landmarks,
        )
    else:
        told = translate(
            "Accounts whose people are in the highest third of '{metric}' renew in {highest} of the cases, those in the "
            "lowest third in {lowest}: a gap of {points:.1f} points ({low:.1f} to {high:.1f}).",
            **numbers,
        )
        method = translate(
            "Accounts under contract on {days} landmark days a year apart, by the mean score of their people"
            " in the 12 months before; renewed: under contract 12 months later. Share in the highest third "
            "less that in the lowest; an account that appears on several days counts as one draw.",
            days=found.landmarks,
        )
    chance = "" if gap.low > 0 or gap.high < 0 else translate("It may be chance.")
    return sentences(told, chance, no_cause()), method
