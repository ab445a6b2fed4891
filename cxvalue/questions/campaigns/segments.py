"""Who responds: a campaign's effect in every segment of customers, at a level that holds for all of them together.

Looking at many segments finds one that shines by chance; so ranges hold for all segments of all columns together, and
whether a column's segments differ at all is tested first (Cochran's Q), with Holm's correction over the columns.
"""

from __future__ import annotations

from collections.abc import Collection
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from cxvalue.effects.estimators.abtest import Estimate, holm_adjusted
from cxvalue.findings.small_groups import NO_GROUPS, ShownBefore, withheld_groups
from cxvalue.questions.campaigns.compare import Comparison
from cxvalue.questions.campaigns.randomised import RETURNS, without_returns
from cxvalue.tables.labels import segments_of

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from cxvalue.questions.campaigns.campaign import CampaignData

MOST_COLUMNS = 6
FEWEST_IN_A_GROUP = 20
"""Customers of a segment in each group below which it is left out."""


def campaign_segments(data: CampaignData, customers: ir.Table) -> dict[str, NDArray[np.object_]]:
    """The segment of each customer of a campaign, by the first six text columns that make segments of them."""
    return dict(islice(segments_of(customers, data.customer_id, text_only=True).items(), MOST_COLUMNS))


def segments_table(
    data: CampaignData,
    segments: dict[str, NDArray[np.object_]],
    level: float = 0.95,
    *,
    suppress_below: int = 0,
    elsewhere: Collection[tuple[str, str]] = (),
    before: ShownBefore = NO_GROUPS,
    unlike: bool = False,
) -> pd.DataFrame:
    """The effect in each segment; ranges hold for all rows together (Bonferroni).

    Columns: column, segment, contacted, held_out, return_uplift and margin_per_contact with their bounds, and p_differs:
    whether the margin per contact differs between the segments of this column (Holm over the columns). Segments with
    fewer than `suppress_below` customers in a group are left out, with those that would give them away; `elsewhere`
    are groups that other tables withhold, `before` is what the last run showed of those contacted. Where the groups were
    `unlike` from the start (see `CampaignResult`), return_uplift is empty.
    """
    window = data.main
    net = window.margin - data.cost
    seen = window.observed
    hidden: frozenset[tuple[str, str]] = frozenset()
    for group, told in ((~data.control, before), (data.control, NO_GROUPS)):
        own = {name: of[seen & group] for name, of in segments.items()}
        hidden |= withheld_groups(own, suppress_below, elsewhere=elsewhere, before=told)
    parts = [(name, part, of == part) for name, of in segments.items() for part in sorted({str(value) for value in of})]
    large = [
        (name, part, rows & seen & ~data.control, rows & seen & data.control)
        for name, part, rows in parts
        if min(int((rows & seen & ~data.control).sum()), int((rows & seen & data.control).sum())) >= FEWEST_IN_A_GROUP
        and (name, part) not in hidden
    ]
    apart = 1 - (1 - level) / max(len(large), 1)
    found: list[tuple[Any, ...]] = []
    gains: dict[str, list[Estimate]] = {}
    for name, part, own, others in large:
        compared = Comparison(data, own, others, apart)
        back, gain = compared.share(window.returned), compared.mean(net)
        gains.setdefault(name, []).append(gain)
        found.append((name, part, int(own.sum()), int(others.sum()), *back[:3], *gain[:3]))
    columns = ["column", "segment", "contacted", "held_out", *RETURNS]
    columns += ["margin_per_contact", "margin_per_contact_low", "margin_per_contact_high"]
    table = pd.DataFrame(found, columns=columns)
    table = without_returns(table) if unlike else table
    names = list(gains)
    adjusted = dict(zip(names, holm_adjusted([heterogeneity(gains[name]) for name in names]), strict=True))
    return table.assign(p_differs=[float(adjusted[name]) for name in table["column"]])


def heterogeneity(estimates: list[Estimate]) -> float:
    """P-value of Cochran's (1954) Q: do independent estimates differ by more than chance? 1 with fewer than two.

    >>> one, two = Estimate(0.0, 0, 0, 1.0, 1.0), Estimate(2.0, 0, 0, 1.0, 1.0)
    >>> round(heterogeneity([one, two]), 4)  # as the z-test of 2 over sqrt(2)
    0.1573
    """
    sure = [one for one in estimates if one.se > 0]
    if len(sure) < 2:
        return 1.0
    value, weight = np.array([one.value for one in sure]), np.array([1 / one.se**2 for one in sure])
    mean = float(weight @ value / weight.sum())
    return float(stats.chi2.sf(weight @ (value - mean) ** 2, len(sure) - 1))
