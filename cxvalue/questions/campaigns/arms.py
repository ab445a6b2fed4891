"""The arms of a campaign: each against those held out, and the best of them against each other."""

from __future__ import annotations

from itertools import combinations
from typing import NamedTuple

import pandas as pd

from cxvalue.effects.estimators.abtest import Estimate, holm_adjusted
from cxvalue.questions.campaigns.campaign import CampaignData
from cxvalue.questions.campaigns.compare import Comparison
from cxvalue.questions.campaigns.randomised import RETURNS, without_returns


class ArmGap(NamedTuple):
    """What the best arm brought a contact more than another one: margin net of cost; `p_value` after Holm."""

    best: str
    other: str
    gap: Estimate


def arms_table(data: CampaignData, level: float = 0.95, *, unlike: bool = False) -> pd.DataFrame:
    """Each arm against those held out; intervals hold for all arms together (Bonferroni), p-values are after Holm.

    Columns: arm, contacted, returned, return_uplift, margin_per_contact with their bounds, and p_value of the margin. Where
    the groups were `unlike` from the start (see `CampaignResult`), return_uplift is empty.
    """
    window = data.main
    others = window.observed & data.control
    arms = _arms(data)
    apart = 1 - (1 - level) / max(len(arms), 1)
    rows = []
    before = data.before
    for arm in arms:
        own = window.observed & ~data.control & (data.arm == arm)
        if own.sum() < 2 or others.sum() < 2:
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

    Which arm is best is seen in the same data, so ranges and p-values allow for all pairs of arms, not only for those shown.
    """
    window, net = data.main, data.main.margin - data.cost
    sides = {arm: window.observed & ~data.control & (data.arm == arm) for arm in _arms(data)}
    sides = {arm: own for arm, own in sides.items() if own.sum() >= 2}
    pairs = list(combinations(sides, 2))
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


def _arms(data: CampaignData) -> list[str]:
    return sorted({str(arm) for arm in data.arm[~data.control]})
