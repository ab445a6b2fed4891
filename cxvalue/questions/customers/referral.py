"""Referrals: how many customers were brought by others, and what one of them is worth.

Where the customers table names who brought a customer (`referred_by`), or says that a customer's channel was a referral.
Worth is what a customer has brought so far and what is still expected, less what winning them cost. Some referred customers
would have come by themselves, so this is an upper bound of what a referral adds.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import ibis
import numpy as np
from numpy.typing import NDArray

from cxvalue.foundation.calendar import WHOLE_YEAR_DAYS
from cxvalue.foundation.chance import is_a_point
from cxvalue.foundation.intervals import Interval

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd

REFERRAL_CHANNELS = ("referral", "referred", "refer a friend", "friend", "word of mouth", "recommendation")
FEWEST_REFERRED = 10


@dataclass(frozen=True, slots=True)
class Referrals:
    """Referred customers and the others.

    `referred` of the `customers`; `new` joined in the last 12 months, `new_referred` of them were referred; `worth` of a
    referred customer with its interval (None where all come out alike), `worth_of_others` likewise, `referrers` how many
    customers brought one (None where the table does not say who).
    """

    as_of: date
    customers: int
    referred: int
    new: int
    new_referred: int
    referrers: int | None
    worth: tuple[float, float, float] | None
    worth_of_others: tuple[float, float, float] | None
    level: float


def who_was_referred(customers: ir.Table) -> pd.DataFrame | None:
    """Every customer with whether they were referred and by whom; None where the table does not tell.

    Columns: customer_id, referred, referred_by (None where it is not known), acquisition_cost (0 where it is not given).
    """
    columns = customers.columns
    if "referred_by" in columns:
        by: Any = customers.referred_by.cast("string").strip().nullif("")
        referred: Any = by.notnull()
    elif "channel" in columns:
        word: Any = customers.channel.lower().replace("_", " ").replace("-", " ").strip()
        by, referred = ibis.null("string"), word.isin(REFERRAL_CHANNELS).fill_null(False)
    else:
        return None
    cost = customers.acquisition_cost.fill_null(0.0) if "acquisition_cost" in columns else ibis.literal(0.0)
    rows = customers.select(
        "customer_id", referred=referred, referred_by=by, acquisition_cost=cost.cast("float64")
    ).to_pandas()
    return rows if rows["referred"].any() else None


def referrals(
    customers: ir.Table,
    purchases: ir.Table,
    valued: pd.DataFrame,
    *,
    as_of: date,
    equity_relative_error: float = 0.0,
    level: float = 0.95,
) -> Referrals | None:
    """What referred customers are worth; None where the table does not tell, or fewer than 10 were referred.

    Args:
        customers: the canonical table, with `referred_by` or `channel`, and `acquisition_cost` where it is known.
        purchases: customer_id and margin of every purchase.
        valued: customer_id, age_days and cltv of every customer.
        as_of: the last day observed.
        equity_relative_error: standard error of all customers' value still to come, as a share of it: what the customers
            have in common and no sample of them shows.
        level: of the intervals, for the mean of such customers.
    """
    sources = who_was_referred(customers)
    if sources is None:
        return None
    earned = purchases.group_by("customer_id").agg(so_far=purchases.margin.sum()).to_pandas()
    rows = valued[["customer_id", "age_days", "cltv"]].merge(sources, on="customer_id").merge(earned, on="customer_id")
    referred = rows["referred"].to_numpy(dtype=bool)
    if referred.sum() < FEWEST_REFERRED:
        return None
    worth = (rows["so_far"] + rows["cltv"] - rows["acquisition_cost"]).to_numpy(dtype=float)
    ahead = rows["cltv"].to_numpy(dtype=float)
    new = (rows["age_days"] < WHOLE_YEAR_DAYS).to_numpy()
    brought = rows["referred_by"].dropna()
    others = ~referred

    def interval(who: NDArray[np.bool_]) -> tuple[float, float, float] | None:
        mean = float(worth[who].mean())
        if is_a_point(float(worth[who].min()), float(worth[who].max())):
            return None
        common = equity_relative_error * float(ahead[who].mean())
        se = float(np.hypot(worth[who].std(ddof=1) / np.sqrt(who.sum()), common))
        return Interval.of_error(mean, se, level, int(who.sum()) - 1)

    return Referrals(
        as_of=as_of,
        customers=len(rows),
        referred=int(referred.sum()),
        new=int(new.sum()),
        new_referred=int((new & referred).sum()),
        referrers=int(brought[brought.isin(valued["customer_id"])].nunique()) if len(brought) else None,
        worth=interval(referred),
        worth_of_others=interval(others) if others.sum() >= FEWEST_REFERRED else None,
        level=level,
    )
