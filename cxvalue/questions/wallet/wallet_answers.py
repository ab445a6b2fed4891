"""Answers about the wallet (main_store, category_spend, brands_used, rank) beside what customers really bought."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cxvalue.foundation.arrays import Bools, Floats, Ints
from cxvalue.questions.experience.answers import WALLET, in_home_units
from cxvalue.questions.experience.dummies import codes_of
from cxvalue.tables.windows import AFTER, BEFORE, moments_of, sums_around

if TYPE_CHECKING:
    import ibis.expr.types as ir

TILLS = (
    "till", "checkout", "pos", "cash desk", "cash register", "register", "cashier", "kasse",
    "caisse", "caja", "касса", "на кассе", "каса", "на касі", "收银台",
)  # fmt: skip
"""Channels of a survey that meet customers as often as they come."""
FEWEST = 30
"""Customers who told it, from whom on a share is worked out."""


@dataclass(frozen=True, slots=True)
class WalletRows:
    """A row a customer with an answer about the wallet, the latest of each question; NaN where it was not answered.

    `at_till` marks customers asked where they pay, `visits` their purchases of the 12 months before; `before_revenue` and
    the margins are around the day of the answer; `followed` where the year after is over, `preceded` where all of the year
    before was observed.
    """

    ids: NDArray[np.object_]
    main_store: Floats
    category_spend: Floats
    brands_used: Floats
    rank: Floats
    at_till: Bools
    visits: Floats
    before_revenue: Floats
    before_margin: Floats
    after_margin: Floats
    tenure: Floats
    unit: Ints
    followed: Bools
    preceded: Bools


def wallet_rows(
    surveys: ir.Table,
    purchases: ir.Table,
    customers: ir.Table | None,
    *,
    as_of: date,
    observed_from: date | None = None,
) -> WalletRows | None:
    """The answers of a study about the wallet; None with fewer than 30 customers.

    Without `observed_from` all years before are taken for observed.
    """
    import ibis

    rows = surveys.filter(surveys.metric.isin(WALLET) & surveys.score.notnull())
    rows = rows.filter(rows.date <= ibis.literal(as_of))
    till = (
        rows.channel.lower().strip().isin(TILLS).fill_null(False) if "channel" in rows.columns else ibis.literal(False)
    )
    unit = rows.unit if "unit" in rows.columns else rows.metric.nullif(rows.metric)
    rows = rows.select("customer_id", "date", "metric", "score", till=till, unit=unit)
    latest = rows.group_by("customer_id", "metric").agg(latest=rows.date.max())
    last = rows.join(latest, ["customer_id", "metric"])
    last = last.filter(last.date == last.latest)
    wide = last.group_by("customer_id").agg(
        day=last.date.max(),
        till=last.till.any(),
        unit=last.unit.max(),
        **{name: last.score.mean(where=last.metric == name) for name in WALLET},
    )
    frame = in_home_units(wide, customers).order_by("customer_id").to_pandas()
    if len(frame) < FEWEST:
        return None
    ids, day = frame["customer_id"].to_numpy(), frame["day"].to_numpy().astype("datetime64[D]")
    moments = moments_of(ids, day)
    sums = sums_around(moments, purchases, {"before": BEFORE, "after": AFTER}, len(ids))
    spent = sums_around(moments, purchases.mutate(margin=purchases.revenue), {"before": BEFORE}, len(ids))
    said = {name: frame[name].to_numpy(float) for name in WALLET}
    return WalletRows(
        ids=ids,
        main_store=said["main_store"],
        category_spend=said["category_spend"],
        brands_used=said["brands_used"],
        rank=said["rank"],
        at_till=frame["till"].fillna(False).to_numpy(bool),
        visits=sums["before_orders"],
        before_revenue=spent["before_margin"],
        before_margin=sums["before_margin"],
        after_margin=sums["after_margin"],
        tenure=np.nan_to_num(sums["tenure"]),
        unit=codes_of(frame["unit"].to_numpy(object)).astype(np.int64),
        followed=day <= np.datetime64(as_of - timedelta(days=AFTER[1]), "D"),
        preceded=day >= np.datetime64((observed_from or date.min) - timedelta(days=BEFORE[0]), "D"),
    )
