"""The early-warning list: active customers ranked by the margin that may go with them, with the reason in words.

A reason is given where the customer's own history speaks, and only there: the rhythm is broken, spend is falling, or a
complaint is open. Both of the first two are tests at 5%: one customer in twenty who has not changed at all would get
that remark.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

import ibis
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import fdtr

from cxvalue.findings.small_groups import withheld_list
from cxvalue.findings.suppression import dominated
from cxvalue.foundation.calendar import day_number
from cxvalue.foundation.rounding import ROUNDING
from cxvalue.language.catalogue import translatable, translate
from cxvalue.language.words import named, spoken_words
from cxvalue.lifetime.prediction.value import RHYTHM_BROKEN_BELOW
from cxvalue.tables.purchase_log import PurchaseLog, purchase_log

if TYPE_CHECKING:
    from cxvalue.lifetime import LifetimeModel
    from cxvalue.questions.churn.churn import Churn

LAST_PURCHASES = 3
FALLING_BELOW = 0.05
FALL_AT_LEAST = 0.2
RHYTHM_BROKEN, SPEND_FALLING = translatable("usual rhythm broken"), translatable("spend falling")
COMPLAINT_OPEN = translatable("complaint open")
REASONS = (RHYTHM_BROKEN, SPEND_FALLING, COMPLAINT_OPEN)
"""What speaks, in English, for `translate` to tell; the words of a customer's list begin with it."""
NONE_OF_THESE = translatable("none of these")


def early_warning(
    churn: Churn,
    model: LifetimeModel,
    purchases: ibis.Table,
    interactions: ibis.Table | None = None,
    log: PurchaseLog | None = None,
) -> pd.DataFrame:
    """All active customers, the largest value at risk first. It names customers: for a private list only.

    Columns: rank, customer_id, value_at_risk (probability x margin), p_no_purchase_12m, margin_12m, last_purchase,
    days_silent, usual_days (mean days between purchases; empty with one purchase), reason (empty where nothing speaks).
    Complaints are looked at when `interactions` has the columns complaint and resolved_on. Empty when the churn is
    withheld. `log` are the purchases as arrays, where they have been read.
    """
    active = churn.active
    silent = active.days_silent
    usual = np.where(active.frequency > 0, active.recency_days / np.maximum(active.frequency, 1), np.nan)
    log = log or purchase_log(purchases, churn.as_of)
    falls = spend_falls(log, day_number(churn.as_of), churn.dormancy_days)[churn.places]
    opened = open_complaints(interactions, churn.as_of).reindex(active.customer_id)
    rhythm = (model.p_silence(active) < RHYTHM_BROKEN_BELOW) & (active.frequency > 0)
    marked = np.flatnonzero(rhythm | np.isfinite(falls) | opened.notna().to_numpy())
    said = (
        _rhythm(rhythm[marked], silent[marked], usual[marked]),
        _fall(falls[marked]),
        _complaint(opened.iloc[marked]),
    )
    reason = np.full(len(active), "", dtype=object)
    reason[marked] = ["; ".join(part for part in parts if part) for parts in zip(*said, strict=True)]
    # A text a day, not one a customer.
    days = np.datetime64(churn.as_of, "D") - np.arange(silent.max(initial=0) + 1)
    table = pd.DataFrame(
        {
            "customer_id": active.customer_id,
            "value_at_risk": churn.probabilities * churn.margins,
            "p_no_purchase_12m": churn.probabilities,
            "margin_12m": churn.margins,
            "last_purchase": np.datetime_as_string(days).astype(object)[silent],
            "days_silent": silent,
            "usual_days": usual,
            "reason": reason,
        }
    )
    if churn.withheld:
        table = table.iloc[:0]
    ranked = table.sort_values("value_at_risk", ascending=False, kind="stable", ignore_index=True)
    ranked.insert(0, "rank", np.arange(1, len(ranked) + 1))
    return ranked


def reason_table(warnings: pd.DataFrame, reasons: Sequence[str] = REASONS, *, suppress_below: int = 0) -> pd.DataFrame:
    """How many customers of the list carry which reason: reason (in English), customers, margin_12m, value_at_risk.

    A customer with two reasons counts in both; the last row holds those without any. Reasons of fewer than
    `suppress_below` customers, or whose money is that of one or two, are left out with those that would give them away.
    """
    masks = [(reason, warnings["reason"].str.contains(translate(reason), regex=False)) for reason in reasons]
    masks.append((NONE_OF_THESE, warnings["reason"] == ""))
    hidden = _withheld(masks, warnings["margin_12m"].to_numpy(float), suppress_below)
    return pd.DataFrame(
        [
            (name, int(mask.sum()), float(warnings.loc[mask, "margin_12m"].sum()),
             float(warnings.loc[mask, "value_at_risk"].sum()))
            for (name, mask), taken in zip(masks, hidden, strict=True)
            if not taken
        ],
        columns=["reason", "customers", "margin_12m", "value_at_risk"],
    )  # fmt: skip


