"""The findings ``churn.*`` of customers under contract: who will leave, what goes with it, and what accounts' users say."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from cxvalue.findings.numbers import format_date, format_level, format_range, format_value
from cxvalue.findings.writer import FindingWriter
from cxvalue.lifetime.families.registry import MODEL_TITLES
from cxvalue.questions.churn.findings import warning_findings, warning_labels
from cxvalue.questions.contracts.drivers import COMPLAINT, SATISFACTION, THIRDS
from cxvalue.questions.contracts.findings import forecast_grade, miss_words

if TYPE_CHECKING:
    from cxvalue.findings.finding import Finding
    from cxvalue.questions.contracts.accounts import AccountRenewals
    from cxvalue.questions.contracts.endings import ContractChurn

__all__ = ["NO_CAUSE", "account_findings", "contract_churn_findings", "driver_findings"]

WRITER = FindingWriter("30_churn_contractual", "churn.", case="C7")
NO_CAUSE = "This is a link, not a cause: who differs in it may differ in other things that nobody recorded."


def contract_churn_findings(churn: ContractChurn, *, currency: str) -> list[Finding]:
    """The findings churn.rate, churn.value_at_risk, churn.auc and churn.brier."""
    found, writer = churn.losses, replace(WRITER, case="C4")
    rate_label, risk_label = "Customers who will leave within 12 months", "Margin at risk within 12 months"
    if found is None:
        reason = "nobody is under contract any more."
        parts = (("rate", rate_label, "share"), ("value_at_risk", risk_label, currency))
        return [*(writer.withhold(key, label, reason, unit) for key, label, unit in parts), *_past(churn)]
    sure, caution = format_level(found.level), miss_words(churn, None, currency)
    made = (
        f"{MODEL_TITLES[churn.model]} fitted on all data up to {format_date(churn.as_of)}. {churn.why} The range is for "
        "what will really happen: uncertainty of the model's parameters and of every customer's fate."
    )
    rate, risk = found.rate, found.at_risk
    leave = (
        f"{format_value(rate.value, 'share')} of the {found.members:,} customers under contract should leave within 12 "
        f"months; {format_range(rate.low, rate.high, 'share')} with {sure} probability.{caution}"
    )
    taken = (
        f"{format_value(rate.value, 'share')} of the customers under contract should leave within 12 months; they brought "
        f"{format_value(risk.value, currency)} of margin in the last 12. It will be "
        f"{format_range(risk.low, risk.high, currency)} with {sure} probability.{caution}"
    )
    mean = f"{made} Mean over active customers of P(the relation ends within 12 months)."
    summed = (
        f"{made} Sum over active customers of that probability × their margin of the last 12 months (gross margin × value "
        "per month × time under contract), nominal and before tax."
    )
    sound = replace(writer, grade=forecast_grade(churn, None), level=found.level)
    return [
        sound.write("rate", rate_label, rate, "share", leave, mean),
        writer.withhold("value_at_risk", risk_label, churn.missing, currency)
        if churn.missing
        else sound.write("value_at_risk", risk_label, risk, currency, taken, summed),
        *_past(churn),
    ]


def _past(churn: ContractChurn) -> list[Finding]:
    return warning_findings(
        replace(WRITER, case="C19"),
        warning_labels("would leave"),
        churn.backtest,
        method="fitted on what was known on {day} only; P(the contract ends from {span}) of the {customers:,} customers "
        "under contract on that day, compared with who left.",
        did="left",
        none="everybody left, or nobody did",
        share="left",
    )


def driver_findings(churn: ContractChurn, *, level: float) -> list[Finding]:
    """The findings churn.hazard_ratio.complaint and churn.hazard_ratio.satisfaction, where the study has these drivers."""
    if churn.hazard is None:
        return []
    model = churn.hazard.model
    ratios = model.ratios(level).set_index(["driver", "level"])
    wanted = (
        (COMPLAINT, "yes", "complaint", "After a complaint", "in the 90 days after a complaint", "otherwise"),
        (SATISFACTION, THIRDS[0], "satisfaction", "Where satisfaction is in the lowest third",
         "where satisfaction is in the lowest third", "in the highest third"),
    )  # fmt: skip
    writer = replace(WRITER, prefix="churn.hazard_ratio.", case="C10", grade="D", level=level)
    findings = []
    for driver, name, short, label, where, against in wanted:
        if (driver, name) not in ratios.index:
            continue
        ratio, low, high = (float(ratios.loc[(driver, name), part]) for part in ("ratio", "low", "high"))
        if math.isnan(low):
            continue
        said = "" if low > 1 or high < 1 else " The range holds 1, so that this may be chance."
        text = (
            f"Contracts end {ratio:.1f} times as often {where} as {against}, {low:.1f} to {high:.1f} with "
            f"{format_level(level)} confidence.{said} {NO_CAUSE}"
        )
        method = (
            f"Hazard ratio of a monthly model (complementary log-log) on {model.months:,} months of contracts and "
            f"{model.ends:,} ends, customers alike in {', '.join(one for one in model.drivers if one != driver)}; accounts "
            f"({model.clusters:,}) count as one draw."
        )
        label += ", contracts end so many times as often"
        findings.append(writer.write(short, label, (ratio, low, high), "", text, method))
    return findings


def account_findings(found: AccountRenewals | None, *, currency: str, level: float) -> list[Finding]:
    """What lost renewals cost, and whether accounts with satisfied users renew more often."""
    labels = {
        "account_renewals": "Accounts that renewed within 12 months",
        "lost_renewals_margin": "Margin that lost accounts had brought",
        "satisfaction_gap": "Renewal rate: satisfied users against unsatisfied",
        "unsatisfied_accounts_margin": "Margin of accounts whose users are least satisfied",
    }
    if found is None:
        reason = "the data does not reach back to accounts that were under contract 12 months ago."
        units = ("share", currency, "share", currency)
        return [WRITER.withhold(*each, reason, unit) for each, unit in zip(labels.items(), units, strict=True)]
    since, lost = format_date(found.since), found.accounts - found.renewed
    who = "users" if found.users else "people"
    no_margin = (
        "it takes a value per month of every contract, gross_margin in the study file, and data of the 12 months before "
        f"{since}."
    )
    rate = found.renewed / found.accounts
    brought, at_risk = (None if math.isnan(one) else one for one in (found.lost_margin, found.at_risk_margin))
    renewed = (
        f"{found.renewed:,} of the {found.accounts:,} accounts under contract on {since} ({format_value(rate, 'share')}) "
        f"still are; {lost:,} were lost."
    )
    account = (
        "An account is what one buyer holds (account_id, else the customer). Lost: no contract of it runs 12 months "
        "later."
    )
    cost = (
        f"The {lost:,} accounts lost since {since} had brought {format_value(found.lost_margin, currency)} of margin in the "
        "12 months before: what the lost renewals cost a year."
        if brought is not None
        else ""
    )
    counted = "Gross margin × value per month × time under contract of the lost accounts in the 12 months before."
    label, gap_label, risk_label = (labels[key] for key in list(labels)[1:])
    findings = [
        WRITER.write("account_renewals", labels["account_renewals"], rate, "share", renewed, account),
        WRITER.write("lost_renewals_margin", label, brought, currency, cost, counted, missing=no_margin),
    ]
    gap = found.gap
    if gap is None:
        return [*findings, WRITER.withhold("satisfaction_gap", gap_label, found.missing, "share")]
    bands = found.bands.set_index("band")
    clear = gap.low > 0 or gap.high < 0
    text = (
        f"Accounts whose {who} are in the highest third of '{found.metric}' renew in "
        f"{format_value(float(bands.loc[THIRDS[2], 'renewed']), 'share')} of the cases, those in the lowest third in "
        f"{format_value(float(bands.loc[THIRDS[0], 'renewed']), 'share')}: a gap of {100 * gap.value:.1f} points "
        f"({100 * gap.low:.1f} to {100 * gap.high:.1f}).{'' if clear else ' It may be chance.'} {NO_CAUSE}"
    )
    method = (
        f"Accounts under contract on {found.landmarks} landmark days a year apart, by the mean score of their {who} in the "
        "12 months before; renewed: under contract 12 months later. Share in the highest third less that in the lowest; an "
        "account that comes on several days counts as one draw."
    )
    writer = replace(WRITER, grade="D", level=level)
    findings.append(writer.write("satisfaction_gap", gap_label, gap, "share", text, method))
    text = (
        f"{found.at_risk_accounts:,} accounts under contract today have {who} in the lowest third; they brought "
        f"{format_value(found.at_risk_margin, currency)} of margin in the last 12 months."
        if at_risk is not None
        else ""
    )
    method = (
        "Accounts under contract now whose mean score of the last 12 months is in the lowest third of all looked at."
    )
    key = "unsatisfied_accounts_margin"
    findings.append(WRITER.write(key, risk_label, at_risk, currency, text, method, missing=no_margin))
    return findings
