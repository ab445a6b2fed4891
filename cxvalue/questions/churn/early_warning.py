"""The early-warning list: active customers ranked by the margin that may go with them, with the reason in words.

A reason is given where the customer's own history speaks, and only there: the rhythm is broken, spend is falling, or a
complaint is open. Both of the first two are tests at 5%: one customer in twenty who has not changed at all would get
that remark.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

import ibis
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import fdtr

from cxvalue.findings.small_groups import withheld_list
from cxvalue.findings.suppression import dominated
from cxvalue.foundation.rounding import ROUNDING
from cxvalue.language.catalogue import translatable, translate
from cxvalue.lifetime.prediction.value import RHYTHM_BROKEN_BELOW

if TYPE_CHECKING:
    from cxvalue.lifetime import LifetimeModel
    from cxvalue.questions.churn.churn import Churn

__all__ = [
    "COMPLAINT_OPEN",
    "LAST_PURCHASES",
    "REASONS",
    "complaint_since",
    "early_warning",
    "open_complaints",
    "reason_table",
    "spend_falls",
]

LAST_PURCHASES = 3
FALLING_BELOW = 0.05
FALL_AT_LEAST = 0.2
RHYTHM_BROKEN, SPEND_FALLING = translatable("own rhythm broken"), translatable("spend falling")
COMPLAINT_OPEN = translatable("complaint open")
REASONS = (RHYTHM_BROKEN, SPEND_FALLING, COMPLAINT_OPEN)
"""What speaks, in English, for `translate` to tell; the words of a customer's list begin with it."""
NONE_OF_THESE = translatable("none of these")


def early_warning(
    churn: Churn, model: LifetimeModel, purchases: ibis.Table, interactions: ibis.Table | None = None
) -> pd.DataFrame:
    """All active customers, the largest value at risk first. It names customers: for a private list only.

    Columns: rank, customer_id, value_at_risk (probability x margin), p_no_purchase_12m, margin_12m, last_purchase,
    days_silent, usual_days (mean days between purchases; empty with one purchase), reason (empty where nothing speaks).
    Complaints are looked at when `interactions` has the columns complaint and resolved_on. Empty when the churn is
    withheld.
    """
    active = churn.active
    silent = active.days_silent
    usual = np.where(active.frequency > 0, active.recency_days / np.maximum(active.frequency, 1), np.nan)
    falls = spend_falls(purchases, churn).reindex(active.customer_id).to_numpy(float)
    opened = open_complaints(interactions, churn.as_of).reindex(active.customer_id)
    rhythm = (model.p_silence(active) < RHYTHM_BROKEN_BELOW) & (active.frequency > 0)
    table = pd.DataFrame(
        {
            "customer_id": active.customer_id,
            "value_at_risk": churn.probabilities * churn.margins,
            "p_no_purchase_12m": churn.probabilities,
            "margin_12m": churn.margins,
            "last_purchase": np.datetime_as_string(np.datetime64(churn.as_of, "D") - silent).astype(object),
            "days_silent": silent,
            "usual_days": usual,
            "reason": [
                "; ".join(part for part in parts if part)
                for parts in zip(_rhythm(rhythm, silent, usual), _fall(falls), _complaint(opened), strict=True)
            ],
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


def spend_falls(purchases: ibis.Table, churn: Churn) -> pd.Series:
    """By how much the last three purchases lie below a customer's own average before, where that is no chance.

    A series of shares (0.4: 40% below) with the customer as index; customers without a notable fall are absent. Spend
    of a customer is taken as gamma distributed around an own mean, with one shape for everybody, estimated from the
    scatter within customers. The mean of 3 purchases over that of n before is then F(6 x shape, 2n x shape) distributed
    for whoever has not changed; a fall is notable when so low a ratio has a probability below 5% and lies at least 20%
    below 1. Asked only of customers with at least three purchases before the last three.
    """
    rows = purchases.filter(purchases.date <= ibis.literal(churn.as_of))
    newest = ibis.window(group_by="customer_id", order_by=ibis.desc("date"))
    placed = rows.mutate(place=ibis.row_number().over(newest))
    recent = placed.place < LAST_PURCHASES
    people = placed.group_by("customer_id").agg(
        last=placed.date.max(),
        purchases=placed.count(),
        mean=placed.revenue.mean(),
        spread=placed.revenue.std(how="sample"),
        recent=placed.revenue.mean(where=recent),
        before=placed.revenue.mean(where=~recent),
    )
    limit = ibis.literal(churn.as_of - timedelta(days=churn.dormancy_days))
    asked = people.filter((people["last"] > limit) & (people.purchases >= 2 * LAST_PURCHASES) & (people.before > 0))
    asked = asked.select("customer_id", "purchases", "mean", "spread", "recent", "before")
    table = asked.order_by("customer_id").to_pandas()
    number = table["purchases"].to_numpy(float)
    shape = _shape(number, table["spread"].to_numpy(float) / table["mean"].to_numpy(float))
    ratio = table["recent"].to_numpy(float) / table["before"].to_numpy(float)
    chance = fdtr(2 * shape * LAST_PURCHASES, 2 * shape * (number - LAST_PURCHASES), np.maximum(ratio, 0.0))
    falling = (chance < FALLING_BELOW) & (ratio <= 1 - FALL_AT_LEAST)
    return pd.Series(1 - ratio[falling], index=table["customer_id"].to_numpy(object)[falling], dtype=float)


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
    return [
        f"{translate(RHYTHM_BROKEN)}: {_silent(days, max(round(gap), 1))}" if yes else ""
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
            said[percent] = f"{translate(SPEND_FALLING)}: {_below(fall)}"
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
