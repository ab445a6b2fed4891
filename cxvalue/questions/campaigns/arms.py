"""The arms of a campaign: each against those held out, and the best of them against each other."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import NamedTuple

import numpy as np
import pandas as pd

from cxvalue.effects.estimators.abtest import Estimate, holm_adjusted
from cxvalue.foundation.arrays import Bools
from cxvalue.questions.campaigns.campaign import CampaignData
from cxvalue.questions.campaigns.compare import Comparison, days_apart
from cxvalue.questions.campaigns.contacts_apart import contacted_instead, contacts_apart
from cxvalue.questions.campaigns.randomised import RETURNS, without_returns


class ArmGap(NamedTuple):
    """What the best arm brought a contact more than another one: margin net of cost; `p_value` after Holm."""

    best: str
    other: str
    gap: Estimate


def arms_table(data: CampaignData, level: float = 0.95, *, unlike: bool = False) -> pd.DataFrame:
    """Each arm against those held out; intervals hold for all arms together (Bonferroni), p-values are after Holm.

    Columns: arm, contacted, returned, return_uplift, margin_per_contact with their bounds, and p_value of the margin. Where
    the groups were `unlike` from the start (see `CampaignResult`), return_uplift is empty. An arm sent on other days than
    the others is compared with those held out on its own days, and left out where there are none, or
    where these were contacted by other campaigns instead.
    """
    window = data.main
    held_out = window.observed & data.control
    arms = _arms(data)
    apart = 1 - (1 - level) / max(len(arms), 1)
    rows = []
    before = data.before
    for arm in arms:
        own = window.observed & ~data.control & (data.arm == arm)
        if own.sum() < 2 or held_out.sum() < 2:
            continue
        others = held_out
        if days_apart(data, own, others):
            others = held_out & np.isin(data.contacted_on, data.contacted_on[own])
            if others.sum() < 2 or days_apart(data, own, others):
                continue
        if contacted_instead(data, own, others, window.days):
            continue
        back = window.returned
        compared = Comparison(data, own, others, apart, before)
        uplift = compared.share(back)
        net = window.margin - data.cost
        gain = compared.mean(net)
        rows.append((arm, int(own.sum()), float(back[own].mean()), *uplift[:3], *gain[:3], gain.p_value))
    columns = ["arm", "contacted", "returned", *RETURNS]
    columns += ["margin_per_contact", "margin_per_contact_low", "margin_per_contact_high", "p_value"]
    table = pd.DataFrame(rows, columns=columns)
    if len(table):
        table["p_value"] = holm_adjusted(table["p_value"].to_numpy())
    return without_returns(table) if unlike else table


def arms_compared(data: CampaignData, level: float = 0.95) -> tuple[ArmGap, ...]:
    """The arm with the most margin a contact against each other arm, the nearest first; empty with fewer than two arms.

    Arms that were sent on other days are not compared with one another: the season may be what differs. Nor are arms of
    which other campaigns contacted other shares. Which arm is best
    is seen in the same data, so ranges and p-values allow for all pairs of arms, not only for those shown.
    """
    net = data.main.margin - data.cost
    sides = _sides(data)
    pairs = [
        (one, two)
        for one, two in combinations(sides, 2)
        if not days_apart(data, sides[one], sides[two])
        and not contacts_apart(data, sides[one], sides[two], data.window_days)
    ]
    if not pairs:
        return ()
    apart = 1 - (1 - level) / len(pairs)
    before = data.before
    gaps = [Comparison(data, sides[one], sides[two], apart, before).mean(net) for one, two in pairs]
    p_values = holm_adjusted([gap.p_value for gap in gaps])
    found = {
        pair: gap._replace(p_value=float(p)) for pair, gap, p in zip(pairs, gaps, p_values, strict=True) if gap.se > 0
    }
    ahead = dict.fromkeys(sides, 0)
    for (one, two), gap in found.items():
        ahead[one if gap.value >= 0 else two] += 1
    best = max(ahead, key=lambda arm: ahead[arm])
    rows = []
    for (one, two), gap in found.items():
        if best == one:
            rows.append(ArmGap(best, two, gap))
        elif best == two:
            rows.append(ArmGap(best, one, Estimate(-gap.value, -gap.high, -gap.low, gap.se, gap.p_value)))
    return tuple(sorted(rows, key=lambda row: row.gap.value))


def arms_on_other_days(data: CampaignData) -> tuple[str, ...]:
    """Arms that were sent on other days than another one, in the order of their names."""
    return _of_pairs(data, lambda one, two: bool(days_apart(data, one, two)))


def arms_contacted_elsewhere(data: CampaignData) -> tuple[str, ...]:
    """Arms of which other campaigns contacted another share than of another arm, in the order of their names."""
    return _of_pairs(data, lambda one, two: contacts_apart(data, one, two, data.window_days) is not None)


def _of_pairs(data: CampaignData, differ: Callable[[Bools, Bools], bool]) -> tuple[str, ...]:
    sides = _sides(data)
    apart = [pair for pair in combinations(sides, 2) if differ(sides[pair[0]], sides[pair[1]])]
    return tuple(arm for arm in sides if any(arm in pair for pair in apart))


def _sides(data: CampaignData) -> dict[str, Bools]:
    """The customers of each arm who were observed for the window; arms of a single customer are left out."""
    sides = {arm: data.main.observed & ~data.control & (data.arm == arm) for arm in _arms(data)}
    return {arm: own for arm, own in sides.items() if own.sum() >= 2}


def _arms(data: CampaignData) -> list[str]:
    return sorted({str(arm) for arm in data.arm[~data.control]})
