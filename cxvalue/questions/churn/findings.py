"""The findings ``churn.*``: who of the active customers will not buy again, what they bring, and how far to trust it."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from cxvalue.findings.numbers import format_date, format_level, format_range, format_value
from cxvalue.findings.points import withhold_points
from cxvalue.findings.writer import FindingWriter
from cxvalue.foundation.calendar import months_before
from cxvalue.foundation.grades import CAUTION_ABOVE
from cxvalue.lifetime.families.registry import MODEL_TITLES

if TYPE_CHECKING:
    from cxvalue.findings.finding import Finding
    from cxvalue.questions.churn.churn import Churn
    from cxvalue.questions.churn.past_churn import Backtest

__all__ = ["churn_findings", "warning_findings", "warning_labels"]

WRITER = FindingWriter("30_churn", "churn.", case="C4")
WARNED = replace(WRITER, case="C19")
RATE = "Active customers who will not buy within 12 months"
AT_RISK = "Margin at risk within 12 months"


def churn_findings(churn: Churn, backtest: Backtest | None, *, currency: str) -> list[Finding]:
    """The findings of the churn notebook; without a sound model each is withheld with the reason."""
    found, labels = churn.losses, warning_labels("would stay away")
    if found is None:
        return [
            WRITER.withhold("rate", RATE, churn.withheld, "share", word="withheld"),
            WRITER.withhold("value_at_risk", AT_RISK, churn.withheld, currency, word="withheld"),
            *(WARNED.withhold(key, label, churn.withheld, word="withheld") for key, label in labels.items()),
        ]
    caution, sure = _caution(backtest), format_level(found.level)
    way = "Several forecasts combined" if churn.model == "combination" else MODEL_TITLES[churn.model]
    made = (
        f"{way}, from all data up to {format_date(churn.as_of)}: 1 − P(a purchase within 12 months of 365.25 / 12 days) of "
        f"every customer silent for fewer than {churn.dormancy_days} days. The range is for what will really happen: how "
        "far such forecasts miss, and every customer's fate."
    )
    brought = _brought(churn)
    rate, risk = found.rate, found.at_risk
    writer = replace(WRITER, grade="C", level=found.level)
    said = (
        f"{format_value(rate.value, 'share')} of the active customers are forecast not to buy within the next 12 "
        f"months, {format_range(rate.low, rate.high, 'share')} with {sure} probability.{caution}"
    )
    lost = (
        f"Of the {found.members:,} active customers about {_about(found.leaving.value)} ({rate.value:.0%}) will not buy "
        f"again within 12 months; they brought {format_value(risk.value, currency)} of margin {brought}.{caution}"
    )
    summed = f"Sum over the active customers of that probability × their margin {brought}, nominal and before tax."
    mean = f"{made} Mean over the active customers."
    told = [
        writer.write("rate", RATE, rate, "share", said, mean),
        writer.write("value_at_risk", AT_RISK, risk, currency, lost, f"{made} {summed}"),
    ]
    past = warning_findings(
        WARNED,
        labels,
        backtest,
        method="fitted on data up to {day} only; P(no purchase from {span}) of the {customers:,} customers active then, "
        "compared with who bought nothing.",
        did="bought nothing",
        none="all active customers bought, or none did",
        share="stayed away",
    )
    return [*withhold_points(told), *past]


def warning_labels(left: str) -> dict[str, str]:
    """The findings on a past warning with their labels; `left` says what customers did that it warned of."""
    return {
        "auc": f"How well the past warning told who {left} (AUC)",
        "brier": "How close the past warning came (Brier score)",
    }


def warning_findings(
    writer: FindingWriter,
    labels: dict[str, str],
    past: Backtest | None,
    *,
    method: str,
    did: str,
    none: str,
    share: str,
) -> list[Finding]:
    """The findings ``auc`` and ``brier`` of a past warning.

    Args:
        labels: as `warning_labels` gives them.
        past: what was said then and came; None where the history is too short.
        method: behind the model's name, with places for day, span and customers.
        did: what those did who were rightly warned of, as in "12% bought nothing".
        none: why there is no AUC where all of them did alike.
        share: the same of a share, as in "the share that stayed away".
    """
    if past is None:
        reason = "the history is too short to hold part of it back and forecast it."
        return [writer.withhold(key, label, reason) for key, label in labels.items()]
    day = format_date(past.start - timedelta(days=1))
    span = f"{format_date(past.start)} to {format_date(past.end)}"
    way = "The same way of forecasting" if past.model == "combination" else MODEL_TITLES[past.model]
    made = f"{way} {method.format(day=day, span=span, customers=past.customers)}"
    ranked, told = None if math.isnan(past.auc) else past.auc, ""
    if ranked is not None:
        tenths = past.calibration()["actual"]
        first, last = (format_value(float(tenths.iloc[place]), "share") for place in (0, -1))
        told = (
            f"Of the tenth of the customers held safest on {day}, {first} {did} from {span}; of the tenth held most at "
            f"risk, {last} (AUC {ranked:.2f}; 0.5 would be chance, 1 perfect)."
        )
    close = (
        f"The mean squared error of that warning is {past.brier:.3f}; knowing only the share that {share} would give "
        f"{past.brier_of_rate:.3f}, so the warning was {'better' if past.brier < past.brier_of_rate else 'no better'} than "
        "that."
    )
    return [
        writer.write("auc", labels["auc"], ranked, "", told, made, missing=f"from {span} {none}."),
        writer.write("brier", labels["brier"], past.brier, "", close, made),
    ]


def _caution(backtest: Backtest | None) -> str:
    """What the range does not hold: a forecast of the past that was far off."""
    if backtest is None:
        return ""
    said, came = float(backtest.probabilities.mean()), float(backtest.stayed_away.mean())
    if abs(said - came) <= CAUTION_ABOVE:
        return ""
    return (
        f" Caution: the forecast made with data to {format_date(backtest.start - timedelta(days=1))} expected {said:.0%} of "
        f"the customers active then to stay away until {format_date(backtest.end)}. Actual: {came:.0%}."
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
