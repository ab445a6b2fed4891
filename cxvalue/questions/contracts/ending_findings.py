"""The findings ``churn.*`` of customers under contract: who will leave, what goes with it, and what accounts' users say."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING

from cxvalue.findings.finding import Finding
from cxvalue.findings.numbers import format_date, format_level, format_range, format_value
from cxvalue.lifetime.families.registry import MODEL_TITLES
from cxvalue.questions.churn.findings import describe_warning
from cxvalue.questions.contracts.drivers import COMPLAINT, SATISFACTION, THIRDS
from cxvalue.questions.contracts.findings import forecast_grade, miss_words

if TYPE_CHECKING:
    from cxvalue.questions.contracts.accounts import AccountRenewals
    from cxvalue.questions.contracts.endings import ContractChurn

__all__ = ["NO_CAUSE", "account_findings", "contract_churn_findings", "driver_findings"]

NOTEBOOK = "30_churn_contractual"
NO_CAUSE = "This is a link, not a cause: who differs in it may differ in other things that nobody recorded."


def _finding(name: str, label: str, value: float | None, unit: str, text: str, method: str = "", case: str = "C7",
             ends: tuple[float, float] | None = None, level: float | None = None,
             grade: str | None = None) -> Finding:  # fmt: skip
    low, high = ends or (None, None)
    return Finding(
        f"churn.{name}", label, value, low, high, level if ends else None, unit, grade, text, method, case, NOTEBOOK
    )


def contract_churn_findings(churn: ContractChurn, *, currency: str) -> list[Finding]:
    """The findings churn.rate, churn.value_at_risk, churn.auc and churn.brier."""
    found = churn.losses
    rate_label, risk_label = "Customers who will leave within 12 months", "Margin at risk within 12 months"
    if found is None:
        reason = "Not available: nobody is under contract any more."
        parts = [
            _finding("rate", rate_label, None, "share", reason, case="C4"),
            _finding("value_at_risk", risk_label, None, currency, reason, case="C4"),
        ]
        return [*parts, *_past(churn)]
    sure, caution = format_level(found.level), miss_words(churn, None, currency)
    grade = forecast_grade(churn, None)
    made = (
        f"{MODEL_TITLES[churn.model]} fitted on all data up to {format_date(churn.as_of)}. {churn.why} The range is for "
        "what will really happen: uncertainty of the model's parameters and of every customer's fate."
    )
    rate, risk = found.rate, found.at_risk
    findings = [
        _finding(
            "rate",
            rate_label,
            rate.value,
            "share",
            f"{format_value(rate.value, 'share')} of the {found.members:,} customers under contract should leave within 12 "
            f"months; {format_range(rate.low, rate.high, 'share')} with {sure} probability.{caution}",
            f"{made} Mean over active customers of P(the relation ends within 12 months).",
            "C4",
            (rate.low, rate.high),
            found.level,
            grade,
        )
    ]
    if churn.missing:
        findings.append(
            _finding("value_at_risk", risk_label, None, currency, f"Not available: {churn.missing}", case="C4")
        )
    else:
        findings.append(
            _finding(
                "value_at_risk",
                risk_label,
                risk.value,
                currency,
                f"{format_value(rate.value, 'share')} of the customers under contract should leave within 12 months; they "
                f"brought {format_value(risk.value, currency)} of margin in the last 12. It will be "
                f"{format_range(risk.low, risk.high, currency)} with {sure} probability.{caution}",
                f"{made} Sum over active customers of that probability × their margin of the last 12 months (gross margin × "
                "value per month × time under contract), nominal and before tax.",
                "C4",
                (risk.low, risk.high),
                found.level,
                grade,
            )
        )
    return [*findings, *_past(churn)]


def _past(churn: ContractChurn) -> list[Finding]:
    labels = {
        "auc": "How well the past warning told who would leave (AUC)",
        "brier": "How close the past warning came (Brier score)",
    }
    past = churn.backtest
    if past is None:
        reason = "Not available: the history is too short to hold part of it back and forecast it."
        return [_finding(name, label, None, "", reason, case="C19") for name, label in labels.items()]
    day = format_date(past.start - timedelta(days=1))
    span = f"{format_date(past.start)} to {format_date(past.end)}"
    method = (
        f"{MODEL_TITLES[past.model]} fitted on what was known on {day} only; P(the contract ends from {span}) of the "
        f"{past.customers:,} customers under contract on that day, compared with who left."
    )
    ranked, text = describe_warning(
        past.auc,
        past.calibration(),
        f"Of the tenth of the customers held safest on {day}, {{}} left from {span}",
        f"from {span} everybody left, or nobody did",
    )
    better = "better" if past.brier < past.brier_of_rate else "no better"
    return [
        _finding("auc", labels["auc"], ranked, "", text, method, "C19"),
        _finding(
            "brier",
            labels["brier"],
            past.brier,
            "",
            f"The mean squared error of that warning is {past.brier:.3f}; knowing only the share that left would give "
            f"{past.brier_of_rate:.3f}, so the warning was {better} than that.",
            method,
            "C19",
        ),
    ]


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
    findings = []
    for driver, name, short, label, where, against in wanted:
        if (driver, name) not in ratios.index:
            continue
        row = ratios.loc[(driver, name)]
        if math.isnan(row["low"]):
            continue
        clear = row["low"] > 1 or row["high"] < 1
        said = "" if clear else " The range holds 1, so that this may be chance."
        findings.append(
            _finding(
                f"hazard_ratio.{short}",
                f"{label}, contracts end so many times as often",
                float(row["ratio"]),
                "",
                f"Contracts end {row['ratio']:.1f} times as often {where} as {against}, "
                f"{row['low']:.1f} to {row['high']:.1f} with {format_level(level)} confidence.{said} {NO_CAUSE}",
                f"Hazard ratio of a monthly model (complementary log-log) on {model.months:,} months of contracts and "
                f"{model.ends:,} ends, customers alike in {', '.join(one for one in model.drivers if one != driver)}; "
                f"accounts ({model.clusters:,}) count as one draw.",
                "C10",
                (float(row["low"]), float(row["high"])),
                level,
                "D",
            )
        )
    return findings


def account_findings(found: AccountRenewals | None, *, currency: str, level: float) -> list[Finding]:
    """What lost renewals cost, and whether accounts with satisfied users renew more often."""
    labels = {
        "account_renewals": ("Accounts that renewed within 12 months", "share"),
        "lost_renewals_margin": ("Margin that lost accounts had brought", currency),
        "satisfaction_gap": ("Renewal rate: satisfied users against unsatisfied", "share"),
        "unsatisfied_accounts_margin": ("Margin of accounts whose users are least satisfied", currency),
    }
    if found is None:
        reason = "Not available: the data does not reach back to accounts that were under contract 12 months ago."
        return [_finding(name, label, None, unit, reason) for name, (label, unit) in labels.items()]
    since, lost = format_date(found.since), found.accounts - found.renewed
    who = "users" if found.users else "people"
    no_margin = (
        "Not available: it takes a value per month of every contract, gross_margin in the study file, and data of the 12 "
        f"months before {since}."
    )
    rate = found.renewed / found.accounts
    findings = [
        _finding(
            "account_renewals",
            labels["account_renewals"][0],
            rate,
            "share",
            f"{found.renewed:,} of the {found.accounts:,} accounts under contract on {since} "
            f"({format_value(rate, 'share')}) still are; {lost:,} were lost.",
            "An account is what one buyer holds (account_id, else the customer). Lost: no contract of it runs 12 months "
            "later.",
        ),
        _finding(
            "lost_renewals_margin",
            labels["lost_renewals_margin"][0],
            None if math.isnan(found.lost_margin) else found.lost_margin,
            currency,
            no_margin
            if math.isnan(found.lost_margin)
            else f"The {lost:,} accounts lost since {since} had brought {format_value(found.lost_margin, currency)} of "
            "margin in the 12 months before: what the lost renewals cost a year.",
            "Gross margin × value per month × time under contract of the lost accounts in the 12 months before.",
        ),
    ]
    label, unit = labels["satisfaction_gap"]
    if found.gap is None:
        return [*findings, _finding("satisfaction_gap", label, None, unit, f"Not available: {found.missing}")]
    gap = found.gap
    bands = found.bands.set_index("band")
    clear = gap.low > 0 or gap.high < 0
    findings.append(
        _finding(
            "satisfaction_gap",
            label,
            gap.value,
            unit,
            f"Accounts whose {who} are in the highest third of '{found.metric}' renew in "
            f"{format_value(float(bands.loc[THIRDS[2], 'renewed']), 'share')} of the cases, those in the lowest third in "
            f"{format_value(float(bands.loc[THIRDS[0], 'renewed']), 'share')}: a gap of {100 * gap.value:.1f} points "
            f"({100 * gap.low:.1f} to {100 * gap.high:.1f}).{'' if clear else ' It may be chance.'} {NO_CAUSE}",
            f"Accounts under contract on {found.landmarks} landmark days a year apart, by the mean score of their {who} "
            "in the 12 months before; renewed: under contract 12 months later. Share in the highest third less that in "
            "the lowest; an account that comes on several days counts as one draw.",
            "C7",
            (gap.low, gap.high),
            level,
            "D",
        )
    )
    label, unit = labels["unsatisfied_accounts_margin"]
    amount = found.at_risk_margin
    known = not math.isnan(amount)
    findings.append(
        _finding(
            "unsatisfied_accounts_margin",
            label,
            amount if known else None,
            unit,
            f"{found.at_risk_accounts:,} accounts under contract today have {who} in the lowest third; they brought "
            f"{format_value(amount, currency)} of margin in the last 12 months."
            if known
            else no_margin,
            "Accounts under contract now whose mean score of the last 12 months is in the lowest third of all looked at.",
        )
    )
    return findings
