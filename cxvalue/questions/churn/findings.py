"""The findings ``churn.*``: who of the active customers will not buy again, what they bring, and how far to trust it."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING

from cxvalue.findings.finding import Finding
from cxvalue.findings.numbers import format_date, format_level, format_range, format_value
from cxvalue.findings.points import withhold_points
from cxvalue.foundation.calendar import months_before
from cxvalue.foundation.grades import CAUTION_ABOVE
from cxvalue.lifetime.families.registry import MODEL_TITLES

if TYPE_CHECKING:
    import pandas as pd

    from cxvalue.questions.churn.churn import Churn
    from cxvalue.questions.churn.past_churn import Backtest

__all__ = ["churn_findings", "describe_warning"]

NOTEBOOK = "30_churn"
LABELS = {
    "rate": ("Active customers who will not buy within 12 months", "share"),
    "value_at_risk": ("Margin at risk within 12 months", ""),
    "auc": ("How well the past warning told who would stay away (AUC)", ""),
    "brier": ("How close the past warning came (Brier score)", ""),
}


def churn_findings(churn: Churn, backtest: Backtest | None, *, currency: str) -> list[Finding]:
    """The findings of the churn notebook; without a sound model each is withheld with the reason."""
    found = churn.losses
    if found is None:
        because = f"Withheld: {churn.withheld}"
        return [_withheld(name, because, currency) for name in LABELS]
    caution, sure = _caution(backtest), format_level(found.level)
    made = (
        f"{MODEL_TITLES[churn.model]} fitted on all data up to {format_date(churn.as_of)}: 1 − P(a purchase within 12 "
        f"months of 365.25 / 12 days) of every customer silent for fewer than {churn.dormancy_days} days. The range "
        "is for what will really happen: uncertainty of the model's parameters and of every customer's fate."
    )
    brought = _brought(churn)
    rate, risk = found.rate, found.at_risk
    told = [
        Finding(
            "churn.rate",
            LABELS["rate"][0],
            *rate,
            found.level,
            "share",
            "C",
            f"{format_value(rate.value, 'share')} of the active customers should not buy within the next 12 months. If "
            f"they go on as the model describes, it will be {format_range(rate.low, rate.high, 'share')} with {sure} "
            f"probability.{caution}",
            f"{made} Mean over the active customers.",
            "C4",
            NOTEBOOK,
        ),
        Finding(
            "churn.value_at_risk",
            LABELS["value_at_risk"][0],
            *risk,
            found.level,
            currency,
            "C",
            f"Of the {found.members:,} active customers about {_about(found.leaving.value)} ({rate.value:.0%}) will not "
            f"buy again within 12 months; they brought {format_value(risk.value, currency)} of margin {brought}.{caution}",
            f"{made} Sum over the active customers of that probability × their margin {brought}, nominal and before "
            "tax.",
            "C4",
            NOTEBOOK,
        ),
    ]
    return [*withhold_points(told), *_past(backtest, currency)]


def _withheld(name: str, reason: str, currency: str) -> Finding:
    label, unit = LABELS[name]
    unit = currency if name == "value_at_risk" else unit
    return Finding(f"churn.{name}", label, None, unit=unit, text=reason, case=_case(name), notebook=NOTEBOOK)


def _case(name: str) -> str:
    return "C4" if name in ("rate", "value_at_risk") else "C19"


def describe_warning(auc: float, tenths: pd.DataFrame, safest: str, why_none: str) -> tuple[float | None, str]:
    """The AUC of a past warning with its sentence, or None with why there is none.

    `safest` is the sentence on the first of the `tenths`, with a place for its share.
    """
    if math.isnan(auc):
        return None, f"Not available: {why_none}."
    first, last = (format_value(float(tenths["actual"].iloc[place]), "share") for place in (0, -1))
    least = safest.format(first)
    return auc, f"{least}; of the tenth held most at risk, {last} (AUC {auc:.2f}; 0.5 would be chance, 1 perfect)."


def _past(backtest: Backtest | None, currency: str) -> list[Finding]:
    if backtest is None:
        reason = "Not available: the history is too short to hold part of it back and forecast it."
        return [_withheld(name, reason, currency) for name in ("auc", "brier")]
    day = format_date(backtest.start - timedelta(days=1))
    span = f"{format_date(backtest.start)} to {format_date(backtest.end)}"
    method = (
        f"{MODEL_TITLES[backtest.model]} fitted on data up to {day} only; P(no purchase from {span}) of the "
        f"{backtest.customers:,} customers active then, compared with who bought nothing."
    )
    ranked, text = describe_warning(
        backtest.auc,
        backtest.calibration(),
        f"Of the tenth of the customers held safest on {day}, {{}} bought nothing from {span}",
        f"from {span} all active customers bought, or none did",
    )
    return [
        Finding("churn.auc", LABELS["auc"][0], ranked, text=text, method=method, case=_case("auc"), notebook=NOTEBOOK),
        Finding(
            "churn.brier",
            LABELS["brier"][0],
            backtest.brier,
            text=f"The mean squared error of that warning is {backtest.brier:.3f}; knowing only the share that stayed "
            f"away would give {backtest.brier_of_rate:.3f}, so the warning was "
            f"{'better' if backtest.brier < backtest.brier_of_rate else 'no better'} than that.",
            method=method,
            case=_case("brier"),
            notebook=NOTEBOOK,
        ),
    ]


def _caution(backtest: Backtest | None) -> str:
    """What the range does not hold: a forecast of the past that was far off."""
    if backtest is None:
        return ""
    said, came = float(backtest.probabilities.mean()), float(backtest.stayed_away.mean())
    if abs(said - came) <= CAUTION_ABOVE:
        return ""
    return (
        f" Caution: asked on {format_date(backtest.start - timedelta(days=1))}, the model expected {said:.0%} of the then "
        f"active to stay away until {format_date(backtest.end)}; {came:.0%} did."
    )


def _brought(churn: Churn) -> str:
    whole = churn.margin_from == months_before(churn.as_of, 12) + timedelta(days=1)
    return "in the last 12 months" if whole else f"since {format_date(churn.margin_from)}"


def _about(number: float) -> str:
    """A number of customers to two digits, small ones in full.

    >>> _about(1106.3), _about(83.7)
    ('1,100', '84')
    """
    return f"{round(number, -len(str(int(number))) + 2) if number >= 100 else round(number):,.0f}"
