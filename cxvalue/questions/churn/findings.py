"""The findings ``churn.*``: who of the active customers will not buy again, what they bring, and how far to trust it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from cxvalue.findings.numbers import format_date, format_level, format_range, format_value
from cxvalue.findings.points import withhold_points
from cxvalue.findings.writer import FindingWriter
from cxvalue.foundation.calendar import months_before
from cxvalue.foundation.grades import CAUTION_ABOVE
from cxvalue.language.catalogue import translatable, translate
from cxvalue.language.words import sentences
from cxvalue.lifetime.families.registry import MODEL_TITLES

if TYPE_CHECKING:
    from cxvalue.findings.finding import Finding
    from cxvalue.questions.churn.churn import Churn
    from cxvalue.questions.churn.losses import Losses
    from cxvalue.questions.churn.past_churn import Backtest

WRITER = FindingWriter("30_churn", "churn.", case="C4")
WARNED = replace(WRITER, case="C19")
Left = Literal["purchases", "contracts"]
"""What those who leave end: buying, which nobody announces, or a contract."""


def churn_findings(churn: Churn, backtest: Backtest | None, *, currency: str) -> list[Finding]:
    """The findings of the churn notebook; without a sound model each is withheld with the reason."""
    found, labels = churn.losses, warning_labels("purchases")
    rate_label = translate("Active customers who will not buy within 12 months")
    risk_label = translate("Margin at risk within 12 months")
    if found is None:
        return [
            WRITER.withhold("rate", rate_label, churn.withheld, "share", word="withheld"),
            WRITER.withhold("value_at_risk", risk_label, churn.withheld, currency, word="withheld"),
            *(WARNED.withhold(key, label, churn.withheld, word="withheld") for key, label in labels.items()),
        ]
    caution, rate = _caution(backtest), found.rate
    writer = replace(WRITER, grade="C", level=found.level)
    said = translate(
        "{share} of the active customers are forecast not to buy within the next 12 months, {range} with {sure} "
        "probability.",
        share=format_value(rate.value, "share"),
        range=format_range(rate.low, rate.high, "share"),
        sure=format_level(found.level),
    )
    mean = translate("Mean over the active customers.")
    made, (lost, summed) = _made(churn), _lost(churn, found, currency)
    told = [
        writer.write("rate", rate_label, rate, "share", sentences(said, caution), f"{made} {mean}"),
        writer.write(
            "value_at_risk", risk_label, found.at_risk, currency, sentences(lost, caution), f"{made} {summed}"
        ),
    ]
    return [*withhold_points(told), *warning_findings(WARNED, labels, backtest, "purchases")]


def _made(churn: Churn) -> str:
    values = {"as_of": format_date(churn.as_of), "days": churn.dormancy_days}
    if churn.model == "combination":
        return translate(
            "Several forecasts combined, from all data up to {as_of}: 1 − P(a purchase within 12 months of 365.25 / 12 "
            "days) of every customer silent for fewer than {days} days. The range is for what will really happen: how far "
            "such forecasts miss, and every customer's fate.",
            **values,
        )
    return translate(
        "{model}, from all data up to {as_of}: 1 − P(a purchase within 12 months of 365.25 / 12 days) of every customer "
        "silent for fewer than {days} days. The range is for what will really happen: how far such forecasts miss, and "
        "every customer's fate.",
        model=MODEL_TITLES[churn.model],
        **values,
    )


def _lost(churn: Churn, found: Losses, currency: str) -> tuple[str, str]:
    """What those who will not buy again brought, and how that is summed."""
    values = {
        "members": found.members,
        "leaving": _about(found.leaving.value),
        "rate": found.rate.value,
        "worth": format_value(found.at_risk.value, currency),
    }
    if churn.margin_from == months_before(churn.as_of, 12) + timedelta(days=1):
        return (
            translate(
                "Of the {members:,} active customers about {leaving:,.0f} ({rate:.1%}) are forecast not to buy again "
                "within 12 months; they brought {worth} of margin in the last 12 months.",
                **values,
            ),
            translate(
                "Sum over the active customers of that probability × their margin in the last 12 months, nominal and before "
                "tax."
            ),
        )
    since = format_date(churn.margin_from)
    return (
        translate(
            "Of the {members:,} active customers about {leaving:,.0f} ({rate:.1%}) are forecast not to buy again "
            "within 12 months; they brought {worth} of margin since {since}.",
            **values,
            since=since,
        ),
        translate(
            "Sum over the active customers of that probability × their margin since {since}, nominal and before tax.",
            since=since,
        ),
    )


_LABELS: Mapping[Left, tuple[str, str]] = {
    "purchases": (
        translatable("How well the past warning told who would leave (AUC)"),
        translatable("How close the past warning came (Brier score)"),
    ),
    "contracts": (
        translatable("How well the past warning told who would leave (AUC)"),
        translatable("How close the past warning came (Brier score)"),
    ),
}
_FITTED: Mapping[Left, str] = {
    "purchases": translatable(
        "{model} fitted on data up to {day} only; P(no purchase from {start} to {end}) of the {customers:,} customers "
        "active then, compared with who bought nothing."
    ),
    "contracts": translatable(
        "{model} fitted on what was known on {day} only; P(the contract ends from {start} to {end}) of the {customers:,} "
        "customers under contract on that day, compared with who left."
    ),
}
_RANKED: Mapping[Left, str] = {
    "purchases": translatable(
        "Of the tenth of customers rated safest on {day}, {first} bought nothing from {start} to {end}; "
        "of the tenth rated most at risk, {last} (AUC {auc:.2f}; 0.5 is chance, 1 is perfect)."
    ),
    "contracts": translatable(
        "Of the tenth of customers rated safest on {day}, {first} left from {start} to {end}; of the "
        "tenth rated most at risk, {last} (AUC {auc:.2f}; 0.5 is chance, 1 is perfect)."
    ),
}
_ALIKE: Mapping[Left, str] = {
    "purchases": translatable("from {start} to {end} all active customers bought, or none did."),
    "contracts": translatable("from {start} to {end} everybody left, or nobody did."),
}
_CLOSE: Mapping[tuple[Left, bool], str] = {
    ("purchases", True): translatable(
        "The mean squared error of that warning is {brier:.3f}; knowing only the share that stayed away would give "
        "{known:.3f}, so the warning was better than that."
    ),
    ("purchases", False): translatable(
        "The mean squared error of that warning is {brier:.3f}; knowing only the share that stayed away would give "
        "{known:.3f}, so the warning was no better than that."
    ),
    ("contracts", True): translatable(
        "The mean squared error of that warning is {brier:.3f}; knowing only the share that left would give {known:.3f}, so "
        "the warning was better than that."
    ),
    ("contracts", False): translatable(
        "The mean squared error of that warning is {brier:.3f}; knowing only the share that left would give {known:.3f}, so "
        "the warning was no better than that."
    ),
}


def warning_labels(left: Left) -> dict[str, str]:
    """The findings on a past warning with their labels."""
    return {key: translate(label) for key, label in zip(("auc", "brier"), _LABELS[left], strict=True)}


def warning_findings(
    writer: FindingWriter, labels: Mapping[str, str], past: Backtest | None, left: Left
) -> list[Finding]:
    """The findings ``auc`` and ``brier`` of a past warning.

    Args:
        writer: for both.
        labels: as `warning_labels` gives them.
        past: what was said then and came; None where the history is too short.
        left: what those end who were rightly warned of.
    """
    if past is None:
        reason = translate("the history is too short to hold part of it back and forecast it.")
        return [writer.withhold(key, label, reason) for key, label in labels.items()]
    span = {"start": format_date(past.start), "end": format_date(past.end)}
    when = {"day": format_date(past.start - timedelta(days=1)), **span}
    if past.model == "combination":
        made = translate(
            "The same way of forecasting fitted on data up to {day} only; P(no purchase from {start} to {end}) of the "
            "{customers:,} customers active then, compared with who bought nothing.",
            customers=past.customers,
            **when,
        )
    else:
        made = translate(_FITTED[left], model=MODEL_TITLES[past.model], customers=past.customers, **when)
    ranked, told = None if math.isnan(past.auc) else past.auc, ""
    if ranked is not None:
        tenths = past.calibration()["actual"]
        first, last = (format_value(float(tenths.iloc[place]), "share") for place in (0, -1))
        told = translate(_RANKED[left], first=first, last=last, auc=ranked, **when)
    close = translate(_CLOSE[left, past.brier < past.brier_of_rate], brier=past.brier, known=past.brier_of_rate)
    alike = translate(_ALIKE[left], **span)
    return [
        writer.write("auc", labels["auc"], ranked, "", told, made, missing=alike),
        writer.write("brier", labels["brier"], past.brier, "", close, made),
    ]


def _caution(backtest: Backtest | None) -> str:
    """What the range does not hold: a forecast of the past that was far off."""
    if backtest is None:
        return ""
    said, came = float(backtest.probabilities.mean()), float(backtest.stayed_away.mean())
    if abs(said - came) <= CAUTION_ABOVE:
        return ""
    return translate(
        "Caution: the forecast made with data to {day} expected {said:.0%} of the customers active then to stay away until "
        "{end}. Actual: {came:.0%}.",
        day=format_date(backtest.start - timedelta(days=1)),
        said=said,
        end=format_date(backtest.end),
        came=came,
    )


def _about(number: float) -> float:
    """A number of customers to two digits, small ones in full.

    >>> _about(1106.3), _about(83.7)
    (1100.0, 84)
    """
    return round(number, -len(str(int(number))) + 2) if number >= 100 else round(number)
