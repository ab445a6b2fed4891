"""Whom to contact next: customers who sleep now, ranked by what a contact should add, cut off by a budget or a profit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cxvalue.foundation.arrays import Floats
from cxvalue.foundation.intervals import reach_of
from cxvalue.language.catalogue import translate
from cxvalue.questions.campaigns import targeting
from cxvalue.questions.campaigns.campaign import history_on

if TYPE_CHECKING:
    from datetime import date

    import ibis.expr.types as ir

    from cxvalue.effects.estimators.abtest import Estimate
    from cxvalue.questions.campaigns.campaign import CampaignData
    from cxvalue.questions.campaigns.randomised import CampaignResult
    from cxvalue.questions.campaigns.targeting import Targeting

CONTACTED_SHARE = 0.3
"""Share of the customers for which two ways of ranking them are compared."""
FEWEST_LEARNED = 30
"""Customers of either group below which nothing can be learned of single ones."""


@dataclass(frozen=True, slots=True, eq=False)
class NextContacts:
    """A ranked list of sleeping customers and how far down it to go.

    Attributes:
        table: as `contact_list` gives it.
        chosen: number of customers to contact, from the top.
        asleep: all on the list.
        cost: of contacting those chosen.
        profit: expected of them, cost paid: value, low, high, from what customers ranked like them added in the test.
        rule: what ends the list: "budget", "minimum profit", "margin" (nobody further is expected to pay), or "nobody".
        reached: False where a minimum profit is asked for and the whole list is not expected to earn it.
    """

    table: pd.DataFrame
    chosen: int
    asleep: int
    cost: float
    profit: tuple[float, float, float]
    rule: str
    reached: bool


def contact_list(found: Targeting, purchases: ir.Table, *, as_of: date, silent_days: int) -> pd.DataFrame:
    """Customers who sleep now, ranked by what a contact should add, with the reason; columns as the CRM reads them.

    Columns: rank, customer_id, expected_margin, worth_contacting, days_silent, orders_ever, reason.
    """
    names, before = history_on(purchases, as_of, silent_days=silent_days)
    expected = found.predict(before)
    order = np.lexsort((before[:, 2], -expected))
    silent, orders = np.expm1(before[:, 2]).round().astype(int), np.expm1(before[:, 3]).round().astype(int)
    reason = (
        translate("ranked by what the test showed for customers like this one")
        if found.differs
        else translate("as good as any other")
    )
    return pd.DataFrame(
        {
            "rank": np.arange(1, len(names) + 1), "customer_id": names[order], "expected_margin": expected[order].round(2),
            "worth_contacting": expected[order] > 0, "days_silent": silent[order], "orders_ever": orders[order],
            "reason": reason,
        }
    )  # fmt: skip


def next_contacts(
    found: Targeting,
    listed: pd.DataFrame,
    *,
    cost: float,
    budget: float | None = None,
    minimum_profit: float | None = None,
    level: float = 0.95,
) -> NextContacts:
    """Cut a ranked list off: at a budget, at a minimum profit, or where the next contact is not expected to pay.

    `cost` is that of one contact. Nobody who is expected to cost more than to bring is ever chosen. The table comes back
    with the columns `contact` (whether to), `total_cost` and `total_expected`, added up from the top.
    """
    expected = listed["expected_margin"].to_numpy(float)
    pays = int((expected > 0).sum())
    total = np.cumsum(expected)
    chosen, rule, reached = pays, "margin", True
    if budget is not None:
        affordable = int(np.floor(budget / cost + 1e-9)) if cost > 0 else pays
        if affordable < pays:
            chosen, rule = affordable, "budget"
    elif minimum_profit is not None:
        enough = np.flatnonzero(total[:pays] >= minimum_profit)
        reached = bool(enough.size)
        if reached:
            chosen, rule = int(enough[0]) + 1, "minimum profit"
    if not chosen:
        rule = "nobody"
    table = listed.assign(
        contact=np.arange(len(listed)) < chosen,
        total_cost=(cost * np.arange(1, len(listed) + 1)).round(2),
        total_expected=total.round(2),
    )
    value = float(total[chosen - 1]) if chosen else 0.0
    half = chosen * reach_of(level) * _error_of_mean(found, expected[:chosen]) if chosen else 0.0
    return NextContacts(table, chosen, len(listed), cost * chosen, (value, value - half, value + half), rule, reached)


def _error_of_mean(found: Targeting, expected: Floats) -> float:
    """Standard error of the mean effect of those in the test who would have been ranked as high as the chosen."""
    like = np.ones(found.score.size, dtype=bool)
    if found.differs:
        shrunk = float(np.clip(found.slope, 0.0, 1.0))
        predicted = found.score.mean() + shrunk * (found.ranking - found.ranking.mean())
        like = predicted >= expected.min() - 1e-9
        if like.sum() < 2:
            like[np.argsort(-predicted)[:2]] = True
    return float(found.score[like].std(ddof=1) / np.sqrt(like.sum()))


@dataclass(frozen=True, slots=True, eq=False)
class Whom:
    """Whom to contact next by what a campaign taught, and how good that ranking would have been in the campaign.

    Attributes:
        ranked: the customers of the campaign by what a contact adds.
        by_effect, by_risk: policy curves of that ranking and of "most likely to stay away first".
        gap: what the first earns more than the second where `CONTACTED_SHARE` of the customers are contacted.
        qini, bands: worth of the ranking in returns with its ends, and its curve.
        contacted: how many of those customers had been contacted.
        listed: the inactive customers of today, ranked and cut off.
    """

    ranked: Targeting
    by_effect: pd.DataFrame
    by_risk: pd.DataFrame
    gap: Estimate
    qini: tuple[float, float, float]
    bands: pd.DataFrame
    contacted: int
    listed: NextContacts


def whom_to_contact(
    rows: CampaignData,
    result: CampaignResult,
    purchases: ir.Table,
    *,
    as_of: date,
    silent_days: int,
    budget: float | None = None,
    minimum_profit: float | None = None,
    level: float = 0.95,
) -> Whom | None:
    """Rank customers by what a contact adds, judge that in the campaign, and list those inactive on `as_of`.

    None where the campaign cannot be judged or a group is too small to learn from, or where whole units were drawn and
    customers cannot be told apart.
    """
    if not result.judged or rows.unit is not None or min(result.contacted, result.held_out) < FEWEST_LEARNED:
        return None
    seen = rows.main.observed
    contacted, before, returned = ~rows.control[seen], rows.before[seen], rows.main.returned[seen]
    ranked = targeting.target(rows.main.margin[seen], contacted, before, result.cost_per_contact)
    away = targeting.stays_away(returned, contacted, before)[ranked.judged]
    # Returns are counted of the same customers whose margin is judged.
    back, reached = returned[ranked.judged].astype(float), contacted[ranked.judged]
    return Whom(
        ranked=ranked,
        by_effect=targeting.policy_curve(ranked.score, ranked.ranking, level),
        by_risk=targeting.policy_curve(ranked.score, away, level),
        gap=targeting.ranking_gap(ranked.score, ranked.ranking, away, CONTACTED_SHARE, level),
        qini=targeting.qini_interval(back, reached, ranked.ranking, level=level),
        bands=targeting.qini_bands(back, reached, ranked.ranking, level),
        contacted=int(reached.sum()),
        listed=next_contacts(
            ranked,
            contact_list(ranked, purchases, as_of=as_of, silent_days=silent_days),
            cost=result.cost_per_contact,
            budget=budget,
            minimum_profit=minimum_profit,
            level=level,
        ),
    )