def _withheld(masks: Sequence[tuple[str, pd.Series]], margin: NDArray[np.float64], least: int) -> NDArray[np.bool_]:
    counts = np.array([int(mask.sum()) for _, mask in masks])
    heavy = np.array([least > 0 and mask.sum() > 0 and dominated(margin[mask.to_numpy()]) for _, mask in masks])
    return withheld_list([name for name, _ in masks], counts, least, also=heavy)


def spend_falls(log: PurchaseLog, day: int, dormancy_days: int) -> NDArray[np.float64]:
    """By how much the last three purchases lie below a customer's own average before, where that is no chance.

    Of each customer of the log a share (0.4: 40% below), nan without a notable fall and for those silent for
    `dormancy_days` on that day, its last one. Spend
    of a customer is taken as gamma distributed around an own mean, with one shape for everybody, estimated from the
    scatter within customers. The mean of 3 purchases over that of n before is then F(6 x shape, 2n x shape) distributed
    for whoever has not changed; a fall is notable when so low a ratio has a probability below 5% and lies at least 20%
    below 1. Asked only of customers with at least three purchases before the last three.
    """
    active = log.day[log.start[1:] - 1] > day - dormancy_days
    who = np.flatnonzero(active & (np.diff(log.start) >= 2 * LAST_PURCHASES))
    some = log.of_customers(who)
    number = np.diff(some.start).astype(float)

    def mean(revenue: NDArray[np.float64], count: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.bincount(some.customer, revenue, number.size) / count

    newest = np.arange(some.day.size) >= some.start[1:][some.customer] - LAST_PURCHASES
    usual = mean(some.revenue, number)
    spread = np.sqrt(mean((some.revenue - usual[some.customer]) ** 2, number - 1))
    recent = mean(np.where(newest, some.revenue, 0.0), np.full(number.size, float(LAST_PURCHASES)))
    before = mean(np.where(newest, 0.0, some.revenue), number - LAST_PURCHASES)
    paid = before > 0
    shape = _shape(number[paid], spread[paid] / usual[paid])
    ratio = recent[paid] / before[paid]
    chance = fdtr(2 * shape * LAST_PURCHASES, 2 * shape * (number[paid] - LAST_PURCHASES), np.maximum(ratio, 0.0))
    falling = (chance < FALLING_BELOW) & (ratio <= 1 - FALL_AT_LEAST)
    found = np.full(len(log), np.nan)
    found[who[paid][falling]] = 1 - ratio[falling]
    return found


def _shape(number: NDArray[np.float64], variation: NDArray[np.float64]) -> float:
    """Shape of the gamma distribution within customers, from the scatter of each around the own mean.

    E[spread^2 / mean^2] of n gamma amounts is 1 / (shape + 1 / n), whatever their scale.
    """
    if not number.size:
        return 1.0
    squared = float(np.average(variation**2, weights=number - 1))
    if squared <= ROUNDING**2:
        return 1e6  # everybody always spends the same
    return max(1 / squared - float(np.average(1 / number, weights=number - 1)), 0.05)


def open_complaints(interactions: ibis.Table | None, as_of: date) -> pd.Series:
    """The day of each customer's oldest complaint that is still open, as text; the customer is the index.

    Empty when the table lacks the columns complaint and resolved_on.
    """
    needed = {"complaint", "resolved_on"}
    if interactions is None or not needed <= set(interactions.columns):
        return pd.Series(dtype=object)
    made = interactions.filter(
        interactions.complaint
        & interactions.resolved_on.isnull()
        & (interactions.date.cast("date") <= ibis.literal(as_of))
    )
    days = made.group_by("customer_id").agg(since=made.date.min().cast("date").cast("string")).to_pandas()
    return pd.Series(days["since"].to_numpy(object), index=days["customer_id"].to_numpy(object), dtype=object)


def _rhythm(broken: NDArray[np.bool_], silent: NDArray[np.int64], usual: NDArray[np.float64]) -> list[str]:
    broke, words = translate(RHYTHM_BROKEN), spoken_words()
    return [
        named(broke, _silent(days, max(round(gap), 1)), words) if yes else ""
        for yes, days, gap in zip(broken.tolist(), silent.tolist(), usual.tolist(), strict=True)
    ]


def _silent(days: int, gap: int) -> str:
    if gap == 1:
        return translate("silent {days} days, buys every day", days=days)
    return translate("silent {days} days, buys every {gap} days", days=days, gap=gap)


def _fall(falls: NDArray[np.float64]) -> list[str]:
    said: dict[str, str] = {}  # a sentence a whole percent, not one a customer
    for fall in falls[~np.isnan(falls)].tolist():
        if (percent := f"{fall:.0%}") not in said:
            said[percent] = named(translate(SPEND_FALLING), _below(fall), spoken_words())
    return ["" if fall != fall else said[f"{fall:.0%}"] for fall in falls.tolist()]


def _below(fall: float) -> str:
    return translate("last {purchases} purchases {fall:.0%} below own average", purchases=LAST_PURCHASES, fall=fall)


def _complaint(since: pd.Series) -> list[str]:
    return [complaint_since(day) for day in since.tolist()]


def complaint_since(day: object) -> str:
    """The words for a complaint that is open since a day, given as text; empty for none."""
    if not isinstance(day, str):
        return ""
    return translate("{complaint_open} since {day}", complaint_open=translate(COMPLAINT_OPEN), day=day)
